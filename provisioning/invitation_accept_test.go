package provisioning_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"drawbridge/provisioning"
)

// mailedTo invites an address by mail and returns the invitation with the text of
// its link.
func (w *world) mailedTo(email string, in ...provisioning.RoleIn) (provisioning.Invitation, string) {
	w.t.Helper()
	i := w.mailing().adds(provisioning.InviteAdded, email, in...).Invitation
	return i, w.mail(email, provisioning.MailInvitation).Mail.LinkToken
}

// shownTo invites an address by a link that whoever invites sees.
func (w *world) shownTo(email string, in ...provisioning.RoleIn) (provisioning.Invitation, string) {
	w.t.Helper()
	got := w.adds(provisioning.InviteAdded, email, in...)
	return got.Invitation, got.Link
}

// tries accepts a link with a password.
func (w *world) tries(link string) error {
	_, err := w.AcceptInvitation(w.t.Context(), link, provisioning.Acceptance{Password: passphrase}, provisioning.Browser{})
	return err
}

// account returns the account of a user.
func (w *world) accountOf(u provisioning.UserID) (a provisioning.Account) {
	w.t.Helper()
	id := w.user(u).Account
	if id == "" {
		w.t.Fatalf("user %s has no account", u)
	}
	works(w.t, w.store.View(w.t.Context(), func(tx *provisioning.Tx) (err error) {
		a, err = tx.Accounts.Get(w.t.Context(), id)
		return err
	}))
	return a
}

func inBrowserOf(p provisioning.Parent) provisioning.Browser {
	return provisioning.Browser{Address: "192.0.2.9", UserAgent: "test browser", Parent: p.Secret}
}

func TestAccept_NamePasswordAndStraightIn(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx, ada := t.Context(), w.address("ada")
		i, link := w.mailedTo(ada, roleIn(w.paris, w.analyst), roleIn(w.lyon, w.guest))
		ticket := must(w.ExchangeLink(ctx, link))(t)
		p := must(w.AcceptInvitation(ctx, ticket, provisioning.Acceptance{Name: "  Ada Lovelace ", Password: passphrase}, provisioning.Browser{UserAgent: "phone"}))(t)
		if p.SignIn.Method != provisioning.MethodLink || p.FactorNeeded || p.Account.Email != ada || !p.Account.EmailProved || p.SignIn.UserAgent != "phone" {
			t.Errorf("signed in as %+v", p)
		}
		in := must(w.Enter(ctx, w.ws, inBrowserOf(p)))(t)
		if w.alive(in.Secret); in.User.ID != i.User {
			t.Errorf("entered as %s, want %s", in.User.ID, i.User)
		}
		u := w.user(i.User)
		if u.DisplayName != "Ada Lovelace" || u.UserName != ada || u.Account != p.Account.ID || w.status(i.User) != "active" {
			t.Errorf("user %+v", u)
		}
		w.holds(i.User, "analyst in soc-paris", "guest in soc-lyon")
		w.deadFor(link, "link_used")
		must(w.SignInWithPassword(ctx, ada, passphrase, provisioning.Browser{Address: "192.0.2.9"}))(t)
	})
}

func TestAccept_TheNameThatADirectoryOwnsStays(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		pushed := w.push("00u1", "ada@acme.example").ID
		_, link := w.shownTo("ada@acme.example", roleIn(w.root, w.admin))
		must(w.AcceptInvitation(t.Context(), link, provisioning.Acceptance{Name: "Queen", Password: passphrase}, provisioning.Browser{}))(t)
		if got := w.user(pushed); got.DisplayName == "Queen" || got.Account == "" {
			t.Errorf("user %+v", got)
		}
	})
}

