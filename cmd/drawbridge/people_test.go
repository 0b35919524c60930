package main

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"drawbridge/config"
	"drawbridge/internal/app"
	"drawbridge/internal/testenv"
	"drawbridge/provisioning"
)

func TestPeopleByCommandsOnSQLite(t *testing.T) {
	t.Parallel()
	testPeople(t)
}

func TestPeopleByCommandsOnPostgreSQL(t *testing.T) {
	t.Parallel()
	testPeople(t, "DRAWBRIDGE_DATABASE_URL="+testenv.Postgres(t), "DRAWBRIDGE_SECRET_KEY="+otherKey)
}

// people is an installation in which people are invited and managed by commands,
// with no server beside them.
type people struct {
	installation
	public string
}

// testPeople tells one story: each part stands on the one before it.
func testPeople(t *testing.T, env ...string) {
	p := &people{newInstallation(t, append(env, "DRAWBRIDGE_PUBLIC_URL=https://bridge.example/base")...), "https://bridge.example/base"}
	p.firstStart()
	p.workspaces()
	p.invite()
	p.inviteMany()
	p.manageInvitations()
	p.manageAccounts()
	p.mails()
	p.changeRoles()
	p.changeCommunities()
	p.deleteWorkspace()
}

// core opens the installation as the commands do.
func (p *people) core() *app.Core {
	p.t.Helper()
	c, err := config.Load(config.Sources{Environ: slices.DeleteFunc(slices.Clone(p.env), func(e string) bool { return !strings.HasPrefix(e, "DRAWBRIDGE_") })})
	if err != nil {
		p.t.Fatal(err)
	}
	core, err := app.Open(p.t.Context(), c, slog.New(slog.DiscardHandler), app.MigrateEmpty)
	if err != nil {
		p.t.Fatal(err)
	}
	return core
}

// does runs a command that prints its answer and fails all the same, saying why.
func (p *people) does(into any, say string, args ...string) {
	p.t.Helper()
	r := p.run(append(args, "--json")...)
	if r.code != exitFailure || r.errs != "drawbridge: "+say+"\n" {
		p.t.Errorf("%q exits with %d and says %q, want %q", args, r.code, r.errs, say)
	}
	if err := json.Unmarshal([]byte(r.out), into); err != nil {
		p.t.Fatalf("%q answers %s: %v", args, r.out, err)
	}
}

func (p *people) firstStart() {
	p.t.Helper()
	var first, second shownLink
	p.json(&first, "setup", "link")
	p.json(&second, "setup", "link")
	left := time.Until(first.ExpiresAt)
	if !strings.HasPrefix(first.URL, p.public+"/setup?token=dblnk_") || first.URL == second.URL || left < 23*time.Hour || left > 25*time.Hour {
		p.t.Errorf("setup link answers %+v, then %+v", first, second)
	}
	p.ok("workspace", "create", "--name", "Acme", "--multi-tenant", "--admin-email", "owner@acme.example")
	p.fails(exitFailure, "workspace", "setup", "link")
}

func (p *people) workspaces() {
	p.t.Helper()
	var solo struct {
		workspaceView
		Settings map[string]string `json:"settings"`
	}
	p.ok("workspace", "create", "--name", "Solo", "--admin-email", "owner@solo.example")
	p.json(&solo, "workspace", "update", "solo", "--name", "Solo & Sons", "--multi-tenant", "--set", "inactivity=90d", "--set", "time-zone=Europe/Paris")
	if solo.Name != "Solo & Sons" || solo.Slug != "solo" || !solo.MultiTenant || solo.Settings["inactivity"] != "90d" || solo.Settings["time-zone"] != "Europe/Paris" {
		p.t.Errorf("workspace update answers %+v", solo)
	}
	p.fails(exitFailure, "write 90d", "workspace", "update", "solo", "--set", "inactivity=on", "--set", "contact=nobody")
	p.json(&solo, "workspace", "show", "solo")
	if solo.Settings["contact"] != "" || solo.Settings["inactivity"] != "90d" {
		p.t.Errorf("half of the settings were set: %v", solo.Settings)
	}
	p.fails(exitFailure, `no setting "warp"`, "workspace", "update", "acme", "--set", "require-sso=on", "--set", "warp=9")
	p.ok("community", "create", "--workspace", "solo", "--name", "Annex")
}

