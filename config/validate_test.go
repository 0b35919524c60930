package config

import (
	"encoding/base64"
	"net/url"
	"path"
	"strings"
	"testing"
)

func TestPublicURL(t *testing.T) {
	t.Parallel()
	tests := []struct{ text, want, fault string }{
		{"https://bridge.example.com", "https://bridge.example.com", ""},
		{"https://bridge.example.com/", "https://bridge.example.com", ""},
		{"https://Bridge.Example.COM:443/Sub", "https://bridge.example.com/Sub", ""},
		{"https://bridge.example.com:8443/a/b-c_d.e~f/", "https://bridge.example.com:8443/a/b-c_d.e~f", ""},
		{"https://10.0.0.1", "https://10.0.0.1", ""},
		{"https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443", ""},
		{"http://localhost:8080", "http://localhost:8080", ""},
		{"http://bridge.localhost", "http://bridge.localhost", ""},
		{"http://127.0.0.1:80/x", "http://127.0.0.1/x", ""},
		{"http://[::1]:8080", "http://[::1]:8080", ""},
		{"http://bridge.example.com", "", "must begin with https://"},
		{"http://10.0.0.1", "", "must begin with https://"},
		{"http://localhost.example.com", "", "must begin with https://"},
		{"https://my_bridge.example.com", "", "underscore"},
		{"https://bridge.example.com?x=1", "", "query"},
		{"https://bridge.example.com?", "", "query"},
		{"https://bridge.example.com#top", "", "query or fragment"},
		{"https://me:pw@bridge.example.com", "", "user or password"},
		{"https://bridge.example.com//", "", "path"},
		{"https://bridge.example.com/a//b", "", "path"},
		{"https://bridge.example.com/a/../b", "", "path"},
		{"https://bridge.example.com/a%2Fb", "", "path"},
		{"https://bridge.example.com/a b", "", "path"},
		{"https://bridge.example.com/é", "", "path"},
		{"https://bridge.example.com:0", "", "is not a host"},
		{"https://bridge.example.com:99999", "", "is not a host"},
		{"https://bridge.example.com:", "", "is not a host"},
		{"https://-bridge.example.com", "", "is not a host"},
		{"https://bridge..example.com", "", "is not a host"},
		{"https://brücke.example", "", "is not a host"},
		{"https://[fe80::1%25eth0]", "", "is not a host"},
		{"https://", "", "must be an https URL"},
		{"https:bridge.example.com", "", "must be an https URL"},
		{"bridge.example.com", "", "must be an https URL"},
		{"ftp://bridge.example.com", "", "must be an https URL"},
		{"https://bridge.example.com:x", "", "is not a URL"},
		{"https://a\nb", "", "is not a URL"},
	}
	for _, test := range tests {
		t.Run(test.text, func(t *testing.T) {
			t.Parallel()
			c, err := Load(Sources{Flags: map[string]string{"public_url": test.text}})
			if test.fault != "" {
				wantFaults(t, err, test.fault)
				wantFaults(t, err, "DRAWBRIDGE_PUBLIC_URL: ")
				return
			}
			if err != nil || c.PublicURL.String() != test.want {
				t.Errorf("got %v, %v", c.PublicURL, err)
			}
		})
	}
}

func TestPublicURLDerivedFromListen(t *testing.T) {
	t.Parallel()
	tests := []struct{ listen, want, fault string }{
		{"127.0.0.1:9000", "http://127.0.0.1:9000", ""},
		{"localhost:9000", "http://localhost:9000", ""},
		{"[::1]:80", "http://[::1]", ""},
		{":8080", "", "is required"},
		{"0.0.0.0:8080", "", "is required"},
		{"[::]:8080", "", "is required"},
		{"127.0.0.1:0", "", "is required"},
		{"10.0.0.1:8080", "", "must begin with https://"},
		{"bridge.example.com:8080", "", "must begin with https://"},
	}
	for _, test := range tests {
		t.Run(test.listen, func(t *testing.T) {
			t.Parallel()
			c, err := Load(Sources{Flags: map[string]string{"listen": test.listen}})
			if test.fault != "" {
				wantFaults(t, err, "DRAWBRIDGE_PUBLIC_URL: "+test.fault)
				return
			}
			if err != nil || c.PublicURL.String() != test.want {
				t.Errorf("got %v, %v", c.PublicURL, err)
			}
		})
	}
}

