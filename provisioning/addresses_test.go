package provisioning_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"drawbridge/provisioning"
)

// emails returns the good addresses of a submission, in order, and `!code` for
// the others.
func emails(t testing.TB, text string) []string {
	t.Helper()
	all := must(provisioning.ParseAddresses(text))(t)
	out := make([]string, len(all))
	for i, a := range all {
		if out[i] = a.Email; a.Err != nil {
			out[i] = "!" + provisioning.Code(a.Err)
			if a.Email != "" || !errors.Is(a.Err, provisioning.ErrInvalid) || provisioning.Detail(a.Err) == "" {
				t.Errorf("%q: e-mail %q, error %v without a sentence", a.Text, a.Email, a.Err)
			}
		}
	}
	return out
}

func TestParseAddresses_AsTheyAreTypedAndPasted(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"ada@acme.example": "ada@acme.example",
		"a@x.example,b@x.example;c@x.example\nd@x.example\r\ne@x.example":       "a@x.example b@x.example c@x.example d@x.example e@x.example",
		" a@x.example , ,;\n\n\t b@x.example ,":                                 "a@x.example b@x.example",
		"Ada Lovelace <ada@acme.example>":                                       "ada@acme.example",
		"<ada@acme.example>; Bob<bob@acme.example>":                             "ada@acme.example bob@acme.example",
		`"Lovelace, Ada" <ada@acme.example>; "King; Bob" <bob@acme.example>`:    "ada@acme.example bob@acme.example",
		`Ada "the, Countess" Lovelace <ada@acme.example>, b@x.example`:          "ada@acme.example b@x.example",
		`"Ada \"A, L\" Lovelace" <ada@acme.example>, b@x.example`:               "ada@acme.example b@x.example",
		`"a <b@x.example>" <ada@acme.example>`:                                  "ada@acme.example",
		"O'Brien <o'brien+soc@acme.example>":                                    "o'brien+soc@acme.example",
		"Ada@Acme.example, ADA@acme.EXAMPLE, bob@acme.example":                  "Ada@Acme.example bob@acme.example",
		"Ärztin <ärztin@bücher.example>, ÄRZTIN@BÜCHER.example":                 "ärztin@bücher.example",
		"a@xn--bcher-kva.example, a@bücher.example":                             "a@xn--bcher-kva.example a@bücher.example",
		"\u00a0ada@acme.example\u00a0":                                          "ada@acme.example",
		"می\u200cخواهم <ada@acme.example>":                                      "ada@acme.example",
		strings.Repeat("a", 64) + "@" + strings.Repeat("b", 60) + ".example":    strings.Repeat("a", 64) + "@" + strings.Repeat("b", 60) + ".example",
		strings.Repeat("N", 990) + " <a@x.example>":                             "a@x.example",
		"a@x.example, nonsense, Bob <bob@acme.example>, nonsense, NONSENSE, a@": "a@x.example !email bob@acme.example !email",
	} {
		if got := strings.Join(emails(t, text), " "); got != want {
			t.Errorf("%q:\n got %s\nwant %s", text, got, want)
		}
	}
}

func TestParseAddresses_WhatIsNoneIsSaidForEach(t *testing.T) {
	t.Parallel()
	for bad, code := range map[string]string{
		"nonsense": "email", "@acme.example": "email", "ada@": "email", "ada@localhost": "email", "a@b@acme.example": "email",
		"ada@acme..example": "email", ".ada@acme.example": "email", "ada.@acme.example": "email", "a..b@acme.example": "email",
		"Bcc:eve@acme.example": "email", "mailto:ada@acme.example": "email", "ada@acme.example\uff0cbob@acme.example": "email",
		"ada@[192.0.2.1]": "email", "ada@acme_.example": "email", "Ada <ada@acme.example": "email", "Ada <ada@acme.example> x": "email",
		"Ada <ada@acme.example> <bob@acme.example>": "email", "Ada <>": "email", "Ada < >": "email", "ada@a\u3002example": "email",
		"ada@acme.example bob@acme.example": "email_blank", "ada @acme.example": "email_blank", "ada@acme.example\u2028x": "email_blank",
		`"ada lovelace"@acme.example`: "email_quoted", `Ada <"a,b"@acme.example>`: "email_quoted",
		"ada\u200b@acme.example": "email_invisible", "\ufeffada@acme.example": "email_invisible", "a\u00adda@acme.example": "email_invisible",
		"ada\u202e@acme.example": "bidirectional_mark", "\u2066Ada\u2069 <ada@acme.example>": "bidirectional_mark", "Ada\u200f <ada@acme.example>": "bidirectional_mark",
		"ada\x00@acme.example": "control_character", "Ada\x00 <ada@acme.example>": "control_character", "ada\x1b[2J@acme.example": "control_character", "ada\x0bbob@acme.example": "control_character",
		"ada\xff@acme.example":                         "not_utf8",
		`"Ada <ada@acme.example>`:                      "quote_open",
		strings.Repeat("N", 1001) + " <a@x.example>":   "name_too_long",
		strings.Repeat("N", 200_000) + "<a@x.example>": "name_too_long",
		strings.Repeat("a", 255) + "@acme.example":     "too_long",
	} {
		if got := strings.Join(emails(t, bad), " "); got != "!"+code {
			t.Errorf("%.60q: %s, want !%s", bad, got, code)
		}
	}
}

