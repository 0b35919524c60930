package web_test

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/net/html"

	"drawbridge/internal/web"
)

func TestPagesAreSoundHTML(t *testing.T) {
	t.Parallel()
	renderGallery(t, func(t *testing.T, _ string, answer *httptest.ResponseRecorder, doc *html.Node) {
		t.Helper()
		if !strings.HasPrefix(strings.TrimSpace(answer.Body.String()), "<!doctype html>") {
			t.Error("no doctype: browsers would fall into quirks mode")
		}
		if lang := attr(one(t, doc, "html"), "lang"); lang != "en" {
			t.Errorf("lang %q", lang)
		}
		if title := text(one(t, doc, "title")); !strings.Contains(title, " · ") {
			t.Errorf("title %q does not say where", title)
		}
		if strings.Contains(answer.Body.String(), "ZgotmplZ") {
			t.Error("an unsafe value reached a template")
		}
		checkLandmarks(t, doc)
		checkHeadings(t, doc)
		checkNames(t, doc)
	})
}

func checkLandmarks(t *testing.T, doc *html.Node) {
	t.Helper()
	skip := all(doc, "a")[0]
	if target := one(t, doc, "main"); attr(skip, "href") != "#"+attr(target, "id") {
		t.Errorf("the first link leads to %q, not to the content", attr(skip, "href"))
	}
	if len(all(doc, "header")) != 1 {
		t.Error("want one header")
	}
}

func checkHeadings(t *testing.T, doc *html.Node) {
	t.Helper()
	one(t, one(t, doc, "main"), "h1")
	level := 0
	for _, n := range all(doc, "*") {
		if !regexp.MustCompile(`^h[1-6]$`).MatchString(n.Data) {
			continue
		}
		next := int(n.Data[1] - '0')
		if next > level+1 {
			t.Errorf("<%s> %q follows a heading of level %d", n.Data, text(n), level)
		}
		level = next
	}
}

// checkNames wants a name for every control and an id only once.
func checkNames(t *testing.T, doc *html.Node) {
	t.Helper()
	ids := map[string]bool{}
	for _, n := range all(doc, "*") {
		if id := attr(n, "id"); id != "" && ids[id] {
			t.Errorf("id %q twice", id)
		} else if id != "" {
			ids[id] = true
		}
	}
	labelled := map[string]bool{}
	for _, n := range all(doc, "label") {
		labelled[attr(n, "for")] = true
	}
	for _, n := range all(doc, "input") {
		if attr(n, "type") != "hidden" && !labelled[attr(n, "id")] {
			t.Errorf("input %q has no label", attr(n, "name"))
		}
	}
	for _, n := range append(all(doc, "a"), all(doc, "button")...) {
		if text(n) == "" {
			t.Errorf("<%s> has no words", n.Data)
		}
	}
}

func TestPagesHaveNothingInline(t *testing.T) {
	t.Parallel()
	renderGallery(t, func(t *testing.T, _ string, _ *httptest.ResponseRecorder, doc *html.Node) {
		t.Helper()
		for _, n := range all(doc, "*") {
			if n.Data == "style" || n.Data == "script" && attr(n, "src") == "" {
				t.Errorf("inline <%s>", n.Data)
			}
			for _, a := range n.Attr {
				if a.Key == "style" || strings.HasPrefix(a.Key, "on") || strings.HasPrefix(a.Val, "javascript:") {
					t.Errorf("<%s %s=%q>", n.Data, a.Key, a.Val)
				}
			}
		}
	})
}

