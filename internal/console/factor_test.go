package console_test

import (
	"net/http"
	"net/url"
	"testing"

	"drawbridge/provisioning"
)

// halfway is a site whose person proved the password and not yet the second factor.
func halfway(t *testing.T) *site {
	t.Helper()
	s := newSite(t, "https://bridge.example")
	s.fake.needsFactor = true
	s.fake.factors = provisioning.FactorState{TOTP: true, Passkeys: []provisioning.Passkey{laptop}, RecoveryCodes: 10}
	return s
}

func TestFactorAsksForACode(t *testing.T) {
	t.Parallel()
	doc := wantPage(t, halfway(t).get("/login/factor?return_to=/app", parent()), http.StatusOK)
	main := one(t, doc, "main")
	for _, input := range all(main, "input") {
		if attr(input, "name") == "code" && (attr(input, "autocomplete") != "one-time-code" || attr(input, "inputmode") != "numeric") {
			t.Errorf("the code's field is %v", input.Attr)
		}
	}
	if got := links(main)["Use a recovery code"]; got != "/login/factor?return_to=%2Fapp&with=recovery" {
		t.Errorf("recovery codes are taken at %q", got)
	}
	if len(withClass(main, "needs-passkeys")) != 1 {
		t.Error("the passkey is not offered")
	}
}

func TestFactorByRecoveryCode(t *testing.T) {
	t.Parallel()
	s := halfway(t)
	doc := wantPage(t, s.get("/login/factor?with=recovery&return_to=/app", parent()), http.StatusOK)
	wantText(t, one(t, doc, "main"), "Recovery code", "the code that an administrator gave you")
	if got := links(one(t, doc, "main"))["Use your authenticator app"]; got != "/login/factor?return_to=%2Fapp" {
		t.Errorf("the way back is %q", got)
	}
	doc = wantPage(t, s.post("/login/factor", url.Values{"code": {"x"}, "with": {"recovery"}}, parent()), http.StatusUnprocessableEntity)
	if got, _ := field(doc, "with"); got != "recovery" {
		t.Error("after a wrong code the other kind is asked for")
	}
	s.fake.factors.TOTP = false
	doc = wantPage(t, s.get("/login/factor", parent()), http.StatusOK)
	wantText(t, one(t, doc, "main"), "Recovery code")
	if links(one(t, doc, "main"))["Use your authenticator app"] != "" {
		t.Error("offers an app that is not there")
	}
}

func TestFactorProved(t *testing.T) {
	t.Parallel()
	s := halfway(t)
	w := s.post("/login/factor", url.Values{"code": {" " + goodCode}, "return_to": {"/app"}}, parent())
	wantRedirect(t, w, "/app")
	if c := setCookie(w, "__Host-drawbridge_account"); c == nil || c.Value != "pa-1.new-1" {
		t.Errorf("the secret did not change: %v", c)
	}
	if c := setCookie(w, "__Host-drawbridge_session"); c == nil || c.Value != "s-9.secret" {
		t.Errorf("session %v", c)
	}
}

func TestFactorByPasskey(t *testing.T) {
	t.Parallel()
	s := halfway(t)
	w := s.post("/login/factor/options", nil, parent())
	wantJSON(t, w, http.StatusOK, `{"challenge":"ch-1","options":{"publicKey":{"challenge":"AAAA"}}}`)
	if got := s.fake.browsers[0].Parent; got != goodParent {
		t.Errorf("the ceremony is of %q", got)
	}
	form := url.Values{"challenge": {"ch-1"}, "response": {goodResponse}, "return_to": {"/app"}}
	wantRedirect(t, s.post("/login/factor/passkey", form, parent()), "/app")
	s = halfway(t)
	form.Set("response", "{}")
	wantText(t, one(t, wantPage(t, s.post("/login/factor/passkey", form, parent()), http.StatusUnprocessableEntity), "main"), "did not prove who you are")
}

func TestFactorSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	s := halfway(t)
	wantProblem(t, wantPage(t, s.post("/login/factor", url.Values{"code": {"654321"}}, parent()), http.StatusUnprocessableEntity), "code", "This is not the code.")
	wantProblem(t, wantPage(t, s.post("/login/factor", url.Values{"code": {" "}}, parent()), http.StatusUnprocessableEntity), "code", "Type the code.")
	s.fake.tooMany = locked()
	w := s.post("/login/factor", url.Values{"code": {"654321"}}, parent())
	if w.Header().Get("Retry-After") != "1800" {
		t.Error("nobody is told when to come again")
	}
	wantPage(t, w, http.StatusTooManyRequests)
	w = s.post("/login/factor/options", nil, parent())
	wantJSON(t, w, http.StatusTooManyRequests, `{"problem":"Too many."}`)
}

// After the last guess the parent sign-in is over, and whoever guessed begins anew.
func TestFactorAfterTheSignInIsOver(t *testing.T) {
	t.Parallel()
	s := halfway(t)
	s.fake.parentOut = true
	wantRedirect(t, s.post("/login/factor", url.Values{"code": {goodCode}, "return_to": {"/app"}}, parent()), "/login?return_to=%2Fapp")
	wantRedirect(t, s.get("/login/factor"), "/login")
	wantJSON(t, s.post("/login/factor/options", nil), http.StatusForbidden, `{"problem":"It proves nobody."}`)
}

func TestFactorOfWhoHasNone(t *testing.T) {
	t.Parallel()
	s := newSite(t, "https://bridge.example")
	wantRedirect(t, s.get("/login/factor?return_to=/app", parent()), "/workspaces?return_to=%2Fapp")
}

// Nothing can be entered, seen or changed before the second factor was proved.
func TestNothingBeforeTheSecondFactor(t *testing.T) {
	t.Parallel()
	s := halfway(t)
	wantRedirect(t, s.get("/workspaces?return_to=/app", parent()), "/login/factor?return_to=%2Fapp")
	for _, page := range []string{"email", "password", "factor", "authenticator", "authenticator/remove", "recovery-codes", "passkeys", "passkeys/cred-1/remove"} {
		wantRedirect(t, s.get("/account/"+page, parent()), "/login/factor?return_to="+url.QueryEscape("/account/"+page))
	}
}
