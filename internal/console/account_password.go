package console

import (
	"errors"
	"net/http"

	"drawbridge/internal/web"
	"drawbridge/provisioning"
)

// showChangePassword asks for the present password and the next one. Who has none needs a fresh proof of another kind.
func (h *Handler) showChangePassword(v visit) error {
	if !v.parent.Account.HasPassword() {
		return h.fresh(h.showPasswordForm)(v)
	}
	return h.showPasswordForm(v)
}

func (h *Handler) showPasswordForm(v visit) error {
	page, err := h.changePasswordForm(v)
	if err != nil {
		return err
	}
	page.Fields[1].Focus = true
	return h.show(v.w, v.r, page)
}

// changePasswordForm has the address too, for the programs that keep passwords.
func (h *Handler) changePasswordForm(v visit) (formPage, error) {
	rule, err := h.service.PasswordRuleOf(v.r.Context(), v.parent.Account.ID, "")
	if err != nil {
		return formPage{}, err
	}
	email := h.emailField(v.parent.Account.Email)
	email.ReadOnly = true
	page := formPage{
		Page:  web.Page{Scripted: true},
		Title: h.t("account.password.title"), Text: []string{h.t("account.password.text")}, Action: h.pages.Path("/account/password"),
		Fields: []web.Field{email}, Verb: h.t("account.password.save"), Cancel: h.pages.Path("/account"),
	}
	if v.parent.Account.HasPassword() {
		present := h.passwordField()
		present.Label = h.t("account.password.present")
		page.Fields = append(page.Fields, present)
	}
	page.Fields = append(page.Fields, h.newPasswordField(rule))
	return page, nil
}

// changePassword sets a new password. Every other session has ended then.
func (h *Handler) changePassword(v visit) error {
	p, err := h.service.ChangePassword(v.r.Context(), v.r.PostForm.Get("password"), v.r.PostForm.Get("new_password"), v.browser)
	if err == nil {
		h.keep(v.w, p)
		return h.done(v.w, "password")
	}
	page, fault := h.changePasswordForm(v)
	if fault != nil {
		return fault
	}
	if provisioning.Code(err) == "wrong_password" {
		web.EventOf(v.r.Context()).Outcome = "wrong_password"
		page.wrong("password", h.t("account.password.wrong"))
		return h.again(v.w, v.r, page)
	}
	return h.complain(v.w, v.r, page, err)
}

// complain shows a form again with what the domain had against it. What is no matter of the form stays an error.
func (h *Handler) complain(w http.ResponseWriter, r *http.Request, page formPage, err error) error {
	status := http.StatusUnprocessableEntity
	switch {
	case errors.Is(err, provisioning.ErrInvalid), errors.Is(err, provisioning.ErrGone):
	case errors.Is(err, provisioning.ErrConflict):
		status = http.StatusConflict
	default:
		return h.tooMany(w, err)
	}
	web.EventOf(r.Context()).Outcome = "form_refused"
	h.blame(&page, err)
	return h.pages.Render(w, r, status, "form", page)
}
