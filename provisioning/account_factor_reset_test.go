package provisioning_test

import (
	"context"
	"regexp"
	"strings"
	"testing"
	"time"

	"drawbridge/provisioning"
)

// administrator is the holder of an account with Admin in the root.
func (w *world) administrator(name string) *holder {
	w.t.Helper()
	boss := w.proved(name)
	w.grant(boss.user, w.root, w.admin)
	return boss
}

// codeFor is a code for the second factor of the holder's account.
func (o *holder) codeBy(a provisioning.Actor, w *world, u provisioning.UserID) string {
	o.t.Helper()
	code, _, err := w.ResetFactors(o.t.Context(), a, w.ws, u)
	works(o.t, err)
	return code
}

// without signs in with the password, in another browser, by somebody who has
// none of the factors.
func (o *holder) without() *holder {
	o.t.Helper()
	next := o.elsewhere()
	next.secret = ""
	return next.in()
}

func (o *holder) prove(code string) error {
	p, err := o.ProveCode(o.t.Context(), code, o.browser)
	if err == nil {
		o.keep(p)
	}
	return err
}

func TestResetFactors_TheCodeStandsOnceForTheFactor_AndNewOnesAreSetUp(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w = w.mailing()
		boss, ada := w.administrator("boss"), w.proved("ada").in()
		recovery := ada.withTOTP()
		ada.withPasskey("phone")
		code, expires, err := w.ResetFactors(t.Context(), boss.actor(), w.ws, ada.user)
		works(t, err)
		if !regexp.MustCompile(`^([0-9a-hjkmnp-tv-z]{5}-){4}[0-9a-hjkmnp-tv-z]{5}$`).MatchString(code) {
			t.Errorf("code %q", code)
		}
		if left := expires.Sub(w.now()); left < 23*time.Hour || left > 24*time.Hour {
			t.Errorf("good for %s", left)
		}
		mail := w.mailed(ada.email, provisioning.MailFactorReset)
		if mail.Mail.Workspace != "Acme" || !strings.Contains(mail.Inviter, boss.email) || mail.LinkToken != "" || strings.Contains(mail.Inviter, code) {
			t.Errorf("mail %+v", mail.Mail)
		}
		if w.recorded("user.reset_factors") != 1 || w.events()[len(w.events())-1].Type != "user.factors_reset" {
			t.Error("no entry or no event")
		}
		if f := ada.parent(t).Factors; !f.TOTP || len(f.Passkeys) != 1 || f.RecoveryCodes != 10 {
			t.Errorf("the code alone took factors: %+v", f)
		}

		lost := ada.without()
		typed := strings.NewReplacer("-", " ", "0", "o", "1", "l").Replace(strings.ToUpper(code))
		works(t, lost.prove(typed))
		if f := lost.parent(t).Factors; f.Any() || f.RecoveryCodes != 0 {
			t.Errorf("the old factors are there: %+v", f)
		}
		lost.enters(w)
		lost.at(w.later(time.Minute)).withTOTP() // whoever came in by the code sets a new one up
		again := ada.without()
		isKind(t, again.prove(code), provisioning.ErrUnauthenticated, "wrong_code")
		isKind(t, again.prove(recovery[0]), provisioning.ErrUnauthenticated, "wrong_code")
		if w.recorded("account.factor_code") != 1 {
			t.Error("the use is not in the audit log")
		}
	})
}

func TestResetFactors_ACodeIsGoodForADay_AndANewOneKillsIt(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		boss, ada := w.administrator("boss"), w.proved("ada").in()
		ada.withTOTP()
		first := ada.codeBy(boss.actor(), w, ada.user)
		second := ada.codeBy(boss.actor(), w, ada.user)
		lost := ada.without()
		isKind(t, lost.prove(first), provisioning.ErrUnauthenticated, "wrong_code")
		late := ada.at(w.later(24*time.Hour + time.Second)).without()
		isKind(t, late.prove(second), provisioning.ErrUnauthenticated, "wrong_code")
		works(t, lost.prove(second))
	})
}

