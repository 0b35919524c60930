package provisioning

import (
	"context"
	"encoding/json"
	"time"
)

// EventMailDead warns that a mail was given up. Its subject is the delivery.
const EventMailDead EventType = "mail.dead"

const (
	// maxMailError bounds what is kept of what a mail server said, in bytes.
	maxMailError = 300
	// mailsKept is how long it is shown what became of a mail.
	mailsKept = 30 * day
)

// Posted is a delivery as an administrator sees it: without what it says.
type Posted struct {
	ID        DeliveryID
	Kind      MailKind
	To        string
	State     DeliveryState
	Attempts  int
	Error     string
	CreatedAt time.Time
	NextAt    time.Time
	ExpiresAt time.Time
	SettledAt time.Time
}

// Mails lists the mails of the workspace, newest first: to who holds members.read
// in the root. Of ws "", those about accounts, to the operator.
func (s *Service) Mails(ctx context.Context, a Actor, ws WorkspaceID, q DeliveryQuery) (all []Posted, err error) {
	read := func(ctx context.Context, tx *Tx) error {
		found, err := tx.Deliveries.List(ctx, ws, q)
		all = make([]Posted, len(found))
		for i, d := range found {
			all[i] = d.posted()
		}
		return err
	}
	if ws != "" {
		err = s.look(ctx, a, ws, MembersRead, "", func(ctx context.Context, w *work) error { return read(ctx, w.Tx) })
		return all, err
	}
	if err := onlyOperator(a); err != nil {
		return nil, err
	}
	err = s.store.View(ctx, func(tx *Tx) error { return read(ctx, tx) })
	return all, err
}

func (d Delivery) posted() Posted {
	return Posted{
		ID: d.ID, Kind: d.Kind, To: d.To, State: d.State, Attempts: d.Attempts, Error: d.Error,
		CreatedAt: d.CreatedAt, NextAt: d.NextAt, ExpiresAt: d.ExpiresAt, SettledAt: d.SettledAt,
	}
}

func onlyOperator(a Actor) error {
	if a.Kind != ActorOperator {
		return fail(ErrForbidden, "not_permitted", "Only the operator on the server does this.")
	}
	return nil
}

// RetryMail sends a dead mail again, with all its attempts: for who holds
// members.edit in the root, and for the operator. ErrConflict not_dead for one
// that is not dead, or whose link has ended.
func (s *Service) RetryMail(ctx context.Context, a Actor, ws WorkspaceID, id DeliveryID) error {
	if ws == "" {
		return s.retryAccountMail(ctx, a, id)
	}
	o := changeOptions{action: "mail.retry", target: string(id)}
	return s.change(ctx, a, ws, o, func(ctx context.Context, w *work) error {
		if err := w.require(ctx, MembersEdit, w.anchors.root); err != nil {
			return err
		}
		if err := retryMail(ctx, w.Tx, ws, id); err != nil {
			return err
		}
		w.posted = true
		w.record(note{action: "mail.retry", kind: "mail", target: string(id)})
		return nil
	})
}

// retryAccountMail is RetryMail for a mail about an account, which is in no
// workspace's audit log.
func (s *Service) retryAccountMail(ctx context.Context, a Actor, id DeliveryID) error {
	if err := onlyOperator(a); err != nil {
		return err
	}
	err := s.store.Update(ctx, func(tx *Tx) error { return retryMail(ctx, tx, "", id) })
	if err == nil && s.notifier != nil {
		s.notifier.Posted()
	}
	return err
}

func retryMail(ctx context.Context, tx *Tx, ws WorkspaceID, id DeliveryID) error {
	ours, err := tx.Deliveries.Retry(ctx, ws, id, tx.Now())
	if err == nil && !ours {
		return conflict("not_dead", "This mail cannot be sent again: it was not given up, or its link has ended or was replaced. Send a new invitation or link instead.")
	}
	return err
}

