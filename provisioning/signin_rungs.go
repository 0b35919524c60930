package provisioning

import (
	"context"
	"errors"
)

// signInDecision is one run of the rungs of rule 13.
type signInDecision struct {
	*work
	connection Connection
	claims     Claims
	browser    Browser
	invitation InvitationID
	identity   Identity
}

func (d *signInDecision) decide(ctx context.Context) (SignedIn, error) {
	current, err := d.connectionNow(ctx)
	if err != nil {
		return SignedIn{}, err
	}
	d.connection = current
	known, err := d.Identities.Find(ctx, d.ws, d.connection.ID, d.claims.Issuer, d.claims.Subject)
	switch {
	case err == nil:
		return d.recognised(ctx, known)
	case !errors.Is(err, ErrNotFound):
		return SignedIn{}, err
	case d.invitation != "":
		return d.byInvitation(ctx)
	}
	return d.firstSignIn(ctx)
}

func (d *signInDecision) connectionNow(ctx context.Context) (Connection, error) {
	c, err := d.Connections.Find(ctx, d.connection.ID)
	if err == nil && (!c.Enabled() || c.Issuer != d.claims.Issuer) {
		return c, refuse(RefusedConnectionClosed, "")
	}
	return c, err
}

// recognised is the first rung: the identity is known.
func (d *signInDecision) recognised(ctx context.Context, known Identity) (SignedIn, error) {
	if !known.RetiredAt.IsZero() {
		return SignedIn{}, refuse(RefusedRetired, known.User)
	}
	u, err := d.mayEnter(ctx, known.User)
	if err != nil {
		return SignedIn{}, err
	}
	if err := d.stillLive(ctx, known); err != nil {
		return SignedIn{}, err
	}
	d.identity = known
	if d.invitation != "" {
		if err := d.acceptCarried(ctx, u); err != nil {
			return SignedIn{}, err
		}
		if _, err := d.refresh(ctx, []UserID{u.ID}); err != nil {
			return SignedIn{}, err
		}
	}
	if err := d.Identities.Touch(ctx, d.ws, known.ID, d.Now()); err != nil {
		return SignedIn{}, err
	}
	u, err = d.refreshWords(ctx, u)
	return SignedIn{User: u}, err
}

// stillLive looks again, with the user locked: a successor may have come
// meanwhile (rule 16), and whoever makes one has the same lock.
func (d *signInDecision) stillLive(ctx context.Context, known Identity) error {
	again, err := d.Identities.Find(ctx, d.ws, d.connection.ID, known.Issuer, known.Subject)
	switch {
	case errors.Is(err, ErrNotFound):
		return errAgain
	case err == nil && !again.RetiredAt.IsZero():
		return refuse(RefusedRetired, known.User)
	}
	return err
}

// mayEnter locks the user and refuses one with a block: whoever deactivates
// has the same lock, so no session survives it.
func (d *signInDecision) mayEnter(ctx context.Context, id UserID) (User, error) {
	u, err := d.lockedUser(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return User{}, refuse(RefusedRemoved, id)
	}
	if err == nil && !u.MayAct() {
		return User{}, refuse(RefusedBlocked, id)
	}
	return u, err
}

// firstSignIn is the other rungs, in their order: the first that finds a user
// decides, and no later one is tried.
func (d *signInDecision) firstSignIn(ctx context.Context) (SignedIn, error) {
	recorded, err := d.lockedBy(ctx, d.recordedUser)
	if err != nil {
		return SignedIn{}, err
	}
	if recorded != "" {
		return d.pin(ctx, recorded)
	}
	named, err := d.lockedBy(ctx, d.namedUser)
	if err != nil {
		return SignedIn{}, err
	}
	if named != "" {
		return d.pinByAddress(ctx, named)
	}
	return d.create(ctx)
}

// lockedBy locks whom a rung finds and asks it again: until the lock was had,
// a directory may have given the record or the address to somebody else.
func (d *signInDecision) lockedBy(ctx context.Context, rung func(context.Context) (UserID, error)) (UserID, error) {
	found, err := rung(ctx)
	if err != nil || found == "" {
		return "", err
	}
	if err := d.Users.Lock(ctx, d.ws, []UserID{found}); err != nil {
		return "", err
	}
	again, err := rung(ctx)
	if err == nil && again != found {
		return "", errAgain
	}
	return found, err
}

