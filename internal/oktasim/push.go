package oktasim

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// push runs one operation of the SCIM client when it is its turn.
func (o *Organisation) push(ctx context.Context, operation func(*Client) error) error {
	select {
	case o.turn <- struct{}{}:
		defer func() { <-o.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	o.mu.RLock()
	client := o.client
	o.mu.RUnlock()
	if client == nil {
		return ErrNotConnected
	}
	return operation(client)
}

// TestConnection is Okta's button "Test Connector Configuration".
func (o *Organisation) TestConnection(ctx context.Context) error {
	return o.push(ctx, func(c *Client) error { return c.TestConnection(ctx) })
}

// PushAll tests the connection, provisions everybody who is assigned and active, and pushes every group. Like Okta's tasks,
// one failure does not keep the others back; all are returned, joined.
func (o *Organisation) PushAll(ctx context.Context) error {
	if err := o.TestConnection(ctx); err != nil {
		return fmt.Errorf("test of the connection: %w", err)
	}
	var failures []error
	for _, p := range o.People() {
		if !p.Assigned || p.Status != Active {
			continue
		}
		if err := o.push(ctx, func(c *Client) error { return c.AssignUser(ctx, p) }); err != nil {
			failures = append(failures, fmt.Errorf("person %s: %w", p.ID, err))
		}
	}
	for _, g := range o.Groups() {
		if err := o.PushGroup(ctx, g.ID); err != nil {
			failures = append(failures, fmt.Errorf("group %s: %w", g.ID, err))
		}
	}
	return errors.Join(failures...)
}

// Assign assigns a person to the application and provisions them. Groups are not pushed by it: as with Okta, the
// administrator pushes them again.
func (o *Organisation) Assign(ctx context.Context, personID string) error {
	p, ok := o.Person(personID)
	if !ok {
		return ErrUnknown
	}
	if p.Status != Active {
		return errors.New("a deactivated person cannot be assigned: reactivate first")
	}
	p, err := o.editPerson(p.ID, func(p *Person) { p.Assigned = true })
	if err != nil {
		return err
	}
	return o.push(ctx, func(c *Client) error { return c.ReactivateUser(ctx, p) })
}

// Unassign takes the assignment away, upon which Okta deactivates the user in the application.
func (o *Organisation) Unassign(ctx context.Context, personID string) error {
	p, err := o.editPerson(personID, func(p *Person) { p.Assigned = false })
	if err != nil {
		return err
	}
	return o.tell(ctx, func(c *Client) error { return c.DeactivateUser(ctx, p.ID) })
}

// UpdatePerson stores names, login, title and department of p and pushes them to the application when the person is
// provisioned there. Status and assignment stay as they are.
func (o *Organisation) UpdatePerson(ctx context.Context, p Person) error {
	if other, taken := o.Person(p.Login); taken && other.ID != p.ID {
		return fmt.Errorf("the login %s belongs to somebody else", p.Login)
	}
	changed, err := o.editPerson(p.ID, func(stored *Person) {
		p.Status, p.Assigned = stored.Status, stored.Assigned
		*stored = p
	})
	if err != nil || !changed.Assigned || changed.Status != Active {
		return err
	}
	return o.tell(ctx, func(c *Client) error { return c.UpdateUser(ctx, changed) })
}

// Deactivate deprovisions a person: signing in ends at once, and the application is told when the person is assigned.
func (o *Organisation) Deactivate(ctx context.Context, personID string) error {
	p, err := o.editPerson(personID, func(p *Person) { p.Status = Deprovisioned })
	if err != nil {
		return err
	}
	o.vault.forgetPerson(p.ID)
	if !p.Assigned {
		return nil
	}
	return o.tell(ctx, func(c *Client) error { return c.DeactivateUser(ctx, p.ID) })
}

// tell pushes a change of something that the application may not know. While provisioning is off, and for a person or group
// that was never pushed, there is nothing to send.
func (o *Organisation) tell(ctx context.Context, operation func(*Client) error) error {
	err := o.push(ctx, operation)
	if errors.Is(err, ErrNotConnected) || errors.Is(err, ErrNotProvisioned) || errors.Is(err, ErrNotLinked) {
		return nil
	}
	return err
}

// Reactivate makes a person active again and, when assigned, active in the application too. Their groups are pushed again
// only by the administrator, as with Okta.
func (o *Organisation) Reactivate(ctx context.Context, personID string) error {
	p, err := o.editPerson(personID, func(p *Person) { p.Status = Active })
	if err != nil || !p.Assigned {
		return err
	}
	return o.tell(ctx, func(c *Client) error { return c.ReactivateUser(ctx, p) })
}

// PushGroup links and pushes a group whole.
func (o *Organisation) PushGroup(ctx context.Context, groupID string) error {
	return o.withGroup(ctx, groupID, func(c *Client, g Group) error { return c.PushGroup(ctx, g) })
}

// PushNow pushes a linked group whole again.
func (o *Organisation) PushNow(ctx context.Context, groupID string) error {
	return o.withGroup(ctx, groupID, func(c *Client, g Group) error { return c.PushNow(ctx, g) })
}

func (o *Organisation) withGroup(ctx context.Context, groupID string, operation func(*Client, Group) error) error {
	return o.push(ctx, func(c *Client) error {
		g, ok := o.Group(groupID)
		if !ok {
			return ErrUnknown
		}
		return operation(c, g)
	})
}

// SetMembers changes a group's members to the people named by their ids, and pushes the difference when it is linked.
func (o *Organisation) SetMembers(ctx context.Context, groupID string, personIDs []string) error {
	for _, id := range personIDs {
		if p, ok := o.Person(id); !ok || p.ID != id {
			return fmt.Errorf("person %s: %w", id, ErrUnknown)
		}
	}
	var before []string
	g, err := o.editGroup(groupID, func(g *Group) {
		before = g.Members
		kept := without(before, without(before, personIDs))
		g.Members = append(kept, without(personIDs, before)...)
	})
	if err != nil {
		return err
	}
	add, remove := without(g.Members, before), without(before, g.Members)
	if len(add)+len(remove) == 0 {
		return nil
	}
	return o.tell(ctx, func(c *Client) error { return c.PushMembershipChange(ctx, g, add, remove) })
}

// RenameGroup renames a group, and pushes the name when it is linked.
func (o *Organisation) RenameGroup(ctx context.Context, groupID, name string) error {
	if other, taken := o.Group(name); taken && other.ID != groupID {
		return fmt.Errorf("another group is named %q", name)
	}
	g, err := o.editGroup(groupID, func(g *Group) { g.Name = name })
	if err != nil {
		return err
	}
	return o.tell(ctx, func(c *Client) error { return c.RenameGroup(ctx, g) })
}

// UnlinkGroup ends the push of a group, and with remove deletes it in the application.
func (o *Organisation) UnlinkGroup(ctx context.Context, groupID string, remove bool) error {
	return o.withGroup(ctx, groupID, func(c *Client, g Group) error { return c.UnlinkGroup(ctx, g.ID, remove) })
}

// ImportUsers reads the application's active users.
func (o *Organisation) ImportUsers(ctx context.Context) (users []RemoteUser, err error) {
	err = o.push(ctx, func(c *Client) error { users, err = c.ImportUsers(ctx); return err })
	return users, err
}

// ImportGroups reads the application's groups.
func (o *Organisation) ImportGroups(ctx context.Context) (groups []RemoteGroup, err error) {
	err = o.push(ctx, func(c *Client) error { groups, err = c.ImportGroups(ctx); return err })
	return groups, err
}

// UserID is the application's id of a person and whether they are active there; ok is false for somebody never pushed.
func (o *Organisation) UserID(personID string) (id string, active, ok bool) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	if o.client == nil {
		return "", false, false
	}
	return o.client.UserID(personID)
}

// GroupID is the application's id of a linked group.
func (o *Organisation) GroupID(groupID string) (id string, ok bool) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	if o.client == nil {
		return "", false
	}
	return o.client.GroupID(groupID)
}

// without returns a new list of what is in list and not in drop, each once.
func without(list, drop []string) []string {
	out := []string{}
	for _, s := range list {
		if !slices.Contains(drop, s) && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}
