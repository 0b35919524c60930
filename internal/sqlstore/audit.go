package sqlstore

import (
	"context"
	"errors"
	"fmt"

	"drawbridge/provisioning"
)

type audit struct{ db *session }

// auditEntries selects entries with the words that have not been erased.
const auditEntries = `
	select e.workspace_id, e.id, e.at, e.actor_kind, e.actor_id, e.directory_id, e.request_id, e.action,
		e.target_kind, e.target_id, e.result, e.details, e.commitment, coalesce(e.sequence, 0), e.hash, w.salt, w.words
	from audit_entries e
	left join audit_words w on w.workspace_id = e.workspace_id and w.entry_id = e.id`

// scanAuditEntry gives the actor the workspace of the entry, but for those who
// stand above workspaces.
func scanAuditEntry(r rows) (provisioning.AuditEntry, error) {
	var e provisioning.AuditEntry
	err := r.Scan(&e.Workspace, &e.ID, instantOf(&e.At), &e.Actor.Kind, &e.Actor.ID, &e.Actor.Directory,
		&e.Actor.RequestID, &e.Action, &e.TargetKind, &e.Target, &e.Result, jsonOf(&e.Details), &e.Commitment,
		&e.Sequence, &e.Hash, &e.Salt, jsonOf(&e.Words))
	if e.Actor.Kind == provisioning.ActorDirectory || e.Actor.Kind == provisioning.ActorUser {
		e.Actor.Workspace = e.Workspace
	}
	return e, err
}

func auditEntryRow(e provisioning.AuditEntry) row {
	return row{
		"workspace": e.Workspace, "id": e.ID, "at": e.At.UnixMicro(),
		"actorKind": e.Actor.Kind, "actor": e.Actor.ID, "directory": e.Actor.Directory, "request": e.Actor.RequestID,
		"action": e.Action, "targetKind": e.TargetKind, "target": e.Target, "result": e.Result,
		"details": jsonText(e.Details), "commitment": hexText(e.Commitment),
	}
}

func auditWordsRow(e provisioning.AuditEntry) row {
	return row{"workspace": e.Workspace, "id": e.ID, "salt": hexText(blob(e.Salt)), "words": jsonText(e.Words)}
}

func (s audit) Append(ctx context.Context, entries []provisioning.AuditEntry) error {
	if len(entries) == 0 {
		return nil
	}
	statements := []statement{{
		sql: `
			insert into audit_entries (workspace_id, id, at, actor_kind, actor_id, directory_id, request_id, action,
				target_kind, target_id, result, details, commitment)
			select value ->> 'workspace', value ->> 'id', cast(value ->> 'at' as bigint), value ->> 'actorKind',
				value ->> 'actor', value ->> 'directory', value ->> 'request', value ->> 'action',
				value ->> 'targetKind', value ->> 'target', value ->> 'result', value ->> 'details',
				` + s.db.unhex(`value ->> 'commitment'`) + `
			from json_each($1)`,
		args: []any{rowsJSON(entries, auditEntryRow)},
	}}
	if worded := withWords(entries); len(worded) > 0 {
		statements = append(statements, statement{
			sql: `
				insert into audit_words (workspace_id, entry_id, salt, words)
				select value ->> 'workspace', value ->> 'id', ` + s.db.unhex(`value ->> 'salt'`) + `, value ->> 'words'
				from json_each($1)`,
			args: []any{rowsJSON(worded, auditWordsRow)},
		})
	}
	return s.db.batch(ctx, statements...)
}

func withWords(entries []provisioning.AuditEntry) []provisioning.AuditEntry {
	var worded []provisioning.AuditEntry
	for _, e := range entries {
		if len(e.Words) > 0 {
			worded = append(worded, e)
		}
	}
	return worded
}

const auditHead = `select workspace_id, sequence, hash from audit_heads where workspace_id = $1`

func scanAuditHead(r rows) (provisioning.AuditHead, error) {
	var h provisioning.AuditHead
	err := r.Scan(&h.Workspace, &h.Sequence, &h.Hash)
	if len(h.Hash) == 0 {
		h.Hash = nil // before the first seal
	}
	return h, err
}

// LockHead finds the row that the workspace was created with, unless another
// transaction holds it. Whoever writes on SQLite is alone.
func (s audit) LockHead(ctx context.Context, ws provisioning.WorkspaceID) (provisioning.AuditHead, bool, error) {
	head, err := one(ctx, s.db, scanAuditHead, auditHead+s.db.skipLocked, ws)
	if errors.Is(err, provisioning.ErrNotFound) {
		return provisioning.AuditHead{}, false, nil
	}
	return head, err == nil, err
}

func (s audit) Head(ctx context.Context, ws provisioning.WorkspaceID) (provisioning.AuditHead, error) {
	head, err := one(ctx, s.db, scanAuditHead, auditHead, ws)
	if errors.Is(err, provisioning.ErrNotFound) {
		return provisioning.AuditHead{Workspace: ws}, nil
	}
	return head, err
}

func (s audit) Unsealed(ctx context.Context, ws provisioning.WorkspaceID, limit int) ([]provisioning.AuditEntry, error) {
	return list(ctx, s.db, scanAuditEntry, auditEntries+`
		where e.workspace_id = $1 and e.sequence is null
		order by e.id
		limit $2`, ws, limit)
}

func (s audit) Sealed(ctx context.Context, ws provisioning.WorkspaceID, after int64, limit int) ([]provisioning.AuditEntry, error) {
	return list(ctx, s.db, scanAuditEntry, auditEntries+`
		where e.workspace_id = $1 and e.sequence > $2
		order by e.sequence
		limit $3`, ws, after, limit)
}

func sealRow(e provisioning.AuditEntry) row {
	return row{"id": e.ID, "sequence": e.Sequence, "hash": hexText(e.Hash)}
}

// Seal never seals an entry twice: that would break the chain behind it.
func (s audit) Seal(ctx context.Context, entries []provisioning.AuditEntry, head provisioning.AuditHead) error {
	n, err := s.db.exec(ctx, `
		update audit_entries
		set sequence = cast(sealed.value ->> 'sequence' as bigint), hash = `+s.db.unhex(`sealed.value ->> 'hash'`)+`
		from json_each($2) sealed
		where audit_entries.workspace_id = $1
			and audit_entries.id = sealed.value ->> 'id'
			and audit_entries.sequence is null`, head.Workspace, rowsJSON(entries, sealRow))
	if err != nil {
		return err
	}
	if n != int64(len(entries)) {
		return &failure{err: fmt.Errorf("of %d audit entries to seal only %d were unsealed", len(entries), n)}
	}
	return s.db.update(ctx, `update audit_heads set sequence = $2, hash = $3 where workspace_id = $1`,
		head.Workspace, head.Sequence, blob(head.Hash))
}

func (s audit) CountUnsealed(ctx context.Context, ws provisioning.WorkspaceID) (int, error) {
	return one(ctx, s.db, value[int], `
		select count(*) from audit_entries where workspace_id = $1 and sequence is null`, ws)
}
