package main

import (
	"context"

	"drawbridge/internal/app"
	"drawbridge/provisioning"
)

type communityCommand struct {
	Create communityCreate `cmd:"" help:"Make a community in a multi-tenant workspace."`
	List   communityList   `cmd:"" help:"List the communities of a workspace."`
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
		return sh.show(viewCommunity(made), facts("community", made.Slug, "name", made.Name, "id", string(made.ID)))
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
