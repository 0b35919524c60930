package apptest_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"drawbridge/internal/apptest"
	"drawbridge/internal/secret"
	"drawbridge/provisioning"
)

const megabyte = 1 << 20

// target is a place for bad input: a user in a group, and somebody else's user.
type target struct {
	*site
	scimClient
	directory             provisioning.Directory
	user, group, stranger string
}

func startTarget(t *testing.T, e apptest.Engine) target {
	t.Helper()
	x := target{site: startSite(t, e)}
	x.directory, x.scimClient = x.site.directory(t, "okta-catalog")
	x.user = x.newUser(t, "ada@acme.example")
	x.group = x.newGroup(t, "SOC", x.user)
	_, other := newSite(t, x.Bridge, "beta").directory(t, "okta")
	x.stranger = other.newUser(t, "eve@beta.example")
	return x
}

func TestBadInputToSCIM(t *testing.T) {
	apptest.OnBoth(t, func(t *testing.T, e apptest.Engine) {
		x := startTarget(t, e)
		for _, part := range []struct {
			name string
			test func(*testing.T, target)
		}{
			{"a megabyte of brackets", megabyteOfBrackets},
			{"fifty megabytes", fiftyMegabytes},
			{"bodies that are refused", refusedBodies},
			{"the same member twice", sameMemberTwice},
			{"tokens that are refused", refusedTokens},
			{"cookies that are refused", refusedCookies},
		} {
			t.Run(part.name, func(t *testing.T) { x.wantUnchanged(t, func() { part.test(t, x) }) })
		}
		if code := (scimClient{base: x.URL}).do(t, "GET", "/healthz", "").status; code != http.StatusOK {
			t.Errorf("/healthz answers %d", code)
		}
		wantSound(t, x.site)
	})
}

func megabyteOfBrackets(t *testing.T, x target) {
	round, square := strings.Repeat("(", megabyte), strings.Repeat("[", megabyte)
	deep := strings.Repeat(`{"a":`, megabyte/5)
	user, group := "/Users/"+x.user, "/Groups/"+x.group
	for name, r := range map[string]struct{ method, path, body, scimType string }{
		"filter of 60 kB":    {"GET", "/Users?filter=" + url.QueryEscape(round[:20_000]+"userName pr"), "", "invalidFilter"},
		"filter of groups":   {"GET", "/Groups?filter=" + square[:60_000], "", "invalidFilter"},
		"path of a user":     {"PATCH", user, patchJSON(`{"op":"add","path":"emails[` + round + `","value":"x"}`), "invalidPath"},
		"path of a group":    {"PATCH", group, patchJSON(`{"op":"remove","path":"members[` + square + `"}`), "invalidPath"},
		"depth of a user":    {"POST", "/Users", square, "invalidSyntax"},
		"depth of objects":   {"PUT", user, deep, "invalidSyntax"},
		"depth of a value":   {"PATCH", user, patchJSON(`{"op":"add","path":"title","value":` + square), "invalidSyntax"},
		"depth of a group":   {"PUT", group, `{"displayName":"x","members":` + square, "invalidSyntax"},
		"depth of a member":  {"PATCH", group, `{"schemas":["` + scimPatch + `"],"Operations":[{"op":"add","path":"members","value":` + square, "invalidSyntax"},
		"depth that is told": {"POST", "/Users", strings.Repeat("[", megabyte/2) + strings.Repeat("]", megabyte/2), "invalidSyntax"},
	} {
		t.Run(name, func(t *testing.T) { x.do(t, r.method, r.path, r.body).wantError(t, http.StatusBadRequest, r.scimType) })
	}
	// The server itself refuses so long a request line, before any face sees it.
	a, err := x.send(t, "GET", "/Users?filter="+round, nil)
	if err == nil && a.status != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("a filter of a megabyte: %d %.300s", a.status, a.body)
	}
}

// blanks is a body of n bytes that nobody needs to hold.
type blanks struct{ n int }

// Read implements io.Reader.
func (b *blanks) Read(p []byte) (int, error) {
	if b.n == 0 {
		return 0, io.EOF
	}
	p = p[:min(len(p), b.n)]
	for i := range p {
		p[i] = ' '
	}
	b.n -= len(p)
	return len(p), nil
}