// recordedUser is the second rung: the record of a paired directory whose
// externalId equals the subject.
func (d *signInDecision) recordedUser(ctx context.Context) (UserID, error) {
	directories, err := d.Directories.Paired(ctx, d.ws, d.connection.ID)
	if err != nil {
		return "", err
	}
	var found UserID
	for _, directory := range directories {
		u, err := d.findByExternalID(ctx, directory, d.claims.Subject)
		if err != nil {
			return "", err
		}
		if u != "" && found != "" && u != found {
			return "", refuse(RefusedAmbiguous, "")
		}
		if u != "" {
			found = u
		}
	}
	return found, nil
}

// namedUser is the third rung: a verified domain, and one user with that
// userName or e-mail.
func (d *signInDecision) namedUser(ctx context.Context) (UserID, error) {
	verified, err := d.emailVerified(ctx)
	if err != nil || !verified {
		return "", err
	}
	users, err := d.Users.List(ctx, d.ws, UserQuery{Key: Fold(d.claims.Email), Limit: 3})
	if err != nil || len(users) == 0 {
		return "", err
	}
	if len(users) > 1 {
		return "", refuse(RefusedAmbiguous, "")
	}
	return users[0].ID, nil
}

// emailVerified asks whether the domain is verified here. `email_verified`
// proves nothing (rule 13).
func (d *signInDecision) emailVerified(ctx context.Context) (bool, error) {
	domain := DomainOf(d.claims.Email)
	if domain == "" || checkEmail(d.claims.Email) != nil {
		return false, nil
	}
	return d.Domains.Verified(ctx, d.ws, domain)
}

// pin makes the identity the user's. Every rung but the first asks a user who
// has an account to prove it (rule 14).
func (d *signInDecision) pin(ctx context.Context, id UserID) (SignedIn, error) {
	u, err := d.mayEnter(ctx, id)
	if err != nil {
		return SignedIn{}, err
	}
	if err := d.requireAccountProof(ctx, u); err != nil {
		return SignedIn{}, err
	}
	if err := d.acceptOpen(ctx, u); err != nil {
		return SignedIn{}, err
	}
	return d.enter(ctx, u)
}

// requireAccountProof refuses a user who has an account, unless the browser is
// signed in to that very account: a colleague may be able to edit an address at
// the provider, or a directory give it to him.
func (d *signInDecision) requireAccountProof(ctx context.Context, u User) error {
	if u.Account == "" {
		return nil
	}
	p, err := d.s.provedIn(ctx, d.Tx, d.browser)
	switch {
	case errors.Is(err, ErrUnauthenticated), errors.Is(err, ErrProve):
		return refuse(RefusedAccountProof, u.ID)
	case err != nil:
		return err
	case p.Account.ID != u.Account, p.SignIn.Only != "" && p.SignIn.Only != d.ws:
		return refuse(RefusedAccountProof, u.ID)
	}
	return nil
}

// pinByAddress is what the third rung asks beyond that: a colleague may be able
// to edit his address at the provider, so it never reaches an administrative
// permission, open or granted.
func (d *signInDecision) pinByAddress(ctx context.Context, id UserID) (SignedIn, error) {
	u, err := d.mayEnter(ctx, id)
	if err != nil {
		return SignedIn{}, byAddress(err)
	}
	if err := d.recordNamesAnother(ctx, u); err != nil {
		return SignedIn{}, err
	}
	administers, err := d.administersAnywhere(ctx, id)
	if err != nil {
		return SignedIn{}, err
	}
	if administers {
		return SignedIn{}, refuse(RefusedAdministrator, id)
	}
	open, err := d.openInvitation(ctx, id)
	if err != nil {
		return SignedIn{}, err
	}
	if open != nil && open.Administers {
		return SignedIn{}, refuse(RefusedInvitationLink, id)
	}
	return d.pin(ctx, id)
}

// byAddress marks a refusal of somebody who proved no more than an address: a
// colleague could have typed it, and must not learn who is blocked here.
func byAddress(err error) error {
	var r *Refusal
	if errors.As(err, &r) && r.Reason == RefusedBlocked {
		return refuse(RefusedBlockedAddress, r.User)
	}
	return err
}

