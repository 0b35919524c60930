package provisioning_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"drawbridge/provisioning"
)

const wrong = "not the password at all"

// computed counts how many passwords are hashed meanwhile.
func (w *world) computed(do func()) int64 {
	before := w.fakes.passwords.computed.Load()
	do()
	return w.fakes.passwords.computed.Load() - before
}

func wrongPassword(t testing.TB, err error) {
	t.Helper()
	isKind(t, err, provisioning.ErrUnauthenticated, "wrong_password")
}

func locked(t testing.TB, err error) {
	t.Helper()
	isKind(t, err, provisioning.ErrTooMany, "locked")
	var e *provisioning.Error
	if errors.As(err, &e); e.RetryAfter <= 0 {
		t.Error("the error does not say after how long to come again")
	}
}

func TestSignIn_APasswordMakesAParent_OfWhichOnlyAHashIsKept(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.owner("ada")
		p := must(w.SignInWithPassword(t.Context(), "  "+strings.ToUpper(ada.Email)+" ", ada.password, provisioning.Browser{UserAgent: "a\nb"}))(t)
		if p.Account.ID != ada.ID || p.SignIn.Method != provisioning.MethodPassword || p.FactorNeeded || !p.SignIn.FactorAt.IsZero() {
			t.Errorf("parent %+v", p)
		}
		if got := p.SignIn.ExpiresAt.Sub(p.SignIn.CreatedAt); got != provisioning.ParentLifetime || p.SignIn.UserAgent != "a b" {
			t.Errorf("lives %v, browser %q", got, p.SignIn.UserAgent)
		}
		_, text, _ := strings.Cut(p.Secret, ".")
		if text == "" || strings.Contains(fmt.Sprint(p.SignIn), text) {
			t.Error("the secret is part of what is stored")
		}
		if p.Known == "" || strings.Contains(p.Known, string(ada.ID)) {
			t.Errorf("known %q", p.Known)
		}
		found := must(w.ParentOf(t.Context(), p.Secret))(t)
		if found.SignIn.ID != p.SignIn.ID || found.Secret != "" {
			t.Errorf("found %+v", found)
		}
	})
}

func TestSignIn_WhatIsNoGoodParentCookieIsNobody(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a, b := w.browserOf(w.owner("ada")), w.browserOf(w.owner("bob"))
		id, text, _ := strings.Cut(a.Parent, ".")
		_, other, _ := strings.Cut(b.Parent, ".")
		for _, bad := range []string{
			"", ".", id, id + ".", "." + text, id + "." + other, id + "." + text + "x", id + "." + text[1:],
			strings.ToUpper(id) + "." + text, newID[string]() + "." + text, strings.Repeat("a", 10_000), w.token,
		} {
			_, err := w.ParentOf(t.Context(), bad)
			isKind(t, err, provisioning.ErrUnauthenticated, "sign_in")
		}
		must(w.ParentOf(t.Context(), a.Parent))(t)
		_, err := w.later(provisioning.ParentLifetime).ParentOf(t.Context(), a.Parent)
		isKind(t, err, provisioning.ErrUnauthenticated, "sign_in")
	})
}

