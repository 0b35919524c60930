package apptest_test

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"drawbridge/internal/apptest"
	"drawbridge/internal/web"
	"drawbridge/provisioning"
)

func TestAttackALinkIsUsedTwice(t *testing.T) {
	apptest.OnBoth(t, func(t *testing.T, e apptest.Engine) {
		s := startSite(t, e)
		link := s.invitationLink(s.invite(t, "ada@acme.example").Link)
		owner, thief := apptest.NewBrowser(t), apptest.NewBrowser(t)
		opened := thief.Open(link)
		wantPage(t, opened, 200)
		wantPage(t, accept(owner, owner.Open(link), "Ada"), 200, "Ada")

		wantPage(t, accept(thief, opened, "Mallory"), 410)
		wantPage(t, thief.Open(link), 410)
		wantPage(t, thief.Open(s.URL+"/invitation"), 410)
		s.wantNobody(t, thief)
		wantPage(t, owner.Open(s.URL+"/"), 200, "Ada")
	})
}

func TestAttackALinkIsUsedByTwoAtOnce(t *testing.T) {
	apptest.OnBoth(t, func(t *testing.T, e apptest.Engine) {
		s := startSite(t, e)
		link := s.invitationLink(s.invite(t, "ada@acme.example").Link)
		const thieves = 4
		browsers := make([]*apptest.Browser, thieves)
		pages, answers := make([]apptest.Page, thieves), make([]apptest.Page, thieves)
		for i := range browsers {
			browsers[i] = apptest.NewBrowser(t)
			pages[i] = browsers[i].Open(link)
		}
		var all errgroup.Group
		for i := range browsers {
			all.Go(func() error {
				answers[i] = accept(browsers[i], pages[i], fmt.Sprintf("Number %d", i))
				return nil
			})
		}
		_ = all.Wait() // none of them returns an error
		slices.SortFunc(answers, func(a, b apptest.Page) int { return cmp.Compare(a.Status, b.Status) })
		wantPage(t, answers[0], 200, "Number")
		for _, late := range answers[1:] {
			if late.Status != http.StatusGone && !strings.HasSuffix(late.URL.Path, "/invitation") {
				t.Errorf("a late one ends at %s with %d: %s", late.URL, late.Status, late.Text)
			}
		}
		in := 0
		for _, b := range browsers {
			if b.Open(s.URL+"/auth/verify").Status == http.StatusOK {
				in++
			}
		}
		if in != 1 {
			t.Errorf("%d came in by one link", in)
		}
	})
}

func TestAttackALinkIsUsedBySomebodyElseWhoIsSignedIn(t *testing.T) {
	apptest.OnBoth(t, func(t *testing.T, e apptest.Engine) {
		s := startSite(t, e)
		mallory := s.join(t, "mallory@acme.example")
		before, _ := s.who(t, mallory)
		invited := s.invite(t, "ada@acme.example")
		link := s.invitationLink(invited.Link)
		wantPage(t, mallory.Open(link), 200, "mallory@acme.example", "ada@acme.example")

		for _, target := range []string{"/invitation", "/invitation/signed-in"} {
			mallory.Post(s.URL+target, url.Values{"name": {"Mallory"}, "new_password": {goodPassword}})
			if after, _ := s.who(t, mallory); after != before {
				t.Errorf("POST %s: user %q is now user %q", target, before, after)
			}
		}
		wantPage(t, apptest.NewBrowser(t).Open(link), 200)
		if all, err := s.Service.Invitations(t.Context(), operator, s.ws.ID, provisioning.InvitationQuery{Limit: 10}); err != nil ||
			!slices.ContainsFunc(all, func(i provisioning.Invitation) bool {
				return i.ID == invited.Invitation.ID && i.AcceptedAt.IsZero()
			}) {
			t.Errorf("the invitation is not open any more: %+v, %v", all, err)
		}
	})
}

func TestAttackALinkIsUsedAfterItWasCancelledOrSentAgain(t *testing.T) {
	apptest.OnBoth(t, func(t *testing.T, e apptest.Engine) {
		s := startSite(t, e)
		cancelled, resent := s.invite(t, "ada@acme.example"), s.invite(t, "grace@acme.example")
		first, second := apptest.NewBrowser(t), apptest.NewBrowser(t)
		opened, openedToo := first.Open(s.invitationLink(cancelled.Link)), second.Open(s.invitationLink(resent.Link))
		if err := s.Service.CancelInvitation(t.Context(), operator, s.ws.ID, cancelled.Invitation.ID); err != nil {
			t.Fatal(err)
		}
		again, err := s.Service.ResendInvitation(t.Context(), operator, s.ws.ID, resent.Invitation.ID)
		if err != nil {
			t.Fatal(err)
		}

		wantPage(t, accept(first, opened, "Ada"), 410)
		wantPage(t, first.Open(s.invitationLink(cancelled.Link)), 410)
		wantPage(t, accept(second, openedToo, "Grace"), 410)
		wantPage(t, second.Open(s.invitationLink(resent.Link)), 410)
		s.wantNobody(t, first)
		s.wantNobody(t, second)
		wantPage(t, accept(second, second.Open(s.invitationLink(again.Link)), "Grace"), 200, "Grace")
	})
}

