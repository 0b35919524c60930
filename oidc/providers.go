package oidc

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

const (
	documentLifetime = time.Hour
	failureCoolDown  = 5 * time.Second  // between attempts while nothing is known of a provider
	refreshCoolDown  = 30 * time.Second // between attempts while something is
	maxProviders     = 1024
)

// Providers knows OpenID providers by their issuer: what their discovery
// documents say, and their keys. It fetches through one client, which ought to
// be one of package egress, and is safe for concurrent use.
type Providers struct {
	client *http.Client
	log    *slog.Logger
	flight singleflight.Group

	mu    sync.Mutex
	known map[string]*provider
}

// provider is what is known of one provider. Its fields are guarded by the
// mutex of Providers.
type provider struct {
	document  document
	keys      *keySet
	fetchedAt time.Time // of document; zero while there is none
	triedAt   time.Time
	usedAt    time.Time
	err       error // of the last attempt
}

// NewProviders makes an empty cache.
func NewProviders(client *http.Client, log *slog.Logger) *Providers {
	return &Providers{client: client, log: log, known: map[string]*provider{}}
}

// find returns the document and keys of an issuer. It fetches what it does not
// know, or knows for longer than an hour, and goes on with the last good
// document where that fails.
func (p *Providers) find(ctx context.Context, issuer string) (document, *keySet, error) {
	now := time.Now()
	entry, due := p.lookUp(issuer, now)
	if due {
		if err := merged(ctx, &p.flight, issuer, func(ctx context.Context) { p.refresh(ctx, issuer, entry) }); err != nil {
			return document{}, nil, err
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if entry.fetchedAt.IsZero() {
		return document{}, nil, entry.err
	}
	return entry.document, entry.keys, nil
}

// lookUp finds or makes the entry of an issuer and says whether to fetch.
func (p *Providers) lookUp(issuer string, now time.Time) (entry *provider, due bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	entry, ok := p.known[issuer]
	if !ok {
		p.makeRoom()
		entry = &provider{}
		p.known[issuer] = entry
	}
	entry.usedAt = now
	if entry.fetchedAt.IsZero() {
		return entry, now.Sub(entry.triedAt) >= failureCoolDown
	}
	return entry, now.Sub(entry.fetchedAt) >= documentLifetime && now.Sub(entry.triedAt) >= refreshCoolDown
}

// makeRoom drops the provider that was used least recently.
func (p *Providers) makeRoom() {
	if len(p.known) < maxProviders {
		return
	}
	oldest := ""
	for issuer, entry := range p.known {
		if oldest == "" || entry.usedAt.Before(p.known[oldest].usedAt) {
			oldest = issuer
		}
	}
	delete(p.known, oldest)
}

// refresh fetches a document and keeps what it got in the entry, good or bad.
func (p *Providers) refresh(ctx context.Context, issuer string, entry *provider) {
	if p.justTried(entry) {
		return
	}
	d, err := fetchDocument(ctx, p.client, issuer, func(found string) bool { return found == issuer })
	p.mu.Lock()
	defer p.mu.Unlock()
	entry.triedAt, entry.err = time.Now(), err
	if err != nil {
		if !entry.fetchedAt.IsZero() {
			p.log.WarnContext(ctx, "a discovery document could not be read again; the last good one stays in use", "issuer", issuer, "error", err)
		}
		return
	}
	if entry.keys == nil || entry.document.Keys != d.Keys {
		entry.keys = newKeySet(p.client, p.log, d.Keys)
	}
	entry.document, entry.fetchedAt = d, entry.triedAt
}

// justTried is for who found that a fetch is due just before another one ended.
func (p *Providers) justTried(entry *provider) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return time.Since(entry.triedAt) < failureCoolDown
}

// merged runs fn once for all who ask for the same key at the same time. fn
// outlives a caller that goes away, because others may wait for it; what it
// fetches has timeouts of its own.
func merged(ctx context.Context, flight *singleflight.Group, key string, fn func(context.Context)) error {
	done := flight.DoChan(key, func() (any, error) {
		fn(context.WithoutCancel(ctx))
		return nil, nil
	})
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
