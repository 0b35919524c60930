package provisioning_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"drawbridge/provisioning"
)

// browser is what one person's browser keeps, and does with the bridge.
type browser struct {
	*world
	provisioning.Browser
	session string // cookie of the session
}

// browser is one with no cookies yet, somewhere on the network.
func (w *world) browser(address string) *browser {
	return &browser{world: w, Browser: provisioning.Browser{Address: address, UserAgent: "test browser"}}
}

// keep takes the cookies that come with an answer.
func (b *browser) keep(p provisioning.Parent, err error) error {
	if err != nil {
		return err
	}
	if p.Secret != "" {
		b.Parent = p.Secret
	}
	if p.Known != "" {
		b.Known = p.Known
	}
	return nil
}

func (b *browser) password(email, password string) error {
	return b.keep(b.SignInWithPassword(b.t.Context(), email, password, b.Browser))
}

func (b *browser) code(code string) error {
	return b.keep(b.ProveCode(b.t.Context(), code, b.Browser))
}

// touch lets a passkey answer a ceremony that the browser began.
func (b *browser) touch(k *fakeKey) (provisioning.ChallengeID, []byte, error) {
	challenge, options, err := b.BeginPasskey(b.t.Context(), b.Browser)
	return challenge, k.assert(options), err
}

func (b *browser) passkey(k *fakeKey) error {
	challenge, response, err := b.touch(k)
	if err != nil {
		return err
	}
	return b.keep(b.SignInWithPasskey(b.t.Context(), challenge, response, b.Browser))
}

func (b *browser) provePasskey(k *fakeKey) error {
	challenge, response, err := b.touch(k)
	if err != nil {
		return err
	}
	return b.keep(b.ProvePasskey(b.t.Context(), challenge, response, b.Browser))
}

func (b *browser) enter(ws provisioning.WorkspaceID) (provisioning.SignedIn, error) {
	in, err := b.Enter(b.t.Context(), ws, b.Browser)
	if err == nil {
		b.session = in.Secret
	}
	return in, err
}

func (b *browser) viewer() provisioning.Viewer {
	b.t.Helper()
	v := must(b.Authenticate(b.t.Context(), b.session))(b.t)
	v.Browser = b.Browser
	return v
}

// later is the same browser after a while.
func (b *browser) later(by time.Duration) *browser {
	next := *b
	next.world = b.world.later(by)
	return &next
}

// owner is somebody with an account that leads to the workspace.
type owner struct {
	provisioning.Account
	user     provisioning.UserID
	password string
}

const aPassword = "correct horse battery staple"

// owner makes a user with an account of an address that no other test has.
func (w *world) owner(name string, shape ...func(*provisioning.Account)) owner {
	w.t.Helper()
	email := name + "." + string(w.ws) + "@acme.example"
	u := provisioning.User{
		Workspace: w.ws, ID: newID[provisioning.UserID](), UserName: email, Email: email, DisplayName: name,
		Origin: provisioning.OriginInvitation, Version: 1,
	}
	w.update(func(ctx context.Context, tx *provisioning.Tx) error {
		u.CreatedAt, u.UpdatedAt = tx.Now(), tx.Now()
		return tx.Users.Create(ctx, u)
	})
	o := owner{w.account(email, shape...), u.ID, aPassword}
	w.point(u.ID, o.ID)
	return o
}

// account makes an account that nobody points to yet.
func (w *world) account(email string, shape ...func(*provisioning.Account)) provisioning.Account {
	w.t.Helper()
	var beside string
	w.update(func(ctx context.Context, tx *provisioning.Tx) error {
		known, err := tx.Accounts.ByEmail(ctx, email)
		if len(known) > 0 {
			beside = known[0].PasswordHash
		}
		return err
	})
	a := provisioning.Account{ID: newID[provisioning.AccountID](), Email: email, EmailProved: true, PasswordHash: w.hash(aPassword, beside)}
	for _, s := range shape {
		s(&a)
	}
	w.update(func(ctx context.Context, tx *provisioning.Tx) error {
		a.CreatedAt, a.PasswordSetAt = tx.Now(), tx.Now()
		return tx.Accounts.Create(ctx, a)
	})
	return a
}

