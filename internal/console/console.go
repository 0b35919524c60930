package console

import (
	"cmp"
	"embed"
	"errors"
	"io/fs"
	"net/http"
	"net/url"
	"strings"
	"time"

	"drawbridge/internal/web"
	"drawbridge/provisioning"
)

// Options are what a [Handler] needs.
type Options struct {
	Service Service
	Pages   *web.Pages // made with Texts and FS
	Cookies web.Cookies
	Public  *url.URL // base of every URL that the bridge gives out
	// FormTargets are origins without TLS to which the sign-in form may lead at once, beside every origin with it.
	// A provider at another one, a loopback one for instance, costs its people one more click: see leadsAtOnce.
	FormTargets []string
	// Passkeys says that browsers take passkeys from the public URL's host.
	Passkeys bool
	// MailOut says that mails leave the outbox: without, nobody is told to look for one.
	MailOut bool
	// QR draws a text as the path of an SVG picture whose viewBox is "0 0 size size".
	QR  func(text string) (path string, size int, err error)
	Now func() time.Time
}

// Handler answers people, and /auth/verify.
type Handler struct {
	service     Service
	pages       *web.Pages
	cookies     web.Cookies
	public      *url.URL
	formTargets []string
	passkeys    bool
	mailOut     bool
	qr          func(text string) (path string, size int, err error)
	now         func() time.Time
}

// New makes the face. An option that is missing, or a form target that is no origin, is an error.
func New(o Options) (*Handler, error) {
	if o.Service == nil || o.Pages == nil || o.Public == nil || o.QR == nil || o.Now == nil {
		return nil, errors.New("console: Service, Pages, Public, QR and Now are needed")
	}
	for _, target := range o.FormTargets {
		if target == "" || web.Origin(target) != target {
			return nil, errors.New("console: form target " + target + " is no origin")
		}
	}
	return &Handler{
		service: o.Service, pages: o.Pages, cookies: o.Cookies, public: o.Public, now: o.Now,
		formTargets: append([]string{"https:"}, o.FormTargets...),
		passkeys:    o.Passkeys, mailOut: o.MailOut, qr: o.QR,
	}, nil
}

// Register adds the face's routes.
func (h *Handler) Register(m *web.Mux) {
	people := m.People()
	h.registerSignIn(people)
	h.registerLinks(people)
	h.registerAccount(people)
	people.Get("/{$}", h.signedIn(h.home))
	people.Get("/console/{rest...}", h.signedIn(h.console))
	m.Face(web.Face{Prefix: verifyPath + "/", Answer: answerText, MaxBody: anyBody}).Get(verifyPath, h.verify)
}

// registerSignIn adds the ways in, from the address to the workspace, and the way out.
func (h *Handler) registerSignIn(people *web.Registrar) {
	people.Get("/login", h.showLogin)
	people.Unsafe(http.MethodPost, "/login", h.login)
	people.Get("/login/password", h.showPassword)
	people.Unsafe(http.MethodPost, "/login/password", h.signInWithPassword)
	people.Unsafe(http.MethodPost, "/login/passkey", h.signInWithPasskey)
	people.Unsafe(http.MethodPost, "/login/passkey/options", h.passkeyOfAnybody)
	people.Get("/login/factor", h.withParent(h.showFactor))
	people.Unsafe(http.MethodPost, "/login/factor", h.withParent(h.proveCode))
	people.Unsafe(http.MethodPost, "/login/factor/passkey", h.withParent(h.proveFactorByPasskey))
	people.Unsafe(http.MethodPost, "/login/factor/options", h.passkeyOfAccount)
	people.Get("/login/proved", h.withParent(h.showProved))
	people.Get("/workspaces", h.withParent(h.showWorkspaces))
	people.Unsafe(http.MethodPost, "/workspaces", h.withParent(h.enterWorkspace))
	people.Get("/logout", h.showLogout)
	people.Unsafe(http.MethodPost, "/logout", h.logout)
}

