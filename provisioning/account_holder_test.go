package provisioning_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"drawbridge/provisioning"
)

// holder is a person with an account, in one browser.
type holder struct {
	*world
	id       provisioning.AccountID
	user     provisioning.UserID // in the world's workspace
	email    string
	password string
	browser  provisioning.Browser
	secret   string // of the authenticator
}

// mailbox is an address that no other test has: accounts are the installation's.
func (w *world) mailbox(name string) string { return name + "@" + string(w.ws) + ".example" }

// storeAccount makes an account with the password as its owner would have.
func (w *world) storeAccount(email string, home provisioning.WorkspaceID) *holder {
	w.t.Helper()
	o := &holder{
		world: w, id: newID[provisioning.AccountID](), email: email, password: aPassword,
		browser: provisioning.Browser{Address: "192.0.2.7", UserAgent: "test browser"},
	}
	w.update(func(ctx context.Context, tx *provisioning.Tx) error {
		known, err := tx.Accounts.ByEmail(ctx, provisioning.Fold(email))
		beside := ""
		if len(known) > 0 {
			beside = known[0].PasswordHash
		}
		return errors.Join(err, tx.Accounts.Create(ctx, provisioning.Account{
			ID: o.id, Email: email, EmailProved: home == "", Home: home, PasswordHash: w.hash(aPassword, beside),
			CreatedAt: tx.Now(), PasswordSetAt: tx.Now(),
		}))
	})
	return o
}

// proved is the holder of a proved account with a user in the workspace.
func (w *world) proved(name string) *holder {
	w.t.Helper()
	o := w.storeAccount(w.mailbox(name), "")
	o.user = o.joins(w)
	return o
}

// unproved is the holder of an account of the workspace that a shown link made.
func (w *world) unproved(email string) *holder {
	w.t.Helper()
	o := w.storeAccount(email, w.ws)
	o.user = o.joins(w)
	return o
}

// joins makes a user of the account in the world's workspace.
func (o *holder) joins(w *world) provisioning.UserID {
	w.t.Helper()
	u := provisioning.User{
		Workspace: w.ws, ID: newID[provisioning.UserID](), UserName: o.email, Email: o.email,
		DisplayName: "Somebody", Origin: provisioning.OriginInvitation, Account: o.id, Version: 1,
		CreatedAt: time.Now(), UpdatedAt: time.Now(),
	}
	w.update(func(ctx context.Context, tx *provisioning.Tx) error { return tx.Users.Create(ctx, u) })
	w.grant(u.ID, w.paris, w.guest)
	return u.ID
}

// at is the holder as another world, such as a later one, serves them.
func (o *holder) at(w *world) *holder {
	next := *o
	next.world = w
	return &next
}

// elsewhere is the holder in a browser that is not signed in.
func (o *holder) elsewhere() *holder {
	next := *o
	next.browser.Parent, next.browser.Known = "", ""
	return &next
}

// in signs the holder in with the password, and with the authenticator if there
// is one.
func (o *holder) in() *holder {
	o.t.Helper()
	o.keep(must(o.SignInWithPassword(o.t.Context(), o.email, o.password, o.browser))(o.t))
	if o.secret != "" {
		o.keep(must(o.ProveCode(o.t.Context(), o.code(), o.browser))(o.t))
	}
	return o
}

// keep stores the cookies that came with an answer.
func (o *holder) keep(p provisioning.Parent) {
	if p.Secret != "" {
		o.browser.Parent = p.Secret
	}
	if p.Known != "" {
		o.browser.Known = p.Known
	}
}

// code is one of the authenticator that was not used before.
func (o *holder) code() string {
	last := o.account().TOTPStep
	now := o.now()
	step := max(last+1, now.Unix()/30-1)
	return o.fakes.codes.of(o.secret, step)
}

func (o *holder) account() (a provisioning.Account) {
	o.t.Helper()
	works(o.t, o.store.View(o.t.Context(), func(tx *provisioning.Tx) (err error) {
		a, err = tx.Accounts.Get(o.t.Context(), o.id)
		return err
	}))
	return a
}

