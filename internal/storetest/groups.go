package storetest

import (
	"context"

	"drawbridge/provisioning"
)

var groupSentences = []sentence{
	{"Create adds the group, and Get returns it", groupCreate},
	{"Create: KeyGroupName is taken if another group of the directory that is not deleted has that name", groupName},
	{"the name of a deleted group is free, also in another directory", groupNameFree},
	{"Get returns the group, a deleted one too, or ErrNotFound", groupGet},
	{"Update replaces name, externalId, version and times", groupUpdate},
	{"Update: ErrNotFound; KeyGroupName", groupUpdateErrors},
	{"Lock returns the group as it then stands", groupLock},
	{"Lock returns ErrNotFound", groupLockUnknown},
	{"List returns, ordered by id, the groups that match and are not deleted", groupList},
	{"List counts how many match in all, also past the end and with a Limit of 0", groupTotals},
	{"List filters by every attribute of groups", groupFilters},
	{"List refuses what groups do not have", groupFilterErrors},
}

func (w *world) createGroup(g provisioning.Group) error {
	return w.try(func(ctx context.Context, tx *provisioning.Tx) error { return tx.Groups.Create(ctx, g) })
}

func (w *world) updateGroup(g provisioning.Group) error {
	return w.try(func(ctx context.Context, tx *provisioning.Tx) error { return tx.Groups.Update(ctx, g) })
}

func (w *world) getGroup(id provisioning.GroupID) (got provisioning.Group, err error) {
	err = w.look(func(ctx context.Context, tx *provisioning.Tx) (err error) {
		got, err = tx.Groups.Get(ctx, w.workspace.ID, id)
		return err
	})
	return got, err
}

func (w *world) listGroups(q provisioning.GroupQuery) page[provisioning.Group] {
	w.t.Helper()
	return read(w, func(ctx context.Context, tx *provisioning.Tx) (page[provisioning.Group], error) {
		return pageOf(tx.Groups.List(ctx, w.workspace.ID, q))
	})
}

func groupCreate(w *world) {
	for _, want := range []provisioning.Group{
		w.group("SOC Zürich"),
		w.group("bare", func(g *provisioning.Group) { g.ExternalID = "" }),
	} {
		got, err := w.getGroup(want.ID)
		wantOK(w.t, err)
		equal(w.t, "group", got, want)
	}
}

func groupName(w *world) {
	w.group("Équipe")
	wantTaken(w.t, w.createGroup(w.draftGroup("éQUIPE")), provisioning.KeyGroupName)
}

func groupNameFree(w *world) {
	w.deleteGroup(w.group("analysts"))
	w.group("Analysts")
	second := w.secondDirectory("Second")
	w.group("Analysts", func(g *provisioning.Group) { g.Directory = second.ID })
}

func groupGet(w *world) {
	want := w.group("analysts")
	w.deleteGroup(want)
	want.DeletedAt = at(17)
	got, err := w.getGroup(want.ID)
	wantOK(w.t, err)
	equal(w.t, "group", got, want)
	_, err = w.getGroup(newID[provisioning.GroupID]())
	wantKind(w.t, err, provisioning.ErrNotFound)
}

func groupUpdate(w *world) {
	want := w.group("analysts")
	want.DisplayName, want.ExternalID, want.Version, want.UpdatedAt, want.DeletedAt = "Renamed", "", 9, at(30), at(31)
	wantOK(w.t, w.updateGroup(want))
	got, err := w.getGroup(want.ID)
	wantOK(w.t, err)
	equal(w.t, "group", got, want)
}

func groupUpdateErrors(w *world) {
	wantKind(w.t, w.updateGroup(w.draftGroup("nobody")), provisioning.ErrNotFound)
	w.group("analysts")
	other := w.group("guests")
	other.DisplayName = "ANALYSTS"
	wantTaken(w.t, w.updateGroup(other), provisioning.KeyGroupName)
	other.DisplayName = "GUESTS"
	wantOK(w.t, w.updateGroup(other))
}

