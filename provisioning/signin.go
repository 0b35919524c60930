package provisioning

import (
	"context"
	"errors"
	"strings"
	"time"
)

// SignInLifetime is how long a sign-in may be on its way through the provider.
const SignInLifetime = 10 * time.Minute

// MaxPendingSignIns is how many sign-ins one browser may have on their way, so
// that several tabs work.
const MaxPendingSignIns = 5

// SignInRequest begins a sign-in.
type SignInRequest struct {
	Connection    Connection
	BrowserSecret string       // of the cookie that binds the sign-in to the browser
	ReturnTo      string       // a path on our origin, checked by the face
	Invitation    InvitationID // the invitation that the sign-in carries, or ""
}

// BeginSignIn stores a sign-in and returns it with the `state` for the provider.
func (s *Service) BeginSignIn(ctx context.Context, r SignInRequest) (p PendingSignIn, state string, err error) {
	if !r.Connection.Enabled() {
		return p, "", s.describeRefusal(ctx, r.Connection.Workspace, refuse(RefusedConnectionClosed, ""))
	}
	secret := s.hasher.NewSecret()
	err = s.store.Update(ctx, func(tx *Tx) error {
		p = PendingSignIn{
			Workspace: r.Connection.Workspace, ID: SignInID(s.ids.New()), Connection: r.Connection.ID,
			Issuer: r.Connection.Issuer, StateHash: s.hasher.Hash(secret),
			BrowserHash: s.hasher.Hash(r.BrowserSecret), ReturnTo: r.ReturnTo, Invitation: r.Invitation,
			CreatedAt: tx.Now(), ExpiresAt: tx.Now().Add(SignInLifetime),
		}
		return tx.SignIns.Create(ctx, p, MaxPendingSignIns)
	})
	return p, string(p.ID) + "." + secret, err
}

// TakeSignIn uses a `state` up and returns its sign-in. A state that is
// unknown, used, expired, forged, of another connection or of another browser
// is ErrGone, and is used up all the same.
func (s *Service) TakeSignIn(ctx context.Context, state, browserSecret string, c ConnectionID) (PendingSignIn, error) {
	id, secret, ok := splitBearer(state, "")
	if !ok {
		return PendingSignIn{}, errDeadSignIn()
	}
	var p PendingSignIn
	var now time.Time
	err := s.store.Update(ctx, func(tx *Tx) (err error) {
		now = tx.Now()
		p, err = tx.SignIns.Take(ctx, SignInID(id))
		return err
	})
	if errors.Is(err, ErrNotFound) {
		s.hasher.Equal(nil, secret)
		return PendingSignIn{}, errDeadSignIn()
	}
	if err != nil {
		return PendingSignIn{}, err
	}
	good := s.hasher.Equal(p.StateHash, secret)
	good = s.hasher.Equal(p.BrowserHash, browserSecret) && good
	if !good || p.Connection != c || !now.Before(p.ExpiresAt) {
		return PendingSignIn{}, errDeadSignIn()
	}
	return p, nil
}

func errDeadSignIn() error {
	return fail(ErrGone, "sign_in_dead", "This sign-in was used already, took longer than ten minutes, or began in another browser. Start again.")
}

// Claims are what a verified ID token (and userinfo) says of a person.
type Claims struct {
	Issuer            string
	Subject           string
	Email             string
	PreferredUserName string
	Name              string
	GivenName         string
	FamilyName        string
	Locale            string
	SessionExpiry     time.Time // zero where the provider says nothing
}

// Browser is what asks: where from, with what, in which request.
type Browser struct {
	Address   string // the client's network address
	UserAgent string
	RequestID string
}

// actor says where the actor acts from.
func (b Browser) actor(a Actor) Actor {
	a.From, a.RequestID = b.Address, b.RequestID
	return a
}

// SignedIn is a successful sign-in.
type SignedIn struct {
	User    User
	Session Session
	Secret  string // the session cookie's text, `id.secret`
	Created bool   // the user was created just now
}

