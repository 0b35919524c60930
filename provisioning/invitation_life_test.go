package provisioning_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"drawbridge/provisioning"
)

func TestInvitations_AreListedNewestFirst_ToWhoMaySeeMembers(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		first, firstLink := w.shownTo(w.address("a"), roleIn(w.paris, w.guest))
		last, _ := w.shownTo(w.address("b"), roleIn(w.lyon, w.analyst), roleIn(w.paris, w.guest))
		w.accepts(firstLink)
		reader := w.hire("rita", w.root, provisioning.MembersRead)
		all := must(w.Invitations(ctx, reader, w.ws, provisioning.InvitationQuery{}))(t)
		if len(all) != 3 || all[0].ID != last.ID || all[1].ID != first.ID || len(all[0].Roles) != 2 || all[2].ID != w.invited.Invitation.ID {
			t.Errorf("listed %+v", all)
		}
		pending := must(w.Invitations(ctx, reader, w.ws, provisioning.InvitationQuery{Pending: true, Before: last.ID}))(t)
		if len(pending) != 1 || pending[0].ID != w.invited.Invitation.ID {
			t.Errorf("pending before the last: %+v", pending)
		}
		for _, a := range []provisioning.Actor{w.hire("carol", w.paris, provisioning.MembersRead), w.okta.Actor} {
			_, err := w.Invitations(ctx, a, w.ws, provisioning.InvitationQuery{})
			isKind(t, err, provisioning.ErrForbidden, "not_permitted")
		}
		_, err := w.Invitations(ctx, provisioning.Actor{Kind: provisioning.ActorUser, ID: reader.ID, Workspace: w.tenantB().ws}, w.ws, provisioning.InvitationQuery{})
		isKind(t, err, provisioning.ErrNotFound, "not_found")
	})
}

func TestStatus_PendingPeopleAreInvited_ExpiredOnesSaySo(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		i, link := w.shownTo(w.address("ada"), roleIn(w.paris, w.guest))
		if got := w.status(i.User); got != "invited" {
			t.Errorf("status %s", got)
		}
		day := w.later(24 * time.Hour)
		if got := day.status(i.User); got != "invitation expired" {
			t.Errorf("after a day: %s", got)
		}
		for want, change := range map[string]func() error{
			"suspended": func() error { return w.SuspendUser(ctx, w.operator, w.ws, i.User) },
		} {
			works(t, change())
			if got := w.status(i.User); got != want {
				t.Errorf("status %s, want %s", got, want)
			}
			works(t, w.ReactivateUser(ctx, w.operator, w.ws, i.User))
		}
		w.accepts(link)
		if got := day.status(i.User); got != "active" {
			t.Errorf("after the acceptance: %s", got)
		}
		// Whoever came in by SSO, or a directory knows, is there whatever is open.
		w.fresh("00u1")
		w.push("00u2", "bob@acme.example")
		for _, email := range []string{"00u1@acme.example", "bob@acme.example"} {
			got := must(w.Invite(ctx, w.operator, w.ws, provisioning.InviteRequest{Roles: []provisioning.RoleIn{roleIn(w.paris, w.guest)}, PasswordLink: true}, email))(t)
			if status := w.status(got.Invitation.User); status != "active" {
				t.Errorf("%s is %s", email, status)
			}
		}
	})
}

func TestStatus_TheBlockThatWeighsMostNamesIt(t *testing.T) {
	t.Parallel()
	now := time.Now()
	blocked := func(sources ...provisioning.BlockSource) (u provisioning.User) {
		u.InvitedUntil = now.Add(time.Hour)
		for _, s := range sources {
			u.Blocks = append(u.Blocks, provisioning.Block{Source: s})
		}
		return u
	}
	removed := blocked(provisioning.BlockAdministrator)
	removed.RemovedAt = now
	for _, c := range []struct {
		u    provisioning.User
		want string
	}{
		{removed, "removed"},
		{blocked(provisioning.BlockInactivity, provisioning.BlockDirectory, provisioning.BlockAdministrator), "suspended"},
		{blocked(provisioning.BlockInactivity, provisioning.BlockDirectory), "deactivated"},
		{blocked(provisioning.BlockSignal, provisioning.BlockInactivity), "inactive"},
		{blocked(provisioning.BlockSignal), "signal"},
		{blocked(), "invited"},
		{provisioning.User{InvitedUntil: now}, "invitation expired"},
		{provisioning.User{InvitedUntil: now, Account: "a"}, "active"},
		{provisioning.User{InvitedUntil: now, LastSeenAt: now}, "active"},
		{provisioning.User{InvitedUntil: now, Record: &provisioning.DirectoryRecord{}}, "active"},
		{provisioning.User{}, "active"},
	} {
		if got := c.u.Status(now); got != c.want {
			t.Errorf("%+v is %s, want %s", c.u, got, c.want)
		}
	}
}

