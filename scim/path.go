package scim

import (
	"drawbridge/provisioning"
)

// path is the resolved path of a PATCH operation (RFC 7644 §3.5.2, figure 7).
type path struct {
	schema *schemaTable
	attr   *attribute     // nil: the extension as a whole
	sub    *attribute     // nil: the attribute as a whole
	match  *elementFilter // nil: no value filter
}

// String is the path in canonical names, without its value filter.
func (p path) String() string {
	name := p.schema.urn
	switch {
	case p.attr == nil:
		return name
	case p.schema == userType.core(), p.schema == groupType.core():
		name = p.attr.name
	default:
		name += ":" + p.attr.name
	}
	if p.sub != nil {
		name += "." + p.sub.name
	}
	return name
}

// parsePath parses and looks up a path that a client wrote out. The kind says
// whether the path is to be used (targetKnown) or passed over (targetIgnored).
// Errors: invalidPath, invalidFilter inside the brackets, mutability.
func (rt *resourceType) parsePath(text string) (path, targetKind, error) {
	p, err := newParser("path", typeInvalidPath, text, filterLimits)
	if err != nil {
		return path{}, 0, err
	}
	name := p.tok
	if err := p.expect(tokenWord, "the name of an attribute"); err != nil {
		return path{}, 0, err
	}
	t := rt.lookUp(name.text)
	if t.kind != targetKnown {
		return path{}, t.kind, rt.refuseTarget(t.kind, text)
	}
	found := path{schema: t.schema, attr: t.attr, sub: t.sub}
	if p.tok.kind == tokenOpenBracket {
		if err := p.selection(&found); err != nil {
			return path{}, 0, err
		}
	}
	if found.sub != nil && found.sub.readOnly {
		return path{}, 0, rt.refuseTarget(targetReadOnly, text)
	}
	return found, targetKnown, p.end()
}

func (rt *resourceType) refuseTarget(kind targetKind, text string) error {
	switch kind {
	case targetIgnored:
		return nil
	case targetReadOnly:
		return badRequest(typeMutability, "%s is read-only: the service sets it.", excerpt(text))
	default:
		return badRequest(typeInvalidPath, "The path %s names no attribute of a %s.", excerpt(text), rt.name)
	}
}

// selection reads [filter] and the sub-attribute that may follow.
func (p *parser) selection(found *path) error {
	if found.attr == nil || found.sub != nil || !found.attr.multi {
		return p.fail(p.tok.at, "square brackets follow a list of values only, such as emails.")
	}
	p.what, p.scimType = "value filter of the path", typeInvalidFilter
	inner, err := p.enclosed(tokenCloseBracket, "a closing bracket ]")
	if err != nil {
		return err
	}
	if found.match, err = compileElementFilter(&p.lexer, found.attr, inner); err != nil {
		return err
	}
	p.what, p.scimType = "path", typeInvalidPath
	sub, ok, err := p.subAttribute()
	if err != nil || !ok {
		return err
	}
	if found.sub, ok = found.attr.subs[provisioning.Fold(sub.text)]; !ok {
		return p.fail(sub.at, "%s has no %s.", found.attr.name, excerpt(sub.text))
	}
	return nil
}
