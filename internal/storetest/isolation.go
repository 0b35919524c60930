package storetest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"drawbridge/provisioning"
)

var isolationSentences = []sentence{
	{"reads find nothing of another workspace", isolationReads},
	{"writes do not find what is of another workspace", isolationWrites},
	{"nothing refers to what is of another workspace", isolationReferences},
	{"unique keys of one workspace take nothing from another", isolationKeys},
	{"lists of a workspace show nothing of another", isolationLists},
	{"Seal seals no entry of another workspace", isolationSeal},
	{"every method that takes a workspace and ids is tried", isolationComplete},
}

// attempt uses a's workspace with ids of b, and returns what it found.
type attempt struct {
	method string
	try    func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error)
}

// isolation furnishes two worlds, makes the attempts one by one, judges each,
// and fails if anything of either world has changed.
func isolation(w *world, attempts []attempt, judge func(found any, err error) error) {
	a, b := furnish(w), furnish(w.another())
	beforeA, beforeB := a.dump(), b.dump()
	for _, x := range attempts {
		var found any
		err := w.try(func(ctx context.Context, tx *provisioning.Tx) (err error) {
			found, err = x.try(ctx, tx, a, b)
			return err
		})
		if complaint := judge(found, err); complaint != nil {
			w.t.Errorf("%s: %v", x.method, complaint)
		}
		equal(w.t, x.method+": the other workspace afterwards", b.dump(), beforeB)
		equal(w.t, x.method+": the own workspace afterwards", a.dump(), beforeA)
	}
}

// nothingFound accepts ErrNotFound and an empty answer.
func nothingFound(found any, err error) error {
	switch {
	case errors.Is(err, provisioning.ErrNotFound):
		return nil
	case err != nil:
		return fmt.Errorf("error %w, want nothing found", err)
	case !empty(found):
		return fmt.Errorf("found %s", show(found))
	}
	return nil
}

// refused accepts any error.
func refused(_ any, err error) error {
	if err == nil {
		return errors.New("no error")
	}
	return nil
}

func empty(v any) bool {
	if v == nil {
		return true
	}
	r := reflect.ValueOf(v)
	switch r.Kind() {
	case reflect.Slice, reflect.Map:
		return r.Len() == 0
	case reflect.Struct:
		for i := range r.NumField() {
			f := r.Field(i)
			if !f.IsZero() && (f.Kind() != reflect.Slice || f.Len() > 0) {
				return false
			}
		}
		return true
	default:
		return r.IsZero()
	}
}

// nothing is what an attempt found that can find nothing.
func nothing(err error) (any, error) { return nil, err }

func isolationReads(w *world) {
	isolation(w, slices.Concat(readsOfUsers, readsOfGroups, readsOfTheRest), nothingFound)
}

func isolationWrites(w *world) {
	isolation(w, slices.Concat(writesOfUsers, writesOfGroups, writesOfTheRest), nothingFound)
}

func isolationReferences(w *world) { isolation(w, references, refused) }

// isolationKeys gives everything of one world the very names of another's.
func isolationKeys(w *world) {
	a, b := furnish(w), furnish(w.another())
	equal(w.t, "userName", a.user.UserName, b.user.UserName)
	equal(w.t, "externalId", a.user.Record.ExternalID, b.user.Record.ExternalID)
	equal(w.t, "group name", a.group.DisplayName, b.group.DisplayName)
	equal(w.t, "subject", a.identity.Subject, b.identity.Subject)
	equal(w.t, "name of the connection", a.connection.Name, b.connection.Name)
	equal(w.t, "name of the directory", a.directory.Name, b.directory.Name)
}

func isolationLists(w *world) {
	a, b := furnish(w), furnish(w.another())
	shown := a.dump()
	for _, foreign := range []string{
		string(b.workspace.ID), string(b.root.ID), string(b.guest.ID), string(b.connection.ID), string(b.directory.ID),
		string(b.user.ID), string(b.group.ID), string(b.mapping.ID), string(b.grant.ID), string(b.session.ID),
		string(b.invitation.ID), string(b.delivery.ID),
	} {
		equal(w.t, "shows "+foreign, strings.Contains(shown, foreign), false)
	}
}

