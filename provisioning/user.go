package provisioning

import (
	"context"
	"errors"
	"slices"
	"time"
)

// Events of users.
const (
	EventUserCreated     EventType = "user.created"
	EventUserChanged     EventType = "user.changed"
	EventUserBlocked     EventType = "user.blocked"
	EventUserUnblocked   EventType = "user.unblocked"
	EventUserRemoved     EventType = "user.removed"
	EventSessionsEnded   EventType = "sessions.ended"
	EventGrantsReleased  EventType = "grants.released"
	EventGrantGiven      EventType = "grant.given"
	EventGrantTaken      EventType = "grant.taken"
	EventUserSucceeded   EventType = "user.succeeded"
	EventUserAdopted     EventType = "user.adopted"
	EventMembersSkipped  EventType = "group.members_skipped"
	EventAttributesLost  EventType = "directory.attributes_dropped"
	EventIdentityPinned  EventType = "identity.pinned"
	EventIdentityRetired EventType = "identity.retired"
)

// Users lists users of the workspace that are not removed, by id.
func (s *Service) Users(ctx context.Context, ws WorkspaceID, q UserQuery) (all []User, err error) {
	err = s.store.View(ctx, func(tx *Tx) error {
		all, err = tx.Users.List(ctx, ws, q)
		return err
	})
	return all, err
}

// lockedUser locks a user that is not removed and returns it as it then stands.
func (w *work) lockedUser(ctx context.Context, id UserID) (User, error) {
	if err := w.Users.Lock(ctx, w.ws, []UserID{id}); err != nil {
		return User{}, err
	}
	u, err := w.Users.Get(ctx, w.ws, id)
	if err == nil && !u.RemovedAt.IsZero() {
		return User{}, notFound("user")
	}
	return u, orNotFound(err, "user")
}

func (w *work) userCreated(u User) {
	w.record(note{
		action: "user.create", kind: "user", target: string(u.ID),
		details: map[string]string{"origin": string(u.Origin)},
		words:   map[string]string{"user_name": u.UserName, "email": u.Email},
	})
	w.emit(EventUserCreated, string(u.ID), map[string]string{"origin": string(u.Origin)})
}

// userChange is the frame of what is done to one user by hand: the permission,
// the lock, and who manages the user (rule 7).
func (s *Service) userChange(ctx context.Context, a Actor, ws WorkspaceID, id UserID, action string, p Permission,
	fn func(context.Context, *work, User) error,
) error {
	o := changeOptions{action: action, target: string(id)}
	return s.change(ctx, a, ws, o, func(ctx context.Context, w *work) error {
		if err := w.require(ctx, p, w.anchors.root); err != nil {
			return err
		}
		u, err := w.lockedUser(ctx, id)
		if err != nil {
			return err
		}
		return fn(ctx, w, u)
	})
}

// SuspendUser puts the administrator's block: every session of the user in the
// workspace ends at once (rule 8). Suspending twice changes nothing.
func (s *Service) SuspendUser(ctx context.Context, a Actor, ws WorkspaceID, id UserID) error {
	return s.userChange(ctx, a, ws, id, "user.suspend", MembersEdit, func(ctx context.Context, w *work, u User) error {
		return w.block(ctx, u, BlockAdministrator)
	})
}

// ReactivateUser lifts the administrator's block, and no other. Of a user who is
// not suspended it lifts the inactivity block, and of one whose directory was
// deleted the block that the directory left: the user is managed by hand (rule
// 8). The inactivity rule then leaves the user alone until the day ends.
func (s *Service) ReactivateUser(ctx context.Context, a Actor, ws WorkspaceID, id UserID) error {
	return s.userChange(ctx, a, ws, id, "user.reactivate", MembersEdit, func(ctx context.Context, w *work, u User) error {
		source, err := liftable(u)
		if err != nil || source == "" {
			return err
		}
		if err := w.unblock(ctx, u, source); err != nil {
			return err
		}
		u.ReactivatedAt, u.UpdatedAt = w.Now(), w.Now()
		u.Version++
		return w.Users.Update(ctx, u)
	})
}

// liftable returns the one block that an administrator lifts now, "" if there is
// none.
func liftable(u User) (BlockSource, error) {
	switch {
	case u.Blocked(BlockAdministrator):
		return BlockAdministrator, nil
	case u.Blocked(BlockInactivity):
		return BlockInactivity, nil
	case !u.Blocked(BlockDirectory):
		return "", nil
	case u.Record == nil:
		return BlockDirectory, nil
	}
	return "", conflict("directory_block", "The directory deactivated this user. Activate them there; suspension is not what stands in the way.")
}

