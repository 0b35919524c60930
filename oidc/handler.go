package oidc

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"drawbridge/internal/web"
	"drawbridge/provisioning"
)

// SignIns is what the face needs of the Service for sign-ins.
type SignIns interface {
	FindConnection(ctx context.Context, ws provisioning.WorkspaceID, ref string) (provisioning.Connection, error)
	ClientSecret(c provisioning.Connection) (string, error)
	Workspace(ctx context.Context, id provisioning.WorkspaceID) (provisioning.Workspace, error)
	OpenInvitation(ctx context.Context, token string) (provisioning.Invited, error)
	BeginSignIn(ctx context.Context, r provisioning.SignInRequest) (p provisioning.PendingSignIn, state string, err error)
	TakeSignIn(ctx context.Context, state, browserSecret string, c provisioning.ConnectionID) (provisioning.PendingSignIn, error)
	SignIn(ctx context.Context, c provisioning.Connection, p provisioning.PendingSignIn, claims provisioning.Claims, b provisioning.Browser) (provisioning.SignedIn, error)
}

// Sessions is what the face needs of the Service for the session that a
// browser has already.
type Sessions interface {
	Authenticate(ctx context.Context, cookie string) (provisioning.Viewer, error)
	SignOut(ctx context.Context, v provisioning.Viewer) error
}

// Service is the [provisioning.Service] as this face uses it.
type Service interface {
	SignIns
	Sessions
}

// Options are what a [Handler] stands on. All are needed.
type Options struct {
	Service   Service
	Providers *Providers
	Pages     *web.Pages // speaking from a catalogue with [Texts]
	Cookies   web.Cookies
	Public    *url.URL     // base of the redirect URIs
	HTTP      *http.Client // asks token and userinfo endpoints; ought to be one of package egress
	Limiter   Limiter
	Log       *slog.Logger
}

// Limiter counts how often somebody asks.
type Limiter interface {
	// Allow reports whether one more is within rate a second and burst at once,
	// and if not, how long to wait.
	Allow(ctx context.Context, key string, rate, burst int) (ok bool, wait time.Duration, err error)
}

// How many sign-ins one network address may begin: a second, and at once. Each
// stores a row for ten minutes. An office behind one address stays below it.
const (
	startRate  = 20
	startBurst = 200
)

// Handler answers /sso/… for browsers.
type Handler struct {
	service   Service
	providers *Providers
	pages     *web.Pages
	cookies   web.Cookies
	public    *url.URL
	http      *http.Client
	limiter   Limiter
	log       *slog.Logger
}

// New makes a Handler. It is an error to leave something out.
func New(o Options) (*Handler, error) {
	if o.Service == nil || o.Providers == nil || o.Pages == nil || o.Public == nil || o.HTTP == nil || o.Limiter == nil || o.Log == nil {
		return nil, errors.New("oidc: a Service, Providers, Pages, the public URL, an HTTP client, a limiter and a log are needed")
	}
	for key := range texts {
		if !o.Pages.Texts().Has(key) {
			return nil, errors.New("oidc: the pages speak without the texts of this package")
		}
	}
	return &Handler{
		service: o.Service, providers: o.Providers, pages: o.Pages, cookies: o.Cookies, public: o.Public, http: o.HTTP, limiter: o.Limiter, log: o.Log,
	}, nil
}

// Register registers the face's routes.
func (h *Handler) Register(m *web.Mux) {
	people := m.People()
	people.Get("/sso/{connection}", h.start)
	people.MachinePost("/sso/{connection}", "Initiate login is posted by the provider's site; it only begins a sign-in", h.start)
	people.Get("/sso/{connection}/callback", h.callback)
	people.Unsafe(http.MethodPost, "/sso/switch", h.switchPerson)
}

// visit is one request for a connection.
type visit struct {
	h          *Handler
	w          http.ResponseWriter
	r          *http.Request
	connection provisioning.Connection

	// Of a sign-in that came back from the provider.
	pending provisioning.PendingSignIn
	email   string // as the provider says it, "" if it does not
}

// visit finds the connection of a request, of kind provisioning.ErrNotFound
// where there is none.
func (h *Handler) visit(w http.ResponseWriter, r *http.Request) (*visit, error) {
	c, err := h.service.FindConnection(r.Context(), "", r.PathValue("connection"))
	if err != nil {
		return nil, err
	}
	e := web.EventOf(r.Context())
	e.WorkspaceID, e.ResourceID = string(c.Workspace), string(c.ID)
	return &visit{h: h, w: w, r: r, connection: c}, nil
}

// provider is what is known of the connection's provider.
func (v *visit) provider() (document, *keySet, error) {
	d, keys, err := v.h.providers.find(v.r.Context(), v.connection.Issuer)
	if err != nil && !errors.Is(err, context.Canceled) {
		err = &unreachable{err}
	}
	return d, keys, err
}