func isolationSeal(w *world) {
	a, b := furnish(w), furnish(w.another())
	before, head := b.dump(), a.head()
	foreign := chained(b.unsealed, head.Sequence+1)
	foreign.Workspace = a.workspace.ID
	head.Sequence, head.Hash = foreign.Sequence, foreign.Hash
	err := w.try(func(ctx context.Context, tx *provisioning.Tx) error {
		return tx.Audit.Seal(ctx, []provisioning.AuditEntry{foreign}, head)
	})
	w.t.Logf("sealing an entry of another workspace: %v", err)
	equal(w.t, "the other workspace afterwards", b.dump(), before)
}

// isolationElsewhere are the methods whose only ids are of the workspace
// itself or of a place in a list; their topics look beside a second world.
var isolationElsewhere = []string{
	"Workspaces.SetSettings", "Domains.Verified", "Users.List", "Access.Holders", "Events.List",
	"Tombstones.Any", "Tombstones.Lift", "Invitations.List", "Deliveries.List", "Inactivity.Due",
}

// isolationNew are the methods that make what refers to the workspace alone,
// and those whose ids are made by nobody else.
var isolationNew = []string{
	"Communities.Create", "Roles.Create", "Domains.Put", "Events.Append", "Audit.Append", "Audit.Seal", "Deliveries.Add",
	"Links.Create",
}

// isolationComplete fails when the Store gains a method that no attempt tries.
func isolationComplete(w *world) {
	tried := slices.Concat(isolationElsewhere, isolationNew)
	for _, x := range slices.Concat(readsOfUsers, readsOfGroups, readsOfTheRest, writesOfUsers, writesOfGroups, writesOfTheRest, references) {
		method, _, _ := strings.Cut(x.method, " ")
		tried = append(tried, method)
	}
	nouns := reflect.TypeFor[provisioning.Tx]()
	for i := range nouns.NumField() {
		noun := nouns.Field(i)
		if noun.Type.Kind() != reflect.Interface {
			continue
		}
		for m := range noun.Type.NumMethod() {
			name := noun.Name + "." + noun.Type.Method(m).Name
			if takesIDs(noun.Type.Method(m).Type) && !slices.Contains(tried, name) {
				w.t.Errorf("%s is not tried with ids of another workspace", name)
			}
		}
	}
}

// takesIDs reports whether a method takes a workspace, by itself or in what it
// takes, and something by which it finds rows.
func takesIDs(method reflect.Type) bool {
	var workspace, more bool
	for i := range method.NumIn() {
		switch in := method.In(i); {
		case ofWorkspace(in):
			workspace, more = true, true
		case in == reflect.TypeFor[provisioning.WorkspaceID]():
			workspace = true
		case in.Kind() == reflect.String, in.Kind() == reflect.Slice, in.Kind() == reflect.Struct && in != reflect.TypeFor[time.Time]():
			more = true
		}
	}
	return workspace && more
}

// ofWorkspace reports whether a value, or each of a list, says of which
// workspace it is.
func ofWorkspace(t reflect.Type) bool {
	if t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return false
	}
	f, ok := t.FieldByName("Workspace")
	return ok && f.Type == reflect.TypeFor[provisioning.WorkspaceID]()
}

