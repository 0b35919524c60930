package provisioning_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"drawbridge/provisioning"
)

// held shows who holds what in the workspace, and who may act.
func (w *world) held() string {
	w.t.Helper()
	var b strings.Builder
	for _, u := range must(w.Users(w.t.Context(), w.ws, provisioning.UserQuery{Limit: 1000}))(w.t) {
		fmt.Fprintln(&b, u.ID, u.Status(time.Now()), w.roles(u.ID))
	}
	return b.String()
}

// nobodyGains asserts that an attack changes what nobody holds, beside those
// whom it names: they may lose, and are asserted by the test itself.
func (w *world) nobodyGains(attack func(), but ...provisioning.UserID) {
	w.t.Helper()
	others := func() string {
		var b strings.Builder
		for line := range strings.Lines(w.held()) {
			named := false
			for _, u := range but {
				named = named || strings.HasPrefix(line, string(u))
			}
			if !named {
				b.WriteString(line)
			}
		}
		return b.String()
	}
	before := others()
	attack()
	if after := others(); after != before {
		w.t.Fatalf("after the attack:\n%sbefore:\n%s", after, before)
	}
	w.nothingDiffers()
}

// setExternalID is a directory that says that somebody is somebody else.
func (w *world) setExternalID(u provisioning.UserID, externalID string) error {
	_, err := w.ChangeDirectoryUser(w.t.Context(), w.okta, string(u), func(n provisioning.RecordWrite) (provisioning.RecordWrite, error) {
		n.ExternalID = &externalID
		return n, nil
	})
	return err
}

func TestTakeover_ARecordsExternalIDChangedToThatOfAnAdministrator(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		boss := w.boss()
		pushed := w.push("00u2", "second@acme.example").ID
		w.grant(pushed, w.root, w.admin)
		mallory := w.push("00u9", "mallory@acme.example").ID
		in := must(w.signIn("00u9", "mallory@acme.example"))(t)
		w.nobodyGains(func() {
			for _, admins := range []string{"00uboss", "00u2"} {
				isKind(t, w.setExternalID(mallory, admins), provisioning.ErrConflict, "external_id_taken")
			}
		})
		w.alive(in.Secret)
		if again := must(w.signIn("00uboss", "boss@acme.example"))(t); again.User.ID != boss {
			t.Errorf("the administrator is %s now", again.User.ID)
		}
	})
}

// Who can edit the directory points an administrator's record at himself.
func TestTakeover_AnAdministratorsExternalIDChangedToOnesOwnSub(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		admin := w.push("00u2", "admin@acme.example").ID
		w.grant(admin, w.root, w.admin)
		w.grant(admin, w.paris, w.analyst)
		session := must(w.signIn("00u2", "admin@acme.example"))(t)
		mallory := w.fresh("00u9")
		w.nobodyGains(func() {
			isKind(t, w.setExternalID(admin, "00u9"), provisioning.ErrConflict, "external_id_taken")
		})
		w.alive(session.Secret)
		// As somebody whom nobody here knows yet, he is let in as the successor,
		// and finds nothing that was given to the predecessor.
		w.nobodyGains(func() {
			if err := w.setExternalID(admin, "00u8"); err != nil {
				t.Fatal(err)
			}
			if in := must(w.signIn("00u8", "mallory2@acme.example"))(t); in.User.ID != admin {
				t.Errorf("signed in as %s", in.User.ID)
			}
		}, admin)
		w.holds(admin)
		w.holds(mallory, "guest in soc-lyon")
		w.dead(session.Secret)
		if !w.warned(provisioning.EventUserSucceeded) {
			t.Error("no administrator is told")
		}
	})
}

func TestTakeover_AnAddressClaimedByAnotherTenantsProvider(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		other := fillSecond(w)
		boss := w.boss()
		w.push("", "ada@acme.example")
		before := stateOf(w)
		w.nobodyGains(func() {
			for subject, email := range map[string]string{"00uboss": "boss@acme.example", "00u1": "ada@acme.example"} {
				_, err := other.signIn(subject, email)
				refusedFor(t, err, provisioning.RefusedDomain)
			}
			// Even where both tenants have the domain, each finds its own people alone.
			must(other.AddDomain(t.Context(), w.operator, other.ws, "acme.example", true))(t)
			in := must(other.signIn("00uboss", "boss@acme.example"))(t)
			if in.User.ID == boss || in.User.Workspace != other.ws {
				t.Errorf("signed in as %+v", in.User)
			}
			if v := must(w.Authenticate(t.Context(), in.Secret))(t); v.Workspace.ID != other.ws {
				t.Errorf("the session reaches %s", v.Workspace.ID)
			}
		})
		same(t, "by another tenant", stateOf(w), before)
	})
}

