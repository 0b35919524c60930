package apptest

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"testing"

	"drawbridge/config"
	"drawbridge/internal/app"
	"drawbridge/internal/testenv"
	"drawbridge/internal/web"
)

// Engine is a database to run a bridge on.
type Engine struct {
	Name     string
	Database func(testing.TB) string // a fresh one
	Redis    func(testing.TB) string // "" for none
}

// Engines are the two ways to run of the design: embedded, and production.
func Engines() []Engine {
	return []Engine{
		{"sqlite", func(t testing.TB) string { return "sqlite:" + filepath.Join(t.TempDir(), "drawbridge.db") }, func(testing.TB) string { return "" }},
		{"postgres", testenv.Postgres, testenv.Redis},
	}
}

// OnBoth runs a test on both engines, in parallel.
func OnBoth(t *testing.T, test func(*testing.T, Engine)) {
	t.Helper()
	t.Parallel()
	for _, e := range Engines() {
		t.Run(e.Name, func(t *testing.T) {
			t.Parallel()
			test(t, e)
		})
	}
}

// Options say what a bridge runs on.
type Options struct {
	Database    string
	Redis       string
	FormTargets []string
}

// Bridge is a running bridge.
type Bridge struct {
	*app.App
	URL  string
	Stop func() // stops it before the test ends; stopping twice is fine
}

// Start runs a bridge on a free loopback port until the test ends. Bridges of
// one database share its secret key and so are replicas of one installation.
func Start(t testing.TB, o Options) *Bridge {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(config.Sources{Flags: map[string]string{
		"listen": listener.Addr().String(), "data_dir": t.TempDir(), "database_url": o.Database, "redis_url": o.Redis,
		"secret_key": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "allow_private_issuers": "true",
	}})
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	a, err := app.New(t.Context(), c, log, app.Options{Listener: listener, FormTargets: o.FormTargets})
	if err != nil {
		t.Fatal(err)
	}
	b := &Bridge{App: a, URL: c.PublicURL.String()}
	b.Stop = runUntilStopped(t, a.Run)
	return b
}

// runUntilStopped runs something in the background; the returned function
// stops it and waits. It is called at the end of the test at the latest.
func runUntilStopped(t testing.TB, run func(context.Context) error) (stop func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := run(ctx); err != nil {
			t.Errorf("running: %v", err)
		}
	}()
	stop = func() { cancel(); <-done }
	t.Cleanup(stop)
	return stop
}

// serve runs a handler on the listener until the test ends.
func serve(t testing.TB, l net.Listener, h http.Handler) {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	runUntilStopped(t, web.NewServer(l, h, log).Run)
}
