package provisioning_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"drawbridge/provisioning"
)

// address is one that no other test has: accounts are the installation's.
func (w *world) address(name string) string { return name + "@" + string(w.ws) + ".example" }

// cover verifies the domain of those addresses here.
func (w *world) cover() {
	w.t.Helper()
	must(w.AddDomain(w.t.Context(), w.operator, w.ws, string(w.ws)+".example", true))(w.t)
}

func roleIn(c provisioning.CommunityID, r provisioning.RoleID) provisioning.RoleIn {
	return provisioning.RoleIn{Community: c, Role: r}
}

// asks invites an address as somebody.
func (w *world) asks(a provisioning.Actor, email string, in ...provisioning.RoleIn) (provisioning.InviteResult, error) {
	return w.Invite(w.t.Context(), a, w.ws, provisioning.InviteRequest{Roles: in}, email)
}

// adds invites an address as the operator, and wants that outcome.
func (w *world) adds(outcome provisioning.InviteOutcome, email string, in ...provisioning.RoleIn) provisioning.InviteResult {
	w.t.Helper()
	got := must(w.asks(w.operator, email, in...))(w.t)
	if got.Outcome != outcome || got.Email != email {
		w.t.Fatalf("%s: %s %s (%s), want %s", email, got.Email, got.Outcome, got.Reason, outcome)
	}
	return got
}

// declines invites an address as the operator and wants a refusal with a sentence.
func (w *world) declines(code, email string, in ...provisioning.RoleIn) {
	w.t.Helper()
	got := must(w.asks(w.operator, email, in...))(w.t)
	w.declined(got, code)
}

func (w *world) declined(got provisioning.InviteResult, code string) {
	w.t.Helper()
	sentence := strings.HasSuffix(got.Reason, ".") && len(got.Reason) > 20
	if got.Outcome != provisioning.InviteRefused || got.Code != code || !sentence || got.Link != "" || got.Invitation.ID != "" {
		w.t.Fatalf("%+v, want refused for %s", got, code)
	}
}

// letter is a mail in the outbox, opened.
type letter struct {
	provisioning.Delivery
	Mail provisioning.Mail
}

// letters returns the mails of the workspace, oldest first. What they say stays
// empty where it was erased.
func (w *world) letters() (all []letter) {
	w.t.Helper()
	ctx := w.t.Context()
	works(w.t, w.store.View(ctx, func(tx *provisioning.Tx) error {
		found, err := tx.Deliveries.List(ctx, w.ws, provisioning.DeliveryQuery{Limit: 5000})
		for _, d := range found {
			l := letter{Delivery: d}
			if d.Sealed != nil {
				words := must(w.ports.Sealer.Open(string(w.ws), "delivery/"+string(d.ID), d.Sealed))(w.t)
				works(w.t, json.Unmarshal(words, &l.Mail))
			}
			all = append(all, l)
		}
		return err
	}))
	slices.Reverse(all)
	return all
}

// mail returns the only mail to the address that waits.
func (w *world) mail(to string, kind provisioning.MailKind) letter {
	w.t.Helper()
	var found []letter
	for _, l := range w.letters() {
		if l.To == to && l.State == provisioning.DeliveryWaiting {
			found = append(found, l)
		}
	}
	if len(found) != 1 || found[0].Kind != kind {
		w.t.Fatalf("mails to %s: %+v, want one of kind %s", to, found, kind)
	}
	return found[0]
}

// noMail asserts that nothing waits for the address.
func (w *world) noMail(to string) {
	w.t.Helper()
	for _, l := range w.letters() {
		if l.To == to && l.State == provisioning.DeliveryWaiting {
			w.t.Fatalf("a mail to %s: %+v", to, l)
		}
	}
}

func (w *world) status(u provisioning.UserID) string {
	w.t.Helper()
	return w.user(u).Status(w.clock())
}

// clock is the time of the world's process.
func (w *world) clock() (at time.Time) {
	w.t.Helper()
	works(w.t, w.ports.Store.View(w.t.Context(), func(tx *provisioning.Tx) error { at = tx.Now(); return nil }))
	return at
}

