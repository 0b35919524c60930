package console

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"drawbridge/internal/web"
	"drawbridge/provisioning"
)

func (h *Handler) passkeyLines(all []provisioning.Passkey) []settingLine {
	lines := make([]settingLine, len(all))
	for i, p := range all {
		base := "/account/passkeys/" + url.PathEscape(p.ID)
		lines[i] = settingLine{
			Name: p.Name, Value: h.sayAt("passkey.added", p.CreatedAt),
			Links: h.links("account.rename", base+"/rename", "account.remove", base+"/remove"),
		}
		if !p.LastUsedAt.IsZero() {
			lines[i].Value = h.sayAt("passkey.used", p.LastUsedAt)
		}
	}
	return lines
}

// showAddPasskey asks what a new passkey is to be called. Making it takes script.
func (h *Handler) showAddPasskey(v visit) error {
	return h.show(v.w, v.r, h.addPasskeyForm(v))
}

func (h *Handler) addPasskeyForm(v visit) formPage {
	n := h.nextOf(v.r)
	page := formPage{
		Page:  web.Page{Scripted: true},
		Title: h.t("passkey.add"), Text: []string{h.t("passkey.add.text")}, Cancel: h.giveUp(n),
		Passkey: h.passkeyForm("/account/passkeys", "/account/passkeys/options", h.carryNext(n)),
	}
	if page.Passkey == nil {
		page.fault(h.t("passkey.no_host"))
		return page
	}
	page.Passkey.Kind, page.Passkey.Label, page.Passkey.Primary = "create", h.t("passkey.add.go"), true
	page.Passkey.Fields = []web.Field{h.passkeyName(h.device(v.r.UserAgent()))}
	page.Unscripted = h.t("passkey.unscripted")
	return page
}

func (h *Handler) passkeyName(value string) web.Field {
	return web.Field{Name: "name", Label: h.t("passkey.name"), Help: h.t("passkey.name.help"), Type: "text", Autocomplete: "off", Value: value, Focus: true}
}

func (h *Handler) newPasskey(w http.ResponseWriter, r *http.Request) error {
	challenge, options, err := h.service.BeginPasskeyRegistration(r.Context(), h.browserOf(r))
	return h.answerCeremony(w, r, challenge, options, err)
}

func (h *Handler) addPasskey(v visit) error {
	challenge, response := ceremonyOf(v.r)
	name := strings.TrimSpace(v.r.PostForm.Get("name"))
	p, codes, err := h.service.AddPasskey(v.r.Context(), challenge, response, name, v.browser)
	if err != nil {
		return h.complain(v.w, v.r, h.addPasskeyForm(v), err)
	}
	return h.factorAdded(v, p, codes, "passkey")
}

// passkeyOf finds the passkey of the address among those of who is signed in.
func passkeyOf(v visit) (provisioning.Passkey, error) {
	all, id := v.parent.Factors.Passkeys, v.r.PathValue("passkey")
	i := slices.IndexFunc(all, func(p provisioning.Passkey) bool { return p.ID == id })
	if i < 0 {
		return provisioning.Passkey{}, web.ErrNoRoute
	}
	return all[i], nil
}

func (h *Handler) showRenamePasskey(v visit) error {
	p, err := passkeyOf(v)
	if err != nil {
		return err
	}
	return h.show(v.w, v.r, h.renamePasskeyForm(p, p.Name))
}

func (h *Handler) renamePasskeyForm(p provisioning.Passkey, name string) formPage {
	return formPage{
		Title: h.t("passkey.rename", p.Name), Action: h.pages.Path("/account/passkeys/" + url.PathEscape(p.ID) + "/rename"),
		Fields: []web.Field{h.passkeyName(echo(name))}, Verb: h.t("passkey.rename.go"), Cancel: h.pages.Path("/account"),
	}
}

func (h *Handler) renamePasskey(v visit) error {
	p, err := passkeyOf(v)
	if err != nil {
		return err
	}
	name := strings.TrimSpace(v.r.PostForm.Get("name"))
	if err := h.service.RenamePasskey(v.r.Context(), p.ID, name, v.browser); err != nil {
		return h.complain(v.w, v.r, h.renamePasskeyForm(p, name), err)
	}
	return h.done(v.w, "passkey_renamed")
}

func (h *Handler) showRemovePasskey(v visit) error {
	p, err := passkeyOf(v)
	if err != nil {
		return err
	}
	page := web.Confirm{
		Title: h.t("passkey.remove", p.Name), Text: h.t("passkey.remove.text"),
		Action: h.pages.Path("/account/passkeys/" + url.PathEscape(p.ID) + "/remove"),
		Verb:   h.t("passkey.remove.go", p.Name), Danger: true, CancelHref: h.pages.Path("/account"),
	}
	if !v.parent.Factors.TOTP && len(v.parent.Factors.Passkeys) == 1 {
		page.Effects = []string{h.t("factor.last")}
	}
	return h.pages.Render(v.w, v.r, http.StatusOK, "confirm", page)
}

func (h *Handler) removePasskey(v visit) error {
	p, err := passkeyOf(v)
	if err != nil {
		return err
	}
	if err := h.service.RemovePasskey(v.r.Context(), p.ID, v.browser); err != nil {
		return h.refuseChange(err)
	}
	return h.done(v.w, "passkey_removed")
}

// refuseChange is the page for a change that the state of things forbids, 409. Others stay as they are.
func (h *Handler) refuseChange(err error) error {
	if !errors.Is(err, provisioning.ErrConflict) {
		return err
	}
	return &web.RefusalError{Status: http.StatusConflict, Outcome: provisioning.Code(err), Page: web.Refusal{
		Title: h.t("account.refused"), What: h.detail(err), BackHref: h.pages.Path("/account"), BackLabel: h.t("account.back"),
	}}
}
