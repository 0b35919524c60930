package scim

import (
	"encoding/json"
	"io"

	"drawbridge/provisioning"
)

// groupPatch is the PATCH of a group as the Service takes it.
type groupPatch struct {
	Change  provisioning.GroupChange
	Dropped []string // unknown names of path-less values (rule 21)
}

// readGroupPatch reads the body of a PATCH of the group with that id. Lists of
// members are read as a stream (rule 22) and steps of one kind that follow one
// another become one. Errors as of [userPatch].
func readGroupPatch(r io.Reader, id string) (groupPatch, error) {
	g := groupPatcher{n: normaliser{rt: groupType, id: id}, body: newBody(r)}
	head := map[string]any{}
	err := g.body.document(func(name string) (err error) {
		if provisioning.Fold(name) == "operations" {
			return g.operations()
		}
		head[name], err = g.body.value()
		return err
	})
	switch {
	case err != nil:
		return groupPatch{}, err
	case !g.any:
		return groupPatch{}, badRequest(typeInvalidSyntax, "The body has no Operations.")
	}
	return groupPatch{Change: g.change, Dropped: g.n.dropped}, checkPatchSchemas(head)
}

// groupPatcher turns operations into a change while it reads them.
type groupPatcher struct {
	n      normaliser
	body   *body
	any    bool // whether there was an operation
	change provisioning.GroupChange
}

// groupOperation is one operation as read, before its path is looked at: the
// value may stand before it.
type groupOperation struct {
	op, path any
	value    groupValue
}

// groupValue is a value in which members were streamed aside.
type groupValue struct {
	plain any         // anything but an array
	list  *memberList // of an array, or of the members in an object
}

func (g *groupPatcher) operations() error {
	token, err := g.body.token()
	if err != nil {
		return err
	}
	if token != json.Delim('[') {
		return badRequest(typeInvalidSyntax, "Operations must be a list of objects.")
	}
	return g.body.array(g.operation)
}

func (g *groupPatcher) operation() error {
	token, err := g.body.token()
	if err != nil {
		return err
	}
	if token != json.Delim('{') {
		return badRequest(typeInvalidSyntax, "Operations must be a list of objects.")
	}
	defer g.body.drop(g.body.values)
	var op groupOperation
	if err := g.body.object(func(name string) error { return g.member(&op, name) }); err != nil {
		return err
	}
	g.any = true
	return g.apply(op)
}

func (g *groupPatcher) member(op *groupOperation, name string) (err error) {
	switch provisioning.Fold(name) {
	case "op":
		op.op, err = g.body.value()
	case "path":
		op.path, err = g.body.value()
	case "value":
		op.value, err = g.value()
	default:
		_, err = g.body.value()
	}
	return err
}

func (g *groupPatcher) value() (groupValue, error) {
	token, err := g.body.token()
	if err != nil {
		return groupValue{}, err
	}
	switch token {
	case json.Delim('['):
		list, err := g.body.memberArray()
		return groupValue{list: &list}, err
	case json.Delim('{'):
		return g.objectValue()
	}
	return groupValue{plain: token}, nil
}

func (g *groupPatcher) objectValue() (groupValue, error) {
	object := map[string]any{}
	value := groupValue{plain: object}
	err := g.body.object(func(name string) (err error) {
		if groupType.lookUp(name).isMembers() {
			var list memberList
			list, err = g.body.members()
			value.list = &list
			return err
		}
		object[name], err = g.body.value()
		return err
	})
	return value, err
}

func (g *groupPatcher) apply(op groupOperation) error {
	kind, err := parseOp(op.op)
	if err != nil {
		return err
	}
	switch text := op.path.(type) {
	case nil:
		return g.pathless(kind, op.value)
	case string:
		if text == "" {
			return g.pathless(kind, op.value)
		}
		return g.withPath(kind, text, op.value)
	}
	return badRequest(typeInvalidPath, "The path of an operation must be text.")
}

