package ephemeral

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// Limiter bounds how often something is done.
type Limiter interface {
	// Allow reports whether one more request under key may pass now. At most burst
	// requests pass at once, and over time rate a second. A rate of 0 lets
	// everything pass; a burst below 1 counts as 1. A request that does not pass is
	// not counted, and passes if it comes again after retryAfter and no other came
	// first. Keys are independent; a caller gives one key always the same rate.
	// With Redis all replicas count together. While Redis cannot be asked, each
	// counts for itself, going on from what it let pass before.
	// The error is that of a context which is over; then nothing passes.
	Allow(ctx context.Context, key string, rate, burst int) (ok bool, retryAfter time.Duration, err error)
}

// Attempts counts failures in windows of time, such as wrong passwords. With Redis
// all replicas count together; while it cannot be asked, each counts for itself,
// going on from what it counted before. A context that is over stops nothing: who
// hangs up early is counted all the same. Keys are independent, and whoever makes
// them keeps personal words out of them.
type Attempts interface {
	// Locked returns how long the key is still locked; 0 if it is not.
	Locked(ctx context.Context, key string) time.Duration
	// Fail counts a failure and returns true, unless the key is locked: then it
	// counts nothing and returns false. The limit-th failure within the window
	// locks the key for the given time, and counting begins anew. Of many at once
	// no more than limit get true. A limit below 1 counts as 1.
	Fail(ctx context.Context, key string, limit int, window, lock time.Duration) bool
	// Clear forgets the failures of the key, and its lock.
	Clear(ctx context.Context, key string)
}

// Bus carries short messages to whoever listens now, in this process and, with
// Redis, in every other one. Delivery is best effort: a message may be lost when
// Redis is away or a listener is slow, so that losing one must only cost time.
type Bus interface {
	// Publish never waits. Each listener of the topic gets the payload once, and
	// those of one publisher in their order. ctx carries values for the log; that
	// it ends stops nothing.
	Publish(ctx context.Context, topic, payload string)
	// Subscribe has fn called for each message, one after the other, until cancel.
	// A call under way when cancel is called still ends. cancel may be called again.
	Subscribe(topic string, fn func(payload string)) (cancel func())
}

// patience is how long Redis may take before the caller goes on without it.
const patience = 200 * time.Millisecond

// Ephemeral is a Limiter, an Attempts and a Bus, in-process or on Redis.
type Ephemeral struct {
	Limiter
	Attempts
	Bus

	client    redis.UniversalClient // nil in-process
	closeBus  func()
	closeOnce sync.Once
}

// Open connects to Redis, or with an empty URL to nothing at all. The URL is
//
//	redis://USER:PASSWORD@HOST:PORT/DB                        one server
//	redis://HOST:PORT?addr=HOST:PORT&addr=…                   Cluster
//	redis://HOST:PORT?addr=HOST:PORT&…&master_name=NAME       Sentinel
//
// or the same with rediss:// for TLS, or unix:///PATH. With Sentinel the user and
// password in front of the host are the sentinels' own; the server's are the
// parameters username and password. Open fails when the URL cannot be understood.
// That Redis is away is no failure: it is logged and Health reports it.
func Open(ctx context.Context, redisURL string, log *slog.Logger) (*Ephemeral, error) {
	if redisURL == "" {
		bus := newLocalBus(log)
		return &Ephemeral{Limiter: newLocalLimiter(), Attempts: newLocalAttempts(maxAttemptKeys), Bus: bus, closeBus: bus.close}, nil
	}
	client, err := newClient(redisURL)
	if err != nil {
		return nil, err
	}
	trouble := &outage{log: log}
	bus := newRedisBus(client, trouble, log)
	e := &Ephemeral{
		Limiter:  &redisLimiter{client: client, outage: trouble, local: newLocalLimiter()},
		Attempts: &redisAttempts{client: client, outage: trouble, local: newLocalAttempts(maxAttemptKeys)},
		Bus:      bus,
		client:   client,
		closeBus: bus.close,
	}
	if err := e.Health(ctx); err != nil && ctx.Err() == nil {
		trouble.failed(ctx, err)
	}
	return e, nil
}

// Health reports whether Redis answers, within a fraction of a second. In-process
// there is nothing to be ill. Whatever it says, Limiter, Attempts and Bus
// go on working.
func (e *Ephemeral) Health(ctx context.Context) error {
	if e.client == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := e.client.Ping(ctx).Err(); err != nil {
		return fmt.Errorf("redis does not answer: %w", err)
	}
	return nil
}

// Close ends all subscriptions and waits for calls under way, so it must not be
// called from one. What was published before is still sent, if Redis takes it
// within a fraction of a second; what is published later goes nowhere. Close may
// be called again.
func (e *Ephemeral) Close() error {
	var err error
	e.closeOnce.Do(func() {
		e.closeBus()
		if e.client != nil {
			err = e.client.Close()
		}
	})
	return err
}
