package provisioning

import (
	"context"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of passkeys.
const (
	maxPasskeys    = 20  // an account
	maxPasskeyName = 100 // characters
)

// BeginPasskeyRegistration begins a ceremony for a new passkey; options are JSON
// for navigator.credentials.create. ErrConflict no_passkeys where the public URL's
// host is a network address.
func (s *Service) BeginPasskeyRegistration(ctx context.Context, b Browser) (challenge ChallengeID, options []byte, err error) {
	if err := s.takesPasskeys(); err != nil {
		return "", nil, err
	}
	p, err := s.owner(ctx, b)
	if err != nil {
		return "", nil, err
	}
	if err := roomForPasskey(p.Factors); err != nil {
		return "", nil, err
	}
	known := make([][]byte, len(p.Factors.Passkeys))
	for i, k := range p.Factors.Passkeys {
		known[i] = k.Credential
	}
	options, state, err := s.passkeys.BeginRegistration(string(p.Account.ID), p.Account.Email, known)
	if err != nil {
		return "", nil, err
	}
	challenge, err = s.beginCeremony(ctx, p.Account.ID, state)
	return challenge, options, err
}

func (s *Service) takesPasskeys() error {
	if s.passkeys.Available() {
		return nil
	}
	return conflict("no_passkeys", "Browsers take passkeys from a host with a name only. Use a password and an authenticator app.")
}

func roomForPasskey(f FactorState) error {
	if len(f.Passkeys) < maxPasskeys {
		return nil
	}
	return conflict("too_many_passkeys", "An account has at most %d passkeys. Remove one that you do not use.", maxPasskeys)
}

// AddPasskey stores a passkey under a name, and returns ten recovery codes where
// the account has none left. At most 20 an account.
func (s *Service) AddPasskey(ctx context.Context, challenge ChallengeID, response []byte, name string, b Browser) (parent Parent, codes []string, err error) {
	name, err = passkeyName(name)
	if err != nil {
		return Parent{}, nil, err
	}
	owner, err := s.owner(ctx, b)
	if err != nil {
		return Parent{}, nil, err
	}
	passkey, err := s.newPasskey(ctx, challenge, owner.Account.ID, response)
	if err != nil {
		return Parent{}, nil, err
	}
	passkey.Name = name
	err = s.changeOwn(ctx, b, func(ctx context.Context, w *accountWork, p *Parent) error {
		if err := roomForPasskey(p.Factors); err != nil {
			return err
		}
		if err := storePasskey(ctx, w.Tx, passkey); err != nil {
			return err
		}
		w.record("account.passkey_add", map[string]string{"passkey": passkey.ID})
		codes, err = w.addFactor(ctx, p, name)
		parent = *p
		return err
	})
	return parent, codes, err
}

// newPasskey finishes a registration ceremony of the account.
func (s *Service) newPasskey(ctx context.Context, challenge ChallengeID, a AccountID, response []byte) (Passkey, error) {
	state, ok, err := s.takeCeremony(ctx, challenge, a)
	if err != nil {
		return Passkey{}, err
	}
	if !ok {
		return Passkey{}, errDeadCeremony()
	}
	return s.registered(a, state, response)
}

func (s *Service) registered(a AccountID, state, response []byte) (Passkey, error) {
	if len(response) > maxCeremony {
		return Passkey{}, errNoPasskeyMade(nil)
	}
	id, credential, err := s.passkeys.FinishRegistration(state, response)
	if err != nil {
		return Passkey{}, errNoPasskeyMade(err)
	}
	return Passkey{ID: id, Account: a, Name: unnamedPasskey, Credential: credential}, nil
}

func errDeadCeremony() error {
	return fail(ErrGone, "ceremony_dead", "This took too long, or was answered already. Start again.")
}

func errNoPasskeyMade(cause error) error {
	e := invalid("passkey_failed", "The browser's answer made no passkey. Try again, or use another device.")
	e.Err = cause
	return e
}

func storePasskey(ctx context.Context, tx *Tx, p Passkey) error {
	p.CreatedAt = tx.Now()
	err := tx.Passkeys.Create(ctx, p)
	if Taken(err, KeyPasskey) {
		return conflict("passkey_taken", "This passkey is set up already. Sign in with it, or make another one.")
	}
	return err
}

// unnamedPasskey is the name of a passkey to which nobody gave one.
const unnamedPasskey = "Passkey"

func passkeyName(name string) (string, error) {
	name = strings.TrimSpace(name)
	if name == "" {
		return unnamedPasskey, nil
	}
	if err := checkText("name", name, 4*maxPasskeyName); err != nil {
		return "", err
	}
	unprintable := strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) })
	if unprintable || utf8.RuneCountInString(name) > maxPasskeyName {
		return "", invalid("name", "The name of a passkey has at most %d characters, on one line.", maxPasskeyName)
	}
	return name, nil
}

// RenamePasskey gives a passkey another name.
func (s *Service) RenamePasskey(ctx context.Context, id, name string, b Browser) error {
	name, err := passkeyName(name)
	if err != nil {
		return err
	}
	return s.changeOwn(ctx, b, func(ctx context.Context, w *accountWork, p *Parent) error {
		passkey, err := p.Factors.passkey(id)
		if err != nil || passkey.Name == name {
			return err
		}
		passkey.Name = name
		w.record("account.passkey_rename", map[string]string{"passkey": id})
		return w.Passkeys.Update(ctx, passkey)
	})
}

func (f FactorState) passkey(id string) (Passkey, error) {
	i := slices.IndexFunc(f.Passkeys, func(p Passkey) bool { return p.ID == id })
	if i < 0 {
		return Passkey{}, notFound("passkey")
	}
	return f.Passkeys[i], nil
}

// RemovePasskey removes a passkey; not the last credential of an account without
// a password (ErrConflict last_credential), nor the last factor that a workspace
// requires (ErrConflict factor_required).
func (s *Service) RemovePasskey(ctx context.Context, id string, b Browser) error {
	return s.changeOwn(ctx, b, func(ctx context.Context, w *accountWork, p *Parent) error {
		passkey, err := p.Factors.passkey(id)
		if err != nil {
			return err
		}
		others := len(p.Factors.Passkeys) - 1
		if others == 0 && !w.account.HasPassword() {
			return conflict("last_credential", "You sign in with this passkey alone. Set a password or another passkey first.")
		}
		if p.Factors.TOTP {
			others++
		}
		if err := w.removable(ctx, others); err != nil {
			return err
		}
		if err := w.Passkeys.Delete(ctx, w.account.ID, id); err != nil {
			return err
		}
		w.record("account.passkey_remove", map[string]string{"passkey": id})
		return w.tell(ctx, MailFactorRemoved, Mail{Person: passkey.Name})
	})
}
