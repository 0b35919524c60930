package chromium

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// WantText waits until all the words can be seen.
func (p *Page) WantText(words ...string) {
	p.t.Helper()
	p.want("the page does not say %q", words, func(text, word string) bool { return strings.Contains(text, fold(word)) })
}

// WantNoText waits until none of the words can be seen.
func (p *Page) WantNoText(words ...string) {
	p.t.Helper()
	p.want("the page says %q", words, func(text, word string) bool { return !strings.Contains(text, fold(word)) })
}

func (p *Page) want(problem string, words []string, holds func(text, word string) bool) {
	p.t.Helper()
	p.do("looking for words", func(ctx context.Context) error {
		return until(ctx, func(ctx context.Context) (string, error) {
			text, err := chromedp.Run(ctx, chromedp.Evaluate[string](visibleText))
			for _, word := range words {
				if err == nil && !holds(fold(text), word) {
					return fmt.Sprintf(problem, word), nil
				}
			}
			return "", err
		})
	})
}

// WantPath waits until the address has the path.
func (p *Page) WantPath(path string) {
	p.t.Helper()
	p.do("waiting for "+path, func(ctx context.Context) error {
		return until(ctx, func(ctx context.Context) (string, error) {
			present, err := chromedp.Run(ctx, chromedp.Evaluate[string]("location.pathname"))
			if err == nil && present != path {
				return "the path is " + present, nil
			}
			return "", err
		})
	})
}

// WantPage checks where a person stands: path, status and words.
func (p *Page) WantPage(path string, status int, words ...string) {
	p.t.Helper()
	p.WantPath(path)
	p.WantText(words...)
	if got := p.Status(); got != status {
		p.t.Errorf("%s answers %d, want %d", p.URL(), got, status)
	}
}

// Find waits until the page says something of the pattern, and returns all of it that it says.
func (p *Page) Find(pattern string) (found []string) {
	p.t.Helper()
	wanted := regexp.MustCompile(pattern)
	p.do("looking for "+pattern, func(ctx context.Context) error {
		return until(ctx, func(ctx context.Context) (string, error) {
			text, err := chromedp.Run(ctx, chromedp.Evaluate[string](visibleText))
			found = wanted.FindAllString(text, -1)
			if err == nil && len(found) == 0 {
				return "the page says nothing like it", nil
			}
			return "", err
		})
	})
	return found
}

// WantFocus waits until what is named has the focus.
func (p *Page) WantFocus(name string) {
	p.t.Helper()
	p.do("waiting for the focus", func(ctx context.Context) error {
		return until(ctx, func(ctx context.Context) (string, error) {
			focused, err := focus(ctx)
			if err == nil && focused.name != name {
				return fmt.Sprintf("%v has the focus, not %q", focused, name), nil
			}
			return "", err
		})
	})
}

// focus is what has the focus.
func focus(ctx context.Context) (element, error) {
	object, err := chromedp.Run(ctx, chromedp.Evaluate[*runtime.RemoteObject]("document.activeElement"))
	if err != nil {
		return element{}, err
	}
	alone := false
	tree, err := chromedp.Call(ctx, accessibility.GetPartialAXTree, accessibility.GetPartialAXTreeParams{
		ObjectID: object.ObjectID, FetchRelatives: &alone,
	})
	if err != nil || len(tree.Nodes) == 0 {
		return element{}, err
	}
	node := tree.Nodes[0]
	return element{node.BackendDOMNodeID, valueOf(node.Role), valueOf(node.Name)}, nil
}
