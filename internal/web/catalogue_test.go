package web_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"drawbridge/internal/web"
)

func TestCatalogue(t *testing.T) {
	t.Parallel()
	catalogue, err := web.NewCatalogue(web.Texts{
		"people":  {One: "{1} person in {2}", Other: "{1} people in {2}"},
		"swapped": {Other: "{2} before {1}"},
	})
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		key  string
		args []any
		want string
	}{
		{"people", []any{1, "SOC Paris"}, "1 person in SOC Paris"},
		{"people", []any{0, "SOC Paris"}, "0 people in SOC Paris"},
		{"people", []any{25000, "SOC Paris"}, "25,000 people in SOC Paris"},
		{"people", []any{-1234567, "{1}"}, "-1,234,567 people in {1}"},
		{"people", []any{999, "100% {2}"}, "999 people in 100% {2}"},
		{"swapped", []any{"b", "a"}, "a before b"},
		{"problems", []any{1}, "There is a problem"},
		{"no.such.key", nil, "no.such.key"},
	}
	for _, tt := range tests {
		if got := catalogue.T(tt.key, tt.args...); got != tt.want {
			t.Errorf("T(%q, %v) = %q, want %q", tt.key, tt.args, got, tt.want)
		}
	}
}

func TestNewCatalogueRefuses(t *testing.T) {
	t.Parallel()
	for name, parts := range map[string][]web.Texts{
		"a key of the frame": {{"cancel": {Other: "Stop"}}},
		"a key twice":        {{"a": {Other: "x"}}, {"a": {Other: "y"}}},
		"an empty text":      {{"a": {One: "x"}}},
	} {
		if _, err := web.NewCatalogue(parts...); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestCatalogueIsWhole finds the keys that the frame's code and templates use and compares them with its catalogue,
// both ways.
func TestCatalogueIsWhole(t *testing.T) {
	t.Parallel()
	catalogue, err := web.NewCatalogue()
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	call := regexp.MustCompile(`\b(?:t|T)[ (]"([a-z0-9_.]+)"`)
	for _, file := range frameSources(t) {
		if file == "catalogue_en.go" {
			continue
		}
		for _, m := range call.FindAllStringSubmatch(readFile(t, file), -1) {
			used[m[1]] = true
			if !catalogue.Has(m[1]) {
				t.Errorf("%s: no text for %q", file, m[1])
			}
		}
	}
	entry := regexp.MustCompile(`(?m)^\t"([a-z0-9_.]+)":`)
	for _, m := range entry.FindAllStringSubmatch(readFile(t, "catalogue_en.go"), -1) {
		if !used[m[1]] {
			t.Errorf("nothing uses the text %q", m[1])
		}
	}
	if len(used) < 20 {
		t.Errorf("found only %d keys", len(used))
	}
}

func TestTemplatesHoldNoWords(t *testing.T) {
	t.Parallel()
	action := regexp.MustCompile(`(?s)\{\{.*?\}\}|<[^>]*>`)
	for _, file := range frameSources(t) {
		if !strings.HasSuffix(file, ".html") {
			continue
		}
		if left := action.ReplaceAllString(readFile(t, file), ""); regexp.MustCompile(`[A-Za-z]{2}`).MatchString(left) {
			t.Errorf("%s: words outside of the catalogue: %q", file, strings.Fields(left))
		}
	}
}

func frameSources(t *testing.T) []string {
	t.Helper()
	var files []string
	for _, pattern := range []string{"*.go", "templates/*.html"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range found {
			if !strings.HasSuffix(file, "_test.go") {
				files = append(files, file)
			}
		}
	}
	return files
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	body, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
