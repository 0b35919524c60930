package provisioning

import "sync"

// maxTold bounds what is remembered of what was told; beyond it, telling begins
// anew.
const maxTold = 10_000

// told remembers what this process has told once. The zero value is ready.
type told struct {
	mu   sync.Mutex
	seen map[string]bool
}

// first reports whether the words are new.
func (t *told) first(words string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.seen[words] {
		return false
	}
	if t.seen == nil || len(t.seen) >= maxTold {
		t.seen = make(map[string]bool)
	}
	t.seen[words] = true
	return true
}
