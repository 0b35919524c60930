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
			Title: h.t("logout.title", v.Workspace.Name), Text: h.t("logout.text", nameOf(v.User)),
			Action: h.pages.Path("/logout"), Verb: h.t("sign_out"), CancelHref: h.pages.Path("/"),
		})
	case errors.Is(err, provisioning.ErrUnauthenticated):
		return h.pages.Render(w, r, http.StatusOK, "message", web.Message{
			Title: h.t("logout.done"),
			Text:  []string{h.t("logout.done.here"), h.t("logout.done.there")},
			Href:  h.pages.Path("/login"), Label: h.t("logout.again"),
		})
	default:
		return err
	}
}

// logout ends the session, and marks the browser so that the next sign-in asks the provider for a fresh proof
// (rule 20). A session that could not be ended keeps its cookie: nobody is told that they are out who is not.
func (h *Handler) logout(w http.ResponseWriter, r *http.Request) error {
	v, err := h.viewer(r)
	if err == nil {
		err = h.service.SignOut(r.Context(), v)
	}
	if err != nil && !errors.Is(err, provisioning.ErrUnauthenticated) {
		return err
	}
	h.cookies.Clear(w, web.SessionCookie)
	h.cookies.Set(w, web.SignedOutCookie, "1", signedOutLifetime)
	return web.SeeOther(w, h.pages.Path("/logout"))
}
