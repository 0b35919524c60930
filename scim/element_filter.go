package scim

import (
	"maps"

	"drawbridge/provisioning"
)

// elementFilter is the value filter of a path, applied to single elements.
type elementFilter struct {
	matches func(element map[string]any) bool
	// template is the least element that matches, when the filter is a
	// conjunction of equalities; else nil. Entra ID expects an element that its
	// filter misses to be made so.
	template map[string]any
}

// compileElementFilter resolves a value filter on a multi-valued attribute.
func compileElementFilter(l *lexer, attr *attribute, n node) (*elementFilter, error) {
	switch n := n.(type) {
	case logicalNode:
		return compileLogical(l, attr, n)
	case notNode:
		inner, err := compileElementFilter(l, attr, n.inner)
		if err != nil {
			return nil, err
		}
		return &elementFilter{matches: func(e map[string]any) bool { return !inner.matches(e) }}, nil
	case compareNode:
		return compileElementComparison(l, attr, n)
	case elementNode:
		return nil, l.fail(n.name.at, "square brackets cannot stand within square brackets.")
	}
	panic("scim: unknown node of a value filter")
}

func compileLogical(l *lexer, attr *attribute, n logicalNode) (*elementFilter, error) {
	left, err := compileElementFilter(l, attr, n.left)
	if err != nil {
		return nil, err
	}
	right, err := compileElementFilter(l, attr, n.right)
	if err != nil {
		return nil, err
	}
	if !n.and {
		return &elementFilter{matches: func(e map[string]any) bool { return left.matches(e) || right.matches(e) }}, nil
	}
	both := &elementFilter{matches: func(e map[string]any) bool { return left.matches(e) && right.matches(e) }}
	if left.template != nil && right.template != nil {
		template := maps.Clone(left.template)
		maps.Copy(template, right.template)
		if both.matches(template) {
			both.template = template
		}
	}
	return both, nil
}

func compileElementComparison(l *lexer, attr *attribute, n compareNode) (*elementFilter, error) {
	sub, ok := attr.subs[provisioning.Fold(n.name.text)]
	if !ok {
		return nil, l.fail(n.name.at, "%s has no %s.", attr.name, excerpt(n.name.text))
	}
	typ := valueText
	if sub.kind == "boolean" {
		typ = valueBool
	}
	if !typ.takes(n.op) {
		return nil, l.fail(n.name.at, "%s cannot be compared with %s.", sub.name, n.op)
	}
	value, err := compiler{lexer: l}.value(typ, n)
	if err != nil {
		return nil, err
	}
	return newComparison(sub, n.op, value), nil
}

func newComparison(sub *attribute, op provisioning.Comparator, v provisioning.Value) *elementFilter {
	var f elementFilter
	switch {
	case op == provisioning.Present:
		f.matches = func(e map[string]any) bool { return e[sub.name] != nil }
	case v.Bool != nil:
		// A boolean that was never set is false: clients treat primary so.
		f.matches = func(e map[string]any) bool { return (e[sub.name] == true) == (*v.Bool == (op == provisioning.Equal)) }
		f.template = map[string]any{}
		if *v.Bool {
			f.template[sub.name] = true
		}
	case v.Text == nil:
		f.matches = func(e map[string]any) bool { return (e[sub.name] == nil) == (op == provisioning.Equal) }
	default:
		f.matches = func(e map[string]any) bool { return matchesText(sub, op, e[sub.name], *v.Text) }
		f.template = map[string]any{sub.name: *v.Text}
	}
	if op != provisioning.Equal || v.Text != nil && *v.Text == "" {
		f.template = nil
	}
	return &f
}

func matchesText(sub *attribute, op provisioning.Comparator, have any, want string) bool {
	text, ok := have.(string)
	switch {
	case !ok:
		return op == provisioning.NotEqual
	case sub.exact:
		return compareText(op, text, want)
	}
	return compareText(op, provisioning.Fold(text), provisioning.Fold(want))
}
