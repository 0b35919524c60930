package scim

import (
	"strings"
	"time"

	"drawbridge/provisioning"
)

// ParseUserFilter parses a filter on users (RFC 7644 §3.4.2.2). It answers an
// [*Error] of scimType invalidFilter for what it does not understand (rule
// 21), and for text of more than 4096 bytes, 16 levels or 64 comparisons.
func ParseUserFilter(text string) (provisioning.Filter, error) {
	return parseFilter(text, userFilters, filterLimits)
}

// ParseGroupFilter is [ParseUserFilter] for groups.
func ParseGroupFilter(text string) (provisioning.Filter, error) {
	return parseFilter(text, groupFilters, filterLimits)
}

func parseFilter(text string, table *filterTable, lim limits) (provisioning.Filter, error) {
	p, err := newParser("filter", typeInvalidFilter, text, lim)
	if err != nil {
		return nil, err
	}
	n, err := p.whole()
	if err != nil {
		return nil, err
	}
	c := compiler{lexer: &p.lexer, table: table, names: table.attributes}
	return c.compile(n)
}

type valueType int

const (
	valueText valueType = iota
	valueBool
	valueInstant
	valueResourceType // known without looking: settled while compiling
)

type filterAttribute struct {
	attribute provisioning.Attribute
	typ       valueType
}

// filterTable says what a resource can be filtered by, names folded.
type filterTable struct {
	resource   string
	urn        string
	attributes map[string]filterAttribute
	list       string                     // the attribute that may be followed by [ ]
	elements   map[string]filterAttribute // what may stand inside
	known      string                     // for people
}

var userFilters = &filterTable{
	resource: "User",
	urn:      userURN,
	attributes: map[string]filterAttribute{
		"id":                {provisioning.AttrID, valueText},
		"externalid":        {provisioning.AttrExternalID, valueText},
		"username":          {provisioning.AttrUserName, valueText},
		"displayname":       {provisioning.AttrDisplayName, valueText},
		"name.givenname":    {provisioning.AttrGivenName, valueText},
		"name.familyname":   {provisioning.AttrFamilyName, valueText},
		"name.formatted":    {provisioning.AttrFormattedName, valueText},
		"active":            {provisioning.AttrActive, valueBool},
		"emails":            {provisioning.AttrEmailValue, valueText},
		"emails.value":      {provisioning.AttrEmailValue, valueText},
		"emails.type":       {provisioning.AttrEmailType, valueText},
		"emails.primary":    {provisioning.AttrEmailPrimary, valueBool},
		"meta.created":      {provisioning.AttrCreated, valueInstant},
		"meta.lastmodified": {provisioning.AttrLastModified, valueInstant},
		"meta.resourcetype": {"", valueResourceType},
	},
	list: "emails",
	elements: map[string]filterAttribute{
		"value":   {provisioning.AttrEmailValue, valueText},
		"type":    {provisioning.AttrEmailType, valueText},
		"primary": {provisioning.AttrEmailPrimary, valueBool},
	},
	known: "Users can be filtered by userName, externalId, id, active, displayName, name.givenName, name.familyName, " +
		"name.formatted, emails, meta.created, meta.lastModified and meta.resourceType.",
}

var groupFilters = &filterTable{
	resource: "Group",
	urn:      groupURN,
	attributes: map[string]filterAttribute{
		"id":                {provisioning.AttrID, valueText},
		"externalid":        {provisioning.AttrExternalID, valueText},
		"displayname":       {provisioning.AttrDisplayName, valueText},
		"members":           {provisioning.AttrMemberID, valueText},
		"members.value":     {provisioning.AttrMemberID, valueText},
		"meta.created":      {provisioning.AttrCreated, valueInstant},
		"meta.lastmodified": {provisioning.AttrLastModified, valueInstant},
		"meta.resourcetype": {"", valueResourceType},
	},
	list:     "members",
	elements: map[string]filterAttribute{"value": {provisioning.AttrMemberID, valueText}},
	known: "Groups can be filtered by displayName, externalId, id, members.value, meta.created, meta.lastModified " +
		"and meta.resourceType.",
}

// always and never are the constants of the filter tree, which has no word for
// them: every resource has an id.
func always() provisioning.Filter {
	return provisioning.Comparison{Attribute: provisioning.AttrID, Operator: provisioning.Present}
}

func never() provisioning.Filter { return provisioning.Not{Inner: always()} }

// compiler looks names up and checks that operators and values suit them.
type compiler struct {
	*lexer
	table  *filterTable
	names  map[string]filterAttribute
	inside bool // of square brackets
}

func (c compiler) compile(n node) (provisioning.Filter, error) {
	switch n := n.(type) {
	case logicalNode:
		return c.logical(n)
	case notNode:
		inner, err := c.compile(n.inner)
		return provisioning.Not{Inner: inner}, err
	case elementNode:
		return c.element(n)
	case compareNode:
		return c.comparison(n)
	}
	panic("scim: unknown node of a filter")
}

func (c compiler) logical(n logicalNode) (provisioning.Filter, error) {
	left, err := c.compile(n.left)
	if err != nil {
		return nil, err
	}
	right, err := c.compile(n.right)
	if n.and {
		return provisioning.And{Left: left, Right: right}, err
	}
	return provisioning.Or{Left: left, Right: right}, err
}

