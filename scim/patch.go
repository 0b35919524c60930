package scim

import (
	"maps"
	"reflect"
	"slices"
	"strings"
)

// patchOptions are switches of a directory.
type patchOptions struct {
	// createsMissing makes add and replace create the element that their value
	// filter describes when none matches, as Entra ID expects; otherwise they
	// fail with noTarget (RFC 7644 §3.5.2.3).
	createsMissing bool
}

// applyUserPatch gives what the attributes of a user are after a PATCH: the
// operations in order, all or none (RFC 7644 §3.5.2). It is pure: current and
// ops stay as they are. Errors: noTarget, invalidValue.
func applyUserPatch(current map[string]any, ops []operation, opts patchOptions) (map[string]any, error) {
	return applyOperations(userType, current, ops, opts)
}

func applyOperations(rt *resourceType, current map[string]any, ops []operation, opts patchOptions) (map[string]any, error) {
	next := clone(current).(map[string]any)
	for _, op := range ops {
		if err := apply(rt, next, op, opts); err != nil {
			return nil, err
		}
	}
	for _, s := range rt.schemas {
		holder := next
		if s != rt.core() {
			holder, _ = next[s.urn].(map[string]any)
		}
		pruneLists(s, holder)
	}
	return next, nil
}

// pruneLists takes out elements that are left with nothing but their kind.
// Only at the end, since Entra ID sets type, primary and value one by one.
func pruneLists(s *schemaTable, holder map[string]any) {
	for _, attr := range s.attributes {
		list, ok := holder[attr.name].([]any)
		if !ok || attr.subs["value"] == nil {
			continue
		}
		set(holder, attr.name, slices.DeleteFunc(list, func(item any) bool {
			element := item.(map[string]any)
			rest := len(element)
			for _, kind := range []string{"type", "primary"} {
				if _, ok := element[kind]; ok {
					rest--
				}
			}
			return rest == 0
		}))
	}
}

// clone copies maps and lists all the way down, and makes an empty map of nil.
func clone(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, value := range v {
			out[name] = clone(value)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, value := range v {
			out[i] = clone(value)
		}
		return out
	}
	return v
}

// apply does one operation on the part of the resource that its schema holds,
// and leaves no empty object behind.
func apply(rt *resourceType, resource map[string]any, op operation, opts patchOptions) error {
	if op.path.schema == rt.core() {
		return applyIn(resource, op, opts)
	}
	urn := op.path.schema.urn
	extension, _ := resource[urn].(map[string]any)
	if extension == nil {
		extension = map[string]any{}
	}
	if op.path.attr == nil {
		clear(extension)
	} else if err := applyIn(extension, op, opts); err != nil {
		return err
	}
	set(resource, urn, extension)
	return nil
}

// set stores a value, or deletes the name if the value says nothing.
func set(object map[string]any, name string, value any) {
	switch v := value.(type) {
	case map[string]any:
		if len(v) == 0 {
			value = nil
		}
	case []any:
		if len(v) == 0 {
			value = nil
		}
	}
	if value == nil {
		delete(object, name)
		return
	}
	object[name] = value
}

func applyIn(object map[string]any, op operation, opts patchOptions) error {
	name := op.path.attr.name
	switch {
	case op.path.attr.multi:
		list, _ := object[name].([]any)
		list, err := applyToList(list, op, opts)
		set(object, name, list)
		return err
	case op.path.sub != nil:
		inner, _ := object[name].(map[string]any)
		if inner == nil {
			inner = map[string]any{}
		}
		set(inner, op.path.sub.name, op.value)
		set(object, name, inner)
	default:
		set(object, name, op.value)
	}
	return nil
}

func applyToList(list []any, op operation, opts patchOptions) ([]any, error) {
	if op.path.match == nil && op.path.sub == nil {
		return wholeList(list, op)
	}
	if op.kind == opRemove {
		return removeChosen(list, op.path), nil
	}
	chosen, list, err := choose(list, op, opts)
	if err != nil {
		return nil, err
	}
	for _, at := range chosen {
		change(list[at].(map[string]any), op)
	}
	return settlePrimary(list, chosen, op)
}

