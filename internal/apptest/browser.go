package apptest

import (
	"context"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"
)

// Browser is a browser without script: a cookie jar that follows redirects,
// reads pages and sends their forms.
type Browser struct {
	t      testing.TB
	client *http.Client
	header http.Header // of every request
}

// NewBrowser returns a browser that has never been anywhere.
func NewBrowser(t testing.TB) *Browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &Browser{t: t, client: &http.Client{Jar: jar, Timeout: 20 * time.Second}}
}

// Page is where a browser ended up.
type Page struct {
	Status int
	URL    *url.URL
	Header http.Header
	Text   string // visible text, blanks folded
	root   *html.Node
}

// Open goes to an address and follows redirects.
func (b *Browser) Open(target string) Page {
	b.t.Helper()
	return b.do(http.MethodGet, target, nil)
}

// Submit sends the first form that posts of the page whose action contains the given
// text, with its hidden fields, and the values on top.
func (b *Browser) Submit(p Page, action string, values url.Values) Page {
	b.t.Helper()
	form := find(p.root, func(n *html.Node) bool {
		return n.Data == "form" && strings.EqualFold(attr(n, "method"), "post") && strings.Contains(attr(n, "action"), action)
	})
	if form == nil {
		b.t.Fatalf("%s has no form that leads to %q: %s", p.URL, action, p.Text)
	}
	fields := url.Values{}
	walk(form, func(n *html.Node) {
		if n.Data == "input" && attr(n, "name") != "" && attr(n, "type") != "submit" {
			fields.Set(attr(n, "name"), attr(n, "value"))
		}
	})
	for k, v := range values {
		fields[k] = v
	}
	target, err := p.URL.Parse(attr(form, "action"))
	if err != nil {
		b.t.Fatal(err)
	}
	return b.do(http.MethodPost, target.String(), fields)
}

// Follow opens the first link whose text contains the given words.
func (b *Browser) Follow(p Page, words string) Page {
	b.t.Helper()
	link := find(p.root, func(n *html.Node) bool { return n.Data == "a" && strings.Contains(textOf(n), words) })
	if link == nil {
		b.t.Fatalf("%s has no link %q: %s", p.URL, words, p.Text)
	}
	target, err := p.URL.Parse(attr(link, "href"))
	if err != nil {
		b.t.Fatal(err)
	}
	return b.Open(target.String())
}

// Cookie returns the value of a cookie that the browser would send there.
func (b *Browser) Cookie(target, name string) string {
	b.t.Helper()
	u, err := url.Parse(target)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, c := range b.client.Jar.Cookies(u) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

func (b *Browser) do(method, target string, form url.Values) Page {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), 20*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, target, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Origin", req.URL.Scheme+"://"+req.URL.Host)
	}
	maps.Copy(req.Header, b.header)
	resp, err := b.client.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 4<<20))
	if err != nil {
		b.t.Fatal(err)
	}
	root, err := html.Parse(strings.NewReader(string(body)))
	if err != nil {
		b.t.Fatal(err)
	}
	return Page{Status: resp.StatusCode, URL: resp.Request.URL, Header: resp.Header, Text: textOf(root), root: root}
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func walk(n *html.Node, visit func(*html.Node)) {
	visit(n)
	for c := range n.ChildNodes() {
		walk(c, visit)
	}
}

func find(root *html.Node, match func(*html.Node) bool) (found *html.Node) {
	walk(root, func(n *html.Node) {
		if found == nil && n.Type == html.ElementNode && match(n) {
			found = n
		}
	})
	return found
}

func textOf(n *html.Node) string {
	var b strings.Builder
	walk(n, func(n *html.Node) {
		if n.Type == html.TextNode && n.Parent.Data != "style" && n.Parent.Data != "script" {
			b.WriteString(n.Data + " ")
		}
	})
	return strings.Join(strings.Fields(b.String()), " ")
}
