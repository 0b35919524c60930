package provisioning

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// Settings of a workspace, by name. A setting that was never changed stands
// at its default and is absent here.
type Settings map[string]string

type settingSpec struct {
	name     string
	fallback string
	check    func(string) bool
}

const day = 24 * time.Hour

// isLifetime keeps out what would sign everybody out at once, or nobody ever.
func isLifetime(s string) bool {
	d, err := ParseDuration(s)
	return err == nil && d >= 15*time.Minute && d <= 30*day
}

// Names of the settings that have an effect.
const (
	SettingSessionIdle        = "session-idle"
	SettingSessionMax         = "session-max"
	SettingSSOSessionMax      = "sso-session-max"
	SettingInvitationLifetime = "invitation-lifetime"
	SettingContact            = "contact"
)

var settingSpecs = []settingSpec{
	{SettingSessionIdle, "30d", isLifetime},
	{SettingSessionMax, "30d", isLifetime},
	{SettingSSOSessionMax, "12h", isLifetime},
	{SettingInvitationLifetime, "24h", isLifetime},
	{SettingContact, "", func(s string) bool { return len(s) <= 200 && !strings.ContainsAny(s, "\x00\r\n") }},
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
		return nil, invalid("setting", "There is no setting %q; there are %s.", name, strings.Join(SettingNames(), ", "))
	}
	if !spec.check(value) {
		return nil, invalid("setting", "%q is out of range for %s (default %q).", value, name, spec.fallback)
	}
	next := make(Settings, len(s)+1)
	for k, v := range s {
		next[k] = v
	}
	next[name] = value
	return next, nil
}
