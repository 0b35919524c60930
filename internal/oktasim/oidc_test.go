package oktasim

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

const (
	callback = "https://bridge.example/sso/c1/callback"
	afterOut = "https://bridge.example/signed-out"
	verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
)

func challengeOf(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// visitor is a browser that stops at the first redirect, with an organisation to visit.
type visitor struct {
	t    *testing.T
	org  *Organisation
	base string
	http *http.Client
	now  *atomic.Int64 // what the organisation's clock shows, in Unix seconds
}

func newVisitor(t *testing.T, edit ...func(*Config)) *visitor {
	t.Helper()
	var now atomic.Int64
	now.Store(1_790_000_000)
	server := httptest.NewUnstartedServer(nil)
	cfg := Config{
		BaseURL: "http://" + server.Listener.Addr().String(), ClientID: "0oaclient", ClientSecret: "s3cret:&+%",
		Sample:     SampleOrganisation("acme.example", 25, 4, 3),
		Connection: Connection{RedirectURIs: []string{callback}, PostLogoutURIs: []string{afterOut}, InitiateLoginURI: "https://bridge.example/sso/c1?x=1"},
		Now:        func() time.Time { return time.Unix(now.Load(), 0) },
	}
	for _, e := range edit {
		e(&cfg)
	}
	org, err := New(cfg)
	mustDo(t, err)
	server.Config.Handler = org.Handler()
	server.Start()
	t.Cleanup(server.Close)
	jar, err := cookiejar.New(nil)
	mustDo(t, err)
	return &visitor{t: t, org: org, base: cfg.BaseURL, now: &now, http: &http.Client{
		Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// reply is an answer whose body was read.
type reply struct {
	status int
	header http.Header
	body   string
}

func (r reply) location(t *testing.T) *url.URL {
	t.Helper()
	u, err := url.Parse(r.header.Get("Location"))
	if err != nil || r.header.Get("Location") == "" {
		t.Fatalf("status %d without a usable Location: %v\n%s", r.status, err, r.body)
	}
	return u
}

func (v *visitor) do(req *http.Request) reply {
	v.t.Helper()
	res, err := v.http.Do(req)
	mustDo(v.t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	mustDo(v.t, err)
	return reply{res.StatusCode, res.Header, string(body)}
}

func (v *visitor) get(path string) reply {
	v.t.Helper()
	req, err := http.NewRequestWithContext(v.t.Context(), http.MethodGet, v.base+path, nil)
	mustDo(v.t, err)
	return v.do(req)
}

func (v *visitor) post(path string, form url.Values, edit ...func(*http.Request)) reply {
	v.t.Helper()
	req, err := http.NewRequestWithContext(v.t.Context(), http.MethodPost, v.base+path, strings.NewReader(form.Encode()))
	mustDo(v.t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, e := range edit {
		e(req)
	}
	return v.do(req)
}

func fromOrigin(origin string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set("Origin", origin) }
}

// request is a complete authorization request, changed by pairs of key and value; an empty value removes the key.
func (v *visitor) request(changes ...string) url.Values {
	q := url.Values{
		"client_id": {"0oaclient"}, "redirect_uri": {callback}, "response_type": {"code"}, "scope": {"openid profile email"},
		"state": {"st-1"}, "nonce": {"n-1"}, "code_challenge": {challengeOf(verifier)}, "code_challenge_method": {"S256"},
	}
	for i := 0; i < len(changes); i += 2 {
		q.Set(changes[i], changes[i+1])
		if changes[i+1] == "" {
			q.Del(changes[i])
		}
	}
	return q
}

func (v *visitor) authorize(q url.Values) reply { return v.get("/oauth2/v1/authorize?" + q.Encode()) }

// signIn goes through the login page as p and returns where the browser is sent.
func (v *visitor) signIn(p Person, q url.Values) *url.URL {
	v.t.Helper()
	page := v.authorize(q)
	if page.status != 200 || !strings.Contains(page.body, p.ID) {
		v.t.Fatalf("login page: %d, lists the person: %v", page.status, strings.Contains(page.body, p.ID))
	}
	return v.post("/login", url.Values{"request": {q.Encode()}, "person": {p.ID}}, fromOrigin(v.base)).location(v.t)
}

func (v *visitor) redeem(code string, changes ...string) reply {
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}, "code_verifier": {verifier}}
	for i := 0; i < len(changes); i += 2 {
		form.Set(changes[i], changes[i+1])
	}
	return v.post("/oauth2/v1/token", form, func(r *http.Request) {
		r.SetBasicAuth(url.QueryEscape("0oaclient"), url.QueryEscape("s3cret:&+%"))
	})
}

func parsed(t *testing.T, body string) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(body), &m); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	return m
}

// claims verifies an ID token with the published keys.
func (v *visitor) claims(token string) (map[string]any, jose.Header) {
	v.t.Helper()
	var set jose.JSONWebKeySet
	mustDo(v.t, json.Unmarshal([]byte(v.get("/oauth2/v1/keys").body), &set))
	signed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.RS256})
	mustDo(v.t, err)
	var claims map[string]any
	mustDo(v.t, signed.Claims(set, &claims))
	return claims, signed.Headers[0]
}

