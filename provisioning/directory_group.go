package provisioning

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Events of groups.
const (
	EventGroupCreated EventType = "group.created"
	EventGroupChanged EventType = "group.changed"
	EventGroupDeleted EventType = "group.deleted"
)

// FindDirectoryGroups returns groups of the directory, by id, and how many
// there are. limit 0 asks for the number alone.
func (s *Service) FindDirectoryGroups(ctx context.Context, a DirectoryAccess, f Filter, offset, limit int, withMembers bool) (found []DirectoryGroup, total int, err error) {
	ws := a.Directory.Workspace
	err = s.store.View(ctx, func(tx *Tx) error {
		var groups []Group
		q := GroupQuery{Directory: a.Directory.ID, Filter: f, Offset: offset, Limit: limit}
		if groups, total, err = tx.Groups.List(ctx, ws, q); err != nil {
			return err
		}
		found, err = withMembersOf(ctx, tx, ws, groups, withMembers)
		return err
	})
	return found, total, err
}

func withMembersOf(ctx context.Context, tx *Tx, ws WorkspaceID, groups []Group, wanted bool) ([]DirectoryGroup, error) {
	found := make([]DirectoryGroup, len(groups))
	at := make(map[GroupID]*DirectoryGroup, len(groups))
	ids := make([]GroupID, len(groups))
	for i, g := range groups {
		found[i].Group, ids[i] = g, g.ID
		at[g.ID] = &found[i]
	}
	if !wanted || len(groups) == 0 {
		return found, nil
	}
	members, err := tx.Members.Of(ctx, ws, ids)
	for i := range found {
		found[i].Members = []Member{}
	}
	for _, m := range members {
		at[m.Group].Members = append(at[m.Group].Members, m)
	}
	return found, err
}

// GetDirectoryGroup returns one group of the directory, or ErrNotFound.
func (s *Service) GetDirectoryGroup(ctx context.Context, a DirectoryAccess, id string, withMembers bool) (g DirectoryGroup, err error) {
	if !ValidID(id) {
		return g, notFound("group")
	}
	err = s.store.View(ctx, func(tx *Tx) error {
		group, err := tx.Groups.Get(ctx, a.Directory.Workspace, GroupID(id))
		if err != nil {
			return orNotFound(err, "group")
		}
		if group.Directory != a.Directory.ID || !group.DeletedAt.IsZero() {
			return notFound("group")
		}
		found, err := withMembersOf(ctx, tx, a.Directory.Workspace, []Group{group}, withMembers)
		if err == nil {
			g = found[0]
		}
		return err
	})
	return g, err
}

// CreateDirectoryGroup is a directory's POST of a group. A name that another
// group of the directory has is ErrConflict; a member that never existed is
// ErrInvalid and changes nothing.
func (s *Service) CreateDirectoryGroup(ctx context.Context, a DirectoryAccess, n GroupWrite) (g DirectoryGroup, err error) {
	if err := checkGroup(n.DisplayName, n.ExternalID); err != nil {
		return g, err
	}
	o := changeOptions{action: "directory.group_create", onLoss: lossSafeguarded}
	err = s.directoryChange(ctx, a, o, func(ctx context.Context, w *work, d Directory) error {
		group := Group{
			Workspace: w.ws, ID: GroupID(s.ids.New()), Directory: d.ID, DisplayName: n.DisplayName,
			ExternalID: textOf(n.ExternalID), Version: 1, CreatedAt: w.Now(), UpdatedAt: w.Now(),
		}
		if err := w.Groups.Create(ctx, group); err != nil {
			return groupNameTaken(err)
		}
		w.record(note{action: "group.create", kind: "group", target: string(group.ID), words: map[string]string{"name": group.DisplayName}})
		w.emit(EventGroupCreated, string(group.ID), map[string]string{"directory": string(d.ID)})
		steps := []MemberChange{{Kind: AddMembers, IDs: n.Members}}
		if _, err := w.changeMembers(ctx, group, steps); err != nil {
			return err
		}
		g, err = w.asDirectoryGroup(ctx, group, true)
		return err
	})
	return g, err
}

func (w *work) asDirectoryGroup(ctx context.Context, g Group, withMembers bool) (DirectoryGroup, error) {
	found, err := withMembersOf(ctx, w.Tx, w.ws, []Group{g}, withMembers)
	if err != nil {
		return DirectoryGroup{}, err
	}
	return found[0], nil
}