func TestPagesCarryTheirHeaders(t *testing.T) {
	t.Parallel()
	renderGallery(t, func(t *testing.T, _ string, answer *httptest.ResponseRecorder, _ *html.Node) {
		t.Helper()
		policy := answer.Header().Get("Content-Security-Policy")
		for _, want := range []string{
			"default-src 'none'", "style-src 'self'", "img-src 'self' data:",
			"form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'",
		} {
			if !slices.Contains(strings.Split(policy, "; "), want) {
				t.Errorf("policy lacks %q: %s", want, policy)
			}
		}
		for name, want := range map[string]string{
			"Content-Type":    "text/html; charset=utf-8",
			"Cache-Control":   "no-store",
			"Referrer-Policy": "same-origin",
			"Content-Length":  fmt.Sprint(answer.Body.Len()),
		} {
			if got := answer.Header().Get(name); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
	})
}

// TestPagesAllowScriptWhereTheyHaveSome: a page without says that it has none, so that nothing slips in.
func TestPagesAllowScriptWhereTheyHaveSome(t *testing.T) {
	t.Parallel()
	pages := newPages(t, "https://bridge.example/b")
	for scripted, want := range map[bool]string{true: "script-src 'self'; connect-src 'self';", false: "script-src 'none';"} {
		w := httptest.NewRecorder()
		page := web.Message{Page: web.Page{Scripted: scripted}, Title: "x"}
		if err := pages.Render(w, httptest.NewRequest("GET", "/", nil), http.StatusOK, "message", page); err != nil {
			t.Fatal(err)
		}
		if policy := w.Header().Get("Content-Security-Policy"); !strings.Contains(policy, want) || strings.Contains(policy, "connect-src") != scripted {
			t.Errorf("policy %q lacks %q", policy, want)
		}
		found := all(parseHTML(t, w.Body.String()), "script")
		if len(found) > 0 != scripted || scripted && !strings.HasPrefix(attr(found[0], "src"), "/b/static/") {
			t.Errorf("scripted is %v, and there are %d scripts", scripted, len(found))
		}
	}
}

func TestPagesFormAction(t *testing.T) {
	t.Parallel()
	pages := newPages(t, "https://bridge.example")
	tests := []struct {
		name    string
		sources []string
		want    string // "" means refused
	}{
		{"an origin", []string{"https://idp.example"}, "form-action 'self' https://idp.example;"},
		{"an origin with a port", []string{"http://127.0.0.1:8090"}, "form-action 'self' http://127.0.0.1:8090;"},
		{"any https", []string{"https:"}, "form-action 'self' https:;"},
		{"a path", []string{"https://idp.example/x"}, ""},
		{"a second directive", []string{"https://idp.example; script-src *"}, ""},
		{"a wildcard", []string{"*"}, ""},
		{"nothing", []string{""}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := httptest.NewRecorder()
			page := web.Message{Page: web.Page{FormAction: tt.sources}, Title: "x"}
			err := pages.Render(w, httptest.NewRequest("GET", "/", nil), http.StatusOK, "message", page)
			if (err != nil) != (tt.want == "") {
				t.Fatalf("error %v", err)
			}
			if policy := w.Header().Get("Content-Security-Policy"); !strings.Contains(policy, tt.want) {
				t.Errorf("policy %q lacks %q", policy, tt.want)
			}
		})
	}
}

func TestRefusalPage(t *testing.T) {
	t.Parallel()
	pages := newPages(t, "https://bridge.example/bridge")
	w := httptest.NewRecorder()
	page := web.Refusal{
		Page: web.Page{Workspace: "Acme & <b>Sons</b>"}, Title: "No access", What: "You are not in <Acme>.",
		Whom: "Ask IT.", Contact: "it@acme.example", Reference: "AAAA-BBBB",
	}
	if err := pages.Refuse(w, httptest.NewRequest("GET", "/", nil), http.StatusForbidden, page); err != nil {
		t.Fatal(err)
	}
	doc := parseHTML(t, w.Body.String())
	if w.Code != http.StatusForbidden {
		t.Errorf("status %d", w.Code)
	}
	if got := text(one(t, doc, "title")); got != "No access · Acme & <b>Sons</b>" {
		t.Errorf("title %q", got)
	}
	content := text(one(t, doc, "main"))
	for _, want := range []string{"You are not in <Acme>.", "Ask IT.", "AAAA-BBBB", "Quote this reference"} {
		if !strings.Contains(content, want) {
			t.Errorf("the page does not say %q: %s", want, content)
		}
	}
	links := all(one(t, doc, "main"), "a")
	if len(links) != 2 || attr(links[0], "href") != "mailto:it@acme.example" || attr(links[1], "href") != "/bridge/" {
		t.Errorf("links %v", links)
	}
}

