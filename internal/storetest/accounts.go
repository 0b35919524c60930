package storetest

import (
	"context"
	"time"

	"drawbridge/provisioning"
)

// account stores an account with a proved address of its own and a password.
func (w *world) account(changes ...func(*provisioning.Account)) provisioning.Account {
	w.t.Helper()
	a := apply(draftAccount(ids.New()+"@acme.example"), changes)
	wantOK(w.t, w.createAccount(a))
	return a
}

func draftAccount(email string) provisioning.Account {
	return provisioning.Account{
		ID: newID[provisioning.AccountID](), Email: email, EmailProved: true, PasswordHash: "hash",
		CreatedAt: at(40), PasswordSetAt: at(41),
	}
}

// unproved makes the account one that exists for the workspace of w alone.
func (w *world) unproved(a *provisioning.Account) {
	a.EmailProved, a.Home = false, w.workspace.ID
}

// ownerOf lets a user point to the account.
func (w *world) ownerOf(a provisioning.Account) func(*provisioning.User) {
	return func(u *provisioning.User) { u.Account = a.ID }
}

func (w *world) createAccount(a provisioning.Account) error {
	return w.try(func(ctx context.Context, tx *provisioning.Tx) error { return tx.Accounts.Create(ctx, a) })
}

func (w *world) updateAccount(a provisioning.Account) error {
	return w.try(func(ctx context.Context, tx *provisioning.Tx) error { return tx.Accounts.Update(ctx, a) })
}

func (w *world) getAccount(id provisioning.AccountID) (got provisioning.Account, err error) {
	err = w.look(func(ctx context.Context, tx *provisioning.Tx) (err error) {
		got, err = tx.Accounts.Get(ctx, id)
		return err
	})
	return got, err
}

func (w *world) lockAccount(id provisioning.AccountID) (got provisioning.Account, err error) {
	err = w.try(func(ctx context.Context, tx *provisioning.Tx) (err error) {
		got, err = tx.Accounts.Lock(ctx, id)
		return err
	})
	return got, err
}

// wantAccount fails unless the account stands as it is given.
func (w *world) wantAccount(want provisioning.Account) {
	w.t.Helper()
	got, err := w.getAccount(want.ID)
	wantOK(w.t, err)
	equal(w.t, "account", got, want)
}

var accountSentences = []sentence{
	{"Create adds the account; Get and Lock return it", accountGet},
	{"Get and Lock return ErrNotFound", accountNotFound},
	{"Create: KeyAccount is taken if it is proved and a proved account has the address", accountProvedTaken},
	{"Create: KeyAccount is taken if it is unproved and another of its home has the address", accountUnprovedTaken},
	{"ByEmail returns the accounts of the folded address, the proved one first, then by id", accountByEmail},
	{"Update replaces everything but id, TOTPStep and creation", accountUpdate},
	{"Update: ErrNotFound; KeyAccount", accountUpdateErrors},
	{"Users returns the users, not removed, of every workspace that point to the account, with their blocks, by workspace", accountUsers},
	{"Absorb makes the users and parent sign-ins of the others the account's", accountAbsorb},
	{"Absorb deletes the others with their passkeys, recovery codes, links and challenges", accountAbsorbDeletes},
}

func accountGet(w *world) {
	full := w.account(func(a *provisioning.Account) { a.TOTPSecret, a.TOTPStep = []byte("sealed"), 7 })
	bare := w.account(w.unproved, func(a *provisioning.Account) { a.PasswordHash, a.PasswordSetAt = "", time.Time{} })
	for _, want := range []provisioning.Account{full, bare} {
		w.wantAccount(want)
		got, err := w.lockAccount(want.ID)
		wantOK(w.t, err)
		equal(w.t, "locked", got, want)
	}
}

func accountNotFound(w *world) {
	_, err := w.getAccount(newID[provisioning.AccountID]())
	wantKind(w.t, err, provisioning.ErrNotFound)
	_, err = w.lockAccount(newID[provisioning.AccountID]())
	wantKind(w.t, err, provisioning.ErrNotFound)
}

func accountProvedTaken(w *world) {
	name := ids.New()
	email := func(a *provisioning.Account) { a.Email = "Élodie." + name + "@acme.example" }
	w.account(email)
	wantTaken(w.t, w.createAccount(draftAccount("éLODIE."+name+"@ACME.example")), provisioning.KeyAccount)
	w.account(email, w.unproved)
}

func accountUnprovedTaken(w *world) {
	email := ids.New() + "@acme.example"
	named := func(a *provisioning.Account) { a.Email = email }
	w.account(named, w.unproved)
	twin := apply(draftAccount(email), []func(*provisioning.Account){w.unproved})
	wantTaken(w.t, w.createAccount(twin), provisioning.KeyAccount)
	other := w.another()
	other.account(named, other.unproved)
	w.account(named)
}

