package apptest

import (
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/net/html"
)

// StopAt is the same browser, stopping before it follows a redirect to an
// address that begins with prefix: the Page is the answer that leads there.
func (b *Browser) StopAt(prefix string) *Browser {
	client := *b.client
	client.CheckRedirect = func(next *http.Request, via []*http.Request) error {
		if strings.HasPrefix(next.URL.String(), prefix) || len(via) > 10 {
			return http.ErrUseLastResponse
		}
		return nil
	}
	return &Browser{t: b.t, client: &client, header: b.header}
}

// From is the same browser, asking from a network address, as a proxy that the
// bridge trusts would say.
func (b *Browser) From(address string) *Browser {
	return b.With(http.Header{"X-Forwarded-For": {address}})
}

// Post sends a form that no page of ours has. nil is an empty one.
func (b *Browser) Post(target string, form url.Values) Page {
	b.t.Helper()
	if form == nil {
		form = url.Values{}
	}
	return b.do(http.MethodPost, target, form)
}

// Location is where the page's redirect leads, "" if it is none.
func (p Page) Location() string {
	if p.Header.Get("Location") == "" {
		return ""
	}
	to, err := p.URL.Parse(p.Header.Get("Location"))
	if err != nil {
		return ""
	}
	return to.String()
}

// SetCookie plants a cookie for the whole host of an address, or with an empty
// value removes it.
func (b *Browser) SetCookie(target, name, value string) {
	b.t.Helper()
	u, err := url.Parse(target)
	if err != nil {
		b.t.Fatal(err)
	}
	c := &http.Cookie{Name: name, Value: value, Path: "/"}
	if value == "" {
		c.MaxAge = -1
	}
	b.client.Jar.SetCookies(u, []*http.Cookie{c})
}

// With is the same browser, saying something else of itself in every request.
func (b *Browser) With(header http.Header) *Browser {
	return &Browser{t: b.t, client: b.client, header: header}
}

// Field is the value of the page's first field of that name.
func (p Page) Field(name string) string {
	field := find(p.root, func(n *html.Node) bool { return n.Data == "input" && attr(n, "name") == name })
	if field == nil {
		return ""
	}
	return attr(field, "value")
}
