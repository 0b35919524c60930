package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"drawbridge/provisioning"
)

// childVariable makes this test binary a process that adds to the counter of
// the database that it names.
const childVariable = "DRAWBRIDGE_TEST_COUNT_IN"

const (
	processes  = 3
	increments = 40
)

func TestMain(m *testing.M) {
	if path := os.Getenv(childVariable); path != "" {
		if err := countIn(context.Background(), path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// countIn opens the database, which may be empty and be opened by others at
// the same moment, and adds one to a counter, again and again.
func countIn(ctx context.Context, path string) error {
	s, err := Open(ctx, Options{URL: "sqlite:" + path, Migrate: MigrateEmpty})
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	w := aWorkspace("counter")
	err = s.Update(ctx, func(tx *provisioning.Tx) error { return tx.Workspaces.Create(ctx, w) })
	if err != nil && !provisioning.Taken(err, provisioning.KeySlug) {
		return err
	}
	for range increments {
		if err := s.Update(ctx, func(tx *provisioning.Tx) error { return increment(ctx, tx) }); err != nil {
			return fmt.Errorf("increment: %w", err)
		}
	}
	return s.Close()
}

func increment(ctx context.Context, tx *provisioning.Tx) error {
	all, err := tx.Workspaces.List(ctx)
	if err != nil {
		return err
	}
	n, _ := strconv.Atoi(all[0].Settings["count"])
	return tx.Workspaces.SetSettings(ctx, all[0].ID, provisioning.Settings{"count": strconv.Itoa(n + 1)})
}

func TestSeveralProcessesShareOneFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "shared.db")
	var all sync.WaitGroup
	errs := make([]error, processes)
	for i := range processes {
		child := exec.CommandContext(t.Context(), os.Args[0])
		child.Env = append(os.Environ(), childVariable+"="+path)
		all.Go(func() {
			if out, err := child.CombinedOutput(); err != nil {
				errs[i] = fmt.Errorf("process %d: %w: %s", i, err, out)
			}
		})
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	s := mustOpen(t, Options{URL: "sqlite:" + path, Migrate: MigrateEmpty})
	err := s.View(t.Context(), func(tx *provisioning.Tx) error {
		all, err := tx.Workspaces.List(t.Context())
		if err != nil {
			return err
		}
		if got := all[0].Settings["count"]; len(all) != 1 || got != strconv.Itoa(processes*increments) {
			t.Errorf("%d workspaces, counted %s, want %d", len(all), got, processes*increments)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
