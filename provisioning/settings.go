package provisioning

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Settings of a workspace, by name. A setting that was never changed stands
// at its default and is absent here.
type Settings map[string]string

// settingSpec describes a setting. wanted says what check accepts.
type settingSpec struct {
	name     string
	fallback string
	check    func(string) bool
	wanted   string
}

const day = 24 * time.Hour

// Values of settings that are switches, and of others that can be off.
const (
	settingOn  = "on"
	settingOff = "off"
)

// Names of the settings that have an effect.
const (
	SettingSessionIdle        = "session-idle"
	SettingSessionMax         = "session-max"
	SettingSSOSessionMax      = "sso-session-max"
	SettingInvitationLifetime = "invitation-lifetime"
	SettingContact            = "contact"
	SettingResetLifetime      = "reset-lifetime"
	SettingPasswordMinLength  = "password-min-length"
	SettingReactivationWindow = "reactivation-window"
	SettingSecondFactor       = "require-second-factor"
	SettingRequireSSO         = "require-sso"
	SettingInactivity         = "inactivity"
	SettingTimeZone           = "time-zone"
)

var settingSpecs = []settingSpec{
	{SettingSessionIdle, "30d", isLifetime, wantedLifetime},
	{SettingSessionMax, "30d", isLifetime, wantedLifetime},
	{SettingSSOSessionMax, "12h", isLifetime, wantedLifetime},
	{SettingInvitationLifetime, "24h", isLifetime, wantedLifetime},
	{SettingResetLifetime, "24h", isLifetime, wantedLifetime},
	{SettingPasswordMinLength, "12", isPasswordLength, "a whole number from 8 to 64"},
	{SettingReactivationWindow, "7d", isWindow, "a length of time up to 365d, such as 7d"},
	{SettingSecondFactor, settingOff, isSwitch, wantedSwitch},
	{SettingRequireSSO, settingOff, isSwitch, wantedSwitch},
	{SettingInactivity, settingOff, isInactivity, "off, or a number of days from 30d to 365d; write 90d for the usual rule"},
	{SettingTimeZone, "UTC", isTimeZone, "a name of the time zone database, such as Europe/Paris"},
	{SettingContact, "", isContact, "one line of at most 200 bytes"},
}

const (
	wantedLifetime = "a length of time from 15m to 30d"
	wantedSwitch   = "on or off"
)

// isLifetime keeps out what would sign everybody out at once, or nobody ever.
func isLifetime(s string) bool {
	d, err := ParseDuration(s)
	return err == nil && d >= 15*time.Minute && d <= 30*day
}

func isWindow(s string) bool {
	d, err := ParseDuration(s)
	return err == nil && d >= 0 && d <= 365*day
}

func isPasswordLength(s string) bool {
	n, err := strconv.Atoi(s)
	return err == nil && strconv.Itoa(n) == s && n >= 8 && n <= 64
}

func isSwitch(s string) bool { return s == settingOn || s == settingOff }

// isInactivity wants days, and a number of them: `on` would hide which.
func isInactivity(s string) bool {
	d, err := ParseDuration(s)
	return s == settingOff || err == nil && strings.HasSuffix(s, "d") && d >= 30*day && d <= 365*day
}

// isTimeZone refuses what names no zone of its own: the zone of the machine is
// another on each.
func isTimeZone(s string) bool {
	if s == "" || s == "Local" || len(s) > 64 {
		return false
	}
	_, err := time.LoadLocation(s)
	return err == nil
}

func isContact(s string) bool {
	return len(s) <= 200 && utf8.ValidString(s) && !strings.ContainsAny(s, "\x00\r\n")
}

func findSetting(name string) (settingSpec, bool) {
	i := slices.IndexFunc(settingSpecs, func(s settingSpec) bool { return s.name == name })
	if i < 0 {
		return settingSpec{}, false
	}
	return settingSpecs[i], true
}

// SettingNames lists the settings that a workspace has.
func SettingNames() []string {
	names := make([]string, len(settingSpecs))
	for i, s := range settingSpecs {
		names[i] = s.name
	}
	return names
}

// Get returns the value of a setting, its default if it was never changed.
func (s Settings) Get(name string) string {
	if v, ok := s[name]; ok {
		return v
	}
	spec, _ := findSetting(name)
	return spec.fallback
}

// Duration returns a setting that is a length of time.
func (s Settings) Duration(name string) time.Duration {
	d, err := ParseDuration(s.Get(name))
	if err != nil {
		return 0
	}
	return d
}

// On reports whether a setting that is a switch is on.
func (s Settings) On(name string) bool { return s.Get(name) == settingOn }

// Inactivity returns after how long without activity a user is blocked; 0 where
// nobody is.
func (s Settings) Inactivity() time.Duration {
	if s.Get(SettingInactivity) == settingOff {
		return 0
	}
	return s.Duration(SettingInactivity)
}

// TimeZone returns the zone in which the workspace's days begin.
func (s Settings) TimeZone() *time.Location {
	zone, err := time.LoadLocation(s.Get(SettingTimeZone))
	if err != nil {
		return time.UTC
	}
	return zone
}

// ParseDuration reads `90m`, `12h` or, in days of 24 hours, `30d`.
func ParseDuration(s string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 16)
		if err != nil {
			return 0, invalid("duration", "%q is no length of time; write 15m, 12h or 30d.", s)
		}
		return time.Duration(n) * day, nil
	}
	d, err := time.ParseDuration(s)
	if err != nil {
		return 0, invalid("duration", "%q is no length of time; write 15m, 12h or 30d.", s)
	}
	return d, nil
}

// with returns a copy with one setting changed.
func (s Settings) with(name, value string) (Settings, error) {
	spec, ok := findSetting(name)
	if !ok {
		return nil, invalid("setting", "There is no setting %.80q; there are %s.", name, strings.Join(SettingNames(), ", "))
	}
	if !spec.check(value) {
		return nil, invalid("setting", "%.80q is out of range for %s, which is %s.", value, name, spec.wanted)
	}
	next := make(Settings, len(s)+1)
	for k, v := range s {
		next[k] = v
	}
	next[name] = value
	return next, nil
}
