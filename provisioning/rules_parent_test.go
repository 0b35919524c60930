package provisioning_test

import (
	"testing"

	"drawbridge/provisioning"
)

// come goes through the provider in this browser.
func (b *browser) come(p provisioning.PendingSignIn, subject, email string) (provisioning.SignedIn, error) {
	return b.SignIn(b.t.Context(), b.conn, p, provisioning.Claims{Issuer: issuer, Subject: subject, Email: email, Name: "Name of " + subject}, b.Browser)
}

// The attack: a directory pushes the address of an administrator who was
// invited, and its subject signs in by SSO.
func TestRule14_ADirectoryThatPushesAnAdministratorsAddress_ThePasswordIsAskedOnceBeforeSSOIsPinned(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.owner("ada")
		w.grant(ada.user, w.root, w.admin)
		if pushed := w.push("00uada", ada.Email); pushed.User.ID != ada.user {
			t.Fatalf("the directory made %s instead of adopting", pushed.User.ID)
		}
		attacker, bob := w.browser("203.0.113.1"), w.browserOf(w.owner("bob"))
		w.unchangedBy("without the proof", func() {
			for _, b := range []*browser{attacker, bob} {
				_, err := b.come(provisioning.PendingSignIn{}, "00uada", ada.Email)
				refusedFor(t, err, provisioning.RefusedAccountProof)
			}
		})
		mine := w.browserOf(ada)
		if in := must(mine.come(provisioning.PendingSignIn{}, "00uada", ada.Email))(t); in.User.ID != ada.user {
			t.Fatalf("in as %s", in.User.ID)
		}
		if in := must(attacker.come(provisioning.PendingSignIn{}, "00uada", ada.Email))(t); in.User.ID != ada.user {
			t.Error("what is pinned is asked for again")
		}
	})
}

func TestRule14_AProofIsOfBothFactorsWhereThereAreTwo_AndOfALiveSignIn(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada, half, totp, _ := w.withFactor("ada")
		w.push("00uada", ada.Email)
		_, err := half.come(provisioning.PendingSignIn{}, "00uada", ada.Email)
		refusedFor(t, err, provisioning.RefusedAccountProof)
		works(t, half.code(fakeCodes{}.at(totp, half.now())))
		left := *half
		works(t, half.SignOutParent(t.Context(), half.Browser))
		_, err = left.come(provisioning.PendingSignIn{}, "00uada", ada.Email)
		refusedFor(t, err, provisioning.RefusedAccountProof)
	})
}

func TestRule14_AnotherWorkspacesAdministratorsCodeProvesNothingHere(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		other := w.tenant("Globex")
		ada, b, _, _ := w.withFactor("ada")
		there := other.guestOf(ada)
		w.push("00uada", ada.Email)
		boss := provisioning.Actor{Kind: provisioning.ActorUser, ID: string(other.boss()), Workspace: other.ws, ProvedAt: b.now()}
		code, _, err := b.ResetFactors(t.Context(), boss, other.ws, there)
		works(t, err)
		works(t, b.code(code))
		must(b.enter(other.ws))(t)
		_, err = b.come(provisioning.PendingSignIn{}, "00uada", ada.Email)
		refusedFor(t, err, provisioning.RefusedAccountProof)
	})
}

func TestRule14_TheAddressAloneIsPinnedAfterTheProof_ButNeverToAnAdministrativePermission(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada, boss := w.owner("ada"), w.owner("theboss")
		w.grant(boss.user, w.root, w.admin)
		_, err := w.browser("203.0.113.1").come(provisioning.PendingSignIn{}, "00uada", ada.Email)
		refusedFor(t, err, provisioning.RefusedAccountProof)
		if in := must(w.browserOf(ada).come(provisioning.PendingSignIn{}, "00uada", ada.Email))(t); in.User.ID != ada.user {
			t.Errorf("in as %s", in.User.ID)
		}
		_, err = w.browserOf(boss).come(provisioning.PendingSignIn{}, "00uboss", boss.Email)
		refusedFor(t, err, provisioning.RefusedAdministrator)
	})
}

func TestRule14_AnInvitationAsksForTheProofToo(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.owner("ada")
		id := w.invitedTo(ada.user, ada.Email, provisioning.RoleIn{Community: w.root, Role: w.admin}, true)
		carrying := provisioning.PendingSignIn{Invitation: id}
		_, err := w.browser("203.0.113.1").come(carrying, "00uada", ada.Email)
		refusedFor(t, err, provisioning.RefusedAccountProof)
		must(w.browserOf(ada).come(carrying, "00uada", ada.Email))(t)
		w.holds(ada.user, "admin in acme")
	})
}

// Rule 18: invited people may use both.
func TestRule18_WhoHasAnAccountMayUseBothDoors(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.owner("ada")
		b := w.inside(ada)
		password := b.session
		in := must(b.come(provisioning.PendingSignIn{}, "00uada", ada.Email))(t)
		w.alive(password)
		w.alive(in.Secret)
		if v := must(w.Authenticate(t.Context(), in.Secret))(t); v.Session.Parent != "" || v.Session.Connection != w.conn.ID || v.User.ID != ada.user {
			t.Errorf("session %+v", v.Session)
		}
		works(t, w.SignOut(t.Context(), b.viewer()))
		w.dead(password)
		w.alive(in.Secret) // it came through the connection
	})
}
