package sqlstore

import (
	"context"

	"drawbridge/provisioning"
)

const groupColumns = `g.workspace_id, g.id, g.directory_id, g.display_name, g.external_id, g.version,
	g.created_at, g.updated_at, g.deleted_at`

// groupVocabulary is what filters may ask of groups g.
var groupVocabulary = vocabulary{
	columns: map[provisioning.Attribute]column{
		provisioning.AttrID:           {kind: exactText, expr: "g.id"},
		provisioning.AttrExternalID:   {kind: exactText, expr: "g.external_id", has: "g.external_id is not null"},
		provisioning.AttrDisplayName:  {kind: foldedText, expr: "g.display_key"},
		provisioning.AttrCreated:      {kind: moment, expr: "g.created_at"},
		provisioning.AttrLastModified: {kind: moment, expr: "g.updated_at"},
	},
	several: multiple{
		columns: map[provisioning.Attribute]column{
			provisioning.AttrMemberID: {kind: exactText, expr: "m.user_id"},
		},
		open: "g.id in (select m.group_id from group_members m where m.workspace_id = $1 and ",
	},
}

type groups struct{ db *session }

// Create implements [provisioning.Groups].
func (s groups) Create(ctx context.Context, g provisioning.Group) error {
	return s.db.insert(ctx, provisioning.KeyGroupName, `
		insert into directory_groups (workspace_id, id, directory_id, display_name, display_key, external_id,
			version, created_at, updated_at, deleted_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		on conflict (workspace_id, directory_id, display_key) where deleted_at is null do nothing`,
		g.Workspace, g.ID, g.Directory, g.DisplayName, provisioning.Fold(g.DisplayName), optional(g.ExternalID),
		g.Version, instant(g.CreatedAt), instant(g.UpdatedAt), instant(g.DeletedAt))
}

// Get implements [provisioning.Groups].
func (s groups) Get(ctx context.Context, ws provisioning.WorkspaceID, id provisioning.GroupID) (provisioning.Group, error) {
	return one(ctx, s.db, scanGroup, groupByID, ws, id)
}

const groupByID = `select ` + groupColumns + ` from directory_groups g where g.workspace_id = $1 and g.id = $2`

// Update implements [provisioning.Groups].
func (s groups) Update(ctx context.Context, g provisioning.Group) error {
	err := s.db.update(ctx, `
		update directory_groups set display_name = $3, display_key = $4, external_id = $5, version = $6,
			updated_at = $7, deleted_at = $8
		where workspace_id = $1 and id = $2`,
		g.Workspace, g.ID, g.DisplayName, provisioning.Fold(g.DisplayName), optional(g.ExternalID), g.Version,
		instant(g.UpdatedAt), instant(g.DeletedAt))
	return taken(err, provisioning.KeyGroupName)
}

// Lock implements [provisioning.Groups].
func (s groups) Lock(ctx context.Context, ws provisioning.WorkspaceID, id provisioning.GroupID) (provisioning.Group, error) {
	return one(ctx, s.db, scanGroup, groupByID+s.db.forUpdate, ws, id)
}

// List implements [provisioning.Groups].
func (s groups) List(ctx context.Context, ws provisioning.WorkspaceID, q provisioning.GroupQuery) ([]provisioning.Group, int, error) {
	p := parameters{values: []any{ws}}
	filter, err := groupVocabulary.compile(q.Filter, &p)
	if err != nil {
		return nil, 0, err
	}
	from := " from directory_groups g where g.workspace_id = $1 and g.deleted_at is null and " + filter
	if q.Directory != "" {
		from += " and g.directory_id = " + p.add(q.Directory)
	}
	var total []int
	var found []provisioning.Group
	statements := []statement{{sql: "select count(*)" + from, args: p.values, scan: gather(&total, value[int])}}
	if q.Limit > 0 {
		page := from + " order by g.id limit " + p.add(q.Limit) + " offset " + p.add(q.Offset)
		statements = append(statements, statement{
			sql: "select " + groupColumns + page, args: p.values, scan: gather(&found, scanGroup),
		})
	}
	if err := s.db.batch(ctx, statements...); err != nil {
		return nil, 0, err
	}
	return found, total[0], nil
}

func scanGroup(r rows) (provisioning.Group, error) {
	var g provisioning.Group
	err := r.Scan(&g.Workspace, &g.ID, &g.Directory, &g.DisplayName, optionalOf(&g.ExternalID), &g.Version,
		instantOf(&g.CreatedAt), instantOf(&g.UpdatedAt), instantOf(&g.DeletedAt))
	return g, err
}
