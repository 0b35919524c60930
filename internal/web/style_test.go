package web_test

import (
	"math"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

func TestStaticFilesAreImmutable(t *testing.T) {
	t.Parallel()
	s := newSite(t, "https://bridge.example/bridge")
	s.pages.Register(s.mux.People())
	doc := parseHTML(t, s.get("/bridge/nothing").Body.String())
	sheet := attr(all(doc, "link")[0], "href")
	if !regexp.MustCompile(`^/bridge/static/[0-9a-f]{20}\.css$`).MatchString(sheet) {
		t.Fatalf("style sheet at %q", sheet)
	}
	w := s.get(sheet)
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "text/css; charset=utf-8" ||
		w.Header().Get("Cache-Control") != "public, max-age=31536000, immutable" {
		t.Errorf("status %d, headers %v", w.Code, w.Header())
	}
	if line := s.lastLine(t); line["level"] != "DEBUG" {
		t.Errorf("logged %v", line)
	}
	if w := s.get("/bridge/static/00000000000000000000.css"); w.Code != http.StatusNotFound {
		t.Errorf("another hash: status %d", w.Code)
	}
}

// TestStyleAndScriptAreLight: what every page loads beside itself.
func TestStyleAndScriptAreLight(t *testing.T) {
	t.Parallel()
	weight := 0
	for _, file := range []string{"static/drawbridge.css", "static/drawbridge.js"} {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		weight += len(body)
	}
	if weight > 40<<10 {
		t.Errorf("style and script weigh %d bytes together, at most 40 kB", weight)
	}
}

// TestScriptHoldsNoWords: what it says stands in the page, and so in the catalogue.
func TestScriptHoldsNoWords(t *testing.T) {
	t.Parallel()
	script, err := os.ReadFile("static/drawbridge.js")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`"[^"\n]*"|`+"`[^`]*`").FindAllString(string(script), -1) {
		if regexp.MustCompile(`[A-Za-z] [A-Za-z]`).MatchString(m) && m != `"use strict"` {
			t.Errorf("a sentence in the script: %s", m)
		}
	}
	for _, way := range []string{"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "http:", "https:"} {
		if strings.Contains(string(script), way) {
			t.Errorf("the script has %s", way)
		}
	}
}

// TestContrast computes the contrast of every pair of tokens that meet, in both schemes (WCAG 2.2, 1.4.3 and 1.4.11).
func TestContrast(t *testing.T) {
	t.Parallel()
	tokens := readTokens(t)
	pairs := []struct {
		front, back string
		least       float64
	}{
		{"text", "ground", 4.5},
		{"text", "surface", 4.5},
		{"text", "sunken", 4.5},
		{"muted", "ground", 4.5},
		{"muted", "surface", 4.5},
		{"muted", "sunken", 4.5},
		{"accent", "ground", 4.5},
		{"accent", "surface", 4.5},
		{"accent-strong", "surface", 4.5},
		{"on-accent", "accent-fill", 4.5},
		{"on-accent", "accent-fill-strong", 4.5},
		{"accent-fill", "surface", 3},
		{"on-danger", "danger-fill", 4.5},
		{"on-danger", "danger-fill-strong", 4.5},
		{"danger", "surface", 4.5},
		{"good", "surface", 4.5},
		{"warning", "surface", 4.5},
		{"info", "surface", 4.5},
		{"danger", "danger-tint", 4.5},
		{"good", "good-tint", 4.5},
		{"warning", "warning-tint", 4.5},
		{"info", "info-tint", 4.5},
		{"edge", "surface", 3},
		{"edge", "ground", 3},
		{"code-squares", "code-ground", 7},
	}
	for _, p := range pairs {
		for scheme, name := range []string{"light", "dark"} {
			if got := contrast(tokens[p.front][scheme], tokens[p.back][scheme]); got < p.least {
				t.Errorf("%s on %s, %s: %.2f, want %.1f", p.front, p.back, name, got, p.least)
			}
		}
	}
}

func readTokens(t *testing.T) map[string][2]string {
	t.Helper()
	sheet, err := os.ReadFile("static/drawbridge.css")
	if err != nil {
		t.Fatal(err)
	}
	tokens := map[string][2]string{}
	token := regexp.MustCompile(`--([a-z-]+): light-dark\(#([0-9a-f]{6}), #([0-9a-f]{6})\)`)
	for _, m := range token.FindAllStringSubmatch(string(sheet), -1) {
		tokens[m[1]] = [2]string{m[2], m[3]}
	}
	return tokens
}

func contrast(a, b string) float64 {
	la, lb := luminance(a), luminance(b)
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

func luminance(hex string) float64 {
	n, err := strconv.ParseUint(hex, 16, 32)
	if err != nil {
		return math.NaN()
	}
	linear := func(c uint64) float64 {
		v := float64(c&0xff) / 255
		if v <= 0.04045 {
			return v / 12.92
		}
		return math.Pow((v+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(n>>16) + 0.7152*linear(n>>8) + 0.0722*linear(n)
}

func TestStyleSheetKeepsToItsTokens(t *testing.T) {
	t.Parallel()
	sheet, err := os.ReadFile("static/drawbridge.css")
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range strings.Split(string(sheet), "\n") {
		if regexp.MustCompile(`#[0-9a-f]{3,8}\b`).MatchString(line) && !strings.HasPrefix(line, "  --") {
			t.Errorf("line %d: a colour that is no token: %s", i+1, line)
		}
		if strings.Contains(line, "url(") || strings.Contains(line, "@import") {
			t.Errorf("line %d loads something: %s", i+1, line)
		}
	}
	for _, want := range []string{"forced-colors: active", "prefers-reduced-motion: reduce", ":focus-visible", "color-scheme: light dark"} {
		if !strings.Contains(string(sheet), want) {
			t.Errorf("nothing about %s", want)
		}
	}
}
