package provisioning

import (
	"context"
	"slices"
)

// handing is what giving roles to one user by hand changes (rule 3).
type handing struct {
	add      []RoleIn
	replaced []Grant
}

// planByHand works out what has to be stored, and what it replaces, for a user
// with these grants to have the roles by hand: in a community either one
// built-in role or any number of custom ones. A held grant is given anew.
func planByHand(grants []Grant, roles map[RoleID]Role, give []RoleIn) handing {
	var h handing
	for _, r := range give {
		there := slices.DeleteFunc(slices.Clone(grants), func(g Grant) bool { return g.Community != r.Community || !g.Source.ByHand() })
		if slices.ContainsFunc(there, func(g Grant) bool { return g.Role == r.Role && !g.Held }) {
			continue
		}
		h.add = append(h.add, r)
		for _, g := range there {
			gone := slices.ContainsFunc(h.replaced, func(o Grant) bool { return o.ID == g.ID })
			if !gone && (g.Role == r.Role || roles[r.Role].Builtin || roles[g.Role].Builtin) {
				h.replaced = append(h.replaced, g)
			}
		}
	}
	return h
}

// hand stores what was planned. The caller resolves the user.
func (w *work) hand(ctx context.Context, u UserID, h handing, source Source, sourceID string) error {
	if len(h.add) == 0 {
		return nil
	}
	replaced := make([]GrantID, len(h.replaced))
	for i, g := range h.replaced {
		replaced[i] = g.ID
		w.grantEvent(EventGrantTaken, "user.revoke", g)
	}
	if err := w.Grants.Delete(ctx, w.ws, replaced); err != nil {
		return err
	}
	grants := make([]Grant, len(h.add))
	for i, r := range h.add {
		grants[i] = Grant{
			Workspace: w.ws, ID: GrantID(w.s.ids.New()), User: u, Community: r.Community, Role: r.Role,
			Source: source, SourceID: sourceID, CreatedAt: w.Now(),
		}
		w.grantEvent(EventGrantGiven, "user.grant", grants[i])
	}
	_, err := w.Grants.Add(ctx, grants)
	return err
}

// giveByHand stores grants by hand and takes what they replace. It returns what
// the user did not have by hand before.
func (w *work) giveByHand(ctx context.Context, u UserID, give []RoleIn, source Source, sourceID string) ([]RoleIn, error) {
	grants, err := w.Grants.OfUser(ctx, w.ws, u)
	if err != nil {
		return nil, err
	}
	roles, err := rolesByID(ctx, w.Tx, w.ws)
	if err != nil {
		return nil, err
	}
	h := planByHand(grants, roles, give)
	return h.add, w.hand(ctx, u, h, source, sourceID)
}
