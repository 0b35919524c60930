package provisioning

import (
	"context"
	"errors"
	"time"
)

// askInterval is how often the inviter is told that an invited person asks.
const askInterval = time.Hour

// AskForInvitation tells who made an invitation that has expired, by mail, that
// the person asks for a new one; at most once an hour for one invitation, and the
// answer is the same. Who made it and is not here any more is stood for by the
// workspace's contact, if that is an address. text is a link's text or a ticket.
// Errors: ErrGone as [Service.ExchangeLink], but for link_expired; ErrConflict
// link_open where the link still works, no_mail where no mail goes out.
func (s *Service) AskForInvitation(ctx context.Context, text string) error {
	i, err := s.expiredInvitation(ctx, text)
	if err != nil {
		return err
	}
	if !s.mailOut {
		return conflict("no_mail", "No mail goes out from here. Ask whoever invited you for a new link.")
	}
	if !s.attempts.Fail(ctx, "ask/"+string(i.ID), 1, askInterval, askInterval) {
		return nil
	}
	actor := Actor{Kind: ActorSystem, Workspace: i.Workspace}
	return s.change(ctx, actor, i.Workspace, changeOptions{}, func(ctx context.Context, w *work) error {
		return w.askInviter(ctx, i)
	})
}

func (s *Service) expiredInvitation(ctx context.Context, text string) (i Invitation, err error) {
	err = s.store.View(ctx, func(tx *Tx) error {
		if i, err = s.linkedInvitation(ctx, tx, text); err != nil {
			return err
		}
		switch err := i.usable(tx.Now()); {
		case err == nil:
			return conflict("link_open", "This link still works. Open it.")
		case Code(err) != "link_expired":
			return err
		}
		u, err := tx.Users.Get(ctx, i.Workspace, i.User)
		if err == nil && !u.MayAct() {
			return errDeadLink()
		}
		return err
	})
	return i, err
}

func (w *work) askInviter(ctx context.Context, i Invitation) error {
	ws, err := w.Workspaces.Get(ctx, w.ws)
	if err != nil {
		return err
	}
	to, err := w.inviterAddress(ctx, i, ws)
	if err != nil {
		return err
	}
	w.record(note{action: "invitation.ask", kind: "user", target: string(i.User), details: map[string]string{"invitation": string(i.ID)}})
	w.emit(EventInvitationAsked, string(i.ID), map[string]string{"user": string(i.User)})
	if to == "" {
		return nil
	}
	return w.post(ctx, letter{workspace: w.ws, kind: MailAskAgain, to: to, mail: Mail{Person: i.Email, Workspace: ws.Name}})
}

// inviterAddress is where whoever made the invitation reads mail, or whoever
// stands for them.
func (w *work) inviterAddress(ctx context.Context, i Invitation, ws Workspace) (string, error) {
	if i.InvitedBy != "" {
		u, err := w.Users.Get(ctx, w.ws, i.InvitedBy)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return "", err
		}
		if err == nil && u.MayAct() {
			if proved, err := provedEmail(ctx, w.Tx, u); err != nil || proved != "" {
				return proved, err
			}
		}
	}
	if contact := ws.Settings.Get(SettingContact); checkAddress(contact) == nil {
		return contact, nil
	}
	return "", nil
}