func wholeList(list []any, op operation) ([]any, error) {
	given, _ := clone(op.value).([]any)
	switch {
	case op.kind == opReplace:
		return addElements(nil, given, op)
	case op.kind == opAdd:
		return addElements(list, given, op)
	case given == nil:
		return nil, nil
	}
	return slices.DeleteFunc(list, func(element any) bool {
		return slices.ContainsFunc(given, func(g any) bool { return sameElement(op.path.attr, element, g) })
	}), nil
}

// addElements appends what is not there yet; an element of the same value and
// type takes the rest over.
func addElements(list, given []any, op operation) ([]any, error) {
	var touched []int
	for _, g := range given {
		at := slices.IndexFunc(list, func(have any) bool { return sameElement(op.path.attr, have, g) })
		if at < 0 {
			at, list = len(list), append(list, g)
		} else {
			maps.Copy(list[at].(map[string]any), g.(map[string]any))
		}
		touched = append(touched, at)
	}
	return settlePrimary(list, touched, op)
}

// sameElement reports whether two elements are one (RFC 7643 §2.4: value and
// type together), or, where there is no value, alike in everything.
func sameElement(attr *attribute, have, given any) bool {
	a, b := have.(map[string]any), given.(map[string]any)
	if b["value"] == nil {
		return reflect.DeepEqual(a, b)
	}
	return sameText(attr, "value", a, b) && (b["type"] == nil || sameText(attr, "type", a, b))
}

func sameText(attr *attribute, name string, a, b map[string]any) bool {
	x, _ := a[name].(string)
	y, _ := b[name].(string)
	if attr.subs[name].exact {
		return x == y
	}
	return strings.EqualFold(x, y)
}

// removeChosen removes the elements that the filter chooses, or only a
// sub-attribute of them. None that match is no error: what was to go is gone.
func removeChosen(list []any, p path) []any {
	out := list[:0]
	for _, item := range list {
		element := item.(map[string]any)
		if p.match != nil && !p.match.matches(element) {
			out = append(out, element)
			continue
		}
		if p.sub != nil {
			delete(element, p.sub.name)
			if len(element) > 0 {
				out = append(out, element)
			}
		}
	}
	return out
}

// choose finds the places of the elements that an add or replace is about, and
// makes an element if that is called for.
func choose(list []any, op operation, opts patchOptions) (chosen []int, all []any, err error) {
	match := op.path.match
	for i, item := range list {
		if match == nil || match.matches(item.(map[string]any)) {
			chosen = append(chosen, i)
		}
	}
	switch {
	case match == nil && len(chosen) > 1:
		return nil, nil, badRequest(typeInvalidPath, `%s has several values; say which, as in %s[type eq "work"].`, op.path, op.path.attr.name)
	case len(chosen) > 0:
		return chosen, list, nil
	}
	made := map[string]any{}
	if match != nil {
		if !opts.createsMissing || match.template == nil {
			return nil, nil, badRequest(typeNoTarget, "No value of %s matches the filter of the path.", op.path.attr.name)
		}
		made = maps.Clone(match.template)
	}
	return []int{len(list)}, append(list, made), nil
}

func tooManyElements(p path) error {
	return badRequest(typeInvalidValue, "%s has more than %d values.", p, maxElements)
}

// change sets a sub-attribute of an element, or its fields: add keeps the
// others, replace keeps only what the filter chose it by.
func change(element map[string]any, op operation) {
	if op.path.sub != nil {
		element[op.path.sub.name] = op.value
		assigned(element)
		return
	}
	if op.kind == opReplace {
		clear(element)
		maps.Copy(element, op.path.match.template)
	}
	maps.Copy(element, op.value.(map[string]any))
}

// settlePrimary leaves at most one element primary: the one among those just
// touched, if there is one (RFC 7644 §3.5.2).
func settlePrimary(list []any, touched []int, op operation) ([]any, error) {
	if len(list) > maxElements {
		return nil, tooManyElements(op.path)
	}
	primary := -1
	for _, at := range touched {
		switch {
		case list[at].(map[string]any)["primary"] != true:
		case primary >= 0 && primary != at:
			return nil, badRequest(typeInvalidValue, "%s would have more than one primary value.", op.path.attr.name)
		default:
			primary = at
		}
	}
	for at, item := range list {
		if primary >= 0 && at != primary {
			delete(item.(map[string]any), "primary")
		}
	}
	return slices.DeleteFunc(list, func(item any) bool { return len(item.(map[string]any)) == 0 }), nil
}
