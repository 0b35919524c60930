package storetest

import (
	"context"

	"drawbridge/provisioning"
)

var listSentences = []sentence{
	{"returns the users with record, without blocks", listShape},
	{"returns the users with their groups that are not deleted", listGroups},
	{"ordered by user id, with an offset and a limit", listPages},
	{"the total counts all, also past the end and with a Limit of 0", listTotals},
	{"shows only users of the directory", listDirectory},
	{"a nil filter is no condition", listAll},
}

func (w *world) list(q provisioning.RecordQuery) page[provisioning.User] {
	w.t.Helper()
	return read(w, func(ctx context.Context, tx *provisioning.Tx) (page[provisioning.User], error) {
		found, total, err := tx.Records.List(ctx, w.workspace.ID, q)
		users := make([]provisioning.User, len(found))
		for i, u := range found {
			users[i] = u.User
		}
		return page[provisioning.User]{users, total}, err
	})
}

// find returns the ids of the directory's users that match.
func (w *world) find(f provisioning.Filter) []provisioning.UserID {
	w.t.Helper()
	got := w.list(provisioning.RecordQuery{Directory: w.directory.ID, Filter: f, Limit: 100})
	equal(w.t, "total", got.total, len(got.items))
	return userIDs(got.items...)
}

// findError returns the error of a filter.
func (w *world) findError(f provisioning.Filter) error {
	return w.look(func(ctx context.Context, tx *provisioning.Tx) error {
		_, _, err := tx.Records.List(ctx, w.workspace.ID, provisioning.RecordQuery{Directory: w.directory.ID, Filter: f, Limit: 9})
		return err
	})
}

func listShape(w *world) {
	want := w.pushed("ana")
	w.block(want, provisioning.BlockDirectory)
	got := w.list(provisioning.RecordQuery{Directory: w.directory.ID, Limit: 10})
	equal(w.t, "users", got.items, []provisioning.User{want})
}

func listGroups(w *world) {
	ana, bob := w.pushed("ana"), w.pushed("bob")
	first, second, gone := w.group("Analysts"), w.group("Paris"), w.group("Gone")
	w.addMembers(first, ana, bob)
	w.addMembers(second, ana)
	w.addMembers(gone, bob)
	w.deleteGroup(gone)
	want := map[provisioning.UserID][]provisioning.GroupRef{
		ana.ID: {{ID: first.ID, DisplayName: "Analysts"}, {ID: second.ID, DisplayName: "Paris"}},
		bob.ID: {{ID: first.ID, DisplayName: "Analysts"}},
	}
	w.do(func(ctx context.Context, tx *provisioning.Tx) error {
		found, _, err := tx.Records.List(ctx, w.workspace.ID, provisioning.RecordQuery{Directory: w.directory.ID, Limit: 10})
		equal(w.t, "users", len(found), 2)
		for _, u := range found {
			equal(w.t, "groups of "+u.UserName, u.Groups, want[u.ID])
		}
		return err
	})
}

func listPages(w *world) {
	var want []provisioning.UserID
	for _, name := range []string{"c", "a", "b", "e", "d"} {
		want = append(want, w.pushed(name).ID)
	}
	for _, c := range []struct{ offset, limit, from, to int }{{0, 2, 0, 2}, {2, 2, 2, 4}, {4, 2, 4, 5}, {0, 9, 0, 5}} {
		got := w.list(provisioning.RecordQuery{Directory: w.directory.ID, Offset: c.offset, Limit: c.limit})
		equal(w.t, "ids", userIDs(got.items...), want[c.from:c.to])
		equal(w.t, "total", got.total, 5)
	}
}

func listTotals(w *world) {
	for _, name := range []string{"a", "b", "c"} {
		w.pushed(name)
	}
	some := provisioning.Or{Left: text(provisioning.AttrUserName, provisioning.Equal, "a"), Right: text(provisioning.AttrUserName, provisioning.Equal, "b")}
	for _, c := range []struct {
		q     provisioning.RecordQuery
		total int
	}{
		{provisioning.RecordQuery{Offset: 3, Limit: 10}, 3},
		{provisioning.RecordQuery{Offset: 1000, Limit: 10}, 3},
		{provisioning.RecordQuery{}, 3},
		{provisioning.RecordQuery{Offset: 1}, 3},
		{provisioning.RecordQuery{Filter: some}, 2},
		{provisioning.RecordQuery{Filter: some, Offset: 2, Limit: 1}, 2},
	} {
		c.q.Directory = w.directory.ID
		got := w.list(c.q)
		equal(w.t, "users", got.items, nil)
		equal(w.t, "total", got.total, c.total)
	}
}

