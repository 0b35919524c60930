package sqlstore

import (
	"slices"
	"strings"
	"testing"
)

// A table that 0001 or a later step made and that Delete forgot would keep
// what was said of a workspace.
func TestWorkspaces_Delete_EmptiesEveryTableOfAWorkspace(t *testing.T) {
	t.Parallel()
	tables, err := list(t.Context(), freshStore(t, "sqlite").engine.bare(), value[string], `
		select t.name from pragma_table_list t join pragma_table_info(t.name) c
		where t.schema = 'main' and c.name = 'workspace_id'`)
	if err != nil || len(tables) < 20 {
		t.Fatalf("%d tables (%v)", len(tables), err)
	}
	for _, table := range tables {
		emptied := func(sql string) bool { return sql == "delete from "+table+" where workspace_id = $1" }
		if !slices.ContainsFunc(deletions(), emptied) {
			t.Errorf("nothing deletes from %s", table)
		}
	}
	last := deletions()[len(deletions())-1]
	if !strings.HasPrefix(last, "delete from workspaces ") {
		t.Errorf("the workspace itself goes last, not by %q", last)
	}
}
