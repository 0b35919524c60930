package apptest_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"drawbridge/internal/apptest"
	"drawbridge/internal/chromium"
	"drawbridge/internal/testenv"
	"drawbridge/provisioning"
)

// post is a site from which mail goes out, over TLS.
type post struct {
	*site
	server *testenv.SMTP
	taken  map[string]int // mails that a test has taken, by address
}

func startPost(t testing.TB, e apptest.Engine) post {
	t.Helper()
	server := testenv.NewSMTP(t, testenv.SMTPOptions{User: "bridge", Password: "a-password"})
	return post{newSite(t, options{Localhost: true, Mail: server}.start(t, e), "acme"), server, map[string]int{}}
}

// mail waits for the next mail to an address, and opens it.
func (p post) mail(t testing.TB, to string) testenv.Opened {
	t.Helper()
	p.taken[to]++
	received := p.server.AwaitTo(t, to, p.taken[to])[p.taken[to]-1]
	if !received.Secure {
		t.Errorf("the mail to %s came without TLS", to)
	}
	return received.Open(t)
}

// link is the one of the mail that leads to the path, and stands in both of its forms.
func (p post) link(t testing.TB, mail testenv.Opened, path string) string {
	t.Helper()
	for _, link := range mail.Links() {
		if strings.HasPrefix(link, p.URL+path+"?token=") {
			if !strings.Contains(mail.HTML, `href="`+link+`"`) {
				t.Errorf("the HTML of %q does not lead to %s", mail.Subject, link)
			}
			return link
		}
	}
	t.Fatalf("%q has no link to %s: %s", mail.Subject, path, mail.Text)
	return ""
}

// member invites somebody to a built-in role, who accepts.
func (p post) member(t testing.TB, b *chromium.Page, email, name, role string) {
	t.Helper()
	if _, err := p.Service.Invite(t.Context(), operator, p.ws.ID, p.asRole(t, role), email); err != nil {
		t.Fatal(err)
	}
	p.accept(t, b, email, name)
}

// accept accepts the invitation that was mailed to an address.
func (p post) accept(t testing.TB, b *chromium.Page, email, name string) {
	t.Helper()
	b.Visit(p.link(t, p.mail(t, email), "/invitation"))
	b.Fill("Your name", name)
	b.Fill("New password", goodPassword)
	b.Press("Accept the invitation")
	b.WantPage("/", 200, name)
}

// lookAtMail looks at a mail as a mail program shows it: nothing of the web works there.
func lookAtMail(t testing.TB, mail testenv.Opened, name string) {
	t.Helper()
	program := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
		_, _ = w.Write([]byte(mail.HTML))
	}))
	t.Cleanup(program.Close)
	p := chromium.New(t)
	p.Allow("favicon.ico")
	p.Excuse("landmark-one-main", "region")
	p.Visit(program.URL)
	p.WantText(mail.Subject)
	p.Look(name)
}

func TestBrowserAcceptsAnInvitationThatWasMailed(t *testing.T) {
	apptest.OnBoth(t, func(t *testing.T, e apptest.Engine) {
		s := startPost(t, e)
		s.invite(t, "ada@acme.example")
		mail := s.mail(t, "ada@acme.example")
		if mail.Subject != "You are invited to acme" {
			t.Errorf("the subject is %q", mail.Subject)
		}
		lookAtMail(t, mail, "mail-invitation")
		link := s.link(t, mail, "/invitation")
		for range 3 { // a mail scanner
			chromium.New(t).Visit(link)
		}
		p := chromium.New(t)
		p.Visit(link)
		p.Fill("Your name", "Ada Lovelace")
		p.Fill("New password", goodPassword)
		p.Press("Accept the invitation")
		p.WantPage("/", 200, "Ada Lovelace", "Guest")
	})
}

func TestBrowserAsksForANewInvitationWhenTheOldOneHasExpired(t *testing.T) {
	t.Parallel()
	s := startPost(t, embedded())
	owner := chromium.New(t)
	s.member(t, owner, "grace@acme.example", "Grace Hopper", provisioning.RoleAdmin)
	inviter, err := s.Service.FindUser(t.Context(), s.ws.ID, "grace@acme.example")
	if err != nil {
		t.Fatal(err)
	}
	grace := provisioning.Actor{Kind: provisioning.ActorUser, ID: string(inviter.ID), Workspace: s.ws.ID, ProvedAt: time.Now()}
	invited, err := s.Service.Invite(t.Context(), grace, s.ws.ID, s.asRole(t, provisioning.RoleGuest), "ada@acme.example")
	if err != nil {
		t.Fatal(err)
	}
	mail := s.mail(t, "ada@acme.example")
	if !strings.HasPrefix(mail.Subject, "Grace Hopper invites you to") {
		t.Errorf("the subject is %q", mail.Subject)
	}
	s.expire(t, invited.Invitation.ID)

	p := chromium.New(t)
	p.Visit(s.link(t, mail, "/invitation"))
	p.WantPage("/invitation", 410, "has expired")
	p.Look("invitation-expired")
	p.Press("Ask for a new invitation")
	p.WantPage("/invitation/asked", 200, "You asked for a new invitation")
	p.Look("invitation-asked")
	asked := s.mail(t, "grace@acme.example")
	if !strings.Contains(asked.Subject, "ada@acme.example") {
		t.Errorf("the subject is %q", asked.Subject)
	}
	lookAtMail(t, asked, "mail-asked")

	if _, err := s.Service.ResendInvitation(t.Context(), grace, s.ws.ID, invited.Invitation.ID); err != nil {
		t.Fatal(err)
	}
	s.accept(t, p, "ada@acme.example", "Ada Lovelace")
}

