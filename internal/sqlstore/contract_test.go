package sqlstore_test

import (
	"path/filepath"
	"testing"

	"drawbridge/internal/sqlstore"
	"drawbridge/internal/storetest"
	"drawbridge/internal/testenv"
	"drawbridge/provisioning"
)

func TestStoreKeepsTheContract(t *testing.T) {
	t.Parallel()
	for engine, url := range map[string]func(t testing.TB) string{
		"postgres": testenv.Postgres,
		"sqlite":   func(t testing.TB) string { return "sqlite:" + filepath.Join(t.TempDir(), "test.db") },
	} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			storetest.Run(t, func(t testing.TB) provisioning.Store {
				return open(t, url(t))
			})
		})
	}
}

func open(t testing.TB, url string) *sqlstore.Store {
	t.Helper()
	s, err := sqlstore.Open(t.Context(), sqlstore.Options{URL: url, Migrate: sqlstore.MigrateEmpty})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s
}
