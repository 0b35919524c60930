package provisioning

import (
	"context"
	"errors"
)

// changeExternalID keeps rule 16. A record's externalId that changes from one
// value to another makes the user a successor: perhaps a rehire, perhaps a
// stranger with a recycled address. The id stays; what the predecessor could
// sign in with and was given by hand does not.
func (w *work) changeExternalID(ctx context.Context, d Directory, u *User, next string) error {
	present := u.Record.ExternalID
	if next == present {
		return nil
	}
	if next == "" {
		return invalid("external_id", "The externalId of a user can be changed but not cleared.")
	}
	if err := w.externalIDFree(ctx, d, u.ID, next); err != nil {
		return err
	}
	change := w.succeed
	if present == "" {
		change = w.firstExternalID
	}
	if err := change(ctx, d, u, next); err != nil {
		return err
	}
	return w.claimSubject(ctx, d, u.ID, next)
}

// firstExternalID is no succession. But who signs in here already is known: as
// in an adoption (rule 15), the directory may name them by the subject that they
// have at the paired connection, and by no other.
func (w *work) firstExternalID(ctx context.Context, d Directory, u *User, next string) error {
	if err := w.touchAdministrators(ctx, u.ID); err != nil || d.Connection == "" {
		return err
	}
	identities, err := w.Identities.OfUser(ctx, w.ws, u.ID)
	if err != nil {
		return err
	}
	known := false
	for _, i := range identities {
		if i.Connection == d.Connection && i.Subject == next {
			return nil
		}
		known = known || i.RetiredAt.IsZero()
	}
	if known {
		return conflict("external_id_taken", "This user signs in here already, and this externalId is not theirs. Push the externalId by which they sign in.")
	}
	return nil
}

func (w *work) externalIDFree(ctx context.Context, d Directory, u UserID, next string) error {
	other, err := w.findByExternalID(ctx, d, next)
	if err != nil {
		return err
	}
	if other != "" && other != u {
		return conflict("external_id_taken", "Another user of the directory has this externalId.")
	}
	owner, err := w.subjectOwner(ctx, d, next)
	if err != nil {
		return err
	}
	if owner != "" && owner != u {
		return conflict("external_id_taken", "This externalId is pinned to another user of the workspace.")
	}
	pinned, err := w.pinned(ctx, d, next)
	if err == nil && pinned != nil && pinned.User != u {
		return conflict("external_id_taken", "This externalId is pinned to another user of the workspace.")
	}
	return err
}

// pinned returns the identity of the paired connection with that subject,
// retired or not, or nil.
func (w *work) pinned(ctx context.Context, d Directory, subject string) (*Identity, error) {
	if d.Connection == "" || subject == "" {
		return nil, nil
	}
	c, err := w.Connections.Find(ctx, d.Connection)
	if err != nil {
		return nil, err
	}
	i, err := w.Identities.Find(ctx, w.ws, c.ID, c.Issuer, subject)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	return &i, err
}

// notRetired refuses to make a user by the subject of somebody's predecessor:
// the provider would send them back here and be refused for good.
func (w *work) notRetired(ctx context.Context, d Directory, externalID string) error {
	i, err := w.pinned(ctx, d, externalID)
	switch {
	case err != nil || i == nil:
		return err
	case i.RetiredAt.IsZero(): // pinned a moment ago, by the other door
		return errAgain
	}
	return conflict("external_id_taken", "This externalId was user %s's before theirs changed, and is pinned to them. Change it back there, or remove that user first.", i.User)
}

// succeed retires the predecessor: identities, sessions, account, and what was
// given otherwise than by the directory, which waits until an administrator
// says that it is the same person.
func (w *work) succeed(ctx context.Context, d Directory, u *User, next string) error {
	if err := w.touchAdministrators(ctx, u.ID); err != nil {
		return err
	}
	if err := w.Identities.Retire(ctx, w.ws, u.ID, w.Now()); err != nil {
		return err
	}
	if d.Connection != "" {
		if err := w.Subjects.Release(ctx, w.ws, d.Connection, u.ID, next); err != nil {
			return err
		}
	}
	if err := w.endSessions(ctx, u.ID); err != nil {
		return err
	}
	if err := w.cancelInvitations(ctx, u.ID); err != nil {
		return err
	}
	u.Account = ""
	if err := w.holdGrants(ctx, u.ID); err != nil {
		return err
	}
	w.record(note{action: "user.succeed", kind: "user", target: string(u.ID)})
	w.warn(EventUserSucceeded, string(u.ID), map[string]string{"directory": string(d.ID)})
	return nil
}

func (w *work) holdGrants(ctx context.Context, u UserID) error {
	grants, err := w.Grants.OfUser(ctx, w.ws, u)
	if err != nil {
		return err
	}
	var ids []GrantID
	for _, g := range grants {
		if g.Source != SourceDirectory && !g.Held {
			ids = append(ids, g.ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	if err := w.Grants.Hold(ctx, w.ws, ids, "successor"); err != nil {
		return err
	}
	_, err = w.refresh(ctx, []UserID{u})
	return err
}
