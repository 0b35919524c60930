package storetest

import (
	"context"
	"errors"
	"strconv"

	"drawbridge/provisioning"
)

var placeLockSentences = []sentence{
	{"Communities.Lock makes others that put a reason into the community wait", lockCommunityReasons},
	{"Roles.Lock makes others that name the role wait", lockRoleReasons},
	{"Communities.Lock waits for those who hold the community, and who holds it later finds it deleted", lockCommunityHolders},
	{"Roles.Lock waits for those who hold the role, and who holds it later finds it deleted", lockRoleHolders},
	{"Communities.Hold and Roles.Hold: others may hold them too", holdPlacesTogether},
	{"Accounts.Lock makes others that lock the account wait", lockAccount},
	{"Workspaces.Delete waits for who writes into it, and who comes later finds nothing", lockDeletedWorkspace},
}

// reason puts something into a community that names a role.
type reason struct {
	kind string
	put  func(ctx context.Context, tx *provisioning.Tx, c provisioning.CommunityID, r provisioning.RoleID) error
}

func (w *world) reasons() []reason {
	w.t.Helper()
	u, g := w.user("ana"), w.group("g")
	return []reason{
		{"grant", func(ctx context.Context, tx *provisioning.Tx, c provisioning.CommunityID, r provisioning.RoleID) error {
			grant := w.draftGrant(u, w.paris, w.guest)
			grant.Community, grant.Role = c, r
			_, err := tx.Grants.Add(ctx, []provisioning.Grant{grant})
			return err
		}},
		{"mapping", func(ctx context.Context, tx *provisioning.Tx, c provisioning.CommunityID, r provisioning.RoleID) error {
			return tx.Mappings.Create(ctx, provisioning.Mapping{
				Workspace: w.workspace.ID, ID: newID[provisioning.MappingID](), Group: g.ID, Community: c, Role: r, CreatedAt: at(1),
			})
		}},
		{"default", func(ctx context.Context, tx *provisioning.Tx, c provisioning.CommunityID, r provisioning.RoleID) error {
			connection := w.draftConnection(ids.New())
			connection.DefaultRole, connection.DefaultCommunities = r, []provisioning.CommunityID{c}
			return tx.Connections.Create(ctx, connection)
		}},
		{"role of an invitation", func(ctx context.Context, tx *provisioning.Tx, c provisioning.CommunityID, r provisioning.RoleID) error {
			return tx.Invitations.Create(ctx, provisioning.Invitation{
				Workspace: w.workspace.ID, ID: newID[provisioning.InvitationID](), User: u.ID, SecretHash: []byte("hash"),
				CreatedAt: at(1), ExpiresAt: at(2), Roles: []provisioning.RoleIn{{Community: c, Role: r}},
			})
		}},
	}
}

// seesTheEnd has second begin while first has not ended: second waits for it
// if what it reads after its write shows what first did.
func (w *world) seesTheEnd(kind string, first, second step, gone func(ctx context.Context, tx *provisioning.Tx) (bool, error)) {
	w.t.Helper()
	var seen bool
	firstErr, secondErr := beside(w, first, func(ctx context.Context, tx *provisioning.Tx) error {
		err := second(ctx, tx)
		if err != nil {
			return err
		}
		seen, err = gone(ctx, tx)
		return err
	}, nil)
	wantOK(w.t, errors.Join(firstErr, secondErr))
	equal(w.t, kind+" waited", seen, true)
}

func lockCommunityReasons(w *world) {
	for _, reason := range w.reasons() {
		c := w.draftCommunity(ids.New())
		wantOK(w.t, w.createCommunity(c))
		w.seesTheEnd(reason.kind, func(ctx context.Context, tx *provisioning.Tx) error {
			return endCommunity(ctx, tx, c)
		}, func(ctx context.Context, tx *provisioning.Tx) error {
			return reason.put(ctx, tx, c.ID, w.guest.ID)
		}, func(ctx context.Context, tx *provisioning.Tx) (bool, error) {
			return isGone(tx.Communities.Lock(ctx, w.workspace.ID, c.ID))
		})
	}
}

func lockRoleReasons(w *world) {
	for _, reason := range w.reasons() {
		r := w.role(ids.New())
		w.seesTheEnd(reason.kind, func(ctx context.Context, tx *provisioning.Tx) error {
			return endRole(ctx, tx, r)
		}, func(ctx context.Context, tx *provisioning.Tx) error {
			return reason.put(ctx, tx, w.paris.ID, r.ID)
		}, func(ctx context.Context, tx *provisioning.Tx) (bool, error) {
			return isGone(tx.Roles.Lock(ctx, w.workspace.ID, r.ID))
		})
	}
}

func isGone(err error) (bool, error) {
	if errors.Is(err, provisioning.ErrNotFound) {
		return true, nil
	}
	return false, err
}

func endCommunity(ctx context.Context, tx *provisioning.Tx, c provisioning.Community) error {
	if err := tx.Communities.Lock(ctx, c.Workspace, c.ID); err != nil {
		return err
	}
	_, err := tx.Communities.Delete(ctx, c.Workspace, c.ID, at(90))
	return err
}

