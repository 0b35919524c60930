package apptest_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/url"
	"testing"
	"time"

	"drawbridge/internal/apptest"
	"drawbridge/internal/web"
	"drawbridge/provisioning"
)

// goodPassword is one that every rule lets through.
const goodPassword = "seven quiet herons at dusk"

// invite invites somebody as a guest. No mail goes out, so the result has the link.
func (s *site) invite(t testing.TB, email string) provisioning.InviteResult {
	t.Helper()
	result, err := s.Service.Invite(t.Context(), operator, s.ws.ID, s.asRole(t, provisioning.RoleGuest), email)
	if err != nil || result.Outcome == provisioning.InviteRefused {
		t.Fatalf("inviting %s: %+v, %v", email, result, err)
	}
	return result
}

// asRole is an invitation to a built-in role in the whole workspace.
func (s *site) asRole(t testing.TB, slug string) provisioning.InviteRequest {
	t.Helper()
	role, err := s.Service.FindRole(t.Context(), s.ws.ID, slug)
	if err != nil {
		t.Fatal(err)
	}
	root, err := s.Service.FindCommunity(t.Context(), s.ws.ID, s.ws.Slug)
	if err != nil {
		t.Fatal(err)
	}
	return provisioning.InviteRequest{Roles: []provisioning.RoleIn{{Community: root.ID, Role: role.ID}}}
}

// invitationLink is the address of a link's text.
func (s *site) invitationLink(text string) string {
	return s.URL + "/invitation?token=" + url.QueryEscape(text)
}

// accept sends the form of an invitation that the browser has open.
func accept(b *apptest.Browser, p apptest.Page, name string) apptest.Page {
	return b.Submit(p, "/invitation", url.Values{"name": {name}, "new_password": {goodPassword}})
}

// join invites somebody, who accepts by a password, and returns their browser.
func (s *site) join(t testing.TB, email string) *apptest.Browser {
	t.Helper()
	b := apptest.NewBrowser(t)
	p := accept(b, b.Open(s.invitationLink(s.invite(t, email).Link)), "Ada Lovelace")
	wantPage(t, p, 200, "Ada Lovelace")
	return b
}

// signInWith sends address and password.
func (s *site) signInWith(b *apptest.Browser, email, password string) apptest.Page {
	p := b.Open(s.URL + "/login/password")
	return b.Submit(p, "/login/password", url.Values{"email": {email}, "password": {password}})
}

// account is the text by which a browser is signed in with an account, "" for none.
func (s *site) account(b *apptest.Browser) string { return b.Cookie(s.URL, web.AccountCookie) }

// totp is the code of an authenticator with the secret (RFC 6238: SHA-1, six digits, 30 seconds).
func totp(t testing.TB, secret string, at time.Time) string {
	t.Helper()
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
	if err != nil {
		t.Fatalf("the secret %q is not in base 32: %v", secret, err)
	}
	var step [8]byte
	binary.BigEndian.PutUint64(step[:], uint64(at.Unix()/30))
	mac := hmac.New(sha1.New, key)
	mac.Write(step[:])
	sum := mac.Sum(nil)
	offset := sum[len(sum)-1] & 0xf
	number := binary.BigEndian.Uint32(sum[offset:]) & 0x7fffffff
	return fmt.Sprintf("%06d", number%1_000_000)
}