func TestResetFactors_OfTwoAtOnceOneComesIn(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		boss, ada := w.administrator("boss"), w.proved("ada").in()
		ada.withTOTP()
		code := ada.codeBy(boss.actor(), w, ada.user)
		one, two := ada.without(), ada.at(w.besides()).without()
		errs := together(func() error { return one.prove(code) }, func() error { return two.prove(code) })
		if (errs[0] == nil) == (errs[1] == nil) {
			t.Fatalf("both or neither: %v, %v", errs[0], errs[1])
		}
	})
}

// Rule 18: an administrator of one workspace opens no other, and learns of none.
func TestRule18_AnAdministratorsCodeLetsInToTheirWorkspaceAlone(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		tenant := w.tenant("Umbrella")
		boss, ada := w.administrator("boss"), w.proved("ada").in()
		ada.joins(tenant)
		ada.withTOTP()
		key, _ := ada.withPasskey("phone")
		lost := ada.without()
		works(t, lost.prove(ada.codeBy(boss.actor(), w, ada.user)))
		lost.enters(w)
		_, err := lost.Enter(t.Context(), tenant.ws, lost.browser)
		if err == nil {
			t.Fatal("the code of one workspace's administrator let in to another")
		}
		if doors := must(lost.Doors(t.Context(), lost.browser))(t); len(doors) != 1 || doors[0].Workspace.ID != w.ws {
			t.Errorf("doors %+v", doors)
		}
		if f := lost.parent(t).Factors; !f.TOTP || len(f.Passkeys) != 1 || f.RecoveryCodes != 10 {
			t.Errorf("the code took factors on which another workspace relies: %+v", f)
		}
		// Nor does it change what opens the other one.
		mailing := lost.at(lost.mailing())
		for name, act := range map[string]func() error{
			"begin TOTP":     func() error { _, err := lost.BeginTOTP(t.Context(), lost.browser); return err },
			"remove TOTP":    func() error { return lost.RemoveTOTP(t.Context(), lost.browser) },
			"codes":          func() error { _, err := lost.NewRecoveryCodes(t.Context(), lost.browser); return err },
			"add passkey":    func() error { _, _, err := lost.BeginPasskeyRegistration(t.Context(), lost.browser); return err },
			"remove passkey": func() error { return lost.RemovePasskey(t.Context(), key.ID, lost.browser) },
			"password":       func() error { return lost.change(aPassword, newPassword) },
			"e-mail":         func() error { return mailing.RequestEmailChange(t.Context(), w.mailbox("new"), lost.browser) },
		} {
			t.Run(name, func(t *testing.T) { isKind(t, act(), provisioning.ErrProve, "second_factor") })
		}
		// With the own factor it is the owner's account again.
		lost.secret = ada.secret
		works(t, lost.prove(lost.code()))
		lost.enters(tenant)
	})
}

func TestRule18_ACodeOfTheOperatorOpensAllAndTakesTheFactors(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w = w.mailing()
		tenant := w.tenant("Umbrella")
		ada := w.proved("ada").in()
		ada.joins(tenant)
		ada.withTOTP()
		lost := ada.without()
		works(t, lost.prove(ada.codeBy(w.operator, w, ada.user)))
		if f := lost.parent(t).Factors; f.Any() {
			t.Errorf("factors %+v", f)
		}
		lost.enters(tenant)
		if m := w.mailed(ada.email, provisioning.MailFactorReset); m.Inviter != "" || m.Mail.Workspace != "Acme" {
			t.Errorf("mail %+v", m.Mail)
		}
	})
}

// Each workspace's codes are its own: one neither kills nor widens another's.
func TestRule18_CodesOfTwoWorkspacesStandBesideEachOther(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		tenant := w.tenant("Umbrella")
		ada := w.proved("ada").in()
		there := ada.joins(tenant)
		ada.withTOTP()
		here := ada.codeBy(w.administrator("boss").actor(), w, ada.user)
		other := ada.codeBy(tenant.administrator("chief").actor(), tenant, there)
		lost := ada.without()
		works(t, lost.prove(here))
		lost.enters(w)
		lost = ada.without()
		works(t, lost.prove(other))
		lost.enters(tenant)
		if _, err := lost.Enter(t.Context(), w.ws, lost.browser); err == nil {
			t.Error("the code of the other workspace opens this one")
		}
	})
}

