package provisioning_test

import (
	"slices"
	"testing"

	"drawbridge/provisioning"
)

// accept goes by an invitation's link through the provider.
func (w *world) accept(link, subject, email string) provisioning.SignedIn {
	w.t.Helper()
	found := must(w.OpenInvitation(w.t.Context(), link))(w.t)
	return must(w.signInWith(provisioning.PendingSignIn{Invitation: found.Invitation.ID}, subject, email))(w.t)
}

// boss is the first administrator, who has accepted the invitation.
func (w *world) boss() provisioning.UserID {
	w.t.Helper()
	return w.accept(w.invited.Secret, "00uboss", w.invited.Invitation.Email).User.ID
}

// grant gives a role by the operator's hand.
func (w *world) grant(u provisioning.UserID, c provisioning.CommunityID, r provisioning.RoleID) {
	w.t.Helper()
	if err := w.GrantRole(w.t.Context(), w.operator, w.ws, u, provisioning.RoleIn{Community: c, Role: r}); err != nil {
		w.t.Fatal(err)
	}
}

// customRole makes a role of the permissions.
func (w *world) customRole(name string, ps ...provisioning.Permission) provisioning.RoleID {
	w.t.Helper()
	return must(w.CreateRole(w.t.Context(), w.operator, w.ws, provisioning.NewRole{
		Name: name, Description: "A role of the tests.", Permissions: ps,
	}))(w.t).ID
}

// hire makes somebody who has just those permissions in the community.
func (w *world) hire(name string, c provisioning.CommunityID, ps ...provisioning.Permission) provisioning.Actor {
	w.t.Helper()
	u := w.push("hired-"+name, name+"@acme.example")
	w.grant(u.ID, c, w.customRole("Role of "+name, ps...))
	return provisioning.Actor{Kind: provisioning.ActorUser, ID: string(u.ID), Workspace: w.ws}
}

// holds asserts all that a user holds.
func (w *world) holds(u provisioning.UserID, want ...string) {
	w.t.Helper()
	if got := w.roles(u); !slices.Equal(got, want) {
		w.t.Fatalf("roles %v, want %v", got, want)
	}
}

// setMembers replaces the members of a group, as Okta's wizard does.
func (w *world) setMembers(g provisioning.DirectoryGroup, members ...provisioning.UserID) {
	w.t.Helper()
	ids := []string{}
	for _, m := range members {
		ids = append(ids, string(m))
	}
	must(w.ReplaceDirectoryGroup(w.t.Context(), w.okta, string(g.ID), provisioning.GroupWrite{DisplayName: g.DisplayName, Members: ids}, false))(w.t)
}

// nothingDiffers asserts that resolving everything again changes nothing.
func (w *world) nothingDiffers() {
	w.t.Helper()
	if r := must(w.CheckResolve(w.t.Context(), w.ws))(w.t); r.Different != 0 {
		w.t.Errorf("resolving again: %+v", r)
	}
}

// since counts the events of a type after the first n.
func (w *world) since(n int, kind provisioning.EventType) (found []provisioning.Event) {
	w.t.Helper()
	for _, e := range w.events()[n:] {
		if e.Type == kind {
			found = append(found, e)
		}
	}
	return found
}

func TestRule1_TheDifferenceIsTheListOfMembershipEvents(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada, bob := w.push("00u1", "ada@acme.example"), w.push("00u2", "bob@acme.example")
		g := w.pushGroup("Analysts", ada.ID)
		n := len(w.events())
		m := w.mapGroup(g.ID, w.paris, w.analyst)
		w.setMembers(g, bob.ID)
		if err := w.DeleteMapping(t.Context(), w.operator, w.ws, m.ID); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, e := range w.since(n, provisioning.EventMembershipChanged) {
			if e.Data["community"] != string(w.paris) || e.Data["role"] != string(w.analyst) || e.Data["source"] != "mapping" || e.Data["source_id"] != string(m.ID) {
				t.Errorf("event %v", e.Data)
			}
			name := map[string]string{string(ada.ID): "ada", string(bob.ID): "bob"}[e.Subject]
			got = append(got, name+" "+e.Data["change"])
		}
		slices.Sort(got[1:3]) // of one transaction
		if want := []string{"ada started", "ada ended", "bob started", "bob ended"}; !slices.Equal(got, want) {
			t.Errorf("membership events %v, want %v", got, want)
		}
		w.nothingDiffers()
	})
}

func TestRule1_BlocksEndNoMembership(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.push("00u1", "ada@acme.example")
		g := w.pushGroup("Analysts", ada.ID)
		w.mapGroup(g.ID, w.paris, w.analyst)
		w.grant(ada.ID, w.lyon, w.guest)
		n := len(w.events())
		w.setActive(ada.ID, false)
		if err := w.SuspendUser(t.Context(), w.operator, w.ws, ada.ID); err != nil {
			t.Fatal(err)
		}
		w.holds(ada.ID, "analyst in soc-paris", "guest in soc-lyon")
		if found := w.since(n, provisioning.EventMembershipChanged); len(found) != 0 {
			t.Errorf("blocks changed memberships: %v", found)
		}
		w.nothingDiffers()
	})
}

