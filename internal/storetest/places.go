package storetest

import (
	"context"

	"drawbridge/provisioning"
)

var communityLifeSentences = []sentence{
	{"Update replaces name and description, or returns ErrNotFound", communityUpdate},
	{"Lock and Hold: ErrNotFound if one is not there or deleted", communityUnknown},
	{"Uses counts what stands in the community", communityUses},
	{"Delete marks the community, frees its slug, and List shows it no more", communityDelete},
	{"Delete deletes its grants, mappings, set-aside marks, defaults and roles of invitations", communityDeleteReasons},
	{"Delete returns, in order, the users with a membership in it that has not ended", communityDeleteMembers},
	{"Delete: ErrNotFound if there is none that is not deleted", communityDeleteUnknown},
}

func (w *world) communities() []provisioning.Community {
	w.t.Helper()
	return read(w, func(ctx context.Context, tx *provisioning.Tx) ([]provisioning.Community, error) {
		return tx.Communities.List(ctx, w.workspace.ID)
	})
}

func (w *world) deleteCommunity(id provisioning.CommunityID) (members []provisioning.UserID, err error) {
	err = w.try(func(ctx context.Context, tx *provisioning.Tx) (err error) {
		members, err = tx.Communities.Delete(ctx, w.workspace.ID, id, at(90))
		return err
	})
	return members, err
}

func communityUpdate(w *world) {
	update := func(c provisioning.Community) error {
		return w.try(func(ctx context.Context, tx *provisioning.Tx) error { return tx.Communities.Update(ctx, c) })
	}
	want := w.paris
	want.Name, want.Description = "Paris", "The one in France"
	changed := want
	changed.Slug, changed.Root, changed.CreatedAt, changed.DeletedAt = "changed", true, at(91), at(92)
	wantOK(w.t, update(changed))
	equal(w.t, "communities", w.communities(), []provisioning.Community{w.root, want, w.lyon})
	wantKind(w.t, update(w.draftCommunity("nobody")), provisioning.ErrNotFound)
	_, err := w.deleteCommunity(w.paris.ID)
	wantOK(w.t, err)
	wantKind(w.t, update(changed), provisioning.ErrNotFound)
}

func communityUnknown(w *world) {
	lock := func(id provisioning.CommunityID) error {
		return w.try(func(ctx context.Context, tx *provisioning.Tx) error {
			return tx.Communities.Lock(ctx, w.workspace.ID, id)
		})
	}
	hold := func(ids ...provisioning.CommunityID) error {
		return w.try(func(ctx context.Context, tx *provisioning.Tx) error {
			return tx.Communities.Hold(ctx, w.workspace.ID, ids)
		})
	}
	wantOK(w.t, lock(w.paris.ID))
	wantOK(w.t, hold(w.paris.ID, w.lyon.ID, w.paris.ID))
	wantOK(w.t, hold())
	unknown := newID[provisioning.CommunityID]()
	wantKind(w.t, lock(unknown), provisioning.ErrNotFound)
	wantKind(w.t, hold(w.lyon.ID, unknown), provisioning.ErrNotFound)
	_, err := w.deleteCommunity(w.paris.ID)
	wantOK(w.t, err)
	wantKind(w.t, lock(w.paris.ID), provisioning.ErrNotFound)
	wantKind(w.t, hold(w.lyon.ID, w.paris.ID), provisioning.ErrNotFound)
}

// occupy puts what counts as a use, and what does not (ended, accepted, expired),
// into the community and the role.
func (w *world) occupy(c provisioning.Community, r provisioning.Role) (members []provisioning.User) {
	w.t.Helper()
	ana, bob := w.user("ana"), w.user("bob")
	w.grant(ana, c, r)
	w.grant(bob, c, r, func(g *provisioning.Grant) { g.Held = true })
	w.membership(bob, c, r)
	w.membership(ana, c, r)
	w.membership(ana, c, r)
	w.endMemberships(w.membership(w.user("left"), c, r))
	w.mapping(w.group("g"), c, r)
	w.mapping(w.group("h"), c, r, func(m *provisioning.Mapping) { m.Held = true })
	second := w.draftConnection("Second")
	second.DefaultRole, second.DefaultCommunities = r.ID, []provisioning.CommunityID{c.ID}
	wantOK(w.t, w.createConnection(second))
	now := w.now()
	for _, change := range []func(*provisioning.Invitation){
		func(*provisioning.Invitation) {},
		func(*provisioning.Invitation) {},
		func(i *provisioning.Invitation) { i.AcceptedAt = at(30) },
		func(i *provisioning.Invitation) { i.CancelledAt = at(30) },
		func(i *provisioning.Invitation) { i.ExpiresAt = now },
	} {
		w.invitation(ana, func(i *provisioning.Invitation) {
			i.ExpiresAt, i.Roles = now.AddDate(0, 0, 1), []provisioning.RoleIn{{Community: c.ID, Role: r.ID}}
		}, change)
	}
	w.setAside(provisioning.SetAside{User: ana.ID, Community: c.ID})
	return []provisioning.User{ana, bob}
}

