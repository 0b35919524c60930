package scim

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// root is the path below which the addresses of RFC 7644 §3.2 lie.
const root = "/scim/v2/"

// action answers a request at one address by one method.
type action func(*call) (answer, error)

// route is one address, or, with ids, all addresses of one kind of item.
type route struct {
	pattern  string // for the log
	methods  map[string]action
	resource *resourceType // whose attributes can be chosen; nil: none's
	ids      bool          // the last segment is an id of ours
}

// routes are the addresses: fixed ones by path below the root, items by the
// path of their collection. Case counts, and so does every slash.
type routes struct {
	fixed map[string]*route
	items map[string]*route
}

func (h *Handler) newRoutes() routes {
	t := routes{fixed: map[string]*route{}, items: map[string]*route{}}
	t.add("Users", userType, map[string]action{http.MethodGet: h.listUsers, http.MethodPost: h.createUser})
	t.add("Users/{id}", userType, map[string]action{
		http.MethodGet: h.getUser, http.MethodPut: h.replaceUser, http.MethodPatch: h.patchUser, http.MethodDelete: h.deleteUser,
	})
	t.add("Groups", groupType, map[string]action{http.MethodGet: h.listGroups, http.MethodPost: h.createGroup})
	t.add("Groups/{id}", groupType, map[string]action{
		http.MethodGet: h.getGroup, http.MethodPut: h.replaceGroup, http.MethodPatch: h.patchGroup, http.MethodDelete: h.deleteGroup,
	})
	newDiscovery(h.base).register(&t)
	search := notImplemented("Search by POST is not supported. Use GET with a filter.")
	for _, path := range []string{".search", "Users/.search", "Groups/.search"} {
		t.add(path, nil, map[string]action{http.MethodPost: search})
	}
	t.add("Bulk", nil, map[string]action{http.MethodPost: notImplemented("Bulk requests are not supported. Send the operations one by one.")})
	me := notImplemented("A token of a directory is no person, so /Me names nobody.")
	t.add("Me", nil, map[string]action{
		http.MethodGet: me, http.MethodPost: me, http.MethodPut: me, http.MethodPatch: me, http.MethodDelete: me,
	})
	return t
}

// add registers a path below the root; "{id}" at its end stands for ids of
// ours, "{name}" for names that the action looks up.
func (t *routes) add(path string, resource *resourceType, methods map[string]action) {
	r := &route{pattern: root + path, resource: resource, methods: methods}
	if collection, ok := strings.CutSuffix(path, "/{id}"); ok {
		r.ids = true
		t.items[collection] = r
	} else if collection, ok := strings.CutSuffix(path, "/{name}"); ok {
		t.items[collection] = r
	} else {
		t.fixed[path] = r
	}
}

// find leads a URL to its route; id is the last segment of an item's path.
func (t routes) find(u *url.URL) (r *route, id string, err error) {
	segments := splitPath(u.EscapedPath())
	switch len(segments) {
	case 1:
		r = t.fixed[segments[0]]
	case 2:
		if r = t.fixed[segments[0]+"/"+segments[1]]; r == nil {
			r, id = t.items[segments[0]], segments[1]
		}
	}
	if r == nil {
		return nil, "", notFound("")
	}
	return r, id, nil
}

// splitPath returns the one or two segments of a path below the root,
// unescaped, and nil for any other. An escaped slash never makes a segment.
func splitPath(escaped string) []string {
	rest, ok := strings.CutPrefix(escaped, root)
	if !ok {
		return nil
	}
	segments := strings.SplitN(rest, "/", 3)
	for i, s := range segments {
		plain, err := url.PathUnescape(s)
		if err != nil || plain == "" || strings.ContainsAny(plain, `/\`) {
			return nil
		}
		segments[i] = plain
	}
	return segments
}

func notFound(pattern string) *Error {
	detail := "There is nothing at this address. The base URL ends in /scim/v2, and upper and lower case count."
	switch pattern {
	case root + "Users/{id}":
		detail = "There is no such user."
	case root + "Groups/{id}":
		detail = "There is no such group."
	}
	return &Error{Status: http.StatusNotFound, Detail: detail}
}

func (r *route) action(method string) (action, error) {
	if method == http.MethodHead {
		method = http.MethodGet
	}
	if act, ok := r.methods[method]; ok {
		return act, nil
	}
	return nil, &refusal{
		answer: &Error{Status: http.StatusMethodNotAllowed, Detail: "This address does not take that method. It takes " + r.allow() + "."},
		header: header("Allow", r.allow()),
	}
}

// allow lists the methods of a route, for the header Allow.
func (r *route) allow() string {
	methods := slices.Collect(maps.Keys(r.methods))
	if r.methods[http.MethodGet] != nil {
		methods = append(methods, http.MethodHead)
	}
	methods = append(methods, http.MethodOptions)
	slices.Sort(methods)
	return strings.Join(methods, ", ")
}

func notImplemented(detail string) action {
	return func(*call) (answer, error) {
		return answer{}, &Error{Status: http.StatusNotImplemented, Detail: detail}
	}
}
