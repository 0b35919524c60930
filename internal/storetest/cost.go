package storetest

import (
	"context"
	"fmt"
	"slices"

	"drawbridge/provisioning"
)

var costSentences = []sentence{
	{"methods that take a set cost one statement whatever its size", costOfSets},
	{"what the contract calls one round trip is one", costOfReads},
}

// cost returns how many round trips fn makes inside one Update, whose own
// beginning and end do not count.
func (w *world) cost(fn step) int64 {
	w.t.Helper()
	counter := w.store.(StatementCounter)
	return write(w, func(ctx context.Context, tx *provisioning.Tx) (int64, error) {
		before := counter.Statements()
		err := fn(ctx, tx)
		return counter.Statements() - before, err
	})
}

// priced is a method that takes a set, called with the first n of it.
type priced struct {
	name string
	call func(ctx context.Context, tx *provisioning.Tx, n int) error
}

func costOfSets(w *world) {
	const many = 500
	for _, p := range slices.Concat(w.pricedSets(many), w.pricedPlaces(many), w.pricedAccounts(many)) {
		costs := make([]int64, 0, 2)
		for _, n := range []int{1, many} {
			costs = append(costs, w.cost(func(ctx context.Context, tx *provisioning.Tx) error { return p.call(ctx, tx, n) }))
		}
		equal(w.t, p.name+" of many costs what it costs of one", costs[1], costs[0])
	}
}

func (w *world) pricedSets(many int) []priced {
	w.t.Helper()
	ws, g := w.workspace.ID, w.group("g")
	us := w.users(many)
	uids := userIDs(us...)
	gids := []provisioning.GroupID{g.ID}
	for range many - 1 {
		gids = append(gids, newID[provisioning.GroupID]())
	}
	return append([]priced{
		{"Users.Lock", func(ctx context.Context, tx *provisioning.Tx, n int) error { return tx.Users.Lock(ctx, ws, uids[:n]) }},
		{"Members.Add", func(ctx context.Context, tx *provisioning.Tx, n int) error {
			_, err := tx.Members.Add(ctx, ws, g.ID, uids[:n], at(1))
			return err
		}},
		{"Members.Of", func(ctx context.Context, tx *provisioning.Tx, n int) error {
			_, err := tx.Members.Of(ctx, ws, gids[:n])
			return err
		}},
		{"Members.GroupsOf", func(ctx context.Context, tx *provisioning.Tx, n int) error {
			_, err := tx.Members.GroupsOf(ctx, ws, uids[:n])
			return err
		}},
		{"Members.Known", func(ctx context.Context, tx *provisioning.Tx, n int) error {
			_, _, err := tx.Members.Known(ctx, ws, w.directory.ID, uids[:n])
			return err
		}},
		{"Members.Keep", func(ctx context.Context, tx *provisioning.Tx, n int) error {
			_, err := tx.Members.Keep(ctx, ws, g.ID, uids[:n])
			return err
		}},
		{"Members.Remove", func(ctx context.Context, tx *provisioning.Tx, n int) error {
			_, err := tx.Members.Remove(ctx, ws, g.ID, uids[:n])
			return err
		}},
		{"Access.State", func(ctx context.Context, tx *provisioning.Tx, n int) error {
			_, err := tx.Access.State(ctx, ws, uids[:n])
			return err
		}},
	}, w.pricedRows(us)...)
}

