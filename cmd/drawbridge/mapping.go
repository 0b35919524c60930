package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"drawbridge/internal/app"
	"drawbridge/provisioning"
)

type mappingCommand struct {
	Create mappingCreate `cmd:"" help:"Give the members of a group a role in a community."`
	Plan   mappingPlan   `cmd:"" help:"Say who would gain and lose what by a mapping. Changes nothing."`
	List   mappingList   `cmd:"" help:"List the mappings of a workspace."`
	Delete mappingDelete `cmd:"" help:"End a mapping and what it gives."`
}

type mappingView struct {
	ID        provisioning.MappingID `json:"id"`
	Group     string                 `json:"group"`
	GroupID   provisioning.GroupID   `json:"group_id"`
	Community string                 `json:"community"`
	Role      string                 `json:"role"`
	Held      bool                   `json:"held"`
	CreatedAt time.Time              `json:"created_at"`
}

// newMapping are the flags that describe a mapping.
type newMapping struct {
	inWorkspace
	Group                 string `required:"" help:"Group: its id or name."`
	Directory             string `help:"Directory of the group, where two have a group of that name: its id or name."`
	Community             string `required:"" help:"Community: its id, slug or name."`
	Role                  string `required:"" help:"Role: its id, slug or name."`
	ConfirmAdministrative bool   `help:"Confirm a mapping that gives an administrative permission or reaches the whole of a multi-tenant workspace."`
}

// mappingParts is what the flags of newMapping name.
type mappingParts struct {
	group     provisioning.Group
	community provisioning.Community
	role      provisioning.Role
}

func (c newMapping) find(ctx context.Context, s *provisioning.Service, ws provisioning.WorkspaceID) (p mappingParts, err error) {
	var of provisioning.Directory
	if c.Directory != "" {
		if of, err = s.FindDirectory(ctx, ws, c.Directory); err != nil {
			return p, err
		}
	}
	if p.group, err = s.FindGroup(ctx, ws, of.ID, c.Group); err != nil {
		return p, err
	}
	p.community, p.role, err = roleIn(ctx, s, ws, c.Community, c.Role)
	return p, err
}

func (c newMapping) write(p mappingParts) provisioning.MappingWrite {
	return provisioning.MappingWrite{Group: p.group.ID, Community: p.community.ID, Role: p.role.ID, Confirmed: c.ConfirmAdministrative}
}

type mappingCreate struct{ newMapping }

func (c mappingCreate) Run(ctx context.Context, sh *shell) error {
	return sh.withWorkspace(ctx, c.Workspace, func(core *app.Core, w provisioning.Workspace) error {
		p, err := c.find(ctx, core.Service, w.ID)
		if err != nil {
			return err
		}
		m, err := core.Service.CreateMapping(ctx, operator, w.ID, c.write(p))
		if err != nil {
			return err
		}
		view := mappingView{m.ID, p.group.DisplayName, m.Group, p.community.Slug, p.role.Slug, m.Held, stamp(m.CreatedAt)}
		return sh.show(view, facts("mapping", string(m.ID), "group", p.group.DisplayName, "community", p.community.Name, "role", p.role.Name))
	})
}

type mappingPlan struct{ newMapping }

type planView struct {
	Fingerprint string         `json:"fingerprint"`
	Gain        []planLineView `json:"gain"`
	Lose        []planLineView `json:"lose"`
	Stay        int            `json:"stay"`
}

type planLineView struct {
	User      provisioning.UserID `json:"user"`
	Name      string              `json:"name"`
	Email     string              `json:"email"`
	Community string              `json:"community"`
	Role      string              `json:"role"`
	Source    provisioning.Source `json:"source"`
}

func (c mappingPlan) Run(ctx context.Context, sh *shell) error {
	return sh.withWorkspace(ctx, c.Workspace, func(core *app.Core, w provisioning.Workspace) error {
		parts, err := c.find(ctx, core.Service, w.ID)
		if err != nil {
			return err
		}
		known, err := readNames(ctx, core.Service, w.ID)
		if err != nil {
			return err
		}
		plan, err := core.Service.PlanMapping(ctx, operator, w.ID, c.write(parts))
		if err != nil {
			return err
		}
		view := planView{plan.Fingerprint, viewPlanLines(known, plan.Gain), viewPlanLines(known, plan.Lose), plan.Stay}
		return sh.show(view, planText(view))
	})
}

