package provisioning

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ChangePassword sets a new password for the account of b.Parent. It needs the
// present one ("" and a fresh sign-in for an account that has passkeys alone).
// Every other parent sign-in and session of the account ends, and so does every
// open link that could set another password or address. It returns the parent
// with a new secret.
func (s *Service) ChangePassword(ctx context.Context, present, next string, b Browser) (Parent, error) {
	read, rule, err := s.passwordToChange(ctx, present, b)
	if err != nil {
		return Parent{}, err
	}
	hash, err := s.newPassword(ctx, next, read.Account.Email, rule)
	if err != nil {
		return Parent{}, err
	}
	var p Parent
	err = s.changeAccount(ctx, read.Account.ID, b, func(ctx context.Context, w *accountWork) error {
		if p, err = s.provedIn(ctx, w.Tx, b); err != nil { // also where another change was faster
			return err
		}
		if err := w.setPassword(ctx, hash, p.SignIn.ID); err != nil {
			return err
		}
		w.record("account.password_change", nil)
		p.Account = w.account
		if err := w.believeAnew(ctx, p.SignIn.ID); err != nil {
			return err
		}
		return s.proveParent(ctx, w.Tx, &p, false)
	})
	return p, err
}

// passwordToChange returns whose password it is, once the present one was
// proved, and the rule for the next.
func (s *Service) passwordToChange(ctx context.Context, present string, b Browser) (p Parent, rule PasswordRule, err error) {
	err = s.store.View(ctx, func(tx *Tx) error {
		if p, err = s.provedIn(ctx, tx, b); err == nil && !p.Account.HasPassword() {
			p, err = s.freshIn(ctx, tx, b)
		}
		if err != nil {
			return err
		}
		if err := p.requireOwnFactor(); err != nil {
			return err
		}
		rule, err = passwordRule(ctx, tx, p.Account.ID)
		return err
	})
	if err == nil && p.Account.HasPassword() {
		err = s.checkPresent(ctx, p, present, b)
	}
	return p, rule, err
}

// checkPresent checks the password of who is signed in. Guesses are limited as
// those at the sign-in are.
func (s *Service) checkPresent(ctx context.Context, p Parent, present string, b Browser) error {
	gate := s.parentGate(p)
	if err := gate.admit(ctx); err != nil {
		return err
	}
	_, err := s.match(ctx, present, []Account{p.Account})
	gate.settle(ctx, err)
	return err
}

// setPassword sets the password and ends every parent sign-in and session but
// for keep.
func (w *accountWork) setPassword(ctx context.Context, hash string, keep ParentID) error {
	w.account.PasswordHash, w.account.PasswordSetAt = hash, w.Now()
	if err := w.Accounts.Update(ctx, w.account); err != nil {
		return err
	}
	if err := cancelLinks(ctx, w.Tx, w.account.ID, LinkReset, LinkEmailOld, LinkEmailNew); err != nil {
		return err
	}
	if err := w.endSessions(ctx, keep); err != nil {
		return err
	}
	return w.tell(ctx, MailPassword, Mail{})
}

// Bounds of a password. Its least length is a setting of workspaces.
const (
	maxPassword      = 256  // characters
	maxPasswordBytes = 1024 // of UTF-8
)

// PasswordRule is what a new password is checked against.
type PasswordRule struct {
	Min int // characters
	Max int
}

// PasswordRuleOf returns the strictest rule of the workspaces in which the
// account has a user, and of the given one if it is not "".
func (s *Service) PasswordRuleOf(ctx context.Context, a AccountID, ws WorkspaceID) (rule PasswordRule, err error) {
	err = s.store.View(ctx, func(tx *Tx) error {
		rule, err = passwordRule(ctx, tx, a, ws)
		return err
	})
	return rule, err
}

func passwordRule(ctx context.Context, tx *Tx, a AccountID, also ...WorkspaceID) (PasswordRule, error) {
	workspaces, err := workspacesOf(ctx, tx, a, also...)
	if err != nil || len(workspaces) == 0 {
		return ruleOf(Settings{}), err
	}
	rules := make([]PasswordRule, len(workspaces))
	for i, ws := range workspaces {
		rules[i] = ruleOf(ws.Settings)
	}
	return slices.MaxFunc(rules, func(a, b PasswordRule) int { return cmp.Compare(a.Min, b.Min) }), nil
}

func ruleOf(s Settings) PasswordRule {
	least, err := strconv.Atoi(s.Get(SettingPasswordMinLength))
	if err != nil {
		least = maxPassword // a setting that cannot be read lets no short one in
	}
	return PasswordRule{Min: least, Max: maxPassword}
}

// checkPassword refuses a password that is too short or too long, that everybody
// tries first, or that is the address it goes with. Nothing is said about which
// characters it must have, and nothing is cut off.
func (s *Service) checkPassword(password, email string, rule PasswordRule) error {
	switch {
	case len(password) > maxPasswordBytes:
		return errPasswordLong(rule)
	case !utf8.ValidString(password), strings.ContainsFunc(password, unicode.IsControl):
		return invalid("password_characters", "The password holds characters that cannot be typed again everywhere. Leave out line breaks and tabs.")
	}
	length := utf8.RuneCountInString(password)
	local, _, _ := strings.Cut(Fold(email), "@")
	switch folded := Fold(password); {
	case length < rule.Min:
		return invalid("password_short", "The password needs at least %d characters; this one has %d. Several words in a row are easy to remember.", rule.Min, length)
	case length > rule.Max:
		return errPasswordLong(rule)
	case folded == Fold(email), folded == local:
		return invalid("password_address", "The password is the e-mail address that it goes with. Choose one that nobody can guess from it.")
	case s.passwords.Common(password):
		return invalid("password_common", "Many people use this password, so it is tried first. Choose one of your own; several words in a row are easy to remember.")
	}
	return nil
}

func errPasswordLong(rule PasswordRule) error {
	return invalid("password_long", "The password is longer than %d characters.", rule.Max)
}

// newPassword checks and hashes a new password of an address.
func (s *Service) newPassword(ctx context.Context, password, email string, rule PasswordRule) (string, error) {
	if err := s.checkPassword(password, email, rule); err != nil {
		return "", err
	}
	return s.hashPassword(ctx, email, password)
}

// hashPassword hashes the password of an address, with the salt that its
// accounts share. It takes long: never call it inside a transaction.
func (s *Service) hashPassword(ctx context.Context, email, password string) (string, error) {
	var beside string
	err := s.store.View(ctx, func(tx *Tx) error {
		known, err := tx.Accounts.ByEmail(ctx, Fold(email))
		for _, a := range known {
			beside = cmp.Or(beside, a.PasswordHash)
		}
		return err
	})
	if err != nil {
		return "", err
	}
	hash, err := s.passwords.Hash(ctx, password, beside)
	if errors.Is(err, ErrTooMany) {
		return "", errBusy(err)
	}
	return hash, err
}
