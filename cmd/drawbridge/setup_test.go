package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"drawbridge/internal/app"
	"drawbridge/internal/oktasim"
	"drawbridge/internal/testenv"
	"drawbridge/provisioning"
)

func TestSetUpByCommandsOnSQLite(t *testing.T) {
	t.Parallel()
	testSetUp(t)
}

func TestSetUpByCommandsOnPostgreSQL(t *testing.T) {
	t.Parallel()
	testSetUp(t, "DRAWBRIDGE_DATABASE_URL="+testenv.Postgres(t), "DRAWBRIDGE_SECRET_KEY="+otherKey)
}

// setUp is a bridge that is set up by commands while it serves.
type setUp struct {
	installation
	url       string
	okta      *oktasim.Organisation
	directory provisioning.DirectoryID
	token     createdToken
}

// testSetUp tells one story: each part stands on the one before it.
func testSetUp(t *testing.T, env ...string) {
	listen, url := onFreePort(t)
	s := &setUp{installation: newInstallation(t, append(env, listen, "DRAWBRIDGE_ALLOW_PRIVATE_ISSUERS=true")...), url: url, okta: newOkta(t)}
	link := s.makeWorkspace()
	running := s.serve()
	if status := statusOf(t, link); status != http.StatusOK {
		t.Errorf("the invitation's page answers %d", status)
	}
	s.makeCommunitiesAndRoles()
	s.claimDomains()
	s.connectDirectory()
	s.connectProvider()
	s.pushPeople()
	s.mapGroups()
	s.explainAccess()
	s.manageUsers()
	s.simulate()
	s.examine()
	s.endThings()
	running.stop(syscall.SIGTERM)
}

func newOkta(t testing.TB) *oktasim.Organisation {
	t.Helper()
	listening := httptest.NewUnstartedServer(nil)
	org, err := oktasim.New(oktasim.Config{
		BaseURL: "http://" + listening.Listener.Addr().String(), ClientID: "bridge", ClientSecret: "s3cret",
		App: oktasim.Wizard, Sample: oktasim.SampleOrganisation("acme.example", 4, 2, 0),
	})
	if err != nil {
		t.Fatal(err)
	}
	listening.Config.Handler = org.Handler()
	listening.Start()
	t.Cleanup(listening.Close)
	return org
}

func (s *setUp) makeWorkspace() (link string) {
	s.t.Helper()
	var made createdWorkspace
	s.json(&made, "workspace", "create", "--name", "Acme Corp", "--multi-tenant", "--admin-email", "owner@acme.example")
	if made.Workspace.Slug != "acme-corp" || made.Workspace.ID == "" || made.RootCommunity.ID == "" {
		s.t.Errorf("workspace create answers %+v", made)
	}
	left := time.Until(made.Invitation.ExpiresAt)
	if !strings.HasPrefix(made.Invitation.URL, s.url+"/invitation?token=dbinv_") || left < 23*time.Hour || left > 25*time.Hour {
		s.t.Errorf("the invitation is %+v", made.Invitation)
	}
	var all []workspaceView
	s.json(&all, "workspace", "list")
	if len(all) != 1 || all[0].ID != made.Workspace.ID || all[0].RootCommunityID != made.RootCommunity.ID {
		s.t.Errorf("workspace list answers %+v", all)
	}
	return made.Invitation.URL
}

