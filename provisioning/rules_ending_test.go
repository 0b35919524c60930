package provisioning_test

import (
	"errors"
	"testing"
	"time"

	"drawbridge/provisioning"
)

// dead asserts that a session is refused, and alive that it is not.
func (w *world) dead(secret string) {
	w.t.Helper()
	if _, err := w.Authenticate(w.t.Context(), secret); !errors.Is(err, provisioning.ErrUnauthenticated) {
		w.t.Fatalf("the session is alive: %v", err)
	}
}

func (w *world) alive(secret string) {
	w.t.Helper()
	if _, err := w.Authenticate(w.t.Context(), secret); err != nil {
		w.t.Fatalf("the session is dead: %v", err)
	}
}

// put replaces a user as Okta's wizard does, without `active` unless given.
func (w *world) put(u provisioning.UserID, n provisioning.RecordWrite) provisioning.DirectoryUser {
	w.t.Helper()
	return must(w.ChangeDirectoryUser(w.t.Context(), w.okta, string(u), func(provisioning.RecordWrite) (provisioning.RecordWrite, error) {
		return n, nil
	}))(w.t)
}

func (w *world) user(u provisioning.UserID) provisioning.User {
	w.t.Helper()
	return must(w.FindUser(w.t.Context(), w.ws, string(u)))(w.t)
}

func (w *world) invite(email string, c provisioning.CommunityID, r provisioning.RoleID) (provisioning.Invitation, string) {
	w.t.Helper()
	i, link, err := w.InviteAdministrator(w.t.Context(), w.operator, w.ws, email, provisioning.RoleIn{Community: c, Role: r})
	if err != nil {
		w.t.Fatal(err)
	}
	return i, link
}

func TestRule7_ADirectoryChangesNoGrantThatWasGivenByHand(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.push("00u1", "ada@acme.example").ID
		g := w.pushGroup("Analysts", ada)
		w.mapGroup(g.ID, w.paris, w.analyst)
		w.grant(ada, w.paris, w.guest)
		w.setActive(ada, false)
		w.setActive(ada, true)
		w.put(ada, person("00u1", "ada.renamed@acme.example"))
		w.setMembers(g)
		if err := w.DeleteDirectoryGroup(t.Context(), w.okta, string(g.ID)); err != nil {
			t.Fatal(err)
		}
		w.holds(ada, "guest in soc-paris")
	})
}

func TestRule7_HandGivenGrantsOnADirectorysUserAreMarkedOutside(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada, own := w.push("00u1", "ada@acme.example").ID, w.fresh("00u2")
		w.mapGroup(w.pushGroup("Analysts", ada).ID, w.paris, w.analyst)
		w.grant(ada, w.paris, w.guest)
		w.grant(own, w.paris, w.guest)
		for _, e := range must(w.ExplainAccess(t.Context(), w.ws, ada, ""))(t) {
			if e.Outside != (e.Source == provisioning.SourceAdministrator) {
				t.Errorf("%s by %s: outside is %v", e.Role.Slug, e.Source, e.Outside)
			}
		}
		for _, e := range must(w.ExplainAccess(t.Context(), w.ws, own, ""))(t) {
			if e.Outside {
				t.Errorf("%s by %s of a user without directory is marked outside", e.Role.Slug, e.Source)
			}
		}
	})
}

func TestRule7_DeleteRemovesTheUserWhole(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.push("00u1", "ada@acme.example").ID
		w.grant(ada, w.paris, w.guest)
		n := len(w.events())
		if err := w.DeleteDirectoryUser(t.Context(), w.okta, string(ada)); err != nil {
			t.Fatal(err)
		}
		_, err := w.FindUser(t.Context(), w.ws, string(ada))
		isKind(t, err, provisioning.ErrNotFound, "not_found")
		if got := w.since(n, provisioning.EventMembershipChanged); len(got) != 1 || got[0].Data["change"] != "ended" {
			t.Errorf("membership events %v, want the hand-given one ended", got)
		}
		err = w.DeleteDirectoryUser(t.Context(), w.okta, string(ada))
		isKind(t, err, provisioning.ErrNotFound, "not_found")
	})
}

