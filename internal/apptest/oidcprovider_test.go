package apptest_test

import (
	"crypto/rand"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"drawbridge/internal/apptest"
	"drawbridge/internal/testenv"
	"drawbridge/provisioning"
)

// realSite is a site connected with the certified provider, which promises
// `iss` in its discovery.
type realSite struct {
	*site
	issuer     string
	connection provisioning.Connection
}

func startRealSite(t *testing.T, e apptest.Engine) *realSite {
	t.Helper()
	s := &realSite{site: startSite(t, e), issuer: testenv.OIDCProvider(t, testenv.OIDCConfig{})}
	s.connection = s.connect(t, s.issuer, true)
	testenv.SetOIDCClients(t, s.issuer, testenv.OIDCClient{
		ID: clientID, Secret: clientSecret, RedirectURIs: []string{s.callback()},
	})
	testenv.SetOIDCAccounts(t, s.issuer, account("ada"), account("bob"),
		testenv.OIDCAccount{ID: "eve", Claims: map[string]any{"email": "eve@elsewhere.example", "email_verified": true}})
	return s
}

func account(name string) testenv.OIDCAccount {
	return testenv.OIDCAccount{ID: name, Claims: map[string]any{"email": name + "@acme.example", "name": "Name of " + name}}
}

func (s *realSite) start() string    { return s.startURL(s.connection) }
func (s *realSite) callback() string { return s.callbackURL(s.connection) }

// signIn goes through the provider, as a person who has no session there.
func (s *realSite) signIn(b *apptest.Browser, start, person string) apptest.Page {
	s.forget(b)
	return b.Submit(b.Open(start), "", url.Values{"login": {person}})
}

// forget ends the browser's session at the provider.
func (s *realSite) forget(b *apptest.Browser) {
	for _, name := range []string{"_session", "_session.sig", "_session.legacy", "_session.legacy.sig"} {
		b.SetCookie(s.issuer, name, "")
	}
}

// answer signs in at the provider and returns where it sends the browser, which
// has not gone there yet.
func (s *realSite) answer(t *testing.T, b *apptest.Browser, start, person string) *url.URL {
	t.Helper()
	p := s.signIn(b.StopAt(s.callback()), start, person)
	if !strings.HasPrefix(p.Location(), s.callback()) {
		t.Fatalf("the provider answers %d and leads to %q: %s", p.Status, p.Location(), p.Text)
	}
	return mustParse(t, p.Location())
}

// with is the same address with another value of one parameter, "" for none.
func with(u *url.URL, name, value string) string {
	changed, q := *u, u.Query()
	q.Set(name, value)
	if value == "" {
		q.Del(name)
	}
	changed.RawQuery = q.Encode()
	return changed.String()
}

func TestSignInThroughACertifiedProvider(t *testing.T) {
	apptest.OnBoth(t, func(t *testing.T, e apptest.Engine) {
		s := startRealSite(t, e)
		for _, part := range []struct {
			name string
			test func(*testing.T, *realSite)
		}{
			{"created just in time, then recognised", createdThenRecognised},
			{"another domain is refused", anotherDomainIsRefused},
			{"iss is demanded and compared", issIsDemanded},
			{"state is good once, here, and whole", stateIsGuarded},
			{"five tabs", fiveTabs},
			{"rule 20: sign-out, then prompt=login", rule20SignOut},
			{"rule 20: another person is asked about", rule20Switch},
			{"target_link_uri never leaves our origin", targetStaysOurs},
			{"rule 26: initiate login by POST from another site", initiateByPost},
			{"initiate login by another provider", initiateByAnother},
		} {
			t.Run(part.name, func(t *testing.T) { part.test(t, s) })
		}
	})
}

func createdThenRecognised(t *testing.T, s *realSite) {
	first, second := apptest.NewBrowser(t), apptest.NewBrowser(t)
	wantPage(t, s.signIn(first, s.start(), "ada"), http.StatusOK, "ada@acme.example", "Guest", "First sign-in")
	user, session := s.who(t, first)
	wantPage(t, s.signIn(second, s.start(), "ada"), http.StatusOK, "Guest")
	again, next := s.who(t, second)
	if user == "" || user != again || session == next {
		t.Errorf("user %q in session %q, then user %q in session %q", user, session, again, next)
	}
	verdict := first.Open(s.URL + "/auth/verify")
	if verdict.Header.Get("X-Auth-Email") != "ada@acme.example" || verdict.Header.Get("X-Auth-Communities") != "acme=guest" {
		t.Errorf("/auth/verify: %v", verdict.Header)
	}
}

