package console_test

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"drawbridge/provisioning"
)

func TestAuthenticatorIsSetUp(t *testing.T) {
	t.Parallel()
	s, cookies := withAccount(t)
	doc := wantPage(t, s.get("/account/authenticator", cookies...), http.StatusOK)
	picture := one(t, doc, "svg")
	if attr(one(t, picture, "path"), "d") != "M4 4h"+strconv.Itoa(len(totpURL))+"v1h-1z" || attr(picture, "viewBox") != "0 0 45 45" || attr(picture, "aria-label") == "" {
		t.Errorf("the picture is %v", picture.Attr)
	}
	wantText(t, one(t, doc, "main"), "JBSWY3DPEHPK3PXP")
	form := one(t, doc, "form")
	values := url.Values{"code": {goodCode}}
	for _, name := range []string{"ticket", "secret", "url"} {
		value, _ := field(form, name)
		values.Set(name, value)
	}
	w := s.post("/account/authenticator", values, cookies...)
	if c := setCookie(w, "__Host-drawbridge_account"); c == nil || c.Value != "pa-1.new-1" {
		t.Errorf("the secret did not change: %v", c)
	}
	codes := wantPage(t, w, http.StatusOK)
	if got := texts(all(codes, "code")); !slices.Equal(got, recoveryCodes) {
		t.Errorf("shows %q", got)
	}
	wantText(t, one(t, codes, "main"), "They will not be shown again.")
	if got := links(one(t, codes, "main"))["I have kept them: go on"]; got != "/account" {
		t.Errorf("goes on to %q", got)
	}
	// One that is set up once more needs no codes: there are some.
	wantRedirect(t, s.post("/account/authenticator", values, cookies...), "/account?done=authenticator")
}

func TestAuthenticatorCodeThatIsWrong(t *testing.T) {
	t.Parallel()
	s, cookies := withAccount(t)
	values := url.Values{"code": {"654321"}, "ticket": {goodTicket}, "secret": {"JBSWY3DPEHPK3PXP"}, "url": {totpURL}, "workspace": {"ws-acme"}}
	doc := wantPage(t, s.post("/account/authenticator", values, cookies...), http.StatusUnprocessableEntity)
	wantProblem(t, doc, "code", "This is not the code that the authenticator shows now.")
	for _, name := range []string{"ticket", "secret", "url", "workspace"} {
		if got, _ := field(doc, name); got != values.Get(name) {
			t.Errorf("%s became %q", name, got)
		}
	}
	wantText(t, one(t, doc, "main"), "JBSWY3DPEHPK3PXP")
	values.Set("url", strings.Repeat("x", 2000))
	wantRedirect(t, s.post("/account/authenticator", values, cookies...), "/account/authenticator")
	values.Set("ticket", "dbtic_old")
	wantRedirect(t, s.post("/account/authenticator", values, cookies...), "/account/authenticator?workspace=ws-acme")
}

// Where a workspace requires a second factor it is set up on the way in, with the parent sign-in alone.
func TestFactorIsSetUpOnTheWayIn(t *testing.T) {
	t.Parallel()
	s := newSite(t, "https://bridge.example")
	doc := wantPage(t, s.get("/account/factor?workspace=ws-acme&return_to=/app", parent()), http.StatusOK)
	found := links(one(t, doc, "main"))
	if got := found["An authenticator appIt shows a new code on your phone every half minute"]; got != "/account/authenticator?return_to=%2Fapp&workspace=ws-acme" {
		t.Errorf("the app is set up at %q", got)
	}
	if got := found["A passkeyYour device asks for your finger, your face or its PIN"]; got != "/account/passkeys?return_to=%2Fapp&workspace=ws-acme" {
		t.Errorf("the passkey is made at %q", got)
	}
	doc = wantPage(t, s.get("/account/authenticator?workspace=ws-acme&return_to=/app", parent()), http.StatusOK)
	if got := links(one(t, doc, "main"))["Cancel"]; got != "/workspaces?return_to=%2Fapp" {
		t.Errorf("giving up leads to %q", got)
	}
	values := url.Values{"code": {goodCode}, "ticket": {goodTicket}, "url": {totpURL}, "workspace": {"ws-acme"}, "return_to": {"/app"}}
	form := one(t, wantPage(t, s.post("/account/authenticator", values, parent()), http.StatusOK), "form")
	ws, _ := field(form, "workspace")
	to, _ := field(form, "return_to")
	if attr(form, "action") != "/workspaces" || ws != "ws-acme" || to != "/app" {
		t.Errorf("goes on to %s, %s, %s", attr(form, "action"), ws, to)
	}
	// With codes kept from before it goes straight in.
	w := s.post("/account/authenticator", values, parent())
	wantRedirect(t, w, "/app")
	if setCookie(w, "__Host-drawbridge_session") == nil {
		t.Error("nobody is let in")
	}
	wantRedirect(t, s.get("/account/factor?workspace=ws-globex", parent()), "/account") // not one of theirs
	s = newSiteWithout(t, without{passkeys: true}, "https://bridge.example")
	if len(all(one(t, wantPage(t, s.get("/account/factor?workspace=ws-acme", parent()), http.StatusOK), "main"), "li")) != 1 {
		t.Error("offers a passkey where the host takes none")
	}
}

func TestAuthenticatorIsRemovedAfterAQuestion(t *testing.T) {
	t.Parallel()
	s, cookies := withAccount(t)
	s.fake.factors = provisioning.FactorState{TOTP: true, RecoveryCodes: 3}
	doc := wantPage(t, s.get("/account/authenticator/remove", cookies...), http.StatusOK)
	wantText(t, one(t, doc, "main"), "Remove the authenticator app?", "your recovery codes go with it")
	if len(s.fake.calls) > 0 {
		t.Error("looking removes")
	}
	wantRedirect(t, s.post("/account/authenticator/remove", nil, cookies...), "/account?done=authenticator_removed")
	s.fake.changeFails = conflict("factor_required", "Acme requires a second factor.")
	wantText(t, one(t, wantPage(t, s.post("/account/authenticator/remove", nil, cookies...), http.StatusConflict), "main"), "Acme requires a second factor.")
}

