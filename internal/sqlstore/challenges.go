package sqlstore

import (
	"context"
	"time"

	"drawbridge/provisioning"
)

const challengeColumns = `id, account_id, state, created_at, expires_at`

type challenges struct{ db *session }

// Create implements [provisioning.Challenges].
func (s challenges) Create(ctx context.Context, c provisioning.Challenge) error {
	_, err := s.db.exec(ctx, `insert into challenges (`+challengeColumns+`) values ($1, $2, $3, $4, $5)`,
		c.ID, optional(c.Account), blob(c.State), c.CreatedAt.UnixMicro(), c.ExpiresAt.UnixMicro())
	return err
}

// Take implements [provisioning.Challenges].
func (s challenges) Take(ctx context.Context, id provisioning.ChallengeID) (provisioning.Challenge, error) {
	return one(ctx, s.db, scanChallenge, `delete from challenges where id = $1 returning `+challengeColumns, id)
}

// Purge implements [provisioning.Challenges].
func (s challenges) Purge(ctx context.Context, before time.Time) (int64, error) {
	return s.db.exec(ctx, `delete from challenges where expires_at < $1`, before.UnixMicro())
}

func scanChallenge(r rows) (provisioning.Challenge, error) {
	var c provisioning.Challenge
	err := r.Scan(&c.ID, optionalOf(&c.Account), &c.State, instantOf(&c.CreatedAt), instantOf(&c.ExpiresAt))
	return c, err
}
