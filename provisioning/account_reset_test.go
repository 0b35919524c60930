package provisioning_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"drawbridge/provisioning"
)

// asksForReset asks for a reset as a stranger does.
func (w *world) asksForReset(email string) error {
	return w.RequestReset(w.t.Context(), email, provisioning.Browser{Address: "198.51.100.1"})
}

// resetTicket asks for a reset and opens the link of the mail.
func (w *world) resetTicket(email string) string {
	w.t.Helper()
	works(w.t, w.asksForReset(email))
	return w.ticket(w.mailed(email, provisioning.MailReset).LinkToken)
}

func (w *world) resets(ticket, password string) error {
	return w.CompleteReset(w.t.Context(), ticket, password, provisioning.Browser{Address: "198.51.100.1"})
}

const newPassword = "another long password"

func TestReset_TheMailedLinkSetsThePassword_EndsEverySession_AndKeepsTheSecondFactors(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w = w.mailing()
		ada := w.proved("ada").in()
		ada.withTOTP()
		ada.withPasskey("phone")
		session := ada.enters(w)
		ticket := w.resetTicket(ada.email)
		mail := w.mailed(ada.email, provisioning.MailReset)
		if mail.LinkPath != "/reset" || !mail.EndsAt.Equal(mail.ExpiresAt) || !strings.HasPrefix(mail.LinkToken, provisioning.LinkPrefix) {
			t.Errorf("mail %+v", mail.Mail)
		}
		if email := must(w.OpenReset(t.Context(), ticket))(t); email != ada.email {
			t.Errorf("the link is of %q", email)
		}
		if rule := must(w.ResetRule(t.Context(), ticket))(t); rule.Min != 12 {
			t.Errorf("rule %+v", rule)
		}
		works(t, w.resets(ticket, newPassword))
		if ada.signedIn() {
			t.Error("the parent sign-in lives")
		}
		w.dead(session)
		ada.password = newPassword
		fresh := ada.elsewhere().in() // by the authenticator that was there before
		if f := fresh.parent(t).Factors; !f.TOTP || len(f.Passkeys) != 1 || f.RecoveryCodes != 10 {
			t.Errorf("factors %+v", f)
		}
		if w.recorded("account.password_reset") != 1 {
			t.Error("the reset is not in the audit log")
		}
		w.mailed(ada.email, provisioning.MailPassword)
	})
}

func TestReset_EndsSessionsThatCameThroughAConnectionToo(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w = w.mailing()
		born := w.fresh("00u1")
		sso := must(w.signIn("00u1", "00u1@acme.example"))(t)
		ada := w.storeAccount(w.mailbox("ada"), "")
		w.point(born, ada.id)
		works(t, w.resets(w.resetTicket(ada.email), newPassword))
		w.dead(sso.Secret)
	})
}

func TestReset_ALinkIsUsedOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w = w.mailing()
		ada := w.proved("ada")
		ticket := w.resetTicket(ada.email)
		works(t, w.resets(ticket, newPassword))
		isKind(t, w.resets(ticket, "yet another password"), provisioning.ErrGone, "link_used")
		_, err := w.ExchangeLink(t.Context(), w.mailed(ada.email, provisioning.MailReset).LinkToken)
		isKind(t, err, provisioning.ErrGone, "link_used")
		ada.password = newPassword
		ada.in()
	})
}

func TestReset_OfTwoAtOnceOneGetsIt(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		second := w.besides()
		w = w.mailing()
		for _, name := range []string{"ada", "bob", "eve"} {
			ada := w.proved(name)
			ticket := w.resetTicket(ada.email)
			passwords := []string{"the first new password", "the second new password"}
			errs := together(
				func() error { return w.resets(ticket, passwords[0]) },
				func() error { return second.resets(ticket, passwords[1]) },
			)
			won := 0
			if errs[0] != nil {
				won = 1
			}
			isKind(t, errs[1-won], provisioning.ErrGone, "link_used")
			works(t, errs[won])
			ada.password = passwords[won]
			ada.in()
		}
	})
}

