package secret

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"strings"
)

// Prefixes of tokens. Secret scanners find the second one in places where no
// token belongs.
const (
	CookiePrefix = ""
	SCIMPrefix   = "dbscim_"
)

// ErrToken is given for a text that cannot be a token, and for an id that cannot
// stand in one. It says nothing about which part was wrong.
var ErrToken = errors.New("not a token")

const (
	secretBytes = 32
	secretChars = 43 // 32 bytes as base64 without padding
	maxIDChars  = 64
)

var secretEncoding = base64.RawURLEncoding.Strict()

// Token is a credential that is shown once: Text is what its holder sends,
// "PREFIX" + ID + "." + Secret. ID is public and finds the stored row; Secret is
// 256 random bits as base64url without padding (RFC 4648 section 5), of which
// the row holds what Hasher.Hash gives.
type Token struct {
	ID     string
	Secret string
	Text   string
}

// NewToken makes a token with a random id of 128 bits.
func NewToken(prefix string) Token {
	var id [16]byte
	rand.Read(id[:])
	return newToken(prefix, hex.EncodeToString(id[:]))
}

// NewTokenFor makes a token for a row whose id is already known. It fails with
// ErrToken when the id is empty, longer than 64 characters or has others than
// letters, digits and hyphens.
func NewTokenFor(prefix, id string) (Token, error) {
	if !validID(id) {
		return Token{}, fmt.Errorf("id of a token: %w", ErrToken)
	}
	return newToken(prefix, id), nil
}

func newToken(prefix, id string) Token {
	secret := Hasher{}.NewSecret()
	return Token{ID: id, Secret: secret, Text: prefix + id + "." + secret}
}

// Parse reads a token that a stranger sent. It fails with ErrToken unless the
// text is exactly what NewToken or NewTokenFor gives: the prefix, an id, one dot
// and 43 characters that decode to 32 bytes. A text of any length costs no more
// than the longest possible token.
func Parse(text, prefix string) (Token, error) {
	if len(text) > len(prefix)+maxIDChars+1+secretChars {
		return Token{}, ErrToken
	}
	rest, ok := strings.CutPrefix(text, prefix)
	if !ok {
		return Token{}, ErrToken
	}
	id, secret, ok := strings.Cut(rest, ".")
	if !ok || !validID(id) || !validSecret(secret) {
		return Token{}, ErrToken
	}
	return Token{ID: id, Secret: secret, Text: text}, nil
}

// String returns the id alone, so that a token printed by mistake stays secret.
func (t Token) String() string { return "token " + t.ID }

// GoString does for %#v what String does for %v.
func (t Token) GoString() string { return t.String() }

// LogValue lets a token be logged by its id.
func (t Token) LogValue() slog.Value { return slog.StringValue(t.ID) }

func validID(id string) bool {
	if id == "" || len(id) > maxIDChars {
		return false
	}
	for i := range len(id) {
		c := id[i]
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		if !letter && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

// validSecret counts the decoded bytes too, because the decoder skips line ends.
func validSecret(secret string) bool {
	if len(secret) != secretChars {
		return false
	}
	raw, err := secretEncoding.DecodeString(secret)
	return err == nil && len(raw) == secretBytes
}
