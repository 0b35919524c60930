package sqlstore

import (
	"context"
	"fmt"

	"drawbridge/provisioning"
)

// recordVocabulary is what filters may ask of users u with a record r. A text
// that is empty is no value (RFC 7643 §2.5).
var recordVocabulary = vocabulary{
	columns: map[provisioning.Attribute]column{
		provisioning.AttrID:            {kind: exactText, expr: "r.user_id"},
		provisioning.AttrExternalID:    {kind: exactText, expr: "r.external_id", has: "r.external_id is not null"},
		provisioning.AttrUserName:      {kind: foldedText, expr: "r.user_name_key"},
		provisioning.AttrDisplayName:   {kind: foldedText, expr: "r.display_key", has: "r.display_key <> ''"},
		provisioning.AttrGivenName:     {kind: foldedText, expr: "r.given_key", has: "r.given_key <> ''"},
		provisioning.AttrFamilyName:    {kind: foldedText, expr: "r.family_key", has: "r.family_key <> ''"},
		provisioning.AttrFormattedName: {kind: foldedText, expr: "r.formatted_key", has: "r.formatted_key <> ''"},
		provisioning.AttrActive:        {kind: boolean, expr: "r.active"},
		provisioning.AttrCreated:       {kind: moment, expr: "r.created_at"},
		provisioning.AttrLastModified:  {kind: moment, expr: "r.updated_at"},
	},
	several: multiple{
		columns: map[provisioning.Attribute]column{
			provisioning.AttrEmailValue:   {kind: foldedText, expr: "e.value_key", has: "e.value_key <> ''"},
			provisioning.AttrEmailType:    {kind: foldedText, expr: "e.type_key", has: "e.type_key is not null"},
			provisioning.AttrEmailPrimary: {kind: boolean, expr: "e.is_primary"},
		},
		open:   "r.user_id in (select e.user_id from record_emails e where e.workspace_id = $1 and ",
		emails: true,
	},
}

// userVocabulary is what filters may ask of users u without a record: userName
// and e-mail. Their names are not kept folded and count as absent.
var userVocabulary = vocabulary{
	columns: map[provisioning.Attribute]column{
		provisioning.AttrID:            {kind: exactText, expr: "u.id"},
		provisioning.AttrExternalID:    {kind: exactText},
		provisioning.AttrUserName:      {kind: foldedText, expr: "u.user_name_key"},
		provisioning.AttrDisplayName:   {kind: foldedText},
		provisioning.AttrGivenName:     {kind: foldedText},
		provisioning.AttrFamilyName:    {kind: foldedText},
		provisioning.AttrFormattedName: {kind: foldedText},
		provisioning.AttrActive: {kind: boolean, expr: `(not exists (select 1 from blocks b
			where b.workspace_id = u.workspace_id and b.user_id = u.id and b.source = 'directory'))`},
		provisioning.AttrCreated:      {kind: moment, expr: "u.created_at"},
		provisioning.AttrLastModified: {kind: moment, expr: "u.updated_at"},
	},
	several: multiple{
		columns: map[provisioning.Attribute]column{
			provisioning.AttrEmailValue:   {kind: foldedText, expr: "u.email_key"},
			provisioning.AttrEmailType:    {kind: foldedText},
			provisioning.AttrEmailPrimary: {kind: boolean},
		},
		open:   "(u.email_key <> '' and ",
		emails: true,
	},
}

