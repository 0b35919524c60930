package console_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"drawbridge/provisioning"
)

// withAccount is a site whose person came in by an account, and the cookies of their browser.
func withAccount(t *testing.T) (*site, []*http.Cookie) {
	t.Helper()
	s := newSite(t, "https://bridge.example")
	s.fake.viewer.Session.Parent = s.fake.signIn.ID
	return s, []*http.Cookie{session(), parent()}
}

// line is the line of a list with a name.
func line(t *testing.T, doc *html.Node, name string) *html.Node {
	t.Helper()
	for _, n := range all(one(t, doc, "main"), "li") {
		if strings.HasPrefix(text(n), name) {
			return n
		}
	}
	t.Fatalf("no line %q in %s", name, text(one(t, doc, "main")))
	return nil
}

func TestAccountShowsHowSomebodySignsIn(t *testing.T) {
	t.Parallel()
	s, cookies := withAccount(t)
	s.fake.factors = provisioning.FactorState{TOTP: true, Passkeys: []provisioning.Passkey{laptop, {ID: "cred-2", Name: "Key", CreatedAt: now}}, RecoveryCodes: 1}
	doc := wantPage(t, s.get("/account", cookies...), http.StatusOK)
	tests := map[string]struct {
		says  string
		links map[string]string
	}{
		"Your name":         {"Ada Lovelace", map[string]string{"Change Your name": "/account/name"}},
		"E-mail address":    {"ada@acme.example", map[string]string{"Change E-mail address": "/account/email"}},
		"Password":          {"Set 2 days ago", map[string]string{"Change Password": "/account/password"}},
		"Authenticator app": {"Set up.", map[string]string{"Replace Authenticator app": "/account/authenticator", "Remove Authenticator app": "/account/authenticator/remove"}},
		"Recovery codes":    {"1 left", map[string]string{"Make new ones Recovery codes": "/account/recovery-codes"}},
		"Laptop":            {"Last used 2 hours ago", map[string]string{"Rename Laptop": "/account/passkeys/cred-1/rename", "Remove Laptop": "/account/passkeys/cred-1/remove"}},
		"Key":               {"Added just now, not used yet", map[string]string{"Rename Key": "/account/passkeys/cred-2/rename"}},
	}
	for name, test := range tests {
		found := line(t, doc, name)
		wantText(t, found, test.says)
		for words, href := range test.links {
			if got := links(found)[words]; got != href {
				t.Errorf("%s: %q leads to %q", name, words, got)
			}
		}
	}
	found := links(one(t, doc, "main"))
	if found["Add a passkey"] != "/account/passkeys" || found["Your communities and roles, and why you have them"] != "/" {
		t.Errorf("leads to %v", found)
	}
}

func TestAccountWithoutSecondFactors(t *testing.T) {
	t.Parallel()
	s, cookies := withAccount(t)
	s.fake.account.PasswordHash = ""
	doc := wantPage(t, s.get("/account", cookies...), http.StatusOK)
	wantText(t, line(t, doc, "Password"), "None: you sign in with a passkey.", "Set one")
	wantText(t, line(t, doc, "Authenticator app"), "Not set up", "Set up")
	if strings.Contains(text(doc), "Recovery codes") {
		t.Error("offers recovery codes for nothing")
	}
}

// Users born by SSO or directory have no account: they see who manages what, and why there is no password.
func TestAccountOfWhoHasNone(t *testing.T) {
	t.Parallel()
	s := newSite(t, "https://bridge.example")
	s.fake.mayRename = false
	s.fake.sessions = s.fake.sessions[1:2]
	s.fake.sessions[0].Current = true
	doc := wantPage(t, s.get("/account", session()), http.StatusOK)
	main := one(t, doc, "main")
	wantText(t, main, "You have no password here: Okta signs you in.", "Your organisation’s directory keeps this name.", "ask an administrator of Acme")
	for words := range links(main) {
		if words != "Your communities and roles, and why you have them" {
			t.Errorf("offers %q", words)
		}
	}
	if strings.Contains(text(main), "End all other sessions") {
		t.Error("offers to end what is not there")
	}
	s.fake.viewer.User.Account = "a-ada"
	wantText(t, one(t, wantPage(t, s.get("/account", session()), http.StatusOK), "main"), "There is a password for ada@acme.example too: sign in with it")
}

