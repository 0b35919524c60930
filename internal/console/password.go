package console

import (
	"errors"
	"net/http"
	"strings"

	"drawbridge/internal/web"
	"drawbridge/provisioning"
)

func (h *Handler) passwordPath(email, returnTo string) string {
	query := h.carry(returnTo)
	if email != "" {
		query.Set("email", email)
	}
	return h.withQuery("/login/password", query)
}

// showPassword asks for a password, whoever may be signed in: it is also where somebody proves who they are.
func (h *Handler) showPassword(w http.ResponseWriter, r *http.Request) error {
	returnTo := h.returnTo(r)
	page := h.passwordForm(r.Form.Get("email"), returnTo)
	if r.Form.Get("done") == "reset" {
		page.Notice = h.t("reset.done")
	}
	if h.provesForProvider(returnTo) {
		page.Text = []string{h.t("password.proof")}
	}
	return h.show(w, r, page)
}

func (h *Handler) passwordForm(email, returnTo string) formPage {
	if !isText(email) {
		email = ""
	}
	fields := []web.Field{h.emailField(email), h.passwordField()}
	fields[0].Focus, fields[1].Focus = email == "", email != ""
	return formPage{
		Page:  web.Page{Scripted: true},
		Title: h.t("login.title"), Action: h.pages.Path("/login/password"), Fields: fields,
		Hidden: hidden(h.carry(returnTo)), Verb: h.t("login.sign_in"),
		Side: []link{
			{Label: h.t("reset.forgotten"), Href: h.pages.Path("/reset")},
			{Label: h.t("login.another_way"), Href: h.withReturn("/login", returnTo)},
		},
		Passkey: h.passkeyToSignIn(returnTo),
	}
}

// signInWithPassword makes a parent sign-in. A wrong address and a wrong password are one answer.
func (h *Handler) signInWithPassword(w http.ResponseWriter, r *http.Request) error {
	if err := readForm(r); err != nil {
		return err
	}
	email, returnTo := strings.TrimSpace(r.PostForm.Get("email")), h.returnTo(r)
	if !isText(email) {
		email = ""
	}
	page := h.passwordForm(email, returnTo)
	switch {
	case email == "":
		page.wrong("email", h.t("login.no_address"))
		return h.again(w, r, page)
	case r.PostForm.Get("password") == "":
		page.wrong("password", h.t("password.empty"))
		return h.again(w, r, page)
	}
	p, err := h.service.SignInWithPassword(r.Context(), email, r.PostForm.Get("password"), h.browserOf(r))
	switch {
	case errors.Is(err, provisioning.ErrUnauthenticated), errors.Is(err, provisioning.ErrInvalid):
		web.EventOf(r.Context()).Outcome = "wrong_password"
		page.wrong("password", h.t("password.wrong"))
		return h.again(w, r, page)
	case err != nil:
		return h.tooMany(w, err)
	}
	return h.signedInNow(w, r, p, returnTo)
}

// provesForProvider reports whether somebody proves their account so that a sign-in through a provider goes on.
func (h *Handler) provesForProvider(returnTo string) bool {
	return strings.HasPrefix(returnTo, h.pages.Path("/sso/"))
}
