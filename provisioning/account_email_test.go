package provisioning_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"drawbridge/provisioning"
)

// moves asks for another address and returns the tickets of both mails.
func (o *holder) moves(next string) (old, fresh string) {
	o.t.Helper()
	works(o.t, o.RequestEmailChange(o.t.Context(), next, o.browser))
	return o.ticket(o.mailed(o.email, provisioning.MailEmailOld).LinkToken), o.ticket(o.mailed(next, provisioning.MailEmailNew).LinkToken)
}

func (w *world) agrees(ticket string) (bool, error) {
	return w.AgreeToEmailChange(w.t.Context(), ticket, provisioning.Browser{Address: "198.51.100.1"})
}

func TestEmailChange_NeedsBothAddressesWord(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w = w.mailing()
		for i, order := range [][2]provisioning.LinkPurpose{
			{provisioning.LinkEmailOld, provisioning.LinkEmailNew}, {provisioning.LinkEmailNew, provisioning.LinkEmailOld},
		} {
			ada := w.proved([]string{"ada", "bob"}[i]).in()
			session := ada.enters(w)
			next := w.mailbox([]string{"ada.king", "bob.king"}[i])
			old, fresh := ada.moves(next)
			tickets := map[provisioning.LinkPurpose]string{provisioning.LinkEmailOld: old, provisioning.LinkEmailNew: fresh}
			for n, word := range order {
				asked := must(w.OpenEmailChange(t.Context(), tickets[word]))(t)
				if want := (provisioning.EmailChange{Old: ada.email, New: next, Purpose: word, OtherHas: n == 1}); asked != want {
					t.Errorf("the link asks %+v, want %+v", asked, want)
				}
				if changed := must(w.agrees(tickets[word]))(t); changed != (n == 1) {
					t.Errorf("word %d of %s changed: %v", n, word, changed)
				}
				_, err := w.agrees(tickets[word])
				isKind(t, err, provisioning.ErrGone, "link_used")
				if n == 0 && (ada.account().Email != ada.email || w.user(ada.user).Email != ada.email) {
					t.Error("one word changed something")
				}
			}
			if a, u := ada.account(), w.user(ada.user); a.Email != next || !a.EmailProved || u.Email != next || u.UserName != next {
				t.Errorf("account %s, user %s %s", a.Email, u.UserName, u.Email)
			}
			if m := w.mailed(ada.email, provisioning.MailEmailChanged); m.Person != next {
				t.Errorf("the notice names %q", m.Person)
			}
			w.alive(session)
			ada.email = next
			ada.elsewhere().in()
		}
		if w.recorded("account.email_change") != 2 {
			t.Error("the audit log says nothing")
		}
	})
}

func TestEmailChange_TheMails(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w = w.mailing()
		ada, next := w.proved("ada").in(), w.mailbox("ada.king")
		ada.moves(next)
		old, fresh := w.mailed(ada.email, provisioning.MailEmailOld), w.mailed(next, provisioning.MailEmailNew)
		if old.Person != next || old.LinkPath != "/email" || fresh.LinkPath != "/email" || old.LinkToken == fresh.LinkToken {
			t.Errorf("mails %+v, %+v", old.Mail, fresh.Mail)
		}
		if fresh.Person != "" {
			t.Errorf("who reads mail at the new address is told of %q", fresh.Person)
		}
	})
}

func TestEmailChange_BothAtOnce_ChangesOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		second := w.besides().mailing()
		w = w.mailing()
		for _, name := range []string{"ada", "bob", "eve"} {
			ada, next := w.proved(name).in(), w.mailbox(name+".king")
			old, fresh := ada.moves(next)
			var changed [2]bool
			works(t, together(
				func() (err error) { changed[0], err = w.agrees(old); return err },
				func() (err error) { changed[1], err = second.agrees(fresh); return err },
			)...)
			if changed[0] == changed[1] || ada.account().Email != next {
				t.Fatalf("changed %v, account %s", changed, ada.account().Email)
			}
		}
	})
}

func TestEmailChange_ALinkIsDeadAfterADay_ANewRequest_AndAPasswordChange(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w = w.mailing()
		ada, next := w.proved("ada").in(), w.mailbox("ada.king")
		old, fresh := ada.moves(next)
		must(w.agrees(old))(t)
		text := w.mailed(next, provisioning.MailEmailNew).LinkToken
		_, err := w.later(24*time.Hour+time.Second).ExchangeLink(t.Context(), text)
		isKind(t, err, provisioning.ErrGone, "link_expired")

		old2, fresh2 := ada.moves(next)
		_, err = w.agrees(fresh)
		isKind(t, err, provisioning.ErrGone, "link_used")
		if c := must(w.OpenEmailChange(t.Context(), fresh2))(t); c.OtherHas {
			t.Error("a word for an earlier request counts for this one")
		}
		if changed := must(w.agrees(fresh2))(t); changed {
			t.Error("a word for an earlier request counted for this one")
		}
		works(t, ada.change(aPassword, newPassword))
		_, err = w.agrees(old2)
		isKind(t, err, provisioning.ErrGone, "link_used")
		if ada.account().Email != ada.email {
			t.Error("the address changed")
		}
	})
}

