package apptest_test

import (
	"testing"

	"drawbridge/internal/chromium"
	"drawbridge/provisioning"
)

func TestBrowserIsLockedOutAfterFiveWrongPasswords(t *testing.T) {
	t.Parallel()
	s := startHouse(t, embedded())
	p := chromium.New(t)
	p.Visit(s.URL + "/login")
	p.Look("login-local")
	p.Fill("E-mail address", "ada@acme.example")
	p.Press("Continue")
	p.WantPage("/login/password", 200)
	p.Look("password")
	for range 5 {
		p.Fill("Password", "not it, and not it again")
		p.Press("Sign in")
		p.WantPage("/login/password", 422, "do not go together")
	}
	p.WantFocus("Password")
	p.Look("password-wrong")
	p.Fill("Password", "not it, and not it again")
	p.Press("Sign in")
	p.WantPage("/login/password", 429, "Too many attempts", "30 minutes")
	p.Look("locked")
}

func TestBrowserSignsInWithAnAuthenticatorAndWithARecoveryCode(t *testing.T) {
	t.Parallel()
	s := startHouse(t, embedded())
	p := chromium.New(t)
	s.accepts(t, p, "ada@acme.example", "Ada Lovelace")
	p.Press("My account")
	p.WantPage("/account", 200, "Where you are signed in", "This browser")
	p.Look("account")
	p.Press("Set up Authenticator app")
	p.Look("authenticator")
	p.Fill("Code from the app", "000000")
	p.Press("Set it up")
	p.WantPage("/account/authenticator", 422)
	p.WantFocus("Code from the app")
	p.Look("authenticator-wrong")
	secret := setUpApp(t, p)
	p.Look("recovery-codes")
	codes := p.Find(recoveryCode)
	if len(codes) != 10 {
		t.Fatalf("%d recovery codes: %q", len(codes), codes)
	}
	p.Press("I have kept them")
	p.WantPage("/account", 200, "10 left")
	p.Look("account-factor")
	p.Press("Sign out")

	s.enterAs(p, "ada@acme.example")
	p.WantPage("/login/factor", 200, "Prove it with a second factor")
	p.Look("factor")
	p.Fill("Code from your authenticator app", "000000")
	p.Press("Continue")
	p.WantPage("/login/factor", 422, "This is not the code")
	p.Look("factor-wrong")
	p.Fill("Code from your authenticator app", nextCode(t, secret))
	p.Press("Continue")
	p.WantPage("/", 200, "Ada Lovelace")
	p.Press("Sign out")

	s.enterAs(p, "ada@acme.example")
	p.Press("Use a recovery code")
	p.Look("factor-recovery")
	p.Fill("Recovery code", codes[3])
	p.Press("Continue")
	p.WantPage("/", 200, "Ada Lovelace")
	p.Press("My account")
	p.WantText("9 left")
	p.Press("Sign out")

	s.enterAs(p, "ada@acme.example")
	p.Press("Use a recovery code")
	p.Fill("Recovery code", codes[3])
	p.Press("Continue")
	p.WantPage("/login/factor", 422, "This is not the code")
}

func TestBrowserSetsUpTheSecondFactorThatAWorkspaceRequires(t *testing.T) {
	t.Parallel()
	s := startHouse(t, embedded())
	s.set(t, provisioning.SettingSecondFactor, "on")
	p := chromium.New(t)
	p.Visit(s.invitationLink(s.invite(t, "ada@acme.example").Link))
	p.Fill("Your name", "Ada Lovelace")
	p.Fill("New password", goodPassword)
	p.Press("Accept the invitation")
	p.WantPage("/account/factor", 200, "Set up a second factor")
	p.Look("factor-required")
	p.Press("An authenticator app")
	setUpApp(t, p)
	p.Press("I have kept them")
	p.WantPage("/", 200, "Ada Lovelace", "Guest")
}

func (s *site) set(t testing.TB, name, value string) {
	t.Helper()
	if err := s.Service.SetSetting(t.Context(), operator, s.ws.ID, name, value); err != nil {
		t.Fatal(err)
	}
}

func TestBrowserSignsInWithAPasskey(t *testing.T) {
	t.Parallel()
	s := startHouse(t, embedded())
	p := chromium.New(t)
	device := p.Authenticator()
	s.accepts(t, p, "ada@acme.example", "Ada Lovelace")
	p.Press("My account")
	p.Press("Add a passkey")
	p.WantPage("/account/passkeys", 200)
	p.Look("passkey-add")
	p.Fill("Name of the passkey", "Ada’s laptop")
	p.Press("Make the passkey")
	p.WantText("Keep these recovery codes")
	if device.Passkeys() != 1 {
		t.Errorf("the device has %d passkeys", device.Passkeys())
	}
	p.Press("I have kept them")
	p.WantPage("/account", 200, "Ada’s laptop")
	p.Look("account-passkey")
	p.Press("Sign out")

	p.Visit(s.URL + "/login")
	p.Press("Use a passkey")
	p.WantPage("/", 200, "Ada Lovelace")
	p.Press("Sign out")

	s.enterAs(p, "ada@acme.example")
	p.WantPage("/login/factor", 200)
	p.Look("factor-passkey")
	p.Press("Use a passkey")
	p.WantPage("/", 200, "Ada Lovelace")
	p.Press("Sign out")

	device.Doubt()
	p.Visit(s.URL + "/login")
	p.Touch("Use a passkey")
	p.WantText("The browser gave no passkey")
	p.Look("passkey-stopped")
}

func TestBrowserManagesItsAccount(t *testing.T) {
	t.Parallel()
	s := startHouse(t, embedded())
	p, elsewhere := chromium.New(t), chromium.New(t)
	s.accepts(t, p, "ada@acme.example", "Ada Lovelace")
	s.enterAs(elsewhere, "ada@acme.example")
	elsewhere.WantPage("/", 200, "Ada Lovelace")

	p.Press("My account")
	p.Press("Change Your name")
	p.Look("name")
	p.Fill("Your name", "")
	p.Press("Save the name")
	p.WantPage("/account/name", 422)
	p.Fill("Your name", "Ada King")
	p.Press("Save the name")
	p.WantPage("/account", 200, "Your name is changed.", "Ada King")
	p.Look("account-done")

	p.Press("End all other sessions")
	p.WantPage("/account", 200, "Every other session has ended.")
	elsewhere.Reload()
	elsewhere.WantPath("/login")

	s.enterAs(elsewhere, "ada@acme.example")
	p.Reload()
	p.Press("End the session of")
	p.WantPage("/account", 200, "The session has ended.")
	elsewhere.Visit(s.URL + "/account")
	elsewhere.WantPath("/login")

	s.enterAs(elsewhere, "ada@acme.example")
	elsewhere.WantPath("/")
	p.Press("Change Password")
	p.WantPage("/account/password", 200)
	p.Look("password-change")
	p.Fill("Present password", "not this one")
	p.Fill("New password", "six loud geese at dawn")
	p.Press("Change the password")
	p.WantPage("/account/password", 422, "This is not your password.")
	p.Fill("Present password", goodPassword)
	p.Fill("New password", "six loud geese at dawn")
	p.Press("Change the password")
	p.WantPage("/account", 200, "Your password is changed")
	elsewhere.Reload()
	elsewhere.WantPath("/login")
}
