package provisioning_test

import (
	"testing"

	"drawbridge/provisioning"
)

// successorOf is ada, who has everything that a person can have, after her
// record's externalId changed.
type successorOf struct {
	ada     provisioning.UserID
	session provisioning.SignedIn
	group   provisioning.DirectoryGroup
}

func (w *world) predecessor() successorOf {
	w.t.Helper()
	s := successorOf{ada: w.push("00u1", "ada@acme.example").ID}
	s.group = w.pushGroup("Analysts", s.ada)
	w.mapGroup(s.group.ID, w.paris, w.analyst)
	s.session = must(w.signIn("00u1", "ada@acme.example"))(w.t)
	w.grant(s.ada, w.root, w.admin)
	w.holds(s.ada, "admin in acme", "analyst in soc-paris", "guest in soc-lyon")
	return s
}

func TestRule16_AChangedExternalIDMakesASuccessor_WithTheSameID(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		s := w.predecessor()
		n := len(w.events())
		got := w.put(s.ada, person("00u2", "ada@acme.example"))
		if got.ID != s.ada || got.Record.ExternalID != "00u2" {
			t.Fatalf("got %+v", got)
		}
		all := w.identitiesOf(s.ada)
		if len(all) != 1 || all[0].RetiredAt.IsZero() {
			t.Errorf("identities %+v, want one that is retired", all)
		}
		w.dead(s.session.Secret)
		w.holds(s.ada, "analyst in soc-paris") // what the directory gives stays, all else is held
		if len(w.since(n, provisioning.EventUserSucceeded)) != 1 || !w.warned(provisioning.EventUserSucceeded) {
			t.Error("no warning event")
		}
		w.nothingDiffers()
	})
}

func TestRule16_TheSuccessorSignsInBare_ThePredecessorNoMore(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		s := w.predecessor()
		w.put(s.ada, person("00u2", "ada@acme.example"))
		if in := must(w.signIn("00u2", "ada@acme.example"))(t); in.User.ID != s.ada || in.Created {
			t.Errorf("signed in as %s (created %v), want %s", in.User.ID, in.Created, s.ada)
		}
		w.holds(s.ada, "analyst in soc-paris")
		_, err := w.signIn("00u1", "ada@acme.example")
		refusedFor(t, err, provisioning.RefusedRetired)
	})
}

func TestRule16_WhatIsHeldWaitsForAnAdministratorsWord(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		s := w.predecessor()
		w.put(s.ada, person("00u2", "ada@acme.example"))
		must(w.signIn("00u2", "ada@acme.example"))(t)
		for range 2 { // more pushes change nothing about it
			w.put(s.ada, person("00u2", "ada.king@acme.example"))
			w.put(s.ada, person("00u2", "ada@acme.example"))
		}
		w.holds(s.ada, "analyst in soc-paris")
		if n := must(w.ReleaseUser(t.Context(), w.operator, w.ws, s.ada))(t); n != 2 {
			t.Errorf("released %d, want 2", n)
		}
		w.holds(s.ada, "admin in acme", "analyst in soc-paris", "guest in soc-lyon")
		if n := must(w.ReleaseUser(t.Context(), w.operator, w.ws, s.ada))(t); n != 0 {
			t.Errorf("released %d again", n)
		}
		_, err := w.signIn("00u1", "ada@acme.example")
		refusedFor(t, err, provisioning.RefusedRetired)
		w.nothingDiffers()
	})
}

func TestRule16_ReleasingGivesOnlyWhatTheActorHolds(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		s := w.predecessor()
		editor := w.hire("editor", w.root, provisioning.MembersEdit)
		w.put(s.ada, person("00u2", "ada@acme.example"))
		_, err := w.ReleaseUser(t.Context(), editor, w.ws, s.ada)
		isKind(t, err, provisioning.ErrForbidden, "not_permitted")
		w.holds(s.ada, "analyst in soc-paris")
	})
}

func TestRule16_AnOpenInvitationOfThePredecessorIsCancelled(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		boss := w.push("00uboss", "boss@acme.example").ID
		w.put(boss, person("00u2", "boss@acme.example"))
		w.deadLink(w.invited.Secret)
		must(w.signIn("00u2", "boss@acme.example"))(t)
		w.holds(boss, "guest in soc-lyon")
	})
}

func TestRule16_FromNoneItIsNoSuccession(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.push("", "ada@acme.example").ID
		in := must(w.signIn("00u1", "ada@acme.example"))(t)
		w.grant(ada, w.paris, w.analyst)
		w.put(ada, person("00u1", "ada@acme.example"))
		w.alive(in.Secret)
		w.holds(ada, "analyst in soc-paris", "guest in soc-lyon")
		if w.warned(provisioning.EventUserSucceeded) {
			t.Error("a warning of a succession")
		}
	})
}

func TestRule16_AnAbsentExternalIDChangesNothing_AndNoneClearsIt(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		s := w.predecessor()
		n := person("", "ada@acme.example")
		n.ExternalID = nil
		if got := w.put(s.ada, n); got.Record.ExternalID != "00u1" {
			t.Errorf("externalId %q", got.Record.ExternalID)
		}
		w.alive(s.session.Secret)
		w.unchangedBy("by an empty externalId", func() {
			_, err := w.ChangeDirectoryUser(t.Context(), w.okta, string(s.ada), func(n provisioning.RecordWrite) (provisioning.RecordWrite, error) {
				n.ExternalID = ptr("")
				return n, nil
			})
			isKind(t, err, provisioning.ErrInvalid, "external_id")
		})
	})
}

