package storetest

import (
	"context"
	"time"

	"drawbridge/provisioning"
)

// Builders: each drafts one thing of the world, lets the caller change the
// draft, stores it and returns it as it was stored.

func apply[T any](v T, changes []func(*T)) T {
	for _, change := range changes {
		change(&v)
	}
	return v
}

func (w *world) draftUser(userName string) provisioning.User {
	return provisioning.User{
		Workspace: w.workspace.ID, ID: newID[provisioning.UserID](), UserName: userName,
		Email: userName, DisplayName: "Name of " + userName, GivenName: "Given", FamilyName: "Family",
		Locale: "fr", Origin: provisioning.OriginDirectory, Version: 1, CreatedAt: at(10), UpdatedAt: at(11),
	}
}

func (w *world) user(userName string, changes ...func(*provisioning.User)) provisioning.User {
	w.t.Helper()
	u := apply(w.draftUser(userName), changes)
	w.do(func(ctx context.Context, tx *provisioning.Tx) error { return tx.Users.Create(ctx, u) })
	return u
}

func (w *world) users(n int) []provisioning.User {
	w.t.Helper()
	us := make([]provisioning.User, n)
	w.do(func(ctx context.Context, tx *provisioning.Tx) error {
		for i := range us {
			us[i] = w.draftUser("user-" + ids.New() + "@acme.example")
			if err := tx.Users.Create(ctx, us[i]); err != nil {
				return err
			}
		}
		return nil
	})
	return us
}

func (w *world) draftRecord(u provisioning.User, externalID string) provisioning.DirectoryRecord {
	return provisioning.DirectoryRecord{
		Workspace: w.workspace.ID, User: u.ID, Directory: w.directory.ID, ExternalID: externalID, Active: true,
		Profile: provisioning.Profile{
			UserName: u.UserName, DisplayName: u.DisplayName, GivenName: u.GivenName, FamilyName: u.FamilyName,
			FormattedName: "Formatted", Locale: "fr-FR",
			Emails: []provisioning.Email{{Value: u.Email, Type: "work", Primary: true}},
		},
		CreatedAt: u.CreatedAt, UpdatedAt: u.UpdatedAt,
	}
}

func (w *world) record(u provisioning.User, externalID string, changes ...func(*provisioning.DirectoryRecord)) provisioning.DirectoryRecord {
	w.t.Helper()
	r := apply(w.draftRecord(u, externalID), changes)
	w.do(func(ctx context.Context, tx *provisioning.Tx) error { return tx.Records.Create(ctx, r) })
	return r
}

// pushed is a user with a record of the world's directory.
func (w *world) pushed(userName string, changes ...func(*provisioning.DirectoryRecord)) provisioning.User {
	w.t.Helper()
	u := w.user(userName)
	r := w.record(u, "ext-"+userName, changes...)
	u.Directory, u.Record = w.directory.ID, &r
	return u
}

func (w *world) block(u provisioning.User, source provisioning.BlockSource) provisioning.Block {
	w.t.Helper()
	b := provisioning.Block{Workspace: w.workspace.ID, User: u.ID, Source: source, CreatedAt: at(12)}
	w.do(func(ctx context.Context, tx *provisioning.Tx) error {
		_, err := tx.Blocks.Put(ctx, b)
		return err
	})
	return b
}

func (w *world) draftIdentity(u provisioning.User, subject string) provisioning.Identity {
	return provisioning.Identity{
		Workspace: w.workspace.ID, ID: newID[provisioning.IdentityID](), User: u.ID,
		Connection: w.connection.ID, Issuer: w.connection.Issuer, Subject: subject, CreatedAt: at(13),
	}
}

func (w *world) identity(u provisioning.User, subject string, changes ...func(*provisioning.Identity)) provisioning.Identity {
	w.t.Helper()
	i := apply(w.draftIdentity(u, subject), changes)
	w.do(func(ctx context.Context, tx *provisioning.Tx) error { return tx.Identities.Create(ctx, i) })
	return i
}

