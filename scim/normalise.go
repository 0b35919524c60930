package scim

import (
	"maps"
	"slices"

	"drawbridge/provisioning"
)

// opKind is what an operation does.
type opKind string

const (
	opAdd     opKind = "add"
	opReplace opKind = "replace"
	opRemove  opKind = "remove"
)

// operation is one step of a change, canonical: its path is resolved, and its
// value has the shape that the path asks for. That is text or a boolean for a
// simple attribute or a sub-attribute, map[string]any for an element that a
// filter chose, and []any of map[string]any for a list. A singular complex
// attribute never appears as a whole, but in steps on its sub-attributes
// (RFC 7644 §3.5.2.3) or as a removal.
type operation struct {
	kind  opKind
	path  path
	value any // of a removal: the elements to remove, or nil for all
}

// maxElements bounds a multi-valued attribute, and with it the work of value
// filters. maxOperations bounds a PATCH of a user.
const (
	maxElements   = 200
	maxOperations = 1000
)

// resourceBody normalises the body of a POST or PUT: attributes by canonical
// name, extensions under their URN, nothing that only the server sets, nothing
// unassigned. dropped are the names that are not known. Errors: invalidValue,
// invalidSyntax.
func resourceBody(rt *resourceType, body map[string]any) (attributes map[string]any, dropped []string, err error) {
	n := normaliser{rt: rt}
	if err := n.schemas(body); err != nil {
		return nil, nil, err
	}
	ops, err := n.object(opAdd, rt.lookUp, body)
	if err != nil {
		return nil, nil, err
	}
	attributes, err = applyOperations(rt, nil, ops, patchOptions{createsMissing: true})
	return attributes, n.dropped, err
}

// normaliser turns values in a client's dialect into operations.
type normaliser struct {
	rt      *resourceType
	id      string // PATCH: that of the URL, which an id in a value must equal
	dropped []string
}

// drop records a name that is not known, bounded since strangers choose it.
func (n *normaliser) drop(name string) {
	const mostNames, longest = 50, 100
	if len(n.dropped) < mostNames && len(name) <= longest && !slices.Contains(n.dropped, name) {
		n.dropped = append(n.dropped, name)
	}
}

// schemas refuses a body that says it is another kind of resource, and nothing
// else: clients leave schemas out, misspell URNs and add foreign ones.
func (n *normaliser) schemas(body map[string]any) error {
	urns, err := foldedSchemas(body)
	if err != nil || slices.Contains(urns, n.rt.core().folded) {
		return err
	}
	for _, other := range []*resourceType{userType, groupType} {
		if slices.Contains(urns, other.core().folded) {
			return badRequest(typeInvalidValue, "The body is a %s, sent to where a %s belongs.", other.name, n.rt.name)
		}
	}
	return nil
}

// foldedSchemas is the schemas of a body, folded; nil if it has none.
func foldedSchemas(body map[string]any) ([]string, error) {
	for name, value := range body {
		if provisioning.Fold(name) != "schemas" {
			continue
		}
		var urns []string
		for _, urn := range asList(value) {
			text, ok := urn.(string)
			if !ok {
				return nil, badRequest(typeInvalidSyntax, "schemas must be a list of URNs.")
			}
			urns = append(urns, provisioning.Fold(text))
		}
		return urns, nil
	}
	return nil, nil
}

// asList takes null as no value and a lone value as a list of one.
func asList(value any) []any {
	switch v := value.(type) {
	case nil:
		return nil
	case []any:
		return v
	}
	return []any{value}
}

// object turns a path-less value into operations, one name after the other in
// their order, so that the result never depends on the order of a Go map.
func (n *normaliser) object(kind opKind, lookUp func(string) target, value map[string]any) ([]operation, error) {
	var ops []operation
	for _, name := range slices.Sorted(maps.Keys(value)) {
		more, err := n.member(kind, lookUp, name, value[name])
		if err != nil {
			return nil, err
		}
		ops = append(ops, more...)
	}
	return ops, nil
}

func (n *normaliser) member(kind opKind, lookUp func(string) target, name string, value any) ([]operation, error) {
	t := lookUp(name)
	switch t.kind {
	case targetReadOnly:
		return nil, n.checkID(name, value)
	case targetIgnored:
		return nil, nil
	case targetKnown:
		return n.at(kind, path{schema: t.schema, attr: t.attr, sub: t.sub}, value)
	default:
		if p, known, err := n.rt.parsePath(name); err == nil && known == targetKnown {
			return n.at(kind, p, value) // a key such as emails[type eq "work"].value
		}
		n.drop(name)
		return nil, nil
	}
}

// checkID refuses a value that speaks of another resource than the URL.
func (n *normaliser) checkID(name string, value any) error {
	if n.id == "" || provisioning.Fold(name) != "id" || value == nil || value == n.id {
		return nil
	}
	return badRequest(typeMutability, "The id in the value is not the id in the URL. An id cannot be changed.")
}

// at turns a value for a resolved path into operations.
func (n *normaliser) at(kind opKind, p path, value any) ([]operation, error) {
	switch {
	case p.attr == nil:
		return n.extension(kind, p, value)
	case p.sub != nil:
		return n.simple(kind, p, p.sub, value)
	case p.match != nil:
		return n.element(kind, p, value)
	case p.attr.multi:
		return n.list(kind, p, value)
	case p.attr.complex():
		return n.singular(kind, p, value)
	}
	return n.simple(kind, p, p.attr, value)
}

