package sqlstore

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"drawbridge/provisioning"
)

// parameters collects the arguments of a statement that is put together.
type parameters struct{ values []any }

// add returns the placeholder for v.
func (p *parameters) add(v any) string {
	p.values = append(p.values, v)
	return fmt.Sprintf("$%d", len(p.values))
}

// orNull holds if the column has the text, which is NULL for "".
func (p *parameters) orNull(column, text string) string {
	if text == "" {
		return column + " is null"
	}
	return column + " = " + p.add(text)
}

// vocabulary says in SQL what filters may speak of. Every condition that it
// makes is true or false and never NULL, so that `not` means what SCIM means.
type vocabulary struct {
	columns map[provisioning.Attribute]column
	several multiple
}

// multiple is a multi-valued attribute: rows that belong to the resource.
type multiple struct {
	columns map[provisioning.Attribute]column // of one value
	open    string                            // SQL up to the condition on one value; ")" ends it
	emails  bool                              // whether [provisioning.EmailMatch] is about it
}

// any is the SQL that holds if one value fulfils the condition.
func (m multiple) any(condition string) string { return m.open + condition + ")" }

// column is one attribute.
type column struct {
	kind kind
	expr string // "" if nobody has a value
	has  string // SQL that holds where there is a value; "" for everywhere
}

// kind is how values are compared.
type kind int

const (
	exactText kind = iota
	foldedText
	boolean
	moment
)

// operators are the SQL of comparisons: %[1]s is the column, %[2]s the value.
// They read alike on both engines, which LIKE does not.
var operators = map[provisioning.Comparator]string{
	provisioning.Equal:        "%[1]s = %[2]s",
	provisioning.NotEqual:     "%[1]s <> %[2]s",
	provisioning.Greater:      "%[1]s > %[2]s",
	provisioning.GreaterEqual: "%[1]s >= %[2]s",
	provisioning.Less:         "%[1]s < %[2]s",
	provisioning.LessEqual:    "%[1]s <= %[2]s",
	provisioning.Contains:     "replace(%[1]s, %[2]s, '') <> %[1]s",
	provisioning.StartsWith:   "substr(%[1]s, 1, length(%[2]s)) = %[2]s",
	provisioning.EndsWith:     endsWith,
}

const endsWith = "(length(%[1]s) >= length(%[2]s) and substr(%[1]s, length(%[1]s) - length(%[2]s) + 1) = %[2]s)"

// compile returns the SQL of f, adding its values to p. What the vocabulary
// does not have is an error of kind ErrInvalid.
func (v vocabulary) compile(f provisioning.Filter, p *parameters) (string, error) {
	switch f := f.(type) {
	case nil:
		return "true", nil
	case provisioning.And:
		return v.join(f.Left, " and ", f.Right, p)
	case provisioning.Or:
		return v.join(f.Left, " or ", f.Right, p)
	case provisioning.Not:
		inner, err := v.compile(f.Inner, p)
		return "(not " + inner + ")", err
	case provisioning.Comparison:
		return v.comparison(f, p)
	case provisioning.EmailMatch:
		return v.emailMatch(f, p)
	}
	return "", filterInvalid("A filter of the form %T is not supported.", f)
}

func (v vocabulary) join(left provisioning.Filter, word string, right provisioning.Filter, p *parameters) (string, error) {
	l, err := v.compile(left, p)
	if err != nil {
		return "", err
	}
	r, err := v.compile(right, p)
	return "(" + l + word + r + ")", err
}

func (v vocabulary) emailMatch(f provisioning.EmailMatch, p *parameters) (string, error) {
	if !v.several.emails {
		return "", filterInvalid("A condition in brackets may only follow emails.")
	}
	address := vocabulary{columns: v.several.columns}
	condition, err := address.compile(f.Inner, p)
	return v.several.any(condition), err
}

func (v vocabulary) comparison(f provisioning.Comparison, p *parameters) (string, error) {
	if col, ok := v.columns[f.Attribute]; ok {
		return col.compare(f, p)
	}
	col, ok := v.several.columns[f.Attribute]
	if !ok {
		return "", filterInvalid("The attribute %s cannot be filtered by here.", f.Attribute)
	}
	condition, err := col.compare(f, p)
	if err != nil {
		return "", err
	}
	sql := v.several.any(condition)
	if holdsWithoutValue(f) {
		sql = "(" + sql + " or not " + v.several.any("true") + ")"
	}
	return sql, nil
}

