package console_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"drawbridge/provisioning"
)

// Fresh sign-in (10 minutes) for sensitive acts: the page asks before a form is filled in for nothing.
func TestSensitiveActsAskForAFreshSignIn(t *testing.T) {
	t.Parallel()
	for _, page := range []string{"email", "authenticator/remove", "recovery-codes", "passkeys", "passkeys/cred-1/rename", "passkeys/cred-1/remove"} {
		s, cookies := withAccount(t)
		s.fake.factors.Passkeys = []provisioning.Passkey{laptop}
		wantPage(t, s.get("/account/"+page, cookies...), http.StatusOK)
		s.fake.signIn.ProvedAt = now.Add(-11 * time.Minute)
		wantRedirect(t, s.get("/account/"+page, cookies...), "/account/confirm?return_to="+url.QueryEscape("/account/"+page))
	}
	for _, page := range []string{"email", "authenticator/remove", "recovery-codes"} { // what the domain says counts
		s, cookies := withAccount(t)
		s.fake.changeFails = needs("fresh_sign_in")
		wantRedirect(t, s.post("/account/"+page, url.Values{"email": {"a@b.example"}}, cookies...), "/account/confirm?return_to="+url.QueryEscape("/account/"+page))
	}
}

// An administrator's code lets somebody in and changes nothing of the account.
func TestSensitiveActsAskForOnesOwnFactor(t *testing.T) {
	t.Parallel()
	s, cookies := withAccount(t)
	s.fake.changeFails = needs("second_factor")
	wantRedirect(t, s.get("/account/authenticator?workspace=ws-acme", cookies...), "/login/factor?return_to=%2Faccount%2Fauthenticator%3Fworkspace%3Dws-acme")
	s.fake.factors = provisioning.FactorState{TOTP: true}
	wantRedirect(t, s.post("/login/factor", url.Values{"code": {goodCode}, "return_to": {"/account/authenticator"}}, cookies...), "/account/authenticator")
}

func TestConfirmByPassword(t *testing.T) {
	t.Parallel()
	s, cookies := withAccount(t)
	doc := wantPage(t, s.get("/account/confirm?return_to=/account/email", cookies...), http.StatusOK)
	wantText(t, one(t, doc, "main"), "Prove that it is you", "at most ten minutes old", "ada@acme.example")
	w := s.post("/account/confirm", url.Values{"password": {goodPassword}, "return_to": {"/account/email"}}, cookies...)
	wantRedirect(t, w, "/account/email")
	if c := setCookie(w, "__Host-drawbridge_account"); c == nil || c.Value != "pa-1.new-1" {
		t.Errorf("the secret did not change: %v", c)
	}
	wantRedirect(t, s.post("/account/confirm", url.Values{"password": {goodPassword}, "return_to": {"//evil.example"}}, cookies...), "/account")
	wantProblem(t, wantPage(t, s.post("/account/confirm", url.Values{"password": {"x"}}, cookies...), http.StatusUnprocessableEntity), "password", "This is not your password.")
	s.fake.tooMany = locked()
	wantPage(t, s.post("/account/confirm", url.Values{"password": {"x"}}, cookies...), http.StatusTooManyRequests)
}

func TestConfirmByPasskey(t *testing.T) {
	t.Parallel()
	s, cookies := withAccount(t)
	s.fake.factors.Passkeys, s.fake.account.PasswordHash = []provisioning.Passkey{laptop}, ""
	doc := wantPage(t, s.get("/account/confirm?return_to=/account/email", cookies...), http.StatusOK)
	if _, asks := field(doc, "password"); asks || len(withClass(doc, "needs-passkeys")) != 1 {
		t.Error("asks for what is not there")
	}
	wantJSON(t, s.post("/account/confirm/options", nil, cookies...), http.StatusOK, `{"challenge":"ch-1","options":{"publicKey":{"challenge":"AAAA"}}}`)
	form := url.Values{"challenge": {"ch-1"}, "response": {goodResponse}, "return_to": {"/account/email"}}
	wantRedirect(t, s.post("/account/confirm/passkey", form, cookies...), "/account/email")
	form.Set("response", "{}")
	wantText(t, one(t, wantPage(t, s.post("/account/confirm/passkey", form, cookies...), http.StatusUnprocessableEntity), "main"), "did not prove who you are")
}

// Who came through a provider proves it there, and the provider is asked for more than its own session (rule 20).
func TestConfirmAtTheProvider(t *testing.T) {
	t.Parallel()
	s := newSite(t, "https://bridge.example")
	s.fake.viewer.Session.Connection = "cn-okta"
	w := s.get("/account/confirm?return_to=/console", session())
	if c := setCookie(w, "__Host-drawbridge_signed_out"); c == nil || c.MaxAge != 600 {
		t.Errorf("the provider is not asked: %v", c)
	}
	doc := wantPage(t, w, http.StatusOK)
	if got := links(one(t, doc, "main"))["Sign in again"]; got != "/sso/cn-okta?login_hint=ada%40acme.example&return_to=%2Fconsole" {
		t.Errorf("leads to %q", got)
	}
}

func TestConfirmOfNobody(t *testing.T) {
	t.Parallel()
	s := newSite(t, "https://bridge.example")
	wantRedirect(t, s.get("/account/confirm?return_to=/account/email"), "/login?return_to=%2Faccount%2Femail")
	wantRedirect(t, s.post("/account/confirm", url.Values{"password": {goodPassword}}), "/login/password?return_to=%2Faccount%2Fconfirm")
	s.fake.broken = errBroken
	wantPage(t, s.get("/account/confirm", session()), http.StatusInternalServerError)
}
