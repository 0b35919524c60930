package provisioning

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

const maxSlug = 63

// plainLetters gives letters with accents, and those that are written with
// two, in a–z. Slugs drop what is not listed.
var plainLetters = func() map[rune]string {
	m := map[rune]string{'ß': "ss", 'æ': "ae", 'œ': "oe", 'ø': "o", 'đ': "d", 'ł': "l", 'þ': "th", 'ð': "d", 'ı': "i"}
	for plain, accented := range map[string]string{
		"a": "àáâãäåāăą", "c": "çćĉċč", "d": "ď", "e": "èéêëēĕėęě", "g": "ĝğġģ", "h": "ĥ",
		"i": "ìíîïĩīĭį", "j": "ĵ", "k": "ķ", "l": "ĺļľ", "n": "ñńņň", "o": "òóôõöōŏő",
		"r": "ŕŗř", "s": "śŝşšș", "t": "ţťț", "u": "ùúûüũūŭůűų", "w": "ŵ", "y": "ýÿŷ", "z": "źżž",
	} {
		for _, r := range accented {
			m[r] = plain
		}
	}
	return m
}()

// slugFrom makes a slug of a name: lower case, accents dropped, any other run
// one hyphen, at most 63 characters. "" if nothing is left.
func slugFrom(name string) string {
	var b strings.Builder
	for _, r := range Fold(name) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			b.WriteRune(r)
		case plainLetters[r] != "":
			b.WriteString(plainLetters[r])
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	s := b.String()
	return strings.Trim(s[:min(len(s), maxSlug)], "-")
}

func validSlug(s string) bool {
	return s != "" && len(s) <= maxSlug && slugFrom(s) == s
}

// chooseSlug returns the given slug if it may be used, else the first free one
// made from the name: soc-paris, soc-paris-2, …
func chooseSlug(given, name, what string, taken []string) (string, error) {
	if given != "" {
		if !validSlug(given) {
			return "", invalid("slug", "%q is no slug: a–z, 0–9 and single hyphens, at most %d.", given, maxSlug)
		}
		if slices.Contains(taken, given) {
			return "", conflict("slug_taken", "Another %s has the slug %q.", what, given)
		}
		return given, nil
	}
	stem := slugOrWhat(name, what)
	slug := stem
	for n := 2; slices.Contains(taken, slug); n++ {
		suffix := "-" + strconv.Itoa(n)
		slug = strings.TrimRight(stem[:min(len(stem), maxSlug-len(suffix))], "-") + suffix
	}
	return slug, nil
}

func slugOrWhat(name, what string) string {
	if s := slugFrom(name); s != "" {
		return s
	}
	return what
}

func checkName(what, name string) error {
	if strings.TrimSpace(name) == "" {
		return invalid("name", "A %s needs a name.", what)
	}
	if utf8.RuneCountInString(name) > 100 {
		return invalid("name", "The name of a %s has at most 100 characters.", what)
	}
	return checkText("name", name, 400)
}