func anotherDomainIsRefused(t *testing.T, s *realSite) {
	b := apptest.NewBrowser(t)
	p := s.signIn(b, s.start(), "eve")
	wantPage(t, p, http.StatusForbidden, "You have no access to acme")
	if strings.Contains(p.Text, "eve@") {
		t.Errorf("the page shows a claim: %s", p.Text)
	}
	s.wantNobody(t, b)
}

func issIsDemanded(t *testing.T, s *realSite) {
	for name, value := range map[string]string{"missing": "", "another's": "https://evil.example", "with a slash": s.issuer + "/"} {
		b := apptest.NewBrowser(t)
		answer := s.answer(t, b, s.start(), "ada")
		if answer.Query().Get("iss") != s.issuer {
			t.Fatalf("the provider answers with iss %q", answer.Query().Get("iss"))
		}
		p := b.Open(with(answer, "iss", value))
		wantPage(t, p, http.StatusBadRequest, "This answer came from somewhere else")
		s.wantNobody(t, b)
		if p := b.Open(answer.String()); p.Status != http.StatusBadRequest {
			t.Errorf("iss %s: the same sign-in goes on afterwards: %d", name, p.Status)
		}
	}
	b := apptest.NewBrowser(t)
	answer := s.answer(t, b, s.start(), "ada")
	wantPage(t, b.Open(answer.String()+"&iss="+url.QueryEscape(s.issuer)), http.StatusBadRequest)
	s.wantNobody(t, b)
}

func stateIsGuarded(t *testing.T, s *realSite) {
	b, stranger := apptest.NewBrowser(t), apptest.NewBrowser(t)
	stranger.StopAt(s.issuer).Open(s.start()) // so that it has a binding of its own
	answer := s.answer(t, b, s.start(), "ada")
	state := answer.Query().Get("state")
	for name, address := range map[string]string{
		"forged":       with(answer, "state", "0"+rand.Text()+"."+rand.Text()),
		"none":         with(answer, "state", ""),
		"long":         with(answer, "state", strings.Repeat("x", 10_000)),
		"without code": with(answer, "code", ""),
		"twice":        answer.String() + "&state=" + url.QueryEscape(state),
	} {
		if p := b.Open(address); p.Status != http.StatusBadRequest {
			t.Errorf("state %s: %d %s", name, p.Status, p.Text)
		}
		s.wantNobody(t, b)
	}
	wantPage(t, b.Open(answer.String()), http.StatusOK, "Guest")
	_, session := s.who(t, b)
	wantPage(t, b.Open(answer.String()), http.StatusBadRequest, "This sign-in is over")
	if _, still := s.who(t, b); still != session {
		t.Errorf("after the replay the session is %q, it was %q", still, session)
	}

	for name, other := range map[string]*apptest.Browser{"another browser": stranger, "a browser that never began": apptest.NewBrowser(t)} {
		carried := s.answer(t, apptest.NewBrowser(t), s.start(), "ada")
		if p := other.Open(carried.String()); p.Status != http.StatusBadRequest {
			t.Errorf("in %s: %d %s", name, p.Status, p.Text)
		}
		s.wantNobody(t, other)
	}
}

// fiveTabs: of six sign-ins that one browser began, the first is given up.
func fiveTabs(t *testing.T, s *realSite) {
	b := apptest.NewBrowser(t)
	var tabs []apptest.Page
	for range 6 {
		tabs = append(tabs, b.Open(s.start()))
	}
	wantPage(t, b.Submit(tabs[0], "", url.Values{"login": {"ada"}}), http.StatusBadRequest, "This sign-in is over")
	for i, tab := range tabs[1:] {
		if p := b.Submit(tab, "", url.Values{"login": {"ada"}}); p.Status != http.StatusOK || !strings.Contains(p.Text, "Guest") {
			t.Errorf("tab %d: %d %s", i+2, p.Status, p.Text)
		}
	}
}

func rule20SignOut(t *testing.T, s *realSite) {
	b := apptest.NewBrowser(t)
	home := s.signIn(b, s.start(), "ada")
	if to := b.StopAt(s.issuer).Open(s.start()).Location(); strings.Contains(to, "prompt=") {
		t.Errorf("before a sign-out: %s", to)
	}
	wantPage(t, b.Submit(home, "/logout", nil), http.StatusOK, "You are signed out")
	s.wantNobody(t, b)
	to := mustParse(t, b.StopAt(s.issuer).Open(s.start()).Location())
	if to.Query().Get("prompt") != "login" {
		t.Errorf("after a sign-out: %s", to)
	}
	page := b.Open(s.start()) // the session at the provider still stands
	if !strings.HasPrefix(page.URL.String(), s.issuer) {
		t.Fatalf("nobody was asked: %s", page.URL)
	}
	wantPage(t, b.Submit(page, "", url.Values{"login": {"ada"}}), http.StatusOK, "Guest")
	if to := b.StopAt(s.issuer).Open(s.start()).Location(); strings.Contains(to, "prompt=") {
		t.Errorf("after signing in again: %s", to)
	}
}

