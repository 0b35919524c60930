package oidc_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"drawbridge/internal/egress"
	"drawbridge/internal/secret"
	"drawbridge/internal/sqlstore"
	"drawbridge/internal/testenv"
	"drawbridge/internal/web"
	"drawbridge/oidc"
	"drawbridge/provisioning"
)

// bridge is the face on the real Service, beside a certified provider.
type bridge struct {
	service    *provisioning.Service
	workspace  provisioning.Workspace
	connection provisioning.Connection
	issuer     string
	public     string
}

func newBridge(t *testing.T) *bridge {
	t.Helper()
	client := egress.New(egress.Options{AllowPrivate: true})
	t.Cleanup(client.CloseIdleConnections)
	providers := oidc.NewProviders(client, quiet)
	b := &bridge{service: newRealService(t, providers), issuer: testenv.OIDCProvider(t, testenv.OIDCConfig{})}

	var face http.Handler
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { face.ServeHTTP(w, r) }))
	t.Cleanup(server.Close)
	b.public = server.URL
	face = faceWith(t, b.public, b.service, providers, client, slog.New(slog.NewTextHandler(&bytes.Buffer{}, nil)))
	b.setUp(t)
	return b
}

func newRealService(t *testing.T, issuers provisioning.IssuerChecker) *provisioning.Service {
	t.Helper()
	store := must(sqlstore.Open(t.Context(), sqlstore.Options{
		URL: "sqlite:" + filepath.Join(t.TempDir(), "bridge.db"), Migrate: sqlstore.MigrateEmpty,
	}))(t)
	t.Cleanup(func() { _ = store.Close() })
	configured := bytes.Repeat([]byte{7}, 32)
	key := must(secret.GenerateDataKey(configured, time.Now()))(t)
	return provisioning.NewService(provisioning.Ports{
		Store: store, Sealer: must(secret.NewKeyring(configured, nil, []secret.WrappedKey{key}))(t), Hasher: secret.Hasher{},
		Issuers: issuers, Log: quiet,
	})
}

// setUp makes the workspace Acme with its domain and a connection that creates
// people as guests, and registers the bridge with the provider.
func (b *bridge) setUp(t *testing.T) {
	t.Helper()
	ctx, operator := t.Context(), provisioning.Operator()
	made := must(b.service.CreateWorkspace(ctx, operator, provisioning.NewWorkspace{Name: "Acme", AdminEmail: "root@acme.example"}))(t)
	b.workspace = made.Workspace
	must(b.service.AddDomain(ctx, operator, b.workspace.ID, "acme.example", true))(t)
	guest := must(b.service.FindRole(ctx, b.workspace.ID, "guest"))(t)
	name, id, text, typed, create := "Okta", "bridge", "s3cret", b.issuer+"/", true
	b.connection = must(b.service.CreateConnection(ctx, operator, b.workspace.ID, provisioning.ConnectionWrite{
		Name: &name, Issuer: &typed, ClientID: &id, ClientSecret: &text, AutoCreate: &create, DefaultRole: &guest.ID,
	}))(t)
	if b.connection.Issuer != b.issuer {
		t.Fatalf("the connection knows the provider as %s, which calls itself %s", b.connection.Issuer, b.issuer)
	}
	testenv.SetOIDCClients(t, b.issuer, testenv.OIDCClient{
		ID: id, Secret: text, RedirectURIs: []string{b.public + "/sso/" + string(b.connection.ID) + "/callback"},
	})
	testenv.SetOIDCAccounts(t, b.issuer,
		testenv.OIDCAccount{ID: "00uada", Claims: map[string]any{"email": "ada@acme.example", "name": "Ada Lovelace"}},
		testenv.OIDCAccount{ID: "00umallory", Claims: map[string]any{"email": "mallory@other.example", "email_verified": true}},
	)
}

// realBrowser follows redirects until somebody else's page would come.
func realBrowser(t *testing.T) *http.Client {
	t.Helper()
	return &http.Client{Jar: must(cookiejar.New(nil))(t), Timeout: 20 * time.Second, CheckRedirect: func(next *http.Request, via []*http.Request) error {
		if next.URL.Path == "/arrived" || len(via) > 10 {
			return http.ErrUseLastResponse
		}
		return nil
	}}
}

// begin opens the connection's address, and is at the provider's page then.
func (b *bridge) begin(t *testing.T, browser *http.Client) *http.Response {
	t.Helper()
	return get(t, browser, b.public+"/sso/"+string(b.connection.ID)+"?return_to=/arrived")
}