// holdsWithoutValue reports whether the comparison is true of what is absent.
func holdsWithoutValue(f provisioning.Comparison) bool {
	if isNull(f.Value) {
		return f.Operator == provisioning.Equal
	}
	return f.Operator == provisioning.NotEqual
}

func isNull(v provisioning.Value) bool {
	return v.Text == nil && v.Bool == nil && v.Instant == nil
}

func (c column) compare(f provisioning.Comparison, p *parameters) (string, error) {
	if !c.kind.knows(f.Operator) {
		return "", filterInvalid("The attribute %s cannot be compared with %s.", f.Attribute, f.Operator)
	}
	switch {
	case f.Operator == provisioning.Present:
		return c.present(), nil
	case isNull(f.Value):
		return c.compareNull(f.Operator), nil
	}
	argument, err := c.kind.argument(f)
	switch {
	case err != nil:
		return "", err
	case c.expr == "" && f.Operator == provisioning.NotEqual:
		return "true", nil
	case c.expr == "":
		return "false", nil
	case argument == "" && partial(f.Operator):
		return c.present(), nil
	}
	return c.guard(f.Operator, fmt.Sprintf(operators[f.Operator], c.expr, p.add(argument))), nil
}

// guard settles what the condition is where there is no value.
func (c column) guard(op provisioning.Comparator, condition string) string {
	switch {
	case c.has == "":
		return condition
	case op == provisioning.NotEqual:
		return "(not (" + c.has + ") or " + condition + ")"
	}
	return "(" + c.has + " and " + condition + ")"
}

func (c column) present() string {
	switch {
	case c.expr == "":
		return "false"
	case c.has == "":
		return "true"
	}
	return "(" + c.has + ")"
}

// compareNull compares with the literal null, which equals only what is absent.
func (c column) compareNull(op provisioning.Comparator) string {
	switch op {
	case provisioning.Equal:
		return "(not " + c.present() + ")"
	case provisioning.NotEqual:
		return c.present()
	default:
		return "false"
	}
}

// knows reports whether values of the kind can be compared so: booleans have
// no order (RFC 7644 §3.4.2.2), and only text has parts.
func (k kind) knows(op provisioning.Comparator) bool {
	switch op {
	case provisioning.Equal, provisioning.NotEqual, provisioning.Present:
		return true
	case provisioning.Contains, provisioning.StartsWith, provisioning.EndsWith:
		return k.isText()
	case provisioning.Greater, provisioning.GreaterEqual, provisioning.Less, provisioning.LessEqual:
		return k != boolean
	}
	return false
}

// argument is the value as it stands in the column. A value of another type
// than the attribute is an error: to answer nobody, or everybody for `ne`,
// would look like an answer.
func (k kind) argument(f provisioning.Comparison) (any, error) {
	switch v := f.Value; {
	case k == boolean && v.Bool != nil:
		return *v.Bool, nil
	case k == moment && v.Instant != nil:
		return v.Instant.UnixMicro(), nil
	case k.isText() && v.Text != nil:
		return k.text(*v.Text)
	}
	return nil, filterInvalid("The value that %s is compared with is not of its type.", f.Attribute)
}

func (k kind) isText() bool { return k == exactText || k == foldedText }

// text refuses what PostgreSQL cannot even be asked for.
func (k kind) text(s string) (string, error) {
	if !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
		return "", filterInvalid("The filter contains a NUL character or is not valid UTF-8.")
	}
	if k == foldedText {
		return provisioning.Fold(s), nil
	}
	return s, nil
}

func partial(op provisioning.Comparator) bool {
	return op == provisioning.Contains || op == provisioning.StartsWith || op == provisioning.EndsWith
}

func filterInvalid(format string, args ...any) error {
	return &provisioning.Error{
		Kind:   provisioning.ErrInvalid,
		Code:   "filter_not_supported",
		Detail: fmt.Sprintf(format, args...),
	}
}
