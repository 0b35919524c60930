package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"drawbridge/migrations"
)

const (
	// postgresClock is the time in microseconds as an expression.
	postgresClock = "(extract(epoch from clock_timestamp()) * 1000000)::bigint"
	postgresBegin = "begin isolation level read committed; select " + postgresClock

	leastConns     = 10
	connectTimeout = 5 * time.Second
	// finishTimeout bounds commit and rollback, which go on when the caller's
	// context has ended: what was decided is told to the database.
	finishTimeout = 10 * time.Second
)

type postgresEngine struct {
	pool       *pgxpool.Pool
	migrations *sql.DB // borrows connections of the pool
}

// openPostgres makes a pool; it connects with the first statement.
func openPostgres(ctx context.Context, url string) (engine, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("the database URL: %w", err)
	}
	if !strings.Contains(url, "pool_max_conns") {
		config.MaxConns = max(leastConns, 2*config.MaxConns) // pgx has one a processor
	}
	if config.ConnConfig.ConnectTimeout == 0 {
		config.ConnConfig.ConnectTimeout = connectTimeout
	}
	if config.ConnConfig.RuntimeParams["application_name"] == "" {
		config.ConnConfig.RuntimeParams["application_name"] = "drawbridge"
	}
	config.AfterConnect = preferIndexes
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("the database URL: %w", err)
	}
	return postgresEngine{pool: pool, migrations: stdlib.OpenDBFromPool(pool)}, nil
}

// preferIndexes tells the planner that pages are in memory or on fast disks. A
// set of ids counts as 100 rows to it whatever its size, and by the default it
// would rather read a table of ten thousand rows whole than look 100 up: the
// cost of adding one member would grow with the group.
func preferIndexes(ctx context.Context, c *pgx.Conn) error {
	_, err := c.Exec(ctx, "set random_page_cost = 1.1")
	return err
}

func (p postgresEngine) bare() session {
	return session{conn: pgxConn{p.pool}, dialect: &postgresDialect}
}

func (p postgresEngine) clock(ctx context.Context) (time.Time, error) {
	return one(ctx, pgxConn{p.pool}, func(r rows) (time.Time, error) {
		var t time.Time
		err := r.Scan(instantOf(&t))
		return t, err
	}, "select "+postgresClock)
}

// begin sends BEGIN and the question for the time in one simple query, which
// is one round trip from the first one on.
func (p postgresEngine) begin(ctx context.Context) (transaction, time.Time, error) {
	c, err := p.pool.Acquire(ctx)
	if err != nil {
		return nil, time.Time{}, translate(ctx, err)
	}
	results, err := c.Conn().PgConn().Exec(ctx, postgresBegin).ReadAll()
	if err != nil {
		c.Release()
		return nil, time.Time{}, translate(ctx, err)
	}
	us, err := strconv.ParseInt(string(results[1].Rows[0][0]), 10, 64)
	if err != nil {
		c.Release()
		return nil, time.Time{}, fmt.Errorf("the database's clock: %w", err)
	}
	return &pgxTransaction{c: c}, time.UnixMicro(us).UTC(), nil
}

func (p postgresEngine) schema() schemaAccess {
	return schemaAccess{engine: migrations.Postgres, read: p.migrations, write: p.migrations}
}

func (p postgresEngine) close() error {
	err := p.migrations.Close()
	p.pool.Close()
	return err
}

// pgxTransaction holds a connection until it ends.
type pgxTransaction struct {
	c    *pgxpool.Conn
	done bool
}

func (t *pgxTransaction) session() session {
	return session{conn: pgxConn{t.c}, dialect: &postgresDialect}
}

var errAborted = errors.New("an error in the transaction was passed over")

func (t *pgxTransaction) commit(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	tag, err := t.finish(ctx, "commit")
	if err != nil {
		return translate(context.WithoutCancel(ctx), err)
	}
	if tag != "COMMIT" {
		return &failure{err: errAborted}
	}
	return nil
}

// rollback of a connection that broke has nothing left to do: the server has
// ended the transaction.
func (t *pgxTransaction) rollback(ctx context.Context) error {
	if t.done {
		return nil
	}
	if t.c.Conn().IsClosed() {
		t.done = true
		t.c.Release()
		return nil
	}
	_, err := t.finish(ctx, "rollback")
	return err
}

func (t *pgxTransaction) finish(ctx context.Context, word string) (tag string, err error) {
	t.done = true
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishTimeout)
	defer cancel()
	defer t.c.Release()
	results, err := t.c.Conn().PgConn().Exec(ctx, word).ReadAll()
	if err != nil {
		return "", err
	}
	return results[0].CommandTag.String(), nil
}

// pgxQuerier is what a pool and a connection of pgx have in common.
type pgxQuerier interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults
}

// pgxConn is a [conn] on pgx.
type pgxConn struct{ q pgxQuerier }

func (c pgxConn) exec(ctx context.Context, sql string, args ...any) (int64, error) {
	tag, err := c.q.Exec(ctx, sql, args...)
	return tag.RowsAffected(), translate(ctx, err)
}

func (c pgxConn) query(ctx context.Context, sql string, args ...any) (rows, error) {
	r, err := c.q.Query(ctx, sql, args...)
	if err != nil {
		return nil, translate(ctx, err)
	}
	return pgxRows{r, ctx}, nil
}

// batch sends the statements together. The first error is the one to tell:
// those that follow only say that the transaction is broken.
func (c pgxConn) batch(ctx context.Context, statements ...statement) error {
	var b pgx.Batch
	for _, s := range statements {
		b.Queue(s.sql, s.args...)
	}
	results := c.q.SendBatch(ctx, &b)
	err := scanResults(ctx, results, statements)
	if failed := results.Close(); err == nil {
		err = translate(ctx, failed)
	}
	return err
}

func scanResults(ctx context.Context, results pgx.BatchResults, statements []statement) error {
	for _, s := range statements {
		r, err := results.Query()
		if err != nil {
			return translate(ctx, err)
		}
		if err := scanAll(pgxRows{r, ctx}, s.scan); err != nil {
			return err
		}
	}
	return nil
}

// pgxRows translates the error of pgx.Rows.
type pgxRows struct {
	pgx.Rows
	ctx context.Context
}

func (r pgxRows) Err() error { return translate(r.ctx, r.Rows.Err()) }
