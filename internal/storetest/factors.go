package storetest

import (
	"context"

	"drawbridge/provisioning"
)

var factorSentences = []sentence{
	{"UseStep notes a step unless it or a later one was used before, and reports whether it did", factorStep},
	{"SetRecoveryCodes replaces the recovery codes; nil removes them", factorSetCodes},
	{"UseRecoveryCode uses the code up, and reports whether it was there, unused", factorUseCode},
	{"RecoveryCodes says how many are unused", factorCountCodes},
}

func (w *world) useStep(a provisioning.Account, step int64) bool {
	w.t.Helper()
	return write(w, func(ctx context.Context, tx *provisioning.Tx) (bool, error) {
		return tx.Factors.UseStep(ctx, a.ID, step)
	})
}

func (w *world) setRecoveryCodes(a provisioning.Account, codes ...string) {
	w.t.Helper()
	hashes := pluck(codes, func(c string) []byte { return []byte(c) })
	w.do(func(ctx context.Context, tx *provisioning.Tx) error {
		return tx.Factors.SetRecoveryCodes(ctx, a.ID, hashes)
	})
}

func (w *world) useCode(a provisioning.Account, code string) bool {
	w.t.Helper()
	return write(w, func(ctx context.Context, tx *provisioning.Tx) (bool, error) {
		return tx.Factors.UseRecoveryCode(ctx, a.ID, []byte(code), at(60))
	})
}

func (w *world) recoveryCodes(a provisioning.Account) int {
	w.t.Helper()
	return read(w, func(ctx context.Context, tx *provisioning.Tx) (int, error) {
		return tx.Factors.RecoveryCodes(ctx, a.ID)
	})
}

func factorStep(w *world) {
	a, other := w.account(), w.account()
	for _, try := range []struct {
		step int64
		want bool
	}{{100, true}, {100, false}, {99, false}, {101, true}, {1 << 40, true}} {
		equal(w.t, "used", w.useStep(a, try.step), try.want)
	}
	a.TOTPStep = 1 << 40
	w.wantAccount(a)
	w.wantAccount(other)
	equal(w.t, "of nobody", w.useStep(draftAccount("nobody"), 1), false)
}

func factorSetCodes(w *world) {
	a, other := w.account(), w.account()
	w.setRecoveryCodes(other, "one")
	w.setRecoveryCodes(a, "one", "two")
	equal(w.t, "first set", w.useCode(a, "one"), true)
	w.setRecoveryCodes(a, "one", "three", "four")
	equal(w.t, "codes", []bool{w.useCode(a, "two"), w.useCode(a, "one"), w.useCode(a, "three")}, []bool{false, true, true})
	w.do(func(ctx context.Context, tx *provisioning.Tx) error {
		return tx.Factors.SetRecoveryCodes(ctx, a.ID, nil)
	})
	equal(w.t, "removed", w.useCode(a, "four"), false)
	equal(w.t, "of another", w.useCode(other, "one"), true)
}

func factorUseCode(w *world) {
	a, other := w.account(), w.account()
	w.setRecoveryCodes(a, "one", "two")
	w.setRecoveryCodes(other, "theirs")
	equal(w.t, "used", []bool{w.useCode(a, "one"), w.useCode(a, "one"), w.useCode(a, "theirs"), w.useCode(a, "")},
		[]bool{true, false, false, false})
}

func factorCountCodes(w *world) {
	a := w.account()
	equal(w.t, "none", w.recoveryCodes(a), 0)
	w.setRecoveryCodes(a, "one", "two", "three")
	w.useCode(a, "two")
	equal(w.t, "unused", w.recoveryCodes(a), 2)
}

var passkeySentences = []sentence{
	{"Create adds the passkey; Find returns it by its id alone or ErrNotFound", passkeyFind},
	{"Create: KeyPasskey is taken if its id is somebody's", passkeyTaken},
	{"OfAccount returns those of the account by creation", passkeyOfAccount},
	{"Update replaces name, credential and last use, or returns ErrNotFound", passkeyUpdate},
	{"Delete removes the passkey of the account or returns ErrNotFound", passkeyDelete},
}

