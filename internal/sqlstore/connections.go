package sqlstore

import (
	"context"

	"drawbridge/provisioning"
)

type connections struct{ db *session }

func scanConnection(r rows) (provisioning.Connection, error) {
	var c provisioning.Connection
	err := r.Scan(&c.Workspace, &c.ID, &c.Name, &c.Issuer, &c.ClientID, &c.ClientSecret, &c.AutoCreate,
		optionalOf(&c.DefaultRole), instantOf(&c.DisabledAt), instantOf(&c.CreatedAt))
	return c, err
}

// loadConnections returns the connections c for which the condition holds, by
// id, with their default communities by id, in one round trip.
func loadConnections(ctx context.Context, db *session, condition string, args ...any) ([]provisioning.Connection, error) {
	var all []provisioning.Connection
	defaults := map[provisioning.ConnectionID][]provisioning.CommunityID{}
	err := db.batch(ctx, statement{
		sql: `
			select c.workspace_id, c.id, c.name, c.issuer, c.client_id, c.client_secret, c.auto_create,
				c.default_role_id, c.disabled_at, c.created_at
			from connections c
			where ` + condition + `
			order by c.id`,
		args: args,
		scan: gather(&all, scanConnection),
	}, statement{
		sql: `
			select cc.connection_id, cc.community_id
			from connection_communities cc
			join connections c on c.workspace_id = cc.workspace_id and c.id = cc.connection_id
			where ` + condition + `
			order by cc.community_id`,
		args: args,
		scan: func(r rows) error {
			var connection provisioning.ConnectionID
			var community provisioning.CommunityID
			err := r.Scan(&connection, &community)
			defaults[connection] = append(defaults[connection], community)
			return err
		},
	})
	for i := range all {
		all[i].DefaultCommunities = defaults[all[i].ID]
	}
	return all, err
}

func (s connections) Create(ctx context.Context, c provisioning.Connection) error {
	err := s.db.insert(ctx, provisioning.KeyName, `
		insert into connections (workspace_id, id, name, name_key, issuer, client_id, client_secret, auto_create,
			default_role_id, disabled_at, created_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
		on conflict (workspace_id, name_key) do nothing`,
		c.Workspace, c.ID, c.Name, provisioning.Fold(c.Name), c.Issuer, c.ClientID, blob(c.ClientSecret), c.AutoCreate,
		optional(c.DefaultRole), instant(c.DisabledAt), c.CreatedAt.UnixMicro())
	if err != nil {
		return err
	}
	return s.setDefaults(ctx, c)
}

func (s connections) Find(ctx context.Context, id provisioning.ConnectionID) (provisioning.Connection, error) {
	found, err := loadConnections(ctx, s.db, `c.id = $1`, id)
	if err != nil {
		return provisioning.Connection{}, err
	}
	if len(found) == 0 {
		return provisioning.Connection{}, provisioning.ErrNotFound
	}
	return found[0], nil
}

func (s connections) List(ctx context.Context, ws provisioning.WorkspaceID) ([]provisioning.Connection, error) {
	return loadConnections(ctx, s.db, `c.workspace_id = $1`, ws)
}

func (s connections) Update(ctx context.Context, c provisioning.Connection) error {
	err := s.db.update(ctx, `
		update connections set name = $3, name_key = $4, issuer = $5, client_id = $6, client_secret = $7,
			auto_create = $8, default_role_id = $9, disabled_at = $10
		where workspace_id = $1 and id = $2`,
		c.Workspace, c.ID, c.Name, provisioning.Fold(c.Name), c.Issuer, c.ClientID, blob(c.ClientSecret),
		c.AutoCreate, optional(c.DefaultRole), instant(c.DisabledAt))
	if err != nil {
		return taken(err, provisioning.KeyName)
	}
	return s.setDefaults(ctx, c)
}

// setDefaults makes the default communities those that c names.
func (s connections) setDefaults(ctx context.Context, c provisioning.Connection) error {
	wanted := set(c.DefaultCommunities)
	return s.db.batch(ctx, statement{
		sql: `
			delete from connection_communities
			where workspace_id = $1 and connection_id = $2
				and community_id not in (select key from json_each($3))`,
		args: []any{c.Workspace, c.ID, wanted},
	}, statement{
		sql: `
			insert into connection_communities (workspace_id, connection_id, community_id)
			select $1, $2, key from json_each($3)
			where true
			on conflict (workspace_id, connection_id, community_id) do nothing`,
		args: []any{c.Workspace, c.ID, wanted},
	})
}