func TestAccept_WhatDoesNotPassLeavesTheLinkGood(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		_, link := w.mailedTo(w.address("ada"), roleIn(w.paris, w.guest))
		w.unchangedBy("by what does not pass", func() {
			for _, c := range []struct {
				n    provisioning.Acceptance
				kind error
				code string
			}{
				{provisioning.Acceptance{Password: "short"}, provisioning.ErrInvalid, "password_short"},
				{provisioning.Acceptance{}, provisioning.ErrInvalid, "password_short"},
				{provisioning.Acceptance{Password: "password1234"}, provisioning.ErrInvalid, "password_common"},
				{provisioning.Acceptance{Password: strings.Repeat("x", 257)}, provisioning.ErrInvalid, "password_long"},
				{provisioning.Acceptance{Password: w.address("ada")}, provisioning.ErrInvalid, "password_address"},
				{provisioning.Acceptance{Password: passphrase, Name: strings.Repeat("n", 1<<20)}, provisioning.ErrInvalid, "too_long"},
				{provisioning.Acceptance{Password: passphrase, Name: "Ada\u202ecod"}, provisioning.ErrInvalid, "name"},
				{provisioning.Acceptance{Password: passphrase, Name: "Ada\r\nBcc: eve"}, provisioning.ErrInvalid, "name"},
				{provisioning.Acceptance{Password: passphrase, Name: "Ada\x00"}, provisioning.ErrInvalid, "nul_character"},
			} {
				_, err := w.AcceptInvitation(t.Context(), link, c.n, provisioning.Browser{})
				isKind(t, err, c.kind, c.code)
			}
			w.fakes.passwords.busy.Store(true)
			isKind(t, w.tries(link), provisioning.ErrTooMany, "busy")
			w.fakes.passwords.busy.Store(false)
		})
		works(t, w.tries(link))
	})
}

func TestAccept_ThePasswordFollowsTheRuleOfTheWorkspace(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w.set(provisioning.SettingPasswordMinLength, "40")
		_, link := w.shownTo(w.address("ada"), roleIn(w.paris, w.guest))
		isKind(t, w.tries(link), provisioning.ErrInvalid, "password_short")
	})
}

func TestAccept_OpeningALinkUsesNothingUp(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		_, link := w.mailedTo(w.address("ada"), roleIn(w.paris, w.guest))
		var ticket string
		before := len(w.events())
		w.unchangedBy("by a scanner", func() {
			for range 100 {
				ticket = must(w.ExchangeLink(t.Context(), link))(t)
				w.goodLink(ticket)
			}
		})
		if len(w.events()) != before || strings.Contains(ticket, strings.Split(link, ".")[1]) || ticket == link {
			t.Error("opening left a trace, or the ticket is the link")
		}
		works(t, w.tries(ticket))
	})
}

func TestAccept_ATicketDiesWithItsLink_AfterAnHour_AndIsOfOneInvitation(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx, ada := t.Context(), w.address("ada")
		i, link := w.shownTo(ada, roleIn(w.paris, w.guest))
		ticket := must(w.ExchangeLink(ctx, link))(t)
		isKind(t, w.later(provisioning.TicketLifetime+time.Minute).tries(ticket), provisioning.ErrGone, "link_dead")
		resent := must(w.ResendInvitation(ctx, w.operator, w.ws, i.ID))(t)
		for name, bad := range map[string]string{
			"after a resend": ticket, "cut": ticket[:len(ticket)-4], "longer": ticket + "AAAA", "long": ticket + strings.Repeat("A", 10_000),
			"empty": "dbtic_", "no text": "dbtic_\x00", "the old link": link,
		} {
			if err := w.tries(bad); provisioning.Code(err) != "link_dead" || !errors.Is(err, provisioning.ErrGone) {
				t.Errorf("%s: %v", name, err)
			}
		}
		next := must(w.ExchangeLink(ctx, resent.Link))(t)
		works(t, w.tries(next))
		isKind(t, w.tries(next), provisioning.ErrGone, "link_used")
	})
}

func TestAttack_ALinkThatWasUsedCancelledOrIsADayOld(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		used, usedLink := w.mailedTo(w.address("used"), roleIn(w.paris, w.guest))
		w.accepts(usedLink)
		cancelled, cancelledLink := w.mailedTo(w.address("cancelled"), roleIn(w.paris, w.guest))
		ticket := must(w.ExchangeLink(ctx, cancelledLink))(t)
		works(t, w.CancelInvitation(ctx, w.operator, w.ws, cancelled.ID))
		_, oldLink := w.mailedTo(w.address("old"), roleIn(w.paris, w.guest))
		account := w.accountOf(used.User)
		for name, c := range map[string]struct {
			w          *world
			link, code string
		}{
			"used": {w, usedLink, "link_used"}, "cancelled": {w, cancelledLink, "link_cancelled"}, "its ticket": {w, ticket, "link_cancelled"},
			"a day old": {w.later(24 * time.Hour), oldLink, "link_expired"},
		} {
			c.w.unchangedBy("by a dead link", func() {
				if err := c.w.tries(c.link); !errors.Is(err, provisioning.ErrGone) || provisioning.Code(err) != c.code {
					t.Errorf("%s: %v", name, err)
				}
				isKind(t, c.w.AcceptSignedIn(ctx, c.link, provisioning.Browser{}), provisioning.ErrGone, c.code)
			})
		}
		if w.accountOf(used.User).PasswordHash != account.PasswordHash {
			t.Error("a used link set a password")
		}
		works(t, w.later(24*time.Hour-time.Minute).tries(oldLink))
	})
}