func TestAccountWhoseAddressCannotBeChanged(t *testing.T) {
	t.Parallel()
	s, cookies := withAccount(t)
	s.fake.account.EmailProved = false
	found := line(t, wantPage(t, s.get("/account", cookies...), http.StatusOK), "E-mail address")
	if len(all(found, "a")) > 0 {
		t.Error("offers to change it")
	}
	wantText(t, found, "because no mail goes to it from here")
}

func TestAccountSessions(t *testing.T) {
	t.Parallel()
	s, cookies := withAccount(t)
	doc := wantPage(t, s.get("/account", cookies...), http.StatusOK)
	present := line(t, doc, "Chrome on Linux")
	wantText(t, present, "This browser", "Acme · With a password · 192.0.2.7", "Since 1 hour ago. Last seen just now.")
	if len(all(present, "form")) > 0 {
		t.Error("the present session has a button of its own beside the one that signs out")
	}
	other := line(t, doc, "Safari on iPhone")
	wantText(t, other, "Through Okta", "Last seen 20 hours ago.")
	if id, _ := field(other, "session"); id != "s-2" || attr(one(t, other, "button"), "aria-label") != "End the session of Safari on iPhone in Acme" {
		t.Error("the button ends another one, or does not say which")
	}
	wantText(t, line(t, doc, "Unknown browser"), "Globex · With a passkey")

	wantRedirect(t, s.post("/account/sessions/end", url.Values{"session": {"s-2"}}, cookies...), "/account?done=session")
	wantRedirect(t, s.post("/account/sessions/end", url.Values{"session": {"s-none"}}, cookies...), "/account?done=session")
	wantRedirect(t, s.post("/account/sessions/end", url.Values{"session": {"s-1"}}, cookies...), "/logout")
	wantRedirect(t, s.post("/account/sessions/end-others", nil, cookies...), "/account?done=sessions")
	if !slices.Equal(s.fake.calls, []string{"end s-2", "end s-none", "end others"}) {
		t.Errorf("did %q", s.fake.calls)
	}
	s.fake.broken = errBroken
	wantPage(t, s.post("/account/sessions/end-others", nil, cookies...), http.StatusInternalServerError)
}

func TestAccountSaysWhatWasDone(t *testing.T) {
	t.Parallel()
	s, cookies := withAccount(t)
	doc := wantPage(t, s.get("/account?done=password", cookies...), http.StatusOK)
	wantText(t, withClass(doc, "good")[0], "Your password is changed, and every other session of yours has ended.")
	for _, unknown := range []string{"x", "done.password", "<b>"} {
		doc := wantPage(t, s.get("/account?done="+url.QueryEscape(unknown), cookies...), http.StatusOK)
		if len(withClass(doc, "notice")) > 0 {
			t.Errorf("%q makes the page say something", unknown)
		}
	}
}

func TestAccountName(t *testing.T) {
	t.Parallel()
	s, cookies := withAccount(t)
	if typed, _ := field(wantPage(t, s.get("/account/name", cookies...), http.StatusOK), "name"); typed != "Ada Lovelace" {
		t.Errorf("the field holds %q", typed)
	}
	wantRedirect(t, s.post("/account/name", url.Values{"name": {" Ada King "}}, cookies...), "/account?done=name")
	if !slices.Equal(s.fake.calls, []string{"rename to Ada King"}) {
		t.Errorf("did %q", s.fake.calls)
	}
	wantProblem(t, wantPage(t, s.post("/account/name", url.Values{"name": {" "}}, cookies...), http.StatusUnprocessableEntity), "name", "A person needs a name.")
	s.fake.changeFails = conflict("managed_by_directory", "A directory keeps this name.")
	doc := wantPage(t, s.post("/account/name", url.Values{"name": {"Ada King"}}, cookies...), http.StatusConflict)
	wantText(t, withClass(doc, "danger")[0], "A directory keeps this name.")
	wantRedirect(t, s.get("/account/name"), "/login")
}

