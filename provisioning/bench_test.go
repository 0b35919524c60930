package provisioning_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"drawbridge/provisioning"
)

// largest is the size of the largest group that the benchmarks make.
var largest = flag.Int("largest-group", 10_000, "size of the largest group in benchmarks")

// benchBoth runs a benchmark on SQLite and, where one is given, on PostgreSQL.
func benchBoth(b *testing.B, bench func(*testing.B, *world)) {
	b.Helper()
	b.Run("sqlite", func(b *testing.B) { bench(b, newWorld(b, "sqlite:"+filepath.Join(b.TempDir(), "bench.db"))) })
	if os.Getenv("DRAWBRIDGE_TEST_POSTGRES_URL") != "" {
		b.Run("postgres", func(b *testing.B) { bench(b, newWorld(b, migrated.Postgres(b))) })
	}
}

// crowd stores users of the directory as a push would have, many in one
// transaction, and returns their ids.
func (w *world) crowd(n int) []provisioning.UserID {
	w.t.Helper()
	ids, gen := make([]provisioning.UserID, n), new(provisioning.RandomIDs)
	const chunk = 2000
	for from := 0; from < n; from += chunk {
		works(w.t, w.store.Update(w.t.Context(), func(tx *provisioning.Tx) error {
			for i := from; i < min(from+chunk, n); i++ {
				ids[i] = provisioning.UserID(gen.New())
				if err := w.storeOne(tx, ids[i], i); err != nil {
					return err
				}
			}
			return nil
		}))
	}
	w.analyze()
	return ids
}

// analyze does what autovacuum does within a minute of so many writes: until
// then PostgreSQL plans for a database that it takes to be empty.
func (w *world) analyze() {
	w.t.Helper()
	if !strings.HasPrefix(w.url, "postgres") {
		return
	}
	conn := must(pgx.Connect(w.t.Context(), w.url))(w.t)
	_, err := conn.Exec(w.t.Context(), "analyze")
	works(w.t, errors.Join(err, conn.Close(w.t.Context())))
}

func (w *world) storeOne(tx *provisioning.Tx, id provisioning.UserID, i int) error {
	ctx, name := w.t.Context(), fmt.Sprintf("crowd%d@acme.example", i)
	u := provisioning.User{
		Workspace: w.ws, ID: id, UserName: name, Email: name, Origin: provisioning.OriginDirectory,
		Directory: w.okta.Directory.ID, Version: 1, CreatedAt: tx.Now(), UpdatedAt: tx.Now(),
	}
	if err := tx.Users.Create(ctx, u); err != nil {
		return err
	}
	return tx.Records.Create(ctx, provisioning.DirectoryRecord{
		Workspace: w.ws, User: id, Directory: w.okta.Directory.ID, ExternalID: "crowd" + strconv.Itoa(i), Active: true,
		Profile: person("", name).Profile, CreatedAt: tx.Now(), UpdatedAt: tx.Now(),
	})
}

func textIDs(users []provisioning.UserID) []string {
	ids := make([]string, len(users))
	for i, u := range users {
		ids[i] = string(u)
	}
	return ids
}

func userNameIs(name string) provisioning.Filter {
	return provisioning.Comparison{Attribute: provisioning.AttrUserName, Operator: provisioning.Equal, Value: provisioning.Value{Text: &name}}
}

// change adds or removes people, without asking for the members.
func (w *world) change(g provisioning.GroupID, kind provisioning.MemberChangeKind, ids ...string) {
	_, err := w.ChangeDirectoryGroup(w.t.Context(), w.okta, string(g), provisioning.GroupChange{
		Members: []provisioning.MemberChange{{Kind: kind, IDs: ids}},
	}, false)
	if err != nil {
		w.t.Fatal(err)
	}
}

// Design: one `userName eq` lookup is one round trip beside the token's, whose
// verdict is cached.
func TestRule22_ALookupThatFindsNobodyIsOneRoundTrip(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w.crowd(50)
		must(w.AuthenticateDirectory(t.Context(), w.token))(t)
		before := w.store.Statements()
		access := must(w.AuthenticateDirectory(t.Context(), w.token))(t)
		if n := w.store.Statements() - before; n > 1 {
			t.Errorf("a token costs %d round trips", n)
		}
		before = w.store.Statements()
		_, total, err := w.FindDirectoryUsers(t.Context(), access, userNameIs("nobody@acme.example"), 0, 100)
		if n := w.store.Statements() - before; err != nil || total != 0 || n != 1 {
			t.Errorf("found %d, %v, in %d round trips; want 1", total, err, n)
		}
		before = w.store.Statements()
		_, total, err = w.FindDirectoryUsers(t.Context(), access, userNameIs("Crowd7@acme.example"), 0, 100)
		if n := w.store.Statements() - before; err != nil || total != 1 || n != 1 {
			t.Errorf("found %d, %v, in %d round trips; want 1", total, err, n)
		}
	})
}

