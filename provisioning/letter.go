package provisioning

import (
	"context"
	"encoding/json"
	"time"
)

// noticeLifetime is how long a mail without a link is worth sending.
const noticeLifetime = 3 * day

// letter is a mail to put into the outbox.
type letter struct {
	workspace WorkspaceID // "" for one about an account
	kind      MailKind
	to        string
	subject   string    // id of the invitation or link that it carries, or ""
	ends      time.Time // zero for a mail without a link
	mail      Mail
}

// post puts letters into the outbox, sealed. Where no mail goes out, nothing is
// kept: links are given to who asked for them instead.
func (s *Service) post(ctx context.Context, tx *Tx, letters ...letter) error {
	if !s.mailOut || len(letters) == 0 {
		return nil
	}
	ds := make([]Delivery, len(letters))
	for i, l := range letters {
		d := Delivery{
			Workspace: l.workspace, ID: DeliveryID(s.ids.New()), Subject: l.subject, Kind: l.kind, To: l.to,
			State: DeliveryWaiting, NextAt: tx.Now(), CreatedAt: tx.Now(), ExpiresAt: l.ends,
		}
		if l.ends.IsZero() {
			d.ExpiresAt = tx.Now().Add(noticeLifetime)
		}
		words, err := json.Marshal(l.mail)
		if err != nil {
			return err
		}
		if d.Sealed, err = s.sealer.Seal(string(l.workspace), deliveryRow(d.ID), words); err != nil {
			return err
		}
		ds[i] = d
	}
	return tx.Deliveries.Add(ctx, ds)
}

func deliveryRow(id DeliveryID) string { return "delivery/" + string(id) }

// post puts letters of this change into the outbox, and wakes the worker after
// the commit.
func (w *work) post(ctx context.Context, letters ...letter) error {
	w.posted = w.posted || len(letters) > 0
	return w.s.post(ctx, w.Tx, letters...)
}
