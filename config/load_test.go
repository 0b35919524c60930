package config

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"log/slog"
	"maps"
	"net/mail"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

var (
	rawKey  = bytes.Repeat([]byte{0xfb}, 32)
	textKey = base64.StdEncoding.EncodeToString(rawKey)
)

// write makes a file in a directory of its own and returns its path.
func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func load(t *testing.T, s Sources) Config {
	t.Helper()
	c, err := Load(s)
	if err != nil {
		t.Fatalf("Load: %v", err)
	}
	return c
}

// wantFaults checks that the error has exactly one line for each of the wanted
// parts, in any order.
func wantFaults(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want %q", parts)
	}
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != len(parts) {
		t.Errorf("%d faults, want %d:\n%v", len(lines), len(parts), err)
	}
	for _, part := range parts {
		if !slices.ContainsFunc(lines, func(line string) bool { return strings.Contains(line, part) }) {
			t.Errorf("no fault has %q:\n%v", part, err)
		}
	}
}

func TestDefaultIsValidAndWhatLoadGives(t *testing.T) {
	t.Parallel()
	c := Default()
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	if got := load(t, Sources{}); !reflect.DeepEqual(got, c) {
		t.Errorf("Load of nothing is\n%v\nand not\n%v", got, c)
	}
	if c.Listen != "127.0.0.1:8080" || c.PublicURL.String() != "http://127.0.0.1:8080" || c.SCIMRate != 1000 ||
		c.DataDir != "./drawbridge-data" || c.SQLitePath() != "drawbridge-data/drawbridge.db" || c.Engine() != SQLite ||
		c.LogLevel != slog.LevelInfo || c.LogFormat != "" || c.AllowPrivateIssuers {
		t.Errorf("defaults:\n%v", c)
	}
}

func TestPrecedence(t *testing.T) {
	t.Parallel()
	file := write(t, "listen: 127.0.0.1:1\nscim_rate: 1\nlog_level: error\n")
	c := load(t, Sources{
		Flags:   map[string]string{"listen": "127.0.0.1:3", "scim_rate": ""},
		Environ: []string{"DRAWBRIDGE_LISTEN=127.0.0.1:2", "DRAWBRIDGE_SCIM_RATE=2", "DRAWBRIDGE_LOG_LEVEL=", "HOME=/"},
		File:    file,
	})
	if c.Listen != "127.0.0.1:3" || c.SCIMRate != 2 || c.LogLevel != slog.LevelError {
		t.Errorf("got listen %s, rate %d, level %s", c.Listen, c.SCIMRate, c.LogLevel)
	}
}

func TestEverySettingFromEverySource(t *testing.T) {
	t.Parallel()
	texts := map[string]string{
		"listen":                ":9000",
		"public_url":            "https://bridge.acme.example/sso",
		"cookie_domain":         "acme.example",
		"data_dir":              "/data",
		"database_url":          "postgres://u:p@db/bridge",
		"redis_url":             "rediss://:p@cache:6379/1",
		"smtp_url":              "smtps://u:p@mail.acme.example",
		"mail_from":             "Acme access <access@acme.example>",
		"secret_key":            textKey,
		"secret_key_previous":   base64.RawURLEncoding.EncodeToString(rawKey),
		"scim_rate":             "0",
		"trusted_proxies":       "10.0.0.0/8, 192.168.1.7",
		"log_level":             "debug",
		"log_format":            "json",
		"allow_private_issuers": "true",
	}
	var environ []string
	var yaml strings.Builder
	for key, text := range texts {
		environ = append(environ, "DRAWBRIDGE_"+strings.ToUpper(key)+"="+text)
		fmt.Fprintf(&yaml, "%s: %s\n", key, text)
	}
	quoted := strings.ReplaceAll(yaml.String(), ": :9000", ": ':9000'")
	for name, sources := range map[string]Sources{
		"flags": {Flags: texts}, "environment": {Environ: environ}, "file": {File: write(t, quoted)},
	} {
		c := load(t, sources)
		want := Config{
			Listen: ":9000", PublicURL: c.PublicURL, CookieDomain: "acme.example", DataDir: "/data",
			DatabaseURL: "postgres://u:p@db/bridge", RedisURL: "rediss://:p@cache:6379/1",
			SMTPURL: "smtps://u:p@mail.acme.example", MailFrom: mail.Address{Name: "Acme access", Address: "access@acme.example"},
			SecretKey: rawKey, SecretKeyPrevious: rawKey,
			TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("192.168.1.7/32")},
			LogLevel:       slog.LevelDebug, LogFormat: "json", AllowPrivateIssuers: true,
		}
		if !reflect.DeepEqual(c, want) || c.PublicURL.String() != texts["public_url"] || c.Engine() != PostgreSQL {
			t.Errorf("%s: got\n%v", name, c)
		}
	}
}

