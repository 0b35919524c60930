package migrations_test

import (
	"database/sql"
	"errors"
	"path/filepath"
	"sync"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver of PostgreSQL
	_ "modernc.org/sqlite"             // the driver of SQLite

	"drawbridge/internal/testenv"
	"drawbridge/migrations"
)

// database opens an empty database of the engine, and more handles to it.
func database(t *testing.T, engine migrations.Engine) (open func() *sql.DB) {
	t.Helper()
	driver, dsn := "pgx", ""
	if engine == migrations.Postgres {
		dsn = testenv.Postgres(t)
	} else {
		driver = "sqlite"
		dsn = "file:" + filepath.Join(t.TempDir(), "test.db") +
			"?_pragma=busy_timeout(10000)&_pragma=journal_mode(wal)&_txlock=immediate"
	}
	return func() *sql.DB {
		db, err := sql.Open(driver, dsn)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		return db
	}
}

// onBoth runs a test on an empty database of each engine.
func onBoth(t *testing.T, test func(t *testing.T, engine migrations.Engine, open func() *sql.DB)) {
	t.Parallel()
	for _, engine := range []migrations.Engine{migrations.Postgres, migrations.SQLite} {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			test(t, engine, database(t, engine))
		})
	}
}

func current(t *testing.T, engine migrations.Engine, db *sql.DB) migrations.Status {
	t.Helper()
	status, err := migrations.Current(t.Context(), engine, db)
	if err != nil {
		t.Fatal(err)
	}
	return status
}

func TestUp_AppliesWhatIsPendingOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, engine migrations.Engine, open func() *sql.DB) {
		db := open()
		empty := current(t, engine, db)
		if empty.Current != 0 || empty.Pending == 0 || empty.Latest < int64(empty.Pending) {
			t.Fatalf("an empty database is at %+v", empty)
		}
		applied, err := migrations.Up(t.Context(), engine, db)
		if err != nil || applied != empty.Pending {
			t.Fatalf("Up applied %d (%v), want %d", applied, err, empty.Pending)
		}
		want := migrations.Status{Current: empty.Latest, Latest: empty.Latest}
		if got := current(t, engine, db); got != want {
			t.Errorf("after Up the database is at %+v, want %+v", got, want)
		}
		if applied, err = migrations.Up(t.Context(), engine, db); err != nil || applied != 0 {
			t.Errorf("a second Up applied %d (%v), want none", applied, err)
		}
	})
}

func TestUp_BySeveralProcessesAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, engine migrations.Engine, open func() *sql.DB) {
		const processes = 4
		var (
			all     sync.WaitGroup
			applied [processes]int
			errs    [processes]error
		)
		for i := range processes {
			db := open()
			all.Go(func() { applied[i], errs[i] = migrations.Up(t.Context(), engine, db) })
		}
		all.Wait()
		sum := 0
		for _, n := range applied {
			sum += n
		}
		status := current(t, engine, open())
		if err := errors.Join(errs[:]...); err != nil || status.Pending != 0 || int64(sum) != status.Latest {
			t.Errorf("applied %v, errors %v, then at %+v", applied, err, status)
		}
	})
}

func TestUp_RefusesANewerSchema(t *testing.T) {
	onBoth(t, func(t *testing.T, engine migrations.Engine, open func() *sql.DB) {
		db := open()
		if _, err := migrations.Up(t.Context(), engine, db); err != nil {
			t.Fatal(err)
		}
		if _, err := db.ExecContext(t.Context(), "insert into goose_db_version (version_id, is_applied) values (9999, true)"); err != nil {
			t.Fatal(err)
		}
		if _, err := migrations.Up(t.Context(), engine, db); !errors.Is(err, migrations.ErrNewerSchema) {
			t.Errorf("Up on a newer schema: %v", err)
		}
		if got := current(t, engine, db); got.Current != 9999 || got.Pending != 0 {
			t.Errorf("a newer schema is at %+v", got)
		}
	})
}

func TestCurrent_TellsThatTheDatabaseIsGone(t *testing.T) {
	onBoth(t, func(t *testing.T, engine migrations.Engine, open func() *sql.DB) {
		db := open()
		db.Close()
		if status, err := migrations.Current(t.Context(), engine, db); err == nil {
			t.Errorf("a closed database is at %+v", status)
		}
	})
}