// ReplaceDirectoryGroup is a directory's PUT of a group: members that are not
// named leave it.
func (s *Service) ReplaceDirectoryGroup(ctx context.Context, a DirectoryAccess, id string, n GroupWrite, withMembers bool) (DirectoryGroup, error) {
	c := GroupChange{DisplayName: &n.DisplayName, ExternalID: n.ExternalID}
	if n.Members != nil {
		c.Members = []MemberChange{{Kind: ReplaceMembers, IDs: n.Members}}
	}
	return s.ChangeDirectoryGroup(ctx, a, id, c, withMembers)
}

// ChangeDirectoryGroup is a directory's PATCH of a group: all of it or none.
// The cost follows the change, not the size of the group (rule 22).
func (s *Service) ChangeDirectoryGroup(ctx context.Context, a DirectoryAccess, id string, c GroupChange, withMembers bool) (g DirectoryGroup, err error) {
	if !ValidID(id) {
		return g, notFound("group")
	}
	o := changeOptions{action: "directory.group_change", target: id, onLoss: lossSafeguarded}
	err = s.directoryChange(ctx, a, o, func(ctx context.Context, w *work, d Directory) error {
		group, err := w.groupOf(ctx, d, GroupID(id))
		if err != nil {
			return err
		}
		if group, err = w.changeGroup(ctx, group, c); err != nil {
			return err
		}
		g, err = w.asDirectoryGroup(ctx, group, withMembers)
		return err
	})
	return g, err
}

func (w *work) groupOf(ctx context.Context, d Directory, id GroupID) (Group, error) {
	g, err := w.liveGroup(ctx, id)
	if err == nil && g.Directory != d.ID {
		return Group{}, notFound("group")
	}
	return g, err
}

func (w *work) changeGroup(ctx context.Context, g Group, c GroupChange) (Group, error) {
	before := g
	if c.DisplayName != nil {
		g.DisplayName = *c.DisplayName
	}
	if c.ExternalID != nil {
		g.ExternalID = *c.ExternalID
	}
	if err := checkGroup(g.DisplayName, c.ExternalID); err != nil {
		return g, err
	}
	changed, err := w.changeMembers(ctx, g, c.Members)
	if err != nil || !changed && g == before {
		return g, err
	}
	g.Version++
	g.UpdatedAt = w.Now()
	if g.DisplayName != before.DisplayName || g.ExternalID != before.ExternalID {
		w.record(note{action: "group.change", kind: "group", target: string(g.ID), words: map[string]string{"name": g.DisplayName}})
	}
	w.emit(EventGroupChanged, string(g.ID), map[string]string{"directory": string(g.Directory)})
	return g, groupNameTaken(w.Groups.Update(ctx, g))
}

// changeMembers applies the steps to the members of a locked group, sets and
// not people at a time, and brings the projection up to date for those who
// came or went. It reports whether any did.
func (w *work) changeMembers(ctx context.Context, g Group, steps []MemberChange) (bool, error) {
	net := netChange(steps)
	wanted, former, err := w.knownMembers(ctx, g, net.in)
	if err != nil {
		return false, err
	}
	var came, went []UserID
	if net.whole {
		went, err = w.Members.Keep(ctx, w.ws, g.ID, wanted)
	} else if len(net.out) > 0 {
		went, err = w.Members.Remove(ctx, w.ws, g.ID, userIDs(net.out))
	}
	if err != nil {
		return false, err
	}
	if len(wanted) > 0 {
		if came, err = w.Members.Add(ctx, w.ws, g.ID, wanted, w.Now()); err != nil {
			return false, err
		}
	}
	changed := len(came)+len(went) > 0
	if len(former) > 0 && (changed || !net.whole) { // the same group pushed again is no news
		w.warn(EventMembersSkipped, string(g.ID), map[string]string{"members": joinIDs(former)})
	}
	if !changed {
		return false, nil
	}
	if err := w.settleMembers(ctx, g, came, went); err != nil {
		return false, err
	}
	w.record(note{action: "group.members", kind: "group", target: string(g.ID), details: map[string]string{
		"added": strconv.Itoa(len(came)), "removed": strconv.Itoa(len(went)),
	}})
	return true, w.refreshIfMapped(ctx, g.ID, slices.Concat(came, went))
}

// settleMembers locks those who came and went, and nobody else: the cost
// follows the change, and two changes that reach the same people wait instead
// of blocking each other for good. Who was removed from the workspace since they
// were found is looked at again.
func (w *work) settleMembers(ctx context.Context, g Group, came, went []UserID) error {
	if err := w.Users.Lock(ctx, w.ws, slices.Sorted(slices.Values(slices.Concat(came, went)))); err != nil {
		return err
	}
	if len(came) == 0 {
		return nil
	}
	current, _, err := w.Members.Known(ctx, w.ws, g.Directory, came)
	if err == nil && len(current) < len(came) {
		return errAgain
	}
	return err
}

