package provisioning

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"time"
)

// TicketLifetime is how long what a link was exchanged for may be used.
const TicketLifetime = time.Hour

// LinkPrefix starts the secret text of a [Link].
const LinkPrefix = "dblnk_"

const (
	ticketPrefix = "dbtic_"
	ticketRow    = "ticket"
	maxTicket    = 2048
)

// ticket stands for something that was proved a moment ago: a link that was
// opened (by its id, and a fingerprint of its secret, so that the ticket dies
// with the link), or an authenticator's secret on its way to being confirmed.
type ticket struct {
	Purpose string    `json:"p"`
	ID      string    `json:"i,omitempty"`
	Print   []byte    `json:"f,omitempty"`
	Text    string    `json:"t,omitempty"`
	EndsAt  time.Time `json:"e"`
}

const (
	ticketInvitation = "invitation"
	ticketLink       = "link"
	ticketTOTP       = "totp"
)

// sealTicket gives a ticket as text.
func (s *Service) sealTicket(t ticket) (string, error) {
	plain, err := json.Marshal(t)
	if err != nil {
		return "", err
	}
	sealed, err := s.sealer.Seal("", ticketRow, plain)
	return ticketPrefix + base64.RawURLEncoding.EncodeToString(sealed), err
}

// openTicket reads a ticket that is good at now; false for anything else.
func (s *Service) openTicket(text, purpose string, now time.Time) (ticket, bool) {
	sealed, ok := strings.CutPrefix(text, ticketPrefix)
	if !ok || len(text) > maxTicket {
		return ticket{}, false
	}
	raw, err := base64.RawURLEncoding.DecodeString(sealed)
	if err != nil {
		return ticket{}, false
	}
	plain, err := s.sealer.Open("", ticketRow, raw)
	if err != nil {
		return ticket{}, false
	}
	var t ticket
	if json.Unmarshal(plain, &t) != nil || t.Purpose != purpose || !now.Before(t.EndsAt) {
		return ticket{}, false
	}
	return t, true
}

// printOf tells two secrets of one link apart, and gives neither away.
func printOf(secretHash []byte) []byte {
	sum := sha256.Sum256(secretHash)
	return sum[:16]
}

// ExchangeLink gives for the text of a mailed or shown link (`dbinv_…`,
// `dblnk_…`) a short-lived ticket that stands for it, so that the link itself
// stays in no history. It writes nothing, however often it is asked: opening a
// link uses nothing up.
//
// The link is ErrGone with code link_dead (unknown, or a wrong secret) or, for
// who has the right secret, link_used, link_cancelled or link_expired.
func (s *Service) ExchangeLink(ctx context.Context, text string) (sealed string, err error) {
	err = s.store.View(ctx, func(tx *Tx) error {
		var t ticket
		if strings.HasPrefix(text, InvitationPrefix) {
			t, err = s.invitationTicket(ctx, tx, text)
		} else {
			t, err = s.linkTicket(ctx, tx, text)
		}
		if err != nil {
			return err
		}
		t.EndsAt = tx.Now().Add(TicketLifetime)
		sealed, err = s.sealTicket(t)
		return err
	})
	return sealed, err
}

func (s *Service) invitationTicket(ctx context.Context, tx *Tx, text string) (ticket, error) {
	i, err := s.openedInvitation(ctx, tx, text)
	return ticket{Purpose: ticketInvitation, ID: string(i.ID), Print: printOf(i.SecretHash)}, err
}

func (s *Service) linkTicket(ctx context.Context, tx *Tx, text string) (ticket, error) {
	id, secret, ok := splitBearer(text, LinkPrefix)
	if !ok {
		return ticket{}, errDeadTicket()
	}
	l, err := tx.Links.Find(ctx, LinkID(id))
	if err != nil && !errors.Is(err, ErrNotFound) {
		return ticket{}, err
	}
	if !s.hasher.Equal(l.SecretHash, secret) { // as long for a link that is not there
		return ticket{}, errDeadTicket()
	}
	return ticket{Purpose: ticketLink, ID: id, Print: printOf(l.SecretHash)}, l.usable(tx.Now())
}