func (w *world) invitation(u provisioning.User, changes ...func(*provisioning.Invitation)) provisioning.Invitation {
	w.t.Helper()
	i := apply(provisioning.Invitation{
		Workspace: w.workspace.ID, ID: newID[provisioning.InvitationID](), User: u.ID, Email: u.Email,
		SecretHash: []byte("hash"), Adoptable: true,
		Roles:     []provisioning.RoleIn{{Community: w.paris.ID, Role: w.analyst.ID}},
		CreatedAt: at(14), ExpiresAt: at(1000),
	}, changes)
	w.do(func(ctx context.Context, tx *provisioning.Tx) error { return tx.Invitations.Create(ctx, i) })
	return i
}

func (w *world) draftGroup(name string) provisioning.Group {
	return provisioning.Group{
		Workspace: w.workspace.ID, ID: newID[provisioning.GroupID](), Directory: w.directory.ID,
		DisplayName: name, ExternalID: "ext-" + name, Version: 1, CreatedAt: at(15), UpdatedAt: at(16),
	}
}

func (w *world) group(name string, changes ...func(*provisioning.Group)) provisioning.Group {
	w.t.Helper()
	g := apply(w.draftGroup(name), changes)
	w.do(func(ctx context.Context, tx *provisioning.Tx) error { return tx.Groups.Create(ctx, g) })
	return g
}

func (w *world) deleteGroup(g provisioning.Group) {
	w.t.Helper()
	g.DeletedAt = at(17)
	w.do(func(ctx context.Context, tx *provisioning.Tx) error { return tx.Groups.Update(ctx, g) })
}

func (w *world) addMembers(g provisioning.Group, users ...provisioning.User) {
	w.t.Helper()
	w.do(func(ctx context.Context, tx *provisioning.Tx) error {
		_, err := tx.Members.Add(ctx, w.workspace.ID, g.ID, userIDs(users...), at(18))
		return err
	})
}

func (w *world) mapping(g provisioning.Group, c provisioning.Community, r provisioning.Role, changes ...func(*provisioning.Mapping)) provisioning.Mapping {
	w.t.Helper()
	m := apply(provisioning.Mapping{
		Workspace: w.workspace.ID, ID: newID[provisioning.MappingID](), Group: g.ID,
		Community: c.ID, Role: r.ID, CreatedAt: at(19),
	}, changes)
	w.do(func(ctx context.Context, tx *provisioning.Tx) error { return tx.Mappings.Create(ctx, m) })
	return m
}

func (w *world) draftGrant(u provisioning.User, c provisioning.Community, r provisioning.Role) provisioning.Grant {
	return provisioning.Grant{
		Workspace: w.workspace.ID, ID: newID[provisioning.GrantID](), User: u.ID, Community: c.ID, Role: r.ID,
		Source: provisioning.SourceAdministrator, SourceID: "of-" + string(u.ID), CreatedAt: at(20),
	}
}

func (w *world) grant(u provisioning.User, c provisioning.Community, r provisioning.Role, changes ...func(*provisioning.Grant)) provisioning.Grant {
	w.t.Helper()
	g := apply(w.draftGrant(u, c, r), changes)
	w.do(func(ctx context.Context, tx *provisioning.Tx) error {
		_, err := tx.Grants.Add(ctx, []provisioning.Grant{g})
		return err
	})
	return g
}

func (w *world) membership(u provisioning.User, c provisioning.Community, r provisioning.Role, changes ...func(*provisioning.Membership)) provisioning.Membership {
	w.t.Helper()
	m := apply(provisioning.Membership{
		Workspace: w.workspace.ID, ID: newID[provisioning.MembershipID](),
		Reason: provisioning.Reason{
			User: u.ID, Community: c.ID, Role: r.ID,
			Source: provisioning.SourceAdministrator, SourceID: ids.New(),
		},
		StartedAt: at(21),
	}, changes)
	w.do(func(ctx context.Context, tx *provisioning.Tx) error {
		return tx.Access.Start(ctx, []provisioning.Membership{m})
	})
	return m
}

