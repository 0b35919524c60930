package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"drawbridge/internal/app"
	"drawbridge/provisioning"
)

type invitationCommand struct {
	Create invitationCreate `cmd:"" help:"Invite people by e-mail, each into communities with a role."`
	List   invitationList   `cmd:"" help:"List the invitations of a workspace, newest first."`
	Resend invitationResend `cmd:"" help:"Kill the link of an invitation and make a new one."`
	Cancel invitationCancel `cmd:"" help:"Kill the link of an invitation."`
}

// oneInvitation is the argument of commands about one invitation.
type oneInvitation struct {
	maybeWorkspace
	ID provisioning.InvitationID `arg:"" help:"Id of the invitation."`
}

// with runs fn in the workspace that has the invitation.
func (c oneInvitation) with(ctx context.Context, sh *shell, fn func(*app.Core, provisioning.WorkspaceID) error) error {
	return sh.withCore(ctx, func(core *app.Core) error {
		in, err := workspacesMeant(ctx, core.Service, c.Workspace)
		if err != nil {
			return err
		}
		ws, err := whereItIs(in, "invitation", string(c.ID), func(ws provisioning.WorkspaceID) (bool, error) {
			found, err := core.Service.Invitations(ctx, operator, ws, provisioning.InvitationQuery{Before: justAbove(c.ID), Limit: 1})
			return len(found) == 1 && found[0].ID == c.ID, err
		})
		if err != nil {
			return err
		}
		return fn(core, ws)
	})
}

// invitationView is an invitation as `list` and `resend` show it.
type invitationView struct {
	ID        provisioning.InvitationID `json:"id"`
	Email     string                    `json:"email"`
	Status    string                    `json:"status"`
	ExpiresAt time.Time                 `json:"expires_at"`
	URL       string                    `json:"url,omitempty"` // shown once, where no mail goes out
}

func viewInvitation(i provisioning.Invitation, now time.Time) invitationView {
	return invitationView{ID: i.ID, Email: i.Email, Status: invitationStatus(i, now), ExpiresAt: stamp(i.ExpiresAt)}
}

func invitationStatus(i provisioning.Invitation, now time.Time) string {
	switch {
	case !i.AcceptedAt.IsZero():
		return "accepted"
	case !i.CancelledAt.IsZero():
		return "cancelled"
	case !i.Open(now):
		return "invitation expired"
	}
	return "invited"
}

type invitationList struct {
	inWorkspace
	Pending bool `help:"Only invitations that were neither accepted nor cancelled."`
}

func (c invitationList) Run(ctx context.Context, sh *shell) error {
	return sh.withWorkspace(ctx, c.Workspace, func(core *app.Core, w provisioning.Workspace) error {
		all, err := allInvitations(ctx, core.Service, w.ID, c.Pending)
		if err != nil {
			return err
		}
		now := time.Now()
		views := collect(all, func(i provisioning.Invitation) invitationView { return viewInvitation(i, now) })
		return sh.show(views, table([]string{"E-MAIL", "STATUS", "GOOD UNTIL", "ID"},
			collect(views, func(v invitationView) []string {
				return []string{v.Email, v.Status, when(v.ExpiresAt), string(v.ID)}
			})))
	})
}

func allInvitations(ctx context.Context, s *provisioning.Service, ws provisioning.WorkspaceID, pending bool) ([]provisioning.Invitation, error) {
	var all []provisioning.Invitation
	query := provisioning.InvitationQuery{Pending: pending, Limit: pageSize}
	for {
		page, err := s.Invitations(ctx, operator, ws, query)
		if err != nil || len(page) == 0 {
			return all, err
		}
		all = append(all, page...)
		query.Before = page[len(page)-1].ID
	}
}

type invitationResend struct{ oneInvitation }

func (c invitationResend) Run(ctx context.Context, sh *shell) error {
	return c.with(ctx, sh, func(core *app.Core, ws provisioning.WorkspaceID) error {
		sent, err := core.Service.ResendInvitation(ctx, operator, ws, c.ID)
		if err != nil {
			return err
		}
		view := viewInvitation(sent.Invitation, time.Now())
		text := fmt.Sprintf("The new link of %s is on its way by mail, good until %s.\n", printable(view.Email), when(view.ExpiresAt))
		if sent.Link != "" {
			view.URL = invitationURL(core.Config.PublicURL, sent.Link)
			text = fmt.Sprintf("The new link of %s, good until %s, shown once:\n%s\n", printable(view.Email), when(view.ExpiresAt), view.URL)
		}
		return sh.show(view, text)
	})
}

type invitationCancel struct {
	destructive
	oneInvitation
}

func (c invitationCancel) Run(ctx context.Context, sh *shell) error {
	if err := sh.consent(c.Yes, fmt.Sprintf("Cancelling invitation %s kills its link, and removes the person if they have nothing beside it.", c.ID)); err != nil {
		return err
	}
	return c.with(ctx, sh, func(core *app.Core, ws provisioning.WorkspaceID) error {
		if err := core.Service.CancelInvitation(ctx, operator, ws, c.ID); err != nil {
			return err
		}
		return sh.show(ended{string(c.ID), "cancelled"}, fmt.Sprintf("invitation %s cancelled\n", c.ID))
	})
}

// placesText lists roles in communities as `--to` takes them.
func placesText(known names, in []provisioning.RoleIn) []string {
	return collect(in, func(r provisioning.RoleIn) string {
		return known.communities[r.Community].Slug + "=" + known.roles[r.Role].Slug
	})
}

// place is a role in a community as it was typed: COMMUNITY=ROLE.
type place struct{ community, role string }

// UnmarshalText is asked by the parser.
func (p *place) UnmarshalText(text []byte) error {
	community, role, found := strings.Cut(string(text), "=")
	if !found || community == "" || role == "" {
		return fmt.Errorf("%q names no role in a community: write soc-paris=analyst", text)
	}
	*p = place{community, role}
	return nil
}

func findPlaces(ctx context.Context, s *provisioning.Service, ws provisioning.WorkspaceID, places []place) ([]provisioning.RoleIn, error) {
	roles := make([]provisioning.RoleIn, len(places))
	for i, p := range places {
		community, role, err := roleIn(ctx, s, ws, p.community, p.role)
		if err != nil {
			return nil, err
		}
		roles[i] = provisioning.RoleIn{Community: community.ID, Role: role.ID}
	}
	return roles, nil
}
