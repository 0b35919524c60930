package config

import (
	"errors"
	"net/netip"
	"strings"
)

const maxSCIMRate = 1_000_000

// fault is one thing to put right. key is the setting, or empty when the text says
// where it was found.
type fault struct{ key, text string }

// Error implements error: the name of the setting as the documentation has it, and
// what to do.
func (f fault) Error() string {
	if f.key == "" {
		return f.text
	}
	return envName(f.key) + ": " + f.text
}

// Validate checks the settings one by one and against each other. The error joins
// every fault, one a line, each naming the setting and what to do.
func (c Config) Validate() error {
	return join(c.faults())
}

func (c Config) faults() []fault {
	var found []fault
	check := func(ok bool, key, text string) {
		if !ok {
			found = append(found, fault{key, text})
		}
	}
	_, _, listenOK := splitListen(c.Listen)
	check(listenOK, "listen", "write HOST:PORT or :PORT")
	urlFault := publicURLFault(c.PublicURL)
	check(urlFault == "", "public_url", urlFault)
	check(c.CookieDomain == "" || urlFault != "" || coversHost(c.CookieDomain, c.PublicURL.Hostname()), "cookie_domain",
		"must be a domain that the host of the public URL belongs to, such as example.com for bridge.example.com")
	check(c.DataDir != "" && !strings.ContainsRune(c.DataDir, 0), "data_dir", "must name a directory")
	check(c.DatabaseURL == "" || databaseFault(c.DatabaseURL) == "", "database_url", databaseFault(c.DatabaseURL))
	check(c.RedisURL == "" || redisFault(c.RedisURL) == "", "redis_url", redisFault(c.RedisURL))
	check(c.SMTPURL == "" || smtpFault(c.SMTPURL) == "", "smtp_url", smtpFault(c.SMTPURL))
	check(c.SMTPURL == "" || c.MailFrom.Address != "", "mail_from",
		"is required where mail goes out: write no-reply@example.com or Example <no-reply@example.com>")
	check(c.SMTPURL != "" || c.MailFrom.Address == "", "smtp_url",
		"is missing, and DRAWBRIDGE_MAIL_FROM is of no use without it: give it, or remove that")
	check(c.Engine() == SQLite || len(c.SecretKey) > 0, "secret_key",
		"is required with PostgreSQL: make one with `openssl rand -base64 32` and give all replicas the same")
	check(len(c.SecretKey) == 0 || len(c.SecretKey) == keyBytes, "secret_key", errKey.Error())
	check(len(c.SecretKeyPrevious) == 0 || len(c.SecretKeyPrevious) == keyBytes, "secret_key_previous", errKey.Error())
	check(0 <= c.SCIMRate && c.SCIMRate <= maxSCIMRate, "scim_rate",
		"must be between 1 and 1000000 requests a second, or 0 for no limit")
	check(c.LogFormat == "" || c.LogFormat == "text" || c.LogFormat == "json", "log_format", "write text or json")
	return found
}

// coversHost reports whether a cookie for domain may be set by host (RFC 6265
// section 5.1.3). A domain without a dot would be a whole top-level one.
func coversHost(domain, host string) bool {
	if _, err := netip.ParseAddr(host); err == nil || !strings.Contains(domain, ".") || !validHost(domain) {
		return false
	}
	return domain == host || strings.HasSuffix(host, "."+domain)
}

func join(faults []fault) error {
	errs := make([]error, 0, len(faults))
	for _, f := range faults {
		errs = append(errs, f)
	}
	return errors.Join(errs...)
}
