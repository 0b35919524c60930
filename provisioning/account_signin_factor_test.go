package provisioning_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"drawbridge/provisioning"
)

func TestPasskey_SignsInByBothFactorsAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.owner("ada")
		key := w.browserOf(ada).newPasskey()
		b := w.browser("192.0.2.9")
		works(t, b.passkey(key))
		p := must(w.ParentOf(t.Context(), b.Parent))(t)
		if p.Account.ID != ada.ID || p.SignIn.Method != provisioning.MethodPasskey || p.FactorNeeded || p.SignIn.FactorAt.IsZero() || b.Known == "" {
			t.Errorf("parent %+v", p)
		}
		if used := p.Factors.Passkeys[0]; used.LastUsedAt.IsZero() || !strings.Contains(string(used.Credential), `"counter":1`) {
			t.Errorf("passkey %+v", used)
		}
		must(b.enter(w.ws))(t)
	})
}

func TestPasskey_WhatProvesNobody(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada, bob := w.owner("ada"), w.owner("bob")
		atAda := w.browserOf(ada)
		key, bobs := atAda.newPasskey(), w.browserOf(bob).newPasskey()
		stranger := func() *browser { return w.browser("192.0.2.9") }
		finish := func(b *browser, challenge provisioning.ChallengeID, response []byte) {
			t.Helper()
			_, err := b.SignInWithPasskey(t.Context(), challenge, response, b.Browser)
			isKind(t, err, provisioning.ErrUnauthenticated, "wrong_passkey")
		}
		challenge, response, err := stranger().touch(key)
		works(t, err)
		must(w.SignInWithPasskey(t.Context(), challenge, response, provisioning.Browser{}))(t)
		finish(stranger(), challenge, response) // used once
		other, _, err := stranger().touch(key)
		works(t, err)
		finish(stranger(), other, response) // of another ceremony
		forged, fresh, err := stranger().touch(key)
		works(t, err)
		finish(stranger(), forged, []byte(strings.Replace(string(fresh), string(ada.ID), string(bob.ID), 1)))
		finish(stranger(), forged, fresh) // used up by what proved nobody
		late, response, err := stranger().touch(key)
		works(t, err)
		finish(stranger().later(6*time.Minute), late, response)
		cloned := &fakeKey{key.fakeCredential}
		cloned.Counter = 0
		isKind(t, stranger().passkey(cloned), provisioning.ErrUnauthenticated, "wrong_passkey")
		for _, bad := range [][]byte{nil, []byte("{"), []byte(`{"id":"\u0000"}`), []byte(strings.Repeat("x", 1<<20)), []byte(`{"id":"unknown"}`)} {
			challenge, _, err := stranger().touch(key)
			works(t, err)
			finish(stranger(), challenge, bad)
		}
		finish(stranger(), "", response)
		finish(stranger(), "no id", response)

		mine, response, err := atAda.touch(key)
		works(t, err)
		finish(stranger(), mine, response) // a proof is no sign-in
		isKind(t, atAda.provePasskey(bobs), provisioning.ErrUnauthenticated, "wrong_passkey")
		nobodys, response, err := stranger().touch(key)
		works(t, err)
		_, err = atAda.ProvePasskey(t.Context(), nobodys, response, atAda.Browser)
		isKind(t, err, provisioning.ErrUnauthenticated, "wrong_passkey") // nor a sign-in a proof
		works(t, atAda.RemovePasskey(t.Context(), key.ID, atAda.Browser))
		isKind(t, stranger().passkey(key), provisioning.ErrUnauthenticated, "wrong_passkey")
	})
}

func TestPasskey_OneAnswerAtOnceFromTwoProcessesSignsInOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		key := w.browserOf(w.owner("ada")).newPasskey()
		second := w.besides()
		for range 5 {
			challenge, response, err := w.browser("192.0.2.9").touch(key)
			works(t, err)
			finish := func(w *world) func() error {
				return func() error {
					_, err := w.SignInWithPasskey(t.Context(), challenge, response, provisioning.Browser{})
					return err
				}
			}
			errs := together(finish(w), finish(second))
			if (errs[0] == nil) == (errs[1] == nil) {
				t.Fatalf("answers %v and %v, want one good", errs[0], errs[1])
			}
		}
	})
}

func TestPasskey_FailuresCountForTheNetwork(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		key := w.browserOf(w.owner("ada")).newPasskey()
		b := w.browser("198.51.100.1")
		for range 100 {
			_, err := b.SignInWithPasskey(t.Context(), newID[provisioning.ChallengeID](), nil, b.Browser)
			isKind(t, err, provisioning.ErrUnauthenticated, "wrong_passkey")
		}
		locked(t, b.passkey(key))
		works(t, w.browser("198.51.101.1").passkey(key))
	})
}

