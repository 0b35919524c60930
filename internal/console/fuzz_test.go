package console_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// FuzzLogin sends what strangers may type: whatever it is, the answer is the form again or leads to a connection of
// ours or to the password, and nowhere else.
func FuzzLogin(f *testing.F) {
	f.Add("ada@acme.example", "/app")
	f.Add("ada@two.example", "//evil.example")
	f.Add("a\x00@acme.example\r\nX: y", "https://bridge.example/\\evil.example")
	f.Fuzz(func(t *testing.T, email, returnTo string) {
		s := newSite(t, "https://bridge.example")
		for _, with := range []string{"", "password"} {
			w := s.post("/login", url.Values{"email": {email}, "return_to": {returnTo}, "with": {with}})
			wantOneOf(t, w, "/sso/cn-okta", "/login/password")
		}
	})
}

// FuzzPassword sends what strangers may type where a password is asked for.
func FuzzPassword(f *testing.F) {
	f.Add("ada@acme.example", "x", "/app")
	f.Add("ada@acme.example", goodPassword, "//evil.example")
	f.Add(strings.Repeat("<", 250), "\xff\x00", "/sso/\r\n")
	f.Fuzz(func(t *testing.T, email, password, returnTo string) {
		s := newSite(t, "https://bridge.example")
		form := credentials(email, password)
		form.Set("return_to", returnTo)
		w := s.post("/login/password", form)
		if w.Code == http.StatusSeeOther && password != goodPassword {
			t.Errorf("let in with %q", password)
		}
		wantOneOf(t, w, "*")
	})
}

// FuzzInvitation sends what strangers may type into the form of an invitation, and as its ticket.
func FuzzInvitation(f *testing.F) {
	f.Add(goodTicket, "Grace Hopper", goodPassword)
	f.Add("dbtic_x", "<script>", "\xff")
	f.Add("", strings.Repeat("\"", 5000), "")
	f.Fuzz(func(t *testing.T, ticket, name, password string) {
		s := newSite(t, "https://bridge.example")
		r := s.request(http.MethodPost, "/invitation", url.Values{"name": {name}, "new_password": {password}})
		r.Header.Set("Cookie", "__Host-drawbridge_invitation="+strings.Map(cookieRune, ticket))
		w := s.do(r)
		if w.Code == http.StatusSeeOther && strings.Map(cookieRune, ticket) != goodTicket {
			t.Errorf("accepted by %q", ticket)
		}
		wantOneOf(t, w, "/")
	})
}

// FuzzFirstStart sends what strangers may type into the form of the first start.
func FuzzFirstStart(f *testing.F) {
	f.Add("Acme", "Ada", "ada@acme.example", goodPassword, "")
	f.Add("", strings.Repeat("é", 101), "ada", "", "{}")
	f.Fuzz(func(t *testing.T, workspace, name, email, password, response string) {
		s := newSite(t, "https://bridge.example")
		form := url.Values{"workspace": {workspace}, "name": {name}, "email": {email}, "new_password": {password}, "response": {response}}
		wantOneOf(t, s.post("/setup", form, cookie("setup", goodTicket)), "/")
		wantOneOf(t, s.post("/setup/options", form, cookie("setup", goodTicket)))
	})
}

func cookieRune(r rune) rune {
	if r <= ' ' || r >= 0x7f || strings.ContainsRune(`";,\`, r) {
		return -1
	}
	return r
}

// wantOneOf wants a page or an answer to script that is no fault of ours, or a redirect to one of the paths; "*" is any
// path of ours.
func wantOneOf(t *testing.T, w *httptest.ResponseRecorder, paths ...string) {
	t.Helper()
	switch w.Code {
	case http.StatusOK, http.StatusUnprocessableEntity, http.StatusRequestEntityTooLarge, http.StatusGone:
		if strings.Contains(w.Body.String(), "<script>") {
			t.Error("what was typed became markup")
		}
	case http.StatusSeeOther:
		target := w.Header().Get("Location")
		to, err := url.Parse(target)
		if err != nil || to.Host != "" || to.Scheme != "" || !strings.HasPrefix(target, "/") || strings.HasPrefix(target, "//") {
			t.Errorf("leads to %q", target)
			return
		}
		if !slices.Contains(paths, "*") && !slices.Contains(paths, to.Path) {
			t.Errorf("leads to %q, want one of %q", target, paths)
		}
		if back := to.Query().Get("return_to"); back != "" && (!strings.HasPrefix(back, "/") || strings.HasPrefix(back, "//")) {
			t.Errorf("returns to %q", back)
		}
	default:
		t.Errorf("status %d", w.Code)
	}
}
