package console

import (
	"errors"
	"net/http"
	"strings"
	"unicode/utf8"

	"drawbridge/internal/web"
	"drawbridge/provisioning"
)

// maxName is the longest name of a workspace or a person, in characters.
const maxName = 100

// setupPage asks what the first start has to know.
type setupPage struct {
	formPage
	MultiTenant bool
}

// setup answers the link of the first start, and asks for the first workspace and its administrator.
func (h *Handler) setup(w http.ResponseWriter, r *http.Request) error {
	if r.URL.Query().Has("token") {
		return h.exchange(w, r, setupLink)
	}
	ticket, err := h.ticket(r, setupLink)
	if err != nil {
		return err
	}
	if err := h.service.OpenSetup(r.Context(), ticket); err != nil {
		return h.deadLink(setupLink, err)
	}
	page, err := h.setupForm(r, provisioning.FirstStart{})
	if err != nil {
		return err
	}
	page.Fields[0].Focus = true
	return h.pages.Render(w, r, http.StatusOK, "setup", page)
}

func (h *Handler) setupForm(r *http.Request, typed provisioning.FirstStart) (setupPage, error) {
	rule, err := h.service.PasswordRuleOf(r.Context(), "", "")
	if err != nil {
		return setupPage{}, err
	}
	email := h.emailField(echo(typed.Email))
	email.Label = h.t("setup.email")
	page := setupPage{MultiTenant: typed.MultiTenant, formPage: formPage{
		Page:  web.Page{Scripted: true},
		Title: h.t("setup.title"), Text: []string{h.t("setup.text")}, Action: h.pages.Path("/setup"), Verb: h.t("setup.go"),
		Fields: []web.Field{
			{Name: "workspace", Label: h.t("setup.workspace"), Help: h.t("setup.workspace.help"), Type: "text", Autocomplete: "organization", Value: echo(typed.Workspace)},
			{Name: "name", Label: h.t("setup.name"), Type: "text", Autocomplete: "name", Value: echo(typed.Name)},
			email, h.newPasswordField(rule),
		},
	}}
	if page.Passkey = h.passkeyForm("/setup", "/setup/options", nil); page.Passkey != nil {
		page.Passkey.Kind, page.Passkey.Label = "create", h.t("setup.passkey")
	}
	return page, nil
}

// completeSetup makes the first workspace and its administrator, and lets them in.
func (h *Handler) completeSetup(w http.ResponseWriter, r *http.Request) error {
	if err := readForm(r); err != nil {
		return err
	}
	ticket, err := h.ticket(r, setupLink)
	if err != nil {
		return err
	}
	typed := firstStartOf(r)
	if page, err := h.setupForm(r, typed); err != nil || h.incomplete(&page, typed) {
		return h.setupAgain(w, r, page, err)
	}
	p, ws, err := h.service.CompleteSetup(r.Context(), ticket, typed, h.browserOf(r))
	switch {
	case errors.Is(err, provisioning.ErrInvalid), errors.Is(err, provisioning.ErrConflict), provisioning.Code(err) == "ceremony_dead":
		page, fault := h.setupForm(r, typed)
		h.blame(&page.formPage, err)
		return h.setupAgain(w, r, page, fault)
	case err != nil:
		return h.tooMany(w, h.deadLink(setupLink, err))
	}
	h.cookies.Clear(w, web.SetupCookie)
	if err := h.begin(w, r, p); err != nil {
		return err
	}
	home := h.pages.Path("/")
	return h.toProof(w, h.enter(h.visitAfter(w, r, p), ws.ID, home), "/login", home)
}

func firstStartOf(r *http.Request) provisioning.FirstStart {
	challenge, response := ceremonyOf(r)
	return provisioning.FirstStart{
		Workspace: strings.TrimSpace(r.PostForm.Get("workspace")), MultiTenant: r.PostForm.Get("communities") == "many",
		Name: strings.TrimSpace(r.PostForm.Get("name")), Email: strings.TrimSpace(r.PostForm.Get("email")),
		Password: r.PostForm.Get("new_password"), Challenge: challenge, Response: response,
	}
}

// incomplete marks every field that says nothing: all at once, before the domain is asked, which names the first.
func (h *Handler) incomplete(page *setupPage, typed provisioning.FirstStart) bool {
	if typed.Workspace == "" || utf8.RuneCountInString(typed.Workspace) > maxName {
		page.wrong("workspace", h.t("setup.workspace.wrong", maxName))
	}
	if typed.Name == "" || utf8.RuneCountInString(typed.Name) > maxName {
		page.wrong("name", h.t("name.wrong", maxName))
	}
	if !isText(typed.Email) || !strings.Contains(typed.Email, "@") {
		page.wrong("email", h.t("login.no_address"))
	}
	if typed.Password == "" && typed.Challenge == "" {
		page.wrong("new_password", h.t("password.empty"))
	}
	return page.Problem
}

func (h *Handler) setupAgain(w http.ResponseWriter, r *http.Request, page setupPage, err error) error {
	if err != nil {
		return err
	}
	return h.pages.Render(w, r, http.StatusUnprocessableEntity, "setup", page)
}

// setupPasskey begins the ceremony of the first administrator's passkey, once the rest of the form is complete: a passkey
// that nothing comes of would stay on the device.
func (h *Handler) setupPasskey(w http.ResponseWriter, r *http.Request) error {
	if err := readForm(r); err != nil {
		return err
	}
	ticket, ok := h.cookies.Read(r, web.SetupCookie)
	if !ok {
		return h.noCeremony(w, r, http.StatusGone, h.t("setup.closed"))
	}
	typed := firstStartOf(r)
	typed.Challenge = "to come"
	page, err := h.setupForm(r, typed)
	if err != nil {
		return err
	}
	if h.incomplete(&page, typed) {
		return h.noCeremony(w, r, http.StatusUnprocessableEntity, page.Problems[0].Problem)
	}
	challenge, options, err := h.service.BeginSetupPasskey(r.Context(), ticket, typed.Email)
	return h.answerCeremony(w, r, challenge, options, err)
}
