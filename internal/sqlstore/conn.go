package sqlstore

import (
	"context"
	"sync/atomic"
	"time"

	"drawbridge/provisioning"
)

// conn is the little that statements need of a database: native on pgxpool and
// on database/sql. One text serves both engines: `$1` placeholders, RETURNING,
// ON CONFLICT, and sets passed as one JSON object, which `json_each($1)` turns
// into rows of key and value on both.
//
// Its errors, and those of its rows, are translated already.
type conn interface {
	// exec runs one statement and returns the rows it touched.
	exec(ctx context.Context, sql string, args ...any) (int64, error)
	// query runs one statement; the caller closes the rows.
	query(ctx context.Context, sql string, args ...any) (rows, error)
	// batch runs the statements in order, in one round trip where the engine
	// can, and hands the rows of each to its scan.
	batch(ctx context.Context, statements ...statement) error
}

// rows is what *sql.Rows and pgx.Rows have in common.
type rows interface {
	Next() bool
	Scan(dest ...any) error
	Err() error
	Close()
}

// statement is one query of a batch.
type statement struct {
	sql  string
	args []any
	scan func(rows) error // called once per row; may be nil if there are none
}

// session is what the nouns speak to: a connection, in a transaction or bare,
// and the words in which its engine differs.
type session struct {
	conn
	*dialect
	now func() time.Time // of the transaction
}

// clockNow is the time in microseconds, without a round trip to ask for it.
func (s *session) clockNow(p *parameters) string {
	if s.clock != "" {
		return s.clock
	}
	return p.add(s.now().UnixMicro())
}

// countedConn counts the round trips of a [conn].
type countedConn struct {
	conn
	n *atomic.Int64
}

func (c countedConn) exec(ctx context.Context, sql string, args ...any) (int64, error) {
	c.n.Add(1)
	return c.conn.exec(ctx, sql, args...)
}

func (c countedConn) query(ctx context.Context, sql string, args ...any) (rows, error) {
	c.n.Add(1)
	return c.conn.query(ctx, sql, args...)
}

func (c countedConn) batch(ctx context.Context, statements ...statement) error {
	c.n.Add(1)
	return c.conn.batch(ctx, statements...)
}

// insert runs an INSERT … ON CONFLICT … DO NOTHING of one row. If it added
// none, key was lost.
func (s *session) insert(ctx context.Context, key provisioning.UniqueKey, sql string, args ...any) error {
	n, err := s.exec(ctx, sql, args...)
	if err != nil {
		return err
	}
	if n == 0 {
		return &provisioning.TakenError{Key: key}
	}
	return nil
}

// update runs a statement that has to touch a row, else ErrNotFound.
func (s *session) update(ctx context.Context, sql string, args ...any) error {
	n, err := s.exec(ctx, sql, args...)
	if err != nil {
		return err
	}
	if n == 0 {
		return provisioning.ErrNotFound
	}
	return nil
}

// touched runs a statement and reports whether it touched a row.
func (s *session) touched(ctx context.Context, sql string, args ...any) (bool, error) {
	n, err := s.exec(ctx, sql, args...)
	return n > 0, err
}

// list runs a query and returns what scan makes of each row.
func list[T any](ctx context.Context, c conn, scan func(rows) (T, error), sql string, args ...any) ([]T, error) {
	r, err := c.query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	var all []T
	if err := scanAll(r, gather(&all, scan)); err != nil {
		return nil, err
	}
	return all, nil
}

// scanAll hands each row to scan and closes the rows.
func scanAll(r rows, scan func(rows) error) error {
	defer r.Close()
	for r.Next() {
		if err := scan(r); err != nil {
			return err
		}
	}
	return r.Err()
}

// one runs a query and returns what scan makes of its first row, or ErrNotFound.
func one[T any](ctx context.Context, c conn, scan func(rows) (T, error), sql string, args ...any) (T, error) {
	all, err := list(ctx, c, scan, sql, args...)
	if err == nil && len(all) == 0 {
		err = provisioning.ErrNotFound
	}
	if err != nil {
		var none T
		return none, err
	}
	return all[0], nil
}

// gather is a [statement.scan] that appends each row to a slice.
func gather[T any](all *[]T, scan func(rows) (T, error)) func(rows) error {
	return func(r rows) error {
		v, err := scan(r)
		if err != nil {
			return err
		}
		*all = append(*all, v)
		return nil
	}
}

// value scans a row of one column, such as an id or a count. The column must
// not be NULL.
func value[T any](r rows) (T, error) {
	var v T
	err := r.Scan(&v)
	return v, err
}
