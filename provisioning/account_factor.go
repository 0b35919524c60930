package provisioning

import (
	"context"
	"crypto/rand"
	"strings"
)

// TOTPSetup is an authenticator that is being set up.
type TOTPSetup struct {
	Secret string // base 32, for who cannot scan
	URL    string // otpauth://, as a QR code
	Ticket string // sealed, for ConfirmTOTP; good for an hour
}

// product is what authenticators show beside the address.
const product = "Drawbridge"

// What a mail calls factors that have no name of their own.
const (
	factorTOTP     = "authenticator app"
	factorRecovery = "recovery codes"
)

// All of these act for the account of b.Parent. They need a sign-in that is
// fresh (ErrProve fresh_sign_in) and, where the account has a second factor, a
// proved one of its own (ErrProve second_factor): an administrator's code is
// none. What is added or removed is told to the account's proved address by
// mail. What makes a second factor proves it, and gives the parent a new secret.

// BeginTOTP makes a secret for an authenticator; nothing is stored yet.
func (s *Service) BeginTOTP(ctx context.Context, b Browser) (setup TOTPSetup, err error) {
	err = s.store.View(ctx, func(tx *Tx) error {
		p, err := s.ownerIn(ctx, tx, b)
		if err != nil {
			return err
		}
		setup.Secret = s.codes.NewSecret()
		setup.URL = s.codes.URL(setup.Secret, p.Account.Email, product)
		setup.Ticket, err = s.sealTicket(ticket{
			Purpose: ticketTOTP, ID: string(p.Account.ID), Text: setup.Secret, EndsAt: tx.Now().Add(TicketLifetime),
		})
		return err
	})
	return setup, err
}

// ConfirmTOTP sets the authenticator up, by a first code of it, and returns ten
// recovery codes, shown once, where the account has none left. It replaces an
// authenticator that was set up before.
func (s *Service) ConfirmTOTP(ctx context.Context, ticket, code string, b Browser) (parent Parent, codes []string, err error) {
	err = s.changeOwn(ctx, b, func(ctx context.Context, w *accountWork, p *Parent) error {
		secret, err := w.confirmed(ctx, ticket, code)
		if err != nil {
			return err
		}
		w.account.TOTPSecret, err = s.sealer.Seal("", totpRow(w.account.ID), []byte(secret))
		if err != nil {
			return err
		}
		if err := w.Accounts.Update(ctx, w.account); err != nil {
			return err
		}
		w.record("account.totp_set", nil)
		codes, err = w.addFactor(ctx, p, factorTOTP)
		parent = *p
		return err
	})
	return parent, codes, err
}

// confirmed returns the secret of a ticket, once a code of it was given.
func (w *accountWork) confirmed(ctx context.Context, text, code string) (string, error) {
	t, ok := w.s.openTicket(text, ticketTOTP, w.Now())
	if !ok || t.ID != string(w.account.ID) {
		return "", fail(ErrGone, "ticket_dead", "This page was open for too long. Set the authenticator up again.")
	}
	step, ok := w.s.codes.Step(t.Text, normalCode(code), w.Now())
	if !ok {
		return "", invalid("wrong_code", "This is not the code that the authenticator shows now. Check the time on the device, and type the present code.")
	}
	used, err := w.Factors.UseStep(ctx, w.account.ID, step)
	if err == nil && !used {
		return "", invalid("code_used", "A code of this half minute was used already. Type the next one.")
	}
	return t.Text, err
}

func totpRow(a AccountID) string { return "account/" + string(a) + "/totp" }

// addFactor proves the factor that was just made, tells of it, and makes
// recovery codes where there are none left.
func (w *accountWork) addFactor(ctx context.Context, p *Parent, name string) (codes []string, err error) {
	p.Account = w.account
	if p.Factors, err = factorsOf(ctx, w.Tx, w.account); err != nil {
		return nil, err
	}
	if p.Factors.RecoveryCodes == 0 {
		if codes, err = w.newRecoveryCodes(ctx); err != nil {
			return nil, err
		}
		p.Factors.RecoveryCodes = len(codes)
	}
	p.SignIn.Only = ""
	if err := w.believeAnew(ctx, p.SignIn.ID); err != nil {
		return nil, err
	}
	if err := w.s.proveParent(ctx, w.Tx, p, true); err != nil {
		return nil, err
	}
	return codes, w.tell(ctx, MailFactorAdded, Mail{Person: name})
}