func TestRule7_ByHandADirectorysUserCanBeSuspendedButNotRemoved(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.push("00u1", "ada@acme.example").ID
		err := w.RemoveUser(t.Context(), w.operator, w.ws, ada)
		isKind(t, err, provisioning.ErrConflict, "managed_by_directory")
		if err := w.SuspendUser(t.Context(), w.operator, w.ws, ada); err != nil {
			t.Fatal(err)
		}
		u := must(w.GetDirectoryUser(t.Context(), w.okta, string(ada)))(t)
		if w.user(ada).Status(time.Now()) != "suspended" || !u.Active() {
			t.Errorf("status %s, active %v: the directory is told its own word", w.user(ada).Status(time.Now()), u.Active())
		}
	})
}

func TestRule7_ReactivationLiftsTheDirectorysBlockAlone(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		ada := w.push("00u1", "ada@acme.example").ID
		if err := w.SuspendUser(ctx, w.operator, w.ws, ada); err != nil {
			t.Fatal(err)
		}
		w.setActive(ada, false)
		w.setActive(ada, true)
		if u := w.user(ada); !u.Blocked(provisioning.BlockAdministrator) || u.Blocked(provisioning.BlockDirectory) {
			t.Fatalf("blocks after the directory's reactivation: %v", u.Blocks)
		}
		w.setActive(ada, false)
		if err := w.ReactivateUser(ctx, w.operator, w.ws, ada); err != nil {
			t.Fatal(err)
		}
		if u := w.user(ada); u.Blocked(provisioning.BlockAdministrator) || !u.Blocked(provisioning.BlockDirectory) {
			t.Fatalf("blocks after the administrator's reactivation: %v", u.Blocks)
		}
		isKind(t, w.ReactivateUser(ctx, w.operator, w.ws, ada), provisioning.ErrConflict, "directory_block")
	})
}

func TestRule7_AnAbsentActiveMeansUnchangedInPutAndPatch_TrueInPost(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.push("00u1", "ada@acme.example")
		if !ada.Active() || !w.user(ada.ID).MayAct() {
			t.Error("POST without active made nobody active")
		}
		w.setActive(ada.ID, false)
		for _, name := range []string{"ada@acme.example", "ada.renamed@acme.example"} {
			if u := w.put(ada.ID, person("00u1", name)); u.Active() || w.user(ada.ID).MayAct() {
				t.Error("PUT without active made somebody active")
			}
		}
		w.setActive(ada.ID, true)
		if u := w.put(ada.ID, person("00u1", "ada@acme.example")); !u.Active() {
			t.Error("PUT without active made somebody inactive")
		}
		inactive := person("00u2", "bob@acme.example")
		inactive.Active = ptr(false)
		bob := must(w.CreateDirectoryUser(t.Context(), w.okta, inactive))(t)
		if bob.Active() || w.user(bob.ID).MayAct() {
			t.Error("POST with active false made somebody active")
		}
		inactive.Active = nil
		if again := must(w.CreateDirectoryUser(t.Context(), w.okta, inactive))(t); again.ID != bob.ID || !again.Active() {
			t.Errorf("POST of an inactive user: id %s, active %v; want %s, true", again.ID, again.Active(), bob.ID)
		}
	})
}

func TestRule8_EndingAccessEndsEverySessionAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		globex := fillSecond(w)
		for name, end := range map[string]func(provisioning.UserID) error{
			"deactivation": func(u provisioning.UserID) error { w.setActive(u, false); return nil },
			"DELETE":       func(u provisioning.UserID) error { return w.DeleteDirectoryUser(ctx, w.okta, string(u)) },
			"suspension":   func(u provisioning.UserID) error { return w.SuspendUser(ctx, w.operator, w.ws, u) },
		} {
			u := w.push(name, name+"@acme.example").ID
			first, second := must(w.signIn(name, name+"@acme.example"))(t), must(w.signIn(name, name+"@acme.example"))(t)
			other := must(w.signIn("other "+name, "other-"+name+"@acme.example"))(t)
			elsewhere := must(globex.signIn(name, name+"@globex.example"))(t)
			w.alive(first.Secret) // a verdict is remembered
			w.alive(second.Secret)
			n := len(w.events())
			if err := end(u); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			w.dead(first.Secret)
			w.dead(second.Secret)
			w.alive(other.Secret)
			w.alive(elsewhere.Secret)
			if len(w.since(n, provisioning.EventSessionsEnded)) != 1 {
				t.Errorf("%s: no event says that the sessions ended", name)
			}
			_, err := w.signIn(name, name+"@acme.example")
			if !errors.Is(err, provisioning.ErrRefused) {
				t.Errorf("sign-in after %s: %v, want refused", name, err)
			}
		}
	})
}

func TestRule8_RemovalByHandEndsEverySessionAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		in := must(w.signIn("00u1", "ada@acme.example"))(t)
		w.alive(in.Secret)
		if err := w.RemoveUser(t.Context(), w.operator, w.ws, in.User.ID); err != nil {
			t.Fatal(err)
		}
		w.dead(in.Secret)
	})
}

func TestRule8_SessionsDoNotComeBackWithReactivation(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.push("00u1", "ada@acme.example").ID
		in := must(w.signIn("00u1", "ada@acme.example"))(t)
		w.setActive(ada, false)
		w.setActive(ada, true)
		w.dead(in.Secret)
		must(w.signIn("00u1", "ada@acme.example"))(t)
	})
}

func TestRule8_OpenInvitationsAreBlocked(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		i, link := w.invite("ada@acme.example", w.paris, w.analyst)
		if err := w.SuspendUser(ctx, w.operator, w.ws, i.User); err != nil {
			t.Fatal(err)
		}
		_, err := w.OpenInvitation(ctx, link)
		isKind(t, err, provisioning.ErrGone, "link_dead")
		_, err = w.signInWith(provisioning.PendingSignIn{Invitation: i.ID}, "00u1", "ada@acme.example")
		refusedFor(t, err, provisioning.RefusedBlocked)
		w.holds(i.User)
		// The block lifted, the link is good again.
		if err := w.ReactivateUser(ctx, w.operator, w.ws, i.User); err != nil {
			t.Fatal(err)
		}
		must(w.OpenInvitation(ctx, link))(t)
		if err := w.RemoveUser(ctx, w.operator, w.ws, i.User); err != nil {
			t.Fatal(err)
		}
		_, err = w.OpenInvitation(ctx, link)
		isKind(t, err, provisioning.ErrGone, "link_cancelled")
		_, err = w.signInWith(provisioning.PendingSignIn{Invitation: i.ID}, "00u1", "ada@acme.example")
		refusedFor(t, err, provisioning.RefusedInvitationDead)
	})
}

func TestRule8_ADeleteAfterADeactivationMakesNobodyActive(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.push("00u1", "ada@acme.example").ID
		in := must(w.signIn("00u1", "ada@acme.example"))(t)
		w.setActive(ada, false)
		if err := w.DeleteDirectoryUser(t.Context(), w.okta, string(ada)); err != nil {
			t.Fatal(err)
		}
		w.dead(in.Secret)
		_, err := w.signIn("00u1", "ada@acme.example")
		refusedFor(t, err, provisioning.RefusedRemoved)
		_, err = w.FindUser(t.Context(), w.ws, "ada@acme.example")
		isKind(t, err, provisioning.ErrNotFound, "not_found")
	})
}

// deletedDirectory is a world whose directory is deleted: ada was active, bob
// deactivated, both in a mapped group, ada with a session and a hand-given role.
type deletedDirectory struct {
	ada, bob provisioning.UserID
	group    provisioning.DirectoryGroup
	session  provisioning.SignedIn
}

