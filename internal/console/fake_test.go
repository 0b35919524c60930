package console_test

import (
	"context"
	"errors"
	"strings"
	"time"

	"drawbridge/internal/console"
	"drawbridge/provisioning"
)

// The domain itself is what the fake stands for.
var _ console.Service = (*provisioning.Service)(nil)

const (
	goodCookie = "01hzzzzzzzzzzzzzzzzzzzzzzz.secret"
	goodToken  = "dbinv_01hyyyyyyyyyyyyyyyyyyyyyyy.secret"
)

var (
	now       = time.Date(2026, 5, 6, 14, 5, 0, 0, time.UTC)
	errBroken = errors.New("the database is gone")

	acme  = provisioning.Workspace{ID: "ws-acme", Slug: "acme", Name: "Acme", MultiTenant: true, Root: "c-acme"}
	ada   = provisioning.User{Workspace: acme.ID, ID: "u-ada", UserName: "ada@acme.example", Email: "ada@acme.example", DisplayName: "Ada Lovelace"}
	root  = provisioning.Community{Workspace: acme.ID, ID: "c-acme", Slug: "acme", Name: "Acme", Root: true}
	paris = provisioning.Community{Workspace: acme.ID, ID: "c-paris", Slug: "soc-paris", Name: "SOC Paris"}
	lyon  = provisioning.Community{Workspace: acme.ID, ID: "c-lyon", Slug: "soc-lyon", Name: "SOC Lyon"}

	guest   = provisioning.Role{ID: "r-guest", Slug: "guest", Name: "Guest", Builtin: true}
	analyst = provisioning.Role{ID: "r-analyst", Slug: "analyst", Name: "Analyst", Builtin: true}
	admin   = provisioning.Role{ID: "r-admin", Slug: "admin", Name: "Admin", Builtin: true}

	okta      = provisioning.Connection{Workspace: acme.ID, ID: "cn-okta", Name: "Okta", Issuer: "https://acme.okta.com"}
	entra     = provisioning.Connection{Workspace: acme.ID, ID: "cn-entra", Name: "Entra ID", Issuer: "https://login.example/v2.0"}
	simulated = provisioning.Connection{Workspace: acme.ID, ID: "cn-sim", Name: "Simulated Okta", Issuer: "http://127.0.0.1:8090"}
)

// fakeService is a domain with one workspace, one person and one invitation.
type fakeService struct {
	workspaces  map[provisioning.WorkspaceID]provisioning.Workspace
	viewer      provisioning.Viewer
	connections map[string][]provisioning.Connection // by domain
	reasons     []provisioning.Explanation
	overview    provisioning.Overview
	invited     provisioning.Invited
	signedOut   bool
	broken      error // what every method answers instead, if it is not nil

	fakeAccount
}

func newFake() *fakeService {
	return &fakeService{
		workspaces: map[provisioning.WorkspaceID]provisioning.Workspace{acme.ID: acme},
		viewer:     provisioning.Viewer{Workspace: acme, User: ada, Session: provisioning.Session{Workspace: acme.ID, ID: "s-1", User: ada.ID}},
		connections: map[string][]provisioning.Connection{
			"acme.example": {okta}, "two.example": {okta, entra}, "local.example": {simulated},
		},
		reasons: adasReasons(),
		overview: provisioning.Overview{
			ProvedEmail: ada.Email,
			Communities: []provisioning.CommunityRoles{
				{Community: root, Roles: []provisioning.Role{guest}},
				{Community: paris, Roles: []provisioning.Role{guest, analyst}},
				{Community: lyon, Roles: []provisioning.Role{guest}},
			},
		},
		invited: provisioning.Invited{
			Workspace: acme, Connections: []provisioning.Connection{okta, entra},
			Invitation: provisioning.Invitation{
				Workspace: acme.ID, ID: "i-1", Email: "grace@acme.example", ExpiresAt: now.Add(23*time.Hour + 30*time.Minute),
				Roles: []provisioning.RoleIn{{Community: paris.ID, Role: analyst.ID}, {Community: root.ID, Role: guest.ID}, {Community: "c-gone", Role: guest.ID}},
			},
			Inviter: "Ada Lovelace <ada@acme.example>",
		},
		fakeAccount: newFakeAccount(),
	}
}

