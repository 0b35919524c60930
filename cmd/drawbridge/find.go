package main

import (
	"context"
	"errors"
	"fmt"

	"drawbridge/internal/app"
	"drawbridge/provisioning"
)

// inWorkspace is the flag of commands that work in one workspace.
type inWorkspace struct {
	Workspace string `required:"" placeholder:"WORKSPACE" help:"Workspace: its id, slug or name."`
}

// maybeWorkspace is the flag of commands whose argument names the workspace, too,
// if it is an id or a name that no other workspace has.
type maybeWorkspace struct {
	Workspace string `placeholder:"WORKSPACE" help:"Workspace, where the name alone is not enough."`
}

// withWorkspace is withCore for commands that work in one workspace.
func (sh *shell) withWorkspace(ctx context.Context, ref string, fn func(*app.Core, provisioning.Workspace) error) error {
	return sh.withCore(ctx, func(core *app.Core) error {
		w, err := core.Service.FindWorkspace(ctx, ref)
		if err != nil {
			return err
		}
		return fn(core, w)
	})
}

// finder finds something by its name in a workspace or, in the workspace "", by
// its id alone.
type finder[T any] func(ctx context.Context, ws provisioning.WorkspaceID, ref string) (T, error)

// findAnywhere finds what ref names in the given workspace or, if none is given,
// by its id, or by its name if only one workspace has that.
func findAnywhere[T any](ctx context.Context, s *provisioning.Service, workspace, what, ref string, find finder[T]) (T, error) {
	var zero T
	if workspace != "" {
		w, err := s.FindWorkspace(ctx, workspace)
		if err != nil {
			return zero, err
		}
		return find(ctx, w.ID, ref)
	}
	if found, err := find(ctx, "", ref); !errors.Is(err, provisioning.ErrNotFound) {
		return found, err
	}
	all, err := s.Workspaces(ctx)
	if err != nil {
		return zero, err
	}
	var found []T
	for _, w := range all {
		one, err := find(ctx, w.ID, ref)
		switch {
		case err == nil:
			found = append(found, one)
		case !errors.Is(err, provisioning.ErrNotFound):
			return zero, err
		}
	}
	switch len(found) {
	case 0:
		return zero, noSuch(what, ref)
	case 1:
		return found[0], nil
	}
	return zero, usage("%d workspaces have a %s called %q: name it by its id, or add --workspace", len(found), what, ref)
}

// whereItIs returns the one of the places that has what ref names.
func whereItIs(places []provisioning.Workspace, what, ref string, has func(provisioning.WorkspaceID) (bool, error)) (provisioning.WorkspaceID, error) {
	for _, w := range places {
		if found, err := has(w.ID); err != nil || found {
			return w.ID, err
		}
	}
	return "", noSuch(what, ref)
}

// justAbove is no id, and sorts behind the given one and before every other: the
// first of a list, newest first, that begins below it is that one or none.
func justAbove[ID ~string](id ID) ID { return id + "0" }

func noSuch(what, ref string) error {
	return &provisioning.Error{Kind: provisioning.ErrNotFound, Code: "not_found", Detail: fmt.Sprintf("There is no %s %q.", what, ref)}
}

// workspacesMeant are the one that is named or, without a name, all.
func workspacesMeant(ctx context.Context, s *provisioning.Service, ref string) ([]provisioning.Workspace, error) {
	if ref == "" {
		return s.Workspaces(ctx)
	}
	w, err := s.FindWorkspace(ctx, ref)
	return []provisioning.Workspace{w}, err
}

// names are the communities and roles of a workspace by id.
type names struct {
	communities map[provisioning.CommunityID]provisioning.Community
	roles       map[provisioning.RoleID]provisioning.Role
}

func readNames(ctx context.Context, s *provisioning.Service, ws provisioning.WorkspaceID) (names, error) {
	n := names{make(map[provisioning.CommunityID]provisioning.Community), make(map[provisioning.RoleID]provisioning.Role)}
	communities, err := s.Communities(ctx, ws)
	if err != nil {
		return n, err
	}
	for _, c := range communities {
		n.communities[c.ID] = c
	}
	roles, err := s.Roles(ctx, ws)
	for _, r := range roles {
		n.roles[r.ID] = r
	}
	return n, err
}

// roleIn finds a role in a community by what was typed for the two.
func roleIn(ctx context.Context, s *provisioning.Service, ws provisioning.WorkspaceID, community, role string) (c provisioning.Community, r provisioning.Role, err error) {
	if c, err = s.FindCommunity(ctx, ws, community); err != nil {
		return c, r, err
	}
	r, err = s.FindRole(ctx, ws, role)
	return c, r, err
}