func groupLock(w *world) {
	want := w.group("analysts")
	got := write(w, func(ctx context.Context, tx *provisioning.Tx) (provisioning.Group, error) {
		want.Version = 2
		if err := tx.Groups.Update(ctx, want); err != nil {
			return provisioning.Group{}, err
		}
		return tx.Groups.Lock(ctx, w.workspace.ID, want.ID)
	})
	equal(w.t, "group", got, want)
}

func groupLockUnknown(w *world) {
	wantKind(w.t, w.try(func(ctx context.Context, tx *provisioning.Tx) error {
		_, err := tx.Groups.Lock(ctx, w.workspace.ID, newID[provisioning.GroupID]())
		return err
	}), provisioning.ErrNotFound)
}

func groupList(w *world) {
	a, b := w.group("b"), w.group("a")
	w.deleteGroup(w.group("deleted"))
	second := w.secondDirectory("Second")
	c := w.group("c", func(g *provisioning.Group) { g.Directory = second.ID })
	equal(w.t, "of the directory", w.listGroups(provisioning.GroupQuery{Directory: w.directory.ID, Limit: 9}),
		page[provisioning.Group]{[]provisioning.Group{a, b}, 2})
	equal(w.t, "of the workspace", w.listGroups(provisioning.GroupQuery{Limit: 9}),
		page[provisioning.Group]{[]provisioning.Group{a, b, c}, 3})
	equal(w.t, "a page", w.listGroups(provisioning.GroupQuery{Offset: 1, Limit: 1}),
		page[provisioning.Group]{[]provisioning.Group{b}, 3})
}

func groupTotals(w *world) {
	for _, name := range []string{"a", "b", "c"} {
		w.group(name)
	}
	for _, q := range []provisioning.GroupQuery{{Offset: 3, Limit: 5}, {Offset: 99, Limit: 5}, {}, {Offset: 1}} {
		equal(w.t, show(q), w.listGroups(q), page[provisioning.Group]{nil, 3})
	}
}

func groupFilters(w *world) {
	u := w.user("ana")
	full := w.group("Équipe")
	w.addMembers(full, u)
	bare := w.group("other", func(g *provisioning.Group) {
		g.ExternalID, g.CreatedAt, g.UpdatedAt = "", at(40), at(41)
	})
	for _, c := range []struct {
		filter provisioning.Filter
		want   provisioning.Group
	}{
		{text(provisioning.AttrDisplayName, provisioning.Equal, "éQUIPE"), full},
		{text(provisioning.AttrDisplayName, provisioning.NotEqual, "équipe"), bare},
		{text(provisioning.AttrDisplayName, provisioning.StartsWith, "OTH"), bare},
		{text(provisioning.AttrID, provisioning.Equal, string(bare.ID)), bare},
		{text(provisioning.AttrExternalID, provisioning.Equal, "ext-Équipe"), full},
		{not(present(provisioning.AttrExternalID)), bare},
		{null(provisioning.AttrExternalID, provisioning.Equal), bare},
		{instant(provisioning.AttrCreated, provisioning.Less, at(40)), full},
		{instant(provisioning.AttrLastModified, provisioning.GreaterEqual, at(41)), bare},
		{text(provisioning.AttrMemberID, provisioning.Equal, string(u.ID)), full},
		{not(text(provisioning.AttrMemberID, provisioning.Equal, string(u.ID))), bare},
		{present(provisioning.AttrMemberID), full},
		{and(text(provisioning.AttrDisplayName, provisioning.Contains, "e"), not(present(provisioning.AttrMemberID))), bare},
	} {
		got := w.listGroups(provisioning.GroupQuery{Directory: w.directory.ID, Filter: c.filter, Limit: 9})
		equal(w.t, show(c.filter), got, page[provisioning.Group]{[]provisioning.Group{c.want}, 1})
	}
}

func groupFilterErrors(w *world) {
	w.group("analysts")
	for _, f := range []provisioning.Filter{
		text(provisioning.AttrUserName, provisioning.Equal, "x"), present(provisioning.AttrEmailValue),
		flag(provisioning.AttrActive, provisioning.Equal, true), oneEmail(text(provisioning.AttrEmailType, provisioning.Equal, "work")),
		text(provisioning.AttrDisplayName, "re", "x"), flag(provisioning.AttrDisplayName, provisioning.Equal, true),
	} {
		wantKind(w.t, w.look(func(ctx context.Context, tx *provisioning.Tx) error {
			_, _, err := tx.Groups.List(ctx, w.workspace.ID, provisioning.GroupQuery{Filter: f, Limit: 9})
			return err
		}), provisioning.ErrInvalid)
	}
}