func (w *world) passkey(a provisioning.AccountID, changes ...func(*provisioning.Passkey)) provisioning.Passkey {
	w.t.Helper()
	p := apply(provisioning.Passkey{
		ID: "key-" + ids.New(), Account: a, Name: "Laptop", Credential: []byte("credential"), CreatedAt: at(42),
	}, changes)
	wantOK(w.t, w.createPasskey(p))
	return p
}

func (w *world) createPasskey(p provisioning.Passkey) error {
	return w.try(func(ctx context.Context, tx *provisioning.Tx) error { return tx.Passkeys.Create(ctx, p) })
}

func (w *world) updatePasskey(p provisioning.Passkey) error {
	return w.try(func(ctx context.Context, tx *provisioning.Tx) error { return tx.Passkeys.Update(ctx, p) })
}

func (w *world) findPasskey(id string) (got provisioning.Passkey, err error) {
	err = w.look(func(ctx context.Context, tx *provisioning.Tx) (err error) {
		got, err = tx.Passkeys.Find(ctx, id)
		return err
	})
	return got, err
}

func (w *world) passkeysOf(a provisioning.Account) []provisioning.Passkey {
	w.t.Helper()
	return read(w, func(ctx context.Context, tx *provisioning.Tx) ([]provisioning.Passkey, error) {
		return tx.Passkeys.OfAccount(ctx, a.ID)
	})
}

func passkeyFind(w *world) {
	a := w.account()
	w.passkey(a.ID)
	want := w.passkey(a.ID, func(p *provisioning.Passkey) { p.LastUsedAt = at(43) })
	got, err := w.findPasskey(want.ID)
	wantOK(w.t, err)
	equal(w.t, "passkey", got, want)
	_, err = w.findPasskey("key-of-nobody")
	wantKind(w.t, err, provisioning.ErrNotFound)
}

func passkeyTaken(w *world) {
	p := w.passkey(w.account().ID)
	p.Account = w.account().ID
	wantTaken(w.t, w.createPasskey(p), provisioning.KeyPasskey)
}

func passkeyOfAccount(w *world) {
	a := w.account()
	w.passkey(w.account().ID)
	late := w.passkey(a.ID, func(p *provisioning.Passkey) { p.CreatedAt = at(45) })
	first := w.passkey(a.ID)
	equal(w.t, "passkeys", w.passkeysOf(a), []provisioning.Passkey{first, late})
}

func passkeyUpdate(w *world) {
	a := w.account()
	want, other := w.passkey(a.ID), w.passkey(a.ID)
	want.Name, want.Credential, want.LastUsedAt = "Phone", []byte("counter 2"), at(46)
	changed := want
	changed.CreatedAt = at(47)
	wantOK(w.t, w.updatePasskey(changed))
	equal(w.t, "passkeys", w.passkeysOf(a), []provisioning.Passkey{want, other})
	changed.ID = "key-of-nobody"
	wantKind(w.t, w.updatePasskey(changed), provisioning.ErrNotFound)
	changed.ID, changed.Account = want.ID, w.account().ID
	wantKind(w.t, w.updatePasskey(changed), provisioning.ErrNotFound)
}

func passkeyDelete(w *world) {
	a, other := w.account(), w.account()
	one, two := w.passkey(a.ID), w.passkey(a.ID)
	remove := func(a provisioning.Account) error {
		return w.try(func(ctx context.Context, tx *provisioning.Tx) error { return tx.Passkeys.Delete(ctx, a.ID, one.ID) })
	}
	wantKind(w.t, remove(other), provisioning.ErrNotFound)
	wantOK(w.t, remove(a))
	wantKind(w.t, remove(a), provisioning.ErrNotFound)
	equal(w.t, "passkeys", w.passkeysOf(a), []provisioning.Passkey{two})
}
