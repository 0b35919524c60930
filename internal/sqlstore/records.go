package sqlstore

import (
	"context"

	"drawbridge/provisioning"
)

// recordColumns are what [recordFields] scans, of directory_records r, which
// may be the absent side of a left join.
const recordColumns = `r.workspace_id, r.user_id, r.directory_id, r.external_id, coalesce(r.active, false),
	r.inactive_at, r.user_name, r.display_name, r.given_name, r.family_name, r.formatted_name,
	r.locale, r.emails, r.attributes, r.created_at, r.updated_at`

type records struct{ db *session }

// Create implements [provisioning.Records].
func (s records) Create(ctx context.Context, r provisioning.DirectoryRecord) error {
	p := r.Profile
	added, err := s.db.touched(ctx, `
		insert into directory_records (workspace_id, user_id, directory_id, external_id, active, inactive_at,
			user_name, display_name, given_name, family_name, formatted_name, locale, user_name_key,
			display_key, given_key, family_key, formatted_key, emails, attributes, created_at, updated_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)
		on conflict do nothing`,
		r.Workspace, r.User, r.Directory, optional(r.ExternalID), r.Active, instant(r.InactiveAt),
		p.UserName, p.DisplayName, p.GivenName, p.FamilyName, p.FormattedName, p.Locale,
		provisioning.Fold(p.UserName), provisioning.Fold(p.DisplayName), provisioning.Fold(p.GivenName),
		provisioning.Fold(p.FamilyName), provisioning.Fold(p.FormattedName), jsonText(p.Emails),
		jsonText(p.Attributes), instant(r.CreatedAt), instant(r.UpdatedAt))
	if err != nil {
		return err
	}
	if !added {
		return s.whichTaken(ctx, r)
	}
	return s.db.batch(ctx, addEmails(r), statement{
		sql:  `update users set directory_id = $3 where workspace_id = $1 and id = $2`,
		args: []any{r.Workspace, r.User, r.Directory},
	})
}

// whichTaken says which of the two keys kept r out. To look afterwards leaves
// the transaction usable, which PostgreSQL's own error does not.
func (s records) whichTaken(ctx context.Context, r provisioning.DirectoryRecord) error {
	has, err := one(ctx, s.db, value[bool], `
		select exists (select 1 from directory_records where workspace_id = $1 and user_id = $2)`,
		r.Workspace, r.User)
	if err != nil {
		return err
	}
	if has {
		return &provisioning.TakenError{Key: provisioning.KeyRecord}
	}
	return &provisioning.TakenError{Key: provisioning.KeyExternalID}
}

// Update implements [provisioning.Records].
func (s records) Update(ctx context.Context, r provisioning.DirectoryRecord) error {
	p := r.Profile
	err := s.db.update(ctx, `
		update directory_records set external_id = $4, active = $5, inactive_at = $6, user_name = $7,
			display_name = $8, given_name = $9, family_name = $10, formatted_name = $11, locale = $12,
			user_name_key = $13, display_key = $14, given_key = $15, family_key = $16, formatted_key = $17,
			emails = $18, attributes = $19, updated_at = $20
		where workspace_id = $1 and user_id = $2 and directory_id = $3`,
		r.Workspace, r.User, r.Directory, optional(r.ExternalID), r.Active, instant(r.InactiveAt),
		p.UserName, p.DisplayName, p.GivenName, p.FamilyName, p.FormattedName, p.Locale,
		provisioning.Fold(p.UserName), provisioning.Fold(p.DisplayName), provisioning.Fold(p.GivenName),
		provisioning.Fold(p.FamilyName), provisioning.Fold(p.FormattedName), jsonText(p.Emails),
		jsonText(p.Attributes), instant(r.UpdatedAt))
	if err != nil {
		return taken(err, provisioning.KeyExternalID)
	}
	return s.db.batch(ctx, statement{
		sql:  `delete from record_emails where workspace_id = $1 and user_id = $2`,
		args: []any{r.Workspace, r.User},
	}, addEmails(r))
}

// addEmails writes the index rows of the record's addresses.
func addEmails(r provisioning.DirectoryRecord) statement {
	position := -1
	return statement{
		sql: `insert into record_emails (workspace_id, user_id, position, value_key, type_key, is_primary)
			select $1, $2, cast(value ->> 'position' as bigint), value ->> 'value', value ->> 'type',
				cast(value ->> 'primary' as boolean)
			from json_each($3)`,
		args: []any{r.Workspace, r.User, rowsJSON(r.Profile.Emails, func(e provisioning.Email) row {
			position++
			return row{
				"position": position,
				"value":    provisioning.Fold(e.Value),
				"type":     optional(provisioning.Fold(e.Type)),
				"primary":  e.Primary,
			}
		})},
	}
}

// Delete implements [provisioning.Records]. The e-mail rows go with it.
func (s records) Delete(ctx context.Context, ws provisioning.WorkspaceID, u provisioning.UserID) error {
	_, err := s.db.exec(ctx, `delete from directory_records where workspace_id = $1 and user_id = $2`, ws, u)
	return err
}

// ByExternalID implements [provisioning.Records].
func (s records) ByExternalID(ctx context.Context, ws provisioning.WorkspaceID, d provisioning.DirectoryID, externalID string) (provisioning.UserID, error) {
	return one(ctx, s.db, value[provisioning.UserID], `
		select user_id from directory_records
		where workspace_id = $1 and directory_id = $2 and external_id = $3`, ws, d, externalID)
}

// OfDirectory implements [provisioning.Records].
func (s records) OfDirectory(ctx context.Context, ws provisioning.WorkspaceID, d provisioning.DirectoryID, after provisioning.UserID, limit int) ([]provisioning.UserID, error) {
	return list(ctx, s.db, value[provisioning.UserID], `
		select user_id from directory_records
		where workspace_id = $1 and directory_id = $2 and user_id > $3
		order by user_id limit $4`, ws, d, after, limit)
}

// recordFields are the destinations of [recordColumns]. Where there is no
// record, r.User stays "".
func recordFields(r *provisioning.DirectoryRecord) []any {
	p := &r.Profile
	return []any{
		optionalOf(&r.Workspace), optionalOf(&r.User), optionalOf(&r.Directory), optionalOf(&r.ExternalID), &r.Active,
		instantOf(&r.InactiveAt), optionalOf(&p.UserName), optionalOf(&p.DisplayName), optionalOf(&p.GivenName),
		optionalOf(&p.FamilyName), optionalOf(&p.FormattedName), optionalOf(&p.Locale), jsonOf(&p.Emails),
		jsonOf(&p.Attributes), instantOf(&r.CreatedAt), instantOf(&r.UpdatedAt),
	}
}
