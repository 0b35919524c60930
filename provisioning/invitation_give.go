package provisioning

import (
	"context"
	"slices"
)

// Pages that the links of mails lead to.
const (
	pathInvitation = "/invitation"
	pathLogin      = "/login"
)

// carryOut gives what was decided, and tells the person.
func (v *inviting) carryOut(ctx context.Context, p person, g giving) (InviteResult, error) {
	u, err := v.userOf(ctx, p)
	if err != nil {
		return InviteResult{}, err
	}
	given, err := v.giveNow(ctx, u, g.atOnce)
	if err != nil {
		return InviteResult{}, err
	}
	result := InviteResult{Email: v.email, Outcome: g.outcome}
	if g.outcome == InviteMember { // else the answer would tell who has an account elsewhere
		result.Given = given
	}
	if p.account.ID != "" {
		if err := v.touchAdministrators(ctx, u.ID); err != nil {
			return InviteResult{}, err
		}
	}
	if g.link {
		return result, v.sendLink(ctx, u, p, g.byLink, &result)
	}
	return result, v.notify(ctx, u, p, given)
}

// userOf makes the user, or points who has no way in to their account.
func (v *inviting) userOf(ctx context.Context, p person) (User, error) {
	if p.user.ID == "" {
		return v.createInvited(ctx, v.email, p.account.ID)
	}
	if p.account.ID == "" {
		return p.user, nil
	}
	return p.user, v.pointTo(ctx, &p.user, p.account.ID)
}

// pointTo makes the account the user's way in.
func (w *work) pointTo(ctx context.Context, u *User, a AccountID) error {
	u.Account, u.UpdatedAt = a, w.Now()
	u.Version++
	return w.Users.Update(ctx, *u)
}

// giveNow grants roles at once and returns what the user did not have.
func (v *inviting) giveNow(ctx context.Context, u User, roles []RoleIn) ([]RoleIn, error) {
	if len(roles) == 0 {
		return nil, nil
	}
	grants, err := v.Grants.OfUser(ctx, v.ws, u.ID)
	if err != nil {
		return nil, err
	}
	h := planByHand(grants, v.names.roles, roles)
	if err := v.mayReplace(h); err != nil || len(h.add) == 0 {
		return nil, err
	}
	if err := v.hand(ctx, u.ID, h, SourceInvitation, ""); err != nil {
		return nil, err
	}
	_, err = v.refresh(ctx, []UserID{u.ID})
	return h.add, err
}

// mayReplace refuses to take by an invitation what the actor could not take
// otherwise: to invite needs less than to assign roles.
func (v *inviting) mayReplace(h handing) error {
	for _, g := range h.replaced {
		if slices.Contains(h.add, RoleIn{g.Community, g.Role}) {
			continue // held, and given anew
		}
		role := v.names.roles[g.Role]
		needed := append([]Permission{RolesAssign}, v.anchors.counting(role.Permissions, g.Community)...)
		if err := v.rights.require(needed, g.Community); err != nil {
			return fail(ErrForbidden, "would_replace",
				"This person was given the role %s there, which this would replace, and you may not take it from them. Ask an administrator who may.", role.Name)
		}
	}
	return nil
}

// sendLink makes an invitation with a link. It is mailed, or else shown to who
// invites: then it proves no address.
func (v *inviting) sendLink(ctx context.Context, u User, p person, roles []RoleIn, result *InviteResult) error {
	if err := v.mayShowLink(ctx, v.rights, u.ID); err != nil {
		return err
	}
	i, link, err := v.createInvitation(ctx, Invitation{
		User: u.ID, Email: v.email, Administers: v.names.administers(roles),
		Adoptable: !slices.ContainsFunc(p.open, func(i Invitation) bool { return !i.Adoptable }),
		Shown:     !v.s.mailOut, InvitedBy: v.invitedBy(), Roles: roles,
		ExpiresAt: v.Now().Add(v.workspace.Settings.Duration(SettingInvitationLifetime)),
	})
	if err != nil {
		return err
	}
	result.Invitation = i
	if i.Shown {
		result.Link = link
		return nil
	}
	return v.mailLink(ctx, i, link)
}

// mayShowLink refuses to show a link of somebody who holds more than whoever sees
// it: by it, a password is set.
func (w *work) mayShowLink(ctx context.Context, seer rights, u UserID) error {
	if w.s.mailOut || seer.all {
		return nil
	}
	return w.holdsNoMore(ctx, u, seer)
}

// holdsNoMore refuses a user who holds a permission somewhere that the other does
// not hold there, or was given one that is held back.
func (w *work) holdsNoMore(ctx context.Context, u UserID, than rights) error {
	in, err := w.everythingOf(ctx, u)
	if err != nil {
		return err
	}
	known, err := rolesByID(ctx, w.Tx, w.ws)
	if err != nil {
		return err
	}
	for _, r := range in {
		if than.require(w.anchors.counting(known[r.Role].Permissions, r.Community), r.Community) != nil {
			return conflict("holds_more", "This person holds more here than whoever made the link, and whoever sees a link could come in by it. Ask an administrator for one.")
		}
	}
	return nil
}

func (v *inviting) mailLink(ctx context.Context, i Invitation, link string) error {
	inviter, err := v.inviter(ctx)
	if err != nil {
		return err
	}
	return v.post(ctx, letter{
		workspace: v.ws, kind: MailInvitation, to: i.Email, subject: string(i.ID), ends: i.ExpiresAt,
		mail: Mail{
			Inviter: inviter, Workspace: v.workspace.Name, Places: v.names.places(i.Roles),
			LinkPath: pathInvitation, LinkToken: link, EndsAt: i.ExpiresAt,
		},
	})
}

// notify tells somebody who has access at once what they have now. Nobody is
// told at an address that only a provider or a directory says.
func (v *inviting) notify(ctx context.Context, u User, p person, given []RoleIn) error {
	if len(given) == 0 || !u.MayAct() || !v.s.mailOut {
		return nil
	}
	to := v.email
	if !p.newcomer() {
		proved, err := provedEmail(ctx, v.Tx, u)
		if err != nil || proved == "" {
			return err
		}
		to = proved
	}
	inviter, err := v.inviter(ctx)
	if err != nil {
		return err
	}
	return v.post(ctx, letter{
		workspace: v.ws, kind: MailAccess, to: to,
		mail: Mail{Inviter: inviter, Workspace: v.workspace.Name, Places: v.names.places(given), LinkPath: pathLogin},
	})
}
