package provisioning

import "context"

// NewCommunity describes a community to create.
type NewCommunity struct {
	Name        string
	Slug        string // "" makes one from the name
	Description string
}

// CreateCommunity adds a community directly below the root of a multi-tenant
// workspace.
func (s *Service) CreateCommunity(ctx context.Context, a Actor, ws WorkspaceID, n NewCommunity) (c Community, err error) {
	if err := checkName("community", n.Name); err != nil {
		return c, err
	}
	if err := checkText("description", n.Description, 4000); err != nil {
		return c, err
	}
	o := changeOptions{action: "community.create"}
	err = s.change(ctx, a, ws, o, func(ctx context.Context, w *work) error {
		if err := w.require(ctx, CommunitiesCreate, w.anchors.root); err != nil {
			return err
		}
		if !w.anchors.multiTenant {
			return conflict("single_tenant", "This workspace is single-tenant: it has its root community and no others.")
		}
		c, err = w.createCommunity(ctx, n)
		return err
	})
	return c, err
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
