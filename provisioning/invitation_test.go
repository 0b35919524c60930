package provisioning_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"drawbridge/provisioning"
)

// expire lets an invitation's time run out: it is stored anew, as of two days
// ago, in place of what is open.
func (w *world) expire(i provisioning.Invitation) provisioning.InvitationID {
	w.t.Helper()
	ids := new(provisioning.RandomIDs)
	i.ID = provisioning.InvitationID(ids.New())
	err := w.store.Update(w.t.Context(), func(tx *provisioning.Tx) error {
		if _, err := tx.Invitations.CancelOfUser(w.t.Context(), i.Workspace, i.User, tx.Now()); err != nil {
			return err
		}
		i.CreatedAt, i.ExpiresAt = tx.Now().Add(-48*time.Hour), tx.Now().Add(-24*time.Hour)
		return tx.Invitations.Create(w.t.Context(), i)
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return i.ID
}

// deadLink asserts that a link opens nothing, and deadFor says why.
func (w *world) deadLink(link string) {
	w.t.Helper()
	if _, err := w.OpenInvitation(w.t.Context(), link); !errors.Is(err, provisioning.ErrGone) {
		w.t.Fatalf("the link is not dead: %v", err)
	}
}

func (w *world) deadFor(link, code string) {
	w.t.Helper()
	for _, open := range []func() error{
		func() error { _, err := w.OpenInvitation(w.t.Context(), link); return err },
		func() error { _, err := w.ExchangeLink(w.t.Context(), link); return err },
	} {
		isKind(w.t, open(), provisioning.ErrGone, code)
	}
}

func (w *world) goodLink(link string) provisioning.Invited {
	w.t.Helper()
	return must(w.OpenInvitation(w.t.Context(), link))(w.t)
}

func TestInvitation_ALinkShowsItsWorkspaceAndTheConnectionsThatAreEnabled(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		off := w.another("off")
		must(w.DisableConnection(t.Context(), w.operator, w.ws, off.ID))(t)
		got := w.goodLink(w.invited.Secret)
		if got.Workspace.ID != w.ws || got.Invitation.ID != w.invited.Invitation.ID || len(got.Connections) != 1 || got.Connections[0].ID != w.conn.ID {
			t.Errorf("opened %+v", got)
		}
		if !strings.HasPrefix(w.invited.Secret, provisioning.InvitationPrefix) {
			t.Error("scanners for secrets cannot tell what it is")
		}
	})
}

func TestInvitation_WhatIsNoGoodLinkIsGone(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		good := w.invited.Secret
		_, other := w.invite("ada@acme.example", w.paris, w.guest)
		id, _, _ := strings.Cut(good, ".")
		_, secret, _ := strings.Cut(other, ".")
		for _, bad := range []string{
			"", "x", provisioning.InvitationPrefix, id, id + ".", id + "." + secret, id + ".x" + secret[1:], strings.ToUpper(good),
			strings.TrimPrefix(good, provisioning.InvitationPrefix), good + "x", good + "\x00", provisioning.InvitationPrefix + strings.Repeat("a", 10_000),
			provisioning.InvitationPrefix + new(provisioning.RandomIDs).New() + "." + secret,
		} {
			w.deadFor(bad, "link_dead")
		}
		w.goodLink(good)
	})
}

func TestInvitation_ALinkIsUsedOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		carried := provisioning.PendingSignIn{Invitation: w.goodLink(w.invited.Secret).Invitation.ID}
		boss := w.boss()
		w.holds(boss, "admin in acme")
		w.deadFor(w.invited.Secret, "link_used")
		w.unchangedBy("by a used link", func() {
			for _, subject := range []string{"00uboss", "00u9"} {
				_, err := w.signInWith(carried, subject, "boss@acme.example")
				refusedFor(t, err, provisioning.RefusedInvitationDead)
			}
		})
	})
}

func TestInvitation_AnExpiredOrCancelledOneIsDead(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		i, link := w.invite("ada@acme.example", w.paris, w.analyst)
		old := w.expire(i)
		w.deadFor(link, "link_cancelled") // by expire
		for _, id := range []provisioning.InvitationID{i.ID, old, provisioning.InvitationID(new(provisioning.RandomIDs).New())} {
			_, err := w.signInWith(provisioning.PendingSignIn{Invitation: id}, "00u1", "ada@acme.example")
			refusedFor(t, err, provisioning.RefusedInvitationDead)
		}
		secretOf := strings.Replace(link, string(i.ID), string(old), 1)
		w.deadFor(secretOf, "link_expired")
		w.holds(i.User)
	})
}

func TestInvitation_ItsLifetimeIsASetting(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		if got := w.invited.Invitation.ExpiresAt.Sub(w.invited.Invitation.CreatedAt); got != 24*time.Hour {
			t.Errorf("lives %v, want 24 h", got)
		}
		if err := w.SetSetting(t.Context(), w.operator, w.ws, provisioning.SettingInvitationLifetime, "15m"); err != nil {
			t.Fatal(err)
		}
		i, _ := w.invite("ada@acme.example", w.paris, w.guest)
		if got := i.ExpiresAt.Sub(i.CreatedAt); got != 15*time.Minute {
			t.Errorf("lives %v, want 15 min", got)
		}
	})
}