// recordNamesAnother refuses a user whom the paired directory knows by another
// subject: the address was recycled, or is somebody else's.
func (d *signInDecision) recordNamesAnother(ctx context.Context, u User) error {
	if u.Record == nil || u.Record.ExternalID == "" {
		return nil
	}
	directory, err := d.Directories.Find(ctx, u.Record.Directory)
	if err == nil && directory.Connection == d.connection.ID && u.Record.ExternalID != d.claims.Subject {
		return refuse(RefusedOtherSubject, u.ID)
	}
	return err
}

func (d *signInDecision) administersAnywhere(ctx context.Context, id UserID) (bool, error) {
	in, err := d.everythingOf(ctx, id)
	if err != nil {
		return false, err
	}
	return d.administersAny(ctx, in)
}

func (d *signInDecision) openInvitation(ctx context.Context, id UserID) (*Invitation, error) {
	all, err := d.Invitations.OfUser(ctx, d.ws, id)
	if err != nil {
		return nil, err
	}
	for _, i := range all {
		if !i.Open(d.Now()) {
			continue
		}
		if !i.Administers { // a role may have been edited since
			i.Administers, err = d.administersAny(ctx, i.Roles)
		}
		return &i, err
	}
	return nil, nil
}

// acceptOpen accepts an open invitation by the sign-in itself, but for one to
// an administrative role: that goes through its link alone (rule 14).
func (d *signInDecision) acceptOpen(ctx context.Context, u User) error {
	open, err := d.openInvitation(ctx, u.ID)
	if err != nil || open == nil || open.Administers {
		return err
	}
	return d.acceptInvitation(ctx, *open)
}

// enter pins the identity, gives the default role and resolves.
func (d *signInDecision) enter(ctx context.Context, u User) (SignedIn, error) {
	if err := d.pinIdentity(ctx, u.ID); err != nil {
		return SignedIn{}, err
	}
	if err := d.giveDefaults(ctx, u.ID); err != nil {
		return SignedIn{}, err
	}
	if _, err := d.refresh(ctx, []UserID{u.ID}); err != nil {
		return SignedIn{}, err
	}
	if err := d.touchAdministrators(ctx, u.ID); err != nil {
		return SignedIn{}, err
	}
	u, err := d.refreshWords(ctx, u)
	return SignedIn{User: u}, err
}

func (d *signInDecision) pinIdentity(ctx context.Context, u UserID) error {
	owner, err := d.Subjects.Claim(ctx, d.ws, d.connection.ID, d.claims.Subject, u)
	if err != nil {
		return err
	}
	if owner != u {
		return d.ownedBy(ctx, owner)
	}
	d.identity = Identity{
		Workspace: d.ws, ID: IdentityID(d.s.ids.New()), User: u, Connection: d.connection.ID,
		Issuer: d.claims.Issuer, Subject: d.claims.Subject, CreatedAt: d.Now(), LastLoginAt: d.Now(),
	}
	if err := d.Identities.Create(ctx, d.identity); err != nil {
		if Taken(err, KeyIdentity) {
			return d.identityTaken(ctx, u)
		}
		return err
	}
	d.record(note{action: "identity.pin", kind: "user", target: string(u), details: map[string]string{"connection": string(d.connection.ID)}})
	d.emit(EventIdentityPinned, string(u), map[string]string{"connection": string(d.connection.ID)})
	return nil
}

// ownedBy is a subject that was claimed for another user: by a door that was
// faster, whom the next run finds, or by a record that no rung reaches.
func (d *signInDecision) ownedBy(ctx context.Context, owner UserID) error {
	reachable, err := d.recordedUser(ctx)
	if err != nil {
		return err
	}
	if reachable == owner {
		return errAgain
	}
	if _, err := d.Identities.Find(ctx, d.ws, d.connection.ID, d.claims.Issuer, d.claims.Subject); err == nil {
		return errAgain
	}
	return refuse(RefusedOtherSubject, owner)
}

// identityTaken tells a race for this very identity, which the next run finds,
// from a user who is pinned to another subject of the connection.
func (d *signInDecision) identityTaken(ctx context.Context, u UserID) error {
	all, err := d.Identities.OfUser(ctx, d.ws, u)
	if err != nil {
		return err
	}
	for _, i := range all {
		another := i.Subject != d.claims.Subject || i.Issuer != d.claims.Issuer
		if i.Connection == d.connection.ID && i.RetiredAt.IsZero() && another {
			return refuse(RefusedOtherSubject, u)
		}
	}
	return errAgain
}
