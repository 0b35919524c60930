package ephemeral

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// patienceOfTests bounds every wait of the tests.
const patienceOfTests = 10 * time.Second

// contract checks what the comments of Limiter, Attempts and Bus promise. open gives a fresh
// Ephemeral that is closed with the test.
func contract(t *testing.T, open func(t *testing.T) *Ephemeral) {
	tests := map[string]func(*testing.T, *Ephemeral){
		"a burst passes and no more":               burstPasses,
		"what does not pass is not counted":        refusedIsNotCounted,
		"a request passes after retryAfter":        passesAfterRetry,
		"rate 0 lets everything pass":              rateZero,
		"a burst below 1 counts as 1":              burstZero,
		"keys are independent":                     keysAreIndependent,
		"parallel requests are counted together":   parallelRequests,
		"a context that is over lets nothing pass": contextOver,
		"the limit-th failure locks":               limitLocks,
		"a locked key counts nothing":              lockedCountsNothing,
		"counting begins anew after a lock":        countsAnew,
		"old failures do not count":                oldFailures,
		"clear forgets failures and lock":          clearForgets,
		"failures of keys are independent":         failuresAreIndependent,
		"of many at once no more than limit pass":  parallelFailures,
		"who hangs up early is counted":            hangUp,
		"a limit below 1 counts as 1":              limitZero,
		"every listener gets each message once":    everyListenerOnce,
		"messages keep their order":                messagesInOrder,
		"a payload arrives as it was sent":         payloads,
		"topics are apart":                         topicsAreApart,
		"cancel ends a subscription":               cancelEnds,
		"publishing never waits":                   publishNeverWaits,
		"a slow listener delays no other":          slowListener,
		"closing ends everything, also twice":      closeTwice,
		"health is good":                           healthIsGood,
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

// unique keeps tests that share a Redis apart, from each other and from earlier runs.
func unique() string { return rand.Text() }

func allow(t *testing.T, e *Ephemeral, key string, rate, burst int) (bool, time.Duration) {
	t.Helper()
	ok, retryAfter, err := e.Allow(t.Context(), key, rate, burst)
	if err != nil || ok != (retryAfter == 0) {
		t.Fatalf("Allow = %v, %v, %v", ok, retryAfter, err)
	}
	return ok, retryAfter
}

// spend lets n requests pass and fails if one does not.
func spend(t *testing.T, e *Ephemeral, key string, rate, burst, n int) {
	t.Helper()
	for i := range n {
		if ok, retryAfter := allow(t, e, key, rate, burst); !ok {
			t.Fatalf("request %d of %d must wait %v", i+1, n, retryAfter)
		}
	}
}

func burstPasses(t *testing.T, e *Ephemeral) {
	key, begin := unique(), time.Now()
	spend(t, e, key, 1, 5, 5)
	ok, retryAfter := allow(t, e, key, 1, 5)
	if ok && time.Since(begin) < time.Second {
		t.Error("the sixth of five requests passed")
	}
	if retryAfter > time.Second {
		t.Errorf("retryAfter is %v at one request a second", retryAfter)
	}
}

func refusedIsNotCounted(t *testing.T, e *Ephemeral) {
	key := unique()
	spend(t, e, key, 1, 1, 1)
	for range 20 {
		if _, retryAfter := allow(t, e, key, 1, 1); retryAfter > time.Second {
			t.Fatalf("refused requests add up: retryAfter is %v", retryAfter)
		}
	}
}

func passesAfterRetry(t *testing.T, e *Ephemeral) {
	key := unique()
	spend(t, e, key, 5, 1, 1)
	ok, retryAfter := allow(t, e, key, 5, 1)
	if ok {
		return // this machine took 200 ms between two requests
	}
	<-time.After(retryAfter + time.Millisecond)
	if ok, again := allow(t, e, key, 5, 1); !ok {
		t.Errorf("after %v one must wait for %v more", retryAfter, again)
	}
}

func rateZero(t *testing.T, e *Ephemeral) {
	spend(t, e, unique(), 0, 0, 100)
}

func burstZero(t *testing.T, e *Ephemeral) {
	key, begin := unique(), time.Now()
	spend(t, e, key, 1, 0, 1)
	if ok, _ := allow(t, e, key, 1, 0); ok && time.Since(begin) < time.Second {
		t.Error("a second request passed")
	}
}

func keysAreIndependent(t *testing.T, e *Ephemeral) {
	for range 5 {
		spend(t, e, unique(), 1, 1, 1)
	}
}

func parallelRequests(t *testing.T, e *Ephemeral) {
	const burst = 20
	key, begin := unique(), time.Now()
	var passed atomic.Int64
	var callers sync.WaitGroup
	for range 4 * burst {
		callers.Go(func() {
			if ok, _, err := e.Allow(t.Context(), key, 1, burst); err != nil {
				t.Error(err)
			} else if ok {
				passed.Add(1)
			}
		})
	}
	callers.Wait()
	most := int64(burst + 1 + time.Since(begin)/time.Second)
	if got := passed.Load(); got < burst || got > most {
		t.Errorf("%d requests passed, want %d", got, burst)
	}
}

func contextOver(t *testing.T, e *Ephemeral) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if ok, _, err := e.Allow(ctx, unique(), 1, 1); ok || !errors.Is(err, context.Canceled) {
		t.Errorf("Allow = %v, %v", ok, err)
	}
}

// listen subscribes and returns a channel with what came.
func listen(t *testing.T, e *Ephemeral, topic string) <-chan string {
	t.Helper()
	got := make(chan string, 100)
	t.Cleanup(e.Subscribe(topic, func(payload string) { got <- payload }))
	return got
}

func receive(t *testing.T, from <-chan string) string {
	t.Helper()
	select {
	case payload := <-from:
		return payload
	case <-time.After(patienceOfTests):
		t.Fatal("nothing came")
		return ""
	}
}

func everyListenerOnce(t *testing.T, e *Ephemeral) {
	topic := unique()
	one, two := listen(t, e, topic), listen(t, e, topic)
	e.Publish(t.Context(), topic, "a")
	e.Publish(t.Context(), topic, "b")
	for _, listener := range []<-chan string{one, two} {
		if a, b := receive(t, listener), receive(t, listener); a != "a" || b != "b" {
			t.Errorf("got %q, %q", a, b)
		}
	}
}

func messagesInOrder(t *testing.T, e *Ephemeral) {
	topic := unique()
	got := listen(t, e, topic)
	for i := range 50 {
		e.Publish(t.Context(), topic, fmt.Sprint(i))
	}
	for i := range 50 {
		if payload := receive(t, got); payload != fmt.Sprint(i) {
			t.Fatalf("message %d is %q", i, payload)
		}
	}
}

func payloads(t *testing.T, e *Ephemeral) {
	topic := unique()
	got := listen(t, e, topic)
	for _, payload := range []string{"", "\x00\n", "é*?[", strings.Repeat("x", 10_000)} {
		e.Publish(t.Context(), topic, payload)
		if came := receive(t, got); came != payload {
			t.Errorf("sent %.20q, came %.20q", payload, came)
		}
	}
}

func topicsAreApart(t *testing.T, e *Ephemeral) {
	topic := unique()
	got := listen(t, e, topic)
	for _, other := range []string{topic + "x", topic[1:], "*", ""} {
		e.Publish(t.Context(), other, "of another topic")
	}
	e.Publish(t.Context(), topic, "mine")
	if payload := receive(t, got); payload != "mine" {
		t.Errorf("got %q", payload)
	}
}

func cancelEnds(t *testing.T, e *Ephemeral) {
	topic := unique()
	cancel := e.Subscribe(topic, func(payload string) { t.Errorf("got %q", payload) })
	cancel()
	cancel()
	got := listen(t, e, topic)
	e.Publish(t.Context(), topic, "late")
	receive(t, got)
}

// blocked subscribes a listener that stays in its first call until the test ends.
func blocked(t *testing.T, e *Ephemeral, topic string) {
	t.Helper()
	inside, release := make(chan string, 1), make(chan struct{})
	e.Subscribe(topic, func(payload string) {
		select {
		case inside <- payload:
		default:
		}
		<-release
	})
	t.Cleanup(func() { close(release) })
	e.Publish(t.Context(), topic, "first")
	receive(t, inside)
}

func publishNeverWaits(t *testing.T, e *Ephemeral) {
	topic := unique()
	blocked(t, e, topic)
	begin := time.Now()
	for range 3 * queueLength {
		e.Publish(t.Context(), topic, "more")
	}
	if took := time.Since(begin); took > time.Second {
		t.Errorf("publishing took %v", took)
	}
}

func slowListener(t *testing.T, e *Ephemeral) {
	topic := unique()
	got := listen(t, e, topic)
	blocked(t, e, topic)
	e.Publish(t.Context(), topic, "second")
	if a, b := receive(t, got), receive(t, got); a != "first" || b != "second" {
		t.Errorf("got %q, %q", a, b)
	}
}

func closeTwice(t *testing.T, e *Ephemeral) {
	topic := unique()
	cancel := e.Subscribe(topic, func(payload string) { t.Errorf("got %q", payload) })
	if err := errors.Join(e.Close(), e.Close()); err != nil {
		t.Error(err)
	}
	e.Publish(t.Context(), topic, "late")
	cancel()
	e.Subscribe(topic, func(payload string) { t.Errorf("got %q", payload) })()
}

func healthIsGood(t *testing.T, e *Ephemeral) {
	if err := e.Health(t.Context()); err != nil {
		t.Error(err)
	}
}

// together checks what several processes on one Redis promise beyond the contract.
func together(t *testing.T, open func(t *testing.T) *Ephemeral) {
	t.Run("rates are counted together", func(t *testing.T) {
		t.Parallel()
		one, two := open(t), open(t)
		key, begin := unique(), time.Now()
		spend(t, one, key, 1, 4, 2)
		spend(t, two, key, 1, 4, 2)
		for _, e := range []*Ephemeral{one, two} {
			if ok, _ := allow(t, e, key, 1, 4); ok && time.Since(begin) < time.Second {
				t.Error("a fifth request passed")
			}
		}
	})
	t.Run("failures are counted together", func(t *testing.T) {
		t.Parallel()
		one, two := open(t), open(t)
		var key string
		// A slow moment of Redis counts as an outage, in which each counts alone.
		eventually(t, "a lock holds in both processes", func() bool {
			key = unique()
			failTimes(t, one, key, 3, 2)
			failTimes(t, two, key, 3, 1)
			return one.Locked(t.Context(), key) > 0 && two.Locked(t.Context(), key) > 0 && !one.Fail(t.Context(), key, 3, time.Minute, time.Minute)
		})
		eventually(t, "what one process clears is clear in the other", func() bool {
			two.Clear(t.Context(), key)
			return one.Locked(t.Context(), key) == 0
		})
	})
	t.Run("messages reach the other process once and in order", func(t *testing.T) {
		t.Parallel()
		one, two := open(t), open(t)
		topic := unique()
		mine, theirs := listen(t, one, topic), listen(t, two, topic)
		connected(t, one, two)
		want := []string{"a", "b\x00", ""}
		for _, payload := range want {
			one.Publish(t.Context(), topic, payload)
		}
		for _, listener := range []<-chan string{mine, theirs} {
			if got := []string{receive(t, listener), receive(t, listener), receive(t, listener)}; !slices.Equal(got, want) {
				t.Errorf("got %q", got)
			}
		}
		connected(t, two, one) // an echo of the three would have come before
		if len(mine) > 0 || len(theirs) > 0 {
			t.Error("a message came twice")
		}
	})
	t.Run("what was published before Close arrives", func(t *testing.T) {
		t.Parallel()
		one, two := open(t), open(t)
		topic := unique()
		got := listen(t, two, topic)
		connected(t, one, two)
		one.Publish(t.Context(), topic, "last words")
		if err := one.Close(); err != nil {
			t.Error(err)
		}
		receive(t, got)
	})
}

// connected returns once messages of from reach to.
func connected(t *testing.T, from, to *Ephemeral) {
	t.Helper()
	topic := unique()
	got := make(chan struct{}, 1)
	cancel := to.Subscribe(topic, func(string) {
		select {
		case got <- struct{}{}:
		default:
		}
	})
	defer cancel()
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	deadline := time.After(patienceOfTests)
	for {
		from.Publish(t.Context(), topic, "hello")
		select {
		case <-got:
			return
		case <-again.C:
		case <-deadline:
			t.Fatal("the processes do not hear each other")
		}
	}
}
