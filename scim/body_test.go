package scim

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
)

func TestReadJSON(t *testing.T) {
	t.Parallel()
	in := ` {"a":{"b":[1,2.50,-3e9,true,null,"é😀\u00e9\ud83d\ude00"],"A":{}},"c":[],"d":"x"} ` + "\n"
	want := map[string]any{
		"a": map[string]any{
			"b": []any{json.Number("1"), json.Number("2.50"), json.Number("-3e9"), true, nil, "é😀é😀"},
			"A": map[string]any{},
		},
		"c": []any{}, "d": "x",
	}
	for name, r := range map[string]io.Reader{
		"at once":      strings.NewReader(in),
		"byte by byte": iotest.OneByteReader(strings.NewReader(in)),
		"in halves":    iotest.HalfReader(strings.NewReader(in)),
	} {
		got, err := readJSON(r)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

func TestReadJSONRefusals(t *testing.T) {
	t.Parallel()
	deep := func(n int) string { return `{"a":` + strings.Repeat("[", n) + strings.Repeat("]", n) + `}` }
	if _, err := readJSON(strings.NewReader(deep(maxDepth - 1))); err != nil {
		t.Errorf("%d levels: %v", maxDepth, err)
	}
	for in, detail := range map[string]string{
		"":                                   "breaks off",
		"null":                               "no JSON object",
		"[]":                                 "no JSON object",
		`"x"`:                                "no JSON object",
		`{`:                                  "breaks off",
		`{"a":1`:                             "breaks off",
		`{"a":"x`:                            "breaks off",
		`{"a" 1}`:                            "no JSON",
		`{"a":1,}`:                           "no JSON",
		`{"a":[1,]}`:                         "no JSON",
		`{"a":[1 2]}`:                        "no JSON",
		`{a:1}`:                              "no JSON",
		`{"a":1} {}`:                         "follows",
		`{"a":1}x`:                           "follows",
		`{"a":1,"a":2}`:                      "twice",
		`{"userName":"a","username":"b"}`:    "twice",
		`{"name":{"k":1,"\u212a":2}}`:        "twice",
		`{"l":[{"value":"a","VALUE":"b"}]}`:  "twice",
		`{"a":"\u0000"}`:                     "NUL",
		`{"\u0000":1}`:                       "NUL",
		"{\"a\":\"\xff\"}":                   "UTF-8",
		"{\"a\":\"\xe2\x82\"}":               "UTF-8",
		"{\"a\":\"\xed\xa0\x80\"}":           "UTF-8",
		deep(maxDepth):                       "32 deep",
		`{"a":` + strings.Repeat("[", 1<<20): "32 deep",
		strings.Repeat(`{"a":`, 1<<18):       "32 deep",
		`{"a":` + "[" + strings.Repeat("[],", 1<<18): "values",
	} {
		for _, r := range []io.Reader{strings.NewReader(in), iotest.HalfReader(strings.NewReader(in))} {
			_, err := readJSON(r)
			wantError(t, err, typeInvalidSyntax, detail)
		}
	}
}

func TestReadJSONGivesBackTheErrorOfItsReader(t *testing.T) {
	t.Parallel()
	limit := errors.New("too large")
	r := io.MultiReader(strings.NewReader(`{"a":[1,2`), iotest.ErrReader(limit))
	if _, err := readJSON(r); !errors.Is(err, limit) {
		t.Errorf("got %v, want the reader's own error", err)
	}
}

// FuzzReadJSON: nothing panics; what is taken means what encoding/json says,
// and does not depend on how the bytes arrive.
func FuzzReadJSON(f *testing.F) {
	for _, seed := range []string{`{"a":[1,{"b":null}],"c":"\ud83d\ude00é"}`, `{"a":1,"A":2}`, `{"a":1}{}`, "{\"\xff\":1}", `[[[[`, `{"x":{}}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		got, err := readJSON(bytes.NewReader(in))
		slow, slowErr := readJSON(iotest.OneByteReader(bytes.NewReader(in)))
		if (err == nil) != (slowErr == nil) || !reflect.DeepEqual(got, slow) {
			t.Fatalf("at once %v (%v), byte by byte %v (%v)", got, err, slow, slowErr)
		}
		if err != nil {
			wantError(t, err, typeInvalidSyntax, "")
			return
		}
		var want map[string]any
		dec := json.NewDecoder(bytes.NewReader(in))
		dec.UseNumber()
		if err := dec.Decode(&want); err != nil {
			t.Fatalf("encoding/json refuses what was taken: %v", err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("got %v, want %v", got, want)
		}
	})
}
