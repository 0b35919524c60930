package provisioning_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"drawbridge/internal/secret"
	"drawbridge/internal/sqlstore"
	"drawbridge/internal/testenv"
	"drawbridge/provisioning"
)

// onBoth runs a test of the Service on SQLite and on PostgreSQL. It stays in
// its own workspace.
func onBoth(t *testing.T, test func(*testing.T, *world)) {
	t.Helper()
	onEngines(t, shared.Postgres, test)
}

// alone is onBoth for a test that looks at the whole installation.
func alone(t *testing.T, test func(*testing.T, *world)) {
	t.Helper()
	onEngines(t, migrated.Postgres, test)
}

func onEngines(t *testing.T, postgres func(testing.TB) string, test func(*testing.T, *world)) {
	t.Helper()
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, newWorld(t, "sqlite:"+filepath.Join(t.TempDir(), "test.db")))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, newWorld(t, postgres(t)))
	})
}

// shared is one database for all tests that stay in their own workspace, which
// spares each the making of a database.
var shared sharedDatabase

type sharedDatabase struct {
	once sync.Once
	url  string
}

func (s *sharedDatabase) Postgres(t testing.TB) string {
	t.Helper()
	s.once.Do(func() { s.url = migrated.Lasting(t) })
	return s.url
}

// migrated spares each test the migrations.
var migrated = testenv.NewTemplate(func(url string) error {
	store, err := sqlstore.Open(context.Background(), sqlstore.Options{URL: url, Migrate: sqlstore.MigrateUp})
	if err != nil {
		return err
	}
	return store.Close()
})

const issuer = "https://acme.okta.example"

// issuers answers for any issuer that it is there.
type issuers struct{}

func (issuers) CheckIssuer(_ context.Context, issuer string) (string, error) { return issuer, nil }

// world is a multi-tenant workspace Acme with two communities, a directory, a
// connection that is paired with it and a verified domain, on a real store.
type world struct {
	*provisioning.Service
	t     testing.TB
	store *sqlstore.Store
	url   string // of the database
	ports provisioning.Ports
	fakes *fakes
	ahead time.Duration // of the clock; see [world.later]

	ws       provisioning.WorkspaceID
	root     provisioning.CommunityID
	paris    provisioning.CommunityID
	lyon     provisioning.CommunityID
	guest    provisioning.RoleID
	analyst  provisioning.RoleID
	admin    provisioning.RoleID
	conn     provisioning.Connection
	okta     provisioning.DirectoryAccess
	token    string
	invited  provisioning.CreatedWorkspace
	operator provisioning.Actor
}

func newWorld(t testing.TB, url string) *world {
	t.Helper()
	w := &world{t: t, url: url, operator: provisioning.Operator(), fakes: newFakes()}
	w.store = openStore(t, url)
	w.ports = portsOf(t, w.store, w.fakes)
	w.Service = provisioning.NewService(w.ports)
	w.fill("Acme", "acme.example")
	return w
}

// newService opens a Service of its own on the database: as another process would.
func newService(t testing.TB, url string) (*provisioning.Service, *sqlstore.Store) {
	t.Helper()
	store := openStore(t, url)
	return serviceOn(t, store), store
}

func openStore(t testing.TB, url string) *sqlstore.Store {
	t.Helper()
	store, err := sqlstore.Open(t.Context(), sqlstore.Options{URL: url, Migrate: sqlstore.MigrateUp})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return store
}

// serviceOn makes a Service on a store that is open.
func serviceOn(t testing.TB, store provisioning.Store) *provisioning.Service {
	t.Helper()
	return servicePorts(t, store, nil)
}

func servicePorts(t testing.TB, store provisioning.Store, notifier provisioning.Notifier) *provisioning.Service {
	t.Helper()
	p := portsOf(t, store, newFakes())
	p.Notifier = notifier
	return provisioning.NewService(p)
}

