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

// ClaimRecorded implements [provisioning.Subjects].
func (s subjects) ClaimRecorded(ctx context.Context, ws provisioning.WorkspaceID, c provisioning.ConnectionID, d provisioning.DirectoryID) (user, owner provisioning.UserID, err error) {
	_, err = s.db.exec(ctx, `
		insert into subjects (workspace_id, connection_id, subject, user_id)
		select r.workspace_id, $2, r.external_id, r.user_id from directory_records r
		where r.workspace_id = $1 and r.directory_id = $3 and r.external_id is not null
		on conflict (workspace_id, connection_id, subject) do nothing`, ws, c, d)
	if err != nil {
		return "", "", err
	}
	type clash struct{ user, owner provisioning.UserID }
	clashes, err := list(ctx, s.db, func(r rows) (clash, error) {
		var found clash
		err := r.Scan(&found.user, &found.owner)
		return found, err
	}, `
		select r.user_id, s.user_id from directory_records r
		join subjects s on s.workspace_id = r.workspace_id and s.connection_id = $2 and s.subject = r.external_id
		where r.workspace_id = $1 and r.directory_id = $3 and s.user_id <> r.user_id
		order by r.user_id limit 1`, ws, c, d)
	if err != nil || len(clashes) == 0 {
		return "", "", err
	}
	return clashes[0].user, clashes[0].owner, nil
}

// ReleaseRecorded implements [provisioning.Subjects].
func (s subjects) ReleaseRecorded(ctx context.Context, ws provisioning.WorkspaceID, c provisioning.ConnectionID, d provisioning.DirectoryID) error {
	_, err := s.db.exec(ctx, `
		delete from subjects where workspace_id = $1 and connection_id = $2
			and user_id in (select r.user_id from directory_records r where r.workspace_id = $1 and r.directory_id = $3)
			and not exists (select 1 from identities i
				where i.workspace_id = $1 and i.connection_id = $2 and i.user_id = subjects.user_id
					and i.subject = subjects.subject and i.retired_at is null)`, ws, c, d)
	return err
}