// By rule 13 a second provider of the same workspace may recognise people by
// an address of a verified domain, but never an administrator, nobody who is
// blocked, and nobody by a subject that is the first provider's.
func TestTakeover_AnAddressClaimedByASecondConnectionOfTheWorkspace(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		second := w.another("second")
		w.boss()
		mapped := w.push("00u2", "mapped@acme.example").ID
		w.mapGroup(w.pushGroup("Admins", mapped).ID, w.lyon, w.admin)
		ada := w.push("00u1", "ada@acme.example").ID
		blocked := w.push("00u3", "blocked@acme.example").ID
		w.setActive(blocked, false)
		w.nobodyGains(func() {
			for subject, c := range map[string]struct {
				email  string
				reason provisioning.RefusalReason
			}{
				"00uboss": {"boss@acme.example", provisioning.RefusedAdministrator},
				"00u2":    {"mapped@acme.example", provisioning.RefusedAdministrator},
				"00u3":    {"blocked@acme.example", provisioning.RefusedBlockedAddress},
				"00u1":    {"someone@elsewhere.example", provisioning.RefusedDomain},
			} {
				_, err := w.through(second, provisioning.Claims{Subject: subject, Email: c.email})
				refusedFor(t, err, c.reason)
			}
		})
		if in := must(w.through(second, provisioning.Claims{Subject: "x7", Email: "ada@acme.example"}))(t); in.User.ID != ada {
			t.Errorf("signed in as %s, want %s", in.User.ID, ada)
		}
		w.holds(ada, "guest in soc-lyon") // the default of the connection, nothing else
		_, err := w.through(second, provisioning.Claims{Subject: "x8", Email: "ada@acme.example"})
		refusedFor(t, err, provisioning.RefusedOtherSubject)
	})
}

func TestTakeover_ARecycledAddressWithANewSubject(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		signed := w.fresh("00u1") // had it by sign-in
		w.grant(signed, w.paris, w.analyst)
		pushed := w.push("00u2", "ada@acme.example").ID // had it by the directory, never signed in
		w.grant(pushed, w.lyon, w.analyst)
		w.nobodyGains(func() {
			for _, email := range []string{"00u1@acme.example", "ada@acme.example"} {
				_, err := w.signIn("00u9", email)
				refusedFor(t, err, provisioning.RefusedOtherSubject)
			}
			_, err := w.CreateDirectoryUser(t.Context(), w.okta, person("00u9", "00u1@acme.example"))
			isKind(t, err, provisioning.ErrConflict, "not_adoptable")
			_, err = w.CreateDirectoryUser(t.Context(), w.okta, person("00u9", "ada@acme.example"))
			isKind(t, err, provisioning.ErrConflict, "user_name_taken")
		})
		// Deactivated or gone, the address leads nobody in either.
		w.setActive(pushed, false)
		w.nobodyGains(func() {
			_, err := w.signIn("00u9", "ada@acme.example")
			refusedFor(t, err, provisioning.RefusedBlockedAddress)
		})
		if err := w.DeleteDirectoryUser(t.Context(), w.okta, string(pushed)); err != nil {
			t.Fatal(err)
		}
		w.nobodyGains(func() {
			_, err := w.signIn("00u9", "ada@acme.example")
			refusedFor(t, err, provisioning.RefusedRemoved)
		})
	})
}

func TestTakeover_ADeletedDirectorysPeopleKeepTheirBlocksWhateverTheySayAtTheProvider(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		d := deleteDirectory(t, w)
		w.nobodyGains(func() {
			// bob never signed in. His subject is still his.
			for email, reason := range map[string]provisioning.RefusalReason{
				"bob@acme.example": provisioning.RefusedBlockedAddress,
				"new@acme.example": provisioning.RefusedOtherSubject,
			} {
				_, err := w.signIn("00u2", email)
				refusedFor(t, err, reason)
			}
			_, err := w.AuthenticateDirectory(t.Context(), w.token)
			isKind(t, err, provisioning.ErrUnauthenticated, "token")
			_, err = w.CreateDirectoryUser(t.Context(), w.okta, person("00u2", "bob@acme.example")) // with a verdict from before
			isKind(t, err, provisioning.ErrUnauthenticated, "token")
			_, err = w.ChangeDirectoryGroup(t.Context(), w.okta, string(d.group.ID), provisioning.GroupChange{
				Members: []provisioning.MemberChange{{Kind: provisioning.AddMembers, IDs: []string{string(d.bob)}}},
			}, false)
			isKind(t, err, provisioning.ErrUnauthenticated, "token")
		})
		w.holds(d.bob)
	})
}