func (p *people) invite() {
	p.t.Helper()
	p.ok("community", "create", "--workspace", "acme", "--name", "SOC Paris")
	p.ok("community", "create", "--workspace", "acme", "--name", "SOC Lyon")
	for _, name := range []string{"Hunter", "Reader"} {
		p.ok("role", "create", "--workspace", "acme", "--name", name, "--description", "A role of the tests", "--permission", "members.read")
	}
	create := []string{"invitation", "create", "--workspace", "acme", "--to", "soc-paris=hunter", "--to", "SOC Paris=reader", "--to", "soc-lyon=guest", "--email"}
	var invited []invitedView
	p.json(&invited, append(create, `Ada@partner.example, "Doe, Bob" <bob@partner.example>; ada@PARTNER.example`)...)
	if len(invited) != 2 || invited[0].Email != "Ada@partner.example" || invited[1].Email != "bob@partner.example" {
		p.t.Fatalf("invitation create answers %+v", invited)
	}
	for _, v := range invited {
		if v.Result != provisioning.InviteAdded || v.Reason != "" || !strings.HasPrefix(v.URL, p.public+"/invitation?token=dbinv_") {
			p.t.Errorf("invitation create answers %+v", v)
		}
	}

	var mixed []invitedView
	p.does(&mixed, "1 of 2 addresses refused: each says why", append(create, "not-an-address,zoe@partner.example")...)
	if len(mixed) != 2 || mixed[0].Result != provisioning.InviteRefused || mixed[0].Reason == "" || mixed[0].URL != "" || mixed[1].Result != provisioning.InviteAdded {
		p.t.Errorf("invitation create answers %+v", mixed)
	}
	r := p.run(append(create, "zoe@partner.example")...)
	if r.code != exitSuccess || !strings.Contains(r.out, "zoe@partner.example") {
		p.t.Errorf("a second time: %+v", r)
	}

	other := p.communityOf("solo", "annex")
	for say, args := range map[string][]string{
		`no community "nowhere"`:           {"--to", "nowhere=guest"},
		`no role "king"`:                   {"--to", "soc-paris=king"},
		"There is no community \"" + other: {"--to", other + "=guest"},
	} {
		p.fails(exitFailure, say, append([]string{"invitation", "create", "--workspace", "acme", "--email", "eve@partner.example"}, args...)...)
	}
	p.fails(exitFailure, "", "invitation", "create", "--workspace", "acme", "--to", "soc-paris=guest", "--to", "soc-paris=analyst", "--email", "eve@partner.example")
	p.fails(exitFailure, "no address", "invitation", "create", "--workspace", "acme", "--to", "soc-paris=guest", "--email", " , ; ")
	p.fails(exitFailure, `no user "eve@partner.example"`, "user", "show", "--workspace", "acme", "--user", "eve@partner.example")
}

func (p *people) communityOf(workspace, slug string) string {
	p.t.Helper()
	var c shownCommunity
	p.json(&c, "community", "show", slug, "--workspace", workspace)
	return string(c.ID)
}

func (p *people) inviteMany() {
	p.t.Helper()
	var lines strings.Builder
	for i := range provisioning.MaxAddresses {
		fmt.Fprintf(&lines, "Person %d <p%d@many.example>\n", i, i)
	}
	to := []string{"invitation", "create", "--workspace", "acme", "--to", "soc-lyon=guest", "--file"}
	var invited []invitedView
	p.json(&invited, append(to, p.file("many", lines.String()))...)
	links := make(map[string]bool)
	for _, v := range invited {
		links[v.URL] = v.Result == provisioning.InviteAdded
	}
	if len(invited) != provisioning.MaxAddresses || len(links) != provisioning.MaxAddresses || invited[999].Email != "p999@many.example" {
		p.t.Errorf("%d results with %d links", len(invited), len(links))
	}
	lines.WriteString("one@more.example\n")
	p.fails(exitFailure, "1001", append(to, p.file("more", lines.String()))...)
	p.fails(exitFailure, "kB", append(to, p.file("huge", strings.Repeat("a@b.example,", 1<<15)))...)
	p.fails(exitUsage, "cannot be read", append(to, "absent")...)

	r := p.typing("one@stdin.example\ntwo@stdin.example\n", append(to, "-", "--json")...)
	if err := json.Unmarshal([]byte(r.out), &invited); err != nil || r.code != exitSuccess || r.errs != "" || len(invited) != 2 {
		p.t.Errorf("from standard input: %+v, %v", r, err)
	}
}

