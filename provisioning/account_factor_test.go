package provisioning_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"drawbridge/provisioning"
)

// requires makes the workspace require a second factor.
func (w *world) requires() {
	w.t.Helper()
	works(w.t, w.SetSetting(w.t.Context(), w.operator, w.ws, provisioning.SettingSecondFactor, "on"))
}

func TestTOTP_ACodeOfItSetsItUp_AndTenRecoveryCodesAreShownOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w = w.mailing()
		ada := w.proved("ada").in()
		setup := must(ada.BeginTOTP(t.Context(), ada.browser))(t)
		if !strings.Contains(setup.URL, "Drawbridge") || !strings.Contains(setup.URL, setup.Secret) {
			t.Errorf("URL %q", setup.URL)
		}
		if ada.account().TOTPSecret != nil {
			t.Error("something was stored before a code was given")
		}
		_, _, err := ada.ConfirmTOTP(t.Context(), setup.Ticket, "000000x", ada.browser)
		isKind(t, err, provisioning.ErrInvalid, "wrong_code")
		code := w.fakes.codes.at(setup.Secret, w.now())
		before := *ada
		p, codes, err := ada.ConfirmTOTP(t.Context(), setup.Ticket, " "+code[:3]+" "+code[3:], ada.browser)
		works(t, err)
		ada.keep(p)
		if before.signedIn() || !ada.signedIn() || ada.parent(t).FactorNeeded {
			t.Error("the parent sign-in was not proved anew")
		}
		form := regexp.MustCompile(`^([0-9a-hjkmnp-tv-z]{5}-){4}[0-9a-hjkmnp-tv-z]{5}$`)
		slices.Sort(codes)
		if len(slices.Compact(codes)) != 10 || slices.ContainsFunc(codes, func(c string) bool { return !form.MatchString(c) }) {
			t.Errorf("recovery codes %q", codes)
		}
		if sealed := string(ada.account().TOTPSecret); sealed == "" || strings.Contains(sealed, setup.Secret) {
			t.Errorf("the secret is kept as %q", sealed)
		}
		if got := w.kinds(ada.email); got != "factor_added" || w.mailed(ada.email, provisioning.MailFactorAdded).Person != "authenticator app" {
			t.Errorf("mails %q", got)
		}
		if w.recorded("account.totp_set") != 1 {
			t.Error("the audit log says nothing")
		}
		// The same code again is no second proof.
		other := ada.elsewhere()
		other.in()
		_, err = other.ProveCode(t.Context(), code, other.browser)
		isKind(t, err, provisioning.ErrUnauthenticated, "wrong_code")
	})
}

func TestTOTP_ATicketIsOfOneAccountForAnHour(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada, eve := w.proved("ada").in(), w.proved("eve").in()
		setup := must(ada.BeginTOTP(t.Context(), ada.browser))(t)
		confirm := func(o *holder) error {
			_, _, err := o.ConfirmTOTP(t.Context(), setup.Ticket, w.fakes.codes.at(setup.Secret, o.now()), o.browser)
			return err
		}
		isKind(t, confirm(eve), provisioning.ErrGone, "ticket_dead")
		late := ada.elsewhere().at(w.later(61 * time.Minute))
		late.in() // fresh again
		isKind(t, confirm(late), provisioning.ErrGone, "ticket_dead")
		works(t, confirm(ada))
	})
}

func TestTOTP_AnotherOneReplacesIt_AndKeepsTheRecoveryCodes(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.proved("ada").in()
		first := ada.withTOTP()
		old := ada.secret
		later := ada.at(w.later(time.Minute))
		if again := later.withTOTP(); len(again) != 0 {
			t.Errorf("%d new recovery codes", len(again))
		}
		if later.secret == old {
			t.Fatal("the secret is the old one")
		}
		latest := later.at(w.later(2 * time.Minute)).elsewhere()
		latest.in()
		again := latest.elsewhere()
		again.secret = ""
		again.in()
		again.keep(must(again.ProveCode(t.Context(), strings.ToUpper(strings.ReplaceAll(first[0], "-", " ")), again.browser))(t))
	})
}

