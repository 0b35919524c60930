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

// Create takes the next position; of two who saw the same number of keys one
// gets it.
func (s dataKeys) Create(ctx context.Context, k provisioning.DataKey) error {
	made, err := s.db.touched(ctx, `
		insert into data_keys (id, position, wrapped, retired, created_at)
		values ($1, (select count(*) from data_keys), $2, $3, $4)
		on conflict (position) do nothing`, k.ID, blob(k.Wrapped), k.Retired, k.CreatedAt.UnixMicro())
	if err == nil && !made {
		return provisioning.ErrConflict
	}
	return err
}

func (s dataKeys) Rewrap(ctx context.Context, id string, wrapped []byte) error {
	return s.db.update(ctx, `update data_keys set wrapped = $2 where id = $1`, id, blob(wrapped))
}
