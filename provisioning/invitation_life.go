package provisioning

import (
	"context"
	"errors"
	"slices"
)

// Events of invitations.
const (
	EventInvitationCreated   EventType = "invitation.created"
	EventInvitationResent    EventType = "invitation.resent"
	EventInvitationCancelled EventType = "invitation.cancelled"
	EventInvitationAccepted  EventType = "invitation.accepted"
	EventInvitationAsked     EventType = "invitation.asked" // the invited person asks for a new link
)

// Invitations lists invitations of the workspace, newest first, to an actor who
// may see members.
func (s *Service) Invitations(ctx context.Context, a Actor, ws WorkspaceID, q InvitationQuery) (all []Invitation, err error) {
	err = s.look(ctx, a, ws, MembersRead, "", func(ctx context.Context, w *work) error {
		all, err = w.Invitations.List(ctx, ws, q)
		return err
	})
	return all, err
}

// ResendInvitation kills the link that went out and makes a new one, with a new
// lifetime. It asks for what inviting anew would: whoever sends the link may see
// it. Of one that was accepted or cancelled it is ErrConflict.
func (s *Service) ResendInvitation(ctx context.Context, a Actor, ws WorkspaceID, id InvitationID) (result InviteResult, err error) {
	o := changeOptions{action: "invitation.resend", target: string(id)}
	err = s.change(ctx, a, ws, o, func(ctx context.Context, w *work) error {
		v := inviting{work: w}
		result, err = v.resend(ctx, id)
		return err
	})
	if err != nil {
		return InviteResult{}, err
	}
	return result, nil
}

func (v *inviting) resend(ctx context.Context, id InvitationID) (InviteResult, error) {
	i, err := v.pendingInvitation(ctx, id)
	if err != nil {
		return InviteResult{}, err
	}
	if err := v.read(ctx); err != nil {
		return InviteResult{}, err
	}
	if err := v.mayGive(i.Roles); err != nil {
		return InviteResult{}, err
	}
	if err := i.settled(); err != nil {
		return InviteResult{}, err
	}
	if err := mayBeInvited(i.user); err != nil {
		return InviteResult{}, err
	}
	if err := v.mayShowLink(ctx, v.rights, i.User); err != nil {
		return InviteResult{}, err
	}
	link := v.newSecret(&i.Invitation)
	i.Shown, i.InvitedBy = !v.s.mailOut, v.invitedBy()
	i.ExpiresAt = v.Now().Add(v.workspace.Settings.Duration(SettingInvitationLifetime))
	if err := v.storeResent(ctx, i.Invitation); err != nil {
		return InviteResult{}, err
	}
	result := InviteResult{Email: i.Email, Outcome: InviteAdded, Invitation: i.Invitation}
	if i.Shown {
		result.Link = link
		return result, nil
	}
	return result, v.mailLink(ctx, i.Invitation, link)
}

func (v *inviting) storeResent(ctx context.Context, i Invitation) error {
	if err := v.Invitations.Update(ctx, i); err != nil {
		return err
	}
	v.record(note{action: "invitation.resend", kind: "user", target: string(i.User), details: map[string]string{"invitation": string(i.ID)}})
	v.emit(EventInvitationResent, string(i.ID), map[string]string{"user": string(i.User)})
	return v.Deliveries.Drop(ctx, []string{string(i.ID)}, v.Now())
}

// CancelInvitation kills the link. A person who has nothing beside it, and never
// came in, leaves the workspace with it, without a tombstone. Cancelling twice
// changes nothing; of one that was accepted it is ErrConflict.
func (s *Service) CancelInvitation(ctx context.Context, a Actor, ws WorkspaceID, id InvitationID) error {
	o := changeOptions{action: "invitation.cancel", target: string(id)}
	return s.change(ctx, a, ws, o, func(ctx context.Context, w *work) error {
		i, err := w.pendingInvitation(ctx, id)
		if err != nil {
			return err
		}
		if err := w.mayCancel(ctx, i.Invitation); err != nil || !i.CancelledAt.IsZero() {
			return err
		}
		if err := i.settled(); err != nil {
			return err
		}
		if err := w.cancelInvitation(ctx, i.Invitation); err != nil {
			return err
		}
		return w.forget(ctx, i.user)
	})
}

// mayCancel asks, in each community of the invitation, for the permission to
// invite there or to suspend members.
func (w *work) mayCancel(ctx context.Context, i Invitation) error {
	r, err := w.rights(ctx)
	if err != nil {
		return err
	}
	for _, in := range i.Roles {
		if r.require([]Permission{MembersEdit}, in.Community) == nil {
			continue
		}
		if err := r.require([]Permission{MembersInvite}, in.Community); err != nil {
			return err
		}
	}
	return nil
}

