package provisioning

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
)

// InvitationPrefix starts the secret text in an invitation's link.
const InvitationPrefix = "dbinv_"

// invitee describes somebody to invite by a link that is shown to the operator.
type invitee struct {
	email     string
	roles     []RoleIn
	adoptable bool // whether a directory may adopt the user meanwhile
	lifetime  time.Duration
}

// invite stores an invitation whose link is shown and, unless the address is
// somebody's already, the user who is invited. Nothing is granted before it is
// accepted. It returns the text of the link's secret.
func (w *work) invite(ctx context.Context, n invitee) (Invitation, string, error) {
	administers, err := w.administersAny(ctx, n.roles)
	if err != nil {
		return Invitation{}, "", err
	}
	user, err := w.invitedUser(ctx, n.email)
	if err != nil {
		return Invitation{}, "", err
	}
	return w.createInvitation(ctx, Invitation{
		User: user.ID, Email: n.email, Administers: administers, Adoptable: n.adoptable,
		Shown: true, Roles: n.roles, ExpiresAt: w.Now().Add(n.lifetime),
	})
}

// createInvitation gives the invitation an id and a secret, stores it, and
// returns it with the text of its link.
func (w *work) createInvitation(ctx context.Context, i Invitation) (Invitation, string, error) {
	i.Workspace, i.ID, i.CreatedAt = w.ws, InvitationID(w.s.ids.New()), w.Now()
	link := w.newSecret(&i)
	if err := w.Invitations.Create(ctx, i); err != nil {
		return Invitation{}, "", err
	}
	w.record(note{
		action: "invitation.create", kind: "user", target: string(i.User),
		details: map[string]string{"invitation": string(i.ID)}, words: map[string]string{"email": i.Email},
	})
	w.emit(EventInvitationCreated, string(i.ID), map[string]string{"user": string(i.User)})
	return i, link, nil
}

// newSecret gives the invitation a link, which kills the one that it had.
func (w *work) newSecret(i *Invitation) string {
	secret := w.s.hasher.NewSecret()
	i.SecretHash = w.s.hasher.Hash(secret)
	return InvitationPrefix + string(i.ID) + "." + secret
}

func (w *work) administersAny(ctx context.Context, in []RoleIn) (bool, error) {
	roles, err := rolesByID(ctx, w.Tx, w.ws)
	if err != nil {
		return false, err
	}
	for _, r := range in {
		role, ok := roles[r.Role]
		if !ok {
			return false, notFound("role")
		}
		if anyAdministrative(role.Permissions) {
			return true, nil
		}
	}
	return false, nil
}

// invitedUser finds the user of that address or makes one.
func (w *work) invitedUser(ctx context.Context, email string) (User, error) {
	found, err := findUser(ctx, w.Tx, w.ws, email)
	if err == nil || !errors.Is(err, ErrNotFound) {
		return found, err
	}
	return w.createInvited(ctx, email, "")
}

// createInvited makes the user of an address, who may point to an account from
// the start. An invitation lifts the tombstones of the address; the new user
// starts bare (rule 10).
func (w *work) createInvited(ctx context.Context, email string, account AccountID) (User, error) {
	u := User{
		Workspace: w.ws, ID: UserID(w.s.ids.New()), UserName: email, Email: email, Account: account,
		Origin: OriginInvitation, Version: 1, CreatedAt: w.Now(), UpdatedAt: w.Now(),
	}
	if err := w.Users.Create(ctx, u); err != nil {
		if Taken(err, KeyUserName) {
			return User{}, errAgain
		}
		return User{}, err
	}
	if err := w.liftTombstones(ctx, knownAs{userName: email, email: email}); err != nil {
		return User{}, err
	}
	w.userCreated(u)
	return u, nil
}

// Invited is an open invitation with what its page shows.
type Invited struct {
	Invitation  Invitation
	Workspace   Workspace
	Inviter     string // name, then address; "" for the operator
	Places      []Place
	Connections []Connection // enabled ones through which it can be accepted
	// HasAccount says that the person signs in to an account instead of choosing a
	// password: see [Service.AcceptSignedIn].
	HasAccount bool
}

// OpenInvitation returns the invitation of a link's text, or of the ticket that it
// was exchanged for. Errors as [Service.ExchangeLink]; the link of a user who
// may not act is dead while that lasts.
func (s *Service) OpenInvitation(ctx context.Context, text string) (found Invited, err error) {
	err = s.store.View(ctx, func(tx *Tx) error {
		i, err := s.openedInvitation(ctx, tx, text)
		if err != nil {
			return err
		}
		found, err = s.invited(ctx, tx, i)
		return err
	})
	return found, err
}

