package provisioning_test

import (
	"slices"
	"strings"
	"testing"

	"drawbridge/provisioning"
)

// Where mail goes out, whoever invites sees the same for everybody; where none
// does, everybody's answer carries a link.
func TestRule19_TheAnswerIsAlikeForEverybody(t *testing.T) {
	onBoth(t, func(t *testing.T, silent *world) {
		other := silent.tenantB()
		known := silent.address("known")
		other.joined(known, roleIn(other.paris, other.guest))
		silent.cover()
		for _, w := range []*world{silent.mailing(), silent} {
			links, asked := 0, []string{known, "stranger@elsewhere-" + string(w.ws) + ".example", w.address("covered")}
			for _, email := range asked {
				got := w.adds(provisioning.InviteAdded, email, roleIn(w.paris, w.analyst))
				if got.Link != "" {
					links++
				}
				if got.Reason != "" || got.Code != "" || got.Given != nil {
					t.Errorf("%s: %+v", email, got)
				}
				works(t, w.RemoveUser(t.Context(), w.operator, w.ws, must(w.FindUser(t.Context(), w.ws, email))(t).ID))
			}
			if want := map[bool]int{true: 0, false: len(asked)}[w != silent]; links != want {
				t.Errorf("%d links in the answers, want %d", links, want)
			}
		}
	})
}

func TestRule19_WhereNoMailGoesOut_AnAccountElsewhereIsNoReason(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		other := w.tenantB()
		ada := w.address("ada")
		other.joined(ada, roleIn(other.paris, other.guest))
		got := w.adds(provisioning.InviteAdded, ada, roleIn(w.paris, w.analyst))
		if u := w.user(got.Invitation.User); u.Account != "" || !got.Invitation.Shown || got.Link == "" || got.Given != nil {
			t.Errorf("%+v, user %+v", got, u)
		}
		w.holds(got.Invitation.User)
		if w.goodLink(got.Link).HasAccount {
			t.Error("the page knows of an account elsewhere")
		}
		if len(w.letters()) != 0 {
			t.Error("a mail is kept where none goes out")
		}
	})
}

func TestRule19_WhoHasAnAccountGetsAccessAtOnceAndNoPasswordMail(t *testing.T) {
	onBoth(t, func(t *testing.T, base *world) {
		w := base.mailing()
		other := w.tenantB()
		ada := w.address("ada")
		there, _ := other.joined(ada, roleIn(other.paris, other.guest))
		got := w.adds(provisioning.InviteAdded, strings.ToUpper(ada), roleIn(w.root, w.admin))
		u := must(w.FindUser(t.Context(), w.ws, ada))(t)
		if u.Account == "" || u.Account != other.user(there).Account || got.Invitation.ID != "" {
			t.Fatalf("%+v, user %+v", got, u)
		}
		w.holds(u.ID, "admin in acme") // any role comes at once to who has an account
		l := w.mail(strings.ToUpper(ada), provisioning.MailAccess)
		if l.Mail.LinkPath != "/login" || l.Mail.LinkToken != "" || len(l.Mail.Places) != 1 || l.Mail.Places[0].Community != "Acme" {
			t.Errorf("mail %+v", l.Mail)
		}
		other.holds(there, "guest in soc-paris")
	})
}

func TestRule19_WhomAVerifiedDomainCoversGetsAccessAtOnce_ButNoAdministrativeRole(t *testing.T) {
	onBoth(t, func(t *testing.T, base *world) {
		w := base.mailing()
		w.cover()
		ada := w.address("ada")
		w.adds(provisioning.InviteAdded, ada, roleIn(w.paris, w.analyst))
		u := must(w.FindUser(t.Context(), w.ws, ada))(t)
		w.holds(u.ID, "analyst in soc-paris")
		w.mail(ada, provisioning.MailAccess)
		in := must(w.through(w.conn, provisioning.Claims{Subject: "00u1", Email: ada}))(t)
		if in.User.ID != u.ID || in.Created {
			t.Errorf("signed in as %+v", in.User)
		}

		bob := w.address("bob")
		got := w.adds(provisioning.InviteAdded, bob, roleIn(w.paris, w.analyst), roleIn(w.lyon, w.admin))
		if w.holds(got.Invitation.User); !got.Invitation.Administers {
			t.Errorf("%+v", got)
		}
		w.mail(bob, provisioning.MailInvitation)

		must(w.DisableConnection(t.Context(), w.operator, w.ws, w.conn.ID))(t)
		eve := w.adds(provisioning.InviteAdded, w.address("eve"), roleIn(w.paris, w.guest))
		if w.holds(eve.Invitation.User); eve.Invitation.ID == "" {
			t.Error("access at once without a way in")
		}
	})
}

func TestRule19_AnAdministrativeRoleComesAtOnceToWhoHasAnIdentityHere_AndByTheLinkToWhoHasARecordAlone(t *testing.T) {
	onBoth(t, func(t *testing.T, base *world) {
		w := base.mailing()
		known := w.fresh("00u1")
		got := w.adds(provisioning.InviteMember, "00u1@acme.example", roleIn(w.paris, w.admin))
		if len(got.Given) != 1 || got.Invitation.ID != "" {
			t.Errorf("%+v", got)
		}
		w.holds(known, "admin in soc-paris", "guest in soc-lyon")

		pushed := w.push("00u2", "bob@acme.example").ID
		got = w.adds(provisioning.InviteAdded, "bob@acme.example", roleIn(w.paris, w.admin))
		if w.holds(pushed); got.Invitation.User != pushed || got.Given != nil {
			t.Errorf("%+v", got)
		}
		w.adds(provisioning.InviteMember, "bob@acme.example", roleIn(w.paris, w.guest))
		w.holds(pushed, "guest in soc-paris")
	})
}

func TestRule19_TheInviterMayAskForAPasswordLinkAllTheSame(t *testing.T) {
	onBoth(t, func(t *testing.T, base *world) {
		w := base.mailing()
		w.cover()
		other := w.tenantB()
		account := "account@third-" + string(w.ws) + ".example"
		other.joined(account, roleIn(other.paris, other.guest))
		member, mine := w.fresh(string(w.ws)), string(w.ws)+"@acme.example"
		for email, outcome := range map[string]provisioning.InviteOutcome{
			w.address("ada"): provisioning.InviteAdded, account: provisioning.InviteAdded, mine: provisioning.InviteMember,
		} {
			got := must(w.Invite(t.Context(), w.operator, w.ws, provisioning.InviteRequest{Roles: []provisioning.RoleIn{roleIn(w.paris, w.analyst)}, PasswordLink: true}, email))(t)
			if got.Outcome != outcome || got.Invitation.ID == "" {
				t.Fatalf("%s: %+v", email, got)
			}
			l := w.mail(email, provisioning.MailInvitation)
			if opened := w.goodLink(l.Mail.LinkToken); opened.HasAccount != (email == account) {
				t.Errorf("%s: has an account: %v", email, opened.HasAccount)
			}
			if !slices.Contains(w.roles(got.Invitation.User), "analyst in soc-paris") {
				t.Errorf("%s holds %v", email, w.roles(got.Invitation.User))
			}
		}
		// Who was born by SSO has a password as well then (rule 18).
		link := w.mail(mine, provisioning.MailInvitation).Mail.LinkToken
		w.accepts(link)
		if w.user(member).Account == "" || len(w.identitiesOf(member)) != 1 {
			t.Error("the member has not both")
		}
	})
}
