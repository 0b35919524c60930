package web_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"drawbridge/internal/web"
)

func TestCookies(t *testing.T) {
	t.Parallel()
	const flags = "; HttpOnly; SameSite=Lax"
	tests := []struct {
		name, public, domain  string
		base, wantName, wants string
	}{
		{"https", "https://bridge.example", "", web.SessionCookie, "__Host-drawbridge_session", "; Path=/; Max-Age=3600; HttpOnly; Secure; SameSite=Lax"},
		{"https, shared", "https://bridge.acme.example", "acme.example", web.SessionCookie, "__Secure-drawbridge_session", "; Path=/; Domain=acme.example; Max-Age=3600; HttpOnly; Secure; SameSite=Lax"},
		{"sign-in is never shared", "https://bridge.acme.example", "acme.example", web.SignInCookie, "__Host-drawbridge_signin", "; Path=/; Max-Age=3600; HttpOnly; Secure; SameSite=Lax"},
		{"an account's is never shared", "https://bridge.acme.example", "acme.example", web.AccountCookie, "__Host-drawbridge_account", "; Path=/; Max-Age=3600; HttpOnly; Secure; SameSite=Lax"},
		{"loopback", "http://127.0.0.1:8080", "", web.SessionCookie, "drawbridge_session", "; Path=/; Max-Age=3600" + flags},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			cookies := web.NewCookies(mustURL(t, tt.public), tt.domain)
			w := httptest.NewRecorder()
			cookies.Set(w, tt.base, "id.secret", time.Hour)
			if got := w.Header().Get("Set-Cookie"); got != tt.wantName+"=id.secret"+tt.wants {
				t.Errorf("Set-Cookie %q", got)
			}
			r := httptest.NewRequest("GET", "/", nil)
			r.Header.Set("Cookie", "a=b; "+tt.wantName+"=id.secret")
			if value, found := cookies.Read(r, tt.base); !found || value != "id.secret" {
				t.Errorf("read %q, %v", value, found)
			}
		})
	}
}

func TestCookiesReadRefuses(t *testing.T) {
	t.Parallel()
	cookies := web.Cookies{Secure: true}
	for name, header := range map[string]string{
		"none":        "a=b",
		"two":         "__Host-drawbridge_session=mine; __Host-drawbridge_session=planted",
		"two alike":   "__Host-drawbridge_session=x; __Host-drawbridge_session=x",
		"empty":       "__Host-drawbridge_session=",
		"bare name":   "drawbridge_session=planted",
		"shared name": "__Secure-drawbridge_session=planted",
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Cookie", header)
		if value, found := cookies.Read(r, web.SessionCookie); found || value != "" {
			t.Errorf("%s: read %q", name, value)
		}
	}
}

func TestCookiesClearAndLiveForTheBrowser(t *testing.T) {
	t.Parallel()
	cookies := web.Cookies{Secure: true, Domain: "acme.example"}
	w := httptest.NewRecorder()
	cookies.Set(w, web.SessionCookie, "x", 0)
	cookies.Clear(w, web.SessionCookie)
	sent := w.Result().Cookies()
	if sent[0].MaxAge != 0 || !sent[0].Expires.IsZero() {
		t.Errorf("lives for %d s", sent[0].MaxAge)
	}
	if c := sent[1]; c.MaxAge >= 0 || c.Value != "" || c.Domain != "acme.example" || c.Path != "/" || c.SameSite != http.SameSiteLaxMode {
		t.Errorf("cleared with %v", c)
	}
}
