package scim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"drawbridge/provisioning"
)

func TestReadGroup(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, in   string
		attributes map[string]any
		members    []string
		dropped    []string
	}{
		{
			"Okta creates an empty group", `{"schemas":["` + groupURN + `"],"displayName":"SOC","members":[]}`,
			map[string]any{"displayName": "SOC"},
			[]string{},
			nil,
		},
		{
			"Okta's wizard puts a whole group", `{"schemas":["` + groupURN + `"],"id":"g1","displayName":"SOC","members":[{"value":"u1","display":"a@b.test"},{"value":"u2","display":null},{"value":"u1"}]}`,
			map[string]any{"displayName": "SOC"},
			[]string{"u1", "u2", "u1"},
			nil,
		},
		{
			"Entra ID's foreign schema", `{"schemas":["` + groupURN + `","http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"],"externalId":"8aa1","displayName":"SOC","meta":{"resourceType":"Group"}}`,
			map[string]any{"displayName": "SOC", "externalId": "8aa1"},
			nil, nil,
		},
		{
			"null members, unknown names", `{"displayName":"SOC","members":null,"description":"d"}`,
			map[string]any{"displayName": "SOC"},
			nil,
			[]string{"description"},
		},
		{
			"other writings of members", `{"MEMBERS":{"$ref":null,"VALUE":"u1","type":"User"},"displayName":"SOC"}`,
			map[string]any{"displayName": "SOC"},
			[]string{"u1"},
			nil,
		},
		{
			"members behind the URN, as bare ids", `{"` + groupURN + `:members":["u1","u2"],"displayName":"SOC"}`,
			map[string]any{"displayName": "SOC"},
			[]string{"u1", "u2"},
			nil,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := readGroup(strings.NewReader(c.in))
			want := groupBody{Attributes: c.attributes, Members: c.members, Dropped: c.dropped}
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("got %#v (%v), want %#v", got, err, want)
			}
			wantLibraryAccepts(t, http.MethodPost, "/Groups", must(libraryResource(groupType, got.Attributes)))
		})
	}
}

func TestReadGroupRefusals(t *testing.T) {
	t.Parallel()
	for in, want := range map[string][2]string{
		`{"members":[{"display":"x"}]}`:                     {typeInvalidValue, "Member 1 has no value"},
		`{"members":[{"value":"a"},{"value":7}]}`:           {typeInvalidValue, "Member 2"},
		`{"members":[{"value":""}]}`:                        {typeInvalidValue, "Member 1"},
		`{"members":[null]}`:                                {typeInvalidValue, "Member 1"},
		`{"members":[[["u1"]]]}`:                            {typeInvalidValue, "Member 1"},
		`{"members":7}`:                                     {typeInvalidValue, "Member 1"},
		`{"members":["` + strings.Repeat("a", 256) + `"]}`:  {typeInvalidValue, "255"},
		`{"members":[{"value":"a","Value":"b"}]}`:           {typeInvalidSyntax, "twice"},
		`{"members":[],"Members":[]}`:                       {typeInvalidSyntax, "twice"},
		`{"members":[{"value":"a"}`:                         {typeInvalidSyntax, "breaks off"},
		`{"members":[{"value":"a\u0000"}]}`:                 {typeInvalidSyntax, "NUL"},
		`{"members":` + strings.Repeat("[", 1<<20):          {typeInvalidSyntax, "32 deep"},
		`{"displayName":""}`:                                {typeInvalidValue, "displayName"},
		`{"displayName":["x"]}`:                             {typeInvalidValue, "displayName"},
		`{"schemas":["` + userURN + `"],"displayName":"x"}`: {typeInvalidValue, "is a User"},
	} {
		_, err := readGroup(strings.NewReader(in))
		wantError(t, err, want[0], want[1])
	}
}

func TestGroupWrite(t *testing.T) {
	t.Parallel()
	got, err := groupBody{Attributes: map[string]any{"displayName": "SOC", "externalId": "x"}, Members: []string{"u1"}}.write()
	want := provisioning.GroupWrite{DisplayName: "SOC", ExternalID: ptr("x"), Members: []string{"u1"}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v (%v), want %+v", got, err, want)
	}
	for _, name := range []string{"", "  ", strings.Repeat("x", 1025)} {
		_, err := groupBody{Attributes: map[string]any{"displayName": name}}.write()
		wantError(t, err, typeInvalidValue, "displayName")
	}
}

func changeOf(name, external *string, members ...provisioning.MemberChange) provisioning.GroupChange {
	return provisioning.GroupChange{DisplayName: name, ExternalID: external, Members: members}
}

