package provisioning_test

import (
	"fmt"
	"strings"
	"testing"

	"drawbridge/provisioning"
)

func TestSettings_EachTakesWhatItSaysAndNothingElse(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w.boss()
		for name, values := range map[string]struct{ good, bad []string }{
			provisioning.SettingSessionIdle:        {[]string{"15m", "12h", "30d"}, []string{"14m59s", "31d", "721h", "-1h", "soon", "", "30"}},
			provisioning.SettingSessionMax:         {[]string{"15m", "30d"}, []string{"1m", "31d"}},
			provisioning.SettingSSOSessionMax:      {[]string{"15m", "30d"}, []string{"1m", "31d"}},
			provisioning.SettingInvitationLifetime: {[]string{"15m", "30d"}, []string{"1m", "31d"}},
			provisioning.SettingResetLifetime:      {[]string{"15m", "30d"}, []string{"14m", "31d", "0"}},
			provisioning.SettingPasswordMinLength:  {[]string{"8", "12", "64"}, []string{"7", "65", "012", "+12", "12.0", "", "twelve"}},
			provisioning.SettingReactivationWindow: {[]string{"0d", "12h", "365d"}, []string{"-1d", "-1h", "366d", "", "week"}},
			provisioning.SettingSecondFactor:       {[]string{"on", "off"}, []string{"true", "ON", "", "1"}},
			provisioning.SettingRequireSSO:         {[]string{"on", "off"}, []string{"true", "yes", ""}},
			provisioning.SettingInactivity:         {[]string{"30d", "90d", "365d", "off"}, []string{"on", "29d", "366d", "2160h", "90", "", "-90d"}},
			provisioning.SettingTimeZone:           {[]string{"Europe/Paris", "America/Sao_Paulo", "UTC"}, []string{"Local", "", "Europe/Lutetia", "../../etc/localtime", "/etc/localtime", "\x00", strings.Repeat("a", 1<<20)}},
			provisioning.SettingContact:            {[]string{"help@acme.example", ""}, []string{"two\nlines", "\x00", "\xff", strings.Repeat("a", 201)}},
		} {
			for _, good := range values.good {
				w.set(name, good)
				if got := must(w.Workspace(t.Context(), w.ws))(t).Settings.Get(name); got != good {
					t.Errorf("%s is %q after it was set to %q", name, got, good)
				}
			}
			for _, bad := range values.bad {
				err := w.SetSetting(t.Context(), w.operator, w.ws, name, bad)
				isKind(t, err, provisioning.ErrInvalid, "setting")
				if detail := provisioning.Detail(err); !strings.Contains(detail, name) || len(detail) > 400 {
					t.Errorf("%s=%.20q: the refusal is %d bytes: %.400s", name, bad, len(detail), detail)
				}
			}
		}
		err := w.SetSetting(t.Context(), w.operator, w.ws, "warp", "9")
		isKind(t, err, provisioning.ErrInvalid, "setting")
	})
}

func TestSettings_ARefusalSaysWhatToWrite(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		for value, want := range map[string]string{
			"inactivity=on":                 "write 90d",
			"inactivity=10d":                "30d to 365d",
			"password-min-length=4":         "8 to 64",
			"session-idle=1m":               "15m to 30d",
			"time-zone=Local":               "Europe/Paris",
			"require-sso=maybe":             "on or off",
			"reactivation-window=1 fortnit": "365d",
		} {
			name, text, _ := strings.Cut(value, "=")
			err := w.SetSetting(t.Context(), w.operator, w.ws, name, text)
			if !strings.Contains(provisioning.Detail(err), want) {
				t.Errorf("%s: %q does not say %q", value, provisioning.Detail(err), want)
			}
		}
	})
}

func TestSettings_DefaultsAreThoseOfTheInterface(t *testing.T) {
	t.Parallel()
	defaults := ""
	for _, name := range provisioning.SettingNames() {
		defaults += fmt.Sprintf("%s %s\n", name, provisioning.Settings{}.Get(name))
	}
	const want = `session-idle 30d
session-max 30d
sso-session-max 12h
invitation-lifetime 24h
reset-lifetime 24h
password-min-length 12
reactivation-window 7d
require-second-factor off
require-sso off
inactivity off
time-zone UTC
`
	if !strings.HasPrefix(defaults, want) {
		t.Errorf("the defaults are\n%s", defaults)
	}
}

func TestSettings_SeveralAreSetTogetherOrNotAtAll(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		before := stateOf(w)
		err := w.SetSettings(t.Context(), w.operator, w.ws, provisioning.Settings{"contact": "help", "session-idle": "1h", "time-zone": "Nowhere"})
		isKind(t, err, provisioning.ErrInvalid, "setting")
		same(t, "after a refusal", stateOf(w), before)

		n := len(w.events())
		works(t, w.SetSettings(t.Context(), w.operator, w.ws, provisioning.Settings{"contact": "help", "session-idle": "1h", "session-max": "30d"}))
		got := must(w.Workspace(t.Context(), w.ws))(t).Settings
		if got.Get("contact") != "help" || got.Get("session-idle") != "1h" {
			t.Errorf("settings %v", got)
		}
		if changed := w.since(n, "workspace.changed"); len(changed) != 2 {
			t.Errorf("events %v: one for each setting that changed, and none for the default that was set", changed)
		}

		settled, log := stateOf(w), logOf(w)
		works(t, w.SetSettings(t.Context(), w.operator, w.ws, provisioning.Settings{"contact": "help", "session-idle": "1h"}))
		same(t, "by the same again", stateOf(w)+logOf(w), settled+log)
	})
}

func TestSettings_NeedThePermission_AndTheirOwnWorkspace(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		reader, elsewhere := w.hire("reader", w.root, provisioning.SecurityRead), w.hire("elsewhere", w.paris, provisioning.SecurityEdit)
		editor := w.hire("editor", w.root, provisioning.SecurityEdit)
		set := func(a provisioning.Actor) error {
			return w.SetSettings(t.Context(), a, w.ws, provisioning.Settings{"contact": "me"})
		}
		isKind(t, set(reader), provisioning.ErrForbidden, "not_permitted")
		isKind(t, set(elsewhere), provisioning.ErrForbidden, "not_permitted")
		works(t, set(editor))
		other := fillSecond(w)
		err := w.SetSettings(t.Context(), editor, other.ws, provisioning.Settings{"contact": "me"})
		isKind(t, err, provisioning.ErrNotFound, "not_found")
	})
}

func TestParallel_TwoSettingsAtOnce_BothStand(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		second := w.besides()
		for i := range 10 {
			contact, idle := fmt.Sprintf("contact %d", i), fmt.Sprintf("%dm", 20+i)
			works(t, together(
				func() error { return w.SetSetting(t.Context(), w.operator, w.ws, "contact", contact) },
				func() error { return second.SetSetting(t.Context(), w.operator, w.ws, "session-idle", idle) },
			)...)
			got := must(w.Workspace(t.Context(), w.ws))(t).Settings
			if got.Get("contact") != contact || got.Get("session-idle") != idle {
				t.Fatalf("round %d: settings %v", i, got)
			}
		}
	})
}
