package sqlstore

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"drawbridge/provisioning"
)

func TestUsers_Get_ReturnsWhatCreateAndUpdateStored(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, f *fixture) {
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
