package oidc_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc/oidctest"
	"github.com/go-jose/go-jose/v4"

	"drawbridge/internal/egress"
	"drawbridge/internal/web"
	"drawbridge/oidc"
)

// signInBy brings a token of the test's making through the whole face.
func signInBy(t *testing.T, s *site, token func(claims map[string]any) string) (page string, status int) {
	t.Helper()
	b := s.browser()
	code, state := s.op.authorize(t, b.leave(t, "/sso/cn-okta"), func(query url.Values) string { return token(claimsFor(query)) })
	w := b.get("/sso/cn-okta/callback?" + url.Values{"code": {code}, "state": {state}}.Encode())
	if w.Code != http.StatusSeeOther {
		s.wantPage(t, w, w.Code, s.outcome(t))
	}
	return w.Body.String(), w.Code
}

func TestHostileClaims(t *testing.T) {
	t.Parallel()
	now := time.Now()
	at := func(d time.Duration) int64 { return now.Add(d).Unix() }
	set := func(name string, value any) func(map[string]any) {
		return func(c map[string]any) { c[name] = value }
	}
	drop := func(name string) func(map[string]any) { return func(c map[string]any) { delete(c, name) } }
	hash := sha256.Sum256([]byte("another token"))
	tests := map[string]struct {
		change  func(map[string]any)
		outcome string
	}{
		"sub missing":                 {drop("sub"), "token_sub"},
		"sub empty":                   {set("sub", ""), "token_sub"},
		"sub too long":                {set("sub", strings.Repeat("a", 256)), "token_sub"},
		"sub beyond ASCII":            {set("sub", "00uadä"), "token_sub"},
		"sub with a line break":       {set("sub", "00u\nada"), "token_sub"},
		"sub a number":                {set("sub", 7), "token_sub"},
		"iat missing":                 {drop("iat"), "token_iat"},
		"iat null":                    {set("iat", nil), "token_types"},
		"iat zero":                    {set("iat", 0), "token_iat"},
		"iat 5 minutes ahead":         {set("iat", at(5*time.Minute)), "token_clock"},
		"iat a day old":               {set("iat", at(-24*time.Hour)), "token_clock"},
		"exp missing":                 {drop("exp"), "token_exp"},
		"exp beyond all time":         {set("exp", 1e300), "token_exp"},
		"expired 2 minutes ago":       {set("exp", at(-2*time.Minute)), "token_clock"},
		"valid in 2 minutes":          {set("nbf", at(2*time.Minute)), "token_clock"},
		"nbf negative":                {set("nbf", -1), "token_nbf"},
		"nonce missing":               {drop("nonce"), "token_nonce"},
		"nonce of another":            {set("nonce", "another"), "token_nonce"},
		"iss of another provider":     {set("iss", "https://evil.example"), "token_iss"},
		"iss with a slash":            {set("iss", issuer+"/"), "token_iss"},
		"aud of another client":       {set("aud", "another"), "token_aud"},
		"aud missing":                 {drop("aud"), "token_aud"},
		"two audiences":               {set("aud", []string{clientID, "another"}), "token_aud"},
		"the same audience twice":     {set("aud", []string{clientID, clientID}), "token_aud"},
		"azp of another client":       {set("azp", "another"), "token_azp"},
		"azp a number":                {set("azp", 1), "token_azp"},
		"at_hash of another token":    {set("at_hash", base64.RawURLEncoding.EncodeToString(hash[:16])), "token_at_hash"},
		"auth_time ahead":             {set("auth_time", at(5*time.Minute)), "token_auth_time"},
		"auth_time text":              {set("auth_time", "yesterday"), "token_auth_time"},
		"session over at provider":    {set("session_expiry", at(-time.Minute)), "token_session_over"},
		"session_expiry text":         {set("session_expiry", "never"), "token_session_expiry"},
		"a logout token with a nonce": {set("events", map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}}), "token_events"},
		"a logout token": {func(c map[string]any) {
			delete(c, "nonce")
			c["events"] = map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}}
		}, "token_events"},
		"larger than 64 kB": {set("groups", strings.Repeat("g", 64<<10)), "token_size"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			_, status := signInBy(t, s, func(c map[string]any) string { tc.change(c); return sign(c) })
			if got := s.outcome(t); status != http.StatusBadRequest || got != tc.outcome {
				t.Errorf("status %d, outcome %q, want 400, %q", status, got, tc.outcome)
			}
			if len(s.service.asked()) != 0 {
				t.Error("the Service was asked about a token that proves nothing")
			}
		})
	}
}

