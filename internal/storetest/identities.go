package storetest

import (
	"context"

	"drawbridge/provisioning"
)

var identitySentences = []sentence{
	{"Create pins; Find returns the identity", identityCreate},
	{"Create: KeyIdentity is taken if the (connection, issuer, subject) stands already, retired or not", identityTaken},
	{"Create: KeyIdentity is taken if the user has another live identity of that connection", identityOnePerConnection},
	{"Find compares byte for byte, or returns ErrNotFound", identityFind},
	{"OfUser returns those of the user by id, the retired ones too", identityOfUser},
	{"Retire marks the live identities of the user", identityRetire},
	{"Restore takes the mark from a retired identity, unless the user has a live one", identityRestore},
	{"DeleteOfUser removes all of the user", identityDelete},
	{"Touch notes a sign-in", identityTouch},
}

func (w *world) createIdentity(i provisioning.Identity) error {
	return w.try(func(ctx context.Context, tx *provisioning.Tx) error { return tx.Identities.Create(ctx, i) })
}

func (w *world) findIdentity(i provisioning.Identity) (got provisioning.Identity, err error) {
	err = w.look(func(ctx context.Context, tx *provisioning.Tx) (err error) {
		got, err = tx.Identities.Find(ctx, w.workspace.ID, i.Connection, i.Issuer, i.Subject)
		return err
	})
	return got, err
}

func (w *world) identitiesOf(u provisioning.User) []provisioning.Identity {
	w.t.Helper()
	return read(w, func(ctx context.Context, tx *provisioning.Tx) ([]provisioning.Identity, error) {
		return tx.Identities.OfUser(ctx, w.workspace.ID, u.ID)
	})
}

func (w *world) retire(u provisioning.User) {
	w.t.Helper()
	w.do(func(ctx context.Context, tx *provisioning.Tx) error {
		return tx.Identities.Retire(ctx, w.workspace.ID, u.ID, at(55))
	})
}

// secondConnection is one more connection of the world.
func (w *world) secondConnection() provisioning.Connection {
	w.t.Helper()
	c := w.draftConnection("Second")
	wantOK(w.t, w.createConnection(c))
	return c
}

func identityCreate(w *world) {
	want := w.identity(w.user("ana"), "00u1", func(i *provisioning.Identity) { i.LastLoginAt = at(14) })
	got, err := w.findIdentity(want)
	wantOK(w.t, err)
	equal(w.t, "identity", got, want)
}

func identityTaken(w *world) {
	ana, bob := w.user("ana"), w.user("bob")
	w.identity(ana, "00u1")
	wantTaken(w.t, w.createIdentity(w.draftIdentity(bob, "00u1")), provisioning.KeyIdentity)
	w.retire(ana)
	wantTaken(w.t, w.createIdentity(w.draftIdentity(bob, "00u1")), provisioning.KeyIdentity)
	otherIssuer := w.draftIdentity(bob, "00u1")
	otherIssuer.Issuer = "https://other.example"
	wantOK(w.t, w.createIdentity(otherIssuer))
}

func identityOnePerConnection(w *world) {
	ana := w.user("ana")
	second := w.secondConnection()
	w.identity(ana, "00u1")
	wantTaken(w.t, w.createIdentity(w.draftIdentity(ana, "00u2")), provisioning.KeyIdentity)
	w.identity(ana, "00u1", func(i *provisioning.Identity) { i.Connection = second.ID })
	w.retire(ana)
	w.identity(ana, "00u2")
}

func identityFind(w *world) {
	stored := w.identity(w.user("ana"), "00u1Ab")
	second := w.secondConnection()
	for _, change := range []func(i *provisioning.Identity){
		func(i *provisioning.Identity) { i.Subject = "00U1AB" },
		func(i *provisioning.Identity) { i.Issuer += "/" },
		func(i *provisioning.Identity) { i.Connection = second.ID },
	} {
		_, err := w.findIdentity(apply(stored, []func(*provisioning.Identity){change}))
		wantKind(w.t, err, provisioning.ErrNotFound)
	}
}

