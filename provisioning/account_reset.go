package provisioning

import (
	"context"
	"errors"
	"strings"
	"time"
)

// ResetInterval is how often a reset may be mailed to one address.
const ResetInterval = 5 * time.Minute

// limitOfResets bounds, for one source, how many resets it asks for.
var limitOfResets = limit{20, time.Hour, time.Hour}

// resetAnswer is how long the answer takes to who asks for a reset: more than
// storing a link and a mail does.
const resetAnswer = 250 * time.Millisecond

// RequestReset mails a link by which the account of the address gets a new
// password, at most once in [ResetInterval]. It answers nil in the same time
// whether there is an account or not; ErrInvalid for what is no address,
// ErrTooMany for a source that asks too often, ErrConflict no_mail where no
// mail goes out.
func (s *Service) RequestReset(ctx context.Context, email string, b Browser) error {
	email = strings.TrimSpace(email)
	if err := checkEmail(email); err != nil {
		return err
	}
	if !s.mailOut {
		return errNoMail()
	}
	if asked := s.counter(limitOfResets, "reset", sourceOf(b.Address)); !asked.fail(ctx) {
		return asked.tooOften(ctx)
	}
	answer := time.NewTimer(resetAnswer)
	defer answer.Stop()
	if err := s.mailReset(ctx, email, b); err != nil {
		return err
	}
	select { // who has no account waits as long as who has one
	case <-answer.C:
	case <-ctx.Done():
	}
	return ctx.Err()
}

// tooOften is the refusal of who asks for more mail than is good.
func (c counter) tooOften(ctx context.Context) error {
	e := fail(ErrTooMany, "too_often", "Many mails were asked for from here. Look for the ones that came, or ask again in an hour.")
	e.RetryAfter = max(c.locked(ctx), time.Second)
	return e
}

// mailReset mails a link to the owner of the address: for the proved account,
// or else for the first unproved one, which the link sets up anew.
func (s *Service) mailReset(ctx context.Context, email string, b Browser) error {
	var known []Account
	err := s.store.View(ctx, func(tx *Tx) (err error) {
		known, err = tx.Accounts.ByEmail(ctx, Fold(email))
		return err
	})
	if err != nil || len(known) == 0 {
		return err
	}
	err = s.changeAccount(ctx, known[0].ID, b, func(ctx context.Context, w *accountWork) error {
		if Fold(w.account.Email) != Fold(email) {
			return nil
		}
		return w.postReset(ctx)
	})
	if errors.Is(err, ErrNotFound) { // it has become one with another account meanwhile
		return nil
	}
	return err
}

// postReset makes a new link in place of earlier ones and mails it, unless one
// was mailed a moment ago.
func (w *accountWork) postReset(ctx context.Context) error {
	earlier, err := w.Links.OfAccount(ctx, w.account.ID, LinkReset)
	if err != nil {
		return err
	}
	for _, l := range earlier {
		if !l.Shown && w.Now().Sub(l.CreatedAt) < ResetInterval {
			return nil
		}
	}
	link, text, err := w.s.resetLink(ctx, w.Tx, w.account.ID, false)
	if err != nil {
		return err
	}
	return w.post(ctx, letter{
		kind: MailReset, to: w.account.Email, subject: string(link.ID), ends: link.ExpiresAt,
		mail: Mail{LinkPath: "/reset", LinkToken: text, EndsAt: link.ExpiresAt},
	})
}

// resetLink makes a reset link in place of earlier ones. It is good for the
// shortest time that a workspace of the account says.
func (s *Service) resetLink(ctx context.Context, tx *Tx, a AccountID, shown bool) (Link, string, error) {
	if err := cancelLinks(ctx, tx, a, LinkReset); err != nil {
		return Link{}, "", err
	}
	workspaces, err := workspacesOf(ctx, tx, a)
	if err != nil {
		return Link{}, "", err
	}
	lifetime := Settings{}.Duration(SettingResetLifetime)
	for i, ws := range workspaces {
		if d := ws.Settings.Duration(SettingResetLifetime); i == 0 || d < lifetime {
			lifetime = d
		}
	}
	return s.newLink(ctx, tx, Link{Purpose: LinkReset, Account: a, Shown: shown}, lifetime)
}

