package sqlstore

import (
	"drawbridge/provisioning"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestScratchPlan(t *testing.T) {
	onEngines(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		ids := f.addUsers(t, 5000)
		f.update(t, func(tx *provisioning.Tx) error {
			for _, id := range ids[:4000] {
				if err := tx.Records.Create(ctx, aRecord(id)); err != nil {
					return err
				}
			}
			return nil
		})
		s := f.store.engine.bare()
		s.now = time.Now
		analyzed := false
		_ = strings.Join
		for range 2 {
			for _, q := range []provisioning.RecordQuery{
				{Directory: dirID, Filter: compare(provisioning.AttrUserName, provisioning.Equal, "u000777@acme.example")},
				{Directory: dirID, Connection: oktaID, Adoptable: true, Filter: compare(provisioning.AttrUserName, provisioning.Equal, "u000777@acme.example")},
				{Directory: dirID, Filter: compare(provisioning.AttrExternalID, provisioning.Equal, "00uu000777")},
				{Directory: dirID, Filter: compare(provisioning.AttrEmailValue, provisioning.Equal, "u000777@acme.example")},
				{Directory: dirID, Connection: oktaID, Adoptable: true, Filter: compare(provisioning.AttrEmailValue, provisioning.Equal, "u000777@acme.example")},
				{Directory: dirID, Connection: oktaID, Adoptable: true, Filter: compare(provisioning.AttrID, provisioning.Equal, "u000777")},
				{Directory: dirID},
				{Directory: dirID, Adoptable: true, Connection: oktaID},
			} {
				p := parameters{values: []any{wsID}}
				sql, err := records{&s}.seen(q, &p)
				if err != nil {
					t.Fatal(err)
				}
				explain := "explain analyze "
				if s.dialect.clock == "" {
					explain = "explain query plan "
				}
				sql += "select id from seen order by id limit " + p.add(100) + " offset " + p.add(0)
				r, err := s.query(ctx, explain+sql, p.values...)
				if err != nil {
					t.Fatal(err)
				}
				var out []string
				for r.Next() {
					var a, b, c any
					var text string
					if s.dialect.clock == "" {
						r.Scan(&a, &b, &c, &text)
					} else {
						r.Scan(&text)
					}
					out = append(out, text)
				}
				r.Close()
				t.Log(fmt.Sprint(analyzed), q.Adoptable, q.Filter, "\n", strings.Join(out, "\n"))
				q.Limit = 100
				start := time.Now()
				_, total, err := records{&s}.List(ctx, wsID, q)
				t.Log("List took", time.Since(start), total, err)
			}
			s2 := f.store
			_ = s2
			f.update(t, func(tx *provisioning.Tx) error {
				us := tx.Users.(users)
				_, err := us.db.exec(ctx, "analyze")
				return err
			})
			analyzed = true
		}
	})
}
