package provisioning_test

import (
	"testing"

	"drawbridge/provisioning"
)

// giving is what somebody tries to give by each of the ways that rule 4 names.
type giving struct {
	w      *world
	group  provisioning.GroupID
	target provisioning.UserID
}

func (g giving) grant(a provisioning.Actor, c provisioning.CommunityID, r provisioning.RoleID) error {
	return g.w.GrantRole(g.w.t.Context(), a, g.w.ws, g.target, provisioning.RoleIn{Community: c, Role: r})
}

func (g giving) mapping(a provisioning.Actor, c provisioning.CommunityID, r provisioning.RoleID, confirmed bool) error {
	_, err := g.w.CreateMapping(g.w.t.Context(), a, g.w.ws, provisioning.MappingWrite{Group: g.group, Community: c, Role: r, Confirmed: confirmed})
	return err
}

func (g giving) defaults(a provisioning.Actor, c provisioning.CommunityID, r provisioning.RoleID, confirmed bool) error {
	_, err := g.w.UpdateConnection(g.w.t.Context(), a, g.w.ws, g.w.conn.ID, provisioning.ConnectionWrite{
		DefaultRole: &r, DefaultCommunities: []provisioning.CommunityID{c}, Confirmed: confirmed,
	})
	return err
}

func (g giving) edit(a provisioning.Actor, ps ...provisioning.Permission) error {
	_, err := g.w.CreateRole(g.w.t.Context(), a, g.w.ws, provisioning.NewRole{Name: "Made", Description: "A role of the tests.", Permissions: ps})
	return err
}

func newGiving(w *world) giving {
	return giving{w: w, group: w.pushGroup("Analysts").ID, target: w.push("00target", "target@acme.example").ID}
}

func TestRule4_NobodyGivesAPermissionThatTheyDoNotHoldThere(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		g := newGiving(w)
		may := w.hire("kim", w.root, provisioning.RolesAssign, provisioning.RolesEdit, provisioning.DirectoryEdit,
			provisioning.SecurityEdit, provisioning.CommunitiesRead, provisioning.MembersRead)
		less := w.customRole("Less", provisioning.CommunitiesRead, provisioning.MembersRead)
		more := w.customRole("More", provisioning.CommunitiesRead, provisioning.RolesRead)
		before := stateOf(w)
		for name, err := range map[string]error{
			"assign":          g.grant(may, w.paris, more),
			"map":             g.mapping(may, w.paris, more, true),
			"default":         g.defaults(may, w.paris, more, true),
			"edit into role":  g.edit(may, provisioning.CommunitiesRead, provisioning.AuditRead),
			"assign built-in": g.grant(may, w.paris, w.analyst),
			"map built-in":    g.mapping(may, w.paris, w.analyst, true),
		} {
			t.Run(name, func(t *testing.T) { isKind(t, err, provisioning.ErrForbidden, "not_permitted") })
		}
		same(t, "after the refusals", stateOf(w), before)
		for name, err := range map[string]error{
			"assign":         g.grant(may, w.paris, less),
			"map":            g.mapping(may, w.paris, less, false),
			"default":        g.defaults(may, w.paris, less, false),
			"edit into role": g.edit(may, provisioning.CommunitiesRead, provisioning.RolesAssign),
		} {
			if err != nil {
				t.Errorf("%s within what is held: %v", name, err)
			}
		}
	})
}

func TestRule4_WhoLacksTheRightToGiveGivesNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		g := newGiving(w)
		reader := w.hire("kim", w.root, provisioning.CommunitiesRead, provisioning.MembersRead, provisioning.RolesRead)
		for name, actor := range map[string]provisioning.Actor{
			"a reader":          reader,
			"a directory":       w.okta.Actor,
			"somebody with no ": {Kind: provisioning.ActorUser, ID: string(g.target), Workspace: w.ws},
			"an empty actor":    {},
		} {
			for way, err := range map[string]error{
				"assign":  g.grant(actor, w.paris, w.guest),
				"map":     g.mapping(actor, w.paris, w.guest, true),
				"default": g.defaults(actor, w.paris, w.guest, true),
				"edit":    g.edit(actor, provisioning.CommunitiesRead),
				"revoke":  w.RevokeRole(t.Context(), actor, w.ws, g.target, provisioning.RoleIn{Community: w.paris, Role: w.guest}),
				"suspend": w.SuspendUser(t.Context(), actor, w.ws, g.target),
				"release": func() error { _, err := w.ReleaseUser(t.Context(), actor, w.ws, g.target); return err }(),
			} {
				t.Run(name+" "+way, func(t *testing.T) { isKind(t, err, provisioning.ErrForbidden, "not_permitted") })
			}
		}
	})
}

func TestRule4_WhoIsBlockedHoldsNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		g := newGiving(w)
		boss := w.hire("kim", w.root, provisioning.RolesAssign, provisioning.CommunitiesRead)
		if err := g.grant(boss, w.paris, w.guest); err != nil {
			t.Fatal(err)
		}
		w.setActive(provisioning.UserID(boss.ID), false)
		isKind(t, g.grant(boss, w.lyon, w.guest), provisioning.ErrForbidden, "not_permitted")
	})
}

func TestRule4_TheOperatorHoldsAll(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		g := newGiving(w)
		for name, err := range map[string]error{
			"assign":  g.grant(w.operator, w.root, w.admin),
			"map":     g.mapping(w.operator, w.root, w.admin, true),
			"default": g.defaults(w.operator, w.root, w.admin, true),
			"edit":    g.edit(w.operator, provisioning.AuditRead, provisioning.KeysEdit),
		} {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func TestRule4_DefaultsAndMappingsThatReachFarNeedAConfirmation(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		g := newGiving(w)
		custom := w.customRole("Inviter", provisioning.CommunitiesRead, provisioning.MembersInvite)
		for name, c := range map[string]struct {
			community provisioning.CommunityID
			role      provisioning.RoleID
		}{
			"a built-in administrative role": {w.paris, w.admin},
			"a custom administrative role":   {w.paris, custom},
			"any role in the root":           {w.root, w.guest},
		} {
			before := stateOf(w)
			isKind(t, g.mapping(w.operator, c.community, c.role, false), provisioning.ErrConfirm, "confirm_administrative")
			isKind(t, g.defaults(w.operator, c.community, c.role, false), provisioning.ErrConfirm, "confirm_administrative")
			same(t, name+" unconfirmed", stateOf(w), before)
			if err := g.mapping(w.operator, c.community, c.role, true); err != nil {
				t.Errorf("%s, mapped with confirmation: %v", name, err)
			}
			if err := g.defaults(w.operator, c.community, c.role, true); err != nil {
				t.Errorf("%s, default with confirmation: %v", name, err)
			}
		}
	})
}

func TestRule4_SwitchingAutomaticCreationOffNeedsNoConfirmation(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		g := newGiving(w)
		if err := g.defaults(w.operator, w.paris, w.admin, true); err != nil {
			t.Fatal(err)
		}
		off := provisioning.ConnectionWrite{AutoCreate: ptr(false)}
		security := w.hire("kim", w.root, provisioning.SecurityEdit)
		must(w.UpdateConnection(t.Context(), security, w.ws, w.conn.ID, off))(t)
		on := provisioning.ConnectionWrite{AutoCreate: ptr(true)}
		_, err := w.UpdateConnection(t.Context(), w.operator, w.ws, w.conn.ID, on)
		isKind(t, err, provisioning.ErrConfirm, "confirm_administrative")
	})
}

func TestRule4_AGrantOrInvitationToANamedPersonNeedsNoConfirmation(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		g := newGiving(w)
		if err := g.grant(w.operator, w.root, w.admin); err != nil {
			t.Errorf("grant: %v", err)
		}
		_, _, err := w.InviteAdministrator(t.Context(), w.operator, w.ws, "new@acme.example", provisioning.RoleIn{Community: w.root, Role: w.admin})
		if err != nil {
			t.Errorf("invitation: %v", err)
		}
	})
}

// fresh signs somebody in for the first time and returns who was made.
func (w *world) fresh(subject string) provisioning.UserID {
	w.t.Helper()
	in := must(w.signIn(subject, subject+"@acme.example"))(w.t)
	if !in.Created {
		w.t.Fatalf("%s was not created", subject)
	}
	return in.User.ID
}

func (w *world) setDefault(r provisioning.RoleID, cs ...provisioning.CommunityID) {
	w.t.Helper()
	w.conn = must(w.UpdateConnection(w.t.Context(), w.operator, w.ws, w.conn.ID, provisioning.ConnectionWrite{
		DefaultRole: &r, DefaultCommunities: cs, Confirmed: true,
	}))(w.t)
}

func TestRule5_TheDefaultIsAnyRole_InEachDefaultCommunity(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w.setDefault(w.customRole("Reader", provisioning.MembersRead), w.paris, w.lyon)
		w.holds(w.fresh("00u1"), "reader in soc-paris", "reader in soc-lyon")
		w.setDefault(w.analyst, w.root)
		w.holds(w.fresh("00u2"), "analyst in acme")
	})
}

func TestRule5_ItIsGrantedOnce_AtTheFirstSignIn(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.push("00u1", "ada@acme.example").ID
		w.holds(ada) // being pushed is no sign-in
		must(w.signIn("00u1", "ada@acme.example"))(t)
		w.holds(ada, "guest in soc-lyon")
		if err := w.RevokeRole(t.Context(), w.operator, w.ws, ada, provisioning.RoleIn{Community: w.lyon, Role: w.guest}); err != nil {
			t.Fatal(err)
		}
		must(w.signIn("00u1", "ada@acme.example"))(t)
		w.holds(ada)
	})
}

