package provisioning

import (
	"cmp"
	"context"
	"errors"
	"slices"
)

// EventBreakGlassUsed warns of a password sign-in in spite of required SSO.
const EventBreakGlassUsed EventType = "sign_in.break_glass"

// Door is a workspace that an account leads to.
type Door struct {
	Workspace Workspace
	User      User
	Refusal   RefusalReason // why it cannot be entered now; "" if it can
	// FactorSetup says that the workspace requires a second factor and the account
	// has none yet.
	FactorSetup bool
}

// Doors lists the workspaces of the account that is signed in with b.Parent, by
// name. Its second factor was proved (ErrProve second_factor).
func (s *Service) Doors(ctx context.Context, b Browser) (doors []Door, err error) {
	err = s.store.View(ctx, func(tx *Tx) error {
		p, err := s.provedIn(ctx, tx, b)
		if err != nil {
			return err
		}
		doors, err = s.doorsOf(ctx, tx, p)
		return err
	})
	slices.SortFunc(doors, func(a, b Door) int {
		return cmp.Or(cmp.Compare(Fold(a.Workspace.Name), Fold(b.Workspace.Name)), cmp.Compare(a.Workspace.ID, b.Workspace.ID))
	})
	return doors, err
}

func (s *Service) doorsOf(ctx context.Context, tx *Tx, p Parent) ([]Door, error) {
	users, err := tx.Accounts.Users(ctx, p.Account.ID)
	if err != nil {
		return nil, err
	}
	var doors []Door
	for _, u := range users {
		if !p.leadsTo(u.Workspace) || p.SignIn.Only != "" && p.SignIn.Only != u.Workspace {
			continue
		}
		d, err := s.doorOf(ctx, tx, p, u)
		if err != nil {
			return nil, err
		}
		doors = append(doors, d.Door)
	}
	return doors, nil
}

// leadsTo reports whether the account may be known to the workspace: one whose
// address nobody proved exists for its home alone (rule 19).
func (p Parent) leadsTo(ws WorkspaceID) bool {
	return p.Account.EmailProved || p.Account.Home == ws
}

// door is a Door with what only entering asks.
type door struct {
	Door
	breakGlass bool // it opens to a break-glass administrator alone
}

// doorOf asks the workspace's own rules of whoever is signed in (rule 18).
func (s *Service) doorOf(ctx context.Context, tx *Tx, p Parent, u User) (door, error) {
	ws, err := tx.Workspaces.Get(ctx, u.Workspace)
	if err != nil {
		return door{}, err
	}
	d := door{Door: Door{Workspace: ws, User: u}}
	d.FactorSetup = ws.Settings.On(SettingSecondFactor) && !p.Factors.Any()
	if !u.MayAct() {
		d.Refusal = RefusedBlocked
		return d, nil
	}
	required, err := ssoRequired(ctx, tx, ws, u)
	if err != nil || !required {
		return d, err
	}
	if d.breakGlass, err = s.breaksGlass(ctx, tx, u); !d.breakGlass {
		d.Refusal = RefusedSSORequired
	}
	return d, err
}

// ssoRequired reports whether the workspace makes the user come through a
// connection: it requires that for its verified domains, the user is of one, and
// a connection is there to come through.
func ssoRequired(ctx context.Context, tx *Tx, ws Workspace, u User) (bool, error) {
	if !ws.Settings.On(SettingRequireSSO) {
		return false, nil
	}
	connections, err := tx.Domains.Connections(ctx, DomainOf(u.Email))
	return slices.ContainsFunc(connections, func(c Connection) bool { return c.Workspace == ws.ID }), err
}

// breaksGlass reports whether the user is a break-glass administrator still.
func (s *Service) breaksGlass(ctx context.Context, tx *Tx, u User) (bool, error) {
	if !u.BreakGlass {
		return false, nil
	}
	a, err := s.anchorsOf(ctx, tx, u.Workspace)
	if err != nil {
		return false, err
	}
	held, err := tx.Access.OfUser(ctx, u.Workspace, u.ID)
	return slices.ContainsFunc(held, func(m Membership) bool { return m.Community == a.root && m.Role == a.admin }), err
}

