package main

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"

	_ "modernc.org/sqlite"

	"drawbridge/config"
)

const otherKey = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="

func TestWrongUsage(t *testing.T) {
	t.Parallel()
	i := newInstallation(t)
	empty := i.file("empty", "\n")
	secret := i.file("secret", "s3cret")
	tests := map[string]struct {
		say  string
		args []string
	}{
		"no command":                {"drawbridge --help", nil},
		"an unknown command":        {"unexpected argument", []string{"frobnicate"}},
		"half a command":            {"drawbridge directory token --help", []string{"directory", "token"}},
		"an unknown flag":           {"--bogus", []string{"workspace", "list", "--bogus"}},
		"missing flags":             {"--admin-email", []string{"workspace", "create", "--name", "Acme"}},
		"a missing argument":        {"<workspace>", []string{"workspace", "show"}},
		"too many arguments":        {"unexpected argument", []string{"version", "1"}},
		"no length of time":         {"90d or 12h", []string{"directory", "token", "create", "--directory", "Okta", "--expires", "soon"}},
		"neither on nor off":        {"neither on nor off", []string{"directory", "update", "Okta", "--set", "bare-token=maybe"}},
		"a directory unchanged":     {"nothing to change", []string{"directory", "update", "Okta"}},
		"a connection unchanged":    {"nothing to change", []string{"connection", "update", "Okta"}},
		"a workspace unchanged":     {"nothing to change", []string{"workspace", "update", "acme"}},
		"a workspace without name":  {"--name is empty", []string{"workspace", "update", "acme", "--name", ""}},
		"a community unchanged":     {"nothing to change", []string{"community", "update", "soc-paris", "--workspace", "acme"}},
		"a role unchanged":          {"nothing to change", []string{"role", "update", "hunter", "--workspace", "acme"}},
		"nobody to invite":          {"--email or --file", []string{"invitation", "create", "--workspace", "acme", "--to", "soc-paris=guest"}},
		"an invitation to nothing":  {"--to", []string{"invitation", "create", "--workspace", "acme", "--email", "ada@acme.example"}},
		"half a place":              {"write soc-paris=analyst", []string{"invitation", "create", "--workspace", "acme", "--email", "ada@acme.example", "--to", "soc-paris"}},
		"no way a mail stands":      {"--status", []string{"mail", "list", "--status", "lost"}},
		"neither on nor off glass":  {"--on", []string{"user", "break-glass", "--workspace", "acme", "--user", "ada@acme.example"}},
		"a missing secret file":     {"--client-secret-file", []string{"connection", "create", "--workspace", "acme", "--name", "Okta", "--issuer", "https://x.example", "--client-id", "x", "--client-secret-file", "absent"}},
		"an empty secret file":      {"is empty", []string{"connection", "create", "--workspace", "acme", "--name", "Okta", "--issuer", "https://x.example", "--client-id", "x", "--client-secret-file", empty}},
		"a secret as a flag":        {"--client-secret", []string{"connection", "create", "--workspace", "acme", "--name", "Okta", "--issuer", "https://x.example", "--client-id", "x", "--client-secret", "s3cret"}},
		"no token to simulate with": {"--scim-token", []string{"simulate", "okta", "--scim-url", "http://127.0.0.1:1"}},
		"two tokens":                {"--scim-token", []string{"simulate", "okta", "--scim-url", "http://127.0.0.1:1", "--scim-token", "x", "--scim-token-file", secret}},
		"too few to simulate":       {"--users", []string{"simulate", "okta", "--scim-url", "http://127.0.0.1:1", "--scim-token", "x", "--users", "1"}},
		"an unknown application":    {"--app", []string{"simulate", "okta", "--scim-url", "http://127.0.0.1:1", "--scim-token", "x", "--app", "saml"}},
		"a mistyped address":        {"write HOST:PORT", []string{"serve", "--listen", "127.0.0.1:80x"}},
		"a mistyped demo":           {"write HOST:PORT", []string{"demo", "--listen", "9000"}},
		"a missing file":            {"configuration file", []string{"workspace", "list", "--config", "absent.yaml"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := i
			i.t = t
			i.fails(exitUsage, test.say, test.args...)
			i.fails(exitUsage, test.say, append(test.args, "--json")...)
		})
	}
}

func TestDestructionNeedsConsent(t *testing.T) {
	t.Parallel()
	i := newInstallation(t)
	for _, command := range []string{
		"directory delete Okta",
		"directory token revoke x",
		"connection disable Okta",
		"domain release --workspace acme --domain acme.example",
		"mapping delete x",
		"user remove --workspace acme --user ada@acme.example",
		"invitation cancel x",
	} {
		i.fails(exitUsage, "Add --yes", strings.Fields(command)...)
		i.fails(exitFailure, "here is no", append(strings.Fields(command), "--yes")...)
	}
}

func TestHelpAnnouncesWhatThereIs(t *testing.T) {
	t.Parallel()
	i := newInstallation(t)
	help := i.ok("--help")
	for _, flag := range config.Flags() {
		if !strings.Contains(help, "--"+flag.Name) {
			t.Errorf("no flag for the setting %s", flag.Key)
		}
	}
	for _, later := range []string{"key rotate", "backup", "restore", "bench", "erase", "directory log", "domain verify", "export"} {
		if strings.Contains(help, later) {
			t.Errorf("the help announces %q", later)
		}
	}
}

