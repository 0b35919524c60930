package provisioning_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"drawbridge/provisioning"
)

// traced asserts that a change left, in its transaction, just these entries and
// events.
func traced(t *testing.T, w *world, when string, change func() error, actions []string, events []provisioning.EventType) {
	t.Helper()
	n, m := len(entries(w)), len(w.events())
	if err := change(); err != nil {
		t.Fatalf("%s: %v", when, err)
	}
	var did []string
	for _, e := range entries(w)[n:] {
		did = append(did, e.Action)
		if e.Result != "done" || e.Target == "" {
			t.Errorf("%s: entry %+v", when, e)
		}
	}
	var told []provisioning.EventType
	for _, e := range w.events()[m:] {
		told = append(told, e.Type)
		if e.Subject == "" || e.CreatedAt.IsZero() {
			t.Errorf("%s: event %+v", when, e)
		}
	}
	if !slices.Equal(did, actions) {
		t.Errorf("%s: entries %v, want %v", when, did, actions)
	}
	if !slices.Equal(told, events) {
		t.Errorf("%s: events %v, want %v", when, told, events)
	}
}

// untraced asserts that a change of nothing left nothing: no entry, no event,
// no version, no time.
func untraced(t *testing.T, w *world, when string, change func() error) {
	t.Helper()
	before, log := stateOf(w), logOf(w)
	if err := change(); err != nil {
		t.Fatalf("%s: %v", when, err)
	}
	same(t, when, stateOf(w), before)
	same(t, when, logOf(w), log)
}

type eventTypes = []provisioning.EventType

func TestEveryChangeLeavesItsEntriesAndEvents_AndRepeatingItLeavesNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		ada := w.push("00u1", "ada@acme.example").ID
		own := w.fresh("00u5")
		inParis := provisioning.RoleIn{Community: w.paris, Role: w.guest}
		directory := w.okta.Directory.ID
		for _, c := range []struct {
			name    string
			change  func() error
			actions []string
			events  eventTypes
		}{
			{
				"setting", func() error { return w.SetSetting(ctx, w.operator, w.ws, provisioning.SettingSessionIdle, "45m") },
				[]string{"workspace.set"},
				eventTypes{"workspace.changed"},
			},
			{
				"domain", func() error { return second(w.AddDomain(ctx, w.operator, w.ws, "New.example", false)) },
				[]string{"domain.add"},
				eventTypes{"domain.added"},
			},
			{
				"domain verified", func() error { return second(w.AddDomain(ctx, w.operator, w.ws, "new.example.", true)) },
				[]string{"domain.add"},
				eventTypes{"domain.added"},
			},
			{
				"connection", func() error {
					return second(w.UpdateConnection(ctx, w.operator, w.ws, w.conn.ID, provisioning.ConnectionWrite{Name: ptr("Okta EU"), ClientSecret: ptr("secret")}))
				},
				[]string{"connection.update"},
				eventTypes{"connection.changed"},
			},
			{
				"connection disabled", func() error { return second(w.DisableConnection(ctx, w.operator, w.ws, w.conn.ID)) },
				[]string{"connection.disable"},
				eventTypes{"connection.changed"},
			},
			{
				"connection enabled", func() error { return second(w.EnableConnection(ctx, w.operator, w.ws, w.conn.ID)) },
				[]string{"connection.enable"},
				eventTypes{"connection.changed"},
			},
			{
				"directory", func() error {
					return second(w.UpdateDirectory(ctx, w.operator, w.ws, directory, provisioning.DirectoryWrite{Name: ptr("Okta EU"), Switches: map[string]bool{provisioning.SwitchBareToken: true}}))
				},
				[]string{"directory.update"},
				eventTypes{"directory.changed"},
			},
			{
				"grant", func() error { return w.GrantRole(ctx, w.operator, w.ws, ada, inParis) },
				[]string{"user.grant"},
				eventTypes{"grant.given", "membership.changed"},
			},
			{
				"suspend", func() error { return w.SuspendUser(ctx, w.operator, w.ws, own) },
				[]string{"user.block"},
				eventTypes{"user.blocked", "sessions.ended"},
			},
			{
				"reactivate", func() error { return w.ReactivateUser(ctx, w.operator, w.ws, own) },
				[]string{"user.unblock"},
				eventTypes{"user.unblocked"},
			},
			{"release of nothing", func() error { return second(w.ReleaseUser(ctx, w.operator, w.ws, ada)) }, nil, nil},
			{
				"pushed again", func() error {
					return second(w.ChangeDirectoryUser(ctx, w.okta, string(ada), func(provisioning.RecordWrite) (provisioning.RecordWrite, error) {
						return person("00u1", "ada.b@acme.example"), nil
					}))
				},
				[]string{"user.change"},
				eventTypes{"user.changed"},
			},
			{
				"deactivated", func() error { w.setActive(ada, false); return nil },
				[]string{"user.change", "user.block"},
				eventTypes{"user.changed", "user.blocked"},
			},
		} {
			traced(t, w, c.name, c.change, c.actions, c.events)
			untraced(t, w, c.name+" again", c.change)
		}
	})
}