// pricedRows are the methods that write a set of rows.
func (w *world) pricedRows(us []provisioning.User) []priced {
	ws := w.workspace.ID
	several := func(n int) []provisioning.User { return us[:n] }
	marks := func(n int) []provisioning.SetAside {
		return pluck(several(n), func(u provisioning.User) provisioning.SetAside {
			return provisioning.SetAside{User: u.ID, Community: w.paris.ID}
		})
	}
	grants := func(n int) []provisioning.Grant {
		return pluck(several(n), func(u provisioning.User) provisioning.Grant { return w.draftGrant(u, w.paris, w.guest) })
	}
	return []priced{
		{"Grants.Add", func(ctx context.Context, tx *provisioning.Tx, n int) error {
			_, err := tx.Grants.Add(ctx, grants(n))
			return err
		}},
		{"Grants.Hold", func(ctx context.Context, tx *provisioning.Tx, n int) error {
			return tx.Grants.Hold(ctx, ws, grantIDs(grants(n)...), "x")
		}},
		{"Grants.Delete", func(ctx context.Context, tx *provisioning.Tx, n int) error {
			return tx.Grants.Delete(ctx, ws, grantIDs(grants(n)...))
		}},
		{"Access.SetAside", func(ctx context.Context, tx *provisioning.Tx, n int) error {
			return tx.Access.SetAside(ctx, ws, marks(n), at(1))
		}},
		{"Access.Start", func(ctx context.Context, tx *provisioning.Tx, n int) error {
			return tx.Access.Start(ctx, w.draftMemberships(several(n)))
		}},
		{"Access.End", func(ctx context.Context, tx *provisioning.Tx, n int) error {
			ended := pluck(several(n), func(provisioning.User) provisioning.MembershipID { return newID[provisioning.MembershipID]() })
			return tx.Access.End(ctx, ws, ended, at(2))
		}},
		{"Tombstones.Put", func(ctx context.Context, tx *provisioning.Tx, n int) error {
			return tx.Tombstones.Put(ctx, pluck(several(n), func(u provisioning.User) provisioning.Tombstone {
				return provisioning.Tombstone{Workspace: ws, Hash: []byte(u.ID), User: u.ID, CreatedAt: at(1)}
			}))
		}},
		{"Events.Append", func(ctx context.Context, tx *provisioning.Tx, n int) error {
			return tx.Events.Append(ctx, pluck(several(n), func(u provisioning.User) provisioning.Event { return w.draftEvent(string(u.ID)) }))
		}},
		{"Audit.Append", func(ctx context.Context, tx *provisioning.Tx, n int) error {
			return tx.Audit.Append(ctx, pluck(several(n), func(u provisioning.User) provisioning.AuditEntry { return w.draftEntry(string(u.ID)) }))
		}},
		{"Tokens.Revoke", func(ctx context.Context, tx *provisioning.Tx, n int) error {
			tokens := pluck(several(n), func(provisioning.User) provisioning.TokenID { return newID[provisioning.TokenID]() })
			_, err := tx.Tokens.Revoke(ctx, ws, w.directory.ID, tokens, at(1))
			return err
		}},
	}
}

// pricedPlaces hold communities and roles: the first is there, the others not.
func (w *world) pricedPlaces(many int) []priced {
	communities, roles := []provisioning.CommunityID{w.paris.ID}, []provisioning.RoleID{w.guest.ID}
	for range many - 1 {
		communities = append(communities, newID[provisioning.CommunityID]())
		roles = append(roles, newID[provisioning.RoleID]())
	}
	return []priced{
		{"Communities.Hold", func(ctx context.Context, tx *provisioning.Tx, n int) error {
			_, err := isGone(tx.Communities.Hold(ctx, w.workspace.ID, communities[:n]))
			return err
		}},
		{"Roles.Hold", func(ctx context.Context, tx *provisioning.Tx, n int) error {
			_, err := isGone(tx.Roles.Hold(ctx, w.workspace.ID, roles[:n]))
			return err
		}},
	}
}

// pricedAccounts are the methods that take a set about accounts and mails.
func (w *world) pricedAccounts(many int) []priced {
	w.t.Helper()
	a := w.account()
	texts, parents, accounts := make([]string, many), make([]provisioning.ParentID, many), make([]provisioning.AccountID, many)
	hashes, purposes := make([][]byte, many), make([]provisioning.LinkPurpose, many)
	for i := range many {
		texts[i] = ids.New()
		parents[i], accounts[i] = provisioning.ParentID(texts[i]), provisioning.AccountID(texts[i])
		hashes[i], purposes[i] = []byte(texts[i]), provisioning.LinkPurpose(texts[i])
	}
	return []priced{
		{"Accounts.Absorb", func(ctx context.Context, tx *provisioning.Tx, n int) error {
			return tx.Accounts.Absorb(ctx, a.ID, accounts[:n])
		}},
		{"Factors.SetRecoveryCodes", func(ctx context.Context, tx *provisioning.Tx, n int) error {
			return tx.Factors.SetRecoveryCodes(ctx, a.ID, hashes[:n])
		}},
		{"AccountSessions.EndOfParents", func(ctx context.Context, tx *provisioning.Tx, n int) error {
			_, err := tx.AccountSessions.EndOfParents(ctx, parents[:n], at(1))
			return err
		}},
		{"Links.Cancel", func(ctx context.Context, tx *provisioning.Tx, n int) error {
			_, err := tx.Links.Cancel(ctx, a.ID, purposes[:n], at(1))
			return err
		}},
		{"Deliveries.Add", func(ctx context.Context, tx *provisioning.Tx, n int) error {
			return tx.Deliveries.Add(ctx, pluck(texts[:n], func(string) provisioning.Delivery { return w.draftDelivery() }))
		}},
		{"Deliveries.Claim", func(ctx context.Context, tx *provisioning.Tx, n int) error {
			_, err := tx.Deliveries.Claim(ctx, at(60), at(99), n)
			return err
		}},
		{"Deliveries.Drop", func(ctx context.Context, tx *provisioning.Tx, n int) error {
			return tx.Deliveries.Drop(ctx, texts[:n], at(1))
		}},
	}
}