// A header that is smuggled into a name ends at the line, and no part of it passes.
func TestParseAddresses_HeaderInjectionIsRefused(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"\"Ada\r\nBcc: eve@evil.example\" <ada@acme.example>": "!email !quote_open",
		"Ada\r\nBcc: eve@evil.example":                        "!email !email_blank",
		"ada@acme.example\r\nBcc:eve@evil.example":            "ada@acme.example !email",
		"ada@acme.example\nSubject: x\n\nbody":                "ada@acme.example !email_blank !email",
		"Ada%0d%0aBcc:eve <ada@acme.example>":                 "ada@acme.example",
	} {
		if got := strings.Join(emails(t, text), " "); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func TestParseAddresses_AQuoteThatIsNotClosedHidesNobody(t *testing.T) {
	t.Parallel()
	got := strings.Join(emails(t, `"Ada <ada@acme.example>, bob@acme.example; Eve <eve@acme.example>`+"\n\"Zoe\" <zoe@acme.example>"), " ")
	if want := "!quote_open bob@acme.example eve@acme.example zoe@acme.example"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestParseAddresses_TooManyTooLongOrNoneIsOneErrorForTheWhole(t *testing.T) {
	t.Parallel()
	many := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "u%d@a.example,", i)
		}
		return b.String()
	}
	if got := len(emails(t, many(1000))); got != 1000 {
		t.Errorf("%d addresses of 1,000", got)
	}
	if got := len(emails(t, strings.Repeat("ada@acme.example,", 10_000))); got != 1 {
		t.Errorf("one address 10,000 times is %d", got)
	}
	for text, want := range map[string][2]string{
		many(1001):                      {"too_many_addresses", "1001"},
		many(10_000):                    {"too_many_addresses", "10000"},
		"":                              {"no_address", "separated by"},
		" \r\n,;,\t ":                   {"no_address", "separated by"},
		strings.Repeat("x", 256<<10+1):  {"too_long", "256 kB"},
		strings.Repeat("é", 1<<20):      {"too_long", "2048 kB"},
		strings.Repeat("a@b.c,", 1<<20): {"too_long", "Split it"},
	} {
		all, err := provisioning.ParseAddresses(text)
		if all != nil || !errors.Is(err, provisioning.ErrInvalid) || provisioning.Code(err) != want[0] || !strings.Contains(provisioning.Detail(err), want[1]) {
			t.Errorf("%.20q: %d addresses, %v; want %s that says %q", text, len(all), err, want[0], want[1])
		}
	}
}

func TestParseAddresses_TheTextThatIsKeptIsShortAndHarmless(t *testing.T) {
	t.Parallel()
	long := "\u202e" + strings.Repeat("é", 100_000) + "\x1b\x00"
	a := must(provisioning.ParseAddresses(long))(t)[0]
	if len(a.Text) > 320 || !strings.HasPrefix(a.Text, "éé") || strings.ContainsAny(a.Text, "\u202e\x1b\x00") {
		t.Errorf("kept %q", a.Text)
	}
}

// Each of these would take minutes if anything were looked at again for every
// separator or quotation mark.
func TestParseAddresses_TakesTimeByTheLengthOfTheText(t *testing.T) {
	t.Parallel()
	const size = 256 << 10
	begin := time.Now()
	for _, part := range []string{`"`, `\"`, `"\`, `",`, `"a\",`, `<`, `>`, `<>`, "\"\n", `a@b<`, `""`, "\\", "\u202e", "\xff"} {
		for _, text := range []string{strings.Repeat(part, size/len(part)), `"` + strings.Repeat(part, size/len(part)-1)} {
			if all, err := provisioning.ParseAddresses(text); err == nil {
				for _, a := range all {
					if a.Email != "" {
						t.Errorf("%.20q gives %q", text, a.Email)
					}
				}
			}
		}
	}
	if took := time.Since(begin); took > 10*time.Second {
		t.Errorf("took %v", took)
	}
}

func FuzzParseAddresses(f *testing.F) {
	for _, seed := range []string{
		"ada@acme.example", `"Lovelace, Ada" <ada@acme.example>; bob@acme.example`, "a@x.example\r\nBcc: b@x.example",
		`"a\"b`, "\u202e<a@b.example>", `"x"@acme.example`, "ä@bücher.example,\xff",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		all, err := provisioning.ParseAddresses(text)
		if err != nil {
			if !errors.Is(err, provisioning.ErrInvalid) || all != nil {
				t.Fatalf("%v with %d addresses", err, len(all))
			}
			return
		}
		seen := make(map[string]bool)
		for _, a := range all {
			if (a.Email == "") == (a.Err == nil) || len(a.Text) > 320 || !utf8.ValidString(a.Text) {
				t.Fatalf("%+v", a)
			}
			if a.Email == "" {
				continue
			}
			if seen[provisioning.Fold(a.Email)] || strings.ContainsAny(a.Email, " \t\r\n\x00<>,;\"\\:()") || strings.Count(a.Email, "@") != 1 {
				t.Fatalf("%q passes", a.Email)
			}
			seen[provisioning.Fold(a.Email)] = true
			again, err := provisioning.ParseAddresses(a.Email)
			if err != nil || len(again) != 1 || again[0].Email != a.Email {
				t.Fatalf("%q does not read as itself: %v, %v", a.Email, again, err)
			}
		}
	})
}