// SignIn decides who has signed in (rules 13 and 14), creates the person if
// the connection says so (rule 5), and makes a session, in one transaction
// whose unique keys arbitrate between the doors. A refused one is [*Refusal].
func (s *Service) SignIn(ctx context.Context, c Connection, p PendingSignIn, claims Claims, b Browser) (in SignedIn, err error) {
	if err := checkSubject(claims.Subject); err != nil {
		return in, err
	}
	o := changeOptions{onLoss: lossRefused}
	secret := s.hasher.NewSecret()
	actor := b.actor(Actor{Kind: ActorSystem, Workspace: c.Workspace})
	err = s.change(ctx, actor, c.Workspace, o, func(ctx context.Context, w *work) error {
		d := signInDecision{work: w, connection: c, claims: claims, invitation: p.Invitation}
		if in, err = d.decide(ctx); err != nil {
			return err
		}
		in.Session, err = w.startSession(ctx, in.User, d.identity, claims.SessionExpiry, s.hasher.Hash(secret), b)
		return err
	})
	if err != nil {
		return SignedIn{}, s.describeRefusal(ctx, c.Workspace, err)
	}
	in.Secret = string(in.Session.ID) + "." + secret
	return in, nil
}

// maxSubject is the length of a `sub` (OpenID Connect Core §2), in bytes.
const maxSubject = 255

func checkSubject(subject string) error {
	if subject == "" {
		return invalid("subject", "The provider names no subject.")
	}
	return checkText("subject", subject, maxSubject)
}

// describeRefusal adds the workspace to a refusal, for its page, and an audit
// entry where somebody known was refused.
func (s *Service) describeRefusal(ctx context.Context, ws WorkspaceID, err error) error {
	var r *Refusal
	if !errors.As(err, &r) {
		return err
	}
	found, readErr := s.Workspace(ctx, ws)
	if readErr != nil {
		return readErr
	}
	r.Workspace = found
	if r.User == "" {
		return r
	}
	actor := Actor{Kind: ActorUser, ID: string(r.User), Workspace: ws}
	n := note{action: "sign_in", kind: "user", target: string(r.User), details: map[string]string{"reason": string(r.Reason)}}
	writeErr := s.store.Update(ctx, func(tx *Tx) error {
		return tx.Audit.Append(ctx, []AuditEntry{s.entry(actor, ws, n, "refused", tx)})
	})
	if writeErr != nil {
		s.log.ErrorContext(ctx, "a refused sign-in could not be recorded", "workspace_id", ws, "error", writeErr)
	}
	return r
}

// signInDecision is one run of the rungs of rule 13.
type signInDecision struct {
	*work
	connection Connection
	claims     Claims
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
	if u.Account != "" {
		return SignedIn{}, refuse(RefusedAccountProof, id)
	}
	if err := d.acceptOpen(ctx, u); err != nil {
		return SignedIn{}, err
	}
	return d.enter(ctx, u)
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
	held, err := d.Access.OfUser(ctx, d.ws, id)
	if err != nil {
		return false, err
	}
	grants, err := d.Grants.OfUser(ctx, d.ws, id)
	if err != nil {
		return false, err
	}
	in := make([]RoleIn, 0, len(held)+len(grants))
	for _, m := range held {
		in = append(in, RoleIn{m.Community, m.Role})
	}
	for _, g := range grants {
		in = append(in, RoleIn{g.Community, g.Role})
	}
	return d.administersAny(ctx, in)
}