func (p *people) manageInvitations() {
	p.t.Helper()
	var pending []invitationView
	p.json(&pending, "invitation", "list", "--workspace", "acme", "--pending")
	i := slices.IndexFunc(pending, func(v invitationView) bool { return v.Email == "bob@partner.example" })
	if len(pending) < provisioning.MaxAddresses+5 || i < 0 || pending[i].Status != "invited" || pending[i].URL != "" {
		p.t.Fatalf("invitation list --pending: %d, at %d", len(pending), i)
	}
	bob := string(pending[i].ID)
	var sent invitationView
	p.json(&sent, "invitation", "resend", bob)
	if string(sent.ID) != bob || sent.Email != "bob@partner.example" || sent.Status != "invited" || !strings.HasPrefix(sent.URL, p.public+"/invitation?token=dbinv_") {
		p.t.Errorf("invitation resend answers %+v", sent)
	}
	p.fails(exitFailure, "no invitation", "invitation", "resend", bob, "--workspace", "solo")
	p.fails(exitFailure, `no invitation "nonsense"`, "invitation", "resend", "nonsense")

	var u shownUser
	p.json(&u, "user", "show", "--workspace", "acme", "--user", "bob@partner.example")
	if u.Status != "invited" {
		p.t.Errorf("user show answers %+v", u)
	}
	var gone ended
	p.json(&gone, "invitation", "cancel", bob, "--yes")
	if gone.ID != bob || gone.Result != "cancelled" {
		p.t.Errorf("invitation cancel answers %+v", gone)
	}
	p.fails(exitFailure, "cancelled", "invitation", "resend", bob)
	var all []invitationView
	p.json(&all, "invitation", "list", "--workspace", "acme")
	statuses := make(map[string]int)
	for _, v := range all {
		statuses[v.Status]++
	}
	if statuses["cancelled"] != len(all)-len(pending)+1 || statuses["invited"] != len(pending)-1 {
		p.t.Errorf("statuses %v of %d, %d were pending", statuses, len(all), len(pending))
	}
}

// manageAccounts gives zoe an account and a session, as accepting by the page does.
func (p *people) manageAccounts() {
	p.t.Helper()
	on := func(verb string, flags ...string) []string {
		return append([]string{"user", verb, "--workspace", "acme", "--user", "zoe@partner.example"}, flags...)
	}
	p.fails(exitFailure, "account", on("reset-link")...)
	p.fails(exitFailure, "account", on("reset-factors")...)
	session := p.signedIn("zoe@partner.example")

	var sessions []sessionView
	p.json(&sessions, on("sessions")...)
	if len(sessions) != 1 || sessions[0].ID != session || sessions[0].Address != "192.0.2.7" || sessions[0].UserAgent != "test browser" {
		p.t.Errorf("user sessions answers %+v", sessions)
	}
	var gone endedSessions
	p.json(&gone, on("end-sessions", "--session", string(session))...)
	if gone.Ended != 1 {
		p.t.Errorf("user end-sessions answers %+v", gone)
	}
	if p.json(&gone, on("end-sessions")...); gone.Ended != 0 {
		p.t.Errorf("user end-sessions answers %+v again", gone)
	}

	var link personLink
	p.json(&link, on("reset-link")...)
	if link.Email != "zoe@partner.example" || !strings.HasPrefix(link.URL, p.public+"/reset?token=dblnk_") || link.ExpiresAt.IsZero() {
		p.t.Errorf("user reset-link answers %+v", link)
	}
	var code factorCode
	p.json(&code, on("reset-factors")...)
	if code.User != link.User || len(code.Code) < 8 || code.ExpiresAt.IsZero() {
		p.t.Errorf("user reset-factors answers %+v", code)
	}

	p.fails(exitFailure, "administrator", on("break-glass", "--on")...)
	p.fails(exitUsage, "--off", on("break-glass")...)
	p.fails(exitUsage, "--off", on("break-glass", "--on", "--off")...)
	p.ok("user", "grant", "--workspace", "acme", "--user", "zoe@partner.example", "--role", "admin", "--community", "acme")
	var named shownUser
	if p.json(&named, on("break-glass", "--on")...); !named.BreakGlass {
		p.t.Errorf("user break-glass answers %+v", named)
	}
	p.ok("workspace", "update", "acme", "--set", "require-sso=on")
	if p.json(&named, on("break-glass", "--off")...); named.BreakGlass { // nothing is verified: passwords count
		p.t.Errorf("user break-glass answers %+v", named)
	}
	p.ok("workspace", "update", "acme", "--set", "require-sso=off")
}

