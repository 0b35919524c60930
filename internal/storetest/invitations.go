package storetest

import (
	"context"

	"drawbridge/provisioning"
)

var invitationSentences = []sentence{
	{"Create adds the invitation with its roles; Find returns it by its id alone", invitationFind},
	{"Find returns ErrNotFound", invitationNotFound},
	{"OfUser returns those of the user, newest first", invitationOfUser},
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
		i.Administers, i.Adoptable = true, false
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
