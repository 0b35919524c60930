package console

import (
	"cmp"
	"context"
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

// Service is what the face asks of the domain.
type Service interface {
	Sessions
	Access
	Doors
}

// Sessions tells who is there.
type Sessions interface {
	// Authenticate returns whose session a cookie's text is, or an error of kind ErrUnauthenticated.
	Authenticate(ctx context.Context, cookie string) (provisioning.Viewer, error)
	// SignOut ends the viewer's session, in every process.
	SignOut(ctx context.Context, v provisioning.Viewer) error
}

// Access tells what somebody holds.
type Access interface {
	// Overview returns the roles that the viewer holds. Nothing held is no error.
	Overview(ctx context.Context, v provisioning.Viewer) (provisioning.Overview, error)
	// ExplainAccess returns every reason of the user, of the whole workspace if c is "".
	ExplainAccess(ctx context.Context, ws provisioning.WorkspaceID, u provisioning.UserID, c provisioning.CommunityID) ([]provisioning.Explanation, error)
}

// Doors tells where a stranger may come in.
type Doors interface {
	// ConnectionsFor returns the enabled connections of every workspace that verified the address's domain. What is
	// no address is ErrInvalid.
	ConnectionsFor(ctx context.Context, email string) ([]provisioning.Connection, error)
	// OpenInvitation returns the invitation of a link and uses nothing up. A dead link is ErrGone.
	OpenInvitation(ctx context.Context, token string) (provisioning.Invited, error)
	Workspace(ctx context.Context, id provisioning.WorkspaceID) (provisioning.Workspace, error)
	Communities(ctx context.Context, ws provisioning.WorkspaceID) ([]provisioning.Community, error)
	Roles(ctx context.Context, ws provisioning.WorkspaceID) ([]provisioning.Role, error)
}

// Options are what a [Handler] needs.
type Options struct {
	Service Service
	Pages   *web.Pages // made with Texts and FS
	Cookies web.Cookies
	Public  *url.URL // base of every URL that the bridge gives out
	// FormTargets are origins without TLS to which the sign-in form may lead at once, beside every origin with it.
	// A provider at another one, a loopback one for instance, costs its people one more click: see leadsAtOnce.
	FormTargets []string
	Now         func() time.Time
}

// Handler answers people, and /auth/verify.
type Handler struct {
	service     Service
	pages       *web.Pages
	cookies     web.Cookies
	public      *url.URL
	formTargets []string
	now         func() time.Time
}

// New makes the face. An option that is missing, or a form target that is no origin, is an error.
func New(o Options) (*Handler, error) {
	if o.Service == nil || o.Pages == nil || o.Public == nil || o.Now == nil {
		return nil, errors.New("console: Service, Pages, Public and Now are needed")
	}
	for _, target := range o.FormTargets {
		if target == "" || web.Origin(target) != target {
			return nil, errors.New("console: form target " + target + " is no origin")
		}
	}
	return &Handler{
		service: o.Service, pages: o.Pages, cookies: o.Cookies, public: o.Public, now: o.Now,
		formTargets: append([]string{"https:"}, o.FormTargets...),
	}, nil
}

// Register adds the face's routes.
func (h *Handler) Register(m *web.Mux) {
	people := m.People()
	people.Get("/{$}", h.signedIn(h.home))
	people.Get("/login", h.showLogin)
	people.Unsafe(http.MethodPost, "/login", h.login)
	people.Get("/logout", h.showLogout)
	people.Unsafe(http.MethodPost, "/logout", h.logout)
	people.Get("/invitation", h.invitation)
	people.Get("/console/{rest...}", h.signedIn(h.console))
	m.Face(web.Face{Prefix: verifyPath + "/", Answer: answerText, MaxBody: anyBody}).Get(verifyPath, h.verify)
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

// viewer returns whose session the request carries, or an error of kind ErrUnauthenticated.
func (h *Handler) viewer(r *http.Request) (provisioning.Viewer, error) {
	cookie, ok := h.cookies.Read(r, web.SessionCookie)
	if !ok {
		return provisioning.Viewer{}, provisioning.ErrUnauthenticated
	}
	v, err := h.service.Authenticate(r.Context(), cookie)
	v.Browser = provisioning.Browser{
		Address: web.ClientOf(r.Context()).Addr.String(), UserAgent: r.UserAgent(), RequestID: web.RequestIDOf(r.Context()),
	}
	if err == nil {
		e := web.EventOf(r.Context())
		e.WorkspaceID, e.UserID = string(v.Workspace.ID), string(v.User.ID)
	}
	return v, err
}

// viewerHandler answers a request of somebody with a good session.
type viewerHandler func(w http.ResponseWriter, r *http.Request, v provisioning.Viewer) error

// signedIn sends strangers to /login.
func (h *Handler) signedIn(next viewerHandler) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		v, err := h.viewer(r)
		if errors.Is(err, provisioning.ErrUnauthenticated) {
			return web.SeeOther(w, h.pages.Path("/login"))
		}
		if err != nil {
			return err
		}
		return next(w, r, v)
	}
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
