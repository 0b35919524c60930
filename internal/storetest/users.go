package storetest

import (
	"cmp"
	"context"
	"slices"
	"time"

	"drawbridge/provisioning"
)

var userSentences = []sentence{
	{"Create adds the user without its blocks, record and InvitedUntil", userCreateBare},
	{"Create: KeyUserName is taken if a user that is not removed has that userName", userCreateTaken},
	{"the userName of a removed user is free, also in another workspace", userNameFree},
	{"Get returns the user with blocks, record and InvitedUntil", userGet},
	{"InvitedUntil is of the latest invitation that was neither accepted nor cancelled, ended or not", userInvitedUntil},
	{"Get returns a removed user too", userGetRemoved},
	{"Get returns ErrNotFound", userNotFound},
	{"Update replaces the row", userUpdate},
	{"Update touches neither blocks nor record", userUpdateRowOnly},
	{"Update: ErrNotFound; KeyUserName", userUpdateErrors},
	{"Lock passes unknown ids over", userLockUnknown},
	{"List returns users that are not removed, with blocks, record and InvitedUntil, by id", userList},
	{"List: Key is the folded userName or e-mail, whole", userListKey},
	{"List: After and Limit page", userListPages},
	{"List: a Limit of 0 means 100", userListDefaultLimit},
	{"List: Origin selects", userListOrigin},
	{"Touch notes activity", userTouch},
}

func (w *world) getUser(id provisioning.UserID) (got provisioning.User, err error) {
	err = w.look(func(ctx context.Context, tx *provisioning.Tx) (err error) {
		got, err = tx.Users.Get(ctx, w.workspace.ID, id)
		return err
	})
	return got, err
}

func (w *world) mustGetUser(id provisioning.UserID) provisioning.User {
	w.t.Helper()
	got, err := w.getUser(id)
	wantOK(w.t, err)
	return got
}

func (w *world) createUser(u provisioning.User) error {
	return w.try(func(ctx context.Context, tx *provisioning.Tx) error { return tx.Users.Create(ctx, u) })
}

func (w *world) updateUser(u provisioning.User) error {
	return w.try(func(ctx context.Context, tx *provisioning.Tx) error { return tx.Users.Update(ctx, u) })
}

func (w *world) removeUser(u provisioning.User) provisioning.User {
	w.t.Helper()
	u.RemovedAt = at(40)
	wantOK(w.t, w.updateUser(u))
	return u
}

func (w *world) listUsers(q provisioning.UserQuery) []provisioning.User {
	w.t.Helper()
	return read(w, func(ctx context.Context, tx *provisioning.Tx) ([]provisioning.User, error) {
		return tx.Users.List(ctx, w.workspace.ID, q)
	})
}

func userCreateBare(w *world) {
	u := w.draftUser("Ana@acme.example")
	bare := u
	r := w.draftRecord(u, "ext")
	u.Record, u.InvitedUntil = &r, at(99)
	u.Blocks = []provisioning.Block{{Workspace: u.Workspace, User: u.ID, Source: provisioning.BlockSignal, CreatedAt: at(1)}}
	wantOK(w.t, w.createUser(u))
	equal(w.t, "user", w.mustGetUser(u.ID), bare)
	full := w.user("Bob@acme.example", func(u *provisioning.User) {
		u.LastSeenAt, u.ReactivatedAt, u.BreakGlass = at(12), at(13), true
	})
	equal(w.t, "user with everything", w.mustGetUser(full.ID), full)
}

func userCreateTaken(w *world) {
	w.user("Élodie@acme.example")
	wantTaken(w.t, w.createUser(w.draftUser("éLODIE@ACME.example")), provisioning.KeyUserName)
}

func userNameFree(w *world) {
	first := w.user("ana")
	w.removeUser(first)
	w.user("Ana")
	w.another().user("ana")
}

