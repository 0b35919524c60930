package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"drawbridge/migrations"
	"drawbridge/provisioning"
)

// Options say which database to open and how.
type Options struct {
	// URL is `postgres://…` (or `postgresql://…`), with the parameters that
	// PostgreSQL's own tools know and `pool_max_conns`, or `sqlite:PATH`. The
	// file of a SQLite database is made if it is missing, its folder is not.
	URL string
	// Migrate says what to do about the schema.
	Migrate MigrateMode
	// Clock is the time of transactions on SQLite; nil means time.Now.
	// PostgreSQL's transactions go by the clock of their server.
	Clock func() time.Time
}

// MigrateMode says what Open does about the schema.
type MigrateMode int

const (
	// MigrateNever opens the database whatever its schema, to look at it.
	MigrateNever MigrateMode = iota
	// MigrateEmpty brings an empty database up to date and refuses an older
	// schema with [ErrSchemaOld] and a newer one with [ErrSchemaNew].
	MigrateEmpty
	// MigrateUp brings the schema up to date, and refuses a newer one with
	// [ErrSchemaNew].
	MigrateUp
)

var (
	// ErrSchemaOld says that the database needs `drawbridge migrate up` first.
	ErrSchemaOld = errors.New("the database has an older schema: run `drawbridge migrate up`")
	// ErrSchemaNew says that a newer Drawbridge has migrated the database.
	ErrSchemaNew = migrations.ErrNewerSchema
)

// engine is what a Store needs of PostgreSQL and of SQLite.
type engine interface {
	// bare is the connection on which single statements run without BEGIN.
	bare() session
	// clock reads the time that the engine goes by.
	clock(ctx context.Context) (time.Time, error)
	// begin starts a transaction and reads the clock.
	begin(ctx context.Context) (transaction, time.Time, error)
	// schema is the way to the schema. Looking at it waits for no writer.
	schema() schemaAccess
	close() error
}

// schemaAccess is what the migrations work with.
type schemaAccess struct {
	engine      migrations.Engine
	read, write *sql.DB
}

// transaction is a session that ends: by commit, or by rollback, which after a
// commit does nothing.
type transaction interface {
	session() session
	commit(ctx context.Context) error
	rollback(ctx context.Context) error
}

// Store is a database. It implements [provisioning.Store].
type Store struct {
	engine     engine
	roundTrips atomic.Int64

	mu      sync.Mutex
	closed  bool
	running sync.WaitGroup
}

// Open connects to the database and sees to its schema. An error is
// [ErrSchemaOld], [ErrSchemaNew], of kind [provisioning.ErrUnavailable], or
// says what is wrong with the options; it never repeats the URL's password.
func Open(ctx context.Context, o Options) (*Store, error) {
	e, err := connect(ctx, o)
	if err != nil {
		return nil, err
	}
	s := &Store{engine: e}
	if err := s.prepare(ctx, o.Migrate); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func connect(ctx context.Context, o Options) (engine, error) {
	scheme, rest, _ := strings.Cut(o.URL, ":")
	switch scheme {
	case "postgres", "postgresql":
		return openPostgres(ctx, o.URL)
	case "sqlite":
		now := o.Clock
		if now == nil {
			now = time.Now
		}
		return openSQLite(ctx, rest, now)
	}
	return nil, fmt.Errorf("a database is given as postgres://… or sqlite:PATH, not as %q", scheme+":…")
}

// prepare does about the schema what the mode says. An up-to-date database
// costs one small query.
func (s *Store) prepare(ctx context.Context, mode MigrateMode) error {
	if mode == MigrateNever {
		return nil
	}
	status, err := s.Schema(ctx)
	if err != nil {
		return err
	}
	needed, err := migrationNeeded(status, mode)
	if errors.Is(err, ErrSchemaOld) {
		return s.awaitSchema(ctx)
	}
	if err != nil || !needed {
		return err
	}
	_, err = s.Migrate(ctx)
	return err
}

// How long another process may take from the first migration of an empty database
// to the last.
const schemaPatience, schemaLook = 3 * time.Second, 50 * time.Millisecond

// awaitSchema tells a database with an older schema from an empty one that another
// process is just bringing up to date, one migration after the other.
func (s *Store) awaitSchema(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, schemaPatience)
	defer cancel()
	look := time.NewTicker(schemaLook)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return ErrSchemaOld
		case <-look.C:
		}
		status, err := s.Schema(ctx)
		if err == nil && status.Pending == 0 {
			return nil
		}
	}
}

