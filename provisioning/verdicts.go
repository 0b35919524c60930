package provisioning

import (
	"sync"
	"time"
)

// VerdictLifetime is how long "this session or token is good" may be reused
// without asking the database. It bounds how long another process may go on
// trusting what this one revoked.
const VerdictLifetime = 500 * time.Millisecond

// maxVerdicts bounds the memory of the cache; beyond it, everything is asked.
const maxVerdicts = 50_000

// verdicts remembers, briefly, what was found to be good. A verdict that was
// read before a revocation is never stored after it: the epoch moved on.
type verdicts struct {
	mu    sync.Mutex
	epoch uint64
	good  map[string]verdict
}

type verdict struct {
	value any
	until time.Time
}

func newVerdicts() *verdicts { return &verdicts{good: make(map[string]verdict)} }

// get returns a fresh verdict, and the epoch to give to put.
func (v *verdicts) get(id string) (value any, ok bool, epoch uint64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	found, ok := v.good[id]
	if !ok || time.Now().After(found.until) {
		delete(v.good, id)
		return nil, false, v.epoch
	}
	return found.value, true, v.epoch
}

func (v *verdicts) put(id string, value any, epoch uint64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if epoch != v.epoch {
		return
	}
	if len(v.good) >= maxVerdicts {
		v.dropStale()
	}
	if len(v.good) < maxVerdicts {
		v.good[id] = verdict{value, time.Now().Add(VerdictLifetime)}
	}
}

func (v *verdicts) dropStale() {
	now := time.Now()
	for id, found := range v.good {
		if now.After(found.until) {
			delete(v.good, id)
		}
	}
}

func (v *verdicts) forget(ids []string) {
	if len(ids) == 0 {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.epoch++
	for _, id := range ids {
		delete(v.good, id)
	}
}

// ForgetVerdicts drops what this process believes of the sessions and tokens.
// It is called with what another process revoked.
func (s *Service) ForgetVerdicts(ids []string) { s.verdicts.forget(ids) }
