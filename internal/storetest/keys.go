package storetest

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"drawbridge/provisioning"
)

var dataKeySentences = []sentence{
	{"Create adds the key; List returns all, oldest first", dataKeyList},
	{"of two processes that saw the same keys and make one at once, one is made", dataKeyFirst},
	{"Rewrap replaces the wrapped form", dataKeyRewrap},
}

func draftKey(id string, created time.Time) provisioning.DataKey {
	return provisioning.DataKey{ID: id, Wrapped: []byte("wrapped " + id), CreatedAt: created}
}

func (w *world) createKey(k provisioning.DataKey, after int) error {
	return w.try(func(ctx context.Context, tx *provisioning.Tx) error { return tx.DataKeys.Create(ctx, k, after) })
}

func (w *world) listKeys() []provisioning.DataKey {
	w.t.Helper()
	return read(w, func(ctx context.Context, tx *provisioning.Tx) ([]provisioning.DataKey, error) {
		return tx.DataKeys.List(ctx)
	})
}

func dataKeyList(w *world) {
	equal(w.t, "none", w.listKeys(), nil)
	z, a := draftKey("z", at(1)), draftKey("a", at(2))
	a.Retired = true
	wantOK(w.t, w.createKey(z, 0))
	wantOK(w.t, w.createKey(a, 1))
	equal(w.t, "keys", w.listKeys(), []provisioning.DataKey{z, a})
}

// dataKeyFirst has ten processes do as one does at its start: look for a key
// and make one if there is none.
func dataKeyFirst(w *world) {
	var made, lost atomic.Int64
	errs := parallel(10, func(int) error {
		var created bool
		err := w.try(func(ctx context.Context, tx *provisioning.Tx) error {
			keys, err := tx.DataKeys.List(ctx)
			created = err == nil && len(keys) == 0
			if !created {
				return err
			}
			return tx.DataKeys.Create(ctx, draftKey(ids.New(), at(1)), 0)
		})
		switch {
		case errors.Is(err, provisioning.ErrConflict):
			lost.Add(1)
			return nil
		case err == nil && created:
			made.Add(1)
		}
		return err
	})
	wantOK(w.t, errors.Join(errs...))
	equal(w.t, "made", made.Load(), 1)
	equal(w.t, "keys", len(w.listKeys()), 1)
}

func dataKeyRewrap(w *world) {
	one, two := draftKey("one", at(1)), draftKey("two", at(2))
	wantOK(w.t, w.createKey(one, 0))
	wantOK(w.t, w.createKey(two, 1))
	w.do(func(ctx context.Context, tx *provisioning.Tx) error {
		return tx.DataKeys.Rewrap(ctx, "one", []byte("anew"))
	})
	one.Wrapped = []byte("anew")
	equal(w.t, "keys", w.listKeys(), []provisioning.DataKey{one, two})
}

var jobSentences = []sentence{
	{"Lease gives the job to holder if nobody else holds it at now, and reports whether it did", jobLease},
	{"Lease: until the given time", jobExpires},
	{"Lease: a holder may renew", jobRenew},
}

func (w *world) lease(job, holder string, now, until time.Time) bool {
	w.t.Helper()
	return write(w, func(ctx context.Context, tx *provisioning.Tx) (bool, error) {
		return tx.Jobs.Lease(ctx, job, holder, now, until)
	})
}

func jobLease(w *world) {
	job := ids.New()
	equal(w.t, "a leases", w.lease(job, "a", at(0), at(10)), true)
	equal(w.t, "b leases", w.lease(job, "b", at(5), at(15)), false)
	equal(w.t, "b leases another job", w.lease(ids.New(), "b", at(5), at(15)), true)
}

func jobExpires(w *world) {
	job := ids.New()
	equal(w.t, "a leases", w.lease(job, "a", at(0), at(10)), true)
	equal(w.t, "b leases just before", w.lease(job, "b", at(10).Add(-time.Microsecond), at(20)), false)
	equal(w.t, "b leases after", w.lease(job, "b", at(10).Add(time.Microsecond), at(20)), true)
	equal(w.t, "a leases again", w.lease(job, "a", at(11), at(30)), false)
}

func jobRenew(w *world) {
	job := ids.New()
	equal(w.t, "a leases", w.lease(job, "a", at(0), at(10)), true)
	equal(w.t, "a renews", w.lease(job, "a", at(5), at(20)), true)
	equal(w.t, "b leases at the old end", w.lease(job, "b", at(15), at(30)), false)
}
