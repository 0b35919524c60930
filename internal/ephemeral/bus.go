package ephemeral

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
)

// queueLength bounds what waits for one slow listener, and what waits for Redis.
const queueLength = 1024

// localBus delivers within the process.
type localBus struct {
	log     *slog.Logger
	running sync.WaitGroup

	mu     sync.RWMutex
	topics map[string]map[*subscription]bool
	closed bool
}

func newLocalBus(log *slog.Logger) *localBus {
	return &localBus{log: log, topics: map[string]map[*subscription]bool{}}
}

// subscription is one listener with its own queue and goroutine, so that none
// waits for another.
type subscription struct {
	fn    func(payload string)
	queue chan string
	stop  chan struct{}
	full  atomic.Bool // told in the log, until the queue has been emptied
}

// Publish implements Bus.
func (b *localBus) Publish(ctx context.Context, topic, payload string) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	for s := range b.topics[topic] {
		select {
		case s.queue <- payload:
		default:
			if !s.full.Swap(true) {
				b.log.WarnContext(ctx, "messages are dropped: a listener is too slow", "topic", topic)
			}
		}
	}
}

// Subscribe implements Bus.
func (b *localBus) Subscribe(topic string, fn func(payload string)) func() {
	s := &subscription{fn: fn, queue: make(chan string, queueLength), stop: make(chan struct{})}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return func() {}
	}
	if b.topics[topic] == nil {
		b.topics[topic] = map[*subscription]bool{}
	}
	b.topics[topic][s] = true
	b.running.Go(s.run)
	return func() { b.remove(topic, s) }
}

func (b *localBus) remove(topic string, s *subscription) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.topics[topic][s] {
		return
	}
	delete(b.topics[topic], s)
	if len(b.topics[topic]) == 0 {
		delete(b.topics, topic)
	}
	close(s.stop)
}

func (b *localBus) close() {
	b.mu.Lock()
	b.closed = true
	for _, listeners := range b.topics {
		for s := range listeners {
			close(s.stop)
		}
	}
	clear(b.topics)
	b.mu.Unlock()
	b.running.Wait()
}

func (s *subscription) run() {
	for {
		select {
		case <-s.stop:
			return
		case payload := <-s.queue:
			if s.stopped() {
				return
			}
			s.fn(payload)
			if len(s.queue) == 0 {
				s.full.Store(false)
			}
		}
	}
}

// stopped is asked apart, because select chooses at random when both are ready.
func (s *subscription) stopped() bool {
	select {
	case <-s.stop:
		return true
	default:
		return false
	}
}
