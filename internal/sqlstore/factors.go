package sqlstore

import (
	"context"
	"time"

	"drawbridge/provisioning"
)

type factors struct{ db *session }

// UseStep implements [provisioning.Factors].
func (s factors) UseStep(ctx context.Context, a provisioning.AccountID, step int64) (bool, error) {
	return s.db.touched(ctx, `update accounts set totp_step = $2 where id = $1 and totp_step < $2`, a, step)
}

// SetRecoveryCodes implements [provisioning.Factors].
func (s factors) SetRecoveryCodes(ctx context.Context, a provisioning.AccountID, hashes [][]byte) error {
	return s.db.batch(ctx, statement{
		sql:  `delete from recovery_codes where account_id = $1`,
		args: []any{a},
	}, statement{
		sql: `insert into recovery_codes (account_id, hash)
			select $1, ` + s.db.unhex("key") + ` from json_each($2)`,
		args: []any{a, hexSet(hashes)},
	})
}

// UseRecoveryCode implements [provisioning.Factors].
func (s factors) UseRecoveryCode(ctx context.Context, a provisioning.AccountID, hash []byte, at time.Time) (bool, error) {
	return s.db.touched(ctx, `
		update recovery_codes set used_at = $3 where account_id = $1 and hash = $2 and used_at is null`,
		a, blob(hash), instant(at))
}

// RecoveryCodes implements [provisioning.Factors].
func (s factors) RecoveryCodes(ctx context.Context, a provisioning.AccountID) (int, error) {
	return one(ctx, s.db, value[int], `
		select count(*) from recovery_codes where account_id = $1 and used_at is null`, a)
}