func TestEmailChange_AnAddressOfAnotherAccountIsAskedNothing_AndTheAnswerIsTheSame(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w = w.mailing()
		ada, eve := w.proved("ada").in(), w.proved("eve")
		works(t, ada.RequestEmailChange(t.Context(), strings.ToUpper(eve.email), ada.browser))
		if mails := w.mailsTo(strings.ToUpper(eve.email)); len(mails) != 0 {
			t.Errorf("mails %+v", mails)
		}
		old := ada.ticket(w.mailed(ada.email, provisioning.MailEmailOld).LinkToken)
		if c := must(w.OpenEmailChange(t.Context(), old))(t); c.OtherHas {
			t.Error("the other address has agreed?")
		}
		if changed := must(w.agrees(old))(t); changed {
			t.Error("one word changed the address to somebody else's")
		}
	})
}

// Meanwhile somebody else may get an account with the new address.
func TestEmailChange_AnAddressThatWasTakenMeanwhile_IsToldToItsReaderAlone(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w = w.mailing()
		for i, last := range []provisioning.LinkPurpose{provisioning.LinkEmailOld, provisioning.LinkEmailNew} {
			name := []string{"ada", "bob"}[i]
			ada, next := w.proved(name).in(), w.mailbox(name+".king")
			old, fresh := ada.moves(next)
			w.storeAccount(next, "")
			if last == provisioning.LinkEmailNew {
				must(w.agrees(old))(t)
				_, err := w.agrees(fresh)
				isKind(t, err, provisioning.ErrConflict, "email_taken")
			} else {
				must(w.agrees(fresh))(t)
				if changed := must(w.agrees(old))(t); changed {
					t.Error("two accounts have the address")
				}
			}
			if ada.account().Email != ada.email {
				t.Error("the address changed")
			}
		}
	})
}

func TestEmailChange_UsersFollow_ButForDirectorys_OtherAddresses_AndWhereItIsTaken(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w = w.mailing()
		umbrella, initech, wayne := w.tenant("Umbrella"), w.tenant("Initech"), w.tenant("Wayne")
		ada, next := w.proved("ada"), w.mailbox("ada.king")
		taken := ada.joins(umbrella)
		other := w.storeAccount(next, umbrella.ws)
		other.joins(umbrella)
		elsewhere := ada.joins(initech)
		initech.rename(elsewhere, "ada", "ada@initech.example")
		named := ada.joins(wayne)
		wayne.rename(named, "ada", ada.email)
		hooli := w.tenant("Hooli")
		pushed := hooli.push("00u9", "pushed@hooli.example")
		ada.in()
		old, fresh := ada.moves(next)
		must(w.agrees(old))(t)
		hooli.rename(pushed.ID, "pushed@hooli.example", ada.email)
		hooli.point(pushed.ID, ada.id)
		if !must(w.agrees(fresh))(t) {
			t.Fatal("nothing changed")
		}
		for _, c := range []struct {
			w           *world
			user        provisioning.UserID
			name, email string
		}{
			{w, ada.user, next, next},
			{umbrella, taken, ada.email, ada.email},
			{initech, elsewhere, "ada", "ada@initech.example"},
			{wayne, named, "ada", next},
			{hooli, pushed.ID, "pushed@hooli.example", ada.email},
		} {
			if u := c.w.user(c.user); u.UserName != c.name || u.Email != c.email {
				t.Errorf("user of %s: %s, %s", c.w.invited.Workspace.Name, u.UserName, u.Email)
			}
		}
		if events := w.events(); events[len(events)-1].Type != "user.changed" {
			t.Errorf("last event %s", events[len(events)-1].Type)
		}
	})
}

// rename gives a user another userName and e-mail.
func (w *world) rename(u provisioning.UserID, userName, email string) {
	w.t.Helper()
	w.update(func(ctx context.Context, tx *provisioning.Tx) error {
		user, err := tx.Users.Get(ctx, w.ws, u)
		if err != nil {
			return err
		}
		user.UserName, user.Email = userName, email
		return tx.Users.Update(ctx, user)
	})
}