// block puts a block and ends the user's access at once (rule 8).
func (w *work) block(ctx context.Context, u User, source BlockSource) error {
	if err := w.touchAdministrators(ctx, u.ID); err != nil {
		return err
	}
	added, err := w.Blocks.Put(ctx, Block{Workspace: w.ws, User: u.ID, Source: source, CreatedAt: w.Now()})
	if err != nil || !added {
		return err
	}
	w.record(note{action: "user.block", kind: "user", target: string(u.ID), details: map[string]string{"source": string(source)}})
	w.emit(EventUserBlocked, string(u.ID), map[string]string{"source": string(source)})
	return w.endSessions(ctx, u.ID)
}

func (w *work) unblock(ctx context.Context, u User, source BlockSource) error {
	if err := w.touchAdministrators(ctx, u.ID); err != nil {
		return err
	}
	lifted, err := w.Blocks.Lift(ctx, w.ws, u.ID, source)
	if err != nil || !lifted {
		return err
	}
	w.record(note{action: "user.unblock", kind: "user", target: string(u.ID), details: map[string]string{"source": string(source)}})
	w.emit(EventUserUnblocked, string(u.ID), map[string]string{"source": string(source)})
	return nil
}

func (w *work) endSessions(ctx context.Context, u UserID) error {
	ended, err := w.Sessions.EndOfUser(ctx, w.ws, u, w.Now())
	if err != nil || len(ended) == 0 {
		return err
	}
	revoke(w, ended)
	w.emit(EventSessionsEnded, string(u), nil)
	return nil
}

// RemoveUser removes a user from the workspace (rule 10). A directory's user
// is removed in the directory.
func (s *Service) RemoveUser(ctx context.Context, a Actor, ws WorkspaceID, id UserID) error {
	o := changeOptions{action: "user.remove", target: string(id)}
	return s.change(ctx, a, ws, o, func(ctx context.Context, w *work) error {
		if err := w.require(ctx, MembersRemove, w.anchors.root); err != nil {
			return err
		}
		u, err := w.lockedWithGroups(ctx, id)
		if err != nil {
			return err
		}
		if u.Record != nil {
			return conflict("managed_by_directory", "A directory manages this user. Remove them there, or suspend them here.")
		}
		return w.remove(ctx, u)
	})
}

// lockedWithGroups locks the groups that the user is in and then the user, in
// the order of every change of a group, and returns the user.
func (w *work) lockedWithGroups(ctx context.Context, id UserID) (User, error) {
	before, err := w.Members.GroupsOf(ctx, w.ws, []UserID{id})
	if err != nil {
		return User{}, err
	}
	for _, g := range before {
		if _, err := w.Groups.Lock(ctx, w.ws, g.Group); err != nil {
			return User{}, err
		}
	}
	u, err := w.lockedUser(ctx, id)
	if err != nil {
		return User{}, err
	}
	after, err := w.Members.GroupsOf(ctx, w.ws, []UserID{id})
	joined := func(m Member) bool {
		return !slices.ContainsFunc(before, func(known Member) bool { return known.Group == m.Group })
	}
	if err == nil && slices.ContainsFunc(after, joined) {
		return User{}, errAgain
	}
	return u, err
}

// remove ends everything of a user and keeps the row. userName and externalId
// are free, tombstones keep sign-in from making the user anew.
func (w *work) remove(ctx context.Context, u User) error {
	if err := w.touchAdministrators(ctx, u.ID); err != nil {
		return err
	}
	identities, err := w.Identities.OfUser(ctx, w.ws, u.ID)
	if err != nil {
		return err
	}
	if err := w.bury(ctx, u, identities); err != nil {
		return err
	}
	if err := w.endSessions(ctx, u.ID); err != nil {
		return err
	}
	if err := w.endReasons(ctx, u.ID); err != nil {
		return err
	}
	for _, end := range []func() error{
		func() error { return w.Identities.DeleteOfUser(ctx, w.ws, u.ID) },
		func() error { return w.Subjects.ReleaseAll(ctx, w.ws, u.ID) },
		func() error { return w.Records.Delete(ctx, w.ws, u.ID) },
		func() error { return w.cancelInvitations(ctx, u.ID) },
	} {
		if err := end(); err != nil {
			return err
		}
	}
	u.RemovedAt, u.UpdatedAt = w.Now(), w.Now()
	u.Version++
	w.record(note{action: "user.remove", kind: "user", target: string(u.ID), words: map[string]string{"user_name": u.UserName}})
	w.emit(EventUserRemoved, string(u.ID), nil)
	return w.Users.Update(ctx, u)
}

