package apptest_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"drawbridge/internal/apptest"
	"drawbridge/internal/oktasim"
)

// logBuffer keeps what a bridge logs.
type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// told collects what was sent to the bridge and may stand in no log.
type told map[string]string

func TestRule25_NothingSecretAndNothingPersonalIsLogged(t *testing.T) {
	apptest.OnBoth(t, func(t *testing.T, e apptest.Engine) {
		log := &logBuffer{}
		s := newSite(t, options{Log: slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))}.start(t, e), "acme")
		x := told{"the invited address": "owner@acme.example", "the client secret": clientSecret}
		x.push(t, s)
		x.signIns(t, s)
		s.Stop()
		lines := strings.Count(log.String(), `"msg":"request"`)
		if lines < 30 {
			t.Errorf("only %d requests were logged", lines)
		}
		for what, text := range x {
			if text == "" || strings.Contains(log.String(), text) || strings.Contains(log.String(), url.QueryEscape(text)) {
				t.Errorf("the log has %s, %q: %s", what, text, lineWith(log.String(), text))
			}
		}
		if strings.Contains(log.String(), "acme.example") || strings.Contains(log.String(), "Lovelace") {
			t.Errorf("the log has an address or a name: %s%s", lineWith(log.String(), "acme.example"), lineWith(log.String(), "Lovelace"))
		}
	})
}

func lineWith(log, text string) string {
	for line := range strings.Lines(log) {
		if strings.Contains(line, text) {
			return line
		}
	}
	return ""
}

// push is all that Okta does, and all that may go wrong with it.
func (x told) push(t *testing.T, s *site) {
	t.Helper()
	_, c := s.directory(t, "okta-catalog")
	x["the SCIM token"] = c.token
	_, x["the SCIM token's secret"], _ = strings.Cut(c.token, ".")
	if _, err := oktasim.Run(t.Context(), oktasim.ScenarioConfig{SCIMURL: c.base, Token: c.token, App: oktasim.Catalog, Users: 3, Groups: 1}); err != nil {
		t.Fatal(err)
	}
	x["the scenario's domain"] = ".simulated.example"
	x["a filter's value"] = "needle-in-a-filter"
	c.do(t, "GET", "/Users?filter="+url.QueryEscape(`userName eq "needle-in-a-filter"`), "").want(t, 200)
	c.do(t, "GET", "/Users?filter="+url.QueryEscape(`shoe eq "needle-in-a-filter"`), "").want(t, 400)
	user := c.newUser(t, "ada@acme.example")
	c.do(t, "POST", "/Users", userJSON("ada@acme.example")).want(t, 409)
	x["an unknown attribute"] = "needle-in-an-attribute"
	c.do(t, "PUT", "/Users/"+user, strings.Replace(userJSON("ada@acme.example"), `{`, `{"shoe":"needle-in-an-attribute",`, 1)).want(t, 200)
	c.do(t, "PATCH", "/Users/"+user, patchJSON(`{"op":"add","path":"needle-in-an-attribute","value":"x"}`)).want(t, 400)
	x["a group's name"] = "Needle of a group"
	group := c.newGroup(t, "Needle of a group", user)
	c.do(t, "PATCH", "/Groups/"+group, patchJSON(addMembers("needle@acme.example"))).want(t, 400)
	c.do(t, "GET", "/Users/needle@acme.example", "").want(t, 404)
	c.do(t, "GET", "/needle@acme.example", "").want(t, 404)
	x["a wrong token"] = "dbscim_needle.in-a-token"
	scimClient{base: c.base, token: x["a wrong token"]}.do(t, "GET", "/Users", "").want(t, 401)
}

// signIns are good and bad ones, and pages that were asked for with secrets.
func (x told) signIns(t *testing.T, s *site) {
	t.Helper()
	org := startOkta(t, nil, "owner@acme.example", "newcomer@acme.example", "stranger@needle.example")
	c := s.connectOkta(t, org, true)
	x["somebody refused"] = "stranger@needle.example"
	_, x["the invitation's secret"], _ = strings.Cut(s.link, "dbinv_")

	b := apptest.NewBrowser(t)
	p := b.Follow(b.Open(s.link), "Continue with Okta")
	wantPage(t, org.choose(t, b, p, "owner@acme.example"), http.StatusOK, "Admin")
	b.Open(s.link)
	wantPage(t, org.signIn(t, apptest.NewBrowser(t), s.startURL(c), "stranger@needle.example"), http.StatusForbidden)

	b = apptest.NewBrowser(t)
	to := org.signIn(t, b.StopAt(s.callbackURL(c)), s.startURL(c)+"?login_hint=newcomer%40acme.example", "newcomer@acme.example").Location()
	answer := mustParse(t, to).Query()
	x["a code"], x["a state"] = answer.Get("code"), answer.Get("state")
	home := b.Open(to)
	wantPage(t, home, http.StatusOK, "Guest")
	wantPage(t, b.Open(to), http.StatusBadRequest)
	x["a session"] = b.Cookie(s.URL, "drawbridge_session")
	_, x["a session's secret"], _ = strings.Cut(x["a session"], ".")
	x["a browser's secret"] = b.Cookie(s.URL, "drawbridge_signin")
	b.Open(s.URL + "/auth/verify")
	b.Open(s.URL + "/newcomer@acme.example?token=needle-in-a-query")
	x["a query"] = "needle-in-a-query"
	b.Submit(home, "/logout", nil)
	typed := b.Submit(b.Open(s.URL+"/login"), "/login", url.Values{"email": {"needle@acme.example"}})
	wantPage(t, typed, http.StatusOK)
	b.Submit(b.Open(s.URL+"/login"), "/login", url.Values{"email": {"needle@nowhere.example"}})
	x["a typed address"] = "needle@nowhere.example"
	x.unreachable(t, s, org, s.startURL(c))
}

// unreachable: faults of the provider are logged with their cause.
func (x told) unreachable(t *testing.T, s *site, org okta, start string) {
	t.Helper()
	b := apptest.NewBrowser(t)
	to := org.signIn(t, b.StopAt(s.URL+"/sso"), start, "newcomer@acme.example").Location()
	answer := mustParse(t, to).Query()
	x["a code that was not redeemed"], x["its state"] = answer.Get("code"), answer.Get("state")
	org.stop()
	wantPage(t, b.Open(to), http.StatusBadGateway, "cannot be reached")
}