func rule20Switch(t *testing.T, s *realSite) {
	b := apptest.NewBrowser(t)
	s.signIn(b, s.start(), "ada")
	ada, session := s.who(t, b)
	cookie := &http.Cookie{Name: "drawbridge_session", Value: b.Cookie(s.URL, "drawbridge_session")}

	question := s.signIn(b, s.start(), "bob")
	wantPage(t, question, http.StatusOK, "Who is signing in?", "Name of ada", "Name of bob")
	if user, now := s.who(t, b); user != ada || now != session {
		t.Errorf("before the answer the session is %q of %q", now, user)
	}
	b.Submit(question, "/sso/switch", url.Values{"stay": {"1"}})
	if user, now := s.who(t, b); user != ada || now != session {
		t.Errorf("after staying the session is %q of %q", now, user)
	}
	wantPage(t, b.Submit(question, "/sso/switch", nil), http.StatusBadRequest, "This question is over")

	wantPage(t, b.Submit(s.signIn(b, s.start(), "bob"), "/sso/switch", nil), http.StatusOK, "bob@acme.example")
	if user, _ := s.who(t, b); user == ada || user == "" {
		t.Errorf("after going on the session is of %q", user)
	}
	if code := verify(t, s.URL, cookie); code != http.StatusUnauthorized {
		t.Errorf("the first session answers %d after going on", code)
	}
}

func targetStaysOurs(t *testing.T, s *realSite) {
	for target, want := range map[string]string{
		s.URL + "/login?x=1":            "/login?x=1",
		"/login":                        "/login",
		"https://evil.example/":         "/",
		"//evil.example/":               "/",
		"/\\evil.example":               "/",
		"https:evil.example":            "/",
		"javascript:alert(1)":           "/",
		s.URL + "@evil.example/":        "/",
		s.URL + ".evil.example/":        "/",
		"/%2f%2fevil.example":           "/",
		"/..//evil.example":             "/",
		"\t//evil.example":              "/",
		s.start() + "?return_to=/login": "/",
	} {
		b := apptest.NewBrowser(t)
		start := s.start() + "?" + url.Values{"target_link_uri": {target}}.Encode()
		p := b.StopAt("http").Open(s.answer(t, b, start, "ada").String())
		if got := p.Header.Get("Location"); p.Status != http.StatusSeeOther || got != want {
			t.Errorf("target_link_uri %q: %d, leads to %q, want %q", target, p.Status, got, want)
		}
	}
}

func initiateByPost(t *testing.T, s *realSite) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Jar: jar, Timeout: patience}
	form := url.Values{"iss": {s.issuer}, "login_hint": {"ada@acme.example"}, "target_link_uri": {s.URL + "/auth/verify"}}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.start(), strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", "https://acme.okta.example")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	page, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = page.Body.Close()
	if page.StatusCode != http.StatusOK || !strings.HasPrefix(page.Request.URL.String(), s.issuer) {
		t.Fatalf("the tile leads to %s with %s", page.Request.URL, page.Status)
	}
	end, err := client.PostForm(page.Request.URL.String(), url.Values{"login": {"ada"}})
	if err != nil {
		t.Fatal(err)
	}
	_ = end.Body.Close()
	if end.StatusCode != http.StatusOK || end.Request.URL.String() != s.URL+"/auth/verify" || end.Header.Get("X-Auth-Email") != "ada@acme.example" {
		t.Errorf("ended at %s with %s", end.Request.URL, end.Status)
	}
}

func initiateByAnother(t *testing.T, s *realSite) {
	b := apptest.NewBrowser(t)
	p := b.Open(s.start() + "?iss=" + url.QueryEscape("https://evil.example"))
	wantPage(t, p, http.StatusBadRequest, "This link belongs to another provider")
	hint := b.StopAt(s.issuer).Open(s.start() + "?login_hint=ada%40acme.example&iss=" + url.QueryEscape(s.issuer))
	if to := mustParse(t, hint.Location()); to.Query().Get("login_hint") != "ada@acme.example" {
		t.Errorf("the hint does not reach the provider: %s", to)
	}
	if p := b.Open(s.URL + "/sso/0123456789abcdefghjkmnpqrs"); p.Status != http.StatusNotFound {
		t.Errorf("an unknown connection: %d", p.Status)
	}
}
