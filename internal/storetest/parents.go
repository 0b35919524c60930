package storetest

import (
	"context"
	"time"

	"drawbridge/provisioning"
)

func (w *world) parent(a provisioning.Account, changes ...func(*provisioning.ParentSignIn)) provisioning.ParentSignIn {
	w.t.Helper()
	p := apply(provisioning.ParentSignIn{
		ID: newID[provisioning.ParentID](), Account: a.ID, SecretHash: []byte("secret"), Method: provisioning.MethodPassword,
		ProvedAt: at(50), Idle: 15 * time.Minute, UserAgent: "Browser", CreatedAt: at(51), LastSeenAt: at(52), ExpiresAt: at(6000),
	}, changes)
	w.do(func(ctx context.Context, tx *provisioning.Tx) error { return tx.Parents.Create(ctx, p) })
	return p
}

// ended lets a parent sign-in have ended.
func ended(p *provisioning.ParentSignIn) { p.EndedAt = at(53) }

// from lets a session be entered from the parent.
func from(p provisioning.ParentSignIn) func(*provisioning.Session) {
	return func(s *provisioning.Session) { s.Parent, s.Connection = p.ID, "" }
}

// beneath is the session as it is read together with its parent.
func beneath(s provisioning.Session, p provisioning.ParentSignIn) provisioning.Session {
	s.ParentIdle, s.ParentProvedAt, s.ParentMethod = p.Idle, p.ProvedAt, p.Method
	return s
}

func (w *world) findParent(id provisioning.ParentID) (p provisioning.ParentSignIn, a provisioning.Account, err error) {
	err = w.look(func(ctx context.Context, tx *provisioning.Tx) (err error) {
		p, a, err = tx.Parents.Find(ctx, id)
		return err
	})
	return p, a, err
}

// wantParent fails unless the parent sign-in stands as it is given.
func (w *world) wantParent(want provisioning.ParentSignIn) {
	w.t.Helper()
	got, _, err := w.findParent(want.ID)
	wantOK(w.t, err)
	equal(w.t, "parent sign-in", got, want)
}

var parentSentences = []sentence{
	{"Create adds the parent sign-in; Find returns it by its id alone together with its account", parentFind},
	{"Find returns ErrNotFound", parentNotFound},
	{"Update replaces secret, Only, FactorAt, ProvedAt, Idle, LastSeenAt and ExpiresAt", parentUpdate},
	{"Update: ErrNotFound if it has ended", parentUpdateEnded},
	{"End ends it if it has not ended, and reports whether it did", parentEnd},
	{"EndOfAccount ends those of the account that have not ended, but for keep, and returns their ids", parentEndOfAccount},
	{"Purge deletes those that ended or expired before the given time and of which no session is left", parentPurge},
}

func parentFind(w *world) {
	a := w.account()
	full := w.parent(a, ended, func(p *provisioning.ParentSignIn) {
		p.Method, p.Only, p.FactorAt = provisioning.MethodPasskey, w.workspace.ID, at(54)
	})
	bare := w.parent(a, func(p *provisioning.ParentSignIn) { p.ProvedAt, p.Idle, p.UserAgent = time.Time{}, 0, "" })
	for _, want := range []provisioning.ParentSignIn{full, bare} {
		got, owner, err := w.findParent(want.ID)
		wantOK(w.t, err)
		equal(w.t, "parent sign-in", got, want)
		equal(w.t, "account", owner, a)
	}
}

func parentNotFound(w *world) {
	_, _, err := w.findParent(newID[provisioning.ParentID]())
	wantKind(w.t, err, provisioning.ErrNotFound)
}

func (w *world) updateParent(p provisioning.ParentSignIn) error {
	return w.try(func(ctx context.Context, tx *provisioning.Tx) error { return tx.Parents.Update(ctx, p) })
}

