package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"runtime"
	"time"

	_ "modernc.org/sqlite" // registers the driver

	"drawbridge/migrations"
	"drawbridge/provisioning"
)

const (
	// busyTimeout is how long a statement waits for another process that
	// writes, in milliseconds.
	busyTimeout = "20000"
	sqliteMode  = 0o600

	// Turning on write-ahead logging is tried for two seconds.
	walTries = 100
	walPause = 20 * time.Millisecond
)

// sqliteEngine is a file with one connection that writes, of this process, and
// several that read meanwhile. Writers of other processes take turns with ours.
type sqliteEngine struct {
	writer, readers *sql.DB
	now             func() time.Time
}

func openSQLite(ctx context.Context, path string, now func() time.Time) (engine, error) {
	if path == "" {
		return nil, errors.New("a SQLite database is given as sqlite:PATH")
	}
	if err := makePrivate(path); err != nil {
		return nil, err
	}
	writer, err := openPool(path, 1, url.Values{"_txlock": {"immediate"}})
	if err != nil {
		return nil, err
	}
	readers, err := openPool(path, max(4, 2*runtime.NumCPU()), url.Values{"_pragma": {"query_only(1)"}})
	if err != nil {
		return nil, errors.Join(err, writer.Close())
	}
	engine := &sqliteEngine{writer: writer, readers: readers, now: now}
	if err := useWAL(ctx, writer); err != nil {
		return nil, errors.Join(err, engine.close())
	}
	return engine, nil
}

func openPool(path string, connections int, params url.Values) (*sql.DB, error) {
	db, err := sql.Open("sqlite", sqliteDSN(path, params))
	if err != nil {
		return nil, fmt.Errorf("the database file: %w", err)
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}

// useWAL turns on write-ahead logging, with which readers and a writer do not
// wait for one another; the file keeps it. While another process turns it on
// SQLite says that it is busy without having waited, so the waiting is ours.
func useWAL(ctx context.Context, db *sql.DB) error {
	for range walTries - 1 {
		err := setWAL(ctx, db)
		if !errors.Is(err, provisioning.ErrUnavailable) {
			return err
		}
		if err := pause(ctx, walPause); err != nil {
			return err
		}
	}
	return setWAL(ctx, db)
}

func setWAL(ctx context.Context, db *sql.DB) error {
	_, err := db.ExecContext(ctx, "pragma journal_mode = wal")
	return translate(ctx, err)
}

// makePrivate makes a missing file readable by its owner only. The files that
// SQLite puts beside it take their mode from it.
func makePrivate(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, sqliteMode) //nolint:gosec // the operator names the file
	if err != nil {
		return unavailable("the database file: %w", err)
	}
	return f.Close()
}

// sqliteDSN is a URI, so that any character may stand in the path.
func sqliteDSN(path string, params url.Values) string {
	params["_pragma"] = append([]string{
		"busy_timeout(" + busyTimeout + ")",
		"synchronous(normal)",
		"foreign_keys(1)",
	}, params["_pragma"]...)
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + params.Encode()
}

func (s *sqliteEngine) bare() session {
	return session{conn: sqlConn{s.readers}, dialect: &sqliteDialect}
}

func (s *sqliteEngine) clock(context.Context) (time.Time, error) { return s.time(), nil }

func (s *sqliteEngine) time() time.Time { return s.now().UTC().Truncate(time.Microsecond) }

// begin reads the clock when the transaction has its turn, so that times do
// not run backwards from one transaction to the next.
func (s *sqliteEngine) begin(ctx context.Context) (transaction, time.Time, error) {
	tx, err := s.writer.BeginTx(ctx, nil)
	if err != nil {
		return nil, time.Time{}, translate(ctx, err)
	}
	return sqlTransaction{tx}, s.time(), nil
}

func (s *sqliteEngine) schema() schemaAccess {
	return schemaAccess{engine: migrations.SQLite, read: s.readers, write: s.writer}
}

func (s *sqliteEngine) close() error {
	return errors.Join(s.readers.Close(), s.writer.Close())
}

type sqlTransaction struct{ tx *sql.Tx }

func (t sqlTransaction) session() session {
	return session{conn: sqlConn{t.tx}, dialect: &sqliteDialect}
}

func (t sqlTransaction) commit(ctx context.Context) error { return translate(ctx, t.tx.Commit()) }

func (t sqlTransaction) rollback(context.Context) error {
	if err := t.tx.Rollback(); err != nil && !errors.Is(err, sql.ErrTxDone) {
		return err
	}
	return nil
}

// sqlQuerier is what *sql.DB and *sql.Tx have in common.
type sqlQuerier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// sqlConn is a [conn] on database/sql.
type sqlConn struct{ q sqlQuerier }

func (c sqlConn) exec(ctx context.Context, query string, args ...any) (int64, error) {
	result, err := c.q.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, translate(ctx, err)
	}
	return result.RowsAffected()
}

func (c sqlConn) query(ctx context.Context, query string, args ...any) (rows, error) {
	r, err := c.q.QueryContext(ctx, query, args...) //nolint:rowserrcheck // who reads the rows asks for their error
	if err != nil {
		return nil, translate(ctx, err)
	}
	return sqlRows{r, ctx}, nil
}

func (c sqlConn) batch(ctx context.Context, statements ...statement) error {
	for _, s := range statements {
		r, err := c.query(ctx, s.sql, s.args...)
		if err != nil {
			return err
		}
		if err := scanAll(r, s.scan); err != nil {
			return err
		}
	}
	return nil
}

// sqlRows translates the error of *sql.Rows.
type sqlRows struct {
	*sql.Rows
	ctx context.Context
}

func (r sqlRows) Err() error { return translate(r.ctx, r.Rows.Err()) }

// Close ends the rows. What went wrong while reading them, Err has told.
func (r sqlRows) Close() { _ = r.Rows.Close() }
