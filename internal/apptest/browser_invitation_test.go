package apptest_test

import (
	"testing"

	"drawbridge/internal/chromium"
)

func TestBrowserAcceptsAnInvitation(t *testing.T) {
	t.Parallel()
	s := startHouse(t, embedded())
	p := chromium.New(t)
	link := s.invitationLink(s.invite(t, "ada@acme.example").Link)
	p.Visit(link)
	p.WantPage("/invitation", 200, "You are invited to acme", "ada@acme.example", "Guest")
	if p.URL().RawQuery != "" {
		t.Errorf("the link stays in the address: %s", p.URL())
	}
	p.Look("invitation")

	p.Fill("Your name", "Ada Lovelace")
	p.Fill("New password", "short")
	p.WantText("7 more characters are needed.")
	p.Touch("Show the password")
	p.Touch("Hide the password")
	p.Press("Accept the invitation")
	p.WantPage("/invitation", 422, "There is a problem")
	p.WantFocus("New password")
	if got := p.Value("Your name"); got != "Ada Lovelace" {
		t.Errorf("the name that was typed is now %q", got)
	}
	p.Look("invitation-wrong")
	p.Fill("New password", "passwordpassword")
	p.Press("Accept the invitation")
	p.WantPage("/invitation", 422, "There is a problem")
	p.Fill("New password", goodPassword)
	p.WantText("Long enough")
	p.Press("Accept the invitation")
	p.WantPage("/", 200, "Ada Lovelace", "Guest", "Invitation accepted")
	p.Look("invitation-accepted")

	p.Reload()
	p.WantPage("/", 200, "Ada Lovelace")
	p.Visit(link)
	p.WantPage("/invitation", 410, "accepted already")
	p.Look("invitation-used")
}

func TestBrowserOpensAnInvitationAsSomebodyElse(t *testing.T) {
	t.Parallel()
	s := startHouse(t, embedded())
	p := chromium.New(t)
	s.accepts(t, p, "grace@acme.example", "Grace Hopper")
	p.Visit(s.invitationLink(s.invite(t, "ada@acme.example").Link))
	p.WantPage("/invitation", 200, "You are signed in as grace@acme.example", "the invitation is for ada@acme.example")
	p.Look("invitation-other")
	p.Press("Sign out first")
	p.WantPage("/invitation", 200, "You are invited to acme")
	p.Fill("Your name", "Ada Lovelace")
	p.Fill("New password", goodPassword)
	p.Press("Accept the invitation")
	p.WantPage("/", 200, "Ada Lovelace")
}

func TestBrowserOpensADeadInvitation(t *testing.T) {
	t.Parallel()
	s := startHouse(t, embedded())
	cancelled, resent := s.invite(t, "ada@acme.example"), s.invite(t, "grace@acme.example")
	if err := s.Service.CancelInvitation(t.Context(), operator, s.ws.ID, cancelled.Invitation.ID); err != nil {
		t.Fatal(err)
	}
	again, err := s.Service.ResendInvitation(t.Context(), operator, s.ws.ID, resent.Invitation.ID)
	if err != nil {
		t.Fatal(err)
	}
	p := chromium.New(t)
	for name, link := range map[string]string{
		"cancelled": s.invitationLink(cancelled.Link), "replaced": s.invitationLink(resent.Link),
		"expired-no-mail": s.expiredLink(t), "closed": s.URL + "/invitation",
	} {
		p.Visit(link)
		p.WantPage("/invitation", 410, "This invitation cannot be opened")
		p.Look("invitation-" + name)
	}
	p.Visit(s.invitationLink(again.Link))
	p.WantPage("/invitation", 200, "grace@acme.example")
}
