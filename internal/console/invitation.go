package console

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"drawbridge/internal/web"
	"drawbridge/provisioning"
)

// invitationPage shows what an invitation leads to, and the ways to accept it.
type invitationPage struct {
	formPage
	Who   string   // who invites; "" where nobody is named
	For   string   // whom
	Roles []string // "Analyst in SOC Paris"
	Ends  phrase
	Ways  []web.ChoiceItem // to accept without choosing a password
	// Present is who is signed in on this browser: there is no form then.
	Present *present
}

// present is who is signed in while an invitation is open.
type present struct {
	Text     string
	Accept   string // the button by which they accept; "" where the invitation is not theirs
	SignOut  string
	ReturnTo string
}

// invitation answers a link, and shows what it leads to.
func (h *Handler) invitation(w http.ResponseWriter, r *http.Request) error {
	if r.URL.Query().Has("token") {
		return h.exchange(w, r, invitationLink)
	}
	ticket, err := h.ticket(r, invitationLink)
	if err != nil {
		return err
	}
	found, err := h.openInvitation(r, ticket)
	if provisioning.Code(err) == "link_expired" {
		return h.showExpired(w, r)
	}
	if err != nil {
		return h.deadLink(invitationLink, err)
	}
	page, err := h.invitationOf(r, found)
	if err != nil {
		return err
	}
	return h.pages.Render(w, r, http.StatusOK, "invitation", page)
}

func (h *Handler) openInvitation(r *http.Request, ticket string) (provisioning.Invited, error) {
	found, err := h.service.OpenInvitation(r.Context(), ticket)
	if err == nil {
		e := web.EventOf(r.Context())
		e.WorkspaceID, e.ResourceID = string(found.Workspace.ID), string(found.Invitation.ID)
	}
	return found, err
}

// showExpired says what to do about a link that came too late: ask, by a button where mail goes out.
func (h *Handler) showExpired(w http.ResponseWriter, r *http.Request) error {
	if !h.mailOut {
		return h.refuseLink(invitationLink, "link_expired")
	}
	web.EventOf(r.Context()).Outcome = "invitation_link_expired"
	return h.pages.Render(w, r, http.StatusGone, "form", formPage{
		Title: h.t("invitation.refused"), Text: []string{h.t("invitation.link_expired"), h.t("invitation.ask.text")},
		Action: h.pages.Path("/invitation/ask"), Verb: h.t("invitation.ask"),
		Side: []link{{h.t("login.back"), h.pages.Path("/login")}},
	})
}

// invitationOf is the page for a stranger, who chooses a password or comes in another way, or for who is signed in.
func (h *Handler) invitationOf(r *http.Request, found provisioning.Invited) (invitationPage, error) {
	page := invitationPage{
		formPage: formPage{Page: web.Page{Workspace: found.Workspace.Name}, Title: h.t("invitation.title", found.Workspace.Name)},
		For:      h.t("invitation.for", found.Invitation.Email), Ends: h.sayAt("invitation.ends", found.Invitation.ExpiresAt),
	}
	var err error
	if page.Roles, err = h.invitedRoles(r.Context(), found); err != nil {
		return page, err
	}
	if found.Inviter != "" {
		page.Who = h.t("invitation.who", found.Inviter)
	}
	if page.Present, err = h.presentOf(r, found); err != nil || page.Present != nil {
		return page, err
	}
	return page, h.offer(r.Context(), &page, found)
}

// offer gives a stranger the ways to accept: the form for a password, unless there is an account to sign in to, and the
// connections.
func (h *Handler) offer(ctx context.Context, page *invitationPage, found provisioning.Invited) error {
	signIn := web.ChoiceItem{
		Label: h.t("invitation.sign_in"), Detail: h.t("invitation.sign_in.detail"),
		Href: h.passwordPath(found.Invitation.Email, h.pages.Path("/invitation")),
	}
	if found.HasAccount {
		page.Ways = append([]web.ChoiceItem{signIn}, h.connectionWays(found)...)
		return nil
	}
	rule, err := h.service.PasswordRuleOf(ctx, "", found.Workspace.ID)
	if err != nil {
		return err
	}
	email := h.emailField(found.Invitation.Email)
	email.ReadOnly = true
	page.Fields = []web.Field{email, h.nameField(""), h.newPasswordField(rule)}
	page.Action, page.Verb, page.Scripted = h.pages.Path("/invitation"), h.t("invitation.accept"), true
	page.Ways = append(h.connectionWays(found), signIn)
	return nil
}

// nameField asks how somebody wants to be called.
func (h *Handler) nameField(value string) web.Field {
	return web.Field{Name: "name", Label: h.t("name"), Help: h.t("name.help"), Type: "text", Autocomplete: "name", Value: value}
}

func (h *Handler) connectionWays(found provisioning.Invited) []web.ChoiceItem {
	hints := url.Values{"with": {"invitation"}, "login_hint": {found.Invitation.Email}}
	var ways []web.ChoiceItem
	for _, c := range found.Connections {
		ways = append(ways, web.ChoiceItem{Label: h.t("continue_with", c.Name), Href: h.ssoPath(c.ID, hints)})
	}
	return ways
}

// presentOf tells who is signed in on this browser, nil for nobody. They accept by a button, if the invitation is for
// the address of their account; nobody ever accepts as somebody else without having said so.
func (h *Handler) presentOf(r *http.Request, found provisioning.Invited) (*present, error) {
	who := &present{SignOut: h.pages.Path("/logout"), ReturnTo: h.pages.Path("/invitation")}
	p, err := h.service.ParentOf(r.Context(), h.browserOf(r).Parent)
	if err == nil && !p.FactorNeeded {
		who.meets(h, p.Account, found)
		return who, nil
	}
	if err != nil && !errors.Is(err, provisioning.ErrUnauthenticated) {
		return nil, err
	}
	v, err := h.viewer(r)
	if errors.Is(err, provisioning.ErrUnauthenticated) || err == nil && v.User.ID == found.Invitation.User {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	who.Text = h.t("invitation.other", nameOf(v.User), found.Invitation.Email)
	return who, nil
}

// meets says whether the account is the one that the invitation is for. One whose address nobody proved is known to one
// workspace alone (rule 19).
func (who *present) meets(h *Handler, a provisioning.Account, found provisioning.Invited) {
	switch same := provisioning.Fold(a.Email) == provisioning.Fold(found.Invitation.Email); {
	case same && (a.EmailProved || a.Home == found.Workspace.ID):
		who.Text, who.Accept = h.t("invitation.present", a.Email), h.t("invitation.accept_as", a.Email)
	case same:
		who.Text = h.t("invitation.unproved", a.Email)
	default:
		who.Text = h.t("invitation.other", a.Email, found.Invitation.Email)
	}
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
