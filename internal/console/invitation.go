package console

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"drawbridge/internal/web"
	"drawbridge/provisioning"
)

// invitationLifetime is how long a browser keeps the link's token, from opening the link to being back from the
// provider.
const invitationLifetime = 10 * time.Minute

// invitationPage shows what an invitation leads to.
type invitationPage struct {
	web.Page
	Title string
	Email string
	Roles []string // "Analyst in SOC Paris"
	Ends  phrase
	Ways  []web.ChoiceItem // the connections through which it can be accepted
}

// invitation answers a link. The token moves from the address into a cookie first, so that it stands in no history
// and leaks by no referrer. Looking uses nothing up: mail scanners open links too.
func (h *Handler) invitation(w http.ResponseWriter, r *http.Request) error {
	if query := r.URL.Query(); query.Has("token") {
		return h.keepToken(w, r, query.Get("token"))
	}
	token, ok := h.cookies.Read(r, web.InvitationCookie)
	if !ok {
		return h.refuseLink("invitation_closed", h.t("invitation.closed"), h.t("invitation.closed.whom"))
	}
	found, err := h.openInvitation(r, token)
	if err != nil {
		return err
	}
	page, err := h.invitationOf(r.Context(), found)
	if err != nil {
		return err
	}
	return h.pages.Render(w, r, http.StatusOK, "invitation", page)
}

func (h *Handler) keepToken(w http.ResponseWriter, r *http.Request, token string) error {
	if _, err := h.openInvitation(r, token); err != nil {
		return err
	}
	h.cookies.Set(w, web.InvitationCookie, token, invitationLifetime)
	return web.SeeOther(w, h.pages.Path("/invitation"))
}

// openInvitation turns a dead link into its page.
func (h *Handler) openInvitation(r *http.Request, token string) (provisioning.Invited, error) {
	found, err := h.service.OpenInvitation(r.Context(), token)
	if errors.Is(err, provisioning.ErrGone) {
		return found, h.refuseLink("link_dead", h.t("invitation.dead"), h.t("invitation.dead.whom"))
	}
	if err == nil {
		e := web.EventOf(r.Context())
		e.WorkspaceID, e.ResourceID = string(found.Workspace.ID), string(found.Invitation.ID)
	}
	return found, err
}

// refuseLink is the page for a link that leads nowhere, 410.
func (h *Handler) refuseLink(outcome, what, whom string) error {
	return &web.RefusalError{Status: http.StatusGone, Outcome: outcome, Page: web.Refusal{
		Title: h.t("invitation.refused"), What: what, Whom: whom,
		BackHref: h.pages.Path("/login"), BackLabel: h.t("login.title"),
	}}
}

func (h *Handler) invitationOf(ctx context.Context, found provisioning.Invited) (invitationPage, error) {
	roles, err := h.invitedRoles(ctx, found)
	if err != nil {
		return invitationPage{}, err
	}
	page := invitationPage{
		Page:  web.Page{Workspace: found.Workspace.Name},
		Title: h.t("invitation.title", found.Workspace.Name), Email: found.Invitation.Email,
		Roles: roles, Ends: h.sayAt("invitation.ends", found.Invitation.ExpiresAt),
	}
	hints := url.Values{"with": {"invitation"}, "login_hint": {found.Invitation.Email}}
	for _, c := range found.Connections {
		page.Ways = append(page.Ways, web.ChoiceItem{Label: h.t("continue_with", c.Name), Href: h.ssoPath(c.ID, hints)})
	}
	return page, nil
}

// invitedRoles says what the invitation gives, leaving out what has been deleted since.
func (h *Handler) invitedRoles(ctx context.Context, found provisioning.Invited) ([]string, error) {
	communities, err := h.service.Communities(ctx, found.Workspace.ID)
	if err != nil {
		return nil, err
	}
	roles, err := h.service.Roles(ctx, found.Workspace.ID)
	if err != nil {
		return nil, err
	}
	places := make(map[provisioning.CommunityID]provisioning.Community, len(communities))
	for _, c := range communities {
		places[c.ID] = c
	}
	names := make(map[provisioning.RoleID]string, len(roles))
	for _, role := range roles {
		names[role.ID] = role.Name
	}
	var lines []string
	for _, in := range found.Invitation.Roles {
		place, role := places[in.Community], names[in.Role]
		if place.ID != "" && role != "" {
			lines = append(lines, h.roleIn(found.Workspace, place, role))
		}
	}
	return lines, nil
}

func (h *Handler) roleIn(ws provisioning.Workspace, place provisioning.Community, role string) string {
	if place.Root && ws.MultiTenant {
		return h.t("invitation.everywhere", role, ws.Name)
	}
	return h.t("invitation.role", role, place.Name)
}
