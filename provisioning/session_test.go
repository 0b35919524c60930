package provisioning_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"drawbridge/internal/secret"
	"drawbridge/provisioning"
)

// storedSession makes a session as of another time and returns its cookie.
func (w *world) storedSession(u provisioning.UserID, shape func(*provisioning.Session)) string {
	w.t.Helper()
	var hasher secret.Hasher
	text := hasher.NewSecret()
	s := provisioning.Session{
		Workspace: w.ws, ID: provisioning.SessionID(new(provisioning.RandomIDs).New()), User: u,
		Connection: w.conn.ID, SecretHash: hasher.Hash(text),
	}
	err := w.store.Update(w.t.Context(), func(tx *provisioning.Tx) error {
		s.CreatedAt, s.LastSeenAt, s.ExpiresAt = tx.Now(), tx.Now(), tx.Now().Add(time.Hour)
		shape(&s)
		return tx.Sessions.Create(w.t.Context(), s)
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return string(s.ID) + "." + text
}

func (w *world) lifetime(in provisioning.SignedIn) time.Duration {
	return in.Session.ExpiresAt.Sub(in.Session.CreatedAt)
}

func (w *world) set(name, value string) {
	w.t.Helper()
	if err := w.SetSetting(w.t.Context(), w.operator, w.ws, name, value); err != nil {
		w.t.Fatal(err)
	}
}

func TestSession_EverySignInMakesANewOne_AndOnlyAHashIsKept(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a, b := must(w.signIn("00u1", "ada@acme.example"))(t), must(w.signIn("00u1", "ada@acme.example"))(t)
		if a.Session.ID == b.Session.ID || a.Secret == b.Secret {
			t.Error("two sign-ins share a session")
		}
		w.alive(a.Secret)
		w.alive(b.Secret)
		_, text, _ := strings.Cut(a.Secret, ".")
		if shown := stateOf(w); strings.Contains(shown, text) {
			t.Error("the secret of a session is stored")
		}
		if a.Session.UserAgent != "test browser" || a.Session.Connection != w.conn.ID || a.Session.Identity == "" {
			t.Errorf("session %+v", a.Session)
		}
	})
}

func TestSession_WhatIsNoGoodCookieIsNobody(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a, b := must(w.signIn("00u1", "ada@acme.example"))(t), must(w.signIn("00u2", "bob@acme.example"))(t)
		id, text, _ := strings.Cut(a.Secret, ".")
		_, other, _ := strings.Cut(b.Secret, ".")
		for _, bad := range []string{
			"", ".", id, id + ".", "." + text, id + "." + other, id + "." + text + "x", id + "." + text[1:], strings.ToUpper(id) + "." + text,
			id + "\x00." + text, new(provisioning.RandomIDs).New() + "." + text, strings.Repeat("a", 10_000), w.token,
		} {
			w.dead(bad)
			w.alive(a.Secret) // a verdict that is remembered asks for the secret all the same
		}
	})
}

func TestRule18_AnSSOSessionLivesAtMostTwelveHours_OrAsTheSettingsSay(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		signIn := func() provisioning.SignedIn { return must(w.signIn("00u1", "ada@acme.example"))(t) }
		if got := w.lifetime(signIn()); got != 12*time.Hour {
			t.Errorf("lives %v, want 12 h", got)
		}
		w.set(provisioning.SettingSSOSessionMax, "2h")
		if got := w.lifetime(signIn()); got != 2*time.Hour {
			t.Errorf("lives %v, want 2 h", got)
		}
		w.set(provisioning.SettingSSOSessionMax, "30d")
		w.set(provisioning.SettingSessionMax, "1d")
		if got := w.lifetime(signIn()); got != 24*time.Hour {
			t.Errorf("lives %v, want the 24 h of any session", got)
		}
	})
}

func TestRule18_SessionExpiryShortensASession_AndNeverLengthensIt(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		until := func(limit time.Time) provisioning.SignedIn {
			return must(w.through(w.conn, provisioning.Claims{Subject: "00u1", Email: "ada@acme.example", SessionExpiry: limit}))(t)
		}
		soon := time.Now().Add(time.Hour).Truncate(time.Second)
		if in := until(soon); !in.Session.ExpiresAt.Equal(soon) {
			t.Errorf("expires %v, want %v", in.Session.ExpiresAt, soon)
		}
		if in := until(time.Now().Add(100 * time.Hour)); w.lifetime(in) != 12*time.Hour {
			t.Errorf("lives %v, want 12 h", w.lifetime(in))
		}
		w.dead(until(time.Now().Add(-time.Hour)).Secret)
	})
}