func (s *Service) invited(ctx context.Context, tx *Tx, i Invitation) (Invited, error) {
	w, err := tx.Workspaces.Get(ctx, i.Workspace)
	if err != nil {
		return Invited{}, err
	}
	found := Invited{Invitation: i, Workspace: w}
	all, err := tx.Connections.List(ctx, i.Workspace)
	if err != nil {
		return Invited{}, err
	}
	found.Connections = slices.DeleteFunc(all, func(c Connection) bool { return !c.Enabled() })
	if found.Inviter, err = inviterName(ctx, tx, i); err != nil {
		return Invited{}, err
	}
	if found.HasAccount, err = hasAccount(ctx, tx, i); err != nil {
		return Invited{}, err
	}
	known, err := placeNamesOf(ctx, tx, i.Workspace)
	found.Places = known.places(i.Roles)
	return found, err
}

// hasAccount says whether whoever accepts signs in to an account. A shown link
// knows nothing of accounts elsewhere (rule 19).
func hasAccount(ctx context.Context, tx *Tx, i Invitation) (bool, error) {
	u, err := tx.Users.Get(ctx, i.Workspace, i.User)
	if err != nil || u.Account != "" || i.Shown {
		return u.Account != "", err
	}
	account, err := provedAccount(ctx, tx, i.Email)
	return account.ID != "", err
}

// provedAccount returns the one account of the installation whose owner proved
// the address; zero if there is none.
func provedAccount(ctx context.Context, tx *Tx, email string) (Account, error) {
	known, err := tx.Accounts.ByEmail(ctx, Fold(email))
	if err != nil || len(known) == 0 || !known[0].EmailProved {
		return Account{}, err
	}
	return known[0], nil
}

// acceptInvitation turns the invitation into grants (rule 3: they replace what
// was given by hand in the same community if the kinds differ). What was deleted
// meanwhile gives nothing. The caller resolves the user.
func (w *work) acceptInvitation(ctx context.Context, i Invitation) error {
	roles, err := w.holdStanding(ctx, i.Roles)
	if err != nil {
		return err
	}
	switch {
	case len(i.Roles) == 0:
		return fail(ErrGone, "link_cancelled", "What this invitation gave was deleted. Ask whoever invited you for a new one.")
	case len(roles) == 0:
		return errAgain // deleted just now, and the invitation cancelled with it
	}
	if err := w.inviterStands(ctx, i, roles); err != nil {
		return err
	}
	ours, err := w.Invitations.Accept(ctx, w.ws, i.ID, w.Now())
	if err != nil {
		return err
	}
	if !ours {
		return errAgain // its fate is decided: the next run says which
	}
	if _, err := w.giveByHand(ctx, i.User, roles, SourceInvitation, string(i.ID)); err != nil {
		return err
	}
	w.record(note{action: "invitation.accept", kind: "user", target: string(i.User), details: map[string]string{"invitation": string(i.ID)}})
	w.emit(EventInvitationAccepted, string(i.ID), map[string]string{"user": string(i.User)})
	return w.Deliveries.Drop(ctx, []string{string(i.ID)}, w.Now())
}

// inviterStands refuses an administrative invitation of somebody who could not
// make it any more (rule 4): whoever was suspended or demoted leaves no way in
// behind.
func (w *work) inviterStands(ctx context.Context, i Invitation, roles []RoleIn) error {
	if !i.Administers || i.InvitedBy == "" {
		return nil
	}
	inviter, err := holdingsOf(ctx, w.Tx, w.anchors, w.ws, i.InvitedBy)
	if err != nil {
		return err
	}
	known, err := rolesByID(ctx, w.Tx, w.ws)
	if err != nil {
		return err
	}
	for _, r := range roles {
		held := inviter.in(r.Community)
		lacks := func(p Permission) bool { return !held[p] }
		if slices.ContainsFunc(w.anchors.counting(known[r.Role].Permissions, r.Community), lacks) {
			return fail(ErrGone, "link_cancelled", "Whoever sent this invitation may not give what it gives any more. Ask an administrator for a new one.")
		}
	}
	return nil
}

// splitBearer takes `PREFIXid.secret` apart. It bounds what it looks at.
func splitBearer(text, prefix string) (id, secret string, ok bool) {
	if len(text) > 256 {
		return "", "", false
	}
	rest, ok := strings.CutPrefix(text, prefix)
	if !ok {
		return "", "", false
	}
	id, secret, ok = strings.Cut(rest, ".")
	return id, secret, ok && ValidID(id) && secret != ""
}