// Enumeration: by text, status and work nobody learns which addresses exist.
func TestSignIn_AWrongAddressAndAWrongPasswordAreOneAnswer_AfterTheSameWork(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.owner("ada")
		keys := w.owner("keys", func(a *provisioning.Account) { a.PasswordHash = "" })
		unproved := w.owner("unproved", func(a *provisioning.Account) { a.EmailProved, a.Home = false, w.ws })
		two := w.owner("two")
		w.account(two.Email, func(a *provisioning.Account) {
			a.EmailProved, a.Home, a.PasswordHash = false, w.ws, w.hash("another one", two.PasswordHash)
		})
		_, want := w.SignInWithPassword(t.Context(), ada.Email, wrong, provisioning.Browser{Address: "198.51.100.1"})
		wrongPassword(t, want)
		for i, try := range []struct{ name, email, password string }{
			{"nobody", "nobody@nowhere.example", wrong},
			{"no password", keys.Email, wrong},
			{"an empty one for no password", keys.Email, ""},
			{"an unproved address", unproved.Email, wrong},
			{"two accounts", two.Email, wrong},
			{"an empty address", "", wrong},
			{"no address", "no address\x00", wrong},
			{"a long address", strings.Repeat("a", 100_000) + "@acme.example", wrong},
			{"an empty password", ada.Email, ""},
			{"a long password", ada.Email, strings.Repeat("p", 1<<20)},
			{"a password that is cut", ada.Email, aPassword + strings.Repeat(" ", 2000)},
			{"no text", ada.Email, "\xff\x00"},
		} {
			var err error
			n := w.computed(func() {
				_, err = w.SignInWithPassword(t.Context(), try.email, try.password, provisioning.Browser{Address: fmt.Sprintf("198.51.%d.1", i)})
			})
			t.Log(try.name)
			wrongPassword(t, err)
			sameError(t, err, want)
			if n != 1 {
				t.Errorf("%s: %d computations, want one", try.name, n)
			}
		}
	})
}

func TestRule19_OfSeveralAccountsOfOneAddressThePasswordChooses_AtOneComputation(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		other := w.tenant("Globex")
		ada := w.owner("ada")
		at := func(home *world, password string) provisioning.Account {
			return w.account(ada.Email, func(a *provisioning.Account) {
				a.EmailProved, a.Home, a.PasswordHash = false, home.ws, w.hash(password, ada.PasswordHash)
			})
		}
		here, there := at(w, "set by an administrator here"), at(other, "set by an administrator there")
		for password, want := range map[string]provisioning.AccountID{
			ada.password: ada.ID, "set by an administrator here": here.ID, "set by an administrator there": there.ID,
		} {
			n := w.computed(func() {
				if p := must(w.SignInWithPassword(t.Context(), ada.Email, password, provisioning.Browser{}))(t); p.Account.ID != want {
					t.Errorf("%q is %s, want %s", password, p.Account.ID, want)
				}
			})
			if n != 1 {
				t.Errorf("%d computations, want one", n)
			}
		}
	})
}

// Lock-out: five failures in a minute, thirty minutes, that address and source.
func TestLockOut_FiveFailuresInAMinuteLockTheAddressForTheSource_WhetherItExists(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.owner("ada")
		for _, email := range []string{ada.Email, "nobody." + ada.Email} {
			b := w.browser("192.0.2.1")
			for range 5 {
				wrongPassword(t, b.password(email, wrong))
			}
			if n := w.computed(func() { locked(t, b.password(email, ada.password)) }); n != 0 {
				t.Error("a refused attempt was hashed")
			}
			locked(t, b.later(29*time.Minute).password(email, wrong))
			wrongPassword(t, b.later(31*time.Minute).password(email, wrong))
		}
		works(t, w.browser("192.0.2.2").password(ada.Email, ada.password))
		works(t, w.browser("192.0.2.1").password(w.owner("bob").Email, aPassword))
		works(t, w.browser("192.0.2.1").later(31*time.Minute).password(ada.Email, ada.password))
	})
}

func TestLockOut_FourFailuresAMinuteLockNothing_AndASuccessClears(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.owner("ada")
		for minute := range 3 {
			b := w.browser("192.0.2.1").later(time.Duration(minute) * 61 * time.Second)
			for range 4 {
				wrongPassword(t, b.password(ada.Email, wrong))
			}
		}
		b := w.browser("192.0.2.3")
		for range 3 {
			for range 4 {
				wrongPassword(t, b.password(ada.Email, wrong))
			}
			works(t, b.password(ada.Email, ada.password))
			b.Known = ""
		}
	})
}

func TestLockOut_AHundredGuessesAtOnceAreAHundredGuesses(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.owner("ada")
		guess := func() error { return w.browser("192.0.2.1").password(ada.Email, wrong) }
		guesses := make([]func() error, 100)
		for i := range guesses {
			guesses[i] = guess
		}
		var errs []error
		n := w.computed(func() { errs = together(guesses...) })
		wrongs := 0
		for _, err := range errs {
			if provisioning.Code(err) == "wrong_password" {
				wrongs++
			} else {
				locked(t, err)
			}
		}
		if n != 5 || wrongs != 5 {
			t.Errorf("%d guesses were hashed and %d answered, want 5", n, wrongs)
		}
	})
}