// joined invites an address by mail and accepts with a password: the owner of a
// proved account.
func (w *world) joined(email string, in ...provisioning.RoleIn) (provisioning.UserID, provisioning.Parent) {
	w.t.Helper()
	mailing := w.mailing()
	i := mailing.adds(provisioning.InviteAdded, email, in...).Invitation
	return i.User, mailing.accepts(w.mail(email, provisioning.MailInvitation).Mail.LinkToken)
}

// accepts goes by a link and sets a password.
func (w *world) accepts(link string) provisioning.Parent {
	w.t.Helper()
	return must(w.AcceptInvitation(w.t.Context(), link, provisioning.Acceptance{Password: passphrase}, provisioning.Browser{}))(w.t)
}

const passphrase = "four words in a row"

// tenantB is another workspace on the same database and of the same process.
func (w *world) tenantB() *world {
	w.t.Helper()
	other := *w
	other.fill("Initech", "initech.example")
	return &other
}

func TestInvite_SomebodyNewGetsALinkByMail_AndNothingBefore(t *testing.T) {
	onBoth(t, func(t *testing.T, base *world) {
		w := base.mailing()
		custom := w.customRole("Writer", provisioning.CommunitiesRead)
		inviter := w.hire("carol", w.root, provisioning.MembersInvite, provisioning.CommunitiesRead, provisioning.MembersRead, provisioning.RolesRead)
		ada := w.address("ada")
		got := must(w.asks(inviter, ada, roleIn(w.paris, w.analyst), roleIn(w.lyon, custom), roleIn(w.lyon, custom)))(t)
		i := got.Invitation
		if got.Outcome != provisioning.InviteAdded || got.Link != "" || i.Shown || i.InvitedBy != provisioning.UserID(inviter.ID) || !i.Adoptable || i.Administers {
			t.Fatalf("result %+v", got)
		}
		if w.holds(i.User); w.status(i.User) != "invited" {
			t.Errorf("status %s", w.status(i.User))
		}
		l := w.mail(ada, provisioning.MailInvitation)
		want := provisioning.Mail{
			Inviter: "Given hired-carol Family <carol@acme.example>", Workspace: "Acme",
			Places:   []provisioning.Place{{Community: "SOC Lyon", Roles: []string{"Writer"}}, {Community: "SOC Paris", Roles: []string{"Analyst"}}},
			LinkPath: "/invitation", LinkToken: l.Mail.LinkToken, EndsAt: i.ExpiresAt,
		}
		slices.SortFunc(l.Mail.Places, func(a, b provisioning.Place) int { return strings.Compare(a.Community, b.Community) })
		l.Mail.EndsAt = i.ExpiresAt // compared by Equal below
		if fmt.Sprint(l.Mail) != fmt.Sprint(want) || l.Subject != string(i.ID) || !l.ExpiresAt.Equal(i.ExpiresAt) {
			t.Errorf("mail %+v\nwant %+v", l, want)
		}
		if opened := w.goodLink(l.Mail.LinkToken); opened.Inviter != want.Inviter || len(opened.Places) != 2 || opened.HasAccount {
			t.Errorf("the page shows %+v", opened)
		}
	})
}

func TestInvite_TheOperatorIsNamedByNobodysName_AndTheInviterByAProvedAddress(t *testing.T) {
	onBoth(t, func(t *testing.T, base *world) {
		w := base.mailing()
		w.adds(provisioning.InviteAdded, w.address("ada"), roleIn(w.paris, w.guest))
		if by := w.mail(w.address("ada"), provisioning.MailInvitation).Mail.Inviter; by != "" {
			t.Errorf("the operator is %q", by)
		}
		admin := w.fresh("00u1")
		w.grant(admin, w.root, w.admin)
		must(w.through(w.conn, provisioning.Claims{Subject: "00u1", Email: "ceo@elsewhere.example", Name: "The\tChief\u0007\u202e <ceo@acme.example>"}))(t)
		must(w.asks(provisioning.Actor{Kind: provisioning.ActorUser, ID: string(admin), Workspace: w.ws}, w.address("bob"), roleIn(w.paris, w.guest)))(t)
		if by := w.mail(w.address("bob"), provisioning.MailInvitation).Mail.Inviter; by != "The Chief  ceo@acme.example" {
			t.Errorf("the inviter is %q: it looks like an address, or like one that somebody proved", by)
		}
	})
}