func identityOfUser(w *world) {
	ana := w.user("ana")
	w.identity(w.user("bob"), "00u9")
	old := w.identity(ana, "00u1")
	w.retire(ana)
	old.RetiredAt = at(55)
	live := w.identity(ana, "00u2")
	first := w.identity(ana, "00u3", func(i *provisioning.Identity) {
		i.ID, i.Connection = early(i.ID), w.secondConnection().ID
	})
	equal(w.t, "identities", w.identitiesOf(ana), []provisioning.Identity{first, old, live})
}

func identityRetire(w *world) {
	ana, bob := w.user("ana"), w.user("bob")
	old := w.identity(ana, "00u1", func(i *provisioning.Identity) { i.RetiredAt = at(50) })
	live, foreign := w.identity(ana, "00u2"), w.identity(bob, "00u3")
	w.retire(ana)
	live.RetiredAt = at(55)
	equal(w.t, "ana's", w.identitiesOf(ana), []provisioning.Identity{old, live})
	equal(w.t, "bob's", w.identitiesOf(bob), []provisioning.Identity{foreign})
}

func identityRestore(w *world) {
	ana := w.user("ana")
	old := w.identity(ana, "00u1")
	w.retire(ana)
	restore := func() error {
		return w.try(func(ctx context.Context, tx *provisioning.Tx) error {
			return tx.Identities.Restore(ctx, w.workspace.ID, old.ID)
		})
	}
	wantOK(w.t, restore())
	equal(w.t, "ana's", w.identitiesOf(ana), []provisioning.Identity{old})
	w.retire(ana)
	w.identity(ana, "00u2")
	wantTaken(w.t, restore(), provisioning.KeyIdentity)
}

func identityDelete(w *world) {
	ana, bob := w.user("ana"), w.user("bob")
	w.identity(ana, "00u1")
	w.retire(ana)
	w.identity(ana, "00u2")
	kept := w.identity(bob, "00u3")
	w.do(func(ctx context.Context, tx *provisioning.Tx) error {
		return tx.Identities.DeleteOfUser(ctx, w.workspace.ID, ana.ID)
	})
	equal(w.t, "ana's", w.identitiesOf(ana), nil)
	equal(w.t, "bob's", w.identitiesOf(bob), []provisioning.Identity{kept})
	w.identity(bob, "00u1", func(i *provisioning.Identity) { i.Connection = w.secondConnection().ID })
}

func identityTouch(w *world) {
	want := w.identity(w.user("ana"), "00u1")
	w.do(func(ctx context.Context, tx *provisioning.Tx) error {
		return tx.Identities.Touch(ctx, w.workspace.ID, want.ID, at(77))
	})
	want.LastLoginAt = at(77)
	got, err := w.findIdentity(want)
	wantOK(w.t, err)
	equal(w.t, "identity", got, want)
}

var subjectSentences = []sentence{
	{"Claim notes that the subject is the user's unless it is somebody's, and returns whose it is", subjectClaim},
	{"Of returns whose the subject is, or ErrNotFound", subjectOf},
	{"Release frees the subjects of the user in the connection, but for keep", subjectRelease},
	{"ReleaseAll frees all subjects of the user", subjectReleaseAll},
	{"ClaimRecorded claims what the directory's externalIds name, and returns one that is somebody else's", subjectClaimRecorded},
	{"ReleaseRecorded frees those, but for subjects of live identities", subjectReleaseRecorded},
}

func (w *world) claim(c provisioning.Connection, subject string, u provisioning.User) provisioning.UserID {
	w.t.Helper()
	return write(w, func(ctx context.Context, tx *provisioning.Tx) (provisioning.UserID, error) {
		return tx.Subjects.Claim(ctx, w.workspace.ID, c.ID, subject, u.ID)
	})
}