func endRole(ctx context.Context, tx *provisioning.Tx, r provisioning.Role) error {
	if err := tx.Roles.Lock(ctx, r.Workspace, r.ID); err != nil {
		return err
	}
	return tx.Roles.Delete(ctx, r.Workspace, r.ID, at(90))
}

// oneEnds runs write twenty times at once, and end in their midst. Who comes
// after the end finds nothing.
func (w *world) oneEnds(end step, write func(ctx context.Context, tx *provisioning.Tx, u provisioning.User) error) []provisioning.User {
	w.t.Helper()
	us := w.users(21)
	errs := parallel(len(us), func(i int) error {
		if i == len(us)/2 {
			return w.try(end)
		}
		_, err := isGone(w.try(func(ctx context.Context, tx *provisioning.Tx) error { return write(ctx, tx, us[i]) }))
		return err
	})
	wantOK(w.t, errors.Join(errs...))
	return us
}

func lockCommunityHolders(w *world) {
	us := w.oneEnds(func(ctx context.Context, tx *provisioning.Tx) error {
		return endCommunity(ctx, tx, w.lyon)
	}, func(ctx context.Context, tx *provisioning.Tx, u provisioning.User) error {
		held := []provisioning.CommunityID{w.paris.ID, w.lyon.ID}
		if err := tx.Communities.Hold(ctx, w.workspace.ID, held); err != nil {
			return err
		}
		_, err := tx.Grants.Add(ctx, []provisioning.Grant{w.draftGrant(u, w.lyon, w.guest)})
		return err
	})
	equal(w.t, "grants left", len(w.state(us...).Grants), 0)
}

// lockRoleHolders ends the role only if nobody has it yet.
func lockRoleHolders(w *world) {
	triage := w.role("triage")
	us := w.oneEnds(func(ctx context.Context, tx *provisioning.Tx) error {
		if err := tx.Roles.Lock(ctx, w.workspace.ID, triage.ID); err != nil {
			return err
		}
		uses, err := tx.Roles.Uses(ctx, w.workspace.ID, triage.ID)
		if err != nil || uses.Any() {
			return err
		}
		return tx.Roles.Delete(ctx, w.workspace.ID, triage.ID, at(90))
	}, func(ctx context.Context, tx *provisioning.Tx, u provisioning.User) error {
		if err := tx.Roles.Hold(ctx, w.workspace.ID, []provisioning.RoleID{triage.ID}); err != nil {
			return err
		}
		_, err := tx.Grants.Add(ctx, []provisioning.Grant{w.draftGrant(u, w.paris, triage)})
		return err
	})
	deleted := len(w.roles()) == 3
	equal(w.t, "the role is there or in use, and not both", deleted, len(w.state(us...).Grants) == 0)
}

func holdPlacesTogether(w *world) {
	hold := func(ctx context.Context, tx *provisioning.Tx) error {
		return errors.Join(
			tx.Communities.Hold(ctx, w.workspace.ID, []provisioning.CommunityID{w.root.ID, w.paris.ID}),
			tx.Roles.Hold(ctx, w.workspace.ID, []provisioning.RoleID{w.guest.ID, w.admin.ID}))
	}
	w.hold(hold, func() { w.do(hold) })
}

func lockAccount(w *world) {
	a := w.account(func(a *provisioning.Account) { a.PasswordHash = "0" })
	errs := parallel(10, func(int) error {
		return w.try(func(ctx context.Context, tx *provisioning.Tx) error {
			got, err := tx.Accounts.Lock(ctx, a.ID)
			if err != nil {
				return err
			}
			n, err := strconv.Atoi(got.PasswordHash)
			got.PasswordHash = strconv.Itoa(n + 1)
			return errors.Join(err, tx.Accounts.Update(ctx, got))
		})
	})
	wantOK(w.t, errors.Join(errs...))
	a.PasswordHash = "10"
	w.wantAccount(a)
}

// lockDeletedWorkspace has twenty write what does not refer to the workspace
// itself while it is deleted.
func lockDeletedWorkspace(w *world) {
	g := w.group("g")
	us := w.oneEnds(func(ctx context.Context, tx *provisioning.Tx) error {
		_, err := tx.Workspaces.Delete(ctx, w.workspace.ID)
		return err
	}, func(ctx context.Context, tx *provisioning.Tx, u provisioning.User) error {
		_, err := tx.Members.Add(ctx, w.workspace.ID, g.ID, userIDs(u), at(1))
		if err != nil {
			return err
		}
		return tx.Sessions.Create(ctx, provisioning.Session{
			Workspace: w.workspace.ID, ID: newID[provisioning.SessionID](), User: u.ID, SecretHash: []byte("secret"),
			CreatedAt: at(1), LastSeenAt: at(1), ExpiresAt: at(2),
		})
	})
	_, err := w.getWorkspace(w.workspace.ID)
	wantKind(w.t, err, provisioning.ErrNotFound)
	equal(w.t, "session left", w.sessionsOf(us[0]), nil)
	equal(w.t, "members left", w.membersOf(g, "", 99), nil)
}