func listDirectory(w *world) {
	second := w.secondDirectory("Second")
	want := w.pushed("ana")
	w.user("without a record")
	w.record(w.user("of the other"), "x", func(r *provisioning.DirectoryRecord) { r.Directory = second.ID })
	equal(w.t, "found", w.find(nil), []provisioning.UserID{want.ID})
}

func listAll(w *world) {
	a, b := w.pushed("a"), w.pushed("b")
	equal(w.t, "found", w.find(nil), []provisioning.UserID{a.ID, b.ID})
}

var adoptableSentences = []sentence{
	{"only if asked for", adoptableAsked},
	{"with an identity, not retired, of Connection", adoptableByIdentity},
	{"none by identity without a Connection", adoptableUnpaired},
	{"without any identity, with a userName in a verified domain", adoptableByUserName},
	{"without any identity, with an e-mail in a verified domain", adoptableByEmail},
	{"never by a domain that only looks like it", adoptableLookalikes},
	{"nobody with a record, and nobody removed", adoptableOthers},
	{"never one whose open invitation forbids it", adoptableInvitation},
	{"an invitation that is open no longer forbids nothing", adoptableClosedInvitation},
	{"filters look at the user row, the total and the order count them in", adoptableFilter},
}

func (w *world) adoptable(f provisioning.Filter) []provisioning.UserID {
	w.t.Helper()
	got := w.list(provisioning.RecordQuery{
		Directory: w.directory.ID, Connection: w.connection.ID, Adoptable: true, Filter: f, Limit: 100,
	})
	equal(w.t, "total", got.total, len(got.items))
	return userIDs(got.items...)
}

// outsider is a user without a record whose names are in no verified domain.
func (w *world) outsider(userName string) provisioning.User {
	w.t.Helper()
	return w.user(userName, func(u *provisioning.User) { u.Email = "x@unknown.example" })
}

func adoptableAsked(w *world) {
	w.domain("acme.example", true)
	w.identity(w.outsider("ana"), "sub")
	w.user("bob@acme.example")
	equal(w.t, "found", w.find(nil), nil)
}

func adoptableByIdentity(w *world) {
	want, retired, elsewhere := w.outsider("ana"), w.outsider("rita"), w.outsider("eve")
	second := w.draftConnection("Second")
	wantOK(w.t, w.createConnection(second))
	w.identity(want, "sub-ana")
	w.identity(retired, "sub-rita")
	w.retire(retired)
	w.identity(elsewhere, "sub-eve", func(i *provisioning.Identity) { i.Connection = second.ID })
	equal(w.t, "adoptable", w.adoptable(nil), []provisioning.UserID{want.ID})
	got := w.list(provisioning.RecordQuery{Directory: w.directory.ID, Connection: w.connection.ID, Adoptable: true, Limit: 9})
	equal(w.t, "user without a record", got.items, []provisioning.User{want})
}

func adoptableUnpaired(w *world) {
	w.domain("acme.example", true)
	w.identity(w.outsider("ana"), "sub-ana")
	want := w.user("bob@acme.example")
	got := w.list(provisioning.RecordQuery{Directory: w.directory.ID, Adoptable: true, Limit: 9})
	equal(w.t, "adoptable", userIDs(got.items...), []provisioning.UserID{want.ID})
}

func adoptableByUserName(w *world) {
	w.domain("acme.example", true)
	w.domain("claimed.example", false)
	w.another().domain("elsewhere.example", true)
	want := w.outsider("Ana@ACME.example")
	w.outsider("bob@claimed.example")
	w.outsider("eve@elsewhere.example")
	retired, pinned := w.outsider("rita@acme.example"), w.outsider("pia@acme.example")
	second := w.draftConnection("Second")
	wantOK(w.t, w.createConnection(second))
	w.identity(retired, "sub-rita")
	w.retire(retired)
	w.identity(pinned, "sub-pia", func(i *provisioning.Identity) { i.Connection = second.ID })
	equal(w.t, "adoptable", w.adoptable(nil), []provisioning.UserID{want.ID})
}

