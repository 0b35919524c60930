package console_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"drawbridge/provisioning"
)

func TestLoginAsksForTheAddress(t *testing.T) {
	t.Parallel()
	w := newSite(t, "https://bridge.example").get("/login")
	policy := w.Header().Get("Content-Security-Policy")
	doc := wantPage(t, w, http.StatusOK)
	form := all(doc, "form")[0]
	if attr(form, "method") != "post" || attr(form, "action") != "/login" {
		t.Errorf("form leads by %s to %s", attr(form, "method"), attr(form, "action"))
	}
	input := one(t, form, "input")
	if attr(input, "type") != "email" || attr(input, "autocomplete") != "username" || text(one(t, form, "label")) != "E-mail address" {
		t.Errorf("the field is not one for an address: %v", input.Attr)
	}
	if !strings.Contains(policy, "form-action 'self' https:;") {
		t.Errorf("the browser would not follow to the provider: %s", policy)
	}
}

func TestLoginLeadsToTheProviderOfTheDomain(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		public string
		form   url.Values
		want   string
	}{
		"one connection": {
			"https://bridge.example",
			url.Values{"email": {"ada@acme.example"}},
			"/sso/cn-okta?login_hint=ada%40acme.example",
		},
		"with somewhere to return to, below a path": {
			"https://bridge.example/b",
			url.Values{"email": {" ada+x@acme.example "}, "return_to": {"/b/app?x=1"}},
			"/b/sso/cn-okta?login_hint=ada%2Bx%40acme.example&return_to=%2Fb%2Fapp%3Fx%3D1",
		},
		"a provider without TLS that the form may lead to": {
			"https://bridge.example",
			url.Values{"email": {"ada@local.example"}},
			"/sso/cn-sim?login_hint=ada%40local.example",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, test.public, "http://127.0.0.1:8090")
			wantRedirect(t, s.post(mustURL(t, test.public).Path+"/login", test.form), test.want)
		})
	}
}

func TestLoginOffersAChoice(t *testing.T) {
	t.Parallel()
	s := newSite(t, "https://bridge.example")
	doc := wantPage(t, s.post("/login", url.Values{"email": {"ada@two.example"}, "return_to": {"/app"}}), http.StatusOK)
	found := links(one(t, doc, "main"))
	want := map[string]string{
		"Continue with OktaAcme":     "/sso/cn-okta?login_hint=ada%40two.example&return_to=%2Fapp",
		"Continue with Entra IDAcme": "/sso/cn-entra?login_hint=ada%40two.example&return_to=%2Fapp",
	}
	for words, href := range want {
		if found[words] != href {
			t.Errorf("%q leads to %q, want %q (%v)", words, found[words], href, found)
		}
	}
}

// Chromium would stop a form that is answered by a redirect to a provider outside of form-action: a link it follows.
func TestLoginLinksToAProviderWithoutTLS(t *testing.T) {
	t.Parallel()
	s := newSite(t, "https://bridge.example")
	doc := wantPage(t, s.post("/login", url.Values{"email": {"ada@local.example"}}), http.StatusOK)
	if got := links(one(t, doc, "main"))["Continue with Simulated OktaAcme"]; got != "/sso/cn-sim?login_hint=ada%40local.example" {
		t.Errorf("leads to %q", got)
	}
}

func TestLoginSaysWhatToCorrect(t *testing.T) {
	t.Parallel()
	const write = "Write the whole address"
	tests := map[string]struct{ email, problem, kept string }{
		"nothing":      {"", write, ""},
		"half":         {"ada", write, "ada"},
		"markup":       {`"><script>`, write, `"><script>`},
		"NUL":          {"ada@acme.example\x00", write, ""},
		"a line break": {"ada@acme.example\r\nX: y", write, ""},
		"no UTF-8":     {"ada\xff@acme.example", write, ""},
		"too long":     {strings.Repeat("a", 250) + "@acme.example", write, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, "https://bridge.example")
			doc := wantPage(t, s.post("/login", url.Values{"email": {test.email}, "return_to": {"/app"}}), http.StatusUnprocessableEntity)
			main := one(t, doc, "main")
			wantText(t, main, test.problem)
			wantText(t, one(t, doc, "title"), "Problem:")
			if got, _ := field(doc, "email"); got != test.kept {
				t.Errorf("the field holds %q, want %q", got, test.kept)
			}
			if got, _ := field(doc, "return_to"); got != "/app" {
				t.Errorf("where to return to became %q", got)
			}
			input := all(main, "input")[1]
			if attr(input, "aria-invalid") != "true" || links(main)[text(all(main, "li")[0])] != "#"+attr(input, "id") {
				t.Error("the problem does not lead to its field")
			}
			if len(all(main, "script")) > 0 {
				t.Error("what was typed became markup")
			}
		})
	}
}