// Nobody can lock somebody else out: a browser that was used before goes on.
func TestLockOut_FiftyFailuresAnHourLockTheAddress_ButNotABrowserInWhichItsOwnerSignedIn(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada, bob := w.owner("ada"), w.owner("bob")
		mine, bobs := w.browserOf(ada), w.browserOf(bob)
		for _, email := range []string{ada.Email, "nobody." + ada.Email} {
			for i := range 50 {
				wrongPassword(t, w.browser(fmt.Sprintf("198.51.%d.7", i)).password(email, wrong))
			}
			stranger := w.browser("203.0.113.1")
			if n := w.computed(func() { locked(t, stranger.password(email, ada.password)) }); n != 0 {
				t.Error("a refused attempt was hashed")
			}
		}
		works(t, mine.password(ada.Email, ada.password))
		for name, known := range map[string]string{
			"another's": bobs.Known, "forged": mine.Known[:len(mine.Known)-6] + "AAAAAA", "none": "", "long": strings.Repeat("k", 10_000),
		} {
			b := w.browser("203.0.113.2")
			b.Known = known
			t.Log(name)
			locked(t, b.password(ada.Email, ada.password))
		}
		works(t, w.browser("203.0.113.1").later(31*time.Minute).password(ada.Email, ada.password))
	})
}

func TestLockOut_AKnownBrowserHasWindowsOfItsOwn(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.owner("ada")
		mine := w.browserOf(ada)
		for range 5 {
			wrongPassword(t, mine.password(ada.Email, wrong))
		}
		locked(t, mine.password(ada.Email, ada.password))
		stranger := w.browser("192.0.2.1")
		works(t, stranger.password(ada.Email, ada.password))

		slow := w.browserOf(ada)
		for i := range 10 {
			wrongPassword(t, slow.later(time.Duration(i)*2*time.Minute).password(ada.Email, wrong))
		}
		locked(t, slow.later(20*time.Minute).password(ada.Email, ada.password))
	})
}

func TestLockOut_ABrowserIsKnownFor90Days(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.owner("ada")
		old, young := w.browser("192.0.2.1").later(-91*24*time.Hour), w.browser("192.0.2.1").later(-89*24*time.Hour)
		works(t, old.password(ada.Email, ada.password))
		works(t, young.password(ada.Email, ada.password))
		for i := range 50 {
			wrongPassword(t, w.browser(fmt.Sprintf("198.51.%d.7", i)).password(ada.Email, wrong))
		}
		locked(t, old.later(91*24*time.Hour).password(ada.Email, ada.password))
		works(t, young.later(89*24*time.Hour).password(ada.Email, ada.password))
	})
}

// Password spraying: one password at many addresses, from one network.
func TestLockOut_AHundredFailuresFromOneNetworkRefuseIt_WhicheverTheAddresses(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.owner("ada")
		for i, from := range []func(int) (inside, neighbour, elsewhere string){
			func(n int) (string, string, string) {
				return fmt.Sprintf("198.51.100.%d", n), "198.51.100.250", "198.51.101.1"
			},
			func(n int) (string, string, string) {
				return fmt.Sprintf("2001:db8:1:2::%d", n), "2001:db8:1:3::1", "2001:db8:2::1"
			},
			func(n int) (string, string, string) {
				return fmt.Sprintf("::ffff:203.0.113.%d", n), "203.0.113.250", "203.0.112.1"
			},
		} {
			for n := range 100 {
				inside, _, _ := from(n)
				wrongPassword(t, w.browser(inside).password(fmt.Sprintf("%d.%d.%s", i, n, ada.Email), "Winter2026!Winter"))
			}
			_, neighbour, elsewhere := from(0)
			if n := w.computed(func() { locked(t, w.browser(neighbour).password(ada.Email, ada.password)) }); n != 0 {
				t.Error("a refused attempt was hashed")
			}
			works(t, w.browser(elsewhere).password(ada.Email, ada.password))
			works(t, w.browser(neighbour).later(11*time.Minute).password(ada.Email, ada.password))
		}
	})
}

