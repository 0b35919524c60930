package provisioning_test

import (
	"errors"
	"fmt"
	"testing"

	"drawbridge/provisioning"
)

// TestRule4_AnAdministrativeInvitationDiesWithItsInvitersRights: who was suspended leaves no way in behind.
func TestRule4_AnAdministrativeInvitationDiesWithItsInvitersRights(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w = w.mailing()
		w.administrator("boss")
		evil := w.administrator("evil")
		email := w.mailbox("mallory")
		must(w.Invite(t.Context(), evil.actor(), w.ws, provisioning.InviteRequest{Roles: []provisioning.RoleIn{w.adminIn()}}, email))(t)
		link := w.mail(email, provisioning.MailInvitation).Mail.LinkToken
		works(t, w.SuspendUser(t.Context(), w.operator, w.ws, evil.user))
		if err := w.tries(link); !errors.Is(err, provisioning.ErrGone) {
			t.Errorf("%v, want gone", err)
		}
	})
}

// TestLockOut_NeighboursKeepNobodyOut_WhoIsKnownSignedInOrHasAPasskey: a hundred failures from the same network.
func TestLockOut_NeighboursKeepNobodyOut_WhoIsKnownSignedInOrHasAPasskey(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.owner("ada")
		mine := w.browserOf(ada)
		key := mine.newPasskey()
		for i := range 100 {
			wrongPassword(t, w.browser(fmt.Sprintf("192.0.2.%d", i+1)).password(fmt.Sprintf("nobody%d@acme.example", i), wrong))
		}
		if _, err := w.ProvePassword(t.Context(), ada.password, mine.Browser); err != nil {
			t.Errorf("who is signed in: %v", err)
		}
		again := *mine
		again.Parent = ""
		if err := again.password(ada.Email, ada.password); err != nil {
			t.Errorf("a known browser: %v", err)
		}
		again.Parent = ""
		if err := again.passkey(key); err != nil {
			t.Errorf("a passkey: %v", err)
		}
	})
}