func TestAttack_OneLinkByTwoAtOnce_LetsOneIn(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		second := w.besides()
		for round := range 8 {
			i, link := w.mailedTo(w.address(fmt.Sprintf("u%d", round)), roleIn(w.paris, w.guest))
			errs := together(func() error { return w.tries(link) }, func() error { return second.tries(link) })
			if (errs[0] == nil) == (errs[1] == nil) {
				t.Fatalf("round %d: %v and %v", round, errs[0], errs[1])
			}
			isKind(t, errors.Join(errs...), provisioning.ErrGone, "link_used")
			w.holds(i.User, "guest in soc-paris")
		}
		w.nothingDiffers()
	})
}

func TestAttack_ByAnotherPersonWhoIsSignedIn(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		_, eve := w.joined(w.address("eve"), roleIn(w.lyon, w.guest))
		i, link := w.mailedTo(w.address("ada"), roleIn(w.paris, w.admin))
		w.unchangedBy("by another person", func() {
			err := w.AcceptSignedIn(t.Context(), link, inBrowserOf(eve))
			isKind(t, err, provisioning.ErrConflict, "other_account")
			isKind(t, w.AcceptSignedIn(t.Context(), link, provisioning.Browser{}), provisioning.ErrUnauthenticated, "sign_in")
		})
		// Whoever sets a password in that browser takes it over: the other sign-in ends.
		in := must(w.Enter(t.Context(), w.ws, inBrowserOf(eve)))(t)
		must(w.AcceptInvitation(t.Context(), link, provisioning.Acceptance{Password: passphrase}, inBrowserOf(eve)))(t)
		w.dead(in.Secret)
		_, err := w.ParentOf(t.Context(), eve.Secret)
		isKind(t, err, provisioning.ErrUnauthenticated, "sign_in")
		w.holds(i.User, "admin in soc-paris")
	})
}

func TestAccept_WhoHasAnAccountSignsInToIt(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx, other, ada := t.Context(), w.tenantB(), w.address("ada")
		i, link := w.mailedTo(ada, roleIn(w.paris, w.admin))
		_, p := other.joined(ada, roleIn(other.paris, other.guest)) // in the meantime
		if !w.goodLink(link).HasAccount {
			t.Error("the page does not know of the account")
		}
		isKind(t, w.tries(link), provisioning.ErrConflict, "account_exists")
		works(t, w.AcceptSignedIn(ctx, link, inBrowserOf(p)))
		w.holds(i.User, "admin in soc-paris")
		if w.user(i.User).Account != p.Account.ID {
			t.Error("the user does not point to the account")
		}
		w.alive(must(w.Enter(ctx, w.ws, inBrowserOf(p)))(t).Secret)
		w.deadFor(link, "link_used")
	})
}

func TestAccept_AMemberWithAnAccountSignsInToIt_AndNobodySetsAnotherPassword(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.address("ada")
		_, first := w.shownTo(ada, roleIn(w.paris, w.guest))
		again := must(w.Invite(t.Context(), w.operator, w.ws, provisioning.InviteRequest{Roles: []provisioning.RoleIn{roleIn(w.lyon, w.guest)}}, ada))(t)
		w.deadFor(first, "link_cancelled")
		w.accepts(again.Link)
		got := must(w.Invite(t.Context(), w.operator, w.ws, provisioning.InviteRequest{Roles: []provisioning.RoleIn{roleIn(w.root, w.admin)}, PasswordLink: true}, ada))(t)
		if got.Outcome != provisioning.InviteMember || got.Link != "" {
			t.Errorf("%+v", got)
		}
		w.holds(again.Invitation.User, "admin in acme", "guest in soc-paris", "guest in soc-lyon")
	})
}

