package storetest

import (
	"context"
	"time"

	"drawbridge/provisioning"
)

// link stores a link of the account, or of none.
func (w *world) link(a provisioning.AccountID, changes ...func(*provisioning.Link)) provisioning.Link {
	w.t.Helper()
	l := apply(provisioning.Link{
		ID: newID[provisioning.LinkID](), Purpose: provisioning.LinkReset, Account: a, SecretHash: []byte("secret"),
		CreatedAt: at(55), ExpiresAt: at(8000),
	}, changes)
	w.do(func(ctx context.Context, tx *provisioning.Tx) error { return tx.Links.Create(ctx, l) })
	return l
}

// with gives a link the purpose.
func with(p provisioning.LinkPurpose) func(*provisioning.Link) {
	return func(l *provisioning.Link) { l.Purpose = p }
}

func (w *world) findLink(id provisioning.LinkID) (got provisioning.Link, err error) {
	err = w.look(func(ctx context.Context, tx *provisioning.Tx) (err error) {
		got, err = tx.Links.Find(ctx, id)
		return err
	})
	return got, err
}

// wantLinks fails unless the links stand as they are given.
func (w *world) wantLinks(want ...provisioning.Link) {
	w.t.Helper()
	for _, l := range want {
		got, err := w.findLink(l.ID)
		wantOK(w.t, err)
		equal(w.t, "link", got, l)
	}
}

var linkSentences = []sentence{
	{"Create adds the link; Find returns it by its id alone or ErrNotFound", linkFind},
	{"Use marks the link if it was not used, and reports whether it did", linkUse},
	{"OfAccount returns those of the account with the purpose, newest first, the used and expired ones too, at most ten", linkOfAccount},
	{"Cancel marks those of the account with one of the purposes that were not used, and returns their ids", linkCancel},
	{"Cancel of no account marks those without one", linkCancelOfNobody},
	{"Purge deletes those that were used or expired before the given time", linkPurge},
}

func linkFind(w *world) {
	full := w.link(w.account().ID, with(provisioning.LinkEmailNew), func(l *provisioning.Link) {
		l.Workspace, l.Email, l.Shown, l.UsedAt = w.workspace.ID, "new@acme.example", true, at(56)
	})
	bare := w.link("", with(provisioning.LinkSetup))
	w.wantLinks(full, bare)
	_, err := w.findLink(newID[provisioning.LinkID]())
	wantKind(w.t, err, provisioning.ErrNotFound)
}

func linkUse(w *world) {
	l, other := w.link(w.account().ID), w.link(w.account().ID)
	use := func(when time.Time) bool {
		return write(w, func(ctx context.Context, tx *provisioning.Tx) (bool, error) { return tx.Links.Use(ctx, l.ID, when) })
	}
	equal(w.t, "used", []bool{use(at(60)), use(at(61))}, []bool{true, false})
	l.UsedAt = at(60)
	w.wantLinks(l, other)
}

func (w *world) linksOf(a provisioning.AccountID, p provisioning.LinkPurpose) []provisioning.Link {
	w.t.Helper()
	return read(w, func(ctx context.Context, tx *provisioning.Tx) ([]provisioning.Link, error) {
		return tx.Links.OfAccount(ctx, a, p)
	})
}

func linkOfAccount(w *world) {
	a := w.account().ID
	w.link(w.account().ID)
	w.link(a, with(provisioning.LinkFactor))
	created := func(n int) func(*provisioning.Link) { return func(l *provisioning.Link) { l.CreatedAt = at(n) } }
	older := w.link(a, created(56), func(l *provisioning.Link) { l.UsedAt = at(57) })
	newer := w.link(a, created(58), func(l *provisioning.Link) { l.ExpiresAt = at(59) })
	oldest := w.link(a, created(55))
	equal(w.t, "links", w.linksOf(a, provisioning.LinkReset), []provisioning.Link{newer, older, oldest})
	for n := range 9 {
		w.link(a, created(100+n))
	}
	got := w.linksOf(a, provisioning.LinkReset)
	equal(w.t, "at most", len(got), 10)
	equal(w.t, "the last of them", got[9], newer)
	purpose := provisioning.LinkPurpose(ids.New())
	setup := w.link("", with(purpose))
	w.link(a, with(purpose))
	equal(w.t, "of nobody", w.linksOf("", purpose), []provisioning.Link{setup})
}

