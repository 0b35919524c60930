package ephemeral

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"
)

// probeEvery is how often, during an outage, one caller tries Redis again. All
// others go on without it at once.
const probeEvery = time.Second

var errAway = errors.New("redis is away")

// outage remembers that Redis is away, so that it is logged once and not waited
// for again and again.
type outage struct {
	log *slog.Logger

	mu        sync.Mutex
	down      bool
	nextProbe time.Time
}

// try reports whether Redis may be asked now.
func (o *outage) try() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.down {
		return true
	}
	if time.Now().Before(o.nextProbe) {
		return false
	}
	o.nextProbe = time.Now().Add(probeEvery)
	return true
}

func (o *outage) failed(ctx context.Context, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.down {
		o.log.WarnContext(ctx, "redis is away: rates are counted by each process alone, and changes show up later in the others", "error", err)
	}
	o.down, o.nextProbe = true, time.Now().Add(probeEvery)
}

func (o *outage) worked(ctx context.Context) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.down {
		o.log.InfoContext(ctx, "redis is back")
	}
	o.down = false
}
