package provisioning_test

import (
	"context"
	"path/filepath"
	"slices"
	"testing"

	"drawbridge/provisioning"
)

// lockNotes is a store that notes, for each transaction, which users it locks
// and in which order.
type lockNotes struct {
	provisioning.Store
	locked []provisioning.UserID // by the last transaction, each once
}

type notingUsers struct {
	provisioning.Users
	notes *lockNotes
}

func (n *lockNotes) Update(ctx context.Context, fn func(*provisioning.Tx) error) error {
	return n.Store.Update(ctx, func(tx *provisioning.Tx) error {
		n.locked = nil
		noted := *tx
		noted.Users = notingUsers{tx.Users, n}
		return fn(&noted)
	})
}

func (u notingUsers) Lock(ctx context.Context, ws provisioning.WorkspaceID, ids []provisioning.UserID) error {
	for _, id := range ids {
		if !slices.Contains(u.notes.locked, id) {
			u.notes.locked = append(u.notes.locked, id)
		}
	}
	return u.Users.Lock(ctx, ws, ids)
}

// Users are locked in the order of their ids (design §3): else two replacements
// of two groups, which is all that Okta's wizard application sends, deadlock on
// PostgreSQL, and each deadlock costs its deadlock_timeout of one second.
func TestRule22_ReplacingMembersLocksUsersInTheOrderOfTheirIDs(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "sqlite:"+filepath.Join(t.TempDir(), "test.db"))
	leaver, comer := w.push("00u1", "a@acme.example").ID, w.push("00u2", "b@acme.example").ID
	g := w.pushGroup("Analysts", leaver)
	w.mapGroup(g.ID, w.paris, w.analyst)
	notes := &lockNotes{Store: w.store}
	service := serviceOn(t, notes)
	for name, change := range map[string][]provisioning.MemberChange{
		"replace": {{Kind: provisioning.ReplaceMembers, IDs: []string{string(comer)}}},
	} {
		_, err := service.ChangeDirectoryGroup(t.Context(), w.okta, string(g.ID), provisioning.GroupChange{Members: change}, false)
		if err != nil {
			t.Fatal(name, err)
		}
		if len(notes.locked) != 2 || !slices.IsSorted(notes.locked) {
			t.Errorf("%s: locked %v, want %v before %v", name, notes.locked, leaver, comer)
		}
	}
}
