package provisioning_test

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"drawbridge/provisioning"
)

// claims takes what waits, as a worker does.
func (w *world) claims() []provisioning.Claimed {
	w.t.Helper()
	return must(w.ClaimMails(w.t.Context(), time.Minute, 100))(w.t)
}

// claim takes the one mail that waits.
func (w *world) claim() provisioning.Claimed {
	w.t.Helper()
	all := w.claims()
	if len(all) != 1 {
		w.t.Fatalf("claimed %+v, want one", all)
	}
	return all[0]
}

func (w *world) settles(c provisioning.Claimed, o provisioning.MailOutcome) {
	w.t.Helper()
	if !must(w.SettleMail(w.t.Context(), c, o))(w.t) {
		w.t.Fatal("the worker does not have the mail any more")
	}
}

// outbox returns the one mail of the workspace as an administrator sees it.
func (w *world) outbox() provisioning.Posted {
	w.t.Helper()
	all := must(w.Mails(w.t.Context(), w.operator, w.ws, provisioning.DeliveryQuery{}))(w.t)
	if len(all) != 1 {
		w.t.Fatalf("in the outbox are %+v, want one", all)
	}
	return all[0]
}

// postAccount puts a mail about an account into the outbox.
func (w *world) postAccount(to string) provisioning.DeliveryID {
	w.t.Helper()
	ctx, id := w.t.Context(), newID[provisioning.DeliveryID]()
	sealed := must(w.ports.Sealer.Seal("", "delivery/"+string(id), []byte(`{"Person":"x"}`)))(w.t)
	works(w.t, w.store.Update(ctx, func(tx *provisioning.Tx) error {
		return tx.Deliveries.Add(ctx, []provisioning.Delivery{{
			ID: id, Kind: provisioning.MailPassword, To: to, Sealed: sealed, State: provisioning.DeliveryWaiting,
			NextAt: tx.Now(), CreatedAt: tx.Now(), ExpiresAt: tx.Now().Add(time.Hour),
		}})
	}))
	return id
}

func TestOutbox_AMailIsClaimedOnce_AndWhatItSaidIsErasedOnceSent(t *testing.T) {
	alone(t, func(t *testing.T, base *world) {
		w := base.mailing()
		i, link := w.mailedTo(w.address("ada"), roleIn(w.paris, w.guest))
		c := w.claim()
		if c.Mail.LinkToken != link || c.Delivery.To != w.address("ada") || c.Delivery.Attempts != 1 || len(w.claims()) != 0 {
			t.Errorf("claimed %+v", c)
		}
		w.settles(c, provisioning.MailOutcome{Sent: true})
		got := w.letters()[0]
		if got.State != provisioning.DeliverySent || got.Sealed != nil || got.SettledAt.IsZero() || got.Error != "" {
			t.Errorf("settled as %+v", got)
		}
		if must(w.SettleMail(t.Context(), c, provisioning.MailOutcome{GivenUp: true}))(t) {
			t.Error("settled twice")
		}
		if w.goodLink(link).Invitation.ID != i.ID {
			t.Error("the link of a mail that was sent is dead")
		}
	})
}

func TestOutbox_WhatWasNotSentIsTriedAgainLater(t *testing.T) {
	alone(t, func(t *testing.T, base *world) {
		w := base.mailing()
		w.mailedTo(w.address("ada"), roleIn(w.paris, w.guest))
		w.settles(w.claim(), provisioning.MailOutcome{Error: "The mail server is busy.\r\n" + strings.Repeat("x", 1000), Retry: 5 * time.Minute})
		got := w.outbox()
		if got.State != provisioning.DeliveryWaiting || !strings.HasPrefix(got.Error, "The mail server is busy.  xxx") || len(got.Error) > 300 || got.Attempts != 1 {
			t.Errorf("%+v", got)
		}
		if len(w.claims()) != 0 || len(w.later(4*time.Minute).claims()) != 0 {
			t.Error("claimed before its time")
		}
		if c := w.later(6 * time.Minute).claim(); c.Delivery.Attempts != 2 {
			t.Errorf("attempts %d", c.Delivery.Attempts)
		}
	})
}

func TestOutbox_AWorkerThatDiedLosesItsLease(t *testing.T) {
	alone(t, func(t *testing.T, base *world) {
		w := base.mailing()
		w.mailedTo(w.address("ada"), roleIn(w.paris, w.guest))
		lost := w.claim()
		next := w.later(2 * time.Minute)
		c := next.claim()
		if must(w.SettleMail(t.Context(), lost, provisioning.MailOutcome{Sent: true}))(t) {
			t.Error("the worker whose lease ended settled it")
		}
		next.settles(c, provisioning.MailOutcome{Sent: true})
	})
}