func TestChoiceAndConfirmPostWhatTheyWereGiven(t *testing.T) {
	t.Parallel()
	renderGallery(t, func(t *testing.T, name string, _ *httptest.ResponseRecorder, doc *html.Node) {
		t.Helper()
		switch name {
		case "choice":
			form := one(t, doc, "form")
			if attr(form, "action") != "/go" || attr(form, "method") != "post" || attr(one(t, form, "input"), "value") != "s1" {
				t.Error("the choice does not post its field")
			}
			if len(all(one(t, doc, "ul"), "a")) != 2 {
				t.Error("want two links")
			}
		case "confirm":
			form := one(t, doc, "form")
			if attr(one(t, form, "input"), "name") != "user" || text(one(t, form, "button")) != "Remove Ada Lovelace" {
				t.Error("the form does not name what it does")
			}
			if cancel := one(t, form, "a"); attr(cancel, "href") != "/users" || text(cancel) != "Cancel" {
				t.Error("no way out")
			}
		case "email-wrong":
			input := one(t, doc, "input")
			if attr(input, "value") != "ada@" || attr(input, "aria-invalid") != "true" {
				t.Error("what was typed is lost or not marked")
			}
			if summary := all(one(t, doc, "main"), "a")[0]; attr(summary, "href") != "#"+attr(input, "id") {
				t.Error("the summary does not lead to the field")
			}
			if !strings.HasPrefix(text(one(t, doc, "title")), "Problem: ") {
				t.Error("the title does not say that something is wrong")
			}
		case "home":
			if form := one(t, one(t, doc, "header"), "form"); attr(form, "action") != "/logout" {
				t.Error("no way to sign out")
			}
		}
	})
}

func TestNewPagesRefusesFaultyTemplates(t *testing.T) {
	t.Parallel()
	catalogue, err := web.NewCatalogue()
	if err != nil {
		t.Fatal(err)
	}
	const layout = `{{template "stranger" .}}`
	tests := []struct{ name, file, body, want string }{
		{"unknown key", "x.html", `{{define "title"}}{{end}}{{define "main"}}{{t "no.such"}}{{end}}` + layout, "no.such"},
		{"unknown key deep down", "x.html", `{{define "title"}}{{end}}{{define "main"}}{{if .A}}{{else}}{{range .B}}{{with print (t "deep.key")}}{{end}}{{end}}{{end}}{{end}}` + layout, "deep.key"},
		{"key that is no literal", "x.html", `{{define "title"}}{{t .Key}}{{end}}{{define "main"}}{{end}}` + layout, "t .Key"},
		{"no title", "x.html", `{{define "main"}}{{end}}` + layout, `no "title"`},
		{"no main", "x.html", `{{define "title"}}{{end}}`, `no "main"`},
		{"name taken", "refusal.html", `{{define "title"}}{{end}}{{define "main"}}{{end}}` + layout, "another page"},
		{"syntax", "x.html", `{{if}}`, "missing value"},
		{"unescapable", "x.html", `{{define "title"}}{{end}}{{define "main"}}<a href="{{if .A}}"{{end}}>{{end}}` + layout, "different contexts"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			files := fstest.MapFS{tt.file: {Data: []byte(tt.body)}}
			_, err := web.NewPages(mustURL(t, "https://bridge.example"), catalogue, files)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("error %v, want one about %q", err, tt.want)
			}
		})
	}
}

func TestPartialsAreSharedWithinAPackage(t *testing.T) {
	t.Parallel()
	catalogue, err := web.NewCatalogue()
	if err != nil {
		t.Fatal(err)
	}
	part := fstest.MapFS{
		"greeting.part.html": {Data: []byte(`{{define "greeting"}}<p>Hello {{.}}</p>{{end}}`)},
		"hello.html":         {Data: []byte(`{{define "title"}}Hello{{end}}{{define "main"}}<h1>Hello</h1>{{template "greeting" .}}{{end}}{{template "stranger" .}}`)},
	}
	var none fs.FS = fstest.MapFS{}
	pages, err := web.NewPages(mustURL(t, "https://bridge.example"), catalogue, none, part)
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	if err := pages.Render(w, httptest.NewRequest("GET", "/", nil), http.StatusOK, "hello", "Ada"); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(w.Body.String(), "<p>Hello Ada</p>") {
		t.Error("the partial was not rendered")
	}
}

