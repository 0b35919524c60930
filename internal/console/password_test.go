package console_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"drawbridge/provisioning"
)

func credentials(email, password string) url.Values {
	return url.Values{"email": {email}, "password": {password}}
}

func TestPasswordFormIsOneThatPasswordManagersKnow(t *testing.T) {
	t.Parallel()
	s := newSite(t, "https://bridge.example")
	doc := wantPage(t, s.get("/login/password?email=ada@acme.example&return_to=/app"), http.StatusOK)
	form := all(doc, "form")[0]
	if attr(form, "action") != "/login/password" {
		t.Errorf("leads to %s", attr(form, "action"))
	}
	want := map[string][2]string{"email": {"username", "ada@acme.example"}, "password": {"current-password", ""}}
	for _, input := range all(form, "input") {
		expected, ok := want[attr(input, "name")]
		if ok && (attr(input, "autocomplete") != expected[0] || attr(input, "value") != expected[1]) {
			t.Errorf("field %v", input.Attr)
		}
	}
	if got, _ := field(doc, "return_to"); got != "/app" {
		t.Errorf("returns to %q", got)
	}
	if got := links(one(t, doc, "main"))["I forgot my password"]; got != "/reset" {
		t.Errorf("a forgotten password leads to %q", got)
	}
}

// Design rule 18: a password sign-in is a parent, from which the one workspace is entered at once.
func TestRule18_PasswordEntersTheOnlyWorkspace(t *testing.T) {
	t.Parallel()
	s := newSite(t, "https://bridge.example/b")
	w := s.post("/b/login/password", credentials("ada@acme.example", goodPassword), cookie("known", "old"))
	wantRedirect(t, w, "/b")
	if c := setCookie(w, "__Host-drawbridge_account"); c == nil || c.Value != "pa-1.new-1" || !c.HttpOnly || !c.Secure || c.Domain != "" || c.MaxAge != 30*24*60*60 {
		t.Errorf("parent cookie %v", c)
	}
	if c := setCookie(w, "__Host-drawbridge_session"); c == nil || c.Value != "s-9.secret" || c.MaxAge != 3600 {
		t.Errorf("session cookie %v", c)
	}
	if c := setCookie(w, "__Host-drawbridge_known"); c == nil || c.Value != "known-1" || c.MaxAge != 90*24*60*60 {
		t.Errorf("known cookie %v", c)
	}
	if got := s.fake.browsers; got[0].Known != "old" || got[1].Parent != "pa-1.new-1" {
		t.Errorf("the domain was told of %+v", got)
	}
	if strings.Contains(s.log.String(), goodPassword) || strings.Contains(s.log.String(), "ada@acme") || strings.Contains(s.log.String(), "secret") {
		t.Error("the log tells")
	}
}

func TestPasswordLeadsOn(t *testing.T) {
	t.Parallel()
	two := []provisioning.Door{{Workspace: acme, User: ada}, {Workspace: globex, User: provisioning.User{ID: "u-2"}}}
	tests := map[string]struct {
		change   func(*fakeService)
		returnTo string
		want     string
	}{
		"where it was asked for":        {nil, "/app?x=1", "/app?x=1"},
		"several workspaces":            {func(f *fakeService) { f.doors = two }, "/app", "/workspaces?return_to=%2Fapp"},
		"none":                          {func(f *fakeService) { f.doors = nil }, "/", "/workspaces"},
		"one that is shut":              {func(f *fakeService) { f.doors[0].Refusal = provisioning.RefusedSSORequired }, "/", "/workspaces"},
		"one that asks for a factor":    {func(f *fakeService) { f.enterFails = needs("second_factor_setup") }, "/app", "/account/factor?return_to=%2Fapp&workspace=ws-acme"},
		"one that shut a moment ago":    {func(f *fakeService) { f.enterFails = &provisioning.Refusal{Reason: provisioning.RefusedBlocked} }, "/", "/workspaces"},
		"the second factor":             {func(f *fakeService) { f.needsFactor = true }, "/app", "/login/factor?return_to=%2Fapp"},
		"proving it for a provider":     {nil, "/sso/cn-okta?login_hint=a", "/login/proved?return_to=%2Fsso%2Fcn-okta%3Flogin_hint%3Da"},
		"accepting an invitation by it": {nil, "/invitation", "/invitation"},
		"elsewhere":                     {nil, "//evil.example", "/"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, "https://bridge.example")
			if test.change != nil {
				test.change(s.fake)
			}
			form := credentials("ada@acme.example", goodPassword)
			form.Set("return_to", test.returnTo)
			wantRedirect(t, s.post("/login/password", form), test.want)
		})
	}
}

// Rule: nothing tells whether somebody exists. A wrong address and a wrong password have one answer, to the byte.
func TestPasswordTellsNobodyWhoExists(t *testing.T) {
	t.Parallel()
	s := newSite(t, "https://bridge.example")
	var pages []string
	for _, form := range []url.Values{credentials("ada@acme.example", "wrong"), credentials("eve@acme.example", "wrong")} {
		w := s.post("/login/password", form)
		if w.Code != http.StatusUnprocessableEntity || len(w.Result().Cookies()) > 0 {
			t.Errorf("status %d, cookies %v", w.Code, w.Result().Cookies())
		}
		pages = append(pages, strings.ReplaceAll(w.Body.String(), form.Get("email"), "X"))
	}
	if pages[0] != pages[1] {
		t.Error("the pages differ")
	}
	if !strings.Contains(pages[0], "This address and this password do not go together.") || strings.Contains(pages[0], `value="wrong"`) {
		t.Error("the page does not say what is wrong, or shows the password")
	}
}

