package sqlstore

import (
	"fmt"
	"testing"
	"time"

	"drawbridge/provisioning"
)

// The rows that every fixture has.
const (
	wsID       provisioning.WorkspaceID  = "ws"
	rootID     provisioning.CommunityID  = "root"
	parisID    provisioning.CommunityID  = "paris"
	adminID    provisioning.RoleID       = "admin"
	guestID    provisioning.RoleID       = "guest"
	oktaID     provisioning.ConnectionID = "okta"
	dirID      provisioning.DirectoryID  = "dir"
	otherDirID provisioning.DirectoryID  = "other-dir"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 123456000, time.UTC)

// withFixture runs a test on a fixture of each engine.
func withFixture(t *testing.T, test func(t *testing.T, f *fixture)) {
	t.Helper()
	onBoth(t, func(t *testing.T, s *Store) { test(t, newFixture(t, s)) })
}

// fixture is a workspace with two communities, two roles, a connection, a
// directory paired with it and one that is not.
type fixture struct {
	store *Store
}

func newFixture(t testing.TB, store *Store) *fixture {
	t.Helper()
	f := &fixture{store: store}
	f.update(t, func(tx *provisioning.Tx) error { return seed(t, tx) })
	return f
}

func seed(t testing.TB, tx *provisioning.Tx) error {
	ctx := t.Context()
	return firstError(
		tx.Workspaces.Create(ctx, provisioning.Workspace{
			ID: wsID, Slug: "acme", Name: "Acme", Root: rootID,
			TombstoneKey: []byte("t"), AuditKey: []byte("a"), CreatedAt: noon,
		}),
		tx.Communities.Create(ctx, provisioning.Community{Workspace: wsID, ID: rootID, Slug: "acme", Root: true, CreatedAt: noon}),
		tx.Communities.Create(ctx, provisioning.Community{Workspace: wsID, ID: parisID, Slug: "paris", CreatedAt: noon}),
		tx.Roles.Create(ctx,
			provisioning.Role{Workspace: wsID, ID: adminID, Slug: "admin", Builtin: true, CreatedAt: noon},
			provisioning.Role{Workspace: wsID, ID: guestID, Slug: "guest", Builtin: true, CreatedAt: noon}),
		tx.Domains.Put(ctx, provisioning.Domain{Workspace: wsID, Name: "acme.example", VerifiedAt: noon, CreatedAt: noon}),
		tx.Domains.Put(ctx, provisioning.Domain{Workspace: wsID, Name: "claimed.example", CreatedAt: noon}),
		tx.Connections.Create(ctx, provisioning.Connection{Workspace: wsID, ID: oktaID, Name: "Okta", CreatedAt: noon}),
		tx.Directories.Create(ctx, provisioning.Directory{Workspace: wsID, ID: dirID, Name: "Okta", Connection: oktaID, CreatedAt: noon}),
		tx.Directories.Create(ctx, provisioning.Directory{Workspace: wsID, ID: otherDirID, Name: "Entra", CreatedAt: noon}),
	)
}

func (f *fixture) update(t testing.TB, fn func(*provisioning.Tx) error) {
	t.Helper()
	if err := f.store.Update(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

func (f *fixture) view(t testing.TB, fn func(*provisioning.Tx) error) {
	t.Helper()
	if err := f.store.View(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// aUser is a user whose userName and e-mail are id@acme.example.
func aUser(id provisioning.UserID) provisioning.User {
	address := string(id) + "@acme.example"
	return provisioning.User{
		Workspace: wsID, ID: id, UserName: address, Email: address, DisplayName: "The " + string(id),
		GivenName: "The", FamilyName: string(id), Locale: "fr-FR", Origin: provisioning.OriginDirectory,
		Version: 1, CreatedAt: noon, UpdatedAt: noon.Add(time.Minute),
	}
}

// aRecord is the record that the directory has of [aUser].
func aRecord(id provisioning.UserID) provisioning.DirectoryRecord {
	u := aUser(id)
	return provisioning.DirectoryRecord{
		Workspace: wsID, User: id, Directory: dirID, ExternalID: "00u" + string(id), Active: true,
		CreatedAt: noon, UpdatedAt: noon.Add(time.Hour),
		Profile: provisioning.Profile{
			UserName: u.UserName, DisplayName: u.DisplayName, GivenName: u.GivenName, FamilyName: u.FamilyName,
			FormattedName: "The " + u.FamilyName, Locale: u.Locale,
			Emails: []provisioning.Email{{Value: u.Email, Type: "work", Primary: true}},
		},
	}
}

// addUsers makes users without records, n of them, all in few statements of
// the database's own, and returns their ids in order.
func (f *fixture) addUsers(t testing.TB, n int) []provisioning.UserID {
	t.Helper()
	ids := make([]provisioning.UserID, n)
	for i := range ids {
		ids[i] = provisioning.UserID(fmt.Sprintf("u%06d", i))
	}
	f.update(t, func(tx *provisioning.Tx) error {
		for _, id := range ids {
			if err := tx.Users.Create(t.Context(), aUser(id)); err != nil {
				return err
			}
		}
		return nil
	})
	return ids
}
