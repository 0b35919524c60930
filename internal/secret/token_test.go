package secret

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestNewTokenIsWhatParseReads(t *testing.T) {
	t.Parallel()
	for _, prefix := range []string{CookiePrefix, SCIMPrefix} {
		token := NewToken(prefix)
		if want := prefix + token.ID + "." + token.Secret; token.Text != want {
			t.Errorf("Text is %q, want %q", token.Text, want)
		}
		got, err := Parse(token.Text, prefix)
		if err != nil || got != token {
			t.Errorf("Parse(%q) = %+v, %v", token.Text, got, err)
		}
	}
}

func TestNewTokenNeverRepeats(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 1000 {
		token := NewToken(SCIMPrefix)
		if seen[token.ID] || seen[token.Secret] {
			t.Fatal("a token came twice")
		}
		seen[token.ID], seen[token.Secret] = true, true
	}
}

func TestNewTokenForKeepsTheID(t *testing.T) {
	t.Parallel()
	token, err := NewTokenFor(SCIMPrefix, "01JD-x9")
	if err != nil || token.ID != "01JD-x9" || !strings.HasPrefix(token.Text, "dbscim_01JD-x9.") {
		t.Fatalf("got %q, %v", token.Text, err)
	}
	for _, id := range []string{"", "a_b", "a.b", "a b", "é", strings.Repeat("a", 65)} {
		if _, err := NewTokenFor(SCIMPrefix, id); !errors.Is(err, ErrToken) {
			t.Errorf("id %q: error %v, want ErrToken", id, err)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	good := strings.Repeat("A", 43)
	tests := map[string]string{
		"empty":                  "",
		"prefix alone":           "dbscim_",
		"no prefix":              "id." + good,
		"prefix in capitals":     "DBSCIM_id." + good,
		"no id":                  "dbscim_." + good,
		"no dot":                 "dbscim_id" + good,
		"two dots":               "dbscim_id.." + good[1:],
		"short secret":           "dbscim_id." + good[1:],
		"long secret":            "dbscim_id." + good + "A",
		"padding":                "dbscim_id." + good[1:] + "=",
		"standard alphabet":      "dbscim_id." + good[1:] + "+",
		"line end inside":        "dbscim_id." + good[1:] + "\n",
		"bits left over":         "dbscim_id." + good[1:] + "B",
		"underscore in the id":   "dbscim_a_b." + good,
		"slash in the id":        "dbscim_a/b." + good,
		"id of 65 characters":    "dbscim_" + strings.Repeat("a", 65) + "." + good,
		"space before":           " dbscim_id." + good,
		"space after":            "dbscim_id." + good + " ",
		"ten kilobytes of token": "dbscim_id." + strings.Repeat("A", 10_000),
	}
	for name, text := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got, err := Parse(text, SCIMPrefix); !errors.Is(err, ErrToken) || got != (Token{}) {
				t.Errorf("Parse gave %+v, %v", got, err)
			}
		})
	}
}

func TestRule25_TokenPrintsWithoutItsSecret(t *testing.T) {
	t.Parallel()
	token := NewToken(CookiePrefix)
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("made", "token", token)
	printed := log.String() + fmt.Sprintf("%v %+v %#v %s", token, token, token, token)
	if strings.Contains(printed, token.Secret) {
		t.Errorf("the secret is printed: %s", printed)
	}
	if !strings.Contains(printed, token.ID) {
		t.Errorf("the id is missing: %s", printed)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(NewToken(SCIMPrefix).Text)
	f.Add("dbscim_." + strings.Repeat("A", 43))
	f.Add("dbscim_a\x00b.\n")
	f.Fuzz(func(t *testing.T, text string) {
		token, err := Parse(text, SCIMPrefix)
		if err != nil {
			if !errors.Is(err, ErrToken) || token != (Token{}) {
				t.Fatalf("Parse(%q) = %+v, %v", text, token, err)
			}
			return
		}
		if SCIMPrefix+token.ID+"."+token.Secret != text || len(token.Secret) != secretChars || !validID(token.ID) {
			t.Fatalf("Parse(%q) = %+v", text, token)
		}
	})
}
