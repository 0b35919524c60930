package provisioning

import (
	"context"
	"crypto/rand"
	"maps"
	"slices"
)

// NewWorkspace describes a workspace to create.
type NewWorkspace struct {
	Name        string
	Slug        string // "" makes one from the name
	MultiTenant bool
	AdminEmail  string // the first administrator, who gets an invitation
}

// CreatedWorkspace is what CreateWorkspace made.
type CreatedWorkspace struct {
	Workspace  Workspace
	Root       Community
	Invitation Invitation
	Secret     string // of the invitation's link, shown once
}

// CreateWorkspace makes a workspace with its root community, the built-in
// roles and an invitation of its first administrator to Admin in the root.
func (s *Service) CreateWorkspace(ctx context.Context, a Actor, n NewWorkspace) (CreatedWorkspace, error) {
	if err := checkNewWorkspace(n); err != nil {
		return CreatedWorkspace{}, err
	}
	if a.Kind != ActorOperator {
		return CreatedWorkspace{}, fail(ErrForbidden, "not_permitted", "Only the operator on the server creates workspaces.")
	}
	id := WorkspaceID(s.ids.New())
	var made CreatedWorkspace
	o := changeOptions{action: "workspace.create", target: string(id), created: true}
	err := s.change(ctx, a, id, o, func(ctx context.Context, w *work) error {
		var err error
		made, err = w.createWorkspace(ctx, n)
		return err
	})
	return made, err
}

func checkNewWorkspace(n NewWorkspace) error {
	if err := checkName("workspace", n.Name); err != nil {
		return err
	}
	return checkEmail(n.AdminEmail)
}

func (w *work) createWorkspace(ctx context.Context, n NewWorkspace) (CreatedWorkspace, error) {
	made, err := w.foundWorkspace(ctx, n)
	if err != nil {
		return CreatedWorkspace{}, err
	}
	made.Invitation, made.Secret, err = w.invite(ctx, invitee{
		email: n.AdminEmail, roles: []RoleIn{{w.anchors.root, w.anchors.admin}}, adoptable: true, lifetime: made.Workspace.Settings.Duration(SettingInvitationLifetime),
	})
	return made, err
}

// foundWorkspace makes the workspace with its root community and the built-in
// roles, and nobody in it.
func (w *work) foundWorkspace(ctx context.Context, n NewWorkspace) (CreatedWorkspace, error) {
	all, err := w.Workspaces.List(ctx)
	if err != nil {
		return CreatedWorkspace{}, err
	}
	slugs := make([]string, len(all))
	for i, other := range all {
		slugs[i] = other.Slug
	}
	slug, err := chooseSlug(n.Slug, n.Name, "workspace", slugs)
	if err != nil {
		return CreatedWorkspace{}, err
	}
	made, err := w.storeWorkspace(ctx, n, slug)
	if err != nil {
		return CreatedWorkspace{}, err
	}
	admin, err := w.createBuiltinRoles(ctx)
	if err != nil {
		return CreatedWorkspace{}, err
	}
	w.anchors = anchors{root: made.Root.ID, admin: admin}
	w.record(note{
		action: "workspace.create", kind: "workspace", target: string(w.ws),
		details: map[string]string{"slug": slug}, words: map[string]string{"name": n.Name},
	})
	w.emit("workspace.created", string(w.ws), nil)
	return made, nil
}

func (w *work) storeWorkspace(ctx context.Context, n NewWorkspace, slug string) (CreatedWorkspace, error) {
	root := Community{
		Workspace: w.ws, ID: CommunityID(w.s.ids.New()), Slug: slug, Name: n.Name, Root: true, CreatedAt: w.Now(),
	}
	ws := Workspace{
		ID: w.ws, Slug: slug, Name: n.Name, MultiTenant: n.MultiTenant, Root: root.ID,
		Settings: Settings{}, CreatedAt: w.Now(),
	}
	var err error
	if ws.TombstoneKey, err = w.s.newWorkspaceKey(w.ws, "workspace/tombstone-key"); err != nil {
		return CreatedWorkspace{}, err
	}
	if ws.AuditKey, err = w.s.newWorkspaceKey(w.ws, "workspace/audit-key"); err != nil {
		return CreatedWorkspace{}, err
	}
	if err := w.Workspaces.Create(ctx, ws); err != nil {
		if Taken(err, KeySlug) {
			return CreatedWorkspace{}, errAgain
		}
		return CreatedWorkspace{}, err
	}
	return CreatedWorkspace{Workspace: ws, Root: root}, w.Communities.Create(ctx, root)
}