func TestOutbox_AMailGivenUpWarns_KeepsItsWords_AndIsSentAgain(t *testing.T) {
	alone(t, func(t *testing.T, base *world) {
		w := base.mailing()
		ctx := t.Context()
		_, link := w.mailedTo(w.address("ada"), roleIn(w.paris, w.guest))
		isKind(t, w.RetryMail(ctx, w.operator, w.ws, w.outbox().ID), provisioning.ErrConflict, "not_dead")
		w.settles(w.claim(), provisioning.MailOutcome{GivenUp: true, Error: "The mail server refused the address for good."})
		got := w.outbox()
		if got.State != provisioning.DeliveryDead || got.Error != "The mail server refused the address for good." || !w.warned(provisioning.EventMailDead) {
			t.Errorf("%+v", got)
		}
		for _, e := range w.events() {
			if e.Type == provisioning.EventMailDead && (e.Subject != string(got.ID) || strings.Contains(e.Data["kind"]+e.Subject, "@")) {
				t.Errorf("event %+v", e)
			}
		}
		reader, editor := w.hire("rita", w.root, provisioning.MembersRead), w.hire("ed", w.root, provisioning.MembersEdit)
		isKind(t, w.RetryMail(ctx, reader, w.ws, got.ID), provisioning.ErrForbidden, "not_permitted")
		isKind(t, w.RetryMail(ctx, w.operator, w.tenantB().ws, got.ID), provisioning.ErrConflict, "not_dead")
		works(t, w.RetryMail(ctx, editor, w.ws, got.ID))
		if c := w.claim(); c.Mail.LinkToken != link || c.Delivery.Attempts != 1 {
			t.Errorf("claimed %+v", c)
		}
	})
}

func TestOutbox_AMailIsNotSentAfterItsLinkEnded(t *testing.T) {
	alone(t, func(t *testing.T, base *world) {
		w := base.mailing()
		i, _ := w.mailedTo(w.address("ada"), roleIn(w.paris, w.guest))
		late := w.later(24 * time.Hour)
		if all := late.claims(); len(all) != 0 {
			t.Errorf("claimed %+v", all)
		}
		if got := w.letters()[0]; got.State != provisioning.DeliveryExpired || got.Sealed != nil {
			t.Errorf("%+v", got)
		}
		must(w.ResendInvitation(t.Context(), w.operator, w.ws, i.ID))(t)
		c := w.claim()
		w.settles(c, provisioning.MailOutcome{GivenUp: true})
		works(t, late.later(24*time.Hour).ExpireMails(t.Context()))
		if got := w.letters()[1]; got.State != provisioning.DeliveryExpired || got.Sealed != nil {
			t.Errorf("%+v", got)
		}
		isKind(t, late.RetryMail(t.Context(), w.operator, w.ws, c.Delivery.ID), provisioning.ErrConflict, "not_dead")
		works(t, w.later(40*24*time.Hour).ExpireMails(t.Context()))
		if all := w.letters(); len(all) != 0 {
			t.Errorf("after 30 days: %+v", all)
		}
	})
}

func TestOutbox_ACancelledInvitationsMailIsNotSent_AlsoIfAWorkerHasIt(t *testing.T) {
	alone(t, func(t *testing.T, base *world) {
		w := base.mailing()
		i, _ := w.mailedTo(w.address("ada"), roleIn(w.paris, w.guest))
		c := w.claim()
		works(t, w.CancelInvitation(t.Context(), w.operator, w.ws, i.ID))
		if must(w.SettleMail(t.Context(), c, provisioning.MailOutcome{Retry: time.Second}))(t) {
			t.Error("the dropped mail waits again")
		}
		if got := w.letters()[0]; got.State != provisioning.DeliveryDropped || got.Sealed != nil || len(w.later(time.Hour).claims()) != 0 {
			t.Errorf("%+v", got)
		}
	})
}

// lockedSealer opens nothing: the key was lost.
type lockedSealer struct{ provisioning.Sealer }

func (lockedSealer) Open(string, string, []byte) ([]byte, error) { return nil, errors.New("wrong key") }

func TestOutbox_AMailThatCannotBeReadIsGivenUp_AndSpoilsNoOther(t *testing.T) {
	alone(t, func(t *testing.T, base *world) {
		w := base.mailing()
		w.mailedTo(w.address("ada"), roleIn(w.paris, w.guest))
		var log bytes.Buffer
		blind := w.with(func(p *provisioning.Ports) {
			p.Sealer, p.Log = lockedSealer{p.Sealer}, slog.New(slog.NewTextHandler(&log, nil))
		})
		if all := blind.claims(); len(all) != 0 {
			t.Errorf("claimed %+v", all)
		}
		got := w.outbox()
		if got.State != provisioning.DeliveryDead || !strings.Contains(got.Error, "secret key") || !w.warned(provisioning.EventMailDead) {
			t.Errorf("%+v", got)
		}
		if !strings.Contains(log.String(), string(got.ID)) || strings.Contains(log.String(), "@") {
			t.Errorf("log %s", log.String())
		}
		works(t, w.RetryMail(t.Context(), w.operator, w.ws, got.ID)) // the key is back
		w.claim()
	})
}

