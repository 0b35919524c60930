package provisioning

import (
	"context"
	"slices"
	"strings"
	"time"
)

// EmailLinkLifetime is how long both addresses have to agree to a change.
const EmailLinkLifetime = 24 * time.Hour

// limitOfEmailChanges bounds how much mail to strangers somebody causes by
// changing their address.
var limitOfEmailChanges = limit{5, time.Hour, time.Hour}

// RequestEmailChange mails one link to the present and one to the new address of
// the account of b.Parent, which must be fresh: both have to agree. ErrConflict
// no_mail where no mail goes out, or the present address was never proved. An
// address that another account has gets no link and its owner no hint; the
// answer is the same.
func (s *Service) RequestEmailChange(ctx context.Context, next string, b Browser) error {
	next = strings.TrimSpace(next)
	if err := checkEmail(next); err != nil {
		return err
	}
	if !s.mailOut {
		return errNoMail()
	}
	p, err := s.owner(ctx, b)
	if err != nil {
		return err
	}
	if asked := s.counter(limitOfEmailChanges, "email", string(p.Account.ID)); !asked.fail(ctx) {
		return asked.tooOften(ctx)
	}
	return s.changeOwn(ctx, b, func(ctx context.Context, w *accountWork, _ *Parent) error {
		switch {
		case !w.account.EmailProved:
			return conflict("no_mail", "Nobody proved that you read mail at %s, so no mail goes there. Ask an administrator to invite the new address.", w.account.Email)
		case w.account.Email == next:
			return invalid("same_email", "This is the account's address already.")
		}
		w.record("account.email_request", nil)
		return w.askAddresses(ctx, next)
	})
}

// askAddresses mails both links, in place of earlier ones.
func (w *accountWork) askAddresses(ctx context.Context, next string) error {
	if err := cancelLinks(ctx, w.Tx, w.account.ID, LinkEmailOld, LinkEmailNew); err != nil {
		return err
	}
	if err := w.askAddress(ctx, LinkEmailOld, next, letter{kind: MailEmailOld, to: w.account.Email, mail: Mail{Person: next}}); err != nil {
		return err
	}
	free, err := w.addressFree(ctx, next)
	if err != nil || !free {
		return err
	}
	return w.askAddress(ctx, LinkEmailNew, next, letter{kind: MailEmailNew, to: next})
}

func (w *accountWork) askAddress(ctx context.Context, p LinkPurpose, next string, l letter) error {
	link, text, err := w.s.newLink(ctx, w.Tx, Link{Purpose: p, Account: w.account.ID, Email: next}, EmailLinkLifetime)
	if err != nil {
		return err
	}
	l.subject, l.ends = string(link.ID), link.ExpiresAt
	l.mail.LinkPath, l.mail.LinkToken, l.mail.EndsAt = "/email", text, link.ExpiresAt
	return w.post(ctx, l)
}

// addressFree reports whether no other proved account has the address.
func (w *accountWork) addressFree(ctx context.Context, email string) (bool, error) {
	known, err := w.Accounts.ByEmail(ctx, Fold(email))
	taken := func(a Account) bool { return a.EmailProved && a.ID != w.account.ID }
	return !slices.ContainsFunc(known, taken), err
}

// EmailChange is what an e-mail link asks.
type EmailChange struct {
	Old, New string
	Purpose  LinkPurpose // whose word the link is
	OtherHas bool        // the other address agreed already
}

// OpenEmailChange returns what a ticket of an e-mail link asks.
func (s *Service) OpenEmailChange(ctx context.Context, ticket string) (EmailChange, error) {
	c, _, err := s.openEmailChange(ctx, ticket)
	return c, err
}

func (s *Service) openEmailChange(ctx context.Context, ticket string) (c EmailChange, id AccountID, err error) {
	err = s.store.View(ctx, func(tx *Tx) error {
		link, err := s.linkOfTicket(ctx, tx, ticket, LinkEmailOld, LinkEmailNew)
		if err != nil {
			return err
		}
		account, err := tx.Accounts.Get(ctx, link.Account)
		if err != nil {
			return orDeadTicket(err)
		}
		id, c = account.ID, EmailChange{Old: account.Email, New: link.Email, Purpose: link.Purpose}
		c.OtherHas, err = otherAgreed(ctx, tx, link)
		return err
	})
	return c, id, err
}

// otherAgreed reports whether the other address of a link that is still open
// gave its word: a link that was cancelled takes its twin with it.
func otherAgreed(ctx context.Context, tx *Tx, l Link) (bool, error) {
	purpose := LinkEmailOld
	if l.Purpose == LinkEmailOld {
		purpose = LinkEmailNew
	}
	others, err := tx.Links.OfAccount(ctx, l.Account, purpose)
	return slices.ContainsFunc(others, func(o Link) bool {
		return o.Email == l.Email && o.CreatedAt.Equal(l.CreatedAt) && !o.UsedAt.IsZero()
	}), err
}

