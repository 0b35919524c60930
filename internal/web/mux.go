package web

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
)

// DefaultMaxBody is the body, in bytes, that a face's handlers may read unless it says otherwise: ample for forms.
const DefaultMaxBody = 64 << 10

// Face is a part of the URL space that speaks one protocol.
type Face struct {
	Prefix  string // "/" or "/auth/": begins and ends with a slash
	Answer  Answer // answers every error below Prefix, also for paths that have no route
	MaxBody int64  // bytes a handler may read; 0: DefaultMaxBody

	raw http.Handler // set for a mount
}

func (f *Face) covers(p string) bool {
	return strings.HasPrefix(p, f.Prefix) || p == strings.TrimSuffix(f.Prefix, "/")
}

// Route is one registered route, as tests and documents list them.
type Route struct {
	Method  string // "" for a raw mount: every method
	Pattern string
	Reason  string // why an unsafe method needs no cross-site check; "" where it is checked, or safe
}

// Mux leads requests to the handlers of faces. It redirects nobody: a path that is not clean has no page. All routes
// are registered before the first request.
type Mux struct {
	prefix string // path of the public URL without its last slash
	faces  []*Face
	routes []Route
	serve  *http.ServeMux
	guard  *http.CrossOriginProtection
}

// NewMux makes a mux for the public URL. Its path, if any, is taken off requests; requests without it are served as
// well, for proxies that take it off themselves and for probes. people answers where no other face does.
func NewMux(public *url.URL, people Answer) (*Mux, error) {
	guard := http.NewCrossOriginProtection()
	if err := guard.AddTrustedOrigin(Origin(public.String())); err != nil {
		return nil, fmt.Errorf("public URL %q: %w", public, err)
	}
	return &Mux{
		prefix: strings.TrimSuffix(public.EscapedPath(), "/"),
		faces:  []*Face{{Prefix: "/", Answer: people, MaxBody: DefaultMaxBody}},
		serve:  http.NewServeMux(),
		guard:  guard,
	}, nil
}

// Registrar registers the routes of one face. It panics on a route that cannot work: routes are part of the program.
type Registrar struct {
	mux  *Mux
	face *Face
}

// People registers routes of the face that answers people, with the prefix "/".
func (m *Mux) People() *Registrar { return &Registrar{m, m.faces[len(m.faces)-1]} }

// Face adds a face and returns its registrar.
func (m *Mux) Face(f Face) *Registrar {
	return &Registrar{m, m.add(f)}
}

// Mount gives everything below f.Prefix to a handler that sees its paths as they were sent, with empty and dot
// segments, and answers everything itself; f.Answer answers panics.
func (m *Mux) Mount(f Face, h http.Handler) {
	f.raw = h
	m.add(f)
	m.routes = append(m.routes, Route{Pattern: f.Prefix, Reason: "a raw mount checks its own credentials"})
}

func (m *Mux) add(f Face) *Face {
	if !strings.HasPrefix(f.Prefix, "/") || !strings.HasSuffix(f.Prefix, "/") || f.Answer == nil {
		panic(fmt.Sprintf("web: face %q needs slashes at both ends and an answer", f.Prefix))
	}
	if slices.ContainsFunc(m.faces, func(other *Face) bool { return other.Prefix == f.Prefix }) {
		panic(fmt.Sprintf("web: two faces at %s", f.Prefix))
	}
	f.MaxBody = cmp.Or(f.MaxBody, DefaultMaxBody)
	m.faces = append(m.faces, &f)
	slices.SortStableFunc(m.faces, func(a, b *Face) int { return len(b.Prefix) - len(a.Prefix) })
	return &f
}

// Routes lists what is registered, in the order of registration.
func (m *Mux) Routes() []Route { return slices.Clone(m.routes) }

// Get registers a handler for GET and HEAD.
func (g *Registrar) Get(pattern string, h Handler) {
	g.register(Route{Method: http.MethodGet, Pattern: pattern}, h)
}

// Unsafe registers a handler for a method that changes something: POST, PUT, PATCH or DELETE. It is the only way to
// register one for browsers, and refuses what another site sent (rule 26).
func (g *Registrar) Unsafe(method, pattern string, h Handler) {
	if !slices.Contains([]string{"POST", "PUT", "PATCH", "DELETE"}, method) {
		panic(fmt.Sprintf("web: %s %s is not an unsafe method", method, pattern))
	}
	g.register(Route{Method: method, Pattern: pattern}, g.mux.sameSite(h))
}

// MachinePost registers a POST that other sites may send, because it authenticates by what it carries. The exceptions
// are those that rule 26 names; reason says which one this is.
func (g *Registrar) MachinePost(pattern, reason string, h Handler) {
	if reason == "" {
		panic("web: " + pattern + " needs a reason to go without the cross-site check")
	}
	g.register(Route{Method: http.MethodPost, Pattern: pattern, Reason: reason}, h)
}

