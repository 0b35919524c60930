package testenv

import (
	"context"
	"crypto/rand"
	"net/url"
	"strings"
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
	name := "test_" + strings.ToLower(rand.Text())
	execute(t, maintenance, "CREATE DATABASE "+name)
	t.Cleanup(func() { execute(t, maintenance, "DROP DATABASE "+name+" WITH (FORCE)") })

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
