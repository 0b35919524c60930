package web

import (
	"net/http"
	"net/url"
	"time"
)

// Base names of the bridge's cookies. What a browser sees may carry a prefix: see [Cookies.Name].
const (
	SessionCookie    = "drawbridge_session"
	SignInCookie     = "drawbridge_signin"
	SignedOutCookie  = "drawbridge_signed_out" // somebody signed out here on purpose, not long ago (rule 20)
	AccountCookie    = "drawbridge_account"    // a parent sign-in, from which sessions are entered
	KnownCookie      = "drawbridge_known"      // somebody signed in here with their password before
	InvitationCookie = "drawbridge_invitation" // the ticket of the invitation that was opened here
	ResetCookie      = "drawbridge_reset"      // the ticket of a link for a new password
	EmailCookie      = "drawbridge_email"      // the ticket of a link about a new address
	SetupCookie      = "drawbridge_setup"      // the ticket of the link of the first start
)

// Cookies sets and reads the bridge's cookies: HttpOnly, SameSite=Lax, Path=/, and bound to this host by the prefix
// __Host- (RFC 6265bis section 4.1.3) wherever that is possible.
type Cookies struct {
	Secure bool   // the public URL is https
	Domain string // shares the session cookie, and no other, with sibling hosts; "" for this host alone
}

// NewCookies makes the cookies of an installation with this public URL and cookie domain.
func NewCookies(public *url.URL, domain string) Cookies {
	return Cookies{Secure: public.Scheme == "https", Domain: domain}
}

// Name is the name under which a browser knows a cookie: __Host- on https, __Secure- where the cookie is shared with
// sibling hosts, bare on plain http, where browsers refuse both prefixes.
func (c Cookies) Name(base string) string {
	switch {
	case !c.Secure:
		return base
	case c.domainOf(base) != "":
		return "__Secure-" + base
	default:
		return "__Host-" + base
	}
}

// Set sends a cookie that lives for maxAge, in whole seconds; 0 means until the browser closes.
func (c Cookies) Set(w http.ResponseWriter, base, value string, maxAge time.Duration) {
	c.send(w, base, value, int(maxAge/time.Second))
}

// Read returns the value of a cookie. A cookie that came twice is refused whole: one of the two was planted by another
// host or path, and nothing tells which.
func (c Cookies) Read(r *http.Request, base string) (string, bool) {
	found := r.CookiesNamed(c.Name(base))
	if len(found) != 1 || found[0].Value == "" {
		return "", false
	}
	return found[0].Value, true
}

// Clear makes the browser forget a cookie.
func (c Cookies) Clear(w http.ResponseWriter, base string) {
	c.send(w, base, "", -1)
}

func (c Cookies) send(w http.ResponseWriter, base, value string, maxAge int) {
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // Secure wherever the public URL is https
		Name:     c.Name(base),
		Value:    value,
		Path:     "/",
		Domain:   c.domainOf(base),
		MaxAge:   maxAge,
		Secure:   c.Secure,
		HttpOnly: true,
		SameSite: http.SameSiteLaxMode,
	})
}

// domainOf keeps every cookie but the session's on this host: no application beside the bridge has any business with
// how somebody signs in.
func (c Cookies) domainOf(base string) string {
	if base == SessionCookie {
		return c.Domain
	}
	return ""
}