func TestSoundTokens(t *testing.T) {
	t.Parallel()
	now := time.Now()
	hash := sha256.Sum256([]byte("at-1"))
	tests := map[string]func(map[string]any){
		"as it is":           func(map[string]any) {},
		"audience as a list": func(c map[string]any) { c["aud"] = []string{clientID} },
		"azp":                func(c map[string]any) { c["azp"] = clientID },
		"at_hash":            func(c map[string]any) { c["at_hash"] = base64.RawURLEncoding.EncodeToString(hash[:16]) },
		"expired 50 s ago":   func(c map[string]any) { c["exp"] = now.Add(-50 * time.Second).Unix() },
		"issued in 50 s":     func(c map[string]any) { c["iat"] = now.Add(50 * time.Second).Unix() },
		"back-dated by 5 minutes": func(c map[string]any) {
			c["iat"], c["nbf"] = now.Add(-5*time.Minute).Unix(), now.Add(-5*time.Minute).Unix()
		},
		"signed in there long ago": func(c map[string]any) { c["auth_time"] = now.Add(-8 * time.Hour).Unix() },
		"times as fractions":       func(c map[string]any) { c["iat"] = float64(now.Unix()) + 0.5 },
		"no kid":                   nil,
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			_, status := signInBy(t, s, func(c map[string]any) string {
				if change == nil {
					return oidctest.SignIDToken(firstKey(), "", "RS256", encode(c))
				}
				change(c)
				return sign(c)
			})
			if status != http.StatusSeeOther {
				t.Errorf("status %d, outcome %q", status, s.outcome(t))
			}
		})
	}
}

func TestAcceptedAlgorithms(t *testing.T) {
	t.Parallel()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ec := newEC(t)
	tests := map[string]struct {
		private, public any
	}{
		"RS512": {firstKey(), firstKey().Public()},
		"PS256": {firstKey(), firstKey().Public()},
		"ES256": {ec, ec.Public()},
		"EdDSA": {private, public},
	}
	for alg, tc := range tests {
		t.Run(alg, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			s.op.change(func() {
				s.op.keys = []jose.JSONWebKey{publicKey("k2", tc.public)}
				s.op.discovery["id_token_signing_alg_values_supported"] = []string{"HS256", alg}
			})
			_, status := signInBy(t, s, func(c map[string]any) string { return oidctest.SignIDToken(tc.private, "k2", alg, encode(c)) })
			if status != http.StatusSeeOther {
				t.Errorf("status %d, outcome %q", status, s.outcome(t))
			}
		})
	}
}

func TestHostileSignatures(t *testing.T) {
	t.Parallel()
	part := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	shared := func(c map[string]any) string {
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: []byte(clientSecret + strings.Repeat("x", 32))}, nil)
		if err != nil {
			t.Error(err)
			return ""
		}
		jws, err := signer.Sign([]byte(encode(c)))
		if err != nil {
			t.Error(err)
			return ""
		}
		text, _ := jws.CompactSerialize()
		return text
	}
	ec := newEC(t)
	tests := map[string]struct {
		token   func(map[string]any) string
		outcome string
	}{
		"none":              {func(c map[string]any) string { return part(`{"alg":"none"}`) + "." + part(encode(c)) + "." }, "token_format"},
		"HS256":             {shared, "token_format"},
		"another key":       {func(c map[string]any) string { return oidctest.SignIDToken(secondKey(), "k1", "RS256", encode(c)) }, "token_signature"},
		"an unknown key id": {func(c map[string]any) string { return oidctest.SignIDToken(firstKey(), "k9", "RS256", encode(c)) }, "token_signature"},
		"an unlisted alg":   {func(c map[string]any) string { return oidctest.SignIDToken(ec, "k1", "ES256", encode(c)) }, "token_format"},
		"claims changed": {func(c map[string]any) string {
			a := strings.Split(sign(c), ".")
			return a[0] + "." + part(`{}`) + "." + a[2]
		}, "token_signature"},
		"no token":             {func(map[string]any) string { return "" }, "token_size"},
		"no token at all":      {func(map[string]any) string { return "not a token" }, "token_format"},
		"claims are no object": {func(map[string]any) string { return oidctest.SignIDToken(firstKey(), "k1", "RS256", `[]`) }, "token_format"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			_, status := signInBy(t, s, tc.token)
			if got := s.outcome(t); status != http.StatusBadRequest || got != tc.outcome {
				t.Errorf("status %d, outcome %q, want 400, %q", status, got, tc.outcome)
			}
			if len(s.service.asked()) != 0 {
				t.Error("the Service was asked about a token that proves nothing")
			}
		})
	}
}

func TestTheClockPageSaysWhoseAndByHowMuch(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		shift time.Duration
		want  string
	}{
		"ahead":         {5 * time.Minute, "The clock of acme.okta.example is 5 minutes ahead of this server"},
		"a little more": {90*time.Second + 500*time.Millisecond, "seconds ahead of this server"},
		"behind":        {-2 * time.Hour, "The clock of acme.okta.example is 120 minutes behind this server"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			page, status := signInBy(t, newSite(t), func(c map[string]any) string {
				there := time.Now().Add(tc.shift)
				c["iat"], c["auth_time"], c["exp"] = there.Unix(), there.Unix(), there.Add(time.Hour).Unix()
				return sign(c)
			})
			if status != http.StatusBadRequest || !strings.Contains(page, tc.want) {
				t.Errorf("status %d, want 400 and %q:\n%s", status, tc.want, page)
			}
		})
	}
}