func TestLockOut_WhereRatesAreKeptNoAddressStands(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.owner("ada")
		wrongPassword(t, w.browser("192.0.2.77").password(ada.Email, wrong))
		keys := w.fakes.attempts.keys()
		if len(keys) != 3 {
			t.Errorf("%d windows, want address and source, address, network", len(keys))
		}
		for _, key := range keys {
			if strings.Contains(key, "@") || strings.Contains(key, "192.0.2") || len(key) > 64 {
				t.Errorf("key %q", key)
			}
		}
	})
}

// wakes are what another process would be told of audit logs.
type wakes struct{ of chan provisioning.WorkspaceID }

func (w wakes) Wake(ws provisioning.WorkspaceID) { w.of <- ws }
func (wakes) Revoked([]string)                   {}
func (wakes) Posted()                            {}

func TestLockOut_TheAuditLogHearsOfItOnce_AndOfNoStrangersAddress(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		woken := wakes{make(chan provisioning.WorkspaceID, 100)}
		told := w.with(func(p *provisioning.Ports) { p.Notifier = woken })
		ada := w.owner("ada")
		for i := range 3 {
			for range 5 {
				wrongPassword(t, told.browser(fmt.Sprintf("192.0.%d.1", i)).password("nobody."+ada.Email, wrong))
				wrongPassword(t, told.browser(fmt.Sprintf("192.0.%d.1", i)).password(ada.Email, wrong))
			}
		}
		if ws := <-woken.of; ws != w.ws {
			t.Errorf("the audit log of %s was told, want %s", ws, w.ws)
		}
		found := w.entries("account.locked")
		if len(found) != 1 || found[0].Target != string(ada.user) || found[0].Actor.Kind != provisioning.ActorSystem || found[0].Result != "refused" {
			t.Errorf("entries %+v", found)
		}
	})
}

// stuck is a store that lets nobody write, and counts what is read.
type stuck struct {
	provisioning.Store
	reads  *atomic.Int64
	writes chan struct{}
}

func (s stuck) View(ctx context.Context, fn func(*provisioning.Tx) error) error {
	s.reads.Add(1)
	return s.Store.View(ctx, fn)
}

func (s stuck) Update(ctx context.Context, fn func(*provisioning.Tx) error) error {
	<-s.writes
	return s.Store.Update(ctx, fn)
}

// Enumeration by time: the answer reads as much and waits for no write, also when
// it locks an account.
func TestLockOut_TheAnswerWaitsForNoAuditLog(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.owner("ada")
		woken := wakes{make(chan provisioning.WorkspaceID, 1)}
		s := stuck{w.ports.Store, new(atomic.Int64), make(chan struct{})}
		slow := w.with(func(p *provisioning.Ports) { p.Store, p.Notifier = s, woken })
		reads := make(map[string]int64)
		for _, email := range []string{ada.Email, "nobody." + ada.Email} {
			before := s.reads.Load()
			for range 5 {
				wrongPassword(t, slow.browser("192.0.2.1").password(email, wrong))
			}
			reads[email] = s.reads.Load() - before
		}
		if reads[ada.Email] != 5 || reads["nobody."+ada.Email] != 5 {
			t.Errorf("reads %v, want one an answer", reads)
		}
		close(s.writes)
		<-woken.of
	})
}

func TestSignIn_ThatTooManyHashAtOnceIsNobodysFailure(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.owner("ada")
		w.fakes.passwords.busy.Store(true)
		b := w.browser("192.0.2.1")
		for range 10 {
			isKind(t, b.password(ada.Email, ada.password), provisioning.ErrTooMany, "busy")
		}
		w.fakes.passwords.busy.Store(false)
		works(t, b.password(ada.Email, ada.password))
	})
}

// meanwhile lets something happen while a password is hashed.
type meanwhile struct {
	provisioning.Passwords
	do func()
}