// Rule 19: an account made by a shown link exists for its workspace alone.
func TestRule19_AShownLinkMakesAnUnprovedAccount_AndOneMailedLaterSetsItUpAnew(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx, other, ada := t.Context(), w.tenantB(), w.address("ada")
		here, shown := w.shownTo(ada, roleIn(w.paris, w.guest))
		p := w.accepts(shown)
		if a := w.accountOf(here.User); a.EmailProved || a.Home != w.ws {
			t.Fatalf("account %+v", a)
		}
		in := must(w.Enter(ctx, w.ws, inBrowserOf(p)))(t)

		// To the other workspace it does not exist.
		there := other.mailing().adds(provisioning.InviteAdded, ada, roleIn(other.paris, other.guest)).Invitation
		if other.holds(there.User); other.user(there.User).Account != "" {
			t.Fatal("another workspace knows of the account")
		}
		mailed := other.mail(ada, provisioning.MailInvitation).Mail.LinkToken
		isKind(t, other.AcceptSignedIn(ctx, mailed, inBrowserOf(p)), provisioning.ErrConflict, "other_account")
		must(other.AcceptInvitation(ctx, mailed, provisioning.Acceptance{Password: "another five words in here"}, provisioning.Browser{}))(t)

		a := other.accountOf(there.User)
		if !a.EmailProved || a.Home != "" || w.user(here.User).Account != a.ID {
			t.Errorf("account %+v, here %s", a, w.user(here.User).Account)
		}
		w.dead(in.Secret)
		_, err := w.SignInWithPassword(ctx, ada, passphrase, provisioning.Browser{})
		isKind(t, err, provisioning.ErrUnauthenticated, "wrong_password")
	})
}

func TestRule19_AShownLinkBesideAnAccountElsewhereMakesOneThatKnowsNothingOfIt(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		other, ada := w.tenantB(), w.address("ada")
		there, _ := other.joined(ada, roleIn(other.paris, other.guest))
		before := other.accountOf(there)
		here, link := w.shownTo(ada, roleIn(w.paris, w.guest))
		must(w.AcceptInvitation(t.Context(), link, provisioning.Acceptance{Password: "another five words in here"}, provisioning.Browser{}))(t)
		if a := w.accountOf(here.User); a.ID == before.ID || a.EmailProved || a.Home != w.ws {
			t.Errorf("account %+v", a)
		}
		if other.accountOf(there).PasswordHash != before.PasswordHash {
			t.Error("a shown link changed an account elsewhere")
		}
	})
}

func TestRule19_WhoHasAnAccountAcceptsAShownLinkBySigningIn(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		other, ada := w.tenantB(), w.address("ada")
		_, p := other.joined(ada, roleIn(other.paris, other.guest))
		here, link := w.shownTo(ada, roleIn(w.paris, w.guest))
		works(t, w.AcceptSignedIn(t.Context(), link, inBrowserOf(p)))
		if w.user(here.User).Account != p.Account.ID {
			t.Error("the user does not point to the account")
		}
		w.holds(here.User, "guest in soc-paris")
	})
}

// The proved account takes over what a shown link gave the same address here.
func TestRule19_AMailedLinkAcceptedBySigningInTakesOverTheUnprovedAccount(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx, other, ada := t.Context(), w.tenantB(), w.address("ada")
		_, p := other.joined(ada, roleIn(other.paris, other.guest))
		here, shown := w.shownTo(ada, roleIn(w.paris, w.guest))
		unproved := must(w.AcceptInvitation(ctx, shown, provisioning.Acceptance{Password: "another five words in here"}, provisioning.Browser{}))(t)
		in := must(w.Enter(ctx, w.ws, inBrowserOf(unproved)))(t)
		// An invitation that went out by mail before, as one does after mail was set up.
		link := w.storeLink(here.User, ada, roleIn(w.lyon, w.guest))
		works(t, w.AcceptSignedIn(ctx, link, inBrowserOf(p)))
		if w.user(here.User).Account != p.Account.ID {
			t.Error("the user does not point to the proved account")
		}
		w.dead(in.Secret)
		_, err := w.SignInWithPassword(ctx, ada, "another five words in here", provisioning.Browser{})
		isKind(t, err, provisioning.ErrUnauthenticated, "wrong_password")
		w.holds(here.User, "guest in soc-paris", "guest in soc-lyon")
	})
}