func TestRule18_ASessionEndsAtItsAbsoluteAndAtItsIdleLimit(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.fresh("00u1")
		w.set(provisioning.SettingSessionIdle, "30m")
		ago := func(d time.Duration) func(*provisioning.Session) {
			return func(s *provisioning.Session) { s.LastSeenAt = s.LastSeenAt.Add(-d) }
		}
		w.alive(w.storedSession(ada, ago(29*time.Minute)))
		w.dead(w.storedSession(ada, ago(31*time.Minute)))
		w.dead(w.storedSession(ada, func(s *provisioning.Session) { s.ExpiresAt = s.CreatedAt.Add(-time.Second) }))
		w.dead(w.storedSession(ada, func(s *provisioning.Session) { s.EndedAt = s.CreatedAt }))
	})
}

func TestSession_ActivityKeepsItFromIdling(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.fresh("00u1")
		seen := func() (at time.Time) {
			err := w.store.View(t.Context(), func(tx *provisioning.Tx) error {
				all, err := tx.Sessions.OfUser(t.Context(), w.ws, ada)
				at = all[0].LastSeenAt
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return at
		}
		cookie := w.storedSession(ada, func(s *provisioning.Session) { s.LastSeenAt = s.LastSeenAt.Add(-10 * time.Minute) })
		before := seen()
		w.alive(cookie)
		if after := seen(); after.Sub(before) < 9*time.Minute {
			t.Errorf("last seen %v, was %v", after, before)
		}
	})
}

// However a session came to outlive a block, it opens nothing.
func TestRule8_ASessionOfSomebodyWithABlockOpensNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.push("00u1", "ada@acme.example").ID
		w.setActive(ada, false)
		w.dead(w.storedSession(ada, func(*provisioning.Session) {}))
		if err := w.DeleteDirectoryUser(t.Context(), w.okta, string(ada)); err != nil {
			t.Fatal(err)
		}
		w.dead(w.storedSession(ada, func(*provisioning.Session) {}))
	})
}

func TestSession_SigningOutEndsThatSessionAlone(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a, b := must(w.signIn("00u1", "ada@acme.example"))(t), must(w.signIn("00u1", "ada@acme.example"))(t)
		v := must(w.Authenticate(t.Context(), a.Secret))(t)
		for range 2 {
			if err := w.SignOut(t.Context(), v); err != nil {
				t.Fatal(err)
			}
		}
		w.dead(a.Secret)
		w.alive(b.Secret)
		if ended := w.since(0, "session.ended"); len(ended) != 1 {
			t.Errorf("%d events, want one", len(ended))
		}
	})
}

// notices is what other processes are told.
type notices struct{ revoked chan []string }

func (n notices) Revoked(ids []string)        { n.revoked <- ids }
func (notices) Wake(provisioning.WorkspaceID) {}
func (notices) Posted()                       {}

func TestRevocation_TheProcessThatRevokesRefusesAtOnce_AndNamesWhatOthersMustForget(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		told := notices{make(chan []string, 10)}
		first, second := servicePorts(t, w.store, told), w.Service
		in := must(w.signIn("00u1", "ada@acme.example"))(t)
		must(first.Authenticate(t.Context(), in.Secret))(t)
		must(second.Authenticate(t.Context(), in.Secret))(t)
		if err := first.SuspendUser(t.Context(), w.operator, w.ws, in.User.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := first.Authenticate(t.Context(), in.Secret); !errors.Is(err, provisioning.ErrUnauthenticated) {
			t.Errorf("the process that revoked: %v", err)
		}
		ids := <-told.revoked
		if len(ids) != 1 || ids[0] != string(in.Session.ID) {
			t.Fatalf("told %v, want the session", ids)
		}
		second.ForgetVerdicts(ids)
		w.dead(in.Secret)
	})
}

func (w *world) begin(browser string) (provisioning.PendingSignIn, string) {
	w.t.Helper()
	p, state, err := w.BeginSignIn(w.t.Context(), provisioning.SignInRequest{Connection: w.conn, BrowserSecret: browser, ReturnTo: "/x"})
	if err != nil {
		w.t.Fatal(err)
	}
	return p, state
}

