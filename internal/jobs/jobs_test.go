package jobs_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"drawbridge/internal/jobs"
)

// leases is the contract of a lease in memory.
type leases struct {
	mu    sync.Mutex
	until map[string]time.Time
	by    map[string]string
}

func newLeases() *leases {
	return &leases{until: map[string]time.Time{}, by: map[string]string{}}
}

func (l *leases) LeaseJob(_ context.Context, job, holder string, lease time.Duration) (bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.by[job] != holder && time.Now().Before(l.until[job]) {
		return false, nil
	}
	l.by[job], l.until[job] = holder, time.Now().Add(lease)
	return true, nil
}

func TestScheduler_OneReplicaRunsAJob_AndAnotherGoesOnWhenItDies(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		shared := newLeases()
		var ran []string
		var mu sync.Mutex
		start := func(holder string) (stop func()) {
			ctx, cancel := context.WithCancel(t.Context())
			job := jobs.Job{Name: "sweep", Every: time.Minute, Run: func(context.Context) error {
				mu.Lock()
				defer mu.Unlock()
				ran = append(ran, holder)
				return nil
			}}
			done := make(chan struct{})
			go func() {
				jobs.NewScheduler(shared, holder, slog.New(slog.DiscardHandler), job).Run(ctx)
				close(done)
			}()
			synctest.Wait()
			return func() { cancel(); <-done }
		}
		stopFirst := start("first")
		stopSecond := start("second")
		time.Sleep(5*time.Minute + time.Second)
		synctest.Wait()
		mu.Lock()
		for _, holder := range ran {
			if holder != "first" {
				t.Fatalf("ran by %v; the first replica had the lease", ran)
			}
		}
		if len(ran) != 6 {
			t.Errorf("ran %d times in five minutes, want at start and each minute", len(ran))
		}
		ran = nil
		mu.Unlock()

		stopFirst()
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		stopSecond()
		if len(ran) == 0 || ran[0] != "second" {
			t.Errorf("after the first replica died ran %v, want the second to go on", ran)
		}
	})
}

func TestScheduler_AJobThatFailsIsTriedAgain_AndOneThatIsWokenRunsAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		runs := make(chan time.Time, 10)
		job := jobs.Job{Name: "seal", Every: time.Hour, Run: func(context.Context) error {
			runs <- time.Now()
			return errors.New("database is away")
		}}
		s := jobs.NewScheduler(newLeases(), "only", slog.New(slog.DiscardHandler), job)
		done := make(chan struct{})
		go func() { s.Run(ctx); close(done) }()
		first := <-runs
		s.Wake("seal")
		s.Wake("nobody knows this one")
		if second := <-runs; !second.Equal(first) {
			t.Errorf("woken after %v, want at once", second.Sub(first))
		}
		if third := <-runs; third.Sub(first) != time.Hour {
			t.Errorf("tried again after %v, want an hour", third.Sub(first))
		}
		cancel()
		<-done
	})
}

// TestScheduler_ARestartDoesNotWaitForTheLease: who stops hands its jobs over.
func TestScheduler_ARestartDoesNotWaitForTheLease(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		shared := newLeases()
		begin := time.Now()
		for _, holder := range []string{"first", "second", "third"} {
			ctx, cancel := context.WithCancel(t.Context())
			ran := 0
			job := jobs.Job{Name: "sweep", Every: time.Hour, Run: func(context.Context) error { ran++; return nil }}
			done := make(chan struct{})
			go func() { jobs.NewScheduler(shared, holder, slog.New(slog.DiscardHandler), job).Run(ctx); close(done) }()
			synctest.Wait()
			cancel()
			<-done
			if ran != 1 || !time.Now().Equal(begin) {
				t.Errorf("%s ran the job %d times by %v after the start", holder, ran, time.Since(begin))
			}
		}
	})
}
