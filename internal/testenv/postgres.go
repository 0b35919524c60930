package testenv

import (
	"context"
	"crypto/rand"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// databaseTimeout bounds making or dropping one database, which takes some 50 ms on an idle machine.
const databaseTimeout = time.Minute

// Postgres makes a database of its own for the test and returns its URL. The database is dropped when the test
// ends, with whatever connections it still has.
func Postgres(t testing.TB) string {
	t.Helper()
	maintenance := required(t, "postgres", postgresVariable)
	return create(t, maintenance, "", func(drop string) { t.Cleanup(func() { execute(t, maintenance, drop) }) })
}

// Template is a database that tests copy instead of each preparing its own. The zero value is not ready: see
// NewTemplate.
type Template struct {
	prepare func(databaseURL string) error
	once    sync.Once
	name    string
	err     error
}

// NewTemplate returns a template that prepare fills, once in this process, when the first test asks for a copy.
func NewTemplate(prepare func(databaseURL string) error) *Template {
	return &Template{prepare: prepare}
}

// Postgres makes a copy of the template for the test and returns its URL. It is dropped when the test ends. The
// template itself goes with the server.
func (p *Template) Postgres(t testing.TB) string {
	t.Helper()
	return p.copy(t, func(drop string) { t.Cleanup(func() { execute(t, required(t, "postgres", postgresVariable), drop) }) })
}

func (p *Template) copy(t testing.TB, later func(drop string)) string {
	t.Helper()
	maintenance := required(t, "postgres", postgresVariable)
	p.once.Do(func() {
		p.name = "template_" + strings.ToLower(rand.Text())
		execute(t, maintenance, "CREATE DATABASE "+p.name)
		p.err = p.prepare(withDatabase(t, maintenance, p.name))
	})
	if p.err != nil {
		t.Fatalf("preparing a database to copy: %v", p.err)
	}
	return create(t, maintenance, " TEMPLATE "+p.name, later)
}

// Lasting is a copy of the template that goes with the server, for tests that
// share one database.
func (p *Template) Lasting(t testing.TB) string {
	t.Helper()
	return p.copy(t, func(string) {})
}

func create(t testing.TB, maintenance, template string, later func(drop string)) string {
	t.Helper()
	name := "test_" + strings.ToLower(rand.Text())
	execute(t, maintenance, "CREATE DATABASE "+name+template)
	later("DROP DATABASE " + name + " WITH (FORCE)")
	return withDatabase(t, maintenance, name)
}

func withDatabase(t testing.TB, maintenance, name string) string {
	t.Helper()
	fresh, err := url.Parse(maintenance)
	if err != nil {
		t.Fatalf("%s is no URL", postgresVariable)
	}
	fresh.Path = "/" + name
	return fresh.String()
}

// execute runs one statement on a connection of its own. It does not use the test's context, which has ended by
// the time of the cleanups.
func execute(t testing.TB, databaseURL, statement string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), databaseTimeout)
	defer cancel()
	conn, err := pgx.Connect(ctx, databaseURL)
	if err != nil {
		t.Fatalf("connecting to the PostgreSQL of the tests: %v", err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}
