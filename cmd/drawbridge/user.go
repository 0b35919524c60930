package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"drawbridge/internal/app"
	"drawbridge/provisioning"
)

type userCommand struct {
	List         userList         `cmd:"" help:"List the people of a workspace."`
	Show         userShow         `cmd:"" help:"Show a person."`
	Grant        userGrant        `cmd:"" help:"Give a person a role; invites an address that nobody has."`
	Revoke       userRevoke       `cmd:"" help:"Take a role that was given by hand or at a first sign-in."`
	Suspend      userSuspend      `cmd:"" help:"Keep a person out, and end their sessions at once."`
	Reactivate   userReactivate   `cmd:"" help:"End a suspension."`
	Remove       userRemove       `cmd:"" help:"Remove a person from the workspace for good."`
	Sessions     userSessions     `cmd:"" help:"List the browsers in which a person is signed in."`
	EndSessions  userEndSessions  `cmd:"" help:"Sign a person out, everywhere or in one browser."`
	ResetLink    userResetLink    `cmd:"" help:"Make a link by which a person sets a new password."`
	ResetFactors userResetFactors `cmd:"" help:"Make a code that stands once for the second factor that a person lost."`
	BreakGlass   userBreakGlass   `cmd:"" help:"Name who may sign in with a password although the workspace requires SSO."`
	Release      userRelease      `cmd:"" help:"Say that a person whose directory identity changed is the same: what was held counts again."`
	Why          userWhy          `cmd:"" help:"Explain each role of a person."`
}

type userView struct {
	ID       provisioning.UserID `json:"id"`
	UserName string              `json:"user_name"`
	Email    string              `json:"email"`
	Name     string              `json:"name"`
	Status   string              `json:"status"`
	Source   provisioning.Origin `json:"source"`
}

func viewUser(u provisioning.User) userView {
	return userView{u.ID, u.UserName, u.Email, u.Name(), u.Status(time.Now()), u.Origin}
}

type userList struct{ inWorkspace }

func (c userList) Run(ctx context.Context, sh *shell) error {
	return sh.withWorkspace(ctx, c.Workspace, func(core *app.Core, w provisioning.Workspace) error {
		all, err := allUsers(ctx, core.Service, w.ID)
		if err != nil {
			return err
		}
		views := collect(all, viewUser)
		return sh.show(views, table([]string{"USER NAME", "E-MAIL", "NAME", "STATUS", "SOURCE", "ID"},
			collect(views, func(u userView) []string {
				return []string{u.UserName, u.Email, u.Name, u.Status, string(u.Source), string(u.ID)}
			})))
	})
}

func allUsers(ctx context.Context, s *provisioning.Service, ws provisioning.WorkspaceID) ([]provisioning.User, error) {
	var all []provisioning.User
	query := provisioning.UserQuery{Limit: pageSize}
	for {
		page, err := s.Users(ctx, ws, query)
		if err != nil || len(page) == 0 {
			return all, err
		}
		all = append(all, page...)
		query.After = page[len(page)-1].ID
	}
}

// oneUser are the flags of commands about one person.
type oneUser struct {
	inWorkspace
	User string `required:"" placeholder:"USER" help:"Person: id, userName or e-mail."`
}

// with runs fn on the person.
func (c oneUser) with(ctx context.Context, sh *shell, fn func(*app.Core, provisioning.User) error) error {
	return sh.withWorkspace(ctx, c.Workspace, func(core *app.Core, w provisioning.Workspace) error {
		u, err := core.Service.FindUser(ctx, w.ID, c.User)
		if err != nil {
			return err
		}
		return fn(core, u)
	})
}

type userShow struct{ oneUser }

func (c userShow) Run(ctx context.Context, sh *shell) error {
	return c.with(ctx, sh, func(_ *app.Core, u provisioning.User) error { return sh.showUser(u) })
}

// shownUser is a person with everything that stands beside the name.
type shownUser struct {
	userView
	Directory  provisioning.DirectoryID `json:"directory"`
	ExternalID string                   `json:"external_id"`
	CreatedAt  time.Time                `json:"created_at"`
	LastSeenAt time.Time                `json:"last_seen_at,omitzero"`
	BreakGlass bool                     `json:"break_glass"`
}

func (sh *shell) showUser(u provisioning.User) error {
	view := shownUser{userView: viewUser(u), CreatedAt: stamp(u.CreatedAt), LastSeenAt: stamp(u.LastSeenAt), BreakGlass: u.BreakGlass}
	if u.Record != nil {
		view.Directory, view.ExternalID = u.Record.Directory, u.Record.ExternalID
	}
	return sh.show(view, facts("user", u.UserName, "name", view.Name, "e-mail", u.Email, "status", view.Status, "blocked by", blockText(u),
		"source", string(u.Origin), "break-glass", breakGlassText(u), "directory", string(view.Directory), "external id", view.ExternalID,
		"created", when(u.CreatedAt), "last seen", when(u.LastSeenAt), "id", string(u.ID)))
}

// breakGlassText says what is so of a few alone.
func breakGlassText(u provisioning.User) string {
	if u.BreakGlass {
		return "may sign in with a password although SSO is required"
	}
	return ""
}

func blockText(u provisioning.User) string {
	return strings.Join(collect(u.Blocks, func(b provisioning.Block) string {
		return fmt.Sprintf("%s since %s", b.Source, when(b.CreatedAt))
	}), ", ")
}

// givenRole are the flags that name a role in a community.
type givenRole struct {
	Role      string `required:"" help:"Role: its id, slug or name."`
	Community string `required:"" help:"Community: its id, slug or name."`
}