// adasReasons has a reason of every kind.
func adasReasons() []provisioning.Explanation {
	group := &provisioning.Group{ID: "g-1", DisplayName: "Analysts"}
	deleted := &provisioning.Group{ID: "g-2", DisplayName: "Night shift", DeletedAt: now.Add(-time.Hour)}
	directory := &provisioning.Directory{ID: "d-1", Name: "Okta"}
	connection := okta
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	day := 24 * time.Hour
	return []provisioning.Explanation{
		{Community: root, Role: guest, Source: provisioning.SourceInvitation, GivenAt: ago(40 * time.Minute), Since: ago(40 * time.Minute)},
		{Community: root, Role: admin, Source: provisioning.SourceAdministrator, GivenAt: ago(2 * day), Held: true},
		{Community: lyon, Role: guest, Source: provisioning.SourceFirstSignIn, Connection: &connection, GivenAt: ago(day), Since: ago(day)},
		{Community: lyon, Role: admin, Source: provisioning.SourceMapping, Group: deleted, Directory: directory, GivenAt: ago(9 * day)},
		{Community: paris, Role: analyst, Source: provisioning.SourceMapping, Group: group, Directory: directory, GivenAt: ago(90 * day), Since: ago(368 * day)},
		{Community: paris, Role: analyst, Source: provisioning.SourceAdministrator, GivenAt: ago(30 * time.Second), Since: ago(30 * time.Second), Outside: true},
		{Community: paris, Role: guest, Source: provisioning.SourceFirstSignIn, Connection: &connection, GivenAt: ago(day), SetAside: true},
		{Community: paris, Role: admin, Source: provisioning.SourceSafeguard, GivenAt: ago(3 * time.Hour), Since: ago(3 * time.Hour)},
	}
}

func (f *fakeService) Authenticate(_ context.Context, cookie string) (provisioning.Viewer, error) {
	switch {
	case f.broken != nil:
		return provisioning.Viewer{}, f.broken
	case cookie != goodCookie || f.signedOut:
		return provisioning.Viewer{}, &provisioning.Error{Kind: provisioning.ErrUnauthenticated, Code: "session", Detail: "There is no session."}
	}
	return f.viewer, nil
}

func (f *fakeService) SignOut(_ context.Context, v provisioning.Viewer) error {
	if v.Session.ID != f.viewer.Session.ID {
		return errors.New("another session")
	}
	f.signedOut = true
	return nil
}

func (f *fakeService) Overview(_ context.Context, _ provisioning.Viewer) (provisioning.Overview, error) {
	return f.overview, f.broken
}

func (f *fakeService) ExplainAccess(_ context.Context, ws provisioning.WorkspaceID, u provisioning.UserID, _ provisioning.CommunityID) ([]provisioning.Explanation, error) {
	if ws != f.viewer.Workspace.ID || u != f.viewer.User.ID {
		return nil, provisioning.ErrNotFound
	}
	return f.reasons, f.broken
}

func (f *fakeService) ConnectionsFor(_ context.Context, email string) ([]provisioning.Connection, error) {
	name, domain, _ := strings.Cut(email, "@")
	if name == "" || domain == "" {
		return nil, &provisioning.Error{Kind: provisioning.ErrInvalid, Code: "email", Detail: "This is no e-mail address."}
	}
	return append([]provisioning.Connection(nil), f.connections[domain]...), f.broken
}

func (f *fakeService) OpenInvitation(_ context.Context, token string) (provisioning.Invited, error) {
	if code, dead := deadLinks[token]; dead {
		return provisioning.Invited{}, gone(code)
	}
	if token != goodTicket {
		return provisioning.Invited{}, gone("link_dead")
	}
	return f.invited, f.broken
}

func (f *fakeService) Workspace(_ context.Context, id provisioning.WorkspaceID) (provisioning.Workspace, error) {
	ws, ok := f.workspaces[id]
	if !ok {
		return ws, provisioning.ErrNotFound
	}
	return ws, nil
}

func (f *fakeService) Communities(context.Context, provisioning.WorkspaceID) ([]provisioning.Community, error) {
	return []provisioning.Community{root, lyon, paris}, nil
}

func (f *fakeService) Roles(context.Context, provisioning.WorkspaceID) ([]provisioning.Role, error) {
	return []provisioning.Role{guest, analyst, admin}, nil
}
