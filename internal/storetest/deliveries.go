package storetest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"drawbridge/provisioning"
)

func (w *world) draftDelivery() provisioning.Delivery {
	return provisioning.Delivery{
		Workspace: w.workspace.ID, ID: newID[provisioning.DeliveryID](), Subject: ids.New(), Kind: provisioning.MailInvitation,
		To: "Zoë <zoe@acme.example>", Sealed: []byte{1, 0, 2}, State: provisioning.DeliveryWaiting,
		NextAt: at(60), CreatedAt: at(60), ExpiresAt: at(9000),
	}
}

func (w *world) delivery(changes ...func(*provisioning.Delivery)) provisioning.Delivery {
	w.t.Helper()
	d := apply(w.draftDelivery(), changes)
	w.addDeliveries(d)
	return d
}

func (w *world) addDeliveries(ds ...provisioning.Delivery) {
	w.t.Helper()
	w.do(func(ctx context.Context, tx *provisioning.Tx) error { return tx.Deliveries.Add(ctx, ds) })
}

// ofAccount makes a delivery one about an account.
func ofAccount(d *provisioning.Delivery) { d.Workspace = "" }

// settled lets a delivery be in the state since n seconds after the fixed
// instant, saying nothing any more unless it is dead.
func settled(state provisioning.DeliveryState, n int) func(*provisioning.Delivery) {
	return func(d *provisioning.Delivery) {
		d.State, d.SettledAt = state, at(n)
		if state != provisioning.DeliveryDead {
			d.Sealed = nil
		}
	}
}

func (w *world) listDeliveries(ws provisioning.WorkspaceID, q provisioning.DeliveryQuery) []provisioning.Delivery {
	w.t.Helper()
	return read(w, func(ctx context.Context, tx *provisioning.Tx) ([]provisioning.Delivery, error) {
		return tx.Deliveries.List(ctx, ws, q)
	})
}

// wantDeliveries fails unless the workspace has these, the newest first.
func (w *world) wantDeliveries(want ...provisioning.Delivery) {
	w.t.Helper()
	equal(w.t, "deliveries", w.listDeliveries(w.workspace.ID, provisioning.DeliveryQuery{}), want)
}

func deliveryIDs(ds []provisioning.Delivery) []provisioning.DeliveryID {
	return pluck(ds, func(d provisioning.Delivery) provisioning.DeliveryID { return d.ID })
}

var deliverySentences = []sentence{
	{"Add puts deliveries into the outbox; List returns those of the workspace by id, newest first", deliveryList},
	{"List of no workspace returns those of accounts", deliveryListOfAccounts},
	{"List: State and Before select; a Limit of 0 means 100", deliveryListQuery},
	{"Settle does nothing without a lease", deliverySettleUnleased},
	{"Drop settles the waiting and dead deliveries of the subjects as dropped and erases what they say", deliveryDrop},
	{"Retry makes a dead delivery, not yet expired, wait again with no attempts, and reports whether it did", deliveryRetry},
	{"Retry of no workspace reaches those of accounts alone", deliveryRetryOfAccounts},
}

func deliveryList(w *world) {
	w.wantDeliveries()
	w.another().delivery()
	w.delivery(ofAccount)
	one, two := w.draftDelivery(), w.draftDelivery()
	two.State, two.Attempts, two.Error, two.Sealed = provisioning.DeliveryDead, 9, "550 no such mailbox", nil
	two.Leased, two.SettledAt, two.Subject = at(61), at(62), ""
	w.addDeliveries(two, one)
	w.addDeliveries()
	w.wantDeliveries(two, one)
}

func deliveryListOfAccounts(w *world) {
	w.delivery()
	want := w.delivery(ofAccount)
	got := w.listDeliveries("", provisioning.DeliveryQuery{Before: want.ID + "0", Limit: 1})
	equal(w.t, "deliveries", got, []provisioning.Delivery{want})
}

func deliveryListQuery(w *world) {
	drafts := make([]provisioning.Delivery, 102)
	for i := range drafts {
		drafts[i] = w.draftDelivery()
	}
	settled(provisioning.DeliverySent, 61)(&drafts[50])
	w.addDeliveries(drafts...)
	slices.Reverse(drafts)
	list := func(q provisioning.DeliveryQuery) []provisioning.DeliveryID {
		return deliveryIDs(w.listDeliveries(w.workspace.ID, q))
	}
	all := deliveryIDs(drafts)
	equal(w.t, "without a limit", list(provisioning.DeliveryQuery{}), all[:100])
	equal(w.t, "first", list(provisioning.DeliveryQuery{Limit: 2}), all[:2])
	equal(w.t, "second", list(provisioning.DeliveryQuery{Limit: 2, Before: all[1]}), all[2:4])
	equal(w.t, "sent", list(provisioning.DeliveryQuery{State: provisioning.DeliverySent}), all[51:52])
}