func TestDiscoveryIsAnOrgServers(t *testing.T) {
	t.Parallel()
	v := newVisitor(t)
	meta := parsed(t, v.get("/.well-known/openid-configuration").body)
	for key, want := range map[string]string{
		"issuer": v.base, "authorization_endpoint": v.base + "/oauth2/v1/authorize", "token_endpoint": v.base + "/oauth2/v1/token",
		"jwks_uri": v.base + "/oauth2/v1/keys", "userinfo_endpoint": v.base + "/oauth2/v1/userinfo", "end_session_endpoint": v.base + "/oauth2/v1/logout",
	} {
		if meta[key] != want {
			t.Errorf("%s is %v, want %s", key, meta[key], want)
		}
	}
	for _, key := range []string{"authorization_response_iss_parameter_supported", "backchannel_logout_supported"} {
		if _, there := meta[key]; there {
			t.Errorf("%s: Okta does not promise it", key)
		}
	}
	if strings.Contains(v.get("/oauth2/v1/keys").body, `"d"`) {
		t.Error("the private key is published")
	}
}

func TestSignInEndToEnd(t *testing.T) {
	t.Parallel()
	v := newVisitor(t)
	p := v.org.People()[26] // not assigned: sign-in does not ask for it
	back := v.signIn(p, v.request())
	q := back.Query()
	if !strings.HasPrefix(back.String(), callback+"?") || q.Get("state") != "st-1" || q.Has("iss") || len(q) != 2 {
		t.Fatalf("sent back to %s", back)
	}
	res := v.redeem(q.Get("code"))
	answer := parsed(t, res.body)
	if res.status != 200 || answer["token_type"] != "Bearer" || answer["expires_in"] != 3600.0 {
		t.Fatalf("token: %d %s", res.status, res.body)
	}
	claims, header := v.claims(answer["id_token"].(string))
	if header.ExtraHeaders["typ"] != nil || header.KeyID == "" {
		t.Errorf("header %+v: kid and no typ were expected", header)
	}
	now := float64(v.now.Load())
	atHash := sha256.Sum256([]byte(answer["access_token"].(string)))
	for key, want := range map[string]any{
		"iss": v.base, "aud": "0oaclient", "sub": p.ID, "name": p.Name(), "email": p.Login, "email_verified": true,
		"preferred_username": p.Login, "nonce": "n-1", "ver": 1.0, "iat": now, "exp": now + 3600, "auth_time": now,
		"at_hash": base64.RawURLEncoding.EncodeToString(atHash[:16]),
	} {
		if claims[key] != want {
			t.Errorf("claim %s is %v, want %v", key, claims[key], want)
		}
	}
	if _, there := claims["sid"]; there || !strings.HasPrefix(claims["jti"].(string), "ID.") || !strings.HasPrefix(claims["idp"].(string), "00o") {
		t.Errorf("claims %v", claims)
	}
	if !strings.HasPrefix(p.ID, "00u") || len(p.ID) != 20 {
		t.Errorf("id %q has not Okta's form", p.ID)
	}
	info := v.userinfo(answer["access_token"].(string))
	if u := parsed(t, info.body); u["sub"] != p.ID || u["given_name"] != p.FirstName || u["email"] != p.Login {
		t.Errorf("userinfo %v", u)
	}
}

