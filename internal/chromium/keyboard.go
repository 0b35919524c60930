package chromium

import (
	"context"
	"fmt"
	"slices"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// maxStops is more than a page may have on the way to what somebody wants.
const maxStops = 100

// ringed reports whether the element shows that it has the focus, by a line of at least 2 px.
const ringed = `function () {
	const style = getComputedStyle(this)
	return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2
}`

// TabTo goes forward by the keyboard until what is named has the focus. Whatever has it on the way must show it.
func (p *Page) TabTo(name string) {
	p.t.Helper()
	p.do(fmt.Sprintf("going to %q by the keyboard", name), func(ctx context.Context) error {
		for range maxStops {
			if err := chromedp.Do(ctx, chromedp.KeyEvent(kb.Tab)); err != nil {
				return err
			}
			focused, err := focus(ctx)
			if err != nil {
				return err
			}
			if err := checkRing(ctx, focused); err != nil || focused.name == name {
				return err
			}
		}
		return fmt.Errorf("%d stops, and it was none of them", maxStops)
	})
}

func checkRing(ctx context.Context, e element) error {
	if slices.Contains([]string{"RootWebArea", "generic", "none"}, e.role) {
		return nil // past the end, the page as a whole has the focus
	}
	shown, err := ask[bool](ctx, e, ringed)
	if err == nil && !shown {
		return fmt.Errorf("%v does not show that it has the focus", e)
	}
	return err
}

// Type types a text where the focus is.
func (p *Page) Type(text string) {
	p.t.Helper()
	p.do("typing", func(ctx context.Context) error { return chromedp.Do(ctx, chromedp.KeyEvent(text)) })
}

// Enter presses the Enter key and waits until the document to which that leads has loaded.
func (p *Page) Enter() {
	p.t.Helper()
	p.do("pressing Enter", func(ctx context.Context) error {
		return p.leave(ctx, func() error { return chromedp.Do(ctx, chromedp.KeyEvent(kb.Enter)) })
	})
}

// Space presses the space bar, which ticks boxes and presses buttons that lead to no other document.
func (p *Page) Space() {
	p.t.Helper()
	p.do("pressing the space bar", func(ctx context.Context) error { return chromedp.Do(ctx, chromedp.KeyEvent(" ")) })
}
