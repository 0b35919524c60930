package console

import (
	"errors"
	"net/http"
	"time"

	"drawbridge/internal/web"
	"drawbridge/provisioning"
)

// signedOutLifetime is how long a browser is known to have signed out on purpose (rule 20).
const signedOutLifetime = 24 * time.Hour

// showLogout asks before a session ends. Without one it says that there is none any more: it is also where signing
// out leads.
func (h *Handler) showLogout(w http.ResponseWriter, r *http.Request) error {
	v, err := h.viewer(r)
	switch {
	case err == nil:
		return h.pages.Render(w, r, http.StatusOK, "confirm", web.Confirm{
			Page:  web.Page{Workspace: v.Workspace.Name},
			Title: h.t("logout.title", v.Workspace.Name), Text: h.logoutText(v),
			Action: h.pages.Path("/logout"), Verb: h.t("sign_out"), CancelHref: h.pages.Path("/"),
		})
	case errors.Is(err, provisioning.ErrUnauthenticated):
		return h.showLogoutOfParent(w, r)
	default:
		return err
	}
}

// logoutText says what ends. A password may have opened more than the present workspace.
func (h *Handler) logoutText(v provisioning.Viewer) string {
	if v.Session.Parent != "" {
		return h.t("logout.text.everywhere", nameOf(v.User))
	}
	return h.t("logout.text", nameOf(v.User))
}

// showLogoutOfParent asks who is on the way into a workspace, or says that nobody is signed in.
func (h *Handler) showLogoutOfParent(w http.ResponseWriter, r *http.Request) error {
	p, err := h.service.ParentOf(r.Context(), h.browserOf(r).Parent)
	if errors.Is(err, provisioning.ErrUnauthenticated) {
		return h.pages.Render(w, r, http.StatusOK, "message", web.Message{
			Title: h.t("logout.done"),
			Text:  []string{h.t("logout.done.here"), h.t("logout.done.there")},
			Href:  h.pages.Path("/login"), Label: h.t("logout.again"),
		})
	}
	if err != nil {
		return err
	}
	return h.pages.Render(w, r, http.StatusOK, "confirm", web.Confirm{
		Title: h.t("logout.parent"), Text: h.t("logout.text", p.Account.Email),
		Action: h.pages.Path("/logout"), Verb: h.t("sign_out"), CancelHref: h.pages.Path("/workspaces"),
	})
}

// logout ends the session and the sign-in that it came of, and marks the browser so that the next sign-in asks the
// provider for a fresh proof (rule 20). What could not be ended keeps its cookie: nobody is told that they are out who
// is not. An invitation that somebody signs out for stays at hand.
func (h *Handler) logout(w http.ResponseWriter, r *http.Request) error {
	if err := readForm(r); err != nil {
		return err
	}
	v, err := h.viewer(r)
	if err == nil {
		err = h.service.SignOut(r.Context(), v)
	}
	if err != nil && !errors.Is(err, provisioning.ErrUnauthenticated) {
		return err
	}
	if err := h.service.SignOutParent(r.Context(), h.browserOf(r)); err != nil {
		return err
	}
	for _, cookie := range []string{web.SessionCookie, web.AccountCookie, web.ResetCookie, web.EmailCookie, web.SetupCookie} {
		h.cookies.Clear(w, cookie)
	}
	h.cookies.Set(w, web.SignedOutCookie, "1", signedOutLifetime)
	if invitation := h.pages.Path("/invitation"); h.returnTo(r) == invitation {
		return web.SeeOther(w, invitation)
	}
	h.cookies.Clear(w, web.InvitationCookie)
	return web.SeeOther(w, h.pages.Path("/logout"))
}
