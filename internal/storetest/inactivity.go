package storetest

import (
	"context"

	"drawbridge/provisioning"
)

var inactivitySentences = []sentence{
	{"Due returns the ids, in order, of users last seen, or if never seen created, before SeenBefore", inactivityDue},
	{"Due passes over who is removed, break-glass or has an inactivity block", inactivityExempt},
	{"Due passes over who was reactivated since Today", inactivityReactivated},
	{"Due: After and Limit page; users of another workspace are not there", inactivityPages},
}

// due asks who was not seen since the instant 1000, with the day begun at 2000.
func (w *world) due(after provisioning.UserID, limit int) []provisioning.UserID {
	w.t.Helper()
	return read(w, func(ctx context.Context, tx *provisioning.Tx) ([]provisioning.UserID, error) {
		return tx.Inactivity.Due(ctx, provisioning.InactivityQuery{
			Workspace: w.workspace.ID, SeenBefore: at(1000), Today: at(2000), After: after, Limit: limit,
		})
	})
}

func inactivityDue(w *world) {
	never := w.user("never")
	w.user("new", func(u *provisioning.User) { u.CreatedAt = at(1000) })
	w.user("seen", func(u *provisioning.User) { u.LastSeenAt = at(1000) })
	long := w.user("long ago", func(u *provisioning.User) { u.LastSeenAt = at(999) })
	equal(w.t, "due", w.due("", 9), userIDs(never, long))
}

func inactivityExempt(w *world) {
	w.removeUser(w.user("removed"))
	w.user("break-glass", func(u *provisioning.User) { u.BreakGlass = true })
	w.block(w.user("blocked"), provisioning.BlockInactivity)
	suspended := w.user("suspended")
	w.block(suspended, provisioning.BlockAdministrator)
	equal(w.t, "due", w.due("", 9), userIDs(suspended))
}

func inactivityReactivated(w *world) {
	yesterday := w.user("yesterday", func(u *provisioning.User) { u.ReactivatedAt = at(1999) })
	w.user("today", func(u *provisioning.User) { u.ReactivatedAt = at(2000) })
	equal(w.t, "due", w.due("", 9), userIDs(yesterday))
}

func inactivityPages(w *world) {
	w.another().user("elsewhere")
	us := userIDs(w.users(3)...)
	equal(w.t, "first", w.due("", 2), us[:2])
	equal(w.t, "second", w.due(us[1], 2), us[2:])
}
