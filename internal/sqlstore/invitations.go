package sqlstore

import (
	"cmp"
	"context"
	"slices"
	"time"

	"drawbridge/provisioning"
)

const invitationColumns = `i.workspace_id, i.id, i.user_id, i.email, i.secret_hash, i.administers, i.adoptable,
	i.shown, i.invited_by, i.created_at, i.expires_at, i.accepted_at, i.cancelled_at`

type invitations struct{ db *session }

// Create implements [provisioning.Invitations].
func (s invitations) Create(ctx context.Context, i provisioning.Invitation) error {
	return s.db.batch(ctx, statement{
		sql: `insert into invitations (workspace_id, id, user_id, email, email_key, secret_hash, administers,
				adoptable, shown, invited_by, created_at, expires_at, accepted_at, cancelled_at)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
		args: []any{
			i.Workspace, i.ID, i.User, i.Email, provisioning.Fold(i.Email), blob(i.SecretHash), i.Administers,
			i.Adoptable, i.Shown, optional(i.InvitedBy), instant(i.CreatedAt), instant(i.ExpiresAt),
			instant(i.AcceptedAt), instant(i.CancelledAt),
		},
	}, statement{
		sql: `insert into invitation_roles (workspace_id, invitation_id, community_id, role_id)
			select $1, $2, value ->> 'community', value ->> 'role' from json_each($3) where true
			on conflict (workspace_id, invitation_id, community_id, role_id) do nothing`,
		args: []any{i.Workspace, i.ID, rowsJSON(i.Roles, func(r provisioning.RoleIn) row {
			return row{"community": r.Community, "role": r.Role}
		})},
	})
}

// Find implements [provisioning.Invitations].
func (s invitations) Find(ctx context.Context, id provisioning.InvitationID) (provisioning.Invitation, error) {
	found, err := s.withRoles(ctx, "i.id = $1", id)
	if err == nil && len(found) == 0 {
		err = provisioning.ErrNotFound
	}
	if err != nil {
		return provisioning.Invitation{}, err
	}
	return found[0], nil
}

// OfUser implements [provisioning.Invitations].
func (s invitations) OfUser(ctx context.Context, ws provisioning.WorkspaceID, u provisioning.UserID) ([]provisioning.Invitation, error) {
	return s.withRoles(ctx, "i.workspace_id = $1 and i.user_id = $2", ws, u)
}

// List implements [provisioning.Invitations].
func (s invitations) List(ctx context.Context, ws provisioning.WorkspaceID, q provisioning.InvitationQuery) ([]provisioning.Invitation, error) {
	p := parameters{values: []any{ws}}
	page := "select workspace_id, id from invitations where workspace_id = $1"
	if q.Pending {
		page += " and accepted_at is null and cancelled_at is null"
	}
	if q.Before != "" {
		page += " and id < " + p.add(q.Before)
	}
	page += " order by id desc limit " + p.add(cmp.Or(q.Limit, defaultPage))
	found, err := s.withRoles(ctx, "(i.workspace_id, i.id) in ("+page+")", p.values...)
	slices.SortFunc(found, func(a, b provisioning.Invitation) int { return cmp.Compare(b.ID, a.ID) })
	return found, err
}

// Update implements [provisioning.Invitations].
func (s invitations) Update(ctx context.Context, i provisioning.Invitation) error {
	return s.db.update(ctx, `
		update invitations set secret_hash = $3, shown = $4, invited_by = $5, expires_at = $6, cancelled_at = $7
		where workspace_id = $1 and id = $2 and accepted_at is null and cancelled_at is null`,
		i.Workspace, i.ID, blob(i.SecretHash), i.Shown, optional(i.InvitedBy), instant(i.ExpiresAt), instant(i.CancelledAt))
}

// withRoles reads the invitations i of which the condition holds, newest
// first, with their roles, in one round trip.
func (s invitations) withRoles(ctx context.Context, condition string, args ...any) ([]provisioning.Invitation, error) {
	var found []provisioning.Invitation
	roles := make(map[provisioning.InvitationID][]provisioning.RoleIn)
	err := s.db.batch(ctx, statement{
		sql: "select " + invitationColumns + " from invitations i where " + condition +
			" order by i.created_at desc, i.id desc",
		args: args,
		scan: gather(&found, scanInvitation),
	}, statement{
		// The cross join makes SQLite begin with the few invitations, not with all
		// roles of the workspace.
		sql: `select i.id, r.community_id, r.role_id from invitations i cross join invitation_roles r
			where r.workspace_id = i.workspace_id and r.invitation_id = i.id and (` + condition + `)
			order by r.community_id, r.role_id`,
		args: args,
		scan: func(r rows) error {
			var id provisioning.InvitationID
			var role provisioning.RoleIn
			err := r.Scan(&id, &role.Community, &role.Role)
			roles[id] = append(roles[id], role)
			return err
		},
	})
	for i := range found {
		found[i].Roles = roles[found[i].ID]
	}
	return found, err
}

// Accept implements [provisioning.Invitations].
func (s invitations) Accept(ctx context.Context, ws provisioning.WorkspaceID, id provisioning.InvitationID, at time.Time) (bool, error) {
	return s.db.touched(ctx, `
		update invitations set accepted_at = $3
		where workspace_id = $1 and id = $2 and accepted_at is null and cancelled_at is null`,
		ws, id, instant(at))
}

// CancelOfUser implements [provisioning.Invitations].
func (s invitations) CancelOfUser(ctx context.Context, ws provisioning.WorkspaceID, u provisioning.UserID, at time.Time) ([]provisioning.InvitationID, error) {
	ids, err := list(ctx, s.db, value[provisioning.InvitationID], `
		update invitations set cancelled_at = $3
		where workspace_id = $1 and user_id = $2 and accepted_at is null and cancelled_at is null
		returning id`, ws, u, instant(at))
	slices.Sort(ids)
	return ids, err
}

func scanInvitation(r rows) (provisioning.Invitation, error) {
	var i provisioning.Invitation
	err := r.Scan(&i.Workspace, &i.ID, &i.User, &i.Email, &i.SecretHash, &i.Administers, &i.Adoptable,
		&i.Shown, optionalOf(&i.InvitedBy), instantOf(&i.CreatedAt), instantOf(&i.ExpiresAt), instantOf(&i.AcceptedAt), instantOf(&i.CancelledAt))
	return i, err
}