func TestInvitation_AnotherAddressIsRefused_AndTheLinkStaysGood(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.fresh("00u1")
		carried := provisioning.PendingSignIn{Invitation: w.invited.Invitation.ID}
		w.unchangedBy("by another address", func() {
			for subject, email := range map[string]string{"00u9": "eve@acme.example", "00u8": "", "00u1": "boss@acme.example", "00u7": "boss@acme.example.example"} {
				_, err := w.signInWith(carried, subject, email)
				refusedFor(t, err, provisioning.RefusedOtherAddress)
			}
		})
		w.holds(ada, "guest in soc-lyon")
		w.goodLink(w.invited.Secret)
		w.holds(w.boss(), "admin in acme")
	})
}

func TestInvitation_TheAddressIsComparedFolded_AndItsDomainNeedsNoVerifying(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		i, link := w.invite("Zoe@Elsewhere.example", w.paris, w.analyst)
		w.automatic(false)
		if in := w.accept(link, "00u1", "zOE@elsewhere.EXAMPLE"); in.User.ID != i.User || in.Created {
			t.Errorf("signed in as %+v", in)
		}
		w.holds(i.User, "analyst in soc-paris")
		if in := must(w.signIn("00u1", "moved@elsewhere.example"))(t); in.User.ID != i.User {
			t.Errorf("the identity was not pinned: %s", in.User.ID)
		}
	})
}

func TestInvitation_WhoIsRecognisedAlreadyAcceptsIt(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w.push("00uboss", "boss@acme.example")
		in := must(w.signIn("00uboss", "boss@acme.example"))(t)
		w.holds(in.User.ID, "guest in soc-lyon")
		if again := w.accept(w.invited.Secret, "00uboss", "BOSS@acme.example"); again.User.ID != in.User.ID {
			t.Errorf("user %s, want %s", again.User.ID, in.User.ID)
		}
		w.holds(in.User.ID, "admin in acme", "guest in soc-lyon")
		w.deadLink(w.invited.Secret)
	})
}

func TestInvitation_ASubjectThatIsAnotherPersonsAcceptsNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		carried := provisioning.PendingSignIn{Invitation: w.invited.Invitation.ID}
		w.push("00u1", "ada@acme.example")
		// Somebody is pinned to the invited user already: another subject with
		// the same address is not that person.
		w.push("00uboss", "boss@acme.example")
		must(w.signIn("00uboss", "boss@acme.example"))(t)
		w.unchangedBy("by a subject of somebody else", func() {
			_, err := w.signInWith(carried, "00u1", "boss@acme.example")
			refusedFor(t, err, provisioning.RefusedAmbiguous)
			_, err = w.signInWith(carried, "00u9", "boss@acme.example")
			refusedFor(t, err, provisioning.RefusedOtherSubject)
		})
		w.goodLink(w.invited.Secret)
	})
}

func TestInvitation_ABlockedUsersLinkOpensNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		boss, carried := w.invited.Invitation.User, provisioning.PendingSignIn{Invitation: w.invited.Invitation.ID}
		if err := w.SuspendUser(t.Context(), w.operator, w.ws, boss); err != nil {
			t.Fatal(err)
		}
		w.deadLink(w.invited.Secret)
		_, err := w.signInWith(carried, "00uboss", "boss@acme.example")
		refusedFor(t, err, provisioning.RefusedBlocked)
		if err := w.ReactivateUser(t.Context(), w.operator, w.ws, boss); err != nil {
			t.Fatal(err)
		}
		w.goodLink(w.invited.Secret)
		if err := w.RemoveUser(t.Context(), w.operator, w.ws, boss); err != nil {
			t.Fatal(err)
		}
		w.deadLink(w.invited.Secret)
		_, err = w.signInWith(carried, "00uboss", "boss@acme.example")
		refusedFor(t, err, provisioning.RefusedInvitationDead)
	})
}

func TestInvitation_OfAnotherWorkspaceIsDead(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		other := fillSecond(w)
		must(w.AddDomain(t.Context(), w.operator, w.ws, "globex.example", true))(t)
		_, err := w.signInWith(provisioning.PendingSignIn{Invitation: other.invited.Invitation.ID}, "00u1", "boss@globex.example")
		refusedFor(t, err, provisioning.RefusedInvitationDead)
		other.goodLink(other.invited.Secret)
	})
}

func TestInvitation_OfAnAdministratorIsTheOperatorsToMake(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		_, _, err := w.InviteAdministrator(t.Context(), w.okta.Actor, w.ws, "eve@acme.example", w.adminIn())
		if !errors.Is(err, provisioning.ErrForbidden) {
			t.Errorf("a directory invited: %v", err)
		}
	})
}