func (w *world) session(u provisioning.User, changes ...func(*provisioning.Session)) provisioning.Session {
	w.t.Helper()
	s := apply(provisioning.Session{
		Workspace: w.workspace.ID, ID: newID[provisioning.SessionID](), User: u.ID, SecretHash: []byte("secret"),
		Connection: w.connection.ID, UserAgent: "Browser", CreatedAt: at(22), LastSeenAt: at(23), ExpiresAt: at(5000),
	}, changes)
	w.do(func(ctx context.Context, tx *provisioning.Tx) error { return tx.Sessions.Create(ctx, s) })
	return s
}

// signIn stores a pending sign-in and keeps at most keep of its browser.
func (w *world) signIn(browser string, keep int, changes ...func(*provisioning.PendingSignIn)) provisioning.PendingSignIn {
	w.t.Helper()
	s := apply(provisioning.PendingSignIn{
		Workspace: w.workspace.ID, ID: newID[provisioning.SignInID](), Connection: w.connection.ID,
		Issuer: w.connection.Issuer, StateHash: []byte("state"), BrowserHash: []byte(browser),
		ReturnTo: "/", CreatedAt: at(24), ExpiresAt: at(600),
	}, changes)
	w.do(func(ctx context.Context, tx *provisioning.Tx) error { return tx.SignIns.Create(ctx, s, keep) })
	return s
}

func (w *world) token(d provisioning.Directory, changes ...func(*provisioning.DirectoryToken)) provisioning.DirectoryToken {
	w.t.Helper()
	k := apply(provisioning.DirectoryToken{
		Workspace: w.workspace.ID, Directory: d.ID, ID: newID[provisioning.TokenID](), Name: "first",
		SecretHash: []byte("hash"), LastFour: "wxyz", CreatedAt: at(25), ExpiresAt: at(9000),
	}, changes)
	w.do(func(ctx context.Context, tx *provisioning.Tx) error { return tx.Tokens.Create(ctx, k) })
	return k
}

func (w *world) domain(name string, verified bool) provisioning.Domain {
	w.t.Helper()
	d := provisioning.Domain{Workspace: w.workspace.ID, Name: name, Token: "drawbridge=1", CreatedAt: at(26)}
	if verified {
		d.VerifiedAt, d.VerifiedBy = at(27), "operator"
	}
	w.do(func(ctx context.Context, tx *provisioning.Tx) error { return tx.Domains.Put(ctx, d) })
	return d
}

func (w *world) draftEvent(subject string) provisioning.Event {
	return provisioning.Event{
		Workspace: w.workspace.ID, ID: newID[provisioning.EventID](), Type: "user.created", Warning: true,
		Subject: subject, Data: map[string]string{"role": "guest"}, CreatedAt: at(28),
	}
}

func (w *world) draftEntry(action string) provisioning.AuditEntry {
	return provisioning.AuditEntry{
		Workspace: w.workspace.ID, ID: newID[provisioning.EntryID](), At: at(29),
		Actor: provisioning.Actor{
			Kind: provisioning.ActorDirectory, ID: "token", Workspace: w.workspace.ID,
			Directory: w.directory.ID, RequestID: "request",
		},
		Action: action, TargetKind: "user", Target: "target", Result: "done",
		Details: map[string]string{"community": "paris"},
		Words:   map[string]string{"userName": "Zoë"}, Salt: []byte{9, 8}, Commitment: []byte{7, 6},
	}
}

func (w *world) append(entries ...provisioning.AuditEntry) {
	w.t.Helper()
	w.do(func(ctx context.Context, tx *provisioning.Tx) error { return tx.Audit.Append(ctx, entries) })
}

// now is the Store's clock, for what expires.
func (w *world) now() time.Time {
	w.t.Helper()
	return write(w, func(_ context.Context, tx *provisioning.Tx) (time.Time, error) { return tx.Now(), nil })
}

func userIDs(users ...provisioning.User) []provisioning.UserID {
	return pluck(users, func(u provisioning.User) provisioning.UserID { return u.ID })
}
