package provisioning

import (
	"context"
	"slices"
)

// NewCommunity describes a community to create.
type NewCommunity struct {
	Name        string
	Slug        string // "" makes one from the name
	Description string
}

// CreateCommunity adds a community directly below the root of a multi-tenant
// workspace.
func (s *Service) CreateCommunity(ctx context.Context, a Actor, ws WorkspaceID, n NewCommunity) (c Community, err error) {
	if err := checkCommunity(n.Name, n.Description); err != nil {
		return c, err
	}
	o := changeOptions{action: "community.create"}
	err = s.change(ctx, a, ws, o, func(ctx context.Context, w *work) error {
		if err := w.require(ctx, CommunitiesCreate, w.anchors.root); err != nil {
			return err
		}
		multiTenant, err := w.multiTenant(ctx)
		if err != nil {
			return err
		}
		if !multiTenant {
			return conflict("single_tenant", "This workspace is single-tenant: it has its root community and no others.")
		}
		c, err = w.createCommunity(ctx, n)
		return err
	})
	return c, err
}

func checkCommunity(name, description string) error {
	if err := checkName("community", name); err != nil {
		return err
	}
	return checkText("description", description, 4000)
}

func (w *work) createCommunity(ctx context.Context, n NewCommunity) (Community, error) {
	all, err := w.Communities.List(ctx, w.ws)
	if err != nil {
		return Community{}, err
	}
	slugs := make([]string, len(all))
	for i, other := range all {
		slugs[i] = other.Slug
	}
	slug, err := chooseSlug(n.Slug, n.Name, "community", slugs)
	if err != nil {
		return Community{}, err
	}
	c := Community{
		Workspace: w.ws, ID: CommunityID(w.s.ids.New()), Slug: slug, Name: n.Name,
		Description: n.Description, CreatedAt: w.Now(),
	}
	if err := w.Communities.Create(ctx, c); err != nil {
		if Taken(err, KeySlug) {
			return Community{}, errAgain
		}
		return Community{}, err
	}
	w.record(note{
		action: "community.create", kind: "community", target: string(c.ID),
		details: map[string]string{"slug": slug, "name": n.Name},
	})
	w.emit("community.created", string(c.ID), map[string]string{"slug": slug})
	return c, nil
}

// Communities lists those of the workspace, the root first.
func (s *Service) Communities(ctx context.Context, ws WorkspaceID) (all []Community, err error) {
	err = s.store.View(ctx, func(tx *Tx) error {
		all, err = tx.Communities.List(ctx, ws)
		return err
	})
	return all, err
}

// community returns a community that is not deleted, or ErrNotFound.
func (w *work) community(ctx context.Context, id CommunityID) (Community, error) {
	all, err := w.Communities.List(ctx, w.ws)
	if err != nil {
		return Community{}, err
	}
	i := slices.IndexFunc(all, func(c Community) bool { return c.ID == id })
	if i < 0 {
		return Community{}, notFound("community")
	}
	return all[i], nil
}

// requireCommunity holds communities into which something is given: a deletion
// comes before, and then there is no such community, or after, and takes along
// what was given.
func (w *work) requireCommunity(ctx context.Context, ids ...CommunityID) error {
	return orNotFound(w.Communities.Hold(ctx, w.ws, ids), "community")
}

// lockedCommunity locks a community that changes or ends.
func (w *work) lockedCommunity(ctx context.Context, id CommunityID) (Community, error) {
	if err := w.Communities.Lock(ctx, w.ws, id); err != nil {
		return Community{}, orNotFound(err, "community")
	}
	return w.community(ctx, id)
}

// CommunityChange changes name and description; nil keeps.
type CommunityChange struct{ Name, Description *string }

// UpdateCommunity needs communities.edit there. The slug never changes. The
// root's name is the workspace's.
func (s *Service) UpdateCommunity(ctx context.Context, a Actor, ws WorkspaceID, id CommunityID, n CommunityChange) (c Community, err error) {
	o := changeOptions{action: "community.update", target: string(id)}
	err = s.change(ctx, a, ws, o, func(ctx context.Context, w *work) error {
		if err := w.require(ctx, CommunitiesEdit, id); err != nil {
			return err
		}
		if err := w.Workspaces.Lock(ctx, ws); err != nil {
			return err
		}
		if c, err = w.lockedCommunity(ctx, id); err != nil {
			return err
		}
		return w.updateCommunity(ctx, &c, n)
	})
	return c, err
}

func (w *work) updateCommunity(ctx context.Context, c *Community, n CommunityChange) error {
	before := *c
	if n.Name != nil {
		c.Name = *n.Name
	}
	if n.Description != nil {
		c.Description = *n.Description
	}
	if err := checkCommunity(c.Name, c.Description); err != nil || *c == before {
		return err
	}
	w.record(note{
		action: "community.update", kind: "community", target: string(c.ID),
		details: map[string]string{"slug": c.Slug, "name": c.Name},
	})
	w.emit("community.changed", string(c.ID), map[string]string{"slug": c.Slug})
	if err := w.Communities.Update(ctx, *c); err != nil || !c.Root {
		return err
	}
	return w.nameWorkspace(ctx, c.Name)
}

// CommunityUses says what DeleteCommunity would take, to who may see members.
func (s *Service) CommunityUses(ctx context.Context, a Actor, ws WorkspaceID, id CommunityID) (u Uses, err error) {
	err = s.look(ctx, a, ws, MembersRead, id, func(ctx context.Context, w *work) error {
		if _, err := w.community(ctx, id); err != nil {
			return err
		}
		u, err = w.Communities.Uses(ctx, ws, id)
		return err
	})
	return u, err
}
