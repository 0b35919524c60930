package web

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// strictPolicy is the Content-Security-Policy of every answer that is not a page.
const strictPolicy = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

const permissionsPolicy = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"

// hstsPolicy leaves sibling hosts out: they may be somebody else's.
const hstsPolicy = "max-age=31536000"

// SecurityHeaders sets what every answer carries unless its handler knows better: nothing is cached, sniffed, framed
// or shared with other origins. https says whether the public URL is https, which adds HSTS.
func SecurityHeaders(https bool) Middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			h := w.Header()
			h.Set("Content-Security-Policy", strictPolicy)
			h.Set("X-Content-Type-Options", "nosniff")
			h.Set("Referrer-Policy", "no-referrer")
			h.Set("Cross-Origin-Opener-Policy", "same-origin")
			h.Set("Cross-Origin-Resource-Policy", "same-origin")
			h.Set("Permissions-Policy", permissionsPolicy)
			h.Set("Cache-Control", "no-store")
			if https {
				h.Set("Strict-Transport-Security", hstsPolicy)
			}
			next.ServeHTTP(w, r)
		})
	}
}

// pagePolicy is the Content-Security-Policy of a page. Its forms may lead, directly or by a redirect, to the sources in
// FormAction as well as to the bridge itself; scripts, and what they ask for, come from the bridge alone.
func pagePolicy(page Page) (string, error) {
	for _, source := range page.FormAction {
		if !isFormSource(source) {
			return "", fmt.Errorf("form action %q is neither an origin nor the whole scheme https", source)
		}
	}
	script := "script-src 'none'"
	if page.Scripted {
		script = "script-src 'self'; connect-src 'self'"
	}
	allowed := strings.Join(append([]string{"'self'"}, page.FormAction...), " ")
	return "default-src 'none'; style-src 'self'; " + script + "; img-src 'self' data:; " +
		"form-action " + allowed + "; frame-ancestors 'none'; base-uri 'none'", nil
}

func isFormSource(source string) bool {
	return source == "https:" || source != "" && source == Origin(source)
}

// Origin reduces an http or https URL to its origin, "https://idp.example:8443", as it stands in Origin headers and
// policies; "" for anything else.
func Origin(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return ""
	}
	host := strings.ToLower(u.Host)
	if strings.ContainsAny(host, " ,;'\"\\") {
		return ""
	}
	return u.Scheme + "://" + host
}
