package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"drawbridge/provisioning"
)

const appenders = 16

var sealerSentences = []sentence{
	{"Append waits for no sealer", sealerKeepsNobody},
	{"LockHead returns false at once if a sealer is at work", sealerAlone},
	{"LockHead keeps other sealers out until the transaction ends, however it ends", sealerLetsGo},
	{"LockHead of one workspace keeps no sealer from another", sealerElsewhere},
	{"sealers beside writers: every entry is chained once, without a gap", sealersBesideWriters},
}

func (w *world) lockHead(ctx context.Context, tx *provisioning.Tx) error {
	_, held, err := tx.Audit.LockHead(ctx, w.workspace.ID)
	if err == nil && !held {
		err = fmt.Errorf("somebody else holds the head")
	}
	return err
}

// tryHead asks for the head and reports whether it was given.
func (w *world) tryHead() bool {
	w.t.Helper()
	return write(w, func(ctx context.Context, tx *provisioning.Tx) (bool, error) {
		_, held, err := tx.Audit.LockHead(ctx, w.workspace.ID)
		return held, err
	})
}

// sealerKeepsNobody has the writers finish while the sealer's transaction is
// open.
func sealerKeepsNobody(w *world) {
	w.append(w.draftEntry("before"))
	w.seal(9)
	w.hold(w.lockHead, func() {
		errs := parallel(appenders, func(i int) error {
			return w.try(func(ctx context.Context, tx *provisioning.Tx) error {
				return tx.Audit.Append(ctx, w.drafts(fmt.Sprint(i)))
			})
		})
		wantOK(w.t, errors.Join(errs...))
	})
	equal(w.t, "number that waits", w.waiting(), appenders)
}

func sealerAlone(w *world) {
	for _, sealedBefore := range []bool{false, true} {
		if sealedBefore {
			w.append(w.draftEntry("a"))
			w.seal(9)
		}
		both := w.concurrentWriters()
		var second bool
		w.hold(w.lockHead, func() { second = w.tryHead() })
		equal(w.t, "second sealer held the head", second, !both)
	}
}

func sealerLetsGo(w *world) {
	for _, end := range []error{nil, errRollback} {
		err := w.try(func(ctx context.Context, tx *provisioning.Tx) error {
			return errors.Join(w.lockHead(ctx, tx), end)
		})
		if end == nil {
			wantOK(w.t, err)
		} else {
			wantKind(w.t, err, end)
		}
		equal(w.t, "held afterwards", w.tryHead(), true)
	}
}

func sealerElsewhere(w *world) {
	other := w.another()
	w.hold(w.lockHead, func() { equal(w.t, "held", other.tryHead(), true) })
}

// sealersBesideWriters runs two sealers until the writers are done and nothing
// waits.
func sealersBesideWriters(w *world) {
	const each = 4
	var sealers sync.WaitGroup
	written, sealErrs := make(chan struct{}), make([]error, 2)
	for i := range sealErrs {
		sealers.Go(func() { sealErrs[i] = w.sealUntil(written) })
	}
	errs := parallel(appenders, func(i int) error {
		for n := range each {
			if err := w.try(func(ctx context.Context, tx *provisioning.Tx) error {
				return tx.Audit.Append(ctx, w.drafts(fmt.Sprint(i, "-", n)))
			}); err != nil {
				return err
			}
		}
		return nil
	})
	close(written)
	sealers.Wait()
	wantOK(w.t, errors.Join(append(errs, sealErrs...)...))
	w.seal(appenders * each)
	w.wantChain(appenders * each)
}

// sealUntil seals small batches until written is closed.
func (w *world) sealUntil(written <-chan struct{}) error {
	for {
		if _, err := w.sealOnce(5); err != nil {
			return err
		}
		select {
		case <-written:
			return nil
		default:
		}
	}
}

func (w *world) wantChain(length int) {
	w.t.Helper()
	got := w.sealed(0, length+1)
	equal(w.t, "length", len(got), length)
	equal(w.t, "number that waits", w.waiting(), 0)
	seen := make(map[provisioning.EntryID]bool, length)
	for i, e := range got {
		equal(w.t, "sequence", e.Sequence, int64(i+1))
		equal(w.t, "hash", string(e.Hash), fmt.Sprint("hash ", i+1))
		seen[e.ID] = true
	}
	equal(w.t, "different entries", len(seen), length)
	equal(w.t, "head", w.head().Sequence, int64(length))
}