func TestEveryFaultAtOnce(t *testing.T) {
	t.Parallel()
	_, err := Load(Sources{
		Flags: map[string]string{"nonsense": "1", "listen": "nowhere"},
		Environ: []string{
			"DRAWBRIDGE_PUBLIC_ULR=https://x", "DRAWBRIDGE_smtp=1",
			"DRAWBRIDGE_PUBLIC_URL=http://bridge.example.com", "DRAWBRIDGE_DATABASE_URL=mysql://root:hunter2@db",
			"DRAWBRIDGE_REDIS_URL=http://:hunter2@x", "DRAWBRIDGE_SECRET_KEY=hunter2", "DRAWBRIDGE_SCIM_RATE=-1",
		},
		File: write(t, "log_level: loud\nmail: x\nlog_format: xml\ntrusted_proxies: [10.0.0.0/8, nobody]\nallow_private_issuers: maybe\ndata_dir: {a: b}\napi_url: y\n"),
	})
	wantFaults(t, err,
		`unknown setting "nonsense"`, `DRAWBRIDGE_LISTEN: "nowhere"`,
		"unknown environment variable DRAWBRIDGE_PUBLIC_ULR", "unknown environment variable DRAWBRIDGE_smtp",
		"DRAWBRIDGE_PUBLIC_URL: must begin with https://", "DRAWBRIDGE_DATABASE_URL: must begin with postgres://",
		"DRAWBRIDGE_REDIS_URL: must begin with redis://", "DRAWBRIDGE_SECRET_KEY: must be 32 bytes", "DRAWBRIDGE_SCIM_RATE: must be between",
		`DRAWBRIDGE_LOG_LEVEL: "loud"`, `:2: unknown key "mail"`, "DRAWBRIDGE_LOG_FORMAT: write", `DRAWBRIDGE_TRUSTED_PROXIES: "nobody"`,
		`DRAWBRIDGE_ALLOW_PRIVATE_ISSUERS: "maybe"`, ":6: data_dir must be a plain value", `:7: unknown key "api_url"`,
	)
	if strings.Contains(err.Error(), "hunter2") {
		t.Errorf("a secret is told:\n%v", err)
	}
}

func TestKubernetesServiceLinksAreNoSettings(t *testing.T) {
	t.Parallel()
	load(t, Sources{Environ: []string{
		"DRAWBRIDGE_SERVICE_HOST=10.0.0.1", "DRAWBRIDGE_SERVICE_PORT=80", "DRAWBRIDGE_SERVICE_PORT_HTTP=80",
		"DRAWBRIDGE_PORT=tcp://10.0.0.1:80", "DRAWBRIDGE_PORT_80_TCP=tcp://10.0.0.1:80", "DRAWBRIDGE_PORT_80_TCP_PROTO=tcp",
		"DRAWBRIDGE_PORT_80_TCP_PORT=80", "DRAWBRIDGE_PORT_80_TCP_ADDR=10.0.0.1", "DRAWBRIDGE_REDIS_SERVICE_HOST=10.0.0.2",
		"DRAWBRIDGE_REDIS_PORT=tcp://10.0.0.2:6379",
	}})
	_, err := Load(Sources{Environ: []string{"DRAWBRIDGE_PORT=8080"}})
	wantFaults(t, err, "unknown environment variable DRAWBRIDGE_PORT")
}

