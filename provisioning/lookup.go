package provisioning

import (
	"context"
	"strings"
)

// pick finds the one thing that ref names: by id, else by slug, else by a name
// that no other has, whatever the case.
func pick[T any](what, ref string, all []T, id, slug, name func(T) string) (T, error) {
	var zero T
	var named []T
	for _, t := range all {
		switch {
		case id(t) == ref, slug != nil && slug(t) == ref:
			return t, nil
		case Fold(name(t)) == Fold(ref):
			named = append(named, t)
		}
	}
	switch len(named) {
	case 0:
		return zero, fail(ErrNotFound, "not_found", "There is no %s %q.", what, ref)
	case 1:
		return named[0], nil
	}
	return zero, conflict("ambiguous", "%d %ss are called %q; name it by its id.", len(named), what, ref)
}

// FindWorkspace returns the workspace of that id, slug or unambiguous name.
func (s *Service) FindWorkspace(ctx context.Context, ref string) (Workspace, error) {
	all, err := s.Workspaces(ctx)
	if err != nil {
		return Workspace{}, err
	}
	return pick("workspace", ref, all,
		func(w Workspace) string { return string(w.ID) },
		func(w Workspace) string { return w.Slug },
		func(w Workspace) string { return w.Name })
}

// FindCommunity returns the community of that id, slug or unambiguous name.
func (s *Service) FindCommunity(ctx context.Context, ws WorkspaceID, ref string) (Community, error) {
	all, err := s.Communities(ctx, ws)
	if err != nil {
		return Community{}, err
	}
	return pick("community", ref, all,
		func(c Community) string { return string(c.ID) },
		func(c Community) string { return c.Slug },
		func(c Community) string { return c.Name })
}

// FindRole returns the role of that id, slug or unambiguous name.
func (s *Service) FindRole(ctx context.Context, ws WorkspaceID, ref string) (Role, error) {
	all, err := s.Roles(ctx, ws)
	if err != nil {
		return Role{}, err
	}
	return pick("role", ref, all,
		func(r Role) string { return string(r.ID) },
		func(r Role) string { return r.Slug },
		func(r Role) string { return r.Name })
}

// FindConnection returns the connection of that id or, within the workspace,
// of that name. With ws "" only an id will do.
func (s *Service) FindConnection(ctx context.Context, ws WorkspaceID, ref string) (c Connection, err error) {
	err = s.store.View(ctx, func(tx *Tx) error {
		if ValidID(ref) {
			if c, err = tx.Connections.Find(ctx, ConnectionID(ref)); err == nil && (ws == "" || c.Workspace == ws) {
				return nil
			}
		}
		if ws == "" {
			return notFound("connection")
		}
		all, err := tx.Connections.List(ctx, ws)
		if err != nil {
			return err
		}
		c, err = pick("connection", ref, all,
			func(c Connection) string { return string(c.ID) }, nil,
			func(c Connection) string { return c.Name })
		return err
	})
	return c, err
}

// FindDirectory returns the directory, not deleted, of that id or, within the
// workspace, of that name. With ws "" only an id will do.
func (s *Service) FindDirectory(ctx context.Context, ws WorkspaceID, ref string) (d Directory, err error) {
	err = s.store.View(ctx, func(tx *Tx) error {
		if ValidID(ref) {
			d, err = tx.Directories.Find(ctx, DirectoryID(ref))
			if err == nil && d.DeletedAt.IsZero() && (ws == "" || d.Workspace == ws) {
				return nil
			}
		}
		if ws == "" {
			return notFound("directory")
		}
		all, err := tx.Directories.List(ctx, ws)
		if err != nil {
			return err
		}
		d, err = pick("directory", ref, all,
			func(d Directory) string { return string(d.ID) }, nil,
			func(d Directory) string { return d.Name })
		return err
	})
	return d, err
}

// FindGroup returns the group, not deleted, of that id or name; of one
// directory if d is not "".
func (s *Service) FindGroup(ctx context.Context, ws WorkspaceID, d DirectoryID, ref string) (g Group, err error) {
	if err := checkText("group", ref, maxName); err != nil {
		return g, err
	}
	err = s.store.View(ctx, func(tx *Tx) error {
		if ValidID(ref) {
			g, err = tx.Groups.Get(ctx, ws, GroupID(ref))
			if err == nil && g.DeletedAt.IsZero() && (d == "" || g.Directory == d) {
				return nil
			}
		}
		named := Comparison{Attribute: AttrDisplayName, Operator: Equal, Value: Value{Text: &ref}}
		found, _, err := tx.Groups.List(ctx, ws, GroupQuery{Directory: d, Filter: named, Limit: 2})
		if err != nil {
			return err
		}
		g, err = pick("group", ref, found,
			func(g Group) string { return string(g.ID) }, nil,
			func(g Group) string { return g.DisplayName })
		return err
	})
	return g, err
}

// FindUser returns the user, not removed, of that id, userName or e-mail.
func (s *Service) FindUser(ctx context.Context, ws WorkspaceID, ref string) (u User, err error) {
	err = s.store.View(ctx, func(tx *Tx) error {
		u, err = findUser(ctx, tx, ws, ref)
		return err
	})
	return u, err
}

func findUser(ctx context.Context, tx *Tx, ws WorkspaceID, ref string) (User, error) {
	if ValidID(ref) {
		if u, err := tx.Users.Get(ctx, ws, UserID(ref)); err == nil && u.RemovedAt.IsZero() {
			return u, nil
		}
	}
	if err := checkText("user", ref, maxUserName); err != nil {
		return User{}, err
	}
	found, err := tx.Users.List(ctx, ws, UserQuery{Key: Fold(strings.TrimSpace(ref)), Limit: 3})
	if err != nil {
		return User{}, err
	}
	if len(found) > 1 {
		return User{}, conflict("ambiguous", "%d users have the userName or e-mail %q; name one by id.", len(found), ref)
	}
	if len(found) == 0 {
		return User{}, fail(ErrNotFound, "not_found", "There is no user %q.", ref)
	}
	return found[0], byProvedName(ctx, tx, found[0], ref)
}

// byProvedName refuses to find somebody by an e-mail address that only their
// provider says: who can edit it there would be given what is meant for another.
func byProvedName(ctx context.Context, tx *Tx, u User, ref string) error {
	if Fold(strings.TrimSpace(ref)) == Fold(u.UserName) {
		return nil
	}
	proved, err := provedEmail(ctx, tx, u)
	if err == nil && proved == "" {
		return conflict("address_not_proved", "%q is what the provider says of user %s, and nobody proved it. Name the user by id if that is who you mean.", ref, u.ID)
	}
	return err
}