// A person of whom nothing is known gets the same answers as one who has an account, and after as many attempts the
// same refusal.
func TestAttackStrangersAreToldNothingOfWhoExists(t *testing.T) {
	apptest.OnBoth(t, func(t *testing.T, e apptest.Engine) {
		s := startSite(t, e)
		s.join(t, "known@acme.example")
		tries := map[string]func(b *apptest.Browser, email string) apptest.Page{
			"the address": func(b *apptest.Browser, email string) apptest.Page {
				return b.Submit(b.Open(s.URL+"/login"), "/login", url.Values{"email": {email}})
			},
			"a password": func(b *apptest.Browser, email string) apptest.Page {
				return s.signInWith(b, email, "not the password of anybody")
			},
			"a reset": func(b *apptest.Browser, email string) apptest.Page {
				return b.Post(s.URL+"/reset", url.Values{"email": {email}})
			},
		}
		for name, try := range tries {
			for i := range 7 { // the sixth wrong password is one too many
				known := answerTo(try(apptest.NewBrowser(t), "known@acme.example"), "known@acme.example")
				unknown := answerTo(try(apptest.NewBrowser(t), "nobody@acme.example"), "nobody@acme.example")
				if known != unknown {
					t.Errorf("%s, attempt %d: who exists is told\n%s\nwho does not\n%s", name, i+1, known, unknown)
				}
			}
		}
	})
}

// answerTo is all that an answer tells, without the address that was asked for.
func answerTo(p apptest.Page, email string) string {
	header := p.Header.Clone()
	for _, each := range []string{"Date", "X-Request-Id", "Content-Length"} {
		header.Del(each)
	}
	if header.Get("Retry-After") != "" {
		header.Set("Retry-After", "some seconds")
	}
	text := fmt.Sprintf("%d %s %v %s", p.Status, p.URL, header, withoutReference(p.Text))
	return strings.NewReplacer(email, "ADDRESS", url.QueryEscape(email), "ADDRESS").Replace(text)
}

// withoutReference leaves out the word of a refusal by which its log line is found.
func withoutReference(text string) string {
	before, rest, found := strings.Cut(text, "Reference ")
	if !found {
		return text
	}
	_, after, _ := strings.Cut(rest, " ")
	return before + "Reference " + after
}

// A wrong password takes as long whether there is an account, since as much is computed. The quickest of several
// answers tells of the computing alone; without it, an answer takes a tenth or less.
func TestAttackTheClockTellsNothingOfWhoExists(t *testing.T) {
	t.Parallel()
	s := startSite(t, apptest.Engines()[0])
	s.join(t, "known@acme.example")
	known, unknown := time.Hour, time.Hour
	for i := range 4 { // one more than that is still let through
		known = min(known, s.timeOfRefusal(t, "known@acme.example"))
		unknown = min(unknown, s.timeOfRefusal(t, fmt.Sprintf("nobody-%d@acme.example", i)))
	}
	if unknown < known/3 || known < unknown/3 {
		t.Errorf("who exists is answered in %v, who does not in %v", known, unknown)
	}
}

// timeOfRefusal is how long a wrong password takes.
func (s *site) timeOfRefusal(t testing.TB, email string) time.Duration {
	t.Helper()
	b := apptest.NewBrowser(t)
	p := b.Open(s.URL + "/login/password")
	began := time.Now()
	answer := b.Submit(p, "/login/password", url.Values{"email": {email}, "password": {"not the password"}})
	took := time.Since(began)
	wantPage(t, answer, 422)
	return took
}

// Whatever another site has a browser send is refused before anything else is looked at, on every route.
func TestRule26AttackOtherSitesSendForms(t *testing.T) {
	t.Parallel()
	s := startSite(t, apptest.Engines()[0])
	victim := s.join(t, "ada@acme.example")
	before, session := s.who(t, victim)
	checked := 0
	for _, route := range s.Routes() {
		if route.Method == http.MethodGet || route.Reason != "" {
			continue
		}
		checked++
		target := s.URL + strings.ReplaceAll(route.Pattern, "{passkey}", "x")
		for _, header := range crossSite {
			p := victim.With(header).Post(target, url.Values{"email": {"ada@acme.example"}, "password": {goodPassword}})
			if p.Status != http.StatusForbidden || p.Header.Get("Set-Cookie") != "" {
				t.Errorf("%s %s with %v: %d %s", route.Method, route.Pattern, header, p.Status, p.Text)
			}
		}
	}
	if checked < 20 {
		t.Errorf("only %d routes take forms", checked)
	}
	if user, now := s.who(t, victim); user != before || now != session {
		t.Errorf("user %q in session %q became user %q in session %q", before, session, user, now)
	}
}