func (m *Mux) sameSite(h Handler) Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := m.guard.Check(r); err != nil {
			return fmt.Errorf("%w: %w", ErrCrossSite, err)
		}
		return h(w, r)
	}
}

// register adds a route. A subtree ("/console/{rest...}") answers for its own root ("/console") too, because ServeMux
// would redirect that, past the prefix of the public URL.
func (g *Registrar) register(route Route, h Handler) {
	if !g.face.covers(route.Pattern) || g.face.raw != nil {
		panic(fmt.Sprintf("web: %s lies outside of its face %s", route.Pattern, g.face.Prefix))
	}
	if strings.HasSuffix(route.Pattern, "/") {
		panic(fmt.Sprintf("web: %s: end a pattern with {$} or {rest...}", route.Pattern))
	}
	handler := g.mux.adapt(g.face, route.Pattern, LimitBody(g.face.MaxBody, h))
	g.mux.serve.Handle(route.Method+" "+route.Pattern, handler)
	root, last := path.Split(route.Pattern)
	if strings.HasSuffix(last, "...}") && root != "/" {
		g.mux.serve.Handle(route.Method+" "+strings.TrimSuffix(root, "/"), handler)
	}
	g.mux.routes = append(g.mux.routes, route)
}

// adapt turns a Handler into an http.Handler whose errors its face answers.
func (m *Mux) adapt(f *Face, pattern string, h Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e := EventOf(r.Context())
		e.Route = pattern
		err := h(w, r)
		switch {
		case err == nil:
		case errors.Is(err, context.Canceled) && r.Context().Err() != nil:
			e.Fail("client_gone", nil)
		case started(w):
			e.Fail("cut_off", err)
			panic(http.ErrAbortHandler) // half an answer must not look whole
		default:
			f.Answer(w, r, err)
		}
	})
}

// ServeHTTP leads one request to its mount or handler.
func (m *Mux) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r = m.stripPrefix(r)
	f := m.faceOf(r)
	if f.raw != nil {
		EventOf(r.Context()).Route = f.Prefix
		f.raw.ServeHTTP(w, r)
		return
	}
	if !isClean(r.URL.EscapedPath()) {
		f.Answer(w, r, ErrNoRoute)
		return
	}
	if h, pattern := m.serve.Handler(r); pattern == "" {
		f.miss(w, r, h)
		return
	}
	m.serve.ServeHTTP(w, r)
}

// Answer answers an error by the face to which the request's path belongs, for middlewares outside of the mux.
func (m *Mux) Answer(w http.ResponseWriter, r *http.Request, err error) {
	r = m.stripPrefix(r)
	m.faceOf(r).Answer(w, r, err)
}

// miss answers a request that no route takes: OPTIONS with what is allowed, else 405 or 404.
func (f *Face) miss(w http.ResponseWriter, r *http.Request, refusal http.Handler) {
	probe := &probe{header: http.Header{}}
	refusal.ServeHTTP(probe, r)
	allow := probe.header.Get("Allow")
	if allow == "" {
		f.Answer(w, r, ErrNoRoute)
		return
	}
	w.Header().Set("Allow", allow+", OPTIONS")
	if r.Method == http.MethodOptions {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	f.Answer(w, r, ErrMethod)
}

// probe learns from ServeMux's own refusal which methods a path has.
type probe struct{ header http.Header }

func (p *probe) Header() http.Header         { return p.header }
func (p *probe) Write(b []byte) (int, error) { return len(b), nil }
func (p *probe) WriteHeader(int)             {}

// faceOf finds the face with the longest prefix; the people's "/" covers whatever is left.
func (m *Mux) faceOf(r *http.Request) *Face {
	p := path.Clean("/" + r.URL.Path)
	return m.faces[slices.IndexFunc(m.faces, func(f *Face) bool { return f.covers(p) })]
}

// stripPrefix takes the public URL's path off, where it stands unescaped.
func (m *Mux) stripPrefix(r *http.Request) *http.Request {
	escaped, ok := strings.CutPrefix(r.URL.EscapedPath(), m.prefix)
	if m.prefix == "" || !ok || escaped != "" && escaped[0] != '/' {
		return r
	}
	plain, err := url.PathUnescape(escaped)
	if err != nil {
		return r
	}
	stripped := new(http.Request)
	*stripped = *r
	u := *r.URL
	u.Path, u.RawPath = cmp.Or(plain, "/"), cmp.Or(escaped, "/")
	stripped.URL = &u
	return stripped
}

// isClean reports whether ServeMux would take the path as it is, without a redirect.
func isClean(p string) bool {
	if !strings.HasPrefix(p, "/") {
		return false
	}
	clean := path.Clean(p)
	return p == clean || clean != "/" && p == clean+"/"
}
