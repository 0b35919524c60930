package testenv

import (
	"bufio"
	"fmt"
	"net"
	"net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

func TestAvailable(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		env  map[string]string
		want verdict
	}{
		"set":                       {map[string]string{redisVariable: "redis://x"}, present},
		"not set":                   {map[string]string{}, absent},
		"another one left out":      {map[string]string{leftOutVariable: "postgres"}, absent},
		"left out":                  {map[string]string{leftOutVariable: "postgres redis"}, leftOut},
		"left out where all counts": {map[string]string{leftOutVariable: "postgres redis", "CI": "true"}, absent},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			getenv := func(key string) string { return test.env[key] }
			got, reason := available("redis", redisVariable, getenv)
			if got != test.want {
				t.Errorf("got verdict %d, want %d", got, test.want)
			}
			if (reason == "") != (got == present) {
				t.Errorf("verdict %d comes with reason %q", got, reason)
			}
		})
	}
}

func TestPostgresGivesEachTestItsOwnDatabase(t *testing.T) {
	t.Parallel()
	var first string
	t.Run("lives", func(t *testing.T) {
		first = Postgres(t)
		second := Postgres(t)
		execute(t, first, "CREATE TABLE things (id text PRIMARY KEY)")
		execute(t, second, "CREATE TABLE things (id text PRIMARY KEY)")
	})
	if conn, err := pgx.Connect(t.Context(), first); err == nil {
		conn.Close(t.Context())
		t.Error("the database outlives its test")
	}
}

func TestRedisAnswers(t *testing.T) {
	t.Parallel()
	address, err := url.Parse(Redis(t))
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", address.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	password, _ := address.User.Password()
	fmt.Fprintf(conn, "AUTH %s\r\nPING\r\n", password)
	lines := bufio.NewScanner(conn)
	for _, want := range []string{"+OK", "+PONG"} {
		if !lines.Scan() || strings.TrimSpace(lines.Text()) != want {
			t.Fatalf("got %q, want %q", lines.Text(), want)
		}
	}
}

func TestFreePort(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", FreePort(t)))
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
}