var readsOfUsers = []attempt{
	{"Users.Get", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		return tx.Users.Get(ctx, a.workspace.ID, b.user.ID)
	}},
	{"Users.Administrators", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		return tx.Users.Administrators(ctx, a.workspace.ID, b.root.ID, b.admin.ID)
	}},
	{"Records.ByExternalID", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		return tx.Records.ByExternalID(ctx, a.workspace.ID, b.directory.ID, b.user.Record.ExternalID)
	}},
	{"Records.List", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		return pageOf(tx.Records.List(ctx, a.workspace.ID, provisioning.RecordQuery{
			Directory: b.directory.ID, Connection: b.connection.ID, Limit: 9,
		}))
	}},
	{"Records.List by id, adoptable too", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		return pageOf(tx.Records.List(ctx, a.workspace.ID, provisioning.RecordQuery{
			Directory: b.directory.ID, Connection: b.connection.ID, Adoptable: true, Limit: 9,
			Filter: or(text(provisioning.AttrID, provisioning.Equal, string(b.user.ID)), text(provisioning.AttrID, provisioning.Equal, string(b.bare.ID))),
		}))
	}},
	{"Records.OfDirectory", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		return tx.Records.OfDirectory(ctx, a.workspace.ID, b.directory.ID, "", 9)
	}},
	{"Identities.Find", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		return tx.Identities.Find(ctx, a.workspace.ID, b.connection.ID, b.identity.Issuer, b.identity.Subject)
	}},
	{"Identities.OfUser", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		return tx.Identities.OfUser(ctx, a.workspace.ID, b.user.ID)
	}},
	{"Subjects.Of", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		return tx.Subjects.Of(ctx, a.workspace.ID, b.connection.ID, theSubject)
	}},
	{"Invitations.OfUser", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		return tx.Invitations.OfUser(ctx, a.workspace.ID, b.user.ID)
	}},
	{"Grants.OfUser", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		return tx.Grants.OfUser(ctx, a.workspace.ID, b.user.ID)
	}},
	{"Access.State", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		return tx.Access.State(ctx, a.workspace.ID, userIDs(b.user, b.bare))
	}},
	{"Access.OfUser", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		return tx.Access.OfUser(ctx, a.workspace.ID, b.user.ID)
	}},
	{"Sessions.OfUser", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		return tx.Sessions.OfUser(ctx, a.workspace.ID, b.user.ID)
	}},
}

var readsOfGroups = []attempt{
	{"Groups.Get", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		return tx.Groups.Get(ctx, a.workspace.ID, b.group.ID)
	}},
	{"Groups.Lock", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		return tx.Groups.Lock(ctx, a.workspace.ID, b.group.ID)
	}},
	{"Groups.List", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		return pageOf(tx.Groups.List(ctx, a.workspace.ID, provisioning.GroupQuery{Directory: b.directory.ID, Limit: 9}))
	}},
	{"Groups.List by member", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		return pageOf(tx.Groups.List(ctx, a.workspace.ID, provisioning.GroupQuery{
			Limit: 9, Filter: text(provisioning.AttrMemberID, provisioning.Equal, string(b.user.ID)),
		}))
	}},
	{"Members.Known", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		current, former, err := tx.Members.Known(ctx, a.workspace.ID, b.directory.ID, userIDs(b.user))
		return append(current, former...), err
	}},
	{"Members.Known of the own directory", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		current, former, err := tx.Members.Known(ctx, a.workspace.ID, a.directory.ID, userIDs(b.user))
		return append(current, former...), err
	}},
	{"Members.Of", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		return tx.Members.Of(ctx, a.workspace.ID, []provisioning.GroupID{b.group.ID})
	}},
	{"Members.Users", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		return tx.Members.Users(ctx, a.workspace.ID, b.group.ID, "", 9)
	}},
	{"Members.GroupsOf", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		return tx.Members.GroupsOf(ctx, a.workspace.ID, userIDs(b.user))
	}},
	{"Mappings.Get", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		return tx.Mappings.Get(ctx, a.workspace.ID, b.mapping.ID)
	}},
	{"Mappings.List", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		return tx.Mappings.List(ctx, a.workspace.ID, b.group.ID)
	}},
}

var readsOfTheRest = []attempt{
	{"Directories.Paired", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		return tx.Directories.Paired(ctx, a.workspace.ID, b.connection.ID)
	}},
	{"Tokens.List", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		return tx.Tokens.List(ctx, a.workspace.ID, b.directory.ID)
	}},
	{"Communities.Uses", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		return tx.Communities.Uses(ctx, a.workspace.ID, b.paris.ID)
	}},
	{"Roles.Uses", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		return tx.Roles.Uses(ctx, a.workspace.ID, b.guest.ID)
	}},
	{"Access.OfCommunity", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		return tx.Access.OfCommunity(ctx, a.workspace.ID, b.root.ID, "", 9)
	}},
}