func (v *visitor) userinfo(token string) reply {
	req, err := http.NewRequestWithContext(v.t.Context(), http.MethodGet, v.base+"/oauth2/v1/userinfo", nil)
	mustDo(v.t, err)
	req.Header.Set("Authorization", "Bearer "+token)
	return v.do(req)
}

func TestScopesBoundClaims(t *testing.T) {
	t.Parallel()
	v := newVisitor(t)
	back := v.signIn(v.org.People()[0], v.request("scope", "openid", "nonce", ""))
	claims, _ := v.claims(parsed(t, v.redeem(back.Query().Get("code")).body)["id_token"].(string))
	for _, key := range []string{"name", "email", "email_verified", "preferred_username", "nonce"} {
		if _, there := claims[key]; there {
			t.Errorf("%s was not asked for", key)
		}
	}
}

func TestAuthorizationErrors(t *testing.T) {
	t.Parallel()
	v := newVisitor(t)
	for _, tc := range []struct {
		change [2]string
		want   string // error sent back; empty: a page, never a redirect
	}{
		{[2]string{"client_id", "other"}, ""},
		{[2]string{"redirect_uri", callback + "/"}, ""},
		{[2]string{"redirect_uri", ""}, ""},
		{[2]string{"response_type", "token"}, "unsupported_response_type"},
		{[2]string{"response_mode", "fragment"}, "invalid_request"},
		{[2]string{"scope", "profile"}, "invalid_scope"},
		{[2]string{"code_challenge_method", "plain"}, "invalid_request"},
		{[2]string{"code_challenge_method", ""}, "invalid_request"},
		{[2]string{"state", ""}, "invalid_request"},
		{[2]string{"prompt", "none"}, "login_required"},
	} {
		q := v.request(tc.change[:]...)
		for path, res := range map[string]reply{
			"authorize": v.authorize(q),
			"login":     v.post("/login", url.Values{"request": {q.Encode()}, "person": {v.org.People()[0].ID}}),
		} {
			if tc.change[0] == "prompt" && path == "login" {
				continue
			}
			if tc.want == "" {
				if res.status != 400 || res.header.Get("Location") != "" {
					t.Errorf("%s, %v: %d to %q, want a page 400", path, tc.change, res.status, res.header.Get("Location"))
				}
				continue
			}
			if got := res.location(t).Query().Get("error"); got != tc.want {
				t.Errorf("%s, %v: error %q, want %q", path, tc.change, got, tc.want)
			}
		}
	}
}

func TestCodesAreBoundAndUsedOnce(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name    string
		request []string
		change  []string
		after   int64 // seconds
		want    string
	}{
		{"wrong verifier", nil, []string{"code_verifier", verifier + "x"}, 0, "invalid_grant"},
		{"no verifier", nil, []string{"code_verifier", ""}, 0, "invalid_grant"},
		{"verifier without challenge", []string{"code_challenge", "", "code_challenge_method", ""}, nil, 0, "invalid_grant"},
		{"neither", []string{"code_challenge", "", "code_challenge_method", ""}, []string{"code_verifier", ""}, 0, ""},
		{"other redirect URI", nil, []string{"redirect_uri", callback + "2"}, 0, "invalid_grant"},
		{"other grant type", nil, []string{"grant_type", "password"}, 0, "unsupported_grant_type"},
		{"after 59 s", nil, nil, 59, ""},
		{"after 60 s", nil, nil, 60, "invalid_grant"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			v := newVisitor(t)
			code := v.signIn(v.org.People()[0], v.request(tc.request...)).Query().Get("code")
			v.now.Add(tc.after)
			res := v.redeem(code, tc.change...)
			if got, _ := parsed(t, res.body)["error"].(string); got != tc.want {
				t.Errorf("error %q, want %q", got, tc.want)
			}
			if tc.want == "invalid_grant" && parsed(t, v.redeem(code).body)["error"] != "invalid_grant" {
				t.Error("a code that was presented wrongly still works")
			}
		})
	}
}