func deleteDirectory(t *testing.T, w *world) deletedDirectory {
	t.Helper()
	d := deletedDirectory{ada: w.push("00u1", "ada@acme.example").ID, bob: w.push("00u2", "bob@acme.example").ID}
	d.group = w.pushGroup("Analysts", d.ada, d.bob)
	w.mapGroup(d.group.ID, w.paris, w.analyst)
	w.grant(d.ada, w.lyon, w.analyst)
	d.session = must(w.signIn("00u1", "ada@acme.example"))(t)
	w.setActive(d.bob, false)
	if err := w.DeleteDirectory(t.Context(), w.operator, w.ws, w.okta.Directory.ID); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestRule8_ADeletedDirectorysTokensGroupsAndMappingsEnd(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		d := deleteDirectory(t, w)
		_, err := w.AuthenticateDirectory(ctx, w.token)
		isKind(t, err, provisioning.ErrUnauthenticated, "token")
		_, err = w.FindGroup(ctx, w.ws, "", string(d.group.ID))
		isKind(t, err, provisioning.ErrNotFound, "not_found")
		if all := must(w.Mappings(ctx, w.ws))(t); len(all) != 0 {
			t.Errorf("mappings %v", all)
		}
		w.holds(d.ada, "analyst in soc-lyon")
		w.holds(d.bob)
		w.nothingDiffers()
		if all := must(w.Directories(ctx, w.ws))(t); len(all) != 0 {
			t.Errorf("directories %v", all)
		}
	})
}

// Another process may believe its tokens for half a second more.
func TestRule8_ADeletedDirectoryWritesNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		d := deleteDirectory(t, w)
		before := stateOf(w)
		_, created := w.CreateDirectoryUser(ctx, w.okta, person("00u9", "new@acme.example"))
		_, grouped := w.CreateDirectoryGroup(ctx, w.okta, provisioning.GroupWrite{DisplayName: "New"})
		_, changed := w.ChangeDirectoryUser(ctx, w.okta, string(d.bob), func(r provisioning.RecordWrite) (provisioning.RecordWrite, error) { return r, nil })
		_, regrouped := w.ChangeDirectoryGroup(ctx, w.okta, string(d.group.ID), provisioning.GroupChange{}, false)
		for name, err := range map[string]error{
			"create user": created, "create group": grouped, "change user": changed, "change group": regrouped,
			"delete user":  w.DeleteDirectoryUser(ctx, w.okta, string(d.ada)),
			"delete group": w.DeleteDirectoryGroup(ctx, w.okta, string(d.group.ID)),
		} {
			t.Run(name, func(t *testing.T) { isKind(t, err, provisioning.ErrUnauthenticated, "token") })
		}
		same(t, "after writes of a deleted directory", stateOf(w), before)
	})
}

func TestRule8_ItsUsersStay_WithBlocksIdentitiesAndHandGivenGrants(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		d := deleteDirectory(t, w)
		w.alive(d.session.Secret)
		if in := must(w.signIn("00u1", "ada@acme.example"))(t); in.User.ID != d.ada {
			t.Errorf("the identity leads to %s, want %s", in.User.ID, d.ada)
		}
		if u := w.user(d.bob); u.Status(time.Now()) != "deactivated" {
			t.Errorf("bob is %s: a deleted directory makes nobody active", u.Status(time.Now()))
		}
		_, err := w.signIn("00u2", "bob@acme.example")
		refusedFor(t, err, provisioning.RefusedBlockedAddress)
	})
}

func TestRule8_ItsUsersAreManagedByHandFromThenOn(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		d := deleteDirectory(t, w)
		if err := w.SuspendUser(ctx, w.operator, w.ws, d.bob); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"deactivated", "active", "active"} { // each call lifts one block
			if err := w.ReactivateUser(ctx, w.operator, w.ws, d.bob); err != nil {
				t.Fatal(err)
			}
			if u := w.user(d.bob); u.Status(time.Now()) != want {
				t.Errorf("bob is %s, want %s", u.Status(time.Now()), want)
			}
		}
		must(w.signIn("00u2", "bob@acme.example"))(t)
		if err := w.RemoveUser(ctx, w.operator, w.ws, d.ada); err != nil {
			t.Errorf("removal by hand: %v", err)
		}
	})
}

func TestRule8_ANewDirectoryThatAdoptsThemSaysWhetherTheyAreActive(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		d := deleteDirectory(t, w)
		next := must(w.CreateDirectory(ctx, w.operator, w.ws, provisioning.NewDirectory{Name: "Okta", Connection: w.conn.ID}))(t)
		_, token, err := w.CreateToken(ctx, w.operator, w.ws, next.ID, "", provisioning.DefaultTokenLifetime)
		if err != nil {
			t.Fatal(err)
		}
		w.okta = must(w.AuthenticateDirectory(ctx, token))(t)
		bob := w.push("00u2", "bob@acme.example")
		if bob.ID != d.bob || !bob.Active() || !w.user(bob.ID).MayAct() {
			t.Errorf("adopted %s, active %v, status %s; want %s, active", bob.ID, bob.Active(), w.user(bob.ID).Status(time.Now()), d.bob)
		}
	})
}

