package apptest

import (
	"context"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"drawbridge/config"
	"drawbridge/internal/app"
	"drawbridge/internal/sqlstore"
	"drawbridge/internal/testenv"
	"drawbridge/internal/web"
)

// Engine is a database to run a bridge on.
type Engine struct {
	Name     string
	Database func(testing.TB) string // a fresh one
	Redis    func(testing.TB) string // "" for none
}

// migrated spares each test the migrations on PostgreSQL.
var migrated = testenv.NewTemplate(func(url string) error {
	store, err := sqlstore.Open(context.Background(), sqlstore.Options{URL: url, Migrate: sqlstore.MigrateUp})
	if err != nil {
		return err
	}
	return store.Close()
})

// Engines are the two ways to run of the design: embedded, and production.
func Engines() []Engine {
	return []Engine{
		{"sqlite", func(t testing.TB) string { return "sqlite:" + filepath.Join(t.TempDir(), "drawbridge.db") }, func(testing.TB) string { return "" }},
		{"postgres", migrated.Postgres, testenv.Redis},
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
	// SCIMRate is the limit of each directory, in requests a second; 0 is the
	// product's default.
	SCIMRate int
	// PublicIssuersOnly keeps the bridge from contacting loopback and private
	// addresses, as it does outside of tests.
	PublicIssuersOnly bool
	// Localhost gives the bridge a public URL with a name: a network address
	// can own no passkeys.
	Localhost bool
	// Mail is where mail goes; nil keeps it in the outbox.
	Mail *testenv.SMTP
	// Settings are any others, by their key in the settings file.
	Settings map[string]string
	// Log takes what the bridge logs; nil shows warnings in the test's output.
	Log *slog.Logger
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
	c, err := config.Load(config.Sources{Flags: o.settings(listener.Addr().String(), t.TempDir())})
	if err != nil {
		t.Fatal(err)
	}
	log := o.Log
	if log == nil {
		log = slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	}
	wiring := app.Options{Listener: listener, FormTargets: o.FormTargets}
	if o.Mail != nil {
		wiring.MailTLS = o.Mail.TLS()
	}
	a, err := app.New(t.Context(), c, log, wiring)
	if err != nil {
		t.Fatal(err)
	}
	b := &Bridge{App: a, URL: c.PublicURL.String()}
	b.Stop = runUntilStopped(t, a.Run)
	return b
}

// SecretKey is the secret key of every bridge.
const SecretKey = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

func (o Options) settings(listen, dataDir string) map[string]string {
	settings := map[string]string{
		"listen": listen, "data_dir": dataDir, "database_url": o.Database, "redis_url": o.Redis,
		"secret_key": SecretKey, "allow_private_issuers": strconv.FormatBool(!o.PublicIssuersOnly),
	}
	if o.Localhost {
		settings["public_url"] = "http://" + strings.Replace(listen, "127.0.0.1", "localhost", 1)
	}
	if o.SCIMRate != 0 {
		settings["scim_rate"] = strconv.Itoa(o.SCIMRate)
	}
	if o.Mail != nil {
		settings["smtp_url"], settings["mail_from"] = o.Mail.URL(), "Drawbridge <access@bridge.example>"
	}
	maps.Copy(settings, o.Settings)
	return settings
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
