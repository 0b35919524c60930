package scim

import (
	"encoding/json"
	"maps"
	"slices"

	"drawbridge/provisioning"
)

// The library validates and routes what these functions render. It sees the
// truth in a form that it can hold: canonical names, plain attribute paths, no
// value filters and no members.

// libraryResource renders the normalised attributes of a POST or PUT.
func libraryResource(rt *resourceType, attributes map[string]any) ([]byte, error) {
	out := maps.Clone(attributes)
	if out == nil {
		out = map[string]any{}
	}
	out["schemas"] = schemasOf(rt, attributes)
	return json.Marshal(out)
}

// schemasOf lists the URNs of the schemas of which the attributes have any.
func schemasOf(rt *resourceType, attributes map[string]any) []string {
	urns := []string{rt.core().urn}
	for _, s := range rt.schemas[1:] {
		if _, ok := attributes[s.urn]; ok {
			urns = append(urns, s.urn)
		}
	}
	return urns
}

// libraryOperation is an operation as the library reads it.
type libraryOperation struct {
	Op    opKind `json:"op"`
	Path  string `json:"path,omitempty"`
	Value any    `json:"value,omitempty"`
}

// libraryUserPatch renders the operations of a PATCH of a user.
func libraryUserPatch(ops []operation) ([]byte, error) {
	out := make([]libraryOperation, 0, len(ops))
	for _, op := range ops {
		if op.path.attr != nil {
			out = append(out, renderOperation(op))
		}
	}
	return libraryPatch(out)
}

func renderOperation(op operation) libraryOperation {
	whole := op.path
	whole.sub = nil
	out := libraryOperation{Op: op.kind, Path: whole.String(), Value: op.value}
	if op.kind == opRemove {
		out.Value = nil
		return out
	}
	if op.path.sub != nil {
		out.Value = map[string]any{op.path.sub.name: op.value}
	}
	if _, list := out.Value.([]any); op.path.attr.multi && !list {
		out.Value = []any{out.Value}
	}
	return out
}

// libraryGroupPatch renders the PATCH of a group: the steps on its members
// stand as one, without the members.
func libraryGroupPatch(change provisioning.GroupChange) ([]byte, error) {
	var out []libraryOperation
	for name, text := range map[string]*string{"displayName": change.DisplayName, "externalId": change.ExternalID} {
		if text != nil {
			out = append(out, libraryOperation{Op: opReplace, Path: name, Value: text})
		}
	}
	slices.SortFunc(out, func(a, b libraryOperation) int { return len(a.Path) - len(b.Path) })
	if len(change.Members) > 0 {
		out = append(out, libraryOperation{Op: opAdd, Path: "members", Value: []any{}})
	}
	return libraryPatch(out)
}

// libraryPatch renders a PatchOp message. The library asks for one operation at
// least; where nothing is left to do, it gets one that does nothing.
func libraryPatch(ops []libraryOperation) ([]byte, error) {
	if len(ops) == 0 {
		ops = []libraryOperation{{Op: opAdd, Value: map[string]any{}}}
	}
	return json.Marshal(map[string]any{"schemas": []string{patchURN}, "Operations": ops})
}