func TestRule5_WithoutAutomaticCreationNobodyGetsIt(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		must(w.UpdateConnection(t.Context(), w.operator, w.ws, w.conn.ID, provisioning.ConnectionWrite{AutoCreate: ptr(false)}))(t)
		ada := w.push("00u1", "ada@acme.example").ID
		must(w.signIn("00u1", "ada@acme.example"))(t)
		w.holds(ada)
	})
}

func TestRule5_WhoWasGivenSomethingByHandBeforeDoesNotGetIt(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.push("00u1", "ada@acme.example").ID
		w.grant(ada, w.paris, w.guest)
		must(w.signIn("00u1", "ada@acme.example"))(t)
		w.holds(ada, "guest in soc-paris")
		_, link, err := w.InviteAdministrator(t.Context(), w.operator, w.ws, "bob@acme.example", provisioning.RoleIn{Community: w.paris, Role: w.analyst})
		if err != nil {
			t.Fatal(err)
		}
		w.holds(w.accept(link, "00u2", "bob@acme.example").User.ID, "analyst in soc-paris")
	})
}

func TestRule5_WhatAMappingGaveBeforeDoesNotStandInItsWay_ElsewhereThanThere(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w.setDefault(w.guest, w.paris, w.lyon)
		ada := w.push("00u1", "ada@acme.example").ID
		w.mapGroup(w.pushGroup("Analysts", ada).ID, w.paris, w.analyst)
		must(w.signIn("00u1", "ada@acme.example"))(t)
		w.holds(ada, "analyst in soc-paris", "guest in soc-lyon")
	})
}

func TestRule5_WhereAMappingEverGaveARoleItIsSetAsideForGood_InWhicheverOrder(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		first, later := w.push("00u1", "first@acme.example").ID, w.push("00u2", "later@acme.example").ID
		must(w.signIn("00u1", "first@acme.example"))(t) // the default comes first
		w.holds(first, "guest in soc-lyon")
		g := w.pushGroup("Analysts", first, later)
		m := w.mapGroup(g.ID, w.lyon, w.analyst)
		w.holds(first, "analyst in soc-lyon")
		must(w.signIn("00u2", "later@acme.example"))(t) // the mapping comes first
		w.holds(later, "analyst in soc-lyon")

		w.setMembers(g)
		w.holds(first)
		w.holds(later)
		if err := w.DeleteMapping(t.Context(), w.operator, w.ws, m.ID); err != nil {
			t.Fatal(err)
		}
		w.holds(first)
		w.holds(later)
		for _, u := range []provisioning.UserID{first, later} {
			reasons := must(w.ExplainAccess(t.Context(), w.ws, u, w.lyon))(t)
			if len(reasons) != 1 || !reasons[0].SetAside || reasons[0].Counts() {
				t.Errorf("explained as %+v, want one default, set aside", reasons)
			}
		}
		w.nothingDiffers()
	})
}

func TestRule5_ChangingTheDefaultChangesNobodyWhoExists(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.fresh("00u1")
		w.setDefault(w.analyst, w.paris)
		w.holds(ada, "guest in soc-lyon")
		must(w.signIn("00u1", "00u1@acme.example"))(t)
		w.holds(ada, "guest in soc-lyon")
		w.holds(w.fresh("00u2"), "analyst in soc-paris")
	})
}

func TestRule5_AutomaticCreationNeedsARoleAndACommunity(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		write := provisioning.ConnectionWrite{
			Name: ptr("Second"), Issuer: ptr(issuer), ClientID: ptr("c"), ClientSecret: ptr("s"), AutoCreate: ptr(true),
		}
		_, err := w.CreateConnection(ctx, w.operator, w.ws, write)
		isKind(t, err, provisioning.ErrInvalid, "defaults")
		write.DefaultRole = &w.guest
		_, err = w.CreateConnection(ctx, w.operator, w.ws, write)
		isKind(t, err, provisioning.ErrInvalid, "defaults")
		_, err = w.UpdateConnection(ctx, w.operator, w.ws, w.conn.ID, provisioning.ConnectionWrite{DefaultCommunities: []provisioning.CommunityID{}})
		isKind(t, err, provisioning.ErrInvalid, "defaults")

		single := must(w.CreateWorkspace(ctx, w.operator, provisioning.NewWorkspace{Name: "Solo", AdminEmail: "boss@solo.example"}))(t)
		guest := must(w.FindRole(ctx, single.Workspace.ID, "guest"))(t)
		write.DefaultRole = &guest.ID
		c := must(w.CreateConnection(ctx, w.operator, single.Workspace.ID, write))(t)
		if len(c.DefaultCommunities) != 1 || c.DefaultCommunities[0] != single.Root.ID {
			t.Errorf("defaults of a single-tenant workspace: %v, want its root", c.DefaultCommunities)
		}
	})
}
