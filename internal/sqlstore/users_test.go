package sqlstore

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"drawbridge/provisioning"
)

func TestUsers_Get_ReturnsWhatCreateAndUpdateStored(t *testing.T) {
	withFixture(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		want := aUser("ada")
		record := aRecord("ada")
		record.Profile.Attributes = map[string]any{"title": "Dr", "tags": []any{"a", nil, true}}
		f.update(t, func(tx *provisioning.Tx) error {
			return firstError(tx.Users.Create(ctx, want), tx.Records.Create(ctx, record))
		})
		want.Directory, want.Record = dirID, &record
		want.Email, want.Version, want.LastSeenAt = "ADA@acme.example", 2, noon.Add(time.Second)
		want.Blocks = []provisioning.Block{
			{Workspace: wsID, User: "ada", Source: provisioning.BlockSignal, CreatedAt: noon},
			{Workspace: wsID, User: "ada", Source: provisioning.BlockDirectory, CreatedAt: noon.Add(1000)},
		}
		f.update(t, func(tx *provisioning.Tx) error {
			for _, b := range want.Blocks {
				if added, err := tx.Blocks.Put(ctx, b); err != nil || !added {
					return errors.Join(err, errors.New("not added"))
				}
			}
			return tx.Users.Update(ctx, want)
		})
		before := f.store.Statements()
		f.view(t, func(tx *provisioning.Tx) error {
			got, err := tx.Users.Get(ctx, wsID, "ada")
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
			return err
		})
		if n := f.store.Statements() - before; n != 1 {
			t.Errorf("%d round trips, want 1", n)
		}
	})
}

func TestUsers_List_GivesEachTheirOwnBlocksAndRecord(t *testing.T) {
	withFixture(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		ids := f.addUsers(t, 5)
		f.update(t, func(tx *provisioning.Tx) error {
			for _, id := range []provisioning.UserID{ids[1], ids[3]} {
				for _, source := range []provisioning.BlockSource{provisioning.BlockSignal, provisioning.BlockAdministrator} {
					if _, err := tx.Blocks.Put(ctx, provisioning.Block{Workspace: wsID, User: id, Source: source, CreatedAt: noon}); err != nil {
						return err
					}
				}
			}
			return tx.Records.Create(ctx, aRecord(ids[2]))
		})
		before := f.store.Statements()
		f.view(t, func(tx *provisioning.Tx) error {
			found, err := tx.Users.List(ctx, wsID, provisioning.UserQuery{After: ids[0], Limit: 3})
			if len(found) != 3 || len(found[0].Blocks) != 2 || found[1].Blocks != nil || len(found[2].Blocks) != 2 ||
				found[0].Record != nil || found[1].Record == nil || found[2].Record != nil {
				t.Errorf("got %+v", found)
			}
			return err
		})
		if n := f.store.Statements() - before; n != 1 {
			t.Errorf("%d round trips, want 1", n)
		}
	})
}

func TestAttachBlocks_PassesOverBlocksOfOthers(t *testing.T) {
	t.Parallel()
	found := []provisioning.User{{ID: "b"}, {ID: "d"}}
	attachBlocks(found, []provisioning.Block{{User: "a"}, {User: "b"}, {User: "c"}, {User: "d"}, {User: "e"}})
	for _, u := range found {
		if len(u.Blocks) != 1 || u.Blocks[0].User != u.ID {
			t.Errorf("%s has %+v", u.ID, u.Blocks)
		}
	}
}