func portsOf(t testing.TB, store provisioning.Store, f *fakes) provisioning.Ports {
	t.Helper()
	master := make([]byte, 32)
	key, err := secret.GenerateDataKey(master, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	key.ID, key.Wrapped = fixedKey(t, store, key)
	ring, err := secret.NewKeyring(master, nil, []secret.WrappedKey{key})
	if err != nil {
		t.Fatal(err)
	}
	return provisioning.Ports{
		Store: store, Sealer: ring, Hasher: secret.Hasher{}, Issuers: issuers{},
		Passwords: f.passwords, Codes: f.codes, Passkeys: f.passkeys, Attempts: f.attempts,
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	}
}

// fixedKey makes every Service on one database share its data key.
func fixedKey(t testing.TB, store provisioning.Store, key secret.WrappedKey) (id string, wrapped []byte) {
	t.Helper()
	err := store.Update(t.Context(), func(tx *provisioning.Tx) error {
		return tx.DataKeys.Create(t.Context(), provisioning.DataKey(key), 0)
	})
	if err != nil && !errors.Is(err, provisioning.ErrConflict) {
		t.Fatal(err)
	}
	err = store.View(t.Context(), func(tx *provisioning.Tx) error {
		keys, err := tx.DataKeys.List(t.Context())
		if err == nil {
			id, wrapped = keys[0].ID, keys[0].Wrapped
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return id, wrapped
}

// fill makes the workspace. A second world on one database is another tenant.
func (w *world) fill(name, domain string) {
	t, ctx := w.t, w.t.Context()
	t.Helper()
	w.invited = must(w.CreateWorkspace(ctx, w.operator, provisioning.NewWorkspace{
		Name: name, MultiTenant: true, AdminEmail: "boss@" + domain,
	}))(t)
	w.ws, w.root = w.invited.Workspace.ID, w.invited.Root.ID
	w.paris = must(w.CreateCommunity(ctx, w.operator, w.ws, provisioning.NewCommunity{Name: "SOC Paris"}))(t).ID
	w.lyon = must(w.CreateCommunity(ctx, w.operator, w.ws, provisioning.NewCommunity{Name: "SOC Lyon"}))(t).ID
	for slug, into := range map[string]*provisioning.RoleID{"guest": &w.guest, "analyst": &w.analyst, "admin": &w.admin} {
		*into = must(w.FindRole(ctx, w.ws, slug))(t).ID
	}
	must(w.AddDomain(ctx, w.operator, w.ws, domain, true))(t)
	d := must(w.CreateDirectory(ctx, w.operator, w.ws, provisioning.NewDirectory{Name: "Okta"}))(t)
	w.conn = must(w.CreateConnection(ctx, w.operator, w.ws, provisioning.ConnectionWrite{
		Name: ptr("Okta"), Issuer: ptr(issuer), ClientID: ptr("client"), ClientSecret: ptr("secret"),
		AutoCreate: ptr(true), DefaultRole: &w.guest, DefaultCommunities: []provisioning.CommunityID{w.lyon},
	}))(t)
	_, token, err := w.CreateToken(ctx, w.operator, w.ws, d.ID, "okta", provisioning.DefaultTokenLifetime)
	if err != nil {
		t.Fatal(err)
	}
	w.token = token
	w.okta = must(w.AuthenticateDirectory(ctx, token))(t)
}

// person is a record as Okta pushes it.
func person(externalID, userName string) provisioning.RecordWrite {
	return provisioning.RecordWrite{ExternalID: ptr(externalID), Profile: provisioning.Profile{
		UserName: userName, GivenName: "Given " + externalID, FamilyName: "Family",
		Emails: []provisioning.Email{{Value: userName, Type: "work", Primary: true}},
	}}
}

func (w *world) push(externalID, userName string) provisioning.DirectoryUser {
	w.t.Helper()
	return must(w.CreateDirectoryUser(w.t.Context(), w.okta, person(externalID, userName)))(w.t)
}

func (w *world) setActive(u provisioning.UserID, active bool) provisioning.DirectoryUser {
	w.t.Helper()
	return must(w.ChangeDirectoryUser(w.t.Context(), w.okta, string(u), func(r provisioning.RecordWrite) (provisioning.RecordWrite, error) {
		r.Active = &active
		return r, nil
	}))(w.t)
}

func (w *world) pushGroup(name string, members ...provisioning.UserID) provisioning.DirectoryGroup {
	w.t.Helper()
	ids := make([]string, len(members))
	for i, m := range members {
		ids[i] = string(m)
	}
	return must(w.CreateDirectoryGroup(w.t.Context(), w.okta, provisioning.GroupWrite{DisplayName: name, Members: ids}))(w.t)
}

func (w *world) mapGroup(g provisioning.GroupID, c provisioning.CommunityID, r provisioning.RoleID) provisioning.Mapping {
	w.t.Helper()
	return must(w.CreateMapping(w.t.Context(), w.operator, w.ws, provisioning.MappingWrite{Group: g, Community: c, Role: r, Confirmed: true}))(w.t)
}

// signIn goes through the provider as somebody.
func (w *world) signIn(subject, email string) (provisioning.SignedIn, error) {
	return w.signInWith(provisioning.PendingSignIn{}, subject, email)
}

func (w *world) signInWith(p provisioning.PendingSignIn, subject, email string) (provisioning.SignedIn, error) {
	return w.SignIn(w.t.Context(), w.conn, p, provisioning.Claims{
		Issuer: issuer, Subject: subject, Email: email, PreferredUserName: email, Name: "Name of " + subject,
	}, provisioning.Browser{UserAgent: "test browser"})
}

// roles returns what a user holds, as "slug in slug", sorted.
func (w *world) roles(u provisioning.UserID) []string {
	w.t.Helper()
	user := must(w.FindUser(w.t.Context(), w.ws, string(u)))(w.t)
	o := must(w.Overview(w.t.Context(), provisioning.Viewer{User: user, Workspace: w.invited.Workspace}))(w.t)
	var all []string
	for _, c := range o.Communities {
		for _, r := range c.Roles {
			all = append(all, r.Slug+" in "+w.slugOf(c.Community))
		}
	}
	return all
}

// slugOf is the community's slug, and "acme" for the root, whichever number the
// workspace got in a database that it shares.
func (w *world) slugOf(c provisioning.Community) string {
	if c.Root {
		return "acme"
	}
	return c.Slug
}

// events returns the types of all events of the workspace, oldest first.
func (w *world) events() []provisioning.Event {
	w.t.Helper()
	var all []provisioning.Event
	err := w.store.View(w.t.Context(), func(tx *provisioning.Tx) (err error) {
		all, err = tx.Events.List(w.t.Context(), w.ws, "", 10_000)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return all
}

// warned reports whether a warning event of that type was written.
func (w *world) warned(kind provisioning.EventType) bool {
	w.t.Helper()
	for _, e := range w.events() {
		if e.Type == kind && e.Warning {
			return true
		}
	}
	return false
}

// refusedFor asserts why a sign-in was refused.
func refusedFor(t testing.TB, err error, reason provisioning.RefusalReason) {
	t.Helper()
	var r *provisioning.Refusal
	if !errors.As(err, &r) || r.Reason != reason {
		t.Fatalf("sign-in: %v, want refused for %s", err, reason)
	}
	if r.Workspace.ID == "" {
		t.Error("a refusal names no workspace, so its page can say nobody to ask")
	}
}

// isKind asserts the kind and code of an error.
func isKind(t testing.TB, err, kind error, code string) {
	t.Helper()
	if !errors.Is(err, kind) || provisioning.Code(err) != code {
		t.Fatalf("error %v (code %q), want %v with code %q", err, provisioning.Code(err), kind, code)
	}
}

func ptr[T any](v T) *T { return &v }

// must returns the value of a call that has to work.
func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}
