package sqlstore

import (
	"context"
	"encoding/hex"

	"drawbridge/provisioning"
)

type tombstones struct{ db *session }

// Put implements [provisioning.Tombstones].
func (s tombstones) Put(ctx context.Context, ts []provisioning.Tombstone) error {
	if len(ts) == 0 {
		return nil
	}
	_, err := s.db.exec(ctx, `
		insert into tombstones (workspace_id, hash, user_id, created_at)
		select value ->> 'workspace', `+s.db.unhex("value ->> 'hash'")+`, value ->> 'user',
			cast(value ->> 'at' as bigint)
		from json_each($1) where true
		on conflict (workspace_id, hash) do nothing`,
		rowsJSON(ts, func(t provisioning.Tombstone) row {
			return row{"workspace": t.Workspace, "hash": hexText(t.Hash), "user": t.User, "at": instant(t.CreatedAt)}
		}))
	return err
}

// Any implements [provisioning.Tombstones].
func (s tombstones) Any(ctx context.Context, ws provisioning.WorkspaceID, hashes [][]byte) (bool, error) {
	return one(ctx, s.db, value[bool], `
		select exists (select 1 from tombstones
			where workspace_id = $1 and hash in (select `+s.db.unhex("key")+` from json_each($2)))`,
		ws, hexSet(hashes))
}

// Lift implements [provisioning.Tombstones].
func (s tombstones) Lift(ctx context.Context, ws provisioning.WorkspaceID, hashes [][]byte) error {
	_, err := s.db.exec(ctx, `
		delete from tombstones
		where workspace_id = $1 and hash in (select `+s.db.unhex("key")+` from json_each($2))`,
		ws, hexSet(hashes))
	return err
}

// hexSet is [set] for hashes: each as hexadecimal text.
func hexSet(hashes [][]byte) string {
	texts := make([]string, len(hashes))
	for i, h := range hashes {
		texts[i] = hex.EncodeToString(h)
	}
	return set(texts)
}
