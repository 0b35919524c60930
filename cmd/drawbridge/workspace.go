package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"drawbridge/internal/app"
	"drawbridge/provisioning"
)

type workspaceCommand struct {
	Create workspaceCreate `cmd:"" help:"Make a workspace and invite its first administrator."`
	List   workspaceList   `cmd:"" help:"List all workspaces."`
	Show   workspaceShow   `cmd:"" help:"Show a workspace and its settings."`
	Update workspaceUpdate `cmd:"" help:"Change settings of a workspace."`
}

type workspaceView struct {
	ID              provisioning.WorkspaceID `json:"id"`
	Slug            string                   `json:"slug"`
	Name            string                   `json:"name"`
	MultiTenant     bool                     `json:"multi_tenant"`
	RootCommunityID provisioning.CommunityID `json:"root_community_id"`
	CreatedAt       time.Time                `json:"created_at"`
}

func viewWorkspace(w provisioning.Workspace) workspaceView {
	return workspaceView{w.ID, w.Slug, w.Name, w.MultiTenant, w.Root, stamp(w.CreatedAt)}
}

type workspaceCreate struct {
	Name        string `required:"" help:"Name that people read."`
	Slug        string `help:"Short name in URLs and headers; made from the name if empty. Never changes."`
	MultiTenant bool   `help:"Let the workspace have communities below its root."`
	AdminEmail  string `required:"" placeholder:"EMAIL" help:"Address of the first administrator, who gets an invitation."`
}

// createdWorkspace is the answer of `workspace create`.
type createdWorkspace struct {
	Workspace struct {
		ID   provisioning.WorkspaceID `json:"id"`
		Slug string                   `json:"slug"`
	} `json:"workspace"`
	RootCommunity struct {
		ID provisioning.CommunityID `json:"id"`
	} `json:"root_community"`
	Invitation invitationView `json:"invitation"`
}

func (c workspaceCreate) Run(ctx context.Context, sh *shell) error {
	return sh.withCore(ctx, func(core *app.Core) error {
		made, err := core.Service.CreateWorkspace(ctx, operator, provisioning.NewWorkspace{
			Name: c.Name, Slug: c.Slug, MultiTenant: c.MultiTenant, AdminEmail: c.AdminEmail,
		})
		if err != nil {
			return err
		}
		var view createdWorkspace
		view.Workspace.ID, view.Workspace.Slug = made.Workspace.ID, made.Workspace.Slug
		view.RootCommunity.ID = made.Root.ID
		view.Invitation = viewInvitation(core.Config.PublicURL, made.Invitation, made.Secret)
		return sh.show(view, facts("workspace", made.Workspace.Slug, "id", string(made.Workspace.ID), "root community", string(made.Root.ID))+
			fmt.Sprintf("\nInvitation of %s, good until %s, shown once:\n%s\n", c.AdminEmail, when(made.Invitation.ExpiresAt), view.Invitation.URL))
	})
}

type workspaceList struct{}

func (workspaceList) Run(ctx context.Context, sh *shell) error {
	return sh.withCore(ctx, func(core *app.Core) error {
		all, err := core.Service.Workspaces(ctx)
		if err != nil {
			return err
		}
		return sh.show(collect(all, viewWorkspace), table([]string{"SLUG", "NAME", "MULTI-TENANT", "ID"},
			collect(all, func(w provisioning.Workspace) []string {
				return []string{w.Slug, w.Name, yesNo(w.MultiTenant), string(w.ID)}
			})))
	})
}

type workspaceShow struct {
	Workspace string `arg:"" help:"Workspace: its id, slug or name."`
}

func (c workspaceShow) Run(ctx context.Context, sh *shell) error {
	return sh.withWorkspace(ctx, c.Workspace, func(_ *app.Core, w provisioning.Workspace) error { return sh.showWorkspace(w) })
}

type workspaceUpdate struct {
	Workspace string            `arg:"" help:"Workspace: its id, slug or name."`
	Set       map[string]string `required:"" mapsep:"none" placeholder:"NAME=VALUE" help:"Setting and its new value, such as session-idle=12h; may be repeated."`
}

func (c workspaceUpdate) Run(ctx context.Context, sh *shell) error {
	return sh.withWorkspace(ctx, c.Workspace, func(core *app.Core, w provisioning.Workspace) error {
		for _, name := range slices.Sorted(maps.Keys(c.Set)) {
			if err := core.Service.SetSetting(ctx, operator, w.ID, name, c.Set[name]); err != nil {
				return err
			}
		}
		w, err := core.Service.Workspace(ctx, w.ID)
		if err != nil {
			return err
		}
		return sh.showWorkspace(w)
	})
}

// showWorkspace shows every setting, those at their defaults too.
func (sh *shell) showWorkspace(w provisioning.Workspace) error {
	view := struct {
		workspaceView
		Settings map[string]string `json:"settings"`
	}{viewWorkspace(w), make(map[string]string)}
	pairs := []string{
		"workspace", w.Slug, "name", w.Name, "multi-tenant", yesNo(w.MultiTenant),
		"id", string(w.ID), "root community", string(w.Root), "created", when(w.CreatedAt),
	}
	for _, name := range provisioning.SettingNames() {
		view.Settings[name] = w.Settings.Get(name)
		pairs = append(pairs, name, w.Settings.Get(name))
	}
	return sh.show(view, facts(pairs...))
}
