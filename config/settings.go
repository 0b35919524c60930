package config

import (
	"slices"
	"strings"
)

const envPrefix = "DRAWBRIDGE_"

// Flag describes one setting to whoever builds a command line from it.
type Flag struct {
	// Name is the flag in kebab case without dashes before it: public-url.
	Name string
	// Env is the environment variable: DRAWBRIDGE_PUBLIC_URL.
	Env string
	// Key is the key in the file and in Sources.Flags: public_url.
	Key string
	// Default is what holds if nothing is given, as people would write it; empty
	// where it depends on other settings.
	Default string
	// Help says in one sentence what the setting is.
	Help string
	// Secret marks a value that must not be shown.
	Secret bool
	// Bool marks a flag that may stand without a value, meaning "true".
	Bool bool
}

// setting is a Flag and how its text becomes part of a Config.
type setting struct {
	key, initial, help string
	secret, boolean    bool
	parse              func(c *Config, text string) error
}

// fileKey is the key under which a secret's file is named.
func (s setting) fileKey() string { return s.key + "_file" }

var settings = []setting{
	{
		key: "listen", initial: "127.0.0.1:8080", parse: parseListen,
		help: "address and port to serve on",
	},
	{
		key: "public_url", parse: parsePublicURL,
		help: "base of every URL that is given out; http:// and the listen address if that names a host",
	},
	{
		key: "cookie_domain", parse: parseCookieDomain,
		help: "domain that shares the session cookie with this host",
	},
	{
		key: "data_dir", initial: "./drawbridge-data", parse: parseDataDir,
		help: "directory of the embedded database and of the secret key",
	},
	{
		key: "database_url", secret: true, parse: parseDatabaseURL,
		help: "postgres://… or sqlite:PATH; SQLite in the data directory if empty",
	},
	{
		key: "redis_url", secret: true, parse: parseRedisURL,
		help: "redis:// or rediss://, several addresses for Sentinel and Cluster; in-process if empty",
	},
	{
		key: "smtp_url", secret: true, parse: parseSMTPURL,
		help: "smtp:// with STARTTLS or smtps:// with TLS, user and password before the host; no mail goes out if empty",
	},
	{
		key: "mail_from", parse: parseMailFrom,
		help: "sender of mails: an address, or NAME <ADDRESS>; required with smtp-url",
	},
	{
		key: "secret_key", secret: true, parse: parseSecretKey,
		help: "32 bytes in base64 that protect stored secrets; required with PostgreSQL",
	},
	{
		key: "secret_key_previous", secret: true, parse: parseSecretKeyPrevious,
		help: "the secret key until now, while it is being replaced",
	},
	{
		key: "scim_rate", initial: "1000", parse: parseSCIMRate,
		help: "requests a second, and burst, for each directory; 0 for no limit",
	},
	{
		key: "trusted_proxies", parse: parseTrustedProxies,
		help: "CIDRs, separated by commas, whose X-Forwarded headers are believed",
	},
	{
		key: "log_level", initial: "info", parse: parseLogLevel,
		help: "debug, info, warn or error",
	},
	{
		key: "log_format", parse: parseLogFormat,
		help: "text or json; text on a terminal, else json",
	},
	{
		key: "allow_private_issuers", initial: "false", boolean: true, parse: parseAllowPrivateIssuers,
		help: "let an issuer be a loopback or private address",
	},
}

// Flags lists all settings in the order of the documentation. Behind each secret
// stands a flag that names a file to read it from.
func Flags() []Flag {
	flags := make([]Flag, 0, len(settings)+5)
	for _, s := range settings {
		flags = append(flags, newFlag(s.key, s.help, s))
		if s.secret {
			flags = append(flags, newFlag(s.fileKey(), "file that holds the "+strings.ReplaceAll(s.key, "_", " "), setting{}))
		}
	}
	return flags
}

func newFlag(key, help string, s setting) Flag {
	return Flag{
		Name:    strings.ReplaceAll(key, "_", "-"),
		Env:     envName(key),
		Key:     key,
		Default: s.initial,
		Help:    help,
		Secret:  s.secret,
		Bool:    s.boolean,
	}
}

func envName(key string) string { return envPrefix + strings.ToUpper(key) }

// known reports whether key names a setting or the file of a secret.
func known(key string) bool {
	return slices.ContainsFunc(settings, func(s setting) bool {
		return key == s.key || s.secret && key == s.fileKey()
	})
}
