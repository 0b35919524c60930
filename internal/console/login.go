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

// loginPage is the form that asks for an address.
type loginPage struct {
	web.Page
	Email    web.Field
	Problems []web.Field
	Next     string // what to do about the problem, where correcting the address may not be enough
	Hidden   []web.HiddenField
}

// showLogin asks for the e-mail address, or tells somebody with a session who they are.
func (h *Handler) showLogin(w http.ResponseWriter, r *http.Request) error {
	returnTo := web.SafeReturn(r.URL.Query().Get("return_to"), h.public)
	v, err := h.viewer(r)
	switch {
	case err == nil:
		return h.pages.Render(w, r, http.StatusOK, "choice", h.alreadySignedIn(v, returnTo))
	case errors.Is(err, provisioning.ErrUnauthenticated):
		return h.pages.Render(w, r, http.StatusOK, "login", h.form(returnTo))
	default:
		return err
	}
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

// form is the empty form.
func (h *Handler) form(returnTo string) loginPage {
	page := loginPage{
		Page: web.Page{FormAction: h.formTargets},
		Email: web.Field{
			Name: "email", Label: h.t("login.email"), Help: h.t("login.email.help"), Type: "email",
			Autocomplete: "username", Focus: true,
		},
	}
	if !h.isHome(returnTo) {
		page.Hidden = []web.HiddenField{{Name: "return_to", Value: returnTo}}
	}
	return page
}

// wrong is the form with what was typed, what is wrong with it, and what to do.
func (h *Handler) wrong(typed, problem, next, returnTo string) loginPage {
	page := h.form(returnTo)
	page.Problem, page.Next = true, next
	page.Email.Value, page.Email.Problem = typed, problem
	page.Problems = []web.Field{page.Email}
	return page
}

func (h *Handler) isHome(returnTo string) bool { return returnTo == web.SafeReturn("", h.public) }

// login leads an address to the provider of its domain. It looks at the domain alone: nothing tells whether somebody
// of that address exists.
func (h *Handler) login(w http.ResponseWriter, r *http.Request) error {
	var tooLarge *http.MaxBytesError
	if err := r.ParseForm(); errors.As(err, &tooLarge) {
		return err
	}
	email := strings.TrimSpace(r.PostForm.Get("email"))
	returnTo := web.SafeReturn(r.PostForm.Get("return_to"), h.public)
	if !isText(email) {
		return h.again(w, r, h.wrong("", h.t("login.no_address"), "", returnTo))
	}
	found, err := h.service.ConnectionsFor(r.Context(), email)
	switch {
	case errors.Is(err, provisioning.ErrInvalid):
		return h.again(w, r, h.wrong(email, h.t("login.no_address"), "", returnTo))
	case err != nil:
		return err
	case len(found) == 0:
		return h.again(w, r, h.wrong(email, h.t("login.no_connection"), h.t("login.no_connection.next"), returnTo))
	case len(found) == 1 && h.leadsAtOnce(found[0]):
		return web.SeeOther(w, h.ssoPath(found[0].ID, h.hints(email, returnTo)))
	}
	return h.chooseConnection(w, r, found, h.hints(email, returnTo))
}

// again asks once more: the form, 422.
func (h *Handler) again(w http.ResponseWriter, r *http.Request, page loginPage) error {
	return h.pages.Render(w, r, http.StatusUnprocessableEntity, "login", page)
}

// isText reports whether a stranger's text is one that may be looked up at all.
func isText(email string) bool {
	return len(email) <= maxEmail && utf8.ValidString(email) && !strings.ContainsFunc(email, unicode.IsControl)
}

// hints are what the sign-in face is told of the person.
func (h *Handler) hints(email, returnTo string) url.Values {
	hints := url.Values{"login_hint": {email}}
	if !h.isHome(returnTo) {
		hints.Set("return_to", returnTo)
	}
	return hints
}

// leadsAtOnce reports whether the browser may follow from our form to the provider: Chromium applies the policy's
// form-action to every redirect that a sent form meets. Where it may not, the person follows a link.
func (h *Handler) leadsAtOnce(c provisioning.Connection) bool {
	origin := web.Origin(c.Issuer)
	return strings.HasPrefix(origin, "https:") || slices.Contains(h.formTargets, origin)
}

func (h *Handler) ssoPath(id provisioning.ConnectionID, query url.Values) string {
	return h.pages.Path("/sso/"+url.PathEscape(string(id))) + "?" + query.Encode()
}

// chooseConnection offers the connections by workspace and name.
func (h *Handler) chooseConnection(w http.ResponseWriter, r *http.Request, found []provisioning.Connection, hints url.Values) error {
	workspaces, err := h.workspaceNames(r.Context(), found)
	if err != nil {
		return err
	}
	slices.SortFunc(found, func(a, b provisioning.Connection) int {
		return cmp.Or(cmp.Compare(workspaces[a.Workspace], workspaces[b.Workspace]), cmp.Compare(a.Name, b.Name))
	})
	page := web.Choice{Title: h.t("login.choose"), Text: h.t("login.choose.text", hints.Get("login_hint"))}
	for _, c := range found {
		page.Items = append(page.Items, web.ChoiceItem{
			Label: h.t("continue_with", c.Name), Detail: workspaces[c.Workspace], Href: h.ssoPath(c.ID, hints),
		})
	}
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
