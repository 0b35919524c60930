package sqlstore

import (
	"context"

	"drawbridge/provisioning"
)

type subjects struct{ db *session }

// Claim implements [provisioning.Subjects]. Whoever comes second waits in the
// INSERT; the SELECT, a statement of its own, then sees the winner.
func (s subjects) Claim(ctx context.Context, ws provisioning.WorkspaceID, c provisioning.ConnectionID, subject string, u provisioning.UserID) (provisioning.UserID, error) {
	var owner []provisioning.UserID
	err := s.db.batch(ctx, statement{
		sql: `insert into subjects (workspace_id, connection_id, subject, user_id) values ($1, $2, $3, $4)
			on conflict (workspace_id, connection_id, subject) do nothing`,
		args: []any{ws, c, subject, u},
	}, statement{
		sql:  subjectOwner,
		args: []any{ws, c, subject},
		scan: gather(&owner, value[provisioning.UserID]),
	})
	if err != nil {
		return "", err
	}
	if len(owner) == 0 { // released between the two statements: free again
		return s.Claim(ctx, ws, c, subject, u)
	}
	return owner[0], nil
}

const subjectOwner = `select user_id from subjects where workspace_id = $1 and connection_id = $2 and subject = $3`

// Of implements [provisioning.Subjects].
func (s subjects) Of(ctx context.Context, ws provisioning.WorkspaceID, c provisioning.ConnectionID, subject string) (provisioning.UserID, error) {
	return one(ctx, s.db, value[provisioning.UserID], subjectOwner, ws, c, subject)
}

// Release implements [provisioning.Subjects].
func (s subjects) Release(ctx context.Context, ws provisioning.WorkspaceID, c provisioning.ConnectionID, u provisioning.UserID, keep string) error {
	_, err := s.db.exec(ctx, `
		delete from subjects
		where workspace_id = $1 and connection_id = $2 and user_id = $3 and subject <> $4`, ws, c, u, keep)
	return err
}

// ReleaseAll implements [provisioning.Subjects].
func (s subjects) ReleaseAll(ctx context.Context, ws provisioning.WorkspaceID, u provisioning.UserID) error {
	_, err := s.db.exec(ctx, `delete from subjects where workspace_id = $1 and user_id = $2`, ws, u)
	return err
}