func step(kind provisioning.MemberChangeKind, ids ...string) provisioning.MemberChange {
	if ids == nil && kind == provisioning.ReplaceMembers {
		ids = []string{}
	}
	return provisioning.MemberChange{Kind: kind, IDs: ids}
}

func TestReadGroupPatch(t *testing.T) {
	t.Parallel()
	name, empty := "New name", ""
	add, remove, replace := provisioning.AddMembers, provisioning.RemoveMembers, provisioning.ReplaceMembers
	for _, c := range []struct {
		name, operations string
		want             provisioning.GroupChange
	}{
		{"Okta renames, with the id in the value", `[{"op":"replace","value":{"id":"g1","displayName":"New name"}}]`, changeOf(&name, nil)},
		{"rename by path", `[{"op":"Replace","path":"displayName","value":"New name"}]`, changeOf(&name, nil)},
		{
			"Okta removes and adds", `[{"op":"remove","path":"members[value eq \"u1\"]"},{"op":"remove","path":"members[value eq \"u2\"]"},{"op":"add","path":"members","value":[{"value":"u3","display":"c@d.test"}]}]`,
			changeOf(nil, nil, step(remove, "u1", "u2"), step(add, "u3")),
		},
		{"Okta pushes all", `[{"op":"replace","path":"members","value":[{"value":"u1"},{"value":"u2"}]}]`, changeOf(nil, nil, step(replace, "u1", "u2"))},
		{"Okta pushes an empty group", `[{"op":"replace","path":"members","value":[]}]`, changeOf(nil, nil, step(replace))},
		{"members without path", `[{"op":"replace","value":{"members":[{"value":"u1"}]}}]`, changeOf(nil, nil, step(replace, "u1"))},
		{"all in one value", `[{"op":"replace","value":{"members":[{"value":"u1"}],"displayName":"New name","externalId":null}}]`, changeOf(&name, &empty, step(replace, "u1"))},
		{"Entra ID adds", `[{"op":"Add","path":"members","value":[{"$ref":null,"value":"u1"},{"$ref":null,"value":"u2"}]}]`, changeOf(nil, nil, step(add, "u1", "u2"))},
		{"Entra ID removes one by a list: never all", `[{"op":"Remove","path":"members","value":[{"$ref":null,"value":"u1"}]}]`, changeOf(nil, nil, step(remove, "u1"))},
		{"the value may stand before the path", `[{"value":[{"value":"u1"}],"path":"members","op":"Remove"}]`, changeOf(nil, nil, step(remove, "u1"))},
		{"an empty list removes none", `[{"op":"remove","path":"members","value":[]}]`, changeOf(nil, nil)},
		{"one member that is no list", `[{"op":"remove","path":"members","value":{"value":"u1"}},{"op":"add","path":"members","value":"u2"}]`, changeOf(nil, nil, step(remove, "u1"), step(add, "u2"))},
		{"remove without value removes all", `[{"op":"remove","path":"members"}]`, provisioning.GroupChange{Members: []provisioning.MemberChange{{Kind: replace}}}},
		{"remove with null removes all", `[{"op":"remove","path":"members","value":null}]`, provisioning.GroupChange{Members: []provisioning.MemberChange{{Kind: replace}}}},
		{"add and remove of one stay in order", `[{"op":"Add","path":"members","value":[{"value":"u1"}]},{"op":"Remove","path":"members","value":[{"value":"u1"}]}]`, changeOf(nil, nil, step(add, "u1"), step(remove, "u1"))},
		{"replaces do not add up", `[{"op":"replace","path":"members","value":["u1"]},{"op":"replace","path":"members","value":["u2"]}]`, changeOf(nil, nil, step(replace, "u1"), step(replace, "u2"))},
		{"URN and case in the path", `[{"op":"REMOVE","path":"urn:ietf:params:scim:schemas:core:2.0:group:MEMBERS[Value EQ \"a \\\"q\\\"\"]"}]`, changeOf(nil, nil, step(remove, `a "q"`))},
		{"externalId removed", `[{"op":"remove","path":"externalId"}]`, changeOf(nil, &empty)},
		{"unknown names and echoed attributes", `[{"op":"replace","value":{"description":"d","schemas":["x"],"meta":{}}}]`, changeOf(nil, nil)},
		{"nothing to add", `[{"op":"add","path":"members","value":null}]`, changeOf(nil, nil)},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := readGroupPatch(patchReader(c.operations), "g1")
			if err != nil || !reflect.DeepEqual(got.Change, c.want) {
				t.Errorf("got %+v (%v), want %+v", got.Change, err, c.want)
			}
			wantLibraryAccepts(t, http.MethodPatch, "/Groups/g1", must(libraryGroupPatch(got.Change)))
		})
	}
}