// fiftyMegabytes: neither an announced length nor a stream gets through. What
// the server does not read it may cut off, which is a clear answer, too.
func fiftyMegabytes(t *testing.T, x target) {
	for _, r := range []struct{ method, path string }{
		{"POST", "/Users"},
		{"PUT", "/Users/" + x.user},
		{"PATCH", "/Users/" + x.user},
		{"POST", "/Groups"},
		{"PUT", "/Groups/" + x.group},
		{"PATCH", "/Groups/" + x.group},
	} {
		a, err := x.send(t, r.method, r.path, &blanks{50 * megabyte})
		if err != nil {
			t.Logf("%s %s was cut off: %v", r.method, r.path, err)
			continue
		}
		a.wantError(t, http.StatusRequestEntityTooLarge, "")
	}
	begin := `{"schemas":["` + scimGroup + `"],"displayName":"big","members":[`
	many := strings.Repeat(`{"value":"`+x.user+`"},`, 50*megabyte/40)
	if a, err := x.send(t, "PUT", "/Groups/"+x.group, io.MultiReader(strings.NewReader(begin), strings.NewReader(many))); err == nil {
		a.wantError(t, http.StatusRequestEntityTooLarge, "")
	}
}

func refusedBodies(t *testing.T, x target) {
	nobody := strings.Repeat("0", 26)
	user, group := "/Users/"+x.user, "/Groups/"+x.group
	for name, r := range map[string]struct{ method, path, body, scimType string }{
		"truncated user":              {"POST", "/Users", userJSON("x@acme.example")[:60], "invalidSyntax"},
		"truncated PUT":               {"PUT", user, userJSON("x@acme.example")[:120], "invalidSyntax"},
		"truncated PATCH":             {"PATCH", user, patchJSON(`{"op":"replace","path":"title","value":"x"}`)[:90], "invalidSyntax"},
		"truncated group":             {"PUT", group, groupJSON("x", x.user)[:90], "invalidSyntax"},
		"truncated group PATCH":       {"PATCH", group, strings.TrimSuffix(patchJSON(`{"op":"remove","path":"members"}`), "]}"), "invalidSyntax"},
		"two bodies":                  {"POST", "/Users", userJSON("x@acme.example") + userJSON("y@acme.example"), "invalidSyntax"},
		"userName in two cases":       {"POST", "/Users", `{"userName":"x@acme.example","USERNAME":"y@acme.example"}`, "invalidSyntax"},
		"active in two cases":         {"PATCH", user, patchJSON(`{"op":"replace","value":{"active":true,"Active":false}}`), "invalidSyntax"},
		"members in two cases":        {"PUT", group, `{"displayName":"x","members":[],"Members":[]}`, "invalidSyntax"},
		"POST, member elsewhere":      {"POST", "/Groups", groupJSON("x", x.user, x.stranger), "invalidValue"},
		"PUT, member elsewhere":       {"PUT", group, groupJSON("x", x.stranger), "invalidValue"},
		"PATCH, member elsewhere":     {"PATCH", group, patchJSON(addMembers(x.stranger)), "invalidValue"},
		"POST, member nobody":         {"POST", "/Groups", groupJSON("x", x.user, nobody), "invalidValue"},
		"PATCH, member nobody":        {"PATCH", group, patchJSON(addMembers(nobody)), "invalidValue"},
		"PATCH, member no id":         {"PATCH", group, patchJSON(addMembers("' or 1=1 --")), "invalidValue"},
		"good step, then a bad one":   {"PATCH", group, patchJSON(`{"op":"remove","path":"members"}`, addMembers(nobody)), "invalidValue"},
		"read-only id":                {"PATCH", user, patchJSON(`{"op":"replace","path":"id","value":"x"}`), "mutability"},
		"read-only meta":              {"PATCH", user, patchJSON(`{"op":"replace","path":"meta.created","value":"2020-01-01T00:00:00Z"}`), "mutability"},
		"read-only groups":            {"PATCH", user, patchJSON(`{"op":"add","path":"groups","value":[{"value":"` + x.group + `"}]}`), "mutability"},
		"read-only id of a group":     {"PATCH", group, patchJSON(`{"op":"replace","value":{"id":"` + nobody + `"}}`), "mutability"},
		"unknown path":                {"PATCH", user, patchJSON(`{"op":"add","path":"shoeSize","value":"42"}`), "invalidPath"},
		"unknown path of a group":     {"PATCH", group, patchJSON(`{"op":"add","path":"owner","value":"42"}`), "invalidPath"},
		"good value, then a bad path": {"PATCH", user, patchJSON(`{"op":"replace","path":"title","value":"x"}`, `{"op":"add","path":"shoeSize","value":"42"}`), "invalidPath"},
		"a filter that is none":       {"GET", "/Users?filter=userName%20like%20%22a%22", "", "invalidFilter"},
		"a filter on the unknown":     {"GET", "/Users?filter=shoeSize%20eq%2042", "", "invalidFilter"},
	} {
		t.Run(name, func(t *testing.T) { x.do(t, r.method, r.path, r.body).wantError(t, http.StatusBadRequest, r.scimType) })
	}
	x.do(t, "DELETE", "/Users", "").wantError(t, http.StatusMethodNotAllowed, "")
	x.do(t, "GET", "/Nonsense", "").wantError(t, http.StatusNotFound, "")
	x.do(t, "GET", "/Users/"+nobody, "").wantError(t, http.StatusNotFound, "")
	x.do(t, "POST", "/Users", userJSON("ADA@acme.example")).wantError(t, http.StatusConflict, "uniqueness")
}

