package storetest

import (
	"context"

	"drawbridge/provisioning"
)

var grantSentences = []sentence{
	{"Add stores the grants and returns what it stored", grantAdd},
	{"Add stores none that repeats (user, community, role, source)", grantRepeats},
	{"OfUser returns those of the user by id", grantOfUser},
	{"Delete removes the grants among ids", grantDelete},
	{"Hold sets or clears the held mark with its reason", grantHold},
	{"Safeguards returns the safeguard grants of the workspace, by id", grantSafeguards},
}

func (w *world) addGrants(grants ...provisioning.Grant) []provisioning.Grant {
	w.t.Helper()
	return write(w, func(ctx context.Context, tx *provisioning.Tx) ([]provisioning.Grant, error) {
		return tx.Grants.Add(ctx, grants)
	})
}

func (w *world) grantsOf(u provisioning.User) []provisioning.Grant {
	w.t.Helper()
	return read(w, func(ctx context.Context, tx *provisioning.Tx) ([]provisioning.Grant, error) {
		return tx.Grants.OfUser(ctx, w.workspace.ID, u.ID)
	})
}

func grantIDs(grants ...provisioning.Grant) []provisioning.GrantID {
	return pluck(grants, func(g provisioning.Grant) provisioning.GrantID { return g.ID })
}

func grantAdd(w *world) {
	u := w.user("ana")
	one := w.draftGrant(u, w.paris, w.guest)
	two := w.draftGrant(u, w.root, w.admin)
	two.Source, two.SourceID, two.Held, two.HeldReason = provisioning.SourceInvitation, "", true, "successor"
	sameSet(w.t, "stored", grantIDs(w.addGrants(two, one)...), grantIDs(one, two))
	equal(w.t, "grants", w.grantsOf(u), []provisioning.Grant{one, two})
	equal(w.t, "stored of none", w.addGrants(), nil)
}

func grantRepeats(w *world) {
	u, bob := w.user("ana"), w.user("bob")
	one := w.grant(u, w.paris, w.guest)
	repeat := w.draftGrant(u, w.paris, w.guest)
	repeat.SourceID = "another"
	otherSource := w.draftGrant(u, w.paris, w.guest)
	otherSource.Source = provisioning.SourceFirstSignIn
	otherRole, elsewhere := w.draftGrant(u, w.paris, w.analyst), w.draftGrant(u, w.lyon, w.guest)
	foreign := w.draftGrant(bob, w.paris, w.guest)
	twin := w.draftGrant(bob, w.paris, w.guest)
	got := w.addGrants(repeat, otherSource, otherRole, elsewhere, foreign, twin)
	equal(w.t, "number stored", len(got), 4)
	equal(w.t, "grants", w.grantsOf(u), []provisioning.Grant{one, otherSource, otherRole, elsewhere})
	equal(w.t, "number of bob's", len(w.grantsOf(bob)), 1)
}

func grantOfUser(w *world) {
	u := w.user("ana")
	w.grant(w.user("bob"), w.paris, w.guest)
	one := w.grant(u, w.paris, w.guest)
	first := w.grant(u, w.lyon, w.guest, func(g *provisioning.Grant) { g.ID = early(g.ID) })
	equal(w.t, "grants", w.grantsOf(u), []provisioning.Grant{first, one})
}

func grantDelete(w *world) {
	u, bob := w.user("ana"), w.user("bob")
	gone, kept := w.grant(u, w.paris, w.guest), w.grant(u, w.lyon, w.guest)
	foreign := w.grant(bob, w.paris, w.guest)
	w.do(func(ctx context.Context, tx *provisioning.Tx) error {
		if err := tx.Grants.Delete(ctx, w.workspace.ID, nil); err != nil {
			return err
		}
		return tx.Grants.Delete(ctx, w.workspace.ID, []provisioning.GrantID{gone.ID, foreign.ID, newID[provisioning.GrantID]()})
	})
	equal(w.t, "ana's", w.grantsOf(u), []provisioning.Grant{kept})
	equal(w.t, "bob's", w.grantsOf(bob), nil)
}

func grantHold(w *world) {
	u := w.user("ana")
	one, two := w.grant(u, w.paris, w.guest), w.grant(u, w.lyon, w.guest)
	hold := func(reason string, grants ...provisioning.Grant) {
		w.do(func(ctx context.Context, tx *provisioning.Tx) error {
			return tx.Grants.Hold(ctx, w.workspace.ID, grantIDs(grants...), reason)
		})
	}
	hold("successor", one)
	one.Held, one.HeldReason = true, "successor"
	equal(w.t, "held", w.grantsOf(u), []provisioning.Grant{one, two})
	hold("", one, two)
	one.Held, one.HeldReason = false, ""
	equal(w.t, "released", w.grantsOf(u), []provisioning.Grant{one, two})
}

