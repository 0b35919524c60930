package provisioning

import (
	"context"
	"errors"
)

// A directory's first write about a user without a record adopts (rule 15):
// by externalId = `sub` of the paired connection, else, by verified domain,
// one with that userName or e-mail and no identity. Whoever is found and may
// not be adopted is a conflict that says what to do.

// adoptionCandidate returns the user that a POST is about, or "".
func (w *work) adoptionCandidate(ctx context.Context, d Directory, n RecordWrite) (UserID, error) {
	owner, err := w.subjectOwner(ctx, d, textOf(n.ExternalID))
	if err != nil || owner != "" {
		return owner, err
	}
	named, err := w.namedAlike(ctx, n.Profile)
	if err != nil {
		return "", err
	}
	var free []User
	for _, u := range named {
		switch {
		case u.Record == nil:
			free = append(free, u)
		case Fold(u.UserName) == Fold(n.Profile.UserName):
			return "", conflict("user_name_taken", "The workspace has a user with this userName already.")
		}
	}
	switch len(free) {
	case 0:
		return "", nil
	case 1:
		return free[0].ID, nil
	}
	return "", conflict("not_adoptable", "Two people here have this userName and this e-mail. Ask an administrator of the workspace to remove one of them.")
}

// subjectOwner returns the user whom the paired connection knows by that
// subject, or "".
func (w *work) subjectOwner(ctx context.Context, d Directory, externalID string) (UserID, error) {
	if d.Connection == "" || externalID == "" {
		return "", nil
	}
	owner, err := w.Subjects.Of(ctx, w.ws, d.Connection, externalID)
	if errors.Is(err, ErrNotFound) {
		return "", nil
	}
	return owner, err
}

// maxNamedAlike bounds how many people of one e-mail address are looked at.
const maxNamedAlike = 1000

// namedAlike returns users whose userName or e-mail is the pushed userName or
// e-mail.
func (w *work) namedAlike(ctx context.Context, p Profile) ([]User, error) {
	keys := []string{Fold(p.UserName)}
	if email := Fold(p.PrimaryEmail()); email != "" && email != keys[0] {
		keys = append(keys, email)
	}
	var found []User
	seen := make(map[UserID]bool)
	for _, key := range keys {
		users, err := w.Users.List(ctx, w.ws, UserQuery{Key: key, Limit: maxNamedAlike})
		if err != nil {
			return nil, err
		}
		for _, u := range users {
			if !seen[u.ID] {
				seen[u.ID] = true
				found = append(found, u)
			}
		}
	}
	return found, nil
}

// adopt makes the directory the owner of a user who had no record.
func (w *work) adopt(ctx context.Context, d Directory, id UserID, n RecordWrite) (DirectoryUser, error) {
	u, err := w.lockedUser(ctx, id)
	if err != nil {
		if errors.Is(err, ErrNotFound) {
			return DirectoryUser{}, errAgain
		}
		return DirectoryUser{}, err
	}
	return w.adoptByID(ctx, d, u, n)
}

func (w *work) adoptByID(ctx context.Context, d Directory, u User, n RecordWrite) (DirectoryUser, error) {
	if err := w.mayAdopt(ctx, d, u, n); err != nil {
		return DirectoryUser{}, err
	}
	if err := w.touchAdministrators(ctx, u.ID); err != nil {
		return DirectoryUser{}, err
	}
	describe(&u, n.Profile)
	u.Version++
	u.UpdatedAt, u.Directory = w.Now(), d.ID
	if err := w.Users.Update(ctx, u); err != nil {
		return DirectoryUser{}, userNameTaken(err)
	}
	w.record(note{action: "user.adopt", kind: "user", target: string(u.ID), details: map[string]string{"directory": string(d.ID)}})
	w.emit(EventUserAdopted, string(u.ID), map[string]string{"directory": string(d.ID)})
	return w.giveRecord(ctx, d, u, n)
}

// mayAdopt decides for a locked user.
func (w *work) mayAdopt(ctx context.Context, d Directory, u User, n RecordWrite) error {
	if u.Record != nil {
		return conflict("external_id_taken", "Another user of the workspace is pinned to this externalId.")
	}
	if err := w.invitationForbidsAdoption(ctx, u.ID); err != nil {
		return err
	}
	if err := w.externalIDFree(ctx, d, u.ID, textOf(n.ExternalID)); err != nil {
		return err
	}
	owner, err := w.subjectOwner(ctx, d, textOf(n.ExternalID))
	if err != nil || owner == u.ID {
		return err
	}
	return w.mayAdoptByName(ctx, u, n)
}

func (w *work) mayAdoptByName(ctx context.Context, u User, n RecordWrite) error {
	identities, err := w.Identities.OfUser(ctx, w.ws, u.ID)
	if err != nil {
		return err
	}
	if len(identities) > 0 {
		return conflict("not_adoptable", "A user with this userName or e-mail signs in here already, and this externalId is not theirs. Ask an administrator of the workspace to remove that user, or push the externalId by which they sign in.")
	}
	for _, name := range []string{n.Profile.UserName, n.Profile.PrimaryEmail()} {
		if key := Fold(name); key == "" || key != Fold(u.UserName) && key != Fold(u.Email) {
			continue
		}
		verified, err := w.Domains.Verified(ctx, w.ws, DomainOf(name))
		if err != nil || verified {
			return err
		}
	}
	return conflict("not_adoptable", "The workspace has a user with this userName or e-mail, and the domain is not verified here. Ask an administrator of the workspace to verify the domain or to remove that user.")
}

func (w *work) invitationForbidsAdoption(ctx context.Context, u UserID) error {
	invitations, err := w.Invitations.OfUser(ctx, w.ws, u)
	if err != nil {
		return err
	}
	for _, i := range invitations {
		if !i.Adoptable && i.Open(w.Now()) {
			return conflict("not_adoptable", "The operator invited this person. The directory can take them over once the invitation is accepted or has expired.")
		}
	}
	return nil
}
