package console_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

func wantJSON(t *testing.T, w *httptest.ResponseRecorder, status int, body string) {
	t.Helper()
	if w.Code != status || w.Header().Get("Content-Type") != "application/json" || strings.TrimSpace(w.Body.String()) != body {
		t.Errorf("status %d, %s: %s; want %d: %s", w.Code, w.Header().Get("Content-Type"), w.Body, status, body)
	}
}

func TestPasskeySignsIn(t *testing.T) {
	t.Parallel()
	s := newSite(t, "https://bridge.example")
	doc := wantPage(t, s.get("/login?return_to=/app"), http.StatusOK)
	form := withClass(doc, "needs-passkeys")[0]
	button := one(t, form, "button")
	if attr(form, "action") != "/login/passkey" || attr(button, "data-passkey") != "get" || attr(button, "data-options") != "/login/passkey/options" {
		t.Errorf("the button does %v", button.Attr)
	}
	if got, _ := field(form, "return_to"); got != "/app" {
		t.Errorf("returns to %q", got)
	}
	wantJSON(t, s.post("/login/passkey/options", nil, parent()), http.StatusOK, `{"challenge":"ch-1","options":{"publicKey":{"challenge":"AAAA"}}}`)
	if s.fake.browsers[0].Parent != "" {
		t.Error("a sign-in that names nobody is bound to who was here before")
	}
	w := s.post("/login/passkey", url.Values{"challenge": {"ch-1"}, "response": {goodResponse}, "return_to": {"/app"}})
	wantRedirect(t, w, "/app")
	if setCookie(w, "__Host-drawbridge_account") == nil || setCookie(w, "__Host-drawbridge_session") == nil {
		t.Error("nobody is signed in")
	}
}

func TestPasskeyThatProvesNobody(t *testing.T) {
	t.Parallel()
	s := newSite(t, "https://bridge.example")
	for _, form := range []url.Values{{}, {"challenge": {"ch-1"}, "response": {"{}"}}, {"challenge": {"ch-2"}, "response": {goodResponse}}} {
		w := s.post("/login/passkey", form)
		if len(w.Result().Cookies()) > 0 {
			t.Errorf("cookies %v", w.Result().Cookies())
		}
		doc := wantPage(t, w, http.StatusUnprocessableEntity)
		wantText(t, one(t, doc, "main"), "This passkey did not prove who you are.", "E-mail address")
	}
	s.fake.tooMany = locked()
	wantPage(t, s.post("/login/passkey", url.Values{}), http.StatusTooManyRequests)
	s.fake.tooMany, s.fake.broken = nil, errBroken
	wantPage(t, s.post("/login/passkey/options", nil), http.StatusInternalServerError)
}

// A host that is a network address takes no passkeys: nobody is offered one.
func TestNoPasskeysWhereTheHostTakesNone(t *testing.T) {
	t.Parallel()
	s := newSiteWithout(t, without{passkeys: true}, "http://192.0.2.1")
	for _, page := range []string{"/login", "/login/password"} {
		w := s.get(page)
		if strings.Contains(w.Body.String(), "asskey") {
			t.Errorf("%s speaks of passkeys", page)
		}
	}
	w := s.get("/login")
	if policy := w.Header().Get("Content-Security-Policy"); !strings.Contains(policy, "script-src 'none'") {
		t.Errorf("a page without script allows it: %s", policy)
	}
}
