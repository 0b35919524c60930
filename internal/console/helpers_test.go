package console_test

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
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
	without without
}

// without is what an installation may lack.
type without struct{ passkeys, mail bool }

func newSite(t *testing.T, public string, formTargets ...string) *site {
	t.Helper()
	return newSiteWithout(t, without{}, public, formTargets...)
}

func newSiteWithout(t *testing.T, lacking without, public string, formTargets ...string) *site {
	t.Helper()
	s := &site{t: t, fake: newFake(), without: lacking}
	base := mustURL(t, public)
	pages := pagesFor(t, base)
	var err error
	if s.mux, err = web.NewMux(base, pages.Answer); err != nil {
		t.Fatal(err)
	}
	pages.Register(s.mux.People())
	h, err := console.New(console.Options{
		Service: s.fake, Pages: pages, Cookies: web.NewCookies(base, ""), Public: base,
		FormTargets: formTargets, Now: func() time.Time { return now },
		Passkeys: !s.without.passkeys, MailOut: !s.without.mail, QR: drawing,
	})
	if err != nil {
		t.Fatal(err)
	}
	h.Register(s.mux)
	s.handler = web.Frame{Log: slog.New(slog.NewJSONHandler(&s.log, nil)), Public: base}.Wrap(s.mux)
	return s
}

var parsed sync.Map // pages by the path of their public URL: parsing them all takes longer than a test

func pagesFor(t *testing.T, public *url.URL) *web.Pages {
	t.Helper()
	if known, ok := parsed.Load(public.Path); ok {
		if pages, ok := known.(*web.Pages); ok {
			return pages
		}
	}
	catalogue, err := web.NewCatalogue(console.Texts())
	if err != nil {
		t.Fatal(err)
	}
	pages, err := web.NewPages(public, catalogue, console.FS())
	if err != nil {
		t.Fatal(err)
	}
	parsed.Store(public.Path, pages)
	return pages
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

// drawing stands for a QR code: a path that tells what was drawn.
func drawing(text string) (path string, size int, err error) {
	if text == "" || len(text) > 1024 {
		return "", 0, errors.New("nothing to draw")
	}
	return "M4 4h" + strconv.Itoa(len(text)) + "v1h-1z", 45, nil
}

func cookie(name, value string) *http.Cookie {
	return &http.Cookie{Name: "__Host-drawbridge_" + name, Value: value}
}

// parent is the cookie of somebody who is signed in with an account.
func parent() *http.Cookie { return cookie("account", goodParent) }

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

// withClass lists the elements of a class.
func withClass(doc *html.Node, class string) []*html.Node {
	var found []*html.Node
	for _, n := range all(doc, "*") {
		if slices.Contains(strings.Fields(attr(n, "class")), class) {
			found = append(found, n)
		}
	}
	return found
}

// wantProblem checks that a problem stands at its field and in the summary, that the one leads to the other, and that
// the cursor starts there.
func wantProblem(t *testing.T, doc *html.Node, name, sentence string) {
	t.Helper()
	main := one(t, doc, "main")
	wantText(t, one(t, doc, "title"), "Problem:")
	for _, input := range all(main, "input") {
		if attr(input, "name") != name {
			continue
		}
		if attr(input, "aria-invalid") != "true" || !slices.ContainsFunc(input.Attr, func(a html.Attribute) bool { return a.Key == "autofocus" }) {
			t.Errorf("the field %s has no problem: %v", name, input.Attr)
		}
		for words, href := range links(withClass(main, "danger")[0]) {
			if strings.Contains(words, sentence) && href == "#"+attr(input, "id") {
				return
			}
		}
	}
	t.Errorf("the summary does not lead to %s with %q: %s", name, sentence, text(main))
}

func isChecked(a html.Attribute) bool { return a.Key == "checked" }
