package provisioning

import (
	"context"
	"strconv"
)

const codeWrongCode = "wrong_code"

// ProveCode proves the second factor of b.Parent by a code of the
// authenticator, a recovery code, or an administrator's code. A wrong one is
// ErrUnauthenticated wrong_code; after five the parent sign-in ends, and after
// ten within 15 minutes codes of that account are refused for as long
// (ErrTooMany locked).
func (s *Service) ProveCode(ctx context.Context, code string, b Browser) (Parent, error) {
	p, err := s.ParentOf(ctx, b.Parent)
	if err != nil {
		return Parent{}, err
	}
	gate := s.codeGate(p)
	if err := gate.admit(ctx); err != nil {
		return Parent{}, err
	}
	proved, err := s.prove(ctx, p, b, func(ctx context.Context, w *accountWork, p *Parent) (bool, error) {
		return true, w.useCode(ctx, p, normalCode(code))
	})
	if err == nil {
		gate.clear(ctx)
		return proved, nil
	}
	if Code(err) == codeWrongCode {
		if err := s.codeFailed(ctx, p, gate, b); err != nil {
			return Parent{}, err
		}
	}
	return Parent{}, err
}

// codeGate lets codes of an account through, as many as the limits allow. Each
// counts before it is looked at: a hundred at once are a hundred guesses.
type codeGate struct{ account, parent counter }

func (s *Service) codeGate(p Parent) codeGate {
	return codeGate{
		account: s.counter(limitOfCodes, "codes", string(p.Account.ID)),
		parent:  s.counter(limitOfParent, "codes of", string(p.SignIn.ID)),
	}
}

func (g codeGate) admit(ctx context.Context) error {
	if !g.account.fail(ctx) {
		return g.account.refusal(ctx)
	}
	if !g.parent.fail(ctx) {
		return errNoParent()
	}
	return nil
}

func (g codeGate) clear(ctx context.Context) {
	g.account.clear(ctx)
	g.parent.clear(ctx)
}

// codeFailed ends the parent sign-in after its last guess, and tells of an
// account whose codes are locked.
func (s *Service) codeFailed(ctx context.Context, p Parent, g codeGate, b Browser) error {
	ctx = context.WithoutCancel(ctx)
	if g.account.locked(ctx) > 0 {
		s.noteLocked(ctx, []Account{p.Account}, "code", b)
	}
	if g.parent.locked(ctx) == 0 {
		return nil
	}
	return s.endParentSignIn(ctx, p.Account.ID, p.SignIn.ID, actionEndSession, b)
}

// useCode uses up the code that this is: of the authenticator, a recovery code or
// an administrator's. The last one lets in to that administrator's workspace.
func (w *accountWork) useCode(ctx context.Context, p *Parent, code string) error {
	p.SignIn.Only = ""
	if isAuthenticatorCode(code) {
		return w.useAuthenticatorCode(ctx, code)
	}
	used, err := w.Factors.UseRecoveryCode(ctx, w.account.ID, w.s.hasher.Hash(code), w.Now())
	if err != nil {
		return err
	}
	if used {
		p.Factors.RecoveryCodes--
		w.record("account.recovery_code", map[string]string{"left": strconv.Itoa(p.Factors.RecoveryCodes)})
		return nil
	}
	return w.useAdministratorsCode(ctx, p, code)
}

// isAuthenticatorCode tells by the form: six digits.
func isAuthenticatorCode(code string) bool {
	_, err := strconv.ParseUint(code, 10, 32)
	return err == nil && len(code) == 6
}

func (w *accountWork) useAuthenticatorCode(ctx context.Context, code string) error {
	if w.account.TOTPSecret == nil {
		return errWrongCode()
	}
	secret, err := w.s.sealer.Open("", totpRow(w.account.ID), w.account.TOTPSecret)
	if err != nil {
		return err
	}
	step, ok := w.s.codes.Step(string(secret), code, w.Now())
	if !ok {
		return errWrongCode()
	}
	fresh, err := w.Factors.UseStep(ctx, w.account.ID, step)
	if err == nil && !fresh {
		return errWrongCode()
	}
	return err
}

func (w *accountWork) useAdministratorsCode(ctx context.Context, p *Parent, code string) error {
	link, ok, err := w.s.useFactorCode(ctx, w.Tx, &w.account, code)
	if err != nil {
		return err
	}
	if !ok {
		return errWrongCode()
	}
	w.record("account.factor_code", nil)
	p.SignIn.Only, p.Account = link.Workspace, w.account
	p.Factors, err = factorsOf(ctx, w.Tx, w.account)
	return err
}

func errWrongCode() error {
	return fail(ErrUnauthenticated, codeWrongCode, "This code is not right, or was used before. Wait for the next one, or use a recovery code.")
}
