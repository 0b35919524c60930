package apptest_test

import (
	"testing"

	"drawbridge/internal/apptest"
	"drawbridge/internal/chromium"
	"drawbridge/internal/oktasim"
)

// signInAtOkta chooses somebody on the simulated organisation's page.
func signInAtOkta(p *chromium.Page, person oktasim.Person) {
	p.Press(person.FirstName + " " + person.LastName + " " + person.Login)
}

func TestBrowserSignsInThroughOkta_AndSeesItsRoles(t *testing.T) {
	t.Parallel()
	a := apptest.StartAcme(t, embedded(), oktasim.Catalog)
	person, _ := a.Okta.Person(a.Login(t, "Analysts"))
	p := chromium.New(t)

	p.Visit(a.URL + "/")
	p.WantPage("/login", 200, "Sign in")
	p.Look("login")
	p.Fill("E-mail address", "nonsense")
	p.Press("Continue")
	p.WantPage("/login", 422)
	p.WantFocus("E-mail address")
	p.Look("login-wrong")
	p.Fill("E-mail address", person.Login)
	p.Press("Continue")
	p.WantText("Okta")
	signInAtOkta(p, person)
	p.WantPage("/", 200, "SOC Paris", "Analyst")
	p.Look("home")
	p.Press("My account")
	p.WantPage("/account", 200, "Okta signs you in")
	p.Look("account-sso")

	p.Press("Sign out")
	p.WantText("You are signed out")
	p.Look("signed-out")
}

func TestBrowserAcceptsAnInvitationThroughOkta(t *testing.T) {
	t.Parallel()
	s := startHouse(t, embedded())
	org := startOkta(t, nil, "ada@acme.example")
	s.connectOkta(t, org, false)
	person := mustPerson(t, org, "ada@acme.example")
	p := chromium.New(t)
	p.Visit(s.invitationLink(s.invite(t, "ada@acme.example").Link))
	p.WantPage("/invitation", 200, "Or without a new password")
	p.Look("invitation-okta")
	p.Press("Continue with Okta")
	signInAtOkta(p, person)
	p.WantPage("/", 200, "Ada Lovelace", "Guest", "Invitation accepted")
}

// Rule 14: who has an account proves it once, before an identity is pinned; after that the provider alone will do.
func TestRule14BrowserProvesItsAccountOnce(t *testing.T) {
	t.Parallel()
	s := startHouse(t, embedded())
	org := startOkta(t, nil, "ada@acme.example")
	c := s.connectOkta(t, org, false)
	person := mustPerson(t, org, "ada@acme.example")
	s.join(t, "ada@acme.example")

	p := chromium.New(t)
	p.Visit(s.startURL(c))
	signInAtOkta(p, person)
	p.WantText("One proof is missing")
	if p.Status() != 403 {
		t.Errorf("the refusal answers %d", p.Status())
	}
	p.Look("proof-missing")
	p.Press("Prove that it is you")
	p.WantPage("/login/password", 200, "Prove once that it is yours")
	p.Look("proof-password")
	p.Fill("Password", goodPassword)
	p.Press("Sign in")
	p.WantPage("/login/proved", 200, "It is you")
	p.Look("proof-given")
	p.Press("Finish signing in")
	p.WantPage("/", 200, "Ada Lovelace")
	p.Press("Sign out")

	again := chromium.New(t)
	again.Visit(s.startURL(c))
	signInAtOkta(again, person)
	again.WantPage("/", 200, "Ada Lovelace")
}

func mustPerson(t testing.TB, org okta, login string) oktasim.Person {
	t.Helper()
	person, ok := org.Person(login)
	if !ok {
		t.Fatalf("nobody has the login %q", login)
	}
	return person
}