// sameMemberTwice counts once, and is no error.
func sameMemberTwice(t *testing.T, x target) {
	twice := x.do(t, "POST", "/Groups", groupJSON("Twice", x.user, x.user)).want(t, http.StatusCreated).id(t)
	x.do(t, "PATCH", "/Groups/"+twice, patchJSON(addMembers(x.user, x.user), addMembers(x.user)))
	var listed struct{ Members []struct{ Value string } }
	decode(t, x.do(t, "GET", "/Groups/"+twice, "").body, &listed)
	if len(listed.Members) != 1 || listed.Members[0].Value != x.user {
		t.Errorf("members %+v", listed.Members)
	}
	x.do(t, "DELETE", "/Groups/"+twice, "").want(t, http.StatusNoContent)
}

func refusedTokens(t *testing.T, x target) {
	made, revoked := x.site.token(t, x.directory)
	if err := x.Service.RevokeToken(t.Context(), operator, made.ID); err != nil {
		t.Fatal(err)
	}
	other, _ := x.site.token(t, x.directory)
	_, secretPart, _ := strings.Cut(x.scimClient.token, ".")
	for name, token := range map[string]string{
		"none":                          "",
		"expired":                       x.expiredToken(t),
		"revoked":                       revoked,
		"10 kB":                         strings.Repeat("x", 10_000),
		"10 kB behind the prefix":       provisioning.ScimTokenPrefix + strings.Repeat("x", 10_000),
		"of another id":                 provisioning.ScimTokenPrefix + string(other.ID) + "." + secretPart,
		"without its last character":    x.scimClient.token[:len(x.scimClient.token)-1],
		"with something behind":         x.scimClient.token + " x",
		"with a quote and a semicolon;": provisioning.ScimTokenPrefix + `';drop table users;--`,
	} {
		for _, r := range []struct{ method, path, body string }{{"GET", "/Users", ""}, {"POST", "/Users", userJSON("x@acme.example")}} {
			a := scimClient{base: x.base, token: token}.do(t, r.method, r.path, r.body)
			a.wantError(t, http.StatusUnauthorized, "")
			if !strings.HasPrefix(a.header.Get("WWW-Authenticate"), "Bearer") {
				t.Errorf("token %s: WWW-Authenticate %q", name, a.header.Get("WWW-Authenticate"))
			}
		}
	}
	second, ofAnother := x.site.directory(t, "okta")
	ofAnother.do(t, "GET", "/Users/"+x.user, "").wantError(t, http.StatusNotFound, "")
	ofAnother.do(t, "DELETE", "/Groups/"+x.group, "").wantError(t, http.StatusNotFound, "")
	ofAnother.do(t, "PATCH", "/Users/"+x.user, patchJSON(`{"op":"replace","path":"active","value":false}`)).wantError(t, http.StatusNotFound, "")
	if err := x.Service.DeleteDirectory(t.Context(), operator, x.ws.ID, second.ID); err != nil {
		t.Fatal(err)
	}
	ofAnother.do(t, "GET", "/Users", "").wantError(t, http.StatusUnauthorized, "")
}

