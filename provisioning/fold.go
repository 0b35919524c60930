package provisioning

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Fold returns the form under which text that ignores case is compared, kept
// unique and ordered: every rune replaced by the lower case of the least rune
// that Unicode's simple case folding makes equal to it. So K, k and the Kelvin
// sign are one, on every database alike.
func Fold(s string) string {
	return strings.Map(foldRune, s)
}

func foldRune(r rune) rune {
	if r < utf8.RuneSelf {
		if 'A' <= r && r <= 'Z' {
			return r + ('a' - 'A')
		}
		return r
	}
	least := r
	for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
		least = min(least, next)
	}
	return unicode.ToLower(least)
}

// DomainOf returns the folded domain of an e-mail address, and "" if s is none.
func DomainOf(email string) string {
	at := strings.LastIndexByte(email, '@')
	if at <= 0 || at == len(email)-1 {
		return ""
	}
	return Fold(email[at+1:])
}

// checkText refuses what no database stores alike: NUL, text that is not
// UTF-8, and text longer than limit bytes. field is the name that the caller
// knows the value by.
func checkText(field, s string, limit int) error {
	switch {
	case len(s) > limit:
		return invalid("too_long", "%s is longer than %d bytes.", field, limit)
	case !utf8.ValidString(s):
		return invalid("not_utf8", "%s is not valid UTF-8.", field)
	case strings.ContainsRune(s, 0):
		return invalid("nul_character", "%s contains a NUL character.", field)
	}
	return nil
}
