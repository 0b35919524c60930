package scim

import (
	"encoding/json"
	"io"
	"strings"

	"drawbridge/provisioning"
)

// maxMemberID bounds the id of a member, in bytes; ours are far shorter.
const maxMemberID = 255

// groupBody is a POST or PUT of a group, its members apart: the library sees
// only the attributes (rule 22).
type groupBody struct {
	Attributes map[string]any
	Members    []string // ids as sent, in order; nil if absent or null
	Dropped    []string // names of attributes that are not known (rule 21)
}

// readGroup reads the body of a POST or PUT of a group. Members are read as a
// stream: the body is never held whole. Errors as of [readJSON], and
// invalidValue for a member without id.
func readGroup(r io.Reader) (groupBody, error) {
	var list memberList
	head := map[string]any{}
	b := newBody(r)
	err := b.document(func(name string) (err error) {
		if groupType.lookUp(name).isMembers() {
			list, err = b.members()
			return err
		}
		head[name], err = b.value()
		return err
	})
	if err == nil {
		err = list.fault
	}
	if err != nil {
		return groupBody{}, err
	}
	attributes, dropped, err := resourceBody(groupType, head)
	delete(attributes, "members") // named by a part of them, such as members.value
	return groupBody{Attributes: attributes, Members: list.ids, Dropped: dropped}, err
}

// write is the group as the Service takes it. Errors: invalidValue.
func (g groupBody) write() (provisioning.GroupWrite, error) {
	w := provisioning.GroupWrite{Members: g.Members}
	w.DisplayName, _ = g.Attributes["displayName"].(string)
	if strings.TrimSpace(w.DisplayName) == "" {
		return w, badRequest(typeInvalidValue, "displayName is required: a group needs a name.")
	}
	if id, ok := g.Attributes["externalId"].(string); ok {
		w.ExternalID = &id
	}
	return w, checkTextLimits(g.Attributes)
}

// isMembers reports whether the target is the members of a group as a whole.
func (t target) isMembers() bool {
	return t.kind == targetKnown && t.attr != nil && t.attr.name == "members" && t.sub == nil
}

// memberList is the ids in a JSON value that is, if it stands in the right
// place, a list of members. The fault counts only if it does.
type memberList struct {
	ids   []string
	fault error
}

// members reads a value as members: null, one member, or an array of them.
func (b *body) members() (memberList, error) {
	token, err := b.token()
	if err != nil || token == nil {
		return memberList{}, err
	}
	var list memberList
	if token == json.Delim('[') {
		return b.memberArray()
	}
	err = b.member(&list, token)
	return list, err
}

// memberArray reads the rest of an array of members.
func (b *body) memberArray() (memberList, error) {
	list := memberList{ids: []string{}}
	err := b.array(func() error {
		token, err := b.token()
		if err != nil {
			return err
		}
		return b.member(&list, token)
	})
	return list, err
}

// member reads one member, of which token was the first: an object with the id
// in value, or the bare id.
func (b *body) member(list *memberList, token json.Token) error {
	defer b.drop(b.values)
	if token != json.Delim('{') {
		value, err := b.valueFrom(token)
		list.add(value)
		return err
	}
	var id any
	err := b.object(func(name string) error {
		value, err := b.value()
		if provisioning.Fold(name) == "value" {
			id = value
		}
		return err
	})
	list.add(id)
	return err
}

func (l *memberList) add(id any) {
	text, ok := id.(string)
	switch {
	case l.fault != nil:
	case !ok || text == "":
		l.fault = badRequest(typeInvalidValue, "Member %d has no value; it must be the id of a user.", len(l.ids)+1)
	case len(text) > maxMemberID:
		l.fault = badRequest(typeInvalidValue, "Member %d has a value of more than %d bytes; it must be the id of a user.", len(l.ids)+1, maxMemberID)
	default:
		l.ids = append(l.ids, text)
	}
}
