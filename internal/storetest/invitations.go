package storetest

import (
	"context"
	"time"

	"drawbridge/provisioning"
)

var invitationSentences = []sentence{
	{"Create adds the invitation with its roles; Find returns it by its id alone", invitationFind},
	{"Find returns ErrNotFound", invitationNotFound},
	{"OfUser returns those of the user, newest first", invitationOfUser},
	{"List returns those that the query selects, by id, newest first", invitationList},
	{"List: Pending are those neither accepted nor cancelled, expired ones too", invitationListPending},
	{"List: Before and Limit page; a Limit of 0 means 100", invitationListPages},
	{"Update replaces secret, Shown, InvitedBy, ExpiresAt and CancelledAt", invitationUpdate},
	{"Update: ErrNotFound unless it was neither accepted nor cancelled", invitationUpdateDone},
	{"Accept marks the invitation if it was neither accepted nor cancelled, and reports whether it did", invitationAccept},
	{"CancelOfUser cancels those of the user that are neither accepted nor cancelled and returns their ids", invitationCancel},
}

func (w *world) findInvitation(id provisioning.InvitationID) (got provisioning.Invitation, err error) {
	err = w.look(func(ctx context.Context, tx *provisioning.Tx) (err error) {
		got, err = tx.Invitations.Find(ctx, id)
		return err
	})
	return got, err
}

func (w *world) accept(i provisioning.Invitation) bool {
	w.t.Helper()
	return write(w, func(ctx context.Context, tx *provisioning.Tx) (bool, error) {
		return tx.Invitations.Accept(ctx, w.workspace.ID, i.ID, at(99))
	})
}

func (w *world) cancelInvitations(u provisioning.User) []provisioning.InvitationID {
	w.t.Helper()
	return write(w, func(ctx context.Context, tx *provisioning.Tx) ([]provisioning.InvitationID, error) {
		return tx.Invitations.CancelOfUser(ctx, w.workspace.ID, u.ID, at(98))
	})
}

func (w *world) invitationsOf(u provisioning.User) []provisioning.Invitation {
	w.t.Helper()
	return read(w, func(ctx context.Context, tx *provisioning.Tx) ([]provisioning.Invitation, error) {
		return tx.Invitations.OfUser(ctx, w.workspace.ID, u.ID)
	})
}

func invitationFind(w *world) {
	u := w.user("ana")
	full := w.invitation(u, func(i *provisioning.Invitation) {
		i.Administers, i.Adoptable, i.Shown, i.InvitedBy = true, false, true, u.ID
		i.Roles = []provisioning.RoleIn{{Community: w.root.ID, Role: w.guest.ID}, {Community: w.root.ID, Role: w.admin.ID}}
	})
	bare := w.invitation(u, func(i *provisioning.Invitation) { i.Roles = nil })
	for _, want := range []provisioning.Invitation{full, bare} {
		got, err := w.findInvitation(want.ID)
		wantOK(w.t, err)
		equal(w.t, "invitation", got, want)
	}
}

func invitationNotFound(w *world) {
	_, err := w.findInvitation(newID[provisioning.InvitationID]())
	wantKind(w.t, err, provisioning.ErrNotFound)
}

func invitationOfUser(w *world) {
	u := w.user("ana")
	w.invitation(w.user("bob"))
	older := w.invitation(u, func(i *provisioning.Invitation) { i.CancelledAt = at(30) })
	newer := w.invitation(u, func(i *provisioning.Invitation) { i.CreatedAt = at(31) })
	equal(w.t, "invitations", w.invitationsOf(u), []provisioning.Invitation{newer, older})
}

func (w *world) listInvitations(q provisioning.InvitationQuery) []provisioning.Invitation {
	w.t.Helper()
	return read(w, func(ctx context.Context, tx *provisioning.Tx) ([]provisioning.Invitation, error) {
		return tx.Invitations.List(ctx, w.workspace.ID, q)
	})
}

func invitationList(w *world) {
	equal(w.t, "none", w.listInvitations(provisioning.InvitationQuery{}), nil)
	other := w.another()
	other.invitation(other.user("elsewhere"))
	u := w.user("ana")
	older := w.invitation(u, func(i *provisioning.Invitation) { i.CreatedAt = at(99) })
	newer := w.invitation(w.user("bob"), func(i *provisioning.Invitation) {
		i.AcceptedAt = at(30)
		i.Roles = []provisioning.RoleIn{{Community: w.root.ID, Role: w.guest.ID}, {Community: w.root.ID, Role: w.admin.ID}}
	})
	equal(w.t, "invitations", w.listInvitations(provisioning.InvitationQuery{}), []provisioning.Invitation{newer, older})
}