func TestRule22_TheCostOfAGroupWriteFollowsTheChange(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		crowd := w.crowd(2002)
		var cost [2][2]int64
		for i, size := range []int{10, 2000} {
			g := must(w.CreateDirectoryGroup(t.Context(), w.okta, provisioning.GroupWrite{
				DisplayName: "Group of " + strconv.Itoa(size), Members: textIDs(crowd[:size]),
			}))(t)
			w.mapGroup(g.ID, w.paris, w.analyst)
			one := string(crowd[2000+i]) // somebody whom no mapping ever gave a role here
			before := w.store.Statements()
			w.change(g.ID, provisioning.AddMembers, one)
			added := w.store.Statements()
			w.change(g.ID, provisioning.RemoveMembers, one)
			cost[i] = [2]int64{added - before, w.store.Statements() - added}
		}
		if cost[0] != cost[1] {
			t.Errorf("adding and removing one costs %v round trips in a group of 10, %v in one of 2,000", cost[0], cost[1])
		}
		if cost[0][0] > 25 || cost[0][1] > 25 {
			t.Errorf("adding and removing one costs %v round trips", cost[0])
		}
		g := must(w.CreateDirectoryGroup(t.Context(), w.okta, provisioning.GroupWrite{DisplayName: "Many"}))(t)
		w.mapGroup(g.ID, w.paris, w.analyst)
		before := w.store.Statements()
		w.change(g.ID, provisioning.AddMembers, textIDs(crowd[:1000])...)
		if n := w.store.Statements() - before; n > cost[0][0]+3 {
			t.Errorf("adding 1,000 costs %d round trips, adding one %d", n, cost[0][0])
		}
	})
}

func BenchmarkUserNameLookup(b *testing.B) {
	benchBoth(b, func(b *testing.B, w *world) {
		w.crowd(10_000)
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			_, total, err := w.FindDirectoryUsers(b.Context(), w.okta, userNameIs(fmt.Sprintf("Crowd%d@acme.example", i%10_000)), 0, 100)
			if err != nil || total != 1 {
				b.Fatal(total, err)
			}
		}
	})
}

func BenchmarkOneMember(b *testing.B) {
	benchBoth(b, func(b *testing.B, w *world) {
		crowd := w.crowd(*largest + 1)
		for size := 10; size <= *largest; size *= 10 {
			g := must(w.CreateDirectoryGroup(b.Context(), w.okta, provisioning.GroupWrite{DisplayName: "Group of " + strconv.Itoa(size)}))(b)
			w.mapGroup(g.ID, w.paris, w.analyst)
			w.change(g.ID, provisioning.AddMembers, textIDs(crowd[:size])...)
			w.analyze()
			one := string(crowd[*largest])
			b.Run(fmt.Sprintf("of=%d", size), func(b *testing.B) {
				before := w.store.Statements()
				for b.Loop() {
					w.change(g.ID, provisioning.AddMembers, one)
					w.change(g.ID, provisioning.RemoveMembers, one)
				}
				b.ReportMetric(float64(w.store.Statements()-before)/float64(2*b.N), "roundtrips/change")
			})
		}
	})
}

// heapWatch looks at the heap until it is told to stop, and returns the most
// that it saw above what there was.
func heapWatch() (stop func() uint64) {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	base, peak := m.HeapInuse, m.HeapInuse
	done, watched := make(chan struct{}), sync.WaitGroup{}
	watched.Go(func() {
		tick := time.NewTicker(2 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				runtime.ReadMemStats(&m)
				peak = max(peak, m.HeapInuse)
			}
		}
	})
	return func() uint64 {
		close(done)
		watched.Wait()
		return peak - base
	}
}

func BenchmarkAddTenThousandMembers(b *testing.B) {
	benchBoth(b, func(b *testing.B, w *world) {
		ids := textIDs(w.crowd(10_000))
		var peak uint64
		for i := 0; b.Loop(); i++ {
			b.StopTimer()
			g := must(w.CreateDirectoryGroup(b.Context(), w.okta, provisioning.GroupWrite{DisplayName: "Everybody " + strconv.Itoa(i)}))(b)
			w.mapGroup(g.ID, w.paris, w.analyst)
			stop := heapWatch()
			b.StartTimer()
			w.change(g.ID, provisioning.AddMembers, ids...)
			b.StopTimer()
			peak = max(peak, stop())
			works(b, w.DeleteDirectoryGroup(b.Context(), w.okta, string(g.ID)))
			b.StartTimer()
		}
		b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms/change")
		b.ReportMetric(float64(peak)/(1<<20), "peak-heap-MB")
	})
}

func BenchmarkSignIn(b *testing.B) {
	benchBoth(b, func(b *testing.B, w *world) {
		w.crowd(1000)
		must(w.signIn("crowd7", ""))(b)
		b.Run("again", func(b *testing.B) {
			for b.Loop() {
				must(w.signIn("crowd7", ""))(b)
			}
		})
		b.Run("first", func(b *testing.B) {
			run := strconv.FormatInt(time.Now().UnixNano(), 36)
			for i := 0; b.Loop(); i++ {
				subject := "new" + run + strconv.Itoa(i)
				must(w.signIn(subject, subject+"@acme.example"))(b)
			}
		})
	})
}

func BenchmarkAuthenticateDirectoryCached(b *testing.B) {
	benchBoth(b, func(b *testing.B, w *world) {
		b.ReportAllocs()
		for b.Loop() {
			must(w.AuthenticateDirectory(b.Context(), w.token))(b)
		}
	})
}

// BenchmarkFloor is what the engine itself takes on this machine, in the same
// run: one read by primary key, and one transaction that writes one row. The
// other figures are to be read beside these.
func BenchmarkFloor(b *testing.B) {
	benchBoth(b, func(b *testing.B, w *world) {
		ada := w.push("00u1", "ada@acme.example").ID
		b.Run("read", func(b *testing.B) {
			for b.Loop() {
				works(b, w.store.View(b.Context(), func(tx *provisioning.Tx) error {
					_, err := tx.Workspaces.Get(b.Context(), w.ws)
					return err
				}))
			}
		})
		b.Run("write", func(b *testing.B) {
			for b.Loop() {
				works(b, w.store.Update(b.Context(), func(tx *provisioning.Tx) error {
					return tx.Users.Touch(b.Context(), w.ws, ada, tx.Now())
				}))
			}
		})
	})
}
