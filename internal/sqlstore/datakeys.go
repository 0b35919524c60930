package sqlstore

import (
	"context"

	"drawbridge/provisioning"
)

type dataKeys struct{ db *session }

func scanDataKey(r rows) (provisioning.DataKey, error) {
	var k provisioning.DataKey
	err := r.Scan(&k.ID, &k.Wrapped, instantOf(&k.CreatedAt), &k.Retired)
	return k, err
}

func (s dataKeys) List(ctx context.Context) ([]provisioning.DataKey, error) {
	return list(ctx, s.db, scanDataKey, `select id, wrapped, created_at, retired from data_keys order by position`)
}

func (s dataKeys) Create(ctx context.Context, k provisioning.DataKey, after int) error {
	made, err := s.db.touched(ctx, `
		insert into data_keys (id, position, wrapped, retired, created_at)
		values ($1, $2, $3, $4, $5)
		on conflict (position) do nothing`, k.ID, after, blob(k.Wrapped), k.Retired, k.CreatedAt.UnixMicro())
	if err == nil && !made {
		return provisioning.ErrConflict
	}
	return err
}

func (s dataKeys) Rewrap(ctx context.Context, id string, wrapped []byte) error {
	return s.db.update(ctx, `update data_keys set wrapped = $2 where id = $1`, id, blob(wrapped))
}