func TestSecretFromFile(t *testing.T) {
	t.Parallel()
	key := write(t, textKey+"\n")
	database := write(t, "postgres://u:p@db/bridge")
	for name, sources := range map[string]Sources{
		"flags":       {Flags: map[string]string{"secret_key_file": key, "database_url_file": database}},
		"environment": {Environ: []string{"DRAWBRIDGE_SECRET_KEY_FILE=" + key, "DRAWBRIDGE_DATABASE_URL_FILE=" + database}},
		"file":        {File: write(t, "secret_key_file: "+key+"\ndatabase_url_file: "+database)},
	} {
		if c := load(t, sources); !bytes.Equal(c.SecretKey, rawKey) || c.Engine() != PostgreSQL {
			t.Errorf("%s: not read", name)
		}
	}
}

func TestSecretFileFaults(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		environ []string
		want    string
	}{
		"both":             {[]string{"DRAWBRIDGE_SECRET_KEY=" + textKey, "DRAWBRIDGE_SECRET_KEY_FILE=" + write(t, textKey)}, "DRAWBRIDGE_SECRET_KEY: is given both"},
		"missing":          {[]string{"DRAWBRIDGE_SECRET_KEY_FILE=/nonexistent/key"}, "DRAWBRIDGE_SECRET_KEY_FILE: open /nonexistent/key"},
		"a directory":      {[]string{"DRAWBRIDGE_SECRET_KEY_FILE=" + t.TempDir()}, "DRAWBRIDGE_SECRET_KEY_FILE: read"},
		"empty":            {[]string{"DRAWBRIDGE_SECRET_KEY_FILE=" + write(t, "\n")}, "DRAWBRIDGE_SECRET_KEY_FILE: the file"},
		"too long":         {[]string{"DRAWBRIDGE_SECRET_KEY_FILE=" + write(t, strings.Repeat("x", maxFile+1))}, "longer than"},
		"no key":           {[]string{"DRAWBRIDGE_SECRET_KEY_FILE=" + write(t, "short")}, "DRAWBRIDGE_SECRET_KEY: must be 32 bytes"},
		"not for this one": {[]string{"DRAWBRIDGE_LISTEN_FILE=/x"}, "unknown environment variable DRAWBRIDGE_LISTEN_FILE"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Load(Sources{Environ: test.environ})
			wantFaults(t, err, test.want)
		})
	}
	t.Run("both, from two sources", func(t *testing.T) {
		t.Parallel()
		_, err := Load(Sources{
			Environ: []string{"DRAWBRIDGE_SECRET_KEY=" + textKey},
			File:    write(t, "secret_key_file: "+write(t, textKey)),
		})
		wantFaults(t, err, "DRAWBRIDGE_SECRET_KEY: is given both")
	})
}

func TestFileShapes(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ yaml, fault string }{
		"empty":           {"", ""},
		"comment alone":   {"# nothing\n", ""},
		"start marker":    {"---\nlisten: 127.0.0.1:1\n", ""},
		"null":            {"public_url:\n", ""},
		"quoted":          {`listen: "127.0.0.1:1"`, ""},
		"block":           {"secret_key: |\n  " + textKey + "\n", ""},
		"list":            {"trusted_proxies:\n  - 10.0.0.0/8\n  - ::1\n", ""},
		"a list":          {"- listen\n", "must be one YAML mapping"},
		"a word":          {"listen\n", "must be one YAML mapping"},
		"two documents":   {"listen: 127.0.0.1:1\n---\nlisten: 127.0.0.1:2\n", "must be one YAML mapping"},
		"a key twice":     {"listen: 127.0.0.1:1\nlisten: 127.0.0.1:2\n", "line 2 is not valid YAML"},
		"broken":          {"listen: [\n", "not valid YAML"},
		"list of lists":   {"trusted_proxies: [[10.0.0.0/8]]\n", ":1: trusted_proxies must be a plain value"},
		"kebab case":      {"public-url: https://x.example\n", `:1: unknown key "public-url"`},
		"anchor":          {"listen: &a 127.0.0.1:1\n", ":1: listen must be a plain value"},
		"merge":           {"<<: {listen: 127.0.0.1:1}\n", `:1: unknown key "<<"`},
		"file of no file": {"listen_file: x\n", `:1: unknown key "listen_file"`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Load(Sources{File: write(t, test.yaml)})
			if test.fault == "" && err != nil {
				t.Fatal(err)
			}
			if test.fault != "" {
				wantFaults(t, err, test.fault)
			}
		})
	}
	_, err := Load(Sources{File: "/nonexistent/drawbridge.yaml"})
	wantFaults(t, err, "configuration file: open /nonexistent/drawbridge.yaml")
}