func TestSettingsCloserToThePersonWin(t *testing.T) {
	t.Parallel()
	i := newInstallation(t)
	file := i.file("settings.yaml", "public_url: https://file.example\nlisten: :8080\n")
	baseURL := func(i installation, args ...string) string {
		var made createdWorkspace
		i.json(&made, append([]string{"workspace", "create", "--name", "Acme", "--admin-email", "ada@acme.example", "--config", file}, args...)...)
		base, _, _ := strings.Cut(made.Invitation.URL, "/invitation?token=dbinv_")
		return base
	}
	if got := baseURL(i); got != "https://file.example" {
		t.Errorf("by file: %s", got)
	}
	env := i.with("DRAWBRIDGE_PUBLIC_URL=https://env.example/bridge")
	if got := baseURL(env); got != "https://env.example/bridge" {
		t.Errorf("by environment and file: %s", got)
	}
	if got := baseURL(env, "--public-url", "https://flag.example"); got != "https://flag.example" {
		t.Errorf("by flag, environment and file: %s", got)
	}
}

func TestSettingsAreRefused(t *testing.T) {
	t.Parallel()
	i := newInstallation(t)
	file := i.file("settings.yaml", "listen: 127.0.0.1:8080\npublick_url: https://x.example\n")
	i.fails(exitUsage, `settings.yaml:2: unknown key "publick_url"`, "workspace", "list", "--config", file)
	i.with("DRAWBRIDGE_LISTN=:1").fails(exitUsage, "DRAWBRIDGE_LISTN", "serve")
	i.with("DRAWBRIDGE_CONFIG="+file).fails(exitUsage, "DRAWBRIDGE_CONFIG", "workspace", "list")
	i.fails(exitUsage, "DRAWBRIDGE_SECRET_KEY", "workspace", "list", "--database-url", "postgres://127.0.0.1:1/x")

	r := i.with("DRAWBRIDGE_SCIM_RATE=many").run("serve", "--listen", "x")
	if r.code != exitUsage || strings.Count(r.errs, "\n") != 2 || strings.Count(r.errs, "drawbridge: DRAWBRIDGE_") != 2 {
		t.Errorf("two faults: exit code %d, %q", r.code, r.errs)
	}
}

func TestAWrongSecretKeyIsRefusedAtStart(t *testing.T) {
	t.Parallel()
	listen, _ := onFreePort(t)
	i := newInstallation(t, listen)
	i.ok("workspace", "create", "--name", "Acme", "--admin-email", "ada@acme.example")
	wrong := i.with("DRAWBRIDGE_SECRET_KEY=" + otherKey)
	wrong.fails(exitFailure, "the secret key is not the one", "serve")
	wrong.fails(exitFailure, "the secret key is not the one", "workspace", "list")
	if r := wrong.run("doctor"); r.code != exitFailure || !strings.Contains(r.out, "the secret key is not the one") {
		t.Errorf("doctor exits with %d and prints %q", r.code, r.out)
	}
	if file := i.file("key", otherKey); strings.Contains(i.run("serve", "--secret-key-file", file).errs, otherKey) {
		t.Error("the key is printed")
	}
}

func TestMigrate(t *testing.T) {
	t.Parallel()
	i := newInstallation(t)
	var before, after, again schemaView
	i.json(&before, "migrate", "status")
	i.json(&after, "migrate", "up")
	i.json(&again, "migrate", "status")
	if before.Version != 0 || before.Pending == 0 {
		t.Errorf("before: %+v", before)
	}
	if after.Version == 0 || after.Pending != 0 || after != again {
		t.Errorf("after: %+v, then %+v", after, again)
	}

	change := func(statement string) {
		db, err := sql.Open("sqlite", filepath.Join(i.dir, "data", "drawbridge.db"))
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	change("INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, true)")
	i.fails(exitFailure, "newer version", "workspace", "list")
	i.fails(exitFailure, "newer version", "migrate", "up")
	i.fails(exitFailure, "newer version", "serve")
}

func TestVersion(t *testing.T) {
	t.Parallel()
	var v versionView
	newInstallation(t, "DRAWBRIDGE_NONSENSE=1").json(&v, "version")
	if v.Version == "" || !strings.HasPrefix(v.Go, "go1.") {
		t.Errorf("version answers %+v", v)
	}
}

func TestPrintableStopsWhatSteersATerminal(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Zoë O’Neil":         "Zoë O’Neil",
		"\x1b[2Jgone":        "\uFFFD[2Jgone",
		"two\nlines\tand":    "two\uFFFDlines\uFFFDand",
		"right\u202eto left": "right\uFFFDto left",
	} {
		if got := printable(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}

func TestDialable(t *testing.T) {
	t.Parallel()
	for listen, want := range map[string]string{
		":8080":            "127.0.0.1:8080",
		"0.0.0.0:8080":     "127.0.0.1:8080",
		"[::]:8080":        "[::1]:8080",
		"10.1.2.3:80":      "10.1.2.3:80",
		"localhost:80":     "localhost:80",
		"[2001:db8::1]:80": "[2001:db8::1]:80",
	} {
		if got := dialable(listen); got != want {
			t.Errorf("%s is reached at %s, want %s", listen, got, want)
		}
	}
}