func TestReset_ALinkIsGoodForADay_OrWhatTheShortestWorkspaceSays(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w = w.mailing()
		tenant := w.tenant("Umbrella")
		ada, bob := w.proved("ada"), w.proved("bob")
		bob.joins(tenant)
		works(t, tenant.SetSetting(t.Context(), w.operator, tenant.ws, provisioning.SettingResetLifetime, "30m"))
		works(t, w.asksForReset(ada.email))
		works(t, w.asksForReset(bob.email))
		for email, lifetime := range map[string]time.Duration{ada.email: 24 * time.Hour, bob.email: 30 * time.Minute} {
			text := w.mailed(email, provisioning.MailReset).LinkToken
			before := w.later(lifetime - time.Minute)
			ticket := before.ticket(text)
			_, err := w.later(lifetime+time.Minute).ExchangeLink(t.Context(), text)
			isKind(t, err, provisioning.ErrGone, "link_expired")
			isKind(t, w.later(lifetime+time.Minute).resets(ticket, newPassword), provisioning.ErrGone, "link_expired")
			works(t, before.resets(ticket, newPassword))
		}
	})
}

func TestReset_ATicketIsGoodForAnHourAndForItsLinkAlone(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w = w.mailing()
		ada := w.proved("ada")
		ticket := w.resetTicket(ada.email)
		isKind(t, w.later(61*time.Minute).resets(ticket, newPassword), provisioning.ErrGone, "link_dead")
		for _, forged := range []string{"", "dbtic_", "dbtic_AAAA", ticket[:len(ticket)-2], ticket + "A", strings.Repeat("A", 1<<20)} {
			isKind(t, w.resets(forged, newPassword), provisioning.ErrGone, "link_dead")
		}
		_, err := w.AgreeToEmailChange(t.Context(), ticket, provisioning.Browser{})
		isKind(t, err, provisioning.ErrGone, "link_dead")
		works(t, w.resets(ticket, newPassword))
	})
}

func TestReset_ANewLinkKillsTheOneBeforeIt_AndItsMail(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w = w.mailing()
		ada := w.proved("ada")
		first := w.resetTicket(ada.email)
		later := w.later(6 * time.Minute)
		second := later.resetTicket(ada.email)
		isKind(t, later.resets(first, newPassword), provisioning.ErrGone, "link_used")
		if got := w.kinds(ada.email); got != "reset" {
			t.Errorf("waiting mails %q: the first one leads nowhere", got)
		}
		works(t, later.resets(second, newPassword))
	})
}

func TestReset_IsMailedOnceInFiveMinutes(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w = w.mailing()
		ada := w.proved("ada")
		first := w.resetTicket(ada.email)
		for _, after := range []time.Duration{0, 4 * time.Minute} {
			works(t, w.later(after).asksForReset(strings.ToUpper(ada.email)))
		}
		if got := w.kinds(ada.email); got != "reset" {
			t.Errorf("mails %q", got)
		}
		works(t, w.resets(first, newPassword))
		works(t, w.later(4*time.Minute).asksForReset(ada.email)) // also after it was used
		if got := w.kinds(ada.email); got != "reset password" {
			t.Errorf("mails %q", got)
		}
	})
}

func TestReset_ALinkThatTheOperatorShowedKeepsNoMailBack(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w = w.mailing()
		ada := w.proved("ada")
		text, _, err := w.ResetLink(t.Context(), w.operator, w.ws, ada.user)
		works(t, err)
		shown := w.ticket(text)
		works(t, w.resets(w.resetTicket(ada.email), newPassword))
		isKind(t, w.resets(shown, "yet another password"), provisioning.ErrGone, "link_used")
	})
}

func TestReset_TwoThatAskAtOnceGetOneMail(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		second := w.besides().mailing()
		w = w.mailing()
		ada := w.proved("ada")
		works(t, together(func() error { return w.asksForReset(ada.email) }, func() error { return second.asksForReset(ada.email) })...)
		if got := w.kinds(ada.email); got != "reset" {
			t.Errorf("mails %q", got)
		}
	})
}

func TestReset_NobodyIsAnsweredAlike_InTheSameTime_WithoutAMail(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w = w.mailing()
		ada, nobody := w.proved("ada"), w.mailbox("nobody")
		took := func(email string) time.Duration {
			began := time.Now()
			works(t, w.asksForReset(email))
			return time.Since(began)
		}
		for _, email := range []string{ada.email, nobody, ada.email, nobody} {
			if d := took(email); d < 250*time.Millisecond {
				t.Errorf("%s was answered after %s: the work shows", email, d)
			}
		}
		if mails := w.mailsTo(nobody); len(mails) != 0 {
			t.Errorf("mails to nobody: %+v", mails)
		}
	})
}