func (s *setUp) makeCommunitiesAndRoles() {
	s.t.Helper()
	var paris, second communityView
	s.json(&paris, "community", "create", "--workspace", "acme-corp", "--name", "SOC Paris", "--description", "Nights, too")
	s.json(&second, "community", "create", "--workspace", "Acme Corp", "--name", "SOC Paris")
	if paris.Slug != "soc-paris" || paris.Name != "SOC Paris" || paris.ID == "" || second.Slug != "soc-paris-2" {
		s.t.Errorf("community create answers %+v, then %+v", paris, second)
	}
	var communities []communityView
	s.json(&communities, "community", "list", "--workspace", "acme-corp")
	if len(communities) != 3 || !communities[0].Root || communities[1].Root {
		s.t.Errorf("community list answers %+v", communities)
	}

	var hunter, shown roleView
	s.json(&hunter, "role", "create", "--workspace", "acme-corp", "--name", "Hunter", "--description", "Looks for what hides",
		"--permission", "members.read", "--permission", "roles.read")
	s.json(&shown, "role", "show", "hunter", "--workspace", "acme-corp")
	if hunter.Slug != "hunter" || hunter.Builtin || len(hunter.Permissions) != 2 || shown.ID != hunter.ID {
		s.t.Errorf("role create answers %+v, show %+v", hunter, shown)
	}
	var roles []roleView
	s.json(&roles, "role", "list", "--workspace", "acme-corp")
	if len(roles) != 4 {
		s.t.Errorf("role list answers %+v", roles)
	}
	s.fails(exitFailure, `permission "nonsense"`, "role", "create", "--workspace", "acme-corp", "--name", "X", "--description", "Long enough to be one", "--permission", "nonsense")
	s.fails(exitFailure, `no workspace "nowhere"`, "role", "list", "--workspace", "nowhere")

	var workspace map[string]any
	s.json(&workspace, "workspace", "update", "acme-corp", "--set", "session-idle=12h", "--set", "contact=help; or cry")
	settings, _ := workspace["settings"].(map[string]any)
	if settings["session-idle"] != "12h" || settings["contact"] != "help; or cry" || settings["session-max"] != "30d" {
		s.t.Errorf("the settings are %v", settings)
	}
	s.fails(exitFailure, "out of range", "workspace", "update", "acme-corp", "--set", "session-idle=1m")
}

func (s *setUp) claimDomains() {
	s.t.Helper()
	var claimed, verified domainView
	s.json(&claimed, "domain", "add", "--workspace", "acme-corp", "--domain", "ACME.example")
	s.json(&verified, "domain", "add", "--workspace", "acme-corp", "--domain", "acme.example", "--verified")
	if claimed.Domain != "acme.example" || claimed.Status != "unverified" || claimed.TXTRecord == "" || verified.Status != "verified" {
		s.t.Errorf("domain add answers %+v, then %+v", claimed, verified)
	}
	s.ok("domain", "add", "--workspace", "acme-corp", "--domain", "acme.test")
	s.ok("domain", "release", "--workspace", "acme-corp", "--domain", "acme.test", "--yes")
	var all []domainView
	s.json(&all, "domain", "list", "--workspace", "acme-corp")
	if len(all) != 1 || all[0] != verified {
		s.t.Errorf("domain list answers %+v", all)
	}
}

func (s *setUp) connectDirectory() {
	s.t.Helper()
	var made, changed directoryView
	s.json(&made, "directory", "create", "--workspace", "acme-corp", "--name", "Okta")
	if made.ID == "" || made.BaseURL != s.url+"/scim/v2" || made.Preset != "okta" || made.Switches["bare-token"] {
		s.t.Errorf("directory create answers %+v", made)
	}
	s.json(&changed, "directory", "update", string(made.ID), "--set", "bare-token=on", "--name", "Okta of Acme")
	if !changed.Switches["bare-token"] || changed.Name != "Okta of Acme" {
		s.t.Errorf("directory update answers %+v", changed)
	}
	s.fails(exitFailure, `no switch "warp"`, "directory", "update", string(made.ID), "--set", "warp=on")
	s.fails(exitFailure, `no preset "saml"`, "directory", "create", "--workspace", "acme-corp", "--name", "Other", "--preset", "saml")

	s.json(&s.token, "directory", "token", "create", "--directory", "Okta of Acme", "--name", "first", "--expires", "90d")
	left := time.Until(s.token.ExpiresAt)
	if !strings.HasPrefix(s.token.Token, "dbscim_") || s.token.BaseURL != made.BaseURL || left < 89*24*time.Hour || left > 91*24*time.Hour {
		s.t.Errorf("directory token create answers %+v", s.token)
	}
	var tokens []tokenView
	s.json(&tokens, "directory", "token", "list", "--directory", string(made.ID))
	if len(tokens) != 1 || tokens[0].ID != s.token.ID || tokens[0].Status != "live" || !strings.HasSuffix(s.token.Token, tokens[0].LastFour) {
		s.t.Errorf("directory token list answers %+v", tokens)
	}
	s.directory = made.ID
}

