package provisioning

import (
	"cmp"
	"context"
	"slices"
	"time"
)

// Explanation is one reason for which a user has, or would have, a role in a
// community, with everything that the chain back to its origin passes.
type Explanation struct {
	Community  Community
	Role       Role
	Source     Source
	GivenAt    time.Time   // when the grant or the mapping was made
	Since      time.Time   // since when it gives the role; zero while it gives nothing
	Mapping    MappingID   // with Group and Directory, where the source is a mapping
	Group      *Group      //
	Directory  *Directory  // that pushed the group
	Connection *Connection // of a first sign-in
	Held       bool        // stored, giving nothing until released
	SetAside   bool        // a default role where a mapping gives, or gave, one
	Outside    bool        // given by hand to a user whom a directory manages
}

// Counts reports whether the reason gives the role now.
func (e Explanation) Counts() bool { return !e.Since.IsZero() }

// Missing is a mapping that would give a role, of a group that the user is no
// member of.
type Missing struct {
	Role      Role
	Group     Group
	Directory *Directory
}

// ExplainAccess returns every reason of the user, of one community (and of the
// root, whose roles hold there too) if c is not "", by community and role.
func (s *Service) ExplainAccess(ctx context.Context, ws WorkspaceID, u UserID, c CommunityID) (all []Explanation, err error) {
	err = s.store.View(ctx, func(tx *Tx) error {
		known, err := readNames(ctx, tx, ws)
		if err != nil {
			return err
		}
		user, err := tx.Users.Get(ctx, ws, u)
		if err != nil {
			return orNotFound(err, "user")
		}
		state, err := tx.Access.State(ctx, ws, []UserID{u})
		if err != nil {
			return err
		}
		all, err = known.explain(ctx, tx, user, state)
		return err
	})
	if c != "" {
		all = slices.DeleteFunc(all, func(e Explanation) bool { return e.Community.ID != c && !e.Community.Root })
	}
	return all, err
}

// MissingAccess returns the mappings into the community that give the user
// nothing, for want of membership in their group.
func (s *Service) MissingAccess(ctx context.Context, ws WorkspaceID, u UserID, c CommunityID) (all []Missing, err error) {
	err = s.store.View(ctx, func(tx *Tx) error {
		known, err := readNames(ctx, tx, ws)
		if err != nil {
			return err
		}
		state, err := tx.Access.State(ctx, ws, []UserID{u})
		if err != nil {
			return err
		}
		mappings, err := tx.Mappings.List(ctx, ws, "")
		if err != nil {
			return err
		}
		for _, m := range mappings {
			in := slices.ContainsFunc(state.Members, func(member Member) bool { return member.Group == m.Group })
			if m.Community != c || in {
				continue
			}
			g, err := known.group(ctx, tx, m.Group)
			if err != nil {
				return err
			}
			if g.DeletedAt.IsZero() {
				all = append(all, Missing{Role: known.roles[m.Role], Group: *g, Directory: known.directories[g.Directory]})
			}
		}
		return nil
	})
	return all, err
}

// names are what ids of a workspace stand for.
type names struct {
	ws          WorkspaceID
	communities map[CommunityID]Community
	roles       map[RoleID]Role
	directories map[DirectoryID]*Directory
	connections map[ConnectionID]*Connection
	groups      map[GroupID]*Group
}

func readNames(ctx context.Context, tx *Tx, ws WorkspaceID) (names, error) {
	n := names{
		ws: ws, communities: make(map[CommunityID]Community), directories: make(map[DirectoryID]*Directory),
		connections: make(map[ConnectionID]*Connection), groups: make(map[GroupID]*Group),
	}
	communities, err := tx.Communities.List(ctx, ws)
	if err != nil {
		return n, err
	}
	for _, c := range communities {
		n.communities[c.ID] = c
	}
	if n.roles, err = rolesByID(ctx, tx, ws); err != nil {
		return n, err
	}
	directories, err := tx.Directories.List(ctx, ws)
	if err != nil {
		return n, err
	}
	for _, d := range directories {
		n.directories[d.ID] = &d
	}
	connections, err := tx.Connections.List(ctx, ws)
	for _, c := range connections {
		n.connections[c.ID] = &c
	}
	return n, err
}

func (n names) group(ctx context.Context, tx *Tx, id GroupID) (*Group, error) {
	if g, ok := n.groups[id]; ok {
		return g, nil
	}
	g, err := tx.Groups.Get(ctx, n.ws, id)
	if err != nil {
		return nil, err
	}
	n.groups[id] = &g
	return &g, nil
}

