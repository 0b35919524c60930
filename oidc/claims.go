package oidc

import (
	"encoding/json"
	"strings"
	"time"
	"unicode"
)

// Longest claims, in bytes, that are kept. A longer one is as good as none.
const (
	maxEmail  = 254 // RFC 5321 section 4.5.3.1.3
	maxWord   = 256
	maxLocale = 35 // RFC 5646 section 4.4.1
)

// lastSecond is where times end for us: the year 9999.
const lastSecond = 253402300799

// claimSet is the claims of a token or of userinfo by their exact names. A
// claim of another type than expected reads as missing, never as an error of
// the whole.
type claimSet map[string]json.RawMessage

// has reports whether a claim stands there, with any value but null.
func (c claimSet) has(name string) bool {
	value, ok := c[name]
	return ok && string(value) != "null"
}

// text is a claim that is a string, as it stands, and "" for any other.
func (c claimSet) text(name string) string {
	var text string
	if json.Unmarshal(c[name], &text) != nil {
		return ""
	}
	return text
}

// word is a claim that is fit to be shown and stored: one line, no more than
// limit bytes. Anything else is "".
func (c claimSet) word(name string, limit int) string {
	text := strings.TrimSpace(c.text(name))
	unfit := func(r rune) bool { return !unicode.IsPrint(r) || r == unicode.ReplacementChar }
	if len(text) > limit || strings.ContainsFunc(text, unfit) {
		return ""
	}
	return text
}

// time is a NumericDate (RFC 7519 section 2), of whole seconds.
func (c claimSet) time(name string) (at time.Time, ok bool) {
	var seconds *float64
	if json.Unmarshal(c[name], &seconds) != nil || seconds == nil || *seconds <= 0 || *seconds > lastSecond {
		return time.Time{}, false
	}
	return time.Unix(int64(*seconds), 0).UTC(), true
}

// onlyAudience reports whether the token is for that client and nobody else, as
// a string or as a list of one.
func (c claimSet) onlyAudience(clientID string) bool {
	var list []string
	if json.Unmarshal(c["aud"], &list) == nil {
		return len(list) == 1 && list[0] == clientID
	}
	return c.text("aud") == clientID
}
