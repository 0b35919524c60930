package storetest

import (
	"cmp"
	"context"
	"slices"

	"drawbridge/provisioning"
)

var workspaceSentences = []sentence{
	{"Create adds the workspace, and Get returns it", workspaceCreate},
	{"Create: KeySlug is taken if the slug is", workspaceSlug},
	{"Get returns ErrNotFound", workspaceNotFound},
	{"List returns all, by id", workspaceList},
	{"SetSettings replaces the settings", workspaceSettings},
	{"SetSettings and Lock: ErrNotFound if there is no such workspace", workspaceUnknown},
}

func (w *world) getWorkspace(id provisioning.WorkspaceID) (got provisioning.Workspace, err error) {
	err = w.look(func(ctx context.Context, tx *provisioning.Tx) (err error) {
		got, err = tx.Workspaces.Get(ctx, id)
		return err
	})
	return got, err
}

func workspaceCreate(w *world) {
	got, err := w.getWorkspace(w.workspace.ID)
	wantOK(w.t, err)
	equal(w.t, "workspace", got, w.workspace)
}

func workspaceSlug(w *world) {
	twin := w.workspace
	twin.ID = newID[provisioning.WorkspaceID]()
	err := w.try(func(ctx context.Context, tx *provisioning.Tx) error { return tx.Workspaces.Create(ctx, twin) })
	wantTaken(w.t, err, provisioning.KeySlug)
}

func workspaceNotFound(w *world) {
	_, err := w.getWorkspace(newID[provisioning.WorkspaceID]())
	wantKind(w.t, err, provisioning.ErrNotFound)
}

func workspaceList(w *world) {
	other := w.another()
	list := read(w, func(ctx context.Context, tx *provisioning.Tx) ([]provisioning.Workspace, error) {
		return tx.Workspaces.List(ctx)
	})
	got := pluck(list, func(v provisioning.Workspace) provisioning.WorkspaceID { return v.ID })
	equal(w.t, "ids", got, sorted(got))
	for _, want := range []provisioning.Workspace{w.workspace, other.workspace} {
		i := slices.Index(got, want.ID)
		if i < 0 {
			w.t.Fatalf("%s is missing", want.ID)
		}
		equal(w.t, "workspace", list[i], want)
	}
}

func workspaceSettings(w *world) {
	want := provisioning.Settings{provisioning.SettingSessionIdle: "1h"}
	w.do(func(ctx context.Context, tx *provisioning.Tx) error {
		return tx.Workspaces.SetSettings(ctx, w.workspace.ID, want)
	})
	got, err := w.getWorkspace(w.workspace.ID)
	wantOK(w.t, err)
	equal(w.t, "settings", got.Settings, want)
}

func workspaceUnknown(w *world) {
	nobody := newID[provisioning.WorkspaceID]()
	wantKind(w.t, w.try(func(ctx context.Context, tx *provisioning.Tx) error {
		return tx.Workspaces.SetSettings(ctx, nobody, provisioning.Settings{})
	}), provisioning.ErrNotFound)
	wantKind(w.t, w.try(func(ctx context.Context, tx *provisioning.Tx) error {
		return tx.Workspaces.Lock(ctx, nobody)
	}), provisioning.ErrNotFound)
}

var communitySentences = []sentence{
	{"Create adds the community; List returns the root first, then by id", communityList},
	{"Create: KeySlug is taken if the slug is", communitySlug},
	{"a slug is unique within its workspace only", communitySlugElsewhere},
}

func (w *world) createCommunity(c provisioning.Community) error {
	return w.try(func(ctx context.Context, tx *provisioning.Tx) error { return tx.Communities.Create(ctx, c) })
}

func communityList(w *world) {
	first := w.draftCommunity("early")
	first.ID = early(first.ID)
	wantOK(w.t, w.createCommunity(first))
	got := read(w, func(ctx context.Context, tx *provisioning.Tx) ([]provisioning.Community, error) {
		return tx.Communities.List(ctx, w.workspace.ID)
	})
	rest := []provisioning.Community{first, w.paris, w.lyon}
	slices.SortFunc(rest, func(a, b provisioning.Community) int { return cmp.Compare(a.ID, b.ID) })
	equal(w.t, "communities", got, append([]provisioning.Community{w.root}, rest...))
}

func communitySlug(w *world) {
	wantTaken(w.t, w.createCommunity(w.draftCommunity(w.paris.Slug)), provisioning.KeySlug)
}