// crossSite is what browsers say of a form that another site sends: new ones, and old ones.
var crossSite = []http.Header{
	{"Sec-Fetch-Site": {"cross-site"}, "Origin": {"https://evil.example"}},
	{"Sec-Fetch-Site": {"same-site"}, "Origin": {"http://sibling.localhost"}},
	{"Origin": {"https://evil.example"}},
	{"Origin": {"null"}},
}

// Whatever was planted in a browser before, a sign-in makes everything anew, and ends what it finds.
func TestAttackASessionIsPlantedBeforeTheSignIn(t *testing.T) {
	apptest.OnBoth(t, func(t *testing.T, e apptest.Engine) {
		s := startSite(t, e)
		s.join(t, "ada@acme.example")
		mallory := s.join(t, "mallory@acme.example")
		planted := map[string]string{}
		victim := apptest.NewBrowser(t)
		for _, name := range []string{web.AccountCookie, web.SessionCookie, web.KnownCookie} {
			planted[name] = cmp.Or(mallory.Cookie(s.URL, name), "par_x.y")
			victim.SetCookie(s.URL, name, planted[name])
		}
		wantPage(t, s.signInWith(victim, "ada@acme.example", goodPassword), 200, "ada@acme.example")
		for name, old := range planted {
			if got := victim.Cookie(s.URL, name); got == "" || got == old {
				t.Errorf("%s is still what was planted: %q", name, got)
			}
		}
		ada, _ := s.who(t, victim)
		if other, _ := s.who(t, mallory); other == ada {
			t.Error("who planted the cookies has the session of who signed in")
		}
		s.wantNobody(t, mallory) // the victim's browser had them, and ended them
	})
}

// An invitation's ticket that was planted in a browser does not make its owner accept as somebody else.
func TestAttackATicketIsPlantedBeforeTheSignIn(t *testing.T) {
	apptest.OnBoth(t, func(t *testing.T, e apptest.Engine) {
		s := startSite(t, e)
		s.join(t, "ada@acme.example")
		mallory, victim := apptest.NewBrowser(t), apptest.NewBrowser(t)
		mallory.Open(s.invitationLink(s.invite(t, "mallory@acme.example").Link))
		victim.SetCookie(s.URL, web.InvitationCookie, mallory.Cookie(s.URL, web.InvitationCookie))
		wantPage(t, s.signInWith(victim, "ada@acme.example", goodPassword), 200, "ada@acme.example")
		ada, _ := s.who(t, victim)
		wantPage(t, victim.Open(s.URL+"/invitation"), 200, "mallory@acme.example", "ada@acme.example")
		victim.Post(s.URL+"/invitation/signed-in", nil)
		if user, _ := s.who(t, victim); user != ada {
			t.Errorf("user %q became user %q", ada, user)
		}
	})
}

// One password tried at many addresses locks the network that it comes from, and nobody else; whoever has a session
// keeps it.
func TestAttackAPasswordIsSprayed(t *testing.T) {
	t.Parallel()
	s := newSite(t, options{Settings: map[string]string{"trusted_proxies": "127.0.0.1/32"}}.start(t, apptest.Engines()[0]), "acme")
	ada := s.join(t, "ada@acme.example")
	statuses := map[int]int{}
	var all errgroup.Group
	all.SetLimit(4)
	answers := make(chan int, 130)
	for i := range cap(answers) {
		all.Go(func() error {
			from := apptest.NewBrowser(t).From(fmt.Sprintf("192.0.2.%d", i))
			answers <- s.signInWith(from, fmt.Sprintf("person-%d@acme.example", i), "Summer2026! and more").Status
			return nil
		})
	}
	_ = all.Wait() // none of them returns an error
	close(answers)
	for status := range answers {
		statuses[status]++
	}
	// Those that were under way when the hundredth failed are answered still.
	if statuses[422] < 100 || statuses[422] > 104 || statuses[422]+statuses[429] != cap(answers) {
		t.Errorf("answers: %v", statuses)
	}
	wantPage(t, s.signInWith(apptest.NewBrowser(t).From("192.0.2.7"), "ada@acme.example", goodPassword), 429)
	wantPage(t, s.signInWith(apptest.NewBrowser(t).From("198.51.100.7"), "ada@acme.example", goodPassword), 200, "ada@acme.example")
	wantPage(t, ada.Open(s.URL+"/"), 200)
}