// occupied is what [world.occupy] adds up to.
var occupied = provisioning.Uses{Users: 2, Grants: 2, Mappings: 2, Connections: 1, Invitations: 2}

func communityUses(w *world) {
	uses := func(id provisioning.CommunityID) provisioning.Uses {
		return read(w, func(ctx context.Context, tx *provisioning.Tx) (provisioning.Uses, error) {
			return tx.Communities.Uses(ctx, w.workspace.ID, id)
		})
	}
	equal(w.t, "none", uses(w.lyon.ID), provisioning.Uses{})
	w.occupy(w.lyon, w.analyst)
	w.grant(w.user("elsewhere"), w.paris, w.analyst)
	equal(w.t, "uses", uses(w.lyon.ID), occupied)
	equal(w.t, "uses of an unknown one", uses(newID[provisioning.CommunityID]()), provisioning.Uses{})
}

func communityDelete(w *world) {
	_, err := w.deleteCommunity(w.paris.ID)
	wantOK(w.t, err)
	equal(w.t, "communities", w.communities(), []provisioning.Community{w.root, w.lyon})
	again := w.draftCommunity(w.paris.Slug)
	wantOK(w.t, w.createCommunity(again))
	equal(w.t, "communities", w.communities(), []provisioning.Community{w.root, w.lyon, again})
}

func communityDeleteReasons(w *world) {
	members := w.occupy(w.lyon, w.analyst)
	kept := w.grant(members[0], w.paris, w.guest)
	there := w.mapping(w.group("kept"), w.paris, w.guest)
	w.setAside(provisioning.SetAside{User: members[0].ID, Community: w.paris.ID})
	_, err := w.deleteCommunity(w.lyon.ID)
	wantOK(w.t, err)
	state := w.state(members...)
	equal(w.t, "grants", state.Grants, []provisioning.Grant{kept})
	equal(w.t, "marks", state.SetAside, []provisioning.SetAside{{User: members[0].ID, Community: w.paris.ID}})
	equal(w.t, "memberships, which the caller ends", len(state.Current), 3)
	equal(w.t, "mappings", read(w, func(ctx context.Context, tx *provisioning.Tx) ([]provisioning.Mapping, error) {
		return tx.Mappings.List(ctx, w.workspace.ID, "")
	}), []provisioning.Mapping{there})
	for _, i := range w.invitationsOf(members[0]) {
		equal(w.t, "roles of an invitation", i.Roles, nil)
	}
	for _, c := range w.listConnections() {
		if c.ID != w.connection.ID {
			equal(w.t, "defaults", c.DefaultCommunities, nil)
		}
	}
}

func (w *world) listConnections() []provisioning.Connection {
	w.t.Helper()
	return read(w, func(ctx context.Context, tx *provisioning.Tx) ([]provisioning.Connection, error) {
		return tx.Connections.List(ctx, w.workspace.ID)
	})
}

func communityDeleteMembers(w *world) {
	members := w.occupy(w.lyon, w.analyst)
	w.membership(w.user("elsewhere"), w.paris, w.guest)
	got, err := w.deleteCommunity(w.lyon.ID)
	wantOK(w.t, err)
	equal(w.t, "members", got, userIDs(members...))
}

func communityDeleteUnknown(w *world) {
	_, err := w.deleteCommunity(newID[provisioning.CommunityID]())
	wantKind(w.t, err, provisioning.ErrNotFound)
	_, err = w.deleteCommunity(w.paris.ID)
	wantOK(w.t, err)
	_, err = w.deleteCommunity(w.paris.ID)
	wantKind(w.t, err, provisioning.ErrNotFound)
}

var roleLifeSentences = []sentence{
	{"Update replaces name, description and permissions, or returns ErrNotFound", roleUpdate},
	{"Lock and Hold: ErrNotFound if one is not there or deleted", roleUnknown},
	{"Uses counts what uses the role", roleUses},
	{"Delete marks the role, frees its slug, and List shows it no more", roleDelete},
	{"Delete takes it from invitations that were accepted, cancelled or have expired", roleDeleteInvitations},
	{"Delete: ErrNotFound if there is none that is not deleted", roleDeleteUnknown},
}

func (w *world) role(slug string) provisioning.Role {
	w.t.Helper()
	r := w.draftRole(slug)
	wantOK(w.t, w.createRoles(r))
	return r
}

