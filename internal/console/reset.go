package console

import (
	"errors"
	"net/http"
	"strings"

	"drawbridge/internal/web"
	"drawbridge/provisioning"
)

// reset answers a link for a new password, or asks whose password it is about.
func (h *Handler) reset(w http.ResponseWriter, r *http.Request) error {
	if r.URL.Query().Has("token") {
		return h.exchange(w, r, resetLink)
	}
	if !h.mailOut {
		return h.showNoReset(w, r)
	}
	return h.show(w, r, h.resetForm(""))
}

// showNoReset says who helps where no mail goes out.
func (h *Handler) showNoReset(w http.ResponseWriter, r *http.Request) error {
	return h.pages.Render(w, r, http.StatusOK, "message", web.Message{
		Title: h.t("reset.title"), Text: []string{h.t("reset.no_mail"), h.t("reset.no_mail.whom")},
		Href: h.pages.Path("/login"), Label: h.t("login.back"),
	})
}

func (h *Handler) resetForm(typed string) formPage {
	email := h.emailField(typed)
	email.Focus = true
	return formPage{
		Title: h.t("reset.title"), Text: []string{h.t("reset.text")}, Action: h.pages.Path("/reset"),
		Fields: []web.Field{email}, Verb: h.t("reset.ask"), Side: []link{{h.t("login.back"), h.pages.Path("/login")}},
	}
}

// askForReset has a link mailed. Its answer is the same whether an account of the address exists.
func (h *Handler) askForReset(w http.ResponseWriter, r *http.Request) error {
	if err := readForm(r); err != nil {
		return err
	}
	email := strings.TrimSpace(r.PostForm.Get("email"))
	if !isText(email) {
		email = ""
	}
	err := h.service.RequestReset(r.Context(), email, h.browserOf(r))
	switch {
	case errors.Is(err, provisioning.ErrInvalid):
		page := h.resetForm(email)
		page.wrong("email", h.t("login.no_address"))
		return h.again(w, r, page)
	case errors.Is(err, provisioning.ErrConflict):
		return h.showNoReset(w, r)
	case err != nil:
		return h.tooMany(w, err)
	}
	return web.SeeOther(w, h.pages.Path("/reset/sent"))
}

func (h *Handler) showResetSent(w http.ResponseWriter, r *http.Request) error {
	return h.pages.Render(w, r, http.StatusOK, "message", web.Message{
		Title: h.t("reset.sent"), Text: []string{h.t("reset.sent.text"), h.t("reset.sent.else")},
		Href: h.pages.Path("/login"), Label: h.t("login.back"),
	})
}

// showNewPassword asks for the password that a link lets somebody set.
func (h *Handler) showNewPassword(w http.ResponseWriter, r *http.Request) error {
	ticket, err := h.ticket(r, resetLink)
	if err != nil {
		return err
	}
	page, _, err := h.newPasswordForm(r, ticket)
	if err != nil {
		return h.deadLink(resetLink, err)
	}
	return h.show(w, r, page)
}

func (h *Handler) newPasswordForm(r *http.Request, ticket string) (page formPage, email string, err error) {
	if email, err = h.service.OpenReset(r.Context(), ticket); err != nil {
		return page, "", err
	}
	rule, err := h.service.ResetRule(r.Context(), ticket)
	if err != nil {
		return page, "", err
	}
	who, password := h.emailField(email), h.newPasswordField(rule)
	who.ReadOnly, password.Focus = true, true
	return formPage{
		Page:  web.Page{Scripted: true},
		Title: h.t("reset.new"), Text: []string{h.t("reset.new.text")}, Action: h.pages.Path("/reset/password"),
		Fields: []web.Field{who, password}, Verb: h.t("reset.set"),
	}, email, nil
}

// setNewPassword sets it. Every session has ended then, and the password is asked for at once, so that it sits.
func (h *Handler) setNewPassword(w http.ResponseWriter, r *http.Request) error {
	if err := readForm(r); err != nil {
		return err
	}
	ticket, err := h.ticket(r, resetLink)
	if err != nil {
		return err
	}
	page, email, err := h.newPasswordForm(r, ticket)
	if err != nil {
		return h.deadLink(resetLink, err)
	}
	err = h.service.CompleteReset(r.Context(), ticket, r.PostForm.Get("new_password"), h.browserOf(r))
	switch {
	case errors.Is(err, provisioning.ErrInvalid):
		page.wrong("new_password", h.detail(err))
		return h.again(w, r, page)
	case err != nil:
		return h.tooMany(w, h.deadLink(resetLink, err))
	}
	h.cookies.Clear(w, web.ResetCookie)
	return web.SeeOther(w, h.passwordPath(email, h.pages.Path("/"))+"&done=reset")
}
