package provisioning

import (
	"context"
	"slices"
)

// Events of the projection.
const EventMembershipChanged EventType = "membership.changed"

// refreshChunk bounds how many users are resolved at a time, and with it the
// memory that a change of a large group takes.
const refreshChunk = 1000

// accessChange is what bringing the projection up to date changed.
type accessChange struct {
	started []Reason
	ended   []Membership
}

// refresh brings the projection up to date for the users (rule 1). It locks
// them, in the order of their ids, so that two changes that reach the same
// user add up whoever comes first.
func (w *work) refresh(ctx context.Context, users []UserID) (accessChange, error) {
	users = slices.Compact(slices.Sorted(slices.Values(users)))
	var all accessChange
	for chunk := range slices.Chunk(users, refreshChunk) {
		if err := w.Users.Lock(ctx, w.ws, chunk); err != nil {
			return all, err
		}
		c, err := w.refreshLocked(ctx, chunk)
		if err != nil {
			return all, err
		}
		all.started = append(all.started, c.started...)
		all.ended = append(all.ended, c.ended...)
		if len(users) > refreshChunk {
			if err := w.flushEvents(ctx); err != nil {
				return all, err
			}
		}
	}
	return all, nil
}

func (w *work) refreshLocked(ctx context.Context, users []UserID) (accessChange, error) {
	state, err := w.Access.State(ctx, w.ws, users)
	if err != nil {
		return accessChange{}, err
	}
	resolved := Resolve(state.Grants, state.Members, state.Mappings, state.SetAside)
	start, end := difference(state.Current, resolved)
	if err := w.setAside(ctx, state.SetAside, marks(resolved)); err != nil {
		return accessChange{}, err
	}
	if err := w.endMemberships(ctx, end); err != nil {
		return accessChange{}, err
	}
	if err := w.startMemberships(ctx, start); err != nil {
		return accessChange{}, err
	}
	return accessChange{start, end}, nil
}

func (w *work) setAside(ctx context.Context, stored, found []SetAside) error {
	known := make(map[SetAside]bool, len(stored))
	for _, m := range stored {
		known[m] = true
	}
	found = slices.DeleteFunc(found, func(m SetAside) bool { return known[m] })
	if len(found) == 0 {
		return nil
	}
	return w.Access.SetAside(ctx, w.ws, found, w.Now())
}

func (w *work) endMemberships(ctx context.Context, end []Membership) error {
	if len(end) == 0 {
		return nil
	}
	ids := make([]MembershipID, len(end))
	for i, m := range end {
		ids[i] = m.ID
		w.membershipChanged("ended", m.Reason)
	}
	return w.Access.End(ctx, w.ws, ids, w.Now())
}

func (w *work) startMemberships(ctx context.Context, start []Reason) error {
	if len(start) == 0 {
		return nil
	}
	rows := make([]Membership, len(start))
	for i, r := range start {
		rows[i] = Membership{
			Workspace: w.ws, ID: MembershipID(w.s.ids.New()), Reason: r, StartedAt: w.Now(),
		}
		w.membershipChanged("started", r)
	}
	return w.Access.Start(ctx, rows)
}

func (w *work) membershipChanged(change string, r Reason) {
	if r.Community == w.anchors.root && r.Role == w.anchors.admin {
		w.administrators.touched = true
		if change == "ended" {
			w.administrators.lost = append(w.administrators.lost, r.User)
		}
	}
	w.emit(EventMembershipChanged, string(r.User), map[string]string{
		"change": change, "community": string(r.Community), "role": string(r.Role),
		"source": string(r.Source), "source_id": r.SourceID,
	})
}
