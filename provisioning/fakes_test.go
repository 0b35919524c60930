package provisioning_test

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"drawbridge/internal/secret"
	"drawbridge/provisioning"
)

// fakes are cheap stand-ins for the ports whose real work is slow or needs a
// browser. They are deterministic: a second process has others, and both agree.
type fakes struct {
	passwords *fakePasswords
	codes     fakeCodes
	passkeys  fakePasskeys
	attempts  *fakeAttempts
}

func newFakes() *fakes {
	return &fakes{passwords: &fakePasswords{}, attempts: &fakeAttempts{windows: make(map[string]*window)}}
}

// fakePasswords counts what the real one would compute slowly.
type fakePasswords struct {
	computed atomic.Int64
	busy     atomic.Bool // too many hash at once
}

func (p *fakePasswords) compute(salt, password string) string {
	p.computed.Add(1)
	return fmt.Sprintf("fake$%s$%x", salt, sha256.Sum256([]byte(salt+"$"+password)))
}

func (p *fakePasswords) full() error {
	if !p.busy.Load() {
		return nil
	}
	return &provisioning.Error{Kind: provisioning.ErrTooMany, Code: "busy", Detail: "Too many at once.", RetryAfter: time.Second}
}

func saltOf(hash string) (string, bool) {
	parts := strings.Split(hash, "$")
	return parts[min(1, len(parts)-1)], len(parts) == 3 && parts[0] == "fake"
}

func (p *fakePasswords) Hash(_ context.Context, password, beside string) (string, error) {
	if err := p.full(); err != nil {
		return "", err
	}
	salt, ok := saltOf(beside)
	if !ok {
		salt = secret.Hasher{}.NewSecret()
	}
	return p.compute(salt, password), nil
}

func (p *fakePasswords) Match(_ context.Context, password string, hashes []string) (int, error) {
	if err := p.full(); err != nil {
		return -1, err
	}
	if len(hashes) == 0 {
		p.compute("nobody", password)
	}
	computed := make(map[string]string)
	for i, hash := range hashes {
		salt, _ := saltOf(hash)
		if computed[salt] == "" {
			computed[salt] = p.compute(salt, password)
		}
		if computed[salt] == hash {
			return i, nil
		}
	}
	return -1, nil
}

func (*fakePasswords) Common(password string) bool {
	return slices.Contains([]string{"password1234", "123456789012"}, strings.ToLower(password))
}

// fakeCodes makes codes of the right form, without their algorithm.
type fakeCodes struct{}

func (fakeCodes) NewSecret() string {
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString([]byte(secret.Hasher{}.NewSecret())[:20])
}

func (fakeCodes) URL(secret, account, issuer string) string {
	return "otpauth://totp/" + issuer + ":" + account + "?secret=" + secret
}

func (c fakeCodes) Step(secret, code string, now time.Time) (int64, bool) {
	for step := now.Unix()/30 - 1; step <= now.Unix()/30+1; step++ {
		if c.of(secret, step) == code {
			return step, true
		}
	}
	return 0, false
}

// of is the code that the authenticator shows in the time step.
func (fakeCodes) of(secret string, step int64) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s/%d", secret, step))
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[:])%1_000_000)
}

// at is the code that the authenticator shows at that time.
func (c fakeCodes) at(secret string, now time.Time) string { return c.of(secret, now.Unix()/30) }

// fakePasskeys runs ceremonies in JSON that [fakeKey] answers.
type fakePasskeys struct{}

type fakeCeremony struct {
	Challenge string   `json:"challenge"`
	Account   string   `json:"account,omitempty"`
	Known     []string `json:"known,omitempty"`
}

type fakeCredential struct {
	ID      string `json:"id"`
	Account string `json:"account"`
	Counter int    `json:"counter"`
}

type fakeResponse struct {
	fakeCredential
	Challenge string `json:"challenge"`
}

var errFakeCeremony = errors.New("the answer proves nothing")

func (fakePasskeys) Available() bool { return true }

func (p fakePasskeys) BeginRegistration(account, _ string, known [][]byte) (options, state []byte, err error) {
	return p.begin(account, known)
}

func (p fakePasskeys) BeginAssertion(known [][]byte) (options, state []byte, err error) {
	return p.begin("", known)
}

func (fakePasskeys) begin(account string, known [][]byte) (options, state []byte, err error) {
	c := fakeCeremony{Challenge: secret.Hasher{}.NewSecret(), Account: account}
	for _, k := range known {
		var credential fakeCredential
		if err := json.Unmarshal(k, &credential); err != nil {
			return nil, nil, err
		}
		c.Known = append(c.Known, credential.ID)
	}
	options, err = json.Marshal(c)
	return options, options, err
}

func (fakePasskeys) answer(state, response []byte) (fakeCeremony, fakeResponse, error) {
	var c fakeCeremony
	var r fakeResponse
	if err := errors.Join(json.Unmarshal(state, &c), json.Unmarshal(response, &r)); err != nil {
		return c, r, err
	}
	if r.Challenge != c.Challenge || r.ID == "" {
		return c, r, errFakeCeremony
	}
	return c, r, nil
}

