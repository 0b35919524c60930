package migrations_test

import (
	"database/sql"
	"slices"
	"strings"
	"testing"

	"drawbridge/migrations"
)

// A schema is described by one line a fact, such as
//
//	users.email text not null
//	users primary key (workspace_id, id)
//	users_email on users (workspace_id, email_key) where removed_at is null
//
// so that the two engines can be compared. Both queries give these lines.

const postgresFacts = `
with tables as (
	select c.oid, c.relname as name from pg_class c
	where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and c.relname <> 'goose_db_version'
)
select t.name || '.' || a.attname || ' '
	|| case format_type(a.atttypid, a.atttypmod) when 'bigint' then 'integer' when 'boolean' then 'integer'
		when 'bytea' then 'blob' else format_type(a.atttypid, a.atttypmod) end
	|| case when a.attnotnull then ' not null' else '' end
	|| case when a.atthasdef then ' with default' else '' end
	|| case when a.attcollation not in (0, '"C"'::regcollation) then ' not by bytes' else '' end
from tables t join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
union all
select case when i.indisprimary then t.name || ' primary key'
		else case when i.indisunique then 'unique ' else '' end || ic.relname || ' on ' || t.name end
	|| ' (' || (select string_agg(replace(pg_get_indexdef(i.indexrelid, k::int, true), '"', ''), ', ' order by k)
		from generate_series(1, i.indnkeyatts) k) || ')'
	|| coalesce(' where ' || translate(lower(pg_get_expr(i.indpred, i.indrelid)), '()', ''), '')
from tables t join pg_index i on i.indrelid = t.oid join pg_class ic on ic.oid = i.indexrelid
union all
select t.name || ' (' || (select string_agg(a.attname, ', ' order by k.n)
		from unnest(f.conkey) with ordinality k(num, n)
		join pg_attribute a on a.attrelid = f.conrelid and a.attnum = k.num)
	|| ') references ' || f.confrelid::regclass || ' (' || (select string_agg(a.attname, ', ' order by k.n)
		from unnest(f.confkey) with ordinality k(num, n)
		join pg_attribute a on a.attrelid = f.confrelid and a.attnum = k.num) || ')'
	|| case f.confdeltype when 'c' then ' on delete cascade' when 'a' then '' else ' on delete otherwise' end
from tables t join pg_constraint f on f.conrelid = t.oid and f.contype = 'f'`

const sqliteFacts = `
with tables as (
	select name, strict from pragma_table_list
	where schema = 'main' and type = 'table' and name not like 'sqlite%' and name <> 'goose_db_version'
)
select t.name || '.' || c.name || ' ' || lower(c.type)
	|| case when c."notnull" then ' not null' else '' end
	|| case when c.dflt_value is not null then ' with default' else '' end
from tables t join pragma_table_info(t.name) c
union all
select t.name || ' is not strict' from tables t where not t.strict
union all
select t.name || ' primary key (' || (select group_concat(name, ', ')
	from (select name from pragma_table_info(t.name) where pk > 0 order by pk)) || ')'
from tables t
union all
select case when i."unique" then 'unique ' else '' end || i.name || ' on ' || t.name
	|| ' (' || (select group_concat(name, ', ') from (select name from pragma_index_info(i.name) order by seqno)) || ')'
	|| case when i.partial then (select lower(substr(sql, instr(sql, ' where '))) from sqlite_master m where m.name = i.name) else '' end
from tables t join pragma_index_list(t.name) i where i.origin <> 'pk'
union all
select t.name || ' (' || group_concat(f."from", ', ' order by f.seq) || ') references ' || f."table"
	|| ' (' || group_concat(f."to", ', ' order by f.seq) || ')'
	|| case f.on_delete when 'CASCADE' then ' on delete cascade' when 'NO ACTION' then '' else ' on delete otherwise' end
from tables t join pragma_foreign_key_list(t.name) f
group by t.name, f.id`

func facts(t *testing.T, engine migrations.Engine, query string) []string {
	t.Helper()
	db := database(t, engine)()
	if _, err := migrations.Up(t.Context(), engine, db); err != nil {
		t.Fatal(err)
	}
	found, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer found.Close()
	var lines []string
	for found.Next() {
		var line sql.NullString
		if err := found.Scan(&line); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line.String)
	}
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	slices.Sort(lines)
	return lines
}

func TestBothEnginesHaveTheSameSchema(t *testing.T) {
	t.Parallel()
	ours := facts(t, migrations.Postgres, postgresFacts)
	theirs := facts(t, migrations.SQLite, sqliteFacts)
	for _, line := range ours {
		if !slices.Contains(theirs, line) {
			t.Errorf("only PostgreSQL has: %s", line)
		}
	}
	for _, line := range theirs {
		if !slices.Contains(ours, line) {
			t.Errorf("only SQLite has: %s", line)
		}
	}
	for _, sample := range []string{
		"users.email text not null",
		"users.removed_at integer",
		"users primary key (workspace_id, id)",
		"unique users_user_name on users (workspace_id, user_name_key) where removed_at is null",
		"blocks (workspace_id, user_id) references users (workspace_id, id)",
	} {
		if !slices.Contains(ours, sample) {
			t.Errorf("the comparison does not see: %s", sample)
		}
	}
}

// Tables that stand outside workspaces; see the design's key model. Those of
// accounts are for all of a person's workspaces.
var outside = []string{
	"workspaces", "data_keys", "jobs",
	"accounts", "passkeys", "recovery_codes", "links", "challenges", "parent_sign_ins", "deliveries",
}

func TestEveryTableLeadsWithTheWorkspace(t *testing.T) {
	t.Parallel()
	for _, line := range facts(t, migrations.SQLite, sqliteFacts) {
		table, _, isKey := strings.Cut(line, " primary key ")
		if isKey && !slices.Contains(outside, table) && !strings.HasSuffix(line, "(workspace_id)") &&
			!strings.Contains(line, "(workspace_id, ") {
			t.Errorf("the key does not lead with the workspace: %s", line)
		}
	}
}

// To delete a user, PostgreSQL looks into every table that may refer to one;
// without an index that serves, deleting a workspace costs its square.
func TestReferencesToUsersAreIndexed(t *testing.T) {
	t.Parallel()
	lines := facts(t, migrations.SQLite, sqliteFacts)
	seen := 0
	for _, line := range lines {
		table, _, refers := strings.Cut(line, " (workspace_id, user_id) references users ")
		if !refers {
			continue
		}
		seen++
		serves := func(line string) bool {
			key := strings.HasPrefix(line, table+" primary key ") || strings.Contains(line, " on "+table+" (")
			return key && strings.Contains(line, "(workspace_id, user_id") && !strings.Contains(line, " where ") &&
				!strings.Contains(line, " references ")
		}
		if !slices.ContainsFunc(lines, serves) {
			t.Errorf("no index serves %s", line)
		}
	}
	if seen < 10 {
		t.Errorf("%d references to users were seen", seen)
	}
}