func userGet(w *world) {
	want := w.pushed("ana", func(r *provisioning.DirectoryRecord) {
		r.Active, r.InactiveAt = false, at(33)
	})
	want.Blocks = []provisioning.Block{
		w.block(want, provisioning.BlockAdministrator), w.block(want, provisioning.BlockDirectory),
	}
	want.InvitedUntil = w.invitation(want).ExpiresAt
	w.invitation(w.user("somebody else"), ending(9000))
	got := w.mustGetUser(want.ID)
	slices.SortFunc(got.Blocks, func(a, b provisioning.Block) int { return cmp.Compare(a.Source, b.Source) })
	equal(w.t, "user", got, want)
}

// ending lets an invitation end n seconds after the fixed instant of [at].
func ending(n int) func(*provisioning.Invitation) {
	return func(i *provisioning.Invitation) { i.ExpiresAt = at(n) }
}

func userInvitedUntil(w *world) {
	u := w.user("ana")
	w.invitation(u, ending(500), func(i *provisioning.Invitation) { i.AcceptedAt = at(30) })
	w.invitation(u, ending(600), func(i *provisioning.Invitation) { i.CancelledAt = at(31) })
	equal(w.t, "neither is open", w.mustGetUser(u.ID).InvitedUntil, time.Time{})
	w.invitation(u, ending(-500))
	equal(w.t, "one that ended", w.mustGetUser(u.ID).InvitedUntil, at(-500))
	w.invitation(u, ending(200))
	w.invitation(u, ending(100))
	equal(w.t, "two more", w.mustGetUser(u.ID).InvitedUntil, at(200))
}

func userGetRemoved(w *world) {
	want := w.removeUser(w.user("ana"))
	equal(w.t, "user", w.mustGetUser(want.ID), want)
}

func userNotFound(w *world) {
	_, err := w.getUser(newID[provisioning.UserID]())
	wantKind(w.t, err, provisioning.ErrNotFound)
}

func userUpdate(w *world) {
	u := w.user("ana")
	want := provisioning.User{
		Workspace: u.Workspace, ID: u.ID, UserName: "Anna", Email: "anna@acme.example", DisplayName: "Anna N.",
		GivenName: "Anna", FamilyName: "N", Locale: "de", Origin: provisioning.OriginSignIn,
		Directory: w.directory.ID, Version: 7, CreatedAt: u.CreatedAt, UpdatedAt: at(70),
		RemovedAt: at(71), LastSeenAt: at(72), ReactivatedAt: at(73), BreakGlass: true,
	}
	wantOK(w.t, w.updateUser(want))
	equal(w.t, "user", w.mustGetUser(u.ID), want)
}

func userUpdateRowOnly(w *world) {
	want := w.pushed("ana")
	want.Blocks = []provisioning.Block{w.block(want, provisioning.BlockDirectory)}
	bare := want
	bare.Blocks, bare.Record, bare.InvitedUntil, bare.DisplayName = nil, nil, at(99), "Changed"
	wantOK(w.t, w.updateUser(bare))
	want.DisplayName = "Changed"
	equal(w.t, "user", w.mustGetUser(want.ID), want)
}

func userUpdateErrors(w *world) {
	wantKind(w.t, w.updateUser(w.draftUser("nobody")), provisioning.ErrNotFound)
	w.user("ana")
	bob := w.user("bob")
	bob.UserName = "ANA"
	wantTaken(w.t, w.updateUser(bob), provisioning.KeyUserName)
	bob.UserName = "BOB"
	wantOK(w.t, w.updateUser(bob))
}

func userLockUnknown(w *world) {
	u := w.user("ana")
	w.do(func(ctx context.Context, tx *provisioning.Tx) error {
		if err := tx.Users.Lock(ctx, w.workspace.ID, nil); err != nil {
			return err
		}
		return tx.Users.Lock(ctx, w.workspace.ID, []provisioning.UserID{newID[provisioning.UserID](), u.ID, u.ID})
	})
}

func userList(w *world) {
	w.another().user("elsewhere")
	ana, bob := w.pushed("ana"), w.user("bob")
	ana.Blocks = []provisioning.Block{w.block(ana, provisioning.BlockAdministrator)}
	bob.InvitedUntil = w.invitation(bob).ExpiresAt
	w.removeUser(w.user("gone"))
	first := w.draftUser("early")
	first.ID = early(first.ID)
	wantOK(w.t, w.createUser(first))
	equal(w.t, "users", w.listUsers(provisioning.UserQuery{}), []provisioning.User{first, ana, bob})
}