// storeLink stores an invitation of a user as it is after it was mailed.
func (w *world) storeLink(u provisioning.UserID, email string, in ...provisioning.RoleIn) string {
	w.t.Helper()
	ctx, secret := w.t.Context(), w.ports.Hasher.NewSecret()
	i := provisioning.Invitation{
		Workspace: w.ws, ID: newID[provisioning.InvitationID](), User: u, Email: email, SecretHash: w.ports.Hasher.Hash(secret), Roles: in,
	}
	works(w.t, w.store.Update(ctx, func(tx *provisioning.Tx) error {
		i.CreatedAt, i.ExpiresAt = tx.Now(), tx.Now().Add(time.Hour)
		return tx.Invitations.Create(ctx, i)
	}))
	return provisioning.InvitationPrefix + string(i.ID) + "." + secret
}

func TestAccept_OneAccountLeadsToOneUserOfAWorkspace(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx, ada := t.Context(), w.address("ada")
		u, p := w.joined(ada, roleIn(w.paris, w.guest))
		// The user is known by another address here now.
		moved := w.user(u)
		moved.UserName, moved.Email = w.address("countess"), w.address("countess")
		works(t, w.store.Update(ctx, func(tx *provisioning.Tx) error { return tx.Users.Update(ctx, moved) }))
		w.mailing().declines("account_has_user", ada, roleIn(w.lyon, w.guest))
		_, link := w.shownTo(ada, roleIn(w.lyon, w.guest))
		isKind(t, w.AcceptSignedIn(ctx, link, inBrowserOf(p)), provisioning.ErrConflict, "account_has_user")
		w.goodLink(link)
	})
}

func TestAccept_WhileADirectoryDeactivatesThePerson_TheLinkIsBlockedAndNotKilled(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w.cover()
		ada, other := w.address("ada"), w.tenantB()
		i, link := w.mailedTo(ada, roleIn(w.root, w.admin))
		ticket := must(w.ExchangeLink(t.Context(), link))(t)
		if adopted := w.push("00u1", ada); adopted.ID != i.User {
			t.Fatalf("adopted %s, want %s", adopted.ID, i.User)
		}
		w.setActive(i.User, false)
		w.deadFor(link, "link_dead")
		refusedFor(t, w.tries(ticket), provisioning.RefusedBlocked)
		_, p := other.joined(w.address("other"), roleIn(other.lyon, other.guest))
		refusedFor(t, w.AcceptSignedIn(t.Context(), link, inBrowserOf(p)), provisioning.RefusedBlocked)
		w.setActive(i.User, true)
		w.goodLink(link)
		works(t, w.tries(ticket))
		w.holds(i.User, "admin in acme")
	})
}

func TestParallel_AcceptedBesideADeactivation_NobodyBlockedIsIn(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		second := w.besides()
		for round := range 8 {
			email := fmt.Sprintf("u%d@acme.example", round)
			i, link := w.shownTo(email, roleIn(w.paris, w.guest), roleIn(w.lyon, w.admin))
			w.push(email, email)
			var p provisioning.Parent
			errs := together(func() (err error) {
				p, err = w.AcceptInvitation(t.Context(), link, provisioning.Acceptance{Password: passphrase}, provisioning.Browser{})
				return err
			}, func() error { second.setActive(i.User, false); return nil })
			if errs[0] != nil {
				refusedFor(t, errs[0], provisioning.RefusedBlocked)
				w.holds(i.User)
				continue
			}
			if _, err := w.Enter(t.Context(), w.ws, inBrowserOf(p)); !errors.Is(err, provisioning.ErrRefused) {
				t.Fatalf("round %d: entered while deactivated: %v", round, err)
			}
		}
		w.nothingDiffers()
	})
}

