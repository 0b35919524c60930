package provisioning

import (
	"context"
	"errors"
	"time"
)

// challengeLifetime is how long a ceremony may take.
const challengeLifetime = 5 * time.Minute

// maxCeremony bounds what a browser may answer in a ceremony, in bytes.
const maxCeremony = 64 << 10

const codeWrongPasskey = "wrong_passkey"

// BeginPasskey begins a ceremony: with b.Parent, of the passkeys of that account,
// as second factor or fresh proof (ErrConflict no_passkey if it has none);
// without a parent that is good, of any passkey, as a sign-in. options are JSON
// for navigator.credentials.get. ErrConflict no_passkeys where the public URL's
// host is a network address.
func (s *Service) BeginPasskey(ctx context.Context, b Browser) (challenge ChallengeID, options []byte, err error) {
	if err := s.takesPasskeys(); err != nil {
		return "", nil, err
	}
	account, known, err := s.passkeysFor(ctx, b)
	if err != nil {
		return "", nil, err
	}
	options, state, err := s.passkeys.BeginAssertion(known)
	if err != nil {
		return "", nil, err
	}
	challenge, err = s.beginCeremony(ctx, account, state)
	return challenge, options, err
}

// passkeysFor returns the account of the parent sign-in and its credentials;
// nothing where there is none.
func (s *Service) passkeysFor(ctx context.Context, b Browser) (AccountID, [][]byte, error) {
	p, err := s.ParentOf(ctx, b.Parent)
	switch {
	case errors.Is(err, ErrUnauthenticated):
		return "", nil, s.mayBeginNameless(ctx, b)
	case err != nil:
		return "", nil, err
	case len(p.Factors.Passkeys) == 0:
		return "", nil, conflict("no_passkey", "This account has no passkey. Prove that it is you in another way.")
	}
	known := make([][]byte, len(p.Factors.Passkeys))
	for i, k := range p.Factors.Passkeys {
		known[i] = k.Credential
	}
	return p.Account.ID, known, nil
}

// mayBeginNameless bounds what strangers make the database keep.
func (s *Service) mayBeginNameless(ctx context.Context, b Browser) error {
	if !s.counter(limitOfCeremonies, "ceremonies", networkOf(b.Address, 24, 48)).fail(ctx) {
		return errBusy(nil)
	}
	return nil
}

// beginCeremony stores a ceremony that has begun; account is "" where it names
// nobody yet.
func (s *Service) beginCeremony(ctx context.Context, account AccountID, state []byte) (ChallengeID, error) {
	id := ChallengeID(s.ids.New())
	return id, s.store.Update(ctx, func(tx *Tx) error {
		return tx.Challenges.Create(ctx, Challenge{
			ID: id, Account: account, State: state, CreatedAt: tx.Now(), ExpiresAt: tx.Now().Add(challengeLifetime),
		})
	})
}

// takeCeremony uses up a ceremony of the account, whatever comes of it: false if
// there is none that is still good.
func (s *Service) takeCeremony(ctx context.Context, id ChallengeID, account AccountID) (state []byte, ok bool, err error) {
	if !ValidID(string(id)) {
		return nil, false, nil
	}
	err = s.store.Update(ctx, func(tx *Tx) error {
		c, err := tx.Challenges.Take(ctx, id)
		state, ok = c.State, err == nil && c.Account == account && tx.Now().Before(c.ExpiresAt)
		return err
	})
	if errors.Is(err, ErrNotFound) {
		return nil, false, nil
	}
	return state, ok, err
}

// SignInWithPasskey makes a parent sign-in of a passkey, which counts as both
// factors. What proves nobody is ErrUnauthenticated with code wrong_passkey. A
// parent sign-in that the browser had before ends.
func (s *Service) SignInWithPasskey(ctx context.Context, challenge ChallengeID, response []byte, b Browser) (Parent, error) {
	a, err := s.beginAssertion(ctx, challenge, "", response, b)
	if err != nil {
		return Parent{}, err
	}
	var p Parent
	err = s.changeAccount(ctx, a.account, b, func(ctx context.Context, w *accountWork) error {
		if err := w.assert(ctx, a); err != nil {
			return err
		}
		p, err = w.begin(ctx, MethodPasskey, true)
		return err
	})
	return p, s.assertionFailed(ctx, err, b)
}