func TestWhatIsMadeOnceLeavesItsEntriesAndEvents(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		ada := w.push("00u1", "ada@acme.example").ID
		own := w.fresh("00u5")
		g := w.pushGroup("Analysts", ada)
		var m provisioning.Mapping
		var token provisioning.DirectoryToken
		w.grant(ada, w.paris, w.guest)
		for _, c := range []struct {
			name    string
			change  func() error
			actions []string
			events  eventTypes
		}{
			{
				"community", func() error {
					return second(w.CreateCommunity(ctx, w.operator, w.ws, provisioning.NewCommunity{Name: "Nice"}))
				},
				[]string{"community.create"},
				eventTypes{"community.created"},
			},
			{
				"role", func() error { w.customRole("Reader", provisioning.MembersRead); return nil },
				[]string{"role.create"},
				eventTypes{"role.created"},
			},
			{
				"mapping", func() error { m = w.mapGroup(g.ID, w.lyon, w.analyst); return nil },
				[]string{"mapping.create"},
				eventTypes{"mapping.created", "membership.changed"},
			},
			{
				"group renamed", func() error {
					return second(w.ChangeDirectoryGroup(ctx, w.okta, string(g.ID), provisioning.GroupChange{DisplayName: ptr("SOC")}, false))
				},
				[]string{"group.change"},
				eventTypes{"group.changed"},
			},
			{
				"group known otherwise", func() error {
					return second(w.ChangeDirectoryGroup(ctx, w.okta, string(g.ID), provisioning.GroupChange{ExternalID: ptr("00g1")}, false))
				},
				[]string{"group.change"},
				eventTypes{"group.changed"},
			},
			{
				"mapping deleted", func() error { return w.DeleteMapping(ctx, w.operator, w.ws, m.ID) },
				[]string{"mapping.delete"},
				eventTypes{"mapping.deleted", "membership.changed"},
			},
			{
				"revoke", func() error {
					return w.RevokeRole(ctx, w.operator, w.ws, ada, provisioning.RoleIn{Community: w.paris, Role: w.guest})
				},
				[]string{"user.revoke"},
				eventTypes{"grant.taken", "membership.changed"},
			},
			{
				"invitation", func() error { w.invite("new@acme.example", w.paris, w.guest); return nil },
				[]string{"user.create", "invitation.create"},
				eventTypes{"user.created", "invitation.created"},
			},
			{
				"token", func() (err error) {
					token, _, err = w.CreateToken(ctx, w.operator, w.ws, w.okta.Directory.ID, "two", time.Hour)
					return err
				},
				[]string{"token.create"},
				eventTypes{"token.created"},
			},
			{
				"token revoked", func() error { return w.RevokeToken(ctx, w.operator, token.ID) },
				[]string{"token.revoke"},
				eventTypes{"token.revoked"},
			},
			{
				"removal", func() error { return w.RemoveUser(ctx, w.operator, w.ws, own) },
				[]string{"user.remove"},
				eventTypes{"sessions.ended", "membership.changed", "user.removed"},
			},
			{
				"domain released", func() error { return w.ReleaseDomain(ctx, w.operator, w.ws, " ACME.example") },
				[]string{"domain.release"},
				eventTypes{"domain.released"},
			},
			{
				"another connection", func() error {
					return second(w.CreateConnection(ctx, w.operator, w.ws, provisioning.ConnectionWrite{Name: ptr("Other"), Issuer: ptr(issuer), ClientID: ptr("c"), ClientSecret: ptr("s")}))
				},
				[]string{"connection.create"},
				eventTypes{"connection.created"},
			},
			{
				"directory deleted", func() error { return w.DeleteDirectory(ctx, w.operator, w.ws, w.okta.Directory.ID) },
				[]string{"group.delete", "directory.delete"},
				eventTypes{"group.deleted", "directory.deleted"},
			},
		} {
			traced(t, w, c.name, c.change, c.actions, c.events)
		}
		untraced(t, w, "token revoked again", func() error { return w.RevokeToken(ctx, w.operator, token.ID) })
	})
}

