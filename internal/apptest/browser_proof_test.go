package apptest_test

import (
	"strings"
	"testing"
	"time"

	"drawbridge/internal/chromium"
	"drawbridge/internal/web"
	"drawbridge/provisioning"
)

// age lets the sign-in of a browser be an hour old.
func (s *site) age(t testing.TB, p *chromium.Page) {
	t.Helper()
	id, _, _ := strings.Cut(p.Cookie(web.AccountCookie), ".")
	err := s.Store.Update(t.Context(), func(tx *provisioning.Tx) error {
		parent, _, err := tx.Parents.Find(t.Context(), provisioning.ParentID(id))
		if err != nil {
			return err
		}
		parent.ProvedAt = tx.Now().Add(-time.Hour)
		return tx.Parents.Update(t.Context(), parent)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A sensitive act asks for a fresh proof first, and goes on where it was.
func TestBrowserProvesItselfAgainBeforeASensitiveAct(t *testing.T) {
	t.Parallel()
	s := startHouse(t, embedded())
	p := chromium.New(t)
	p.Authenticator()
	s.accepts(t, p, "ada@acme.example", "Ada Lovelace")
	p.Press("My account")
	s.age(t, p)
	p.Press("Add a passkey")
	p.WantPage("/account/confirm", 200, "Prove that it is you", "ada@acme.example")
	p.Look("confirm")
	p.Fill("Password", "not the password")
	p.Press("Go on")
	p.WantPage("/account/confirm", 422, "This is not your password.")
	p.WantFocus("Password")
	p.Fill("Password", goodPassword)
	p.Press("Go on")
	p.WantPage("/account/passkeys", 200, "Add a passkey")
	p.Fill("Name of the passkey", "Laptop")
	p.Press("Make the passkey")
	p.Press("I have kept them")

	s.age(t, p)
	p.Press("Rename Laptop")
	p.WantPage("/account/confirm", 200, "Prove that it is you")
	p.Look("confirm-passkey")
	p.Press("Use a passkey")
	p.WantText("Rename Laptop")
	p.Look("passkey-rename")
	p.Fill("Name of the passkey", "Ada’s laptop")
	p.Press("Save the name")
	p.WantPage("/account", 200, "The passkey has its new name.", "Ada’s laptop")
	p.Press("Make new ones")
	p.WantText("Make new recovery codes?")
	p.Look("recovery-codes-new")
	p.Press("Make new codes")
	if codes := p.Find(recoveryCode); len(codes) != 10 {
		t.Errorf("%d new recovery codes", len(codes))
	}
	p.Press("I have kept them")
	p.Press("Remove Ada’s laptop")
	p.WantText("Remove Ada’s laptop?", "It is your last second factor")
	p.Look("passkey-remove")
	p.Press("Remove Ada’s laptop")
	p.WantPage("/account", 200, "The passkey is removed.")
}

// Who lost the second factor comes in by a code that an administrator gave, and sets a new one up.
func TestBrowserComesInByAnAdministratorsCode(t *testing.T) {
	t.Parallel()
	s := startHouse(t, embedded())
	s.set(t, provisioning.SettingSecondFactor, "on")
	first := chromium.New(t)
	first.Visit(s.invitationLink(s.invite(t, "ada@acme.example").Link))
	first.Fill("Your name", "Ada Lovelace")
	first.Fill("New password", goodPassword)
	first.Press("Accept the invitation")
	first.Press("An authenticator app")
	setUpApp(t, first)
	first.Press("I have kept them")
	first.WantPath("/")

	u, err := s.Service.FindUser(t.Context(), s.ws.ID, "ada@acme.example")
	if err != nil {
		t.Fatal(err)
	}
	code, _, err := s.Service.ResetFactors(t.Context(), operator, s.ws.ID, u.ID)
	if err != nil {
		t.Fatal(err)
	}
	p := chromium.New(t)
	s.enterAs(p, "ada@acme.example")
	p.WantPath("/login/factor")
	p.Press("Use a recovery code")
	p.Fill("Recovery code", code)
	p.Press("Continue")
	p.WantPage("/account/factor", 200, "Set up a second factor")
	p.Press("An authenticator app")
	p.Fill("Code from the app", nextCode(t, p.Find(authenticatorKey)[0]))
	p.Press("Set it up")
	p.WantText("Keep these recovery codes")
	p.Press("I have kept them")
	p.WantPage("/", 200, "Ada Lovelace")
}

// A workspace that requires SSO for its domain lets nobody of it in by a password, and shows the other way.
func TestBrowserIsShownTheProviderThatAWorkspaceRequires(t *testing.T) {
	t.Parallel()
	s := startPost(t, embedded())
	s.member(t, chromium.New(t), "ada@acme.example", "Ada Lovelace", provisioning.RoleGuest)
	org := startOkta(t, nil, "owner@acme.example", "ada@acme.example")
	s.connectOkta(t, org, false)
	owner := chromium.New(t)
	owner.Visit(s.site.link)
	owner.Press("Continue with Okta")
	signInAtOkta(owner, mustPerson(t, org, "owner@acme.example"))
	owner.WantPage("/", 200, "Admin")
	s.set(t, provisioning.SettingRequireSSO, "on")

	p := chromium.New(t)
	s.enterAs(p, "ada@acme.example")
	p.WantPage("/workspaces", 403, "through its provider only")
	p.Look("workspaces-sso")
	p.Press("Continue with Okta")
	signInAtOkta(p, mustPerson(t, org, "ada@acme.example"))
	p.WantPage("/", 200, "Guest")
}