func (s *setUp) connectProvider() {
	s.t.Helper()
	secret := s.file("client-secret", "s3cret\n")
	create := []string{"connection", "create", "--workspace", "acme-corp", "--name", "Okta", "--client-id", "bridge", "--client-secret-file", secret, "--issuer"}
	s.fails(exitFailure, "", append(create, s.url)...)
	refusing := s.with("DRAWBRIDGE_ALLOW_PRIVATE_ISSUERS=false")
	refusing.fails(exitFailure, "", append(create, s.okta.Issuer())...)
	s.fails(exitFailure, "(--confirm-administrative)", append(create, s.okta.Issuer(), "--auto-create", "--default-role", "admin", "--default-community", "soc-paris")...)
	var none []connectionView
	if s.json(&none, "connection", "list", "--workspace", "acme-corp"); len(none) != 0 {
		s.t.Errorf("a refused connection is stored: %+v", none)
	}

	var made, changed connectionView
	s.json(&made, append(create, s.okta.Issuer()+"/", "--auto-create", "--default-role", "guest", "--default-community", "soc-paris")...)
	login := s.url + "/sso/" + string(made.ID)
	if made.RedirectURI != login+"/callback" || made.LoginURL != login || made.InitiateLoginURI != login {
		s.t.Errorf("the addresses are %+v", made)
	}
	if made.Issuer != s.okta.Issuer() || !made.AutoCreate || !made.Enabled || made.DefaultRole != "guest" || !slices.Equal(made.DefaultCommunities, []string{"soc-paris"}) {
		s.t.Errorf("connection create answers %+v", made)
	}
	var directories []directoryView
	s.json(&directories, "directory", "list", "--workspace", "acme-corp")
	if len(directories) != 1 || directories[0].Connection != made.ID {
		s.t.Errorf("the only directory and connection are not paired: %+v", directories)
	}
	s.json(&changed, "connection", "update", string(made.ID), "--no-auto-create", "--default-community", "soc-paris", "--default-community", "soc-paris-2")
	if changed.AutoCreate || len(changed.DefaultCommunities) != 2 || changed.DefaultRole != "guest" {
		s.t.Errorf("connection update answers %+v", changed)
	}
	s.ok("connection", "test", "Okta")
	s.json(&changed, "connection", "disable", "Okta", "--yes")
	if changed.Enabled {
		s.t.Error("connection disable leaves it enabled")
	}
	s.json(&changed, "connection", "enable", "Okta", "--workspace", "acme-corp")
	s.json(&made, "connection", "show", string(changed.ID))
	if !made.Enabled {
		s.t.Error("connection enable leaves it disabled")
	}
}

