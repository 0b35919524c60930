package provisioning

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// NewRole describes a custom role to create.
type NewRole struct {
	Name        string
	Slug        string // "" makes one from the name
	Description string // 10 to 1,000 characters
	Permissions []Permission
}

// CreateRole adds a custom role. Nobody edits into a role a permission that
// they do not hold (rule 4).
func (s *Service) CreateRole(ctx context.Context, a Actor, ws WorkspaceID, n NewRole) (r Role, err error) {
	if err := checkNewRole(n); err != nil {
		return r, err
	}
	o := changeOptions{action: "role.create"}
	err = s.change(ctx, a, ws, o, func(ctx context.Context, w *work) error {
		if err := w.require(ctx, RolesEdit, w.anchors.root); err != nil {
			return err
		}
		if err := w.requireAll(ctx, n.Permissions, w.anchors.root); err != nil {
			return err
		}
		r, err = w.createRole(ctx, n)
		return err
	})
	return r, err
}

func checkNewRole(n NewRole) error {
	if err := checkName("role", n.Name); err != nil {
		return err
	}
	if err := checkText("description", n.Description, 4000); err != nil {
		return err
	}
	if l := utf8.RuneCountInString(n.Description); l < 10 || l > 1000 {
		return invalid("description", "The description of a role has 10 to 1,000 characters; this one has %d.", l)
	}
	return checkPermissions(n.Permissions)
}

func checkPermissions(ps []Permission) error {
	if len(ps) == 0 {
		return invalid("permissions", "A role needs at least one permission.")
	}
	for _, p := range ps {
		if !ValidPermission(p) {
			return invalid("permissions", "There is no permission %.80q.", p)
		}
	}
	return nil
}

func (w *work) createRole(ctx context.Context, n NewRole) (Role, error) {
	all, err := w.Roles.List(ctx, w.ws)
	if err != nil {
		return Role{}, err
	}
	slugs := make([]string, len(all))
	for i, other := range all {
		slugs[i] = other.Slug
	}
	slug, err := chooseSlug(n.Slug, n.Name, "role", slugs)
	if err != nil {
		return Role{}, err
	}
	r := Role{
		Workspace: w.ws, ID: RoleID(w.s.ids.New()), Slug: slug, Name: n.Name, Description: n.Description,
		Permissions: sortedPermissions(n.Permissions), CreatedAt: w.Now(),
	}
	if err := w.Roles.Create(ctx, r); err != nil {
		if Taken(err, KeySlug) {
			return Role{}, errAgain
		}
		return Role{}, err
	}
	w.record(note{
		action: "role.create", kind: "role", target: string(r.ID),
		details: map[string]string{"slug": slug, "name": n.Name},
	})
	w.emit("role.created", string(r.ID), map[string]string{"slug": slug})
	return r, nil
}

// Roles lists those of the workspace, built-in first.
func (s *Service) Roles(ctx context.Context, ws WorkspaceID) (all []Role, err error) {
	err = s.store.View(ctx, func(tx *Tx) error {
		all, err = tx.Roles.List(ctx, ws)
		return err
	})
	return all, err
}

func sortedPermissions(ps []Permission) []Permission {
	return slices.Compact(slices.Sorted(slices.Values(ps)))
}

// role holds a role that is given, and returns it: a deletion or a change comes
// before, or waits.
func (w *work) role(ctx context.Context, id RoleID) (Role, error) {
	if err := w.Roles.Hold(ctx, w.ws, []RoleID{id}); err != nil {
		return Role{}, orNotFound(err, "role")
	}
	return w.findRole(ctx, id)
}

func (w *work) findRole(ctx context.Context, id RoleID) (Role, error) {
	roles, err := rolesByID(ctx, w.Tx, w.ws)
	if err != nil {
		return Role{}, err
	}
	r, ok := roles[id]
	if !ok {
		return Role{}, notFound("role")
	}
	return r, nil
}

// customRole locks a role that changes or ends.
func (w *work) customRole(ctx context.Context, id RoleID) (Role, error) {
	if err := w.Roles.Lock(ctx, w.ws, id); err != nil {
		return Role{}, orNotFound(err, "role")
	}
	r, err := w.findRole(ctx, id)
	if err == nil && r.Builtin {
		return Role{}, conflict("builtin_role", "%s is a built-in role, the same in every workspace. Make a custom role for what it does not fit.", r.Name)
	}
	return r, err
}

// RoleChange changes a custom role; nil keeps.
type RoleChange struct {
	Name, Description *string
	Permissions       *[]Permission
	Confirmed         bool // that it gives administrative permissions (rule 4)
}