func (n names) explain(ctx context.Context, tx *Tx, u User, state AccessState) ([]Explanation, error) {
	since := make(map[Reason]time.Time, len(state.Current))
	for _, m := range state.Current {
		since[m.Reason] = m.StartedAt
	}
	var all []Explanation
	for _, g := range state.Grants {
		r := Reason{u.ID, g.Community, g.Role, g.Source, string(g.ID)}
		all = append(all, Explanation{
			Community: n.communities[g.Community], Role: n.roles[g.Role], Source: g.Source,
			GivenAt: g.CreatedAt, Since: since[r], Held: g.Held, Connection: n.connections[ConnectionID(g.SourceID)],
			SetAside: g.Source == SourceFirstSignIn && !g.Held && since[r].IsZero(),
			Outside:  g.Source.ByHand() && u.Record != nil,
		})
	}
	for _, m := range state.Mappings {
		g, err := n.group(ctx, tx, m.Group)
		if err != nil {
			return nil, err
		}
		r := Reason{u.ID, m.Community, m.Role, SourceMapping, string(m.ID)}
		all = append(all, Explanation{
			Community: n.communities[m.Community], Role: n.roles[m.Role], Source: SourceMapping,
			GivenAt: m.CreatedAt, Since: since[r], Mapping: m.ID, Group: g, Directory: n.directories[g.Directory], Held: m.Held,
		})
	}
	slices.SortStableFunc(all, func(a, b Explanation) int {
		return cmp.Or(-compareBool(a.Community.Root, b.Community.Root), cmp.Compare(a.Community.Slug, b.Community.Slug), cmp.Compare(a.Role.Slug, b.Role.Slug))
	})
	return all, nil
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// Overview is what a user holds, for the applications behind the bridge.
type Overview struct {
	Communities []CommunityRoles // the root first, then by id; only where a role is held
	// ProvedEmail is the user's address if its domain is verified here or an
	// invitation to it was accepted; "" otherwise (rule 17).
	ProvedEmail string
}

// CommunityRoles are the roles held in one community itself, by slug. Those
// held in the root hold in every other as well (rule 2).
type CommunityRoles struct {
	Community Community
	Roles     []Role
}

// Overview returns what the viewer holds. Nothing held is no error; faces say
// so (rule 6).
func (s *Service) Overview(ctx context.Context, v Viewer) (o Overview, err error) {
	ws := v.Workspace.ID
	err = s.store.View(ctx, func(tx *Tx) error {
		held, err := tx.Access.OfUser(ctx, ws, v.User.ID)
		if err != nil {
			return err
		}
		roles, err := rolesByID(ctx, tx, ws)
		if err != nil {
			return err
		}
		communities, err := tx.Communities.List(ctx, ws)
		if err != nil {
			return err
		}
		o.Communities = rolesHeld(communities, roles, held)
		o.ProvedEmail, err = provedEmail(ctx, tx, v.User)
		return err
	})
	return o, err
}

func rolesHeld(communities []Community, roles map[RoleID]Role, held []Membership) []CommunityRoles {
	var all []CommunityRoles
	for _, c := range communities {
		in := CommunityRoles{Community: c}
		for _, m := range held {
			seen := slices.ContainsFunc(in.Roles, func(r Role) bool { return r.ID == m.Role })
			if m.Community == c.ID && !seen {
				in.Roles = append(in.Roles, roles[m.Role])
			}
		}
		slices.SortFunc(in.Roles, func(a, b Role) int { return cmp.Compare(a.Slug, b.Slug) })
		if len(in.Roles) > 0 {
			all = append(all, in)
		}
	}
	return all
}

func provedEmail(ctx context.Context, tx *Tx, u User) (string, error) {
	domain := DomainOf(u.Email)
	if domain == "" {
		return "", nil
	}
	verified, err := tx.Domains.Verified(ctx, u.Workspace, domain)
	if err != nil || verified {
		return u.Email, err
	}
	invitations, err := tx.Invitations.OfUser(ctx, u.Workspace, u.ID)
	if err != nil {
		return "", err
	}
	for _, i := range invitations {
		if i.provesAddress() && Fold(i.Email) == Fold(u.Email) {
			return u.Email, nil
		}
	}
	return provedByAccount(ctx, tx, u)
}

// provedByAccount returns the user's address if it is the proved one of the
// user's account: both addresses agreed when it was changed.
func provedByAccount(ctx context.Context, tx *Tx, u User) (string, error) {
	if u.Account == "" {
		return "", nil
	}
	a, err := tx.Accounts.Get(ctx, u.Account)
	if err != nil || !a.EmailProved || Fold(a.Email) != Fold(u.Email) {
		return "", err
	}
	return u.Email, nil
}