// Whoever has the password alone must not make the second factor: it is asked of
// who has one already.
func TestFactors_WithoutTheSecondFactor_OrFreshness_NothingChanges(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.proved("ada").in()
		ada.withTOTP()
		key, _ := ada.withPasskey("phone")
		thief := ada.elsewhere()
		thief.secret = ""
		thief.in()
		stale := ada.at(w.later(11 * time.Minute))
		for name, act := range map[string]func(*holder) error{
			"begin TOTP":   func(o *holder) error { _, err := o.BeginTOTP(t.Context(), o.browser); return err },
			"confirm TOTP": func(o *holder) error { _, _, err := o.ConfirmTOTP(t.Context(), "", "", o.browser); return err },
			"remove TOTP":  func(o *holder) error { return o.RemoveTOTP(t.Context(), o.browser) },
			"codes":        func(o *holder) error { _, err := o.NewRecoveryCodes(t.Context(), o.browser); return err },
			"begin passkey": func(o *holder) error {
				_, _, err := o.BeginPasskeyRegistration(t.Context(), o.browser)
				return err
			},
			"add passkey": func(o *holder) error {
				_, _, err := o.AddPasskey(t.Context(), "", nil, "", o.browser)
				return err
			},
			"rename passkey": func(o *holder) error { return o.RenamePasskey(t.Context(), key.ID, "mine", o.browser) },
			"remove passkey": func(o *holder) error { return o.RemovePasskey(t.Context(), key.ID, o.browser) },
			"password":       func(o *holder) error { return o.change(aPassword, newPassword) },
			"e-mail": func(o *holder) error {
				return o.at(o.mailing()).RequestEmailChange(t.Context(), w.mailbox("new"), o.browser)
			},
		} {
			t.Run(name, func(t *testing.T) {
				isKind(t, act(thief), provisioning.ErrProve, "second_factor")
				nobody := thief.elsewhere()
				isKind(t, act(nobody), provisioning.ErrUnauthenticated, "sign_in")
				if name != "password" { // that one proves the password itself
					isKind(t, act(stale), provisioning.ErrProve, "fresh_sign_in")
				}
			})
		}
		if f := ada.parent(t).Factors; !f.TOTP || len(f.Passkeys) != 1 || f.RecoveryCodes != 10 {
			t.Errorf("factors %+v", f)
		}
	})
}

func TestFactors_TheLastOneTakesTheRecoveryCodesWithIt(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w = w.mailing()
		ada := w.proved("ada").in()
		ada.withTOTP()
		key, _ := ada.withPasskey("phone")
		works(t, ada.RemoveTOTP(t.Context(), ada.browser))
		if f := ada.parent(t).Factors; f.TOTP || f.RecoveryCodes != 10 {
			t.Errorf("factors %+v", f)
		}
		works(t, ada.RemoveTOTP(t.Context(), ada.browser)) // it is gone already
		works(t, ada.RemovePasskey(t.Context(), key.ID, ada.browser))
		isKind(t, ada.RemovePasskey(t.Context(), key.ID, ada.browser), provisioning.ErrNotFound, "not_found")
		if f := ada.parent(t).Factors; f.Any() || f.RecoveryCodes != 0 {
			t.Errorf("factors %+v", f)
		}
		if got := w.kinds(ada.email); got != "factor_added factor_added factor_removed factor_removed" {
			t.Errorf("mails %q", got)
		}
		_, err := ada.NewRecoveryCodes(t.Context(), ada.browser)
		isKind(t, err, provisioning.ErrConflict, "no_factor")
	})
}

func TestFactors_TheLastOneStaysWhileAWorkspaceRequiresIt(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		tenant := w.tenant("Umbrella")
		ada := w.proved("ada").in()
		ada.joins(tenant)
		ada.withTOTP()
		key, _ := ada.withPasskey("phone")
		tenant.requires()
		works(t, ada.RemovePasskey(t.Context(), key.ID, ada.browser))
		isKind(t, ada.RemoveTOTP(t.Context(), ada.browser), provisioning.ErrConflict, "factor_required")
		key, _ = ada.withPasskey("laptop")
		works(t, ada.RemoveTOTP(t.Context(), ada.browser))
		isKind(t, ada.RemovePasskey(t.Context(), key.ID, ada.browser), provisioning.ErrConflict, "factor_required")
		if f := ada.parent(t).Factors; f.RecoveryCodes != 10 {
			t.Errorf("a refused removal took the recovery codes: %+v", f)
		}
	})
}

func TestRecoveryCodes_NewOnesReplaceTheOld(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.proved("ada").in()
		old := ada.withTOTP()
		codes := must(ada.NewRecoveryCodes(t.Context(), ada.browser))(t)
		ada.secret = ""
		other := ada.elsewhere().in()
		_, err := other.ProveCode(t.Context(), old[0], other.browser)
		isKind(t, err, provisioning.ErrUnauthenticated, "wrong_code")
		other.keep(must(other.ProveCode(t.Context(), codes[9], other.browser))(t))
		if f := other.parent(t).Factors; f.RecoveryCodes != 9 {
			t.Errorf("%d codes are left", f.RecoveryCodes)
		}
		again := ada.elsewhere().in()
		_, err = again.ProveCode(t.Context(), codes[9], again.browser)
		isKind(t, err, provisioning.ErrUnauthenticated, "wrong_code")
	})
}

