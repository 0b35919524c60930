package chromium

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// Page is a tab, and the person in front of it.
type Page struct {
	t        testing.TB
	ctx      context.Context
	observer *observer
	scripts  bool
	excused  []string // rules of axe-core
}

// New opens an empty page in a browser that has never been anywhere: its cookies are shared with nobody. It is closed
// when the test ends, and fails it with what its console complained about.
func New(t testing.TB) *Page {
	t.Helper()
	return open(t, browser(t), chromedp.WithNewBrowserContext())
}

// Tab opens another tab of the same browser, with the same cookies.
func (p *Page) Tab() *Page {
	p.t.Helper()
	return open(p.t, p.ctx)
}

func open(t testing.TB, parent context.Context, how ...chromedp.ContextOption) *Page {
	t.Helper()
	p := &Page{t: t, observer: newObserver(), scripts: true}
	ctx, closePage := chromedp.NewContext(parent, append(how, chromedp.WithListener(p.observer.see))...)
	p.ctx = ctx
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("opening a page: %v", err)
	}
	t.Cleanup(func() {
		for _, fault := range p.observer.take() {
			t.Error(fault)
		}
		closePage()
	})
	p.do("emulating focus", func(ctx context.Context) error {
		return call(ctx, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
	})
	p.view(views[0])
	return p
}

// WithoutScript turns the page's scripts off, from the next document on.
func (p *Page) WithoutScript() *Page {
	p.t.Helper()
	p.do("turning scripts off", func(ctx context.Context) error {
		return call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	})
	p.scripts = false
	return p
}

// Visit opens an address and waits until it has loaded.
func (p *Page) Visit(address string) {
	p.t.Helper()
	p.do("opening "+address, func(ctx context.Context) error {
		return p.leave(ctx, func() error {
			answer, err := chromedp.Call(ctx, page.Navigate, page.NavigateParams{URL: address})
			if err == nil && answer.ErrorText != "" {
				err = fmt.Errorf("%s", answer.ErrorText)
			}
			return err
		})
	})
}

// Reload asks for the present address once more, as the browser's own button does: a form that led here is sent again.
func (p *Page) Reload() {
	p.t.Helper()
	p.do("reloading", func(ctx context.Context) error {
		return p.leave(ctx, func() error { return call(ctx, page.Reload, page.ReloadParams{}) })
	})
}

// Back goes back to the document before this one.
func (p *Page) Back() {
	p.t.Helper()
	p.do("going back", func(ctx context.Context) error {
		return p.leave(ctx, func() error { return chromedp.Do(ctx, chromedp.NavigateBack()) })
	})
}

// leave does something that leads to another document, and waits until that one has loaded.
func (p *Page) leave(ctx context.Context, act func() error) error {
	before := p.observer.document()
	if err := act(); err != nil {
		return err
	}
	return p.observer.waitForAnother(ctx, before)
}

// URL is the address of the present document.
func (p *Page) URL() *url.URL {
	p.t.Helper()
	address, err := url.Parse(evaluate[string](p, "location.href"))
	if err != nil {
		p.t.Fatal(err)
	}
	return address
}

// Text is what can be seen of the page, blanks folded.
func (p *Page) Text() string {
	p.t.Helper()
	return fold(evaluate[string](p, visibleText))
}

const visibleText = "(document.body ? document.body.innerText : '')"

func fold(text string) string { return strings.Join(strings.Fields(text), " ") }

// Cookie is the value of a cookie that the browser has for the present address, "" for none.
func (p *Page) Cookie(name string) (value string) {
	p.t.Helper()
	p.do("reading cookies", func(ctx context.Context) error {
		found, err := chromedp.Call(ctx, network.GetCookies, network.GetCookiesParams{})
		for _, c := range found.Cookies {
			if c.Name == name {
				value = c.Value
			}
		}
		return err
	})
	return value
}

// do runs something on the page, for as long as patience lasts, and ends the test with where it stood if it fails.
func (p *Page) do(what string, fn func(context.Context) error) {
	p.t.Helper()
	if err := p.try(fn); err != nil {
		p.t.Fatalf("%s: %v\n%s", what, err, p.where())
	}
}

func (p *Page) try(fn func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	return fn(ctx)
}

// where describes the page for the message of a failure.
func (p *Page) where() (text string) {
	err := p.try(func(ctx context.Context) (err error) {
		text, err = chromedp.Run(ctx, chromedp.Evaluate[string]("location.href + '\\n' + "+visibleText))
		return err
	})
	if err != nil {
		return "where it stood cannot be said: " + err.Error()
	}
	address, seen, _ := strings.Cut(text, "\n")
	return "at " + address + ": " + fold(seen)
}

// evaluate runs an expression of the test's own in the page.
func evaluate[T any](p *Page, expression string) (value T) {
	p.t.Helper()
	p.do("looking at the page", func(ctx context.Context) (err error) {
		value, err = chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
		return err
	})
	return value
}

// call sends a command whose answer says nothing.
func call[P, R any](ctx context.Context, command cdp.Command[P, R], params P) error {
	_, err := chromedp.Call(ctx, command, params)
	return err
}
