package secret

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"runtime"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"
)

// maxPassword bounds what is hashed, in bytes: far above what a form lets in.
const maxPassword = 4096

// queueLength is how many callers may wait for their turn.
const queueLength = 32

// cost is what a computation takes: passes over the memory, the memory in KiB,
// and lanes.
type cost struct {
	passes, memory uint32
	lanes          uint8
}

// costNow is what the appendix of OWASP ASVS 5.0 on password storage asks for:
// with one pass and one lane, at least 46 MiB.
var costNow = cost{passes: 1, memory: 46 << 10, lanes: 1}

// PasswordOptions are what [NewPasswords] needs.
type PasswordOptions struct {
	// Busy is the error of whoever comes while too many wait.
	Busy error
}

// Passwords hashes passwords with Argon2id (RFC 9106), a few at once so that
// guessing costs neither the memory nor the processors that everybody else
// needs. It fits the port of the same name in package provisioning.
type Passwords struct {
	busy    error
	cost    cost
	dummy   phc           // computed where there is nothing to compare with
	inside  chan struct{} // whoever computes or waits
	working chan struct{} // whoever computes
}

// NewPasswords returns a Passwords that computes on half of the processors, on
// four at most, and lets 32 callers wait.
func NewPasswords(o PasswordOptions) *Passwords {
	return newPasswords(o.Busy, costNow, max(1, min(4, runtime.GOMAXPROCS(0)/2)))
}

func newPasswords(busy error, c cost, workers int) *Passwords {
	return &Passwords{
		busy: busy, cost: c, dummy: phc{cost: c, salt: make([]byte, saltBytes), key: make([]byte, hashBytes)},
		inside: make(chan struct{}, workers+queueLength), working: make(chan struct{}, workers),
	}
}

// ErrPasswordLength is the error for a password of more than 4096 bytes.
var ErrPasswordLength = errors.New("the password is too long to be hashed")

// Hash returns the hash of the password, in Unicode's composed form, as a PHC
// string. Its salt is that of beside if that is a hash, else a new one.
func (p *Passwords) Hash(ctx context.Context, password, beside string) (string, error) {
	if len(password) > maxPassword {
		return "", ErrPasswordLength
	}
	leave, err := p.enter(ctx)
	if err != nil {
		return "", err
	}
	defer leave()
	made := phc{cost: p.cost, key: make([]byte, hashBytes)}
	if known, err := parsePHC(beside); err == nil {
		made.salt = known.salt
	} else {
		made.salt = make([]byte, saltBytes)
		rand.Read(made.salt)
	}
	made.key = made.compute(password)
	return made.String(), nil
}

// Match returns the index of the first hash that the password fits, or -1. What
// is no hash is passed over; where none is left it computes all the same, so
// that the clock does not tell. Hashes of the same salt and cost share one
// computation.
func (p *Passwords) Match(ctx context.Context, password string, hashes []string) (int, error) {
	leave, err := p.enter(ctx)
	if err != nil {
		return -1, err
	}
	defer leave()
	if len(password) > maxPassword {
		p.dummy.compute("")
		return -1, nil
	}
	return p.match(password, hashes), nil
}

func (p *Passwords) match(password string, hashes []string) int {
	found := -1
	var computed []phc
	for i, text := range hashes {
		stored, err := parsePHC(text)
		if err != nil {
			continue
		}
		key := keyLike(stored, computed)
		if key == nil {
			key = stored.compute(password)
			computed = append(computed, phc{cost: stored.cost, salt: stored.salt, key: key})
		}
		if subtle.ConstantTimeCompare(key, stored.key) == 1 && found < 0 {
			found = i
		}
	}
	if computed == nil {
		p.dummy.compute(password)
	}
	return found
}

// keyLike returns the key that was computed with the salt and cost of stored, or
// nil.
func keyLike(stored phc, computed []phc) []byte {
	for _, c := range computed {
		if c.sameInput(stored) {
			return c.key
		}
	}
	return nil
}

// enter waits for a turn. Its error is busy or the context's.
func (p *Passwords) enter(ctx context.Context) (leave func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case p.inside <- struct{}{}:
	default:
		return nil, p.busy
	}
	select {
	case p.working <- struct{}{}:
		return p.leave, nil
	case <-ctx.Done():
		<-p.inside
		return nil, ctx.Err()
	}
}

// leave makes room for the next. The memory of a computation is collected before:
// left to itself the collector lets as much lie about as is in use, and the
// process would need twice of what computes at once.
func (p *Passwords) leave() {
	runtime.GC()
	<-p.working
	<-p.inside
}

func (h phc) compute(password string) []byte {
	length := uint32(len(h.key)) //nolint:gosec // at most maxBytes
	return argon2.IDKey([]byte(norm.NFC.String(password)), h.salt, h.passes, h.memory, h.lanes, length)
}