func TestCreateWorkspace_MakesRootRolesAndInvitation(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		made := must(w.CreateWorkspace(ctx, w.operator, provisioning.NewWorkspace{Name: "Société Générale", AdminEmail: "boss@sg.example"}))(t)
		if made.Workspace.Slug != "societe-generale" || made.Root.Slug != made.Workspace.Slug || !made.Root.Root {
			t.Errorf("made %+v", made)
		}
		roles := must(w.Roles(ctx, made.Workspace.ID))(t)
		if len(roles) != 3 || !roles[0].Builtin || roles[0].Slug != "guest" || roles[2].Slug != "admin" {
			t.Errorf("roles %+v", roles)
		}
		if d := made.Invitation.ExpiresAt.Sub(made.Invitation.CreatedAt); d != 24*time.Hour {
			t.Errorf("the invitation is good for %v, want 24h", d)
		}
		found := must(w.OpenInvitation(ctx, made.Secret))(t)
		if found.Invitation.Email != "boss@sg.example" || found.Workspace.ID != made.Workspace.ID || len(found.Connections) != 0 || !found.Invitation.Administers {
			t.Errorf("invited %+v", found)
		}
		same := must(w.CreateWorkspace(ctx, w.operator, provisioning.NewWorkspace{Name: "Societe generale", AdminEmail: "boss@sg.example"}))(t)
		if same.Workspace.Slug != "societe-generale-2" {
			t.Errorf("slug %q", same.Workspace.Slug)
		}
	})
}

func TestCreateWorkspace_Refuses(t *testing.T) {
	alone(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		boss := provisioning.Actor{Kind: provisioning.ActorUser, ID: string(w.boss()), Workspace: w.ws}
		for name, c := range map[string]struct {
			actor provisioning.Actor
			n     provisioning.NewWorkspace
			kind  error
			code  string
		}{
			"a user":      {boss, provisioning.NewWorkspace{Name: "X", AdminEmail: "a@x.example"}, provisioning.ErrForbidden, "not_permitted"},
			"no name":     {w.operator, provisioning.NewWorkspace{Name: " ", AdminEmail: "a@x.example"}, provisioning.ErrInvalid, "name"},
			"no address":  {w.operator, provisioning.NewWorkspace{Name: "X"}, provisioning.ErrInvalid, "email"},
			"a bad slug":  {w.operator, provisioning.NewWorkspace{Name: "X", Slug: "A B", AdminEmail: "a@x.example"}, provisioning.ErrInvalid, "slug"},
			"taken slug":  {w.operator, provisioning.NewWorkspace{Name: "X", Slug: "acme", AdminEmail: "a@x.example"}, provisioning.ErrConflict, "slug_taken"},
			"NUL in name": {w.operator, provisioning.NewWorkspace{Name: "X\x00", AdminEmail: "a@x.example"}, provisioning.ErrInvalid, "nul_character"},
		} {
			_, err := w.CreateWorkspace(ctx, c.actor, c.n)
			t.Run(name, func(t *testing.T) { isKind(t, err, c.kind, c.code) })
		}
		if all := must(w.Workspaces(ctx))(t); len(all) != 1 {
			t.Errorf("%d workspaces, want one", len(all))
		}
	})
}