func TestSecondUseOfACodeRevokesItsToken(t *testing.T) {
	t.Parallel()
	v := newVisitor(t)
	code := v.signIn(v.org.People()[0], v.request()).Query().Get("code")
	token := parsed(t, v.redeem(code).body)["access_token"].(string)
	if res := v.userinfo(token); res.status != 200 {
		t.Fatalf("userinfo: %d", res.status)
	}
	if res := v.redeem(code); res.status != 400 || parsed(t, res.body)["error"] != "invalid_grant" {
		t.Errorf("second use: %d %s", res.status, res.body)
	}
	if res := v.userinfo(token); res.status != 401 || !strings.Contains(res.header.Get("WWW-Authenticate"), "invalid_token") {
		t.Errorf("userinfo after the second use: %d", res.status)
	}
}

func TestClientAuthentication(t *testing.T) {
	t.Parallel()
	v := newVisitor(t)
	form := func(id, secret string) url.Values {
		code := v.org.vault.addGrant(grant{personID: v.org.People()[0].ID, redirectURI: callback, scopes: []string{"openid"}})
		f := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}}
		if id != "" {
			f.Set("client_id", id)
			f.Set("client_secret", secret)
		}
		return f
	}
	basic := func(id, secret string) func(*http.Request) {
		return func(r *http.Request) { r.SetBasicAuth(url.QueryEscape(id), url.QueryEscape(secret)) }
	}
	const id, secret = "0oaclient", "s3cret:&+%"
	for name, tc := range map[string]struct {
		res  reply
		want int
	}{
		"basic":        {v.post("/oauth2/v1/token", form("", ""), basic(id, secret)), 200},
		"post":         {v.post("/oauth2/v1/token", form(id, secret)), 200},
		"both":         {v.post("/oauth2/v1/token", form(id, secret), basic(id, secret)), 401},
		"none":         {v.post("/oauth2/v1/token", form("", "")), 401},
		"wrong secret": {v.post("/oauth2/v1/token", form(id, "x")), 401},
		"wrong id":     {v.post("/oauth2/v1/token", form("", ""), basic("x", secret)), 401},
	} {
		if tc.res.status != tc.want {
			t.Errorf("%s: %d, want %d", name, tc.res.status, tc.want)
		}
	}
}

func TestProviderRemembersTheBrowser(t *testing.T) {
	t.Parallel()
	v := newVisitor(t)
	p := v.org.People()[3]
	v.signIn(p, v.request())
	signedInAt := float64(v.now.Load())
	v.now.Add(600)

	back := v.authorize(v.request("state", "st-2")).location(t).Query()
	if back.Get("state") != "st-2" || back.Get("code") == "" {
		t.Fatalf("no sign-in without a page: %v", back)
	}
	claims, _ := v.claims(parsed(t, v.redeem(back.Get("code")).body)["id_token"].(string))
	if claims["sub"] != p.ID || claims["auth_time"] != signedInAt {
		t.Errorf("claims %v: the first sign-in's person and time were expected", claims)
	}
	for name, tc := range map[string]struct {
		change []string
		page   bool
	}{
		"prompt=login":        {[]string{"prompt", "login"}, true},
		"prompt=none":         {[]string{"prompt", "none"}, false},
		"max_age too short":   {[]string{"max_age", "599"}, true},
		"max_age long enough": {[]string{"max_age", "600"}, false},
	} {
		if res := v.authorize(v.request(tc.change...)); (res.status == 200) != tc.page {
			t.Errorf("%s: %d", name, res.status)
		}
	}
	other := v.signIn(v.org.People()[4], v.request("prompt", "login"))
	if claims, _ := v.claims(parsed(t, v.redeem(other.Query().Get("code")).body)["id_token"].(string)); claims["auth_time"] != float64(v.now.Load()) {
		t.Error("prompt=login must give a new auth_time")
	}
}