func TestResend_KillsTheOldLink_AndBeginsAnew(t *testing.T) {
	onBoth(t, func(t *testing.T, base *world) {
		w := base.mailing()
		ctx, ada := t.Context(), w.address("ada")
		i, old := w.mailedTo(ada, roleIn(w.paris, w.guest))
		first := w.mail(ada, provisioning.MailInvitation)
		w.set(provisioning.SettingInvitationLifetime, "15m")
		inviter := w.hire("carol", w.paris, provisioning.MembersInvite, provisioning.CommunitiesRead)
		got := must(w.ResendInvitation(ctx, inviter, w.ws, i.ID))(t)
		next := got.Invitation
		if got.Outcome != provisioning.InviteAdded || got.Email != ada || got.Link != "" || next.ID != i.ID || next.InvitedBy != provisioning.UserID(inviter.ID) {
			t.Errorf("%+v", got)
		}
		if left := next.ExpiresAt.Sub(w.clock()); left > 15*time.Minute || left < 14*time.Minute {
			t.Errorf("good for %v, want 15 minutes from now", left)
		}
		w.deadFor(old, "link_dead")
		l := w.mail(ada, provisioning.MailInvitation)
		if l.ID == first.ID || l.Mail.Inviter != "Given hired-carol Family <carol@acme.example>" {
			t.Errorf("mail %+v", l)
		}
		w.accepts(l.Mail.LinkToken)
		w.holds(i.User, "guest in soc-paris")
		isKind(t, w.resendOf(w.operator, ada), provisioning.ErrConflict, "invitation_accepted")
	})
}

func TestResend_OfOneThatExpired_AndWhereNoMailGoesOut(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		i, mailed := w.mailedTo(w.address("ada"), roleIn(w.paris, w.guest))
		later := w.later(48 * time.Hour)
		later.deadFor(mailed, "link_expired")
		got := must(later.ResendInvitation(ctx, w.operator, w.ws, i.ID))(t)
		if got.Link == "" || !got.Invitation.Shown {
			t.Errorf("%+v", got)
		}
		w.noMail(w.address("ada")) // the first one is dropped
		later.accepts(got.Link)
		if later.accountOf(i.User).EmailProved {
			t.Error("a link that was shown proves the address")
		}
	})
}

func TestResend_OfWhatIsOverOrBlockedIsAConflict(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		cancelled, _ := w.shownTo(w.address("a"), roleIn(w.paris, w.guest))
		works(t, w.CancelInvitation(t.Context(), w.operator, w.ws, cancelled.ID))
		suspended, _ := w.shownTo(w.address("b"), roleIn(w.paris, w.guest))
		works(t, w.SuspendUser(t.Context(), w.operator, w.ws, suspended.User))
		w.unchangedBy("by what cannot be sent again", func() {
			for id, code := range map[provisioning.InvitationID]string{cancelled.ID: "invitation_cancelled", suspended.ID: "blocked"} {
				_, err := w.ResendInvitation(t.Context(), w.operator, w.ws, id)
				isKind(t, err, provisioning.ErrConflict, code)
			}
		})
	})
}

func TestCancel_WhoHasNothingBesideLeavesWithIt_WithoutATombstone(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx, ada := t.Context(), w.address("ada")
		i, link := w.mailedTo(ada, roleIn(w.paris, w.guest))
		n := len(w.events())
		works(t, w.CancelInvitation(ctx, w.hire("carol", w.paris, provisioning.MembersInvite), w.ws, i.ID))
		w.deadFor(link, "link_cancelled")
		w.noMail(ada)
		if _, err := w.FindUser(ctx, w.ws, ada); !errors.Is(err, provisioning.ErrNotFound) {
			t.Errorf("the person: %v", err)
		}
		if len(w.since(n, provisioning.EventUserRemoved)) != 1 || len(w.since(n, provisioning.EventInvitationCancelled)) != 1 {
			t.Error("the events do not say so")
		}
		n = len(w.events())
		works(t, w.CancelInvitation(ctx, w.operator, w.ws, i.ID)) // twice
		if len(w.events()) != n {
			t.Error("an event about nothing")
		}
		// No tombstone: a sign-in may make the person, and the userName is free.
		w.cover()
		in := must(w.through(w.conn, provisioning.Claims{Subject: "00u1", Email: ada, PreferredUserName: ada}))(t)
		if !in.Created || in.User.UserName != ada || in.User.ID == i.User {
			t.Errorf("signed in as %+v", in.User)
		}
	})
}

