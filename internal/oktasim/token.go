package oktasim

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// discovery is the metadata of an org authorization server. It promises neither an `iss` in the callback nor any
// back-channel logout, for Okta has neither.
func (o *Organisation) discovery(w http.ResponseWriter, _ *http.Request) {
	endpoint := func(name string) string { return o.Issuer() + "/oauth2/v1/" + name }
	writeJSON(w, http.StatusOK, map[string]any{
		"issuer":                                o.Issuer(),
		"authorization_endpoint":                endpoint("authorize"),
		"token_endpoint":                        endpoint("token"),
		"userinfo_endpoint":                     endpoint("userinfo"),
		"jwks_uri":                              endpoint("keys"),
		"end_session_endpoint":                  endpoint("logout"),
		"response_types_supported":              []string{"code"},
		"response_modes_supported":              []string{"query"},
		"grant_types_supported":                 []string{"authorization_code"},
		"subject_types_supported":               []string{"public"},
		"id_token_signing_alg_values_supported": []string{"RS256"},
		"scopes_supported":                      []string{"openid", "email", "profile"},
		"token_endpoint_auth_methods_supported": []string{"client_secret_basic", "client_secret_post"},
		"code_challenge_methods_supported":      []string{"S256"},
		"request_parameter_supported":           false,
		"claims_supported": []string{
			"iss", "ver", "sub", "aud", "iat", "exp", "jti", "auth_time", "amr", "idp", "nonce", "at_hash", "name",
			"given_name", "family_name", "preferred_username", "email", "email_verified", "locale",
		},
	})
}

func (o *Organisation) publishKeys(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, o.keys.published())
}

// token exchanges a code (RFC 6749 section 4.1.3) for an ID token and an opaque access token.
func (o *Organisation) token(w http.ResponseWriter, r *http.Request) {
	if !o.clientAuthenticated(r) {
		writeOAuthError(w, http.StatusUnauthorized, oauthError{"invalid_client", "The client secret supplied for a confidential client is invalid."})
		return
	}
	if r.PostForm.Get("grant_type") != "authorization_code" {
		writeOAuthError(w, http.StatusBadRequest, oauthError{"unsupported_grant_type", "The authorization grant type is not supported by the authorization server."})
		return
	}
	g, accessToken, ok := o.vault.redeem(r.PostForm.Get("code"), func(g grant) bool {
		return g.redirectURI == r.PostForm.Get("redirect_uri") && verifierFits(g.challenge, r.PostForm.Get("code_verifier"))
	})
	p, known := o.Person(g.personID)
	if !ok || !known || p.Status != Active {
		writeOAuthError(w, http.StatusBadRequest, oauthError{"invalid_grant", "The authorization code is invalid or has expired."})
		return
	}
	idToken, err := o.keys.sign(o.idClaims(p, g, accessToken))
	if err != nil {
		writeOAuthError(w, http.StatusInternalServerError, oauthError{"server_error", "The ID token could not be signed."})
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"token_type": "Bearer", "expires_in": int(tokenLifetime / time.Second), "access_token": accessToken,
		"scope": strings.Join(g.scopes, " "), "id_token": idToken,
	})
}

// clientAuthenticated accepts the secret in the header or in the body, never in both (RFC 6749 section 2.3).
func (o *Organisation) clientAuthenticated(r *http.Request) bool {
	id, secret := r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	if user, password, ok := r.BasicAuth(); ok {
		if secret != "" {
			return false
		}
		id, secret = formDecoded(user), formDecoded(password)
	}
	rightID := subtle.ConstantTimeCompare([]byte(id), []byte(o.cfg.ClientID))
	rightSecret := subtle.ConstantTimeCompare([]byte(secret), []byte(o.cfg.ClientSecret))
	return rightID&rightSecret == 1
}

// formDecoded undoes the form encoding that RFC 6749 section 2.3.1 asks of both halves of the header.
func formDecoded(s string) string {
	if decoded, err := url.QueryUnescape(s); err == nil {
		return decoded
	}
	return s
}

// verifierFits also refuses a verifier for a code that was asked for without a challenge (RFC 9700 section 2.1.1).
func verifierFits(challenge, verifier string) bool {
	if challenge == "" || verifier == "" {
		return challenge == verifier
	}
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:]) == challenge
}

func (o *Organisation) idClaims(p Person, g grant, accessToken string) map[string]any {
	now := o.now()
	claims := map[string]any{
		"ver": 1, "iss": o.Issuer(), "aud": o.cfg.ClientID, "iat": now.Unix(), "exp": now.Add(tokenLifetime).Unix(),
		"jti": "ID." + rand.Text(), "amr": []string{"pwd"}, "idp": stableID("00o", o.Issuer(), 0),
		"auth_time": g.authenticated.Unix(), "at_hash": halfHash(accessToken), "sub": p.ID,
	}
	if g.nonce != "" {
		claims["nonce"] = g.nonce
	}
	if slices.Contains(g.scopes, "profile") {
		claims["name"], claims["preferred_username"] = p.Name(), p.Login
	}
	if slices.Contains(g.scopes, "email") {
		claims["email"], claims["email_verified"] = p.Login, true
	}
	return claims
}

// halfHash is at_hash for RS256: the left half of SHA-256 (OpenID Connect Core section 3.1.3.6).
func halfHash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
}

func (o *Organisation) userinfo(w http.ResponseWriter, r *http.Request) {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	a, ok := o.vault.access(token)
	p, known := o.Person(a.personID)
	if !ok || !known || p.Status != Active {
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token", error_description="The access token is invalid"`)
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	claims := map[string]any{"sub": p.ID}
	if slices.Contains(a.scopes, "profile") {
		claims["name"], claims["given_name"], claims["family_name"] = p.Name(), p.FirstName, p.LastName
		claims["preferred_username"], claims["locale"] = p.Login, "en-US"
	}
	if slices.Contains(a.scopes, "email") {
		claims["email"], claims["email_verified"] = p.Login, true
	}
	writeJSON(w, http.StatusOK, claims)
}

func writeOAuthError(w http.ResponseWriter, status int, e oauthError) {
	writeJSON(w, status, map[string]string{"error": e.code, "error_description": e.description})
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	payload, err := json.Marshal(body)
	if err != nil {
		http.Error(w, "the answer could not be written", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-cache, no-store")
	w.WriteHeader(status)
	_, _ = w.Write(payload) // a client that went away cannot be told
}