// List implements [provisioning.Records]. The total is a statement of its own,
// so that it is right on an empty page too.
func (s records) List(ctx context.Context, ws provisioning.WorkspaceID, q provisioning.RecordQuery) ([]provisioning.DirectoryUser, int, error) {
	p := parameters{values: []any{ws}}
	seen, err := s.seen(q, &p)
	if err != nil {
		return nil, 0, err
	}
	var total []int
	var people []provisioning.User
	var groups []provisioning.Member
	statements := []statement{{
		sql: seen + "select count(*) from seen", args: p.values, scan: gather(&total, value[int]),
	}}
	if q.Limit > 0 {
		page := "select id from seen order by id limit " + p.add(q.Limit) + " offset " + p.add(q.Offset)
		statements = append(statements, statement{
			sql: seen + "select " + personColumns + " from (" + page + ") s cross join users u" + theirRecords +
				" where u.workspace_id = $1 and u.id = s.id order by u.id",
			args: p.values,
			scan: gather(&people, scanPerson),
		}, statement{
			sql: seen + `select m.group_id, m.user_id, g.display_name
				from (` + page + `) s cross join group_members m cross join directory_groups g
				where m.workspace_id = $1 and m.user_id = s.id
					and g.workspace_id = $1 and g.id = m.group_id and g.deleted_at is null
				order by m.user_id, m.group_id`,
			args: p.values,
			scan: gather(&groups, scanMember),
		})
	}
	if err := s.db.batch(ctx, statements...); err != nil {
		return nil, 0, err
	}
	return withTheirGroups(people, groups), total[0], nil
}

// withTheirGroups puts people and groups together, both ordered by user.
func withTheirGroups(people []provisioning.User, groups []provisioning.Member) []provisioning.DirectoryUser {
	found := make([]provisioning.DirectoryUser, len(people))
	for i, u := range people {
		found[i].User = u
		for len(groups) > 0 && groups[0].User == u.ID {
			found[i].Groups = append(found[i].Groups, provisioning.GroupRef{ID: groups[0].Group, DisplayName: groups[0].Display})
			groups = groups[1:]
		}
	}
	return found
}

// seen begins a statement about the ids of the users that the query finds. A
// page without a filter is read in the order of an index; with one, the filter
// chooses the index, and what it finds is sorted.
func (s records) seen(q provisioning.RecordQuery, p *parameters) (string, error) {
	arms, err := s.arms(q, p)
	if q.Filter == nil {
		return "with seen as not materialized (" + arms + ") ", err
	}
	return "with seen as materialized (" + arms + ") ", err
}

// arms selects those ids. Users with and without a record are two arms, each
// with its own words for the filter: that leaves every comparison to an index.
// To SQLite, CROSS JOIN also says what to begin with.
func (s records) arms(q provisioning.RecordQuery, p *parameters) (string, error) {
	filter, err := recordVocabulary.compile(q.Filter, p)
	if err != nil {
		return "", err
	}
	own := `select r.user_id as id from directory_records r cross join users u
		where r.workspace_id = $1 and r.directory_id = ` + p.add(q.Directory) + `
			and u.workspace_id = $1 and u.id = r.user_id and u.removed_at is null and ` + filter
	if !q.Adoptable {
		return own, nil
	}
	filter, err = userVocabulary.compile(q.Filter, p)
	if err != nil {
		return "", err
	}
	return own + `
		union all
		select u.id as id from users u
		where u.workspace_id = $1 and u.removed_at is null and ` + s.adoptable(p.add(q.Connection), s.db.clockNow(p)) + ` and ` + filter, nil
}

// adoptable holds for users u that a directory paired with the connection may
// adopt (rules 9 and 15). That nobody has two live identities of a connection
// is a unique key.
func (s records) adoptable(connection, now string) string {
	return `not exists (select 1 from directory_records r
			where r.workspace_id = u.workspace_id and r.user_id = u.id)
		and not exists (select 1 from invitations i
			where i.workspace_id = u.workspace_id and i.user_id = u.id and i.adoptable = false
				and i.accepted_at is null and i.cancelled_at is null and i.expires_at > ` + now + `)
		and (exists (select 1 from identities i
				where i.workspace_id = u.workspace_id and i.user_id = u.id
					and i.connection_id = ` + connection + ` and i.retired_at is null)
			or (not exists (select 1 from identities i
					where i.workspace_id = u.workspace_id and i.user_id = u.id)
				and exists (select 1 from domains d
					where d.workspace_id = u.workspace_id and d.verified_at is not null
						and (` + inDomain("u.user_name_key") + ` or ` + inDomain("u.email_key") + `))))`
}

// inDomain holds if the folded text is an address in the domain d.
func inDomain(text string) string {
	return fmt.Sprintf("(length(%[1]s) > length(d.name) + 1 and "+endsWith+")", text, "('@' || d.name)")
}
