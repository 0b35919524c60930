package chromium

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/chromedp/chromedp"

	"drawbridge/internal/testenv"
)

// violation is what axe-core finds wrong, with the places.
type violation struct {
	Rule    string   `json:"rule"`
	Help    string   `json:"help"`
	Targets []string `json:"targets"`
}

func (v violation) String() string {
	return fmt.Sprintf("%s: %s\n\t%s", v.Rule, v.Help, strings.Join(v.Targets, "\n\t"))
}

// runAxe asks for every rule that is on by default, and the size of targets. Style sheets are not fetched once more:
// our policy lets no script connect to anything.
const runAxe = `axe.run(document, {
	preload: false,
	resultTypes: ['violations'],
	rules: {'target-size': {enabled: true}},
}).then(found => found.violations.map(v => ({
	rule: v.id,
	help: v.help,
	targets: v.nodes.map(n => n.target.join(' ') + ': ' + n.failureSummary.replace(/\s+/g, ' ')),
})))`

// axeSource is axe-core's script, read once.
var axeSource struct {
	sync.Once
	text string
	err  error
}

// Axe checks that axe-core finds nothing wrong with the present page as it stands.
func (p *Page) Axe() {
	p.t.Helper()
	p.checkAxe(p.URL().Path)
}

// Excuse leaves rules of axe-core out that say nothing of what the page is: a mail, for instance, is shown within a page
// of somebody else.
func (p *Page) Excuse(rules ...string) { p.excused = append(p.excused, rules...) }

func (p *Page) checkAxe(name string) {
	p.t.Helper()
	for _, v := range p.violations() {
		if slices.Contains(p.excused, v.Rule) {
			continue
		}
		p.t.Errorf("%s: axe: %v", name, v)
	}
}

// violations is empty for a page without scripts: the page with them is the same.
func (p *Page) violations() (found []violation) {
	p.t.Helper()
	if !p.scripts {
		return nil
	}
	path := testenv.Axe(p.t)
	axeSource.Do(func() {
		source, err := os.ReadFile(path)
		axeSource.text, axeSource.err = string(source), err
	})
	if axeSource.err != nil {
		p.t.Fatal(axeSource.err)
	}
	p.do("running axe", func(ctx context.Context) error {
		there, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("'axe' in window"))
		if err == nil && !there {
			_, err = chromedp.Run(ctx, chromedp.Evaluate[chromedp.Void](axeSource.text))
		}
		if err == nil {
			found, err = chromedp.Run(ctx, chromedp.Evaluate[[]violation](runAxe, chromedp.EvalAwaitPromise))
		}
		return err
	})
	return found
}
