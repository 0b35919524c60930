package apptest_test

import (
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"drawbridge/internal/apptest"
	"drawbridge/internal/oktasim"
	"drawbridge/provisioning"
)

var operator = provisioning.Operator()

// The client that every provider of these tests knows.
const (
	clientID     = "bridge"
	clientSecret = "a client secret of the tests' own"
)

// site is one workspace on a bridge, with a verified domain and nothing else.
type site struct {
	*apptest.Bridge
	ws         provisioning.Workspace
	domain     string
	invitation provisioning.Invitation // of the first administrator
	link       string                  // where that invitation leads
}

func (e options) start(t testing.TB, engine apptest.Engine) *apptest.Bridge {
	t.Helper()
	o := apptest.Options(e)
	o.Database, o.Redis = engine.Database(t), engine.Redis(t)
	return apptest.Start(t, o)
}

// options are those of a bridge whose database the engine gives.
type options apptest.Options

func newSite(t testing.TB, b *apptest.Bridge, slug string) *site {
	t.Helper()
	s := &site{Bridge: b, domain: slug + ".example"}
	made, err := b.Service.CreateWorkspace(t.Context(), operator, provisioning.NewWorkspace{Name: slug, AdminEmail: "owner@" + s.domain})
	if err != nil {
		t.Fatal(err)
	}
	s.ws, s.invitation, s.link = made.Workspace, made.Invitation, b.URL+"/invitation?token="+url.QueryEscape(made.Secret)
	if _, err := b.Service.AddDomain(t.Context(), operator, s.ws.ID, s.domain, true); err != nil {
		t.Fatal(err)
	}
	return s
}

// startSite is a site on a bridge of its own.
func startSite(t testing.TB, e apptest.Engine) *site {
	t.Helper()
	return newSite(t, options{}.start(t, e), "acme")
}

// connect makes a connection; with autoCreate it makes guests.
func (s *site) connect(t testing.TB, issuer string, autoCreate bool) provisioning.Connection {
	t.Helper()
	name, id, secret := "Okta", clientID, clientSecret
	n := provisioning.ConnectionWrite{Name: &name, Issuer: &issuer, ClientID: &id, ClientSecret: &secret}
	if autoCreate {
		guest, err := s.Service.FindRole(t.Context(), s.ws.ID, provisioning.RoleGuest)
		if err != nil {
			t.Fatal(err)
		}
		n.AutoCreate, n.DefaultRole = &autoCreate, &guest.ID
	}
	c, err := s.Service.CreateConnection(t.Context(), operator, s.ws.ID, n)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (s *site) startURL(c provisioning.Connection) string { return s.URL + "/sso/" + string(c.ID) }

func (s *site) callbackURL(c provisioning.Connection) string { return s.startURL(c) + "/callback" }

// directory makes a directory and a client that speaks for it.
func (s *site) directory(t testing.TB, preset string) (provisioning.Directory, scimClient) {
	t.Helper()
	d, err := s.Service.CreateDirectory(t.Context(), operator, s.ws.ID, provisioning.NewDirectory{Name: preset, Preset: preset})
	if err != nil {
		t.Fatal(err)
	}
	_, token := s.token(t, d)
	return d, scimClient{base: s.URL + "/scim/v2", token: token}
}

func (s *site) token(t testing.TB, d provisioning.Directory) (provisioning.DirectoryToken, string) {
	t.Helper()
	made, text, err := s.Service.CreateToken(t.Context(), operator, s.ws.ID, d.ID, "test", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return made, text
}

// okta is a simulated organisation on a port of its own.
type okta struct {
	*oktasim.Organisation
	stop func()
}

// startOkta runs an organisation of the people with these logins. now is its
// clock, nil the real one.
func startOkta(t testing.TB, now func() time.Time, logins ...string) okta {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	org, err := oktasim.New(oktasim.Config{
		BaseURL: "http://" + server.Listener.Addr().String(), ClientID: clientID, ClientSecret: clientSecret, Now: now,
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, login := range logins {
		if _, err := org.AddPerson(oktasim.Person{Login: login, FirstName: "Ada", LastName: "Lovelace"}); err != nil {
			t.Fatal(err)
		}
	}
	server.Config.Handler = org.Handler()
	server.Start()
	t.Cleanup(server.Close)
	return okta{org, server.Close}
}

// connectOkta connects the site with the organisation, and with no other site.
func (s *site) connectOkta(t testing.TB, org okta, autoCreate bool) provisioning.Connection {
	t.Helper()
	c := s.connect(t, org.Issuer(), autoCreate)
	org.redirectTo(t, s.callbackURL(c))
	return c
}

// redirectTo registers where the organisation may send browsers.
func (o okta) redirectTo(t testing.TB, uris ...string) {
	t.Helper()
	if err := o.Connect(oktasim.Connection{RedirectURIs: uris}); err != nil {
		t.Fatal(err)
	}
}

// choose picks a person on the organisation's page.
func (o okta) choose(t testing.TB, b *apptest.Browser, page apptest.Page, login string) apptest.Page {
	t.Helper()
	p, ok := o.Person(login)
	if !ok {
		t.Fatalf("nobody has the login %q", login)
	}
	return b.Submit(page, "/login", url.Values{"person": {p.ID}})
}

// signIn takes a browser from the connection's address through Okta and back.
func (o okta) signIn(t testing.TB, b *apptest.Browser, start, login string) apptest.Page {
	t.Helper()
	return o.choose(t, b, b.Open(start), login)
}

// wantPage checks status and words of a page.
func wantPage(t testing.TB, p apptest.Page, status int, words ...string) {
	t.Helper()
	if p.Status != status {
		t.Errorf("%s answers %d, want %d: %s", p.URL, p.Status, status, p.Text)
	}
	wantWords(t, p, words...)
}

// who is whom /auth/verify takes the browser for; empty when it has no session.
func (s *site) who(t testing.TB, b *apptest.Browser) (user, session string) {
	t.Helper()
	p := b.Open(s.URL + "/auth/verify")
	return p.Header.Get("X-Auth-User"), p.Header.Get("X-Auth-Session")
}

// wantNobody checks that the browser has no session.
func (s *site) wantNobody(t testing.TB, b *apptest.Browser) {
	t.Helper()
	if p := b.Open(s.URL + "/auth/verify"); p.Status != 401 {
		t.Errorf("/auth/verify answers %d with %v", p.Status, p.Header)
	}
}