// hash is a password's, not counted as work.
func (w *world) hash(password, beside string) string {
	w.t.Helper()
	return must(new(fakePasswords).Hash(w.t.Context(), password, beside))(w.t)
}

// point makes the account a user's.
func (w *world) point(u provisioning.UserID, a provisioning.AccountID) {
	w.t.Helper()
	w.update(func(ctx context.Context, tx *provisioning.Tx) error {
		user, err := tx.Users.Get(ctx, w.ws, u)
		if err != nil {
			return err
		}
		user.Account = a
		return tx.Users.Update(ctx, user)
	})
}

func (w *world) update(do func(context.Context, *provisioning.Tx) error) {
	w.t.Helper()
	works(w.t, w.store.Update(w.t.Context(), func(tx *provisioning.Tx) error { return do(w.t.Context(), tx) }))
}

func newID[T ~string]() T { return T(new(provisioning.RandomIDs).New()) }

// browserOf is a browser in which the owner has given the password.
func (w *world) browserOf(o owner) *browser {
	w.t.Helper()
	b := w.browser("192.0.2.1")
	works(w.t, b.password(o.Email, o.password))
	return b
}

// inside is a browser in which the owner is in the workspace.
func (w *world) inside(o owner) *browser {
	w.t.Helper()
	b := w.browserOf(o)
	must(b.enter(w.ws))(w.t)
	return b
}

// authenticator sets one up for whoever is at the browser, and returns its
// secret and the recovery codes. Its code of now is used.
func (b *browser) authenticator() (totp string, recovery []string) {
	b.t.Helper()
	setup := must(b.BeginTOTP(b.t.Context(), b.Browser))(b.t)
	p, recovery, err := b.ConfirmTOTP(b.t.Context(), setup.Ticket, fakeCodes{}.at(setup.Secret, b.now()), b.Browser)
	works(b.t, b.keep(p, err))
	return setup.Secret, recovery
}

// newPasskey sets one up for whoever is at the browser.
func (b *browser) newPasskey() *fakeKey {
	b.t.Helper()
	challenge, options, err := b.BeginPasskeyRegistration(b.t.Context(), b.Browser)
	works(b.t, err)
	k := &fakeKey{}
	p, _, err := b.AddPasskey(b.t.Context(), challenge, k.register(options), "a key", b.Browser)
	works(b.t, b.keep(p, err))
	return k
}

// now is the time of the store's clock.
func (w *world) now() (at time.Time) {
	w.t.Helper()
	works(w.t, w.ports.Store.View(w.t.Context(), func(tx *provisioning.Tx) error { at = tx.Now(); return nil }))
	return at
}

// tenant is another workspace beside this one.
func (w *world) tenant(name string) *world {
	w.t.Helper()
	other := *w
	other.fill(name, strings.ToLower(name)+".example")
	return &other
}

// guest makes the owner a user of another workspace too.
func (w *world) guestOf(o owner) provisioning.UserID {
	w.t.Helper()
	u := provisioning.User{
		Workspace: w.ws, ID: newID[provisioning.UserID](), UserName: o.Email, Email: o.Email, Account: o.ID,
		Origin: provisioning.OriginInvitation, Version: 1,
	}
	w.update(func(ctx context.Context, tx *provisioning.Tx) error {
		u.CreatedAt, u.UpdatedAt = tx.Now(), tx.Now()
		return tx.Users.Create(ctx, u)
	})
	return u.ID
}

// entries are what the audit log says of an action.
func (w *world) entries(action string) (found []provisioning.AuditEntry) {
	w.t.Helper()
	works(w.t, w.store.View(w.t.Context(), func(tx *provisioning.Tx) error {
		all, err := tx.Audit.Unsealed(w.t.Context(), w.ws, 10_000)
		for _, e := range all {
			if e.Action == action {
				found = append(found, e)
			}
		}
		return err
	}))
	return found
}

// sameError asserts that two errors cannot be told apart by their reader.
func sameError(t testing.TB, got, want error) {
	t.Helper()
	if provisioning.Code(got) != provisioning.Code(want) || provisioning.Detail(got) != provisioning.Detail(want) {
		t.Errorf("%v, where the other is answered %v", got, want)
	}
}
