package provisioning

import (
	"context"
	"errors"
)

// byInvitation is a first sign-in that carries an invitation: the link proves
// who was meant, the token that it is that address (its domain verified or
// not). The identity is then pinned to the invited user.
func (d *signInDecision) byInvitation(ctx context.Context) (SignedIn, error) {
	i, err := d.carried(ctx)
	if err != nil {
		return SignedIn{}, err
	}
	if Fold(i.Email) != Fold(d.claims.Email) {
		return SignedIn{}, refuse(RefusedOtherAddress, i.User)
	}
	if recorded, err := d.recordedUser(ctx); err != nil {
		return SignedIn{}, err
	} else if recorded != "" && recorded != i.User {
		return SignedIn{}, refuse(RefusedAmbiguous, i.User)
	}
	u, err := d.mayEnter(ctx, i.User)
	if err != nil {
		return SignedIn{}, err
	}
	if err := d.requireAccountProof(ctx, u); err != nil {
		return SignedIn{}, err
	}
	if err := d.recordNamesAnother(ctx, u); err != nil {
		return SignedIn{}, err
	}
	if err := d.acceptInvitation(ctx, i); err != nil {
		return SignedIn{}, err
	}
	return d.enter(ctx, u)
}

// acceptCarried accepts the carried invitation for somebody who is recognised
// by the identity already.
func (d *signInDecision) acceptCarried(ctx context.Context, u User) error {
	i, err := d.carried(ctx)
	if err != nil {
		return err
	}
	if i.User != u.ID || Fold(i.Email) != Fold(d.claims.Email) {
		return refuse(RefusedOtherAddress, u.ID)
	}
	return d.acceptInvitation(ctx, i)
}

func (d *signInDecision) carried(ctx context.Context) (Invitation, error) {
	i, err := d.Invitations.Find(ctx, d.invitation)
	if errors.Is(err, ErrNotFound) || err == nil && (i.Workspace != d.ws || !i.Open(d.Now())) {
		return Invitation{}, refuse(RefusedInvitationDead, "")
	}
	return i, err
}
