package migrations

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed postgres/*.sql sqlite/*.sql
var files embed.FS

// Engine is a database that the migrations are written for: the name of the
// folder with its files.
type Engine string

// The engines.
const (
	Postgres Engine = "postgres"
	SQLite   Engine = "sqlite"
)

// ErrNewerSchema says that the database was migrated by a newer program, whose
// schema this one does not know and must not touch.
var ErrNewerSchema = errors.New("the database belongs to a newer version of Drawbridge: run that one")

// Status compares a database with what is embedded here.
type Status struct {
	Current int64 // number of the last migration applied; 0 for an empty database
	Latest  int64 // number of the last migration known here
	Pending int   // how many are to be applied
}

// Replicas that start together wait for one another, asking once a second for
// five minutes at most.
const lockPeriod, lockTries = 1, 300

// Current asks the database, by one small query, where it stands.
func Current(ctx context.Context, engine Engine, db *sql.DB) (Status, error) {
	numbers, err := known(engine)
	if err != nil {
		return Status{}, err
	}
	current, err := version(ctx, engine, db)
	if err != nil {
		return Status{}, err
	}
	s := Status{Current: current}
	for _, n := range numbers {
		s.Latest = max(s.Latest, n)
		if n > current {
			s.Pending++
		}
	}
	return s, nil
}

// Up applies what is pending, each migration in a transaction, and returns how
// many it applied. Processes that do so at once take turns; one that finds the
// work done has applied none. ErrNewerSchema if the database is ahead.
func Up(ctx context.Context, engine Engine, db *sql.DB) (applied int, err error) {
	provider, err := provider(engine, db)
	if err != nil {
		return 0, err
	}
	for {
		before, err := Current(ctx, engine, db)
		switch {
		case err != nil:
			return applied, err
		case before.Current > before.Latest:
			return applied, ErrNewerSchema
		case before.Pending == 0:
			return applied, nil
		}
		results, err := provider.Up(ctx)
		applied += len(results)
		if err == nil {
			return applied, nil
		}
		// On SQLite, which has no lock for sessions, another process may have
		// applied what failed here. Then the version has moved on.
		after, failed := Current(ctx, engine, db)
		if failed != nil || after.Current == before.Current {
			return applied, fmt.Errorf("migration: %w", err)
		}
	}
}

func provider(engine Engine, db *sql.DB) (*goose.Provider, error) {
	dir, err := fs.Sub(files, string(engine))
	if err != nil {
		return nil, err
	}
	if engine == SQLite {
		return goose.NewProvider(goose.DialectSQLite3, db, dir)
	}
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(lockPeriod, lockTries))
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectPostgres, db, dir, goose.WithSessionLocker(locker))
}

// known lists the numbers of the embedded migrations.
func known(engine Engine) ([]int64, error) {
	entries, err := fs.ReadDir(files, string(engine))
	if err != nil {
		return nil, err
	}
	var numbers []int64
	for _, e := range entries {
		digits, _, _ := strings.Cut(path.Base(e.Name()), "_")
		n, err := strconv.ParseInt(digits, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("migration %s has no number: %w", e.Name(), err)
		}
		numbers = append(numbers, n)
	}
	return numbers, nil
}

// version reads the number of the last migration applied, 0 if there is no
// table of them yet. Only when reading fails it asks whether there is one, and
// reads again if there is: another process may just have made it.
func version(ctx context.Context, engine Engine, db *sql.DB) (int64, error) {
	n, err := latest(ctx, db)
	if err == nil {
		return n, nil
	}
	exists := "select to_regclass('" + goose.DefaultTablename + "') is not null"
	if engine == SQLite {
		exists = "select count(*) > 0 from sqlite_master where type = 'table' and name = '" + goose.DefaultTablename + "'"
	}
	var there bool
	if failed := db.QueryRowContext(ctx, exists).Scan(&there); failed != nil {
		return 0, err
	}
	if !there {
		return 0, nil
	}
	return latest(ctx, db)
}

func latest(ctx context.Context, db *sql.DB) (n int64, err error) {
	err = db.QueryRowContext(ctx, "select coalesce(max(version_id), 0) from "+goose.DefaultTablename).Scan(&n)
	return n, err
}