func TestPasskey_StrangersMakeTheDatabaseKeepSixHundredCeremoniesInTenMinutes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "sqlite:"+filepath.Join(t.TempDir(), "test.db"))
	begin := func(b *browser) error { _, _, err := b.BeginPasskey(t.Context(), b.Browser); return err }
	for range 600 {
		works(t, begin(w.browser("198.51.100.1")))
	}
	isKind(t, begin(w.browser("198.51.100.2")), provisioning.ErrTooMany, "busy")
	works(t, begin(w.browser("198.51.101.1")))
}

func TestPasskey_ASecondFactorNeedsOneOfTheAccount(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		b := w.browserOf(w.owner("ada"))
		_, _, err := b.BeginPasskey(t.Context(), b.Browser)
		isKind(t, err, provisioning.ErrConflict, "no_passkey")
		b.Parent = "stale"
		_, _, err = b.BeginPasskey(t.Context(), b.Browser)
		works(t, err)
	})
}

// withFactor is somebody with an authenticator, and a browser in which the
// password was given a minute later.
func (w *world) withFactor(name string) (o owner, b *browser, totp string, recovery []string) {
	w.t.Helper()
	o = w.owner(name)
	totp, recovery = w.browserOf(o).authenticator()
	return o, w.later(time.Minute).browserOf(o), totp, recovery
}

func TestCode_APasswordAloneEntersNothingWhereThereIsASecondFactor(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada, b, totp, _ := w.withFactor("ada")
		p := must(b.ParentOf(t.Context(), b.Parent))(t)
		if !p.FactorNeeded || p.SignIn.ExpiresAt.Sub(p.SignIn.CreatedAt) != provisioning.PendingLifetime || b.Known != "" {
			t.Errorf("parent %+v, known %q", p.SignIn, b.Known)
		}
		_, err := b.enter(w.ws)
		isKind(t, err, provisioning.ErrProve, "second_factor")
		_, err = b.Doors(t.Context(), b.Browser)
		isKind(t, err, provisioning.ErrProve, "second_factor")
		_, err = b.later(11*time.Minute).ParentOf(t.Context(), b.Parent)
		isKind(t, err, provisioning.ErrUnauthenticated, "sign_in")

		works(t, b.code(fakeCodes{}.at(totp, b.now())))
		p = must(b.ParentOf(t.Context(), b.Parent))(t)
		if p.FactorNeeded || p.SignIn.FactorAt.IsZero() || p.SignIn.ExpiresAt.Sub(p.SignIn.CreatedAt) != provisioning.ParentLifetime || b.Known == "" {
			t.Errorf("parent %+v, known %q", p.SignIn, b.Known)
		}
		if in := must(b.enter(w.ws))(t); in.User.ID != ada.user {
			t.Errorf("in as %s", in.User.ID)
		}
	})
}

func wrongCode(t testing.TB, err error) {
	t.Helper()
	isKind(t, err, provisioning.ErrUnauthenticated, "wrong_code")
}

func TestCode_OfAnAuthenticatorIsUsedOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada, b, totp, _ := w.withFactor("ada")
		second := b.browserOf(ada)
		code := fakeCodes{}.at(totp, b.now())
		errs := together(
			func() error { return b.code(code[:3] + " " + code[3:]) },
			func() error { return second.code(code) },
		)
		if (errs[0] == nil) == (errs[1] == nil) {
			t.Fatalf("answers %v and %v, want one good", errs[0], errs[1])
		}
		third := b.browserOf(ada)
		wrongCode(t, third.code(code))
		wrongCode(t, third.code(fakeCodes{}.at(totp, b.now().Add(-30*time.Second)))) // an earlier step than the one used
		works(t, third.code(fakeCodes{}.at(totp, b.now().Add(30*time.Second))))
	})
}

func TestCode_ARecoveryCodeIsUsedOnce_HoweverItIsTyped(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada, b, _, recovery := w.withFactor("ada")
		_, other, _, others := w.withFactor("bob")
		wrongCode(t, b.code(others[0]))
		works(t, b.code(" "+strings.ToUpper(strings.ReplaceAll(recovery[0], "-", " "))))
		b = b.browserOf(ada)
		wrongCode(t, b.code(recovery[0]))
		works(t, b.code(recovery[1]))
		if p := must(b.ParentOf(t.Context(), b.Parent))(t); p.Factors.RecoveryCodes != 8 || p.FactorNeeded {
			t.Errorf("%d codes left", p.Factors.RecoveryCodes)
		}
		works(t, other.code(others[0]))
		if found := w.entries("account.recovery_code"); len(found) != 3 || found[1].Details["left"] != "8" {
			t.Errorf("entries %+v", found)
		}
		twice := []*browser{b.browserOf(ada), b.browserOf(ada)}
		errs := together(
			func() error { return twice[0].code(recovery[2]) },
			func() error { return twice[1].code(recovery[2]) },
		)
		if (errs[0] == nil) == (errs[1] == nil) {
			t.Errorf("answers %v and %v, want one good", errs[0], errs[1])
		}
	})
}

