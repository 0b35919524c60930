package provisioning_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"drawbridge/provisioning"
)

// change changes the holder's password and keeps what the browser gets.
func (o *holder) change(present, next string) error {
	p, err := o.ChangePassword(o.t.Context(), present, next, o.browser)
	if err == nil {
		o.keep(p)
		o.password = next
	}
	return err
}

func TestPassword_AChangeNeedsThePresentOneAndEndsEverythingElse(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.mailing().proved("ada").in()
		other := ada.elsewhere().in()
		here, there := ada.enters(w), other.enters(w)
		before := *ada
		isKind(t, ada.change("not the password", "another long password"), provisioning.ErrUnauthenticated, "wrong_password")
		works(t, ada.change(aPassword, "another long password"))
		if other.signedIn() || !ada.signedIn() {
			t.Error("the change ended the wrong parent sign-in")
		}
		if before.signedIn() {
			t.Error("the cookie from before the change is still good")
		}
		ada.alive(here)
		ada.dead(there)
		if _, err := w.SignInWithPassword(t.Context(), ada.email, aPassword, provisioning.Browser{}); !errors.Is(err, provisioning.ErrUnauthenticated) {
			t.Errorf("the old password: %v", err)
		}
		ada.elsewhere().in()
		if got := w.kinds(ada.email); got != "password" {
			t.Errorf("mails %q", got)
		}
		if w.recorded("account.password_change") != 1 {
			t.Error("the change is not in the audit log")
		}
	})
}

func TestPassword_ItsSessionsInOtherWorkspacesEndWithAnEventThere(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		tenant := w.tenant("Umbrella")
		ada := w.proved("ada")
		ada.joins(tenant)
		there := ada.elsewhere().in().enters(tenant)
		works(t, ada.in().change(aPassword, "another long password"))
		tenant.dead(there)
		events := tenant.events()
		if last := events[len(events)-1]; last.Type != "session.ended" {
			t.Errorf("the last event of the other workspace is %s", last.Type)
		}
		if tenant.recorded("account.password_change") != 1 {
			t.Error("the other workspace's audit log says nothing")
		}
	})
}

func TestPassword_FiveWrongPresentOnesLockTheChange_AndNotTheRightOneElsewhere(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.proved("ada").in()
		for range 5 {
			isKind(t, ada.change("not the password", "another long password"), provisioning.ErrUnauthenticated, "wrong_password")
		}
		isKind(t, ada.change(aPassword, "another long password"), provisioning.ErrTooMany, "locked")
		ada.elsewhere().in()
	})
}

func TestPassword_TooManyThatHashAtOnceIsBusyAndNoGuess(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.proved("ada").in()
		w.fakes.passwords.busy.Store(true)
		for range 6 {
			isKind(t, ada.change(aPassword, "another long password"), provisioning.ErrTooMany, "busy")
		}
		w.fakes.passwords.busy.Store(false)
		works(t, ada.change(aPassword, "another long password"))
	})
}

func TestPassword_AnAccountWithPasskeysAloneSetsOneFreshly(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.proved("ada").in()
		ada.withPasskey("phone")
		works(t, w.store.Update(t.Context(), func(tx *provisioning.Tx) error {
			a, err := tx.Accounts.Lock(t.Context(), ada.id)
			if err != nil {
				return err
			}
			a.PasswordHash = ""
			return tx.Accounts.Update(t.Context(), a)
		}))
		isKind(t, ada.at(w.later(11*time.Minute)).change("", "another long password"), provisioning.ErrProve, "fresh_sign_in")
		works(t, ada.change("", "another long password"))
		if !ada.account().HasPassword() {
			t.Error("no password was set")
		}
	})
}

func TestPassword_TwoChangesAtOnce_OneHolds(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.proved("ada").in()
		bob := ada.elsewhere().in()
		second := bob.at(w.besides())
		errs := together(
			func() error { return ada.change(aPassword, "the first new password") },
			func() error { return second.change(aPassword, "the second new password") },
		)
		if (errs[0] == nil) == (errs[1] == nil) {
			t.Fatalf("changes: %v, %v", errs[0], errs[1])
		}
		winner := ada
		if errs[1] == nil {
			winner = second
		}
		winner.elsewhere().in()
	})
}

func TestPassword_WhatIsRefused(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.proved("a-long-local-part").in()
		local, _, _ := strings.Cut(ada.email, "@")
		for next, code := range map[string]string{
			"":                                "password_short",
			"eleven char":                     "password_short",
			"äöüäöüäöüäö":                     "password_short", // 11 characters in 22 bytes
			strings.Repeat("x", 257):          "password_long",
			strings.Repeat("x", 1<<20):        "password_long",
			strings.Repeat("\U0001F6B4", 257): "password_long",
			"with a \x00 in the middle":       "password_characters",
			"with a \n in the middle":         "password_characters",
			"not UTF-8 \xff at its end":       "password_characters",
			"PASSWORD1234":                    "password_common",
			ada.email:                         "password_address",
			strings.ToUpper(ada.email):        "password_address",
			strings.ToUpper(local):            "password_address",
		} {
			isKind(t, ada.change(aPassword, next), provisioning.ErrInvalid, code)
		}
		for _, next := range []string{
			"twelve chars", strings.Repeat("x", 256), strings.Repeat("\U0001F6B4", 256), "  blanks around  ", "pässwörter überall",
		} {
			works(t, ada.change(ada.password, next))
			ada.elsewhere().in()
		}
	})
}

func TestPassword_NothingIsCutOff(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada, long := w.proved("ada").in(), strings.Repeat("x", 255)
		works(t, ada.change(aPassword, long+"1"))
		_, err := w.SignInWithPassword(t.Context(), ada.email, long+"2", provisioning.Browser{})
		isKind(t, err, provisioning.ErrUnauthenticated, "wrong_password")
	})
}

func TestPassword_TheStrictestWorkspaceOfTheAccountSaysHowLong(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		tenant := w.tenant("Umbrella")
		ada := w.proved("ada")
		ada.joins(tenant)
		works(t, tenant.SetSetting(t.Context(), w.operator, tenant.ws, provisioning.SettingPasswordMinLength, "20"))
		works(t, w.SetSetting(t.Context(), w.operator, w.ws, provisioning.SettingPasswordMinLength, "8"))
		rule := must(w.PasswordRuleOf(t.Context(), ada.id, w.ws))(t)
		if rule != (provisioning.PasswordRule{Min: 20, Max: 256}) {
			t.Errorf("rule %+v", rule)
		}
		if alone := must(w.PasswordRuleOf(t.Context(), "", w.ws))(t); alone.Min != 8 {
			t.Errorf("rule of the workspace %+v", alone)
		}
		isKind(t, ada.in().change(aPassword, "nineteen characters"), provisioning.ErrInvalid, "password_short")
	})
}

func TestPassword_AccountsOfOneAddressShareTheirSalt(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.proved("ada").in()
		beside := w.tenant("Umbrella").unproved(ada.email)
		works(t, ada.change(aPassword, "another long password"))
		before := w.fakes.passwords.computed.Load()
		isKind(t, func() error {
			_, err := w.SignInWithPassword(t.Context(), ada.email, "neither of the two", provisioning.Browser{})
			return err
		}(), provisioning.ErrUnauthenticated, "wrong_password")
		if n := w.fakes.passwords.computed.Load() - before; n != 1 {
			t.Errorf("%d computations for two accounts of the address", n)
		}
		if beside.account().PasswordHash == ada.account().PasswordHash {
			t.Error("the change reached the other account")
		}
	})
}