func TestLoginHintAndSearch(t *testing.T) {
	t.Parallel()
	v := newVisitor(t)
	people := v.org.People()
	page := v.authorize(v.request("login_hint", people[2].Login)).body
	if !strings.Contains(page, people[2].ID) || strings.Contains(page, people[3].ID) {
		t.Error("login_hint must preselect its person alone")
	}
	page = v.authorize(v.request("login_hint", people[2].Login, "q", " ")).body
	if !strings.Contains(page, people[3].ID) {
		t.Error("an emptied search must list everybody")
	}
	page = v.authorize(v.request("q", strings.ToUpper(people[3].LastName))).body
	if !strings.Contains(page, people[3].ID) || strings.Contains(page, people[2].ID) {
		t.Error("the search must find a last name in any letter case")
	}
}

func TestDeactivatedPeopleAreRefusedEverywhere(t *testing.T) {
	t.Parallel()
	v := newVisitor(t)
	p := v.org.People()[0]
	code := v.signIn(p, v.request()).Query().Get("code")
	token := parsed(t, v.redeem(code).body)["access_token"].(string)
	second := v.authorize(v.request()).location(t).Query().Get("code")
	mustDo(t, v.org.Deactivate(t.Context(), p.ID))

	if res := v.redeem(second); res.status != 400 {
		t.Errorf("open code: %d", res.status)
	}
	if res := v.userinfo(token); res.status != 401 {
		t.Errorf("access token: %d", res.status)
	}
	if res := v.authorize(v.request()); res.status != 200 {
		t.Errorf("browser session: %d, want the login page", res.status)
	}
	res := v.post("/login", url.Values{"request": {v.request().Encode()}, "person": {p.ID}})
	if res.status != 403 || !strings.Contains(res.body, "access_denied") || res.header.Get("Location") != "" {
		t.Errorf("login: %d", res.status)
	}
	mustDo(t, v.org.Reactivate(t.Context(), p.ID))
	v.signIn(p, v.request())
}

func TestKeyRotation(t *testing.T) {
	t.Parallel()
	v := newVisitor(t)
	idToken := func() string {
		code := v.signIn(v.org.People()[0], v.request("prompt", "login")).Query().Get("code")
		return parsed(t, v.redeem(code).body)["id_token"].(string)
	}
	old := idToken()
	mustDo(t, v.org.RotateKey())
	fresh := idToken()
	_, oldHeader := v.claims(old)
	_, freshHeader := v.claims(fresh)
	if oldHeader.KeyID == freshHeader.KeyID {
		t.Error("the key did not change")
	}
	mustDo(t, v.org.RotateKey())
	if _, err := v.org.keys.verify(old); err == nil {
		t.Error("a key must be gone after two rotations")
	}
}

func TestLogout(t *testing.T) {
	t.Parallel()
	v := newVisitor(t)
	code := v.signIn(v.org.People()[0], v.request()).Query().Get("code")
	idToken := parsed(t, v.redeem(code).body)["id_token"].(string)
	for name, q := range map[string]url.Values{
		"no hint":       {"post_logout_redirect_uri": {afterOut}},
		"forged hint":   {"id_token_hint": {idToken[:len(idToken)-8] + "AAAAAAAA"}},
		"unknown place": {"id_token_hint": {idToken}, "post_logout_redirect_uri": {"https://evil.example"}},
	} {
		if res := v.get("/oauth2/v1/logout?" + q.Encode()); res.status != 400 {
			t.Errorf("%s: %d", name, res.status)
		}
	}
	q := url.Values{"id_token_hint": {idToken}, "post_logout_redirect_uri": {afterOut}, "state": {"bye"}}
	if to := v.get("/oauth2/v1/logout?" + q.Encode()).location(t).String(); to != afterOut+"?state=bye" {
		t.Errorf("sent to %s", to)
	}
	if res := v.authorize(v.request()); res.status != 200 {
		t.Errorf("after logout: %d, want the login page", res.status)
	}
}