func (s *Service) newWorkspaceKey(ws WorkspaceID, row string) ([]byte, error) {
	key := make([]byte, 32)
	if _, err := rand.Read(key); err != nil {
		return nil, err
	}
	return s.sealer.Seal(string(ws), row, key)
}

func (w *work) createBuiltinRoles(ctx context.Context) (admin RoleID, err error) {
	var roles []Role
	for _, b := range BuiltinRoles() {
		r := Role{
			Workspace: w.ws, ID: RoleID(w.s.ids.New()), Slug: b.Slug, Name: b.Name,
			Description: b.Description, Builtin: true, Permissions: b.Permissions, CreatedAt: w.Now(),
		}
		if b.Slug == RoleAdmin {
			admin = r.ID
		}
		roles = append(roles, r)
	}
	return admin, w.Roles.Create(ctx, roles...)
}

// Workspaces lists all workspaces of the installation, for the operator.
func (s *Service) Workspaces(ctx context.Context) (all []Workspace, err error) {
	err = s.store.View(ctx, func(tx *Tx) error {
		all, err = tx.Workspaces.List(ctx)
		return err
	})
	return all, err
}

// Workspace returns one workspace or ErrNotFound.
func (s *Service) Workspace(ctx context.Context, id WorkspaceID) (w Workspace, err error) {
	err = s.store.View(ctx, func(tx *Tx) error {
		w, err = tx.Workspaces.Get(ctx, id)
		return orNotFound(err, "workspace")
	})
	return w, err
}

// SetSetting changes one setting of the workspace.
func (s *Service) SetSetting(ctx context.Context, a Actor, ws WorkspaceID, name, value string) error {
	return s.SetSettings(ctx, a, ws, Settings{name: value})
}

// SetSettings changes settings of the workspace, all of them or none. What would
// keep out every administrator is ErrConflict.
func (s *Service) SetSettings(ctx context.Context, a Actor, ws WorkspaceID, values Settings) error {
	o := changeOptions{action: "workspace.set", target: string(ws)}
	return s.change(ctx, a, ws, o, func(ctx context.Context, w *work) error {
		if err := w.require(ctx, SecurityEdit, w.anchors.root); err != nil {
			return err
		}
		current, err := w.lockedWorkspace(ctx)
		if err != nil {
			return err
		}
		return w.setSettings(ctx, current.Settings, values)
	})
}

func (w *work) setSettings(ctx context.Context, current, values Settings) error {
	next := current
	for _, name := range slices.Sorted(maps.Keys(values)) {
		value := values[name]
		set, err := next.with(name, value)
		if err != nil {
			return err
		}
		if next.Get(name) == value {
			continue
		}
		next = set
		w.record(note{
			action: "workspace.set", kind: "workspace", target: string(w.ws),
			details: map[string]string{"setting": name, "value": value},
		})
		w.emit("workspace.changed", string(w.ws), map[string]string{"setting": name})
	}
	if maps.Equal(current, next) {
		return nil
	}
	if next.On(SettingRequireSSO) != current.On(SettingRequireSSO) {
		w.administrators.touched = true
	}
	return w.Workspaces.SetSettings(ctx, w.ws, next)
}

// lockedWorkspace locks the workspace and returns it as it then stands.
func (w *work) lockedWorkspace(ctx context.Context) (Workspace, error) {
	if err := w.Workspaces.Lock(ctx, w.ws); err != nil {
		return Workspace{}, orNotFound(err, "workspace")
	}
	found, err := w.Workspaces.Get(ctx, w.ws)
	return found, orNotFound(err, "workspace")
}