func TestRule1_AMappingNamesItsGroupByID_SoRenamingChangesNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.push("00u1", "ada@acme.example")
		g := w.pushGroup("Analysts", ada.ID)
		w.mapGroup(g.ID, w.paris, w.analyst)
		n := len(w.events())
		must(w.ChangeDirectoryGroup(t.Context(), w.okta, string(g.ID), provisioning.GroupChange{DisplayName: ptr("SOC analysts")}, false))(t)
		w.holds(ada.ID, "analyst in soc-paris")
		if found := w.since(n, provisioning.EventMembershipChanged); len(found) != 0 {
			t.Errorf("a rename changed memberships: %v", found)
		}
		other := w.pushGroup("Analysts") // the old name is nobody's
		w.setMembers(other, ada.ID)
		w.holds(ada.ID, "analyst in soc-paris")
		w.nothingDiffers()
	})
}

func TestRule2_ARoleHeldInTheRootHoldsInEveryCommunity(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		ada := w.push("00u1", "ada@acme.example").ID
		everywhere := w.hire("root", w.root, provisioning.RolesAssign, provisioning.CommunitiesRead)
		inParis := w.hire("paris", w.paris, provisioning.RolesAssign, provisioning.CommunitiesRead)
		for name, c := range map[string]struct {
			actor     provisioning.Actor
			community provisioning.CommunityID
			allowed   bool
		}{
			"of the root in the root": {everywhere, w.root, true},
			"of the root in Paris":    {everywhere, w.paris, true},
			"of the root in Lyon":     {everywhere, w.lyon, true},
			"of Paris in Paris":       {inParis, w.paris, true},
			"of Paris in Lyon":        {inParis, w.lyon, false},
			"of Paris in the root":    {inParis, w.root, false},
		} {
			err := w.GrantRole(ctx, c.actor, w.ws, ada, provisioning.RoleIn{Community: c.community, Role: w.guest})
			if c.allowed && err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if !c.allowed {
				isKind(t, err, provisioning.ErrForbidden, "not_permitted")
			}
		}
		// Inherited when read: held in the root once, copied nowhere.
		w.holds(provisioning.UserID(everywhere.ID), "role-of-root in acme")
	})
}

func TestRule2_PermissionsAreTheUnionOverRoles_OfTheRootAndOfTheCommunity(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		ada := w.push("00u1", "ada@acme.example").ID
		// Analyst is communities.read, members.read and roles.read.
		actor := w.hire("kim", w.root, provisioning.RolesAssign, provisioning.CommunitiesRead)
		kim := provisioning.UserID(actor.ID)
		w.grant(kim, w.paris, w.customRole("Reader", provisioning.MembersRead))
		w.grant(kim, w.paris, w.customRole("Reader of roles", provisioning.RolesRead))
		if err := w.GrantRole(ctx, actor, w.ws, ada, provisioning.RoleIn{Community: w.paris, Role: w.analyst}); err != nil {
			t.Errorf("the union over three roles does not count: %v", err)
		}
		err := w.GrantRole(ctx, actor, w.ws, ada, provisioning.RoleIn{Community: w.lyon, Role: w.analyst})
		isKind(t, err, provisioning.ErrForbidden, "not_permitted")
	})
}

func TestRule2_WorkspaceScopedPermissionsCountOnlyWhenHeldInTheRoot(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		all := []provisioning.Permission{provisioning.DirectoryEdit, provisioning.SecurityEdit, provisioning.RolesEdit, provisioning.CommunitiesCreate}
		inParis, inRoot := w.hire("paris", w.paris, all...), w.hire("root", w.root, all...)
		tries := map[string]func(provisioning.Actor) error{
			"directory": func(a provisioning.Actor) error {
				_, err := w.CreateDirectory(ctx, a, w.ws, provisioning.NewDirectory{Name: "Another"})
				return err
			},
			"setting": func(a provisioning.Actor) error {
				return w.SetSetting(ctx, a, w.ws, provisioning.SettingContact, "ask@acme.example")
			},
			"role": func(a provisioning.Actor) error {
				_, err := w.CreateRole(ctx, a, w.ws, provisioning.NewRole{Name: "R", Description: "A role of the tests.", Permissions: []provisioning.Permission{provisioning.RolesEdit}})
				return err
			},
			"community": func(a provisioning.Actor) error {
				_, err := w.CreateCommunity(ctx, a, w.ws, provisioning.NewCommunity{Name: "SOC Nice"})
				return err
			},
		}
		for name, try := range tries {
			isKind(t, try(inParis), provisioning.ErrForbidden, "not_permitted")
			if err := try(inRoot); err != nil {
				t.Errorf("%s, held in the root: %v", name, err)
			}
		}
	})
}

func TestRule2_AnInvitationGivesNothingAboveOrBesideItsCommunities(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		_, link, err := w.InviteAdministrator(t.Context(), w.operator, w.ws, "ada@elsewhere.example", provisioning.RoleIn{Community: w.paris, Role: w.analyst})
		if err != nil {
			t.Fatal(err)
		}
		ada := must(w.FindUser(t.Context(), w.ws, "ada@elsewhere.example"))(t)
		w.holds(ada.ID) // nothing before it is accepted
		w.accept(link, "00u1", "ADA@elsewhere.example")
		w.holds(ada.ID, "analyst in soc-paris")
	})
}