func TestOutbox_MailsAboutAccountsAreTheOperators(t *testing.T) {
	alone(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		id := w.postAccount("ada@acme.example")
		admin := w.hire("boss", w.root, provisioning.MembersRead, provisioning.MembersEdit)
		if all := must(w.Mails(ctx, admin, w.ws, provisioning.DeliveryQuery{}))(t); len(all) != 0 {
			t.Errorf("an administrator sees %+v", all)
		}
		_, err := w.Mails(ctx, admin, "", provisioning.DeliveryQuery{})
		isKind(t, err, provisioning.ErrForbidden, "not_permitted")
		isKind(t, w.RetryMail(ctx, admin, "", id), provisioning.ErrForbidden, "not_permitted")

		var log bytes.Buffer
		posted := make(posts, 8)
		w = w.with(func(p *provisioning.Ports) {
			p.Log, p.Notifier = slog.New(slog.NewTextHandler(&log, nil)), posted
		})
		w.settles(w.claim(), provisioning.MailOutcome{GivenUp: true, Error: "No such mailbox."})
		if !strings.Contains(log.String(), string(id)) || strings.Contains(log.String(), "@") {
			t.Errorf("log %s", log.String())
		}
		all := must(w.Mails(ctx, w.operator, "", provisioning.DeliveryQuery{State: provisioning.DeliveryDead}))(t)
		if len(all) != 1 || all[0].ID != id || all[0].To != "ada@acme.example" || all[0].Kind != provisioning.MailPassword {
			t.Errorf("the operator sees %+v", all)
		}
		works(t, w.RetryMail(ctx, w.operator, "", id))
		if len(posted) != 1 {
			t.Error("no worker is woken")
		}
		w.claim()
	})
}

// posts counts how often workers are woken.
type posts chan struct{}

func (posts) Revoked([]string)              {}
func (posts) Wake(provisioning.WorkspaceID) {}
func (p posts) Posted()                     { p <- struct{}{} }

func TestOutbox_AnInvitationWakesAWorker_AfterTheCommit(t *testing.T) {
	onBoth(t, func(t *testing.T, base *world) {
		posted := make(posts, 8)
		w := base.mailing().with(func(p *provisioning.Ports) { p.Notifier = posted })
		w.declines("email", "nonsense", roleIn(w.paris, w.guest))
		if len(posted) != 0 {
			t.Error("woken for nothing")
		}
		w.adds(provisioning.InviteAdded, w.address("ada"), roleIn(w.paris, w.guest))
		if len(posted) != 1 {
			t.Errorf("woken %d times", len(posted))
		}
	})
}

func TestOutbox_NeedsToSeeMembers_OfItsOwnWorkspace(t *testing.T) {
	onBoth(t, func(t *testing.T, base *world) {
		w := base.mailing()
		other := w.tenantB()
		w.mailedTo(w.address("ada"), roleIn(w.paris, w.guest))
		inviter := w.hire("carol", w.root, provisioning.MembersInvite)
		_, err := w.Mails(t.Context(), inviter, w.ws, provisioning.DeliveryQuery{})
		isKind(t, err, provisioning.ErrForbidden, "not_permitted")
		_, err = w.Mails(t.Context(), inviter, other.ws, provisioning.DeliveryQuery{})
		isKind(t, err, provisioning.ErrNotFound, "not_found")
		if all := must(w.Mails(t.Context(), w.operator, other.ws, provisioning.DeliveryQuery{}))(t); len(all) != 0 {
			t.Errorf("another workspace sees %+v", all)
		}
	})
}

// Several processes on one database send each mail once.
func TestParallel_TwoWorkersNeverHaveTheSameMail(t *testing.T) {
	alone(t, func(t *testing.T, base *world) {
		w := base.mailing()
		for n := range 20 {
			w.adds(provisioning.InviteAdded, w.address(string(rune('a'+n))), roleIn(w.paris, w.guest))
		}
		second := w.besides()
		var mine, theirs []provisioning.Claimed
		take := func(w *world, into *[]provisioning.Claimed) func() error {
			return func() error {
				for {
					got, err := w.ClaimMails(t.Context(), time.Minute, 3)
					if err != nil || len(got) == 0 {
						return err
					}
					*into = append(*into, got...)
				}
			}
		}
		works(t, together(take(w, &mine), take(second, &theirs))...)
		seen := make(map[provisioning.DeliveryID]bool)
		for _, c := range append(mine, theirs...) {
			if seen[c.Delivery.ID] {
				t.Errorf("%s was claimed twice", c.Delivery.ID)
			}
			seen[c.Delivery.ID] = true
		}
		if len(seen) != 20 {
			t.Errorf("%d mails claimed, want 20", len(seen))
		}
	})
}
