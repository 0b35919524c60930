package storetest

import (
	"context"

	"drawbridge/provisioning"
)

// references are attempts to make something in a's workspace that points to
// something of b's.
var references = []attempt{
	{"Connections.Create with a default role", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		c := a.draftConnection("Second")
		c.DefaultRole = b.guest.ID
		return nothing(tx.Connections.Create(ctx, c))
	}},
	{"Connections.Update with a default community", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		c := a.connection
		c.DefaultCommunities = []provisioning.CommunityID{b.paris.ID}
		return nothing(tx.Connections.Update(ctx, c))
	}},
	{"Directories.Create paired with a connection", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		d := a.draftDirectory("Second")
		d.Connection = b.connection.ID
		return nothing(tx.Directories.Create(ctx, d))
	}},
	{"Tokens.Create for a directory", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		k := b.token
		k.Workspace, k.ID = a.workspace.ID, newID[provisioning.TokenID]()
		return nothing(tx.Tokens.Create(ctx, k))
	}},
	{"Users.Create with a directory", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		u := a.draftUser("new")
		u.Directory = b.directory.ID
		return nothing(tx.Users.Create(ctx, u))
	}},
	{"Users.Update with a directory", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		u := a.bare
		u.Directory = b.directory.ID
		return nothing(tx.Users.Update(ctx, u))
	}},
	{"SignIns.Create through a connection", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		return nothing(tx.SignIns.Create(ctx, provisioning.PendingSignIn{
			Workspace: a.workspace.ID, ID: newID[provisioning.SignInID](), Connection: b.connection.ID,
			StateHash: []byte("state"), BrowserHash: []byte("browser"), CreatedAt: at(1), ExpiresAt: at(600),
		}, 5))
	}},
	{"Blocks.Put on a user", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		return tx.Blocks.Put(ctx, provisioning.Block{
			Workspace: a.workspace.ID, User: b.user.ID, Source: provisioning.BlockSignal, CreatedAt: at(1),
		})
	}},
	{"Records.Create for a user", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		return nothing(tx.Records.Create(ctx, a.draftRecord(b.bare, "new")))
	}},
	{"Records.Create in a directory", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		r := a.draftRecord(a.bare, "new")
		r.Directory = b.directory.ID
		return nothing(tx.Records.Create(ctx, r))
	}},
	{"Identities.Create for a user", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		return nothing(tx.Identities.Create(ctx, a.draftIdentity(b.bare, "new")))
	}},
	{"Identities.Create of a connection", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		i := a.draftIdentity(a.bare, "new")
		i.Connection = b.connection.ID
		return nothing(tx.Identities.Create(ctx, i))
	}},
	{"Subjects.Claim for a user", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		return tx.Subjects.Claim(ctx, a.workspace.ID, a.connection.ID, "new", b.user.ID)
	}},
	{"Subjects.Claim in a connection", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		return tx.Subjects.Claim(ctx, a.workspace.ID, b.connection.ID, "new", a.user.ID)
	}},
	{"Invitations.Create for a user", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		i := a.invitation
		i.ID, i.User = newID[provisioning.InvitationID](), b.user.ID
		return nothing(tx.Invitations.Create(ctx, i))
	}},
	{"Invitations.Create with a role", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		i := a.invitation
		i.ID, i.Roles = newID[provisioning.InvitationID](), b.invitation.Roles
		return nothing(tx.Invitations.Create(ctx, i))
	}},
	{"Groups.Create in a directory", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		g := a.draftGroup("new")
		g.Directory = b.directory.ID
		return nothing(tx.Groups.Create(ctx, g))
	}},
	{"Members.Add of a user", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		return failUnlessEmpty(tx.Members.Add(ctx, a.workspace.ID, a.group.ID, userIDs(b.user), at(1)))
	}},
	{"Members.Add to a group", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		return failUnlessEmpty(tx.Members.Add(ctx, a.workspace.ID, b.group.ID, userIDs(a.bare), at(1)))
	}},
	{"Mappings.Create of a group", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		m := a.mapping
		m.ID, m.Group = newID[provisioning.MappingID](), b.group.ID
		return nothing(tx.Mappings.Create(ctx, m))
	}},
	{"Mappings.Create into a community", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		m := a.mapping
		m.ID, m.Community = newID[provisioning.MappingID](), b.lyon.ID
		return nothing(tx.Mappings.Create(ctx, m))
	}},
	{"Grants.Add to a user", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		return failUnlessEmpty(tx.Grants.Add(ctx, []provisioning.Grant{a.draftGrant(b.user, a.paris, a.guest)}))
	}},
	{"Grants.Add of a role", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		return failUnlessEmpty(tx.Grants.Add(ctx, []provisioning.Grant{a.draftGrant(a.user, a.paris, b.admin)}))
	}},
	{"Access.Start for a user", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		m := a.membership
		m.ID, m.User = newID[provisioning.MembershipID](), b.user.ID
		return nothing(tx.Access.Start(ctx, []provisioning.Membership{m}))
	}},
	{"Access.SetAside of a user", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		return nothing(tx.Access.SetAside(ctx, a.workspace.ID, []provisioning.SetAside{{User: b.user.ID, Community: a.lyon.ID}}, at(1)))
	}},
	{"Access.SetAside of a community", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		return nothing(tx.Access.SetAside(ctx, a.workspace.ID, []provisioning.SetAside{{User: a.user.ID, Community: b.lyon.ID}}, at(1)))
	}},
	{"Sessions.Create through a connection", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		s := a.session
		s.ID, s.Connection = newID[provisioning.SessionID](), b.connection.ID
		return nothing(tx.Sessions.Create(ctx, s))
	}},
	{"Sessions.Create for a user", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		s := a.session
		s.ID, s.User = newID[provisioning.SessionID](), b.user.ID
		return nothing(tx.Sessions.Create(ctx, s))
	}},
	{"Tombstones.Put of a user", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		return nothing(tx.Tombstones.Put(ctx, []provisioning.Tombstone{
			{Workspace: a.workspace.ID, Hash: []byte("new"), User: b.user.ID, CreatedAt: at(1)},
		}))
	}},
}

// failUnlessEmpty makes of a silent "added none" the refusal that it is, and
// keeps the transaction from committing.
func failUnlessEmpty[T any](added []T, err error) (any, error) {
	if err == nil && len(added) == 0 {
		err = errRollback
	}
	return added, err
}
