package console_test

import (
	"net/http"
	"net/url"
	"slices"
	"testing"

	"drawbridge/provisioning"
)

func TestWorkspacesAreChosenFrom(t *testing.T) {
	t.Parallel()
	s := newSite(t, "https://bridge.example")
	s.fake.doors = []provisioning.Door{{Workspace: acme, User: ada}, {Workspace: globex, User: provisioning.User{ID: "u-2"}, FactorSetup: true}}
	doc := wantPage(t, s.get("/workspaces?return_to=/app", parent(), session()), http.StatusOK)
	main := one(t, doc, "main")
	wantText(t, main, "Choose a workspace", "You are signed in as ada@acme.example.")
	if got := texts(all(main, "li")); !slices.Equal(got, []string{"AcmeYou are here now", "GlobexAsks for a second factor; you set one up first"}) {
		t.Errorf("offers %q", got)
	}
	form := all(main, "form")[1]
	if ws, _ := field(form, "workspace"); attr(form, "method") != "post" || attr(form, "action") != "/workspaces" || ws != "ws-globex" {
		t.Error("the form enters another one")
	}
	if to, _ := field(form, "return_to"); to != "/app" {
		t.Errorf("returns to %q", to)
	}
	w := s.post("/workspaces", url.Values{"workspace": {"ws-globex"}, "return_to": {"/app"}}, parent())
	wantRedirect(t, w, "/app")
	if c := setCookie(w, "__Host-drawbridge_session"); c == nil || c.Value != "s-9.secret" {
		t.Errorf("session %v", c)
	}
	if !slices.Equal(s.fake.calls, []string{"enter ws-globex"}) {
		t.Errorf("did %q", s.fake.calls)
	}
}

// Rule 18: each entry checks that workspace's own rules; what is shut says why, and what leads in all the same.
func TestRule18_WorkspacesThatAreShutSayWhy(t *testing.T) {
	t.Parallel()
	s := newSite(t, "https://bridge.example")
	blocked := globex
	blocked.Settings = provisioning.Settings{"contact": "it-help@globex.example"}
	s.fake.doors = []provisioning.Door{
		{Workspace: acme, User: ada, Refusal: provisioning.RefusedSSORequired},
		{Workspace: blocked, User: ada, Refusal: provisioning.RefusedBlocked},
	}
	doc := wantPage(t, s.get("/workspaces?return_to=/app", parent()), http.StatusForbidden)
	main := one(t, doc, "main")
	wantText(t, main, "This workspace takes your address through its provider only.", "Your access is stopped")
	found := links(main)
	if found["Continue with Okta"] != "/sso/cn-okta?login_hint=ada%40acme.example&return_to=%2Fapp" || found["it-help@globex.example"] == "" {
		t.Errorf("leads to %v", found)
	}
	wantRedirect(t, s.post("/workspaces", url.Values{"workspace": {"ws-acme"}}, parent()), "/workspaces")
}

func TestWorkspacesOfNobody(t *testing.T) {
	t.Parallel()
	s := newSite(t, "https://bridge.example")
	s.fake.doors = nil
	wantText(t, one(t, wantPage(t, s.get("/workspaces", parent()), http.StatusForbidden), "main"), "You belong to no workspace any more.")
	wantRedirect(t, s.get("/workspaces?return_to=/app"), "/login?return_to=%2Fapp")
	wantRedirect(t, s.post("/workspaces", url.Values{"workspace": {"ws-acme"}}), "/login")
}

// Another's workspace and one that does not exist are the same to who may enter neither.
func TestWorkspacesThatTheAccountDoesNotLeadTo(t *testing.T) {
	t.Parallel()
	s := newSite(t, "https://bridge.example")
	for _, ws := range []string{"ws-globex", "ws-none", "", "../x"} {
		w := s.post("/workspaces", url.Values{"workspace": {ws}}, parent())
		if setCookie(w, "__Host-drawbridge_session") != nil {
			t.Errorf("%q was entered", ws)
		}
		wantPage(t, w, http.StatusNotFound)
	}
}

func TestWorkspacesAskForWhatIsMissing(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]string{
		"second_factor":       "/login/factor?return_to=%2Fapp",
		"second_factor_setup": "/account/factor?return_to=%2Fapp&workspace=ws-acme",
	} {
		s := newSite(t, "https://bridge.example")
		s.fake.enterFails = needs(code)
		wantRedirect(t, s.post("/workspaces", url.Values{"workspace": {"ws-acme"}, "return_to": {"/app"}}, parent()), want)
	}
}

func TestHeaderLeadsToTheOtherWorkspaces(t *testing.T) {
	t.Parallel()
	s := newSite(t, "https://bridge.example/b")
	header := one(t, wantPage(t, s.get("/b/", session()), http.StatusOK), "header")
	if found := links(header); found["My account"] != "/b/account" || found["Switch workspace"] != "" {
		t.Errorf("somebody who came through a provider is led to %v", found)
	}
	s.fake.viewer.Session.Parent = "pa-1"
	header = one(t, wantPage(t, s.get("/b/", session()), http.StatusOK), "header")
	if got := links(header)["Switch workspace"]; got != "/b/workspaces" {
		t.Errorf("the switch leads to %q", got)
	}
}
