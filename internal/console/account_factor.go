package console

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"drawbridge/internal/web"
	"drawbridge/provisioning"
)

// authenticatorPage shows what an authenticator has to scan, and asks for its first code.
type authenticatorPage struct {
	formPage
	Path   string // of the picture
	Size   int
	Secret string
}

// codesPage shows recovery codes, once.
type codesPage struct {
	web.Page
	Codes  []string
	Action string // where the button leads: a form that enters a workspace, or
	Hidden []web.HiddenField
	Href   string // a page
	Verb   string
}

// showFactorSetup lets somebody choose a second factor, which a workspace asks for at the door.
func (h *Handler) showFactorSetup(v visit) error {
	n := h.nextOf(v.r)
	doors, err := h.service.Doors(v.r.Context(), v.browser)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(doors, func(d provisioning.Door) bool { return d.Workspace.ID == n.workspace })
	if i < 0 {
		return web.SeeOther(v.w, h.pages.Path("/account"))
	}
	return h.pages.Render(v.w, v.r, http.StatusOK, "choice", h.factorChoice(doors[i].Workspace, h.carryNext(n)))
}

func (h *Handler) factorChoice(ws provisioning.Workspace, query url.Values) web.Choice {
	page := web.Choice{Page: web.Page{Workspace: ws.Name}, Title: h.t("factor.set_up"), Text: h.t("factor.set_up.text", ws.Name), Items: []web.ChoiceItem{{
		Label: h.t("factor.set_up.app"), Detail: h.t("factor.set_up.app.detail"), Href: h.withQuery("/account/authenticator", query),
	}}}
	if h.passkeys {
		page.Items = append(page.Items, web.ChoiceItem{
			Label: h.t("factor.set_up.passkey"), Detail: h.t("factor.set_up.passkey.detail"), Href: h.withQuery("/account/passkeys", query),
		})
	}
	return page
}

// showAuthenticator makes a secret, which counts once a code of it was given.
func (h *Handler) showAuthenticator(v visit) error {
	setup, err := h.service.BeginTOTP(v.r.Context(), v.browser)
	if err != nil {
		return err
	}
	page, err := h.authenticatorOf(v, setup)
	if err != nil {
		return err
	}
	return h.pages.Render(v.w, v.r, http.StatusOK, "authenticator", page)
}

// authenticatorOf carries what the picture was made of through the form, so that it can be drawn again.
func (h *Handler) authenticatorOf(v visit, setup provisioning.TOTPSetup) (authenticatorPage, error) {
	path, size, err := h.qr(setup.URL)
	if err != nil {
		return authenticatorPage{}, err
	}
	n := h.nextOf(v.r)
	carried := h.carryNext(n)
	carried.Set("ticket", setup.Ticket)
	carried.Set("secret", setup.Secret)
	carried.Set("url", setup.URL)
	return authenticatorPage{Path: path, Size: size, Secret: setup.Secret, formPage: formPage{
		Page:  web.Page{Scripted: true},
		Title: h.t("authenticator.title"), Action: h.pages.Path("/account/authenticator"), Hidden: hidden(carried),
		Fields: []web.Field{h.codeField("authenticator.code", "authenticator.code.help")}, Verb: h.t("authenticator.go"), Cancel: h.giveUp(n),
	}}, nil
}

// giveUp is where somebody goes who sets nothing up after all.
func (h *Handler) giveUp(n next) string {
	if n.workspace != "" {
		return h.withReturn("/workspaces", n.returnTo)
	}
	return h.pages.Path("/account")
}

// confirmAuthenticator sets the authenticator up by its first code.
func (h *Handler) confirmAuthenticator(v visit) error {
	form := v.r.PostForm
	p, codes, err := h.service.ConfirmTOTP(v.r.Context(), form.Get("ticket"), strings.TrimSpace(form.Get("code")), v.browser)
	switch code := provisioning.Code(err); {
	case code == "ticket_dead":
		return web.SeeOther(v.w, h.withQuery("/account/authenticator", h.carryNext(h.nextOf(v.r))))
	case code == "wrong_code" || code == "code_used":
		page, fault := h.authenticatorOf(v, provisioning.TOTPSetup{Ticket: form.Get("ticket"), Secret: form.Get("secret"), URL: form.Get("url")})
		if fault != nil { // the form was tampered with
			return web.SeeOther(v.w, h.pages.Path("/account/authenticator"))
		}
		page.wrong("code", h.detail(err))
		return h.pages.Render(v.w, v.r, http.StatusUnprocessableEntity, "authenticator", page)
	case err != nil:
		return h.tooMany(v.w, err)
	}
	return h.factorAdded(v, p, codes, "authenticator")
}

// factorAdded keeps the parent sign-in, which has its second factor now, and shows new recovery codes or leads on.
func (h *Handler) factorAdded(v visit, p provisioning.Parent, codes []string, what string) error {
	h.keep(v.w, p)
	n := h.nextOf(v.r)
	switch {
	case len(codes) > 0:
		return h.showCodes(v, codes, n)
	case n.workspace != "":
		return h.enter(h.visitAfter(v.w, v.r, p), n.workspace, n.returnTo)
	}
	return h.done(v.w, what)
}

// showCodes shows recovery codes. They stand on this answer alone.
func (h *Handler) showCodes(v visit, codes []string, n next) error {
	page := codesPage{Page: web.Page{Scripted: true}, Codes: codes, Href: h.pages.Path("/account"), Verb: h.t("codes.kept")}
	if n.workspace != "" {
		page.Action, page.Hidden = h.pages.Path("/workspaces"), hidden(h.carryNext(n))
	}
	return h.pages.Render(v.w, v.r, http.StatusOK, "codes", page)
}

func (h *Handler) showRemoveAuthenticator(v visit) error {
	page := web.Confirm{
		Title: h.t("authenticator.remove"), Text: h.t("authenticator.remove.text"), Action: h.pages.Path("/account/authenticator/remove"),
		Verb: h.t("authenticator.remove.go"), Danger: true, CancelHref: h.pages.Path("/account"),
	}
	if len(v.parent.Factors.Passkeys) == 0 {
		page.Effects = []string{h.t("factor.last")}
	}
	return h.pages.Render(v.w, v.r, http.StatusOK, "confirm", page)
}

func (h *Handler) removeAuthenticator(v visit) error {
	if err := h.service.RemoveTOTP(v.r.Context(), v.browser); err != nil {
		return h.refuseChange(err)
	}
	return h.done(v.w, "authenticator_removed")
}

func (h *Handler) showRecoveryCodes(v visit) error {
	return h.pages.Render(v.w, v.r, http.StatusOK, "confirm", web.Confirm{
		Title: h.t("codes.new"), Text: h.t("codes.new.text"), Action: h.pages.Path("/account/recovery-codes"),
		Verb: h.t("codes.new.go"), CancelHref: h.pages.Path("/account"),
	})
}

func (h *Handler) makeRecoveryCodes(v visit) error {
	codes, err := h.service.NewRecoveryCodes(v.r.Context(), v.browser)
	if err != nil {
		return h.refuseChange(err)
	}
	return h.showCodes(v, codes, next{})
}
