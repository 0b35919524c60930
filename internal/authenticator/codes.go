package authenticator

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"net/url"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
)

const (
	period      = 30 // seconds
	digits      = 6
	skew        = 1  // steps before and after now
	secretBytes = 20 // as long as the hash (RFC 4226 section 4)
)

// What is taken from outside, in bytes, and shown of a name, in characters.
const (
	maxSecret  = 128
	maxCode    = 16
	maxAccount = 100
	maxIssuer  = 40
)

var encoding = base32.StdEncoding.WithPadding(base32.NoPadding)

// Codes fits the port OneTimeCodes of package provisioning. Its zero value is
// ready to use.
type Codes struct{}

// NewSecret returns 160 random bits in base 32 without padding.
func (Codes) NewSecret() string {
	var raw [secretBytes]byte
	rand.Read(raw[:])
	return encoding.EncodeToString(raw[:])
}

// URL returns the address that authenticators read as a QR code, in the Key URI
// format. It leaves out what is the default everywhere, so that the code has
// fewer and larger squares.
func (Codes) URL(secret, account, issuer string) string {
	by := label(issuer, maxIssuer)
	return "otpauth://totp/" + by + ":" + label(account, maxAccount) + "?secret=" + url.QueryEscape(secret) + "&issuer=" + by
}

// label escapes a name. A colon would end the issuer, and some authenticators
// show a plus sign as it is.
func label(name string, most int) string {
	runes := []rune(strings.ReplaceAll(name, ":", " "))
	return strings.ReplaceAll(url.QueryEscape(string(runes[:min(len(runes), most)])), "+", "%20")
}

// Step returns the time step, one before to one after now, whose code this is,
// and false if it is none. Spaces in the code do not count: authenticators show
// it in two halves. All steps are compared, in constant time.
func (Codes) Step(secret, code string, now time.Time) (step int64, ok bool) {
	if secret == "" || len(secret) > maxSecret || len(code) > maxCode {
		return 0, false
	}
	code = strings.ReplaceAll(code, " ", "")
	last := now.Unix()/period + skew
	for candidate := max(0, last-2*skew); candidate <= last; candidate++ {
		want, err := codeOf(secret, uint64(candidate))
		if err != nil {
			return 0, false
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 && !ok {
			step, ok = candidate, true
		}
	}
	return step, ok
}

func codeOf(secret string, step uint64) (string, error) {
	return hotp.GenerateCodeCustom(secret, step, hotp.ValidateOpts{Digits: digits, Algorithm: otp.AlgorithmSHA1})
}