func (n *normaliser) extension(kind opKind, p path, value any) ([]operation, error) {
	if value == nil {
		return []operation{{kind: opRemove, path: p}}, nil
	}
	attributes, ok := value.(map[string]any)
	if !ok {
		return nil, badRequest(typeInvalidValue, "The value of %s must be an object.", p)
	}
	inside := func(name string) target {
		if t := n.rt.lookUp(name); t.attr != nil && t.schema == p.schema {
			return t // named with its URN once more
		}
		return n.rt.lookUpIn(provisioning.Fold(name), p.schema)
	}
	return n.object(kind, inside, attributes)
}

// simple sets a simple attribute or a sub-attribute; null and "" unassign it
// (RFC 7643 §2.5, and Okta's way to clear a value).
func (n *normaliser) simple(kind opKind, p path, a *attribute, value any) ([]operation, error) {
	v, err := scalar(p, a, value)
	switch {
	case err != nil:
		return nil, err
	case v == nil && a.required:
		return nil, badRequest(typeInvalidValue, "%s cannot be empty.", p)
	case v == nil:
		return []operation{{kind: opRemove, path: p}}, nil
	}
	return []operation{{kind: kind, path: p, value: v}}, nil
}

// scalar is a value of a simple attribute, canonical, and nil if unassigned.
func scalar(p path, a *attribute, value any) (any, error) {
	switch v := value.(type) {
	case nil:
		return nil, nil
	case bool:
		if a.kind == "boolean" {
			return v, nil
		}
	case string:
		if a.kind != "boolean" {
			return textOrNil(v), nil
		}
		if spellsBool(v) {
			return provisioning.Fold(v) == "true", nil
		}
	}
	wants := "text"
	if a.kind == "boolean" {
		wants = "true or false"
	}
	return nil, badRequest(typeInvalidValue, "The value of %s must be %s.", p, wants)
}

func textOrNil(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// singular takes a complex attribute apart. An array of one is taken for its
// element and bare text for its value, as Entra ID writes managers. An object
// with a value names somebody else, so nothing of the former one stays.
func (n *normaliser) singular(kind opKind, p path, value any) ([]operation, error) {
	if list, ok := value.([]any); ok && len(list) < 2 {
		value = first(list)
	}
	whole := operation{kind: opRemove, path: p}
	if value == nil || value == "" {
		return []operation{whole}, nil
	}
	object, err := n.subs(p, value)
	if err != nil {
		return nil, err
	}
	var ops []operation
	if object["value"] != nil {
		ops = append(ops, whole)
	}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		step := operation{kind: kind, path: p, value: object[name]}
		step.path.sub = p.attr.subs[provisioning.Fold(name)]
		if step.value == nil {
			step.kind = opRemove
		}
		ops = append(ops, step)
	}
	return ops, nil
}

func first(list []any) any {
	if len(list) == 0 {
		return nil
	}
	return list[0]
}

// element changes the elements that the path's filter chooses.
func (n *normaliser) element(kind opKind, p path, value any) ([]operation, error) {
	if list, ok := value.([]any); ok && len(list) < 2 {
		value = first(list)
	}
	if value == nil {
		return []operation{{kind: opRemove, path: p}}, nil
	}
	object, err := n.subs(p, value)
	if err != nil {
		return nil, err
	}
	return []operation{{kind: kind, path: p, value: assigned(object)}}, nil
}

// list changes a multi-valued attribute; a lone value is a list of one.
func (n *normaliser) list(kind opKind, p path, value any) ([]operation, error) {
	elements, err := n.elements(p, value)
	switch {
	case err != nil:
		return nil, err
	case len(elements) > 0:
		return []operation{{kind: kind, path: p, value: elements}}, nil
	case kind == opReplace || value == nil:
		return []operation{{kind: opRemove, path: p}}, nil
	}
	return nil, nil
}

func (n *normaliser) elements(p path, value any) ([]any, error) {
	list := asList(value)
	if len(list) > maxElements {
		return nil, badRequest(typeInvalidValue, "%s has more than %d values.", p, maxElements)
	}
	var out []any
	primaries := 0
	for _, item := range list {
		if item == nil || item == "" {
			continue
		}
		object, err := n.subs(p, item)
		if err != nil {
			return nil, err
		}
		if element := assigned(object); len(element) > 0 {
			out = append(out, element)
			primaries += count(element["primary"] == true)
		}
	}
	if primaries > 1 {
		return nil, badRequest(typeInvalidValue, "%s has more than one primary value.", p)
	}
	return out, nil
}

func count(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// subs reads a complex value: sub-attributes by canonical name, nil for those
// that are unassigned. Bare text is its value; what only the server sets is
// passed over.
func (n *normaliser) subs(p path, value any) (map[string]any, error) {
	if text, ok := value.(string); ok && p.attr.subs["value"] != nil {
		value = map[string]any{"value": text}
	}
	object, ok := value.(map[string]any)
	if !ok {
		return nil, badRequest(typeInvalidValue, "The value of %s must be an object.", p)
	}
	out := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		sub, ok := p.attr.subs[provisioning.Fold(name)]
		if !ok {
			n.drop(p.String() + "." + name)
			continue
		}
		at := p
		at.sub = sub
		v, err := scalar(at, sub, object[name])
		if err != nil {
			return nil, err
		}
		if !sub.readOnly {
			out[sub.name] = v
		}
	}
	return out, nil
}

// assigned takes out what says nothing: unassigned sub-attributes, and a
// primary that is false, which is what its absence means (RFC 7643 §2.4).
func assigned(object map[string]any) map[string]any {
	maps.DeleteFunc(object, func(name string, v any) bool {
		return v == nil || name == "primary" && v == false
	})
	return object
}