// registerLinks adds where links lead that were mailed or shown.
func (h *Handler) registerLinks(people *web.Registrar) {
	people.Get("/invitation", h.invitation)
	people.Unsafe(http.MethodPost, "/invitation", h.acceptInvitation)
	people.Unsafe(http.MethodPost, "/invitation/signed-in", h.acceptSignedIn)
	people.Unsafe(http.MethodPost, "/invitation/ask", h.askForInvitation)
	people.Get("/invitation/asked", h.showAsked)
	people.Get("/reset", h.reset)
	people.Unsafe(http.MethodPost, "/reset", h.askForReset)
	people.Get("/reset/sent", h.showResetSent)
	people.Get("/reset/password", h.showNewPassword)
	people.Unsafe(http.MethodPost, "/reset/password", h.setNewPassword)
	people.Get("/email", h.email)
	people.Unsafe(http.MethodPost, "/email", h.agreeToEmail)
	people.Get("/email/agreed", h.showEmailAgreed)
	people.Get("/email/changed", h.showEmailChanged)
	people.Get("/setup", h.setup)
	people.Unsafe(http.MethodPost, "/setup", h.completeSetup)
	people.Unsafe(http.MethodPost, "/setup/options", h.setupPasskey)
}

// registerAccount adds what people see and change of themselves.
func (h *Handler) registerAccount(people *web.Registrar) {
	people.Get("/account", h.signedIn(h.account))
	people.Get("/account/name", h.signedIn(h.showName))
	people.Unsafe(http.MethodPost, "/account/name", h.signedIn(h.rename))
	people.Unsafe(http.MethodPost, "/account/sessions/end", h.signedIn(h.endSession))
	people.Unsafe(http.MethodPost, "/account/sessions/end-others", h.signedIn(h.endOtherSessions))
	people.Get("/account/confirm", h.showConfirm)
	people.Unsafe(http.MethodPost, "/account/confirm", h.withAccount(h.confirmByPassword))
	people.Unsafe(http.MethodPost, "/account/confirm/passkey", h.withAccount(h.confirmByPasskey))
	people.Unsafe(http.MethodPost, "/account/confirm/options", h.passkeyOfAccount)
	people.Get("/account/email", h.withAccount(h.fresh(h.showEmail)))
	people.Unsafe(http.MethodPost, "/account/email", h.withAccount(h.changeEmail))
	people.Get("/account/password", h.withAccount(h.showChangePassword))
	people.Unsafe(http.MethodPost, "/account/password", h.withAccount(h.changePassword))
	people.Get("/account/factor", h.withAccount(h.fresh(h.showFactorSetup)))
	people.Get("/account/authenticator", h.withAccount(h.showAuthenticator))
	people.Unsafe(http.MethodPost, "/account/authenticator", h.withAccount(h.confirmAuthenticator))
	people.Get("/account/authenticator/remove", h.withAccount(h.fresh(h.showRemoveAuthenticator)))
	people.Unsafe(http.MethodPost, "/account/authenticator/remove", h.withAccount(h.removeAuthenticator))
	people.Get("/account/recovery-codes", h.withAccount(h.fresh(h.showRecoveryCodes)))
	people.Unsafe(http.MethodPost, "/account/recovery-codes", h.withAccount(h.makeRecoveryCodes))
	people.Get("/account/passkeys", h.withAccount(h.fresh(h.showAddPasskey)))
	people.Unsafe(http.MethodPost, "/account/passkeys", h.withAccount(h.addPasskey))
	people.Unsafe(http.MethodPost, "/account/passkeys/options", h.newPasskey)
	people.Get("/account/passkeys/{passkey}/rename", h.withAccount(h.fresh(h.showRenamePasskey)))
	people.Unsafe(http.MethodPost, "/account/passkeys/{passkey}/rename", h.withAccount(h.renamePasskey))
	people.Get("/account/passkeys/{passkey}/remove", h.withAccount(h.fresh(h.showRemovePasskey)))
	people.Unsafe(http.MethodPost, "/account/passkeys/{passkey}/remove", h.withAccount(h.removePasskey))
}

//go:embed templates/*.html
var templates embed.FS

// FS holds the pages of the face, for [web.NewPages].
func FS() fs.FS {
	files, err := fs.Sub(templates, "templates")
	if err != nil {
		panic(err) // the name is a constant
	}
	return files
}

// console has no page of its own: whoever is signed in is led to what they hold.
func (h *Handler) console(w http.ResponseWriter, _ *http.Request, _ provisioning.Viewer) error {
	return web.SeeOther(w, h.pages.Path("/"))
}

// t is a text of the catalogue.
func (h *Handler) t(key string, args ...any) string { return h.pages.Texts().T(key, args...) }

// nameOf is what a person is called on pages: by name, else by the name they sign in with.
func nameOf(u provisioning.User) string {
	return cmp.Or(u.DisplayName, strings.TrimSpace(u.GivenName+" "+u.FamilyName), u.UserName)
}
