package storetest

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"drawbridge/provisioning"
)

var updateSentences = []sentence{
	{"all of it happens when fn returns nil", updateKeepsAll},
	{"none of it happens when fn returns an error", updateKeepsNothing},
	{"none of it happens when fn panics, and the Store goes on", updateSurvivesPanic},
	{"a lost key that fn swallows leaves all or nothing", updateSwallowedKey},
	{"an error of fn is returned as it is", updateReturnsError},
	{"a dry run sees its own writes", updateDryRun},
	{"nobody sees what is not committed", updateUnseen},
	{"a context that ended before gives its error and runs nothing", updateEndedContext},
	{"a context that ends in the middle leaves nothing", updateCancelled},
	{"a context that ends in the middle leaves nothing, whatever fn returns", updateCancelledSilently},
}

var errRollback = errors.New("roll back")

// userExists says whether a user has a row.
func (w *world) userExists(id provisioning.UserID) bool {
	w.t.Helper()
	return read(w, func(ctx context.Context, tx *provisioning.Tx) (bool, error) {
		_, err := tx.Users.Get(ctx, w.workspace.ID, id)
		if errors.Is(err, provisioning.ErrNotFound) {
			return false, nil
		}
		return err == nil, err
	})
}

func createBoth(ctx context.Context, tx *provisioning.Tx, a, b provisioning.User) error {
	if err := tx.Users.Create(ctx, a); err != nil {
		return err
	}
	return tx.Users.Create(ctx, b)
}

func updateKeepsAll(w *world) {
	a, b := w.draftUser("a"), w.draftUser("b")
	w.do(func(ctx context.Context, tx *provisioning.Tx) error { return createBoth(ctx, tx, a, b) })
	equal(w.t, "both are there", []bool{w.userExists(a.ID), w.userExists(b.ID)}, []bool{true, true})
}

func updateKeepsNothing(w *world) {
	a, b := w.draftUser("a"), w.draftUser("b")
	err := w.try(func(ctx context.Context, tx *provisioning.Tx) error {
		return errors.Join(createBoth(ctx, tx, a, b), errRollback)
	})
	wantKind(w.t, err, errRollback)
	equal(w.t, "neither is there", []bool{w.userExists(a.ID), w.userExists(b.ID)}, []bool{false, false})
}

func updateSurvivesPanic(w *world) {
	u := w.draftUser("a")
	func() {
		defer func() { equal(w.t, "what fn panicked with", recover(), any("boom")) }()
		_ = w.try(func(ctx context.Context, tx *provisioning.Tx) error {
			if err := tx.Users.Create(ctx, u); err != nil {
				return err
			}
			panic("boom")
		})
	}()
	equal(w.t, "user is there", w.userExists(u.ID), false)
	w.user("a")
}

func updateSwallowedKey(w *world) {
	w.user("taken")
	before, loser := w.draftUser("before"), w.draftUser("taken")
	err := w.try(func(ctx context.Context, tx *provisioning.Tx) error {
		if err := tx.Users.Create(ctx, before); err != nil {
			return err
		}
		if err := tx.Users.Create(ctx, loser); !provisioning.Taken(err, provisioning.KeyUserName) {
			return errors.Join(errRollback, err)
		}
		return nil
	})
	if errors.Is(err, errRollback) {
		w.t.Fatalf("the key was not taken: %v", err)
	}
	equal(w.t, "the other user is there exactly if the commit succeeded", w.userExists(before.ID), err == nil)
	equal(w.t, "the loser is there", w.userExists(loser.ID), false)
}

func updateReturnsError(w *world) {
	err := w.try(func(context.Context, *provisioning.Tx) error { return errRollback })
	if err != errRollback { //nolint:errorlint // the very same value is the claim
		w.t.Fatalf("got %v (%T), want the sentinel itself", err, err)
	}
	kind := &provisioning.Error{Kind: provisioning.ErrInvalid, Code: "x", Detail: "y"}
	err = w.try(func(context.Context, *provisioning.Tx) error { return kind })
	if err != error(kind) { //nolint:errorlint // the very same value is the claim
		w.t.Fatalf("got %v (%T), want the error itself", err, err)
	}
}

func updateDryRun(w *world) {
	u := w.draftUser("a")
	err := w.try(func(ctx context.Context, tx *provisioning.Tx) error {
		if err := tx.Users.Create(ctx, u); err != nil {
			return err
		}
		if _, err := tx.Users.Get(ctx, w.workspace.ID, u.ID); err != nil {
			return err
		}
		return errRollback
	})
	equal(w.t, "error", err, errRollback)
	equal(w.t, "user is there", w.userExists(u.ID), false)
}

func updateUnseen(w *world) {
	u := w.draftUser("a")
	w.do(func(ctx context.Context, tx *provisioning.Tx) error {
		if err := tx.Users.Create(ctx, u); err != nil {
			return err
		}
		equal(w.t, "seen by others", w.userExists(u.ID), false)
		return nil
	})
	equal(w.t, "seen afterwards", w.userExists(u.ID), true)
}

func updateEndedContext(w *world) {
	ctx, cancel := context.WithCancel(w.t.Context())
	cancel()
	u := w.draftUser("a")
	err := w.store.Update(ctx, func(tx *provisioning.Tx) error { return tx.Users.Create(ctx, u) })
	wantKind(w.t, err, context.Canceled)
	equal(w.t, "user is there", w.userExists(u.ID), false)
}