func TestParallel_AcceptedBesideTheDeletionOfACommunity_NothingStandsInIt(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx, second := t.Context(), w.besides()
		for round := range 8 {
			c := must(w.CreateCommunity(ctx, w.operator, w.ws, provisioning.NewCommunity{Name: fmt.Sprintf("Passing %d", round)}))(t)
			in := []provisioning.RoleIn{roleIn(c.ID, w.analyst)}
			if round%2 == 0 {
				in = append(in, roleIn(w.lyon, w.guest))
			}
			i, link := w.shownTo(w.address(fmt.Sprintf("u%d", round)), in...)
			errs := together(func() error { return w.tries(link) }, func() error { return second.DeleteCommunity(ctx, w.operator, w.ws, c.ID) })
			works(t, errs[1])
			switch {
			case round%2 == 0:
				works(t, errs[0])
				w.holds(i.User, "guest in soc-lyon")
			case errs[0] != nil:
				isKind(t, errs[0], provisioning.ErrGone, "link_cancelled")
				_, err := w.FindUser(ctx, w.ws, string(i.User)) // who had nothing beside it left
				isKind(t, err, provisioning.ErrNotFound, "not_found")
			default:
				w.holds(i.User)
			}
			works(t, w.store.View(ctx, func(tx *provisioning.Tx) error {
				grants, err := tx.Grants.OfUser(ctx, w.ws, i.User)
				if slices.ContainsFunc(grants, func(g provisioning.Grant) bool { return g.Community == c.ID }) {
					t.Errorf("round %d: a grant stands in the deleted community", round)
				}
				return err
			}))
		}
		w.nothingDiffers()
	})
}

func TestParallel_InvitedBesideTheDeletionOfACommunity_NobodyIsInvitedIntoIt(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx, second := t.Context(), w.besides()
		for round := range 8 {
			c := must(w.CreateCommunity(ctx, w.operator, w.ws, provisioning.NewCommunity{Name: fmt.Sprintf("Passing %d", round)}))(t)
			email := w.address(fmt.Sprintf("u%d", round))
			errs := together(func() error { _, err := w.asks(w.operator, email, roleIn(c.ID, w.guest)); return err },
				func() error { return second.DeleteCommunity(ctx, w.operator, w.ws, c.ID) })
			works(t, errs[1])
			if errs[0] != nil {
				isKind(t, errs[0], provisioning.ErrNotFound, "not_found")
				continue
			}
			_, err := w.FindUser(ctx, w.ws, email) // cancelled, and who had nothing beside it left
			isKind(t, err, provisioning.ErrNotFound, "not_found")
		}
	})
}

func TestParallel_AcceptedBesideACancellation_OneHappens(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		second := w.besides()
		for round := range 8 {
			i, link := w.shownTo(w.address(fmt.Sprintf("u%d", round)), roleIn(w.paris, w.guest))
			errs := together(func() error { return w.tries(link) }, func() error { return second.CancelInvitation(t.Context(), w.operator, w.ws, i.ID) })
			switch {
			case errs[0] == nil:
				isKind(t, errs[1], provisioning.ErrConflict, "invitation_accepted")
				w.holds(i.User, "guest in soc-paris")
			case errs[1] == nil:
				if code := provisioning.Code(errs[0]); code != "link_cancelled" && code != "link_dead" {
					t.Fatalf("round %d: %v", round, errs[0])
				}
			default:
				t.Fatalf("round %d: %v and %v", round, errs[0], errs[1])
			}
		}
	})
}

// Attack of rule 14: whoever may write to the directory pushes the address of an
// administrator who was invited, and signs in by SSO before or after the link is
// used.
func TestAttack_ADirectoryThatPushesAnInvitedAdministratorsAddress(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		w.cover()
		pinned, pinnedLink := w.mailedTo(w.address("one"), roleIn(w.root, w.admin))
		pushed, pushedLink := w.mailedTo(w.address("two"), roleIn(w.root, w.admin))
		for subject, i := range map[string]provisioning.Invitation{"eve-1": pinned, "eve-2": pushed} {
			if adopted := w.push(subject, i.Email); adopted.ID != i.User {
				t.Fatalf("adopted %s, want %s", adopted.ID, i.User)
			}
		}
		eve := must(w.signIn("eve-1", pinned.Email))(t) // in, without the role
		w.holds(pinned.User, "guest in soc-lyon")

		for subject, link := range map[string]string{"eve-1": pinnedLink, "eve-2": pushedLink} {
			owner := w.accepts(link)
			_, err := w.signIn(subject, owner.Account.Email)
			refusedFor(t, err, provisioning.RefusedAccountProof)

			// Whoever owns both proves the password once, and is recognised from then on.
			claims := provisioning.Claims{Issuer: issuer, Subject: subject, Email: owner.Account.Email}
			must(w.SignIn(ctx, w.conn, provisioning.PendingSignIn{}, claims, inBrowserOf(owner)))(t)
			must(w.signIn(subject, owner.Account.Email))(t)
		}
		w.dead(eve.Secret)
		w.holds(pinned.User, "admin in acme", "guest in soc-lyon")
		w.nothingDiffers()
	})
}

