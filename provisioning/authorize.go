package provisioning

import (
	"context"
	"slices"
)

// permissionsIn returns what a user may do in a community: the union over the
// roles held there and in the root (rule 2). Workspace-scoped permissions count
// only when held in the root. A user with a block may do nothing.
func permissionsIn(ctx context.Context, tx *Tx, a anchors, ws WorkspaceID, u UserID, c CommunityID) (map[Permission]bool, error) {
	user, err := tx.Users.Get(ctx, ws, u)
	if err != nil {
		return nil, err
	}
	held := make(map[Permission]bool)
	if !user.MayAct() {
		return held, nil
	}
	memberships, err := tx.Access.OfUser(ctx, ws, u)
	if err != nil {
		return nil, err
	}
	roles, err := rolesByID(ctx, tx, ws)
	if err != nil {
		return nil, err
	}
	for _, m := range memberships {
		if m.Community != c && m.Community != a.root {
			continue
		}
		for _, p := range roles[m.Role].Permissions {
			if m.Community == a.root || scopeOf(p) == ScopeCommunity {
				held[p] = true
			}
		}
	}
	return held, nil
}

func scopeOf(p Permission) Scope {
	i := slices.IndexFunc(permissionCatalogue, func(i PermissionInfo) bool { return i.Name == p })
	if i < 0 {
		return ScopeWorkspace
	}
	return permissionCatalogue[i].Scope
}

func rolesByID(ctx context.Context, tx *Tx, ws WorkspaceID) (map[RoleID]Role, error) {
	roles, err := tx.Roles.List(ctx, ws)
	if err != nil {
		return nil, err
	}
	byID := make(map[RoleID]Role, len(roles))
	for _, r := range roles {
		byID[r.ID] = r
	}
	return byID, nil
}

// require refuses an actor that lacks the permission in the community. The
// operator on the server holds all (rule 4).
func (w *work) require(ctx context.Context, p Permission, c CommunityID) error {
	return w.requireAll(ctx, []Permission{p}, c)
}

// requireAll refuses an actor that lacks one of the permissions there.
func (w *work) requireAll(ctx context.Context, ps []Permission, c CommunityID) error {
	switch w.actor.Kind {
	case ActorOperator, ActorSystem:
		return nil
	case ActorUser:
	default:
		return fail(ErrForbidden, "not_permitted", "A directory cannot do this.")
	}
	if w.actor.Workspace != w.ws {
		return notFound("workspace")
	}
	held, err := permissionsIn(ctx, w.Tx, w.anchors, w.ws, UserID(w.actor.ID), c)
	if err != nil {
		return err
	}
	for _, p := range ps {
		if !held[p] {
			return fail(ErrForbidden, "not_permitted", "This needs the permission %s, which you do not hold there. Ask an administrator who does.", p)
		}
	}
	return nil
}

// counting returns those of the permissions that have an effect when held in
// the community: workspace-scoped ones only in the root.
func (a anchors) counting(ps []Permission, c CommunityID) []Permission {
	if c == a.root {
		return ps
	}
	return slices.DeleteFunc(slices.Clone(ps), func(p Permission) bool { return scopeOf(p) == ScopeWorkspace })
}

// requireRole is rule 4: nobody gives a permission that they do not hold there.
func (w *work) requireRole(ctx context.Context, r Role, c CommunityID) error {
	return w.requireAll(ctx, w.anchors.counting(r.Permissions, c), c)
}

// confirmGiving asks for the extra confirmation of rule 4: for a default or a
// mapping that gives an administrative permission, and for one into the root
// of a multi-tenant workspace.
func confirmGiving(a anchors, c CommunityID, role Role, confirmed bool) error {
	switch {
	case confirmed:
		return nil
	case anyAdministrative(role.Permissions):
		return fail(ErrConfirm, "confirm_administrative",
			"The role %s gives administrative permissions to whoever comes this way. Confirm that this is meant.", role.Name)
	case a.multiTenant && c == a.root:
		return fail(ErrConfirm, "confirm_administrative",
			"This reaches every community of the workspace. Confirm that this is meant.")
	}
	return nil
}