func TestCancel_WhoHasSomethingElseStays(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		for name, give := range map[string]func(provisioning.Invitation){
			"granted": func(i provisioning.Invitation) { w.grant(i.User, w.lyon, w.guest) },
			"suspended": func(i provisioning.Invitation) {
				works(t, w.SuspendUser(ctx, w.operator, w.ws, i.User)) // which leaving must not end
			},
			"twice": func(i provisioning.Invitation) { w.storeLink(i.User, i.Email, roleIn(w.lyon, w.guest)) },
		} {
			i, _ := w.shownTo(w.address(name), roleIn(w.paris, w.guest))
			give(i)
			works(t, w.CancelInvitation(ctx, w.operator, w.ws, i.ID))
			if w.user(i.User).ID != i.User {
				t.Errorf("%s: the person left", name)
			}
		}
		i, link := w.shownTo(w.address("accepted"), roleIn(w.paris, w.guest))
		w.accepts(link)
		isKind(t, w.CancelInvitation(ctx, w.operator, w.ws, i.ID), provisioning.ErrConflict, "invitation_accepted")
	})
}

func TestCancel_NeedsToInviteOrToSuspendInEveryCommunityOfIt(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		i, link := w.shownTo(w.address("ada"), roleIn(w.paris, w.guest), roleIn(w.lyon, w.guest))
		some := map[string]provisioning.Actor{
			"carol": w.hire("carol", w.paris, provisioning.MembersInvite), "rita": w.hire("rita", w.root, provisioning.MembersRead),
		}
		w.unchangedBy("by who may only in one", func() {
			for name, a := range some {
				if err := w.CancelInvitation(t.Context(), a, w.ws, i.ID); provisioning.Code(err) != "not_permitted" {
					t.Errorf("%s: %v", name, err)
				}
			}
		})
		w.goodLink(link)
		works(t, w.CancelInvitation(t.Context(), w.hire("ed", w.root, provisioning.MembersEdit), w.ws, i.ID))
	})
}

func TestRemoveUser_DropsTheMailOfAnInvitation(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		i, link := w.mailedTo(w.address("ada"), roleIn(w.paris, w.guest))
		works(t, w.RemoveUser(t.Context(), w.operator, w.ws, i.User))
		w.noMail(w.address("ada"))
		w.deadFor(link, "link_cancelled")
	})
}

func TestInvitation_AcceptedBySSODropsItsMail(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		i, link := w.mailedTo(w.address("ada"), roleIn(w.paris, w.guest))
		w.cover()
		in := must(w.through(w.conn, provisioning.Claims{Subject: "00u1", Email: i.Email}))(t)
		if in.User.ID != i.User {
			t.Errorf("signed in as %s", in.User.ID)
		}
		w.holds(i.User, "guest in soc-paris")
		w.noMail(i.Email)
		w.deadFor(link, "link_used")
	})
}

func TestAskForInvitation_TellsTheInviterOnceAnHour(t *testing.T) {
	onBoth(t, func(t *testing.T, base *world) {
		w := base.mailing()
		ctx, ada := t.Context(), w.address("ada")
		inviter := w.hire("carol", w.paris, provisioning.MembersInvite, provisioning.CommunitiesRead)
		must(w.asks(inviter, ada, roleIn(w.paris, w.guest)))(t)
		link := w.mail(ada, provisioning.MailInvitation).Mail.LinkToken
		ticket := must(w.ExchangeLink(ctx, link))(t)
		isKind(t, w.AskForInvitation(ctx, link), provisioning.ErrConflict, "link_open")
		late := w.later(24*time.Hour + time.Minute)
		for _, text := range []string{link, link} {
			works(t, late.AskForInvitation(ctx, text)) // the answer is the same
		}
		l := w.mail("carol@acme.example", provisioning.MailAskAgain)
		if l.Mail.Person != ada || l.Mail.Workspace != "Acme" || l.Mail.LinkToken != "" {
			t.Errorf("mail %+v", l.Mail)
		}
		if err := late.AskForInvitation(ctx, ticket); provisioning.Code(err) != "link_dead" {
			t.Errorf("an hour-old ticket: %v", err)
		}
		works(t, w.later(26*time.Hour).AskForInvitation(ctx, link))
		if got := w.asked(); got != 2 {
			t.Errorf("%d mails after an hour more, want 2", got)
		}
	})
}