func (s *setUp) pushPeople() {
	s.t.Helper()
	if err := s.okta.Connect(oktasim.Connection{SCIMURL: s.token.BaseURL, SCIMToken: s.token.Token}); err != nil {
		s.t.Fatal(err)
	}
	if err := s.okta.PushAll(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	var groups []groupView
	s.json(&groups, "group", "list", "--workspace", "acme-corp", "--directory", "Okta of Acme")
	if len(groups) != 2 || groups[0].Name != s.okta.Groups()[0].Name || groups[0].Directory != s.directory {
		s.t.Errorf("group list answers %+v", groups)
	}
	var users []userView
	s.json(&users, "user", "list", "--workspace", "acme-corp")
	pushed := slices.DeleteFunc(slices.Clone(users), func(u userView) bool { return u.Source != provisioning.OriginDirectory })
	if len(users) != 5 || len(pushed) != 4 || pushed[0].Email == "" || pushed[0].UserName == "" || pushed[0].Name == "" || pushed[0].Status != "active" {
		s.t.Errorf("user list answers %+v", users)
	}
}

func (s *setUp) mapGroups() {
	s.t.Helper()
	group := s.okta.Groups()[0]
	flags := []string{"--workspace", "acme-corp", "--group", group.Name, "--community", "soc-paris"}
	var plan planView
	s.json(&plan, append([]string{"mapping", "plan", "--role", "analyst"}, flags...)...)
	if len(plan.Gain) != len(group.Members) || len(plan.Lose) != 0 || plan.Gain[0].Role != "analyst" || plan.Gain[0].Community != "soc-paris" || plan.Fingerprint == "" {
		s.t.Errorf("mapping plan answers %+v", plan)
	}
	if text := s.ok(append([]string{"mapping", "plan", "--role", "analyst"}, flags...)...); !strings.Contains(text, "gains") || !strings.Contains(text, "Nothing was changed") {
		s.t.Errorf("mapping plan prints %q", text)
	}
	var mappings []mappingView
	if s.json(&mappings, "mapping", "list", "--workspace", "acme-corp"); len(mappings) != 0 {
		s.t.Errorf("planning left %+v", mappings)
	}
	s.fails(exitFailure, "(--confirm-administrative)", append([]string{"mapping", "create", "--role", "admin"}, flags...)...)

	var analyst, admin mappingView
	s.json(&analyst, append([]string{"mapping", "create", "--role", "analyst", "--directory", "Okta of Acme"}, flags...)...)
	s.json(&admin, append([]string{"mapping", "create", "--role", "Admin", "--confirm-administrative"}, flags...)...)
	if analyst.ID == "" || analyst.Group != group.Name || analyst.Community != "soc-paris" || analyst.Role != "analyst" || analyst.Held {
		s.t.Errorf("mapping create answers %+v", analyst)
	}
	s.fails(exitFailure, "already", append([]string{"mapping", "create", "--role", "analyst"}, flags...)...)
	s.ok("mapping", "delete", string(admin.ID), "--yes")
	s.json(&mappings, "mapping", "list", "--workspace", "acme-corp")
	if len(mappings) != 1 || mappings[0] != analyst {
		s.t.Errorf("mapping list answers %+v, want %+v", mappings, analyst)
	}
}

// member and outsider are people in, and not in, the mapped group.
func (s *setUp) member() string {
	p, _ := s.okta.Person(s.okta.Groups()[0].Members[0])
	return p.Login
}

func (s *setUp) outsider() string {
	for _, p := range s.okta.People() {
		if !slices.Contains(s.okta.Groups()[0].Members, p.ID) {
			return p.Login
		}
	}
	return ""
}

func (s *setUp) explainAccess() {
	s.t.Helper()
	why := []string{"user", "why", "--workspace", "acme-corp", "--community", "SOC-Paris", "--user"}
	s.fails(exitFailure, "no community", append(why, s.member())...)
	why[5] = "soc-paris"

	var held, missing whyView
	s.json(&held, append(why, s.member())...)
	if held.Status != "active" || len(held.Blocks) != 0 || len(held.Roles) != 1 || len(held.Missing) != 0 {
		s.t.Fatalf("user why answers %+v", held)
	}
	role := held.Roles[0]
	kinds := collect(role.Chain, func(l whyLink) string { return l.Kind })
	if role.Community != "soc-paris" || role.Role != "analyst" || !role.Counts || role.Source != provisioning.SourceMapping ||
		!slices.Equal(kinds, []string{"mapping", "group", "directory"}) || role.Chain[1].Name != s.okta.Groups()[0].Name || role.Chain[2].ID != string(s.directory) {
		s.t.Errorf("user why answers %+v", role)
	}
	text := s.ok(append(why, s.member())...)
	if !strings.Contains(text, "Analyst in SOC Paris ← mapping") || !strings.Contains(text, "pushed by Okta of Acme ← member since") {
		s.t.Errorf("user why prints %q", text)
	}

	s.json(&missing, append(why, s.outsider())...)
	if len(missing.Roles) != 0 || len(missing.Missing) != 1 || missing.Missing[0].Role != "analyst" || missing.Missing[0].Group != s.okta.Groups()[0].Name {
		s.t.Errorf("user why answers %+v", missing)
	}
	if text := s.ok(append(why, s.outsider())...); !strings.Contains(text, "Analyst in SOC Paris is missing ← not a member of group") {
		s.t.Errorf("user why prints %q", text)
	}
}

func (s *setUp) manageUsers() {
	s.t.Helper()
	on := func(user string) []string { return []string{"--workspace", "acme-corp", "--user", user} }
	run := func(verb, user string, flags ...string) []string {
		return slices.Concat([]string{"user", verb}, on(user), flags)
	}
	var granted, invited grantView
	s.json(&granted, run("grant", s.outsider(), "--role", "hunter", "--community", "soc-paris")...)
	s.json(&invited, run("grant", "Back@elsewhere.example", "--role", "admin", "--community", "acme-corp")...)
	if granted.Result != "granted" || granted.URL != "" || granted.Role != "hunter" || granted.Community != "soc-paris" {
		s.t.Errorf("user grant answers %+v", granted)
	}
	if invited.Result != "invited" || !strings.HasPrefix(invited.URL, s.url+"/invitation?token=dbinv_") || invited.ExpiresAt.IsZero() || statusOf(s.t, invited.URL) != http.StatusOK {
		s.t.Errorf("user grant answers %+v", invited)
	}
	s.fails(exitFailure, "no user", run("grant", "nobody", "--role", "admin", "--community", "acme-corp")...)
	s.ok(run("revoke", s.outsider(), "--role", "hunter", "--community", "soc-paris")...)
	s.fails(exitFailure, "A mapping gives this role", run("revoke", s.member(), "--role", "analyst", "--community", "soc-paris")...)

	var u shownUser
	s.json(&u, run("suspend", s.member())...)
	if u.Status != "suspended" || u.Directory != s.directory || u.ExternalID != s.okta.Groups()[0].Members[0] {
		s.t.Errorf("user suspend answers %+v", u)
	}
	if text := s.ok(run("why", s.member())...); !strings.Contains(text, "is suspended\n  blocked by administrator since") {
		s.t.Errorf("user why prints %q", text)
	}
	s.ok(run("reactivate", s.member())...)
	if s.json(&u, run("show", s.member())...); u.Status != "active" {
		s.t.Errorf("user show answers %+v", u)
	}
	var released releasedGrants
	if s.json(&released, run("release", s.member())...); released.Released != 0 || released.ID != u.ID {
		s.t.Errorf("user release answers %+v", released)
	}
	s.fails(exitFailure, "A directory manages this user", run("remove", s.member(), "--yes")...)
	s.ok(run("remove", "back@elsewhere.example", "--yes")...)
	s.fails(exitFailure, "no user", run("show", "back@elsewhere.example")...)
	if status := statusOf(s.t, invited.URL); status != http.StatusGone {
		s.t.Errorf("the link of a removed person answers %d", status)
	}
}

func (s *setUp) simulate() {
	s.t.Helper()
	file := s.file("scim-token", s.token.Token)
	for _, kind := range []string{"wizard", "catalog"} {
		var steps []oktasim.Step
		s.json(&steps, "simulate", "okta", "--scim-url", s.token.BaseURL, "--scim-token-file", file, "--users", "3", "--groups", "1", "--app", kind)
		if len(steps) < 20 || steps[0].Verdict != oktasim.Passed {
			s.t.Errorf("%s: %d steps: %+v", kind, len(steps), steps)
		}
	}
	r := s.run("simulate", "okta", "--scim-url", s.token.BaseURL, "--scim-token", "dbscim_wrong")
	if r.code != exitFailure || !strings.HasPrefix(r.out, "failed  test the connection") || !strings.Contains(r.errs, "1 of 1 steps failed") {
		s.t.Errorf("with a wrong token: %+v", r)
	}
	r = s.run("simulate", "okta", "--scim-url", s.token.BaseURL, "--scim-token", "dbscim_wrong", "--json")
	var steps []oktasim.Step
	if err := json.Unmarshal([]byte(r.out), &steps); err != nil || r.code != exitFailure || oktasim.FailedSteps(steps) != 1 {
		s.t.Errorf("with a wrong token: %+v, %v", r, err)
	}
}

func (s *setUp) examine() {
	s.t.Helper()
	var findings []app.Finding
	s.json(&findings, "doctor")
	seen := make(map[string]bool)
	for _, f := range findings {
		seen[f.Check] = true
		if f.Status == app.StatusFault || f.Detail == "" {
			s.t.Errorf("doctor finds %+v", f)
		}
	}
	for _, check := range []string{"configuration", "database", "redis", "issuer", "clock", "tokens", "settings", "resolve"} {
		if !seen[check] {
			s.t.Errorf("doctor does not check %s: %+v", check, findings)
		}
	}
	for _, args := range [][]string{{"audit", "verify"}, {"audit", "verify", "--workspace", "acme-corp"}} {
		var sum auditView
		s.json(&sum, args...)
		if sum.Workspaces != 1 || sum.Entries+int64(sum.Unsealed) < 20 || sum.Faults != 0 || sum.Fault != "" {
			s.t.Errorf("%q answers %+v", args, sum)
		}
	}
	var schema schemaView
	if s.json(&schema, "migrate", "status"); schema.Version == 0 || schema.Pending != 0 {
		s.t.Errorf("migrate status answers %+v", schema)
	}
}

func (s *setUp) endThings() {
	s.t.Helper()
	var other createdToken
	s.json(&other, "directory", "token", "create", "--directory", string(s.directory))
	s.ok("directory", "token", "revoke", string(s.token.ID), "--yes")
	var tokens []tokenView
	s.json(&tokens, "directory", "token", "list", "--directory", string(s.directory))
	statuses := make(map[provisioning.TokenID]string)
	for _, token := range tokens {
		statuses[token.ID] = token.Status
	}
	if statuses[s.token.ID] != "revoked" || statuses[other.ID] != "live" {
		s.t.Errorf("directory token list answers %+v", tokens)
	}

	s.ok("workspace", "create", "--name", "Other", "--admin-email", "owner@other.example")
	s.ok("directory", "create", "--workspace", "other", "--name", "Okta of Acme")
	s.fails(exitUsage, "add --workspace", "directory", "delete", "Okta of Acme", "--yes")
	var gone ended
	s.json(&gone, "directory", "delete", "Okta of Acme", "--workspace", "acme-corp", "--yes")
	if gone.ID != string(s.directory) || gone.Result != "deleted" {
		s.t.Errorf("directory delete answers %+v", gone)
	}
	var mappings []mappingView
	if s.json(&mappings, "mapping", "list", "--workspace", "acme-corp"); len(mappings) != 0 {
		s.t.Errorf("the directory is gone, but not %+v", mappings)
	}
	var users []userView
	if s.json(&users, "user", "list", "--workspace", "acme-corp"); len(users) < 5 {
		s.t.Errorf("the directory took people with it: %+v", users)
	}
}
