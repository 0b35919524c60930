package provisioning

import (
	"context"
	"crypto/hmac"
	"errors"
	"slices"
	"time"
)

// newLink stores a link and returns it with its secret text.
func (s *Service) newLink(ctx context.Context, tx *Tx, l Link, lifetime time.Duration) (Link, string, error) {
	secret := s.hasher.NewSecret()
	l.ID, l.SecretHash = LinkID(s.ids.New()), s.hasher.Hash(secret)
	l.CreatedAt, l.ExpiresAt = tx.Now(), tx.Now().Add(lifetime)
	return l, LinkPrefix + string(l.ID) + "." + secret, tx.Links.Create(ctx, l)
}

// linkOfTicket returns the link that a ticket stands for, if it has one of the
// purposes and can still be used: else ErrGone.
func (s *Service) linkOfTicket(ctx context.Context, tx *Tx, text string, purposes ...LinkPurpose) (Link, error) {
	t, ok := s.openTicket(text, ticketLink, tx.Now())
	if !ok {
		return Link{}, errDeadTicket()
	}
	l, err := tx.Links.Find(ctx, LinkID(t.ID))
	switch {
	case errors.Is(err, ErrNotFound):
		return Link{}, errDeadTicket()
	case err != nil:
		return Link{}, err
	case !hmac.Equal(t.Print, printOf(l.SecretHash)) || !slices.Contains(purposes, l.Purpose):
		return Link{}, errDeadTicket()
	}
	return l, l.usable(tx.Now())
}

// usable says why the link cannot be used at now, to who proved its secret.
func (l Link) usable(now time.Time) error {
	switch {
	case !l.UsedAt.IsZero():
		return errUsedLink()
	case !l.Open(now):
		return fail(ErrGone, "link_expired", "This link has expired. Ask for a new one.")
	}
	return nil
}

// useLink uses up the link that a ticket stands for. Of two at once one gets it.
func (s *Service) useLink(ctx context.Context, tx *Tx, text string, purposes ...LinkPurpose) (Link, error) {
	l, err := s.linkOfTicket(ctx, tx, text, purposes...)
	if err != nil {
		return Link{}, err
	}
	ours, err := tx.Links.Use(ctx, l.ID, tx.Now())
	if err == nil && !ours {
		return Link{}, errUsedLink()
	}
	return l, err
}

func errDeadTicket() error {
	return fail(ErrGone, "link_dead", "This page was open for too long, or no link leads here. Open the link again, or ask for a new one.")
}

func errUsedLink() error {
	return fail(ErrGone, "link_used", "This link was used already, or a newer one took its place. Ask for a new one.")
}

func errNoMail() error {
	return conflict("no_mail", "No mail can go out for this. Ask an administrator of your workspace.")
}
