package storetest

import (
	"context"
	"testing"
	"time"

	"drawbridge/provisioning"
)

// patience bounds every call of the suite, so that a deadlock is a failure and
// no hang.
const patience = 30 * time.Second

var ids provisioning.RandomIDs

func newID[ID ~string]() ID { return ID(ids.New()) }

// early returns an id that sorts before those of [newID], made of one of them.
func early[ID ~string](id ID) ID { return "00" + id[2:] }

// at is an instant, n seconds after a fixed one, in the precision that a Store
// keeps.
func at(n int) time.Time {
	return time.Date(2026, 3, 4, 5, 6, 7, 891234000, time.UTC).Add(time.Duration(n) * time.Second)
}

// world is a multi-tenant workspace with its root and two communities, the
// built-in roles, a connection and the directory that is paired with it.
type world struct {
	t     testing.TB
	store provisioning.Store

	workspace             provisioning.Workspace
	root, paris, lyon     provisioning.Community
	guest, analyst, admin provisioning.Role
	connection            provisioning.Connection
	directory             provisioning.Directory
}

// newWorld builds a world in the store.
func newWorld(t testing.TB, store provisioning.Store) *world {
	t.Helper()
	w := &world{t: t, store: store}
	w.draft()
	w.do(func(ctx context.Context, tx *provisioning.Tx) error {
		if err := tx.Workspaces.Create(ctx, w.workspace); err != nil {
			return err
		}
		for _, c := range []provisioning.Community{w.root, w.paris, w.lyon} {
			if err := tx.Communities.Create(ctx, c); err != nil {
				return err
			}
		}
		if err := tx.Roles.Create(ctx, w.guest, w.analyst, w.admin); err != nil {
			return err
		}
		if err := tx.Connections.Create(ctx, w.connection); err != nil {
			return err
		}
		return tx.Directories.Create(ctx, w.directory)
	})
	return w
}

// another builds a second world of the same shape beside this one.
func (w *world) another() *world {
	w.t.Helper()
	return newWorld(w.t, w.store)
}

func (w *world) draft() {
	id := newID[provisioning.WorkspaceID]()
	w.workspace = provisioning.Workspace{
		ID: id, Slug: "acme-" + string(id), Name: "Acme", MultiTenant: true,
		Settings:     provisioning.Settings{provisioning.SettingContact: "it@acme.example"},
		TombstoneKey: []byte{1, 0, 2}, AuditKey: []byte{3, 4}, CreatedAt: at(0),
	}
	w.root = w.draftCommunity(w.workspace.Slug)
	w.root.Root = true
	w.workspace.Root = w.root.ID
	w.paris, w.lyon = w.draftCommunity("soc-paris"), w.draftCommunity("soc-lyon")
	roles := make([]provisioning.Role, 0, 3)
	for _, b := range provisioning.BuiltinRoles() {
		roles = append(roles, provisioning.Role{
			Workspace: id, ID: newID[provisioning.RoleID](), Slug: b.Slug, Name: b.Name,
			Description: b.Description, Builtin: true, Permissions: b.Permissions, CreatedAt: at(0),
		})
	}
	w.guest, w.analyst, w.admin = roles[0], roles[1], roles[2]
	w.connection = w.draftConnection("Okta")
	w.directory = w.draftDirectory("Okta")
	w.directory.Connection = w.connection.ID
}

func (w *world) draftCommunity(slug string) provisioning.Community {
	return provisioning.Community{
		Workspace: w.workspace.ID, ID: newID[provisioning.CommunityID](), Slug: slug,
		Name: "Name of " + slug, Description: "Description of " + slug, CreatedAt: at(1),
	}
}

func (w *world) draftConnection(name string) provisioning.Connection {
	return provisioning.Connection{
		Workspace: w.workspace.ID, ID: newID[provisioning.ConnectionID](), Name: name,
		Issuer: "https://acme.okta.example", ClientID: "0oa1", ClientSecret: []byte("sealed"),
		AutoCreate: true, DefaultRole: w.guest.ID,
		DefaultCommunities: []provisioning.CommunityID{w.paris.ID}, CreatedAt: at(2),
	}
}

func (w *world) draftDirectory(name string) provisioning.Directory {
	return provisioning.Directory{
		Workspace: w.workspace.ID, ID: newID[provisioning.DirectoryID](), Name: name, Preset: "okta",
		Switches: map[string]bool{"lenient": true}, CreatedAt: at(3),
	}
}

// step is what a sentence does in one transaction or view.
type step func(ctx context.Context, tx *provisioning.Tx) error

// try runs fn in one Update and returns its error. It may be called from any
// goroutine.
func (w *world) try(fn step) error {
	ctx, cancel := context.WithTimeout(w.t.Context(), patience)
	defer cancel()
	return w.store.Update(ctx, func(tx *provisioning.Tx) error { return fn(ctx, tx) })
}

// do runs fn in one Update, which must succeed.
func (w *world) do(fn step) {
	w.t.Helper()
	if err := w.try(fn); err != nil {
		w.t.Fatalf("Update: %v", err)
	}
}

// look runs fn in one View and returns its error. It may be called from any
// goroutine.
func (w *world) look(fn step) error {
	ctx, cancel := context.WithTimeout(w.t.Context(), patience)
	defer cancel()
	return w.store.View(ctx, func(tx *provisioning.Tx) error { return fn(ctx, tx) })
}

// read returns what fn reads in one View, which must succeed.
func read[T any](w *world, fn func(ctx context.Context, tx *provisioning.Tx) (T, error)) T {
	w.t.Helper()
	var got T
	err := w.look(func(ctx context.Context, tx *provisioning.Tx) (err error) {
		got, err = fn(ctx, tx)
		return err
	})
	if err != nil {
		w.t.Fatalf("View: %v", err)
	}
	return got
}

// write returns what fn returns in one Update, which must succeed.
func write[T any](w *world, fn func(ctx context.Context, tx *provisioning.Tx) (T, error)) T {
	w.t.Helper()
	var got T
	w.do(func(ctx context.Context, tx *provisioning.Tx) (err error) {
		got, err = fn(ctx, tx)
		return err
	})
	return got
}

// page is a list and how many there are in all.
type page[T any] struct {
	items []T
	total int
}

func pageOf[T any](items []T, total int, err error) (page[T], error) {
	return page[T]{items, total}, err
}
