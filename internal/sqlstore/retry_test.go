package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"drawbridge/provisioning"
)

func TestRetry(t *testing.T) {
	t.Parallel()
	lost := fmt.Errorf("write: %w", &failure{err: &pgconn.PgError{Code: "40P01"}})
	other := errors.New("other")
	for _, test := range []struct {
		name  string
		fails []error // in turn; then nil
		calls int
		want  error
	}{
		{"wins at once", nil, 1, nil},
		{"wins at the third try", []error{lost, lost}, 3, nil},
		{"passes on another error", []error{lost, other}, 2, other},
		{"gives up", []error{lost, lost, lost, lost, lost, lost, lost, lost, lost, lost, lost, lost}, tries, provisioning.ErrUnavailable},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				calls := 0
				start := time.Now()
				err := retry(t.Context(), func() error {
					calls++
					if calls <= len(test.fails) {
						return test.fails[calls-1]
					}
					return nil
				})
				if !errors.Is(err, test.want) || calls != test.calls {
					t.Errorf("%d calls and %v, want %d and %v", calls, err, test.calls, test.want)
				}
				if waited := time.Since(start); waited > tries*longPause {
					t.Errorf("waited %v", waited)
				}
			})
		})
	}
}

func TestRetry_EndsWithTheContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	calls := 0
	err := retry(ctx, func() error {
		calls++
		cancel()
		return &pgconn.PgError{Code: "40001"}
	})
	if !errors.Is(err, context.Canceled) || calls != 1 {
		t.Errorf("%d calls and %v", calls, err)
	}
}

// Two transactions lock two rows in opposite order. PostgreSQL ends one of
// them, which runs again and succeeds.
func TestUpdate_RunsAgainAfterADeadlock(t *testing.T) {
	t.Parallel()
	s := mustOpen(t, Options{URL: freshURL(t, "postgres"), Migrate: MigrateEmpty})
	a, b := created(t, s, "a"), created(t, s, "b")
	var both, all sync.WaitGroup
	both.Add(2)
	runs := make([]int, 2)
	errs := make([]error, 2)
	for i, order := range [][]provisioning.WorkspaceID{{a.ID, b.ID}, {b.ID, a.ID}} {
		all.Go(func() {
			errs[i] = s.Update(t.Context(), func(tx *provisioning.Tx) error {
				runs[i]++
				if err := tx.Workspaces.Lock(t.Context(), order[0]); err != nil {
					return err
				}
				if runs[i] == 1 {
					both.Done()
					both.Wait()
				}
				return tx.Workspaces.Lock(t.Context(), order[1])
			})
		})
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil || max(runs[0], runs[1]) < 2 {
		t.Errorf("runs %v, errors %v; want both done, and one to have run again", runs, errs)
	}
}
