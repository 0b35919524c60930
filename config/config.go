package config

import (
	"fmt"
	"log/slog"
	"net/mail"
	"net/netip"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
)

// Engine is a kind of database.
type Engine string

// The two engines.
const (
	SQLite     Engine = "sqlite"
	PostgreSQL Engine = "postgres"
)

// Config is all settings, read and typed. Make one with Default or Load.
type Config struct {
	// Listen is the address to serve on, as net.Listen takes it.
	Listen string
	// PublicURL is the base of every URL given out. Its path has no slash at its end.
	PublicURL *url.URL
	// CookieDomain is empty, or a domain that this host belongs to.
	CookieDomain string
	// DataDir holds the embedded database and the secret key.
	DataDir string
	// DatabaseURL is postgres://…, postgresql://… or sqlite:PATH; if empty, SQLite
	// in DataDir. It may hold a password.
	DatabaseURL string
	// RedisURL is empty for in-process. It may hold a password.
	RedisURL string
	// SMTPURL is empty where no mail goes out. It may hold a password.
	SMTPURL string
	// MailFrom is the sender of mails, with or without a name; with SMTPURL alone.
	MailFrom mail.Address
	// SecretKey is 32 bytes, or none until EnsureSecretKey.
	SecretKey []byte
	// SecretKeyPrevious is 32 bytes or none.
	SecretKeyPrevious []byte
	// SCIMRate is requests a second, and burst, for each directory; 0 is no limit.
	SCIMRate int
	// TrustedProxies are the networks whose X-Forwarded headers are believed.
	TrustedProxies []netip.Prefix
	// LogLevel is the lowest level that is written.
	LogLevel slog.Level
	// LogFormat is "text" or "json"; empty for text on a terminal, else json.
	LogFormat string
	// AllowPrivateIssuers lets issuers be loopback or private addresses.
	AllowPrivateIssuers bool
}

// Default returns the settings of a program that was told nothing. They are valid.
func Default() Config {
	var c Config
	for _, s := range settings {
		if s.initial != "" {
			if err := s.parse(&c, s.initial); err != nil {
				panic(fmt.Sprintf("default of %s: %v", s.key, err))
			}
		}
	}
	c.derivePublicURL()
	return c
}

// derivePublicURL makes the public URL of the listen address when that names a
// host and a port that is known beforehand. It reports whether it could.
func (c *Config) derivePublicURL() bool {
	host, port, ok := splitListen(c.Listen)
	if ip, err := netip.ParseAddr(host); !ok || host == "" || port == 0 || err == nil && ip.IsUnspecified() {
		return false
	}
	c.PublicURL = normalURL(&url.URL{Scheme: "http", Host: c.Listen})
	return true
}

// Engine tells which kind of database is configured.
func (c Config) Engine() Engine {
	if isPostgres(c.DatabaseURL) {
		return PostgreSQL
	}
	return SQLite
}

// SQLitePath is the file of the embedded database. It means nothing with PostgreSQL.
func (c Config) SQLitePath() string {
	if c.DatabaseURL == "" {
		return filepath.Join(c.DataDir, "drawbridge.db")
	}
	return strings.TrimPrefix(c.DatabaseURL, sqlitePrefix)
}

// MailOut reports whether mail leaves the outbox.
func (c Config) MailOut() bool { return c.SMTPURL != "" }

// Redacted returns each setting by its key as text fit for logs and support
// requests: of a secret it says only whether it is set, of a URL neither the user
// nor the password nor the parameters.
func (c Config) Redacted() map[string]string {
	return map[string]string{
		"listen":                c.Listen,
		"public_url":            urlText(c.PublicURL),
		"cookie_domain":         c.CookieDomain,
		"data_dir":              c.DataDir,
		"database_url":          c.redactedDatabase(),
		"redis_url":             redactURL(c.RedisURL),
		"smtp_url":              redactURL(c.SMTPURL),
		"mail_from":             mailText(c.MailFrom),
		"secret_key":            redactKey(c.SecretKey),
		"secret_key_previous":   redactKey(c.SecretKeyPrevious),
		"scim_rate":             strconv.Itoa(c.SCIMRate),
		"trusted_proxies":       prefixesText(c.TrustedProxies),
		"log_level":             strings.ToLower(c.LogLevel.String()),
		"log_format":            c.LogFormat,
		"allow_private_issuers": strconv.FormatBool(c.AllowPrivateIssuers),
	}
}

// String prints the redacted settings, one a line, in the order of the documentation.
func (c Config) String() string {
	values := c.Redacted()
	var out strings.Builder
	for _, s := range settings {
		fmt.Fprintf(&out, "%s: %s\n", s.key, values[s.key])
	}
	return out.String()
}

// GoString does for %#v what String does for %v.
func (c Config) GoString() string { return c.String() }

// LogValue lets a Config be logged without its secrets.
func (c Config) LogValue() slog.Value {
	values := c.Redacted()
	attrs := make([]slog.Attr, 0, len(settings))
	for _, s := range settings {
		attrs = append(attrs, slog.String(s.key, values[s.key]))
	}
	return slog.GroupValue(attrs...)
}

func (c Config) redactedDatabase() string {
	if c.Engine() == SQLite {
		return sqlitePrefix + c.SQLitePath()
	}
	return redactURL(c.DatabaseURL)
}

// redactURL keeps scheme, hosts and path. The database driver and the Redis client
// both take passwords among the parameters too.
func redactURL(text string) string {
	if text == "" {
		return ""
	}
	u, err := url.Parse(text)
	if err != nil {
		return "(set)"
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}

func redactKey(key []byte) string {
	if len(key) == 0 {
		return ""
	}
	return "(set)"
}

func urlText(u *url.URL) string {
	if u == nil {
		return ""
	}
	return u.String()
}

// mailText reads as it is written in the configuration.
func mailText(from mail.Address) string {
	if from.Name == "" {
		return from.Address
	}
	return from.String()
}

func prefixesText(prefixes []netip.Prefix) string {
	texts := make([]string, 0, len(prefixes))
	for _, p := range prefixes {
		texts = append(texts, p.String())
	}
	return strings.Join(texts, ",")
}