// endReasons takes the user out of all groups and deletes all grants.
func (w *work) endReasons(ctx context.Context, u UserID) error {
	groups, err := w.Members.GroupsOf(ctx, w.ws, []UserID{u})
	if err != nil {
		return err
	}
	for _, g := range groups {
		if _, err := w.Members.Remove(ctx, w.ws, g.Group, []UserID{u}); err != nil {
			return err
		}
	}
	grants, err := w.Grants.OfUser(ctx, w.ws, u)
	if err != nil {
		return err
	}
	ids := make([]GrantID, len(grants))
	for i, g := range grants {
		ids[i] = g.ID
	}
	if err := w.Grants.Delete(ctx, w.ws, ids); err != nil {
		return err
	}
	_, err = w.refresh(ctx, []UserID{u})
	return err
}

// GrantRole gives a user a role in a community by hand (rules 3 and 4). What
// was given by hand there and does not go with it is replaced.
func (s *Service) GrantRole(ctx context.Context, a Actor, ws WorkspaceID, id UserID, r RoleIn) error {
	o := changeOptions{action: "user.grant", target: string(id)}
	return s.change(ctx, a, ws, o, func(ctx context.Context, w *work) error {
		if _, err := w.givable(ctx, r); err != nil {
			return err
		}
		if _, err := w.lockedUser(ctx, id); err != nil {
			return err
		}
		given, err := w.giveByHand(ctx, id, []RoleIn{r}, SourceAdministrator, a.ID)
		if err != nil || len(given) == 0 {
			return err
		}
		_, err = w.refresh(ctx, []UserID{id})
		return err
	})
}

func (w *work) givable(ctx context.Context, r RoleIn) (Role, error) {
	if err := w.require(ctx, RolesAssign, r.Community); err != nil {
		return Role{}, err
	}
	role, err := w.role(ctx, r.Role)
	if err != nil {
		return Role{}, err
	}
	if err := w.requireCommunity(ctx, r.Community); err != nil {
		return Role{}, err
	}
	return role, w.requireRole(ctx, role, r.Community)
}

func (w *work) grantEvent(t EventType, action string, g Grant) {
	details := map[string]string{"community": string(g.Community), "role": string(g.Role), "source": string(g.Source)}
	w.record(note{action: action, kind: "user", target: string(g.User), details: details})
	w.emit(t, string(g.User), details)
}

// RevokeRole takes a role that was given by hand, or by a first sign-in or a
// safeguard. What a mapping gives is taken by changing the group or the mapping.
func (s *Service) RevokeRole(ctx context.Context, a Actor, ws WorkspaceID, id UserID, r RoleIn) error {
	o := changeOptions{action: "user.revoke", target: string(id)}
	return s.change(ctx, a, ws, o, func(ctx context.Context, w *work) error {
		if _, err := w.givable(ctx, r); err != nil {
			return err
		}
		if _, err := w.lockedUser(ctx, id); err != nil {
			return err
		}
		taken, err := w.takeGrants(ctx, id, r)
		if err != nil {
			return err
		}
		if !taken {
			return w.nothingToRevoke(ctx, id, r)
		}
		_, err = w.refresh(ctx, []UserID{id})
		return err
	})
}

func (w *work) takeGrants(ctx context.Context, id UserID, r RoleIn) (bool, error) {
	grants, err := w.Grants.OfUser(ctx, w.ws, id)
	if err != nil {
		return false, err
	}
	grants = slices.DeleteFunc(grants, func(g Grant) bool { return g.Community != r.Community || g.Role != r.Role })
	ids := make([]GrantID, len(grants))
	for i, g := range grants {
		ids[i] = g.ID
		w.grantEvent(EventGrantTaken, "user.revoke", g)
	}
	return len(ids) > 0, w.Grants.Delete(ctx, w.ws, ids)
}

func (w *work) nothingToRevoke(ctx context.Context, id UserID, r RoleIn) error {
	held, err := w.Access.OfUser(ctx, w.ws, id)
	if err != nil {
		return err
	}
	for _, m := range held {
		if m.Community == r.Community && m.Role == r.Role {
			return conflict("mapped", "A mapping gives this role. Take the user out of the group in the directory, or delete the mapping.")
		}
	}
	return fail(ErrNotFound, "not_found", "The user was not given this role in this community.")
}

// ReleaseUser is an administrator's word that a successor is the same person
// (rule 16): what was held counts again, and the identity by which the
// directory now knows the person is good again if it had been retired.
func (s *Service) ReleaseUser(ctx context.Context, a Actor, ws WorkspaceID, id UserID) (released int, err error) {
	err = s.userChange(ctx, a, ws, id, "user.release", MembersEdit, func(ctx context.Context, w *work, u User) error {
		held, err := w.heldGrants(ctx, id)
		if err != nil {
			return err
		}
		released = len(held)
		restored, err := w.restoreIdentity(ctx, u)
		if err != nil || released == 0 && !restored {
			return err
		}
		if err := w.Grants.Hold(ctx, ws, held, ""); err != nil {
			return err
		}
		w.record(note{action: "user.release", kind: "user", target: string(id)})
		w.emit(EventGrantsReleased, string(id), nil)
		_, err = w.refresh(ctx, []UserID{id})
		return err
	})
	return released, err
}