func TestDashboardTile(t *testing.T) {
	t.Parallel()
	v := newVisitor(t)
	p := v.org.People()[0]
	if to := v.post("/login", url.Values{"person": {p.ID}}).location(t).String(); to != "/" {
		t.Fatalf("sent to %s", to)
	}
	launch, err := url.Parse(v.org.LaunchURL(p.Login))
	mustDo(t, err)
	if q := launch.Query(); q.Get("iss") != v.base || q.Get("login_hint") != p.Login || q.Get("x") != "1" || launch.Path != "/sso/c1" {
		t.Errorf("launch URL %s", launch)
	}
	if page := v.get("/").body; !strings.Contains(page, p.Name()) || !strings.Contains(page, "login_hint="+url.QueryEscape(p.Login)) {
		t.Error("the dashboard lacks the person or the tile")
	}
	v.post("/signout", nil)
	if page := v.get("/").body; strings.Contains(page, p.Name()) || !strings.Contains(page, "/sso/c1") {
		t.Error("signed out: no person, but the tile")
	}
	mustDo(t, v.org.Connect(Connection{}))
	if v.org.LaunchURL("") != "" {
		t.Error("no tile without an Initiate login URI")
	}
}

func TestLoginPageAllowsTheWayBack(t *testing.T) {
	t.Parallel()
	v := newVisitor(t)
	policy := v.authorize(v.request()).header.Get("Content-Security-Policy")
	if !strings.HasSuffix(policy, "form-action 'self' https://bridge.example") || strings.Contains(policy, "unsafe") {
		t.Errorf("policy %q", policy)
	}
}

func TestNewRefusesWhatCannotWork(t *testing.T) {
	t.Parallel()
	for _, cfg := range []Config{
		{BaseURL: "http://x.example/oauth2/default", ClientID: "a", ClientSecret: "b"},
		{BaseURL: "x.example", ClientID: "a", ClientSecret: "b"},
		{BaseURL: "http://x.example", ClientSecret: "b"},
		{BaseURL: "http://x.example", ClientID: "a"},
		{BaseURL: "http://x.example", ClientID: "a", ClientSecret: "b", Connection: Connection{SCIMURL: "nowhere"}},
	} {
		if _, err := New(cfg); err == nil {
			t.Errorf("%+v was accepted", cfg)
		}
	}
}

// FuzzAuthorize: no query sends a browser anywhere but to the registered redirect URI.
func FuzzAuthorize(f *testing.F) {
	for _, seed := range []string{
		"", "client_id=0oaclient", "client_id=0oaclient&redirect_uri=https://evil.example&response_type=code",
		"client_id=0oaclient&redirect_uri=" + url.QueryEscape(callback) + "&state=%0d%0aX&prompt=none&response_type=code&scope=openid",
		"max_age=99999999999999999999&q=%ff&client_id=0oaclient&redirect_uri=" + url.QueryEscape(callback),
	} {
		f.Add(seed)
	}
	org, err := New(Config{BaseURL: "http://okta.example", ClientID: "0oaclient", ClientSecret: "s", Connection: Connection{RedirectURIs: []string{callback}}})
	if err != nil {
		f.Fatal(err)
	}
	handler := org.Handler()
	f.Fuzz(func(t *testing.T, query string) {
		r := httptest.NewRequest(http.MethodGet, "http://okta.example/oauth2/v1/authorize", nil)
		r.URL.RawQuery = query
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		to := w.Header().Get("Location")
		if to != "" && !strings.HasPrefix(to, callback+"?") {
			t.Errorf("%q leads to %q", query, to)
		}
		if !slices.Contains([]int{200, 303, 400}, w.Code) {
			t.Errorf("%q: %d", query, w.Code)
		}
	})
}