// refreshIfMapped spares the work where no mapping names the group: the group
// is locked, so none appears meanwhile.
func (w *work) refreshIfMapped(ctx context.Context, g GroupID, users []UserID) error {
	mappings, err := w.Mappings.List(ctx, w.ws, g)
	if err != nil || len(mappings) == 0 {
		return err
	}
	_, err = w.refresh(ctx, users)
	return err
}

// netMembers is what a sequence of steps comes to.
type netMembers struct {
	whole bool            // everybody who is not in leaves
	in    map[string]bool // to be members
	out   map[string]bool // to be none; unused when whole
}

func netChange(steps []MemberChange) netMembers {
	net := netMembers{in: make(map[string]bool), out: make(map[string]bool)}
	for _, step := range steps {
		if step.Kind == ReplaceMembers {
			net = netMembers{whole: true, in: make(map[string]bool, len(step.IDs)), out: make(map[string]bool)}
		}
		for _, id := range step.IDs {
			if step.Kind == RemoveMembers {
				delete(net.in, id)
				net.out[id] = true
			} else {
				delete(net.out, id)
				net.in[id] = true
			}
		}
	}
	return net
}

// knownMembers returns those of the ids that are users of the directory, and
// those that it once had, which are skipped with a warning. One that never
// existed fails the whole write (rule 21).
func (w *work) knownMembers(ctx context.Context, g Group, ids map[string]bool) (current, former []UserID, err error) {
	if len(ids) == 0 {
		return nil, nil, nil
	}
	current, former, err = w.Members.Known(ctx, w.ws, g.Directory, userIDs(ids))
	if err == nil && len(current)+len(former) < len(ids) {
		return nil, nil, unknownMember(ids, current, former)
	}
	return current, former, err
}

func unknownMember(ids map[string]bool, current, former []UserID) error {
	for _, u := range slices.Concat(current, former) {
		delete(ids, string(u))
	}
	first := slices.Min(slices.Collect(maps.Keys(ids)))
	return invalid("unknown_member", "%d of the members are no users of this directory, %q among them. Nothing was changed. Provision the users first, then push the group again.",
		len(ids), first[:min(len(first), 64)])
}

// joinIDs lists at most twenty ids.
func joinIDs(ids []UserID) string {
	var b strings.Builder
	for i, id := range ids {
		if i == 20 {
			b.WriteString(" and " + strconv.Itoa(len(ids)-i) + " more")
			break
		}
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(string(id))
	}
	return b.String()
}

// userIDs returns, in order, the ids that can be somebody's. Other text that a
// client sent as an id never reaches the database.
func userIDs(ids map[string]bool) []UserID {
	users := make([]UserID, 0, len(ids))
	for id := range ids {
		if ValidID(id) {
			users = append(users, UserID(id))
		}
	}
	slices.Sort(users)
	return users
}

// DeleteDirectoryGroup is a directory's DELETE of a group: it keeps its row,
// its name becomes free and its mappings give nothing (rule 11).
func (s *Service) DeleteDirectoryGroup(ctx context.Context, a DirectoryAccess, id string) error {
	if !ValidID(id) {
		return notFound("group")
	}
	o := changeOptions{action: "directory.group_delete", target: id, onLoss: lossSafeguarded}
	return s.directoryChange(ctx, a, o, func(ctx context.Context, w *work, d Directory) error {
		if _, err := w.groupOf(ctx, d, GroupID(id)); err != nil {
			return err
		}
		return w.deleteGroup(ctx, GroupID(id))
	})
}

func (w *work) deleteGroup(ctx context.Context, id GroupID) error {
	g, err := w.Groups.Lock(ctx, w.ws, id)
	if err != nil {
		return err
	}
	went, err := w.Members.Keep(ctx, w.ws, id, nil)
	if err != nil {
		return err
	}
	g.DeletedAt, g.UpdatedAt = w.Now(), w.Now()
	g.Version++
	if err := w.Groups.Update(ctx, g); err != nil {
		return err
	}
	w.record(note{action: "group.delete", kind: "group", target: string(id), details: map[string]string{"removed": strconv.Itoa(len(went))}})
	w.emit(EventGroupDeleted, string(id), map[string]string{"directory": string(g.Directory)})
	return w.refreshIfMapped(ctx, id, went)
}

func checkGroup(name string, externalID *string) error {
	if strings.TrimSpace(name) == "" {
		return invalid("display_name", "A group needs a displayName.")
	}
	if err := checkText("displayName", name, maxName); err != nil {
		return err
	}
	return checkText("externalId", textOf(externalID), maxExternalID)
}

func groupNameTaken(err error) error {
	if Taken(err, KeyGroupName) {
		return conflict("group_name_taken", "The directory has another group with this displayName.")
	}
	return err
}