// signedIn reports whether the browser's parent sign-in is good.
func (o *holder) signedIn() bool {
	o.t.Helper()
	_, err := o.ParentOf(o.t.Context(), o.browser.Parent)
	if err != nil && !errors.Is(err, provisioning.ErrUnauthenticated) {
		o.t.Fatal(err)
	}
	return err == nil
}

// enters makes a session of the world's workspace.
func (o *holder) enters(w *world) string {
	o.t.Helper()
	return must(o.Enter(o.t.Context(), w.ws, o.browser))(o.t).Secret
}

// withTOTP sets an authenticator up and returns the recovery codes.
func (o *holder) withTOTP() []string {
	o.t.Helper()
	setup := must(o.BeginTOTP(o.t.Context(), o.browser))(o.t)
	p, codes, err := o.ConfirmTOTP(o.t.Context(), setup.Ticket, o.fakes.codes.at(setup.Secret, o.now()), o.browser)
	if err != nil {
		o.t.Fatal(err)
	}
	o.keep(p)
	o.secret = setup.Secret
	return codes
}

// withPasskey adds a passkey and returns it with the recovery codes.
func (o *holder) withPasskey(name string) (*fakeKey, []string) {
	o.t.Helper()
	key := new(fakeKey)
	challenge, options, err := o.BeginPasskeyRegistration(o.t.Context(), o.browser)
	works(o.t, err)
	p, codes, err := o.AddPasskey(o.t.Context(), challenge, key.register(options), name, o.browser)
	works(o.t, err)
	o.keep(p)
	return key, codes
}

// actor is the holder as the administrator of the workspace, signed in a moment ago.
func (o *holder) actor() provisioning.Actor {
	return provisioning.Actor{Kind: provisioning.ActorUser, ID: string(o.user), Workspace: o.ws, ProvedAt: o.now()}
}

// postedMail is a mail in the outbox, opened.
type postedMail struct {
	provisioning.Delivery
	provisioning.Mail
}

// mailsTo are the mails about accounts that wait for the address, oldest first.
func (w *world) mailsTo(email string) (all []postedMail) {
	w.t.Helper()
	works(w.t, w.store.View(w.t.Context(), func(tx *provisioning.Tx) error {
		found, err := tx.Deliveries.List(w.t.Context(), "", provisioning.DeliveryQuery{State: provisioning.DeliveryWaiting, Limit: 10_000})
		for _, d := range slices.Backward(found) {
			if d.To == email {
				all = append(all, w.openMail(d))
			}
		}
		return err
	}))
	return all
}

func (w *world) openMail(d provisioning.Delivery) postedMail {
	w.t.Helper()
	plain := must(w.ports.Sealer.Open(string(d.Workspace), "delivery/"+string(d.ID), d.Sealed))(w.t)
	m := postedMail{Delivery: d}
	works(w.t, json.Unmarshal(plain, &m.Mail))
	return m
}

// mailed returns the last mail of a kind to the address.
func (w *world) mailed(email string, kind provisioning.MailKind) postedMail {
	w.t.Helper()
	for _, m := range slices.Backward(w.mailsTo(email)) {
		if m.Kind == kind {
			return m
		}
	}
	w.t.Fatalf("no mail %s to %s", kind, email)
	return postedMail{}
}

// kinds are the kinds of the mails that wait for the address, oldest first.
func (w *world) kinds(email string) string {
	w.t.Helper()
	var all []string
	for _, m := range w.mailsTo(email) {
		all = append(all, string(m.Kind))
	}
	return strings.Join(all, " ")
}

// ticket exchanges a link's text.
func (w *world) ticket(text string) string {
	w.t.Helper()
	return must(w.ExchangeLink(w.t.Context(), text))(w.t)
}

// recorded counts the audit entries of what was done in the workspace.
func (w *world) recorded(action string) (n int) {
	for _, e := range w.entries(action) {
		if e.Result == "done" {
			n++
		}
	}
	return n
}

// parentOf is the parent sign-in that the browser has.
func (o *holder) parent(t testing.TB) provisioning.Parent {
	t.Helper()
	return must(o.ParentOf(t.Context(), o.browser.Parent))(t)
}