func TestRule16_AnExternalIDThatAnotherHasIsAConflict(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		s := w.predecessor()
		w.push("00u5", "bob@acme.example") // another record of the directory
		w.fresh("00u6")                    // pinned to a user without a record
		w.unchangedBy("by a taken externalId", func() {
			for _, taken := range []string{"00u5", "00u6"} {
				_, err := w.ChangeDirectoryUser(t.Context(), w.okta, string(s.ada), func(n provisioning.RecordWrite) (provisioning.RecordWrite, error) {
					n.ExternalID = &taken
					return n, nil
				})
				isKind(t, err, provisioning.ErrConflict, "external_id_taken")
				if provisioning.Detail(err) == "" {
					t.Error("no detail")
				}
			}
		})
		w.alive(s.session.Secret)
	})
}

// The subject of a predecessor stays pinned to that user: nobody is made by it
// who could then never sign in.
func TestRule16_ThePredecessorsExternalIDIsNobodyElses(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		s := w.predecessor()
		bob := w.push("00u5", "bob@acme.example").ID
		w.put(s.ada, person("00u2", "ada@acme.example"))
		w.unchangedBy("by a predecessor's externalId", func() {
			_, err := w.CreateDirectoryUser(t.Context(), w.okta, person("00u1", "eve@acme.example"))
			isKind(t, err, provisioning.ErrConflict, "external_id_taken")
			_, err = w.ChangeDirectoryUser(t.Context(), w.okta, string(bob), func(n provisioning.RecordWrite) (provisioning.RecordWrite, error) {
				n.ExternalID = ptr("00u1")
				return n, nil
			})
			isKind(t, err, provisioning.ErrConflict, "external_id_taken")
		})
	})
}

func TestRule16_APostRevivesAnInactiveUser_WithTheSameID(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		s := w.predecessor()
		w.setActive(s.ada, false)
		w.unchangedBy("by a POST that does not activate", func() {
			n := person("00u1", "ada@acme.example")
			n.Active = ptr(false)
			if got := must(w.CreateDirectoryUser(t.Context(), w.okta, n))(t); got.ID != s.ada || got.Active() {
				t.Errorf("got %+v", got)
			}
		})
		got := w.push("00u1", "ada.king@acme.example")
		if got.ID != s.ada || !got.Active() || !w.user(s.ada).MayAct() || w.user(s.ada).UserName != "ada.king@acme.example" {
			t.Fatalf("revived %+v, want %s", got.User, s.ada)
		}
		w.dead(s.session.Secret)
		if in := must(w.signIn("00u1", "ada@acme.example"))(t); in.User.ID != s.ada {
			t.Errorf("signed in as %s", in.User.ID)
		}
		w.holds(s.ada, "admin in acme", "analyst in soc-paris", "guest in soc-lyon") // the same person: nothing was held
	})
}

func TestRule16_APostAboutAnActiveUserIsAConflict_AndRevivingLiftsNoSuspension(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.push("00u1", "ada@acme.example").ID
		_, err := w.CreateDirectoryUser(t.Context(), w.okta, person("00u1", "ada@acme.example"))
		isKind(t, err, provisioning.ErrConflict, "external_id_taken")
		if err := w.SuspendUser(t.Context(), w.operator, w.ws, ada); err != nil {
			t.Fatal(err)
		}
		w.setActive(ada, false)
		w.push("00u1", "ada@acme.example")
		if u := w.user(ada); u.Blocked(provisioning.BlockDirectory) || !u.Blocked(provisioning.BlockAdministrator) {
			t.Errorf("blocks %+v", u.Blocks)
		}
	})
}

func TestRule16_RevivingUnderATakenUserNameIsAConflict(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.push("00u1", "ada@acme.example").ID
		w.push("00u5", "bob@acme.example")
		w.setActive(ada, false)
		w.unchangedBy("by a taken userName", func() {
			_, err := w.CreateDirectoryUser(t.Context(), w.okta, person("00u1", "Bob@acme.example"))
			isKind(t, err, provisioning.ErrConflict, "user_name_taken")
		})
	})
}

// A directory that went back after a mistake knows the person by what they
// signed in with before.
func TestRule16_AReleaseBringsBackTheIdentityToo(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.push("00u1", "ada@acme.example").ID
		must(w.signIn("00u1", "ada@acme.example"))(t)
		w.grant(ada, w.paris, w.analyst)
		for _, externalID := range []string{"mistake", "00u1"} {
			if err := w.setExternalID(ada, externalID); err != nil {
				t.Fatal(err)
			}
		}
		_, err := w.signIn("00u1", "ada@acme.example")
		refusedFor(t, err, provisioning.RefusedRetired)
		must(w.ReleaseUser(t.Context(), w.operator, w.ws, ada))(t)
		if in := must(w.signIn("00u1", "ada@acme.example"))(t); in.User.ID != ada {
			t.Errorf("signed in as %s, want %s", in.User.ID, ada)
		}
		w.holds(ada, "analyst in soc-paris", "guest in soc-lyon")
		_, err = w.signIn("mistake", "else@acme.example")
		if err != nil {
			t.Errorf("the subject of the mistake is free again: %v", err)
		}
	})
}
