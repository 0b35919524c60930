package secret

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
)

var errBusy = errors.New("busy")

// cheap costs 64 KiB a computation.
func cheap(workers int) *Passwords { return newPasswords(errBusy, cost{1, 64, 1}, workers) }

func hash(t *testing.T, p *Passwords, password, beside string) string {
	t.Helper()
	text, err := p.Hash(t.Context(), password, beside)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func match(t *testing.T, p *Passwords, password string, hashes ...string) int {
	t.Helper()
	i, err := p.Match(t.Context(), password, hashes)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func TestHashesCostWhatASVSAsksFor(t *testing.T) {
	t.Parallel()
	p := NewPasswords(PasswordOptions{Busy: errBusy})
	text := hash(t, p, "correct horse battery", "")
	if !strings.HasPrefix(text, "$argon2id$v=19$m=47104,t=1,p=1$") {
		t.Errorf("the hash is %s", text)
	}
	if match(t, p, "correct horse battery", text) != 0 || match(t, p, "Correct horse battery", text) != -1 {
		t.Error("the hash fits another password, or not its own")
	}
	if workers := cap(p.working); workers < 1 || workers > 4 || workers > max(1, runtime.GOMAXPROCS(0)/2) {
		t.Errorf("%d compute at once", workers)
	}
}

// TestReferenceHash is a vector of the reference implementation of Argon2.
func TestReferenceHash(t *testing.T) {
	t.Parallel()
	const reference = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	if match(t, cheap(1), "password", reference) != 0 {
		t.Error("a hash of the reference implementation is not recognised")
	}
}

func TestMatchFindsTheFirstThatFits(t *testing.T) {
	t.Parallel()
	p := cheap(1)
	one := hash(t, p, "one one one one", "")
	two, again := hash(t, p, "two two two two", one), hash(t, p, "two two two two", "")
	other := hash(t, newPasswords(errBusy, cost{2, 128, 1}, 1), "one one one one", one)
	tests := map[string]struct {
		password string
		hashes   []string
		want     int
	}{
		"none":                      {"one one one one", nil, -1},
		"the first":                 {"one one one one", []string{one, two}, 0},
		"the second":                {"two two two two", []string{one, two, again}, 1},
		"another salt":              {"two two two two", []string{one, again}, 1},
		"another cost":              {"one one one one", []string{two, other}, 1},
		"neither":                   {"three three three", []string{one, two, again, other}, -1},
		"no hash among them":        {"two two two two", []string{"", "$argon2id$", two}, 2},
		"no hash at all":            {"two two two two", []string{"", "x"}, -1},
		"empty is no password":      {"", []string{one}, -1},
		"longer than what is taken": {strings.Repeat("x", maxPassword+1), []string{one}, -1},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := match(t, p, test.password, test.hashes...); got != test.want {
				t.Errorf("Match = %d, want %d", got, test.want)
			}
		})
	}
}

func TestAccountsOfOneAddressShareASalt(t *testing.T) {
	t.Parallel()
	p := cheap(1)
	first, stranger := hash(t, p, "one one one one", ""), hash(t, p, "one one one one", "")
	if first == stranger {
		t.Error("two addresses share a salt")
	}
	second := hash(t, p, "one one one one", first)
	if first != second {
		t.Errorf("beside %s stands %s", first, second)
	}
	if hash(t, p, "one one one one", "no hash") == first {
		t.Error("what stands beside no hash has its salt")
	}
}

func TestPasswordsAreComparedWholeAndComposed(t *testing.T) {
	t.Parallel()
	p := cheap(1)
	long := strings.Repeat("é", 255)
	text := hash(t, p, long+"a", "")
	if match(t, p, long+"b", text) != -1 || match(t, p, long, text) != -1 {
		t.Error("the end of a long password does not count")
	}
	if match(t, p, strings.Repeat("e\u0301", 255)+"a", text) != 0 {
		t.Error("the same password, typed on another system, does not fit")
	}
	if match(t, p, " "+long+"a", text) != -1 {
		t.Error("space around a password does not count")
	}
	if _, err := p.Hash(t.Context(), strings.Repeat("x", maxPassword+1), ""); !errors.Is(err, ErrPasswordLength) {
		t.Errorf("too long: %v", err)
	}
}

// TestMatchComputesOnce runs alone, because it counts what is allocated.
func TestMatchComputesOnce(t *testing.T) {
	const memory = 16 << 20
	p := newPasswords(errBusy, cost{1, memory >> 10, 1}, 1)
	one := hash(t, p, "one one one one", "")
	var alike []string
	for i := range 20 {
		alike = append(alike, hash(t, p, fmt.Sprint("password of account ", i), one))
	}
	for name, hashes := range map[string][]string{"no account": nil, "one": {one}, "twenty": alike, "none with a password": {"", ""}} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		match(t, p, "a wrong password", hashes...)
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; used < memory || used >= 2*memory {
			t.Errorf("%s: %d MiB were used, and one computation takes %d", name, used>>20, memory>>20)
		}
	}
}

