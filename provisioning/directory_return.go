package provisioning

import (
	"context"
	"strconv"
	"time"
)

// EventGroupsLeft says that somebody who comes back after a long time is out of
// their groups until these are pushed again.
const EventGroupsLeft EventType = "user.groups_left"

// lockedRecorded is lockedUser for a change of the directory record.
func (w *work) lockedRecorded(ctx context.Context, id UserID) (User, error) {
	if w.groupsFirst {
		return w.lockedWithGroups(ctx, id)
	}
	return w.lockedUser(ctx, id)
}

// returned lifts the directory's block of somebody whom the directory reactivates.
// Clients do not push the removals of inactive people: who was away for longer
// than the setting is out of all groups, and gets mapped roles back when a group
// is pushed with them in it (rule 7).
func (w *work) returned(ctx context.Context, u User, away time.Duration) error {
	if err := w.unblock(ctx, u, BlockDirectory); err != nil {
		return err
	}
	ws, err := w.Workspaces.Get(ctx, w.ws)
	if err != nil || away <= ws.Settings.Duration(SettingReactivationWindow) {
		return err
	}
	groups, err := w.Members.GroupsOf(ctx, w.ws, []UserID{u.ID})
	if err != nil || len(groups) == 0 {
		return err
	}
	if !w.groupsFirst {
		return errGroupsFirst
	}
	return w.leaveGroups(ctx, u.ID, groups)
}

func (w *work) leaveGroups(ctx context.Context, u UserID, groups []Member) error {
	for _, g := range groups {
		if _, err := w.Members.Remove(ctx, w.ws, g.Group, []UserID{u}); err != nil {
			return err
		}
	}
	left := map[string]string{"groups": strconv.Itoa(len(groups))}
	w.record(note{action: "user.leave_groups", kind: "user", target: string(u), details: left})
	w.warn(EventGroupsLeft, string(u), left)
	_, err := w.refresh(ctx, []UserID{u})
	return err
}