// Five wrong passwords lock an address for the one who guessed: its owner, elsewhere, and another address are let in.
func TestAttackAPasswordIsGuessed(t *testing.T) {
	t.Parallel()
	s := newSite(t, options{Settings: map[string]string{"trusted_proxies": "127.0.0.1/32"}}.start(t, apptest.Engines()[0]), "acme")
	s.join(t, "ada@acme.example")
	s.join(t, "grace@acme.example")
	guesser := apptest.NewBrowser(t).From("192.0.2.7")
	for range 5 {
		wantPage(t, s.signInWith(guesser, "ada@acme.example", "a guess, and a wrong one"), 422)
	}
	refused := s.signInWith(guesser, "ada@acme.example", goodPassword)
	wantPage(t, refused, 429)
	if refused.Header.Get("Retry-After") == "" {
		t.Error("the refusal does not say when to come again")
	}
	wantPage(t, s.signInWith(apptest.NewBrowser(t).From("198.51.100.7"), "ADA@acme.example", goodPassword), 200)
	wantPage(t, s.signInWith(guesser, "grace@acme.example", goodPassword), 200)
}

// Five wrong codes end the sign-in by a password: guessing goes on only with the password.
func TestAttackASecondFactorIsGuessed(t *testing.T) {
	apptest.OnBoth(t, func(t *testing.T, e apptest.Engine) {
		s := startSite(t, e)
		secret := s.addAuthenticator(t, s.join(t, "ada@acme.example"))
		b := apptest.NewBrowser(t)
		p := s.signInWith(b, "ada@acme.example", goodPassword)
		for range 5 {
			if !strings.HasSuffix(p.URL.Path, "/login/factor") {
				t.Fatalf("no code is asked for at %s: %s", p.URL, p.Text)
			}
			p = b.Submit(p, "/login/factor", url.Values{"code": {"000000"}})
		}
		// The next step's code: the present one was used to set the authenticator up.
		p = b.Post(s.URL+"/login/factor", url.Values{"code": {totp(t, secret, time.Now().Add(30*time.Second))}})
		if strings.HasSuffix(p.URL.Path, "/login/factor") {
			t.Errorf("codes are still taken at %s: %s", p.URL, p.Text)
		}
		s.wantNobody(t, b)
	})
}

// addAuthenticator sets an authenticator up and returns its secret.
func (s *site) addAuthenticator(t testing.TB, b *apptest.Browser) (secret string) {
	t.Helper()
	p := b.Open(s.URL + "/account/authenticator")
	secret = p.Field("secret")
	wantPage(t, b.Submit(p, "/account/authenticator", url.Values{"code": {totp(t, secret, time.Now())}}), 200)
	return secret
}

// Every proof gives the sign-in a new secret, and the old one is dead: who copied a cookie before has nothing.
func TestAttackACookieIsCopiedBeforeTheSecondFactor(t *testing.T) {
	apptest.OnBoth(t, func(t *testing.T, e apptest.Engine) {
		s := startSite(t, e)
		secret := s.addAuthenticator(t, s.join(t, "ada@acme.example"))
		owner, thief := apptest.NewBrowser(t), apptest.NewBrowser(t)
		p := s.signInWith(owner, "ada@acme.example", goodPassword)
		copied := s.account(owner)
		thief.SetCookie(s.URL, web.AccountCookie, copied)
		code := url.Values{"code": {totp(t, secret, time.Now().Add(30*time.Second))}}
		wantPage(t, owner.Submit(p, "/login/factor", code), 200, "ada@acme.example")
		if s.account(owner) == copied {
			t.Error("the second factor made no new secret")
		}
		thief.Open(s.URL + "/workspaces")
		thief.Post(s.URL+"/workspaces", url.Values{"workspace": {string(s.ws.ID)}})
		s.wantNobody(t, thief)
	})
}

// A person may be stopped while they fill in the form.
func TestAttackAnInvitationIsAcceptedByWhoWasSuspended(t *testing.T) {
	apptest.OnBoth(t, func(t *testing.T, e apptest.Engine) {
		s := startSite(t, e)
		invited := s.invite(t, "ada@acme.example")
		b := apptest.NewBrowser(t)
		p := b.Open(s.invitationLink(invited.Link))
		if err := s.Service.SuspendUser(t.Context(), operator, s.ws.ID, invited.Invitation.User); err != nil {
			t.Fatal(err)
		}
		if got := accept(b, p, "Ada"); got.Status != http.StatusForbidden && got.Status != http.StatusGone {
			t.Errorf("%d: %s", got.Status, got.Text)
		}
		s.wantNobody(t, b)
		u, err := s.Service.FindUser(t.Context(), s.ws.ID, "ada@acme.example")
		if err != nil && !errors.Is(err, provisioning.ErrNotFound) || u.Account != "" {
			t.Errorf("an account was made: %+v, %v", u, err)
		}
	})
}
