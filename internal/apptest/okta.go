package apptest

import (
	"net"
	"net/url"
	"strings"
	"testing"

	"drawbridge/internal/app"
	"drawbridge/internal/oktasim"
	"drawbridge/provisioning"
)

// Acme is the sample workspace on a bridge, beside the simulated Okta
// organisation that has pushed into it.
type Acme struct {
	*Bridge
	Okta      *oktasim.Organisation
	Workspace provisioning.Workspace
}

// StartAcme runs a bridge with the sample that a demo shows.
func StartAcme(t testing.TB, e Engine, kind oktasim.App) Acme {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	client := app.SampleClient{ID: "drawbridge-test", Secret: "a secret of the test's own"}
	org, err := app.NewSampleOkta("http://"+l.Addr().String(), client, kind)
	if err != nil {
		t.Fatal(err)
	}
	serve(t, l, org.Handler())
	b := Start(t, Options{Database: e.Database(t), Redis: e.Redis(t), FormTargets: []string{org.Issuer()}})
	ws, err := app.BuildSample(t.Context(), b.Core, org, client)
	if err != nil {
		t.Fatal(err)
	}
	return Acme{Bridge: b, Okta: org, Workspace: ws}
}

// Login is the login of somebody in the group, whose name says what it is for.
func (a Acme) Login(t testing.TB, group string) string {
	t.Helper()
	g, ok := a.Okta.Group(group)
	if !ok || len(g.Members) == 0 {
		t.Fatalf("the group %q has nobody", group)
	}
	p, ok := a.Okta.Person(g.Members[0])
	if !ok {
		t.Fatalf("nobody has the id %q", g.Members[0])
	}
	return p.Login
}

// Newcomer is the login of somebody whom Okta has not pushed.
func (a Acme) Newcomer(t testing.TB) string {
	t.Helper()
	for _, p := range a.Okta.People() {
		if !p.Assigned {
			return p.Login
		}
	}
	t.Fatal("everybody was pushed")
	return ""
}

// SignIn takes a browser from the bridge's own page through Okta and back.
func (a Acme) SignIn(t testing.TB, b *Browser, login string) Page {
	t.Helper()
	p := b.Submit(b.Open(a.URL+"/login"), "/login", url.Values{"email": {login}})
	if !strings.HasPrefix(p.URL.String(), a.Okta.Issuer()) {
		return p
	}
	person, ok := a.Okta.Person(login)
	if !ok {
		t.Fatalf("nobody has the login %q", login)
	}
	return b.Submit(p, "/login", url.Values{"person": {person.ID}})
}