func (c compiler) element(n elementNode) (provisioning.Filter, error) {
	if c.inside || c.unqualified(n.name.text) != c.table.list {
		return nil, c.fail(n.name.at, "%s cannot be followed by square brackets. %s", excerpt(n.name.text), c.table.known)
	}
	c.names, c.inside = c.table.elements, true
	if c.table == groupFilters {
		return c.member(n)
	}
	inner, err := c.compile(n.inner)
	if err != nil || n.after == nil {
		return provisioning.EmailMatch{Inner: inner}, err
	}
	after, err := c.comparison(*n.after)
	return provisioning.EmailMatch{Inner: provisioning.And{Left: inner, Right: after}}, err
}

// member compiles members[value eq "…"]. The tree has no condition on one
// single member, so nothing else may stand in the brackets.
func (c compiler) member(n elementNode) (provisioning.Filter, error) {
	inner, ok := n.inner.(compareNode)
	if !ok || inner.op != provisioning.Equal || n.after != nil {
		return nil, c.fail(n.name.at, `members takes the form members[value eq "…"] only.`)
	}
	return c.comparison(inner)
}

func (c compiler) comparison(n compareNode) (provisioning.Filter, error) {
	attr, ok := c.names[c.unqualified(n.name.text)]
	if !ok && c.inside {
		return nil, c.fail(n.name.at, "%s cannot stand inside the square brackets of %s.", excerpt(n.name.text), c.table.list)
	}
	if !ok {
		return nil, c.fail(n.name.at, "%s cannot be used in a filter. %s", excerpt(n.name.text), c.table.known)
	}
	if attr.typ == valueResourceType {
		return c.resourceType(n)
	}
	if !attr.typ.takes(n.op) {
		return nil, c.fail(n.name.at, "%s cannot be compared with %s.", excerpt(n.name.text), n.op)
	}
	value, err := c.value(attr.typ, n)
	return provisioning.Comparison{Attribute: attr.attribute, Operator: n.op, Value: value}, err
}

// takes reports whether values of the type can be compared so: booleans have
// no order (RFC 7644 §3.4.2.2), and neither they nor instants have parts.
func (t valueType) takes(op provisioning.Comparator) bool {
	switch op {
	case provisioning.Equal, provisioning.NotEqual, provisioning.Present:
		return true
	case provisioning.Contains, provisioning.StartsWith, provisioning.EndsWith:
		return t == valueText
	default:
		return t != valueBool
	}
}

func (c compiler) value(typ valueType, n compareNode) (provisioning.Value, error) {
	v := n.value
	switch {
	case n.op == provisioning.Present:
		return provisioning.Value{}, nil
	case v.kind == literalNull && (n.op == provisioning.Equal || n.op == provisioning.NotEqual):
		return provisioning.Value{}, nil
	case typ == valueText && v.kind == literalText:
		return provisioning.Value{Text: &v.text}, nil
	case typ == valueBool && (v.kind == literalBool || v.kind == literalText && spellsBool(v.text)):
		yes := v.isTrue()
		return provisioning.Value{Bool: &yes}, nil
	case typ == valueInstant && v.kind == literalText:
		if at, err := time.Parse(time.RFC3339Nano, v.text); err == nil {
			return provisioning.Value{Instant: &at}, nil
		}
	}
	return provisioning.Value{}, c.fail(v.at, "%s is compared with %s here.", excerpt(n.name.text), typ.wants())
}

func (t valueType) wants() string {
	switch t {
	case valueBool:
		return "true or false"
	case valueInstant:
		return `a date, a time and a zone in double quotes, as "2026-01-31T09:30:00Z",`
	default:
		return "text in double quotes"
	}
}

// resourceType settles a condition on meta.resourceType, which is the same for
// all resources of an endpoint.
func (c compiler) resourceType(n compareNode) (provisioning.Filter, error) {
	if n.op == provisioning.Present {
		return always(), nil
	}
	if n.value.kind != literalText {
		return nil, c.fail(n.value.at, "meta.resourceType is compared with text in double quotes here.")
	}
	if compareText(n.op, c.table.resource, n.value.text) {
		return always(), nil
	}
	return never(), nil
}

// compareText is one comparison of exact text.
func compareText(op provisioning.Comparator, have, want string) bool {
	switch op {
	case provisioning.Equal:
		return have == want
	case provisioning.NotEqual:
		return have != want
	case provisioning.Contains:
		return strings.Contains(have, want)
	case provisioning.StartsWith:
		return strings.HasPrefix(have, want)
	case provisioning.EndsWith:
		return strings.HasSuffix(have, want)
	case provisioning.Greater:
		return have > want
	case provisioning.GreaterEqual:
		return have >= want
	case provisioning.Less:
		return have < want
	case provisioning.LessEqual:
		return have <= want
	default: // pr
		return have != ""
	}
}

// unqualified folds a name and takes the resource's own URN off it.
func (c compiler) unqualified(name string) string {
	name = provisioning.Fold(name)
	if c.inside {
		return name
	}
	return strings.TrimPrefix(name, provisioning.Fold(c.table.urn)+":")
}

func spellsBool(s string) bool {
	s = provisioning.Fold(s)
	return s == "true" || s == "false"
}