func TestSyntaxErrorTellsNoSecret(t *testing.T) {
	t.Parallel()
	_, err := Load(Sources{File: write(t, "secret_key: \"hunter2\n  redis_url: : [hunter3\n")})
	if err == nil || strings.Contains(err.Error(), "hunter") {
		t.Errorf("got %v", err)
	}
}

func TestFlagsNameEverySetting(t *testing.T) {
	t.Parallel()
	flags := map[string]Flag{}
	for _, f := range Flags() {
		flags[f.Key] = f
		if f.Help == "" || f.Env != "DRAWBRIDGE_"+strings.ToUpper(f.Key) || f.Name != strings.ReplaceAll(f.Key, "_", "-") || !known(f.Key) {
			t.Errorf("%+v", f)
		}
	}
	redacted := Default().Redacted()
	for key := range redacted {
		if _, ok := flags[key]; !ok {
			t.Errorf("%s has no flag", key)
		}
	}
	for _, key := range []string{"database_url", "redis_url", "smtp_url", "secret_key", "secret_key_previous"} {
		if file, ok := flags[key+"_file"]; !ok || file.Secret || !flags[key].Secret {
			t.Errorf("%s is no secret that may come from a file", key)
		}
	}
	if len(flags) != len(redacted)+5 || len(settings) != len(redacted) {
		t.Errorf("%d flags for %d settings: %q", len(flags), len(redacted), slices.Sorted(maps.Keys(flags)))
	}
	if f := flags["public_url"]; f.Name != "public-url" || f.Env != "DRAWBRIDGE_PUBLIC_URL" {
		t.Errorf("%+v", f)
	}
	if !flags["allow_private_issuers"].Bool || flags["scim_rate"].Default != "1000" {
		t.Error("allow_private_issuers is no switch, or scim_rate has no default")
	}
}

func TestRule25_ConfigPrintsWithoutItsSecrets(t *testing.T) {
	t.Parallel()
	c := load(t, Sources{Flags: map[string]string{
		"database_url": "postgres://hunter1:hunter2@db:5432/bridge?password=hunter3&sslmode=require",
		"redis_url":    "redis://:hunter4@cache:6379/1?sentinel_password=hunter5",
		"smtp_url":     "smtp://hunter6:hunter7@mail:587", "mail_from": "Acme <access@acme.example>",
		"secret_key": textKey, "secret_key_previous": textKey,
		"trusted_proxies": "10.1.2.3/8,::1",
	}})
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("start", "config", c)
	printed := log.String() + fmt.Sprintf("%v %+v %#v %s %v", c, c, c, c, c.Redacted())
	for _, secret := range []string{"hunter", textKey, string(rawKey), fmt.Sprintf("%v", rawKey)} {
		if strings.Contains(printed, secret) {
			t.Errorf("%s is printed:\n%s", secret, printed)
		}
	}
	r := c.Redacted()
	for key, want := range map[string]string{
		"public_url": "http://127.0.0.1:8080", "trusted_proxies": "10.0.0.0/8,::1/128", "scim_rate": "1000",
		"smtp_url": "smtp://mail:587", "mail_from": `"Acme" <access@acme.example>`,
	} {
		if r[key] != want {
			t.Errorf("%s is shown as %q", key, r[key])
		}
	}
	if r["database_url"] != "postgres://db:5432/bridge" || r["redis_url"] != "redis://cache:6379/1" || r["secret_key"] != "(set)" {
		t.Errorf("redacted: %v", r)
	}
}