func TestPasswordSaysWhatToCorrect(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		form           url.Values
		field, problem string
	}{
		"no address":           {credentials("", goodPassword), "email", "Write the whole address"},
		"an address of no one": {credentials("ada\x00@acme.example", goodPassword), "email", "Write the whole address"},
		"no password":          {credentials("ada@acme.example", ""), "password", "Type a password."},
		"a wrong one":          {credentials("ada@acme.example", "x"), "password", "do not go together"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, "https://bridge.example")
			doc := wantPage(t, s.post("/login/password", test.form), http.StatusUnprocessableEntity)
			wantProblem(t, doc, test.field, test.problem)
		})
	}
}

// Too many attempts are 429 with the time after which it makes sense to come again.
func TestPasswordLockedOut(t *testing.T) {
	t.Parallel()
	for code, says := range map[string]string{
		"locked": "nothing is looked at for 30 minutes",
		"busy":   "Try again in a few seconds",
	} {
		s := newSite(t, "https://bridge.example")
		s.fake.tooMany = locked()
		s.fake.tooMany.Code = code
		w := s.post("/login/password", credentials("ada@acme.example", goodPassword))
		if got := w.Header().Get("Retry-After"); got != "1800" {
			t.Errorf("Retry-After %q", got)
		}
		wantText(t, one(t, wantPage(t, w, http.StatusTooManyRequests), "main"), "Too many attempts", says, "Reference")
	}
}

// A session that the browser has of another sign-in ends, so that nobody goes on as the person before.
func TestPasswordEndsTheSessionOfWhoWasHereBefore(t *testing.T) {
	t.Parallel()
	s := newSite(t, "https://bridge.example")
	wantRedirect(t, s.post("/login/password", credentials("ada@acme.example", goodPassword), session()), "/")
	if !s.fake.signedOut {
		t.Error("the session before lives on")
	}
}

func TestProvedLeadsToTheProviderByALink(t *testing.T) {
	t.Parallel()
	s := newSite(t, "https://bridge.example")
	doc := wantPage(t, s.get("/login/proved?return_to=/sso/cn-okta%3Flogin_hint%3Da", parent()), http.StatusOK)
	if got := links(one(t, doc, "main"))["Finish signing in"]; got != "/sso/cn-okta?login_hint=a" {
		t.Errorf("leads to %q", got)
	}
	wantRedirect(t, s.get("/login/proved?return_to=https://evil.example/sso/", parent()), "/workspaces")
	wantRedirect(t, s.get("/login/proved?return_to=/sso/cn-okta"), "/login?return_to=%2Fsso%2Fcn-okta")
	s.fake.needsFactor = true
	wantRedirect(t, s.get("/login/proved?return_to=/sso/cn-okta", parent()), "/login/factor?return_to=%2Fsso%2Fcn-okta")
	wantText(t, one(t, wantPage(t, s.get("/login/password?return_to=/sso/cn-okta"), http.StatusOK), "main"), "Prove once that it is yours")
}

func TestPasswordFault(t *testing.T) {
	t.Parallel()
	s := newSite(t, "https://bridge.example")
	s.fake.broken = errBroken
	wantPage(t, s.post("/login/password", credentials("ada@acme.example", goodPassword)), http.StatusInternalServerError)
}

func TestLogoutEndsTheParentSignInToo(t *testing.T) {
	t.Parallel()
	s := newSite(t, "https://bridge.example")
	w := s.post("/logout", nil, session(), parent())
	wantRedirect(t, w, "/logout")
	if !s.fake.signedOut || !slices.Equal(s.fake.calls, []string{"sign out parent"}) {
		t.Error("something lives on")
	}
	for _, name := range []string{"session", "account", "invitation", "reset", "email", "setup"} {
		if c := setCookie(w, "__Host-drawbridge_"+name); c == nil || c.MaxAge >= 0 {
			t.Errorf("the cookie %s stays", name)
		}
	}
	if setCookie(w, "__Host-drawbridge_known") != nil {
		t.Error("the browser forgot whom it knows: a lock-out would shut them out")
	}
}

func TestLogoutOfWhoIsOnTheWayIn(t *testing.T) {
	t.Parallel()
	s := newSite(t, "https://bridge.example")
	doc := wantPage(t, s.get("/logout", parent()), http.StatusOK)
	wantText(t, one(t, doc, "main"), "Sign out?", "ada@acme.example")
	wantRedirect(t, s.post("/logout", nil, parent()), "/logout")
	if !s.fake.parentOut {
		t.Error("the sign-in lives on")
	}
	wantText(t, one(t, wantPage(t, s.get("/logout", parent()), http.StatusOK), "main"), "You are signed out")
}
