package provisioning

import (
	"context"
	"encoding/base64"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// limit is how many failures within what time lock something, and for how long.
type limit struct {
	failures     int
	within, lock time.Duration
}

// Limits of guessing. The first binds one address from one source, the next the
// address whoever asks, or a browser in which that person signed in before; the
// one of a network binds everything that comes from it.
var (
	limitOfSource  = limit{5, time.Minute, 30 * time.Minute}
	limitOfAddress = limit{50, time.Hour, 30 * time.Minute}
	limitOfBrowser = limit{10, time.Hour, 30 * time.Minute}
	limitOfNetwork = limit{100, 10 * time.Minute, 10 * time.Minute}
	limitOfParent  = limit{5, PendingLifetime, PendingLifetime}
	limitOfCodes   = limit{10, 15 * time.Minute, 15 * time.Minute}
	onceALock      = limit{1, 30 * time.Minute, 30 * time.Minute}

	// What is no guess, but leaves a row: ceremonies that name nobody.
	limitOfCeremonies = limit{600, 10 * time.Minute, time.Minute}
)

// counter counts the failures of one thing.
type counter struct {
	attempts Attempts
	key      string
	limit    limit
}

// counter returns the counter of what the words name. Its key is a hash: no
// address stands where rates are kept.
func (s *Service) counter(l limit, words ...string) counter {
	sum := s.hasher.Hash(strings.Join(words, "|"))
	return counter{s.attempts, base64.RawURLEncoding.EncodeToString(sum), l}
}

func (c counter) locked(ctx context.Context) time.Duration { return c.attempts.Locked(ctx, c.key) }

// fail counts, and reports whether it could: a locked counter counts nothing.
func (c counter) fail(ctx context.Context) bool {
	return c.attempts.Fail(ctx, c.key, c.limit.failures, c.limit.within, c.limit.lock)
}

func (c counter) clear(ctx context.Context) { c.attempts.Clear(ctx, c.key) }

func (c counter) refusal(ctx context.Context) error {
	after := max(c.locked(ctx), time.Second)
	minutes := (after + time.Minute - 1) / time.Minute
	e := fail(ErrTooMany, "locked", "Too many attempts failed. Come again in %d min, or sign in another way.", minutes)
	e.RetryAfter = after
	return e
}

// sourceOf is the one whose failures count together: an address of IPv4 or, as
// each customer has at least that much, 64 bits of IPv6.
func sourceOf(address string) string { return networkOf(address, 32, 64) }

func networkOf(address string, bits4, bits int) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	if ip = ip.Unmap(); ip.Is4() {
		bits = bits4
	}
	network, err := ip.WithZone("").Prefix(bits)
	if err != nil {
		return address
	}
	return network.String()
}

// networkCounter counts failures of one kind from a network: 24 bits of IPv4, or
// the 48 bits of IPv6 that one customer may have.
func (s *Service) networkCounter(kind string, b Browser) counter {
	return s.counter(limitOfNetwork, kind, networkOf(b.Address, 24, 48))
}

// passwordGate lets guesses of one address's password through, as many as the
// limits allow. It knows nothing of accounts: what it answers is the same
// whether there is one.
type passwordGate struct {
	guess counter // of this address and source, counted before the guess
	// wide are the network's and the address's or, for a browser that an owner of
	// the address used before, that browser's and that owner's: neither neighbours
	// nor strangers stand in the way there.
	wide []counter
}

// passwordGate returns the gate for a guess of the address from a browser.
func (s *Service) passwordGate(key string, b Browser) passwordGate {
	if browser, owner, ok := s.knows(b.Known, key); ok {
		return passwordGate{
			guess: s.counter(limitOfSource, "known", browser),
			wide:  []counter{s.counter(limitOfBrowser, "browser", browser), s.counter(limitOfAddress, "owner", owner)},
		}
	}
	return passwordGate{
		guess: s.counter(limitOfSource, "password", key, sourceOf(b.Address)),
		wide:  []counter{s.networkCounter("network", b), s.addressCounter(key)},
	}
}

func (s *Service) addressCounter(key string) counter {
	return s.counter(limitOfAddress, "address", key)
}

// admit refuses a guess, or counts it as a failure until it is known to be none:
// a hundred at once are a hundred guesses.
func (g passwordGate) admit(ctx context.Context) error {
	for _, c := range g.wide {
		if c.locked(ctx) > 0 {
			return c.refusal(ctx)
		}
	}
	if !g.guess.fail(ctx) {
		return g.guess.refusal(ctx)
	}
	return nil
}

// settle says what became of a guess that was admitted. Whoever hangs up before
// the answer has guessed all the same.
func (g passwordGate) settle(ctx context.Context, err error) {
	ctx = context.WithoutCancel(ctx)
	switch {
	case err == nil, Code(err) == codeBusy:
		g.guess.clear(ctx)
	case Code(err) == codeWrongPassword:
		for _, c := range g.wide {
			c.fail(ctx)
		}
	}
}

func (g passwordGate) locked(ctx context.Context) bool {
	return slices.ContainsFunc(append(g.wide[1:], g.guess), func(c counter) bool { return c.locked(ctx) > 0 })
}

// noteLocked tells the audit logs of the accounts' workspaces that guessing
// locked them, at most once a lock. It works beside the answer, which takes the
// same time whether there is an account.
func (s *Service) noteLocked(ctx context.Context, accounts []Account, guessed string, b Browser) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	go func() {
		defer cancel()
		for _, a := range accounts {
			if !s.counter(onceALock, "told", guessed, string(a.ID)).fail(ctx) {
				continue
			}
			if err := s.recordLocked(ctx, a.ID, guessed, b); err != nil && !errors.Is(err, ErrNotFound) {
				s.log.ErrorContext(ctx, "a lock-out could not be recorded", "account_id", a.ID, "error", err)
			}
		}
	}()
}

func (s *Service) recordLocked(ctx context.Context, id AccountID, guessed string, b Browser) error {
	return s.changeAccount(ctx, id, b, func(_ context.Context, w *accountWork) error {
		for _, u := range w.users {
			actor := b.actor(Actor{Kind: ActorSystem, Workspace: u.Workspace}) // who it was is what was not proved
			n := note{action: "account.locked", kind: "user", target: string(u.ID), details: map[string]string{"guessed": guessed}}
			w.entries = append(w.entries, s.entry(actor, u.Workspace, n, "refused", w.Tx))
		}
		return nil
	})
}
