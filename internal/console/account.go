package console

import (
	"cmp"
	"net/http"
	"net/url"
	"strings"

	"drawbridge/internal/web"
	"drawbridge/provisioning"
)

// accountPage is what a person sees of themselves.
type accountPage struct {
	web.Page
	Done     string // what was done a moment ago
	Person   []settingLine
	Why      string        // of who has no credentials here: why not
	Ways     []settingLine // how the person signs in
	Passkeys []settingLine
	AddHref  string // to add a passkey; "" where the host takes none
	Sessions []sessionLine
	Others   bool // there are sessions beside the present one
}

// settingLine is one thing with its value, and what can be done about it.
type settingLine struct {
	Name  string
	Value phrase
	Note  string
	Links []link
}

// doneTexts are what the page says after an act, by what the address says of it.
var doneTexts = []string{
	"name", "email", "password", "authenticator", "authenticator_removed", "passkey", "passkey_renamed", "passkey_removed", "session", "sessions",
}

// account shows name, address, ways to sign in and sessions.
func (h *Handler) account(w http.ResponseWriter, r *http.Request, v provisioning.Viewer) error {
	me, err := h.service.Myself(r.Context(), v)
	if err != nil {
		return err
	}
	sessions, err := h.service.MySessions(r.Context(), v)
	if err != nil {
		return err
	}
	page := accountPage{
		Page: h.framed(v), Done: h.doneText(r.URL.Query().Get("done")), Person: h.personLines(me),
		Sessions: h.sessionLines(sessions), Others: len(sessions) > 1,
	}
	if me.Account == nil {
		page.Why = h.whyNoAccount(me, sessions)
	} else {
		page.Ways, page.Passkeys = h.wayLines(*me.Account, me.Factors), h.passkeyLines(me.Factors.Passkeys)
		if h.passkeys {
			page.AddHref = h.pages.Path("/account/passkeys")
		}
	}
	return h.pages.Render(w, r, http.StatusOK, "account", page)
}

// framed is what stands round a page of somebody with a session.
func (h *Handler) framed(v provisioning.Viewer) web.Page {
	return web.Page{Workspace: v.Workspace.Name, Person: nameOf(v.User), Switch: v.Session.Parent != ""}
}

func (h *Handler) doneText(what string) string {
	for _, known := range doneTexts {
		if what == known {
			return h.t("account.done." + known)
		}
	}
	return ""
}

// done leads back to the page, which says what was done.
func (h *Handler) done(w http.ResponseWriter, what string) error {
	return web.SeeOther(w, h.withQuery("/account", url.Values{"done": {what}}))
}

// personLines are name and address, with who keeps them where the person cannot change them.
func (h *Handler) personLines(me provisioning.Myself) []settingLine {
	name := settingLine{Name: h.t("name"), Value: phrase{Before: nameOf(me.Viewer.User)}}
	if me.MayRename {
		name.Links = h.links("account.change", "/account/name")
	} else {
		name.Note = h.t("account.name.locked")
	}
	email := settingLine{Name: h.t("email"), Value: phrase{Before: cmp.Or(me.Viewer.User.Email, h.t("account.email.none"))}}
	switch {
	case me.Account == nil:
		email.Note = h.t("account.email.locked", me.Viewer.Workspace.Name)
	case !h.mailOut || !me.Account.EmailProved:
		email.Value, email.Note = phrase{Before: me.Account.Email}, h.t("account.email.unproved", me.Viewer.Workspace.Name)
	default:
		email.Value, email.Links = phrase{Before: me.Account.Email}, h.links("account.change", "/account/email")
	}
	return []settingLine{name, email}
}

// links makes a line's links from pairs of text key and path.
func (h *Handler) links(pairs ...string) []link {
	var made []link
	for i := 0; i < len(pairs); i += 2 {
		made = append(made, link{h.t(pairs[i]), h.pages.Path(pairs[i+1])})
	}
	return made
}

// whyNoAccount says why there is no password here to be changed.
func (h *Handler) whyNoAccount(me provisioning.Myself, sessions []provisioning.SessionInfo) string {
	if me.Viewer.User.Account != "" {
		return h.t("account.elsewhere", me.Viewer.User.Email)
	}
	for _, s := range sessions {
		if s.Current && s.Connection != "" {
			return h.t("account.none_through", s.Connection)
		}
	}
	return h.t("account.none")
}

// wayLines are password, authenticator and recovery codes.
func (h *Handler) wayLines(a provisioning.Account, f provisioning.FactorState) []settingLine {
	password := settingLine{Name: h.t("password"), Value: h.say("account.password.none"), Links: h.links("account.password.set", "/account/password")}
	if a.HasPassword() {
		password.Value, password.Links = h.sayAt("account.password.set_at", a.PasswordSetAt), h.links("account.change", "/account/password")
	}
	app := settingLine{Name: h.t("authenticator"), Value: h.say("account.authenticator.none"), Links: h.links("account.set_up", "/account/authenticator")}
	if f.TOTP {
		app.Value = h.say("account.authenticator.is")
		app.Links = h.links("account.replace", "/account/authenticator", "account.remove", "/account/authenticator/remove")
	}
	lines := []settingLine{password, app}
	if f.Any() {
		lines = append(lines, settingLine{
			Name: h.t("codes"), Value: h.say("account.codes", f.RecoveryCodes), Links: h.links("account.codes.new", "/account/recovery-codes"),
		})
	}
	return lines
}

// showName asks for another name.
func (h *Handler) showName(w http.ResponseWriter, r *http.Request, v provisioning.Viewer) error {
	page := h.nameForm(v)
	page.keep("name", nameOf(v.User))
	return h.show(w, r, page)
}

func (h *Handler) nameForm(v provisioning.Viewer) formPage {
	name := h.nameField("")
	name.Focus = true
	return formPage{
		Page:  web.Page{Workspace: v.Workspace.Name},
		Title: h.t("account.name.title"), Text: []string{h.t("account.name.text", v.Workspace.Name)},
		Action: h.pages.Path("/account/name"), Fields: []web.Field{name}, Verb: h.t("account.name.save"), Cancel: h.pages.Path("/account"),
	}
}

func (h *Handler) rename(w http.ResponseWriter, r *http.Request, v provisioning.Viewer) error {
	if err := readForm(r); err != nil {
		return err
	}
	name := strings.TrimSpace(r.PostForm.Get("name"))
	if err := h.service.Rename(r.Context(), v, name); err != nil {
		page := h.nameForm(v)
		page.keep("name", name)
		return h.complain(w, r, page, err)
	}
	return h.done(w, "name")
}
