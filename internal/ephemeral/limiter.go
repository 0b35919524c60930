package ephemeral

import (
	"context"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// Both limiters run the generic cell rate algorithm: a key has a theoretical
// arrival time, which each request that passes moves on by one interval, and which
// may lie ahead of the clock by at most the span of a burst. One number a key is
// enough, and nothing has to be reset. Times are whole microseconds, which the
// numbers of Redis' scripts hold exactly.

// cell gives the interval between requests and the span of a burst, in microseconds.
func cell(rate, burst int) (interval, span int64) {
	interval = max(1, int64(time.Second/time.Microsecond)/int64(rate))
	return interval, interval * int64(max(1, burst))
}

// localLimiter counts in memory.
type localLimiter struct {
	start time.Time

	mu      sync.Mutex
	arrival map[string]int64 // theoretical arrival time, in microseconds since start
	sweepAt int
}

// sweepFloor is the number of keys below which the past ones are not looked for.
const sweepFloor = 1024

func newLocalLimiter() *localLimiter {
	return &localLimiter{start: time.Now(), arrival: map[string]int64{}, sweepAt: sweepFloor}
}

// Allow implements Limiter.
func (l *localLimiter) Allow(ctx context.Context, key string, rate, burst int) (bool, time.Duration, error) {
	if err := ctx.Err(); err != nil {
		return false, 0, err
	}
	if rate <= 0 {
		return true, 0, nil
	}
	wait := l.take(key, rate, burst)
	return wait == 0, wait, nil
}

// take lets one request pass and returns 0, or returns how long to wait.
func (l *localLimiter) take(key string, rate, burst int) time.Duration {
	interval, span := cell(rate, burst)
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Since(l.start).Microseconds()
	next := max(l.arrival[key], now) + interval
	if wait := next - span - now; wait > 0 {
		return time.Duration(wait) * time.Microsecond
	}
	l.arrival[key] = next
	l.sweep(now)
	return 0
}

// sweep forgets keys whose time has passed, each time their number has doubled. So
// it costs little per request, and memory follows the number of keys in use.
func (l *localLimiter) sweep(now int64) {
	if len(l.arrival) < l.sweepAt {
		return
	}
	for key, arrival := range l.arrival {
		if arrival <= now {
			delete(l.arrival, key)
		}
	}
	l.sweepAt = max(sweepFloor, 2*len(l.arrival))
}

// redisLimiter counts in Redis, and beside it in memory to be ready for an outage.
type redisLimiter struct {
	client redis.UniversalClient
	outage *outage
	local  *localLimiter
}

const ratePrefix = "drawbridge:rate:"

// rateScript goes by the clock of Redis, because those of the replicas differ. It
// returns the microseconds to wait, 0 if the request passes.
var rateScript = redis.NewScript(`
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval, span = tonumber(ARGV[1]), tonumber(ARGV[2])
local arrival = tonumber(redis.call('GET', KEYS[1]) or 0)
local next = math.max(arrival, now) + interval
local wait = next - span - now
if wait > 0 then return wait end
redis.call('SET', KEYS[1], string.format('%.0f', next), 'PX', math.ceil((next - now) / 1000))
return 0
`)

// Allow implements Limiter.
func (r *redisLimiter) Allow(ctx context.Context, key string, rate, burst int) (bool, time.Duration, error) {
	if rate <= 0 || ctx.Err() != nil || !r.outage.try() {
		return r.local.Allow(ctx, key, rate, burst)
	}
	wait, err := r.ask(ctx, key, rate, burst)
	if err != nil {
		if gaveUp := over(ctx); gaveUp != nil {
			return false, 0, gaveUp
		}
		r.outage.failed(ctx, err)
		return r.local.Allow(ctx, key, rate, burst)
	}
	r.outage.worked(ctx)
	if wait == 0 {
		r.local.take(key, rate, burst)
	}
	return wait == 0, wait, nil
}

// over tells whether the caller has given up, which says nothing about Redis. The
// connection may notice a deadline before the context does.
func over(ctx context.Context) error {
	if deadline, ok := ctx.Deadline(); ok && !time.Now().Before(deadline) {
		return context.DeadlineExceeded
	}
	return ctx.Err()
}

func (r *redisLimiter) ask(ctx context.Context, key string, rate, burst int) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	interval, span := cell(rate, burst)
	wait, err := rateScript.Run(ctx, r.client, []string{ratePrefix + key}, interval, span).Int64()
	return time.Duration(wait) * time.Microsecond, err
}
