package console_test

import (
	"net/http"
	"testing"
)

func TestLogoutAsksFirst(t *testing.T) {
	t.Parallel()
	s := newSite(t, "https://bridge.example")
	doc := wantPage(t, s.get("/logout", session()), http.StatusOK)
	wantText(t, one(t, doc, "main"), "Sign out of Acme?", "The session of Ada Lovelace on this browser ends.")
	form := one(t, doc, "form")
	if attr(form, "method") != "post" || attr(form, "action") != "/logout" || text(one(t, form, "button")) != "Sign out" {
		t.Error("the form does not sign out")
	}
	if links(form)["Cancel"] != "/" {
		t.Error("there is no way back")
	}
	if s.fake.signedOut {
		t.Error("looking signed out")
	}
}

// Rule 20: after an explicit sign-out the next sign-in in that browser sends prompt=login.
func TestRule20_LogoutMarksTheBrowser(t *testing.T) {
	t.Parallel()
	s := newSite(t, "https://bridge.example")
	w := s.post("/logout", nil, session())
	wantRedirect(t, w, "/logout")
	if !s.fake.signedOut {
		t.Error("the session lives on")
	}
	if c := setCookie(w, "__Host-drawbridge_session"); c == nil || c.MaxAge >= 0 || c.Value != "" {
		t.Errorf("the session cookie stays: %v", c)
	}
	if c := setCookie(w, "__Host-drawbridge_signed_out"); c == nil || c.Value != "1" || c.MaxAge != 24*60*60 || !c.HttpOnly || !c.Secure {
		t.Errorf("the browser is not marked: %v", c)
	}
	doc := wantPage(t, s.get("/logout", session()), http.StatusOK)
	wantText(t, one(t, doc, "main"), "You are signed out")
	if links(one(t, doc, "main"))["Sign in again"] != "/login" {
		t.Error("no way to sign in again")
	}
}

func TestLogoutWithoutASession(t *testing.T) {
	t.Parallel()
	s := newSite(t, "https://bridge.example")
	wantRedirect(t, s.post("/logout", nil), "/logout")
	wantText(t, one(t, wantPage(t, s.get("/logout"), http.StatusOK), "h1"), "You are signed out")
}

// Nobody is told that they are signed out while their session lives.
func TestLogoutThatFailsKeepsTheCookie(t *testing.T) {
	t.Parallel()
	s := newSite(t, "https://bridge.example")
	s.fake.broken = errBroken
	w := s.post("/logout", nil, session())
	if len(w.Result().Cookies()) > 0 {
		t.Errorf("set %v", w.Result().Cookies())
	}
	wantPage(t, w, http.StatusInternalServerError)
	wantPage(t, s.get("/logout", session()), http.StatusInternalServerError)
}

func TestLogoutFromAnotherSite(t *testing.T) {
	t.Parallel()
	s := newSite(t, "https://bridge.example")
	r := s.request(http.MethodPost, "/logout", nil, session())
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	wantPage(t, s.do(r), http.StatusForbidden)
	if s.fake.signedOut {
		t.Error("another site signed somebody out")
	}
}
