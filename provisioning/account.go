package provisioning

import (
	"context"
	"errors"
	"time"
)

// FreshSignIn is how old the last proof of a credential may be for a sensitive
// act.
const FreshSignIn = 10 * time.Minute

// ParentLifetime bounds a parent sign-in; one whose second factor is still asked
// for lives for [PendingLifetime].
const (
	ParentLifetime  = 30 * day
	PendingLifetime = 10 * time.Minute
)

// Parent is a parent sign-in with what the faces show of it.
type Parent struct {
	SignIn  ParentSignIn
	Account Account
	Factors FactorState
	// Secret is the cookie's text, `id.secret`; "" where the browser keeps the one
	// that it has. It changes with every proof.
	Secret string
	// Known is the text of a cookie that says that this person signed in here
	// before; "" where nothing is to be set.
	Known string
	// FactorNeeded says that the account has a second factor that was not proved
	// yet: nothing can be entered before.
	FactorNeeded bool
}

// FactorState says what an account has beside its password.
type FactorState struct {
	TOTP          bool
	Passkeys      []Passkey
	RecoveryCodes int // unused
}

// Any reports whether there is a second factor.
func (f FactorState) Any() bool { return f.TOTP || len(f.Passkeys) > 0 }

// factorsOf reads what the account has beside its password.
func factorsOf(ctx context.Context, tx *Tx, a Account) (FactorState, error) {
	passkeys, err := tx.Passkeys.OfAccount(ctx, a.ID)
	if err != nil {
		return FactorState{}, err
	}
	codes, err := tx.Factors.RecoveryCodes(ctx, a.ID)
	return FactorState{TOTP: a.TOTPSecret != nil, Passkeys: passkeys, RecoveryCodes: codes}, err
}

// startParent stores a parent sign-in that a credential of the account proved
// just now. both says that it stood for both factors.
func (s *Service) startParent(ctx context.Context, tx *Tx, a Account, m SignInMethod, both bool, b Browser) (Parent, error) {
	factors, err := factorsOf(ctx, tx, a)
	if err != nil {
		return Parent{}, err
	}
	secret := s.hasher.NewSecret()
	p := ParentSignIn{
		ID: ParentID(s.ids.New()), Account: a.ID, SecretHash: s.hasher.Hash(secret), Method: m,
		ProvedAt: tx.Now(), UserAgent: cutText(b.UserAgent, maxUserAgent),
		CreatedAt: tx.Now(), LastSeenAt: tx.Now(), ExpiresAt: tx.Now().Add(ParentLifetime),
	}
	if both {
		p.FactorAt = tx.Now()
	}
	needed := factors.Any() && !both
	if needed {
		p.ExpiresAt = tx.Now().Add(PendingLifetime)
	}
	parent := Parent{SignIn: p, Account: a, Factors: factors, Secret: string(p.ID) + "." + secret, FactorNeeded: needed}
	if err := s.makeKnown(tx, &parent); err != nil {
		return Parent{}, err
	}
	return parent, tx.Parents.Create(ctx, p)
}

// makeKnown gives the browser of a sign-in that is complete a cookie that says so.
func (s *Service) makeKnown(tx *Tx, p *Parent) (err error) {
	if !p.FactorNeeded {
		p.Known, err = s.knownText(p.Account, tx.Now())
	}
	return err
}

// proveParent notes a proof and gives the parent a new secret: who had the old
// one from before the proof has nothing.
func (s *Service) proveParent(ctx context.Context, tx *Tx, p *Parent, factor bool) error {
	secret := s.hasher.NewSecret()
	p.SignIn.SecretHash = s.hasher.Hash(secret)
	p.SignIn.ProvedAt, p.SignIn.LastSeenAt = tx.Now(), tx.Now()
	if factor {
		p.SignIn.FactorAt = tx.Now()
	}
	if p.FactorNeeded = p.Factors.Any() && p.SignIn.FactorAt.IsZero(); !p.FactorNeeded {
		p.SignIn.ExpiresAt = p.SignIn.CreatedAt.Add(ParentLifetime)
	}
	p.Secret = string(p.SignIn.ID) + "." + secret
	if err := s.makeKnown(tx, p); err != nil {
		return err
	}
	return tx.Parents.Update(ctx, p.SignIn)
}

// ParentOf returns the parent sign-in of the cookie's text, or
// ErrUnauthenticated: unknown, ended, expired or idle for too long.
func (s *Service) ParentOf(ctx context.Context, cookie string) (p Parent, err error) {
	err = s.store.View(ctx, func(tx *Tx) error {
		p, err = s.parentIn(ctx, tx, cookie)
		return err
	})
	return p, err
}

func (s *Service) parentIn(ctx context.Context, tx *Tx, cookie string) (Parent, error) {
	id, secret, ok := splitBearer(cookie, "")
	if !ok {
		return Parent{}, errNoParent()
	}
	found, account, err := tx.Parents.Find(ctx, ParentID(id))
	if errors.Is(err, ErrNotFound) {
		s.hasher.Equal(nil, secret)
		return Parent{}, errNoParent()
	}
	if err != nil {
		return Parent{}, err
	}
	if !s.hasher.Equal(found.SecretHash, secret) || !found.live(tx.Now()) {
		return Parent{}, errNoParent()
	}
	factors, err := factorsOf(ctx, tx, account)
	p := Parent{SignIn: found, Account: account, Factors: factors}
	p.FactorNeeded = factors.Any() && found.FactorAt.IsZero()
	return p, err
}

// live reports whether the parent sign-in is good at now.
func (p ParentSignIn) live(now time.Time) bool {
	idle := p.Idle == 0 || now.Before(p.LastSeenAt.Add(p.Idle))
	return p.EndedAt.IsZero() && now.Before(p.ExpiresAt) && idle
}

func errNoParent() error {
	return fail(ErrUnauthenticated, "sign_in", "You are not signed in here, or the sign-in has ended. Sign in again.")
}

// provedIn returns the parent sign-in of the browser, once the second factor
// that its account has was proved.
func (s *Service) provedIn(ctx context.Context, tx *Tx, b Browser) (Parent, error) {
	p, err := s.parentIn(ctx, tx, b.Parent)
	if err == nil && p.FactorNeeded {
		return Parent{}, fail(ErrProve, "second_factor", "Prove your second factor first.")
	}
	return p, err
}

// freshIn is provedIn for sensitive acts.
func (s *Service) freshIn(ctx context.Context, tx *Tx, b Browser) (Parent, error) {
	p, err := s.provedIn(ctx, tx, b)
	if err == nil && tx.Now().Sub(p.SignIn.ProvedAt) > FreshSignIn {
		return Parent{}, errNotFresh()
	}
	return p, err
}

func errNotFresh() error {
	return fail(ErrProve, "fresh_sign_in", "This needs a sign-in that is at most ten minutes old. Prove that it is you, and go on.")
}

// requireFresh refuses a user who signed in too long ago. The operator on the
// server needs no sign-in.
func (w *work) requireFresh() error {
	if w.actor.Kind == ActorUser && w.Now().Sub(w.actor.ProvedAt) > FreshSignIn {
		return errNotFresh()
	}
	return nil
}