func TestResetFactors_WhenTheCodeIsUsedCounts_WhereTheAccountThenLeads(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		tenant := w.tenant("Umbrella")
		boss, ada := w.administrator("boss"), w.proved("ada").in()
		ada.withTOTP()
		code := ada.codeBy(boss.actor(), w, ada.user)
		ada.joins(tenant)
		lost := ada.without()
		works(t, lost.prove(code))
		if f := lost.parent(t).Factors; !f.TOTP {
			t.Error("the code took the factors of an account that leads elsewhere by now")
		}
	})
}

func TestRule4_NobodyResetsTheFactorsOfSomebodyMightier(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		helpdesk := w.customRole("Helpdesk", provisioning.MembersEdit, provisioning.MembersRead, provisioning.CommunitiesRead)
		helper, analyst, boss, guest := w.proved("helper"), w.proved("analyst"), w.administrator("boss"), w.proved("guest")
		w.grant(helper.user, w.root, helpdesk)
		w.grant(analyst.user, w.lyon, w.analyst) // roles.read, which the helpdesk has not
		reset := func(a provisioning.Actor, u provisioning.UserID) error {
			_, _, err := w.ResetFactors(t.Context(), a, w.ws, u)
			return err
		}
		for name, target := range map[string]provisioning.UserID{"administrator": boss.user, "more in one community": analyst.user} {
			t.Run(name, func(t *testing.T) {
				isKind(t, reset(helper.actor(), target), provisioning.ErrForbidden, "not_permitted")
			})
		}
		isKind(t, reset(guest.actor(), analyst.user), provisioning.ErrForbidden, "not_permitted")
		works(t, reset(helper.actor(), guest.user))
		works(t, reset(boss.actor(), helper.user))
		if refused := w.entries("user.reset_factors"); len(refused) != 5 {
			t.Errorf("%d entries for three refusals and two resets", len(refused))
		}
	})
}

func TestResetFactors_WhatIsRefused(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		tenant := w.tenant("Umbrella")
		boss, chief, ada := w.administrator("boss"), tenant.administrator("chief"), w.proved("ada")
		born := w.fresh("00u1")
		reset := func(a provisioning.Actor, u provisioning.UserID) error {
			_, _, err := w.ResetFactors(t.Context(), a, w.ws, u)
			return err
		}
		stale := boss.actor()
		stale.ProvedAt = w.now().Add(-11 * time.Minute)
		isKind(t, reset(stale, ada.user), provisioning.ErrProve, "fresh_sign_in")
		isKind(t, reset(boss.actor(), born), provisioning.ErrConflict, "no_account")
		isKind(t, reset(boss.actor(), boss.user), provisioning.ErrConflict, "own_factors")
		isKind(t, reset(chief.actor(), ada.user), provisioning.ErrNotFound, "not_found")
		_, _, err := tenant.ResetFactors(t.Context(), chief.actor(), tenant.ws, ada.user)
		isKind(t, err, provisioning.ErrNotFound, "not_found")
	})
}

func TestResetFactors_ThePasskeyOfWhoHasNothingElseStays(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.proved("ada").in()
		key, _ := ada.withPasskey("phone")
		code := ada.codeBy(w.administrator("boss").actor(), w, ada.user)
		lost := ada.without()
		w.update(func(ctx context.Context, tx *provisioning.Tx) error {
			a, err := tx.Accounts.Lock(ctx, ada.id)
			if err != nil {
				return err
			}
			a.PasswordHash = ""
			return tx.Accounts.Update(ctx, a)
		})
		works(t, lost.prove(code))
		if f := lost.parent(t).Factors; len(f.Passkeys) != 1 || f.Passkeys[0].ID != key.ID {
			t.Errorf("factors %+v", f)
		}
	})
}
