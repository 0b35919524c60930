package apptest_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"drawbridge/internal/apptest"
	"drawbridge/internal/secret"
	"drawbridge/provisioning"
)

func TestInvitationOfTheFirstAdministrator(t *testing.T) {
	apptest.OnBoth(t, func(t *testing.T, e apptest.Engine) {
		s := startSite(t, e)
		wantPage(t, apptest.NewBrowser(t).Open(s.link), 200, "owner@acme.example", "Admin", "Accept the invitation")

		org := startOkta(t, nil, "Owner@Acme.Example", "mallory@acme.example")
		s.connectOkta(t, org, true)
		for range 2 { // a mail scanner
			if w, err := http.DefaultTransport.RoundTrip(headOf(t, s.link)); err != nil || w.StatusCode != http.StatusSeeOther {
				t.Errorf("HEAD: %v, %v", w, err)
			}
			wantPage(t, apptest.NewBrowser(t).Open(s.link), 200, "You are invited to acme", "Continue with Okta")
		}
		otherAddressIsRefused(t, s, org)
		owner := invitedPersonIsAdministrator(t, s, org)
		wantPage(t, apptest.NewBrowser(t).Open(s.link), 410, "The invitation was accepted already.")
		identityIsPinned(t, s, org, owner)
	})
}

func headOf(t testing.TB, link string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodHead, link, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// otherAddressIsRefused: the link stays good, and nobody is created although
// automatic creation is on.
func otherAddressIsRefused(t *testing.T, s *site, org okta) {
	t.Helper()
	b := apptest.NewBrowser(t)
	p := b.Follow(b.Open(s.link), "Continue with Okta")
	wantPage(t, org.choose(t, b, p, "mallory@acme.example"), 403, "The invitation is for another address", "stays good")
	s.wantNobody(t, b)
	if u, err := s.Service.FindUser(t.Context(), s.ws.ID, "mallory@acme.example"); !errors.Is(err, provisioning.ErrNotFound) {
		t.Errorf("the refused person is user %q: %v", u.ID, err)
	}
	wantPage(t, b.Open(s.link), 200, "You are invited to acme")
}

func invitedPersonIsAdministrator(t *testing.T, s *site, org okta) (b *apptest.Browser) {
	t.Helper()
	b = apptest.NewBrowser(t)
	p := b.Follow(b.Open(s.link), "Continue with Okta")
	wantPage(t, org.choose(t, b, p, "owner@acme.example"), 200, "Admin", "Invitation accepted")
	if user, _ := s.who(t, b); user != string(s.invitation.User) {
		t.Errorf("signed in as user %q, invited was %q", user, s.invitation.User)
	}
	verdict := b.Open(s.URL + "/auth/verify")
	if got := verdict.Header.Get("X-Auth-Communities"); got != "acme=admin" {
		t.Errorf("X-Auth-Communities: %q", got)
	}
	return b
}

// identityIsPinned: the next sign-in needs no invitation, and still finds the
// person after the address at the provider has changed.
func identityIsPinned(t *testing.T, s *site, org okta, first *apptest.Browser) {
	t.Helper()
	person, _ := org.Person("owner@acme.example")
	person.Login = "boss@acme.example"
	if err := org.UpdatePerson(t.Context(), person); err != nil {
		t.Fatal(err)
	}
	c, err := s.Service.FindConnection(t.Context(), s.ws.ID, "Okta")
	if err != nil {
		t.Fatal(err)
	}
	again := apptest.NewBrowser(t)
	wantPage(t, org.signIn(t, again, s.startURL(c), "boss@acme.example"), 200, "Admin")
	before, session := s.who(t, first)
	user, next := s.who(t, again)
	if user != before || next == session {
		t.Errorf("user %q in session %q, then user %q in session %q", before, session, user, next)
	}
}

func TestExpiredAndForgedInvitationLinksAnswer410(t *testing.T) {
	apptest.OnBoth(t, func(t *testing.T, e apptest.Engine) {
		s := startSite(t, e)
		wantPage(t, apptest.NewBrowser(t).Open(s.expiredLink(t)), 410, "has expired")
		for name, link := range map[string]string{
			"forged":  s.link[:len(s.link)-4] + "AAAA",
			"no id":   s.URL + "/invitation?token=dbinv_.x",
			"nothing": s.URL + "/invitation?token=",
			"none":    s.URL + "/invitation",
		} {
			if p := apptest.NewBrowser(t).Open(link); p.Status != 410 {
				t.Errorf("%s: %d %s", name, p.Status, p.Text)
			}
		}
	})
}

// expiredLink stores the same invitation once more, a day earlier: no setting
// makes one short enough for a test.
func (s *site) expiredLink(t testing.TB) string {
	t.Helper()
	old, text := s.invitation, secret.Hasher{}.NewSecret()
	ids := provisioning.RandomIDs{}
	old.ID, old.SecretHash = provisioning.InvitationID(ids.New()), secret.Hasher{}.Hash(text)
	old.CreatedAt, old.ExpiresAt = time.Now().Add(-48*time.Hour), time.Now().Add(-24*time.Hour)
	err := s.Store.Update(t.Context(), func(tx *provisioning.Tx) error { return tx.Invitations.Create(t.Context(), old) })
	if err != nil {
		t.Fatal(err)
	}
	return s.URL + "/invitation?token=" + provisioning.InvitationPrefix + string(old.ID) + "." + text
}