func migrationNeeded(status migrations.Status, mode MigrateMode) (bool, error) {
	switch {
	case status.Current > status.Latest:
		return false, ErrSchemaNew
	case status.Pending == 0:
		return false, nil
	case mode == MigrateEmpty && status.Current > 0:
		return false, ErrSchemaOld
	}
	return true, nil
}

// Schema compares the database's schema with the one this program knows, by
// one small query. It is also how to ask whether the database answers: if not,
// the error is of kind [provisioning.ErrUnavailable].
func (s *Store) Schema(ctx context.Context) (migrations.Status, error) {
	if err := s.enter(); err != nil {
		return migrations.Status{}, err
	}
	defer s.running.Done()
	access := s.engine.schema()
	status, err := migrations.Current(ctx, access.engine, access.read)
	return status, translate(ctx, err)
}

// Migrate brings the schema up to date and returns how many migrations that
// took. Several processes may do so at once. The error is [ErrSchemaNew] for
// a schema that this program does not know.
func (s *Store) Migrate(ctx context.Context) (int, error) {
	if err := s.enter(); err != nil {
		return 0, err
	}
	defer s.running.Done()
	access := s.engine.schema()
	applied, err := migrations.Up(ctx, access.engine, access.write)
	if errors.Is(err, ErrSchemaNew) {
		return applied, err
	}
	return applied, translate(ctx, err)
}

// View implements [provisioning.Store].
func (s *Store) View(ctx context.Context, fn func(*provisioning.Tx) error) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.running.Done()
	bare := s.counted(s.engine.bare())
	var clockErr error
	now := sync.OnceValue(func() time.Time {
		t, err := s.engine.clock(ctx)
		clockErr = err
		return t
	})
	if err := fn(newTx(&bare, now)); err != nil {
		return err
	}
	return clockErr
}

// Update implements [provisioning.Store].
func (s *Store) Update(ctx context.Context, fn func(*provisioning.Tx) error) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.running.Done()
	return retry(ctx, func() error { return s.once(ctx, fn) })
}

// once runs one transaction. A rollback that fails is told beside the reason
// for it, and a panic of fn rolls back too.
func (s *Store) once(ctx context.Context, fn func(*provisioning.Tx) error) (err error) {
	s.roundTrips.Add(1)
	t, start, err := s.engine.begin(ctx)
	if err != nil {
		return err
	}
	defer func() {
		if failed := t.rollback(ctx); failed != nil {
			err = errors.Join(err, fmt.Errorf("rollback: %w", failed))
		}
	}()
	session := s.counted(t.session())
	if err := fn(newTx(&session, func() time.Time { return start })); err != nil {
		return err
	}
	s.roundTrips.Add(1)
	return t.commit(ctx)
}

// Statements returns how many round trips statements have cost since the Store
// was opened: one each, one for a batch, and one each for BEGIN and COMMIT.
// Where the database is a file they are counted alike.
func (s *Store) Statements() int64 { return s.roundTrips.Load() }

func (s *Store) counted(of session) session {
	of.conn = countedConn{of.conn, &s.roundTrips}
	return of
}

// enter counts something that Close waits for, with running.Done at its end.
func (s *Store) enter() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return unavailable("the store is closed")
	}
	s.running.Add(1)
	return nil
}

// Close implements [provisioning.Store].
func (s *Store) Close() error {
	s.mu.Lock()
	first := !s.closed
	s.closed = true
	s.mu.Unlock()
	s.running.Wait()
	if !first {
		return nil
	}
	return s.engine.close()
}