func TestInvite_AMemberIsToldWhatWasAdded_AndNothingNewWritesNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, base *world) {
		w := base.mailing()
		ada := w.fresh("00u1")
		got := w.adds(provisioning.InviteMember, "00u1@acme.example", roleIn(w.paris, w.analyst), roleIn(w.lyon, w.guest))
		if !slices.Equal(got.Given, []provisioning.RoleIn{roleIn(w.paris, w.analyst), roleIn(w.lyon, w.guest)}) {
			t.Errorf("given %v", got.Given) // in Lyon a default gave it: by hand it is new
		}
		w.holds(ada, "analyst in soc-paris", "guest in soc-lyon")
		if l := w.mail("00u1@acme.example", provisioning.MailAccess); len(l.Mail.Places) != 2 {
			t.Errorf("mail %+v", l.Mail)
		}
		before, mails := len(w.events()), len(w.letters())
		w.unchangedBy("by what is there already", func() {
			if again := w.adds(provisioning.InviteMember, "00U1@acme.example", roleIn(w.paris, w.analyst)); again.Given != nil {
				t.Errorf("given %v", again.Given)
			}
		})
		if len(w.events()) != before || len(w.letters()) != mails {
			t.Error("an event or a mail about nothing")
		}
	})
}

func TestInvite_NobodyIsNotifiedAtAnAddressThatNobodyProved_NorWhileDeactivated(t *testing.T) {
	onBoth(t, func(t *testing.T, base *world) {
		w := base.mailing()
		w.push("00u1", "ada@elsewhere.example") // what a directory says
		off := w.push("00u2", "bob@acme.example").ID
		w.setActive(off, false)
		for _, email := range []string{"ada@elsewhere.example", "bob@acme.example"} {
			if got := w.adds(provisioning.InviteMember, email, roleIn(w.paris, w.guest)); len(got.Given) != 1 {
				t.Errorf("%s: %+v", email, got)
			}
			w.noMail(email)
		}
		w.holds(off, "guest in soc-paris") // the block stops acting, and nothing else (rule 1)
	})
}

func TestInvite_AnInvitationIntoACommunityGivesNothingAboveOrBesideIt_OneIntoTheRootReachesAll(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		for in, want := range map[provisioning.CommunityID][3]bool{w.paris: {false, true, false}, w.root: {true, true, true}} {
			got := w.adds(provisioning.InviteAdded, w.address("in-"+string(in)), roleIn(in, w.analyst))
			w.accepts(got.Link)
			actor := provisioning.Actor{Kind: provisioning.ActorUser, ID: string(got.Invitation.User), Workspace: w.ws}
			for i, c := range []provisioning.CommunityID{w.root, w.paris, w.lyon} {
				_, err := w.CommunityUses(ctx, actor, w.ws, c)
				if (err == nil) != want[i] {
					t.Errorf("invited into %s, sees %s: %v", in, c, err)
				}
			}
		}
	})
}

func TestRule3_InACommunityOneBuiltInRoleOrSeveralCustomOnes(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		writer, reader := w.customRole("Writer", provisioning.CommunitiesRead), w.customRole("Reader", provisioning.MembersRead)
		w.unchangedBy("by roles that do not go together", func() {
			for _, in := range [][]provisioning.RoleIn{
				{roleIn(w.paris, w.guest), roleIn(w.paris, w.analyst)}, {roleIn(w.paris, writer), roleIn(w.lyon, w.guest), roleIn(w.paris, w.guest)},
			} {
				_, err := w.asks(w.operator, w.address("ada"), in...)
				isKind(t, err, provisioning.ErrInvalid, "roles_mixed")
			}
		})
		got := w.adds(provisioning.InviteAdded, w.address("ada"), roleIn(w.paris, writer), roleIn(w.paris, reader), roleIn(w.lyon, w.guest))
		w.accepts(got.Link)
		w.holds(got.Invitation.User, "reader in soc-paris", "writer in soc-paris", "guest in soc-lyon")
		// Another invitation of the other kind replaces.
		w.adds(provisioning.InviteMember, w.address("ada"), roleIn(w.paris, w.analyst))
		w.holds(got.Invitation.User, "analyst in soc-paris", "guest in soc-lyon")
	})
}

