package provisioning

import (
	"context"
	"errors"
	"slices"
)

// person is whom an address means, as far as an invitation has to know.
type person struct {
	user   User // ID is "" while there is nobody
	wayIn  bool // could sign in here, blocks aside
	proven bool // by an account or an identity: may get an administrative role at once (rule 19)
	member bool // holds something here
	open   []Invitation

	// How somebody without a way in gets one at once (rule 19).
	account Account // the proved account of the address
	covered bool    // an enabled connection takes the address's verified domain
}

// newcomer reports whether the person has nothing here, or no more than an
// invitation.
func (p person) newcomer() bool { return !p.wayIn && !p.member }

// findPerson finds the user of the address and locks them.
func (v *inviting) findPerson(ctx context.Context) (p person, err error) {
	if p.user, err = v.lockedByAddress(ctx); err != nil {
		return p, err
	}
	if p.user.ID != "" {
		if err := v.readPerson(ctx, &p); err != nil {
			return p, err
		}
	}
	if p.wayIn {
		return p, nil
	}
	return p, v.findWayIn(ctx, &p)
}

// lockedByAddress returns the user of the address as they stand once locked; the
// zero User if there is none.
func (v *inviting) lockedByAddress(ctx context.Context) (User, error) {
	found, err := findUser(ctx, v.Tx, v.ws, v.email)
	if errors.Is(err, ErrNotFound) {
		return User{}, nil
	}
	if err != nil {
		return User{}, err
	}
	if err := v.Users.Lock(ctx, v.ws, []UserID{found.ID}); err != nil {
		return User{}, err
	}
	again, err := findUser(ctx, v.Tx, v.ws, v.email)
	if errors.Is(err, ErrNotFound) || err == nil && again.ID != found.ID {
		return User{}, errAgain
	}
	return again, err
}

func (v *inviting) readPerson(ctx context.Context, p *person) error {
	if err := mayBeInvited(p.user); err != nil {
		return err
	}
	identities, err := v.Identities.OfUser(ctx, v.ws, p.user.ID)
	if err != nil {
		return err
	}
	p.proven = p.user.Account != "" || slices.ContainsFunc(identities, func(i Identity) bool { return i.RetiredAt.IsZero() })
	p.wayIn = p.proven || p.user.Record != nil
	held, err := v.Access.OfUser(ctx, v.ws, p.user.ID)
	if err != nil {
		return err
	}
	p.member = len(held) > 0
	all, err := v.Invitations.OfUser(ctx, v.ws, p.user.ID)
	p.open = slices.DeleteFunc(all, func(i Invitation) bool { return !i.Open(v.Now()) })
	return err
}

// mayBeInvited refuses somebody whom an administrator has to let in again first.
// A directory's block is the directory's to lift: it blocks the invitation and
// does not kill it.
func mayBeInvited(u User) error {
	if source, err := liftable(u); err == nil && source != "" {
		return conflict("blocked", "This person is blocked here. Reactivate them first.")
	}
	return nil
}

// findWayIn looks how a person without a way in could come in at once. Where no
// mail goes out, an account of another workspace is no reason: everybody's
// answer carries a link alike, and no tenant learns who exists elsewhere.
func (v *inviting) findWayIn(ctx context.Context, p *person) error {
	if v.s.mailOut {
		if err := v.findAccount(ctx, p); err != nil || p.account.ID != "" {
			return err
		}
	}
	connections, err := v.Domains.Connections(ctx, DomainOf(v.email))
	p.covered = slices.ContainsFunc(connections, func(c Connection) bool { return c.Workspace == v.ws })
	return err
}

func (v *inviting) findAccount(ctx context.Context, p *person) error {
	found, err := provedAccount(ctx, v.Tx, v.email)
	if err != nil || found.ID == "" {
		return err
	}
	if p.account, err = v.lockedProof(ctx, found.ID, v.email); err != nil {
		return err
	}
	return v.onlyUserOf(ctx, found.ID, p.user.ID)
}

