package sqlstore

import (
	"context"
	"time"
)

type jobs struct{ db *session }

func (s jobs) Lease(ctx context.Context, job, holder string, now, until time.Time) (bool, error) {
	return s.db.touched(ctx, `
		insert into jobs (name, holder, leased_until)
		values ($1, $2, $3)
		on conflict (name) do update set holder = excluded.holder, leased_until = excluded.leased_until
		where jobs.holder = excluded.holder or jobs.leased_until <= $4`,
		job, holder, until.UnixMicro(), now.UnixMicro())
}