// RemoveTOTP removes the authenticator; the last second factor takes the recovery
// codes with it. Refused while a workspace of the account requires one (ErrConflict
// factor_required).
func (s *Service) RemoveTOTP(ctx context.Context, b Browser) error {
	return s.changeOwn(ctx, b, func(ctx context.Context, w *accountWork, p *Parent) error {
		if !p.Factors.TOTP {
			return nil
		}
		if err := w.removable(ctx, len(p.Factors.Passkeys)); err != nil {
			return err
		}
		w.account.TOTPSecret = nil
		if err := w.Accounts.Update(ctx, w.account); err != nil {
			return err
		}
		w.record("account.totp_remove", nil)
		return w.tell(ctx, MailFactorRemoved, Mail{Person: factorTOTP})
	})
}

// removable makes sure that a factor may go of which so many others stay. The
// last one takes the recovery codes with it.
func (w *accountWork) removable(ctx context.Context, others int) error {
	if others > 0 {
		return nil
	}
	workspaces, err := workspacesOf(ctx, w.Tx, w.account.ID)
	if err != nil {
		return err
	}
	for _, ws := range workspaces {
		if ws.Settings.On(SettingSecondFactor) {
			return conflict("factor_required", "%s requires a second factor. Set up another one before you remove this one.", ws.Name)
		}
	}
	return w.Factors.SetRecoveryCodes(ctx, w.account.ID, nil)
}

// NewRecoveryCodes replaces the recovery codes by ten new ones, shown once. Each
// is five groups of five characters of Crockford's base 32: 125 bits. ErrConflict no_factor where
// there is nothing to recover.
func (s *Service) NewRecoveryCodes(ctx context.Context, b Browser) (codes []string, err error) {
	err = s.changeOwn(ctx, b, func(ctx context.Context, w *accountWork, p *Parent) error {
		if !p.Factors.Any() {
			return conflict("no_factor", "Recovery codes stand in for a second factor. Set up an authenticator or a passkey first.")
		}
		if codes, err = w.newRecoveryCodes(ctx); err != nil {
			return err
		}
		w.record("account.recovery_codes", nil)
		return w.tell(ctx, MailFactorAdded, Mail{Person: factorRecovery})
	})
	return codes, err
}

const recoveryCodes = 10

func (w *accountWork) newRecoveryCodes(ctx context.Context) ([]string, error) {
	codes, hashes := make([]string, recoveryCodes), make([][]byte, recoveryCodes)
	for i := range codes {
		codes[i] = typable()
		hashes[i] = w.s.hasher.Hash(normalCode(codes[i]))
	}
	return codes, w.Factors.SetRecoveryCodes(ctx, w.account.ID, hashes)
}

// typable returns a random code to be typed: five groups of five characters of
// Crockford's base 32. With 125 bits a plain hash of it may be stored (OWASP ASVS
// 5.0 6.5.2 asks for 112).
func typable() string {
	random := make([]byte, 25)
	if _, err := rand.Read(random); err != nil {
		panic("provisioning: no randomness: " + err.Error())
	}
	var b strings.Builder
	for i, r := range random {
		if i > 0 && i%5 == 0 {
			b.WriteByte('-')
		}
		b.WriteByte(idAlphabet[r&31])
	}
	return b.String()
}

// maxCode bounds what is looked at of a code that somebody typed, in bytes.
const maxCode = 64

// normalCode returns a code as it is compared: in lower case, without blanks and
// hyphens, and with what reads alike in place of what the alphabet leaves out.
// What is too long to be a code is "".
func normalCode(code string) string {
	if len(code) > maxCode {
		return ""
	}
	return strings.Map(func(r rune) rune {
		switch r {
		case ' ', '\t', '\u00a0', '-', '\u2010', '\u2011', '\u2013':
			return -1
		case 'o', 'O':
			return '0'
		case 'i', 'I', 'l', 'L':
			return '1'
		}
		return foldRune(r)
	}, code)
}