func viewPlanLines(known names, lines []provisioning.PlanLine) []planLineView {
	return collect(lines, func(l provisioning.PlanLine) planLineView {
		return planLineView{l.User, l.Name, l.Email, known.communities[l.Reason.Community].Slug, known.roles[l.Reason.Role].Slug, l.Reason.Source}
	})
}

func planText(v planView) string {
	var rows [][]string
	for _, part := range []struct {
		verb  string
		lines []planLineView
	}{{"gains", v.Gain}, {"loses", v.Lose}} {
		for _, l := range part.lines {
			rows = append(rows, []string{l.Name, l.Email, part.verb, l.Role, l.Community})
		}
	}
	text := fmt.Sprintf("%d gained, %d lost, %d people unchanged. Nothing was changed.\n", len(v.Gain), len(v.Lose), v.Stay)
	if len(rows) == 0 {
		return text
	}
	return table([]string{"PERSON", "E-MAIL", "", "ROLE", "COMMUNITY"}, rows) + "\n" + text
}

type mappingList struct{ inWorkspace }

func (c mappingList) Run(ctx context.Context, sh *shell) error {
	return sh.withWorkspace(ctx, c.Workspace, func(core *app.Core, w provisioning.Workspace) error {
		views, err := viewMappings(ctx, core.Service, w.ID)
		if err != nil {
			return err
		}
		return sh.show(views, table([]string{"GROUP", "COMMUNITY", "ROLE", "HELD", "ID"},
			collect(views, func(m mappingView) []string {
				return []string{m.Group, m.Community, m.Role, yesNo(m.Held), string(m.ID)}
			})))
	})
}

// viewMappings lists the mappings of a workspace. One of a deleted group has a
// group without a name.
func viewMappings(ctx context.Context, s *provisioning.Service, ws provisioning.WorkspaceID) ([]mappingView, error) {
	all, err := s.Mappings(ctx, ws)
	if err != nil {
		return nil, err
	}
	known, err := readNames(ctx, s, ws)
	if err != nil {
		return nil, err
	}
	groups, err := allGroups(ctx, s, ws, "")
	if err != nil {
		return nil, err
	}
	called := make(map[provisioning.GroupID]string, len(groups))
	for _, g := range groups {
		called[g.ID] = g.DisplayName
	}
	return collect(all, func(m provisioning.Mapping) mappingView {
		return mappingView{m.ID, called[m.Group], m.Group, known.communities[m.Community].Slug, known.roles[m.Role].Slug, m.Held, stamp(m.CreatedAt)}
	}), nil
}

type mappingDelete struct {
	maybeWorkspace
	destructive
	ID string `arg:"" help:"Id of the mapping."`
}

func (c mappingDelete) Run(ctx context.Context, sh *shell) error {
	if err := sh.consent(c.Yes, fmt.Sprintf("Deleting mapping %s takes from the members of its group the role that it gives.", c.ID)); err != nil {
		return err
	}
	return sh.withCore(ctx, func(core *app.Core) error {
		m, err := findAnywhere(ctx, core.Service, c.Workspace, "mapping", c.ID, mappingFinder(core.Service))
		if err != nil {
			return err
		}
		if err := core.Service.DeleteMapping(ctx, operator, m.Workspace, m.ID); err != nil {
			return err
		}
		return sh.show(ended{string(m.ID), "deleted"}, fmt.Sprintf("mapping %s deleted\n", m.ID))
	})
}

// mappingFinder finds mappings, which have no name, by id in one workspace.
func mappingFinder(s *provisioning.Service) finder[provisioning.Mapping] {
	return func(ctx context.Context, ws provisioning.WorkspaceID, ref string) (m provisioning.Mapping, err error) {
		var all []provisioning.Mapping
		if ws != "" {
			if all, err = s.Mappings(ctx, ws); err != nil {
				return m, err
			}
		}
		i := slices.IndexFunc(all, func(m provisioning.Mapping) bool { return string(m.ID) == ref })
		if i < 0 {
			return m, fmt.Errorf("mapping %q: %w", ref, provisioning.ErrNotFound)
		}
		return all[i], nil
	}
}