// Factor brute force.
func TestCode_AfterFiveWrongOnesTheSignInEnds(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		_, b, totp, _ := w.withFactor("ada")
		for i := range 5 {
			wrongCode(t, b.code(fmt.Sprintf("%06d", i)))
		}
		isKind(t, b.code(fakeCodes{}.at(totp, b.now())), provisioning.ErrUnauthenticated, "sign_in")
		_, err := w.besides().ParentOf(t.Context(), b.Parent)
		isKind(t, err, provisioning.ErrUnauthenticated, "sign_in")
	})
}

func TestCode_AfterTenWrongOnesTheAccountsCodesAreRefused_FromEverywhere(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		woken := wakes{make(chan provisioning.WorkspaceID, 100)}
		ada, b, totp, recovery := w.withFactor("ada")
		told := b.with(func(p *provisioning.Ports) { p.Notifier = woken })
		for range 2 {
			b := told.browserOf(ada)
			for i := range 5 {
				wrongCode(t, b.code(fmt.Sprintf("%06d", i)))
			}
		}
		b = b.browserOf(ada)
		locked(t, b.code(fakeCodes{}.at(totp, b.now())))
		locked(t, b.code(recovery[0]))
		for range woken.of {
			if len(w.entries("account.locked")) > 0 {
				break
			}
		}
		works(t, b.later(16*time.Minute).browserOf(ada).code(recovery[0]))
		if found := w.entries("account.locked"); len(found) != 1 || found[0].Details["guessed"] != "code" {
			t.Errorf("entries %+v", found)
		}
	})
}

// counting counts how many codes are compared.
type counting struct {
	fakeCodes
	steps *atomic.Int64
}

func (c counting) Step(secret, code string, now time.Time) (int64, bool) {
	c.steps.Add(1)
	return c.fakeCodes.Step(secret, code, now)
}

func TestCode_AHundredGuessesAtOnceAreAHundredGuesses(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		_, b, _, _ := w.withFactor("ada")
		var steps atomic.Int64
		b.world = b.with(func(p *provisioning.Ports) { p.Codes = counting{steps: &steps} })
		guesses := make([]func() error, 100)
		for i := range guesses {
			mine := *b
			guesses[i] = func() error { return mine.code(fmt.Sprintf("%06d", i)) }
		}
		for _, err := range together(guesses...) {
			if err == nil {
				t.Error("a guess was right")
			}
		}
		if n := steps.Load(); n > 5 {
			t.Errorf("%d codes were compared, want at most 5", n)
		}
	})
}

func TestCode_WhatCanBeNoCodeIsWrong(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada, b, _, _ := w.withFactor("ada")
		for i, bad := range []string{"", "-", strings.Repeat("1", 100_000), "\x00", "1234567", "+12345", "１２３４５６"} {
			if i%4 == 0 {
				b = b.later(16 * time.Minute).browserOf(ada)
			}
			wrongCode(t, b.code(bad))
		}
	})
}

func TestCode_OfAnAdministratorLetsInToThatWorkspaceAlone(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada, b, totp, _ := w.withFactor("ada")
		other := w.tenant("Globex")
		other.guestOf(ada)
		boss := provisioning.Actor{Kind: provisioning.ActorUser, ID: string(w.boss()), Workspace: w.ws, ProvedAt: b.now()}
		code, _, err := b.ResetFactors(t.Context(), boss, w.ws, ada.user)
		works(t, err)
		works(t, b.code(strings.ToUpper(code)))
		must(b.enter(w.ws))(t)
		doors := must(b.Doors(t.Context(), b.Browser))(t)
		if len(doors) != 1 || doors[0].Workspace.ID != w.ws {
			t.Errorf("doors %+v", doors)
		}
		_, err = b.enter(other.ws)
		isKind(t, err, provisioning.ErrProve, "second_factor")
		wrongCode(t, b.browserOf(ada).code(code))
		works(t, b.code(fakeCodes{}.at(totp, b.now())))
		must(b.enter(other.ws))(t)
	})
}
