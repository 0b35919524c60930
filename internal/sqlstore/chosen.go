package sqlstore

// chosen begins a statement about rows of the workspace $1 whose ids are the
// keys of the [set] $2. The pairs stand apart from the rest of the statement:
// written as `workspace_id = $1 and id in (…)`, PostgreSQL, which knows nothing
// of a table that was just filled, expects one row and compares each with each.
const chosen = `with chosen as materialized (
	select cast($1 as text) as workspace_id, key as id from json_each($2)) `