func TestTakeover_ADeleteAfterADeactivation_AndAPostOfSomebodyRemoved(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		old := w.push("00u1", "ada@acme.example").ID
		g := w.pushGroup("Analysts", old)
		w.mapGroup(g.ID, w.paris, w.analyst)
		w.grant(old, w.root, w.admin)
		in := must(w.signIn("00u1", "ada@acme.example"))(t)
		w.setActive(old, false)
		if err := w.DeleteDirectoryUser(t.Context(), w.okta, string(old)); err != nil {
			t.Fatal(err)
		}
		w.nobodyGains(func() {
			_, err := w.signIn("00u1", "ada@acme.example")
			refusedFor(t, err, provisioning.RefusedRemoved)
			w.dead(in.Secret)
			err = w.GrantRole(t.Context(), w.operator, w.ws, old, w.adminIn())
			isKind(t, err, provisioning.ErrNotFound, "not_found")
		})
		back := w.push("00u1", "ada@acme.example").ID
		if back == old {
			t.Fatal("the id of somebody removed was used again")
		}
		w.holds(back) // bare
		signed := must(w.signIn("00u1", "ada@acme.example"))(t)
		if signed.User.ID != back {
			t.Errorf("signed in as %s, want %s", signed.User.ID, back)
		}
		w.dead(in.Secret)
		w.holds(back, "guest in soc-lyon")
		w.setMembers(g, old) // a push that still names the removed one
		w.holds(back, "guest in soc-lyon")
	})
}

func TestTakeover_WhatIsOfOneWorkspaceOpensNothingInAnother(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		other := fillSecond(w)
		ada := w.push("00u1", "ada@acme.example").ID
		g := w.pushGroup("Analysts", ada)
		m := w.mapGroup(g.ID, w.paris, w.analyst)
		boss := must(other.signIn("00u5", "eve@globex.example"))(t).User.ID
		other.grant(boss, other.root, other.admin)
		eve := provisioning.Actor{Kind: provisioning.ActorUser, ID: string(boss), Workspace: other.ws}
		before := stateOf(w)
		w.nobodyGains(func() {
			for what, do := range map[string]func() error{
				"a user of theirs suspends": func() error { return w.SuspendUser(ctx, eve, w.ws, ada) },
				"a user of theirs grants": func() error {
					return w.GrantRole(ctx, eve, w.ws, ada, w.adminIn())
				},
				"a role of ours given there": func() error {
					return other.GrantRole(ctx, eve, other.ws, boss, provisioning.RoleIn{Community: other.paris, Role: w.admin})
				},
				"a community of ours given there": func() error {
					return other.GrantRole(ctx, w.operator, other.ws, boss, provisioning.RoleIn{Community: w.paris, Role: other.admin})
				},
				"a user of ours granted there":    func() error { return other.GrantRole(ctx, w.operator, other.ws, ada, other.adminIn()) },
				"a user of ours removed there":    func() error { return other.RemoveUser(ctx, w.operator, other.ws, ada) },
				"a mapping of ours ended there":   func() error { return other.DeleteMapping(ctx, w.operator, other.ws, m.ID) },
				"a directory of ours ended there": func() error { return other.DeleteDirectory(ctx, w.operator, other.ws, w.okta.Directory.ID) },
				"a group of ours mapped there": func() error {
					_, err := other.CreateMapping(ctx, w.operator, other.ws, provisioning.MappingWrite{Group: g.ID, Community: other.paris, Role: other.admin, Confirmed: true})
					return err
				},
				"a connection of ours disabled there": func() error {
					_, err := other.DisableConnection(ctx, w.operator, other.ws, w.conn.ID)
					return err
				},
				"a connection of ours paired there": func() error {
					_, err := other.UpdateDirectory(ctx, w.operator, other.ws, other.okta.Directory.ID, provisioning.DirectoryWrite{Connection: &w.conn.ID})
					return err
				},
				"their token reads a user":   func() error { _, err := w.GetDirectoryUser(ctx, other.okta, string(ada)); return err },
				"their token deletes a user": func() error { return w.DeleteDirectoryUser(ctx, other.okta, string(ada)) },
				"their token changes a group": func() error {
					_, err := w.ChangeDirectoryGroup(ctx, other.okta, string(g.ID), provisioning.GroupChange{DisplayName: ptr("Theirs")}, true)
					return err
				},
				"their token deletes a group": func() error { return w.DeleteDirectoryGroup(ctx, other.okta, string(g.ID)) },
			} {
				if err := do(); !errors.Is(err, provisioning.ErrNotFound) {
					t.Errorf("%s: %v, want not found", what, err)
				}
			}
			_, err := other.CreateDirectoryGroup(ctx, other.okta, provisioning.GroupWrite{DisplayName: "Ours", Members: []string{string(ada)}})
			isKind(t, err, provisioning.ErrInvalid, "unknown_member")
		})
		same(t, "by another workspace", stateOf(w), before)
	})
}
