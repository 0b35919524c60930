package apptest

import (
	"net/http"
	"net/url"
	"strings"
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
	return &Browser{t: b.t, client: &client}
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
