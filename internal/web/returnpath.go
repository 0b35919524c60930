package web

import (
	"cmp"
	"net/url"
	"strings"
)

const maxReturn = 2048

// SafeReturn reduces where somebody wants to return to a path, with its query, on the public URL's own origin. Whatever
// could lead elsewhere in any browser or proxy becomes the home page: other origins, scheme-relative and relative
// URLs, backslashes, control and non-ASCII characters, dot and empty segments, escaped slashes and double escapes.
// The result is what a Location header or an href takes as it is.
func SafeReturn(target string, public *url.URL) string {
	home := cmp.Or(public.EscapedPath(), "/")
	if len(target) > maxReturn || !isPlain(target) {
		return home
	}
	u, err := url.Parse(target)
	if err != nil || !isOwn(u, public) {
		return home
	}
	p := u.EscapedPath()
	if !isLocalPath(p) {
		return home
	}
	if u.RawQuery != "" {
		return p + "?" + u.RawQuery
	}
	return p
}

// isPlain lets printable ASCII through, without the backslash, which browsers read as a slash.
func isPlain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f || c == '\\' {
			return false
		}
	}
	return true
}

// isOwn reports whether u is a bare path or an absolute URL of the public origin.
func isOwn(u, public *url.URL) bool {
	if u.User != nil || u.Opaque != "" {
		return false
	}
	if u.Scheme == "" {
		return u.Host == ""
	}
	return u.Scheme == public.Scheme && strings.EqualFold(u.Hostname(), public.Hostname()) && portOf(u) == portOf(public)
}

func portOf(u *url.URL) string {
	if u.Scheme == "https" {
		return cmp.Or(u.Port(), "443")
	}
	return cmp.Or(u.Port(), "80")
}

// isLocalPath reports whether a path means the same to everybody who reads it, decoded once or not at all.
func isLocalPath(p string) bool {
	lower := strings.ToLower(p)
	for _, trick := range []string{"%2f", "%5c", "%25", "%2e", "%0", "%1", "%7f"} {
		if strings.Contains(lower, trick) {
			return false
		}
	}
	return isClean(p)
}