// pending is an invitation that can be sent again or cancelled, with its user.
type pending struct {
	Invitation
	user User
}

// settled says what cannot be changed any more.
func (p pending) settled() error {
	switch {
	case !p.AcceptedAt.IsZero():
		return conflict("invitation_accepted", "This invitation was accepted already.")
	case !p.CancelledAt.IsZero():
		return conflict("invitation_cancelled", "This invitation was cancelled. Invite the person anew.")
	}
	return nil
}

// pendingInvitation holds what an invitation gives, locks its user, and returns
// both as they then stand.
func (w *work) pendingInvitation(ctx context.Context, id InvitationID) (p pending, err error) {
	if p.Invitation, err = w.invitation(ctx, id); err != nil {
		return p, err
	}
	if _, err := w.holdStanding(ctx, p.Roles); err != nil {
		return p, err
	}
	if err := w.Users.Lock(ctx, w.ws, []UserID{p.User}); err != nil {
		return p, err
	}
	if p.Invitation, err = w.invitation(ctx, id); err != nil {
		return p, err
	}
	p.user, err = w.Users.Get(ctx, w.ws, p.User)
	return p, err
}

func (w *work) invitation(ctx context.Context, id InvitationID) (Invitation, error) {
	i, err := w.Invitations.Find(ctx, id)
	if err == nil && i.Workspace != w.ws {
		return Invitation{}, notFound("invitation")
	}
	return i, orNotFound(err, "invitation")
}

// forget lets a person leave who was invited, never came, and has nothing else
// here. There is nothing to remember of them: no tombstone stays, and the
// userName is free. Somebody with a block stays: it must not be lost.
func (w *work) forget(ctx context.Context, u User) error {
	came := u.Account != "" || u.Record != nil || !u.LastSeenAt.IsZero()
	if u.Origin != OriginInvitation || came || !u.MayAct() {
		return nil
	}
	has, err := w.hasSomething(ctx, u.ID)
	if err != nil || has {
		return err
	}
	u.RemovedAt, u.UpdatedAt = w.Now(), w.Now()
	u.Version++
	w.record(note{action: "user.remove", kind: "user", target: string(u.ID), words: map[string]string{"user_name": u.UserName}})
	w.emit(EventUserRemoved, string(u.ID), nil)
	return w.Users.Update(ctx, u)
}

// hasSomething reports whether the user has, or had, an identity, a grant, a
// membership or an invitation that was accepted or is pending.
func (w *work) hasSomething(ctx context.Context, u UserID) (bool, error) {
	identities, err := w.Identities.OfUser(ctx, w.ws, u)
	if err != nil || len(identities) > 0 {
		return true, err
	}
	grants, err := w.Grants.OfUser(ctx, w.ws, u)
	if err != nil || len(grants) > 0 {
		return true, err
	}
	held, err := w.Access.OfUser(ctx, w.ws, u)
	if err != nil || len(held) > 0 {
		return true, err
	}
	invitations, err := w.Invitations.OfUser(ctx, w.ws, u)
	return slices.ContainsFunc(invitations, func(i Invitation) bool { return i.CancelledAt.IsZero() }), err
}

// cancelInvitation kills the link of an invitation that was neither accepted nor
// cancelled, and the mail with it that did not go out yet.
func (w *work) cancelInvitation(ctx context.Context, i Invitation) error {
	i.CancelledAt = w.Now()
	if err := w.Invitations.Update(ctx, i); err != nil {
		if errors.Is(err, ErrNotFound) {
			return errAgain
		}
		return err
	}
	return w.invitationsCancelled(ctx, []InvitationID{i.ID}, i.User)
}

// cancelInvitations is cancelInvitation for all of a user.
func (w *work) cancelInvitations(ctx context.Context, u UserID) error {
	ids, err := w.Invitations.CancelOfUser(ctx, w.ws, u, w.Now())
	if err != nil || len(ids) == 0 {
		return err
	}
	return w.invitationsCancelled(ctx, ids, u)
}

func (w *work) invitationsCancelled(ctx context.Context, ids []InvitationID, u UserID) error {
	subjects := make([]string, len(ids))
	for n, id := range ids {
		subjects[n] = string(id)
		w.record(note{action: "invitation.cancel", kind: "user", target: string(u), details: map[string]string{"invitation": string(id)}})
		w.emit(EventInvitationCancelled, string(id), map[string]string{"user": string(u)})
	}
	return w.Deliveries.Drop(ctx, subjects, w.Now())
}
