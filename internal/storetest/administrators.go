package storetest

import (
	"context"

	"drawbridge/provisioning"
)

var administratorSentences = []sentence{
	{"Administrators: with a password or a passkey of the account", administratorByAccount},
	{"Administrators: with an identity of an enabled connection", administratorByIdentity},
	{"Administrators: with an active record of a directory paired with an enabled connection", administratorByRecord},
	{"Administrators: nobody without a working way in", administratorWithoutWay},
	{"Administrators: nobody blocked or removed", administratorBlocked},
	{"Administrators: nobody without the role in the community", administratorWithoutRole},
	{"Administrators says of each whether every such membership is a safeguard", administratorSafeguards},
}

func (w *world) administrators() map[provisioning.UserID]bool {
	w.t.Helper()
	return read(w, func(ctx context.Context, tx *provisioning.Tx) (map[provisioning.UserID]bool, error) {
		return tx.Users.Administrators(ctx, w.workspace.ID, w.root.ID, w.admin.ID)
	})
}

// administrator is a user who holds Admin in the root and signs in by SSO.
func (w *world) administrator(name string) provisioning.User {
	w.t.Helper()
	u := w.user(name)
	w.membership(u, w.root, w.admin)
	w.identity(u, "sub-"+name)
	return u
}

func (w *world) disableConnection() {
	w.t.Helper()
	off := w.connection
	off.DisabledAt = at(90)
	wantOK(w.t, w.updateConnection(off))
}

func administratorByAccount(w *world) {
	holder := func(name string, changes ...func(*provisioning.Account)) provisioning.User {
		u := w.user(name, w.ownerOf(w.account(changes...)))
		w.membership(u, w.root, w.admin)
		return u
	}
	without := func(a *provisioning.Account) { a.PasswordHash = "" }
	password, passkey := holder("password"), holder("passkey", without)
	w.passkey(passkey.Account)
	holder("neither", without, func(a *provisioning.Account) { a.TOTPSecret = []byte("sealed") })
	equal(w.t, "administrators", w.administrators(),
		map[provisioning.UserID]bool{password.ID: false, passkey.ID: false})
}

func administratorByIdentity(w *world) {
	u := w.administrator("ana")
	retired := w.administrator("rita")
	w.retire(retired)
	equal(w.t, "administrators", w.administrators(), map[provisioning.UserID]bool{u.ID: false})
	w.disableConnection()
	equal(w.t, "administrators", w.administrators(), nil)
}

func administratorByRecord(w *world) {
	holder := func(name, externalID string, changes ...func(*provisioning.DirectoryRecord)) provisioning.User {
		u := w.user(name)
		w.membership(u, w.root, w.admin)
		w.record(u, externalID, changes...)
		return u
	}
	unpaired := w.secondDirectory("Unpaired")
	u := holder("ana", "00u1")
	holder("inactive", "00u2", func(r *provisioning.DirectoryRecord) { r.Active, r.InactiveAt = false, at(1) })
	holder("without externalId", "")
	holder("unpaired", "00u4", func(r *provisioning.DirectoryRecord) { r.Directory = unpaired.ID })
	equal(w.t, "administrators", w.administrators(), map[provisioning.UserID]bool{u.ID: false})
	w.disableConnection()
	equal(w.t, "administrators", w.administrators(), nil)
}

func administratorWithoutWay(w *world) {
	u := w.user("ana")
	w.membership(u, w.root, w.admin)
	w.invitation(u)
	equal(w.t, "administrators", w.administrators(), nil)
}

func administratorBlocked(w *world) {
	for _, source := range []provisioning.BlockSource{
		provisioning.BlockDirectory, provisioning.BlockAdministrator, provisioning.BlockInactivity, provisioning.BlockSignal,
	} {
		w.block(w.administrator(string(source)), source)
	}
	w.removeUser(w.administrator("removed"))
	equal(w.t, "administrators", w.administrators(), nil)
}

func administratorWithoutRole(w *world) {
	for name, hold := range map[string]func(u provisioning.User){
		"analyst":   func(u provisioning.User) { w.membership(u, w.root, w.analyst) },
		"elsewhere": func(u provisioning.User) { w.membership(u, w.paris, w.admin) },
		"granted":   func(u provisioning.User) { w.grant(u, w.root, w.admin) },
		"ended": func(u provisioning.User) {
			w.endMemberships(w.membership(u, w.root, w.admin))
		},
	} {
		u := w.user(name)
		w.identity(u, "sub-"+name)
		hold(u)
	}
	equal(w.t, "administrators", w.administrators(), nil)
}

func administratorSafeguards(w *world) {
	safeguard := func(m *provisioning.Membership) { m.Source = provisioning.SourceSafeguard }
	real, both, safe := w.administrator("real"), w.administrator("both"), w.user("safe")
	w.membership(both, w.root, w.admin, safeguard)
	w.identity(safe, "sub-safe")
	w.membership(safe, w.root, w.admin, safeguard)
	w.membership(safe, w.root, w.analyst)
	w.membership(safe, w.paris, w.admin)
	equal(w.t, "administrators", w.administrators(),
		map[provisioning.UserID]bool{real.ID: false, both.ID: false, safe.ID: true})
}