// A link that waits in the old mailbox must not open the account of the new one.
func TestEmailChange_KillsAResetThatWasMailedToTheOldAddress(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w = w.mailing()
		ada, next := w.proved("ada").in(), w.mailbox("ada.king")
		reset := w.resetTicket(ada.email)
		old, fresh := ada.moves(next)
		must(w.agrees(old))(t)
		must(w.agrees(fresh))(t)
		isKind(t, w.resets(reset, newPassword), provisioning.ErrGone, "link_used")
	})
}

func TestRule19_TheNewAddressTakesOverWhatUnprovedAccountsOfItReach(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w = w.mailing()
		tenant := w.tenant("Umbrella")
		ada, next := w.proved("ada").in(), w.mailbox("ada.king")
		shown := tenant.unproved(next).in()
		session := shown.enters(tenant)
		old, fresh := ada.moves(next)
		must(w.agrees(old))(t)
		if !must(w.agrees(fresh))(t) {
			t.Fatal("nothing changed")
		}
		if shown.signedIn() {
			t.Error("whoever held the shown link is still signed in")
		}
		tenant.dead(session)
		if u := tenant.user(shown.user); u.Account != ada.id {
			t.Errorf("the user points to %s", u.Account)
		}
		ada.enters(tenant)
	})
}

func TestRule17_TheNewAddressIsAProvedOne(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w = w.mailing()
		ada, next := w.proved("ada").in(), w.mailbox("ada.king")
		old, fresh := ada.moves(next)
		must(w.agrees(old))(t)
		must(w.agrees(fresh))(t)
		v := must(w.Authenticate(t.Context(), ada.enters(w)))(t)
		if o := must(w.Overview(t.Context(), v))(t); o.ProvedEmail != next {
			t.Errorf("proved address %q", o.ProvedEmail)
		}
	})
}

func TestEmailChange_WhatIsRefused(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.proved("ada").in()
		ask := func(o *holder, next string) error { return o.RequestEmailChange(t.Context(), next, o.browser) }
		isKind(t, ask(ada, w.mailbox("new")), provisioning.ErrConflict, "no_mail")
		shown := w.unproved(w.mailbox("eve")).in()
		isKind(t, ask(shown.at(w.mailing()), w.mailbox("new")), provisioning.ErrConflict, "no_mail")
		ada = ada.at(w.mailing())
		isKind(t, ask(ada, ada.email), provisioning.ErrInvalid, "same_email")
		for _, next := range []string{"", "ada", "a@b\r\nBcc: eve@example.com", strings.Repeat("a", 1<<20) + "@acme.example"} {
			if err := ask(ada, next); !errors.Is(err, provisioning.ErrInvalid) {
				t.Errorf("%.40q: %v", next, err)
			}
		}
		var err error
		for range 6 {
			err = ask(ada, w.mailbox("new"))
		}
		isKind(t, err, provisioning.ErrTooMany, "too_often")
	})
}

func TestEmailChange_TheSpellingOfTheOwnAddressMayChange(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w = w.mailing()
		ada := w.proved("ada").in()
		next := strings.ToUpper(ada.email)
		old, fresh := ada.moves(next)
		must(w.agrees(old))(t)
		if !must(w.agrees(fresh))(t) || ada.account().Email != next {
			t.Error("nothing changed")
		}
	})
}

// Rule 18: required SSO is nobody's to leave by an address of another domain.
func TestRule18_AChangeOfAddressLeadsNobodyPastRequiredSSO(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w = w.mailing()
		w.requireSSO()
		o := w.owner("ada")
		ada := &holder{world: w, id: o.ID, user: o.user, email: o.Email, password: o.password, browser: provisioning.Browser{Address: "192.0.2.7"}}
		ada.in()
		old, fresh := ada.moves(w.mailbox("ada"))
		must(w.agrees(old))(t)
		if changed := must(w.agrees(fresh))(t); !changed || ada.account().Email != w.mailbox("ada") {
			t.Error("the account kept its address")
		}
		if u := w.user(ada.user); u.Email != o.Email {
			t.Errorf("the user has %s", u.Email)
		}
		_, err := w.Enter(t.Context(), w.ws, ada.browser)
		refusedFor(t, err, provisioning.RefusedSSORequired)
	})
}

// Rule 9: nor does the last administrator lock themselves out by it.
func TestRule9_AChangeOfAddressDoesNotTakeTheLastAdministrator(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w = w.mailing()
		boss := w.administrator("boss")
		works(t, w.ssoAlone("on"))
		boss.in()
		old, fresh := boss.moves("boss." + string(w.ws) + "@acme.example")
		must(w.agrees(old))(t)
		must(w.agrees(fresh))(t)
		boss.enters(w)
	})
}