func patchReader(operations string) *strings.Reader {
	return strings.NewReader(`{"Operations":` + operations + `,"schemas":["` + patchURN + `"]}`)
}

func TestReadGroupPatchRefusals(t *testing.T) {
	t.Parallel()
	for operations, want := range map[string][2]string{
		`[]`:                            {typeInvalidSyntax, "no Operations"},
		`{}`:                            {typeInvalidSyntax, "list of objects"},
		`["x"]`:                         {typeInvalidSyntax, "list of objects"},
		`[{"op":"x","path":"members"}]`: {typeInvalidSyntax, "add, replace or remove"},
		`[{"op":"remove","value":{"members":["u1"]}}]`:                                        {typeNoTarget, "path"},
		`[{"op":"add","value":["u1"]}]`:                                                       {typeInvalidValue, "object"},
		`[{"op":"add","path":"members","value":[{"display":"x"}]}]`:                           {typeInvalidValue, "Member 1"},
		`[{"op":"remove","path":"members","value":{}}]`:                                       {typeInvalidValue, "Member 1"},
		`[{"op":"remove","path":"members","value":""}]`:                                       {typeInvalidValue, "Member 1"},
		`[{"op":"remove","path":"members","value":false}]`:                                    {typeInvalidValue, "Member 1"},
		`[{"op":"replace","path":"displayName","value":["x"]}]`:                               {typeInvalidValue, "text"},
		`[{"op":"replace","path":"displayName","value":""}]`:                                  {typeInvalidValue, "empty"},
		`[{"op":"replace","path":"displayName","value":"` + strings.Repeat("x", 2000) + `"}]`: {typeInvalidValue, "1024"},
		`[{"op":"remove","path":"displayName"}]`:                                              {typeMutability, "required"},
		`[{"op":"replace","path":"id","value":"g2"}]`:                                         {typeMutability, "read-only"},
		`[{"op":"replace","value":{"id":"g2","displayName":"x"}}]`:                            {typeMutability, "URL"},
		`[{"op":"replace","path":"members[value eq \"u1\"].value","value":"u2"}]`:             {typeMutability, "in place"},
		`[{"op":"replace","path":"members[value eq \"u1\"]","value":{"value":"u2"}}]`:         {typeMutability, "in place"},
		`[{"op":"replace","path":"members.value","value":"u2"}]`:                              {typeMutability, "in place"},
		`[{"op":"replace","value":{"members.value":"u2"}}]`:                                   {typeMutability, "in place"},
		`[{"op":"remove","path":"members[type eq \"User\"]"}]`:                                {typeInvalidFilter, "members[value eq"},
		`[{"op":"remove","path":"members[value ne \"u1\"]"}]`:                                 {typeInvalidFilter, "members[value eq"},
		`[{"op":"remove","path":"members[value eq null]"}]`:                                   {typeInvalidFilter, "members[value eq"},
		`[{"op":"remove","path":"members[value eq \"u1\"]x"}]`:                                {typeInvalidPath, "left over"},
		`[{"op":"remove","path":"members[value eq u1]"}]`:                                     {typeInvalidFilter, "double quotes"},
		`[{"op":"replace","path":"description","value":"x"}]`:                                 {typeInvalidPath, "description"},
		`[{"op":"add","path":{"a":1},"value":"x"}]`:                                           {typeInvalidPath, "text"},
	} {
		_, err := readGroupPatch(patchReader(operations), "g1")
		if !t.Run("", func(t *testing.T) { wantError(t, err, want[0], want[1]) }) {
			t.Log(operations)
		}
	}
	_, err := readGroupPatch(strings.NewReader(`{"Operations":[{"op":"remove","path":"members"}],"schemas":["x"]}`), "g1")
	wantError(t, err, typeInvalidSyntax, patchURN)
}