var writesOfUsers = []attempt{
	{"Users.Update", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		u := b.user
		u.Workspace, u.UserName, u.Directory = a.workspace.ID, "renamed", ""
		err := tx.Users.Update(ctx, u)
		return err == nil, err
	}},
	{"Users.Lock", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		return nothing(tx.Users.Lock(ctx, a.workspace.ID, userIDs(b.user)))
	}},
	{"Users.Touch", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		return nothing(tx.Users.Touch(ctx, a.workspace.ID, b.user.ID, at(1)))
	}},
	{"Blocks.Lift", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		return tx.Blocks.Lift(ctx, a.workspace.ID, b.user.ID, provisioning.BlockDirectory)
	}},
	{"Records.Update", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		r := *b.user.Record
		r.Workspace, r.Directory, r.ExternalID = a.workspace.ID, a.directory.ID, "changed"
		err := tx.Records.Update(ctx, r)
		return err == nil, err
	}},
	{"Records.Delete", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		return nothing(tx.Records.Delete(ctx, a.workspace.ID, b.user.ID))
	}},
	{"Identities.Retire", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		return nothing(tx.Identities.Retire(ctx, a.workspace.ID, b.user.ID, at(1)))
	}},
	{"Identities.Restore", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		return nothing(tx.Identities.Restore(ctx, a.workspace.ID, b.identity.ID))
	}},
	{"Identities.DeleteOfUser", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		return nothing(tx.Identities.DeleteOfUser(ctx, a.workspace.ID, b.user.ID))
	}},
	{"Identities.Touch", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		return nothing(tx.Identities.Touch(ctx, a.workspace.ID, b.identity.ID, at(1)))
	}},
	{"Subjects.Release", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		return nothing(tx.Subjects.Release(ctx, a.workspace.ID, b.connection.ID, b.user.ID, ""))
	}},
	{"Subjects.ClaimRecorded", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		user, owner, err := tx.Subjects.ClaimRecorded(ctx, a.workspace.ID, b.connection.ID, b.directory.ID)
		return user != "" || owner != "", err
	}},
	{"Subjects.ReleaseRecorded", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		return nothing(tx.Subjects.ReleaseRecorded(ctx, a.workspace.ID, b.connection.ID, b.directory.ID))
	}},
	{"Subjects.ReleaseAll", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		return nothing(tx.Subjects.ReleaseAll(ctx, a.workspace.ID, b.user.ID))
	}},
	{"Invitations.Update", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		i := b.invitation
		i.Workspace, i.SecretHash = a.workspace.ID, []byte("changed")
		err := tx.Invitations.Update(ctx, i)
		return err == nil, err
	}},
	{"Invitations.Accept", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		return tx.Invitations.Accept(ctx, a.workspace.ID, b.invitation.ID, at(1))
	}},
	{"Invitations.CancelOfUser", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		return tx.Invitations.CancelOfUser(ctx, a.workspace.ID, b.user.ID, at(1))
	}},
	{"Grants.Delete", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		return nothing(tx.Grants.Delete(ctx, a.workspace.ID, grantIDs(b.grant)))
	}},
	{"Grants.Hold", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		return nothing(tx.Grants.Hold(ctx, a.workspace.ID, grantIDs(b.grant), "x"))
	}},
	{"Access.End", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		return nothing(tx.Access.End(ctx, a.workspace.ID, []provisioning.MembershipID{b.membership.ID}, at(1)))
	}},
	{"Sessions.Touch", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		return nothing(tx.Sessions.Touch(ctx, a.workspace.ID, b.session.ID, at(1)))
	}},
	{"Sessions.End", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		return tx.Sessions.End(ctx, a.workspace.ID, b.session.ID, at(1))
	}},
	{"Sessions.EndOfUser", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		return tx.Sessions.EndOfUser(ctx, a.workspace.ID, b.user.ID, at(1))
	}},
}

var writesOfGroups = []attempt{
	{"Groups.Update", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		g := b.group
		g.Workspace, g.DisplayName = a.workspace.ID, "renamed"
		err := tx.Groups.Update(ctx, g)
		return err == nil, err
	}},
	{"Members.Remove", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		return tx.Members.Remove(ctx, a.workspace.ID, b.group.ID, userIDs(b.user))
	}},
	{"Members.Remove from the own group", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		return tx.Members.Remove(ctx, a.workspace.ID, a.group.ID, userIDs(b.user))
	}},
	{"Members.Keep", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		return tx.Members.Keep(ctx, a.workspace.ID, b.group.ID, nil)
	}},
	{"Mappings.Release", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		return nothing(tx.Mappings.Release(ctx, a.workspace.ID, b.mapping.ID))
	}},
	{"Mappings.Delete", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		err := tx.Mappings.Delete(ctx, a.workspace.ID, b.mapping.ID)
		return err == nil, err
	}},
}

