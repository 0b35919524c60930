package console

import (
	"errors"
	"net/http"
	"strings"

	"drawbridge/internal/web"
	"drawbridge/provisioning"
)

// acceptInvitation makes the account of a stranger and lets them in.
func (h *Handler) acceptInvitation(w http.ResponseWriter, r *http.Request) error {
	if err := readForm(r); err != nil {
		return err
	}
	ticket, err := h.ticket(r, invitationLink)
	if err != nil {
		return err
	}
	found, err := h.openInvitation(r, ticket)
	if err != nil {
		return h.deadLink(invitationLink, err)
	}
	if who, err := h.presentOf(r, found); err != nil || who != nil {
		return orSeeOther(w, err, h.pages.Path("/invitation"))
	}
	n := provisioning.Acceptance{Name: strings.TrimSpace(r.PostForm.Get("name")), Password: r.PostForm.Get("new_password")}
	p, err := h.service.AcceptInvitation(r.Context(), ticket, n, h.browserOf(r))
	if err != nil {
		return h.notAccepted(w, r, found, n, err)
	}
	if err := h.begin(w, r, p); err != nil {
		return err
	}
	return h.enterInvited(h.visitAfter(w, r, p), found)
}

// notAccepted shows the form again with what has to be corrected, or says why the invitation cannot be accepted.
func (h *Handler) notAccepted(w http.ResponseWriter, r *http.Request, found provisioning.Invited, n provisioning.Acceptance, err error) error {
	switch {
	case provisioning.Code(err) == "account_exists":
		return web.SeeOther(w, h.pages.Path("/invitation"))
	case errors.Is(err, provisioning.ErrInvalid):
		return h.invitationAgain(w, r, found, n, err, http.StatusUnprocessableEntity)
	case errors.Is(err, provisioning.ErrConflict):
		return h.invitationAgain(w, r, found, n, err, http.StatusConflict)
	case errors.Is(err, provisioning.ErrRefused):
		return h.refuseInvited(found)
	}
	return h.tooMany(w, h.deadLink(invitationLink, err))
}

// invitationAgain shows the page once more, with what the domain had against it.
func (h *Handler) invitationAgain(w http.ResponseWriter, r *http.Request, found provisioning.Invited, n provisioning.Acceptance, why error, status int) error {
	page, err := h.invitationOf(r, found)
	if err != nil {
		return err
	}
	web.EventOf(r.Context()).Outcome = "not_accepted"
	page.keep("name", n.Name)
	h.blame(&page.formPage, why)
	return h.pages.Render(w, r, status, "invitation", page)
}

// refuseInvited tells somebody whom an administrator or a directory stopped meanwhile.
func (h *Handler) refuseInvited(found provisioning.Invited) error {
	page := web.Refusal{
		Page:  web.Page{Workspace: found.Workspace.Name},
		Title: h.t("invitation.refused"), What: h.t("invitation.stopped", found.Workspace.Name),
		BackHref: h.pages.Path("/login"), BackLabel: h.t("login.back"),
	}
	page.Whom, page.Contact = h.whomToAsk(found.Workspace)
	return &web.RefusalError{Status: http.StatusForbidden, Outcome: "invitation_refused", Page: page}
}

// acceptSignedIn accepts as whoever is signed in, which they said by a button.
func (h *Handler) acceptSignedIn(w http.ResponseWriter, r *http.Request) error {
	ticket, err := h.ticket(r, invitationLink)
	if err != nil {
		return err
	}
	found, err := h.openInvitation(r, ticket)
	if err != nil {
		return h.deadLink(invitationLink, err)
	}
	v, err := h.visitOf(w, r)
	if err == nil {
		err = h.service.AcceptSignedIn(r.Context(), ticket, v.browser)
	}
	switch {
	case err == nil:
		return h.enterInvited(v, found)
	case errors.Is(err, provisioning.ErrUnauthenticated):
		return web.SeeOther(w, h.pages.Path("/invitation")) // which asks for a password
	case errors.Is(err, provisioning.ErrConflict):
		return h.invitationAgain(w, r, found, provisioning.Acceptance{}, err, http.StatusConflict)
	case errors.Is(err, provisioning.ErrRefused):
		return h.refuseInvited(found)
	}
	return h.toProof(w, h.deadLink(invitationLink, err), "/login", h.pages.Path("/invitation"))
}

// enterInvited leads into the workspace of an invitation that was accepted.
func (h *Handler) enterInvited(v visit, found provisioning.Invited) error {
	h.cookies.Clear(v.w, web.InvitationCookie)
	if v.parent.FactorNeeded {
		return web.SeeOther(v.w, h.pages.Path("/login/factor"))
	}
	return h.toProof(v.w, h.enter(v, found.Workspace.ID, h.pages.Path("/")), "/login", h.pages.Path("/"))
}

// askForInvitation asks whoever invited for a new link.
func (h *Handler) askForInvitation(w http.ResponseWriter, r *http.Request) error {
	text, err := h.ticket(r, invitationLink)
	if err != nil {
		return err
	}
	err = h.service.AskForInvitation(r.Context(), text)
	if errors.Is(err, provisioning.ErrConflict) { // no mail goes out
		return h.refuseLink(invitationLink, "link_expired")
	}
	if err != nil {
		return h.tooMany(w, h.deadLink(invitationLink, err))
	}
	h.cookies.Clear(w, web.InvitationCookie)
	return web.SeeOther(w, h.pages.Path("/invitation/asked"))
}

func (h *Handler) showAsked(w http.ResponseWriter, r *http.Request) error {
	return h.pages.Render(w, r, http.StatusOK, "message", web.Message{
		Title: h.t("invitation.asked"), Text: []string{h.t("invitation.asked.text")},
	})
}

// orSeeOther returns err, or sends the browser on where there is none.
func orSeeOther(w http.ResponseWriter, err error, target string) error {
	if err != nil {
		return err
	}
	return web.SeeOther(w, target)
}