// grantView is the answer of `user grant` and `user revoke`. An invitation has a
// link.
type grantView struct {
	User      provisioning.UserID `json:"user"`
	Email     string              `json:"email"`
	Community string              `json:"community"`
	Role      string              `json:"role"`
	Result    string              `json:"result"`
	URL       string              `json:"url,omitempty"`
	ExpiresAt time.Time           `json:"expires_at,omitzero"`
}

type userGrant struct {
	oneUser
	givenRole
}

func (c userGrant) Run(ctx context.Context, sh *shell) error {
	return sh.withWorkspace(ctx, c.Workspace, func(core *app.Core, w provisioning.Workspace) error {
		community, role, err := roleIn(ctx, core.Service, w.ID, c.Community, c.Role)
		if err != nil {
			return err
		}
		u, err := core.Service.FindUser(ctx, w.ID, c.User)
		if errors.Is(err, provisioning.ErrNotFound) && strings.Contains(c.User, "@") {
			return c.invite(ctx, sh, core, c.User, community, role)
		}
		if err != nil {
			return err
		}
		if has, err := core.Service.HasWayIn(ctx, w.ID, u.ID); err != nil {
			return err
		} else if !has {
			return c.invite(ctx, sh, core, u.Email, community, role)
		}
		if err := core.Service.GrantRole(ctx, operator, w.ID, u.ID, provisioning.RoleIn{Community: community.ID, Role: role.ID}); err != nil {
			return err
		}
		view := grantView{User: u.ID, Email: u.Email, Community: community.Slug, Role: role.Slug, Result: "granted"}
		return sh.show(view, printable(fmt.Sprintf("%s has %s in %s", u.Name(), role.Name, community.Name))+"\n")
	})
}

// invite is the way back into a workspace that lost its administrators (rule 9).
func (c userGrant) invite(ctx context.Context, sh *shell, core *app.Core, email string, community provisioning.Community, role provisioning.Role) error {
	i, secret, err := core.Service.InviteAdministrator(ctx, operator, community.Workspace, email, provisioning.RoleIn{Community: community.ID, Role: role.ID})
	if err != nil {
		return err
	}
	link := invitationLink(core.Config.PublicURL, i, secret)
	view := grantView{i.User, i.Email, community.Slug, role.Slug, "invited", link.URL, link.ExpiresAt}
	text := fmt.Sprintf("Nobody can sign in with the address %s yet. Invitation as %s in %s, good until %s, shown once:", i.Email, role.Name, community.Name, when(i.ExpiresAt))
	return sh.show(view, printable(text)+"\n"+link.URL+"\n")
}

type userRevoke struct {
	oneUser
	givenRole
}

func (c userRevoke) Run(ctx context.Context, sh *shell) error {
	return c.with(ctx, sh, func(core *app.Core, u provisioning.User) error {
		community, role, err := roleIn(ctx, core.Service, u.Workspace, c.Community, c.Role)
		if err != nil {
			return err
		}
		if err := core.Service.RevokeRole(ctx, operator, u.Workspace, u.ID, provisioning.RoleIn{Community: community.ID, Role: role.ID}); err != nil {
			return err
		}
		view := grantView{User: u.ID, Email: u.Email, Community: community.Slug, Role: role.Slug, Result: "revoked"}
		return sh.show(view, printable(fmt.Sprintf("%s was given %s in %s no longer", u.Name(), role.Name, community.Name))+"\n")
	})
}

type userSuspend struct{ oneUser }

func (c userSuspend) Run(ctx context.Context, sh *shell) error {
	return c.with(ctx, sh, func(core *app.Core, u provisioning.User) error {
		if err := core.Service.SuspendUser(ctx, operator, u.Workspace, u.ID); err != nil {
			return err
		}
		return sh.showUserAgain(ctx, core, u)
	})
}

type userReactivate struct{ oneUser }

func (c userReactivate) Run(ctx context.Context, sh *shell) error {
	return c.with(ctx, sh, func(core *app.Core, u provisioning.User) error {
		if err := core.Service.ReactivateUser(ctx, operator, u.Workspace, u.ID); err != nil {
			return err
		}
		return sh.showUserAgain(ctx, core, u)
	})
}

// showUserAgain shows how the person stands after a change.
func (sh *shell) showUserAgain(ctx context.Context, core *app.Core, u provisioning.User) error {
	u, err := core.Service.FindUser(ctx, u.Workspace, string(u.ID))
	if err != nil {
		return err
	}
	return sh.showUser(u)
}

type userRemove struct {
	oneUser
	destructive
}

func (c userRemove) Run(ctx context.Context, sh *shell) error {
	if err := sh.consent(c.Yes, fmt.Sprintf("Removing %s ends their sessions, roles and sign-in for good; only a new invitation or the directory lets them in again.", c.User)); err != nil {
		return err
	}
	return c.with(ctx, sh, func(core *app.Core, u provisioning.User) error {
		if err := core.Service.RemoveUser(ctx, operator, u.Workspace, u.ID); err != nil {
			return err
		}
		return sh.show(ended{string(u.ID), "removed"}, printable(u.Name())+" removed\n")
	})
}

type userRelease struct{ oneUser }

// releasedGrants is the answer of `user release`.
type releasedGrants struct {
	ID       provisioning.UserID `json:"id"`
	Released int                 `json:"released"`
}

func (c userRelease) Run(ctx context.Context, sh *shell) error {
	return c.with(ctx, sh, func(core *app.Core, u provisioning.User) error {
		n, err := core.Service.ReleaseUser(ctx, operator, u.Workspace, u.ID)
		if err != nil {
			return err
		}
		return sh.show(releasedGrants{u.ID, n}, fmt.Sprintf("%s: %d held grants count again\n", printable(u.Name()), n))
	})
}
