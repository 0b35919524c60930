package ephemeral

import (
	"context"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// maxAttemptKeys bounds how many keys one process counts: whoever tries another
// address each time must not take its memory.
const maxAttemptKeys = 100_000

// sweepPause keeps many keys that all count from being looked through at each
// failure.
const sweepPause = time.Second

// candidates is among how many keys that are counted the one to be forgotten is
// chosen when there are too many.
const candidates = 16

// localAttempts counts in memory.
type localAttempts struct {
	start time.Time
	most  int

	mu        sync.Mutex
	failed    map[string]*failures
	sweepAt   int   // number of keys
	nextSweep int64 // not before, in microseconds since start
}

// failures are those of one key. Times are microseconds since start.
type failures struct {
	at     []int64 // oldest first
	until  int64   // end of the lock
	forget int64   // when nothing of it counts any more
}

func newLocalAttempts(most int) *localAttempts {
	return &localAttempts{start: time.Now(), most: most, failed: map[string]*failures{}, sweepAt: min(sweepFloor, most)}
}

func (l *localAttempts) now() int64 { return time.Since(l.start).Microseconds() }

// Locked implements Attempts.
func (l *localAttempts) Locked(_ context.Context, key string) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if f := l.failed[key]; f != nil {
		return time.Duration(max(0, f.until-l.now())) * time.Microsecond
	}
	return 0
}

// Fail implements Attempts.
func (l *localAttempts) Fail(_ context.Context, key string, limit int, window, lock time.Duration) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	f := l.failed[key]
	if f == nil {
		l.makeRoom(now)
		f = &failures{}
		l.failed[key] = f
	}
	if now < f.until {
		return false
	}
	f.count(now, limit, window.Microseconds(), lock.Microseconds())
	return true
}

func (f *failures) count(now int64, limit int, window, lock int64) {
	for len(f.at) > 0 && f.at[0] <= now-window {
		f.at = f.at[1:]
	}
	f.at = append(f.at, now)
	f.forget = now + window
	if len(f.at) >= limit {
		f.at, f.until, f.forget = nil, now+lock, now+lock
	}
}

// Clear implements Attempts.
func (l *localAttempts) Clear(_ context.Context, key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.failed, key)
}

// makeRoom forgets what does not count any more, each time the number of keys has
// doubled; and where there are too many all the same, one of those that count
// least: not locked if possible, and soonest forgotten.
func (l *localAttempts) makeRoom(now int64) {
	if len(l.failed) >= l.sweepAt && now >= l.nextSweep {
		for key, f := range l.failed {
			if f.forget <= now {
				delete(l.failed, key)
			}
		}
		l.sweepAt = min(l.most, max(sweepFloor, 2*len(l.failed)))
		l.nextSweep = now + sweepPause.Microseconds()
	}
	if len(l.failed) >= l.most {
		delete(l.failed, l.leastOf(now))
	}
}

// leastOf looks at a few keys only, in the map's own random order.
func (l *localAttempts) leastOf(now int64) (least string) {
	var chosen *failures
	looked := 0
	for key, f := range l.failed {
		if chosen == nil || f.lessThan(chosen, now) {
			least, chosen = key, f
		}
		if looked++; looked == candidates {
			break
		}
	}
	return least
}

func (f *failures) lessThan(other *failures, now int64) bool {
	if locked := f.until > now; locked != (other.until > now) {
		return !locked
	}
	return f.forget < other.forget
}

// redisAttempts counts in Redis, and beside it in memory to be ready for an
// outage.
type redisAttempts struct {
	client redis.UniversalClient
	outage *outage
	local  *localAttempts
}

// attemptKeys are those of the failures and of the lock. The braces keep them on
// one node of a Cluster.
func attemptKeys(key string) []string {
	return []string{"drawbridge:failed:{" + key + "}", "drawbridge:locked:{" + key + "}"}
}

// failScript keeps the times of the last failures, newest first, by the clock of
// Redis. It returns 0 if the key is locked.
var failScript = redis.NewScript(`
if redis.call('EXISTS', KEYS[2]) == 1 then return 0 end
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local limit, window, lock = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
redis.call('LPUSH', KEYS[1], string.format('%.0f', now))
redis.call('LTRIM', KEYS[1], 0, limit - 1)
local oldest = redis.call('LINDEX', KEYS[1], limit - 1)
if oldest and now - tonumber(oldest) < window then
	redis.call('SET', KEYS[2], 1, 'PX', math.max(1, math.ceil(lock / 1000)))
	redis.call('DEL', KEYS[1])
else
	redis.call('PEXPIRE', KEYS[1], math.max(1, math.ceil(window / 1000)))
end
return 1
`)

// Locked implements Attempts.
func (r *redisAttempts) Locked(ctx context.Context, key string) time.Duration {
	var left time.Duration
	err := r.ask(ctx, func(ctx context.Context) (err error) {
		left, err = r.client.PTTL(ctx, attemptKeys(key)[1]).Result()
		return err
	})
	if err != nil {
		return r.local.Locked(ctx, key)
	}
	return max(0, left) // below zero: there is no such key
}

// Fail implements Attempts.
func (r *redisAttempts) Fail(ctx context.Context, key string, limit int, window, lock time.Duration) bool {
	limit = max(1, limit)
	var counted int
	err := r.ask(ctx, func(ctx context.Context) (err error) {
		counted, err = failScript.Run(ctx, r.client, attemptKeys(key), limit, window.Microseconds(), lock.Microseconds()).Int()
		return err
	})
	if err == nil && counted == 0 {
		return false
	}
	alone := r.local.Fail(ctx, key, limit, window, lock)
	return err == nil || alone
}

// Clear implements Attempts.
func (r *redisAttempts) Clear(ctx context.Context, key string) {
	r.local.Clear(ctx, key)
	_ = r.ask(ctx, func(ctx context.Context) error { return r.client.Del(ctx, attemptKeys(key)...).Err() })
}

// ask asks Redis unless it is away. It does not end with the caller's context:
// who hangs up early must be counted all the same.
func (r *redisAttempts) ask(ctx context.Context, question func(context.Context) error) error {
	if !r.outage.try() {
		return errAway
	}
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	if err := question(bounded); err != nil {
		r.outage.failed(ctx, err)
		return err
	}
	r.outage.worked(ctx)
	return nil
}