func TestCommunitiesAndRoles_SlugsNamesAndRefusals(t *testing.T) {
	alone(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		again := must(w.CreateCommunity(ctx, w.operator, w.ws, provisioning.NewCommunity{Name: "soc paris"}))(t)
		if again.Slug != "soc-paris-2" {
			t.Errorf("slug %q", again.Slug)
		}
		_, err := w.FindCommunity(ctx, w.ws, "SOC Paris")
		isKind(t, err, provisioning.ErrConflict, "ambiguous")
		for _, ref := range []string{string(w.paris), "soc-paris"} {
			if c := must(w.FindCommunity(ctx, w.ws, ref))(t); c.ID != w.paris {
				t.Errorf("%q is %s", ref, c.ID)
			}
		}
		if c := must(w.FindCommunity(ctx, w.ws, "soc LYON"))(t); c.ID != w.lyon {
			t.Errorf("by name: %s", c.ID)
		}
		_, err = w.FindCommunity(ctx, w.ws, "nowhere")
		isKind(t, err, provisioning.ErrNotFound, "not_found")
		_, err = w.CreateCommunity(ctx, w.operator, w.ws, provisioning.NewCommunity{Name: "X", Slug: "acme"}) // the root's
		isKind(t, err, provisioning.ErrConflict, "slug_taken")

		role := func(change func(*provisioning.NewRole)) error {
			n := provisioning.NewRole{Name: "R", Description: "Long enough.", Permissions: []provisioning.Permission{provisioning.MembersRead}}
			change(&n)
			return second(w.CreateRole(ctx, w.operator, w.ws, n))
		}
		for code, change := range map[string]func(*provisioning.NewRole){
			"name":        func(n *provisioning.NewRole) { n.Name = "" },
			"description": func(n *provisioning.NewRole) { n.Description = "Too short" },
			"permissions": func(n *provisioning.NewRole) { n.Permissions = []provisioning.Permission{"all.powerful"} },
			"slug":        func(n *provisioning.NewRole) { n.Slug = "-" },
		} {
			isKind(t, role(change), provisioning.ErrInvalid, code)
		}
		isKind(t, role(func(n *provisioning.NewRole) { n.Permissions = nil }), provisioning.ErrInvalid, "permissions")
		isKind(t, role(func(n *provisioning.NewRole) { n.Slug = "admin" }), provisioning.ErrConflict, "slug_taken")
		made := must(w.CreateRole(ctx, w.operator, w.ws, provisioning.NewRole{
			Name: "Admin", Description: "Called like the built-in one.", Permissions: []provisioning.Permission{provisioning.RolesRead, provisioning.MembersRead, provisioning.RolesRead},
		}))(t)
		if made.Slug != "admin-2" || made.Builtin || !slices.Equal(made.Permissions, []provisioning.Permission{provisioning.MembersRead, provisioning.RolesRead}) {
			t.Errorf("made %+v", made)
		}
		if r := must(w.FindRole(ctx, w.ws, "admin"))(t); r.ID != w.admin {
			t.Errorf("admin is %+v", r)
		}
	})
}

func TestASingleTenantWorkspaceHasItsRootAndNoOtherCommunity(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		solo := must(w.CreateWorkspace(t.Context(), w.operator, provisioning.NewWorkspace{Name: "Solo", AdminEmail: "boss@solo.example"}))(t)
		_, err := w.CreateCommunity(t.Context(), w.operator, solo.Workspace.ID, provisioning.NewCommunity{Name: "Team"})
		isKind(t, err, provisioning.ErrConflict, "single_tenant")
	})
}

