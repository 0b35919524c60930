package console_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"drawbridge/internal/web"
)

// Rule 26: every route that changes something refuses what another site sent, and nothing is done.
func TestRule26_EveryPostFromAnotherSiteIsRefused(t *testing.T) {
	t.Parallel()
	s, cookies := withAccount(t)
	s.fake.factors.Passkeys = append(s.fake.factors.Passkeys, laptop)
	cookies = append(cookies, invitationCookie(goodTicket), cookie("reset", goodTicket), cookie("email", goodTicket), cookie("setup", goodTicket))
	form := firstStart()
	for name, value := range map[string]string{
		"password": goodPassword, "code": goodCode, "challenge": "ch-1", "response": goodResponse, "workspace": "ws-acme", "session": "s-2", "ticket": goodTicket,
	} {
		form.Set(name, value)
	}
	checked := 0
	for _, route := range s.mux.Routes() {
		if route.Method != http.MethodPost {
			continue
		}
		checked++
		target := strings.ReplaceAll(route.Pattern, "{passkey}", "cred-1")
		for header, value := range map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"} {
			r := s.request(http.MethodPost, target, form, cookies...)
			r.Header.Del("Sec-Fetch-Site")
			r.Header.Set(header, value)
			w := s.do(r)
			if w.Code != http.StatusForbidden || len(w.Result().Cookies()) > 0 {
				t.Errorf("%s from %s: status %d, cookies %v", target, value, w.Code, w.Result().Cookies())
			}
		}
	}
	if checked < 30 || len(s.fake.calls) > 0 || len(s.fake.browsers) > 0 || s.fake.signedOut || s.fake.secrets > 0 {
		t.Errorf("%d routes; did %q", checked, s.fake.calls)
	}
}

// Session fixation: whatever cookies somebody planted beforehand, what a sign-in gives is new.
func TestFixation_NoSecretFromBeforeASignInIsGoodAfterIt(t *testing.T) {
	t.Parallel()
	planted := []*http.Cookie{cookie("account", "planted.secret"), cookie("session", "planted.secret"), cookie("known", "planted")}
	tests := map[string]func(*site) *http.Request{
		"password": func(s *site) *http.Request {
			return s.request(http.MethodPost, "/login/password", credentials(ada.Email, goodPassword), planted...)
		},
		"passkey": func(s *site) *http.Request {
			return s.request(http.MethodPost, "/login/passkey", url.Values{"challenge": {"ch-1"}, "response": {goodResponse}}, planted...)
		},
		"invitation": func(s *site) *http.Request {
			form := url.Values{"name": {"Grace"}, "new_password": {goodPassword}}
			return s.request(http.MethodPost, "/invitation", form, append(planted, invitationCookie(goodTicket))...)
		},
		"first start": func(s *site) *http.Request {
			return s.request(http.MethodPost, "/setup", firstStart(), append(planted, cookie("setup", goodTicket))...)
		},
	}
	for name, request := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, "https://bridge.example")
			w := s.do(request(s))
			for _, of := range []string{"account", "session", "known"} {
				if c := setCookie(w, "__Host-drawbridge_"+of); c == nil || c.Value == "" || strings.Contains(c.Value, "planted") {
					t.Errorf("the cookie %s is %v", of, c)
				}
			}
		})
	}
}

// A browser that sends a cookie twice got one of them from somebody else: neither counts.
func TestFixation_ACookieThatCameTwiceProvesNobody(t *testing.T) {
	t.Parallel()
	s := newSite(t, "https://bridge.example")
	wantRedirect(t, s.get("/workspaces", parent(), cookie("account", "planted.secret")), "/login")
	wantPage(t, s.post("/invitation", url.Values{"new_password": {goodPassword}}, invitationCookie(goodTicket), invitationCookie("dbtic_planted")), http.StatusGone)
}

// The parent sign-in is of this host alone, also where applications share the session.
func TestParentCookieIsNeverShared(t *testing.T) {
	t.Parallel()
	cookies := web.NewCookies(mustURL(t, "https://bridge.acme.example"), "acme.example")
	for _, name := range []string{web.AccountCookie, web.KnownCookie, web.InvitationCookie, web.ResetCookie, web.EmailCookie, web.SetupCookie} {
		if got := cookies.Name(name); !strings.HasPrefix(got, "__Host-") {
			t.Errorf("%s is shared as %s", name, got)
		}
	}
}

// Whatever a request says, nobody is led to another site.
func TestReturnNeverLeadsElsewhere(t *testing.T) {
	t.Parallel()
	for _, target := range []string{"https://evil.example/", "//evil.example", `\\evil.example`, "/\\evil.example", "javascript:alert(1)", "/%2f/evil.example", "/a/../..//evil.example"} {
		s, cookies := withAccount(t)
		s.fake.factors.TOTP = true
		form := url.Values{"password": {goodPassword}, "email": {ada.Email}, "code": {goodCode}, "workspace": {"ws-acme"}, "return_to": {target}, "challenge": {"ch-1"}, "response": {goodResponse}}
		for _, page := range []string{"/login/password", "/login/passkey", "/login/factor", "/workspaces", "/account/confirm", "/logout"} {
			to := s.post(page, form, cookies...).Header().Get("Location")
			if !slices.Contains([]string{"/", "/account", "/logout", "/workspaces"}, to) {
				t.Errorf("%s with %q leads to %q", page, target, to)
			}
			s.fake.parentOut, s.fake.signedOut = false, false
		}
	}
}

// A session of somebody else on the same browser is no place to change an account from.
func TestAccountPagesWantTheSessionOfTheSameSignIn(t *testing.T) {
	t.Parallel()
	s, cookies := withAccount(t)
	s.fake.viewer.Session.Parent = "pa-other"
	wantRedirect(t, s.get("/account/password", cookies...), "/login/password?return_to=%2Faccount%2Fpassword")
	wantRedirect(t, s.post("/account/recovery-codes", nil, cookies...), "/login/password?return_to=%2Faccount%2Frecovery-codes")
	if len(s.fake.calls) > 0 {
		t.Errorf("did %q", s.fake.calls)
	}
}

// A stranger learns nothing of what stands under /account, existing or not.
func TestStrangersAtTheAccount(t *testing.T) {
	t.Parallel()
	s := newSite(t, "https://bridge.example")
	for _, page := range []string{"password", "passkeys/cred-1/remove", "passkeys/none/rename"} {
		wantRedirect(t, s.get("/account/"+page), "/login/password?return_to="+url.QueryEscape("/account/"+page))
	}
	wantRedirect(t, s.get("/account"), "/login")
}