// ResetLink is RequestReset by the operator: it returns the link's secret text to
// show. An unproved account stays unproved.
func (s *Service) ResetLink(ctx context.Context, a Actor, ws WorkspaceID, u UserID) (text string, expires time.Time, err error) {
	if a.Kind != ActorOperator {
		return "", time.Time{}, fail(ErrForbidden, "not_permitted", "Only the operator on the server does this.")
	}
	o := changeOptions{action: "user.reset_link", target: string(u)}
	err = s.change(ctx, a, ws, o, func(ctx context.Context, w *work) error {
		account, err := w.lockedAccount(ctx, u)
		if err != nil {
			return err
		}
		link, secret, err := s.resetLink(ctx, w.Tx, account.ID, true)
		text, expires = secret, link.ExpiresAt
		w.record(note{action: "user.reset_link", kind: "user", target: string(u), details: map[string]string{"link": string(link.ID)}})
		return err
	})
	return text, expires, err
}

// lockedAccount locks a user and then the user's account.
func (w *work) lockedAccount(ctx context.Context, id UserID) (Account, error) {
	u, err := w.lockedUser(ctx, id)
	if err != nil {
		return Account{}, err
	}
	if u.Account == "" {
		return Account{}, conflict("no_account", "This user has no account: they sign in through a connection, or have not accepted an invitation yet.")
	}
	return w.Accounts.Lock(ctx, u.Account)
}

// OpenReset returns the address whose password a ticket may set.
func (s *Service) OpenReset(ctx context.Context, ticket string) (email string, err error) {
	r, err := s.openReset(ctx, ticket)
	return r.account.Email, err
}

// ResetRule returns what the password is checked against that a ticket may set.
func (s *Service) ResetRule(ctx context.Context, ticket string) (PasswordRule, error) {
	r, err := s.openReset(ctx, ticket)
	return r.rule, err
}

type openedReset struct {
	account Account
	rule    PasswordRule
}

func (s *Service) openReset(ctx context.Context, ticket string) (r openedReset, err error) {
	err = s.store.View(ctx, func(tx *Tx) error {
		link, err := s.linkOfTicket(ctx, tx, ticket, LinkReset)
		if err != nil {
			return err
		}
		if r.account, err = tx.Accounts.Get(ctx, link.Account); err != nil {
			return orDeadTicket(err)
		}
		r.rule, err = passwordRule(ctx, tx, link.Account)
		return err
	})
	return r, err
}

// orDeadTicket is for a link whose account went: its links go with it.
func orDeadTicket(err error) error {
	if errors.Is(err, ErrNotFound) {
		return errDeadTicket()
	}
	return err
}

// CompleteReset sets the password and ends every parent sign-in and every
// session of the account's users. Second factors stay, except that a mailed link
// sets an account up anew whose address was unproved: then they go, and the
// other unproved accounts of the address are absorbed. A lock-out of the address
// from this source, and from no other, ends: its owner is there.
func (s *Service) CompleteReset(ctx context.Context, ticket, password string, b Browser) error {
	read, err := s.openReset(ctx, ticket)
	if err != nil {
		return err
	}
	email := read.account.Email
	hash, err := s.newPassword(ctx, password, email, read.rule)
	if err != nil {
		return err
	}
	err = s.changeAddress(ctx, read.account.ID, []string{email}, b, func(ctx context.Context, w *accountWork) error {
		link, err := s.useLink(ctx, w.Tx, ticket, LinkReset)
		if err != nil {
			return err
		}
		if !link.Shown && !w.account.EmailProved {
			return w.setUpAnew(ctx, hash)
		}
		w.record("account.password_reset", nil)
		return w.setPassword(ctx, hash, "")
	})
	if err != nil {
		return orDeadTicket(err)
	}
	s.passwordGate(addressKey(email), b).guess.clear(ctx)
	s.addressCounter(addressKey(email)).clear(ctx) // who has just proved the address is not kept out by strangers
	return nil
}

// setUpAnew is a reset of an unproved account by a link that was mailed to its
// address: what it had ends, and other unproved accounts of the address become
// one with it.
func (w *accountWork) setUpAnew(ctx context.Context, hash string) error {
	if err := w.endSessions(ctx, ""); err != nil {
		return err
	}
	account, ended, err := w.s.setUpAccount(ctx, w.Tx, accountSetup{email: w.account.Email, passwordHash: hash, proved: true})
	if err != nil {
		return err
	}
	for _, id := range ended {
		w.revoked = append(w.revoked, string(id))
	}
	w.account = account
	if w.users, err = w.Accounts.Users(ctx, account.ID); err != nil {
		return err
	}
	w.record("account.password_reset", nil)
	return w.tell(ctx, MailPassword, Mail{})
}
