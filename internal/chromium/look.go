package chromium

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"drawbridge/internal/testenv"
)

// view is a width of the window, in CSS pixels, and a colour scheme.
type view struct {
	name          string
	width, height int64
	zoom          float64
	scheme        string
}

// views are those in which pages are looked at. The first is that in which pages are opened.
var views = []view{
	{"wide-light", 1280, 800, 1, "light"},
	{"phone-dark", 390, 844, 1, "dark"},
	{"wide-dark", 1280, 800, 1, "dark"},
	{"phone-light", 390, 844, 1, "light"},
}

// narrow are those in which nothing may scroll sideways: the narrowest window there is, and 1,280 and 640 pixels at a
// zoom of 200 %.
var narrow = []view{
	{"narrow", 320, 640, 1, "light"},
	{"zoomed", 640, 400, 2, "light"},
	{"small and zoomed", 320, 320, 2, "light"},
}

// looks are the views in which Look looks: each width and each scheme once, or all of them where pictures are kept.
func looks() []view {
	if testenv.Screenshots() == "" {
		return views[:2]
	}
	return views
}

// Look looks at the present page, wide and on a phone, light and dark: axe-core finds nothing, and nothing scrolls
// sideways at 320 pixels or at a zoom of 200 %. The pictures are kept where DRAWBRIDGE_TEST_SCREENSHOTS says, under
// the name.
func (p *Page) Look(name string) {
	p.t.Helper()
	for _, v := range looks() {
		p.view(v)
		p.checkAxe(name + ", " + v.name)
		p.keepPicture(name + "-" + v.name)
	}
	p.WantNoSideScroll(name)
	p.view(views[0])
}

// Zoom shows the page at 200 % in a window of 640 pixels, until the test ends or Look is called.
func (p *Page) Zoom() {
	p.t.Helper()
	p.view(narrow[2])
}

// WantNoSideScroll checks that nothing scrolls sideways in the narrowest window and at a zoom of 200 %.
func (p *Page) WantNoSideScroll(name string) {
	p.t.Helper()
	for _, v := range narrow {
		p.view(v)
		for _, fault := range p.tooWide() {
			p.t.Errorf("%s, %s (%d pixels): %s", name, v.name, v.width, fault)
		}
	}
}

// tooWide names what reaches beyond the window, where the page scrolls sideways. What scrolls by itself may.
const tooWide = `(() => {
	const width = document.documentElement.clientWidth
	if (document.documentElement.scrollWidth <= width) return []
	return [...document.querySelectorAll('body *')]
		.filter(e => e.getBoundingClientRect().right > width + 0.5)
		.map(e => e.outerHTML.slice(0, 120) + ' ends at ' + Math.round(e.getBoundingClientRect().right))
		.concat('the page scrolls sideways')
		.slice(0, 8)
})()`

func (p *Page) tooWide() []string {
	p.t.Helper()
	return evaluate[[]string](p, tooWide)
}

// view changes the window and the scheme.
func (p *Page) view(v view) {
	p.t.Helper()
	p.do("showing it "+v.name, func(ctx context.Context) error {
		err := call(ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
			Width: v.width, Height: v.height, DeviceScaleFactor: v.zoom,
		})
		if err != nil {
			return err
		}
		return call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: v.scheme},
			{Name: "prefers-reduced-motion", Value: "reduce"},
		}})
	})
}

// keepPicture keeps a picture of the whole page, where pictures are kept.
func (p *Page) keepPicture(name string) {
	p.t.Helper()
	dir := testenv.Screenshots()
	if dir == "" {
		return
	}
	picture := p.picture()
	if err := os.MkdirAll(dir, 0o750); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), picture, 0o600); err != nil {
		p.t.Fatal(err)
	}
}

// picture is the whole page as PNG, however long it is.
func (p *Page) picture() (png []byte) {
	p.t.Helper()
	p.do("taking a picture", func(ctx context.Context) error {
		size, err := chromedp.Call(ctx, page.GetLayoutMetrics, struct{}{})
		if err != nil {
			return err
		}
		whole, beyond := size.CSSContentSize, true
		answer, err := chromedp.Call(ctx, page.CaptureScreenshot, page.CaptureScreenshotParams{
			CaptureBeyondViewport: &beyond,
			Clip:                  &page.Viewport{Width: whole.Width, Height: whole.Height, Scale: 1},
		})
		png = answer.Data
		if err == nil && len(png) == 0 {
			err = fmt.Errorf("the picture is empty")
		}
		return err
	})
	return png
}
