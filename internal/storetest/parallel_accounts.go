package storetest

import (
	"context"
	"errors"

	"drawbridge/provisioning"
)

var parallelAccountSentences = []sentence{
	{"Accounts.Create of one proved address at once: one wins", parallelProvedAccount},
	{"Accounts.Create of one address and home at once: one wins", parallelUnprovedAccount},
	{"Accounts.Create of an address that is about to be taken waits for the outcome", parallelAccountWaits},
	{"Factors.UseStep of one step at once: one does", parallelStep},
	{"Factors.UseRecoveryCode at once: one gets true", parallelRecoveryCode},
	{"Passkeys.Create of one id at once: one wins", parallelPasskey},
	{"Links.Use at once: one does", parallelLink},
	{"Challenges.Take at once: one gets it", parallelChallenge},
	{"Parents.End at once: one does", parallelParentEnd},
}

func parallelProvedAccount(w *world) {
	email := ids.New() + "@acme.example"
	oneWins(w, parallel(8, func(int) error { return w.createAccount(draftAccount(email)) }), provisioning.KeyAccount)
}

func parallelUnprovedAccount(w *world) {
	email := ids.New() + "@acme.example"
	oneWins(w, parallel(8, func(int) error {
		a := draftAccount(email)
		w.unproved(&a)
		return w.createAccount(a)
	}), provisioning.KeyAccount)
}

func parallelAccountWaits(w *world) {
	email := ids.New() + "@acme.example"
	create := func() step {
		a := draftAccount(email)
		return func(ctx context.Context, tx *provisioning.Tx) error { return tx.Accounts.Create(ctx, a) }
	}
	first, second := beside(w, create(), create(), errRollback)
	equal(w.t, "first", first, errRollback)
	wantOK(w.t, second)
	email = ids.New() + "@acme.example"
	first, second = beside(w, create(), create(), nil)
	wantOK(w.t, first)
	wantTaken(w.t, second, provisioning.KeyAccount)
}

func parallelStep(w *world) {
	a := w.account()
	for _, step := range []int64{7, 8} {
		oneTrue(w, func(_ int, ctx context.Context, tx *provisioning.Tx) (bool, error) {
			return tx.Factors.UseStep(ctx, a.ID, step)
		})
	}
}

func parallelRecoveryCode(w *world) {
	a := w.account()
	w.setRecoveryCodes(a, "one", "two")
	oneTrue(w, func(_ int, ctx context.Context, tx *provisioning.Tx) (bool, error) {
		return tx.Factors.UseRecoveryCode(ctx, a.ID, []byte("one"), at(1))
	})
}

func parallelPasskey(w *world) {
	p := provisioning.Passkey{ID: "key-" + ids.New(), Account: w.account().ID, Credential: []byte("x"), CreatedAt: at(1)}
	oneWins(w, parallel(6, func(int) error { return w.createPasskey(p) }), provisioning.KeyPasskey)
}

func parallelLink(w *world) {
	l := w.link(w.account().ID)
	oneTrue(w, func(_ int, ctx context.Context, tx *provisioning.Tx) (bool, error) {
		return tx.Links.Use(ctx, l.ID, at(1))
	})
}

func parallelChallenge(w *world) {
	c := w.challenge("")
	oneTrue(w, func(_ int, ctx context.Context, tx *provisioning.Tx) (bool, error) {
		_, err := tx.Challenges.Take(ctx, c.ID)
		if errors.Is(err, provisioning.ErrNotFound) {
			return false, nil
		}
		return err == nil, err
	})
}

func parallelParentEnd(w *world) {
	p := w.parent(w.account())
	oneTrue(w, func(_ int, ctx context.Context, tx *provisioning.Tx) (bool, error) {
		return tx.Parents.End(ctx, p.ID, at(1))
	})
}
