package sqlstore

import (
	"context"
	"math/rand/v2"
	"time"
)

const (
	tries      = 10
	firstPause = 4 * time.Millisecond
	longPause  = 400 * time.Millisecond
)

// retry runs fn again while it loses against other transactions, with a pause
// before each time that is random below a growing limit, so that those who
// collided do not collide again. It ends with the context, and after ten
// tries with an error of kind ErrUnavailable.
func retry(ctx context.Context, fn func() error) error {
	limit := firstPause
	for range tries - 1 {
		err := fn()
		if !retryable(err) {
			return err
		}
		if err := pause(ctx, rand.N(limit)); err != nil { //nolint:gosec // spreads the tries, guards no secret
			return err
		}
		limit = min(2*limit, longPause)
	}
	err := fn()
	if retryable(err) {
		return unavailable("gave way to other transactions %d times: %w", tries, err)
	}
	return err
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