// Enter makes a session of the workspace from the parent sign-in b.Parent, by
// that workspace's own rules (rule 18): the account has a user there who may act,
// the second factor where it requires one, SSO where it requires that for the
// user's domain (a break-glass administrator enters with a warning event), its
// idle limit. It ends the session of that workspace that was entered before from
// the same parent, and accepts open invitations of the user to the address that
// the account proved. Errors: ErrUnauthenticated; ErrProve second_factor or
// second_factor_setup; a [*Refusal]; ErrNotFound for a workspace that the account
// does not lead to, existing or not.
func (s *Service) Enter(ctx context.Context, ws WorkspaceID, b Browser) (SignedIn, error) {
	if _, err := s.ParentOf(ctx, b.Parent); err != nil {
		return SignedIn{}, err
	}
	if !ValidID(string(ws)) {
		return SignedIn{}, notFound("workspace")
	}
	var in SignedIn
	secret := s.hasher.NewSecret()
	actor := b.actor(Actor{Kind: ActorSystem, Workspace: ws})
	err := s.change(ctx, actor, ws, changeOptions{}, func(ctx context.Context, w *work) error {
		e := entry{work: w, browser: b}
		err := e.enter(ctx, s.hasher.Hash(secret))
		in = SignedIn{User: e.door.User, Session: e.session}
		return err
	})
	if err != nil {
		return SignedIn{}, s.describeRefusal(ctx, ws, b, err)
	}
	in.Secret = string(in.Session.ID) + "." + secret
	return in, nil
}

// entry is one run of entering a workspace from a parent sign-in.
type entry struct {
	*work
	browser Browser
	parent  Parent
	door    door
	session Session
}

func (e *entry) enter(ctx context.Context, secretHash []byte) error {
	if err := e.open(ctx); err != nil {
		return err
	}
	if err := e.acceptInvitations(ctx); err != nil {
		return err
	}
	if err := e.leaveEarlier(ctx); err != nil {
		return err
	}
	if err := e.extendParent(ctx); err != nil {
		return err
	}
	return e.startSession(ctx, secretHash)
}

// open finds the user, and asks the workspace's rules with user and account
// locked: whoever blocks the one, or changes the other, comes before or after.
func (e *entry) open(ctx context.Context) error {
	p, err := e.s.provedIn(ctx, e.Tx, e.browser)
	if err != nil {
		return err
	}
	u, err := e.lockedUserOf(ctx, p)
	if err != nil {
		return err
	}
	if e.parent, err = e.s.provedIn(ctx, e.Tx, e.browser); err != nil {
		return err
	}
	if e.parent.SignIn.Only != "" && e.parent.SignIn.Only != e.ws {
		return errOnlyThere()
	}
	if e.door, err = e.s.doorOf(ctx, e.Tx, e.parent, u); err != nil {
		return err
	}
	return e.door.refusal()
}

func (d door) refusal() error {
	switch {
	case d.Refusal != "":
		return refuse(d.Refusal, d.User.ID)
	case d.FactorSetup:
		return fail(ErrProve, "second_factor_setup", "%s requires a second factor. Set one up first.", d.Workspace.Name)
	}
	return nil
}

// lockedUserOf locks the account's user in the workspace, and behind it the
// account.
func (e *entry) lockedUserOf(ctx context.Context, p Parent) (User, error) {
	users, err := e.Accounts.Users(ctx, p.Account.ID)
	if err != nil {
		return User{}, err
	}
	i := slices.IndexFunc(users, func(u User) bool { return u.Workspace == e.ws && p.leadsTo(e.ws) })
	if i < 0 {
		return User{}, notFound("workspace")
	}
	if err := e.holdInvited(ctx, p.Account, users[i].ID); err != nil {
		return User{}, err
	}
	u, err := e.lockedUser(ctx, users[i].ID)
	if errors.Is(err, ErrNotFound) || err == nil && u.Account != p.Account.ID {
		return User{}, notFound("workspace")
	}
	if err != nil {
		return User{}, err
	}
	if _, err = e.Accounts.Lock(ctx, p.Account.ID); errors.Is(err, ErrNotFound) {
		return User{}, errNoParent()
	}
	return u, err
}

