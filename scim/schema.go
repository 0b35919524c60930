package scim

import (
	"slices"
	"strings"

	"github.com/elimity-com/scim/schema"

	"drawbridge/provisioning"
)

// URNs of schemas and messages (RFC 7643 §8.7, RFC 7644 §8.2).
const (
	userURN       = "urn:ietf:params:scim:schemas:core:2.0:User"
	groupURN      = "urn:ietf:params:scim:schemas:core:2.0:Group"
	enterpriseURN = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	patchURN      = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
)

// userSchema is RFC 7643 §4.1 without password: nothing here keeps one, so
// none is advertised. Clients that send one are not refused.
func userSchema() schema.Schema {
	s := schema.CoreUserSchema()
	s.Attributes = slices.DeleteFunc(slices.Clone(s.Attributes), func(a schema.CoreAttribute) bool {
		return a.Name() == "password"
	})
	return s
}

func enterpriseSchema() schema.Schema { return schema.ExtensionEnterpriseUser() }

func groupSchema() schema.Schema { return schema.CoreGroupSchema() }

// attribute is what the normaliser and PATCH need to know of an attribute.
type attribute struct {
	name     string
	kind     string // string, boolean, reference, binary or complex
	multi    bool
	required bool
	exact    bool // compared with regard to case
	readOnly bool
	subs     map[string]*attribute // by folded name
}

func (a *attribute) complex() bool { return a.kind == "complex" }

// schemaTable is one schema, its attributes by folded name.
type schemaTable struct {
	urn        string
	folded     string
	attributes map[string]*attribute
}

// resourceType is the table by which bodies of one kind are read: its core
// schema first, then the extensions.
type resourceType struct {
	name    string
	schemas []*schemaTable
	ignored []string // folded names that are never kept and never complained of
}

var (
	userType  = newResourceType("User", []string{"password"}, userSchema(), enterpriseSchema())
	groupType = newResourceType("Group", nil, groupSchema())
)

// newResourceType adds externalId, which the library knows of every resource
// but lists in no schema.
func newResourceType(name string, ignored []string, schemas ...schema.Schema) *resourceType {
	rt := &resourceType{name: name, ignored: ignored}
	for _, s := range schemas {
		rt.schemas = append(rt.schemas, newSchemaTable(s))
	}
	rt.core().attributes["externalid"] = &attribute{name: "externalId", kind: "string", exact: true}
	return rt
}

func newSchemaTable(s schema.Schema) *schemaTable {
	return &schemaTable{urn: s.ID, folded: provisioning.Fold(s.ID), attributes: newAttributes(s.Attributes)}
}

func newAttributes(from schema.Attributes) map[string]*attribute {
	out := make(map[string]*attribute, len(from))
	for _, a := range from {
		out[provisioning.Fold(a.Name())] = &attribute{
			name:     a.Name(),
			kind:     a.AttributeType(),
			multi:    a.MultiValued(),
			required: a.Required(),
			exact:    a.CaseExact(),
			readOnly: a.Mutability() == "readOnly",
			subs:     newAttributes(a.SubAttributes()),
		}
	}
	return out
}

func (rt *resourceType) core() *schemaTable { return rt.schemas[0] }

// commonReadOnly are the attributes of every resource that only the server
// sets (RFC 7643 §3.1).
var commonReadOnly = []string{"id", "meta", "schemas"}

type targetKind int

const (
	targetUnknown targetKind = iota
	targetKnown
	targetReadOnly
	targetIgnored
)

// target is the place that a name without value filter stands for.
type target struct {
	kind   targetKind
	schema *schemaTable
	attr   *attribute // nil for an extension as a whole
	sub    *attribute // nil for an attribute as a whole
}

// lookUp finds what a name means: attr, attr.sub, either behind the URN of its
// schema, or the URN of an extension. Case never counts (RFC 7643 §2.1). An
// extension's attribute is found without its URN too, since Entra ID sends
// "manager" so.
func (rt *resourceType) lookUp(name string) target {
	name = provisioning.Fold(name)
	for i, s := range rt.schemas {
		if name == s.folded && i > 0 {
			return target{kind: targetKnown, schema: s}
		}
		if rest, ok := strings.CutPrefix(name, s.folded+":"); ok {
			return rt.lookUpIn(rest, s)
		}
	}
	return rt.lookUpIn(name, rt.schemas...)
}

func (rt *resourceType) lookUpIn(name string, schemas ...*schemaTable) target {
	head, tail, dotted := strings.Cut(name, ".")
	switch {
	case slices.Contains(commonReadOnly, head):
		return target{kind: targetReadOnly}
	case slices.Contains(rt.ignored, head):
		return target{kind: targetIgnored}
	}
	for _, s := range schemas {
		attr, ok := s.attributes[head]
		if !ok {
			continue
		}
		t := target{kind: targetKnown, schema: s, attr: attr}
		if dotted {
			if t.sub, ok = attr.subs[tail]; !ok {
				return target{}
			}
		}
		if attr.readOnly || t.sub != nil && t.sub.readOnly {
			t.kind = targetReadOnly
		}
		return t
	}
	return target{}
}
