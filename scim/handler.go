package scim

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"drawbridge/internal/ephemeral"
	"drawbridge/internal/web"
	"drawbridge/provisioning"
)

// Prefix is where the face is mounted.
const Prefix = "/scim/"

// DefaultMaxBody is how long a body may be, in bytes, unless said otherwise: a
// group of some 300,000 members.
const DefaultMaxBody = 32 << 20

// Service is what the face asks of the domain. Its errors are of the kinds of
// package provisioning.
type Service interface {
	Directories
	Users
	Groups
}

// Directories says who speaks.
type Directories interface {
	// AuthenticateDirectory returns the directory of a token, or
	// ErrUnauthenticated.
	AuthenticateDirectory(ctx context.Context, bearer string) (provisioning.DirectoryAccess, error)
	// AttributesDropped records, best effort, the names of attributes that are
	// not kept (rule 21).
	AttributesDropped(ctx context.Context, a provisioning.DirectoryAccess, resource string, names []string)
}

// Users are the users that a directory sees.
type Users interface {
	FindDirectoryUsers(ctx context.Context, a provisioning.DirectoryAccess, f provisioning.Filter, offset, limit int) ([]provisioning.DirectoryUser, int, error)
	GetDirectoryUser(ctx context.Context, a provisioning.DirectoryAccess, id string) (provisioning.DirectoryUser, error)
	CreateDirectoryUser(ctx context.Context, a provisioning.DirectoryAccess, w provisioning.RecordWrite) (provisioning.DirectoryUser, error)
	// ChangeDirectoryUser may run change more than once, and returns its error
	// as it is.
	ChangeDirectoryUser(ctx context.Context, a provisioning.DirectoryAccess, id string, change func(provisioning.RecordWrite) (provisioning.RecordWrite, error)) (provisioning.DirectoryUser, error)
	DeleteDirectoryUser(ctx context.Context, a provisioning.DirectoryAccess, id string) error
}

// Groups are the groups of a directory.
type Groups interface {
	FindDirectoryGroups(ctx context.Context, a provisioning.DirectoryAccess, f provisioning.Filter, offset, limit int, withMembers bool) ([]provisioning.DirectoryGroup, int, error)
	GetDirectoryGroup(ctx context.Context, a provisioning.DirectoryAccess, id string, withMembers bool) (provisioning.DirectoryGroup, error)
	CreateDirectoryGroup(ctx context.Context, a provisioning.DirectoryAccess, w provisioning.GroupWrite) (provisioning.DirectoryGroup, error)
	ReplaceDirectoryGroup(ctx context.Context, a provisioning.DirectoryAccess, id string, w provisioning.GroupWrite, withMembers bool) (provisioning.DirectoryGroup, error)
	ChangeDirectoryGroup(ctx context.Context, a provisioning.DirectoryAccess, id string, c provisioning.GroupChange, withMembers bool) (provisioning.DirectoryGroup, error)
	DeleteDirectoryGroup(ctx context.Context, a provisioning.DirectoryAccess, id string) error
}

// Options are what a [Handler] needs.
type Options struct {
	Service   Service
	Limiter   ephemeral.Limiter
	Rate      int          // requests a second, and burst, of one directory; 0: no limit
	PublicURL *url.URL     // absolute; base of every URL in answers, may carry a path
	Log       *slog.Logger // stacks of panics; all else stands in the request's own line
	MaxBody   int64        // bytes; 0: [DefaultMaxBody]
}

// Handler is the face. It answers whatever lies below [Prefix] itself, errors
// included, and redirects nobody.
type Handler struct {
	service Service
	limiter ephemeral.Limiter
	rate    int
	base    string // of all URLs in answers: …/scim/v2
	maxBody int64
	large   *largeBodies
	library *library
	routes  routes
}

// New makes a Handler. It fails if the public URL is not absolute.
func New(o Options) (*Handler, error) {
	if o.PublicURL == nil || o.PublicURL.Host == "" {
		return nil, errors.New("scim: the public URL must be absolute")
	}
	library, err := newLibrary(o.Log)
	if err != nil {
		return nil, err
	}
	h := &Handler{
		service: o.Service,
		limiter: o.Limiter,
		rate:    o.Rate,
		base:    strings.TrimSuffix(o.PublicURL.String(), "/") + strings.TrimSuffix(root, "/"),
		maxBody: cmp.Or(o.MaxBody, DefaultMaxBody),
		large:   newLargeBodies(),
		library: library,
	}
	h.routes = h.newRoutes()
	return h, nil
}

// call is a request that was let in.
type call struct {
	*http.Request
	access     provisioning.DirectoryAccess
	parameters parameters
	view       projection
	id         string // last segment of an item's path
}

// ServeHTTP answers one request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a, err := h.serve(w, r)
	if err == nil {
		err = a.write(w, r)
	}
	if err != nil {
		Answer(w, r, err)
	}
}

// serve proves who speaks before anything else is looked at: a stranger learns
// not even which addresses exist.
func (h *Handler) serve(w http.ResponseWriter, r *http.Request) (answer, error) {
	access, err := h.admit(r)
	if err != nil {
		return answer{}, err
	}
	route, id, err := h.routes.find(r.URL)
	if err != nil {
		return answer{}, err
	}
	event := web.EventOf(r.Context())
	event.Route = route.pattern
	if route.ids && !provisioning.ValidID(id) {
		return answer{}, notFound(route.pattern)
	}
	event.ResourceID = logged(route, id)
	if r.Method == http.MethodOptions {
		return answer{status: http.StatusNoContent, header: header("Allow", route.allow())}, nil
	}
	act, err := route.action(r.Method)
	if err != nil {
		return answer{}, err
	}
	c, err := h.open(w, r, route)
	if err != nil {
		return answer{}, err
	}
	c.access, c.id = access, id
	leave, err := h.large.enter(r, access.Directory.ID)
	if err != nil {
		return answer{}, err
	}
	defer leave()
	return act(c)
}

// logged keeps text that strangers chose out of the log.
func logged(r *route, id string) string {
	if r.ids {
		return id
	}
	return ""
}

// open reads what the actions have in common, and bounds the body.
func (h *Handler) open(w http.ResponseWriter, r *http.Request, route *route) (*call, error) {
	c := &call{Request: r}
	var err error
	if c.parameters, err = readParameters(r.URL.RawQuery); err != nil {
		return nil, err
	}
	if route.resource != nil {
		if c.view, err = c.parameters.projection(route.resource); err != nil {
			return nil, err
		}
	}
	if !takesBody(r.Method) {
		return c, nil
	}
	if err := checkMedia(r); err != nil {
		return nil, err
	}
	limit := h.maxBody
	if route.resource != groupType {
		limit = min(limit, maxSmallBody)
	}
	if r.ContentLength > limit {
		return nil, &http.MaxBytesError{Limit: limit}
	}
	r.Body = http.MaxBytesReader(w, r.Body, limit)
	return c, nil
}

// dropped tells the domain, once a write has succeeded, what was not kept.
func (h *Handler) dropped(c *call, resource string, names []string) {
	if len(names) > 0 {
		h.service.AttributesDropped(c.Context(), c.access, resource, names)
	}
}