func (g *groupPatcher) pathless(kind opKind, value groupValue) error {
	object, ok := value.plain.(map[string]any)
	switch {
	case kind == opRemove:
		return noTarget()
	case !ok:
		return badRequest(typeInvalidValue, "The value of an operation without path must be an object.")
	}
	ops, err := g.n.object(kind, groupType.lookUp, object)
	if err != nil {
		return err
	}
	for _, op := range ops {
		if err := g.attribute(op); err != nil {
			return err
		}
	}
	if value.list == nil {
		return nil
	}
	return g.members(kind, *value.list)
}

func (g *groupPatcher) withPath(kind opKind, text string, value groupValue) error {
	if id, ok := memberPath(text); ok && kind == opRemove {
		return g.members(opRemove, memberList{ids: []string{id}})
	}
	p, _, err := groupType.parsePath(text)
	switch {
	case err != nil:
		return err
	case p.attr.name == "members":
		return g.membersAt(kind, p, value)
	case value.list != nil:
		return badRequest(typeInvalidValue, "The value of %s must be text.", p)
	case kind != opRemove:
		return g.set(kind, p, value.plain)
	case p.attr.required:
		return badRequest(typeMutability, "%s is required and cannot be removed.", p)
	}
	return g.attribute(operation{kind: opRemove, path: p})
}

func (g *groupPatcher) set(kind opKind, p path, value any) error {
	ops, err := g.n.at(kind, p, value)
	if err != nil {
		return err
	}
	return g.attribute(ops[0])
}

// attribute records what becomes of displayName or externalId, the attributes
// of a group beside its members.
func (g *groupPatcher) attribute(op operation) error {
	text, _ := op.value.(string)
	switch op.path.attr.name {
	case "displayName":
		g.change.DisplayName = &text
	case "externalId":
		g.change.ExternalID = &text
	default:
		return memberMutability()
	}
	return checkTextLimits(map[string]any{op.path.attr.name: text})
}

func memberMutability() error {
	return badRequest(typeMutability, "A member cannot be changed in place: remove it and add the other one.")
}

// memberPath recognises members[value eq "…"], the one value filter that
// chooses members: Okta sends one for each leaver.
func memberPath(text string) (id string, ok bool) {
	p, err := newParser("path", typeInvalidPath, text, filterLimits)
	if err != nil || !groupType.lookUp(p.tok.text).isMembers() {
		return "", false
	}
	n, err := p.term()
	element, ok := n.(elementNode)
	if err != nil || !ok || element.after != nil || p.tok.kind != tokenEnd {
		return "", false
	}
	inner, ok := element.inner.(compareNode)
	if !ok || provisioning.Fold(inner.name.text) != "value" || inner.op != provisioning.Equal {
		return "", false
	}
	return inner.value.text, inner.value.kind == literalText
}

// membersAt changes members by a path that names them. A removal with a list
// removes those and never all (Entra ID's form); without a value it empties
// the group (RFC 7644 §3.5.2.2).
func (g *groupPatcher) membersAt(kind opKind, p path, value groupValue) error {
	switch {
	case p.sub != nil:
		return memberMutability()
	case p.match != nil && kind != opRemove:
		return memberMutability()
	case p.match != nil:
		return badRequest(typeInvalidFilter, `Members are removed by members[value eq "…"].`)
	}
	list := memberList{}
	if value.list != nil {
		list = *value.list
	} else if object, ok := value.plain.(map[string]any); ok {
		list.add(lookUpFolded(object, "value"))
	} else if value.plain != nil {
		list.add(value.plain)
	}
	if kind == opRemove && value.list == nil && value.plain == nil {
		kind = opReplace
	}
	return g.members(kind, list)
}

var memberKinds = map[opKind]provisioning.MemberChangeKind{
	opAdd: provisioning.AddMembers, opRemove: provisioning.RemoveMembers, opReplace: provisioning.ReplaceMembers,
}

func (g *groupPatcher) members(kind opKind, list memberList) error {
	if list.fault != nil || len(list.ids) == 0 && kind != opReplace {
		return list.fault
	}
	step := provisioning.MemberChange{Kind: memberKinds[kind], IDs: list.ids}
	steps := g.change.Members
	if last := len(steps) - 1; last >= 0 && steps[last].Kind == step.Kind && kind != opReplace {
		steps[last].IDs = append(steps[last].IDs, step.IDs...)
		return nil
	}
	g.change.Members = append(steps, step)
	return nil
}