// holdInvited holds what open invitations of the user give: before the user is
// locked, as everybody does.
func (e *entry) holdInvited(ctx context.Context, a Account, u UserID) error {
	open, err := e.openInvitations(ctx, a, u)
	if err != nil || len(open) == 0 {
		return err
	}
	var all []RoleIn
	for _, i := range open {
		all = append(all, i.Roles...)
	}
	_, err = e.holdStanding(ctx, all)
	return err
}

// openInvitations returns those of the user that are open to an address that the
// account proved: who signs in to it is who was meant.
func (e *entry) openInvitations(ctx context.Context, a Account, u UserID) ([]Invitation, error) {
	if !a.EmailProved {
		return nil, nil
	}
	all, err := e.Invitations.OfUser(ctx, e.ws, u)
	return slices.DeleteFunc(all, func(i Invitation) bool {
		return !i.Open(e.Now()) || Fold(i.Email) != Fold(a.Email) || len(i.Roles) == 0
	}), err
}

// acceptInvitations accepts what is open, also to an administrative role: the
// account is the proof that a link would be.
func (e *entry) acceptInvitations(ctx context.Context) error {
	open, err := e.openInvitations(ctx, e.parent.Account, e.door.User.ID)
	if err != nil || len(open) == 0 {
		return err
	}
	for _, i := range open {
		if err := e.acceptInvitation(ctx, i); err != nil {
			return err
		}
	}
	_, err = e.refresh(ctx, []UserID{e.door.User.ID})
	return err
}

// leaveEarlier ends the session that the browser has in the workspace.
func (e *entry) leaveEarlier(ctx context.Context) error {
	all, err := e.Sessions.OfUser(ctx, e.ws, e.door.User.ID)
	if err != nil {
		return err
	}
	for _, s := range all {
		if s.Parent != e.parent.SignIn.ID {
			continue
		}
		if err := e.endSession(ctx, s, ""); err != nil {
			return err
		}
	}
	return nil
}

// extendParent notes the visit: the shortest idle limit of the workspaces entered
// binds them all. The row is written always: who ends the parent meanwhile waits,
// and then ends this session too.
func (e *entry) extendParent(ctx context.Context) error {
	p := &e.parent.SignIn
	idle := e.door.Workspace.Settings.Duration(SettingSessionIdle)
	if p.Idle == 0 || idle < p.Idle {
		p.Idle = idle
	}
	p.LastSeenAt = e.Now()
	err := e.Parents.Update(ctx, *p)
	if errors.Is(err, ErrNotFound) {
		return errNoParent()
	}
	return err
}

func (e *entry) startSession(ctx context.Context, secretHash []byte) error {
	p, u := e.parent.SignIn, e.door.User
	expires := e.Now().Add(e.door.Workspace.Settings.Duration(SettingSessionMax))
	if p.ExpiresAt.Before(expires) {
		expires = p.ExpiresAt
	}
	e.session = Session{
		User: u.ID, SecretHash: secretHash, Parent: p.ID, ExpiresAt: expires,
		ParentIdle: p.Idle, ParentProvedAt: p.ProvedAt, ParentMethod: p.Method,
	}
	if e.door.breakGlass {
		e.warn(EventBreakGlassUsed, string(u.ID), map[string]string{"method": string(p.Method)})
	}
	return e.beginSession(ctx, &e.session, e.browser, map[string]string{"method": string(p.Method)})
}

func errOnlyThere() error {
	return fail(ErrProve, "second_factor", "A code of an administrator lets you into that administrator's workspace alone. Prove your own second factor to enter this one.")
}