func (w *world) cancelLinks(a provisioning.AccountID, purposes ...provisioning.LinkPurpose) []provisioning.LinkID {
	w.t.Helper()
	return write(w, func(ctx context.Context, tx *provisioning.Tx) ([]provisioning.LinkID, error) {
		return tx.Links.Cancel(ctx, a, purposes, at(62))
	})
}

func linkCancel(w *world) {
	a := w.account().ID
	used := w.link(a, func(l *provisioning.Link) { l.UsedAt = at(57) })
	foreign, other := w.link(w.account().ID), w.link(a, with(provisioning.LinkFactor))
	reset, email := w.link(a), w.link(a, with(provisioning.LinkEmailOld))
	purposes := []provisioning.LinkPurpose{provisioning.LinkReset, provisioning.LinkEmailOld}
	sameSet(w.t, "cancelled", w.cancelLinks(a, purposes...), []provisioning.LinkID{reset.ID, email.ID})
	equal(w.t, "cancelled again", w.cancelLinks(a, purposes...), nil)
	equal(w.t, "without a purpose", w.cancelLinks(a), nil)
	reset.UsedAt, email.UsedAt = at(62), at(62)
	w.wantLinks(used, foreign, other, reset, email)
}

func linkCancelOfNobody(w *world) {
	purpose := provisioning.LinkPurpose(ids.New())
	setup, owned := w.link("", with(purpose)), w.link(w.account().ID, with(purpose))
	equal(w.t, "cancelled", w.cancelLinks("", purpose), []provisioning.LinkID{setup.ID})
	w.wantLinks(owned)
}

func linkPurge(w *world) {
	a := w.account().ID
	gone := []provisioning.Link{
		w.link(a, func(l *provisioning.Link) { l.UsedAt = longAgo(1) }),
		w.link(a, func(l *provisioning.Link) { l.ExpiresAt = longAgo(1) }),
	}
	later, live := w.link(a, func(l *provisioning.Link) { l.ExpiresAt = longAgo(3) }), w.link(a)
	equal(w.t, "number purged", write(w, func(ctx context.Context, tx *provisioning.Tx) (int64, error) {
		return tx.Links.Purge(ctx, longAgo(2))
	}), 2)
	for _, l := range gone {
		_, err := w.findLink(l.ID)
		wantKind(w.t, err, provisioning.ErrNotFound)
	}
	w.wantLinks(later, live)
}

var challengeSentences = []sentence{
	{"Create adds the challenge; Take removes and returns it, or ErrNotFound", challengeTake},
	{"Purge deletes those that expired before the given time", challengePurge},
}

// challenge stores a challenge of the account, or of none.
func (w *world) challenge(a provisioning.AccountID, changes ...func(*provisioning.Challenge)) provisioning.Challenge {
	w.t.Helper()
	c := apply(provisioning.Challenge{
		ID: newID[provisioning.ChallengeID](), Account: a, State: []byte("state"), CreatedAt: at(57), ExpiresAt: at(600),
	}, changes)
	w.do(func(ctx context.Context, tx *provisioning.Tx) error { return tx.Challenges.Create(ctx, c) })
	return c
}

func (w *world) takeChallenge(id provisioning.ChallengeID) (got provisioning.Challenge, err error) {
	err = w.try(func(ctx context.Context, tx *provisioning.Tx) (err error) {
		got, err = tx.Challenges.Take(ctx, id)
		return err
	})
	return got, err
}

func challengeTake(w *world) {
	for _, want := range []provisioning.Challenge{w.challenge(w.account().ID), w.challenge("")} {
		got, err := w.takeChallenge(want.ID)
		wantOK(w.t, err)
		equal(w.t, "challenge", got, want)
		_, err = w.takeChallenge(want.ID)
		wantKind(w.t, err, provisioning.ErrNotFound)
	}
}

func challengePurge(w *world) {
	old := w.challenge("", func(c *provisioning.Challenge) { c.ExpiresAt = longAgo(1) })
	later := w.challenge("", func(c *provisioning.Challenge) { c.ExpiresAt = longAgo(3) })
	equal(w.t, "number purged", write(w, func(ctx context.Context, tx *provisioning.Tx) (int64, error) {
		return tx.Challenges.Purge(ctx, longAgo(2))
	}), 1)
	_, err := w.takeChallenge(old.ID)
	wantKind(w.t, err, provisioning.ErrNotFound)
	_, err = w.takeChallenge(later.ID)
	wantOK(w.t, err)
}