func parentUpdate(w *world) {
	a := w.account()
	want, other := w.parent(a), w.parent(a)
	want.SecretHash, want.Only, want.FactorAt, want.ProvedAt = []byte("anew"), w.workspace.ID, at(60), at(61)
	want.Idle, want.LastSeenAt, want.ExpiresAt = time.Hour, at(62), at(7000)
	changed := want
	changed.Account, changed.Method, changed.UserAgent = w.account().ID, provisioning.MethodLink, "Other"
	changed.CreatedAt, changed.EndedAt = at(63), at(64)
	wantOK(w.t, w.updateParent(changed))
	w.wantParent(want)
	w.wantParent(other)
	want.Only, want.FactorAt = "", time.Time{}
	wantOK(w.t, w.updateParent(want))
	w.wantParent(want)
}

func parentUpdateEnded(w *world) {
	want := w.parent(w.account(), ended)
	changed := want
	changed.SecretHash, changed.EndedAt = []byte("anew"), time.Time{}
	wantKind(w.t, w.updateParent(changed), provisioning.ErrNotFound)
	w.wantParent(want)
	changed.ID = newID[provisioning.ParentID]()
	wantKind(w.t, w.updateParent(changed), provisioning.ErrNotFound)
}

func parentEnd(w *world) {
	a := w.account()
	p, other := w.parent(a), w.parent(a)
	end := func(when time.Time) bool {
		return write(w, func(ctx context.Context, tx *provisioning.Tx) (bool, error) { return tx.Parents.End(ctx, p.ID, when) })
	}
	equal(w.t, "ended", []bool{end(at(70)), end(at(71))}, []bool{true, false})
	p.EndedAt = at(70)
	w.wantParent(p)
	w.wantParent(other)
}

func parentEndOfAccount(w *world) {
	a := w.account()
	old, foreign := w.parent(a, ended), w.parent(w.account())
	one, two, kept := w.parent(a), w.parent(a), w.parent(a)
	end := func(keep provisioning.ParentID) []provisioning.ParentID {
		return write(w, func(ctx context.Context, tx *provisioning.Tx) ([]provisioning.ParentID, error) {
			return tx.Parents.EndOfAccount(ctx, a.ID, keep, at(72))
		})
	}
	sameSet(w.t, "ended", end(kept.ID), []provisioning.ParentID{one.ID, two.ID})
	equal(w.t, "ended again", end(kept.ID), nil)
	for _, want := range []provisioning.ParentSignIn{old, foreign, kept} {
		w.wantParent(want)
	}
	equal(w.t, "without keep", end(""), []provisioning.ParentID{kept.ID})
}

func parentPurge(w *world) {
	a := w.account()
	u := w.user("ana", w.ownerOf(a))
	endedAt := func(n int) func(*provisioning.ParentSignIn) {
		return func(p *provisioning.ParentSignIn) { p.EndedAt = longAgo(n) }
	}
	expired := func(p *provisioning.ParentSignIn) { p.ExpiresAt = longAgo(1) }
	gone := []provisioning.ParentSignIn{w.parent(a, endedAt(1)), w.parent(a, expired)}
	entered := w.parent(a, endedAt(1))
	w.session(u, from(entered))
	left := []provisioning.ParentSignIn{entered, w.parent(a, endedAt(3)), w.parent(a)}
	equal(w.t, "number purged", write(w, func(ctx context.Context, tx *provisioning.Tx) (int64, error) {
		return tx.Parents.Purge(ctx, longAgo(2))
	}), 2)
	for _, p := range gone {
		_, _, err := w.findParent(p.ID)
		wantKind(w.t, err, provisioning.ErrNotFound)
	}
	for _, p := range left {
		w.wantParent(p)
	}
}

var accountSessionSentences = []sentence{
	{"OfAccount returns the sessions, not ended, that were entered from parents of the account, in every workspace, newest first", accountSessionsOf},
	{"EndOfParents ends the sessions entered from the parents that have not ended and returns their ids", accountSessionsEndOfParents},
	{"EndOfAccount ends the sessions of every user that points to the account, those of a connection too, but for those of keep", accountSessionsEnd},
	{"TouchParent notes activity; it never turns it back", accountSessionsTouch},
}

// couple is one account with users in two workspaces.
func (w *world) couple() (a provisioning.Account, other *world, here, there provisioning.User) {
	w.t.Helper()
	a, other = w.account(), w.another()
	return a, other, w.user("ana", w.ownerOf(a)), other.user("ana", other.ownerOf(a))
}

