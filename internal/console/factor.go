package console

import (
	"strings"

	"drawbridge/internal/web"
	"drawbridge/provisioning"
)

// withRecovery is what the address says of who has no authenticator at hand.
const withRecovery = "recovery"

// showFactor asks for the second factor.
func (h *Handler) showFactor(v visit) error {
	if !v.parent.Factors.Any() {
		return web.SeeOther(v.w, h.withReturn("/workspaces", h.returnTo(v.r)))
	}
	return h.show(v.w, v.r, h.factorForm(v))
}

// factorForm asks for a code of the authenticator or, of who has none or lost it, for one that was written down.
func (h *Handler) factorForm(v visit) formPage {
	returnTo, recovers := h.returnTo(v.r), v.r.Form.Get("with") == withRecovery || !v.parent.Factors.TOTP
	carried := h.carry(returnTo)
	page := formPage{
		Title: h.t("factor.title"), Action: h.pages.Path("/login/factor"), Verb: h.t("factor.prove"),
		Fields: []web.Field{h.codeField("factor.code", "factor.code.help")},
	}
	if len(v.parent.Factors.Passkeys) > 0 {
		page.Passkey = h.passkeyForm("/login/factor/passkey", "/login/factor/options", h.carry(returnTo))
		page.Scripted = h.passkeys
	}
	if recovers {
		page.Fields = []web.Field{{
			Name: "code", Label: h.t("factor.recovery"), Help: h.t("factor.recovery.help"), Type: "text", Autocomplete: "off", Focus: true,
		}}
	}
	switch {
	case recovers && v.parent.Factors.TOTP:
		page.Side = append(page.Side, link{h.t("factor.with_app"), h.withQuery("/login/factor", carried)})
		carried.Set("with", withRecovery)
	case !recovers:
		other := h.carry(returnTo)
		other.Set("with", withRecovery)
		page.Side = append(page.Side, link{h.t("factor.without_app"), h.withQuery("/login/factor", other)})
	}
	page.Hidden = hidden(carried)
	page.Side = append(page.Side, link{h.t("sign_out"), h.pages.Path("/logout")})
	return page
}

// codeField asks for six digits.
func (h *Handler) codeField(label, help string) web.Field {
	return web.Field{
		Name: "code", Label: h.t(label), Help: h.t(help), Type: "text", InputMode: "numeric", Autocomplete: "one-time-code", Focus: true,
	}
}

// proveCode proves the second factor. After too many wrong codes the sign-in is over.
func (h *Handler) proveCode(v visit) error {
	code := strings.TrimSpace(v.r.PostForm.Get("code"))
	page := h.factorForm(v)
	if code == "" {
		page.wrong("code", h.t("factor.empty"))
		return h.again(v.w, v.r, page)
	}
	p, err := h.service.ProveCode(v.r.Context(), code, v.browser)
	switch {
	case provisioning.Code(err) == "wrong_code":
		web.EventOf(v.r.Context()).Outcome = "wrong_code"
		page.wrong("code", h.t("factor.wrong"))
		return h.again(v.w, v.r, page)
	case err != nil:
		return h.tooMany(v.w, err)
	}
	return h.proved(v, p)
}

func (h *Handler) proveFactorByPasskey(v visit) error {
	challenge, response := ceremonyOf(v.r)
	p, err := h.service.ProvePasskey(v.r.Context(), challenge, response, v.browser)
	switch {
	case provisioning.Code(err) == "wrong_passkey":
		web.EventOf(v.r.Context()).Outcome = "wrong_passkey"
		page := h.factorForm(v)
		page.fault(h.t("passkey.wrong"))
		return h.again(v.w, v.r, page)
	case err != nil:
		return h.tooMany(v.w, err)
	}
	return h.proved(v, p)
}

// proved keeps what a proof made of the parent sign-in, and leads on.
func (h *Handler) proved(v visit, p provisioning.Parent) error {
	h.keep(v.w, p)
	return h.onward(h.visitAfter(v.w, v.r, p), h.returnTo(v.r))
}
