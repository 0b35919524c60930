package provisioning

import (
	"context"
	"slices"
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
	if len(n.Permissions) == 0 {
		return invalid("permissions", "A role needs at least one permission.")
	}
	for _, p := range n.Permissions {
		if !ValidPermission(p) {
			return invalid("permissions", "There is no permission %q.", p)
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
		Permissions: slices.Compact(slices.Sorted(slices.Values(n.Permissions))), CreatedAt: w.Now(),
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
