package config

import (
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"path"
	"strconv"
	"strings"
	"unicode"
)

const (
	keyBytes     = 32
	keyChars     = 43 // 32 bytes in base64 without padding
	sqlitePrefix = "sqlite:"
)

// Errors of the parse functions are the second half of a line that begins with
// the setting's name. They never repeat the text of a secret.

func parseListen(c *Config, text string) error {
	if _, _, ok := splitListen(text); !ok {
		return fmt.Errorf("%q is not an address: write HOST:PORT or :PORT", text)
	}
	c.Listen = text
	return nil
}

func splitListen(text string) (host string, port uint16, ok bool) {
	host, digits, err := net.SplitHostPort(text)
	if err != nil {
		return "", 0, false
	}
	number, err := strconv.ParseUint(digits, 10, 16)
	return host, uint16(number), err == nil
}

func parsePublicURL(c *Config, text string) error {
	u, err := url.Parse(text)
	if err != nil {
		return fmt.Errorf("%q is not a URL: write one such as https://bridge.example.com", text)
	}
	c.PublicURL = normalURL(u)
	return nil
}

// normalURL gives one spelling to what means the same: no slash at the end, host in
// lower case, no port that the scheme implies. Browsers send origins so.
func normalURL(u *url.URL) *url.URL {
	n := *u
	n.Path, n.RawPath = strings.TrimSuffix(n.Path, "/"), strings.TrimSuffix(n.RawPath, "/")
	n.Host = strings.ToLower(n.Host)
	implied := map[string]string{"http": ":80", "https": ":443"}[n.Scheme]
	if implied != "" && n.Port() == implied[1:] {
		n.Host = strings.TrimSuffix(n.Host, implied)
	}
	return &n
}

// publicURLFault says what is wrong with a public URL, or nothing.
func publicURLFault(u *url.URL) string {
	switch {
	case u == nil || u.Opaque != "" || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		return "must be an https URL such as https://bridge.example.com"
	case u.User != nil:
		return "must not carry a user or password: remove them"
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return "must not carry a query or fragment: remove what follows the path"
	case strings.Contains(u.Hostname(), "_"):
		return "the host has an underscore, which Okta refuses: use another host name"
	case !validHost(u.Hostname()) || !validPort(u):
		return fmt.Sprintf("%q is not a host: write a host name or address, and a port if it is not the usual one", u.Host)
	case !validPath(u):
		return "the path must be plain segments of letters, digits, - . _ ~ without a slash at the end"
	case u.Scheme == "http" && !loopbackHost(u.Hostname()):
		return "must begin with https:// because the host is not loopback"
	}
	return ""
}

// validHost accepts IP addresses and host names (RFC 1123 section 2.1).
func validHost(host string) bool {
	if _, err := netip.ParseAddr(host); err == nil {
		return !strings.Contains(host, "%")
	}
	if len(host) > 253 {
		return false
	}
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		if strings.ContainsFunc(label, notHostRune) {
			return false
		}
	}
	return true
}

func notHostRune(r rune) bool {
	return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-'
}

func validPort(u *url.URL) bool {
	if u.Port() == "" {
		return !strings.HasSuffix(u.Host, ":")
	}
	number, err := strconv.ParseUint(u.Port(), 10, 16)
	return err == nil && number > 0
}

// validPath keeps out whatever a proxy or browser would spell differently.
func validPath(u *url.URL) bool {
	if u.Path == "" {
		return true
	}
	return u.RawPath == "" && u.Path != "/" && path.Clean(u.Path) == u.Path && !strings.ContainsFunc(u.Path, notPathRune)
}

func notPathRune(r rune) bool {
	return notHostRune(r) && (r < 'A' || r > 'Z') && !strings.ContainsRune("/._~", r)
}

func loopbackHost(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.IsLoopback()
	}
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}

func parseCookieDomain(c *Config, text string) error {
	c.CookieDomain = strings.ToLower(strings.TrimPrefix(text, "."))
	return nil
}

func parseDataDir(c *Config, text string) error {
	c.DataDir = text
	return nil
}

func parseDatabaseURL(c *Config, text string) error {
	if fault := databaseFault(text); fault != "" {
		return errors.New(fault)
	}
	c.DatabaseURL = text
	return nil
}

func isPostgres(text string) bool {
	return strings.HasPrefix(text, "postgres://") || strings.HasPrefix(text, "postgresql://")
}

// databaseFault says what is wrong with a database URL, or nothing. It checks the
// form only; whether the database is there shows when it is opened.
func databaseFault(text string) string {
	if isPostgres(text) {
		if _, err := url.Parse(text); err != nil || strings.ContainsRune(text, 0) {
			return "is not a valid URL: write postgres://USER:PASSWORD@HOST:5432/NAME and percent-encode special characters in the password"
		}
		return ""
	}
	file, ok := strings.CutPrefix(text, sqlitePrefix)
	switch {
	case !ok:
		return "must begin with postgres:// or sqlite:"
	case file == "" || file == ":memory:":
		return "must name a file: write sqlite:PATH"
	case strings.HasPrefix(file, "//"):
		return "must have no // behind sqlite: write sqlite:/absolute/path or sqlite:relative/path"
	case strings.ContainsAny(file, "?#\x00"):
		return "must name a file alone: remove ? and # from the path"
	}
	return ""
}