func TestLoginNeverLeadsElsewhere(t *testing.T) {
	t.Parallel()
	for _, target := range []string{
		"https://evil.example/", "//evil.example", `\\evil.example`, "/\\evil.example", "javascript:alert(1)", "/%2f/evil.example",
		"/app/../..//evil.example", "/app\r\nSet-Cookie: a=b", "https://bridge.example@evil.example/", "app", strings.Repeat("/a", 4000),
	} {
		t.Run(target[:min(len(target), 40)], func(t *testing.T) {
			t.Parallel()
			s := newSite(t, "https://bridge.example")
			query := url.Values{"return_to": {target}}.Encode()
			if got, ok := field(wantPage(t, s.get("/login?"+query), http.StatusOK), "return_to"); ok {
				t.Errorf("the form carries %q on", got)
			}
			form := url.Values{"email": {"ada@acme.example"}, "return_to": {target}}
			wantRedirect(t, s.post("/login", form), "/sso/cn-okta?login_hint=ada%40acme.example")
			doc := wantPage(t, s.get("/login?"+query, session()), http.StatusOK)
			if got := links(one(t, doc, "main"))["Continue as Ada Lovelaceada@acme.example"]; got != "/" {
				t.Errorf("somebody signed in is led to %q", got)
			}
		})
	}
}

func TestLoginTellsTheSignedInWhoTheyAre(t *testing.T) {
	t.Parallel()
	s := newSite(t, "https://bridge.example/b")
	doc := wantPage(t, s.get("/b/login?return_to=/b/app", session()), http.StatusOK)
	if got := links(one(t, doc, "main"))["Continue as Ada Lovelaceada@acme.example"]; got != "/b/app" {
		t.Errorf("going on leads to %q", got)
	}
	if form := one(t, doc, "form"); attr(form, "action") != "/b/logout" || attr(form, "method") != "post" {
		t.Error("there is no way to sign in as somebody else")
	}
}

func TestLoginFaults(t *testing.T) {
	t.Parallel()
	form := url.Values{"email": {"ada@acme.example"}}
	tests := map[string]struct {
		change func(*site, *http.Request)
		status int
	}{
		"from another site":    {func(_ *site, r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }, http.StatusForbidden},
		"the database is gone": {func(s *site, _ *http.Request) { s.fake.broken = errBroken }, http.StatusInternalServerError},
		"a workspace is gone": {func(s *site, _ *http.Request) {
			s.fake.connections["acme.example"] = []provisioning.Connection{okta, {Workspace: "ws-gone"}}
		}, http.StatusInternalServerError},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, "https://bridge.example")
			r := s.request(http.MethodPost, "/login", form)
			test.change(s, r)
			doc := wantPage(t, s.do(r), test.status)
			if strings.Contains(text(doc), errBroken.Error()) {
				t.Error("the page shows the fault")
			}
		})
	}
}

// A password is always offered beside what the domain decides, and is the way where it decides nothing.
func TestLoginLeadsToThePassword(t *testing.T) {
	t.Parallel()
	const page = "/login/password?email=ada%40acme.example&return_to=%2Fapp"
	form := url.Values{"email": {"ada@acme.example"}, "return_to": {"/app"}, "with": {"password"}}
	s := newSite(t, "https://bridge.example")
	wantRedirect(t, s.post("/login", form), page)
	for _, email := range []string{"ada@nobody.example", "root@nobody.example"} {
		form = url.Values{"email": {email}}
		wantRedirect(t, s.post("/login", form), "/login/password?"+form.Encode())
	}
	doc := wantPage(t, s.post("/login", url.Values{"email": {"ada@two.example"}}), http.StatusOK)
	if got := links(one(t, doc, "main"))["Use a passwordIf you set one when you were invited"]; got != "/login/password?email=ada%40two.example" {
		t.Errorf("the choice leads to the password by %q", got)
	}
	doc = wantPage(t, s.get("/login"), http.StatusOK)
	second := all(all(doc, "form")[0], "button")[1]
	if text(second) != "Use a password" || attr(second, "name") != "with" || attr(second, "value") != "password" {
		t.Error("the first page does not offer a password")
	}
}

// Who left a workspace may enter one without typing again.
func TestLoginWithAParentSignInLeadsToTheWorkspaces(t *testing.T) {
	t.Parallel()
	s := newSite(t, "https://bridge.example")
	wantRedirect(t, s.get("/login?return_to=/app", parent()), "/workspaces?return_to=%2Fapp")
	s.fake.needsFactor = true
	wantPage(t, s.get("/login", parent()), http.StatusOK)
}

func TestLoginReadsALimitedBody(t *testing.T) {
	t.Parallel()
	s := newSite(t, "https://bridge.example")
	body := struct{ *bytes.Reader }{bytes.NewReader(bytes.Repeat([]byte("email=a&"), 100_000))} // a type of unknown length
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/login", body)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	wantPage(t, s.do(r), http.StatusRequestEntityTooLarge)
}

func TestLoginChoosesAmongWorkspaces(t *testing.T) {
	t.Parallel()
	s := newSite(t, "https://bridge.example")
	globex := provisioning.Workspace{ID: "ws-globex", Name: "Globex"}
	s.fake.workspaces[globex.ID] = globex
	s.fake.connections["shared.example"] = []provisioning.Connection{{Workspace: globex.ID, ID: "cn-2", Name: "Okta", Issuer: okta.Issuer}, okta}
	doc := wantPage(t, s.post("/login", url.Values{"email": {"ada@shared.example"}}), http.StatusOK)
	if got := texts(all(one(t, doc, "main"), "li")); !slices.Equal(got, []string{"Continue with OktaAcme", "Continue with OktaGlobex", "Use a passwordIf you set one when you were invited"}) {
		t.Errorf("offers %q", got)
	}
}
