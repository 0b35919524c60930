package oidc_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"drawbridge/oidc"
)

func FuzzParseAnswer(f *testing.F) {
	for _, seed := range []string{"", "code=c&state=s", "code=c&state=s&iss=https%3A%2F%2Fp.example", "error=access_denied&state=s", "code=c&code=d&state=s", "state=%zz", "a;b", "code=%00&state=+"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		fields, ok := oidc.ParseAnswer(query)
		if !ok {
			return
		}
		code, state, err := fields[0], fields[1], fields[3]
		if state == "" || code == "" && err == "" {
			t.Errorf("%q gave code %q, state %q, error %q", query, code, state, err)
		}
		for _, name := range []string{"code=", "state=", "iss=", "error="} {
			if strings.Count("&"+query, "&"+name) > 1 {
				t.Errorf("%q says %s twice", query, name)
			}
		}
		for _, field := range fields {
			if len(field) > len(query) {
				t.Errorf("%q grew to %q", query, field)
			}
		}
	})
}

func FuzzPersonOf(f *testing.F) {
	f.Add([]byte(`{"iss":"i","sub":"s","email":"ada@acme.example","name":"Ada"}`), []byte(`{}`))
	f.Add([]byte(`{"email":7,"name":["Ada"],"locale":null}`), []byte(`{"email":"ada@acme.example","sub":"s"}`))
	f.Add([]byte(`{"session_expiry":1e400,"name":"\u0000"}`), []byte(`[]`))
	f.Add([]byte(`{"session_expiry":1.7e9,"name":"\ud800","EMAIL":"x"}`), []byte(`null`))
	f.Fuzz(func(t *testing.T, token, info []byte) {
		person, err := oidc.PersonOf(token, info)
		if err != nil {
			return
		}
		for name, text := range map[string]struct {
			text  string
			limit int
		}{
			"email": {person.Email, 254}, "preferred_username": {person.PreferredUserName, 254}, "name": {person.Name, 256},
			"given_name": {person.GivenName, 256}, "family_name": {person.FamilyName, 256}, "locale": {person.Locale, 35},
		} {
			if len(text.text) > text.limit || !utf8.ValidString(text.text) || strings.ContainsAny(text.text, "\x00\r\n\u2028") || strings.TrimSpace(text.text) != text.text {
				t.Errorf("%s is %q", name, text.text)
			}
		}
		if year := person.SessionExpiry.Year(); year > 9999 {
			t.Errorf("a session until %d", year)
		}
	})
}
