package provisioning

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
)

// MappingWrite describes a mapping to create.
type MappingWrite struct {
	Group     GroupID
	Community CommunityID
	Role      RoleID
	// Confirmed is the explicit confirmation that rule 4 asks for.
	Confirmed bool
	// Fingerprint of the plan that is applied; "" applies without a plan. A plan
	// of another world is refused with ErrStale.
	Fingerprint string
}

// Plan says who would gain, lose and keep what, and changes nothing.
type Plan struct {
	Fingerprint string // of the change and the world it was computed for
	Gain        []PlanLine
	Lose        []PlanLine
	Stay        int // affected users who gain and lose nothing
}

// PlanLine is one role that a user gains or loses, with the reason that starts
// or ends.
type PlanLine struct {
	User   UserID
	Name   string // display name, else userName
	Email  string
	Reason Reason
}

// CreateMapping maps a group to a role in a community. Members get the role at
// once, in the same transaction.
func (s *Service) CreateMapping(ctx context.Context, a Actor, ws WorkspaceID, n MappingWrite) (m Mapping, err error) {
	o := changeOptions{action: "mapping.create", target: string(n.Group)}
	err = s.change(ctx, a, ws, o, func(ctx context.Context, w *work) error {
		var c accessChange
		m, c, err = w.createMapping(ctx, n)
		if err != nil || n.Fingerprint == "" {
			return err
		}
		if fingerprint(n, c) != n.Fingerprint {
			return fail(ErrStale, "stale_plan", "The group or its members changed since the plan was made. Look at the new plan, then apply that.")
		}
		return nil
	})
	return m, err
}

// PlanMapping computes what CreateMapping would do, by the same code, rolled
// back.
func (s *Service) PlanMapping(ctx context.Context, a Actor, ws WorkspaceID, n MappingWrite) (p Plan, err error) {
	o := changeOptions{dryRun: true}
	err = s.change(ctx, a, ws, o, func(ctx context.Context, w *work) error {
		n.Confirmed = true
		_, c, err := w.createMapping(ctx, n)
		if err != nil {
			return err
		}
		p, err = w.plan(ctx, n, c)
		return err
	})
	return p, err
}

func (w *work) createMapping(ctx context.Context, n MappingWrite) (Mapping, accessChange, error) {
	var none accessChange
	if err := w.require(ctx, DirectoryEdit, w.anchors.root); err != nil {
		return Mapping{}, none, err
	}
	role, err := w.role(ctx, n.Role)
	if err != nil {
		return Mapping{}, none, err
	}
	if err := w.requireCommunity(ctx, n.Community); err != nil {
		return Mapping{}, none, err
	}
	if err := w.requireRole(ctx, role, n.Community); err != nil {
		return Mapping{}, none, err
	}
	if err := w.confirmGiving(ctx, n.Community, role, n.Confirmed); err != nil {
		return Mapping{}, none, err
	}
	if _, err := w.liveGroup(ctx, n.Group); err != nil {
		return Mapping{}, none, err
	}
	m := Mapping{
		Workspace: w.ws, ID: MappingID(w.s.ids.New()), Group: n.Group, Community: n.Community,
		Role: n.Role, CreatedAt: w.Now(),
	}
	if err := w.Mappings.Create(ctx, m); err != nil {
		if Taken(err, KeyMapping) {
			err = conflict("mapping_exists", "The group is mapped to this role in this community already.")
		}
		return Mapping{}, none, err
	}
	w.record(note{action: "mapping.create", kind: "mapping", target: string(m.ID), details: mappingDetails(m)})
	w.emit("mapping.created", string(m.ID), mappingDetails(m))
	c, err := w.refreshGroup(ctx, n.Group)
	return m, c, err
}

// liveGroup locks a group that is not deleted.
func (w *work) liveGroup(ctx context.Context, id GroupID) (Group, error) {
	g, err := w.Groups.Lock(ctx, w.ws, id)
	if err == nil && !g.DeletedAt.IsZero() {
		return Group{}, notFound("group")
	}
	return g, orNotFound(err, "group")
}

// refreshGroup brings the projection up to date for all members of a group.
func (w *work) refreshGroup(ctx context.Context, g GroupID) (accessChange, error) {
	var all accessChange
	after := UserID("")
	for {
		users, err := w.Members.Users(ctx, w.ws, g, after, refreshChunk)
		if err != nil || len(users) == 0 {
			return all, err
		}
		c, err := w.refresh(ctx, users)
		if err != nil {
			return all, err
		}
		all.started = append(all.started, c.started...)
		all.ended = append(all.ended, c.ended...)
		after = users[len(users)-1]
	}
}