// asked counts the mails in which somebody asks for a new invitation.
func (w *world) asked() (n int) {
	w.t.Helper()
	for _, l := range w.letters() {
		if l.Kind == provisioning.MailAskAgain {
			n++
		}
	}
	return n
}

func TestAskForInvitation_ManyAtOnceAreOneMail(t *testing.T) {
	onBoth(t, func(t *testing.T, base *world) {
		w := base.mailing()
		w.set(provisioning.SettingContact, w.address("helpdesk"))
		_, link := w.mailedTo(w.address("ada"), roleIn(w.paris, w.guest))
		late := w.later(25 * time.Hour)
		asks := make([]func() error, 8)
		for i := range asks {
			asks[i] = func() error { return late.AskForInvitation(t.Context(), link) }
		}
		works(t, together(asks...)...)
		if w.mail(w.address("helpdesk"), provisioning.MailAskAgain); w.asked() != 1 {
			t.Errorf("%d mails", w.asked())
		}
	})
}

func TestAskForInvitation_GoesToTheContact_OrToNobody(t *testing.T) {
	onBoth(t, func(t *testing.T, base *world) {
		w := base.mailing()
		ctx := t.Context()
		inviter := w.hire("carol", w.paris, provisioning.MembersInvite, provisioning.CommunitiesRead)
		for _, name := range []string{"a", "b"} {
			must(w.asks(inviter, w.address(name), roleIn(w.paris, w.guest)))(t)
		}
		works(t, w.SuspendUser(ctx, w.operator, w.ws, provisioning.UserID(inviter.ID)))
		late := w.later(25 * time.Hour)
		w.set(provisioning.SettingContact, "call 1234")
		works(t, late.AskForInvitation(ctx, w.mail(w.address("a"), provisioning.MailInvitation).Mail.LinkToken))
		if w.asked() != 0 {
			t.Error("a mail to somebody who is suspended")
		}
		if !slices.ContainsFunc(w.events(), func(e provisioning.Event) bool { return e.Type == provisioning.EventInvitationAsked }) {
			t.Error("the asking is no event")
		}
		w.set(provisioning.SettingContact, w.address("helpdesk"))
		works(t, late.AskForInvitation(ctx, w.mail(w.address("b"), provisioning.MailInvitation).Mail.LinkToken))
		w.mail(w.address("helpdesk"), provisioning.MailAskAgain)
	})
}

func TestAskForInvitation_OfADeadLinkIsGone_AndWithoutMailAConflict(t *testing.T) {
	onBoth(t, func(t *testing.T, base *world) {
		w := base.mailing()
		ctx := t.Context()
		_, usedLink := w.mailedTo(w.address("used"), roleIn(w.paris, w.guest))
		w.accepts(usedLink)
		cancelled, cancelledLink := w.mailedTo(w.address("cancelled"), roleIn(w.paris, w.guest))
		works(t, w.CancelInvitation(ctx, w.operator, w.ws, cancelled.ID))
		blocked, blockedLink := w.mailedTo(w.address("blocked"), roleIn(w.paris, w.guest))
		works(t, w.SuspendUser(ctx, w.operator, w.ws, blocked.User))
		_, link := w.mailedTo(w.address("ada"), roleIn(w.paris, w.guest))
		late := w.later(25 * time.Hour)
		for text, code := range map[string]string{
			usedLink: "link_used", cancelledLink: "link_cancelled", blockedLink: "link_dead", link + "x": "link_dead", "": "link_dead",
			fmt.Sprintf("%s%s.x", provisioning.InvitationPrefix, newID[string]()): "link_dead",
		} {
			isKind(t, late.AskForInvitation(ctx, text), provisioning.ErrGone, code)
		}
		isKind(t, base.later(25*time.Hour).AskForInvitation(ctx, link), provisioning.ErrConflict, "no_mail")
		if w.asked() != 0 {
			t.Error("a mail")
		}
	})
}