// removed is somebody who signed in, was pushed and was removed by the directory.
func removed(t *testing.T, w *world) provisioning.UserID {
	t.Helper()
	n := person("00u1", "ada.login@acme.example")
	n.Profile.Emails[0].Value = "ada@acme.example"
	u := must(w.CreateDirectoryUser(t.Context(), w.okta, n))(t)
	w.grant(u.ID, w.paris, w.analyst)
	must(w.signIn("00u1", "ada@acme.example"))(t)
	if err := w.DeleteDirectoryUser(t.Context(), w.okta, string(u.ID)); err != nil {
		t.Fatal(err)
	}
	return u.ID
}

func TestRule10_RemovalEndsMembershipsIdentitiesAndGrants_AndKeepsTheRow(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		id := removed(t, w)
		err := w.store.View(t.Context(), func(tx *provisioning.Tx) error {
			u, err := tx.Users.Get(t.Context(), w.ws, id)
			if err != nil || u.Status(time.Now()) != "removed" || u.Record != nil {
				t.Errorf("row: %+v, %v", u, err)
			}
			identities, err := tx.Identities.OfUser(t.Context(), w.ws, id)
			if err != nil || len(identities) != 0 {
				t.Errorf("identities %v, %v", identities, err)
			}
			state, err := tx.Access.State(t.Context(), w.ws, []provisioning.UserID{id})
			if err != nil || len(state.Grants)+len(state.Members)+len(state.Current) != 0 {
				t.Errorf("reasons %+v, %v", state, err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestRule10_SignInNeverCreatesWhoIsInATombstone(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		removed(t, w)
		for name, c := range map[string]struct{ subject, email string }{
			"the subject":         {"00u1", "another@acme.example"},
			"the e-mail":          {"00u9", "Ada@acme.example"},
			"the userName":        {"00u9", "ADA.login@acme.example"},
			"all of it":           {"00u1", "ada@acme.example"},
			"no domain we verify": {"00u1", "ada@elsewhere.example"},
		} {
			_, err := w.signIn(c.subject, c.email)
			t.Run(name, func(t *testing.T) { refusedFor(t, err, provisioning.RefusedRemoved) })
		}
		w.fresh("00u8") // somebody else
	})
}

// Somebody pushed who never signed in has a subject too: the externalId.
func TestRule10_TheExternalIDOfAPairedDirectoryIsInTheTombstoneAsSubject(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		u := w.push("00u1", "ada@acme.example")
		if err := w.DeleteDirectoryUser(t.Context(), w.okta, string(u.ID)); err != nil {
			t.Fatal(err)
		}
		_, err := w.signIn("00u1", "renamed@acme.example")
		refusedFor(t, err, provisioning.RefusedRemoved)
		// The SCIM create of the same record lifts that too.
		again := w.push("00u1", "renamed@acme.example")
		if in := must(w.signIn("00u1", "renamed@acme.example"))(t); in.User.ID != again.ID {
			t.Errorf("signed in as %s, want %s", in.User.ID, again.ID)
		}
	})
}

func TestRule10_AScimCreateLiftsIt_AndStartsBare(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		old := removed(t, w)
		again := w.push("00u1", "ada.login@acme.example") // userName and externalId are free
		if again.ID == old {
			t.Error("an id was used again")
		}
		w.holds(again.ID)
		in := must(w.signIn("00u1", "ada@acme.example"))(t)
		if in.User.ID != again.ID || in.Created {
			t.Errorf("signed in as %s (created %v), want %s", in.User.ID, in.Created, again.ID)
		}
		w.holds(again.ID, "guest in soc-lyon") // a first sign-in, like anybody's
		w.nothingDiffers()
	})
}