func communitySlugElsewhere(w *world) {
	wantOK(w.t, w.createCommunity(w.draftCommunity("only-here")))
	other := w.another()
	wantOK(w.t, other.createCommunity(other.draftCommunity("only-here")))
}

var roleSentences = []sentence{
	{"Create adds the roles; List returns built-in first, then by id", roleList},
	{"Create: KeySlug is taken if a slug is", roleSlug},
}

func (w *world) draftRole(slug string) provisioning.Role {
	return provisioning.Role{
		Workspace: w.workspace.ID, ID: newID[provisioning.RoleID](), Slug: slug, Name: "Name of " + slug,
		Permissions: []provisioning.Permission{provisioning.MembersRead, provisioning.RolesRead}, CreatedAt: at(1),
	}
}

func (w *world) createRoles(roles ...provisioning.Role) error {
	return w.try(func(ctx context.Context, tx *provisioning.Tx) error { return tx.Roles.Create(ctx, roles...) })
}

func roleList(w *world) {
	first, late := w.draftRole("early"), w.draftRole("late")
	first.ID = early(first.ID)
	first.Permissions = nil
	wantOK(w.t, w.createRoles(late, first))
	got := read(w, func(ctx context.Context, tx *provisioning.Tx) ([]provisioning.Role, error) {
		return tx.Roles.List(ctx, w.workspace.ID)
	})
	equal(w.t, "roles", got, []provisioning.Role{w.guest, w.analyst, w.admin, first, late})
}

func roleSlug(w *world) {
	wantTaken(w.t, w.createRoles(w.draftRole("free"), w.draftRole("guest")), provisioning.KeySlug)
}

var domainSentences = []sentence{
	{"Put adds the domain or replaces what stands under its name", domainPut},
	{"List returns those of the workspace by name", domainList},
	{"Delete removes the domain or returns ErrNotFound", domainDelete},
	{"Verified reports whether name is a verified domain of the workspace", domainVerified},
	{"Connections returns the enabled connections, by id, of all workspaces in which name is verified", domainConnections},
}

func (w *world) listDomains() []provisioning.Domain {
	w.t.Helper()
	return read(w, func(ctx context.Context, tx *provisioning.Tx) ([]provisioning.Domain, error) {
		return tx.Domains.List(ctx, w.workspace.ID)
	})
}

func domainPut(w *world) {
	equal(w.t, "added", w.listDomains(), nil)
	added := w.domain("acme.example", false)
	equal(w.t, "added", w.listDomains(), []provisioning.Domain{added})
	replaced := w.domain("acme.example", true)
	equal(w.t, "replaced", w.listDomains(), []provisioning.Domain{replaced})
}

func domainList(w *world) {
	z, e, a := w.domain("z.example", true), w.domain("é.example", false), w.domain("a.example", true)
	equal(w.t, "domains", w.listDomains(), []provisioning.Domain{a, z, e})
}

func domainDelete(w *world) {
	w.domain("acme.example", true)
	remove := func() error {
		return w.try(func(ctx context.Context, tx *provisioning.Tx) error {
			return tx.Domains.Delete(ctx, w.workspace.ID, "acme.example")
		})
	}
	wantOK(w.t, remove())
	equal(w.t, "domains", w.listDomains(), nil)
	wantKind(w.t, remove(), provisioning.ErrNotFound)
}

func domainVerified(w *world) {
	w.domain("yes.example", true)
	w.domain("no.example", false)
	w.another().domain("elsewhere.example", true)
	for name, want := range map[string]bool{
		"yes.example": true, "no.example": false, "elsewhere.example": false, "sub.yes.example": false, "": false,
	} {
		got := read(w, func(ctx context.Context, tx *provisioning.Tx) (bool, error) {
			return tx.Domains.Verified(ctx, w.workspace.ID, name)
		})
		equal(w.t, name, got, want)
	}
}

func domainConnections(w *world) {
	second, unverified, absent := w.another(), w.another(), w.another()
	name := ids.New() + ".example"
	w.domain(name, true)
	second.domain(name, true)
	unverified.domain(name, false)
	absent.domain("other."+name, true)
	off := w.draftConnection("Off")
	off.DisabledAt = at(5)
	wantOK(w.t, w.createConnection(off))
	got := read(w, func(ctx context.Context, tx *provisioning.Tx) ([]provisioning.Connection, error) {
		return tx.Domains.Connections(ctx, name)
	})
	equal(w.t, "connections", got, []provisioning.Connection{w.connection, second.connection})
}