func TestPasskeys_ACeremonyIsOfOneAccount_OnceAndForAWhile(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada, eve := w.proved("ada").in(), w.proved("eve").in()
		begin := func() (provisioning.ChallengeID, []byte) {
			challenge, options, err := ada.BeginPasskeyRegistration(t.Context(), ada.browser)
			works(t, err)
			return challenge, new(fakeKey).register(options)
		}
		add := func(o *holder, c provisioning.ChallengeID, response []byte) error {
			_, _, err := o.AddPasskey(t.Context(), c, response, "phone", o.browser)
			return err
		}
		challenge, response := begin()
		isKind(t, add(eve, challenge, response), provisioning.ErrGone, "ceremony_dead")
		isKind(t, add(ada, challenge, response), provisioning.ErrGone, "ceremony_dead") // used up
		challenge, _ = begin()
		isKind(t, add(ada, challenge, response), provisioning.ErrInvalid, "passkey_failed") // of another ceremony
		isKind(t, add(ada, challenge, response), provisioning.ErrGone, "ceremony_dead")
		challenge, response = begin()
		isKind(t, add(ada.at(w.later(9*time.Minute)), challenge, response), provisioning.ErrGone, "ceremony_dead")
		challenge, _ = begin()
		isKind(t, add(ada, challenge, make([]byte, 1<<20)), provisioning.ErrInvalid, "passkey_failed")
		isKind(t, add(ada, "nonsense", nil), provisioning.ErrGone, "ceremony_dead")
		if f := ada.parent(t).Factors; f.Any() {
			t.Errorf("factors %+v", f)
		}
	})
}

func TestPasskeys_AtMostTwenty_EachOnce_UnderAName(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w = w.mailing()
		ada, eve := w.proved("ada").in(), w.proved("eve").in()
		key, codes := ada.withPasskey("  Ada's phone ")
		if len(codes) != 10 {
			t.Errorf("%d recovery codes", len(codes))
		}
		if m := w.mailed(ada.email, provisioning.MailFactorAdded); m.Person != "Ada's phone" {
			t.Errorf("the mail names %q", m.Person)
		}
		// A credential that is somebody's already.
		challenge, options, err := eve.BeginPasskeyRegistration(t.Context(), eve.browser)
		works(t, err)
		fresh := new(fakeKey)
		fresh.register(options)
		fresh.ID = key.ID
		_, _, err = eve.AddPasskey(t.Context(), challenge, fresh.respond(ceremony(t, options)), "", eve.browser)
		isKind(t, err, provisioning.ErrConflict, "passkey_taken")

		for i := range 19 {
			ada.withPasskey(fmt.Sprintf("key %d", i))
		}
		_, _, err = ada.BeginPasskeyRegistration(t.Context(), ada.browser)
		isKind(t, err, provisioning.ErrConflict, "too_many_passkeys")
		works(t, ada.RenamePasskey(t.Context(), key.ID, "the old phone", ada.browser))
		if names := ada.parent(t).Factors.Passkeys; len(names) != 20 || names[0].Name != "the old phone" {
			t.Errorf("passkeys %+v", names)
		}
		for _, name := range []string{strings.Repeat("x", 101), "two\nlines", "right\u202eleft", "\xff", strings.Repeat("x", 1<<20)} {
			if err := ada.RenamePasskey(t.Context(), key.ID, name, ada.browser); !errors.Is(err, provisioning.ErrInvalid) {
				t.Errorf("%.20q: %v", name, err)
			}
		}
		isKind(t, eve.RenamePasskey(t.Context(), key.ID, "mine", eve.browser), provisioning.ErrNotFound, "not_found")
		isKind(t, eve.RemovePasskey(t.Context(), key.ID, eve.browser), provisioning.ErrNotFound, "not_found")
	})
}

func ceremony(t *testing.T, options []byte) (c fakeCeremony) {
	t.Helper()
	works(t, json.Unmarshal(options, &c))
	return c
}

func TestPasskeys_TheLastCredentialStays(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.proved("ada").in()
		first, _ := ada.withPasskey("phone")
		second, _ := ada.withPasskey("laptop")
		w.update(func(ctx context.Context, tx *provisioning.Tx) error {
			a, err := tx.Accounts.Lock(ctx, ada.id)
			if err != nil {
				return err
			}
			a.PasswordHash = ""
			return tx.Accounts.Update(ctx, a)
		})
		errs := together( // two removals at once leave one
			func() error { return ada.RemovePasskey(t.Context(), first.ID, ada.browser) },
			func() error { return ada.at(w.besides()).RemovePasskey(t.Context(), second.ID, ada.browser) },
		)
		lost := errs[0]
		if lost == nil {
			lost = errs[1]
		}
		isKind(t, lost, provisioning.ErrConflict, "last_credential")
		if left := len(ada.parent(t).Factors.Passkeys); left != 1 {
			t.Errorf("%d passkeys are left", left)
		}
	})
}

func TestPasskeys_ANetworkAddressTakesNone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "sqlite:"+t.TempDir()+"/test.db")
	ada := w.proved("ada").in()
	bare := ada.at(w.with(func(p *provisioning.Ports) { p.Passkeys = noPasskeys{} }))
	_, _, err := bare.BeginPasskeyRegistration(t.Context(), bare.browser)
	isKind(t, err, provisioning.ErrConflict, "no_passkeys")
}

type noPasskeys struct{ fakePasskeys }

func (noPasskeys) Available() bool { return false }
