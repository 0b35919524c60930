package oktasim

import (
	"crypto/rand"
	"sync"
	"time"
)

const (
	codeLifetime    = 60 * time.Second
	tokenLifetime   = time.Hour
	browserLifetime = 2 * time.Hour
)

// grant is what an authorization code stands for.
type grant struct {
	personID      string
	redirectURI   string
	nonce         string
	challenge     string // PKCE S256, empty: none
	scopes        []string
	authenticated time.Time
	expires       time.Time
	accessToken   string // set once redeemed, so that a second use can revoke it
}

// access is what an access token opens.
type access struct {
	personID string
	scopes   []string
	expires  time.Time
}

// browser is the provider's own session.
type browser struct {
	personID      string
	authenticated time.Time
}

// vault holds codes, access tokens and browser sessions, each under a random key, and drops what expired.
type vault struct {
	now      func() time.Time
	mu       sync.Mutex
	grants   map[string]grant
	tokens   map[string]access
	browsers map[string]browser
}

func newVault(now func() time.Time) *vault {
	return &vault{now: now, grants: map[string]grant{}, tokens: map[string]access{}, browsers: map[string]browser{}}
}

func (v *vault) addGrant(g grant) (code string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.sweep()
	code = rand.Text()
	g.expires = v.now().Add(codeLifetime)
	v.grants[code] = g
	return code
}

// redeem exchanges a code for an access token if fits accepts what the code stands for. A code dies at its first
// presentation, and a second one revokes what the first gave (RFC 6749 section 4.1.2).
func (v *vault) redeem(code string, fits func(grant) bool) (grant, string, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.sweep()
	g, ok := v.grants[code]
	if !ok {
		return grant{}, "", false
	}
	if g.accessToken != "" {
		delete(v.tokens, g.accessToken)
		return grant{}, "", false
	}
	if !fits(g) {
		delete(v.grants, code)
		return grant{}, "", false
	}
	g.accessToken = rand.Text()
	g.expires = v.now().Add(tokenLifetime)
	v.grants[code] = g
	v.tokens[g.accessToken] = access{personID: g.personID, scopes: g.scopes, expires: g.expires}
	return g, g.accessToken, true
}

func (v *vault) access(token string) (access, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.sweep()
	a, ok := v.tokens[token]
	return a, ok
}

func (v *vault) addBrowser(personID string) (id string, b browser) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.sweep()
	id, b = rand.Text(), browser{personID: personID, authenticated: v.now()}
	v.browsers[id] = b
	return id, b
}

func (v *vault) browser(id string) (browser, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.sweep()
	b, ok := v.browsers[id]
	return b, ok
}

func (v *vault) forgetBrowser(id string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.browsers, id)
}

// forgetPerson ends whatever somebody has open here.
func (v *vault) forgetPerson(personID string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	deleteWhere(v.grants, func(g grant) bool { return g.personID == personID })
	deleteWhere(v.tokens, func(a access) bool { return a.personID == personID })
	deleteWhere(v.browsers, func(b browser) bool { return b.personID == personID })
}

func (v *vault) sweep() {
	now := v.now()
	deleteWhere(v.grants, func(g grant) bool { return !now.Before(g.expires) })
	deleteWhere(v.tokens, func(a access) bool { return !now.Before(a.expires) })
	deleteWhere(v.browsers, func(b browser) bool { return !now.Before(b.authenticated.Add(browserLifetime)) })
}

func deleteWhere[V any](m map[string]V, gone func(V) bool) {
	for k, v := range m {
		if gone(v) {
			delete(m, k)
		}
	}
}