// UpdateRole changes a custom role. Permissions that are added must be held by
// the actor in the root, and so wherever the role is held or given;
// administrative ones need the confirmation (rule 4). What it takes from the
// last administrator is no matter: only the built-in Admin makes one.
func (s *Service) UpdateRole(ctx context.Context, a Actor, ws WorkspaceID, id RoleID, n RoleChange) (r Role, err error) {
	o := changeOptions{action: "role.update", target: string(id)}
	err = s.change(ctx, a, ws, o, func(ctx context.Context, w *work) error {
		if err := w.require(ctx, RolesEdit, w.anchors.root); err != nil {
			return err
		}
		before, err := w.customRole(ctx, id)
		if err != nil {
			return err
		}
		if r, err = n.applied(before); err != nil || sameRole(before, r) {
			return err
		}
		if err := w.mayAdd(ctx, before, r, n.Confirmed); err != nil {
			return err
		}
		w.record(note{
			action: "role.update", kind: "role", target: string(id),
			details: map[string]string{"slug": r.Slug, "name": r.Name, "permissions": joinPermissions(r.Permissions)},
		})
		w.emit("role.changed", string(id), map[string]string{"slug": r.Slug})
		return w.Roles.Update(ctx, r)
	})
	return r, err
}

func (n RoleChange) applied(r Role) (Role, error) {
	if n.Name != nil {
		r.Name = *n.Name
	}
	if n.Description != nil {
		r.Description = *n.Description
	}
	if n.Permissions != nil {
		r.Permissions = sortedPermissions(*n.Permissions)
	}
	return r, checkNewRole(NewRole{Name: r.Name, Description: r.Description, Permissions: r.Permissions})
}

func sameRole(a, b Role) bool {
	return a.Name == b.Name && a.Description == b.Description && slices.Equal(a.Permissions, b.Permissions)
}

// mayAdd is rule 4 for what an edit adds to a role.
func (w *work) mayAdd(ctx context.Context, before, after Role, confirmed bool) error {
	added := slices.DeleteFunc(slices.Clone(after.Permissions), func(p Permission) bool { return slices.Contains(before.Permissions, p) })
	if err := w.requireAll(ctx, added, w.anchors.root); err != nil {
		return err
	}
	if !confirmed && anyAdministrative(added) {
		return fail(ErrConfirm, codeConfirm,
			"This gives administrative permissions to everybody who has the role %s, and to whoever gets it. Confirm that this is meant.", after.Name)
	}
	return nil
}

func joinPermissions(ps []Permission) string {
	words := make([]string, len(ps))
	for i, p := range ps {
		words[i] = string(p)
	}
	return strings.Join(words, " ")
}

// RoleUses says what uses a role, to who may see roles.
func (s *Service) RoleUses(ctx context.Context, a Actor, ws WorkspaceID, id RoleID) (u Uses, err error) {
	err = s.look(ctx, a, ws, RolesRead, "", func(ctx context.Context, w *work) error {
		if _, err := w.findRole(ctx, id); err != nil {
			return err
		}
		u, err = w.Roles.Uses(ctx, ws, id)
		return err
	})
	return u, err
}

// DeleteRole removes a custom role that nothing uses; else ErrConflict
// role_in_use with the counts in its detail (rule 12).
func (s *Service) DeleteRole(ctx context.Context, a Actor, ws WorkspaceID, id RoleID) error {
	o := changeOptions{action: "role.delete", target: string(id)}
	return s.change(ctx, a, ws, o, func(ctx context.Context, w *work) error {
		if err := w.require(ctx, RolesEdit, w.anchors.root); err != nil {
			return err
		}
		r, err := w.customRole(ctx, id)
		if err != nil {
			return err
		}
		uses, err := w.Roles.Uses(ctx, ws, id)
		if err != nil {
			return err
		}
		if uses.Any() {
			return conflict("role_in_use", "The role %s is in use: %s. Take it away there, then delete it.", r.Name, uses)
		}
		w.record(note{action: "role.delete", kind: "role", target: string(id), details: map[string]string{"slug": r.Slug, "name": r.Name}})
		w.emit("role.deleted", string(id), map[string]string{"slug": r.Slug})
		return w.Roles.Delete(ctx, ws, id, w.Now())
	})
}

// String lists what there is, in words.
func (u Uses) String() string {
	var parts []string
	for _, use := range []struct {
		n         int
		one, many string
	}{
		{u.Users, "member", "members"},
		{u.Grants, "grant", "grants"},
		{u.Mappings, "mapping", "mappings"},
		{u.Connections, "connection's default", "connections' defaults"},
		{u.Invitations, "open invitation", "open invitations"},
	} {
		switch {
		case use.n == 1:
			parts = append(parts, "1 "+use.one)
		case use.n > 1:
			parts = append(parts, fmt.Sprintf("%d %s", use.n, use.many))
		}
	}
	if len(parts) == 0 {
		return "nothing"
	}
	return strings.Join(parts, ", ")
}
