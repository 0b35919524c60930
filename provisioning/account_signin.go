package provisioning

import (
	"context"
	"errors"
	"strings"
	"time"
)

// Lock-outs. Failures are counted for (address, source), for the address, and
// for the source's network, whether an account of the address exists or not. A
// browser in which that person signed in before is counted for itself (its
// cookie says so), so that nobody can be locked out by others for long.

// maxCandidates bounds how many accounts of one address are asked for their
// password: unproved ones, one a workspace, may stand beside the proved one.
const maxCandidates = 8

// knownLifetime is how long a browser is known after a sign-in.
const knownLifetime = 90 * day

const (
	codeWrongPassword = "wrong_password"
	codeBusy          = "busy"
)

// SignInWithPassword checks a password and makes a parent sign-in. A wrong
// address and a wrong password are one error, ErrUnauthenticated with code
// wrong_password, after the same work. ErrTooMany with code locked says after
// how long to come again, with code busy that too many hash at once. A parent
// sign-in that the browser had before ends.
func (s *Service) SignInWithPassword(ctx context.Context, email, password string, b Browser) (Parent, error) {
	key := addressKey(email)
	gate := s.passwordGate(key, b)
	if err := gate.admit(ctx); err != nil {
		return Parent{}, err
	}
	candidates, err := s.candidates(ctx, key)
	if err != nil {
		return Parent{}, err
	}
	a, err := s.match(ctx, password, candidates)
	var p Parent
	if err == nil {
		p, err = s.signInByPassword(ctx, a, b)
	}
	gate.settle(ctx, err)
	if Code(err) == codeWrongPassword && gate.locked(ctx) {
		s.noteLocked(ctx, candidates, "password", b)
	}
	return p, err
}

// addressKey is the form under which accounts of an address are found.
func addressKey(email string) string { return Fold(strings.TrimSpace(email)) }

// candidates returns the accounts of an address that have a password, the proved
// one first.
func (s *Service) candidates(ctx context.Context, key string) (all []Account, err error) {
	if checkEmail(key) != nil { // nobody's, for as much work
		return nil, nil
	}
	err = s.store.View(ctx, func(tx *Tx) error {
		all = nil
		known, err := tx.Accounts.ByEmail(ctx, key)
		for _, a := range known {
			if a.HasPassword() && len(all) < maxCandidates {
				all = append(all, a)
			}
		}
		return err
	})
	return all, err
}

// match returns the first of the accounts that the password fits. It hashes as
// much for none as for any. It takes long: never call it inside a transaction.
func (s *Service) match(ctx context.Context, password string, accounts []Account) (Account, error) {
	if len(password) > maxPasswordBytes { // nobody's, for as much work
		password, accounts = "", nil
	}
	hashes := make([]string, len(accounts))
	for i, a := range accounts {
		hashes[i] = a.PasswordHash
	}
	i, err := s.passwords.Match(ctx, password, hashes)
	switch {
	case errors.Is(err, ErrTooMany):
		return Account{}, errBusy(err)
	case err != nil:
		return Account{}, err
	case i < 0:
		return Account{}, errWrongPassword()
	}
	return accounts[i], nil
}

func errWrongPassword() error {
	return fail(ErrUnauthenticated, codeWrongPassword, "This address and this password do not go together.")
}

// errBusy is what comes of a queue that is full.
func errBusy(cause error) error {
	e := fail(ErrTooMany, codeBusy, "Too many people are signing in at this moment. Try again in a few seconds.")
	e.RetryAfter = 3 * time.Second
	var told *Error
	if errors.As(cause, &told) && told.RetryAfter > 0 {
		e.RetryAfter = told.RetryAfter
	}
	return e
}

// signInByPassword makes the parent sign-in of an account whose password fitted
// a moment ago.
func (s *Service) signInByPassword(ctx context.Context, a Account, b Browser) (p Parent, err error) {
	err = s.changeAccount(ctx, a.ID, b, func(ctx context.Context, w *accountWork) error {
		if w.account.PasswordHash != a.PasswordHash {
			return errWrongPassword()
		}
		p, err = w.begin(ctx, MethodPassword, false)
		return err
	})
	if errors.Is(err, ErrNotFound) { // absorbed meanwhile
		err = errWrongPassword()
	}
	return p, err
}