var mappingSentences = []sentence{
	{"Create adds the mapping, and Get returns it", mappingCreate},
	{"Create: KeyMapping is taken if the same stands already", mappingTaken},
	{"Get returns ErrNotFound", mappingNotFound},
	{"List returns those of the workspace by id; of one group if it is named", mappingList},
	{"Release lets a held mapping count", mappingRelease},
	{"Delete removes the mapping or returns ErrNotFound", mappingDelete},
}

func (w *world) getMapping(id provisioning.MappingID) (got provisioning.Mapping, err error) {
	err = w.look(func(ctx context.Context, tx *provisioning.Tx) (err error) {
		got, err = tx.Mappings.Get(ctx, w.workspace.ID, id)
		return err
	})
	return got, err
}

func (w *world) listMappings(g provisioning.GroupID) []provisioning.Mapping {
	w.t.Helper()
	return read(w, func(ctx context.Context, tx *provisioning.Tx) ([]provisioning.Mapping, error) {
		return tx.Mappings.List(ctx, w.workspace.ID, g)
	})
}

func mappingCreate(w *world) {
	g := w.group("analysts")
	for _, want := range []provisioning.Mapping{
		w.mapping(g, w.paris, w.analyst),
		w.mapping(g, w.paris, w.guest, func(m *provisioning.Mapping) { m.Held = true }),
	} {
		got, err := w.getMapping(want.ID)
		wantOK(w.t, err)
		equal(w.t, "mapping", got, want)
	}
}

func mappingTaken(w *world) {
	twin := w.mapping(w.group("analysts"), w.paris, w.analyst)
	twin.ID, twin.Held = newID[provisioning.MappingID](), true
	wantTaken(w.t, w.try(func(ctx context.Context, tx *provisioning.Tx) error {
		return tx.Mappings.Create(ctx, twin)
	}), provisioning.KeyMapping)
}

func mappingNotFound(w *world) {
	_, err := w.getMapping(newID[provisioning.MappingID]())
	wantKind(w.t, err, provisioning.ErrNotFound)
}

func mappingList(w *world) {
	w.another()
	g, h := w.group("g"), w.group("h")
	one, two := w.mapping(g, w.paris, w.analyst), w.mapping(h, w.paris, w.analyst)
	first := w.mapping(g, w.lyon, w.guest, func(m *provisioning.Mapping) { m.ID = early(m.ID) })
	equal(w.t, "all", w.listMappings(""), []provisioning.Mapping{first, one, two})
	equal(w.t, "of g", w.listMappings(g.ID), []provisioning.Mapping{first, one})
}

func mappingRelease(w *world) {
	g := w.group("analysts")
	hold := func(m *provisioning.Mapping) { m.Held = true }
	released, kept := w.mapping(g, w.paris, w.analyst, hold), w.mapping(g, w.lyon, w.analyst, hold)
	w.do(func(ctx context.Context, tx *provisioning.Tx) error {
		return tx.Mappings.Release(ctx, w.workspace.ID, released.ID)
	})
	released.Held = false
	equal(w.t, "mappings", w.listMappings(""), []provisioning.Mapping{released, kept})
}

func mappingDelete(w *world) {
	g := w.group("analysts")
	gone, kept := w.mapping(g, w.paris, w.analyst), w.mapping(g, w.lyon, w.analyst)
	remove := func() error {
		return w.try(func(ctx context.Context, tx *provisioning.Tx) error {
			return tx.Mappings.Delete(ctx, w.workspace.ID, gone.ID)
		})
	}
	wantOK(w.t, remove())
	wantKind(w.t, remove(), provisioning.ErrNotFound)
	equal(w.t, "mappings", w.listMappings(""), []provisioning.Mapping{kept})
}