func accountByEmail(w *world) {
	email := ids.New() + "@acme.example"
	other := w.another()
	named := func(a *provisioning.Account) { a.Email = email }
	here, there := w.account(named, w.unproved), other.account(named, other.unproved)
	proved := w.account(named)
	w.account()
	got := read(w, func(ctx context.Context, tx *provisioning.Tx) ([]provisioning.Account, error) {
		return tx.Accounts.ByEmail(ctx, provisioning.Fold(email))
	})
	equal(w.t, "accounts", got, []provisioning.Account{proved, here, there})
}

func accountUpdate(w *world) {
	a := w.account(w.unproved, func(a *provisioning.Account) { a.TOTPStep = 7 })
	want := provisioning.Account{
		ID: a.ID, Email: "New." + a.Email, EmailProved: true, PasswordHash: "other", TOTPSecret: []byte("sealed"),
		TOTPStep: 7, CreatedAt: a.CreatedAt, PasswordSetAt: at(50),
	}
	changed := want
	changed.TOTPStep, changed.CreatedAt = 9, at(51)
	wantOK(w.t, w.updateAccount(changed))
	w.wantAccount(want)
	want.PasswordHash, want.TOTPSecret, want.EmailProved, want.Home = "", nil, false, w.workspace.ID
	wantOK(w.t, w.updateAccount(want))
	w.wantAccount(want)
}

func accountUpdateErrors(w *world) {
	wantKind(w.t, w.updateAccount(draftAccount(ids.New())), provisioning.ErrNotFound)
	first, second := w.account(), w.account()
	second.Email = first.Email
	wantTaken(w.t, w.updateAccount(second), provisioning.KeyAccount)
	w.unproved(&second)
	wantOK(w.t, w.updateAccount(second))
}

func (w *world) usersOfAccount(a provisioning.Account) []provisioning.User {
	w.t.Helper()
	return read(w, func(ctx context.Context, tx *provisioning.Tx) ([]provisioning.User, error) {
		return tx.Accounts.Users(ctx, a.ID)
	})
}

func accountUsers(w *world) {
	a, other := w.account(), w.another()
	w.user("bob", w.ownerOf(w.account()))
	w.removeUser(w.user("gone", w.ownerOf(a)))
	there := other.user("ana", other.ownerOf(a))
	here := w.user("ana", w.ownerOf(a))
	here.Blocks = []provisioning.Block{w.block(here, provisioning.BlockSignal)}
	equal(w.t, "users", w.usersOfAccount(a), []provisioning.User{here, there})
}

func (w *world) absorb(a provisioning.Account, others ...provisioning.AccountID) {
	w.t.Helper()
	w.do(func(ctx context.Context, tx *provisioning.Tx) error { return tx.Accounts.Absorb(ctx, a.ID, others) })
}

func accountAbsorb(w *world) {
	other := w.another()
	a, one, two := w.account(), w.account(w.unproved), other.account(other.unproved)
	bystander := w.account()
	users := []provisioning.User{w.user("ana", w.ownerOf(one)), other.user("ana", other.ownerOf(two))}
	bob := w.user("bob", w.ownerOf(bystander))
	p := w.parent(one, ended)
	session := w.session(users[0], from(p), func(s *provisioning.Session) { s.EndedAt = at(60) })
	w.absorb(a, one.ID, two.ID)
	for i := range users {
		users[i].Account = a.ID
	}
	equal(w.t, "users", w.usersOfAccount(a), users)
	equal(w.t, "users of a bystander", w.usersOfAccount(bystander), []provisioning.User{bob})
	p.Account = a.ID
	got, owner, err := w.findParent(p.ID)
	wantOK(w.t, err)
	equal(w.t, "parent", got, p)
	equal(w.t, "account", owner, a)
	_, err = w.findSession(session.ID)
	wantOK(w.t, err)
}

func accountAbsorbDeletes(w *world) {
	a, one, bystander := w.account(), w.account(w.unproved), w.account()
	mine, theirs, foreign := w.passkey(a.ID), w.passkey(one.ID), w.passkey(bystander.ID)
	link, challenge := w.link(one.ID), w.challenge(one.ID)
	for _, owner := range []provisioning.Account{a, one, bystander} {
		w.setRecoveryCodes(owner, "code")
	}
	w.absorb(a, one.ID, a.ID)
	_, err := w.getAccount(one.ID)
	wantKind(w.t, err, provisioning.ErrNotFound)
	_, err = w.findPasskey(theirs.ID)
	wantKind(w.t, err, provisioning.ErrNotFound)
	_, err = w.findLink(link.ID)
	wantKind(w.t, err, provisioning.ErrNotFound)
	_, err = w.takeChallenge(challenge.ID)
	wantKind(w.t, err, provisioning.ErrNotFound)
	equal(w.t, "codes", []int{w.recoveryCodes(a), w.recoveryCodes(one), w.recoveryCodes(bystander)}, []int{1, 0, 1})
	for _, want := range []provisioning.Passkey{mine, foreign} {
		_, err := w.findPasskey(want.ID)
		wantOK(w.t, err)
	}
	w.wantAccount(a)
}
