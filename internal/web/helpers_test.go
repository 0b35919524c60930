package web_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"drawbridge/internal/web"
)

var exampleTexts = web.Texts{
	"example.intro":       {Other: "What you may do, where, and why. An administrator of Acme can change it."},
	"example.communities": {One: "Your community", Other: "Your {1} communities"},
	"example.caption":     {Other: "Communities in which you hold a role"},
	"example.community":   {Other: "Community"},
	"example.role":        {Other: "Role"},
	"example.why":         {Other: "Why"},
	"example.empty":       {Other: "You have no community yet. Ask an administrator of Acme for one."},
	"example.states":      {Other: "States"},
	"example.good":        {Other: "Your name was changed to Ada King."},
	"example.warning":     {Other: "This session ends in 10 minutes."},
	"example.info":        {Other: "Okta will be asked again at your next sign-in."},
	"example.active":      {Other: "Active"},
	"example.held":        {Other: "Held"},
	"example.blocked":     {Other: "Blocked"},
	"example.sign_in":     {Other: "Sign in"},
	"example.continue":    {Other: "Continue"},
}

type community struct{ Name, Slug, Role, Why string }

type homePage struct {
	web.Page
	Title       string
	Communities []community
}

type emailPage struct {
	web.Page
	Email    web.Field
	Problems []web.Field
	Hidden   []web.HiddenField
}

func mustURL(t *testing.T, raw string) *url.URL {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func newPages(t *testing.T, public string) *web.Pages {
	t.Helper()
	catalogue, err := web.NewCatalogue(exampleTexts)
	if err != nil {
		t.Fatal(err)
	}
	pages, err := web.NewPages(mustURL(t, public), catalogue, os.DirFS("testdata/pages"))
	if err != nil {
		t.Fatal(err)
	}
	return pages
}

// site is the frame with a mux of people's pages, and what it logged.
type site struct {
	mux     *web.Mux
	pages   *web.Pages
	handler http.Handler
	log     *bytes.Buffer
}

func newSite(t *testing.T, public string) *site {
	t.Helper()
	pages := newPages(t, public)
	mux, err := web.NewMux(mustURL(t, public), pages.Answer)
	if err != nil {
		t.Fatal(err)
	}
	s := &site{mux: mux, pages: pages, log: &bytes.Buffer{}}
	log := slog.New(slog.NewJSONHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	s.handler = web.Frame{Log: log, Public: mustURL(t, public)}.Wrap(mux)
	return s
}

func (s *site) do(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	return w
}

func (s *site) get(target string) *httptest.ResponseRecorder {
	return s.do(httptest.NewRequest(http.MethodGet, target, nil))
}

// lines are the log lines so far.
func (s *site) lines(t *testing.T) []map[string]any {
	t.Helper()
	var lines []map[string]any
	for decoder := json.NewDecoder(bytes.NewReader(s.log.Bytes())); ; {
		var line map[string]any
		if err := decoder.Decode(&line); err == io.EOF {
			return lines
		} else if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
}

func (s *site) lastLine(t *testing.T) map[string]any {
	t.Helper()
	lines := s.lines(t)
	if len(lines) == 0 {
		t.Fatal("nothing was logged")
	}
	return lines[len(lines)-1]
}

func ok(body string) web.Handler {
	return func(w http.ResponseWriter, _ *http.Request) error {
		_, err := io.WriteString(w, body)
		return err
	}
}

func parseHTML(t *testing.T, body string) *html.Node {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// all lists the elements with a tag in document order; "*" lists every element.
func all(doc *html.Node, tag string) []*html.Node {
	var found []*html.Node
	for n := range doc.Descendants() {
		if n.Type == html.ElementNode && (tag == "*" || n.Data == tag) {
			found = append(found, n)
		}
	}
	return found
}

func one(t *testing.T, doc *html.Node, tag string) *html.Node {
	t.Helper()
	found := all(doc, tag)
	if len(found) != 1 {
		t.Fatalf("%d elements <%s>, want 1", len(found), tag)
	}
	return found[0]
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func text(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}