func TestValidateTakesNothingForGranted(t *testing.T) {
	t.Parallel()
	wantFaults(t, Config{SecretKey: []byte("short"), SecretKeyPrevious: []byte("short"), SCIMRate: 2_000_000}.Validate(),
		"DRAWBRIDGE_LISTEN", "DRAWBRIDGE_PUBLIC_URL", "DRAWBRIDGE_DATA_DIR",
		"DRAWBRIDGE_SECRET_KEY:", "DRAWBRIDGE_SECRET_KEY_PREVIOUS", "DRAWBRIDGE_SCIM_RATE")
	c := Default()
	c.PublicURL = &url.URL{Scheme: "https", Host: "bridge.example.com", Path: "/"}
	wantFaults(t, c.Validate(), "DRAWBRIDGE_PUBLIC_URL: the path")
}

func TestCookieDomain(t *testing.T) {
	t.Parallel()
	for domain, ok := range map[string]bool{
		"example.com": true, ".example.com": true, "bridge.example.com": true, "Example.com": true,
		"com": false, "ample.com": false, "other.com": false, "a.bridge.example.com": false, "example.com.": false,
	} {
		_, err := Load(Sources{Flags: map[string]string{"public_url": "https://bridge.example.com", "cookie_domain": domain}})
		if (err == nil) != ok {
			t.Errorf("%s: %v", domain, err)
		}
	}
	_, err := Load(Sources{Flags: map[string]string{"public_url": "https://10.0.0.1", "cookie_domain": "0.0.1"}})
	wantFaults(t, err, "DRAWBRIDGE_COOKIE_DOMAIN")
}

func TestDatabaseURL(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"sqlite:bridge.db":             "",
		"sqlite:/data/bridge.db":       "",
		"postgresql://u:p@h/n":         "",
		"postgres:///n?host=/run":      "",
		"sqlite:":                      "must name a file",
		"sqlite::memory:":              "must name a file",
		"sqlite:///data/bridge.db":     "must have no //",
		"sqlite:bridge.db?mode=memory": "must name a file alone: remove ? and #",
		"bridge.db":                    "must begin with",
		"file:bridge.db":               "must begin with",
		"postgres://u:p%ss@h:port/n":   "is not a valid URL",
	}
	for text, fault := range tests {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			_, err := Load(Sources{Flags: map[string]string{"database_url": text, "secret_key": textKey}})
			if fault == "" && err != nil {
				t.Fatal(err)
			}
			if fault != "" {
				wantFaults(t, err, "DRAWBRIDGE_DATABASE_URL: "+fault)
			}
		})
	}
}

func TestSQLitePath(t *testing.T) {
	t.Parallel()
	c := load(t, Sources{Flags: map[string]string{"data_dir": "/data"}})
	if got := c.SQLitePath(); got != "/data/drawbridge.db" {
		t.Errorf("default: %s", got)
	}
	c = load(t, Sources{Flags: map[string]string{"data_dir": "/data", "database_url": "sqlite:other.db"}})
	if got := c.SQLitePath(); got != "other.db" {
		t.Errorf("given: %s", got)
	}
}

