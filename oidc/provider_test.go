package oidc_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc/oidctest"
	"github.com/go-jose/go-jose/v4"
)

const (
	issuer       = "https://acme.okta.example"
	clientID     = "bridge"
	clientSecret = "s3cret:with/signs"
)

// Two keys are enough for all tests, and making one takes long.
var (
	firstKey  = sync.OnceValue(func() *rsa.PrivateKey { return newRSA(2048) })
	secondKey = sync.OnceValue(func() *rsa.PrivateKey { return newRSA(2048) })
)

func newRSA(bits int) *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		panic(err)
	}
	return key
}

func newEC(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// provider is an OpenID provider that says whatever a test wants. It lives in
// the test's process: its client reaches it without any network.
type provider struct {
	mu        sync.Mutex
	discovery map[string]any
	keys      []jose.JSONWebKey
	codes     map[string]authorization
	tokens    map[string]any // of the token endpoint's answer, beside what a code yields
	userInfo  map[string]any // nil: 403
	status    map[string]int // by path: answered instead
	fetches   map[string]int // by path
}

// authorization is what the browser brought to the authorization endpoint.
type authorization struct {
	query url.Values
	token func() string // the ID token to give out
}

func newProvider() *provider {
	return &provider{
		discovery: map[string]any{
			"issuer": issuer, "authorization_endpoint": issuer + "/authorize", "token_endpoint": issuer + "/token",
			"userinfo_endpoint": issuer + "/userinfo", "jwks_uri": issuer + "/keys", "response_types_supported": []string{"code"},
			"id_token_signing_alg_values_supported": []string{"RS256", "HS256", "none"},
		},
		keys:  []jose.JSONWebKey{publicKey("k1", firstKey().Public())},
		codes: map[string]authorization{}, status: map[string]int{}, fetches: map[string]int{},
	}
}

func publicKey(id string, key any) jose.JSONWebKey {
	return jose.JSONWebKey{KeyID: id, Key: key, Use: "sig"}
}

// client reaches the provider, and nothing else.
func (p *provider) client() *http.Client { return &http.Client{Transport: inProcess{p}} }

type inProcess struct{ handler http.Handler }

func (i inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	w := httptest.NewRecorder()
	i.handler.ServeHTTP(w, r)
	answer := w.Result()
	answer.Request = r
	return answer, nil
}

func (p *provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fetches[r.URL.Path]++
	if status := p.status[r.URL.Path]; status != 0 {
		w.WriteHeader(status)
		return
	}
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		writeJSON(w, http.StatusOK, p.discovery)
	case "/keys":
		writeJSON(w, http.StatusOK, jose.JSONWebKeySet{Keys: p.keys})
	case "/token":
		p.serveToken(w, r)
	case "/userinfo":
		p.serveUserInfo(w, r)
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value)
}

// serveToken checks the client, the code and PKCE as a real provider does.
func (p *provider) serveToken(w http.ResponseWriter, r *http.Request) {
	id, given, _ := r.BasicAuth()
	given, _ = url.QueryUnescape(given)
	code := r.PostFormValue("code")
	a, known := p.codes[code]
	delete(p.codes, code)
	challenge := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	switch {
	case id != clientID || given != clientSecret:
		writeJSON(w, http.StatusUnauthorized, map[string]any{"error": "invalid_client"})
	case !known,
		a.query.Get("redirect_uri") != r.PostFormValue("redirect_uri"),
		a.query.Get("code_challenge") != base64.RawURLEncoding.EncodeToString(challenge[:]):
		writeJSON(w, http.StatusBadRequest, map[string]any{"error": "invalid_grant", "error_description": "private words"})
	default:
		answer := map[string]any{"access_token": "at-1", "token_type": "Bearer", "id_token": a.token()}
		maps.Copy(answer, p.tokens)
		writeJSON(w, http.StatusOK, answer)
	}
}

func (p *provider) serveUserInfo(w http.ResponseWriter, r *http.Request) {
	if p.userInfo == nil || r.Header.Get("Authorization") != "Bearer at-1" {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	writeJSON(w, http.StatusOK, p.userInfo)
}

// count is how often a path was asked for.
func (p *provider) count(path string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.fetches[path]
}

// change changes the provider between two of its answers.
func (p *provider) change(fn func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fn()
}

// authorize is the browser's visit at the authorization endpoint; token makes
// the ID token that the code will yield.
func (p *provider) authorize(t *testing.T, target *url.URL, token func(query url.Values) string) (code, state string) {
	t.Helper()
	query := target.Query()
	if got := target.Scheme + "://" + target.Host + target.Path; got != issuer+"/authorize" {
		t.Fatalf("the browser was sent to %s", target)
	}
	for name, want := range map[string]string{"client_id": clientID, "response_type": "code", "scope": "openid profile email", "code_challenge_method": "S256"} {
		if query.Get(name) != want {
			t.Errorf("authorization request: %s is %q, want %q", name, query.Get(name), want)
		}
	}
	code = rand.Text()
	p.change(func() { p.codes[code] = authorization{query, func() string { return token(query) }} })
	return code, query.Get("state")
}

// claimsFor are the claims of a sound ID token.
func claimsFor(query url.Values) map[string]any {
	now := time.Now()
	return map[string]any{
		"iss": issuer, "sub": "00uada", "aud": clientID, "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(), "auth_time": now.Unix(),
		"nonce": query.Get("nonce"), "email": "ada@acme.example", "name": "Ada Lovelace", "given_name": "Ada", "family_name": "Lovelace",
		"preferred_username": "ada@acme.example", "locale": "en",
	}
}

func sign(claims map[string]any) string {
	return oidctest.SignIDToken(firstKey(), "k1", "RS256", encode(claims))
}

func encode(claims map[string]any) string {
	text, err := json.Marshal(claims)
	if err != nil {
		panic(err)
	}
	return string(text)
}
