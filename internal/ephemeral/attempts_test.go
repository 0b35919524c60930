package ephemeral

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// failTimes counts n failures, of which none meets a lock.
func failTimes(t *testing.T, e Attempts, key string, limit, n int) {
	t.Helper()
	for i := range n {
		if !e.Fail(t.Context(), key, limit, time.Minute, time.Minute) {
			t.Fatalf("failure %d of %d is not counted", i+1, n)
		}
	}
}

func wantLocked(t *testing.T, e Attempts, key string, most time.Duration) {
	t.Helper()
	if left := e.Locked(t.Context(), key); left < 0 || left > most || (left == 0) != (most == 0) {
		t.Errorf("locked for %v, want up to %v", left, most)
	}
}

func limitLocks(t *testing.T, e *Ephemeral) {
	key := unique()
	wantLocked(t, e, key, 0)
	failTimes(t, e, key, 5, 4)
	wantLocked(t, e, key, 0)
	failTimes(t, e, key, 5, 1)
	wantLocked(t, e, key, time.Minute)
}

func lockedCountsNothing(t *testing.T, e *Ephemeral) {
	key := unique()
	e.Fail(t.Context(), key, 1, time.Minute, time.Minute)
	for range 10 {
		if e.Fail(t.Context(), key, 1, time.Minute, time.Hour) {
			t.Fatal("a failure of a locked key is counted")
		}
	}
	wantLocked(t, e, key, time.Minute)
}

func countsAnew(t *testing.T, e *Ephemeral) {
	key, lock := unique(), 50*time.Millisecond
	for range 3 {
		e.Fail(t.Context(), key, 3, time.Minute, lock)
	}
	eventually(t, "the lock ends", func() bool { return e.Locked(t.Context(), key) == 0 })
	failTimes(t, e, key, 3, 2)
	wantLocked(t, e, key, 0)
}

func oldFailures(t *testing.T, e *Ephemeral) {
	key, window := unique(), 50*time.Millisecond
	for range 4 {
		if !e.Fail(t.Context(), key, 2, window, time.Minute) {
			t.Fatal("failures that are further apart than the window lock")
		}
		<-time.After(2 * window)
	}
	wantLocked(t, e, key, 0)
}

func clearForgets(t *testing.T, e *Ephemeral) {
	key := unique()
	failTimes(t, e, key, 3, 2)
	e.Clear(t.Context(), key)
	failTimes(t, e, key, 3, 2)
	wantLocked(t, e, key, 0)
	failTimes(t, e, key, 3, 1)
	wantLocked(t, e, key, time.Minute)
	e.Clear(t.Context(), key)
	wantLocked(t, e, key, 0)
	e.Clear(t.Context(), unique())
}

func failuresAreIndependent(t *testing.T, e *Ephemeral) {
	key := unique()
	for _, other := range []string{key + "x", key[1:], "{" + key + "}", "*", ""} {
		e.Clear(t.Context(), other)
		failTimes(t, e, other, 2, 1)
	}
	failTimes(t, e, key, 2, 1)
	wantLocked(t, e, key, 0)
}

func parallelFailures(t *testing.T, e *Ephemeral) {
	const limit = 5
	key := unique()
	var counted atomic.Int64
	var callers sync.WaitGroup
	for range 20 * limit {
		callers.Go(func() {
			if e.Fail(t.Context(), key, limit, time.Hour, time.Hour) {
				counted.Add(1)
			}
		})
	}
	callers.Wait()
	if got := counted.Load(); got != limit {
		t.Errorf("%d of %d pass, want %d", got, 20*limit, limit)
	}
}

func hangUp(t *testing.T, e *Ephemeral) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	key := unique()
	for range 3 {
		if !e.Fail(ctx, key, 3, time.Minute, time.Minute) {
			t.Error("a failure is not counted")
		}
	}
	wantLocked(t, e, key, time.Minute)
	if e.Locked(ctx, key) == 0 {
		t.Error("who has hung up meets no lock")
	}
	e.Clear(ctx, key)
	wantLocked(t, e, key, 0)
}

func limitZero(t *testing.T, e *Ephemeral) {
	key := unique()
	failTimes(t, e, key, 0, 1)
	wantLocked(t, e, key, time.Minute)
}

func TestLocalAttemptsOverTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLocalAttempts(10)
		fail := func() bool { return l.Fail(t.Context(), "key", 3, time.Minute, 30*time.Minute) }
		fail()
		<-time.After(30 * time.Second)
		fail()
		<-time.After(30 * time.Second) // the first is a whole window old
		fail()
		wantLocked(t, l, "key", 0)
		<-time.After(30*time.Second - time.Microsecond)
		fail()
		if left := l.Locked(t.Context(), "key"); left != 30*time.Minute {
			t.Errorf("three within a minute lock for %v", left)
		}
		<-time.After(30*time.Minute - time.Microsecond)
		if fail() || l.Locked(t.Context(), "key") != time.Microsecond {
			t.Errorf("the lock is over %v before its end", time.Microsecond)
		}
		<-time.After(time.Microsecond)
		fail()
		if !fail() || l.Locked(t.Context(), "key") != 0 {
			t.Error("what was before the lock counts after it")
		}
	})
}

func TestLocalAttemptsForgetThePast(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLocalAttempts(maxAttemptKeys)
		for i := range 50_000 {
			l.Fail(t.Context(), fmt.Sprint("stranger ", i), 5, time.Second, time.Second)
			<-time.After(10 * time.Millisecond)
		}
		if got := len(l.failed); got > 2*sweepFloor {
			t.Errorf("%d keys are remembered", got)
		}
	})
}

// TestLocalAttemptsAreBounded: who tries another address each time neither takes
// the memory nor frees what is locked.
func TestLocalAttemptsAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const most = 2000
		l := newLocalAttempts(most)
		for i := range 50 {
			failTimes(t, l, fmt.Sprint("locked ", i), 1, 1)
		}
		for i := range 20 * most {
			l.Fail(t.Context(), fmt.Sprint("stranger ", i), 5, time.Hour, time.Hour)
		}
		if got := len(l.failed); got > most {
			t.Errorf("%d keys are remembered", got)
		}
		for i := range 50 {
			wantLocked(t, l, fmt.Sprint("locked ", i), time.Minute)
		}
	})
}

func TestAttemptsAreTwoKeysThatExpire(t *testing.T) {
	t.Parallel()
	url := startRedis(t, socket(t)).url
	e := openFor(t, url, &logBook{})
	e.Fail(t.Context(), "k", 2, time.Minute, time.Hour)
	wantKey(t, e, "drawbridge:failed:{k}", time.Minute)
	e.Fail(t.Context(), "k", 2, time.Minute, time.Hour)
	wantKey(t, e, "drawbridge:locked:{k}", time.Hour)
	e.Clear(t.Context(), "k")
	if keys, err := e.client.Keys(t.Context(), "*").Result(); err != nil || len(keys) > 0 {
		t.Errorf("what is cleared leaves %q, %v", keys, err)
	}
}

// wantKey checks that Redis holds that key alone, and for how long.
func wantKey(t *testing.T, e *Ephemeral, key string, life time.Duration) {
	t.Helper()
	keys, err := e.client.Keys(t.Context(), "*").Result()
	if err != nil || len(keys) != 1 || keys[0] != key {
		t.Fatalf("keys %q, %v", keys, err)
	}
	left, err := e.client.PTTL(t.Context(), key).Result()
	if err != nil || left <= 0 || left > life {
		t.Errorf("%s lives for %v, %v", key, left, err)
	}
}

func TestAttemptsGoOnWithoutRedis(t *testing.T) {
	t.Parallel()
	path := socket(t)
	running := startRedis(t, path)
	book := &logBook{}
	e := openFor(t, running.url, book)
	begun, locked := unique(), unique()
	failTimes(t, e, begun, 5, 3)
	failTimes(t, e, locked, 1, 1)

	running.stop()

	begin := time.Now()
	wantLocked(t, e, locked, time.Minute)
	failTimes(t, e, begun, 5, 2)
	wantLocked(t, e, begun, time.Minute)
	for range 500 {
		e.Fail(t.Context(), unique(), 5, time.Minute, time.Minute)
	}
	if took := time.Since(begin); took > 2*time.Second {
		t.Errorf("500 failures without Redis took %v", took)
	}
	if n := book.lines("redis is away"); n != 1 {
		t.Errorf("%d lines of log about the outage", n)
	}

	startRedis(t, path)
	other := openFor(t, "unix://"+path, &logBook{})
	eventually(t, "failures are counted together again", func() bool {
		key := unique()
		e.Fail(t.Context(), key, 1, time.Minute, time.Minute)
		return other.Locked(t.Context(), key) > 0
	})
}

func BenchmarkLocalAttempts(b *testing.B) {
	e, err := Open(b.Context(), "", slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	for i := 0; b.Loop(); i++ {
		key := fmt.Sprint("stranger ", i)
		if e.Locked(b.Context(), key) == 0 {
			e.Fail(b.Context(), key, 5, time.Hour, time.Hour)
		}
	}
}
