package storetest

import (
	"context"
	"time"

	"drawbridge/provisioning"
)

var workspaceDeleteSentences = []sentence{
	{"Update replaces name and MultiTenant", workspaceUpdate},
	{"Update and Delete: ErrNotFound if there is no such workspace", workspaceChangeUnknown},
	{"Delete removes the workspace with everything in it, and nothing of another", workspaceDelete},
	{"Delete returns the ids of the sessions and tokens that were still good", workspaceDeleteGood},
	{"Delete: unproved accounts whose home it is go with all that is theirs", workspaceDeleteUnproved},
	{"Delete: accounts that other workspaces may know stay", workspaceDeleteProved},
}

func (w *world) updateWorkspace(v provisioning.Workspace) error {
	return w.try(func(ctx context.Context, tx *provisioning.Tx) error { return tx.Workspaces.Update(ctx, v) })
}

func (w *world) deleteWorkspace() (good []string, err error) {
	err = w.try(func(ctx context.Context, tx *provisioning.Tx) (err error) {
		good, err = tx.Workspaces.Delete(ctx, w.workspace.ID)
		return err
	})
	return good, err
}

func workspaceUpdate(w *world) {
	want := w.workspace
	want.Name, want.MultiTenant = "Acme & Co", false
	changed := want
	changed.Slug, changed.Root, changed.Settings, changed.CreatedAt = "changed", w.paris.ID, nil, at(77)
	changed.TombstoneKey, changed.AuditKey = []byte{9}, []byte{9}
	wantOK(w.t, w.updateWorkspace(changed))
	got, err := w.getWorkspace(w.workspace.ID)
	wantOK(w.t, err)
	equal(w.t, "workspace", got, want)
}

func workspaceChangeUnknown(w *world) {
	nobody := w.workspace
	nobody.ID = newID[provisioning.WorkspaceID]()
	wantKind(w.t, w.updateWorkspace(nobody), provisioning.ErrNotFound)
	_, err := (&world{t: w.t, store: w.store, workspace: nobody}).deleteWorkspace()
	wantKind(w.t, err, provisioning.ErrNotFound)
}

func workspaceDelete(w *world) {
	f, other := furnish(w), furnish(w.another())
	w.signIn(ids.New(), 5)
	link := w.link(w.account().ID, func(l *provisioning.Link) { l.Workspace = w.workspace.ID })
	before := other.dump()
	_, err := w.deleteWorkspace()
	wantOK(w.t, err)
	for _, part := range f.parts() {
		var found any
		err := f.look(func(ctx context.Context, tx *provisioning.Tx) (err error) {
			found, err = part(ctx, tx)
			return err
		})
		if head, ok := found.(provisioning.AuditHead); ok {
			equal(w.t, "entries of the chain", head.Sequence, 0)
			continue
		}
		wantOK(w.t, nothingFound(found, err))
	}
	_, err = w.findLink(link.ID)
	wantKind(w.t, err, provisioning.ErrNotFound)
	equal(w.t, "the other workspace afterwards", other.dump(), before)
	_, err = w.deleteWorkspace()
	wantKind(w.t, err, provisioning.ErrNotFound)
	again := *w
	again.draft()
	again.workspace.Slug = w.workspace.Slug
	again.do(func(ctx context.Context, tx *provisioning.Tx) error {
		return tx.Workspaces.Create(ctx, again.workspace)
	})
}

func workspaceDeleteGood(w *world) {
	u, now := w.user("ana"), w.now()
	until := func(end time.Time) func(*provisioning.Session) {
		return func(s *provisioning.Session) { s.ExpiresAt = end }
	}
	lasting := func(end time.Time) func(*provisioning.DirectoryToken) {
		return func(k *provisioning.DirectoryToken) { k.ExpiresAt = end }
	}
	later := now.Add(time.Hour)
	good := []string{string(w.session(u, until(later)).ID), string(w.token(w.directory, lasting(later)).ID)}
	w.session(u, until(now))
	w.session(u, until(later), func(s *provisioning.Session) { s.EndedAt = now })
	w.token(w.directory, lasting(now))
	w.token(w.directory, lasting(later), func(k *provisioning.DirectoryToken) { k.RevokedAt = now })
	other := w.another()
	other.session(other.user("ana"), until(later))
	got, err := w.deleteWorkspace()
	wantOK(w.t, err)
	sameSet(w.t, "good until then", got, good)
}

func workspaceDeleteUnproved(w *world) {
	a := w.account(w.unproved)
	p := w.parent(a)
	w.session(w.user("ana", w.ownerOf(a)), from(p))
	key, link, challenge := w.passkey(a.ID), w.link(a.ID), w.challenge(a.ID)
	w.setRecoveryCodes(a, "code")
	_, err := w.deleteWorkspace()
	wantOK(w.t, err)
	_, err = w.getAccount(a.ID)
	wantKind(w.t, err, provisioning.ErrNotFound)
	_, _, err = w.findParent(p.ID)
	wantKind(w.t, err, provisioning.ErrNotFound)
	_, err = w.findPasskey(key.ID)
	wantKind(w.t, err, provisioning.ErrNotFound)
	_, err = w.findLink(link.ID)
	wantKind(w.t, err, provisioning.ErrNotFound)
	_, err = w.takeChallenge(challenge.ID)
	wantKind(w.t, err, provisioning.ErrNotFound)
	equal(w.t, "codes", w.recoveryCodes(a), 0)
}

func workspaceDeleteProved(w *world) {
	a, other, here, there := w.couple()
	elsewhere := other.account(other.unproved)
	p, q := w.parent(a), w.parent(a, func(p *provisioning.ParentSignIn) { p.Only = w.workspace.ID })
	w.session(here, from(p))
	w.session(here, from(q))
	kept := other.session(there, from(p))
	key := w.passkey(a.ID)
	_, err := w.deleteWorkspace()
	wantOK(w.t, err)
	w.wantAccount(a)
	w.wantAccount(elsewhere)
	equal(w.t, "passkeys", w.passkeysOf(a), []provisioning.Passkey{key})
	equal(w.t, "users", w.usersOfAccount(a), []provisioning.User{there})
	w.wantParent(p)
	equal(w.t, "live", w.live(kept), []bool{true})
	_, _, err = w.findParent(q.ID) // it could enter nothing any more
	wantKind(w.t, err, provisioning.ErrNotFound)
}