// heldGrants returns what is held of the user, all of which the actor may give.
func (w *work) heldGrants(ctx context.Context, id UserID) ([]GrantID, error) {
	grants, err := w.Grants.OfUser(ctx, w.ws, id)
	if err != nil {
		return nil, err
	}
	var held []GrantID
	for _, g := range grants {
		if !g.Held {
			continue
		}
		role, err := w.role(ctx, g.Role)
		if err != nil {
			return nil, err
		}
		if err := w.requireRole(ctx, role, g.Community); err != nil {
			return nil, err
		}
		held = append(held, g.ID)
	}
	return held, nil
}

// restoreIdentity makes the retired identity live again whose subject is the
// present externalId: the directory went back to it after a mistake.
func (w *work) restoreIdentity(ctx context.Context, u User) (bool, error) {
	if u.Record == nil || u.Record.ExternalID == "" {
		return false, nil
	}
	directory, err := w.Directories.Find(ctx, u.Record.Directory)
	if err != nil || directory.Connection == "" {
		return false, err
	}
	identities, err := w.Identities.OfUser(ctx, w.ws, u.ID)
	if err != nil {
		return false, err
	}
	for _, i := range identities {
		if i.RetiredAt.IsZero() || i.Connection != directory.Connection || i.Subject != u.Record.ExternalID {
			continue
		}
		live := slices.ContainsFunc(identities, func(o Identity) bool { return o.Connection == i.Connection && o.RetiredAt.IsZero() })
		if live {
			continue
		}
		w.administrators.touched = true
		w.record(note{action: "identity.restore", kind: "user", target: string(u.ID), details: map[string]string{"connection": string(i.Connection)}})
		return true, w.Identities.Restore(ctx, w.ws, i.ID)
	}
	return false, nil
}

// HasWayIn reports whether the user could sign in, blocks aside: by an account,
// an identity that is not retired, or a directory's record.
func (s *Service) HasWayIn(ctx context.Context, ws WorkspaceID, id UserID) (has bool, err error) {
	err = s.store.View(ctx, func(tx *Tx) error {
		u, err := tx.Users.Get(ctx, ws, id)
		if err != nil {
			return orNotFound(err, "user")
		}
		has, err = hasWayIn(ctx, tx, u)
		return err
	})
	return has, err
}

func hasWayIn(ctx context.Context, tx *Tx, u User) (bool, error) {
	if u.Account != "" || u.Record != nil {
		return true, nil
	}
	identities, err := tx.Identities.OfUser(ctx, u.Workspace, u.ID)
	return slices.ContainsFunc(identities, func(i Identity) bool { return i.RetiredAt.IsZero() }), err
}

// InviteAdministrator is the way back in (rule 9): for an address that no user
// of the workspace has, or whose user has no way in, the operator makes an
// invitation that no directory may adopt. Earlier ones of that user are
// cancelled. It returns the text of the link's secret.
func (s *Service) InviteAdministrator(ctx context.Context, a Actor, ws WorkspaceID, email string, r RoleIn) (i Invitation, text string, err error) {
	if err := checkEmail(email); err != nil {
		return i, "", err
	}
	if a.Kind != ActorOperator {
		return i, "", fail(ErrForbidden, "not_permitted", "Only the operator on the server does this.")
	}
	o := changeOptions{action: "invitation.create"}
	err = s.change(ctx, a, ws, o, func(ctx context.Context, w *work) error {
		if _, err := w.givable(ctx, r); err != nil {
			return err
		}
		if err := w.inviteAnew(ctx, email); err != nil {
			return err
		}
		lifetime, err := w.invitationLifetime(ctx)
		if err != nil {
			return err
		}
		i, text, err = w.invite(ctx, invitee{email: email, roles: []RoleIn{r}, lifetime: lifetime})
		return err
	})
	return i, text, err
}

// inviteAnew makes way for an invitation: it refuses a user who has a way in,
// and cancels what another was sent before.
func (w *work) inviteAnew(ctx context.Context, email string) error {
	u, err := findUser(ctx, w.Tx, w.ws, email)
	switch {
	case errors.Is(err, ErrNotFound):
		return nil
	case err != nil:
		return err
	}
	has, err := hasWayIn(ctx, w.Tx, u)
	if err != nil {
		return err
	}
	if has {
		return conflict("user_exists", "The workspace has a user with this address who can sign in. Grant them the role.")
	}
	return w.cancelInvitations(ctx, u.ID)
}

func (w *work) invitationLifetime(ctx context.Context) (time.Duration, error) {
	ws, err := w.Workspaces.Get(ctx, w.ws)
	return ws.Settings.Duration(SettingInvitationLifetime), err
}
