package apptest_test

import (
	"testing"
	"time"

	"drawbridge/internal/apptest"
	"drawbridge/internal/chromium"
)

// What recovery codes and keys for authenticators look like.
const (
	recoveryCode     = `\b(?:[0-9a-hjkmnp-tv-z]{5}-){4}[0-9a-hjkmnp-tv-z]{5}\b`
	authenticatorKey = `\b[A-Z2-7]{32}\b`
)

// embedded is the engine of the flows that the database makes no difference to.
func embedded() apptest.Engine { return apptest.Engines()[0] }

// startHouse is a site for browsers: its public URL has a name, for passkeys' sake.
func startHouse(t testing.TB, e apptest.Engine) *site {
	t.Helper()
	return newSite(t, options{Localhost: true}.start(t, e), "acme")
}

// enterAs signs somebody in by their password, from the first page on.
func (s *site) enterAs(p *chromium.Page, email string) {
	p.Visit(s.URL + "/login")
	p.Fill("E-mail address", email)
	p.Press("Use a password")
	p.WantPath("/login/password")
	p.Fill("Password", goodPassword)
	p.Press("Sign in")
}

// accepts opens the link of a new invitation and accepts it.
func (s *site) accepts(t testing.TB, p *chromium.Page, email, name string) {
	t.Helper()
	p.Visit(s.invitationLink(s.invite(t, email).Link))
	p.WantPage("/invitation", 200, "You are invited to "+s.ws.Name, email)
	p.Fill("Your name", name)
	p.Fill("New password", goodPassword)
	p.Press("Accept the invitation")
	p.WantPage("/", 200, name, "Guest")
}

// setUpApp sets an authenticator up on the page that asks for it, and returns its secret. It ends where the recovery
// codes are shown.
func setUpApp(t testing.TB, p *chromium.Page) (secret string) {
	t.Helper()
	p.WantPath("/account/authenticator")
	secret = p.Find(authenticatorKey)[0]
	p.Fill("Code from the app", totp(t, secret, time.Now()))
	p.Press("Set it up")
	p.WantText("Keep these recovery codes")
	return secret
}

// nextCode is a code that was not used to set the authenticator up a moment ago.
func nextCode(t testing.TB, secret string) string {
	t.Helper()
	return totp(t, secret, time.Now().Add(30*time.Second))
}