func invitationListPending(w *world) {
	u := w.user("ana")
	expired := w.invitation(u, ending(-500))
	w.invitation(u, func(i *provisioning.Invitation) { i.AcceptedAt = at(30) })
	w.invitation(u, func(i *provisioning.Invitation) { i.CancelledAt = at(30) })
	open := w.invitation(u)
	got := w.listInvitations(provisioning.InvitationQuery{Pending: true})
	equal(w.t, "pending", got, []provisioning.Invitation{open, expired})
}

func invitationListPages(w *world) {
	u := w.user("ana")
	var newestFirst []provisioning.Invitation
	for range 101 {
		newestFirst = append([]provisioning.Invitation{w.invitation(u)}, newestFirst...)
	}
	all := w.listInvitations(provisioning.InvitationQuery{})
	equal(w.t, "without a limit", all, newestFirst[:100])
	equal(w.t, "first", w.listInvitations(provisioning.InvitationQuery{Limit: 2}), all[:2])
	equal(w.t, "second", w.listInvitations(provisioning.InvitationQuery{Limit: 2, Before: all[1].ID}), all[2:4])
}

func (w *world) updateInvitation(i provisioning.Invitation) error {
	return w.try(func(ctx context.Context, tx *provisioning.Tx) error { return tx.Invitations.Update(ctx, i) })
}

func invitationUpdate(w *world) {
	u, bob := w.user("ana"), w.user("bob")
	want, other := w.invitation(u), w.invitation(u)
	want.SecretHash, want.Shown, want.InvitedBy, want.ExpiresAt = []byte("anew"), true, bob.ID, at(2000)
	changed := want
	changed.User, changed.Email, changed.Administers, changed.Adoptable = bob.ID, bob.Email, true, false
	changed.CreatedAt, changed.AcceptedAt, changed.Roles = at(77), at(78), nil
	wantOK(w.t, w.updateInvitation(changed))
	equal(w.t, "invitations", w.listInvitations(provisioning.InvitationQuery{}), []provisioning.Invitation{other, want})
	want.CancelledAt, want.InvitedBy = at(79), ""
	wantOK(w.t, w.updateInvitation(want))
	equal(w.t, "cancelled", w.listInvitations(provisioning.InvitationQuery{}), []provisioning.Invitation{other, want})
}

func invitationUpdateDone(w *world) {
	u := w.user("ana")
	accepted := w.invitation(u, func(i *provisioning.Invitation) { i.AcceptedAt = at(30) })
	cancelled := w.invitation(u, func(i *provisioning.Invitation) { i.CancelledAt = at(30) })
	unknown := accepted
	unknown.ID = newID[provisioning.InvitationID]()
	for _, i := range []provisioning.Invitation{accepted, cancelled, unknown} {
		i.ExpiresAt, i.CancelledAt = at(9999), time.Time{}
		wantKind(w.t, w.updateInvitation(i), provisioning.ErrNotFound)
	}
	equal(w.t, "invitations", w.listInvitations(provisioning.InvitationQuery{}), []provisioning.Invitation{cancelled, accepted})
}

func invitationAccept(w *world) {
	u := w.user("ana")
	open := w.invitation(u)
	cancelled := w.invitation(u, func(i *provisioning.Invitation) { i.CancelledAt = at(30) })
	equal(w.t, "accepted", []bool{w.accept(open), w.accept(open), w.accept(cancelled)}, []bool{true, false, false})
	open.AcceptedAt = at(99)
	for _, want := range []provisioning.Invitation{open, cancelled} {
		got, err := w.findInvitation(want.ID)
		wantOK(w.t, err)
		equal(w.t, "invitation", got, want)
	}
}

func invitationCancel(w *world) {
	u, bob := w.user("ana"), w.user("bob")
	foreign := w.invitation(bob)
	done := w.invitation(u, func(i *provisioning.Invitation) { i.AcceptedAt = at(30) })
	gone := w.invitation(u, func(i *provisioning.Invitation) { i.CancelledAt, i.CreatedAt = at(31), at(32) })
	one := w.invitation(u, func(i *provisioning.Invitation) { i.CreatedAt = at(33) })
	two := w.invitation(u, func(i *provisioning.Invitation) { i.CreatedAt = at(34) })
	sameSet(w.t, "cancelled", w.cancelInvitations(u), []provisioning.InvitationID{one.ID, two.ID})
	equal(w.t, "cancelled again", w.cancelInvitations(u), nil)
	one.CancelledAt, two.CancelledAt = at(98), at(98)
	equal(w.t, "ana's", w.invitationsOf(u), []provisioning.Invitation{two, one, gone, done})
	equal(w.t, "bob's", w.invitationsOf(bob), []provisioning.Invitation{foreign})
}
