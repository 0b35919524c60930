package scim

import (
	"slices"

	"drawbridge/provisioning"
)

// userPatch reads the body of a PATCH of the user with that id. dropped are
// the unknown names of path-less values; as a path, such a name is refused
// (rule 21). Errors: invalidSyntax, invalidPath, invalidFilter, invalidValue,
// noTarget, mutability.
func userPatch(body map[string]any, id string) (ops []operation, dropped []string, err error) {
	n := normaliser{rt: userType, id: id}
	list, err := patchOperations(body)
	if err != nil {
		return nil, nil, err
	}
	for _, item := range list {
		object, ok := item.(map[string]any)
		if !ok {
			return nil, nil, badRequest(typeInvalidSyntax, "Operations must be a list of objects.")
		}
		more, err := n.operation(object)
		if err != nil {
			return nil, nil, err
		}
		ops = append(ops, more...)
	}
	return ops, n.dropped, nil
}

// patchOperations checks the envelope of a PATCH (RFC 7644 §3.5.2).
func patchOperations(body map[string]any) ([]any, error) {
	if err := checkPatchSchemas(body); err != nil {
		return nil, err
	}
	list, _ := lookUpFolded(body, "operations").([]any)
	switch {
	case len(list) == 0:
		return nil, badRequest(typeInvalidSyntax, "The body has no Operations.")
	case len(list) > maxOperations:
		return nil, badRequest(typeInvalidValue, "The body has more than %d Operations; send them in several requests.", maxOperations)
	}
	return list, nil
}

func checkPatchSchemas(body map[string]any) error {
	urns, err := foldedSchemas(body)
	if err == nil && urns != nil && !slices.Contains(urns, provisioning.Fold(patchURN)) {
		err = badRequest(typeInvalidSyntax, "The schemas of a PATCH must contain %s.", patchURN)
	}
	return err
}

// lookUpFolded finds a member of an object by its folded name.
func lookUpFolded(object map[string]any, folded string) any {
	for name, value := range object {
		if provisioning.Fold(name) == folded {
			return value
		}
	}
	return nil
}

// parseOp reads the kind of an operation; Entra ID capitalises it.
func parseOp(value any) (opKind, error) {
	text, _ := value.(string)
	switch kind := opKind(provisioning.Fold(text)); kind {
	case opAdd, opReplace, opRemove:
		return kind, nil
	}
	return "", badRequest(typeInvalidSyntax, "The op of an operation must be add, replace or remove.")
}

func (n *normaliser) operation(object map[string]any) ([]operation, error) {
	kind, err := parseOp(lookUpFolded(object, "op"))
	if err != nil {
		return nil, err
	}
	value := lookUpFolded(object, "value")
	switch text := lookUpFolded(object, "path").(type) {
	case nil:
		return n.pathless(kind, value)
	case string:
		if text == "" {
			return n.pathless(kind, value)
		}
		return n.withPath(kind, text, value)
	}
	return nil, badRequest(typeInvalidPath, "The path of an operation must be text.")
}

func (n *normaliser) pathless(kind opKind, value any) ([]operation, error) {
	if kind == opRemove {
		return nil, noTarget()
	}
	object, ok := value.(map[string]any)
	if !ok {
		return nil, badRequest(typeInvalidValue, "The value of an operation without path must be an object.")
	}
	return n.object(kind, n.rt.lookUp, object)
}

func noTarget() error {
	return badRequest(typeNoTarget, "A remove operation must have a path.")
}

func (n *normaliser) withPath(kind opKind, text string, value any) ([]operation, error) {
	p, known, err := n.rt.parsePath(text)
	if err != nil || known == targetIgnored {
		return nil, err
	}
	if kind != opRemove {
		return n.at(kind, p, value)
	}
	if p.attr != nil && p.sub == nil && p.attr.required {
		return nil, badRequest(typeMutability, "%s is required and cannot be removed.", p)
	}
	op := operation{kind: opRemove, path: p}
	if value == nil || p.attr == nil || !p.attr.multi || p.sub != nil || p.match != nil {
		return []operation{op}, nil
	}
	elements, err := n.elements(p, value)
	if err != nil || len(elements) == 0 {
		return nil, err // a list of none removes none, not all
	}
	op.value = elements
	return []operation{op}, nil
}
