package storetest

import (
	"context"
	"time"

	"drawbridge/provisioning"
)

var sessionSentences = []sentence{
	{"Create adds the session; Find returns it by its id alone together with its user, without record and InvitedUntil", sessionFind},
	{"Find and OfUser read idle limit, last proof and method of the parent together with the session", sessionParent},
	{"Find returns ErrNotFound", sessionNotFound},
	{"Touch notes activity", sessionTouch},
	{"End ends the session if it has not ended, and reports whether it did", sessionEnd},
	{"EndOfUser ends those of the user that have not ended and returns their ids", sessionEndOfUser},
	{"OfUser returns those of the user that have not ended, newest first", sessionOfUser},
	{"Purge deletes sessions that ended or expired before the given time", sessionPurge},
}

type sessionAndUser struct {
	session provisioning.Session
	user    provisioning.User
}

func (w *world) findSession(id provisioning.SessionID) (got sessionAndUser, err error) {
	err = w.look(func(ctx context.Context, tx *provisioning.Tx) (err error) {
		got.session, got.user, err = tx.Sessions.Find(ctx, id)
		return err
	})
	return got, err
}

func (w *world) endSession(s provisioning.Session, when time.Time) bool {
	w.t.Helper()
	return write(w, func(ctx context.Context, tx *provisioning.Tx) (bool, error) {
		return tx.Sessions.End(ctx, w.workspace.ID, s.ID, when)
	})
}

func (w *world) sessionsOf(u provisioning.User) []provisioning.Session {
	w.t.Helper()
	return read(w, func(ctx context.Context, tx *provisioning.Tx) ([]provisioning.Session, error) {
		return tx.Sessions.OfUser(ctx, w.workspace.ID, u.ID)
	})
}

func sessionFind(w *world) {
	u := w.pushed("ana")
	u.Blocks = []provisioning.Block{w.block(u, provisioning.BlockSignal)}
	u.Record = nil
	w.invitation(u)
	identity := w.identity(u, "00u1")
	full := w.session(u, func(s *provisioning.Session) {
		s.Identity, s.Address, s.EndedAt = identity.ID, "192.0.2.7", at(30)
	})
	bare := w.session(u, func(s *provisioning.Session) { s.Connection, s.UserAgent = "", "" })
	for _, want := range []provisioning.Session{full, bare} {
		got, err := w.findSession(want.ID)
		wantOK(w.t, err)
		equal(w.t, "session and user", got, sessionAndUser{want, u})
	}
}

func sessionParent(w *world) {
	a := w.account()
	u := w.user("ana", w.ownerOf(a))
	p := w.parent(a)
	want := w.session(u, from(p))
	want = beneath(want, p)
	got, err := w.findSession(want.ID)
	wantOK(w.t, err)
	equal(w.t, "found", got, sessionAndUser{want, u})
	equal(w.t, "of the user", w.sessionsOf(u), []provisioning.Session{want})
}

func sessionNotFound(w *world) {
	_, err := w.findSession(newID[provisioning.SessionID]())
	wantKind(w.t, err, provisioning.ErrNotFound)
}

func sessionTouch(w *world) {
	want := w.session(w.user("ana"))
	w.do(func(ctx context.Context, tx *provisioning.Tx) error {
		return tx.Sessions.Touch(ctx, w.workspace.ID, want.ID, at(70))
	})
	want.LastSeenAt = at(70)
	got, err := w.findSession(want.ID)
	wantOK(w.t, err)
	equal(w.t, "session", got.session, want)
}

func sessionEnd(w *world) {
	s, other := w.session(w.user("ana")), w.session(w.user("bob"))
	equal(w.t, "ended", []bool{w.endSession(s, at(70)), w.endSession(s, at(71))}, []bool{true, false})
	s.EndedAt = at(70)
	for _, want := range []provisioning.Session{s, other} {
		got, err := w.findSession(want.ID)
		wantOK(w.t, err)
		equal(w.t, "session", got.session, want)
	}
}

func sessionEndOfUser(w *world) {
	u, bob := w.user("ana"), w.user("bob")
	old := w.session(u, func(s *provisioning.Session) { s.EndedAt = at(30) })
	one, two, foreign := w.session(u), w.session(u), w.session(bob)
	end := func() []provisioning.SessionID {
		return write(w, func(ctx context.Context, tx *provisioning.Tx) ([]provisioning.SessionID, error) {
			return tx.Sessions.EndOfUser(ctx, w.workspace.ID, u.ID, at(72))
		})
	}
	sameSet(w.t, "ended", end(), []provisioning.SessionID{one.ID, two.ID})
	equal(w.t, "ended again", end(), nil)
	got, err := w.findSession(old.ID)
	wantOK(w.t, err)
	equal(w.t, "session that had ended", got.session, old)
	equal(w.t, "bob's", w.sessionsOf(bob), []provisioning.Session{foreign})
}