// begin makes a parent sign-in of the account. The one that the browser had
// before ends: its cookies are overwritten, and nobody else should have them.
func (w *accountWork) begin(ctx context.Context, m SignInMethod, both bool) (Parent, error) {
	before, err := w.s.parentIn(ctx, w.Tx, w.browser.Parent)
	switch {
	case err == nil:
		if err := w.endParent(ctx, before.Account.ID, before.SignIn.ID, actionSignOut); err != nil {
			return Parent{}, err
		}
	case !errors.Is(err, ErrUnauthenticated):
		return Parent{}, err
	}
	return w.s.startParent(ctx, w.Tx, w.account, m, both, w.browser)
}

// ProvePassword makes b.Parent fresh by the account's password.
func (s *Service) ProvePassword(ctx context.Context, password string, b Browser) (Parent, error) {
	p, err := s.ParentOf(ctx, b.Parent)
	if err != nil {
		return Parent{}, err
	}
	gate := s.parentGate(p)
	if err := gate.admit(ctx); err != nil {
		return Parent{}, err
	}
	p, err = s.provePassword(ctx, p, password, b)
	gate.settle(ctx, err)
	return p, err
}

// parentGate is the gate for who is signed in already: nobody else's failures
// stand in their way.
func (s *Service) parentGate(p Parent) passwordGate {
	id := string(p.SignIn.ID)
	return passwordGate{
		guess: s.counter(limitOfSource, "parent", id),
		wide:  []counter{s.counter(limitOfBrowser, "parent", id, "hour")},
	}
}

func (s *Service) provePassword(ctx context.Context, p Parent, password string, b Browser) (Parent, error) {
	var candidates []Account
	if p.Account.HasPassword() {
		candidates = []Account{p.Account}
	}
	a, err := s.match(ctx, password, candidates)
	if err != nil {
		return Parent{}, err
	}
	return s.prove(ctx, p, b, func(_ context.Context, w *accountWork, _ *Parent) (factor bool, err error) {
		if w.account.PasswordHash != a.PasswordHash {
			return false, errWrongPassword()
		}
		return false, nil
	})
}

// prove runs a proof of the parent's account, with the account locked, and gives
// the parent its new secret. check says whether it was the second factor.
func (s *Service) prove(ctx context.Context, p Parent, b Browser, check func(context.Context, *accountWork, *Parent) (factor bool, err error)) (proved Parent, err error) {
	err = s.changeAccount(ctx, p.Account.ID, b, func(ctx context.Context, w *accountWork) error {
		if proved, err = s.parentIn(ctx, w.Tx, b.Parent); err != nil {
			return err
		}
		factor, err := check(ctx, w, &proved)
		if err != nil {
			return err
		}
		if err := w.believeAnew(ctx, proved.SignIn.ID); err != nil {
			return err
		}
		return s.proveParent(ctx, w.Tx, &proved, factor)
	})
	if errors.Is(err, ErrNotFound) { // the parent or its account ended meanwhile
		err = errNoParent()
	}
	if err != nil {
		return Parent{}, err
	}
	return proved, nil
}

// believeAnew makes what is remembered of sessions entered from the parent be
// asked again: it tells how fresh the sign-in is.
func (w *accountWork) believeAnew(ctx context.Context, p ParentID) error {
	entered, err := w.AccountSessions.OfAccount(ctx, w.account.ID)
	for _, s := range entered {
		if s.Parent == p {
			w.revoked = append(w.revoked, string(s.ID))
		}
	}
	return err
}

// ticketKnown is the purpose of the text by which a browser is known.
const ticketKnown = "known"

// knownText returns the text of the cookie by which a browser is known as one in
// which the account's owner signed in.
func (s *Service) knownText(a Account, now time.Time) (string, error) {
	return s.sealTicket(ticket{
		Purpose: ticketKnown, ID: string(a.ID), Print: s.hasher.Hash(addressKey(a.Email)), EndsAt: now.Add(knownLifetime),
	})
}

// knows tells browsers apart in which the owner of the address signed in; false
// for any other.
func (s *Service) knows(text, key string) (browser, owner string, ok bool) {
	t, ok := s.openTicket(text, ticketKnown, time.Now())
	if !ok || !s.hasher.Equal(t.Print, key) {
		return "", "", false
	}
	return t.ID + "/" + t.EndsAt.UTC().Format(time.RFC3339Nano), t.ID, true
}
