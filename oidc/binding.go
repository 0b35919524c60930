package oidc

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"

	"drawbridge/internal/web"
	"drawbridge/provisioning"
)

// secretBytes is the length of the secret that binds sign-ins to a browser.
const secretBytes = 32

// What is derived from a browser's secret.
const (
	purposeNonce    = "drawbridge sign-in nonce"
	purposeVerifier = "drawbridge sign-in code verifier"
)

// derive makes a value for one sign-in that only this browser's cookie yields:
// 43 characters, which is what PKCE asks of a verifier (RFC 7636 section 4.1).
func derive(browserSecret, purpose string, id provisioning.SignInID) string {
	mac := hmac.New(sha256.New, []byte(browserSecret))
	mac.Write([]byte(purpose + "\x00" + string(id)))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// browserSecret is the secret in the browser's cookie, "" where there is none
// that we made.
func (h *Handler) browserSecret(r *http.Request) string {
	text, ok := h.cookies.Read(r, web.SignInCookie)
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if !ok || err != nil || len(raw) != secretBytes {
		return ""
	}
	return text
}

// bindBrowser gives the browser a secret, or the one that it has once more, so
// that a sign-in in another tab goes on.
func (h *Handler) bindBrowser(w http.ResponseWriter, r *http.Request) string {
	secret := h.browserSecret(r)
	if secret == "" {
		raw := make([]byte, secretBytes)
		_, _ = rand.Read(raw) // never fails since Go 1.24
		secret = base64.RawURLEncoding.EncodeToString(raw)
	}
	h.cookies.Set(w, web.SignInCookie, secret, provisioning.SignInLifetime)
	return secret
}
