package sqlstore

import (
	"context"

	"drawbridge/provisioning"
)

type directories struct{ db *session }

const directoryColumns = `d.workspace_id, d.id, d.name, d.preset, d.switches, d.connection_id, d.deleted_at, d.created_at`

// directoryFields are where [directoryColumns] go.
func directoryFields(d *provisioning.Directory) []any {
	return []any{
		&d.Workspace, &d.ID, &d.Name, &d.Preset, jsonOf(&d.Switches), optionalOf(&d.Connection),
		instantOf(&d.DeletedAt), instantOf(&d.CreatedAt),
	}
}

func scanDirectory(r rows) (provisioning.Directory, error) {
	var d provisioning.Directory
	err := r.Scan(directoryFields(&d)...)
	return d, err
}

func (s directories) Create(ctx context.Context, d provisioning.Directory) error {
	return s.db.insert(ctx, provisioning.KeyName, `
		insert into directories (workspace_id, id, name, name_key, preset, switches, connection_id, deleted_at, created_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		on conflict (workspace_id, name_key) where deleted_at is null do nothing`,
		d.Workspace, d.ID, d.Name, provisioning.Fold(d.Name), d.Preset, jsonText(d.Switches), optional(d.Connection),
		instant(d.DeletedAt), d.CreatedAt.UnixMicro())
}

func (s directories) Find(ctx context.Context, id provisioning.DirectoryID) (provisioning.Directory, error) {
	return one(ctx, s.db, scanDirectory, `select `+directoryColumns+` from directories d where d.id = $1`, id)
}

func (s directories) Hold(ctx context.Context, id provisioning.DirectoryID) (provisioning.Directory, error) {
	return one(ctx, s.db, scanDirectory, `select `+directoryColumns+` from directories d where d.id = $1`+s.db.forKeyShare, id)
}

func (s directories) Lock(ctx context.Context, id provisioning.DirectoryID) (provisioning.Directory, error) {
	return one(ctx, s.db, scanDirectory, `select `+directoryColumns+` from directories d where d.id = $1`+s.db.forUpdateWhole, id)
}

func (s directories) List(ctx context.Context, ws provisioning.WorkspaceID) ([]provisioning.Directory, error) {
	return list(ctx, s.db, scanDirectory, `
		select `+directoryColumns+` from directories d
		where d.workspace_id = $1 and d.deleted_at is null
		order by d.id`, ws)
}

func (s directories) Update(ctx context.Context, d provisioning.Directory) error {
	err := s.db.update(ctx, `
		update directories set name = $3, name_key = $4, preset = $5, switches = $6, connection_id = $7, deleted_at = $8
		where workspace_id = $1 and id = $2`,
		d.Workspace, d.ID, d.Name, provisioning.Fold(d.Name), d.Preset, jsonText(d.Switches), optional(d.Connection),
		instant(d.DeletedAt))
	return taken(err, provisioning.KeyName)
}

func (s directories) Paired(ctx context.Context, ws provisioning.WorkspaceID, c provisioning.ConnectionID) ([]provisioning.Directory, error) {
	return list(ctx, s.db, scanDirectory, `
		select `+directoryColumns+` from directories d
		where d.workspace_id = $1 and d.connection_id = $2 and d.deleted_at is null
		order by d.id`, ws, c)
}
