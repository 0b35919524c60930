package console

import (
	"strings"

	"drawbridge/internal/web"
)

// showEmail asks for another address.
func (h *Handler) showEmail(v visit) error {
	return h.show(v.w, v.r, h.newEmailForm(v))
}

func (h *Handler) newEmailForm(v visit) formPage {
	email := h.emailField("")
	email.Label, email.Autocomplete, email.Focus = h.t("account.email.new"), "email", true
	return formPage{
		Title: h.t("account.email.title"), Text: []string{h.t("account.email.text", v.parent.Account.Email)},
		Action: h.pages.Path("/account/email"), Fields: []web.Field{email}, Verb: h.t("account.email.ask"), Cancel: h.pages.Path("/account"),
	}
}

// changeEmail has both addresses asked. The answer is the same whether somebody has the new one.
func (h *Handler) changeEmail(v visit) error {
	next := strings.TrimSpace(v.r.PostForm.Get("email"))
	page := h.newEmailForm(v)
	if !isText(next) || !strings.Contains(next, "@") {
		page.keep("email", next)
		page.wrong("email", h.t("login.no_address"))
		return h.again(v.w, v.r, page)
	}
	if err := h.service.RequestEmailChange(v.r.Context(), next, v.browser); err != nil {
		page.keep("email", next)
		return h.complain(v.w, v.r, page, err)
	}
	return h.done(v.w, "email")
}
