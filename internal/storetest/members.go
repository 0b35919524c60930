package storetest

import (
	"context"

	"drawbridge/provisioning"
)

var memberSentences = []sentence{
	{"Add puts the users into the group and returns those that were not in it", memberAdd},
	{"Remove takes the users out and returns those that were in it", memberRemove},
	{"Keep takes out everybody but the given users and returns whom it took out", memberKeep},
	{"Keep of nobody empties the group", memberKeepNobody},
	{"Known tells apart the ids of users with a record and of users who once had one", memberKnown},
	{"Of returns the members of the groups, by group and user", memberOf},
	{"Users returns ids of members in order, after the given one, at most limit", memberUsers},
	{"GroupsOf returns the groups, not deleted, that the users are in, by user and group, each with its name", memberGroupsOf},
}

func (w *world) add(g provisioning.Group, users ...provisioning.UserID) []provisioning.UserID {
	w.t.Helper()
	return write(w, func(ctx context.Context, tx *provisioning.Tx) ([]provisioning.UserID, error) {
		return tx.Members.Add(ctx, w.workspace.ID, g.ID, users, at(18))
	})
}

func (w *world) remove(g provisioning.Group, users ...provisioning.UserID) []provisioning.UserID {
	w.t.Helper()
	return write(w, func(ctx context.Context, tx *provisioning.Tx) ([]provisioning.UserID, error) {
		return tx.Members.Remove(ctx, w.workspace.ID, g.ID, users)
	})
}

func (w *world) keep(g provisioning.Group, users ...provisioning.UserID) []provisioning.UserID {
	w.t.Helper()
	return write(w, func(ctx context.Context, tx *provisioning.Tx) ([]provisioning.UserID, error) {
		return tx.Members.Keep(ctx, w.workspace.ID, g.ID, users)
	})
}

func (w *world) membersOf(g provisioning.Group, after provisioning.UserID, limit int) []provisioning.UserID {
	w.t.Helper()
	return read(w, func(ctx context.Context, tx *provisioning.Tx) ([]provisioning.UserID, error) {
		return tx.Members.Users(ctx, w.workspace.ID, g.ID, after, limit)
	})
}

func memberAdd(w *world) {
	g, other := w.group("g"), w.group("other")
	us := userIDs(w.users(3)...)
	sameSet(w.t, "added", w.add(g, us[0], us[1]), us[:2])
	sameSet(w.t, "added", w.add(g, us[1], us[2], us[2]), us[2:])
	equal(w.t, "added", w.add(g, us...), nil)
	equal(w.t, "added", w.add(g), nil)
	equal(w.t, "members", w.membersOf(g, "", 9), us)
	equal(w.t, "members of the other", w.membersOf(other, "", 9), nil)
}

func memberRemove(w *world) {
	g, other := w.group("g"), w.group("other")
	us := userIDs(w.users(3)...)
	w.add(g, us...)
	w.add(other, us...)
	sameSet(w.t, "removed", w.remove(g, us[0], newID[provisioning.UserID](), us[0]), us[:1])
	equal(w.t, "removed", w.remove(g, us[0]), nil)
	equal(w.t, "removed", w.remove(g), nil)
	equal(w.t, "members", w.membersOf(g, "", 9), us[1:])
	equal(w.t, "members of the other", w.membersOf(other, "", 9), us)
}

func memberKeep(w *world) {
	g, other := w.group("g"), w.group("other")
	us := userIDs(w.users(4)...)
	w.add(g, us[:3]...)
	w.add(other, us...)
	sameSet(w.t, "taken out", w.keep(g, us[1], us[3]), []provisioning.UserID{us[0], us[2]})
	equal(w.t, "members", w.membersOf(g, "", 9), us[1:2])
	equal(w.t, "members of the other", w.membersOf(other, "", 9), us)
}

func memberKeepNobody(w *world) {
	g := w.group("g")
	us := userIDs(w.users(2)...)
	w.add(g, us...)
	sameSet(w.t, "taken out", w.keep(g), us)
	equal(w.t, "members", w.membersOf(g, "", 9), nil)
}

func memberKnown(w *world) {
	second := w.secondDirectory("Second")
	current, former, removed := w.pushed("current"), w.pushed("former"), w.pushed("removed")
	w.deleteRecord(former)
	w.deleteRecord(removed)
	removed.Record = nil
	w.removeUser(removed)
	never, foreign := w.user("never"), w.user("foreign")
	w.record(foreign, "x", func(r *provisioning.DirectoryRecord) { r.Directory = second.ID })
	ids := append(userIDs(current, former, removed, never, foreign), newID[provisioning.UserID](), "no id", current.ID)
	type known struct{ current, former []provisioning.UserID }
	got := read(w, func(ctx context.Context, tx *provisioning.Tx) (k known, err error) {
		k.current, k.former, err = tx.Members.Known(ctx, w.workspace.ID, w.directory.ID, ids)
		return k, err
	})
	sameSet(w.t, "current", got.current, userIDs(current))
	sameSet(w.t, "former", got.former, userIDs(former, removed))
}

func memberOf(w *world) {
	g, h, other := w.group("g"), w.group("h"), w.group("other")
	shown, unnamed := w.user("shown"), w.user("unnamed", func(u *provisioning.User) { u.DisplayName = "" })
	w.addMembers(h, shown)
	w.addMembers(g, unnamed, shown)
	w.addMembers(other, shown)
	got := read(w, func(ctx context.Context, tx *provisioning.Tx) ([]provisioning.Member, error) {
		return tx.Members.Of(ctx, w.workspace.ID, []provisioning.GroupID{h.ID, g.ID, newID[provisioning.GroupID]()})
	})
	equal(w.t, "members", got, []provisioning.Member{
		{Group: g.ID, User: shown.ID, Display: shown.DisplayName},
		{Group: g.ID, User: unnamed.ID, Display: "unnamed"},
		{Group: h.ID, User: shown.ID, Display: shown.DisplayName},
	})
}

func memberUsers(w *world) {
	g := w.group("g")
	us := userIDs(w.users(5)...)
	w.add(g, us[3], us[1], us[0], us[4], us[2])
	equal(w.t, "first", w.membersOf(g, "", 2), us[:2])
	equal(w.t, "second", w.membersOf(g, us[1], 2), us[2:4])
	equal(w.t, "last", w.membersOf(g, us[3], 2), us[4:])
	equal(w.t, "none", w.membersOf(g, us[4], 2), nil)
}

func memberGroupsOf(w *world) {
	g, h, gone := w.group("Group G"), w.group("Group H"), w.group("Gone")
	ana, bob, eve := w.user("ana"), w.user("bob"), w.user("eve")
	w.addMembers(h, ana, eve)
	w.addMembers(g, ana, bob)
	w.addMembers(gone, ana)
	w.deleteGroup(gone)
	got := read(w, func(ctx context.Context, tx *provisioning.Tx) ([]provisioning.Member, error) {
		return tx.Members.GroupsOf(ctx, w.workspace.ID, userIDs(bob, ana))
	})
	equal(w.t, "groups", got, []provisioning.Member{
		{Group: g.ID, User: ana.ID, Display: "Group G"},
		{Group: h.ID, User: ana.ID, Display: "Group H"},
		{Group: g.ID, User: bob.ID, Display: "Group G"},
	})
}
