package oktasim

import (
	"context"
	"fmt"
	"net/http"
)

// PushGroup links a group and makes the application's membership the organisation's. A group that is not linked is looked
// up by its name and created when nobody has it. Members are those who are provisioned and active; others are left out.
func (c *Client) PushGroup(ctx context.Context, g Group) error {
	if _, linked := c.links.group(g.ID); linked {
		return c.PushNow(ctx, g)
	}
	id, found, err := c.lookup(ctx, "/Groups", "displayName", g.Name)
	if err != nil {
		return err
	}
	if !found {
		return c.createGroup(ctx, g)
	}
	c.links.setGroup(g.ID, id)
	return c.pushWhole(ctx, id, g)
}

// createGroup: a wizard application sends the members with the POST and the whole group again by GET and PUT; a catalogue
// application creates an empty group and adds the members by PATCH.
func (c *Client) createGroup(ctx context.Context, g Group) error {
	members := c.links.members(g.Members)
	first := members
	if c.app == Catalog {
		first = []member{}
	}
	id, err := c.postGroup(ctx, groupBody(g.Name, first))
	if err != nil {
		return err
	}
	c.links.setGroup(g.ID, id)
	if c.app == Wizard {
		return c.pushWhole(ctx, id, g)
	}
	return c.sendChanges(ctx, id, g.Name, members, nil)
}

func (c *Client) postGroup(ctx context.Context, body resource) (string, error) {
	a, err := c.call(ctx, http.MethodPost, "/Groups", body)
	if err != nil {
		return "", err
	}
	created, err := decodeResource(a.body)
	if err != nil {
		return "", err
	}
	id, _ := created["id"].(string)
	if id == "" {
		return "", fmt.Errorf("the group %q was created without an id in the answer", created["displayName"])
	}
	return id, nil
}

// PushMembershipChange tells of people who joined and left; g is the group after the change. A catalogue application sends
// the group's name first and then the changes, at most the chunk size in one PATCH; a wizard application sends the group.
func (c *Client) PushMembershipChange(ctx context.Context, g Group, add, remove []string) error {
	id, linked := c.links.group(g.ID)
	if !linked {
		return ErrNotLinked
	}
	if c.app == Wizard {
		return c.pushWhole(ctx, id, g)
	}
	return c.sendChanges(ctx, id, g.Name, c.links.members(add), c.links.members(remove))
}

func (c *Client) sendChanges(ctx context.Context, id, name string, add, remove []member) error {
	if len(add)+len(remove) == 0 {
		return nil
	}
	if err := c.patchGroup(ctx, id, rename(id, name)); err != nil {
		return err
	}
	for len(add)+len(remove) > 0 {
		leavers := min(len(remove), c.chunk)
		joiners := min(len(add), c.chunk-leavers)
		if err := c.patchGroup(ctx, id, membershipPatch(add[:joiners], remove[:leavers])); err != nil {
			return err
		}
		add, remove = add[joiners:], remove[leavers:]
	}
	return nil
}

// PushNow replaces the application's membership by the organisation's, whether or not anything changed.
func (c *Client) PushNow(ctx context.Context, g Group) error {
	id, linked := c.links.group(g.ID)
	if !linked {
		return ErrNotLinked
	}
	return c.pushWhole(ctx, id, g)
}

// pushWhole verifies that the group exists and writes it whole: by PUT, or by its name and a PATCH that replaces members.
func (c *Client) pushWhole(ctx context.Context, id string, g Group) error {
	if _, err := c.call(ctx, http.MethodGet, itemTarget("/Groups", id), nil); err != nil {
		return linkedGroupError(err)
	}
	members := c.links.members(g.Members)
	if c.app == Wizard {
		body := groupBody(g.Name, members)
		body["id"] = id
		_, err := c.call(ctx, http.MethodPut, itemTarget("/Groups", id), body)
		return linkedGroupError(err)
	}
	if err := c.patchGroup(ctx, id, rename(id, g.Name)); err != nil {
		return err
	}
	return c.patchGroup(ctx, id, replaceMembers(members))
}

// RenameGroup pushes g's new name; members stay as they are.
func (c *Client) RenameGroup(ctx context.Context, g Group) error {
	id, linked := c.links.group(g.ID)
	if !linked {
		return ErrNotLinked
	}
	if c.app == Wizard {
		return c.pushWhole(ctx, id, g)
	}
	return c.patchGroup(ctx, id, rename(id, g.Name))
}

// UnlinkGroup ends the push of a group: with remove the application's group is deleted, without it nothing is sent.
func (c *Client) UnlinkGroup(ctx context.Context, groupID string, remove bool) error {
	id, linked := c.links.group(groupID)
	if !linked {
		return ErrNotLinked
	}
	if remove {
		_, err := c.call(ctx, http.MethodDelete, itemTarget("/Groups", id), nil)
		if err != nil && statusOf(err) != http.StatusNotFound {
			return err
		}
	}
	c.links.forgetGroup(groupID)
	return nil
}

func (c *Client) patchGroup(ctx context.Context, id string, body resource) error {
	_, err := c.call(ctx, http.MethodPatch, itemTarget("/Groups", id), body)
	return linkedGroupError(err)
}

func linkedGroupError(err error) error {
	if statusOf(err) == http.StatusNotFound {
		return fmt.Errorf("%w (%w)", ErrLinkedGroupMissing, err)
	}
	return err
}