// lockedProof locks a proved account, whose address must still be this one.
func (w *work) lockedProof(ctx context.Context, id AccountID, email string) (Account, error) {
	a, err := w.Accounts.Lock(ctx, id)
	if errors.Is(err, ErrNotFound) || err == nil && (!a.EmailProved || Fold(a.Email) != Fold(email)) {
		return Account{}, errAgain
	}
	return a, err
}

// onlyUserOf refuses to let an account lead to two users of the workspace.
func (w *work) onlyUserOf(ctx context.Context, a AccountID, u UserID) error {
	users, err := w.Accounts.Users(ctx, a)
	if err != nil {
		return err
	}
	for _, other := range users {
		if other.Workspace == w.ws && other.ID != u {
			return conflict("account_has_user", "Whoever has this address signs in here already, as %q. Use that address.", other.Email)
		}
	}
	return nil
}

// invitePerson decides what the person gets, and how (rule 19).
func (v *inviting) invitePerson(ctx context.Context) (InviteResult, error) {
	p, err := v.findPerson(ctx)
	if err != nil {
		return InviteResult{}, err
	}
	together, err := v.together(ctx, p.open)
	if err != nil {
		return InviteResult{}, err
	}
	g := v.ways(p, together)
	if g.link || p.newcomer() {
		if err := v.supersede(ctx, p); err != nil {
			return InviteResult{}, err
		}
	}
	return v.carryOut(ctx, p, g)
}

// giving is what was decided for one person.
type giving struct {
	atOnce  []RoleIn // nil where nothing comes at once
	link    bool
	byLink  []RoleIn
	outcome InviteOutcome
}

// ways decides what comes at once and whether there is a link. together is what
// was asked for, with what earlier invitations give that are open still.
func (v *inviting) ways(p person, together []RoleIn) giving {
	g := giving{byLink: together, outcome: InviteAdded}
	asked := v.request.Roles
	if p.newcomer() {
		asked = together
	}
	wayIn := p.wayIn || p.account.ID != "" || p.covered
	proven := p.proven || p.account.ID != ""
	if (wayIn || p.member) && (proven || !v.names.administers(asked)) {
		g.atOnce = asked
	}
	g.link = g.atOnce == nil || !wayIn ||
		v.request.PasswordLink && p.user.Account == "" ||
		!v.s.mailOut && p.newcomer()
	if g.atOnce != nil && !p.newcomer() {
		g.outcome = InviteMember
	}
	return g
}

// together adds to what is asked for what the open invitations give in other
// communities, and beside it in the same where both are custom (rule 3: what is
// new replaces).
func (v *inviting) together(ctx context.Context, open []Invitation) ([]RoleIn, error) {
	all := v.request.Roles
	for _, i := range open {
		standing, err := v.holdStanding(ctx, i.Roles)
		if err != nil {
			return nil, err
		}
		all = addRoles(all, standing, v.names.roles)
	}
	return all, nil
}

// addRoles adds earlier roles to later ones, where rule 3 lets both stand.
func addRoles(later, earlier []RoleIn, roles map[RoleID]Role) []RoleIn {
	all := slices.Clone(later)
	for _, r := range earlier {
		clash := slices.ContainsFunc(later, func(o RoleIn) bool {
			return o.Community == r.Community && (o.Role == r.Role || roles[o.Role].Builtin || roles[r.Role].Builtin)
		})
		if !clash {
			all = append(all, r)
		}
	}
	return all
}

// supersede cancels earlier invitations, which the new one takes in. Whoever
// invites gets to see the new link, or sends it: so they must be able to give
// all that the earlier ones give.
func (v *inviting) supersede(ctx context.Context, p person) error {
	for _, i := range p.open {
		if err := v.mayGive(i.Roles); err != nil {
			return fail(ErrForbidden, "invited_with_more",
				"Somebody else invited this person with roles that you may not give. Let them accept that first, or ask an administrator.")
		}
	}
	if p.user.ID == "" {
		return nil
	}
	return v.cancelInvitations(ctx, p.user.ID)
}