// live says which of the sessions have not ended.
func (w *world) live(sessions ...provisioning.Session) []bool {
	w.t.Helper()
	return pluck(sessions, func(s provisioning.Session) bool {
		got, err := w.findSession(s.ID)
		wantOK(w.t, err)
		return got.session.EndedAt.IsZero()
	})
}

func accountSessionsOf(w *world) {
	a, other, here, there := w.couple()
	p := w.parent(a)
	w.session(here)
	w.session(here, from(p), func(s *provisioning.Session) { s.EndedAt = at(30) })
	w.session(w.user("bob"), from(w.parent(w.account())))
	older := w.session(here, from(p), func(s *provisioning.Session) { s.CreatedAt = at(31) })
	newest := other.session(there, from(w.parent(a)), func(s *provisioning.Session) { s.CreatedAt = at(33) })
	middle := w.session(here, from(p), func(s *provisioning.Session) { s.CreatedAt = at(32) })
	got := read(w, func(ctx context.Context, tx *provisioning.Tx) ([]provisioning.Session, error) {
		return tx.AccountSessions.OfAccount(ctx, a.ID)
	})
	want := []provisioning.Session{newest, middle, older}
	for i := range want {
		want[i] = beneath(want[i], p)
	}
	equal(w.t, "sessions", got, want)
}

func accountSessionsEndOfParents(w *world) {
	a, other, here, there := w.couple()
	p, q, r := w.parent(a), w.parent(a), w.parent(a)
	old := w.session(here, from(p), func(s *provisioning.Session) { s.EndedAt = at(30) })
	one, two := w.session(here, from(p)), other.session(there, from(q))
	kept, direct := w.session(here, from(r)), w.session(here)
	end := func() []provisioning.SessionID {
		return write(w, func(ctx context.Context, tx *provisioning.Tx) ([]provisioning.SessionID, error) {
			return tx.AccountSessions.EndOfParents(ctx, []provisioning.ParentID{p.ID, q.ID}, at(73))
		})
	}
	sameSet(w.t, "ended", end(), []provisioning.SessionID{one.ID, two.ID})
	equal(w.t, "ended again", end(), nil)
	equal(w.t, "live", w.live(one, two, kept, direct), []bool{false, false, true, true})
	got, err := w.findSession(old.ID)
	wantOK(w.t, err)
	equal(w.t, "session that had ended", got.session.EndedAt, old.EndedAt)
}

func accountSessionsEnd(w *world) {
	a, other, here, there := w.couple()
	keep, drop := w.parent(a), w.parent(a)
	kept, keptToo := w.session(here, from(keep)), other.session(there, from(keep))
	entered, direct := other.session(there, from(drop)), w.session(here)
	foreign := w.session(w.user("bob", w.ownerOf(w.account())))
	w.session(here, func(s *provisioning.Session) { s.EndedAt = at(30) })
	end := func(keep provisioning.ParentID) []provisioning.SessionID {
		return write(w, func(ctx context.Context, tx *provisioning.Tx) ([]provisioning.SessionID, error) {
			return tx.AccountSessions.EndOfAccount(ctx, a.ID, keep, at(74))
		})
	}
	sameSet(w.t, "ended", end(keep.ID), []provisioning.SessionID{entered.ID, direct.ID})
	equal(w.t, "live", w.live(kept, keptToo, entered, direct, foreign), []bool{true, true, false, false, true})
	sameSet(w.t, "without keep", end(""), []provisioning.SessionID{kept.ID, keptToo.ID})
	equal(w.t, "live", w.live(foreign), []bool{true})
}

func accountSessionsTouch(w *world) {
	want, other := w.parent(w.account()), w.parent(w.account())
	for _, when := range []time.Time{at(80), at(75)} {
		w.do(func(ctx context.Context, tx *provisioning.Tx) error {
			return tx.AccountSessions.TouchParent(ctx, want.ID, when)
		})
	}
	want.LastSeenAt = at(80)
	w.wantParent(want)
	w.wantParent(other)
}