func TestDomains_OnlyTheOperatorVouches(t *testing.T) {
	alone(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		boss := provisioning.Actor{Kind: provisioning.ActorUser, ID: string(w.boss()), Workspace: w.ws}
		_, err := w.AddDomain(ctx, boss, w.ws, "claimed.example", true)
		isKind(t, err, provisioning.ErrForbidden, "not_permitted")
		d := must(w.AddDomain(ctx, boss, w.ws, "Claimed.Example", false))(t)
		if d.Verified() || d.Name != "claimed.example" || !strings.HasPrefix(d.Token, "drawbridge-verification=") {
			t.Errorf("domain %+v", d)
		}
		if again := must(w.AddDomain(ctx, boss, w.ws, "claimed.example", false))(t); again.Token != d.Token {
			t.Error("claiming it again changed the token that stands in DNS")
		}
		for _, bad := range []string{"", "localhost", "a b.example", "-a.example", "a..example", "a@b.example"} {
			_, err := w.AddDomain(ctx, w.operator, w.ws, bad, true)
			isKind(t, err, provisioning.ErrInvalid, "domain")
		}
		if all := must(w.ConnectionsFor(ctx, "Ada@ACME.example"))(t); len(all) != 1 || all[0].ID != w.conn.ID {
			t.Errorf("connections %v", all)
		}
		if all := must(w.ConnectionsFor(ctx, "ada@claimed.example"))(t); len(all) != 0 {
			t.Errorf("a domain that is not verified leads to %v", all)
		}
	})
}

func TestConnections_NamesSecretsAndIssuers(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		if got := must(w.ClientSecret(must(w.FindConnection(ctx, w.ws, "okta"))(t)))(t); got != "secret" {
			t.Errorf("client secret %q", got)
		}
		create := func(change func(*provisioning.ConnectionWrite)) error {
			n := provisioning.ConnectionWrite{Name: ptr("New"), Issuer: ptr(issuer), ClientID: ptr("c"), ClientSecret: ptr("s")}
			change(&n)
			return second(w.CreateConnection(ctx, w.operator, w.ws, n))
		}
		for code, change := range map[string]func(*provisioning.ConnectionWrite){
			"connection":          func(n *provisioning.ConnectionWrite) { n.ClientSecret = nil },
			"client_id":           func(n *provisioning.ConnectionWrite) { n.ClientID = ptr("") },
			"client_secret":       func(n *provisioning.ConnectionWrite) { n.ClientSecret = ptr("") },
			"issuer":              func(n *provisioning.ConnectionWrite) { n.Issuer = ptr("acme.okta.com") },
			"issuer_admin_domain": func(n *provisioning.ConnectionWrite) { n.Issuer = ptr("https://acme-admin.okta.com") },
		} {
			isKind(t, create(change), provisioning.ErrInvalid, code)
		}
		isKind(t, create(func(n *provisioning.ConnectionWrite) { n.Name = ptr("OKTA") }), provisioning.ErrConflict, "name_taken")
		_, err := w.FindConnection(ctx, "", "Okta")
		isKind(t, err, provisioning.ErrNotFound, "not_found") // by name only within a workspace
		_, err = w.FindConnection(ctx, w.ws, "nothing")
		isKind(t, err, provisioning.ErrNotFound, "not_found")
	})
}

// The subjects of another issuer are other people.
func TestConnections_TheIssuerIsFixed(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		in := must(w.signIn("00u1", "ada@acme.example"))(t)
		_, err := w.UpdateConnection(t.Context(), w.operator, w.ws, w.conn.ID, provisioning.ConnectionWrite{Issuer: ptr("https://login.acme.example")})
		isKind(t, err, provisioning.ErrConflict, "issuer_fixed")
		must(w.UpdateConnection(t.Context(), w.operator, w.ws, w.conn.ID, provisioning.ConnectionWrite{Issuer: ptr(issuer)}))(t)
		if again := must(w.signIn("00u1", "ada@acme.example"))(t); again.User.ID != in.User.ID {
			t.Errorf("signed in as %s, want %s", again.User.ID, in.User.ID)
		}
	})
}