func (w *world) draftMemberships(us []provisioning.User) []provisioning.Membership {
	return pluck(us, func(u provisioning.User) provisioning.Membership {
		return provisioning.Membership{
			Workspace: w.workspace.ID, ID: newID[provisioning.MembershipID](), StartedAt: at(1),
			Reason: provisioning.Reason{
				User: u.ID, Community: w.paris.ID, Role: w.guest.ID,
				Source: provisioning.SourceMapping, SourceID: ids.New(),
			},
		}
	})
}

func costOfReads(w *world) {
	u, g := w.pushed("ana"), w.group("g")
	w.block(u, provisioning.BlockSignal)
	w.addMembers(g, u)
	a := w.account()
	parent := w.parent(a)
	token, session := w.token(w.directory), w.session(u, from(parent))
	w.invitation(u)
	for name, fn := range map[string]step{
		"Users.Get": func(ctx context.Context, tx *provisioning.Tx) error {
			_, err := tx.Users.Get(ctx, w.workspace.ID, u.ID)
			return err
		},
		"Users.List": func(ctx context.Context, tx *provisioning.Tx) error {
			_, err := tx.Users.List(ctx, w.workspace.ID, provisioning.UserQuery{})
			return err
		},
		"Accounts.Users": func(ctx context.Context, tx *provisioning.Tx) error {
			_, err := tx.Accounts.Users(ctx, a.ID)
			return err
		},
		"Invitations.List": func(ctx context.Context, tx *provisioning.Tx) error {
			_, err := tx.Invitations.List(ctx, w.workspace.ID, provisioning.InvitationQuery{})
			return err
		},
		"Communities.Uses": func(ctx context.Context, tx *provisioning.Tx) error {
			_, err := tx.Communities.Uses(ctx, w.workspace.ID, w.paris.ID)
			return err
		},
		"Parents.Find": func(ctx context.Context, tx *provisioning.Tx) error {
			_, _, err := tx.Parents.Find(ctx, parent.ID)
			return err
		},
		"Access.State": func(ctx context.Context, tx *provisioning.Tx) error {
			_, err := tx.Access.State(ctx, w.workspace.ID, userIDs(u))
			return err
		},
		"Records.List": func(ctx context.Context, tx *provisioning.Tx) error {
			_, _, err := tx.Records.List(ctx, w.workspace.ID, provisioning.RecordQuery{
				Directory: w.directory.ID, Connection: w.connection.ID, Adoptable: true, Filter: emailIs("ana"), Limit: 9,
			})
			return err
		},
		"Groups.List": func(ctx context.Context, tx *provisioning.Tx) error {
			_, _, err := tx.Groups.List(ctx, w.workspace.ID, provisioning.GroupQuery{Limit: 9})
			return err
		},
		"Tokens.Find": func(ctx context.Context, tx *provisioning.Tx) error {
			_, _, err := tx.Tokens.Find(ctx, token.ID)
			return err
		},
		"Sessions.Find": func(ctx context.Context, tx *provisioning.Tx) error {
			_, _, err := tx.Sessions.Find(ctx, session.ID)
			return err
		},
	} {
		equal(w.t, fmt.Sprintf("round trips of %s", name), w.cost(fn), 1)
	}
}
