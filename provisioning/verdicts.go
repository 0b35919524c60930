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

// question is when, and in which epoch, the database was asked: a verdict is
// as old as its question, however long the answer took.
type question struct {
	epoch uint64
	asked time.Time
}

// get returns a fresh verdict, or the question to give to put.
func (v *verdicts) get(id string) (value any, ok bool, q question) {
	v.mu.Lock()
	defer v.mu.Unlock()
	q = question{v.epoch, time.Now()}
	found, ok := v.good[id]
	if !ok || q.asked.After(found.until) {
		delete(v.good, id)
		return nil, false, q
	}
	return found.value, true, q
}

func (v *verdicts) put(id string, value any, q question) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if q.epoch != v.epoch {
		return
	}
	if len(v.good) >= maxVerdicts {
		v.dropStale()
	}
	if len(v.good) < maxVerdicts {
		v.good[id] = verdict{value, q.asked.Add(VerdictLifetime)}
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