func TestDirectories_PresetsSwitchesAndPairing(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		if d := must(w.FindDirectory(ctx, w.ws, "OKTA"))(t); d.Connection != w.conn.ID || d.Preset != "okta" {
			t.Errorf("directory %+v, want paired with the only connection", d)
		}
		_, err := w.CreateDirectory(ctx, w.operator, w.ws, provisioning.NewDirectory{Name: "okta"})
		isKind(t, err, provisioning.ErrConflict, "name_taken")
		_, err = w.CreateDirectory(ctx, w.operator, w.ws, provisioning.NewDirectory{Name: "X", Preset: "ldap"})
		isKind(t, err, provisioning.ErrInvalid, "preset")
		entra := must(w.CreateDirectory(ctx, w.operator, w.ws, provisioning.NewDirectory{Name: "Entra", Preset: "entra"}))(t)
		if entra.Connection != "" || entra.Switch(provisioning.SwitchGroupPatchBody) || !entra.Switch(provisioning.SwitchPatchCreatesMissing) {
			t.Errorf("directory %+v", entra)
		}
		_, err = w.UpdateDirectory(ctx, w.operator, w.ws, entra.ID, provisioning.DirectoryWrite{Switches: map[string]bool{"magic": true}})
		isKind(t, err, provisioning.ErrInvalid, "switch")
		traced(t, w, "pairing", func() error {
			return second(w.UpdateDirectory(ctx, w.operator, w.ws, entra.ID, provisioning.DirectoryWrite{Connection: &w.conn.ID}))
		}, []string{"directory.pair"}, eventTypes{"directory.paired"})
		untraced(t, w, "pairing again", func() error {
			return second(w.UpdateDirectory(ctx, w.operator, w.ws, entra.ID, provisioning.DirectoryWrite{Connection: &w.conn.ID}))
		})
		if err := w.DeleteDirectory(ctx, w.operator, w.ws, w.okta.Directory.ID); err != nil {
			t.Fatal(err)
		}
		must(w.CreateDirectory(ctx, w.operator, w.ws, provisioning.NewDirectory{Name: "Okta"}))(t) // the name is free
	})
}

func TestUsers_AreFoundByIDUserNameOrEmail(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		n := person("00u1", "ada.login@acme.example")
		n.Profile.Emails[0].Value = "shared@acme.example"
		ada := must(w.CreateDirectoryUser(ctx, w.okta, n))(t).ID
		for _, ref := range []string{string(ada), "ADA.login@acme.example", " shared@ACME.example "} {
			if u := must(w.FindUser(ctx, w.ws, ref))(t); u.ID != ada {
				t.Errorf("%q is %s", ref, u.ID)
			}
		}
		n = person("00u2", "bob@acme.example")
		n.Profile.Emails[0].Value = "shared@acme.example"
		must(w.CreateDirectoryUser(ctx, w.okta, n))(t)
		_, err := w.FindUser(ctx, w.ws, "shared@acme.example")
		isKind(t, err, provisioning.ErrConflict, "ambiguous")
		_, err = w.FindUser(ctx, w.ws, "nobody@acme.example")
		isKind(t, err, provisioning.ErrNotFound, "not_found")
	})
}

func TestRevoke_SaysWhyThereIsNothingToTake(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		ada := w.push("00u1", "ada@acme.example").ID
		w.mapGroup(w.pushGroup("Analysts", ada).ID, w.paris, w.analyst)
		mapped, not := provisioning.RoleIn{Community: w.paris, Role: w.analyst}, provisioning.RoleIn{Community: w.lyon, Role: w.analyst}
		isKind(t, w.RevokeRole(ctx, w.operator, w.ws, ada, mapped), provisioning.ErrConflict, "mapped")
		isKind(t, w.RevokeRole(ctx, w.operator, w.ws, ada, not), provisioning.ErrNotFound, "not_found")
		w.grant(ada, w.paris, w.analyst)
		if err := w.RevokeRole(ctx, w.operator, w.ws, ada, mapped); err != nil {
			t.Fatal(err)
		}
		w.holds(ada, "analyst in soc-paris") // the mapping's reason stands
	})
}