// ClaimMails gives a worker mails to send: see [Deliveries].Claim. One whose link
// has ended is not sent any more, and one whose words cannot be read is given up
// at once.
func (s *Service) ClaimMails(ctx context.Context, lease time.Duration, limit int) (claimed []Claimed, err error) {
	var dead []Delivery
	err = s.store.Update(ctx, func(tx *Tx) error {
		claimed, dead = nil, nil
		found, err := tx.Deliveries.Claim(ctx, tx.Now(), tx.Now().Add(lease), limit)
		if err != nil {
			return err
		}
		for _, d := range found {
			m, err := s.openMail(d)
			switch {
			case !tx.Now().Before(d.ExpiresAt):
				err = expireMail(ctx, tx, d)
			case err != nil:
				dead = append(dead, d)
				_, err = s.giveUp(ctx, tx, d, "What this mail says cannot be read with the present secret key.")
			default:
				claimed = append(claimed, Claimed{d, m})
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, d := range dead {
		s.logDead(ctx, d)
	}
	return claimed, nil
}

func expireMail(ctx context.Context, tx *Tx, d Delivery) error {
	d.State, d.SettledAt, d.Sealed = DeliveryExpired, tx.Now(), nil
	_, err := tx.Deliveries.Settle(ctx, d)
	return err
}

func (s *Service) openMail(d Delivery) (m Mail, err error) {
	words, err := s.sealer.Open(string(d.Workspace), deliveryRow(d.ID), d.Sealed)
	if err != nil {
		return m, err
	}
	return m, json.Unmarshal(words, &m)
}

// Claimed is a delivery that a worker has, opened.
type Claimed struct {
	Delivery Delivery
	Mail     Mail
}

// MailOutcome is what a worker says of a delivery.
type MailOutcome struct {
	Sent    bool
	Error   string        // what went wrong, fit for an administrator
	Retry   time.Duration // after how long to try again
	GivenUp bool          // the server refused it for good, or the attempts are used up
}

// SettleMail stores the outcome. What was sent says is erased; what was given up
// keeps it until its link ends, to be sent again, and leaves a warning event. It
// reports whether the worker still had the delivery.
func (s *Service) SettleMail(ctx context.Context, c Claimed, o MailOutcome) (ours bool, err error) {
	err = s.store.Update(ctx, func(tx *Tx) error {
		d := c.Delivery
		switch {
		case o.Sent:
			d.State, d.Error, d.SettledAt, d.Sealed = DeliverySent, "", tx.Now(), nil
		case o.GivenUp:
			ours, err = s.giveUp(ctx, tx, d, o.Error)
			return err
		default:
			d.Error, d.NextAt = cutText(o.Error, maxMailError), tx.Now().Add(o.Retry)
		}
		ours, err = tx.Deliveries.Settle(ctx, d)
		return err
	})
	if err == nil && ours && o.GivenUp && !o.Sent {
		s.logDead(ctx, c.Delivery)
	}
	return ours, err
}

// giveUp settles a delivery as dead. The workspace, if it is of one, is warned.
func (s *Service) giveUp(ctx context.Context, tx *Tx, d Delivery, why string) (bool, error) {
	d.State, d.Error, d.SettledAt = DeliveryDead, cutText(why, maxMailError), tx.Now()
	ours, err := tx.Deliveries.Settle(ctx, d)
	if err != nil || !ours || d.Workspace == "" {
		return ours, err
	}
	return true, tx.Events.Append(ctx, []Event{{
		Workspace: d.Workspace, ID: EventID(s.ids.New()), Type: EventMailDead, Subject: string(d.ID),
		Data: map[string]string{"kind": string(d.Kind)}, Warning: true, CreatedAt: tx.Now(),
	}})
}

// logDead names no address.
func (s *Service) logDead(ctx context.Context, d Delivery) {
	s.log.WarnContext(ctx, "a mail was given up", "delivery_id", d.ID, "kind", d.Kind, "workspace_id", d.Workspace)
}

// ExpireMails erases what is past its end, and forgets what was settled more than
// 30 days ago.
func (s *Service) ExpireMails(ctx context.Context) error {
	return s.store.Update(ctx, func(tx *Tx) error {
		return tx.Deliveries.Expire(ctx, tx.Now(), tx.Now().Add(-mailsKept))
	})
}
