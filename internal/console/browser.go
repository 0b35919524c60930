package console

import (
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"time"

	"drawbridge/internal/web"
	"drawbridge/provisioning"
)

// knownLifetime is how long a browser is asked to remember that somebody signed in here; what it remembers ends sooner.
const knownLifetime = 90 * 24 * time.Hour

// browserOf is who asks: from where, in which request, and with what was given to that browser before.
func (h *Handler) browserOf(r *http.Request) provisioning.Browser {
	parent, _ := h.cookies.Read(r, web.AccountCookie)
	known, _ := h.cookies.Read(r, web.KnownCookie)
	return provisioning.Browser{
		Address: web.ClientOf(r.Context()).Addr.String(), UserAgent: r.UserAgent(), RequestID: web.RequestIDOf(r.Context()),
		Parent: parent, Known: known,
	}
}

// viewer returns whose session the request carries, or an error of kind ErrUnauthenticated.
func (h *Handler) viewer(r *http.Request) (provisioning.Viewer, error) {
	cookie, ok := h.cookies.Read(r, web.SessionCookie)
	if !ok {
		return provisioning.Viewer{}, provisioning.ErrUnauthenticated
	}
	v, err := h.service.Authenticate(r.Context(), cookie)
	v.Browser = h.browserOf(r)
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

// visit is a request of somebody with a good parent sign-in, who may have a session beside it.
type visit struct {
	w       http.ResponseWriter
	r       *http.Request
	parent  provisioning.Parent
	browser provisioning.Browser
}

// visitHandler answers a visit.
type visitHandler func(v visit) error

// withParent sends whoever has no parent sign-in to /login. A second factor that is missing is asked for first.
func (h *Handler) withParent(next visitHandler) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := readForm(r); err != nil {
			return err
		}
		v, err := h.visitOf(w, r)
		if err == nil {
			err = next(v)
		}
		return h.toProof(w, err, "/login", h.returnTo(r))
	}
}

// withAccount is withParent for what changes an account. A newer proof that is missing is asked for first, and leads
// back here. The session of somebody else on the same browser is no place to do it from.
func (h *Handler) withAccount(next visitHandler) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := readForm(r); err != nil {
			return err
		}
		v, err := h.visitOf(w, r)
		if err == nil && v.parent.FactorNeeded {
			err = errFactor
		}
		if err == nil {
			err = h.sessionIsOf(v)
		}
		if err == nil {
			err = next(v)
		}
		return h.toProof(w, err, "/login/password", h.here(r))
	}
}

// What the domain would say, said before somebody fills a form in for nothing.
var (
	errFactor   = &provisioning.Error{Kind: provisioning.ErrProve, Code: "second_factor"}
	errNotFresh = &provisioning.Error{Kind: provisioning.ErrProve, Code: "fresh_sign_in"}
)

// fresh is withAccount for what needs a proof that is not old.
func (h *Handler) fresh(next visitHandler) visitHandler {
	return func(v visit) error {
		if h.now().Sub(v.parent.SignIn.ProvedAt) > provisioning.FreshSignIn {
			return errNotFresh
		}
		return next(v)
	}
}

func (h *Handler) visitOf(w http.ResponseWriter, r *http.Request) (visit, error) {
	b := h.browserOf(r)
	p, err := h.service.ParentOf(r.Context(), b.Parent)
	return visit{w: w, r: r, parent: p, browser: b}, err
}

// sessionIsOf refuses a browser whose session came of another sign-in.
func (h *Handler) sessionIsOf(v visit) error {
	viewer, err := h.viewer(v.r)
	switch {
	case errors.Is(err, provisioning.ErrUnauthenticated):
		return nil
	case err == nil && viewer.Session.Parent != v.parent.SignIn.ID:
		return provisioning.ErrUnauthenticated
	}
	return err
}

