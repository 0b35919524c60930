package console

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"drawbridge/internal/web"
	"drawbridge/provisioning"
)

// maxEmail is the longest address that mail can reach, in bytes (RFC 5321 section 4.5.3.1.3, without the brackets).
const maxEmail = 254

// withPassword is what the form says of who wants to sign in with a password.
const withPassword = "password"

// showLogin asks for the e-mail address, or tells somebody with a session who they are.
func (h *Handler) showLogin(w http.ResponseWriter, r *http.Request) error {
	returnTo := h.returnTo(r)
	v, err := h.viewer(r)
	switch {
	case err == nil:
		return h.pages.Render(w, r, http.StatusOK, "choice", h.alreadySignedIn(v, returnTo))
	case errors.Is(err, provisioning.ErrUnauthenticated):
		return h.showLoginForm(w, r, returnTo)
	default:
		return err
	}
}

// showLoginForm asks for the address, except of who left a workspace and may enter one without typing again.
func (h *Handler) showLoginForm(w http.ResponseWriter, r *http.Request, returnTo string) error {
	p, err := h.service.ParentOf(r.Context(), h.browserOf(r).Parent)
	if err == nil && !p.FactorNeeded {
		return web.SeeOther(w, h.withReturn("/workspaces", returnTo))
	}
	if err != nil && !errors.Is(err, provisioning.ErrUnauthenticated) {
		return err
	}
	return h.show(w, r, h.loginForm(returnTo))
}

func (h *Handler) alreadySignedIn(v provisioning.Viewer, returnTo string) web.Choice {
	return web.Choice{
		Page:  web.Page{Workspace: v.Workspace.Name},
		Title: h.t("login.already"),
		Text:  h.t("login.already.text", v.Workspace.Name),
		Items: []web.ChoiceItem{
			{Label: h.t("login.go_on", nameOf(v.User)), Detail: v.User.Email, Href: returnTo},
			{Label: h.t("login.other"), Detail: h.t("login.other.detail"), Href: h.pages.Path("/logout"), Post: true},
		},
	}
}

// loginForm is the empty form.
func (h *Handler) loginForm(returnTo string) formPage {
	email := h.emailField("")
	email.Help, email.Focus = h.t("login.email.help"), true
	return formPage{
		Page:  web.Page{FormAction: h.formTargets, Scripted: h.passkeys},
		Title: h.t("login.title"), Action: h.pages.Path("/login"), Fields: []web.Field{email},
		Hidden: hidden(h.carry(returnTo)), Verb: h.t("login.continue"),
		Also:    &verb{Name: "with", Value: withPassword, Label: h.t("login.password")},
		Passkey: h.passkeyToSignIn(returnTo),
	}
}

// login leads an address to the provider of its domain, or to the password. It looks at the domain alone: nothing tells
// whether somebody of that address exists.
func (h *Handler) login(w http.ResponseWriter, r *http.Request) error {
	if err := readForm(r); err != nil {
		return err
	}
	email, returnTo := strings.TrimSpace(r.PostForm.Get("email")), h.returnTo(r)
	if !isText(email) {
		email = ""
	}
	found, err := h.service.ConnectionsFor(r.Context(), email)
	switch {
	case errors.Is(err, provisioning.ErrInvalid):
		page := h.loginForm(returnTo)
		page.Fields[0].Value = email
		page.wrong("email", h.t("login.no_address"))
		return h.again(w, r, page)
	case err != nil:
		return err
	case len(found) == 0, r.PostForm.Get("with") == withPassword:
		return web.SeeOther(w, h.passwordPath(email, returnTo))
	case len(found) == 1 && h.leadsAtOnce(found[0]):
		return web.SeeOther(w, h.ssoPath(found[0].ID, h.hints(email, returnTo)))
	}
	return h.chooseConnection(w, r, found, email, returnTo)
}

// isText reports whether a stranger's text is one that may be looked up at all.
func isText(email string) bool {
	return len(email) <= maxEmail && utf8.ValidString(email) && !strings.ContainsFunc(email, unicode.IsControl)
}

// hints are what the sign-in face is told of the person.
func (h *Handler) hints(email, returnTo string) url.Values {
	hints := h.carry(returnTo)
	hints.Set("login_hint", email)
	return hints
}

// leadsAtOnce reports whether the browser may follow from our form to the provider: Chromium applies the policy's
// form-action to every redirect that a sent form meets. Where it may not, the person follows a link.
func (h *Handler) leadsAtOnce(c provisioning.Connection) bool {
	origin := web.Origin(c.Issuer)
	return strings.HasPrefix(origin, "https:") || slices.Contains(h.formTargets, origin)
}

func (h *Handler) ssoPath(id provisioning.ConnectionID, query url.Values) string {
	return h.withQuery("/sso/"+url.PathEscape(string(id)), query)
}

// chooseConnection offers the connections by workspace and name, and the password beside them.
func (h *Handler) chooseConnection(w http.ResponseWriter, r *http.Request, found []provisioning.Connection, email, returnTo string) error {
	workspaces, err := h.workspaceNames(r.Context(), found)
	if err != nil {
		return err
	}
	slices.SortFunc(found, func(a, b provisioning.Connection) int {
		return cmp.Or(cmp.Compare(workspaces[a.Workspace], workspaces[b.Workspace]), cmp.Compare(a.Name, b.Name))
	})
	page := web.Choice{Title: h.t("login.choose"), Text: h.t("login.choose.text", email)}
	for _, c := range found {
		page.Items = append(page.Items, web.ChoiceItem{
			Label: h.t("continue_with", c.Name), Detail: workspaces[c.Workspace], Href: h.ssoPath(c.ID, h.hints(email, returnTo)),
		})
	}
	page.Items = append(page.Items, web.ChoiceItem{
		Label: h.t("login.password"), Detail: h.t("login.password.detail"), Href: h.passwordPath(email, returnTo),
	})
	return h.pages.Render(w, r, http.StatusOK, "choice", page)
}

func (h *Handler) workspaceNames(ctx context.Context, found []provisioning.Connection) (map[provisioning.WorkspaceID]string, error) {
	names := make(map[provisioning.WorkspaceID]string)
	for _, c := range found {
		if _, known := names[c.Workspace]; known {
			continue
		}
		ws, err := h.service.Workspace(ctx, c.Workspace)
		if err != nil {
			return nil, err
		}
		names[c.Workspace] = ws.Name
	}
	return names, nil
}