func TestRenderFailsWithoutWriting(t *testing.T) {
	t.Parallel()
	pages := newPages(t, "https://bridge.example")
	long := web.Message{Title: "x", Text: []string{strings.Repeat("x", 160<<10)}}
	for _, s := range []specimen{{"no-such-page", nil}, {"message", struct{ Other int }{}}, {"message", long}} {
		w := httptest.NewRecorder()
		if err := pages.Render(w, httptest.NewRequest("GET", "/", nil), http.StatusOK, s.page, s.data); err == nil {
			t.Errorf("page %s: no error", s.page)
		}
		if w.Body.Len() > 0 || len(w.Header()) > 0 {
			t.Errorf("page %s: something was written", s.page)
		}
	}
}

func TestErrorPages(t *testing.T) {
	t.Parallel()
	cause := errors.New("pq: relation secret_table is missing")
	tests := []struct {
		name    string
		err     error
		status  int
		title   string
		outcome string
		logged  bool
	}{
		{"no route", web.ErrNoRoute, 404, "This page does not exist", "no_route", false},
		{"method", web.ErrMethod, 405, "This address cannot be used that way", "method_not_allowed", false},
		{"cross site", fmt.Errorf("%w: x", web.ErrCrossSite), 403, "This came from another site", "cross_site", false},
		{"too large", web.ErrTooLarge, 413, "This is too large", "too_large", false},
		{"too large while reading", &http.MaxBytesError{Limit: 1}, 413, "This is too large", "too_large", false},
		{"fault", cause, 500, "Something went wrong on our side", "fault", true},
		{"refusal", &web.RefusalError{Status: 403, Outcome: "blocked_user", Page: web.Refusal{Title: "No entry"}, Cause: cause}, 403, "No entry", "blocked_user", false},
		{"refusal by a provider", &web.RefusalError{Status: 502, Outcome: "provider_down", Page: web.Refusal{Title: "No answer"}, Cause: cause}, 502, "No answer", "provider_down", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, "https://bridge.example")
			s.mux.People().Get("/x", func(http.ResponseWriter, *http.Request) error { return tt.err })
			w := s.get("/x")
			if w.Code != tt.status {
				t.Errorf("status %d, want %d", w.Code, tt.status)
			}
			doc := parseHTML(t, w.Body.String())
			if got := text(one(t, doc, "h1")); got != tt.title {
				t.Errorf("h1 %q, want %q", got, tt.title)
			}
			reference := text(one(t, doc, "code"))
			if !regexp.MustCompile(`^[0-9A-Z]{4}-[0-9A-Z]{4}$`).MatchString(reference) || !strings.HasPrefix(w.Header().Get("X-Request-Id"), reference) {
				t.Errorf("reference %q does not lead to request %q", reference, w.Header().Get("X-Request-Id"))
			}
			if strings.Contains(w.Body.String(), "secret_table") {
				t.Error("the page shows the inside")
			}
			line := s.lastLine(t)
			if line["outcome"] != tt.outcome || (line["error"] == cause.Error()) != tt.logged {
				t.Errorf("logged %v", line)
			}
		})
	}
}

func TestSparePageAnswersWhenPagesFail(t *testing.T) {
	t.Parallel()
	s := newSite(t, "https://bridge.example")
	s.mux.People().Get("/x", func(http.ResponseWriter, *http.Request) error {
		page := web.Refusal{Page: web.Page{FormAction: []string{"not an origin"}}}
		return &web.RefusalError{Status: 403, Outcome: "blocked", Page: page}
	})
	w := s.get("/x")
	if w.Code != http.StatusInternalServerError || !strings.Contains(w.Header().Get("Content-Security-Policy"), "style-src 'self'") {
		t.Errorf("status %d, headers %v", w.Code, w.Header())
	}
	doc := parseHTML(t, w.Body.String())
	if got := text(one(t, doc, "code")); !strings.HasPrefix(w.Header().Get("X-Request-Id"), got) || got == "" {
		t.Errorf("reference %q", got)
	}
	if line := s.lastLine(t); line["outcome"] != "page_failed" {
		t.Errorf("logged %v", line)
	}
}
