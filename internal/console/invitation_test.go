package console_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

func TestInvitationMovesItsTokenIntoACookie(t *testing.T) {
	t.Parallel()
	s := newSite(t, "https://bridge.example/b")
	w := s.get("/b/invitation?token=" + goodToken)
	wantRedirect(t, w, "/b/invitation")
	c := setCookie(w, "__Host-drawbridge_invitation")
	if c == nil || c.Value != goodToken || c.MaxAge != 600 || !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteLaxMode {
		t.Fatalf("cookie %v", c)
	}
	if got := w.Header().Get("Referrer-Policy"); got != "no-referrer" {
		t.Errorf("referrer policy %q", got)
	}
	if strings.Contains(s.log.String(), "secret") {
		t.Error("the token stands in the log")
	}
	doc := wantPage(t, s.get("/b/invitation", c), http.StatusOK)
	main := one(t, doc, "main")
	wantText(t, main, "You are invited to Acme", "This invitation is for grace@acme.example. Sign in with that address.", "The link ends in 23 hours.")
	if got := texts(all(all(main, "ul")[0], "li")); !slices.Equal(got, []string{"Analyst in SOC Paris", "Guest in every community of Acme"}) {
		t.Errorf("gives %q", got)
	}
	for words, want := range map[string]string{
		"Continue with Okta":     "/b/sso/cn-okta?login_hint=grace%40acme.example&with=invitation",
		"Continue with Entra ID": "/b/sso/cn-entra?login_hint=grace%40acme.example&with=invitation",
	} {
		if got := links(main)[words]; got != want {
			t.Errorf("%s leads to %q", words, got)
		}
	}
	if strings.Contains(text(doc), "drawbridge connection") {
		t.Error("names the command though there is a way")
	}
}

// Opening uses nothing up, however often.
func TestInvitationCanBeOpenedAgain(t *testing.T) {
	t.Parallel()
	s := newSite(t, "https://bridge.example")
	for range 3 {
		wantRedirect(t, s.get("/invitation?token="+goodToken), "/invitation")
		wantPage(t, s.get("/invitation", invitationCookie(goodToken)), http.StatusOK)
	}
}

func TestInvitationWithoutAConnectionNamesTheCommand(t *testing.T) {
	t.Parallel()
	s := newSite(t, "https://bridge.example")
	s.fake.invited.Connections = nil
	s.fake.invited.Invitation.Roles = nil
	doc := wantPage(t, s.get("/invitation", invitationCookie(goodToken)), http.StatusOK)
	wantText(t, one(t, doc, "main"), "Acme has no way to sign in yet.", "open the link again")
	if got := text(one(t, doc, "code")); got != "drawbridge connection create" {
		t.Errorf("names %q", got)
	}
	if strings.Contains(text(doc), "What it gives you") {
		t.Error("a heading over nothing")
	}
}

func TestInvitationOfASingleTenantWorkspace(t *testing.T) {
	t.Parallel()
	s := newSite(t, "https://bridge.example")
	s.fake.invited.Workspace.MultiTenant = false
	doc := wantPage(t, s.get("/invitation", invitationCookie(goodToken)), http.StatusOK)
	wantText(t, one(t, doc, "main"), "Guest in Acme")
}

func TestInvitationDeadLinks(t *testing.T) {
	t.Parallel()
	const dead, closed = "The link was used, has expired or was cancelled.", "Open the link in your invitation again."
	tests := map[string]struct {
		target string
		cookie *http.Cookie
		says   string
	}{
		"unknown":                  {"/invitation?token=dbinv_x.y", nil, dead},
		"empty":                    {"/invitation?token=", nil, dead},
		"long":                     {"/invitation?token=" + strings.Repeat("x", 10_000), nil, dead},
		"dead beside a good one":   {"/invitation?token=dbinv_x.y", invitationCookie(goodToken), dead},
		"died since it was opened": {"/invitation", invitationCookie("dbinv_x.y"), dead},
		"without a link":           {"/invitation", nil, closed},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, "https://bridge.example")
			r := s.request(http.MethodGet, test.target, nil)
			if test.cookie != nil {
				r.AddCookie(test.cookie)
			}
			w := s.do(r)
			if c := setCookie(w, "__Host-drawbridge_invitation"); c != nil {
				t.Errorf("keeps %v", c)
			}
			main := one(t, wantPage(t, w, http.StatusGone), "main")
			wantText(t, main, "This invitation cannot be opened", test.says, "ask whoever invited you for a new one", "Reference")
			if links(main)["Sign in"] != "/login" {
				t.Error("no way back")
			}
		})
	}
}

func TestInvitationFaults(t *testing.T) {
	t.Parallel()
	s := newSite(t, "https://bridge.example")
	s.fake.broken = errBroken
	wantPage(t, s.get("/invitation?token="+goodToken), http.StatusInternalServerError)
	wantPage(t, s.get("/invitation", invitationCookie(goodToken)), http.StatusInternalServerError)
}
