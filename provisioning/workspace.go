package provisioning

import (
	"context"
	"crypto/rand"
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
	w.anchors = anchors{root: made.Root.ID, admin: admin, multiTenant: n.MultiTenant}
	w.record(note{
		action: "workspace.create", kind: "workspace", target: string(w.ws),
		details: map[string]string{"slug": slug}, words: map[string]string{"name": n.Name},
	})
	w.emit("workspace.created", string(w.ws), nil)
	made.Invitation, made.Secret, err = w.invite(ctx, invitee{
		email: n.AdminEmail, roles: []RoleIn{{made.Root.ID, admin}}, adoptable: true, lifetime: made.Workspace.Settings.Duration(SettingInvitationLifetime),
	})
	return made, err
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
	o := changeOptions{action: "workspace.set", target: string(ws)}
	return s.change(ctx, a, ws, o, func(ctx context.Context, w *work) error {
		if err := w.require(ctx, SecurityEdit, w.anchors.root); err != nil {
			return err
		}
		if err := w.Workspaces.Lock(ctx, ws); err != nil {
			return err
		}
		current, err := w.Workspaces.Get(ctx, ws)
		if err != nil {
			return err
		}
		next, err := current.Settings.with(name, value)
		if err != nil || current.Settings.Get(name) == value {
			return err
		}
		w.record(note{
			action: "workspace.set", kind: "workspace", target: string(ws),
			details: map[string]string{"setting": name, "value": value},
		})
		w.emit("workspace.changed", string(ws), map[string]string{"setting": name})
		return w.Workspaces.SetSettings(ctx, ws, next)
	})
}
