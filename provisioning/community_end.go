package provisioning

import (
	"context"
	"slices"
	"strconv"
)

// EventAutoCreateOff says that automatic creation ended with the last default
// community of a connection (rule 5).
const EventAutoCreateOff EventType = "connection.auto_create_off"

// DeleteCommunity takes a community whole, in one transaction (rule 12): its
// grants and mappings, memberships, its part in defaults (automatic creation
// switches off with a warning event where it was the last) and in invitations
// (one that gives nothing any more is cancelled, and who has nothing beside it
// leaves). The root cannot go. It needs communities.create.
func (s *Service) DeleteCommunity(ctx context.Context, a Actor, ws WorkspaceID, id CommunityID) error {
	o := changeOptions{action: "community.delete", target: string(id)}
	return s.change(ctx, a, ws, o, func(ctx context.Context, w *work) error {
		if err := w.require(ctx, CommunitiesCreate, w.anchors.root); err != nil {
			return err
		}
		// Connections change with it: their changes lock the workspace, too.
		if err := w.Workspaces.Lock(ctx, ws); err != nil {
			return err
		}
		c, err := w.lockedCommunity(ctx, id)
		if err != nil {
			return err
		}
		if c.Root {
			return conflict("root_community", "The root community stands for the whole workspace and goes with it alone.")
		}
		return w.deleteCommunity(ctx, c)
	})
}

// deleteCommunity ends a locked community. The groups that are mapped into it
// are locked first, in the order of every change of a group, and nobody maps
// another meanwhile: who gives something into the community holds it.
func (w *work) deleteCommunity(ctx context.Context, c Community) error {
	if err := w.lockMappedGroups(ctx, c.ID); err != nil {
		return err
	}
	invitations, err := w.invitationsOnlyInto(ctx, c.ID)
	if err != nil {
		return err
	}
	connections, err := w.connectionsInto(ctx, c.ID)
	if err != nil {
		return err
	}
	users, err := w.Communities.Delete(ctx, w.ws, c.ID, w.Now())
	if err != nil {
		return orNotFound(err, "community")
	}
	w.record(note{
		action: "community.delete", kind: "community", target: string(c.ID),
		details: map[string]string{"slug": c.Slug, "name": c.Name, "users": strconv.Itoa(len(users))},
	})
	w.emit("community.deleted", string(c.ID), map[string]string{"slug": c.Slug})
	if err := w.leaveDefaults(ctx, c.ID, connections); err != nil {
		return err
	}
	for _, i := range invitations {
		users = append(users, i.User)
	}
	if _, err := w.refresh(ctx, users); err != nil {
		return err
	}
	return w.endInvitations(ctx, invitations)
}

func (w *work) lockMappedGroups(ctx context.Context, c CommunityID) error {
	mappings, err := w.Mappings.List(ctx, w.ws, "")
	if err != nil {
		return err
	}
	var groups []GroupID
	for _, m := range mappings {
		if m.Community == c {
			groups = append(groups, m.Group)
		}
	}
	slices.Sort(groups)
	for _, g := range slices.Compact(groups) {
		if _, err := w.Groups.Lock(ctx, w.ws, g); err != nil {
			return err
		}
	}
	return nil
}

// connectionsInto returns the connections whose default the community is.
func (w *work) connectionsInto(ctx context.Context, c CommunityID) ([]Connection, error) {
	all, err := w.Connections.List(ctx, w.ws)
	return slices.DeleteFunc(all, func(o Connection) bool { return !slices.Contains(o.DefaultCommunities, c) }), err
}

// leaveDefaults takes the community out of the defaults. Automatic creation
// needs a community.
func (w *work) leaveDefaults(ctx context.Context, id CommunityID, connections []Connection) error {
	for _, c := range connections {
		c.DefaultCommunities = slices.DeleteFunc(c.DefaultCommunities, func(d CommunityID) bool { return d == id })
		if c.AutoCreate && len(c.DefaultCommunities) == 0 {
			c.AutoCreate = false
			w.warn(EventAutoCreateOff, string(c.ID), map[string]string{"community": string(id)})
		}
		w.record(note{action: "connection.update", kind: "connection", target: string(c.ID), details: connectionDetails(c)})
		w.emit("connection.changed", string(c.ID), nil)
		if err := w.Connections.Update(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// invitationsOnlyInto returns the invitations that may still be accepted, or sent
// again, and that give roles in the community alone.
func (w *work) invitationsOnlyInto(ctx context.Context, c CommunityID) ([]Invitation, error) {
	var found []Invitation
	elsewhere := func(r RoleIn) bool { return r.Community != c }
	q := InvitationQuery{Pending: true, Limit: refreshChunk}
	for {
		page, err := w.Invitations.List(ctx, w.ws, q)
		if err != nil || len(page) == 0 {
			return found, err
		}
		for _, i := range page {
			if len(i.Roles) > 0 && !slices.ContainsFunc(i.Roles, elsewhere) {
				found = append(found, i)
			}
		}
		q.Before = page[len(page)-1].ID
	}
}

// endInvitations cancels invitations of users who are locked. Who has nothing
// beside it leaves.
func (w *work) endInvitations(ctx context.Context, invitations []Invitation) error {
	for _, i := range invitations {
		if err := w.cancelInvitation(ctx, i); err != nil {
			return err
		}
		u, err := w.Users.Get(ctx, w.ws, i.User)
		if err != nil {
			return err
		}
		if err := w.forget(ctx, u); err != nil {
			return err
		}
	}
	return nil
}
