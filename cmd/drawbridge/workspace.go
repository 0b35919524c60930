package main

import (
	"context"
	"fmt"
	"time"

	"drawbridge/internal/app"
	"drawbridge/provisioning"
)

type workspaceCommand struct {
	Create workspaceCreate `cmd:"" help:"Make a workspace and invite its first administrator."`
	List   workspaceList   `cmd:"" help:"List all workspaces."`
	Show   workspaceShow   `cmd:"" help:"Show a workspace and its settings."`
	Update workspaceUpdate `cmd:"" help:"Change the name or settings of a workspace."`
	Delete workspaceDelete `cmd:"" help:"Delete a workspace with everything in it, its audit log included."`
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
	Invitation shownLink `json:"invitation"`
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
		view.Invitation = invitationLink(core.Config.PublicURL, made.Invitation, made.Secret)
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
	Workspace   string            `arg:"" help:"Workspace: its id, slug or name."`
	Name        *string           `help:"New name."`
	MultiTenant bool              `help:"Let the workspace have communities below its root. It stays so."`
	Set         map[string]string `mapsep:"none" placeholder:"NAME=VALUE" help:"Setting and its new value, such as session-idle=12h; may be repeated. All are set or none."`
}

func (c workspaceUpdate) Run(ctx context.Context, sh *shell) error {
	if c.Name == nil && !c.MultiTenant && len(c.Set) == 0 {
		return usage("nothing to change: give --name, --multi-tenant or --set")
	}
	if c.Name != nil && *c.Name == "" {
		return usage("--name is empty: a workspace needs a name")
	}
	return sh.withWorkspace(ctx, c.Workspace, func(core *app.Core, w provisioning.Workspace) error {
		if len(c.Set) > 0 {
			if err := core.Service.SetSettings(ctx, operator, w.ID, c.Set); err != nil {
				return err
			}
		}
		if err := c.update(ctx, core.Service, w); err != nil {
			return err
		}
		w, err := core.Service.Workspace(ctx, w.ID)
		if err != nil {
			return err
		}
		return sh.showWorkspace(w)
	})
}

// update changes what is no setting.
func (c workspaceUpdate) update(ctx context.Context, s *provisioning.Service, w provisioning.Workspace) error {
	if c.Name == nil && !c.MultiTenant {
		return nil
	}
	name := ""
	if c.Name != nil {
		name = *c.Name
	}
	_, err := s.UpdateWorkspace(ctx, operator, w.ID, name, c.MultiTenant || w.MultiTenant)
	return err
}

type workspaceDelete struct {
	destructive
	Workspace string `arg:"" help:"Workspace: its id, slug or name."`
}

func (c workspaceDelete) Run(ctx context.Context, sh *shell) error {
	return sh.withWorkspace(ctx, c.Workspace, func(core *app.Core, w provisioning.Workspace) error {
		uses, err := core.Service.WorkspaceUses(ctx, w.ID)
		if err != nil {
			return err
		}
		consequence := fmt.Sprintf("Deleting workspace %s takes %s, %s, %s, %s and its audit log, for good; whoever is signed in there is out at once.",
			printable(w.Name), counted(uses.Users, "person", "people"), counted(uses.Communities, "community", "communities"),
			counted(uses.Connections, "connection", "connections"), counted(uses.Directories, "directory", "directories"))
		if err := sh.consent(c.Yes, consequence); err != nil {
			return err
		}
		if err := core.Service.DeleteWorkspace(ctx, operator, w.ID); err != nil {
			return err
		}
		return sh.show(ended{string(w.ID), "deleted"}, fmt.Sprintf("workspace %s deleted\n", printable(w.Name)))
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