func (w *world) subjectOf(c provisioning.Connection, subject string) (got provisioning.UserID, err error) {
	err = w.look(func(ctx context.Context, tx *provisioning.Tx) (err error) {
		got, err = tx.Subjects.Of(ctx, w.workspace.ID, c.ID, subject)
		return err
	})
	return got, err
}

// free fails if one of the subjects is somebody's.
func (w *world) free(c provisioning.Connection, subjects ...string) {
	w.t.Helper()
	for _, s := range subjects {
		_, err := w.subjectOf(c, s)
		wantKind(w.t, err, provisioning.ErrNotFound)
	}
}

func (w *world) owned(c provisioning.Connection, subject string, u provisioning.User) {
	w.t.Helper()
	got, err := w.subjectOf(c, subject)
	wantOK(w.t, err)
	equal(w.t, "owner of "+subject, got, u.ID)
}

func subjectClaim(w *world) {
	ana, bob := w.user("ana"), w.user("bob")
	equal(w.t, "first claim", w.claim(w.connection, "00u1", ana), ana.ID)
	equal(w.t, "claim of another", w.claim(w.connection, "00u1", bob), ana.ID)
	equal(w.t, "claim again", w.claim(w.connection, "00u1", ana), ana.ID)
	equal(w.t, "other case", w.claim(w.connection, "00U1", bob), bob.ID)
	equal(w.t, "other connection", w.claim(w.secondConnection(), "00u1", bob), bob.ID)
	w.owned(w.connection, "00u1", ana)
}

func subjectOf(w *world) {
	ana := w.user("ana")
	w.claim(w.connection, "00u1", ana)
	w.owned(w.connection, "00u1", ana)
	w.free(w.connection, "00u2", "00U1", "")
	w.free(w.secondConnection(), "00u1")
}

func subjectRelease(w *world) {
	ana, bob := w.user("ana"), w.user("bob")
	second := w.secondConnection()
	w.claim(w.connection, "one", ana)
	w.claim(w.connection, "kept", ana)
	w.claim(w.connection, "bob's", bob)
	w.claim(second, "one", ana)
	release := func(keep string) {
		w.do(func(ctx context.Context, tx *provisioning.Tx) error {
			return tx.Subjects.Release(ctx, w.workspace.ID, w.connection.ID, ana.ID, keep)
		})
	}
	release("kept")
	w.free(w.connection, "one")
	w.owned(w.connection, "kept", ana)
	w.owned(w.connection, "bob's", bob)
	w.owned(second, "one", ana)
	release("")
	w.free(w.connection, "kept")
}

func subjectReleaseAll(w *world) {
	ana, bob := w.user("ana"), w.user("bob")
	second := w.secondConnection()
	w.claim(w.connection, "one", ana)
	w.claim(second, "one", ana)
	w.claim(w.connection, "bob's", bob)
	w.do(func(ctx context.Context, tx *provisioning.Tx) error {
		return tx.Subjects.ReleaseAll(ctx, w.workspace.ID, ana.ID)
	})
	w.free(w.connection, "one")
	w.free(second, "one")
	w.owned(w.connection, "bob's", bob)
}

func (w *world) claimRecorded() (user, owner provisioning.UserID) {
	w.t.Helper()
	w.do(func(ctx context.Context, tx *provisioning.Tx) (err error) {
		user, owner, err = tx.Subjects.ClaimRecorded(ctx, w.workspace.ID, w.connection.ID, w.directory.ID)
		return err
	})
	return user, owner
}

func subjectClaimRecorded(w *world) {
	external := func(id string) func(*provisioning.DirectoryRecord) {
		return func(r *provisioning.DirectoryRecord) { r.ExternalID = id }
	}
	ana, bob := w.pushed("ana", external("00u1")), w.pushed("bob", external("00u2"))
	w.pushed("nobody", external(""))
	user, owner := w.claimRecorded()
	equal(w.t, "clash", []provisioning.UserID{user, owner}, []provisioning.UserID{"", ""})
	w.owned(w.connection, "00u1", ana)
	w.owned(w.connection, "00u2", bob)
	eve := w.user("eve")
	w.claim(w.connection, "00u3", eve)
	cat := w.pushed("cat", external("00u3"))
	user, owner = w.claimRecorded()
	equal(w.t, "clash", []provisioning.UserID{user, owner}, []provisioning.UserID{cat.ID, eve.ID})
}