func TestStoredHashesAreReadWithinBounds(t *testing.T) {
	t.Parallel()
	const salt, key = "c29tZXNhbHQ", "CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	for name, text := range map[string]string{
		"4 GiB":              "$argon2id$v=19$m=4194304,t=1,p=1$" + salt + "$" + key,
		"more than 32 bits":  "$argon2id$v=19$m=99999999999,t=1,p=1$" + salt + "$" + key,
		"no memory":          "$argon2id$v=19$m=0,t=1,p=1$" + salt + "$" + key,
		"no pass":            "$argon2id$v=19$m=64,t=0,p=1$" + salt + "$" + key,
		"a thousand passes":  "$argon2id$v=19$m=64,t=1000,p=1$" + salt + "$" + key,
		"no lane":            "$argon2id$v=19$m=64,t=1,p=0$" + salt + "$" + key,
		"256 lanes":          "$argon2id$v=19$m=64,t=1,p=256$" + salt + "$" + key,
		"a sign":             "$argon2id$v=19$m=+64,t=1,p=1$" + salt + "$" + key,
		"another order":      "$argon2id$v=19$t=1,m=64,p=1$" + salt + "$" + key,
		"one more parameter": "$argon2id$v=19$m=64,t=1,p=1,x=1$" + salt + "$" + key,
		"another version":    "$argon2id$v=16$m=64,t=1,p=1$" + salt + "$" + key,
		"another function":   "$argon2i$v=19$m=64,t=1,p=1$" + salt + "$" + key,
		"short salt":         "$argon2id$v=19$m=64,t=1,p=1$c2FsdA$" + key,
		"short key":          "$argon2id$v=19$m=64,t=1,p=1$" + salt + "$c2FsdA",
		"padding":            "$argon2id$v=19$m=64,t=1,p=1$" + salt + "=$" + key,
		"long":               "$argon2id$v=19$m=64,t=1,p=1$" + salt + "$" + strings.Repeat("A", maxPHC),
		"something behind":   "$argon2id$v=19$m=64,t=1,p=1$" + salt + "$" + key + "$",
		"nothing":            "",
	} {
		if h, err := parsePHC(text); err == nil {
			t.Errorf("%s is read as %+v", name, h)
		}
	}
}

func FuzzStoredHash(f *testing.F) {
	f.Add("$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc")
	f.Fuzz(func(t *testing.T, text string) {
		h, err := parsePHC(text)
		if err != nil {
			return
		}
		again, err := parsePHC(h.String())
		if err != nil || !again.sameInput(h) || h.memory > maxMemory || h.passes > maxPasses || h.lanes < 1 {
			t.Fatalf("%q is read as %+v (%v)", text, h, err)
		}
	})
}

// TestQueue: whoever comes while too many wait is told so at once, and who gives
// up makes room.
func TestQueue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := cheap(2)
		var leave []func()
		for range 2 {
			done, err := p.enter(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			leave = append(leave, done)
		}
		ctx, cancel := context.WithCancel(t.Context())
		results := make(chan error, queueLength+1)
		wait := func(ctx context.Context) {
			go func() { _, err := p.Match(ctx, "password", nil); results <- err }()
		}
		wait(ctx)
		for range queueLength - 1 {
			wait(t.Context())
		}
		synctest.Wait()

		if _, err := p.Match(t.Context(), "password", nil); !errors.Is(err, errBusy) {
			t.Errorf("one more than may wait: %v", err)
		}
		if _, err := p.Hash(t.Context(), "password", ""); !errors.Is(err, errBusy) {
			t.Errorf("one more than may wait, to be hashed: %v", err)
		}
		cancel()
		if err := <-results; !errors.Is(err, context.Canceled) {
			t.Errorf("who gave up got %v", err)
		}
		wait(t.Context())
		synctest.Wait()
		if len(results) > 0 {
			t.Errorf("the freed place was not given to the next: %v", <-results)
		}
		for _, done := range leave {
			done()
		}
		for range queueLength {
			if err := <-results; err != nil {
				t.Error(err)
			}
		}
		if len(p.inside) != 0 || len(p.working) != 0 {
			t.Errorf("%d are inside and %d at work when all have left", len(p.inside), len(p.working))
		}
	})
}

func TestAsManyComputeAtOnceAsThereAreWorkers(t *testing.T) {
	t.Parallel()
	p := cheap(3)
	var mu sync.Mutex
	now, most := 0, 0
	var callers sync.WaitGroup
	for range queueLength {
		callers.Go(func() {
			leave, err := p.enter(t.Context())
			if err != nil {
				t.Error(err)
				return
			}
			defer leave()
			count := func(n int) {
				mu.Lock()
				defer mu.Unlock()
				now += n
				most = max(most, now)
			}
			count(1)
			p.dummy.compute("password")
			count(-1)
		})
	}
	callers.Wait()
	if most > 3 {
		t.Errorf("%d computed at once", most)
	}
}

func TestWhoHasGivenUpComputesNothing(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	p := cheap(1)
	for range 100 { // select takes at random what is ready
		if _, err := p.Match(ctx, "password", nil); !errors.Is(err, context.Canceled) {
			t.Fatalf("Match = %v", err)
		}
	}
	if match(t, p, "password") != -1 {
		t.Error("a place was lost")
	}
}