func updateCancelled(w *world) {
	ctx, cancel := context.WithCancel(w.t.Context())
	defer cancel()
	a, b := w.draftUser("a"), w.draftUser("b")
	err := w.store.Update(ctx, func(tx *provisioning.Tx) error {
		if err := tx.Users.Create(ctx, a); err != nil {
			return err
		}
		cancel()
		return tx.Users.Create(ctx, b)
	})
	wantKind(w.t, err, context.Canceled)
	equal(w.t, "users are there", []bool{w.userExists(a.ID), w.userExists(b.ID)}, []bool{false, false})
}

func updateCancelledSilently(w *world) {
	ctx, cancel := context.WithCancel(w.t.Context())
	defer cancel()
	u := w.draftUser("a")
	err := w.store.Update(ctx, func(tx *provisioning.Tx) error {
		if err := tx.Users.Create(ctx, u); err != nil {
			return err
		}
		cancel()
		return nil
	})
	wantKind(w.t, err, context.Canceled)
	equal(w.t, "user is there", w.userExists(u.ID), false)
	w.user("a")
}

var viewSentences = []sentence{
	{"two reads of one fn may see different states", viewReadsBare},
	{"an error of fn is returned as it is", viewReturnsError},
	{"a context that ended gives its error", viewEndedContext},
}

func viewReadsBare(w *world) {
	u := w.draftUser("a")
	err := w.look(func(ctx context.Context, tx *provisioning.Tx) error {
		_, err := tx.Users.Get(ctx, w.workspace.ID, u.ID)
		wantKind(w.t, err, provisioning.ErrNotFound)
		w.do(func(ctx context.Context, tx *provisioning.Tx) error { return tx.Users.Create(ctx, u) })
		_, err = tx.Users.Get(ctx, w.workspace.ID, u.ID)
		return err
	})
	wantOK(w.t, err)
}

func viewReturnsError(w *world) {
	err := w.look(func(context.Context, *provisioning.Tx) error { return errRollback })
	if err != errRollback { //nolint:errorlint // the very same value is the claim
		w.t.Fatalf("got %v (%T), want the sentinel itself", err, err)
	}
}

func viewEndedContext(w *world) {
	ctx, cancel := context.WithCancel(w.t.Context())
	cancel()
	err := w.store.View(ctx, func(tx *provisioning.Tx) error {
		_, err := tx.Workspaces.Get(ctx, w.workspace.ID)
		return err
	})
	wantKind(w.t, err, context.Canceled)
}

var nowSentences = []sentence{
	{"the same for the whole transaction", nowStandsStill},
	{"in microseconds UTC, and not zero", nowIsUTC},
	{"does not go back from one transaction to the next", nowGoesOn},
	{"in a View it is asked once", nowInView},
}

func nowStandsStill(w *world) {
	w.do(func(ctx context.Context, tx *provisioning.Tx) error {
		first := tx.Now()
		for range 5 {
			if _, err := tx.Users.List(ctx, w.workspace.ID, provisioning.UserQuery{}); err != nil {
				return err
			}
		}
		equal(w.t, "Now", tx.Now(), first)
		return nil
	})
}

func nowIsUTC(w *world) {
	now := w.now()
	equal(w.t, "in microseconds", now, now.Truncate(time.Microsecond))
	equal(w.t, "location", now.Location().String(), time.UTC.String())
	if away := time.Since(now).Abs(); away > time.Hour {
		w.t.Fatalf("Now is %v, %v away from this process's clock", now, away)
	}
}

func nowGoesOn(w *world) {
	first := w.now()
	if second := w.now(); second.Before(first) {
		w.t.Fatalf("first %v, then %v", first, second)
	}
}

func nowInView(w *world) {
	err := w.look(func(ctx context.Context, tx *provisioning.Tx) error {
		first := tx.Now()
		if _, err := tx.Workspaces.Get(ctx, w.workspace.ID); err != nil {
			return err
		}
		equal(w.t, "Now", tx.Now(), first)
		equal(w.t, "zero", first.IsZero(), false)
		equal(w.t, "in microseconds UTC", first, first.Truncate(time.Microsecond).UTC())
		return nil
	})
	wantOK(w.t, err)
}

var closeSentences = []sentence{
	{"Closing twice is fine", closeTwice},
	{"Close waits for what runs", closeWaits},
}

func closeTwice(w *world) {
	wantOK(w.t, w.store.Close())
	wantOK(w.t, w.store.Close())
	if err := w.try(func(ctx context.Context, tx *provisioning.Tx) error {
		_, err := tx.Workspaces.List(ctx)
		return err
	}); err == nil {
		w.t.Fatal("a closed Store still answers")
	}
}

func closeWaits(w *world) {
	var done atomic.Bool
	running, updated, closing := make(chan struct{}), make(chan error, 1), make(chan struct{})
	go func() {
		updated <- w.try(func(ctx context.Context, tx *provisioning.Tx) error {
			close(running)
			<-closing
			for range 50 {
				if _, err := tx.Workspaces.List(ctx); err != nil {
					return err
				}
			}
			done.Store(true)
			return nil
		})
	}()
	<-running
	close(closing)
	wantOK(w.t, w.store.Close())
	equal(w.t, "fn was done when Close returned", done.Load(), true)
	wantOK(w.t, <-updated)
}
