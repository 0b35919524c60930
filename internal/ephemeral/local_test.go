package ephemeral

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// logBook is a log that may be read while it is written.
type logBook struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logBook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// lines counts the lines that have part in them.
func (l *logBook) lines(part string) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range strings.Lines(l.text.String()) {
		if strings.Contains(line, part) {
			n++
		}
	}
	return n
}

func openFor(t *testing.T, url string, book *logBook) *Ephemeral {
	t.Helper()
	e, err := Open(t.Context(), url, slog.New(slog.NewTextHandler(book, nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

func TestContractInProcess(t *testing.T) {
	t.Parallel()
	contract(t, func(t *testing.T) *Ephemeral { return openFor(t, "", &logBook{}) })
}

func TestLocalLimiterOverTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLocalLimiter()
		passed := func(n int) (count int) {
			for range n {
				if l.take("key", 10, 5) == 0 {
					count++
				}
			}
			return count
		}
		if got := passed(9); got != 5 {
			t.Errorf("at first %d pass, want 5", got)
		}
		if wait := l.take("key", 10, 5); wait != 100*time.Millisecond {
			t.Errorf("wait is %v, want 100ms", wait)
		}
		<-time.After(100*time.Millisecond - time.Microsecond)
		if got := passed(1); got != 0 {
			t.Error("one passes too early")
		}
		<-time.After(time.Microsecond)
		if got := passed(9); got != 1 {
			t.Errorf("after an interval %d pass, want 1", got)
		}
		<-time.After(250 * time.Millisecond)
		if got := passed(9); got != 2 {
			t.Errorf("after two and a half %d pass, want 2", got)
		}
		<-time.After(time.Hour)
		if got := passed(9); got != 5 {
			t.Errorf("after an hour %d pass, want 5", got)
		}
	})
}

func TestLocalLimiterForgetsThePast(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLocalLimiter()
		l.take("patient", 1, 100_000)
		for i := range 100_000 {
			l.take(fmt.Sprint("stranger ", i), 1000, 1)
			<-time.After(time.Millisecond)
		}
		if got := len(l.arrival); got > sweepFloor {
			t.Errorf("%d keys are remembered", got)
		}
	})
}

func TestHighRates(t *testing.T) {
	t.Parallel()
	for _, rate := range []int{1_000, 1_000_000, 1 << 40} {
		if interval, span := cell(rate, rate); interval < 1 || span < interval {
			t.Errorf("rate %d: interval %d, span %d", rate, interval, span)
		}
	}
}

func TestDroppedMessagesAreLoggedOnce(t *testing.T) {
	t.Parallel()
	book := &logBook{}
	e := openFor(t, "", book)
	topic := unique()
	blocked(t, e, topic)
	for range 2 * queueLength {
		e.Publish(t.Context(), topic, "more")
	}
	if got := book.lines("a listener is too slow"); got != 1 {
		t.Errorf("%d lines of log", got)
	}
}

func TestListenerMayCancelAndSubscribe(t *testing.T) {
	t.Parallel()
	e := openFor(t, "", &logBook{})
	topic, done := unique(), make(chan string, 1)
	var cancel func()
	ready := make(chan struct{})
	cancel = e.Subscribe(topic, func(string) {
		<-ready
		cancel()
		e.Subscribe(topic, func(payload string) { done <- payload })
		e.Publish(t.Context(), topic, "from within")
	})
	close(ready)
	e.Publish(t.Context(), topic, "go")
	if got := receive(t, done); got != "from within" {
		t.Errorf("got %q", got)
	}
}