func TestAccountPassword(t *testing.T) {
	t.Parallel()
	s, cookies := withAccount(t)
	doc := wantPage(t, s.get("/account/password", cookies...), http.StatusOK)
	var asks []string
	for _, input := range all(one(t, doc, "main"), "input") {
		asks = append(asks, attr(input, "autocomplete"))
	}
	if !slices.Equal(asks, []string{"username", "current-password", "new-password"}) {
		t.Errorf("asks for %q", asks)
	}
	form := url.Values{"password": {goodPassword}, "new_password": {"another good password"}}
	w := s.post("/account/password", form, cookies...)
	wantRedirect(t, w, "/account?done=password")
	if c := setCookie(w, "__Host-drawbridge_account"); c == nil || c.Value != "pa-1.new-1" {
		t.Errorf("the secret did not change: %v", c)
	}
	tests := map[string]struct {
		change func(*fakeService, url.Values)
		status int
		field  string
		says   string
	}{
		"a wrong one": {func(_ *fakeService, f url.Values) { f.Set("password", "x") }, 422, "password", "This is not your password."},
		"a short one": {func(_ *fakeService, f url.Values) { f.Set("new_password", "x") }, 422, "new_password", "at least 12 characters"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, cookies := withAccount(t)
			form := url.Values{"password": {goodPassword}, "new_password": {"another good password"}}
			test.change(s.fake, form)
			doc := wantPage(t, s.post("/account/password", form, cookies...), test.status)
			wantProblem(t, doc, test.field, test.says)
			for _, input := range all(doc, "input") {
				if attr(input, "type") == "password" && attr(input, "value") != "" {
					t.Error("the page holds a password")
				}
			}
		})
	}
	s.fake.changeFails = locked()
	wantPage(t, s.post("/account/password", form, cookies...), http.StatusTooManyRequests)
}

// Who has passkeys alone sets a first password by a fresh proof.
func TestAccountFirstPassword(t *testing.T) {
	t.Parallel()
	s, cookies := withAccount(t)
	s.fake.account.PasswordHash = ""
	doc := wantPage(t, s.get("/account/password", cookies...), http.StatusOK)
	if _, asks := field(doc, "password"); asks {
		t.Error("asks for a password that is not there")
	}
	s.fake.signIn.ProvedAt = now.Add(-11 * time.Minute)
	wantRedirect(t, s.get("/account/password", cookies...), "/account/confirm?return_to=%2Faccount%2Fpassword")
}

func TestAccountEmail(t *testing.T) {
	t.Parallel()
	s, cookies := withAccount(t)
	wantPage(t, s.get("/account/email", cookies...), http.StatusOK)
	wantRedirect(t, s.post("/account/email", url.Values{"email": {" ada@new.example "}}, cookies...), "/account?done=email")
	if !slices.Equal(s.fake.calls, []string{"change to ada@new.example"}) {
		t.Errorf("did %q", s.fake.calls)
	}
	wantProblem(t, wantPage(t, s.post("/account/email", url.Values{"email": {"ada"}}, cookies...), http.StatusUnprocessableEntity), "email", "Write the whole address")
	s.fake.changeFails = conflict("no_mail", "No mail goes there.")
	wantText(t, one(t, wantPage(t, s.post("/account/email", url.Values{"email": {"a@b.example"}}, cookies...), http.StatusConflict), "main"), "No mail goes there.")
}

func TestAccountFaults(t *testing.T) {
	t.Parallel()
	s, cookies := withAccount(t)
	s.fake.broken = errBroken
	for _, page := range []string{"/account", "/account/password", "/workspaces"} {
		wantPage(t, s.get(page, cookies...), http.StatusInternalServerError)
	}
}