func grantSafeguards(w *world) {
	safeguard := func(g *provisioning.Grant) { g.Source = provisioning.SourceSafeguard }
	ana, bob, other := w.user("ana"), w.user("bob"), w.another()
	w.grant(ana, w.root, w.admin)
	one := w.grant(ana, w.root, w.admin, safeguard)
	first := w.grant(bob, w.root, w.admin, safeguard, func(g *provisioning.Grant) { g.ID = early(g.ID) })
	other.grant(other.user("eve"), other.root, other.admin, safeguard)
	got := read(w, func(ctx context.Context, tx *provisioning.Tx) ([]provisioning.Grant, error) {
		return tx.Grants.Safeguards(ctx, w.workspace.ID)
	})
	equal(w.t, "safeguards", got, []provisioning.Grant{first, one})
}

var accessSentences = []sentence{
	{"State returns what the resolver needs to know of the users, and what it said last", accessState},
	{"State knows no group that is deleted, and no membership that ended", accessStateEnded},
	{"Start adds memberships; OfUser returns those that have not ended, by id", accessStart},
	{"End ends memberships; ended ones stay as they are", accessEnd},
	{"a reason that ended can stand again", accessAgain},
	{"SetAside adds marks; those that stand stay", accessSetAside},
	{"OfCommunity returns the memberships in the community that have not ended, by user and id, page by page", accessOfCommunity},
	{"Holders returns users who have a reason or a membership, in order, page by page", accessHolders},
}

func (w *world) state(users ...provisioning.User) provisioning.AccessState {
	w.t.Helper()
	return read(w, func(ctx context.Context, tx *provisioning.Tx) (provisioning.AccessState, error) {
		return tx.Access.State(ctx, w.workspace.ID, userIDs(users...))
	})
}

func (w *world) membershipsOf(u provisioning.User) []provisioning.Membership {
	w.t.Helper()
	return read(w, func(ctx context.Context, tx *provisioning.Tx) ([]provisioning.Membership, error) {
		return tx.Access.OfUser(ctx, w.workspace.ID, u.ID)
	})
}

func (w *world) endMemberships(ms ...provisioning.Membership) {
	w.t.Helper()
	ended := pluck(ms, func(m provisioning.Membership) provisioning.MembershipID { return m.ID })
	w.do(func(ctx context.Context, tx *provisioning.Tx) error {
		return tx.Access.End(ctx, w.workspace.ID, ended, at(85))
	})
}

func (w *world) setAside(marks ...provisioning.SetAside) {
	w.t.Helper()
	w.do(func(ctx context.Context, tx *provisioning.Tx) error {
		return tx.Access.SetAside(ctx, w.workspace.ID, marks, at(86))
	})
}

// keyed makes an order of lists whose order the contract leaves open.
func keyed[T any](list []T) []string { return sorted(pluck(list, func(v T) string { return show(v) })) }

func (w *world) wantState(got, want provisioning.AccessState) {
	w.t.Helper()
	for i := range got.Members {
		got.Members[i].Display = ""
	}
	equal(w.t, "grants", keyed(got.Grants), keyed(want.Grants))
	equal(w.t, "members", keyed(got.Members), keyed(want.Members))
	equal(w.t, "mappings", keyed(got.Mappings), keyed(want.Mappings))
	equal(w.t, "set aside", keyed(got.SetAside), keyed(want.SetAside))
	equal(w.t, "current", keyed(got.Current), keyed(want.Current))
}

func accessState(w *world) {
	ana, bob, eve := w.user("ana"), w.user("bob"), w.user("eve")
	g, h := w.group("g"), w.group("h")
	w.addMembers(g, ana, bob)
	w.addMembers(h, eve)
	held := func(m *provisioning.Mapping) { m.Held = true }
	want := provisioning.AccessState{
		Grants:   []provisioning.Grant{w.grant(ana, w.paris, w.guest), w.grant(bob, w.root, w.analyst, func(g *provisioning.Grant) { g.Held, g.HeldReason = true, "x" })},
		Members:  []provisioning.Member{{Group: g.ID, User: ana.ID}, {Group: g.ID, User: bob.ID}},
		Mappings: []provisioning.Mapping{w.mapping(g, w.paris, w.analyst), w.mapping(g, w.lyon, w.analyst, held)},
		SetAside: []provisioning.SetAside{{User: bob.ID, Community: w.paris.ID}},
		Current:  []provisioning.Membership{w.membership(ana, w.paris, w.guest), w.membership(bob, w.paris, w.analyst)},
	}
	w.setAside(want.SetAside...)
	w.mapping(h, w.paris, w.analyst)
	w.grant(eve, w.paris, w.guest)
	w.membership(eve, w.paris, w.guest)
	w.setAside(provisioning.SetAside{User: eve.ID, Community: w.paris.ID})
	w.wantState(w.state(ana, bob), want)
	w.wantState(w.state(), provisioning.AccessState{})
}

