package provisioning

import (
	"context"
	"errors"
	"strings"
	"time"
)

// InvitationPrefix starts the secret text in an invitation's link.
const InvitationPrefix = "dbinv_"

// invitee describes somebody to invite.
type invitee struct {
	email     string
	roles     []RoleIn
	adoptable bool // whether a directory may adopt the user meanwhile
	lifetime  time.Duration
}

// invite stores an invitation and, unless the address is somebody's already,
// the user who is invited. Nothing is granted before it is accepted. It
// returns the text of the link's secret.
func (w *work) invite(ctx context.Context, n invitee) (Invitation, string, error) {
	administers, err := w.administersAny(ctx, n.roles)
	if err != nil {
		return Invitation{}, "", err
	}
	user, err := w.invitedUser(ctx, n.email)
	if err != nil {
		return Invitation{}, "", err
	}
	secret := w.s.hasher.NewSecret()
	i := Invitation{
		Workspace: w.ws, ID: InvitationID(w.s.ids.New()), User: user.ID, Email: n.email,
		SecretHash: w.s.hasher.Hash(secret), Administers: administers, Adoptable: n.adoptable,
		Roles: n.roles, CreatedAt: w.Now(), ExpiresAt: w.Now().Add(n.lifetime),
	}
	if err := w.Invitations.Create(ctx, i); err != nil {
		return Invitation{}, "", err
	}
	w.record(note{
		action: "invitation.create", kind: "user", target: string(user.ID),
		details: map[string]string{"invitation": string(i.ID)}, words: map[string]string{"email": n.email},
	})
	w.emit("invitation.created", string(i.ID), map[string]string{"user": string(user.ID)})
	return i, InvitationPrefix + string(i.ID) + "." + secret, nil
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

// invitedUser finds the user of that address or makes one. An invitation
// lifts the tombstones of the address; the new user starts bare (rule 10).
func (w *work) invitedUser(ctx context.Context, email string) (User, error) {
	found, err := findUser(ctx, w.Tx, w.ws, email)
	if err == nil || !errors.Is(err, ErrNotFound) {
		return found, err
	}
	u := User{
		Workspace: w.ws, ID: UserID(w.s.ids.New()), UserName: email, Email: email,
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
	Connections []Connection // enabled ones through which it can be accepted
}

// OpenInvitation returns the invitation of a link. A link that was used, has
// expired or was cancelled is ErrGone; anything else is too, so that nobody
// learns which invitations exist.
func (s *Service) OpenInvitation(ctx context.Context, text string) (found Invited, err error) {
	id, secret, ok := splitBearer(text, InvitationPrefix)
	if !ok {
		return found, errDeadLink()
	}
	err = s.store.View(ctx, func(tx *Tx) error {
		i, err := tx.Invitations.Find(ctx, InvitationID(id))
		if errors.Is(err, ErrNotFound) {
			s.hasher.Equal(nil, secret)
			return errDeadLink()
		}
		if err != nil {
			return err
		}
		if !s.hasher.Equal(i.SecretHash, secret) || !i.Open(tx.Now()) {
			return errDeadLink()
		}
		found, err = invited(ctx, tx, i)
		return err
	})
	return found, err
}

func invited(ctx context.Context, tx *Tx, i Invitation) (Invited, error) {
	w, err := tx.Workspaces.Get(ctx, i.Workspace)
	if err != nil {
		return Invited{}, err
	}
	user, err := tx.Users.Get(ctx, i.Workspace, i.User)
	if err != nil {
		return Invited{}, err
	}
	if !user.MayAct() {
		return Invited{}, errDeadLink()
	}
	all, err := tx.Connections.List(ctx, i.Workspace)
	if err != nil {
		return Invited{}, err
	}
	found := Invited{Invitation: i, Workspace: w}
	for _, c := range all {
		if c.Enabled() {
			found.Connections = append(found.Connections, c)
		}
	}
	return found, nil
}

func errDeadLink() error {
	return fail(ErrGone, "link_dead", "This invitation link was used, has expired or was cancelled. Ask whoever invited you for a new one.")
}

// acceptInvitation turns the invitation into grants (rule 3: they replace what
// was given by hand in the same community if the kinds differ).
func (w *work) acceptInvitation(ctx context.Context, i Invitation) error {
	ours, err := w.Invitations.Accept(ctx, w.ws, i.ID, w.Now())
	if err != nil {
		return err
	}
	if !ours {
		return errDeadLink()
	}
	for _, r := range i.Roles {
		role, err := w.role(ctx, r.Role)
		if err != nil {
			return err
		}
		if _, err := w.giveByHand(ctx, i.User, r.Community, role, SourceInvitation, string(i.ID)); err != nil {
			return err
		}
	}
	w.record(note{action: "invitation.accept", kind: "user", target: string(i.User), details: map[string]string{"invitation": string(i.ID)}})
	w.emit("invitation.accepted", string(i.ID), map[string]string{"user": string(i.User)})
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
