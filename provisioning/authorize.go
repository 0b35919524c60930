package provisioning

import (
	"context"
	"slices"
)

// holdings is what a user holds in a workspace, read once for many questions.
type holdings struct {
	user        User
	root        CommunityID
	memberships []Membership
	roles       map[RoleID]Role
}

func holdingsOf(ctx context.Context, tx *Tx, a anchors, ws WorkspaceID, u UserID) (h holdings, err error) {
	h.root = a.root
	if h.user, err = tx.Users.Get(ctx, ws, u); err != nil || !h.user.MayAct() {
		return h, err
	}
	if h.memberships, err = tx.Access.OfUser(ctx, ws, u); err != nil {
		return h, err
	}
	h.roles, err = rolesByID(ctx, tx, ws)
	return h, err
}

// in returns what the user may do in a community: the union over the roles held
// there and in the root (rule 2). Workspace-scoped permissions count only when
// held in the root. A user with a block may do nothing.
func (h holdings) in(c CommunityID) map[Permission]bool {
	held := make(map[Permission]bool)
	for _, m := range h.memberships {
		if m.Community != c && m.Community != h.root {
			continue
		}
		for _, p := range h.roles[m.Role].Permissions {
			if m.Community == h.root || scopeOf(p) == ScopeCommunity {
				held[p] = true
			}
		}
	}
	return held
}

// everythingOf returns what the user holds, and what they were given and is held
// back or was set aside.
func (w *work) everythingOf(ctx context.Context, u UserID) ([]RoleIn, error) {
	held, err := w.Access.OfUser(ctx, w.ws, u)
	if err != nil {
		return nil, err
	}
	grants, err := w.Grants.OfUser(ctx, w.ws, u)
	in := make([]RoleIn, 0, len(held)+len(grants))
	for _, m := range held {
		in = append(in, RoleIn{m.Community, m.Role})
	}
	for _, g := range grants {
		in = append(in, RoleIn{g.Community, g.Role})
	}
	return distinctRoles(in), err
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

// look is the frame of what an actor reads: the permission in a community, "" for
// the root.
func (s *Service) look(ctx context.Context, a Actor, ws WorkspaceID, p Permission, c CommunityID, fn func(context.Context, *work) error) error {
	return s.store.View(ctx, func(tx *Tx) (err error) {
		w := &work{Tx: tx, s: s, actor: a, ws: ws}
		if w.anchors, err = s.anchorsOf(ctx, tx, ws); err != nil {
			return err
		}
		if c == "" {
			c = w.anchors.root
		}
		if err := w.require(ctx, p, c); err != nil {
			return err
		}
		return fn(ctx, w)
	})
}

// require refuses an actor that lacks the permission in the community. The
// operator on the server holds all (rule 4).
func (w *work) require(ctx context.Context, p Permission, c CommunityID) error {
	return w.requireAll(ctx, []Permission{p}, c)
}

// requireAll refuses an actor that lacks one of the permissions there.
func (w *work) requireAll(ctx context.Context, ps []Permission, c CommunityID) error {
	r, err := w.rights(ctx)
	if err != nil {
		return err
	}
	return r.require(ps, c)
}

// rights is what the actor may do, read once for many questions.
type rights struct {
	all bool // of the operator on the server, who holds everything (rule 4)
	holdings
}

// rights refuses an actor that has none in the workspace, whatever is asked.
func (w *work) rights(ctx context.Context) (rights, error) {
	switch w.actor.Kind {
	case ActorOperator, ActorSystem:
		return rights{all: true}, nil
	case ActorUser:
	default:
		return rights{}, fail(ErrForbidden, "not_permitted", "A directory cannot do this.")
	}
	if w.actor.Workspace != w.ws {
		return rights{}, notFound("workspace")
	}
	held, err := holdingsOf(ctx, w.Tx, w.anchors, w.ws, UserID(w.actor.ID))
	return rights{holdings: held}, err
}

func (r rights) require(ps []Permission, c CommunityID) error {
	if r.all {
		return nil
	}
	held := r.in(c)
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
func (w *work) confirmGiving(ctx context.Context, c CommunityID, role Role, confirmed bool) error {
	if confirmed {
		return nil
	}
	if anyAdministrative(role.Permissions) {
		return fail(ErrConfirm, codeConfirm,
			"The role %s gives administrative permissions to whoever comes this way. Confirm that this is meant.", role.Name)
	}
	if c != w.anchors.root {
		return nil
	}
	multiTenant, err := w.multiTenant(ctx)
	if err == nil && multiTenant {
		return fail(ErrConfirm, codeConfirm, "This reaches every community of the workspace. Confirm that this is meant.")
	}
	return err
}

// codeConfirm is the code of what needs the extra confirmation of rule 4.
const codeConfirm = "confirm_administrative"

// multiTenant is asked each time: a command may have made the workspace so in
// another process.
func (w *work) multiTenant(ctx context.Context) (bool, error) {
	ws, err := w.Workspaces.Get(ctx, w.ws)
	return ws.MultiTenant, err
}