func sessionOfUser(w *world) {
	u := w.user("ana")
	w.session(w.user("bob"))
	w.session(u, func(s *provisioning.Session) { s.EndedAt = at(30) })
	older := w.session(u, func(s *provisioning.Session) { s.CreatedAt = at(31) })
	newest := w.session(u, func(s *provisioning.Session) { s.CreatedAt = at(33) })
	middle := w.session(u, func(s *provisioning.Session) { s.CreatedAt = at(32) })
	equal(w.t, "sessions", w.sessionsOf(u), []provisioning.Session{newest, middle, older})
}

// longAgo is before everything that other sentences store in the same
// database, for what is deleted whatever its workspace.
func longAgo(n int) time.Time { return at(n).AddDate(-20, 0, 0) }

func sessionPurge(w *world) {
	u := w.user("ana")
	ended := w.session(u, func(s *provisioning.Session) { s.EndedAt = longAgo(1) })
	expired := w.session(u, func(s *provisioning.Session) { s.ExpiresAt = longAgo(1) })
	later := w.session(u, func(s *provisioning.Session) { s.EndedAt = longAgo(3) })
	live := w.session(u)
	got := write(w, func(ctx context.Context, tx *provisioning.Tx) (int64, error) {
		return tx.Sessions.Purge(ctx, longAgo(2))
	})
	equal(w.t, "number purged", got, 2)
	for s, want := range map[provisioning.SessionID]bool{ended.ID: false, expired.ID: false, later.ID: true, live.ID: true} {
		_, err := w.findSession(s)
		if want {
			wantOK(w.t, err)
		} else {
			wantKind(w.t, err, provisioning.ErrNotFound)
		}
	}
}

var signInSentences = []sentence{
	{"Create adds the sign-in; Take removes and returns it by its id alone, or ErrNotFound", signInTake},
	{"Create drops the oldest of that browser beyond keep", signInKeep},
	{"Purge deletes those that expired before the given time", signInPurge},
}

func (w *world) take(id provisioning.SignInID) (got provisioning.PendingSignIn, err error) {
	err = w.try(func(ctx context.Context, tx *provisioning.Tx) (err error) {
		got, err = tx.SignIns.Take(ctx, id)
		return err
	})
	return got, err
}

// wantGone fails if the sign-in is still there.
func (w *world) wantGone(s provisioning.PendingSignIn) {
	w.t.Helper()
	_, err := w.take(s.ID)
	wantKind(w.t, err, provisioning.ErrNotFound)
}

// wantThere takes the sign-in.
func (w *world) wantThere(s provisioning.PendingSignIn) {
	w.t.Helper()
	got, err := w.take(s.ID)
	wantOK(w.t, err)
	equal(w.t, "sign-in", got, s)
}

func signInTake(w *world) {
	invited := w.invitation(w.user("ana"))
	full := w.signIn(ids.New(), 5, func(s *provisioning.PendingSignIn) { s.Invitation, s.ReturnTo = invited.ID, "/x?y=z" })
	bare := w.signIn(ids.New(), 5)
	w.wantThere(full)
	w.wantGone(full)
	w.wantThere(bare)
}

func signInKeep(w *world) {
	browser := ids.New()
	other := w.signIn(ids.New(), 2)
	created := func(n int) func(*provisioning.PendingSignIn) {
		return func(s *provisioning.PendingSignIn) { s.CreatedAt = at(n) }
	}
	elsewhere := w.another().signIn(browser, 2, created(34))
	second := w.signIn(browser, 2, created(32))
	first := w.signIn(browser, 2, created(31))
	third := w.signIn(browser, 2, created(33))
	w.wantGone(first)
	w.wantThere(second)
	w.wantThere(third)
	w.wantThere(other)
	w.wantThere(elsewhere)
}

func signInPurge(w *world) {
	old := w.signIn(ids.New(), 5, func(s *provisioning.PendingSignIn) { s.ExpiresAt = longAgo(1) })
	later := w.signIn(ids.New(), 5, func(s *provisioning.PendingSignIn) { s.ExpiresAt = longAgo(3) })
	live := w.signIn(ids.New(), 5)
	got := write(w, func(ctx context.Context, tx *provisioning.Tx) (int64, error) {
		return tx.SignIns.Purge(ctx, longAgo(2))
	})
	equal(w.t, "number purged", got, 1)
	w.wantGone(old)
	w.wantThere(later)
	w.wantThere(live)
}
