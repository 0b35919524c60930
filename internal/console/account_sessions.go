package console

import (
	"errors"
	"net/http"

	"drawbridge/internal/web"
	"drawbridge/provisioning"
)

// sessionLine is one browser that is signed in.
type sessionLine struct {
	ID        provisioning.SessionID
	Device    string
	Address   string
	Workspace string
	By        string // connection or credential
	Since     phrase
	Seen      phrase
	Current   bool
	EndLabel  string // names the session to who hears the button alone
}

func (h *Handler) sessionLines(all []provisioning.SessionInfo) []sessionLine {
	lines := make([]sessionLine, len(all))
	for i, s := range all {
		device := h.device(s.Session.UserAgent)
		lines[i] = sessionLine{
			ID: s.Session.ID, Device: device, Address: s.Session.Address, Workspace: s.Workspace.Name, By: h.signedInBy(s),
			Since: h.sayAt("session.since", s.Session.CreatedAt), Seen: h.sayAt("session.seen", s.Session.LastSeenAt),
			Current: s.Current, EndLabel: h.t("session.end_it", device, s.Workspace.Name),
		}
	}
	return lines
}

// signedInBy is the connection, or the credential of one's own, by which a session began.
func (h *Handler) signedInBy(s provisioning.SessionInfo) string {
	switch {
	case s.Connection != "":
		return h.t("session.connection", s.Connection)
	case s.Method == provisioning.MethodPasskey:
		return h.t("session.passkey")
	case s.Method == provisioning.MethodLink:
		return h.t("session.link")
	default:
		return h.t("session.password")
	}
}

// endSession ends one session of the viewer's. The present one is ended by signing out. One that is over by now is no
// error: it was to be over.
func (h *Handler) endSession(w http.ResponseWriter, r *http.Request, v provisioning.Viewer) error {
	if err := readForm(r); err != nil {
		return err
	}
	id := provisioning.SessionID(r.PostForm.Get("session"))
	if id == v.Session.ID {
		return web.SeeOther(w, h.pages.Path("/logout"))
	}
	if err := h.service.EndMySession(r.Context(), v, id); err != nil && !errors.Is(err, provisioning.ErrNotFound) {
		return err
	}
	return h.done(w, "session")
}

// endOtherSessions ends every session of the viewer's but the present one.
func (h *Handler) endOtherSessions(w http.ResponseWriter, r *http.Request, v provisioning.Viewer) error {
	if _, err := h.service.EndMyOtherSessions(r.Context(), v); err != nil {
		return err
	}
	return h.done(w, "sessions")
}