// TestRule22_MembersAreStreamed reads bodies that are far larger than what may
// stay in memory of them.
func TestRule22_MembersAreStreamed(t *testing.T) {
	const count = 10_000
	var list, removals strings.Builder
	for i := range count {
		fmt.Fprintf(&list, `,{"value":"us%022d","display":"person%d@acme.test","$ref":null,"type":"User"}`, i, i)
		fmt.Fprintf(&removals, `,{"op":"remove","path":"members[value eq \"us%022d\"]"}`, i)
	}
	members := "[" + list.String()[1:] + "]"
	for name, read := range map[string]func() (int, error){
		"PUT": func() (int, error) {
			g, err := readGroup(strings.NewReader(`{"displayName":"SOC","members":` + members + `}`))
			return len(g.Members), err
		},
		"PATCH add": func() (int, error) {
			g, err := readGroupPatch(patchReader(`[{"op":"add","path":"members","value":`+members+`}]`), "g1")
			return memberCount(g), err
		},
		"PATCH remove, one by one": func() (int, error) {
			g, err := readGroupPatch(patchReader("["+removals.String()[1:]+"]"), "g1")
			return memberCount(g), err
		},
	} {
		t.Run(name, func(t *testing.T) {
			runtime.GC()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			got, err := read()
			if err != nil || got != count {
				t.Fatalf("%d members, %v", got, err)
			}
			runtime.GC()
			runtime.ReadMemStats(&after)
			if kept := int64(after.HeapAlloc) - int64(before.HeapAlloc); kept > 4<<20 {
				t.Errorf("%d bytes stay after reading", kept)
			}
		})
	}
}

func memberCount(g groupPatch) int {
	if len(g.Change.Members) != 1 {
		return -1
	}
	return len(g.Change.Members[0].IDs)
}

func BenchmarkReadGroup(b *testing.B) {
	var list strings.Builder
	for i := range 10_000 {
		fmt.Fprintf(&list, `,{"value":"us%022d","display":"person%d@acme.test"}`, i, i)
	}
	in := `{"displayName":"SOC","members":[` + list.String()[1:] + `]}`
	b.SetBytes(int64(len(in)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := readGroup(strings.NewReader(in)); err != nil {
			b.Fatal(err)
		}
	}
}

// FuzzReadGroup: nothing panics, the way the bytes arrive does not count, and
// streaming finds the members that reading the whole body would find.
func FuzzReadGroup(f *testing.F) {
	for _, seed := range []string{
		`{"displayName":"a","members":[{"value":"u1","$ref":null},{"value":"u2"}]}`, `{"members":"u"}`, `{"members":[[1]]}`, `{"members":{"VALUE":"x"}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		got, err := readGroup(bytes.NewReader(in))
		slow, slowErr := readGroup(iotest.OneByteReader(bytes.NewReader(in)))
		if (err == nil) != (slowErr == nil) || !reflect.DeepEqual(got, slow) {
			t.Fatalf("at once %v (%v), byte by byte %v (%v)", got, err, slow, slowErr)
		}
		if err != nil {
			return
		}
		whole, err := readJSON(bytes.NewReader(in))
		if err != nil {
			t.Fatalf("taken as a group, but not as JSON: %v", err)
		}
		if want := wholeMembers(whole); len(want) != len(got.Members) || len(want) > 0 && !reflect.DeepEqual(want, got.Members) {
			t.Fatalf("members %q, want %q", got.Members, want)
		}
	})
}

func wholeMembers(whole map[string]any) (ids []string) {
	for name, value := range whole {
		if !groupType.lookUp(name).isMembers() {
			continue
		}
		for _, item := range asList(value) {
			if object, ok := item.(map[string]any); ok {
				item = lookUpFolded(object, "value")
			}
			ids = append(ids, item.(string))
		}
	}
	return ids
}

// FuzzReadGroupPatch: nothing panics, and what is taken is a change that the
// library takes too.
func FuzzReadGroupPatch(f *testing.F) {
	for _, seed := range []string{
		`[{"op":"remove","path":"members[value eq \"u1\"]"},{"op":"add","path":"members","value":[{"value":"u1"}]}]`,
		`[{"op":"replace","value":{"id":"g1","displayName":"x","members":["a"]}}]`, `[{"op":"remove","path":"members"}]`,
	} {
		f.Add([]byte(`{"schemas":["` + patchURN + `"],"Operations":` + seed + `}`))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		got, err := readGroupPatch(bytes.NewReader(in), "g1")
		if err != nil {
			return
		}
		for _, s := range got.Change.Members {
			if len(s.IDs) == 0 && s.Kind != provisioning.ReplaceMembers {
				t.Errorf("an empty step: %+v", s)
			}
		}
		if rendered, err := libraryGroupPatch(got.Change); err != nil || !json.Valid(rendered) {
			t.Errorf("rendered %s, %v", rendered, err)
		}
	})
}