// AgreeToEmailChange is one address's word. With the second one the account gets
// the new address, and so do its users whose e-mail was the old one, where no
// directory owns them and no other user of the workspace has it. It reports
// whether that happened. ErrConflict email_taken, to the new address alone, where
// another account has got it meanwhile.
func (s *Service) AgreeToEmailChange(ctx context.Context, ticket string, b Browser) (changed bool, err error) {
	c, account, err := s.openEmailChange(ctx, ticket)
	if err != nil {
		return false, err
	}
	err = s.changeAddress(ctx, account, []string{c.Old, c.New}, b, func(ctx context.Context, w *accountWork) error {
		changed = false
		link, err := s.useLink(ctx, w.Tx, ticket, LinkEmailOld, LinkEmailNew)
		if err != nil {
			return err
		}
		both, err := otherAgreed(ctx, w.Tx, link)
		if err != nil {
			return err
		}
		if !both {
			w.record("account.email_agree", nil)
			return nil
		}
		changed, err = w.moveTo(ctx, link)
		return err
	})
	return changed, orDeadTicket(err)
}

// moveTo gives the account, and the users that go with it, the address of the
// link, with which both addresses have agreed.
func (w *accountWork) moveTo(ctx context.Context, l Link) (bool, error) {
	free, err := w.addressFree(ctx, l.Email)
	switch {
	case err != nil:
		return false, err
	case !free && l.Purpose == LinkEmailNew:
		return false, conflict("email_taken", "Another account has this address by now. Sign in to that one.")
	case !free:
		return false, nil
	}
	if err := cancelLinks(ctx, w.Tx, w.account.ID, LinkReset, LinkEmailOld, LinkEmailNew); err != nil {
		return false, err
	}
	old := w.account.Email
	w.account.Email = l.Email
	if err := updateAccount(ctx, w.Tx, w.account); err != nil {
		return false, err
	}
	for _, u := range w.users {
		if err := w.moveUser(ctx, u, old); err != nil {
			return false, err
		}
	}
	if err := w.absorb(ctx); err != nil {
		return false, err
	}
	w.record("account.email_change", nil)
	return true, w.post(ctx, letter{kind: MailEmailChanged, to: old, mail: Mail{Person: l.Email}})
}

// moveUser gives a user the account's new address, if it had the old one, no
// directory owns it, nobody else in the workspace has the new one, and the
// workspace makes people of neither come through a connection: by their own word
// nobody leaves that rule, nor walks into it as the last administrator.
func (w *accountWork) moveUser(ctx context.Context, u User, old string) error {
	if err := w.Users.Lock(ctx, u.Workspace, []UserID{u.ID}); err != nil {
		return err
	}
	u, err := w.Users.Get(ctx, u.Workspace, u.ID)
	if err != nil || u.Record != nil || Fold(u.Email) != Fold(old) {
		return err
	}
	next := w.account.Email
	named, err := w.Users.List(ctx, u.Workspace, UserQuery{Key: Fold(next), Limit: 2})
	if err != nil || slices.ContainsFunc(named, func(o User) bool { return o.ID != u.ID }) {
		return err
	}
	if bound, err := w.boundToSSO(ctx, u, next); err != nil || bound {
		return err
	}
	if Fold(u.UserName) == Fold(old) {
		u.UserName = next
	}
	u.Email, u.UpdatedAt = next, w.Now()
	u.Version++
	err = w.Users.Update(ctx, u)
	if Taken(err, KeyUserName) {
		return errAgain
	}
	w.emit(EventUserChanged, u, nil)
	return err
}

// boundToSSO reports whether the workspace makes the user come through a
// connection, with the present address or the next one.
func (w *accountWork) boundToSSO(ctx context.Context, u User, next string) (bool, error) {
	ws, err := w.Workspaces.Get(ctx, u.Workspace)
	if err != nil {
		return false, err
	}
	bound, err := ssoRequired(ctx, w.Tx, ws, u)
	if err != nil || bound {
		return bound, err
	}
	u.Email = next
	return ssoRequired(ctx, w.Tx, ws, u)
}

// absorb takes over what unproved accounts of the new address reach: whoever
// reads mail there has just proved it. Where the account has a user already, it
// needs no second one.
func (w *accountWork) absorb(ctx context.Context) error {
	known, err := w.Accounts.ByEmail(ctx, Fold(w.account.Email))
	if err != nil {
		return err
	}
	others := slices.DeleteFunc(known, func(a Account) bool {
		there := func(u User) bool { return u.Workspace == a.Home }
		return a.EmailProved || slices.ContainsFunc(w.users, there)
	})
	if len(others) == 0 {
		return nil
	}
	if err := lockAccounts(ctx, w.Tx, others); err != nil {
		return err
	}
	ended, err := emptyAccounts(ctx, w.Tx, others)
	if err != nil {
		return err
	}
	for _, id := range ended {
		w.revoked = append(w.revoked, string(id))
	}
	if err := w.Accounts.Absorb(ctx, w.account.ID, idsOf(others)); err != nil {
		return err
	}
	w.users, err = w.Accounts.Users(ctx, w.account.ID)
	return err
}