// UpdateWorkspace changes the workspace's name, and makes a single-tenant one
// multi-tenant; nothing makes it single-tenant again (ErrConflict). "" keeps the
// name. The name, which is the root community's too, needs communities.edit in the
// root, the other communities.create.
func (s *Service) UpdateWorkspace(ctx context.Context, a Actor, ws WorkspaceID, name string, multiTenant bool) (changed Workspace, err error) {
	o := changeOptions{action: "workspace.update", target: string(ws)}
	err = s.change(ctx, a, ws, o, func(ctx context.Context, w *work) error {
		if changed, err = w.lockedWorkspace(ctx); err != nil {
			return err
		}
		if err := w.changeTenancy(ctx, &changed, multiTenant); err != nil || name == "" {
			return err
		}
		if err := w.require(ctx, CommunitiesEdit, w.anchors.root); err != nil {
			return err
		}
		root, err := w.lockedCommunity(ctx, w.anchors.root)
		if err != nil {
			return err
		}
		changed.Name = name
		return w.updateCommunity(ctx, &root, CommunityChange{Name: &name})
	})
	return changed, err
}

func (w *work) changeTenancy(ctx context.Context, ws *Workspace, multiTenant bool) error {
	if ws.MultiTenant == multiTenant {
		return nil
	}
	if err := w.require(ctx, CommunitiesCreate, w.anchors.root); err != nil {
		return err
	}
	if !multiTenant {
		return conflict("multi_tenant", "A multi-tenant workspace stays one. Delete the communities that you do not need.")
	}
	ws.MultiTenant = true
	w.record(note{action: "workspace.update", kind: "workspace", target: string(w.ws), details: map[string]string{"multi_tenant": yesNo(true)}})
	w.emit("workspace.changed", string(w.ws), map[string]string{"multi_tenant": yesNo(true)})
	return w.Workspaces.Update(ctx, *ws)
}

// nameWorkspace gives the locked workspace the name of its root community.
func (w *work) nameWorkspace(ctx context.Context, name string) error {
	ws, err := w.Workspaces.Get(ctx, w.ws)
	if err != nil || ws.Name == name {
		return err
	}
	ws.Name = name
	w.record(note{action: "workspace.update", kind: "workspace", target: string(w.ws), words: map[string]string{"name": name}})
	w.emit("workspace.changed", string(w.ws), nil)
	return w.Workspaces.Update(ctx, ws)
}

// WorkspaceUses counts what goes with a workspace.
type WorkspaceUses struct{ Users, Communities, Connections, Directories int }

// WorkspaceUses says what DeleteWorkspace would take.
func (s *Service) WorkspaceUses(ctx context.Context, ws WorkspaceID) (u WorkspaceUses, err error) {
	err = s.store.View(ctx, func(tx *Tx) error {
		communities, err := tx.Communities.List(ctx, ws)
		if err != nil {
			return err
		}
		connections, err := tx.Connections.List(ctx, ws)
		if err != nil {
			return err
		}
		directories, err := tx.Directories.List(ctx, ws)
		if err != nil {
			return err
		}
		users, err := countUsers(ctx, tx, ws)
		u = WorkspaceUses{users, len(communities), len(connections), len(directories)}
		return err
	})
	return u, err
}

func countUsers(ctx context.Context, tx *Tx, ws WorkspaceID) (n int, err error) {
	q := UserQuery{Limit: refreshChunk}
	for {
		page, err := tx.Users.List(ctx, ws, q)
		if err != nil || len(page) == 0 {
			return n, err
		}
		n += len(page)
		q.After = page[len(page)-1].ID
	}
}

// DeleteWorkspace removes a workspace whole, its audit log included (rule 12).
// Only the operator may. Sessions and tokens end at once.
func (s *Service) DeleteWorkspace(ctx context.Context, a Actor, ws WorkspaceID) error {
	if a.Kind != ActorOperator {
		if a.Workspace != ws {
			return notFound("workspace")
		}
		refusal := fail(ErrForbidden, "not_permitted", "Only the operator on the server deletes a workspace.")
		return s.refused(ctx, a, ws, changeOptions{action: "workspace.delete", target: string(ws)}, refusal)
	}
	var ended []string
	err := s.store.Update(ctx, func(tx *Tx) (err error) {
		if err := tx.Workspaces.Lock(ctx, ws); err != nil {
			return orNotFound(err, "workspace")
		}
		ended, err = tx.Workspaces.Delete(ctx, ws)
		return err
	})
	if err != nil {
		return err
	}
	s.anchors.Delete(ws)
	s.verdicts.forget(ended)
	if s.notifier != nil && len(ended) > 0 {
		s.notifier.Revoked(ended)
	}
	s.log.WarnContext(ctx, "a workspace was deleted, its audit log included", "workspace_id", ws, "ended", len(ended))
	return nil
}
