package console_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"drawbridge/internal/console"
	"drawbridge/internal/web"
)

// site is the face in the whole frame, over a fake domain.
type site struct {
	t       *testing.T
	fake    *fakeService
	mux     *web.Mux
	handler http.Handler
	log     bytes.Buffer
}

func newSite(t *testing.T, public string, formTargets ...string) *site {
	t.Helper()
	s := &site{t: t, fake: newFake()}
	base := mustURL(t, public)
	catalogue, err := web.NewCatalogue(console.Texts())
	if err != nil {
		t.Fatal(err)
	}
	pages, err := web.NewPages(base, catalogue, console.FS())
	if err != nil {
		t.Fatal(err)
	}
	if s.mux, err = web.NewMux(base, pages.Answer); err != nil {
		t.Fatal(err)
	}
	pages.Register(s.mux.People())
	h, err := console.New(console.Options{
		Service: s.fake, Pages: pages, Cookies: web.NewCookies(base, ""), Public: base,
		FormTargets: formTargets, Now: func() time.Time { return now },
	})
	if err != nil {
		t.Fatal(err)
	}
	h.Register(s.mux)
	s.handler = web.Frame{Log: slog.New(slog.NewJSONHandler(&s.log, nil)), Public: base}.Wrap(s.mux)
	return s
}

func mustURL(t *testing.T, raw string) *url.URL {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// request is one that a browser would send, with the cookies that it would have.
func (s *site) request(method, target string, form url.Values, cookies ...*http.Cookie) *http.Request {
	s.t.Helper()
	r := httptest.NewRequestWithContext(s.t.Context(), method, target, strings.NewReader(form.Encode()))
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	for _, c := range cookies {
		r.AddCookie(c)
	}
	return r
}

func (s *site) do(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	return w
}

func (s *site) get(target string, cookies ...*http.Cookie) *httptest.ResponseRecorder {
	s.t.Helper()
	return s.do(s.request(http.MethodGet, target, nil, cookies...))
}

func (s *site) post(target string, form url.Values, cookies ...*http.Cookie) *httptest.ResponseRecorder {
	s.t.Helper()
	return s.do(s.request(http.MethodPost, target, form, cookies...))
}

func session() *http.Cookie {
	return &http.Cookie{Name: "__Host-drawbridge_session", Value: goodCookie}
}

func invitationCookie(token string) *http.Cookie {
	return &http.Cookie{Name: "__Host-drawbridge_invitation", Value: token}
}

// wantRedirect checks a 303 and returns where it leads.
func wantRedirect(t *testing.T, w *httptest.ResponseRecorder, want string) {
	t.Helper()
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != want {
		t.Errorf("status %d to %q, want 303 to %q", w.Code, w.Header().Get("Location"), want)
	}
}

// wantPage checks the status of a page and returns what it means.
func wantPage(t *testing.T, w *httptest.ResponseRecorder, status int) *html.Node {
	t.Helper()
	if w.Code != status || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") {
		t.Fatalf("status %d, %s: want a page with %d", w.Code, w.Header().Get("Content-Type"), status)
	}
	doc, err := html.Parse(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func setCookie(w *httptest.ResponseRecorder, name string) *http.Cookie {
	for _, c := range w.Result().Cookies() {
		if c.Name == name {
			return c
		}
	}
	return nil
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

func texts(nodes []*html.Node) (all []string) {
	for _, n := range nodes {
		all = append(all, text(n))
	}
	return all
}

func wantText(t *testing.T, n *html.Node, parts ...string) {
	t.Helper()
	got := text(n)
	for _, part := range parts {
		if !strings.Contains(got, part) {
			t.Errorf("%q is not in %q", part, got)
		}
	}
}

// links lists where the links in an element lead, by their words.
func links(n *html.Node) map[string]string {
	found := map[string]string{}
	for _, a := range all(n, "a") {
		found[text(a)] = attr(a, "href")
	}
	return found
}

// field returns the value of a form field; ok is false without one.
func field(doc *html.Node, name string) (value string, ok bool) {
	for _, n := range all(doc, "input") {
		if attr(n, "name") == name {
			return attr(n, "value"), true
		}
	}
	return "", false
}
