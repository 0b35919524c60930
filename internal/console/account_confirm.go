package console

import (
	"errors"
	"net/http"
	"time"

	"drawbridge/internal/web"
	"drawbridge/provisioning"
)

// proofLifetime is how long the provider is asked for a fresh proof after somebody was sent there for one.
const proofLifetime = 10 * time.Minute

// showConfirm asks who is signed in to prove it once more: by password or passkey or, where they came through a
// provider, there.
func (h *Handler) showConfirm(w http.ResponseWriter, r *http.Request) error {
	returnTo := h.confirmReturn(r)
	viewer, err := h.viewer(r)
	if err != nil && !errors.Is(err, provisioning.ErrUnauthenticated) {
		return err
	}
	if viewer.Session.Connection != "" {
		return h.confirmAtProvider(w, r, viewer, returnTo)
	}
	v, err := h.visitOf(w, r)
	if err != nil {
		return h.toProof(w, err, "/login", returnTo)
	}
	return h.show(w, r, h.confirmForm(v))
}

// confirmReturn is where a proof leads back to: My account where nothing is said.
func (h *Handler) confirmReturn(r *http.Request) string {
	if returnTo := h.returnTo(r); !h.isHome(returnTo) {
		return returnTo
	}
	return h.pages.Path("/account")
}

// confirmAtProvider leads to the provider, which is asked for a fresh proof as after a sign-out (rule 20).
func (h *Handler) confirmAtProvider(w http.ResponseWriter, r *http.Request, v provisioning.Viewer, returnTo string) error {
	h.cookies.Set(w, web.SignedOutCookie, "1", proofLifetime)
	return h.pages.Render(w, r, http.StatusOK, "message", web.Message{
		Page:  web.Page{Workspace: v.Workspace.Name},
		Title: h.t("confirm.title"), Text: []string{h.t("confirm.provider")},
		Href: h.ssoPath(v.Session.Connection, h.hints(v.User.Email, returnTo)), Label: h.t("confirm.provider.go"),
	})
}

func (h *Handler) confirmForm(v visit) formPage {
	returnTo := h.confirmReturn(v.r)
	page := formPage{
		Page:  web.Page{Scripted: true},
		Title: h.t("confirm.title"), Text: []string{h.t("confirm.text", v.parent.Account.Email)},
		Hidden: hidden(h.carry(returnTo)), Cancel: h.pages.Path("/account"),
	}
	if v.parent.Account.HasPassword() {
		email, password := h.emailField(v.parent.Account.Email), h.passwordField()
		email.ReadOnly, password.Focus = true, true
		page.Fields, page.Action, page.Verb = []web.Field{email, password}, h.pages.Path("/account/confirm"), h.t("confirm.go")
	}
	if len(v.parent.Factors.Passkeys) > 0 {
		page.Passkey = h.passkeyForm("/account/confirm/passkey", "/account/confirm/options", h.carry(returnTo))
	}
	return page
}

func (h *Handler) confirmByPassword(v visit) error {
	p, err := h.service.ProvePassword(v.r.Context(), v.r.PostForm.Get("password"), v.browser)
	switch {
	case provisioning.Code(err) == "wrong_password":
		web.EventOf(v.r.Context()).Outcome = "wrong_password"
		page := h.confirmForm(v)
		page.wrong("password", h.t("account.password.wrong"))
		return h.again(v.w, v.r, page)
	case err != nil:
		return h.tooMany(v.w, err)
	}
	return h.confirmed(v, p)
}

func (h *Handler) confirmByPasskey(v visit) error {
	challenge, response := ceremonyOf(v.r)
	p, err := h.service.ProvePasskey(v.r.Context(), challenge, response, v.browser)
	switch {
	case provisioning.Code(err) == "wrong_passkey":
		web.EventOf(v.r.Context()).Outcome = "wrong_passkey"
		page := h.confirmForm(v)
		page.fault(h.t("passkey.wrong"))
		return h.again(v.w, v.r, page)
	case err != nil:
		return h.tooMany(v.w, err)
	}
	return h.confirmed(v, p)
}

func (h *Handler) confirmed(v visit, p provisioning.Parent) error {
	h.keep(v.w, p)
	return web.SeeOther(v.w, h.confirmReturn(v.r))
}