func TestRule14_AnIdentityFromBeforeAnAdministrativeInvitationStays(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		u := w.fresh("00u1")
		in := must(w.signIn("00u1", "00u1@acme.example"))(t)
		got := must(w.Invite(t.Context(), w.operator, w.ws, provisioning.InviteRequest{Roles: []provisioning.RoleIn{roleIn(w.root, w.admin)}, PasswordLink: true}, "00u1@acme.example"))(t)
		w.holds(u, "admin in acme", "guest in soc-lyon")
		w.accepts(got.Link)
		w.alive(in.Secret)
		must(w.signIn("00u1", "00u1@acme.example"))(t)
	})
}

func TestRule17_AShownLinkOfAUserProvesNoAddress_AMailedOneDoes(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		admin := w.fresh("00u1")
		w.grant(admin, w.root, w.admin)
		actor := provisioning.Actor{Kind: provisioning.ActorUser, ID: string(admin), Workspace: w.ws}
		shown := must(w.asks(actor, w.address("victim"), roleIn(w.paris, w.guest)))(t)
		w.accepts(shown.Link)
		mailed, link := w.mailedTo(w.address("ada"), roleIn(w.paris, w.guest))
		w.accepts(link)
		for u, want := range map[provisioning.UserID]string{shown.Invitation.User: "", mailed.User: w.address("ada")} {
			o := must(w.Overview(t.Context(), provisioning.Viewer{User: w.user(u), Workspace: w.invited.Workspace}))(t)
			if o.ProvedEmail != want {
				t.Errorf("proved %q, want %q", o.ProvedEmail, want)
			}
		}
	})
}

// The audit entry of an acceptance names the person, and no entry, event or mail
// keeps the secret of a link.
func TestAccept_IsInTheLog_AndTheSecretIsNowhere(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		i, link := w.mailedTo(w.address("ada"), roleIn(w.paris, w.guest))
		w.accepts(link)
		all := logOf(w)
		if secret := strings.Split(link, ".")[1]; strings.Contains(all, secret) || strings.Contains(stateOf(w), secret) {
			t.Error("the secret of the link is kept")
		}
		for _, e := range entries(w) {
			if e.Action == "invitation.accept" {
				if e.Actor.ID != string(i.User) || e.Target != string(i.User) || e.Details["invitation"] != string(i.ID) {
					t.Errorf("entry %+v", e)
				}
				return
			}
		}
		t.Error("no entry of the acceptance")
	})
}

// Attack: where links are shown, whoever invites could come in by them as
// somebody who holds more.
func TestAttack_AShownLinkOfSomebodyWhoHoldsMore(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		inviter := w.hire("carol", w.paris, provisioning.MembersInvite, provisioning.CommunitiesRead)
		chief := w.fresh("00u1") // born by SSO
		w.grant(chief, w.root, w.admin)
		ask := provisioning.InviteRequest{Roles: []provisioning.RoleIn{roleIn(w.paris, w.guest)}, PasswordLink: true}
		w.unchangedBy("by asking for a password link", func() {
			w.declined(must(w.Invite(ctx, inviter, w.ws, ask, "00u1@acme.example"))(t), "holds_more")
		})

		// It was seen while the person held nothing, and is kept for better times.
		kept := must(w.asks(inviter, w.address("ada"), roleIn(w.paris, w.guest)))(t)
		w.grant(kept.Invitation.User, w.root, w.admin)
		w.unchangedBy("by a link that was kept", func() {
			isKind(t, w.tries(kept.Link), provisioning.ErrConflict, "holds_more")
			isKind(t, w.resendOf(inviter, w.address("ada")), provisioning.ErrConflict, "holds_more")
		})
		works(t, w.RevokeRole(ctx, w.operator, w.ws, kept.Invitation.User, roleIn(w.root, w.admin)))
		works(t, w.tries(kept.Link))

		// The operator holds all, and mail shows the link to nobody.
		got := must(w.Invite(ctx, w.operator, w.ws, ask, "00u1@acme.example"))(t)
		w.goodLink(got.Link)
		must(w.mailing().Invite(ctx, inviter, w.ws, ask, "00u1@acme.example"))(t)
		w.deadFor(got.Link, "link_cancelled")
	})
}