// signIn signs in at the provider as an account and returns where that ended.
func (b *bridge) signIn(t *testing.T, browser *http.Client, account string) *http.Response {
	t.Helper()
	return submit(t, browser, b.begin(t, browser), url.Values{"login": {account}})
}

func get(t *testing.T, browser *http.Client, address string) *http.Response {
	t.Helper()
	r := must(http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil))(t)
	w := must(browser.Do(r))(t)
	t.Cleanup(func() { w.Body.Close() })
	return w
}

func submit(t *testing.T, browser *http.Client, page *http.Response, form url.Values) *http.Response {
	t.Helper()
	r := must(http.NewRequestWithContext(t.Context(), http.MethodPost, page.Request.URL.String(), strings.NewReader(form.Encode())))(t)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := must(browser.Do(r))(t)
	t.Cleanup(func() { w.Body.Close() })
	return w
}

// viewer is whose session the browser has.
func (b *bridge) viewer(ctx context.Context, t *testing.T, browser *http.Client) (provisioning.Viewer, error) {
	t.Helper()
	for _, c := range browser.Jar.Cookies(must(url.Parse(b.public))(t)) {
		if c.Name == web.SessionCookie {
			return b.service.Authenticate(ctx, c.Value)
		}
	}
	return provisioning.Viewer{}, provisioning.ErrUnauthenticated
}

func TestSignInAtACertifiedProvider(t *testing.T) {
	t.Parallel()
	b := newBridge(t)
	browser := realBrowser(t)
	if w := b.signIn(t, browser, "00uada"); w.StatusCode != http.StatusSeeOther || w.Header.Get("Location") != "/arrived" {
		t.Fatalf("the sign-in ended at %s with %s", w.Request.URL.Path, w.Status)
	}
	ada := must(b.viewer(t.Context(), t, browser))(t)
	if ada.User.Email != "ada@acme.example" || ada.User.DisplayName != "Ada Lovelace" || ada.User.Origin != provisioning.OriginSignIn {
		t.Errorf("created %+v", ada.User)
	}
	why := must(b.service.ExplainAccess(t.Context(), b.workspace.ID, ada.User.ID, ""))(t)
	if len(why) != 1 || why[0].Role.Slug != "guest" || why[0].Source != provisioning.SourceFirstSignIn || !why[0].Counts() {
		t.Errorf("her access: %+v", why)
	}

	another := realBrowser(t)
	b.signIn(t, another, "00uada")
	if again := must(b.viewer(t.Context(), t, another))(t); again.User.ID != ada.User.ID || again.Session.ID == ada.Session.ID {
		t.Errorf("a second sign-in is user %s, session %s", again.User.ID, again.Session.ID)
	}
}

func TestRefusalsAtACertifiedProvider(t *testing.T) {
	t.Parallel()
	b := newBridge(t)
	stranger := realBrowser(t)
	w := b.signIn(t, stranger, "00umallory")
	page := string(must(io.ReadAll(w.Body))(t))
	if w.StatusCode != http.StatusForbidden || !strings.Contains(page, "You have no access to Acme") || strings.Contains(page, "mallory") {
		t.Errorf("somebody of another domain: %s\n%s", w.Status, page)
	}
	if _, err := b.viewer(t.Context(), t, stranger); err == nil {
		t.Error("a refused person has a session")
	}
	cancelling := realBrowser(t)
	if w := submit(t, cancelling, b.begin(t, cancelling), url.Values{"cancel": {"1"}}); w.StatusCode != http.StatusForbidden {
		t.Errorf("a cancelled sign-in: %s", w.Status)
	}
}

func TestRule20_AfterSignOutTheProviderAsksAgain(t *testing.T) {
	t.Parallel()
	b := newBridge(t)
	browser := realBrowser(t)
	b.signIn(t, browser, "00uada")
	if w := b.begin(t, browser); w.StatusCode != http.StatusSeeOther {
		t.Fatalf("with a session at the provider: %s", w.Status)
	}
	browser.Jar.SetCookies(must(url.Parse(b.public))(t), []*http.Cookie{{Name: web.SignedOutCookie, Value: "1", Path: "/"}})
	page := b.begin(t, browser)
	if page.StatusCode != http.StatusOK || !strings.HasPrefix(page.Request.URL.String(), b.issuer) {
		t.Fatalf("after a sign-out: %s at %s", page.Status, page.Request.URL)
	}
	if w := submit(t, browser, page, url.Values{"login": {"00uada"}}); w.StatusCode != http.StatusSeeOther {
		t.Errorf("signed in afresh: %s", w.Status)
	}
}