func subjectReleaseRecorded(w *world) {
	ana := w.pushed("ana", func(r *provisioning.DirectoryRecord) { r.ExternalID = "00u1" })
	bob := w.pushed("bob", func(r *provisioning.DirectoryRecord) { r.ExternalID = "00u2" })
	eve, second := w.user("eve"), w.secondConnection()
	w.claimRecorded()
	w.identity(bob, "00u2")
	w.claim(w.connection, "eve's", eve)
	w.claim(second, "00u1", ana)
	w.do(func(ctx context.Context, tx *provisioning.Tx) error {
		return tx.Subjects.ReleaseRecorded(ctx, w.workspace.ID, w.connection.ID, w.directory.ID)
	})
	w.free(w.connection, "00u1")
	w.owned(w.connection, "00u2", bob)
	w.owned(w.connection, "eve's", eve)
	w.owned(second, "00u1", ana)
}

var tombstoneSentences = []sentence{
	{"Put adds the tombstones; one that stands already stays", tombstonePut},
	{"Any reports whether one of the hashes stands", tombstoneAny},
	{"Lift removes those of the hashes that stand", tombstoneLift},
}

func (w *world) bury(u provisioning.User, hashes ...string) {
	w.t.Helper()
	ts := pluck(hashes, func(h string) provisioning.Tombstone {
		return provisioning.Tombstone{Workspace: w.workspace.ID, Hash: []byte(h), User: u.ID, CreatedAt: at(65)}
	})
	w.do(func(ctx context.Context, tx *provisioning.Tx) error { return tx.Tombstones.Put(ctx, ts) })
}

func (w *world) anyTombstone(hashes ...string) bool {
	w.t.Helper()
	return read(w, func(ctx context.Context, tx *provisioning.Tx) (bool, error) {
		return tx.Tombstones.Any(ctx, w.workspace.ID, bytesOf(hashes))
	})
}

func (w *world) liftTombstones(hashes ...string) {
	w.t.Helper()
	w.do(func(ctx context.Context, tx *provisioning.Tx) error {
		return tx.Tombstones.Lift(ctx, w.workspace.ID, bytesOf(hashes))
	})
}

func bytesOf(hashes []string) [][]byte {
	return pluck(hashes, func(h string) []byte { return []byte(h) })
}

func tombstonePut(w *world) {
	ana, bob := w.user("ana"), w.user("bob")
	w.bury(ana, "one")
	w.bury(bob, "one", "two", "two")
	w.bury(bob)
	equal(w.t, "one stands", w.anyTombstone("one"), true)
	equal(w.t, "two stands", w.anyTombstone("two"), true)
	w.liftTombstones("one")
	equal(w.t, "one stands once", w.anyTombstone("one"), false)
}

func tombstoneAny(w *world) {
	w.bury(w.user("ana"), "\x00\xff", "two")
	for _, c := range []struct {
		hashes []string
		want   bool
	}{
		{[]string{"\x00\xff"}, true},
		{[]string{"no", "two"}, true},
		{[]string{"no"}, false},
		{[]string{"\x00"}, false},
		{nil, false},
	} {
		equal(w.t, show(c.hashes), w.anyTombstone(c.hashes...), c.want)
	}
}

func tombstoneLift(w *world) {
	w.bury(w.user("ana"), "one", "two", "three")
	w.liftTombstones("one", "no", "three")
	w.liftTombstones()
	equal(w.t, "lifted", w.anyTombstone("one", "three"), false)
	equal(w.t, "kept", w.anyTombstone("two"), true)
}