func TestRule3_ByHandOneBuiltInRoleOrAnyNumberOfCustomOnes(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.push("00u1", "ada@acme.example").ID
		one, two := w.customRole("One", provisioning.MembersRead), w.customRole("Two", provisioning.RolesRead)
		w.grant(ada, w.lyon, w.guest)
		for _, step := range []struct {
			give provisioning.RoleID
			want []string
		}{
			{w.guest, []string{"guest in soc-paris", "guest in soc-lyon"}},
			{w.analyst, []string{"analyst in soc-paris", "guest in soc-lyon"}}, // another built-in one
			{one, []string{"one in soc-paris", "guest in soc-lyon"}},           // the other kind
			{two, []string{"one in soc-paris", "two in soc-paris", "guest in soc-lyon"}},
			{w.admin, []string{"admin in soc-paris", "guest in soc-lyon"}}, // of several, all
		} {
			w.grant(ada, w.paris, step.give)
			w.holds(ada, step.want...)
		}
		w.nothingDiffers()
	})
}

func TestRule3_WhatAnInvitationGaveIsReplacedToo_AndReplacesToo(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		_, link, err := w.InviteAdministrator(t.Context(), w.operator, w.ws, "ada@acme.example", provisioning.RoleIn{Community: w.paris, Role: w.analyst})
		if err != nil {
			t.Fatal(err)
		}
		ada := must(w.FindUser(t.Context(), w.ws, "ada@acme.example"))(t).ID
		w.grant(ada, w.paris, w.guest)
		w.accept(link, "00u1", "ada@acme.example")
		w.holds(ada, "analyst in soc-paris")
		w.grant(ada, w.paris, w.customRole("Reader", provisioning.MembersRead))
		w.holds(ada, "reader in soc-paris")
	})
}

func TestRule3_MappingsSimplyAddUp_AndAreShownSo(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.push("00u1", "ada@acme.example").ID
		a, b, c := w.pushGroup("A", ada), w.pushGroup("B", ada), w.pushGroup("C", ada)
		custom := w.customRole("Reader", provisioning.MembersRead)
		w.grant(ada, w.paris, w.guest)
		w.mapGroup(a.ID, w.paris, w.analyst)
		w.mapGroup(b.ID, w.paris, custom)
		w.mapGroup(c.ID, w.paris, w.analyst)
		w.holds(ada, "analyst in soc-paris", "guest in soc-paris", "reader in soc-paris")
		reasons := must(w.ExplainAccess(t.Context(), w.ws, ada, w.paris))(t)
		var got []string
		for _, e := range reasons {
			got = append(got, e.Role.Slug+" by "+string(e.Source))
			if !e.Counts() {
				t.Errorf("%s by %s gives nothing", e.Role.Slug, e.Source)
			}
		}
		if want := []string{"analyst by mapping", "analyst by mapping", "guest by administrator", "reader by mapping"}; !slices.Equal(got, want) {
			t.Errorf("reasons %v, want %v", got, want)
		}
		// One of two reasons goes: the role stays.
		w.setMembers(c)
		w.holds(ada, "analyst in soc-paris", "guest in soc-paris", "reader in soc-paris")
	})
}

// A held grant gives nothing, so giving the role again is no repetition.
func TestRule3_GivingAgainWhatIsHeldGivesIt(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.push("00u1", "ada@acme.example").ID
		w.grant(ada, w.paris, w.analyst)
		must(w.ChangeDirectoryUser(t.Context(), w.okta, string(ada), func(r provisioning.RecordWrite) (provisioning.RecordWrite, error) {
			r.ExternalID = ptr("00u2")
			return r, nil
		}))(t)
		w.holds(ada)
		w.grant(ada, w.paris, w.analyst)
		w.holds(ada, "analyst in soc-paris")
		if n := must(w.ReleaseUser(t.Context(), w.operator, w.ws, ada))(t); n != 0 {
			t.Errorf("%d grants were still held", n)
		}
		w.nothingDiffers()
	})
}

func TestRule6_AUserWithNoMembershipAtAllIsNoError_TheFaceSaysWhomToAsk(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		must(w.UpdateConnection(ctx, w.operator, w.ws, w.conn.ID, provisioning.ConnectionWrite{AutoCreate: ptr(false)}))(t)
		w.push("00u1", "ada@acme.example")
		in := must(w.signIn("00u1", "ada@acme.example"))(t)
		v := must(w.Authenticate(ctx, in.Secret))(t)
		if o := must(w.Overview(ctx, v))(t); len(o.Communities) != 0 {
			t.Errorf("holds %v", o.Communities)
		}
		w.grant(in.User.ID, w.paris, w.guest)
		if o := must(w.Overview(ctx, v))(t); len(o.Communities) != 1 || o.Communities[0].Community.ID != w.paris {
			t.Errorf("holds %v, want guest in Paris", o.Communities)
		}
	})
}
