package oidc

import (
	"cmp"
	"errors"
	"net/http"
	"strings"
	"time"

	"drawbridge/internal/web"
	"drawbridge/provisioning"
)

// switchCookie keeps the new session aside while its browser is asked.
const switchCookie = "drawbridge_switch"

// switchLifetime is how long a browser may think about whether to switch.
const switchLifetime = 10 * time.Minute

// Fields of the page that asks.
const (
	fieldSession  = "session"
	fieldReturnTo = "return_to"
	fieldStay     = "stay"
)

// land gives the browser its new session and sends it on. Where it has a live
// one of somebody else, a page asks first (rule 20).
func (v *visit) land(p provisioning.PendingSignIn, in provisioning.SignedIn) error {
	h, e := v.h, web.EventOf(v.r.Context())
	e.UserID, e.Outcome = string(in.User.ID), "signed_in"
	if in.Created {
		e.Outcome = "signed_in_created"
	}
	h.cookies.Clear(v.w, web.SignedOutCookie)
	if p.Invitation != "" {
		h.cookies.Clear(v.w, web.InvitationCookie)
	}
	if err := h.endUndecided(v.r); err != nil {
		return err
	}
	old, err := h.viewer(v.r, web.SessionCookie)
	switch {
	case errors.Is(err, provisioning.ErrUnauthenticated):
		h.setSession(v.w, in.Secret, in.Session)
		return web.SeeOther(v.w, p.ReturnTo)
	case err != nil:
		return err
	case old.User.ID != in.User.ID || old.Workspace.ID != in.User.Workspace:
		e.Outcome = "switch_asked"
		return v.askSwitch(old, p, in)
	}
	h.setSession(v.w, in.Secret, in.Session)
	if err := h.service.SignOut(v.r.Context(), old); err != nil {
		h.log.ErrorContext(v.r.Context(), "the session before a new sign-in could not be ended", "session_id", old.Session.ID, "error", err)
	}
	return web.SeeOther(v.w, p.ReturnTo)
}

// viewer is whose session a cookie of the browser is.
func (h *Handler) viewer(r *http.Request, cookie string) (provisioning.Viewer, error) {
	text, _ := h.cookies.Read(r, cookie)
	found, err := h.service.Authenticate(r.Context(), text)
	found.Browser = h.browserOf(r)
	return found, err
}

// browserOf is who asks: what the audit trail keeps, and the account that was
// proved in the browser, if one was (rule 14).
func (h *Handler) browserOf(r *http.Request) provisioning.Browser {
	parent, _ := h.cookies.Read(r, web.AccountCookie)
	return provisioning.Browser{
		Address: web.ClientOf(r.Context()).Addr.String(), UserAgent: r.UserAgent(), RequestID: web.RequestIDOf(r.Context()),
		Parent: parent,
	}
}

func (h *Handler) setSession(w http.ResponseWriter, secret string, s provisioning.Session) {
	h.cookies.Set(w, web.SessionCookie, secret, max(time.Until(s.ExpiresAt), time.Second))
}

// endUndecided ends the session of an earlier sign-in that was asked about and
// never answered.
func (h *Handler) endUndecided(r *http.Request) error {
	left, err := h.viewer(r, switchCookie)
	if errors.Is(err, provisioning.ErrUnauthenticated) {
		return nil
	}
	if err != nil {
		return err
	}
	return h.service.SignOut(r.Context(), left)
}

// askSwitch keeps the new session aside and asks.
func (v *visit) askSwitch(old provisioning.Viewer, p provisioning.PendingSignIn, in provisioning.SignedIn) error {
	h, t := v.h, v.h.pages.Texts().T
	h.cookies.Set(v.w, switchCookie, in.Secret, switchLifetime)
	fields := []web.HiddenField{{Name: fieldSession, Value: string(in.Session.ID)}, {Name: fieldReturnTo, Value: p.ReturnTo}}
	now, next := nameOf(old.User), nameOf(in.User)
	return h.pages.Render(v.w, v.r, http.StatusOK, "choice", web.Choice{
		Page:  web.Page{Workspace: old.Workspace.Name},
		Title: t("oidc.switch.title"),
		Text:  t("oidc.switch.text", now, next),
		Items: []web.ChoiceItem{
			{Label: t("oidc.switch.go", next), Detail: t("oidc.switch.go.detail", now), Href: h.pages.Path("/sso/switch"), Post: true, Fields: fields},
			{
				Label: t("oidc.switch.stay", now), Detail: t("oidc.switch.stay.detail", next), Href: h.pages.Path("/sso/switch"), Post: true,
				Fields: append(fields[:len(fields):len(fields)], web.HiddenField{Name: fieldStay, Value: "1"}),
			},
		},
	})
}

// nameOf is how a person is called on a page.
func nameOf(u provisioning.User) string {
	return cmp.Or(u.DisplayName, strings.TrimSpace(u.GivenName+" "+u.FamilyName), u.UserName)
}

// switchPerson ends the session that the person decided against. A form of an
// earlier question, which another tab has overtaken, decides nothing.
func (h *Handler) switchPerson(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return err
	}
	next, err := h.viewer(r, switchCookie)
	if errors.Is(err, provisioning.ErrUnauthenticated) || err == nil && r.PostForm.Get(fieldSession) != string(next.Session.ID) {
		return (&visit{h: h, w: w, r: r}).refuse(pageSwitchDead)
	}
	if err != nil {
		return err
	}
	e := web.EventOf(r.Context())
	e.WorkspaceID, e.UserID = string(next.Workspace.ID), string(next.User.ID)
	if r.PostForm.Get(fieldStay) != "" {
		return h.stay(w, r, next)
	}
	return h.goOn(w, r, next)
}

func (h *Handler) stay(w http.ResponseWriter, r *http.Request, next provisioning.Viewer) error {
	if err := h.service.SignOut(r.Context(), next); err != nil {
		return err
	}
	h.cookies.Clear(w, switchCookie)
	web.EventOf(r.Context()).Outcome = "stayed"
	return web.SeeOther(w, h.pages.Path("/"))
}

func (h *Handler) goOn(w http.ResponseWriter, r *http.Request, next provisioning.Viewer) error {
	old, err := h.viewer(r, web.SessionCookie)
	if err == nil {
		err = h.service.SignOut(r.Context(), old)
	}
	if err != nil && !errors.Is(err, provisioning.ErrUnauthenticated) {
		return err
	}
	secret, _ := h.cookies.Read(r, switchCookie)
	h.setSession(w, secret, next.Session)
	h.cookies.Clear(w, switchCookie)
	web.EventOf(r.Context()).Outcome = "switched"
	return web.SeeOther(w, h.returnTo(r.PostForm.Get(fieldReturnTo)))
}