func TestRule20_AfterSignOutAnOldProofIsRefused(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.browser()
	b.cookies["__Host-"+web.SignedOutCookie] = "1"
	to := b.leave(t, "/sso/cn-okta")
	if to.Query().Get("prompt") != "login" {
		t.Errorf("prompt is %q", to.Query().Get("prompt"))
	}
	w := b.returning(t, to, func(c map[string]any) { c["auth_time"] = time.Now().Add(-time.Hour).Unix() })
	s.wantPage(t, w, http.StatusBadRequest, "token_not_afresh")

	wentTo(t, b.returning(t, b.leave(t, "/sso/cn-okta"), nil))
	if again := b.leave(t, "/sso/cn-okta"); again.Query().Has("prompt") {
		t.Error("after a fresh sign-in the provider is still told to ask")
	}
}

func TestUserInfo(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		info   map[string]any
		status int
		email  string
		result int
		why    string
	}{
		"fills in what is missing": {map[string]any{"sub": "00uada", "email": "ada@acme.example", "name": "Another Name"}, 0, "ada@acme.example", http.StatusSeeOther, "signed_in"},
		"of another person":        {map[string]any{"sub": "00ugrace", "email": "grace@acme.example"}, 0, "", http.StatusBadRequest, "token_userinfo_sub"},
		"of nobody":                {map[string]any{"email": "grace@acme.example"}, 0, "", http.StatusBadRequest, "token_userinfo_sub"},
		"refused":                  {nil, 0, "", http.StatusSeeOther, "signed_in"},
		"down":                     {nil, http.StatusServiceUnavailable, "", http.StatusBadGateway, "provider_unreachable"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			s.op.change(func() { s.op.userInfo, s.op.status["/userinfo"] = tc.info, tc.status })
			_, status := signInBy(t, s, func(c map[string]any) string { delete(c, "email"); return sign(c) })
			if got := s.outcome(t); status != tc.result || got != tc.why {
				t.Fatalf("status %d, outcome %q, want %d, %q", status, got, tc.result, tc.why)
			}
			for _, claims := range s.service.asked() {
				if claims.Email != tc.email || claims.Name != "Ada Lovelace" {
					t.Errorf("the Service was told %+v", claims)
				}
			}
		})
	}
}

func TestUserInfoIsNotAskedWithoutNeed(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	if _, status := signInBy(t, s, sign); status != http.StatusSeeOther || s.op.count("/userinfo") != 0 {
		t.Errorf("status %d, %d calls of userinfo", status, s.op.count("/userinfo"))
	}
}

func TestTokenEndpointFaults(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(*provider)
		status int
		why    string
	}{
		"unknown client": {func(p *provider) { p.status["/token"] = http.StatusUnauthorized }, http.StatusBadGateway, "client_refused"},
		"down":           {func(p *provider) { p.status["/token"] = http.StatusBadGateway }, http.StatusBadGateway, "provider_unreachable"},
		"keys down":      {func(p *provider) { p.status["/keys"] = http.StatusBadGateway }, http.StatusBadGateway, "provider_unreachable"},
		"no ID token":    {func(p *provider) { p.tokens = map[string]any{"id_token": nil} }, http.StatusBadRequest, "token_size"},
		"no tokens":      {func(p *provider) { p.tokens = map[string]any{"access_token": ""} }, http.StatusBadGateway, "client_refused"},
		"endless answer": {func(p *provider) { p.tokens = map[string]any{"id_token": strings.Repeat("x", 2<<20)} }, http.StatusBadGateway, "client_refused"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			s.op.change(func() { tc.change(s.op) })
			_, status := signInBy(t, s, sign)
			if got := s.outcome(t); status != tc.status || got != tc.why {
				t.Errorf("status %d, outcome %q, want %d, %q", status, got, tc.status, tc.why)
			}
		})
	}
}

// TestATokenEndpointAtAPrivateAddressIsNotAsked: what a discovery document names
// is a stranger's address too.
func TestATokenEndpointAtAPrivateAddressIsNotAsked(t *testing.T) {
	t.Parallel()
	var asked atomic.Bool
	inside := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Store(true) }))
	defer inside.Close()
	s := newSite(t)
	s.op.change(func() { s.op.discovery["token_endpoint"] = inside.URL + "/token" })
	logger := slog.New(slog.NewJSONHandler(s.log, nil))
	s.handler = faceWith(t, public, s.service, oidc.NewProviders(s.op.client(), logger), egress.New(egress.Options{}), logger)
	_, status := signInBy(t, s, sign)
	if got := s.outcome(t); status != http.StatusBadGateway || got != "provider_unreachable" || asked.Load() {
		t.Errorf("status %d, outcome %q, asked %v", status, got, asked.Load())
	}
}