func (d *signInDecision) openInvitation(ctx context.Context, id UserID) (*Invitation, error) {
	all, err := d.Invitations.OfUser(ctx, d.ws, id)
	if err != nil {
		return nil, err
	}
	for _, i := range all {
		if i.Open(d.Now()) {
			return &i, nil
		}
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

// giveDefaults grants the default role once, at the first sign-in through the
// connection while automatic creation is on, unless an invitation or an
// administrator gave the user something before (rule 5).
func (d *signInDecision) giveDefaults(ctx context.Context, u UserID) error {
	c := d.connection
	if !c.AutoCreate || c.DefaultRole == "" {
		return nil
	}
	given, err := d.Grants.OfUser(ctx, d.ws, u)
	if err != nil {
		return err
	}
	for _, g := range given {
		if g.Source.ByHand() {
			return nil
		}
	}
	grants := make([]Grant, len(c.DefaultCommunities))
	for i, community := range c.DefaultCommunities {
		grants[i] = Grant{
			Workspace: d.ws, ID: GrantID(d.s.ids.New()), User: u, Community: community, Role: c.DefaultRole,
			Source: SourceFirstSignIn, SourceID: string(c.ID), CreatedAt: d.Now(),
		}
	}
	stored, err := d.Grants.Add(ctx, grants)
	for _, g := range stored {
		d.grantEvent(EventGrantGiven, "user.grant", g)
	}
	return err
}

// create is what remains when no rung found anybody (rules 5, 10 and 13).
func (d *signInDecision) create(ctx context.Context) (SignedIn, error) {
	known := knownAs{issuer: d.claims.Issuer, subject: d.claims.Subject, userName: d.claims.PreferredUserName, email: d.claims.Email}
	buried, err := d.buried(ctx, known)
	if err != nil {
		return SignedIn{}, err
	}
	switch {
	case buried:
		return SignedIn{}, refuse(RefusedRemoved, "")
	case !d.connection.AutoCreate:
		return SignedIn{}, refuse(RefusedUnknown, "")
	case d.claims.Email == "":
		return SignedIn{}, refuse(RefusedNoEmail, "")
	}
	verified, err := d.emailVerified(ctx)
	if err != nil {
		return SignedIn{}, err
	}
	if !verified {
		return SignedIn{}, refuse(RefusedDomain, "")
	}
	u, err := d.createUser(ctx)
	if err != nil {
		return SignedIn{}, err
	}
	in, err := d.enter(ctx, u)
	in.Created = err == nil
	return in, err
}

func (d *signInDecision) createUser(ctx context.Context) (User, error) {
	name, err := d.newUserName(ctx)
	if err != nil {
		return User{}, err
	}
	u := User{
		Workspace: d.ws, ID: UserID(d.s.ids.New()), UserName: name, Email: d.claims.Email,
		Origin: OriginSignIn, Version: 1, CreatedAt: d.Now(), UpdatedAt: d.Now(),
	}
	d.claims.describe(&u)
	if err := d.Users.Create(ctx, u); err != nil {
		if Taken(err, KeyUserName) {
			return User{}, d.userNameOfAnother(ctx, name)
		}
		return User{}, err
	}
	d.userCreated(u)
	return u, nil
}

// newUserName is `preferred_username` if that is an address of a verified
// domain, else the e-mail.
func (d *signInDecision) newUserName(ctx context.Context) (string, error) {
	preferred := strings.TrimSpace(d.claims.PreferredUserName)
	if checkEmail(preferred) != nil {
		return d.claims.Email, nil
	}
	verified, err := d.Domains.Verified(ctx, d.ws, DomainOf(preferred))
	if err != nil || !verified {
		return d.claims.Email, err
	}
	return preferred, nil
}

// userNameOfAnother: the other door may just have made this person, whom the
// next run finds by a rung; a userName that stands for somebody else, whom no
// rung reaches, is a second candidate.
func (d *signInDecision) userNameOfAnother(ctx context.Context, name string) error {
	if Fold(name) == Fold(d.claims.Email) {
		return errAgain
	}
	recorded, err := d.recordedUser(ctx)
	if err != nil {
		return err
	}
	if recorded != "" {
		return errAgain
	}
	return refuse(RefusedAmbiguous, "")
}

// refreshWords takes names, locale and e-mail from a token where no directory
// owns them (rule 17), never an e-mail that another user has.
func (d *signInDecision) refreshWords(ctx context.Context, u User) (User, error) {
	if u.Record != nil {
		return u, nil
	}
	next := u
	d.claims.describe(&next)
	if free, err := d.emailFree(ctx, u); err != nil {
		return u, err
	} else if free {
		next.Email = d.claims.Email
	}
	if next.DisplayName == u.DisplayName && next.GivenName == u.GivenName && next.FamilyName == u.FamilyName &&
		next.Locale == u.Locale && next.Email == u.Email {
		return u, nil
	}
	next.Version++
	next.UpdatedAt = d.Now()
	d.record(note{action: "user.change", kind: "user", target: string(u.ID), words: map[string]string{"email": next.Email, "name": next.DisplayName}})
	d.emit(EventUserChanged, string(u.ID), nil)
	return next, d.Users.Update(ctx, next)
}

func (d *signInDecision) emailFree(ctx context.Context, u User) (bool, error) {
	if Fold(d.claims.Email) == Fold(u.Email) || checkEmail(d.claims.Email) != nil {
		return false, nil
	}
	others, err := d.Users.List(ctx, d.ws, UserQuery{Key: Fold(d.claims.Email), Limit: 2})
	if err != nil {
		return false, err
	}
	for _, other := range others {
		if other.ID != u.ID {
			return false, nil
		}
	}
	return true, nil
}

// describe copies the words of a token that are fit to be shown.
func (c Claims) describe(u *User) {
	set := func(to *string, text string) {
		if text != "" && checkText("claim", text, maxName) == nil {
			*to = text
		}
	}
	set(&u.DisplayName, c.Name)
	set(&u.GivenName, c.GivenName)
	set(&u.FamilyName, c.FamilyName)
	set(&u.Locale, c.Locale)
}