func TestRule4_NobodyInvitesWhereTheyMayNot_OrWithMoreThanTheyHold(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		inviter := w.hire("carol", w.paris, provisioning.MembersInvite, provisioning.CommunitiesRead)
		reader := w.hire("rita", w.root, provisioning.CommunitiesRead, provisioning.MembersRead, provisioning.RolesRead)
		custom := w.customRole("Remover", provisioning.CommunitiesRead, provisioning.MembersRemove)
		must(w.asks(inviter, w.address("fine"), roleIn(w.paris, w.guest)))(t)
		w.unchangedBy("by who may not", func() {
			for name, try := range map[string]func() error{
				"elsewhere":     func() error { _, err := w.asks(inviter, w.address("x"), roleIn(w.lyon, w.guest)); return err },
				"into the root": func() error { _, err := w.asks(inviter, w.address("x"), roleIn(w.root, w.guest)); return err },
				"one of two places": func() error {
					_, err := w.asks(inviter, w.address("x"), roleIn(w.paris, w.guest), roleIn(w.lyon, w.guest))
					return err
				},
				"with more":           func() error { _, err := w.asks(inviter, w.address("x"), roleIn(w.paris, w.analyst)); return err },
				"with a custom role":  func() error { _, err := w.asks(inviter, w.address("x"), roleIn(w.paris, custom)); return err },
				"without permission":  func() error { _, err := w.asks(reader, w.address("x"), roleIn(w.paris, w.guest)); return err },
				"an existing person":  func() error { _, err := w.asks(reader, "carol@acme.example", roleIn(w.paris, w.guest)); return err },
				"as a directory":      func() error { _, err := w.asks(w.okta.Actor, w.address("x"), roleIn(w.paris, w.guest)); return err },
				"resend what is fine": func() error { return w.resendOf(reader, w.address("fine")) },
				"cancel what is fine": func() error { return w.CancelInvitation(t.Context(), reader, w.ws, w.invitationOf(w.address("fine"))) },
				"list without reading": func() error {
					_, err := w.Invitations(t.Context(), inviter, w.ws, provisioning.InvitationQuery{})
					return err
				},
			} {
				if err := try(); !errors.Is(err, provisioning.ErrForbidden) || provisioning.Code(err) != "not_permitted" {
					t.Errorf("%s: %v", name, err)
				}
			}
		})
	})
}

// invitationOf is the invitation that the address has, whatever its state.
func (w *world) invitationOf(email string) provisioning.InvitationID {
	w.t.Helper()
	for _, i := range must(w.Invitations(w.t.Context(), w.operator, w.ws, provisioning.InvitationQuery{Limit: 1000}))(w.t) {
		if i.Email == email {
			return i.ID
		}
	}
	w.t.Fatalf("nobody invited %s", email)
	return ""
}

func (w *world) resendOf(a provisioning.Actor, email string) error {
	_, err := w.ResendInvitation(w.t.Context(), a, w.ws, w.invitationOf(email))
	return err
}

