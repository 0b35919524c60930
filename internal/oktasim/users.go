package oktasim

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
)

// AssignUser provisions a person: lookup by userName, then POST, or, when somebody was found, GET and PUT of that id
// (linking). Assigning again links again, so it repairs.
func (c *Client) AssignUser(ctx context.Context, p Person) error {
	id, found, err := c.lookup(ctx, "/Users", "userName", p.Login)
	if err != nil {
		return err
	}
	if !found {
		return c.createUser(ctx, p)
	}
	return c.refreshUser(ctx, p, id)
}

func (c *Client) createUser(ctx context.Context, p Person) error {
	a, err := c.call(ctx, http.MethodPost, "/Users", newUser(p, rand.Text()[:8]))
	if err != nil {
		return err
	}
	created, err := decodeResource(a.body)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrEmptyUser, err)
	}
	id, _ := created["id"].(string)
	if id == "" {
		return ErrEmptyUser
	}
	c.links.setUser(p.ID, userLink{id: id, login: p.Login, active: true})
	return nil
}

// refreshUser brings a found user's profile up to date and makes it active: in the PUT (wizard), or by a PATCH after it
// (catalogue) when the application holds it inactive.
func (c *Client) refreshUser(ctx context.Context, p Person, id string) error {
	stored, err := c.storedUser(ctx, id)
	if err != nil {
		return err
	}
	wasActive := isActive(stored)
	merged := mergeProfile(stored, p)
	if c.app == Wizard {
		merged["active"] = true
	}
	if err := c.putUser(ctx, id, merged); err != nil {
		return err
	}
	if c.app == Catalog && !wasActive {
		if _, err := c.call(ctx, http.MethodPatch, itemTarget("/Users", id), setActive(true)); err != nil {
			return err
		}
	}
	c.links.setUser(p.ID, userLink{id: id, login: p.Login, active: true})
	return nil
}

// isActive takes an absent attribute for true, as Okta shows such users.
func isActive(r resource) bool {
	active, given := r["active"].(bool)
	return active || !given
}

// UpdateUser pushes a changed profile: GET, then PUT of the whole.
func (c *Client) UpdateUser(ctx context.Context, p Person) error {
	link, ok := c.links.user(p.ID)
	if !ok {
		return ErrNotProvisioned
	}
	stored, err := c.storedUser(ctx, link.id)
	if err != nil {
		return err
	}
	if err := c.putUser(ctx, link.id, mergeProfile(stored, p)); err != nil {
		return err
	}
	link.login = p.Login
	c.links.setUser(p.ID, link)
	return nil
}

// DeactivateUser takes a person's access away by `active: false`. Okta never deletes users.
func (c *Client) DeactivateUser(ctx context.Context, personID string) error {
	link, ok := c.links.user(personID)
	if !ok {
		return ErrNotProvisioned
	}
	if err := c.sendInactive(ctx, link.id); err != nil {
		return err
	}
	link.active = false
	c.links.setUser(personID, link)
	return nil
}

func (c *Client) sendInactive(ctx context.Context, id string) error {
	if c.app == Catalog {
		_, err := c.call(ctx, http.MethodPatch, itemTarget("/Users", id), setActive(false))
		return err
	}
	stored, err := c.storedUser(ctx, id)
	if err != nil {
		return err
	}
	delete(stored, "groups") // the recorded deactivation has none
	stored["active"] = false
	return c.putUser(ctx, id, stored)
}

// ReactivateUser gives access back with a refreshed profile. A user whom the application no longer has is looked up, and
// created if need be.
func (c *Client) ReactivateUser(ctx context.Context, p Person) error {
	link, ok := c.links.user(p.ID)
	if !ok {
		return c.AssignUser(ctx, p)
	}
	err := c.refreshUser(ctx, p, link.id)
	if statusOf(err) == http.StatusNotFound {
		return c.AssignUser(ctx, p)
	}
	return err
}

func (c *Client) storedUser(ctx context.Context, id string) (resource, error) {
	a, err := c.call(ctx, http.MethodGet, itemTarget("/Users", id), nil)
	if err != nil {
		return nil, err
	}
	return decodeResource(a.body)
}

func (c *Client) putUser(ctx context.Context, id string, r resource) error {
	_, err := c.call(ctx, http.MethodPut, itemTarget("/Users", id), r)
	return err
}

// RemoteUser is a user of the application as an import finds it.
type RemoteUser struct {
	ID, UserName, ExternalID string
}

// ImportUsers reads all users by pages of 100 and leaves inactive ones out, as Okta does.
func (c *Client) ImportUsers(ctx context.Context) ([]RemoteUser, error) {
	var users []RemoteUser
	err := c.importAll(ctx, "/Users", func(r resource) {
		if !isActive(r) {
			return
		}
		var u RemoteUser
		u.ID, _ = r["id"].(string)
		u.UserName, _ = r["userName"].(string)
		u.ExternalID, _ = r["externalId"].(string)
		users = append(users, u)
	})
	return users, err
}

// RemoteGroup is a group of the application as an import finds it.
type RemoteGroup struct {
	ID, DisplayName string
	Members         []string // ids of users of the application
}

// ImportGroups reads all groups by pages of 100.
func (c *Client) ImportGroups(ctx context.Context) ([]RemoteGroup, error) {
	var groups []RemoteGroup
	err := c.importAll(ctx, "/Groups", func(r resource) {
		g := RemoteGroup{Members: memberIDs(r)}
		g.ID, _ = r["id"].(string)
		g.DisplayName, _ = r["displayName"].(string)
		groups = append(groups, g)
	})
	return groups, err
}

// importAll asks for page after page until as many resources came as totalResults says.
func (c *Client) importAll(ctx context.Context, collection string, each func(resource)) error {
	for got := 0; ; {
		target := fmt.Sprintf("%s?startIndex=%d&count=%d", collection, got+1, lookupPage)
		a, err := c.call(ctx, http.MethodGet, target, nil)
		if err != nil {
			return err
		}
		list, err := decodeList(a.body)
		if err != nil {
			return err
		}
		for _, r := range list.Resources {
			each(r)
		}
		got += len(list.Resources)
		if got >= list.TotalResults {
			return nil
		}
		if len(list.Resources) == 0 {
			return errors.New("the import ended early: an empty page before totalResults was reached")
		}
	}
}

func memberIDs(r resource) []string {
	list, _ := r["members"].([]any)
	ids := make([]string, 0, len(list))
	for _, e := range list {
		if m, ok := e.(resource); ok {
			id, _ := m["value"].(string)
			ids = append(ids, id)
		}
	}
	return ids
}
