package sqlstore

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"drawbridge/migrations"
	"drawbridge/provisioning"
)

func TestOpen_Modes(t *testing.T) {
	t.Parallel()
	for _, engine := range engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			url := freshURL(t, engine)
			looked := mustOpen(t, Options{URL: url, Migrate: MigrateNever})
			if status, err := looked.Schema(t.Context()); err != nil || status.Current != 0 || status.Pending == 0 {
				t.Errorf("MigrateNever on an empty database: %+v, %v", status, err)
			}
			for _, mode := range []MigrateMode{MigrateEmpty, MigrateUp, MigrateEmpty} {
				s := mustOpen(t, Options{URL: url, Migrate: mode})
				if status, err := s.Schema(t.Context()); err != nil || status.Current != status.Latest {
					t.Errorf("mode %d: %+v, %v", mode, status, err)
				}
			}
			access := looked.engine.schema()
			if _, err := access.write.ExecContext(t.Context(), "insert into goose_db_version (version_id, is_applied) values (9999, true)"); err != nil {
				t.Fatal(err)
			}
			for _, mode := range []MigrateMode{MigrateEmpty, MigrateUp} {
				if _, err := Open(t.Context(), Options{URL: url, Migrate: mode}); !errors.Is(err, ErrSchemaNew) {
					t.Errorf("mode %d on a newer schema: %v", mode, err)
				}
			}
			if _, err := looked.Migrate(t.Context()); !errors.Is(err, ErrSchemaNew) {
				t.Errorf("Migrate on a newer schema: %v", err)
			}
		})
	}
}

func TestMigrationNeeded(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		status migrations.Status
		mode   MigrateMode
		needed bool
		err    error
	}{
		{migrations.Status{Current: 0, Latest: 3, Pending: 3}, MigrateEmpty, true, nil},
		{migrations.Status{Current: 2, Latest: 3, Pending: 1}, MigrateEmpty, false, ErrSchemaOld},
		{migrations.Status{Current: 2, Latest: 3, Pending: 1}, MigrateUp, true, nil},
		{migrations.Status{Current: 3, Latest: 3}, MigrateUp, false, nil},
		{migrations.Status{Current: 4, Latest: 3}, MigrateUp, false, ErrSchemaNew},
	} {
		needed, err := migrationNeeded(test.status, test.mode)
		if needed != test.needed || !errors.Is(err, test.err) {
			t.Errorf("%+v, mode %d: %v, %v", test.status, test.mode, needed, err)
		}
	}
}

func TestOpen_FilesAreOfTheOwnerOnly(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "odd name?#%41&.db")
	s := mustOpen(t, Options{URL: "sqlite:" + path, Migrate: MigrateUp})
	created(t, s, "acme")
	for _, suffix := range []string{"", "-wal", "-shm"} {
		info, err := os.Stat(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", info.Name(), info.Mode())
		}
	}
}

// closedPort is an address on which nobody listens.
func closedPort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

func TestOpen_Faults(t *testing.T) {
	t.Parallel()
	const password = "hunter2hunter2"
	folder := t.TempDir()
	for _, test := range []struct {
		name, url string
		kind      error // nil for any
	}{
		{"no scheme", "drawbridge.db", nil},
		{"another engine", "mysql://root:" + password + "@127.0.0.1/x", nil},
		{"no path", "sqlite:", nil},
		{"a folder that is missing", "sqlite:" + filepath.Join(folder, "no", "test.db"), provisioning.ErrUnavailable},
		{"a folder", "sqlite:" + folder, provisioning.ErrUnavailable},
		{"a bad port", "postgres://u:" + password + "@127.0.0.1:port/x", nil},
		{"nobody there", "postgres://u:" + password + "@" + closedPort(t) + "/x", provisioning.ErrUnavailable},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := Open(t.Context(), Options{URL: test.url, Migrate: MigrateUp})
			if err == nil || test.kind != nil && !errors.Is(err, test.kind) {
				t.Fatalf("got %v, want kind %v", err, test.kind)
			}
			if strings.Contains(err.Error(), password) {
				t.Errorf("the error tells the password: %v", err)
			}
		})
	}
}

func TestOpen_ReadyInTime(t *testing.T) {
	t.Parallel()
	for _, engine := range engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			url := freshURL(t, engine)
			mustOpen(t, Options{URL: url, Migrate: MigrateUp})
			start := time.Now()
			s := mustOpen(t, Options{URL: url, Migrate: MigrateUp})
			t.Logf("opened in %v", time.Since(start))
			if n := s.Statements(); n != 0 {
				t.Errorf("opening ran %d statements beside the one about the schema", n)
			}
		})
	}
}

func TestUpdate_GoesByTheGivenClock(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 678901234, time.FixedZone("x", 3600))
	s := mustOpen(t, Options{URL: freshURL(t, "sqlite"), Migrate: MigrateUp, Clock: func() time.Time { return at }})
	check := func(tx *provisioning.Tx) error {
		if got, want := tx.Now(), at.UTC().Truncate(time.Microsecond); got != want {
			t.Errorf("Now is %v, want %v", got, want)
		}
		return nil
	}
	if err := errors.Join(s.View(t.Context(), check), s.Update(t.Context(), check)); err != nil {
		t.Error(err)
	}
}

func TestView_CannotAskTheClockOfAnEndedContext(t *testing.T) {
	t.Parallel()
	s := mustOpen(t, Options{URL: freshURL(t, "postgres"), Migrate: MigrateUp})
	ctx, cancel := context.WithCancel(t.Context())
	err := s.View(ctx, func(tx *provisioning.Tx) error {
		cancel()
		tx.Now()
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestClosedStoreIsUnavailable(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		nothing := func(*provisioning.Tx) error { return nil }
		_, schemaErr := s.Schema(t.Context())
		_, migrateErr := s.Migrate(t.Context())
		for name, err := range map[string]error{
			"View": s.View(t.Context(), nothing), "Update": s.Update(t.Context(), nothing),
			"Schema": schemaErr, "Migrate": migrateErr,
		} {
			if !errors.Is(err, provisioning.ErrUnavailable) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}