func TestInvite_WhatIsAnotherWorkspacesLooksLikeWhatDoesNotExist(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		other := w.tenantB()
		nowhere, nothing := newID[provisioning.CommunityID](), newID[provisioning.RoleID]()
		w.unchangedBy("by what is not there", func() {
			for _, pair := range [][2]provisioning.RoleIn{
				{roleIn(other.paris, w.guest), roleIn(nowhere, w.guest)}, {roleIn(w.paris, other.guest), roleIn(w.paris, nothing)},
			} {
				_, theirs := w.asks(w.operator, w.address("x"), pair[0])
				_, unknown := w.asks(w.operator, w.address("x"), pair[1])
				isKind(t, theirs, provisioning.ErrNotFound, "not_found")
				if theirs.Error() != unknown.Error() {
					t.Errorf("%v, but %v", theirs, unknown)
				}
			}
			stranger := provisioning.Actor{Kind: provisioning.ActorUser, ID: string(other.boss()), Workspace: other.ws}
			_, err := w.asks(stranger, w.address("x"), roleIn(w.paris, w.guest))
			isKind(t, err, provisioning.ErrNotFound, "not_found")
			for name, err := range map[string]error{
				"resend": second(w.ResendInvitation(t.Context(), w.operator, w.ws, other.invited.Invitation.ID)),
				"cancel": w.CancelInvitation(t.Context(), w.operator, w.ws, other.invited.Invitation.ID),
				"absent": w.CancelInvitation(t.Context(), w.operator, w.ws, newID[provisioning.InvitationID]()),
			} {
				if !errors.Is(err, provisioning.ErrNotFound) {
					t.Errorf("%s: %v", name, err)
				}
			}
		})
	})
}

func TestInvite_ARequestThatGivesNothingOrTooMuchIsRefused(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		_, err := w.asks(w.operator, w.address("ada"))
		isKind(t, err, provisioning.ErrInvalid, "roles")
		many := make([]provisioning.RoleIn, 501)
		for i := range many {
			many[i] = roleIn(newID[provisioning.CommunityID](), w.guest)
		}
		_, err = w.asks(w.operator, w.address("ada"), many...)
		isKind(t, err, provisioning.ErrInvalid, "roles")
	})
}

func TestInvite_WhatIsWrongWithAPersonIsAResult(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		suspended := w.fresh("00u1")
		works(t, w.SuspendUser(t.Context(), w.operator, w.ws, suspended))
		w.fresh("00u2") // says another address now, which nobody proved
		must(w.through(w.conn, provisioning.Claims{Subject: "00u2", Email: "claimed@elsewhere.example"}))(t)
		pushed := person("00u3", "login-three")
		pushed.Profile.Emails[0].Value = "shared@acme.example"
		must(w.CreateDirectoryUser(t.Context(), w.okta, pushed))(t)
		pushed = person("00u4", "login-four")
		pushed.Profile.Emails[0].Value = "shared@acme.example"
		must(w.CreateDirectoryUser(t.Context(), w.okta, pushed))(t)
		w.unchangedBy("by a refusal", func() {
			for email, code := range map[string]string{
				"00u1@acme.example": "blocked", "claimed@elsewhere.example": "address_not_proved", "shared@acme.example": "ambiguous",
				"nonsense": "email", "": "email", "a b@acme.example": "email_blank", `"a"@acme.example`: "email_quoted", "a\u200b@acme.example": "email_invisible",
				strings.Repeat("x", 1<<20) + "@acme.example": "too_long", "a@acme.example\r\nBcc: eve@acme.example": "email_blank",
			} {
				w.declines(code, email, roleIn(w.paris, w.guest))
			}
		})
		works(t, w.ReactivateUser(t.Context(), w.operator, w.ws, suspended))
		w.adds(provisioning.InviteMember, "00u1@acme.example", roleIn(w.paris, w.guest))
	})
}

func TestInvite_TheLastAdministratorIsNotReplaced(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		boss := w.boss()
		w.unchangedBy("by a lesser role", func() {
			w.declines("last_administrator", "boss@acme.example", roleIn(w.root, w.guest))
		})
		w.grant(w.fresh("00u2"), w.root, w.admin)
		w.adds(provisioning.InviteMember, "boss@acme.example", roleIn(w.root, w.guest))
		w.holds(boss, "guest in acme")
	})
}

// To invite needs less than to assign roles: it must not take what it could not
// give.
func TestInvite_WhoMayOnlyInviteTakesNoRoleFromAnybody(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		inviter := w.hire("carol", w.paris, provisioning.MembersInvite, provisioning.CommunitiesRead)
		lead := w.fresh("00u1")
		w.grant(lead, w.paris, w.admin)
		w.unchangedBy("by an invitation", func() {
			w.declined(must(w.asks(inviter, "00u1@acme.example", roleIn(w.paris, w.guest)))(t), "would_replace")
		})
		w.adds(provisioning.InviteMember, "00u1@acme.example", roleIn(w.paris, w.guest))
		w.holds(lead, "guest in soc-paris", "guest in soc-lyon")
	})
}

