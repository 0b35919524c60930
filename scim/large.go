package scim

import (
	"context"
	"net/http"
	"sync"
	"time"

	"drawbridge/provisioning"
)

// maxSmallBody is how long the body of anything but a group may be, in bytes,
// and up to which nobody waits for anybody.
const maxSmallBody = 2 << 20

// Large bodies cost memory, so few are read at a time: two in the process and
// one of a directory, that no tenant keeps the others out. Who comes later waits,
// and after a while is told to come back.
const (
	largeAtOnce   = 2
	largePatience = 10 * time.Second
)

type largeBodies struct {
	places chan struct{}

	mu   sync.Mutex
	turn map[provisioning.DirectoryID]chan struct{} // full while a directory has one in work
	held map[provisioning.DirectoryID]int           // who has it or waits for it
}

func newLargeBodies() *largeBodies {
	return &largeBodies{
		places: make(chan struct{}, largeAtOnce),
		turn:   make(map[provisioning.DirectoryID]chan struct{}),
		held:   make(map[provisioning.DirectoryID]int),
	}
}

// enter waits for a place if the body is large, or may be. The caller calls
// leave when it is done with the body.
func (l *largeBodies) enter(r *http.Request, d provisioning.DirectoryID) (leave func(), err error) {
	if !takesBody(r.Method) || r.ContentLength >= 0 && r.ContentLength <= maxSmallBody {
		return func() {}, nil
	}
	ctx, cancel := context.WithTimeout(r.Context(), largePatience)
	defer cancel()
	turn := l.queue(d)
	if !occupy(ctx, turn) {
		l.unqueue(d)
		return nil, errLargeBusy()
	}
	if !occupy(ctx, l.places) {
		<-turn
		l.unqueue(d)
		return nil, errLargeBusy()
	}
	return func() {
		<-l.places
		<-turn
		l.unqueue(d)
	}, nil
}

func errLargeBusy() error {
	return tooMany(time.Second, "Other large requests are being worked on. Send this one again later.")
}

func occupy(ctx context.Context, places chan struct{}) bool {
	select {
	case places <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

func (l *largeBodies) queue(d provisioning.DirectoryID) chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.turn[d] == nil {
		l.turn[d] = make(chan struct{}, 1)
	}
	l.held[d]++
	return l.turn[d]
}

func (l *largeBodies) unqueue(d provisioning.DirectoryID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.held[d]--; l.held[d] == 0 {
		delete(l.held, d)
		delete(l.turn, d)
	}
}
