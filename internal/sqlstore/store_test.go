package sqlstore

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"drawbridge/internal/testenv"
	"drawbridge/provisioning"
)

var engines = []string{"postgres", "sqlite"}

// freshURL is the URL of an empty database of the engine.
func freshURL(t testing.TB, engine string) string {
	t.Helper()
	if engine == "postgres" {
		return testenv.Postgres(t)
	}
	return "sqlite:" + filepath.Join(t.TempDir(), "test.db")
}

// onBoth runs a test on a migrated Store of each engine.
func onBoth(t *testing.T, test func(t *testing.T, s *Store)) {
	t.Parallel()
	for _, engine := range engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			test(t, freshStore(t, engine))
		})
	}
}

// freshStore is a migrated Store of the engine without any row.
func freshStore(t testing.TB, engine string) *Store {
	t.Helper()
	return mustOpen(t, Options{URL: freshURL(t, engine), Migrate: MigrateEmpty})
}

func mustOpen(t testing.TB, o Options) *Store {
	t.Helper()
	s, err := Open(t.Context(), o)
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

var ids provisioning.RandomIDs

func aWorkspace(slug string) provisioning.Workspace {
	return provisioning.Workspace{
		ID: provisioning.WorkspaceID(ids.New()), Slug: slug, Name: strings.ToUpper(slug),
		Root: provisioning.CommunityID(ids.New()), TombstoneKey: []byte("t"), AuditKey: []byte("a"),
		CreatedAt: time.UnixMicro(1700000000000001).UTC(),
	}
}

// mustUpdate runs a transaction that has to succeed.
func mustUpdate(t testing.TB, s *Store, fn func(*provisioning.Tx) error) {
	t.Helper()
	if err := s.Update(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

// created is a workspace that stands in the Store.
func created(t testing.TB, s *Store, slug string) provisioning.Workspace {
	t.Helper()
	w := aWorkspace(slug)
	mustUpdate(t, s, func(tx *provisioning.Tx) error { return tx.Workspaces.Create(t.Context(), w) })
	return w
}