func (w *world) deadState(state, browser string, c provisioning.ConnectionID) {
	w.t.Helper()
	_, err := w.TakeSignIn(w.t.Context(), state, browser, c)
	isKind(w.t, err, provisioning.ErrGone, "sign_in_dead")
}

func TestSignIn_AStateIsUsedOnce_ByItsBrowserAndConnection(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		p, state := w.begin("mine")
		got := must(w.TakeSignIn(t.Context(), state, "mine", w.conn.ID))(t)
		if got.ID != p.ID || got.ReturnTo != "/x" || got.Connection != w.conn.ID || got.Issuer != issuer || got.Workspace != w.ws {
			t.Errorf("took %+v", got)
		}
		w.deadState(state, "mine", w.conn.ID)
		other := w.another("second")
		for name, try := range map[string]func(state string){
			"another browser":    func(state string) { w.deadState(state, "theirs", w.conn.ID) },
			"no browser":         func(state string) { w.deadState(state, "", w.conn.ID) },
			"another connection": func(state string) { w.deadState(state, "mine", other.ID) },
			"forged":             func(state string) { w.deadState(state[:len(state)-4]+"abcd", "mine", w.conn.ID) },
		} {
			t.Log(name)
			_, state := w.begin("mine")
			try(state)
			w.deadState(state, "mine", w.conn.ID) // used up all the same
		}
		for _, bad := range []string{"", ".", "x.y", strings.Repeat("s", 10_000), string(p.ID), string(p.ID) + "."} {
			w.deadState(bad, "mine", w.conn.ID)
		}
	})
}

func TestSignIn_FiveTabsWork_ASixthDropsTheOldest(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		var states []string
		for range provisioning.MaxPendingSignIns + 1 {
			_, state := w.begin("mine")
			states = append(states, state)
		}
		_, theirs := w.begin("theirs")
		w.deadState(states[0], "mine", w.conn.ID)
		for _, state := range states[1:] {
			must(w.TakeSignIn(t.Context(), state, "mine", w.conn.ID))(t)
		}
		must(w.TakeSignIn(t.Context(), theirs, "theirs", w.conn.ID))(t)
	})
}

func TestSignIn_AfterTenMinutesAStateIsDead_AndPurged(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		p, state := w.begin("mine")
		if got := p.ExpiresAt.Sub(p.CreatedAt); got != 10*time.Minute {
			t.Errorf("lives %v, want 10 min", got)
		}
		late := func() string {
			// The same sign-in, begun an hour ago.
			_, text, _ := strings.Cut(state, ".")
			old := p
			old.ID = provisioning.SignInID(new(provisioning.RandomIDs).New())
			old.CreatedAt, old.ExpiresAt = p.CreatedAt.Add(-time.Hour), p.ExpiresAt.Add(-time.Hour)
			err := w.store.Update(t.Context(), func(tx *provisioning.Tx) error {
				return tx.SignIns.Create(t.Context(), old, provisioning.MaxPendingSignIns)
			})
			if err != nil {
				t.Fatal(err)
			}
			return string(old.ID) + "." + text
		}
		w.deadState(late(), "mine", w.conn.ID)
		expired := late()
		if err := w.PurgeExpired(t.Context()); err != nil {
			t.Fatal(err)
		}
		id, _, _ := strings.Cut(expired, ".")
		err := w.store.Update(t.Context(), func(tx *provisioning.Tx) error {
			_, err := tx.SignIns.Take(t.Context(), provisioning.SignInID(id))
			return err
		})
		if !errors.Is(err, provisioning.ErrNotFound) {
			t.Errorf("an expired sign-in was not purged: %v", err)
		}
		must(w.TakeSignIn(t.Context(), state, "mine", w.conn.ID))(t)
	})
}

func TestSignIn_WhatABrowserCallsItselfIsCutAndClean(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		in := must(w.SignIn(t.Context(), w.conn, provisioning.PendingSignIn{},
			provisioning.Claims{Issuer: issuer, Subject: "00u1", Email: "ada@acme.example"}, provisioning.Browser{UserAgent: "a\x00\n\xffb" + strings.Repeat("é", 500)}))(t)
		if got := in.Session.UserAgent; len(got) > 256 || !strings.HasPrefix(got, "a   b") || strings.HasSuffix(got, "\xc3") {
			t.Errorf("kept %q", got)
		}
	})
}