func TestReset_WhoHasNoAccountGetsNone_AlsoAsAUser(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w = w.mailing()
		email := w.mailbox("sso")
		born := must(w.CreateDirectoryUser(t.Context(), w.okta, person("00u1", email)))(t)
		works(t, w.asksForReset(email))
		if mails := w.mailsTo(email); len(mails) != 0 {
			t.Errorf("mails: %+v", mails)
		}
		_, _, err := w.ResetLink(t.Context(), w.operator, w.ws, born.ID)
		isKind(t, err, provisioning.ErrConflict, "no_account")
	})
}

func TestReset_ASourceAsksTwentyTimesAnHour_OthersGoOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "sqlite:"+t.TempDir()+"/test.db").mailing()
	ask := func(w *world, from string) error {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		return w.RequestReset(ctx, w.mailbox("nobody"), provisioning.Browser{Address: from})
	}
	var fns []func() error
	for range 20 {
		fns = append(fns, func() error { return ask(w, "2001:db8::1") })
	}
	works(t, together(fns...)...)
	err := ask(w, "2001:db8::2") // of the same network
	isKind(t, err, provisioning.ErrTooMany, "too_often")
	var told *provisioning.Error
	if !errors.As(err, &told) || told.RetryAfter <= 0 || told.RetryAfter > time.Hour {
		t.Errorf("come again after: %+v", told)
	}
	works(t, ask(w, "2001:db8:0:1::1"))
	works(t, ask(w.later(61*time.Minute), "2001:db8::2"))
}

func TestReset_WhatIsRefused(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		for _, email := range []string{"", "ada", "ada@", "a@b\r\nBcc: eve@example.com", strings.Repeat("a", 1<<20) + "@acme.example"} {
			if err := w.mailing().asksForReset(email); !errors.Is(err, provisioning.ErrInvalid) {
				t.Errorf("%.40q: %v", email, err)
			}
		}
		isKind(t, w.asksForReset(w.mailbox("ada")), provisioning.ErrConflict, "no_mail")
		w = w.mailing()
		ada := w.proved("ada")
		ticket := w.resetTicket(ada.email)
		isKind(t, w.resets(ticket, "short"), provisioning.ErrInvalid, "password_short")
		isKind(t, w.resets(ticket, ada.email), provisioning.ErrInvalid, "password_address")
		works(t, w.resets(ticket, newPassword)) // a refused password used nothing up
	})
}

func TestReset_EndsTheLockOutOfTheSourceThatDidIt_AndOfNoOther(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w = w.mailing()
		ada := w.proved("ada")
		here, there := provisioning.Browser{Address: "198.51.100.1"}, provisioning.Browser{Address: "203.0.113.9"}
		for _, b := range []provisioning.Browser{here, there} {
			for range 5 {
				_, err := w.SignInWithPassword(t.Context(), ada.email, "not the password", b)
				isKind(t, err, provisioning.ErrUnauthenticated, "wrong_password")
			}
		}
		works(t, w.resets(w.resetTicket(ada.email), newPassword))
		must(w.SignInWithPassword(t.Context(), ada.email, newPassword, here))(t)
		_, err := w.SignInWithPassword(t.Context(), ada.email, newPassword, there)
		isKind(t, err, provisioning.ErrTooMany, "locked")
	})
}

func TestReset_APasswordChangeKillsTheLink(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w = w.mailing()
		ada := w.proved("ada").in()
		ticket := w.resetTicket(ada.email)
		works(t, ada.change(aPassword, newPassword))
		isKind(t, w.resets(ticket, "yet another password"), provisioning.ErrGone, "link_used")
	})
}

