package apptest_test

import (
	"net/http"
	"strings"
	"testing"

	"drawbridge/internal/apptest"
	"drawbridge/internal/oktasim"
)

// kinds are the two kinds of Okta application.
var kinds = map[string]oktasim.App{"wizard": oktasim.Wizard, "catalog": oktasim.Catalog}

func eachKind(t *testing.T, test func(*testing.T, apptest.Acme)) {
	t.Helper()
	apptest.OnBoth(t, func(t *testing.T, e apptest.Engine) {
		for name, kind := range kinds {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				test(t, apptest.StartAcme(t, e, kind))
			})
		}
	})
}

func TestSomebodyPushedSignsIn_AndSeesTheirRolesAndWhy(t *testing.T) {
	eachKind(t, func(t *testing.T, a apptest.Acme) {
		login := a.Login(t, "Analysts")
		p := a.SignIn(t, apptest.NewBrowser(t), login)
		if p.Status != http.StatusOK || !strings.HasPrefix(p.URL.String(), a.URL) {
			t.Fatalf("ended at %s with %d: %s", p.URL, p.Status, p.Text)
		}
		for _, want := range []string{login, "Acme", "SOC Paris", "Analyst", "Analysts", "SOC Lyon", "Guest"} {
			if !strings.Contains(p.Text, want) {
				t.Errorf("the page does not say %q: %s", want, p.Text)
			}
		}
	})
}

func TestSomebodyNewIsCreatedJustInTime_WithTheDefaultRole(t *testing.T) {
	eachKind(t, func(t *testing.T, a apptest.Acme) {
		b := apptest.NewBrowser(t)
		p := a.SignIn(t, b, a.Newcomer(t))
		if p.Status != http.StatusOK || !strings.Contains(p.Text, "Guest") || !strings.Contains(p.Text, "SOC Lyon") || strings.Contains(p.Text, "SOC Paris") {
			t.Fatalf("%d: %s", p.Status, p.Text)
		}
		verdict := b.Open(a.URL + "/auth/verify")
		if verdict.Status != http.StatusOK || verdict.Header.Get("X-Auth-Communities") != "soc-lyon=guest" || verdict.Header.Get("X-Auth-Workspace") != "acme" {
			t.Errorf("/auth/verify: %d %v", verdict.Status, verdict.Header)
		}
		out := b.Submit(p, "/logout", nil)
		if out.Status != http.StatusOK || b.Open(a.URL+"/auth/verify").Status != http.StatusUnauthorized {
			t.Errorf("after signing out: %d %s", out.Status, out.Text)
		}
	})
}

func TestDeactivationAtOktaEndsTheOpenSessionAtOnce(t *testing.T) {
	eachKind(t, func(t *testing.T, a apptest.Acme) {
		b := apptest.NewBrowser(t)
		login := a.Login(t, "Analysts")
		if p := a.SignIn(t, b, login); p.Status != http.StatusOK {
			t.Fatalf("%d: %s", p.Status, p.Text)
		}
		person, _ := a.Okta.Person(login)
		if err := a.Okta.Deactivate(t.Context(), person.ID); err != nil {
			t.Fatal(err)
		}
		if got := b.Open(a.URL + "/auth/verify").Status; got != http.StatusUnauthorized {
			t.Fatalf("/auth/verify answers %d after the deactivation", got)
		}
		if p := b.Open(a.URL + "/"); !strings.Contains(p.URL.Path, "/login") {
			t.Errorf("the page is still at %s", p.URL)
		}
		if err := a.Okta.Reactivate(t.Context(), person.ID); err != nil {
			t.Fatal(err)
		}
		if p := a.SignIn(t, apptest.NewBrowser(t), login); p.Status != http.StatusOK {
			t.Errorf("after the reactivation: %d %s", p.Status, p.Text)
		}
	})
}