func (w *world) settle(d provisioning.Delivery) bool {
	w.t.Helper()
	return write(w, func(ctx context.Context, tx *provisioning.Tx) (bool, error) { return tx.Deliveries.Settle(ctx, d) })
}

func deliverySettleUnleased(w *world) {
	want := w.delivery()
	sent := apply(want, []func(*provisioning.Delivery){settled(provisioning.DeliverySent, 70)})
	equal(w.t, "settled", w.settle(sent), false)
	sent.Leased = at(65)
	equal(w.t, "settled", w.settle(sent), false)
	w.wantDeliveries(want)
}

func (w *world) drop(subjects ...string) {
	w.t.Helper()
	w.do(func(ctx context.Context, tx *provisioning.Tx) error { return tx.Deliveries.Drop(ctx, subjects, at(70)) })
}

func deliveryDrop(w *world) {
	subject := ids.New()
	about := func(d *provisioning.Delivery) { d.Subject = subject }
	waiting := w.delivery(about)
	leased := w.delivery(about, func(d *provisioning.Delivery) { d.Leased, d.Attempts = at(65), 1 })
	dead := w.delivery(about, settled(provisioning.DeliveryDead, 61))
	sent := w.delivery(about, settled(provisioning.DeliverySent, 61))
	other, without := w.delivery(), w.delivery(func(d *provisioning.Delivery) { d.Subject = "" })
	w.drop(subject, "", "of nothing")
	late := leased
	for _, d := range []*provisioning.Delivery{&waiting, &leased, &dead} {
		settled(provisioning.DeliveryDropped, 70)(d)
		d.Leased = time.Time{}
	}
	w.wantDeliveries(without, other, sent, dead, leased, waiting)
	equal(w.t, "a worker that had it settles it", w.settle(late), false)
}

func (w *world) retry(ws provisioning.WorkspaceID, d provisioning.Delivery) bool {
	w.t.Helper()
	return write(w, func(ctx context.Context, tx *provisioning.Tx) (bool, error) {
		return tx.Deliveries.Retry(ctx, ws, d.ID, at(80))
	})
}

func deliveryRetry(w *world) {
	tried := func(d *provisioning.Delivery) { d.Attempts, d.Error = 9, "refused" }
	dead := w.delivery(tried, settled(provisioning.DeliveryDead, 61))
	waiting, sent := w.delivery(tried), w.delivery(tried, settled(provisioning.DeliverySent, 61))
	expired := w.delivery(tried, settled(provisioning.DeliveryDead, 61), func(d *provisioning.Delivery) { d.ExpiresAt = at(80) })
	for _, try := range []struct {
		d    provisioning.Delivery
		want bool
	}{{dead, true}, {dead, false}, {waiting, false}, {sent, false}, {expired, false}, {w.draftDelivery(), false}} {
		equal(w.t, "retried", w.retry(w.workspace.ID, try.d), try.want)
	}
	dead.State, dead.Attempts, dead.NextAt, dead.SettledAt = provisioning.DeliveryWaiting, 0, at(80), time.Time{}
	w.wantDeliveries(expired, sent, waiting, dead)
}

func deliveryRetryOfAccounts(w *world) {
	dead := settled(provisioning.DeliveryDead, 61)
	here, nowhere := w.delivery(dead), w.delivery(dead, ofAccount)
	equal(w.t, "of a workspace, as one of an account", w.retry("", here), false)
	equal(w.t, "of an account, as one of a workspace", w.retry(w.workspace.ID, nowhere), false)
	equal(w.t, "of an account", w.retry("", nowhere), true)
}

// outboxSentences speak of all deliveries, whatever their workspace.
var outboxSentences = []sentence{
	{"Claim leases waiting deliveries whose time has come and that nobody has, the longest due first, and counts an attempt", outboxClaim},
	{"Settle replaces State, Error, NextAt, SettledAt and Sealed and ends the lease, if it is the one that d has", outboxSettle},
	{"claims at once get each delivery once", outboxParallel},
	{"Expire settles what has expired, erases it, deletes what was settled before, and leaves what is leased", outboxExpire},
}

func (w *world) claimDeliveries(now, until time.Time, limit int) []provisioning.Delivery {
	w.t.Helper()
	return write(w, func(ctx context.Context, tx *provisioning.Tx) ([]provisioning.Delivery, error) {
		return tx.Deliveries.Claim(ctx, now, until, limit)
	})
}