func TestRule10_AnInvitationLiftsIt_AndStartsBare(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		old := removed(t, w)
		i, link := w.invite("ada@acme.example", w.lyon, w.analyst)
		if i.User == old {
			t.Error("an id was used again")
		}
		w.holds(i.User)
		if in := w.accept(link, "00u1", "ada@acme.example"); in.User.ID != i.User {
			t.Errorf("accepted as %s, want %s", in.User.ID, i.User)
		}
		w.holds(i.User, "analyst in soc-lyon")
	})
}

func TestRule10_OnlyTheMatchingEntriesAreLifted(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		removed(t, w)
		w.push("00u5", "somebody@acme.example")
		w.invite("else@acme.example", w.paris, w.guest)
		_, err := w.signIn("00u1", "ada@acme.example")
		refusedFor(t, err, provisioning.RefusedRemoved)
	})
}

func TestRule10_GroupPushesMayStillNameWhoWasRemoved(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		bob := w.push("00u2", "bob@acme.example").ID
		old := removed(t, w)
		again := w.push("00u1", "ada.login@acme.example").ID
		g := w.pushGroup("Analysts", old, bob)
		if !w.warned(provisioning.EventMembersSkipped) {
			t.Error("no warning says who was skipped")
		}
		w.mapGroup(g.ID, w.paris, w.analyst)
		found := must(w.GetDirectoryGroup(t.Context(), w.okta, string(g.ID), true))(t)
		if len(found.Members) != 1 || found.Members[0].User != bob {
			t.Errorf("members %v, want bob alone", found.Members)
		}
		w.holds(again)
	})
}

func TestRule10_TombstonesAreOfOneWorkspace(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		globex := fillSecond(w)
		removed(t, w)
		must(globex.AddDomain(t.Context(), w.operator, globex.ws, "acme.example", true))(t)
		if in := must(globex.signIn("00u1", "ada@acme.example"))(t); !in.Created {
			t.Error("a tombstone of another workspace counted")
		}
	})
}

func TestRule11_ADeletedGroupsMappingsGiveNothing_AndItsNameIsFree(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		ada, bob := w.push("00u1", "ada@acme.example").ID, w.push("00u2", "bob@acme.example").ID
		old := w.pushGroup("Analysts", ada)
		m := w.mapGroup(old.ID, w.paris, w.analyst)
		if err := w.DeleteDirectoryGroup(ctx, w.okta, string(old.ID)); err != nil {
			t.Fatal(err)
		}
		w.holds(ada)
		_, err := w.GetDirectoryGroup(ctx, w.okta, string(old.ID), false)
		isKind(t, err, provisioning.ErrNotFound, "not_found")
		next := w.pushGroup("analysts", ada, bob)
		if next.ID == old.ID {
			t.Error("a deleted group's id was used again")
		}
		w.holds(ada)
		w.holds(bob)
		if all := must(w.Mappings(ctx, w.ws))(t); len(all) != 1 || all[0].ID != m.ID {
			t.Errorf("mappings %v: the deleted group's keeps its row", all)
		}
		_, err = w.CreateMapping(ctx, w.operator, w.ws, provisioning.MappingWrite{Group: old.ID, Community: w.lyon, Role: w.guest})
		isKind(t, err, provisioning.ErrNotFound, "not_found")
		w.nothingDiffers()
	})
}

func TestRule11_ANameIsTakenWhateverTheCase_UntilItsGroupIsDeleted(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		g := w.pushGroup("Analysts")
		other := w.pushGroup("Others")
		before := stateOf(w)
		_, err := w.CreateDirectoryGroup(t.Context(), w.okta, provisioning.GroupWrite{DisplayName: "ANALYSTS"})
		isKind(t, err, provisioning.ErrConflict, "group_name_taken")
		_, err = w.ChangeDirectoryGroup(t.Context(), w.okta, string(other.ID), provisioning.GroupChange{DisplayName: ptr("analysts")}, false)
		isKind(t, err, provisioning.ErrConflict, "group_name_taken")
		same(t, "after a taken name", stateOf(w), before)
		must(w.ChangeDirectoryGroup(t.Context(), w.okta, string(g.ID), provisioning.GroupChange{DisplayName: ptr("ANALYSTS")}, false))(t)
	})
}
