package main

import (
	"context"
	"fmt"
	"strings"

	"drawbridge/internal/app"
	"drawbridge/provisioning"
)

type roleCommand struct {
	Create roleCreate `cmd:"" help:"Make a custom role."`
	List   roleList   `cmd:"" help:"List the roles of a workspace."`
	Show   roleShow   `cmd:"" help:"Show a role and its permissions."`
	Update roleUpdate `cmd:"" help:"Change a custom role, also for everybody who has it."`
	Delete roleDelete `cmd:"" help:"Delete a custom role that nothing uses."`
}

type roleView struct {
	ID          provisioning.RoleID       `json:"id"`
	Slug        string                    `json:"slug"`
	Name        string                    `json:"name"`
	Description string                    `json:"description"`
	Builtin     bool                      `json:"builtin"`
	Permissions []provisioning.Permission `json:"permissions"`
}

func viewRole(r provisioning.Role) roleView {
	permissions := collect(r.Permissions, func(p provisioning.Permission) provisioning.Permission { return p })
	return roleView{r.ID, r.Slug, r.Name, r.Description, r.Builtin, permissions}
}

type roleCreate struct {
	inWorkspace
	Name        string                    `required:"" help:"Name that people read."`
	Slug        string                    `help:"Short name in URLs and headers; made from the name if empty. Never changes."`
	Description string                    `required:"" help:"What the role is for, in 10 to 1,000 characters."`
	Permission  []provisioning.Permission `required:"" placeholder:"PERMISSION" help:"Permission that the role gives, such as members.read; may be repeated."`
}

func (c roleCreate) Run(ctx context.Context, sh *shell) error {
	return sh.withWorkspace(ctx, c.Workspace, func(core *app.Core, w provisioning.Workspace) error {
		made, err := core.Service.CreateRole(ctx, operator, w.ID, provisioning.NewRole{
			Name: c.Name, Slug: c.Slug, Description: c.Description, Permissions: c.Permission,
		})
		if err != nil {
			return err
		}
		return sh.showRole(made)
	})
}

type roleList struct{ inWorkspace }

func (c roleList) Run(ctx context.Context, sh *shell) error {
	return sh.withWorkspace(ctx, c.Workspace, func(core *app.Core, w provisioning.Workspace) error {
		all, err := core.Service.Roles(ctx, w.ID)
		if err != nil {
			return err
		}
		return sh.show(collect(all, viewRole), table([]string{"SLUG", "NAME", "BUILT-IN", "DESCRIPTION", "ID"},
			collect(all, func(r provisioning.Role) []string {
				return []string{r.Slug, r.Name, yesNo(r.Builtin), r.Description, string(r.ID)}
			})))
	})
}

// oneRole is the argument of commands about one role.
type oneRole struct {
	inWorkspace
	Role string `arg:"" help:"Role: its id, slug or name."`
}

// with runs fn on the role.
func (c oneRole) with(ctx context.Context, sh *shell, fn func(*app.Core, provisioning.Role) error) error {
	return sh.withWorkspace(ctx, c.Workspace, func(core *app.Core, w provisioning.Workspace) error {
		r, err := core.Service.FindRole(ctx, w.ID, c.Role)
		if err != nil {
			return err
		}
		return fn(core, r)
	})
}

type roleShow struct{ oneRole }

func (c roleShow) Run(ctx context.Context, sh *shell) error {
	return c.with(ctx, sh, func(_ *app.Core, r provisioning.Role) error { return sh.showRole(r) })
}

type roleUpdate struct {
	oneRole
	Name                  *string                   `help:"New name."`
	Description           *string                   `help:"What the role is for, in 10 to 1,000 characters."`
	Permission            []provisioning.Permission `placeholder:"PERMISSION" help:"Permission that the role gives from now on, in place of all that it gave; may be repeated."`
	ConfirmAdministrative bool                      `help:"Confirm a permission that only administrators have: everybody who has the role gets it."`
}

func (c roleUpdate) Run(ctx context.Context, sh *shell) error {
	if c.Name == nil && c.Description == nil && len(c.Permission) == 0 {
		return usage("nothing to change: give --name, --description or --permission")
	}
	return c.with(ctx, sh, func(core *app.Core, r provisioning.Role) error {
		n := provisioning.RoleChange{Name: c.Name, Description: c.Description, Confirmed: c.ConfirmAdministrative}
		if len(c.Permission) > 0 {
			n.Permissions = &c.Permission
		}
		changed, err := core.Service.UpdateRole(ctx, operator, r.Workspace, r.ID, n)
		if err != nil {
			return err
		}
		return sh.showRole(changed)
	})
}

type roleDelete struct {
	destructive
	oneRole
}

func (c roleDelete) Run(ctx context.Context, sh *shell) error {
	return c.with(ctx, sh, func(core *app.Core, r provisioning.Role) error {
		if err := sh.consent(c.Yes, fmt.Sprintf("Deleting role %s ends it for good; a role that is in use stays.", printable(r.Name))); err != nil {
			return err
		}
		if err := core.Service.DeleteRole(ctx, operator, r.Workspace, r.ID); err != nil {
			return err
		}
		return sh.show(ended{string(r.ID), "deleted"}, fmt.Sprintf("role %s deleted\n", printable(r.Name)))
	})
}

func (sh *shell) showRole(r provisioning.Role) error {
	view := viewRole(r)
	permissions := collect(view.Permissions, func(p provisioning.Permission) string { return string(p) })
	return sh.show(view, facts("role", r.Slug, "name", r.Name, "description", r.Description, "built-in", yesNo(r.Builtin),
		"permissions", strings.Join(permissions, ", "), "id", string(r.ID)))
}