func TestInvite_WhoIsInvitedAgainHasTheUnion_ByTheNewLinkAlone(t *testing.T) {
	onBoth(t, func(t *testing.T, base *world) {
		w := base.mailing()
		ada := w.address("ada")
		writer, reader := w.customRole("Writer", provisioning.CommunitiesRead), w.customRole("Reader", provisioning.MembersRead)
		first := w.adds(provisioning.InviteAdded, ada, roleIn(w.paris, w.analyst), roleIn(w.lyon, writer), roleIn(w.root, w.guest))
		old := w.mail(ada, provisioning.MailInvitation)
		again := w.adds(provisioning.InviteAdded, ada, roleIn(w.paris, w.guest), roleIn(w.lyon, reader))
		if again.Invitation.User != first.Invitation.User || again.Invitation.ID == first.Invitation.ID {
			t.Fatalf("%+v, then %+v", first, again)
		}
		w.deadFor(old.Mail.LinkToken, "link_cancelled")
		next := w.mail(ada, provisioning.MailInvitation) // the only one that waits
		for _, l := range w.letters() {
			if l.ID == old.ID && (l.State != provisioning.DeliveryDropped || l.Sealed != nil) {
				t.Errorf("the first mail is %s, erased: %v", l.State, l.Sealed == nil)
			}
		}
		w.accepts(next.Mail.LinkToken)
		w.holds(first.Invitation.User, "guest in acme", "guest in soc-paris", "reader in soc-lyon", "writer in soc-lyon")
	})
}

func TestInvite_AnInvitationToMoreIsNotTakenOverByWhoHoldsLess(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		inviter := w.hire("carol", w.paris, provisioning.MembersInvite, provisioning.CommunitiesRead)
		first := w.adds(provisioning.InviteAdded, w.address("ada"), roleIn(w.root, w.admin))
		w.unchangedBy("by a lesser inviter", func() {
			w.declined(must(w.asks(inviter, w.address("ada"), roleIn(w.paris, w.guest)))(t), "invited_with_more")
			isKind(t, w.resendOf(inviter, w.address("ada")), provisioning.ErrForbidden, "not_permitted")
		})
		w.goodLink(first.Link)
	})
}

func TestInvite_APendingPersonWhoCanComeInByNowGetsEverythingAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, base *world) {
		w := base.mailing()
		ada := w.address("ada")
		first := w.adds(provisioning.InviteAdded, ada, roleIn(w.paris, w.analyst))
		link := w.mail(ada, provisioning.MailInvitation).Mail.LinkToken
		w.cover()
		again := w.adds(provisioning.InviteAdded, ada, roleIn(w.lyon, w.guest))
		if again.Invitation.ID != "" {
			t.Errorf("%+v", again)
		}
		w.holds(first.Invitation.User, "analyst in soc-paris", "guest in soc-lyon")
		w.deadFor(link, "link_cancelled")
		w.mail(ada, provisioning.MailAccess)
	})
}

// Rule 9: what no directory may adopt stays so when somebody invites again.
func TestInvite_TheWayBackInStaysUnadoptable(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w.invite("rescue@acme.example", w.root, w.admin)
		w.adds(provisioning.InviteAdded, "rescue@acme.example", roleIn(w.paris, w.admin))
		_, err := w.CreateDirectoryUser(t.Context(), w.okta, person("00u1", "rescue@acme.example"))
		isKind(t, err, provisioning.ErrConflict, "not_adoptable")
	})
}

func TestRule10_AnInvitationLiftsTheTombstonesOfTheAddress(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		gone := w.fresh("00u1")
		w.grant(gone, w.paris, w.analyst)
		works(t, w.RemoveUser(t.Context(), w.operator, w.ws, gone))
		got := w.adds(provisioning.InviteAdded, "00u1@acme.example", roleIn(w.lyon, w.guest))
		if got.Invitation.User == gone {
			t.Error("the id is used again")
		}
		in := must(w.signIn("00u9", "00u1@acme.example"))(t)
		if in.User.ID != got.Invitation.User {
			t.Errorf("signed in as %s", in.User.ID)
		}
		w.holds(in.User.ID, "guest in soc-lyon")
	})
}