func (m meanwhile) Match(ctx context.Context, password string, hashes []string) (int, error) {
	m.do()
	return m.Passwords.Match(ctx, password, hashes)
}

func TestSignIn_APasswordThatIsChangedMeanwhileLetsNobodyIn(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.owner("ada")
		during := func(do func(context.Context, *provisioning.Tx) error) *browser {
			return w.with(func(p *provisioning.Ports) {
				p.Passwords = meanwhile{p.Passwords, func() { w.update(do) }}
			}).browser("192.0.2.1")
		}
		changed := ada.Account
		changed.PasswordHash = w.hash("a new one", "")
		wrongPassword(t, during(func(ctx context.Context, tx *provisioning.Tx) error {
			return tx.Accounts.Update(ctx, changed)
		}).password(ada.Email, ada.password))
		heir := w.account("heir." + ada.Email)
		wrongPassword(t, during(func(ctx context.Context, tx *provisioning.Tx) error {
			return tx.Accounts.Absorb(ctx, heir.ID, []provisioning.AccountID{ada.ID})
		}).password(ada.Email, "a new one"))
	})
}

// Session fixation: no cookie from before a sign-in is worth anything after it.
func TestFixation_ASignInMakesANewParent_AndEndsTheOneThatTheBrowserHad(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada, bob := w.owner("ada"), w.owner("bob")
		b := w.inside(ada)
		planted, session := b.Parent, b.session
		works(t, b.password(bob.Email, bob.password))
		if b.Parent == planted {
			t.Fatal("the cookie is the planted one")
		}
		_, err := w.ParentOf(t.Context(), planted)
		isKind(t, err, provisioning.ErrUnauthenticated, "sign_in")
		w.dead(session)
		if p := must(w.ParentOf(t.Context(), b.Parent))(t); p.Account.ID != bob.ID {
			t.Errorf("signed in as %s", p.Account.ID)
		}
	})
}

func TestFixation_EveryProofChangesTheSecret_AndKillsTheOldOne(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.owner("ada")
		b := w.browserOf(ada)
		proof := func(name string, do func() error) {
			t.Helper()
			before := b.Parent
			if err := do(); err != nil {
				t.Fatal(name, err)
			}
			_, err := b.ParentOf(t.Context(), before)
			if b.Parent == before || !errors.Is(err, provisioning.ErrUnauthenticated) {
				t.Errorf("%s left the secret as it was (%v)", name, err)
			}
			must(b.ParentOf(t.Context(), b.Parent))(t)
		}
		var key *fakeKey
		var totp string
		proof("a password", func() error {
			return b.keep(b.ProvePassword(t.Context(), ada.password, b.Browser))
		})
		proof("a new passkey", func() error { key = b.newPasskey(); return nil })
		proof("a new authenticator", func() error { totp, _ = b.authenticator(); return nil })
		proof("a passkey", func() error { return b.provePasskey(key) })
		b = b.later(time.Minute)
		proof("a code", func() error { return b.code(fakeCodes{}.at(totp, b.now())) })
	})
}

func TestProvePassword_MakesFresh_AndIsLimitedForThisSignInAlone(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.owner("ada")
		b, second := w.inside(ada), w.inside(ada)
		b = b.later(11 * time.Minute)
		_, err := b.BeginTOTP(t.Context(), b.Browser)
		isKind(t, err, provisioning.ErrProve, "fresh_sign_in")
		if must(b.Myself(t.Context(), b.viewer()))(t).Fresh {
			t.Error("fresh after eleven minutes")
		}
		works(t, b.keep(b.ProvePassword(t.Context(), ada.password, b.Browser)))
		must(b.BeginTOTP(t.Context(), b.Browser))(t)
		if !must(b.Myself(t.Context(), b.viewer()))(t).Fresh {
			t.Error("not fresh after the proof")
		}
		for range 5 {
			_, err := b.ProvePassword(t.Context(), wrong, b.Browser)
			wrongPassword(t, err)
		}
		_, err = b.ProvePassword(t.Context(), ada.password, b.Browser)
		locked(t, err)
		must(second.ProvePassword(t.Context(), ada.password, second.Browser))(t)
	})
}