func accessStateEnded(w *world) {
	ana := w.user("ana")
	gone := w.group("gone")
	w.addMembers(gone, ana)
	w.mapping(gone, w.paris, w.analyst)
	w.deleteGroup(gone)
	w.endMemberships(w.membership(ana, w.paris, w.analyst))
	w.wantState(w.state(ana), provisioning.AccessState{})
}

func accessStart(w *world) {
	u := w.user("ana")
	w.membership(w.user("bob"), w.paris, w.guest)
	one := w.membership(u, w.paris, w.guest)
	mapped := w.membership(u, w.paris, w.guest, func(m *provisioning.Membership) { m.Source = provisioning.SourceMapping })
	first := w.membership(u, w.root, w.admin, func(m *provisioning.Membership) { m.ID = early(m.ID) })
	equal(w.t, "memberships", w.membershipsOf(u), []provisioning.Membership{first, one, mapped})
	w.do(func(ctx context.Context, tx *provisioning.Tx) error { return tx.Access.Start(ctx, nil) })
}

func accessEnd(w *world) {
	u := w.user("ana")
	one, two := w.membership(u, w.paris, w.guest), w.membership(u, w.lyon, w.guest)
	w.endMemberships(one)
	equal(w.t, "memberships", w.membershipsOf(u), []provisioning.Membership{two})
	w.endMemberships(one)
	w.endMemberships()
	equal(w.t, "memberships", w.membershipsOf(u), []provisioning.Membership{two})
}

func accessAgain(w *world) {
	u := w.user("ana")
	one := w.membership(u, w.paris, w.guest)
	w.endMemberships(one)
	again := w.membership(u, w.paris, w.guest, func(m *provisioning.Membership) { m.SourceID = one.SourceID })
	equal(w.t, "memberships", w.membershipsOf(u), []provisioning.Membership{again})
}

func accessSetAside(w *world) {
	u := w.user("ana")
	paris := provisioning.SetAside{User: u.ID, Community: w.paris.ID}
	lyon := provisioning.SetAside{User: u.ID, Community: w.lyon.ID}
	w.setAside(paris)
	w.setAside(paris, lyon, lyon)
	w.setAside()
	w.wantState(w.state(u), provisioning.AccessState{SetAside: []provisioning.SetAside{paris, lyon}})
}

func accessOfCommunity(w *world) {
	ana, bob := w.user("ana"), w.user("bob")
	three := w.membership(bob, w.paris, w.guest)
	one := w.membership(ana, w.paris, w.guest)
	two := w.membership(ana, w.paris, w.analyst)
	w.membership(ana, w.lyon, w.guest)
	w.membership(ana, w.root, w.guest)
	w.endMemberships(w.membership(ana, w.paris, w.admin))
	of := func(after provisioning.UserID, limit int) []provisioning.Membership {
		return read(w, func(ctx context.Context, tx *provisioning.Tx) ([]provisioning.Membership, error) {
			return tx.Access.OfCommunity(ctx, w.workspace.ID, w.paris.ID, after, limit)
		})
	}
	equal(w.t, "all", of("", 9), []provisioning.Membership{one, two, three})
	equal(w.t, "first", of("", 2), []provisioning.Membership{one, two})
	equal(w.t, "after ana", of(ana.ID, 9), []provisioning.Membership{three})
}

func accessHolders(w *world) {
	granted, mapped, member, all := w.user("granted"), w.user("mapped"), w.user("member"), w.user("all")
	w.user("nobody")
	g := w.group("g")
	w.mapping(g, w.paris, w.guest)
	w.grant(granted, w.paris, w.guest)
	w.addMembers(g, mapped, all)
	w.membership(member, w.paris, w.guest)
	w.grant(all, w.paris, w.guest)
	w.membership(all, w.paris, w.guest)
	holders := func(after provisioning.UserID, limit int) []provisioning.UserID {
		return read(w, func(ctx context.Context, tx *provisioning.Tx) ([]provisioning.UserID, error) {
			return tx.Access.Holders(ctx, w.workspace.ID, after, limit)
		})
	}
	equal(w.t, "all", holders("", 9), userIDs(granted, mapped, member, all))
	equal(w.t, "first", holders("", 2), userIDs(granted, mapped))
	equal(w.t, "rest", holders(mapped.ID, 9), userIDs(member, all))
}
