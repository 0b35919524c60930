package storetest

import (
	"context"
	"strings"

	"drawbridge/provisioning"
)

// furnished is a world with one of everything.
type furnished struct {
	*world
	user       provisioning.User // pushed, with a block
	bare       provisioning.User // without a record
	identity   provisioning.Identity
	invitation provisioning.Invitation
	group      provisioning.Group
	mapping    provisioning.Mapping
	grant      provisioning.Grant
	membership provisioning.Membership
	session    provisioning.Session
	token      provisioning.DirectoryToken
	delivery   provisioning.Delivery // given up
	sealed     provisioning.AuditEntry
	unsealed   provisioning.AuditEntry
}

const (
	theSubject = "00u-subject"
	theHash    = "hash of somebody"
	theDomain  = "acme.example"
)

func furnish(w *world) *furnished {
	w.t.Helper()
	f := &furnished{world: w, user: w.pushed("ana@acme.example"), bare: w.user("bob@acme.example")}
	f.user.Blocks = []provisioning.Block{w.block(f.user, provisioning.BlockDirectory)}
	f.identity = w.identity(f.user, theSubject)
	f.invitation = w.invitation(f.user)
	f.group = w.group("analysts")
	w.addMembers(f.group, f.user)
	f.mapping = w.mapping(f.group, w.paris, w.analyst, func(m *provisioning.Mapping) { m.Held = true })
	f.grant = w.grant(f.user, w.paris, w.guest, func(g *provisioning.Grant) { g.Source = provisioning.SourceSafeguard })
	f.membership = w.membership(f.user, w.root, w.admin)
	f.session = w.session(f.user)
	f.token = w.token(w.directory)
	f.delivery = w.delivery(settled(provisioning.DeliveryDead, 61), func(d *provisioning.Delivery) { d.Leased = at(70) })
	w.domain(theDomain, true)
	w.claim(w.connection, theSubject, f.user)
	w.bury(f.user, theHash)
	w.setAside(provisioning.SetAside{User: f.user.ID, Community: w.paris.ID})
	w.appendEvents(w.draftEvent("subject"))
	f.sealed, f.unsealed = w.draftEntry("sealed"), w.draftEntry("unsealed")
	w.append(f.sealed)
	w.seal(9)
	w.append(f.unsealed)
	return f
}

// dump shows all that the Store's own methods tell of the workspace.
func (f *furnished) dump() string {
	f.t.Helper()
	var b strings.Builder
	err := f.look(func(ctx context.Context, tx *provisioning.Tx) error {
		for _, part := range f.parts() {
			v, err := part(ctx, tx)
			if err != nil {
				return err
			}
			b.WriteString(show(v) + "\n")
		}
		return nil
	})
	wantOK(f.t, err)
	return b.String()
}

// part reads something of a workspace.
type part func(ctx context.Context, tx *provisioning.Tx) (any, error)

func (f *furnished) parts() []part {
	ws := f.workspace.ID
	return append(f.partsOfUser(),
		func(ctx context.Context, tx *provisioning.Tx) (any, error) { return tx.Workspaces.Get(ctx, ws) },
		func(ctx context.Context, tx *provisioning.Tx) (any, error) { return tx.Communities.List(ctx, ws) },
		func(ctx context.Context, tx *provisioning.Tx) (any, error) { return tx.Roles.List(ctx, ws) },
		func(ctx context.Context, tx *provisioning.Tx) (any, error) { return tx.Domains.List(ctx, ws) },
		func(ctx context.Context, tx *provisioning.Tx) (any, error) { return tx.Connections.List(ctx, ws) },
		func(ctx context.Context, tx *provisioning.Tx) (any, error) { return tx.Directories.List(ctx, ws) },
		func(ctx context.Context, tx *provisioning.Tx) (any, error) {
			return tx.Tokens.List(ctx, ws, f.directory.ID)
		},
		func(ctx context.Context, tx *provisioning.Tx) (any, error) {
			return tx.Users.List(ctx, ws, provisioning.UserQuery{})
		},
		func(ctx context.Context, tx *provisioning.Tx) (any, error) {
			return pageOf(tx.Records.List(ctx, ws, provisioning.RecordQuery{Directory: f.directory.ID, Limit: 99}))
		},
		func(ctx context.Context, tx *provisioning.Tx) (any, error) {
			return pageOf(tx.Groups.List(ctx, ws, provisioning.GroupQuery{Limit: 99}))
		},
		func(ctx context.Context, tx *provisioning.Tx) (any, error) {
			return tx.Members.Of(ctx, ws, []provisioning.GroupID{f.group.ID})
		},
		func(ctx context.Context, tx *provisioning.Tx) (any, error) { return tx.Mappings.List(ctx, ws, "") },
		func(ctx context.Context, tx *provisioning.Tx) (any, error) { return tx.Grants.Safeguards(ctx, ws) },
		func(ctx context.Context, tx *provisioning.Tx) (any, error) { return tx.Access.Holders(ctx, ws, "", 99) },
		func(ctx context.Context, tx *provisioning.Tx) (any, error) {
			return tx.Subjects.Of(ctx, ws, f.connection.ID, theSubject)
		},
		func(ctx context.Context, tx *provisioning.Tx) (any, error) {
			return tx.Tombstones.Any(ctx, ws, [][]byte{[]byte(theHash)})
		},
		func(ctx context.Context, tx *provisioning.Tx) (any, error) {
			return tx.Invitations.List(ctx, ws, provisioning.InvitationQuery{})
		},
		func(ctx context.Context, tx *provisioning.Tx) (any, error) {
			return tx.Deliveries.List(ctx, ws, provisioning.DeliveryQuery{})
		},
		func(ctx context.Context, tx *provisioning.Tx) (any, error) { return tx.Events.List(ctx, ws, "", 99) },
		func(ctx context.Context, tx *provisioning.Tx) (any, error) { return tx.Audit.Unsealed(ctx, ws, 99) },
		func(ctx context.Context, tx *provisioning.Tx) (any, error) { return tx.Audit.Sealed(ctx, ws, 0, 99) },
		func(ctx context.Context, tx *provisioning.Tx) (any, error) { return tx.Audit.Head(ctx, ws) },
	)
}

// partsOfUser reads what stands beside the user.
func (f *furnished) partsOfUser() []part {
	ws, u := f.workspace.ID, f.user.ID
	return []part{
		func(ctx context.Context, tx *provisioning.Tx) (any, error) { return tx.Users.Get(ctx, ws, u) },
		func(ctx context.Context, tx *provisioning.Tx) (any, error) { return tx.Identities.OfUser(ctx, ws, u) },
		func(ctx context.Context, tx *provisioning.Tx) (any, error) { return tx.Invitations.OfUser(ctx, ws, u) },
		func(ctx context.Context, tx *provisioning.Tx) (any, error) { return tx.Grants.OfUser(ctx, ws, u) },
		func(ctx context.Context, tx *provisioning.Tx) (any, error) { return tx.Access.OfUser(ctx, ws, u) },
		func(ctx context.Context, tx *provisioning.Tx) (any, error) { return tx.Sessions.OfUser(ctx, ws, u) },
		func(ctx context.Context, tx *provisioning.Tx) (any, error) {
			return tx.Access.State(ctx, ws, []provisioning.UserID{u})
		},
	}
}