// toProof leads an error that says what has to be proved first to the page for that.
func (h *Handler) toProof(w http.ResponseWriter, err error, strangers, back string) error {
	switch {
	case errors.Is(err, provisioning.ErrUnauthenticated):
		return web.SeeOther(w, h.withReturn(strangers, back))
	case provisioning.Code(err) == "fresh_sign_in":
		return web.SeeOther(w, h.withReturn("/account/confirm", back))
	case provisioning.Code(err) == "second_factor":
		return web.SeeOther(w, h.withReturn("/login/factor", back))
	case errors.Is(err, provisioning.ErrNotFound):
		return web.ErrNoRoute
	}
	return err
}

// begin keeps a parent sign-in that was just made. A session that the browser has of an earlier one ends: it may be
// somebody else's.
func (h *Handler) begin(w http.ResponseWriter, r *http.Request, p provisioning.Parent) error {
	old, err := h.viewer(r)
	if err == nil && old.Session.Parent != p.SignIn.ID {
		err = h.service.SignOut(r.Context(), old)
		h.cookies.Clear(w, web.SessionCookie)
	}
	if err != nil && !errors.Is(err, provisioning.ErrUnauthenticated) {
		return err
	}
	h.keep(w, p)
	return nil
}

// keep gives the browser the secret of a parent sign-in. Each proof makes a new one.
func (h *Handler) keep(w http.ResponseWriter, p provisioning.Parent) {
	if p.Secret != "" {
		h.cookies.Set(w, web.AccountCookie, p.Secret, h.until(p.SignIn.ExpiresAt))
	}
	if p.Known != "" {
		h.cookies.Set(w, web.KnownCookie, p.Known, knownLifetime)
	}
}

// keepSession gives the browser its session. Signing in undoes that somebody signed out on purpose (rule 20).
func (h *Handler) keepSession(w http.ResponseWriter, in provisioning.SignedIn) {
	h.cookies.Set(w, web.SessionCookie, in.Secret, h.until(in.Session.ExpiresAt))
	h.cookies.Clear(w, web.SignedOutCookie)
}

// until is how long a cookie has to live, which is never for ever.
func (h *Handler) until(end time.Time) time.Duration { return max(end.Sub(h.now()), time.Second) }

// readForm reads query and body. What cannot be read of them is not there.
func readForm(r *http.Request) error {
	var tooLarge *http.MaxBytesError
	if err := r.ParseForm(); errors.As(err, &tooLarge) {
		return err
	}
	return nil
}

// returnTo is where somebody wants to be led in the end: a path of ours, the start page where nothing is said.
func (h *Handler) returnTo(r *http.Request) string {
	_ = readForm(r) // who reads a body did so before
	return web.SafeReturn(r.Form.Get("return_to"), h.public)
}

// here is the present page, to come back to.
func (h *Handler) here(r *http.Request) string {
	carried := url.Values{}
	for _, name := range []string{"workspace", "return_to"} {
		if value := r.Form.Get(name); value != "" {
			carried.Set(name, value)
		}
	}
	target := url.URL{Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: carried.Encode()}
	return web.SafeReturn(h.pages.Path(target.String()), h.public)
}

func (h *Handler) isHome(returnTo string) bool { return returnTo == web.SafeReturn("", h.public) }

// withReturn is a path of ours that knows where to lead in the end.
func (h *Handler) withReturn(path, returnTo string) string {
	return h.withQuery(path, h.carry(returnTo))
}

func (h *Handler) withQuery(path string, query url.Values) string {
	if len(query) == 0 {
		return h.pages.Path(path)
	}
	return h.pages.Path(path) + "?" + query.Encode()
}

// carry is where to lead in the end as a query or form says it.
func (h *Handler) carry(returnTo string) url.Values {
	if h.isHome(returnTo) {
		return url.Values{}
	}
	return url.Values{"return_to": {returnTo}}
}

// hidden are the fields of a form that carry values on.
func hidden(values url.Values) []web.HiddenField {
	var fields []web.HiddenField
	for _, name := range slices.Sorted(maps.Keys(values)) {
		fields = append(fields, web.HiddenField{Name: name, Value: values.Get(name)})
	}
	return fields
}
