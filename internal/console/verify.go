package console

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"

	"drawbridge/internal/web"
	"drawbridge/provisioning"
)

const verifyPath = "/auth/verify"

// anyBody: some proxies announce the application's body without sending it. It is never read, so it is never too large.
const anyBody = math.MaxInt64

// maxCommunities is how long X-Auth-Communities may be, in bytes: servers take headers of 8 kB together.
const maxCommunities = 4096

// errNoMembership: a session, but no role anywhere (rule 6).
var errNoMembership = errors.New("no membership")

// verify tells a reverse proxy who is in front of it and what they hold.
func (h *Handler) verify(w http.ResponseWriter, r *http.Request) error {
	v, err := h.viewer(r)
	if err != nil {
		return err
	}
	held, err := h.service.Overview(r.Context(), v)
	if err != nil {
		return err
	}
	if len(held.Communities) == 0 {
		return errNoMembership
	}
	writeIdentity(w.Header(), v, held)
	web.EventOf(r.Context()).Quiet = true // one for every request of the application
	writeText(w, http.StatusOK, "ok")
	return nil
}

func writeIdentity(header http.Header, v provisioning.Viewer, held provisioning.Overview) {
	communities, whole := communitiesHeader(held.Communities)
	for _, f := range [...]struct{ name, value string }{
		{"X-Auth-User", string(v.User.ID)},
		{"X-Auth-Email", held.ProvedEmail},
		{"X-Auth-Workspace", v.Workspace.Slug},
		{"X-Auth-Communities", communities},
		{"X-Auth-Session", string(v.Session.ID)},
	} {
		if isHeaderText(f.value) {
			header.Set(f.name, f.value)
		}
	}
	if !whole {
		header.Set("X-Auth-Communities-Truncated", "true")
	}
}

// isHeaderText reports whether a value means the same to every program that reads headers: printable ASCII without
// spaces. Anything else is left out rather than encoded, because the reader could not tell.
func isHeaderText(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f })
}

// communitiesHeader is the value of X-Auth-Communities, `SLUG=role+role,…` in the order of the slugs, and whether all
// of it found room. It is cut between two communities, never within one.
func communitiesHeader(held []provisioning.CommunityRoles) (value string, whole bool) {
	entries := make([]string, 0, len(held))
	for _, in := range held {
		if entry := communityEntry(in); isHeaderText(entry) {
			entries = append(entries, entry)
		}
	}
	slices.Sort(entries)
	length := 0
	for i, entry := range entries {
		if length += len(entry); length > maxCommunities {
			return strings.Join(entries[:i], ","), false
		}
		length++ // the comma before the next
	}
	return strings.Join(entries, ","), true
}

func communityEntry(in provisioning.CommunityRoles) string {
	slugs := make([]string, 0, len(in.Roles))
	for _, role := range in.Roles {
		slugs = append(slugs, role.Slug)
	}
	slices.Sort(slugs)
	return in.Community.Slug + "=" + strings.Join(slices.Compact(slugs), "+")
}

// answerText is the Answer of programs that look at nothing but the status.
func answerText(w http.ResponseWriter, r *http.Request, err error) {
	e := web.EventOf(r.Context())
	status := web.Status(err)
	switch {
	case errors.Is(err, provisioning.ErrUnauthenticated):
		status = http.StatusUnauthorized
		e.Fail("no_session", nil)
	case errors.Is(err, errNoMembership):
		status = http.StatusForbidden
		e.Fail("no_membership", nil)
	case errors.Is(err, provisioning.ErrUnavailable):
		status = http.StatusServiceUnavailable
		e.Fail("unavailable", err)
	case status >= http.StatusInternalServerError:
		e.Fail("fault", err)
	default:
		e.Fail("refused", nil)
	}
	writeText(w, status, strings.ToLower(http.StatusText(status)))
}

func writeText(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = fmt.Fprintln(w, text) // a client that went away needs no answer
}