func TestRedisURL(t *testing.T) {
	t.Parallel()
	for text, ok := range map[string]bool{
		"redis://h": true, "rediss://u:p@h:6379/2": true, "redis://h:1?addr=h:2&addr=h:3": true,
		"redis://h:1?master_name=m&addr=h:2": true, "unix:///run/redis.sock": true,
		"redis://": false, "http://h": false, "h:6379": false, "redis://h:x": false, "unix://": false,
	} {
		_, err := Load(Sources{Flags: map[string]string{"redis_url": text}})
		if (err == nil) != ok {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestSMTPURL(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"smtp://mail.acme.example":                  "",
		"smtp://mail.acme.example:587/":             "",
		"smtps://user:p%40ss%2Fword@mail.example":   "",
		"smtp://user%40acme.example:p@127.0.0.1:25": "",
		"smtp://[::1]:2525":                         "",
		"smtp://Mail.Acme.Example":                  "",
		"http://mail":                               "must begin with smtp://",
		"mail.acme.example:587":                     "must begin with smtp://",
		"smtp://":                                   "must name a host",
		"smtp://:587":                               "must name a host",
		"smtp://mail:0":                             "must name a host",
		"smtp://mail:":                              "must name a host",
		"smtp://mail_1":                             "must name a host",
		"smtp://mail:99999":                         "must name a host",
		"smtp://hunter2@mail":                       "must have both a user and a password",
		"smtp://:hunter2@mail":                      "must have both a user and a password",
		"smtp://hunter2:@mail":                      "must have both a user and a password",
		"smtp://user:hunter2%00@mail":               "must have both a user and a password",
		"smtp://user:hunter2/x@mail":                "is not a valid URL",
		"smtp://user:hunter2%zz@mail":               "is not a valid URL",
		"smtp://mail/hunter2":                       "must end behind the host",
		"smtp://mail?password=hunter2":              "must end behind the host",
		"smtp://mail?":                              "must end behind the host",
		"smtp://mail#hunter2":                       "must end behind the host",
		"smtp://mail\r\nRCPT TO:<eve@acme.example>": "is not a valid URL",
	}
	for text, fault := range tests {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			c, err := Load(Sources{Flags: map[string]string{"smtp_url": text, "mail_from": "a@acme.example"}})
			if fault == "" {
				if err != nil || c.SMTPURL != text || !c.MailOut() {
					t.Errorf("%q, %v", c.SMTPURL, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), "DRAWBRIDGE_SMTP_URL: "+fault) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestMailFrom(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ name, address, fault string }{
		"a@acme.example":                     {"", "a@acme.example", ""},
		"Acme access <a@acme.example>":       {"Acme access", "a@acme.example", ""},
		`"Acme, Inc." <a@acme.example>`:      {"Acme, Inc.", "a@acme.example", ""},
		"Zoë <a@acme.example>":               {"Zoë", "a@acme.example", ""},
		"a@acme.example, b@acme.example":     {fault: "is not a sender"},
		"acme":                               {fault: "is not a sender"},
		"<>":                                 {fault: "is not a sender"},
		"a@bücher.example":                   {fault: "is not a sender"},
		"A <a@acme.example>\r\nBcc: e@x.y":   {fault: "is not a sender"},
		"=?utf-8?q?a=0Db?= <a@acme.example>": {fault: "is not a sender"},
	}
	for text, test := range tests {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			c, err := Load(Sources{Flags: map[string]string{"smtp_url": "smtp://mail", "mail_from": text}})
			if test.fault != "" {
				wantFaults(t, err, "DRAWBRIDGE_MAIL_FROM: ")
				wantFaults(t, err, test.fault)
				return
			}
			if err != nil || c.MailFrom.Name != test.name || c.MailFrom.Address != test.address {
				t.Errorf("%+v, %v", c.MailFrom, err)
			}
		})
	}
}

func TestMailNeedsServerAndSender(t *testing.T) {
	t.Parallel()
	_, err := Load(Sources{Flags: map[string]string{"smtp_url": "smtp://mail"}})
	wantFaults(t, err, "DRAWBRIDGE_MAIL_FROM: is required")
	_, err = Load(Sources{Flags: map[string]string{"mail_from": "a@acme.example"}})
	wantFaults(t, err, "DRAWBRIDGE_SMTP_URL: is missing")
	if Default().MailOut() {
		t.Error("mail goes out by default")
	}
}

func TestSecretKey(t *testing.T) {
	t.Parallel()
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
		c := load(t, Sources{Flags: map[string]string{"secret_key": encoding.EncodeToString(rawKey)}})
		if string(c.SecretKey) != string(rawKey) {
			t.Errorf("%q is read as %x", encoding.EncodeToString(rawKey), c.SecretKey)
		}
	}
	for _, text := range []string{
		"x", textKey[:40], textKey + "=", "=" + textKey[1:], textKey[:42] + "!=", textKey[:20] + "\n" + textKey[21:],
		base64.StdEncoding.EncodeToString(rawKey[:31]), base64.StdEncoding.EncodeToString(append(rawKey, 0)),
		strings.Repeat("a", 64),
	} {
		_, err := Load(Sources{Flags: map[string]string{"secret_key": text}})
		wantFaults(t, err, "DRAWBRIDGE_SECRET_KEY: must be 32 bytes")
	}
}

func TestPostgreSQLNeedsASecretKey(t *testing.T) {
	t.Parallel()
	_, err := Load(Sources{Flags: map[string]string{"database_url": "postgres://db/bridge"}})
	wantFaults(t, err, "DRAWBRIDGE_SECRET_KEY: is required with PostgreSQL")
}

func TestSCIMRate(t *testing.T) {
	t.Parallel()
	for text, ok := range map[string]bool{"0": true, "1": true, "1000000": true, "1000001": false, "-1": false, "many": false, "1e3": false} {
		_, err := Load(Sources{Flags: map[string]string{"scim_rate": text}})
		if (err == nil) != ok {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func FuzzPublicURL(f *testing.F) {
	for _, text := range []string{"https://bridge.example.com/a/", "http://[::1]:80", "https://a_b", "https://x:443//", "https://x/%2e%2e"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var c Config
		if parsePublicURL(&c, text) != nil || publicURLFault(c.PublicURL) != "" {
			return
		}
		again, err := url.Parse(c.PublicURL.String())
		if err != nil || *again != *c.PublicURL {
			t.Fatalf("%q is accepted as %q, which reads otherwise: %v", text, c.PublicURL, err)
		}
		u := c.PublicURL
		if u.Scheme != "https" && !loopbackHost(u.Hostname()) || strings.Contains(u.Host, "_") ||
			strings.HasSuffix(u.Path, "/") || u.Path != "" && path.Clean(u.Path) != u.Path || u.RawQuery+u.Fragment != "" || u.User != nil {
			t.Fatalf("%q is accepted as %q", text, u)
		}
	})
}

func FuzzDatabaseURL(f *testing.F) {
	for _, text := range []string{"sqlite:a.db", "sqlite:///a", "postgres://u:p@h/n", "postgres://%zz"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c := Default()
		if parseDatabaseURL(&c, text) != nil {
			return
		}
		if c.Engine() == SQLite && (c.SQLitePath() == "" || strings.Contains(c.SQLitePath(), "?")) {
			t.Fatalf("%q gives the path %q", text, c.SQLitePath())
		}
		if c.Engine() == PostgreSQL && !strings.Contains(text, "://") {
			t.Fatalf("%q is taken for PostgreSQL", text)
		}
		_ = c.Redacted()
	})
}

func FuzzFile(f *testing.F) {
	for _, text := range []string{"listen: x\n", "- a", "a: &x [*x]", "secret_key: |\n  x\n---\n", "? a\n: b", "<<: *x", "\"\": 1"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 4096 {
			return
		}
		values, _ := parseFile("f", text)
		for key := range values {
			if !known(key) {
				t.Fatalf("key %q", key)
			}
		}
	})
}