func (p fakePasskeys) FinishRegistration(state, response []byte) (id string, credential []byte, err error) {
	c, r, err := p.answer(state, response)
	if err != nil || slices.Contains(c.Known, r.ID) || r.Account != c.Account {
		return "", nil, errors.Join(errFakeCeremony, err)
	}
	credential, err = json.Marshal(r.fakeCredential)
	return r.ID, credential, err
}

func (fakePasskeys) CredentialID(response []byte) (string, error) {
	var r fakeResponse
	err := json.Unmarshal(response, &r)
	return r.ID, err
}

func (p fakePasskeys) FinishAssertion(state, response, credential []byte, account string) ([]byte, error) {
	c, r, err := p.answer(state, response)
	if err != nil {
		return nil, err
	}
	var known fakeCredential
	if err := json.Unmarshal(credential, &known); err != nil {
		return nil, err
	}
	asked := len(c.Known) == 0 || slices.Contains(c.Known, r.ID)
	if !asked || known.ID != r.ID || known.Account != account || r.Account != account || r.Counter <= known.Counter {
		return nil, errFakeCeremony
	}
	return json.Marshal(r.fakeCredential)
}

// fakeKey is a passkey in somebody's hand. The zero value has no credential yet.
type fakeKey struct{ fakeCredential }

// register answers a ceremony for a new credential.
func (k *fakeKey) register(options []byte) []byte {
	var c fakeCeremony
	_ = json.Unmarshal(options, &c)
	k.fakeCredential = fakeCredential{ID: secret.Hasher{}.NewSecret(), Account: c.Account}
	return k.respond(c)
}

// assert answers a ceremony that asks for the credential.
func (k *fakeKey) assert(options []byte) []byte {
	var c fakeCeremony
	_ = json.Unmarshal(options, &c)
	k.Counter++
	return k.respond(c)
}

func (k *fakeKey) respond(c fakeCeremony) []byte {
	response, _ := json.Marshal(fakeResponse{k.fakeCredential, c.Challenge})
	return response
}

// fakeAttempts counts in memory, by a clock that a test moves with [world.later].
type fakeAttempts struct {
	mu      sync.Mutex
	windows map[string]*window
}

type window struct {
	failures []time.Time
	until    time.Time
}

func (a *fakeAttempts) Locked(ctx context.Context, key string) time.Duration {
	return laterAttempts{a, 0}.Locked(ctx, key)
}

func (a *fakeAttempts) Fail(ctx context.Context, key string, limit int, within, lock time.Duration) bool {
	return laterAttempts{a, 0}.Fail(ctx, key, limit, within, lock)
}

func (a *fakeAttempts) Clear(_ context.Context, key string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.windows, key)
}

// keys returns what failures were counted under.
func (a *fakeAttempts) keys() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	all := make([]string, 0, len(a.windows))
	for key := range a.windows {
		all = append(all, key)
	}
	return all
}

// laterAttempts are the same windows seen at another time.
type laterAttempts struct {
	*fakeAttempts
	by time.Duration
}

func (a laterAttempts) now() time.Time { return time.Now().Add(a.by) }

func (a laterAttempts) Locked(_ context.Context, key string) time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	if w := a.windows[key]; w != nil {
		return max(0, w.until.Sub(a.now()))
	}
	return 0
}

func (a laterAttempts) Fail(_ context.Context, key string, limit int, within, lock time.Duration) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	w := a.windows[key]
	if w == nil {
		w = &window{}
		a.windows[key] = w
	}
	if a.now().Before(w.until) {
		return false
	}
	begin := a.now().Add(-within)
	w.failures = slices.DeleteFunc(w.failures, func(at time.Time) bool { return !at.After(begin) })
	if w.failures = append(w.failures, a.now()); len(w.failures) >= limit {
		w.failures, w.until = nil, a.now().Add(lock)
	}
	return true
}

// laterStore is a store whose clock is ahead.
type laterStore struct {
	provisioning.Store
	by time.Duration
}

func (s laterStore) View(ctx context.Context, fn func(*provisioning.Tx) error) error {
	return s.Store.View(ctx, func(tx *provisioning.Tx) error { return fn(s.shift(tx)) })
}

func (s laterStore) Update(ctx context.Context, fn func(*provisioning.Tx) error) error {
	return s.Store.Update(ctx, func(tx *provisioning.Tx) error { return fn(s.shift(tx)) })
}

func (s laterStore) shift(tx *provisioning.Tx) *provisioning.Tx {
	shifted := *tx
	shifted.TimeOfContext = func() time.Time { return tx.TimeOfContext().Add(s.by) }
	return &shifted
}

// with is the same world served by another process, whose ports a test shapes.
// It counts failures with the first one, as processes with Redis do.
func (w *world) with(shape func(*provisioning.Ports)) *world {
	next := *w
	shape(&next.ports)
	next.Service = provisioning.NewService(next.ports)
	return &next
}

// later is the same world after a while.
func (w *world) later(by time.Duration) *world {
	next := w.with(func(p *provisioning.Ports) {
		p.Store, p.Attempts = laterStore{p.Store, by}, laterAttempts{w.fakes.attempts, w.ahead + by}
	})
	next.ahead += by
	return next
}

// mailing is the same world where mail goes out.
func (w *world) mailing() *world {
	return w.with(func(p *provisioning.Ports) { p.MailOut = true })
}