func userListKey(w *world) {
	byName := w.user("Zoë")
	byMail := w.user("other", func(u *provisioning.User) { u.Email = "zoË" })
	w.user("zoë2")
	w.user("zo")
	equal(w.t, "users", w.listUsers(provisioning.UserQuery{Key: provisioning.Fold("ZOË")}), []provisioning.User{byName, byMail})
	equal(w.t, "users", w.listUsers(provisioning.UserQuery{Key: "%"}), nil)
}

func userListPages(w *world) {
	us := w.users(5)
	equal(w.t, "first", w.listUsers(provisioning.UserQuery{Limit: 2}), us[:2])
	equal(w.t, "second", w.listUsers(provisioning.UserQuery{Limit: 2, After: us[1].ID}), us[2:4])
	equal(w.t, "last", w.listUsers(provisioning.UserQuery{Limit: 2, After: us[3].ID}), us[4:])
}

func userListDefaultLimit(w *world) {
	us := w.users(101)
	equal(w.t, "users", userIDs(w.listUsers(provisioning.UserQuery{})...), userIDs(us[:100]...))
}

func userListOrigin(w *world) {
	w.user("pushed")
	want := w.user("signed in", func(u *provisioning.User) { u.Origin = provisioning.OriginSignIn })
	equal(w.t, "users", w.listUsers(provisioning.UserQuery{Origin: provisioning.OriginSignIn}), []provisioning.User{want})
}

func userTouch(w *world) {
	want := w.user("ana")
	w.do(func(ctx context.Context, tx *provisioning.Tx) error {
		return tx.Users.Touch(ctx, w.workspace.ID, want.ID, at(80))
	})
	want.LastSeenAt = at(80)
	equal(w.t, "user", w.mustGetUser(want.ID), want)
}

var blockSentences = []sentence{
	{"Put adds the block unless one of that source stands, and reports whether it added", blockPut},
	{"Lift removes the block of that source and reports whether one stood", blockLift},
	{"lifting one never lifts another", blockLiftOne},
}

func (w *world) putBlock(b provisioning.Block) bool {
	w.t.Helper()
	return write(w, func(ctx context.Context, tx *provisioning.Tx) (bool, error) { return tx.Blocks.Put(ctx, b) })
}

func (w *world) liftBlock(u provisioning.User, source provisioning.BlockSource) bool {
	w.t.Helper()
	return write(w, func(ctx context.Context, tx *provisioning.Tx) (bool, error) {
		return tx.Blocks.Lift(ctx, w.workspace.ID, u.ID, source)
	})
}

func blockPut(w *world) {
	u := w.user("ana")
	first := provisioning.Block{Workspace: u.Workspace, User: u.ID, Source: provisioning.BlockDirectory, CreatedAt: at(1)}
	second := first
	second.CreatedAt = at(2)
	equal(w.t, "added", []bool{w.putBlock(first), w.putBlock(second)}, []bool{true, false})
	equal(w.t, "blocks", w.mustGetUser(u.ID).Blocks, []provisioning.Block{first})
}

func blockLift(w *world) {
	u := w.user("ana")
	w.block(u, provisioning.BlockSignal)
	equal(w.t, "stood", w.liftBlock(u, provisioning.BlockSignal), true)
	equal(w.t, "stood", w.liftBlock(u, provisioning.BlockSignal), false)
	equal(w.t, "blocks", w.mustGetUser(u.ID).Blocks, nil)
}

func blockLiftOne(w *world) {
	u := w.user("ana")
	kept := w.block(u, provisioning.BlockAdministrator)
	w.block(u, provisioning.BlockDirectory)
	w.liftBlock(u, provisioning.BlockDirectory)
	equal(w.t, "blocks", w.mustGetUser(u.ID).Blocks, []provisioning.Block{kept})
}
