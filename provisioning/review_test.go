package provisioning_test

import (
	"testing"

	"drawbridge/provisioning"
)

// A stranger who typed an administrator's address at the provider was not that
// administrator (rule 25), and where from is what the entry is read for.
func TestRule25_ARefusedSignInIsNotRecordedAsAnActOfWhomItReached(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "sqlite:"+t.TempDir()+"/test.db")
	_, err := w.SignIn(t.Context(), w.conn, provisioning.PendingSignIn{}, provisioning.Claims{
		Issuer: issuer, Subject: "00ustranger", Email: w.invited.Invitation.Email,
	}, provisioning.Browser{Address: "192.0.2.7", RequestID: "AAAA-BBBB-CCCC-DDDD"})
	refusedFor(t, err, provisioning.RefusedInvitationLink)
	var entries []provisioning.AuditEntry
	works(t, w.store.View(t.Context(), func(tx *provisioning.Tx) (err error) {
		entries, err = tx.Audit.Unsealed(t.Context(), w.ws, 100)
		return err
	}))
	for _, e := range entries {
		if e.Action != "sign_in" || e.Result != "refused" {
			continue
		}
		if e.Actor.Kind == provisioning.ActorUser {
			t.Errorf("actor is %s %s, who is the target and was not there", e.Actor.Kind, e.Actor.ID)
		}
		if e.Actor.RequestID == "" || e.Words["from"] == "" {
			t.Errorf("the entry does not say from where: request %q, address %q", e.Actor.RequestID, e.Words["from"])
		}
		return
	}
	t.Error("no entry")
}

// A write that changes nothing leaves no event (design §3).
func TestRule21_AGroupPushThatChangesNothingLeavesNoEvent(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "sqlite:"+t.TempDir()+"/test.db")
	stays, gone := w.push("00u1", "a@acme.example").ID, w.push("00u2", "b@acme.example").ID
	g := w.pushGroup("Analysts", stays)
	works(t, w.DeleteDirectoryUser(t.Context(), w.okta, string(gone)))
	n := provisioning.GroupWrite{DisplayName: "Analysts", Members: []string{string(stays), string(gone)}}
	before := len(w.events())
	for range 3 {
		must(w.ReplaceDirectoryGroup(t.Context(), w.okta, string(g.ID), n, false))(t)
	}
	if after := len(w.events()); after != before {
		t.Errorf("%d events for three pushes that changed nothing", after-before)
	}
}

// A release names the connection with which the directory is paired: a subject
// of another provider that reads the same is another person's.
func TestRule16_AReleaseRestoresNoIdentityOfAnotherConnection(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "sqlite:"+t.TempDir()+"/test.db")
	other := must(w.CreateConnection(t.Context(), w.operator, w.ws, provisioning.ConnectionWrite{
		Name: ptr("Other"), Issuer: ptr("https://other.example"), ClientID: ptr("c"), ClientSecret: ptr("s"),
	}))(t)
	u := w.push("00u1", "a@acme.example").ID
	// The predecessor signs in at the other provider, where their subject is "7".
	must(w.SignIn(t.Context(), other, provisioning.PendingSignIn{}, provisioning.Claims{
		Issuer: other.Issuer, Subject: "7", Email: "a@acme.example",
	}, provisioning.Browser{}))(t)
	// The directory hands the record to somebody whose subject at Okta is "7".
	must(w.ChangeDirectoryUser(t.Context(), w.okta, string(u), func(r provisioning.RecordWrite) (provisioning.RecordWrite, error) {
		r.ExternalID = ptr("7")
		return r, nil
	}))(t)
	must(w.ReleaseUser(t.Context(), w.operator, w.ws, u))(t)
	_, err := w.SignIn(t.Context(), other, provisioning.PendingSignIn{}, provisioning.Claims{
		Issuer: other.Issuer, Subject: "7", Email: "a@acme.example",
	}, provisioning.Browser{})
	refusedFor(t, err, provisioning.RefusedRetired)
}

// Whoever holds a SCIM token must not become the administrator of a record by
// giving it its first externalId: the person who has that record is known
// already, by an identity at another connection (rules 7 and 16).
func TestRule16_AFirstExternalIDHandsNoHandGivenAdminToAnother(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "sqlite:"+t.TempDir()+"/test.db")
	other := must(w.CreateConnection(t.Context(), w.operator, w.ws, provisioning.ConnectionWrite{
		Name: ptr("Other"), Issuer: ptr("https://other.example"), ClientID: ptr("c"), ClientSecret: ptr("s"),
	}))(t)
	// A client that sends no externalId pushes Alice; she signs in elsewhere and is made administrator by hand.
	alice := w.push("", "alice@acme.example").ID
	must(w.SignIn(t.Context(), other, provisioning.PendingSignIn{}, provisioning.Claims{
		Issuer: other.Issuer, Subject: "alice", Email: "alice@acme.example",
	}, provisioning.Browser{}))(t)
	works(t, w.GrantRole(t.Context(), w.operator, w.ws, alice, provisioning.RoleIn{Community: w.root, Role: w.admin}))
	// The directory's administrator gives her record his own subject and signs in.
	_, err := w.ChangeDirectoryUser(t.Context(), w.okta, string(alice), func(r provisioning.RecordWrite) (provisioning.RecordWrite, error) {
		r.ExternalID = ptr("00umallory")
		return r, nil
	})
	if err != nil {
		return
	}
	in, err := w.signIn("00umallory", "mallory@acme.example")
	if err == nil && in.User.ID == alice {
		for _, role := range w.roles(alice) {
			t.Errorf("Mallory holds %s", role)
		}
	}
}