func parseRedisURL(c *Config, text string) error {
	if fault := redisFault(text); fault != "" {
		return errors.New(fault)
	}
	c.RedisURL = text
	return nil
}

// redisFault says what is wrong with a Redis URL, or nothing. Its parameters are
// checked by the client when it is opened.
func redisFault(text string) string {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return "is not a valid URL: write redis://HOST:6379 and percent-encode special characters in the password"
	case u.Scheme == "unix" && u.Path != "":
		return ""
	case u.Scheme != "redis" && u.Scheme != "rediss":
		return "must begin with redis:// or rediss://"
	case u.Hostname() == "":
		return "must name a host: write redis://HOST:6379"
	}
	return ""
}

func parseSMTPURL(c *Config, text string) error {
	if fault := smtpFault(text); fault != "" {
		return errors.New(fault)
	}
	c.SMTPURL = text
	return nil
}

// smtpFault says what is wrong with the URL of a mail server, or nothing.
func smtpFault(text string) string {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return "is not a valid URL: write smtp://USER:PASSWORD@HOST:587 and percent-encode special characters in the password"
	case u.Scheme != "smtp" && u.Scheme != "smtps":
		return "must begin with smtp:// for STARTTLS or smtps:// for TLS"
	case u.Hostname() == "" || !validHost(strings.ToLower(u.Hostname())) || !validPort(u):
		return "must name a host, and a port if it is not the usual one: write smtp://HOST:587"
	case u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return "must end behind the host and port: remove what follows, and percent-encode special characters in the password"
	case u.User != nil && !completeLogin(u.User):
		return "must have both a user and a password before the @, or neither"
	}
	return ""
}

func completeLogin(user *url.Userinfo) bool {
	password, _ := user.Password()
	return user.Username() != "" && password != "" && !strings.ContainsRune(user.Username()+password, 0)
}

func parseMailFrom(c *Config, text string) error {
	from, err := mail.ParseAddress(text)
	if err != nil || !printableASCII(from.Address) || strings.ContainsFunc(from.Name, unicode.IsControl) {
		return fmt.Errorf("%q is not a sender: write no-reply@example.com or Example <no-reply@example.com>", text)
	}
	c.MailFrom = *from
	return nil
}

func printableASCII(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' })
}

func parseSecretKey(c *Config, text string) error {
	key, err := decodeKey(text)
	c.SecretKey = key
	return err
}

func parseSecretKeyPrevious(c *Config, text string) error {
	key, err := decodeKey(text)
	c.SecretKeyPrevious = key
	return err
}

var errKey = errors.New("must be 32 bytes in base64: make one with `openssl rand -base64 32`")

// decodeKey takes both alphabets of RFC 4648, padded or not.
func decodeKey(text string) ([]byte, error) {
	plain := strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(text, "="))
	if len(plain) != keyChars || len(text)-len(plain) > 1 {
		return nil, errKey
	}
	key, err := base64.RawStdEncoding.Strict().DecodeString(plain)
	if err != nil || len(key) != keyBytes {
		return nil, errKey
	}
	return key, nil
}

func parseSCIMRate(c *Config, text string) error {
	rate, err := strconv.Atoi(text)
	if err != nil {
		return fmt.Errorf("%q is not a whole number: write requests a second, or 0 for no limit", text)
	}
	c.SCIMRate = rate
	return nil
}

func parseTrustedProxies(c *Config, text string) error {
	var wrong []string
	for part := range strings.SplitSeq(text, ",") {
		part = strings.TrimSpace(part)
		prefix, err := parsePrefix(part)
		switch {
		case part == "":
		case err != nil:
			wrong = append(wrong, strconv.Quote(part))
		default:
			c.TrustedProxies = append(c.TrustedProxies, prefix)
		}
	}
	if wrong != nil {
		return fmt.Errorf("%s: write networks such as 10.0.0.0/8, separated by commas", strings.Join(wrong, ", "))
	}
	return nil
}

// parsePrefix takes a single address for a network of one.
func parsePrefix(text string) (netip.Prefix, error) {
	if ip, err := netip.ParseAddr(text); err == nil && ip.Zone() == "" {
		return netip.PrefixFrom(ip.Unmap(), ip.Unmap().BitLen()), nil
	}
	prefix, err := netip.ParsePrefix(text)
	return prefix.Masked(), err
}

func parseLogLevel(c *Config, text string) error {
	levels := map[string]slog.Level{
		"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError,
	}
	level, ok := levels[strings.ToLower(text)]
	if !ok {
		return fmt.Errorf("%q is no level: write debug, info, warn or error", text)
	}
	c.LogLevel = level
	return nil
}

func parseLogFormat(c *Config, text string) error {
	c.LogFormat = strings.ToLower(text)
	return nil
}

func parseAllowPrivateIssuers(c *Config, text string) error {
	allow, err := strconv.ParseBool(strings.ToLower(text))
	if err != nil {
		return fmt.Errorf("%q is neither true nor false", text)
	}
	c.AllowPrivateIssuers = allow
	return nil
}