// signedIn gives a user an account and a session of it.
func (p *people) signedIn(email string) provisioning.SessionID {
	p.t.Helper()
	core := p.core()
	defer core.Close()
	ctx, ids := p.t.Context(), &provisioning.RandomIDs{}
	w, err := core.Service.FindWorkspace(ctx, "acme")
	if err != nil {
		p.t.Fatal(err)
	}
	u, err := core.Service.FindUser(ctx, w.ID, email)
	if err != nil {
		p.t.Fatal(err)
	}
	session := provisioning.SessionID(ids.New())
	err = core.Store.Update(ctx, func(tx *provisioning.Tx) error {
		now := tx.Now()
		a := provisioning.Account{ID: provisioning.AccountID(ids.New()), Email: email, Home: w.ID, PasswordHash: "none", CreatedAt: now, PasswordSetAt: now}
		if err := tx.Accounts.Create(ctx, a); err != nil {
			return err
		}
		u.Account = a.ID
		if err := tx.Users.Update(ctx, u); err != nil {
			return err
		}
		return tx.Sessions.Create(ctx, provisioning.Session{
			Workspace: w.ID, ID: session, User: u.ID, SecretHash: []byte("hash"), UserAgent: "test browser", Address: "192.0.2.7",
			CreatedAt: now, LastSeenAt: now, ExpiresAt: now.Add(time.Hour),
		})
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return session
}

// mails looks at an outbox in which a mail could not be sent.
func (p *people) mails() {
	p.t.Helper()
	of := p.giveUp("lost@partner.example")
	var all, dead []mailView
	p.json(&all, "mail", "list")
	p.json(&dead, "mail", "list", "--workspace", "acme", "--status", "dead")
	if len(all) != 2 || len(dead) != 1 || dead[0].ID != of["acme"] || dead[0].Workspace != "acme" || dead[0].Attempts != 9 || dead[0].Error != "nobody there" || !dead[0].NextAt.IsZero() {
		p.t.Errorf("mail list answers %+v, of acme %+v", all, dead)
	}
	if text := p.ok("mail", "list"); !strings.Contains(text, "lost@partner.example") || !strings.Contains(text, "nobody there") {
		p.t.Errorf("mail list prints %q", text)
	}
	for _, id := range of {
		var again ended
		if p.json(&again, "mail", "retry", string(id)); again.Result != "waiting" {
			p.t.Errorf("mail retry answers %+v", again)
		}
		p.fails(exitFailure, "cannot be sent again", "mail", "retry", string(id))
	}
	p.fails(exitFailure, "no mail", "mail", "retry", string(of[""]), "--workspace", "acme")
	p.fails(exitFailure, `no mail "nonsense"`, "mail", "retry", "nonsense")
	p.json(&dead, "mail", "list", "--status", "dead")
	p.json(&all, "mail", "list", "--status", "waiting")
	if len(dead) != 0 || len(all) != 2 || all[0].Attempts != 0 {
		p.t.Errorf("after all were sent again: dead %+v, waiting %+v", dead, all)
	}
}

// giveUp stores mails that could not be sent: one of acme and one about an
// account. It returns their ids by the slug of the workspace.
func (p *people) giveUp(to string) map[string]provisioning.DeliveryID {
	p.t.Helper()
	core := p.core()
	defer core.Close()
	ctx, ids := p.t.Context(), &provisioning.RandomIDs{}
	w, err := core.Service.FindWorkspace(ctx, "acme")
	if err != nil {
		p.t.Fatal(err)
	}
	of := map[string]provisioning.DeliveryID{"acme": provisioning.DeliveryID(ids.New()), "": provisioning.DeliveryID(ids.New())}
	err = core.Store.Update(ctx, func(tx *provisioning.Tx) error {
		d := provisioning.Delivery{
			To: to, Kind: provisioning.MailReset, Sealed: []byte("sealed"), State: provisioning.DeliveryDead, Attempts: 9, Error: "nobody there",
			CreatedAt: tx.Now(), NextAt: tx.Now(), SettledAt: tx.Now(), ExpiresAt: tx.Now().Add(time.Hour),
		}
		ours, others := d, d
		ours.ID, ours.Workspace, others.ID = of["acme"], w.ID, of[""]
		return tx.Deliveries.Add(ctx, []provisioning.Delivery{ours, others})
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return of
}

func (p *people) changeRoles() {
	p.t.Helper()
	in := []string{"--workspace", "acme"}
	var r roleView
	p.json(&r, append([]string{"role", "update", "reader", "--name", "Deep reader", "--permission", "members.read", "--permission", "roles.read"}, in...)...)
	if r.Slug != "reader" || r.Name != "Deep reader" || len(r.Permissions) != 2 || r.Description == "" {
		p.t.Errorf("role update answers %+v", r)
	}
	more := append([]string{"role", "update", "reader", "--permission", "members.invite"}, in...)
	p.fails(exitFailure, "(--confirm-administrative)", more...)
	p.ok(append(more, "--confirm-administrative")...)
	p.fails(exitFailure, "built-in", append([]string{"role", "update", "admin", "--name", "King"}, in...)...)
	p.fails(exitFailure, `no role "king"`, append([]string{"role", "update", "king", "--name", "Queen"}, in...)...)
	p.fails(exitFailure, "is in use: ", append([]string{"role", "delete", "reader", "--yes"}, in...)...)
	p.ok("role", "create", "--workspace", "acme", "--name", "Unused", "--description", "A role of the tests", "--permission", "roles.read")
	p.fails(exitUsage, "Add --yes", append([]string{"role", "delete", "unused"}, in...)...)
	var gone ended
	p.json(&gone, append([]string{"role", "delete", "unused", "--yes"}, in...)...)
	if gone.Result != "deleted" {
		p.t.Errorf("role delete answers %+v", gone)
	}
	p.fails(exitFailure, `no role "unused"`, append([]string{"role", "show", "unused"}, in...)...)
}

func (p *people) changeCommunities() {
	p.t.Helper()
	in := []string{"--workspace", "acme"}
	var changed communityView
	p.json(&changed, append([]string{"community", "update", "soc-lyon", "--description", "Days"}, in...)...)
	if changed.Slug != "soc-lyon" || changed.Name != "SOC Lyon" || changed.Description != "Days" {
		p.t.Errorf("community update answers %+v", changed)
	}
	var shown shownCommunity
	p.json(&shown, append([]string{"community", "show", "soc-lyon"}, in...)...)
	if shown.Invitations < provisioning.MaxAddresses || shown.Members != 0 {
		p.t.Errorf("community show answers %+v", shown)
	}
	p.fails(exitUsage, "open invitations. Add --yes", append([]string{"community", "delete", "soc-lyon"}, in...)...)
	p.fails(exitFailure, "root community", append([]string{"community", "delete", "acme", "--yes"}, in...)...)
	p.fails(exitFailure, `no community "annex"`, append([]string{"community", "delete", "annex", "--yes"}, in...)...)
	var gone ended
	p.json(&gone, append([]string{"community", "delete", "soc-lyon", "--yes"}, in...)...)
	if gone.ID != string(changed.ID) || gone.Result != "deleted" {
		p.t.Errorf("community delete answers %+v", gone)
	}
	var pending []invitationView
	p.json(&pending, append([]string{"invitation", "list", "--pending"}, in...)...)
	if len(pending) > 5 {
		p.t.Errorf("%d invitations are left, those into the deleted community among them", len(pending))
	}
	p.fails(exitFailure, "no user", "user", "show", "--workspace", "acme", "--user", "p5@many.example")
}

func (p *people) deleteWorkspace() {
	p.t.Helper()
	p.fails(exitUsage, "2 communities", "workspace", "delete", "solo")
	var gone ended
	r := p.run("workspace", "delete", "solo", "--yes", "--json")
	if err := json.Unmarshal([]byte(r.out), &gone); err != nil || r.code != exitSuccess || gone.Result != "deleted" {
		p.t.Errorf("workspace delete: %+v, %v", r, err)
	}
	p.fails(exitFailure, `no workspace "solo"`, "workspace", "show", "solo")
	p.ok("workspace", "show", "acme")
}

func TestProgressReplacesItsLine(t *testing.T) {
	t.Parallel()
	for done, want := range map[int]string{1: "\r1 of 21 addresses", 21: "\r21 of 21 addresses\n"} {
		if got := progressText(done, 21); got != want {
			t.Errorf("after %d: %q, want %q", done, got, want)
		}
	}
	sh := &shell{}
	if sh.inviteProgress(20) != nil {
		t.Error("twenty addresses need no progress")
	}
}
