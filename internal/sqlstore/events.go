package sqlstore

import (
	"context"

	"drawbridge/provisioning"
)

type events struct{ db *session }

func scanEvent(r rows) (provisioning.Event, error) {
	var e provisioning.Event
	err := r.Scan(&e.Workspace, &e.ID, &e.Type, &e.Warning, &e.Subject, jsonOf(&e.Data), instantOf(&e.CreatedAt))
	return e, err
}

func eventRow(e provisioning.Event) row {
	return row{
		"workspace": e.Workspace, "id": e.ID, "type": e.Type, "warning": e.Warning, "subject": e.Subject,
		"data": jsonText(e.Data), "created": e.CreatedAt.UnixMicro(),
	}
}

func (s events) Append(ctx context.Context, events []provisioning.Event) error {
	if len(events) == 0 {
		return nil
	}
	_, err := s.db.exec(ctx, `
		insert into events (workspace_id, id, type, warning, subject, data, created_at)
		select value ->> 'workspace', value ->> 'id', value ->> 'type', cast(value ->> 'warning' as boolean),
			value ->> 'subject', value ->> 'data', cast(value ->> 'created' as bigint)
		from json_each($1)`, rowsJSON(events, eventRow))
	return err
}

func (s events) List(ctx context.Context, ws provisioning.WorkspaceID, after provisioning.EventID, limit int) ([]provisioning.Event, error) {
	return list(ctx, s.db, scanEvent, `
		select workspace_id, id, type, warning, subject, data, created_at
		from events
		where workspace_id = $1 and id > $2
		order by id
		limit $3`, ws, after, limit)
}
