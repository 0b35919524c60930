package scim

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"
)

func TestRule23_WhatTheLibraryDoesNeverReachesTheWire(t *testing.T) {
	t.Parallel()
	answers := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "https://elsewhere.example")
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		}
	}
	tests := map[string]struct {
		library  http.HandlerFunc
		status   int
		scimType string
	}{
		"panic":             {func(http.ResponseWriter, *http.Request) { panic("pq: secret") }, 500, ""},
		"runtime panic":     {func(_ http.ResponseWriter, r *http.Request) { _ = r.Header["Missing"][0] }, 500, ""},
		"nothing":           {func(http.ResponseWriter, *http.Request) {}, 500, ""},
		"no answer of ours": {answers(200, `{"id":"someone"}`), 500, ""},
		"redirect":          {answers(307, ``), 500, ""},
		"not found":         {answers(404, `{"detail":"Specified endpoint does not exist."}`), 500, ""},
		"inner text":        {answers(500, `{"detail":"pq: secret"}`), 500, ""},
		"no JSON":           {answers(400, `pq: secret`), 500, ""},
		"refusal":           {answers(400, `{"scimType":"invalidPath","detail":"The path."}`), 400, typeInvalidPath},
		"refusal untyped":   {answers(400, `{}`), 400, typeInvalidValue},
		"odd type":          {answers(400, `{"scimType":"tooMany"}`), 400, typeInvalidValue},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			l := &library{handler: test.library, log: slog.New(slog.NewTextHandler(&log, nil))}
			answer := asError(l.check(t.Context(), "POST", "/Users", nil))
			if answer.Status != test.status || answer.Type != test.scimType {
				t.Errorf("answer %v", answer)
			}
			if answer.Detail == "" || strings.Contains(answer.Detail, "pq") {
				t.Errorf("detail %q", answer.Detail)
			}
			if strings.Contains(name, "panic") != strings.Contains(log.String(), "gate_test.go") {
				t.Errorf("logged %q", log.String())
			}
		})
	}
}

func TestRule23_TheLibraryIsReallyAsked(t *testing.T) {
	t.Parallel()
	l, err := newLibrary(slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	const id = "01hzzzzzzzzzzzzzzzzzzzzzzz"
	tests := map[string]struct {
		method, path, body string
		valid              bool
	}{
		"POST":            {"POST", "/Users", `{"schemas":["` + userURN + `"],"userName":"x"}`, true},
		"POST incomplete": {"POST", "/Users", `{"schemas":["` + userURN + `"]}`, false},
		"PUT":             {"PUT", "/Groups/" + id, `{"schemas":["` + groupURN + `"],"displayName":"x"}`, true},
		"PUT wrong type":  {"PUT", "/Groups/" + id, `{"schemas":["` + groupURN + `"],"displayName":1}`, false},
		"PATCH":           {"PATCH", "/Users/" + id, `{"schemas":["` + patchURN + `"],"Operations":[{"op":"replace","path":"title","value":"x"}]}`, true},
		"PATCH unknown":   {"PATCH", "/Users/" + id, `{"schemas":["` + patchURN + `"],"Operations":[{"op":"replace","path":"hat","value":"x"}]}`, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := l.check(t.Context(), test.method, test.path, []byte(test.body))
			var refused *Error
			if test.valid && err != nil || !test.valid && (!errors.As(err, &refused) || refused.Status != 400) {
				t.Errorf("answer %v", err)
			}
		})
	}
}