// expire lets an invitation end a minute ago: no setting makes one short enough for a test.
func (s *site) expire(t testing.TB, id provisioning.InvitationID) {
	t.Helper()
	err := s.Store.Update(t.Context(), func(tx *provisioning.Tx) error {
		i, err := tx.Invitations.Find(t.Context(), id)
		if err != nil {
			return err
		}
		i.ExpiresAt = tx.Now().Add(-time.Minute)
		return tx.Invitations.Update(t.Context(), i)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestBrowserSetsANewPasswordByMail(t *testing.T) {
	t.Parallel()
	s := startPost(t, embedded())
	before, p := chromium.New(t), chromium.New(t)
	s.member(t, before, "ada@acme.example", "Ada Lovelace", provisioning.RoleGuest)
	p.Visit(s.URL + "/login/password")
	p.Press("I forgot my password")
	p.WantPage("/reset", 200)
	p.Look("reset")
	for _, email := range []string{"nobody@acme.example", "ada@acme.example"} {
		p.Visit(s.URL + "/reset")
		p.Fill("E-mail address", email)
		p.Press("Mail me a link")
		p.WantPage("/reset/sent", 200, "Look at your mail")
	}
	p.Look("reset-sent")
	mail := s.mail(t, "ada@acme.example")
	lookAtMail(t, mail, "mail-reset")
	link := s.link(t, mail, "/reset")
	p.Visit(link)
	p.WantPage("/reset/password", 200, "Set a new password")
	p.Look("reset-password")
	p.Fill("New password", "password1234")
	p.Press("Set the password")
	p.WantPage("/reset/password", 422)
	p.WantFocus("New password")
	p.Fill("New password", "six loud geese at dawn")
	p.Press("Set the password")
	p.WantPage("/login/password", 200, "The password is set.")
	p.Look("reset-done")
	p.Fill("Password", "six loud geese at dawn")
	p.Press("Sign in")
	p.WantPage("/", 200, "Ada Lovelace")

	before.Reload()
	before.WantPath("/login")
	before.Visit(link)
	before.WantPage("/reset", 410)
	before.Look("reset-used")
	if got := s.server.To("nobody@acme.example"); len(got) > 0 {
		t.Errorf("who has no account got %d mails", len(got))
	}
}

func TestBrowserChangesItsAddress(t *testing.T) {
	t.Parallel()
	s := startPost(t, embedded())
	p := chromium.New(t)
	s.member(t, p, "ada@acme.example", "Ada Lovelace", provisioning.RoleGuest)
	p.Visit(s.URL + "/account")
	p.Press("Change E-mail address")
	p.WantPage("/account/email", 200)
	p.Look("email-change")
	p.Fill("New e-mail address", "ada.king@acme.example")
	p.Press("Mail both links")
	p.WantPage("/account", 200, "A link was mailed to both addresses")
	older, newer := s.mail(t, "ada@acme.example"), s.mail(t, "ada.king@acme.example")
	lookAtMail(t, older, "mail-email-old")
	lookAtMail(t, newer, "mail-email-new")

	p.Visit(s.link(t, newer, "/email"))
	p.WantPage("/email", 200, "Change the address by which you sign in?")
	p.Look("email-agree")
	p.Press("Agree to the change")
	p.WantPage("/email/agreed", 200, "This address has agreed")
	p.Look("email-agreed")
	p.Visit(s.link(t, older, "/email"))
	p.Press("Agree to the change")
	p.WantPage("/email/changed", 200, "The address is changed")
	p.Look("email-changed")
	s.enterAs(chromium.New(t), "ada.king@acme.example")
	p.Visit(s.URL + "/account")
	p.WantText("ada.king@acme.example")
}

// A person in several workspaces chooses one, and goes to another without typing again.
func TestBrowserSwitchesBetweenWorkspaces(t *testing.T) {
	apptest.OnBoth(t, func(t *testing.T, e apptest.Engine) {
		s := startPost(t, e)
		p := chromium.New(t)
		s.member(t, p, "ada@acme.example", "Ada Lovelace", provisioning.RoleAnalyst)
		other, strict, shut := newSite(t, s.Bridge, "globex"), newSite(t, s.Bridge, "initech"), newSite(t, s.Bridge, "umbrella")
		strict.set(t, provisioning.SettingSecondFactor, "on")
		for _, w := range []*site{other, strict, shut} {
			w.invite(t, "ada@acme.example")
			mail := s.mail(t, "ada@acme.example")
			if want := "You have access to " + w.ws.Name; mail.Subject != want {
				t.Errorf("the subject is %q, want %q", mail.Subject, want)
			}
		}
		u, err := s.Service.FindUser(t.Context(), shut.ws.ID, "ada@acme.example")
		if err == nil {
			err = s.Service.SuspendUser(t.Context(), operator, shut.ws.ID, u.ID)
		}
		if err != nil {
			t.Fatal(err)
		}

		p.Press("Switch workspace")
		p.WantPage("/workspaces", 200, "You are here now", "Asks for a second factor", "umbrella")
		p.Look("workspaces")
		p.Press("globex")
		p.WantPage("/", 200, "globex", "Guest")
		p.Press("Switch workspace")
		p.Press("initech")
		p.WantPage("/account/factor", 200, "Set up a second factor")
		p.Press("An authenticator app")
		setUpApp(t, p)
		p.Press("I have kept them")
		p.WantPage("/", 200, "initech", "Guest")
		p.Press("My account")
		p.WantText("acme", "globex", "initech")
		p.Look("account-workspaces")
		p.Press("Switch workspace")
		p.Press("acme")
		p.WantPage("/", 200, "Analyst")

		p.Press("Sign out")
		p.Visit(s.URL + "/workspaces")
		p.WantPath("/login")
	})
}
