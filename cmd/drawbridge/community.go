package main

import (
	"context"
	"fmt"

	"drawbridge/internal/app"
	"drawbridge/provisioning"
)

type communityCommand struct {
	Create communityCreate `cmd:"" help:"Make a community in a multi-tenant workspace."`
	List   communityList   `cmd:"" help:"List the communities of a workspace."`
	Show   communityShow   `cmd:"" help:"Show a community and what stands in it."`
	Update communityUpdate `cmd:"" help:"Change the name or description of a community."`
	Delete communityDelete `cmd:"" help:"Delete a community with everything that stands in it."`
}

type communityView struct {
	ID          provisioning.CommunityID `json:"id"`
	Slug        string                   `json:"slug"`
	Name        string                   `json:"name"`
	Description string                   `json:"description"`
	Root        bool                     `json:"root"`
}

func viewCommunity(c provisioning.Community) communityView {
	return communityView{c.ID, c.Slug, c.Name, c.Description, c.Root}
}

type communityCreate struct {
	inWorkspace
	Name        string `required:"" help:"Name that people read."`
	Slug        string `help:"Short name in URLs and headers; made from the name if empty. Never changes."`
	Description string `help:"What the community is for."`
}

func (c communityCreate) Run(ctx context.Context, sh *shell) error {
	return sh.withWorkspace(ctx, c.Workspace, func(core *app.Core, w provisioning.Workspace) error {
		made, err := core.Service.CreateCommunity(ctx, operator, w.ID, provisioning.NewCommunity{
			Name: c.Name, Slug: c.Slug, Description: c.Description,
		})
		if err != nil {
			return err
		}
		return sh.showCommunity(made)
	})
}

type communityList struct{ inWorkspace }

func (c communityList) Run(ctx context.Context, sh *shell) error {
	return sh.withWorkspace(ctx, c.Workspace, func(core *app.Core, w provisioning.Workspace) error {
		all, err := core.Service.Communities(ctx, w.ID)
		if err != nil {
			return err
		}
		return sh.show(collect(all, viewCommunity), table([]string{"SLUG", "NAME", "ROOT", "ID"},
			collect(all, func(c provisioning.Community) []string {
				return []string{c.Slug, c.Name, yesNo(c.Root), string(c.ID)}
			})))
	})
}

// oneCommunity is the argument of commands about one community.
type oneCommunity struct {
	inWorkspace
	Community string `arg:"" help:"Community: its id, slug or name."`
}

// with runs fn on the community.
func (c oneCommunity) with(ctx context.Context, sh *shell, fn func(*app.Core, provisioning.Community) error) error {
	return sh.withWorkspace(ctx, c.Workspace, func(core *app.Core, w provisioning.Workspace) error {
		found, err := core.Service.FindCommunity(ctx, w.ID, c.Community)
		if err != nil {
			return err
		}
		return fn(core, found)
	})
}

func (sh *shell) showCommunity(c provisioning.Community) error {
	return sh.show(viewCommunity(c), facts("community", c.Slug, "name", c.Name, "description", c.Description, "root", yesNo(c.Root), "id", string(c.ID)))
}

type communityShow struct{ oneCommunity }

// usesView counts what stands in a community, or uses a role.
type usesView struct {
	Members     int `json:"members"`
	Grants      int `json:"grants"`
	Mappings    int `json:"mappings"`
	Connections int `json:"connections"`
	Invitations int `json:"invitations"`
}

// shownCommunity is a community with what stands in it.
type shownCommunity struct {
	communityView
	usesView
}

func (c communityShow) Run(ctx context.Context, sh *shell) error {
	return c.with(ctx, sh, func(core *app.Core, found provisioning.Community) error {
		uses, err := core.Service.CommunityUses(ctx, operator, found.Workspace, found.ID)
		if err != nil {
			return err
		}
		view := shownCommunity{viewCommunity(found), viewUses(uses)}
		return sh.show(view, facts("community", found.Slug, "name", found.Name, "description", found.Description,
			"root", yesNo(found.Root), "in it", uses.String(), "id", string(found.ID)))
	})
}

func viewUses(u provisioning.Uses) usesView {
	return usesView{u.Users, u.Grants, u.Mappings, u.Connections, u.Invitations}
}

type communityUpdate struct {
	oneCommunity
	Name        *string `help:"New name."`
	Description *string `help:"What the community is for."`
}

func (c communityUpdate) Run(ctx context.Context, sh *shell) error {
	if c.Name == nil && c.Description == nil {
		return usage("nothing to change: give --name or --description")
	}
	return c.with(ctx, sh, func(core *app.Core, found provisioning.Community) error {
		change := provisioning.CommunityChange{Name: c.Name, Description: c.Description}
		changed, err := core.Service.UpdateCommunity(ctx, operator, found.Workspace, found.ID, change)
		if err != nil {
			return err
		}
		return sh.showCommunity(changed)
	})
}

type communityDelete struct {
	destructive
	oneCommunity
}

func (c communityDelete) Run(ctx context.Context, sh *shell) error {
	return c.with(ctx, sh, func(core *app.Core, found provisioning.Community) error {
		uses, err := core.Service.CommunityUses(ctx, operator, found.Workspace, found.ID)
		if err != nil {
			return err
		}
		if err := sh.consent(c.Yes, fmt.Sprintf("Deleting community %s takes with it, for good: %s.", printable(found.Name), uses)); err != nil {
			return err
		}
		if err := core.Service.DeleteCommunity(ctx, operator, found.Workspace, found.ID); err != nil {
			return err
		}
		return sh.show(ended{string(found.ID), "deleted"}, fmt.Sprintf("community %s deleted\n", printable(found.Name)))
	})
}