// ProvePasskey proves the second factor, or freshness, of b.Parent by a passkey
// of its account.
func (s *Service) ProvePasskey(ctx context.Context, challenge ChallengeID, response []byte, b Browser) (Parent, error) {
	p, err := s.ParentOf(ctx, b.Parent)
	if err != nil {
		return Parent{}, err
	}
	a, err := s.beginAssertion(ctx, challenge, p.Account.ID, response, b)
	if err != nil {
		return Parent{}, err
	}
	p, err = s.prove(ctx, p, b, func(ctx context.Context, w *accountWork, p *Parent) (bool, error) {
		p.SignIn.Only = ""
		return true, w.assert(ctx, a)
	})
	return p, s.assertionFailed(ctx, err, b)
}

// assertion is a passkey's answer that was not checked yet.
type assertion struct {
	account  AccountID // whose passkey it says it is
	passkey  string
	state    []byte
	response []byte
}

// beginAssertion uses the ceremony up, and looks up whose passkey answers.
func (s *Service) beginAssertion(ctx context.Context, challenge ChallengeID, account AccountID, response []byte, b Browser) (assertion, error) {
	if c := s.networkCounter("passkeys", b); c.locked(ctx) > 0 {
		return assertion{}, c.refusal(ctx)
	}
	a, err := s.findAssertion(ctx, challenge, account, response)
	return a, s.assertionFailed(ctx, err, b)
}

func (s *Service) findAssertion(ctx context.Context, challenge ChallengeID, account AccountID, response []byte) (assertion, error) {
	state, ok, err := s.takeCeremony(ctx, challenge, account)
	if err != nil {
		return assertion{}, err
	}
	if !ok || len(response) > maxCeremony {
		return assertion{}, errWrongPasskey(nil)
	}
	id, err := s.passkeys.CredentialID(response)
	if err != nil {
		return assertion{}, errWrongPasskey(err)
	}
	if checkText("credential id", id, maxCeremony) != nil {
		return assertion{}, errWrongPasskey(nil)
	}
	var found Passkey
	err = s.store.View(ctx, func(tx *Tx) error {
		found, err = tx.Passkeys.Find(ctx, id)
		return err
	})
	if errors.Is(err, ErrNotFound) || err == nil && account != "" && found.Account != account {
		return assertion{}, errWrongPasskey(nil)
	}
	return assertion{account: found.Account, passkey: id, state: state, response: response}, err
}

// assert checks the answer, with the account locked, so that of two answers the
// second meets the counter of the first.
func (w *accountWork) assert(ctx context.Context, a assertion) error {
	p, err := w.Passkeys.Find(ctx, a.passkey)
	if errors.Is(err, ErrNotFound) || err == nil && p.Account != w.account.ID {
		return errWrongPasskey(nil)
	}
	if err != nil {
		return err
	}
	p.Credential, err = w.s.passkeys.FinishAssertion(a.state, a.response, p.Credential, string(w.account.ID))
	if err != nil {
		return errWrongPasskey(err)
	}
	p.LastUsedAt = w.Now()
	return w.Passkeys.Update(ctx, p)
}

func errWrongPasskey(cause error) error {
	e := fail(ErrUnauthenticated, codeWrongPasskey, "This passkey did not prove who you are. Try again, or sign in another way.")
	e.Err = cause
	return e
}

// assertionFailed counts an answer that proved nobody, and returns its error.
func (s *Service) assertionFailed(ctx context.Context, err error, b Browser) error {
	if errors.Is(err, ErrNotFound) { // the account was absorbed meanwhile
		err = errWrongPasskey(nil)
	}
	if Code(err) == codeWrongPasskey {
		s.networkCounter("passkeys", b).fail(context.WithoutCancel(ctx))
	}
	return err
}