func (w *work) plan(ctx context.Context, n MappingWrite, c accessChange) (Plan, error) {
	p := Plan{Fingerprint: fingerprint(n, c)}
	touched := make(map[UserID]bool)
	had := make(map[Reason]bool, len(c.ended))
	for _, m := range c.ended {
		had[m.bare()] = true
	}
	for _, r := range c.started {
		if had[r.bare()] {
			continue
		}
		if err := w.planLine(ctx, r, touched, &p.Gain); err != nil {
			return p, err
		}
	}
	for _, m := range c.ended {
		if err := w.planLine(ctx, m.Reason, touched, &p.Lose); err != nil {
			return p, err
		}
	}
	members, err := w.Members.Of(ctx, w.ws, []GroupID{n.Group})
	for _, m := range members {
		if !touched[m.User] {
			p.Stay++
		}
	}
	return p, err
}

// planLine adds a reason that starts or ends, unless the user has the role in
// the community for another reason: then nothing is gained or lost by it.
func (w *work) planLine(ctx context.Context, r Reason, touched map[UserID]bool, to *[]PlanLine) error {
	held, err := w.Access.OfUser(ctx, w.ws, r.User)
	if err != nil {
		return err
	}
	for _, m := range held {
		if m.Reason != r && m.bare() == r.bare() {
			return nil
		}
	}
	u, err := w.Users.Get(ctx, w.ws, r.User)
	*to = append(*to, PlanLine{User: r.User, Name: u.Name(), Email: u.Email, Reason: r})
	touched[r.User] = true
	return err
}

// bare is who holds what, without why.
func (r Reason) bare() Reason { return Reason{User: r.User, Community: r.Community, Role: r.Role} }

// Name is what a user is called where people read it.
func (u User) Name() string {
	if u.DisplayName != "" {
		return u.DisplayName
	}
	return u.UserName
}

// fingerprint binds a plan to the change and to what the change would do.
func fingerprint(n MappingWrite, c accessChange) string {
	h := sha256.New()
	for _, part := range []string{string(n.Group), string(n.Community), string(n.Role)} {
		writeBytes(h, []byte(part))
	}
	for _, r := range c.started {
		writeBytes(h, []byte("+"+string(r.User)+string(r.Community)+string(r.Role)))
	}
	for _, m := range c.ended {
		writeBytes(h, []byte("-"+string(m.ID)))
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// DeleteMapping ends a mapping and what it gives.
func (s *Service) DeleteMapping(ctx context.Context, a Actor, ws WorkspaceID, id MappingID) error {
	o := changeOptions{action: "mapping.delete", target: string(id)}
	return s.change(ctx, a, ws, o, func(ctx context.Context, w *work) error {
		if err := w.require(ctx, DirectoryEdit, w.anchors.root); err != nil {
			return err
		}
		m, err := w.Mappings.Get(ctx, ws, id)
		if err != nil {
			return orNotFound(err, "mapping")
		}
		if _, err := w.Groups.Lock(ctx, ws, m.Group); err != nil {
			return err
		}
		if err := w.endMapping(ctx, m); err != nil {
			return err
		}
		_, err = w.refreshGroup(ctx, m.Group)
		return err
	})
}

func (w *work) endMapping(ctx context.Context, m Mapping) error {
	if err := w.Mappings.Delete(ctx, w.ws, m.ID); err != nil {
		return orNotFound(err, "mapping")
	}
	w.record(note{action: "mapping.delete", kind: "mapping", target: string(m.ID), details: mappingDetails(m)})
	w.emit("mapping.deleted", string(m.ID), mappingDetails(m))
	return nil
}

// Mappings lists those of the workspace by id.
func (s *Service) Mappings(ctx context.Context, ws WorkspaceID) (all []Mapping, err error) {
	err = s.store.View(ctx, func(tx *Tx) error {
		all, err = tx.Mappings.List(ctx, ws, "")
		return err
	})
	return all, err
}

// Groups lists groups of the workspace, or of one directory, by id.
func (s *Service) Groups(ctx context.Context, ws WorkspaceID, d DirectoryID, offset, limit int) (all []Group, total int, err error) {
	err = s.store.View(ctx, func(tx *Tx) error {
		all, total, err = tx.Groups.List(ctx, ws, GroupQuery{Directory: d, Offset: offset, Limit: limit})
		return err
	})
	return all, total, err
}

func mappingDetails(m Mapping) map[string]string {
	return map[string]string{"group": string(m.Group), "community": string(m.Community), "role": string(m.Role)}
}