// expiredToken stores a token that ended an hour ago.
func (x target) expiredToken(t testing.TB) string {
	t.Helper()
	ids, text := provisioning.RandomIDs{}, secret.Hasher{}.NewSecret()
	token := provisioning.DirectoryToken{
		Workspace: x.ws.ID, Directory: x.directory.ID, ID: provisioning.TokenID(ids.New()), Name: "old", LastFour: text[len(text)-4:],
		SecretHash: secret.Hasher{}.Hash(text), CreatedAt: time.Now().Add(-2 * time.Hour), ExpiresAt: time.Now().Add(-time.Hour),
	}
	err := x.Store.Update(t.Context(), func(tx *provisioning.Tx) error { return tx.Tokens.Create(t.Context(), token) })
	if err != nil {
		t.Fatal(err)
	}
	return provisioning.ScimTokenPrefix + string(token.ID) + "." + text
}

func refusedCookies(t *testing.T, x target) {
	for name, value := range map[string]string{
		"nonsense": "x", "long": strings.Repeat("x", 10_000), "an unknown session": strings.Repeat("0", 26) + "." + secret.Hasher{}.NewSecret(),
		"a quote": "'--drop", "a SCIM token": x.scimClient.token,
	} {
		if code := verify(t, x.URL, &http.Cookie{Name: "drawbridge_session", Value: value}); code != http.StatusUnauthorized {
			t.Errorf("cookie %s: /auth/verify answers %d", name, code)
		}
	}
	b := apptest.NewBrowser(t)
	b.SetCookie(x.URL, "drawbridge_session", "x.y")
	if p := b.Open(x.URL + "/"); p.URL.Path != "/login" {
		t.Errorf("a bad cookie leads to %s", p.URL)
	}
}

// Nothing but words comes of a provider that no connection may be made with.
func TestBadIssuersAreRefusedAtCreation(t *testing.T) {
	t.Parallel()
	e := apptest.Engines()[0]
	private := newSite(t, options{PublicIssuersOnly: true}.start(t, e), "acme")
	open := startSite(t, e)
	good := startOkta(t, nil)
	for name, test := range map[string]struct {
		site         *site
		issuer, code string
		kind         error
	}{
		"plain http":        {private, good.Issuer(), "issuer_plain_http", provisioning.ErrInvalid},
		"a private address": {private, "https://127.0.0.1:8443", "issuer_private", provisioning.ErrInvalid},
		"a private name":    {private, "https://localhost:8443", "issuer_private", provisioning.ErrInvalid},
		"slow":              {open, silentListener(t), "issuer_slow", provisioning.ErrUnavailable},
		"huge":              {open, serveDiscovery(t, endless), "issuer_too_large", provisioning.ErrInvalid},
		"a redirect":        {open, serveDiscovery(t, http.RedirectHandler("http://evil.example/", http.StatusFound).ServeHTTP), "issuer_redirect", provisioning.ErrInvalid},
		"another issuer":    {open, serveDiscovery(t, discoveryOf(good.Issuer())), "issuer_other", provisioning.ErrInvalid},
		"no discovery":      {open, serveDiscovery(t, http.NotFound), "issuer_no_discovery", provisioning.ErrInvalid},
		"not there":         {open, "http://127.0.0.1:1", "issuer_unreachable", provisioning.ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.site.wantNoConnection(t, test.issuer, test.kind, test.code)
		})
	}
}

func (s *site) wantNoConnection(t *testing.T, issuer string, kind error, code string) {
	t.Helper()
	name, id, text := code, clientID, clientSecret
	began := time.Now()
	_, err := s.Service.CreateConnection(t.Context(), operator, s.ws.ID,
		provisioning.ConnectionWrite{Name: &name, Issuer: &issuer, ClientID: &id, ClientSecret: &text})
	if !errors.Is(err, kind) || provisioning.Code(err) != code || provisioning.Detail(err) == "" {
		t.Errorf("the error is %v, want %s", err, code)
	}
	if took := time.Since(began); took > 15*time.Second {
		t.Errorf("it took %v", took)
	}
	all, err := s.Service.Connections(t.Context(), s.ws.ID)
	if err != nil || len(all) > 0 {
		t.Errorf("stored: %+v, %v", all, err)
	}
}

// silentListener accepts connections and says nothing.
func silentListener(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return "http://" + l.Addr().String() // the kernel accepts, nobody reads
}

func serveDiscovery(t testing.TB, h http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}

// endless writes until nobody listens.
func endless(w http.ResponseWriter, _ *http.Request) {
	for {
		if _, err := io.Copy(w, &blanks{megabyte}); err != nil {
			return
		}
	}
}

func discoveryOf(issuer string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintf(w, `{"issuer":%q,"authorization_endpoint":%[1]q,"token_endpoint":%[1]q,"jwks_uri":%[1]q}`, issuer)
	}
}
