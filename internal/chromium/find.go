package chromium

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// The roles in which something can be pressed, and written into.
var (
	pressable = []string{"button", "link"}
	writable  = []string{"textbox", "searchbox", "spinbutton", "combobox"}
	choosable = []string{"checkbox", "radio"}
)

// element is something on the page as a screen reader knows it.
type element struct {
	id   cdp.BackendNodeID
	role string
	name string
}

func (e element) String() string { return fmt.Sprintf("%s %q", e.role, e.name) }

// Press presses a button or follows a link, and waits until the document to which that leads has loaded. The name may
// be the beginning of what is meant, if only one begins so.
func (p *Page) Press(name string) {
	p.t.Helper()
	p.do(fmt.Sprintf("pressing %q", name), func(ctx context.Context) error {
		found, err := p.waitFor(ctx, name, pressable)
		if err != nil {
			return err
		}
		return p.leave(ctx, func() error { return click(ctx, found) })
	})
}

// Touch presses a button or a link that leads to no other document.
func (p *Page) Touch(name string) {
	p.t.Helper()
	p.do(fmt.Sprintf("touching %q", name), func(ctx context.Context) error {
		found, err := p.waitFor(ctx, name, pressable)
		if err != nil {
			return err
		}
		return click(ctx, found)
	})
}

// Choose ticks a box, or chooses one of several.
func (p *Page) Choose(label string) {
	p.t.Helper()
	p.do(fmt.Sprintf("choosing %q", label), func(ctx context.Context) error {
		found, err := p.waitFor(ctx, label, choosable)
		if err != nil {
			return err
		}
		ticked, err := ask[bool](ctx, found, "function () { return this.checked }")
		if err != nil || ticked {
			return err
		}
		return click(ctx, found)
	})
}

// Fill writes into the field with the label, instead of what stood there.
func (p *Page) Fill(label, value string) {
	p.t.Helper()
	p.do(fmt.Sprintf("filling %q", label), func(ctx context.Context) error {
		found, err := p.waitFor(ctx, label, writable)
		if err != nil {
			return err
		}
		if err := call(ctx, dom.Focus, dom.FocusParams{BackendNodeID: found.id}); err != nil {
			return err
		}
		if _, err := ask[bool](ctx, found, "function () { this.select(); return true }"); err != nil {
			return err
		}
		return write(ctx, value)
	})
}

// write puts a text in place of what is selected.
func write(ctx context.Context, text string) error {
	if text == "" {
		return chromedp.Do(ctx, chromedp.KeyEvent("\u007f"))
	}
	return call(ctx, input.InsertText, input.InsertTextParams{Text: text})
}

// Value is what stands in the field with the label.
func (p *Page) Value(label string) (value string) {
	p.t.Helper()
	p.do(fmt.Sprintf("reading %q", label), func(ctx context.Context) error {
		found, err := p.waitFor(ctx, label, writable)
		if err != nil {
			return err
		}
		value, err = ask[string](ctx, found, "function () { return this.value }")
		return err
	})
	return value
}

// waitFor waits until the page has exactly one thing of that name, or exactly one whose name begins so.
func (p *Page) waitFor(ctx context.Context, name string, roles []string) (found element, err error) {
	err = until(ctx, func(ctx context.Context) (string, error) {
		all, err := elements(ctx, roles)
		if err != nil {
			return "", err
		}
		var problem string
		found, problem = pick(all, name)
		return problem, nil
	})
	return found, err
}

// pick finds the one that is meant, or says why none is.
func pick(all []element, name string) (found element, problem string) {
	named := filter(all, func(e element) bool { return e.name == name })
	if len(named) == 0 {
		named = filter(all, func(e element) bool { return strings.HasPrefix(e.name, name) })
	}
	switch len(named) {
	case 0:
		return element{}, fmt.Sprintf("there are %v", all)
	case 1:
		return named[0], ""
	default:
		return element{}, fmt.Sprintf("any of these may be meant: %v", named)
	}
}

func filter(all []element, keep func(element) bool) []element {
	return slices.DeleteFunc(slices.Clone(all), func(e element) bool { return !keep(e) })
}

// elements lists what the present document has in these roles.
func elements(ctx context.Context, roles []string) (all []element, err error) {
	document, err := chromedp.Run(ctx, chromedp.Evaluate[*runtime.RemoteObject]("document"))
	if err != nil {
		return nil, err
	}
	for _, role := range roles {
		answer, err := chromedp.Call(ctx, accessibility.QueryAXTree, accessibility.QueryAXTreeParams{ObjectID: document.ObjectID, Role: role})
		if err != nil {
			return nil, err
		}
		for _, node := range answer.Nodes {
			if !node.Ignored {
				all = append(all, element{node.BackendDOMNodeID, role, valueOf(node.Name)})
			}
		}
	}
	return all, nil
}

func valueOf(v *accessibility.Value) (text string) {
	if v != nil {
		_ = json.Unmarshal(v.Value, &text) // a name that is no text is no name
	}
	return fold(text)
}

// click presses the mouse on the element's middle, where a person would, and not on what covers it.
func click(ctx context.Context, e element) error {
	if err := call(ctx, dom.ScrollIntoViewIfNeeded, dom.ScrollIntoViewIfNeededParams{BackendNodeID: e.id}); err != nil {
		return err
	}
	shape, err := chromedp.Call(ctx, dom.GetContentQuads, dom.GetContentQuadsParams{BackendNodeID: e.id})
	if err != nil {
		return err
	}
	if len(shape.Quads) == 0 || len(shape.Quads[0]) != 8 {
		return errors.New("it cannot be seen")
	}
	q := shape.Quads[0]
	x, y := (q[0]+q[4])/2, (q[1]+q[5])/2
	hit, err := ask[bool](ctx, e, fmt.Sprintf("function () { const hit = document.elementFromPoint(%f, %f); return this.contains(hit) }", x, y))
	if err != nil {
		return err
	}
	if !hit {
		return errors.New("something covers it")
	}
	return chromedp.Do(ctx, chromedp.MouseClickXY(x, y))
}

// ask calls a function of the test's own with the element as `this`.
func ask[T any](ctx context.Context, e element, function string) (answer T, err error) {
	object, err := chromedp.Call(ctx, dom.ResolveNode, dom.ResolveNodeParams{BackendNodeID: e.id})
	if err != nil {
		return answer, err
	}
	on := func(params *runtime.CallFunctionOnParams) { params.ObjectID = object.Object.ObjectID }
	return chromedp.Run(ctx, chromedp.CallFunctionOn[T](function, on))
}
