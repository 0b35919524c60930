package console

import (
	"errors"
	"net/http"

	"drawbridge/internal/web"
	"drawbridge/provisioning"
)

// email answers a link about a new address, and asks for that address's word.
func (h *Handler) email(w http.ResponseWriter, r *http.Request) error {
	if r.URL.Query().Has("token") {
		return h.exchange(w, r, emailLink)
	}
	ticket, err := h.ticket(r, emailLink)
	if err != nil {
		return err
	}
	change, err := h.service.OpenEmailChange(r.Context(), ticket)
	if err != nil {
		return h.deadLink(emailLink, err)
	}
	return h.pages.Render(w, r, http.StatusOK, "confirm", h.emailQuestion(change))
}

func (h *Handler) emailQuestion(c provisioning.EmailChange) web.Confirm {
	page := web.Confirm{
		Title: h.t("email.title"), Text: h.t("email.text.new", c.New, c.Old),
		Action: h.pages.Path("/email"), Verb: h.t("email.agree"), CancelHref: h.pages.Path("/"),
		Effects: []string{h.t("email.effect.other")},
	}
	if c.Purpose == provisioning.LinkEmailOld {
		page.Text = h.t("email.text.old", c.New, c.Old)
	}
	if c.OtherHas {
		page.Effects = []string{h.t("email.effect.changes", c.New)}
	}
	return page
}

// agreeToEmail is one address's word.
func (h *Handler) agreeToEmail(w http.ResponseWriter, r *http.Request) error {
	ticket, err := h.ticket(r, emailLink)
	if err != nil {
		return err
	}
	changed, err := h.service.AgreeToEmailChange(r.Context(), ticket, h.browserOf(r))
	switch {
	case errors.Is(err, provisioning.ErrConflict):
		return &web.RefusalError{Status: http.StatusConflict, Outcome: "email_taken", Page: web.Refusal{
			Title: h.t("email.refused"), What: h.t("email.taken"), Whom: h.t("email.taken.whom"),
			BackHref: h.pages.Path("/login"), BackLabel: h.t("login.back"),
		}}
	case err != nil:
		return h.deadLink(emailLink, err)
	}
	h.cookies.Clear(w, web.EmailCookie)
	if changed {
		return web.SeeOther(w, h.pages.Path("/email/changed"))
	}
	return web.SeeOther(w, h.pages.Path("/email/agreed"))
}

func (h *Handler) showEmailAgreed(w http.ResponseWriter, r *http.Request) error {
	return h.pages.Render(w, r, http.StatusOK, "message", web.Message{
		Title: h.t("email.agreed"), Text: []string{h.t("email.agreed.text")},
	})
}

func (h *Handler) showEmailChanged(w http.ResponseWriter, r *http.Request) error {
	return h.pages.Render(w, r, http.StatusOK, "message", web.Message{
		Title: h.t("email.changed"), Text: []string{h.t("email.changed.text")},
		Href: h.pages.Path("/"), Label: h.t("home"),
	})
}
