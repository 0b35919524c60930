package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// FuzzLogin sends what strangers may type: whatever it is, the answer is the form again or leads to a connection of
// ours, and nowhere else.
func FuzzLogin(f *testing.F) {
	f.Add("ada@acme.example", "/app")
	f.Add("ada@two.example", "//evil.example")
	f.Add("a\x00@acme.example\r\nX: y", "https://bridge.example/\\evil.example")
	f.Fuzz(func(t *testing.T, email, returnTo string) {
		s := newSite(t, "https://bridge.example")
		w := s.post("/login", url.Values{"email": {email}, "return_to": {returnTo}})
		switch w.Code {
		case http.StatusUnprocessableEntity, http.StatusOK, http.StatusRequestEntityTooLarge:
		case http.StatusSeeOther:
			to, err := url.Parse(w.Header().Get("Location"))
			if err != nil || to.Host != "" || to.Path != "/sso/cn-okta" {
				t.Errorf("leads to %q", w.Header().Get("Location"))
			}
			if back := to.Query().Get("return_to"); back != "" && (!strings.HasPrefix(back, "/") || strings.HasPrefix(back, "//")) {
				t.Errorf("returns to %q", back)
			}
		default:
			t.Errorf("status %d", w.Code)
		}
	})
}
