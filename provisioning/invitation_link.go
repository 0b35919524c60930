package provisioning

import (
	"context"
	"crypto/hmac"
	"errors"
	"strings"
	"time"
)

// openedInvitation returns the invitation that a link's text or a ticket opens:
// it can be accepted now, and its user may act.
func (s *Service) openedInvitation(ctx context.Context, tx *Tx, text string) (Invitation, error) {
	i, err := s.linkedInvitation(ctx, tx, text)
	if err != nil {
		return Invitation{}, err
	}
	if err := i.usable(tx.Now()); err != nil {
		return Invitation{}, err
	}
	u, err := tx.Users.Get(ctx, i.Workspace, i.User)
	if err == nil && !u.MayAct() {
		return Invitation{}, errDeadLink()
	}
	return i, err
}

// linkedInvitation returns the invitation that a link's text or a ticket proves,
// in whatever state. An unknown id and a wrong secret are one answer, after the
// same work: nobody learns which invitations exist.
func (s *Service) linkedInvitation(ctx context.Context, tx *Tx, text string) (Invitation, error) {
	if strings.HasPrefix(text, ticketPrefix) {
		return s.ticketedInvitation(ctx, tx, text)
	}
	id, secret, ok := splitBearer(text, InvitationPrefix)
	if !ok {
		return Invitation{}, errDeadLink()
	}
	i, err := tx.Invitations.Find(ctx, InvitationID(id))
	if err != nil && !errors.Is(err, ErrNotFound) {
		return Invitation{}, err
	}
	if !s.hasher.Equal(i.SecretHash, secret) {
		return Invitation{}, errDeadLink()
	}
	return i, nil
}

func (s *Service) ticketedInvitation(ctx context.Context, tx *Tx, text string) (Invitation, error) {
	t, ok := s.openTicket(text, ticketInvitation, tx.Now())
	if !ok {
		return Invitation{}, errDeadLink()
	}
	i, err := tx.Invitations.Find(ctx, InvitationID(t.ID))
	if err != nil && !errors.Is(err, ErrNotFound) {
		return Invitation{}, err
	}
	if !hmac.Equal(t.Print, printOf(i.SecretHash)) {
		return Invitation{}, errDeadLink()
	}
	return i, nil
}

// usable says why the invitation cannot be accepted at now, to who proved its
// secret.
func (i Invitation) usable(now time.Time) error {
	switch {
	case !i.AcceptedAt.IsZero():
		return fail(ErrGone, "link_used", "This invitation was accepted already. Sign in.")
	case !i.CancelledAt.IsZero():
		return fail(ErrGone, "link_cancelled", "This invitation was cancelled. If you expected it, ask whoever invited you.")
	case !i.Open(now):
		return fail(ErrGone, "link_expired", "This invitation has expired. Ask whoever invited you for a new one.")
	}
	return nil
}

func errDeadLink() error {
	return fail(ErrGone, "link_dead", "This link leads nowhere: it is not whole, a newer one took its place, or the page was open for too long. Open the link of the newest mail, or ask whoever invited you.")
}

// provesAddress reports whether somebody who reads mail at the address accepted.
// A link that was shown says nothing of that (rule 19), unless the operator, who
// vouches for domains too, passed it on.
func (i Invitation) provesAddress() bool {
	return !i.AcceptedAt.IsZero() && (!i.Shown || i.InvitedBy == "")
}