var writesOfTheRest = []attempt{
	{"Communities.Hold", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		err := tx.Communities.Hold(ctx, a.workspace.ID, []provisioning.CommunityID{a.paris.ID, b.paris.ID})
		return err == nil, err
	}},
	{"Communities.Lock", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		err := tx.Communities.Lock(ctx, a.workspace.ID, b.paris.ID)
		return err == nil, err
	}},
	{"Communities.Update", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		c := b.paris
		c.Workspace, c.Name = a.workspace.ID, "changed"
		err := tx.Communities.Update(ctx, c)
		return err == nil, err
	}},
	{"Communities.Delete", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		_, err := tx.Communities.Delete(ctx, a.workspace.ID, b.paris.ID, at(1))
		return err == nil, err
	}},
	{"Roles.Hold", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		err := tx.Roles.Hold(ctx, a.workspace.ID, []provisioning.RoleID{a.guest.ID, b.guest.ID})
		return err == nil, err
	}},
	{"Roles.Lock", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		err := tx.Roles.Lock(ctx, a.workspace.ID, b.guest.ID)
		return err == nil, err
	}},
	{"Roles.Update", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		r := b.guest
		r.Workspace, r.Name = a.workspace.ID, "changed"
		err := tx.Roles.Update(ctx, r)
		return err == nil, err
	}},
	{"Roles.Delete", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		err := tx.Roles.Delete(ctx, a.workspace.ID, b.guest.ID, at(1))
		return err == nil, err
	}},
	{"Deliveries.Retry", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		return tx.Deliveries.Retry(ctx, a.workspace.ID, b.delivery.ID, at(62))
	}},
	{"Deliveries.Settle", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		d := b.delivery
		d.Workspace, d.Error = a.workspace.ID, "changed"
		return tx.Deliveries.Settle(ctx, d)
	}},
	{"Deliveries.Retry as one of an account", func(ctx context.Context, tx *provisioning.Tx, _, b *furnished) (any, error) {
		return tx.Deliveries.Retry(ctx, "", b.delivery.ID, at(62))
	}},
	{"Domains.Delete", func(ctx context.Context, tx *provisioning.Tx, _, b *furnished) (any, error) {
		err := tx.Domains.Delete(ctx, newID[provisioning.WorkspaceID](), theDomain)
		return err == nil, err
	}},
	{"Connections.Update", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		c := a.connection
		c.ID, c.Name, c.Issuer = b.connection.ID, "Changed", "https://changed.example"
		err := tx.Connections.Update(ctx, c)
		return err == nil, err
	}},
	{"Directories.Update", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		d := a.directory
		d.ID, d.Name = b.directory.ID, "Changed"
		err := tx.Directories.Update(ctx, d)
		return err == nil, err
	}},
	{"Tokens.Revoke", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		return tx.Tokens.Revoke(ctx, a.workspace.ID, b.directory.ID, nil, at(1))
	}},
	{"Tokens.Revoke by id", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		return tx.Tokens.Revoke(ctx, a.workspace.ID, a.directory.ID, []provisioning.TokenID{b.token.ID}, at(1))
	}},
	{"Tokens.Touch", func(ctx context.Context, tx *provisioning.Tx, a, b *furnished) (any, error) {
		return nothing(tx.Tokens.Touch(ctx, a.workspace.ID, b.token.ID, at(1)))
	}},
	{"Tombstones.Lift in a workspace that has none", func(ctx context.Context, tx *provisioning.Tx, _, _ *furnished) (any, error) {
		nowhere := newID[provisioning.WorkspaceID]()
		if err := tx.Tombstones.Lift(ctx, nowhere, [][]byte{[]byte(theHash)}); err != nil {
			return nil, err
		}
		return tx.Tombstones.Any(ctx, nowhere, [][]byte{[]byte(theHash)})
	}},
}