func adoptableByEmail(w *world) {
	w.domain("acme.example", true)
	want := w.user("ana", func(u *provisioning.User) { u.Email = "Ana@acme.EXAMPLE" })
	w.user("bob", func(u *provisioning.User) { u.Email = "bob@other.example" })
	w.user("no address", func(u *provisioning.User) { u.Email = "" })
	equal(w.t, "adoptable", w.adoptable(nil), []provisioning.UserID{want.ID})
}

func adoptableLookalikes(w *world) {
	w.domain("acme.example", true)
	for _, name := range []string{
		"a@sub.acme.example", "a@evilacme.example", "a@acme.example.evil.example", "a@acme.example@evil.example",
		"acme.example", "@acme.example", "acme.example@evil.example", "a@acme_example", "a@%",
	} {
		w.outsider(name)
	}
	equal(w.t, "adoptable", w.adoptable(nil), nil)
}

func adoptableOthers(w *world) {
	w.domain("acme.example", true)
	second := w.secondDirectory("Second")
	w.record(w.user("ana@acme.example"), "x", func(r *provisioning.DirectoryRecord) { r.Directory = second.ID })
	w.removeUser(w.user("bob@acme.example"))
	gone := w.outsider("rita")
	w.identity(gone, "sub")
	w.removeUser(gone)
	equal(w.t, "adoptable", w.adoptable(nil), nil)
}

func adoptableInvitation(w *world) {
	w.domain("acme.example", true)
	now := w.now()
	forbid := func(i *provisioning.Invitation) { i.Adoptable, i.ExpiresAt = false, now.Add(day) }
	allow := func(i *provisioning.Invitation) { i.ExpiresAt = now.Add(day) }
	byDomain, byIdentity, allowed := w.user("a@acme.example"), w.outsider("b"), w.user("c@acme.example")
	w.identity(byIdentity, "sub")
	w.invitation(byDomain, allow)
	w.invitation(byDomain, forbid)
	w.invitation(byIdentity, forbid)
	w.invitation(allowed, allow)
	equal(w.t, "adoptable", w.adoptable(nil), []provisioning.UserID{allowed.ID})
}

func adoptableClosedInvitation(w *world) {
	w.domain("acme.example", true)
	now := w.now()
	var want []provisioning.UserID
	for name, end := range map[string]func(i *provisioning.Invitation){
		"accepted":  func(i *provisioning.Invitation) { i.AcceptedAt = now },
		"cancelled": func(i *provisioning.Invitation) { i.CancelledAt = now },
		"expired":   func(i *provisioning.Invitation) { i.ExpiresAt = now.Add(-day) },
	} {
		u := w.user(name + "@acme.example")
		w.invitation(u, func(i *provisioning.Invitation) {
			i.Adoptable, i.CreatedAt, i.ExpiresAt = false, now.Add(-2*day), now.Add(day)
			end(i)
		})
		want = append(want, u.ID)
	}
	equal(w.t, "adoptable", w.adoptable(nil), sorted(want))
}

func adoptableFilter(w *world) {
	w.domain("acme.example", true)
	first := w.user("Ana@acme.example")
	second := w.pushed("bob@acme.example")
	third := w.user("eve@acme.example", func(u *provisioning.User) { u.GivenName = "Éva" })
	equal(w.t, "all", w.adoptable(nil), []provisioning.UserID{first.ID, second.ID, third.ID})
	for _, c := range []struct {
		filter provisioning.Filter
		want   provisioning.User
	}{
		{text(provisioning.AttrUserName, provisioning.Equal, "ANA@acme.example"), first},
		{text(provisioning.AttrID, provisioning.Equal, string(third.ID)), third},
		{emailIs("EVE@acme.example"), third},
		{provisioning.And{
			Left:  null(provisioning.AttrExternalID, provisioning.Equal),
			Right: text(provisioning.AttrUserName, provisioning.StartsWith, "a"),
		}, first},
		{present(provisioning.AttrExternalID), second},
	} {
		equal(w.t, show(c.filter), w.adoptable(c.filter), []provisioning.UserID{c.want.ID})
	}
}