func TestRecoveryCodesAreMadeAnewAfterAQuestion(t *testing.T) {
	t.Parallel()
	s, cookies := withAccount(t)
	s.fake.factors = provisioning.FactorState{TOTP: true, RecoveryCodes: 3}
	wantText(t, one(t, wantPage(t, s.get("/account/recovery-codes", cookies...), http.StatusOK), "main"), "which stop working")
	doc := wantPage(t, s.post("/account/recovery-codes", nil, cookies...), http.StatusOK)
	if len(all(doc, "code")) != 10 {
		t.Error("not ten codes")
	}
	if strings.Contains(s.log.String(), recoveryCodes[0]) {
		t.Error("the log has a code")
	}
	s.fake.changeFails = conflict("no_factor", "Set up an authenticator first.")
	wantPage(t, s.post("/account/recovery-codes", nil, cookies...), http.StatusConflict)
}

func TestPasskeyIsAdded(t *testing.T) {
	t.Parallel()
	s, cookies := withAccount(t)
	r := s.request(http.MethodGet, "/account/passkeys", nil, cookies...)
	r.Header.Set("User-Agent", chromeOnLinux)
	doc := wantPage(t, s.do(r), http.StatusOK)
	form := withClass(doc, "needs-passkeys")[0]
	if name, _ := field(form, "name"); name != "Chrome on Linux" || attr(one(t, form, "button"), "data-passkey") != "create" {
		t.Errorf("proposes the name %q", name)
	}
	wantText(t, withClass(doc, "without-passkeys")[0], "This takes script")
	wantJSON(t, s.post("/account/passkeys/options", nil, cookies...), http.StatusOK, `{"challenge":"ch-1","options":{"publicKey":{"challenge":"AAAA"}}}`)
	values := url.Values{"challenge": {"ch-1"}, "response": {goodResponse}, "name": {" Laptop "}}
	codes := wantPage(t, s.post("/account/passkeys", values, cookies...), http.StatusOK)
	if len(all(codes, "code")) != 10 || s.fake.calls[0] != `add passkey "Laptop"` {
		t.Errorf("did %q", s.fake.calls)
	}
	wantRedirect(t, s.post("/account/passkeys", values, cookies...), "/account?done=passkey")
	values.Set("response", "{}")
	wantText(t, one(t, wantPage(t, s.post("/account/passkeys", values, cookies...), http.StatusUnprocessableEntity), "main"), "made no passkey")
	s.fake.changeFails = needs("fresh_sign_in")
	wantJSON(t, s.post("/account/passkeys/options", nil, cookies...), http.StatusForbidden, `{"problem":"Prove it first."}`)
}

func TestPasskeyWhereTheHostTakesNone(t *testing.T) {
	t.Parallel()
	s := newSiteWithout(t, without{passkeys: true}, "http://192.0.2.1")
	s.fake.viewer.Session.Parent = s.fake.signIn.ID
	bare := func(c *http.Cookie) *http.Cookie { c.Name = strings.TrimPrefix(c.Name, "__Host-"); return c }
	doc := wantPage(t, s.get("/account/passkeys", bare(session()), bare(parent())), http.StatusOK)
	wantText(t, one(t, doc, "main"), "Browsers take passkeys from a host with a name only")
	doc = wantPage(t, s.get("/account", bare(session()), bare(parent())), http.StatusOK)
	if links(doc)["Add a passkey"] != "" {
		t.Error("offers what the host takes not")
	}
}

func TestPasskeyIsRenamedAndRemoved(t *testing.T) {
	t.Parallel()
	s, cookies := withAccount(t)
	s.fake.factors.Passkeys = []provisioning.Passkey{laptop}
	if name, _ := field(wantPage(t, s.get("/account/passkeys/cred-1/rename", cookies...), http.StatusOK), "name"); name != "Laptop" {
		t.Errorf("the field holds %q", name)
	}
	wantRedirect(t, s.post("/account/passkeys/cred-1/rename", url.Values{"name": {"Old laptop"}}, cookies...), "/account?done=passkey_renamed")
	wantProblem(t, wantPage(t, s.post("/account/passkeys/cred-1/rename", url.Values{"name": {""}}, cookies...), http.StatusUnprocessableEntity), "name", "A passkey needs a name.")
	wantText(t, one(t, wantPage(t, s.get("/account/passkeys/cred-1/remove", cookies...), http.StatusOK), "main"), "Remove Laptop?", "It is your last second factor")
	wantRedirect(t, s.post("/account/passkeys/cred-1/remove", nil, cookies...), "/account?done=passkey_removed")
	s.fake.changeFails = conflict("last_credential", "You sign in with this passkey alone.")
	wantText(t, one(t, wantPage(t, s.post("/account/passkeys/cred-1/remove", nil, cookies...), http.StatusConflict), "main"), "You sign in with this passkey alone.")
	s.fake.calls = nil
	for _, verb := range []string{"rename", "remove"} { // another's, or none
		wantPage(t, s.get("/account/passkeys/cred-9/"+verb, cookies...), http.StatusNotFound)
		wantPage(t, s.post("/account/passkeys/cred-9/"+verb, url.Values{"name": {"x"}}, cookies...), http.StatusNotFound)
	}
	if len(s.fake.calls) > 0 {
		t.Errorf("did %q", s.fake.calls)
	}
}