func outboxClaim(w *world) {
	due := func(n int) func(*provisioning.Delivery) {
		return func(d *provisioning.Delivery) { d.NextAt = at(n) }
	}
	second := w.another().delivery(due(62))
	third := w.delivery(due(63), func(d *provisioning.Delivery) { d.Leased, d.Attempts = at(70), 4 })
	first := w.delivery(due(61), ofAccount)
	w.delivery(due(71))
	w.delivery(settled(provisioning.DeliveryDead, 61))
	w.delivery(settled(provisioning.DeliverySent, 61))
	leased := func(d provisioning.Delivery, until int) provisioning.Delivery {
		d.Leased = at(until)
		d.Attempts++
		return d
	}
	equal(w.t, "two", w.claimDeliveries(at(69), at(100), 2), []provisioning.Delivery{leased(first, 100), leased(second, 100)})
	equal(w.t, "while all are leased", w.claimDeliveries(at(69), at(101), 9), nil)
	equal(w.t, "when a lease has run out", w.claimDeliveries(at(70), at(102), 9), []provisioning.Delivery{leased(third, 102)})
	again := w.claimDeliveries(at(110), at(200), 9)
	equal(w.t, "attempts", pluck(again, func(d provisioning.Delivery) int { return d.Attempts }), []int{2, 2, 6, 1})
}

func outboxSettle(w *world) {
	w.addDeliveries(w.draftDelivery(), w.draftDelivery())
	claimed := w.claimDeliveries(at(60), at(70), 9)
	again := claimed[0]
	again.State, again.Error, again.NextAt = provisioning.DeliveryWaiting, "451 later", at(90)
	changed := again
	changed.To, changed.Kind, changed.Attempts, changed.ExpiresAt = "changed", provisioning.MailTest, 77, at(77)
	equal(w.t, "settled", []bool{w.settle(changed), w.settle(changed)}, []bool{true, false})
	again.Leased = time.Time{}
	sent := apply(claimed[1], []func(*provisioning.Delivery){settled(provisioning.DeliverySent, 65)})
	equal(w.t, "claimed by another", deliveryIDs(w.claimDeliveries(at(70), at(80), 9)), []provisioning.DeliveryID{sent.ID})
	equal(w.t, "settled by the first", w.settle(sent), false)
	sent.Leased, sent.Attempts = at(80), 2
	equal(w.t, "settled by the second", w.settle(sent), true)
	sent.Leased = time.Time{}
	w.wantDeliveries(sent, again)
	equal(w.t, "due again", deliveryIDs(w.claimDeliveries(at(90), at(99), 9)), []provisioning.DeliveryID{again.ID})
}

// outboxParallel has eight workers take what is there, three at a time, until
// nothing is left.
func outboxParallel(w *world) {
	drafts := make([]provisioning.Delivery, 100)
	for i := range drafts {
		drafts[i] = w.draftDelivery()
	}
	w.addDeliveries(drafts...)
	var mu sync.Mutex
	var all []provisioning.DeliveryID
	errs := parallel(8, func(int) error {
		for {
			var got []provisioning.Delivery
			err := w.try(func(ctx context.Context, tx *provisioning.Tx) (err error) {
				got, err = tx.Deliveries.Claim(ctx, at(60), at(99), 3)
				return err
			})
			if err != nil || len(got) == 0 {
				return err
			}
			mu.Lock()
			all = append(all, deliveryIDs(got)...)
			mu.Unlock()
		}
	})
	wantOK(w.t, errors.Join(errs...))
	sameSet(w.t, "claimed", all, deliveryIDs(drafts))
}

func outboxExpire(w *world) {
	expiring := func(d *provisioning.Delivery) { d.ExpiresAt = at(80) }
	waiting, dead := w.delivery(expiring), w.delivery(expiring, settled(provisioning.DeliveryDead, 61))
	leased := w.delivery(expiring, func(d *provisioning.Delivery) { d.Leased = at(81) })
	ranOut := w.delivery(expiring, func(d *provisioning.Delivery) { d.Leased = at(80) })
	sent := w.delivery(expiring, settled(provisioning.DeliverySent, 61))
	live := w.delivery(func(d *provisioning.Delivery) { d.ExpiresAt = at(81) })
	w.delivery(settled(provisioning.DeliverySent, 59))
	w.delivery(settled(provisioning.DeliveryDead, 59))
	w.do(func(ctx context.Context, tx *provisioning.Tx) error { return tx.Deliveries.Expire(ctx, at(80), at(60)) })
	for _, d := range []*provisioning.Delivery{&waiting, &dead, &ranOut} {
		settled(provisioning.DeliveryExpired, 80)(d)
		d.Leased = time.Time{}
	}
	w.wantDeliveries(live, sent, ranOut, leased, dead, waiting)
}