func TestReset_TheOperatorsLinkIsShown_AndProvesNoAddress(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		email := w.mailbox("ada")
		ada := w.unproved(email)
		in := ada.in()
		in.withTOTP()
		isForbidden := func(a provisioning.Actor) {
			_, _, err := w.ResetLink(t.Context(), a, w.ws, ada.user)
			isKind(t, err, provisioning.ErrForbidden, "not_permitted")
		}
		isForbidden(in.actor())
		text, expires, err := w.ResetLink(t.Context(), w.operator, w.ws, ada.user)
		works(t, err)
		if left := expires.Sub(w.now()); left < 23*time.Hour || left > 24*time.Hour {
			t.Errorf("good for %s", left)
		}
		works(t, w.resets(w.ticket(text), newPassword))
		if a := ada.account(); a.EmailProved || a.Home != w.ws || a.TOTPSecret == nil {
			t.Errorf("account %+v", a)
		}
		if in.signedIn() {
			t.Error("the parent sign-in lives")
		}
		if len(w.mailing().mailsTo(email)) != 0 {
			t.Error("a mail went to an address that nobody proved")
		}
	})
}

func TestRule19_AMailedResetSetsAnUnprovedAccountUpAnew(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w = w.mailing()
		tenant := w.tenant("Umbrella")
		email := w.mailbox("ada")
		// Whoever was shown the links, in two workspaces, knows nothing of the mailbox.
		here, there := w.unproved(email).in(), tenant.unproved(email)
		there.password = aPassword
		here.withTOTP()
		_, codes := here.withPasskey("theirs")
		if len(codes) != 0 {
			t.Error("recovery codes were made twice")
		}
		session := here.enters(w)
		works(t, w.resets(w.resetTicket(email), newPassword))

		owner := here.elsewhere()
		owner.password, owner.secret = newPassword, ""
		owner.in()
		p := owner.parent(t)
		if p.Account.ID != here.id || !p.Account.EmailProved || p.Account.Home != "" || p.FactorNeeded {
			t.Errorf("account %+v", p.Account)
		}
		if p.Factors.Any() || p.Factors.RecoveryCodes != 0 {
			t.Errorf("factors %+v", p.Factors)
		}
		if here.signedIn() {
			t.Error("the parent sign-in of before lives")
		}
		w.dead(session)
		owner.enters(w)
		owner.enters(tenant) // the other unproved account was absorbed
		if u := tenant.user(there.user); u.Account != here.id {
			t.Errorf("the user of the other workspace points to %s", u.Account)
		}
		_, err := w.SignInWithPassword(t.Context(), email, aPassword, provisioning.Browser{})
		isKind(t, err, provisioning.ErrUnauthenticated, "wrong_password")
		if w.recorded("account.password_reset") != 1 || tenant.recorded("account.password_reset") != 1 {
			t.Error("the audit logs do not say so")
		}
	})
}

func TestRule19_BesideAProvedAccountTheMailedResetIsOfThatOne(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w = w.mailing()
		ada := w.proved("ada")
		beside := w.tenant("Umbrella").unproved(ada.email)
		before := beside.account()
		works(t, w.resets(w.resetTicket(ada.email), newPassword))
		if after := beside.account(); after.PasswordHash != before.PasswordHash {
			t.Error("the reset reached the unproved account")
		}
		ada.password = newPassword
		if p := ada.in().parent(t); p.Account.ID != ada.id {
			t.Errorf("signed in to %s", p.Account.ID)
		}
	})
}

// An invitation by mail may set an unproved account up anew at the same moment.
func TestReset_OfUnprovedAccountsAtOnce_OneProvedAccountHasAllUsers(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		second := w.besides()
		w = w.mailing()
		tenant := w.tenant("Umbrella")
		for _, name := range []string{"ada", "bob", "eve"} {
			email := w.mailbox(name)
			here, there := w.unproved(email), tenant.unproved(email)
			ticket := w.resetTicket(email)
			text, _, err := tenant.ResetLink(t.Context(), w.operator, tenant.ws, there.user)
			works(t, err)
			shown := w.ticket(text)
			errs := together(
				func() error { return w.resets(ticket, newPassword) },
				func() error { return second.resets(shown, "the operator's password") },
			)
			works(t, errs[0])
			if errs[1] != nil && !errors.Is(errs[1], provisioning.ErrGone) {
				t.Fatal(errs[1])
			}
			if u := tenant.user(there.user); u.Account != here.id {
				t.Errorf("the other user points to %s", u.Account)
			}
			here.password = newPassword
			here.in()
		}
	})
}
