package provisioning

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
)

// holdStanding holds those of the communities and roles that are not deleted, so
// that they stay until the change is over, and returns what stands.
func (w *work) holdStanding(ctx context.Context, in []RoleIn) ([]RoleIn, error) {
	known, err := placeNamesOf(ctx, w.Tx, w.ws)
	if err != nil {
		return nil, err
	}
	standing := slices.DeleteFunc(slices.Clone(in), func(r RoleIn) bool { return !known.has(r) })
	err = w.holdPlaces(ctx, standing)
	if errors.Is(err, ErrNotFound) {
		return nil, errAgain // deleted just now
	}
	return standing, err
}

// holdPlaces holds the communities and roles into which, and which, something is
// given. ErrNotFound if one is not there.
func (w *work) holdPlaces(ctx context.Context, in []RoleIn) error {
	if len(in) == 0 {
		return nil
	}
	communities, roles := make([]CommunityID, len(in)), make([]RoleID, len(in))
	for i, r := range in {
		communities[i], roles[i] = r.Community, r.Role
	}
	if err := w.Communities.Hold(ctx, w.ws, distinct(communities)); err != nil {
		return orNotFound(err, "community")
	}
	return orNotFound(w.Roles.Hold(ctx, w.ws, distinct(roles)), "role")
}

func distinct[T cmp.Ordered](all []T) []T {
	return slices.Compact(slices.Sorted(slices.Values(all)))
}

// placeNames are the communities and roles of a workspace that are not deleted.
type placeNames struct {
	communities []Community // the root first, then by id
	roles       map[RoleID]Role
}

func placeNamesOf(ctx context.Context, tx *Tx, ws WorkspaceID) (n placeNames, err error) {
	if n.communities, err = tx.Communities.List(ctx, ws); err != nil {
		return n, err
	}
	n.roles, err = rolesByID(ctx, tx, ws)
	return n, err
}

func (n placeNames) has(r RoleIn) bool {
	_, role := n.roles[r.Role]
	return role && slices.ContainsFunc(n.communities, func(c Community) bool { return c.ID == r.Community })
}

// places gives roles in communities by their names.
func (n placeNames) places(in []RoleIn) []Place {
	var all []Place
	for _, c := range n.communities {
		var roles []string
		for _, r := range in {
			if role, ok := n.roles[r.Role]; ok && r.Community == c.ID {
				roles = append(roles, role.Name)
			}
		}
		if len(roles) > 0 {
			slices.Sort(roles)
			all = append(all, Place{Community: c.Name, Roles: roles})
		}
	}
	return all
}

// administers reports whether one of the roles gives an administrative permission.
func (n placeNames) administers(in []RoleIn) bool {
	return slices.ContainsFunc(in, func(r RoleIn) bool { return anyAdministrative(n.roles[r.Role].Permissions) })
}

// inviterName is who made the invitation, for people to read.
func inviterName(ctx context.Context, tx *Tx, i Invitation) (string, error) {
	if i.InvitedBy == "" {
		return "", nil
	}
	u, err := tx.Users.Get(ctx, i.Workspace, i.InvitedBy)
	if err != nil {
		return "", err
	}
	return nameAndAddress(ctx, tx, u)
}

// nameAndAddress is how a person is named to somebody who does not know them:
// `Ada Lovelace <ada@acme.example>`. An address that only a provider says is left
// out, and so is what would make a name look like one.
func nameAndAddress(ctx context.Context, tx *Tx, u User) (string, error) {
	proved, err := provedEmail(ctx, tx, u)
	switch name := strings.Map(plainName, cutText(u.Name(), maxShownName)); {
	case err != nil, proved == "":
		return name, err
	case Fold(name) == Fold(proved):
		return proved, nil
	default:
		return name + " <" + proved + ">", nil
	}
}

func plainName(r rune) rune {
	if r == '<' || r == '>' {
		return -1
	}
	return withoutBidi(r)
}

// maxShownName bounds a name in mails and on pages for strangers, in bytes.
const maxShownName = 200