func TestInviteAll_OneBadAddressSpoilsNothing_AndProgressIsTold(t *testing.T) {
	onBoth(t, func(t *testing.T, base *world) {
		w := base.mailing()
		w.fresh("00u1")
		text := strings.Join([]string{w.address("a"), "nonsense", "00u1@acme.example", "Bob <" + w.address("b") + ">", strings.ToUpper(w.address("a"))}, ", ")
		var told []string
		all := must(w.InviteAll(t.Context(), w.operator, w.ws, provisioning.InviteRequest{Roles: []provisioning.RoleIn{roleIn(w.paris, w.guest)}},
			must(provisioning.ParseAddresses(text))(t), func(done int, last provisioning.InviteResult) {
				told = append(told, fmt.Sprintf("%d %s %s", done, last.Email, last.Outcome))
			}))(t)
		want := []string{"1 " + w.address("a") + " added", "2 nonsense refused", "3 00u1@acme.example member", "4 " + w.address("b") + " added"}
		if !slices.Equal(told, want) || len(all) != 4 {
			t.Errorf("told %q, want %q", told, want)
		}
		w.declined(all[1], "email")
	})
}

func TestInviteAll_AnErrorEndsIt_AndTheResultsUntilThenStand(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		addresses := must(provisioning.ParseAddresses(w.address("a") + "," + w.address("b") + "," + w.address("c")))(t)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		r := provisioning.InviteRequest{Roles: []provisioning.RoleIn{roleIn(w.paris, w.guest)}}
		all, err := w.InviteAll(ctx, w.operator, w.ws, r, addresses, func(done int, _ provisioning.InviteResult) {
			if done == 2 {
				cancel()
			}
		})
		if !errors.Is(err, context.Canceled) || len(all) != 2 {
			t.Fatalf("%d results, %v", len(all), err)
		}
		w.goodLink(all[1].Link)
		if _, err := w.FindUser(t.Context(), w.ws, w.address("c")); !errors.Is(err, provisioning.ErrNotFound) {
			t.Errorf("the third: %v", err)
		}

		r.Roles[0].Role = newID[provisioning.RoleID]()
		all, err = w.InviteAll(t.Context(), w.operator, w.ws, r, addresses, nil)
		if isKind(t, err, provisioning.ErrNotFound, "not_found"); len(all) != 0 {
			t.Errorf("%d results", len(all))
		}
		_, err = w.InviteAll(t.Context(), w.operator, w.ws, r, make([]provisioning.Address, 1001), nil)
		isKind(t, err, provisioning.ErrInvalid, "too_many_addresses")
	})
}

func TestParallel_OneAddressInvitedTwiceAtOnce_IsOnePersonWithBothRoles(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		second := w.besides()
		for round := range 10 {
			email := w.address(fmt.Sprintf("u%d", round))
			errs := together(
				func() error { _, err := w.asks(w.operator, email, roleIn(w.paris, w.guest)); return err },
				func() error { _, err := second.asks(w.operator, email, roleIn(w.lyon, w.analyst)); return err },
			)
			works(t, errs...)
			u := must(w.FindUser(t.Context(), w.ws, email))(t)
			open := w.openOf(u.ID)
			if len(open) != 1 || len(open[0].Roles) != 2 {
				t.Fatalf("round %d: %+v", round, open)
			}
		}
		w.nothingDiffers()
	})
}

// openOf returns the invitations of the user that can be accepted.
func (w *world) openOf(u provisioning.UserID) (open []provisioning.Invitation) {
	w.t.Helper()
	ctx := w.t.Context()
	works(w.t, w.store.View(ctx, func(tx *provisioning.Tx) error {
		all, err := tx.Invitations.OfUser(ctx, w.ws, u)
		open = slices.DeleteFunc(all, func(i provisioning.Invitation) bool { return !i.Open(tx.Now()) })
		return err
	}))
	return open
}
