package provisioning_test

import (
	"testing"

	"drawbridge/provisioning"
)

// acceptShown accepts, with a password, a link that was shown to an administrator
// of the workspace.
func (w *world) acceptShown(email, password string) *holder {
	w.t.Helper()
	i, link := w.invite(email, w.paris, w.guest)
	o := &holder{world: w, user: i.User, email: email, password: password, browser: provisioning.Browser{Address: "192.0.2.7"}}
	p := must(w.AcceptInvitation(w.t.Context(), w.ticket(link), provisioning.Acceptance{Password: password}, o.browser))(w.t)
	o.id = p.Account.ID
	o.keep(p)
	return o
}

// Whoever is shown a link of one workspace must not get at what another
// workspace's link made for the same address.
func TestRule19_ShownLinksOfTwoWorkspacesMakeTwoAccountsThatKnowNothingOfEachOther(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		tenant, email := w.tenant("Umbrella"), w.mailbox("ada")
		here := w.acceptShown(email, aPassword)
		here.withTOTP()
		session, before := here.enters(w), here.account()
		there := tenant.acceptShown(email, newPassword)
		if here.id == there.id || there.account().Home != tenant.ws {
			t.Fatalf("accounts %+v and %+v", here.account(), there.account())
		}
		if after := here.account(); after.PasswordHash != before.PasswordHash || after.TOTPSecret == nil || !here.signedIn() {
			t.Errorf("the other workspace's link changed the account: %+v", after)
		}
		w.alive(session)
		there.enters(tenant)
		if _, err := there.Enter(t.Context(), w.ws, there.browser); err == nil {
			t.Error("it leads to the other workspace")
		}
	})
}

// What the account of a shown link has ends when its workspace shows another.
func TestSetUp_AnotherShownLinkOfTheWorkspaceSetsItsAccountUpAnew(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		first := w.acceptShown(w.mailbox("ada"), aPassword)
		first.withTOTP()
		first.withPasskey("phone")
		first.enters(w)
		w.point(first.user, "") // as a successor's is (rule 16)
		second := w.acceptShown(first.email, newPassword)
		if second.id != first.id || first.signedIn() {
			t.Errorf("account %s after %s, which is signed in: %v", second.id, first.id, first.signedIn())
		}
		if p := second.parent(t); p.Factors.Any() || p.Factors.RecoveryCodes != 0 || p.FactorNeeded {
			t.Errorf("factors %+v", p.Factors)
		}
		_, err := w.SignInWithPassword(t.Context(), first.email, aPassword, provisioning.Browser{})
		isKind(t, err, provisioning.ErrUnauthenticated, "wrong_password")
		second.enters(w)
	})
}
