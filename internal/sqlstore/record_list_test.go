package sqlstore

import (
	"strings"
	"testing"
	"time"

	"drawbridge/provisioning"
)

// SQLite plans without knowing what the tables hold, so that the plan is the
// same in every installation: a lookup must not become a walk.
func TestRecords_List_LooksUpByIndex(t *testing.T) {
	t.Parallel()
	f := newFixture(t, freshStore(t, "sqlite"))
	tests := map[string]struct {
		filter provisioning.Filter
		own    string // the index that finds the directory's users
		others string // the index that finds users it may adopt
	}{
		"userName eq": {
			compare(provisioning.AttrUserName, provisioning.Equal, "x"),
			"r USING INDEX directory_records_user_name", "u USING INDEX users_user_name",
		},
		"externalId eq": {
			compare(provisioning.AttrExternalID, provisioning.Equal, "x"),
			"r USING INDEX directory_records_external", "",
		},
		"emails.value eq": {
			compare(provisioning.AttrEmailValue, provisioning.Equal, "x"),
			"e USING INDEX record_emails_value (workspace_id=? AND value_key=?)", "",
		},
		"id eq": {
			compare(provisioning.AttrID, provisioning.Equal, "x"),
			"directory_records_directory (workspace_id=? AND directory_id=? AND user_id=?)",
			"u USING INDEX sqlite_autoindex_users_1 (workspace_id=? AND id=?)",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			plan := f.planOfList(t, provisioning.RecordQuery{Directory: dirID, Connection: oktaID, Adoptable: true, Filter: tt.filter})
			if !strings.Contains(plan, tt.own) || !strings.Contains(plan, tt.others) {
				t.Errorf("the plan does not use %q and %q:\n%s", tt.own, tt.others, plan)
			}
		})
	}
}

// planOfList returns how SQLite goes about finding what the query sees.
func (f *fixture) planOfList(t *testing.T, q provisioning.RecordQuery) string {
	t.Helper()
	db := f.store.engine.bare()
	db.now = time.Now
	p := parameters{values: []any{wsID}}
	seen, err := records{&db}.seen(q, &p)
	if err != nil {
		t.Fatal(err)
	}
	step := func(r rows) (text string, err error) {
		var id, parent, unused int
		return text, r.Scan(&id, &parent, &unused, &text)
	}
	steps, err := list(t.Context(), db, step, "explain query plan "+seen+"select id from seen order by id limit 10", p.values...)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(steps, "\n")
}

func TestRecords_List_CostsOneRoundTrip(t *testing.T) {
	withFixture(t, func(t *testing.T, f *fixture) {
		people, _ := f.crowd(t)
		for _, q := range []provisioning.RecordQuery{{Limit: 100}, {Limit: 0}, {Limit: 1, Offset: 100}} {
			q.Directory, q.Adoptable = dirID, true
			before := f.store.Statements()
			f.view(t, func(tx *provisioning.Tx) error {
				_, total, err := tx.Records.List(t.Context(), wsID, q)
				if total != len(people) {
					t.Errorf("%+v: total %d, want %d", q, total, len(people))
				}
				return err
			})
			if n := f.store.Statements() - before; n != 1 {
				t.Errorf("%+v: %d round trips, want 1", q, n)
			}
		}
	})
}
