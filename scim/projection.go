package scim

import (
	"strings"

	"drawbridge/provisioning"
)

// projection is the choice of attributes in an answer (RFC 7644 §3.9): those
// in include, if there is one, else all but those in exclude.
type projection struct{ include, exclude selection }

// selection is a choice of attributes by folded name, each with what is chosen
// of its parts. An empty one stands for the attribute as a whole.
type selection map[string]selection

// newProjection reads names such as userName, name.givenName, either behind
// the URN of their schema, or the URN of an extension. A name that the resource
// does not have chooses nothing.
func newProjection(rt *resourceType, include, exclude []string) projection {
	var p projection
	if len(include) > 0 {
		p.include = newSelection(rt, include)
	}
	if len(exclude) > 0 {
		p.exclude = newSelection(rt, exclude)
	}
	return p
}

func newSelection(rt *resourceType, names []string) selection {
	chosen := selection{}
	for _, name := range names {
		if place := rt.place(name); len(place) > 0 {
			chosen.add(place)
		}
	}
	return chosen
}

// add chooses what lies at a place. A whole is not narrowed by a part of it.
func (s selection) add(place []string) {
	parts, known := s[place[0]]
	switch {
	case len(place) == 1:
		s[place[0]] = selection{}
	case known && len(parts) == 0:
	case known:
		parts.add(place[1:])
	default:
		s[place[0]] = selection{}
		s[place[0]].extend(place[1:])
	}
}

// extend adds the first part of a new attribute.
func (s selection) extend(place []string) {
	s[place[0]] = selection{}
	if len(place) > 1 {
		s[place[0]].extend(place[1:])
	}
}

// place is where the named attribute stands in an answer, folded names from
// the outside in; nil if the resource has no such attribute.
func (rt *resourceType) place(name string) []string {
	t := rt.lookUp(name)
	switch {
	case t.kind == targetReadOnly && t.attr == nil: // id, meta, schemas
		common := strings.TrimPrefix(provisioning.Fold(name), rt.core().folded+":")
		return strings.SplitN(common, ".", 2)
	case t.schema == nil:
		return nil
	}
	var place []string
	if t.schema != rt.core() {
		place = append(place, t.schema.folded)
	}
	if t.attr != nil {
		place = append(place, provisioning.Fold(t.attr.name))
	}
	if t.sub != nil {
		place = append(place, provisioning.Fold(t.sub.name))
	}
	return place
}

// narrows reports whether the client named the attributes that it wants.
func (p projection) narrows() bool { return p.include != nil }

// asks reports whether the client named the attribute, or a part of it.
func (p projection) asks(attribute string) bool {
	_, named := p.include[attribute]
	return named
}

// wants reports whether the attribute has a place in the answer.
func (p projection) wants(attribute string) bool {
	if p.narrows() {
		return p.asks(attribute)
	}
	parts, named := p.exclude[attribute]
	return !named || len(parts) > 0
}

// of returns the part of a resource that is asked for. id and schemas are
// always part of it (RFC 7643 §3 and §3.1).
func (p projection) of(resource map[string]any) map[string]any {
	var part map[string]any
	switch {
	case p.narrows():
		part = p.include.keep(resource)
	case p.exclude != nil:
		part = p.exclude.leaveOut(resource)
	default:
		return resource
	}
	part["id"], part["schemas"] = resource["id"], resource["schemas"]
	return part
}

func (s selection) keep(object map[string]any) map[string]any {
	return mapMembers(object, func(name string, value any) any {
		parts, named := s[provisioning.Fold(name)]
		switch {
		case !named:
			return nil
		case len(parts) == 0:
			return value
		}
		return mapElements(value, parts.keep)
	})
}

func (s selection) leaveOut(object map[string]any) map[string]any {
	return mapMembers(object, func(name string, value any) any {
		parts, named := s[provisioning.Fold(name)]
		switch {
		case !named:
			return value
		case len(parts) == 0:
			return nil
		}
		return mapElements(value, parts.leaveOut)
	})
}

// mapMembers returns what becomes of each member; nil leaves it out.
func mapMembers(object map[string]any, become func(name string, value any) any) map[string]any {
	out := make(map[string]any, len(object))
	for name, value := range object {
		if value = become(name, value); value != nil {
			out[name] = value
		}
	}
	return out
}

// mapElements applies a choice of parts to an object or to each of a list, and
// gives nil if nothing is left.
func mapElements(value any, choose func(map[string]any) map[string]any) any {
	switch v := value.(type) {
	case map[string]any:
		if part := choose(v); len(part) > 0 {
			return part
		}
	case []any:
		var out []any
		for _, element := range v {
			if part := mapElements(element, choose); part != nil {
				out = append(out, part)
			}
		}
		if out != nil {
			return out
		}
	}
	return nil
}