func (w *world) roles() []provisioning.Role {
	w.t.Helper()
	return read(w, func(ctx context.Context, tx *provisioning.Tx) ([]provisioning.Role, error) {
		return tx.Roles.List(ctx, w.workspace.ID)
	})
}

func (w *world) deleteRole(id provisioning.RoleID) error {
	return w.try(func(ctx context.Context, tx *provisioning.Tx) error {
		return tx.Roles.Delete(ctx, w.workspace.ID, id, at(90))
	})
}

func roleUpdate(w *world) {
	update := func(r provisioning.Role) error {
		return w.try(func(ctx context.Context, tx *provisioning.Tx) error { return tx.Roles.Update(ctx, r) })
	}
	want := w.role("triage")
	want.Name, want.Description, want.Permissions = "Triage", "Looks first", []provisioning.Permission{provisioning.RolesRead}
	changed := want
	changed.Slug, changed.Builtin, changed.CreatedAt, changed.DeletedAt = "changed", true, at(91), at(92)
	wantOK(w.t, update(changed))
	equal(w.t, "roles", w.roles(), []provisioning.Role{w.guest, w.analyst, w.admin, want})
	wantKind(w.t, update(w.draftRole("nobody")), provisioning.ErrNotFound)
	wantOK(w.t, w.deleteRole(want.ID))
	wantKind(w.t, update(changed), provisioning.ErrNotFound)
}

func roleUnknown(w *world) {
	lock := func(id provisioning.RoleID) error {
		return w.try(func(ctx context.Context, tx *provisioning.Tx) error { return tx.Roles.Lock(ctx, w.workspace.ID, id) })
	}
	hold := func(ids ...provisioning.RoleID) error {
		return w.try(func(ctx context.Context, tx *provisioning.Tx) error { return tx.Roles.Hold(ctx, w.workspace.ID, ids) })
	}
	triage := w.role("triage")
	wantOK(w.t, lock(triage.ID))
	wantOK(w.t, hold(triage.ID, w.guest.ID, triage.ID))
	unknown := newID[provisioning.RoleID]()
	wantKind(w.t, lock(unknown), provisioning.ErrNotFound)
	wantKind(w.t, hold(w.guest.ID, unknown), provisioning.ErrNotFound)
	wantOK(w.t, w.deleteRole(triage.ID))
	wantKind(w.t, lock(triage.ID), provisioning.ErrNotFound)
	wantKind(w.t, hold(w.guest.ID, triage.ID), provisioning.ErrNotFound)
}

func roleUses(w *world) {
	uses := func(id provisioning.RoleID) provisioning.Uses {
		return read(w, func(ctx context.Context, tx *provisioning.Tx) (provisioning.Uses, error) {
			return tx.Roles.Uses(ctx, w.workspace.ID, id)
		})
	}
	triage := w.role("triage")
	equal(w.t, "none", uses(triage.ID), provisioning.Uses{})
	w.occupy(w.lyon, triage)
	w.grant(w.user("elsewhere"), w.lyon, w.guest)
	equal(w.t, "uses", uses(triage.ID), occupied)
}

func roleDelete(w *world) {
	triage := w.role("triage")
	wantOK(w.t, w.deleteRole(triage.ID))
	equal(w.t, "roles", w.roles(), []provisioning.Role{w.guest, w.analyst, w.admin})
	again := w.role("triage")
	equal(w.t, "roles", w.roles(), []provisioning.Role{w.guest, w.analyst, w.admin, again})
}

func roleDeleteInvitations(w *world) {
	triage, u := w.role("triage"), w.user("ana")
	both := []provisioning.RoleIn{{Community: w.paris.ID, Role: w.guest.ID}, {Community: w.paris.ID, Role: triage.ID}}
	for _, change := range []func(*provisioning.Invitation){
		func(i *provisioning.Invitation) { i.AcceptedAt = at(30) },
		func(i *provisioning.Invitation) { i.CancelledAt = at(30) },
		ending(90),
		ending(91),
	} {
		w.invitation(u, func(i *provisioning.Invitation) { i.Roles = both }, change)
	}
	wantOK(w.t, w.deleteRole(triage.ID))
	for _, i := range w.invitationsOf(u) {
		want := both[:1]
		if i.ExpiresAt.Equal(at(91)) {
			want = both
		}
		equal(w.t, "roles of the invitation", i.Roles, want)
	}
}

func roleDeleteUnknown(w *world) {
	wantKind(w.t, w.deleteRole(newID[provisioning.RoleID]()), provisioning.ErrNotFound)
	triage := w.role("triage")
	wantOK(w.t, w.deleteRole(triage.ID))
	wantKind(w.t, w.deleteRole(triage.ID), provisioning.ErrNotFound)
}
