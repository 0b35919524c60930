package scim

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"strconv"
	"strings"
	"testing"

	goscim "github.com/elimity-com/scim"

	"drawbridge/provisioning"
)

// clientBody is one entry of testdata/clients.json: a body as a client sends
// it, and the attributes that it must lead to.
type clientBody struct {
	Name    string
	Kind    string
	Body    json.RawMessage
	Before  map[string]any
	After   map[string]any
	Dropped []string
}

func TestRule21_BodiesOfRealClients(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("testdata/clients.json")
	if err != nil {
		t.Fatal(err)
	}
	var bodies []clientBody
	if err := json.Unmarshal(raw, &bodies); err != nil {
		t.Fatal(err)
	}
	for _, c := range bodies {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			after, dropped, err := c.run(t)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(after, c.After) {
				t.Errorf("attributes\n%v, want\n%v", after, c.After)
			}
			if !reflect.DeepEqual(dropped, c.Dropped) {
				t.Errorf("dropped %q, want %q", dropped, c.Dropped)
			}
		})
	}
}

func (c clientBody) run(t *testing.T) (map[string]any, []string, error) {
	body, err := readJSON(bytes.NewReader(c.Body))
	if err != nil {
		return nil, nil, err
	}
	if c.Kind == "user" {
		after, dropped, err := resourceBody(userType, body)
		if err == nil {
			wantLibraryAccepts(t, http.MethodPost, "/Users", must(libraryResource(userType, after)))
		}
		return after, dropped, err
	}
	ops, dropped, err := userPatch(body, "u1")
	if err != nil {
		return nil, nil, err
	}
	wantLibraryAccepts(t, http.MethodPatch, "/Users/u1", must(libraryUserPatch(ops)))
	before := clone(c.Before)
	after, err := applyUserPatch(c.Before, ops, patchOptions{createsMissing: true})
	if !reflect.DeepEqual(before, c.Before) {
		t.Error("the current attributes were changed in place")
	}
	return after, dropped, err
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func wantLibraryAccepts(t *testing.T, method, path string, body []byte) {
	t.Helper()
	server, err := goscim.NewServer(&goscim.ServerArgs{
		ServiceProviderConfig: &goscim.ServiceProviderConfig{},
		ResourceTypes: []goscim.ResourceType{
			{
				Name: "User", Endpoint: "/Users", Schema: userSchema(), Handler: accepting{},
				SchemaExtensions: []goscim.SchemaExtension{{Schema: enterpriseSchema()}},
			},
			{Name: "Group", Endpoint: "/Groups", Schema: groupSchema(), Handler: accepting{}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	answer := httptest.NewRecorder()
	server.ServeHTTP(answer, httptest.NewRequest(method, path, bytes.NewReader(body)))
	if answer.Code >= 400 {
		t.Errorf("the library answers %d %s to %s", answer.Code, answer.Body, body)
	}
}

// accepting is a handler of the library that takes everything.
type accepting struct{ goscim.ResourceHandler }

func (accepting) Create(*http.Request, goscim.ResourceAttributes) (goscim.Resource, error) {
	return goscim.Resource{ID: "u1"}, nil
}

func (accepting) Patch(*http.Request, string, []goscim.PatchOperation) (goscim.Resource, error) {
	return goscim.Resource{ID: "u1"}, nil
}

func userOps(t *testing.T, operations string) ([]operation, error) {
	t.Helper()
	body, err := readJSON(strings.NewReader(`{"schemas":["` + patchURN + `"],"Operations":` + operations + `}`))
	if err != nil {
		t.Fatal(err)
	}
	ops, _, err := userPatch(body, "u1")
	return ops, err
}

func TestUserPatchRefusals(t *testing.T) {
	t.Parallel()
	for operations, want := range map[string][2]string{
		`[]`:                                  {typeInvalidSyntax, "no Operations"},
		`{}`:                                  {typeInvalidSyntax, "no Operations"},
		`[1]`:                                 {typeInvalidSyntax, "list of objects"},
		`[{"op":"move"}]`:                     {typeInvalidSyntax, "add, replace or remove"},
		`[{"op":"remove"}]`:                   {typeNoTarget, "path"},
		`[{"op":"add","path":7,"value":"x"}]`: {typeInvalidPath, "text"},
		`[{"op":"add","value":"x"}]`:          {typeInvalidValue, "object"},
		`[{"op":"replace","path":"id","value":"u2"}]`:                                                              {typeMutability, "read-only"},
		`[{"op":"replace","path":"meta.created","value":"x"}]`:                                                     {typeMutability, "read-only"},
		`[{"op":"replace","path":"schemas","value":[]}]`:                                                           {typeMutability, "read-only"},
		`[{"op":"add","path":"groups","value":[{"value":"g"}]}]`:                                                   {typeMutability, "read-only"},
		`[{"op":"remove","path":"groups[value eq \"g\"]"}]`:                                                        {typeMutability, "read-only"},
		`[{"op":"replace","path":"manager.displayName","value":"B"}]`:                                              {typeMutability, "read-only"},
		`[{"op":"replace","value":{"id":"u2"}}]`:                                                                   {typeMutability, "URL"},
		`[{"op":"remove","path":"userName"}]`:                                                                      {typeMutability, "required"},
		`[{"op":"replace","path":"userName","value":""}]`:                                                          {typeInvalidValue, "cannot be empty"},
		`[{"op":"replace","path":"userName","value":null}]`:                                                        {typeInvalidValue, "cannot be empty"},
		`[{"op":"replace","path":"favouriteColour","value":"red"}]`:                                                {typeInvalidPath, "favouriteColour"},
		`[{"op":"replace","path":"name.colour","value":"red"}]`:                                                    {typeInvalidPath, "name.colour"},
		`[{"op":"add","path":"urn:okta:my_app:1.0:user:x","value":1}]`:                                             {typeInvalidPath, "my_app"},
		`[{"op":"add","path":"emails[type eq \"work\"","value":"x"}]`:                                              {typeInvalidFilter, "closing bracket"},
		`[{"op":"add","path":"emails[colour eq \"a\"].value","value":"x"}]`:                                        {typeInvalidFilter, "colour"},
		`[{"op":"add","path":"emails[type eq \"work\"].colour","value":"x"}]`:                                      {typeInvalidPath, "colour"},
		`[{"op":"add","path":"emails[type eq \"work\"]x","value":"x"}]`:                                            {typeInvalidPath, "left over"},
		`[{"op":"add","path":"name[givenName eq \"a\"]","value":"x"}]`:                                             {typeInvalidPath, "square brackets"},
		`[{"op":"add","path":"emails[primary gt true]","value":{}}]`:                                               {typeInvalidFilter, "gt"},
		`[{"op":"replace","path":"active","value":"yes"}]`:                                                         {typeInvalidValue, "true or false"},
		`[{"op":"replace","path":"title","value":5}]`:                                                              {typeInvalidValue, "text"},
		`[{"op":"replace","path":"name","value":7}]`:                                                               {typeInvalidValue, "object"},
		`[{"op":"replace","path":"manager","value":["a","b"]}]`:                                                    {typeInvalidValue, "object"},
		`[{"op":"replace","path":"emails","value":[{"value":"a","primary":true},{"value":"b","primary":"True"}]}]`: {typeInvalidValue, "primary"},
		`[{"op":"add","path":"` + strings.Repeat("[", 5000) + `","value":1}]`:                                      {typeInvalidPath, "4096"},
		`[{"op":"add","path":"emails[` + strings.Repeat("(", 1000) + `","value":1}]`:                               {typeInvalidFilter, "16 deep"},
	} {
		_, err := userOps(t, operations)
		if !t.Run(operations[:min(40, len(operations))], func(t *testing.T) { wantError(t, err, want[0], want[1]) }) {
			t.Log(operations)
		}
	}
}

func TestUserPatchEnvelope(t *testing.T) {
	t.Parallel()
	_, _, err := userPatch(map[string]any{"schemas": []any{userURN}, "Operations": []any{}}, "u1")
	wantError(t, err, typeInvalidSyntax, patchURN)
	_, _, err = userPatch(map[string]any{"Operations": make([]any, maxOperations+1)}, "u1")
	wantError(t, err, typeInvalidValue, "1000 Operations")
}

func TestResourceBodyRefusals(t *testing.T) {
	t.Parallel()
	for in, want := range map[string][2]string{
		`{"schemas":[1]}`:               {typeInvalidSyntax, "URNs"},
		`{"userName":"a","active":1}`:   {typeInvalidValue, "true or false"},
		`{"userName":""}`:               {typeInvalidValue, "empty"},
		`{"userName":["a"]}`:            {typeInvalidValue, "text"},
		`{"emails":[7]}`:                {typeInvalidValue, "object"},
		`{"` + enterpriseURN + `":"x"}`: {typeInvalidValue, "object"},

		`{"schemas":["` + groupURN + `"],"displayName":"x"}`:                     {typeInvalidValue, "is a Group"},
		`{"emails":[{"value":"a","primary":true},{"value":"b","primary":true}]}`: {typeInvalidValue, "more than one primary"},
		`{"emails":[` + strings.Repeat(`"a@b",`, 200) + `"a@b"]}`:                {typeInvalidValue, "200"},
	} {
		body, err := readJSON(strings.NewReader(in))
		if err == nil {
			_, _, err = resourceBody(userType, body)
		}
		wantError(t, err, want[0], want[1])
	}
}

func TestResourceBodyBoundsTheNamesItDrops(t *testing.T) {
	t.Parallel()
	body := map[string]any{strings.Repeat("x", 101): "long"}
	for i := range 100 {
		body["unknown"+string(rune('a'+i%26))+strings.Repeat("b", i)] = i
	}
	_, dropped, err := resourceBody(userType, body)
	if err != nil || len(dropped) != 50 {
		t.Errorf("%d names dropped, error %v", len(dropped), err)
	}
}

func TestApplyUserPatch(t *testing.T) {
	t.Parallel()
	work := `{"value":"a@x.test","type":"work","primary":true}`
	home := `{"value":"b@x.test","type":"home"}`
	for _, c := range []struct{ name, before, operations, after string }{
		{"add of an equal value changes nothing", `{"emails":[` + work + `]}`, `[{"op":"add","path":"emails","value":[` + work + `]}]`, `{"emails":[` + work + `]}`},
		{"add of another value appends", `{"emails":[` + work + `]}`, `[{"op":"add","path":"emails","value":` + home + `}]`, `{"emails":[` + work + `,` + home + `]}`},
		{
			"a new primary resets the old one", `{"emails":[` + work + `,` + home + `]}`, `[{"op":"add","path":"emails","value":[{"value":"B@x.test","type":"HOME","primary":true}]}]`,
			`{"emails":[{"value":"a@x.test","type":"work"},{"value":"B@x.test","type":"HOME","primary":true}]}`,
		},
		{
			"so does a new primary by path", `{"emails":[` + work + `,` + home + `]}`, `[{"op":"replace","path":"emails[type eq \"home\"].primary","value":true}]`,
			`{"emails":[{"value":"a@x.test","type":"work"},{"value":"b@x.test","type":"home","primary":true}]}`,
		},
		{"replace of a list", `{"emails":[` + work + `]}`, `[{"op":"replace","path":"emails","value":[` + home + `,` + home + `]}]`, `{"emails":[` + home + `]}`},
		{"replace by an empty list unassigns", `{"emails":[` + work + `]}`, `[{"op":"replace","path":"emails","value":[]}]`, `{}`},
		{"replace of an element", `{"emails":[` + work + `,` + home + `]}`, `[{"op":"replace","path":"emails[type eq \"work\"]","value":{"value":"c@x.test"}}]`, `{"emails":[{"value":"c@x.test","type":"work"},` + home + `]}`},
		{"add to an element keeps the rest", `{"emails":[` + work + `]}`, `[{"op":"add","path":"emails[value eq \"A@X.test\"]","value":{"display":"A"}}]`, `{"emails":[{"value":"a@x.test","type":"work","primary":true,"display":"A"}]}`},
		{"filter on primary", `{"emails":[` + work + `,` + home + `]}`, `[{"op":"replace","path":"emails[primary eq true].value","value":"z@x.test"}]`, `{"emails":[{"value":"z@x.test","type":"work","primary":true},` + home + `]}`},
		{"remove by filter", `{"emails":[` + work + `,` + home + `]}`, `[{"op":"remove","path":"emails[type eq \"home\"]"}]`, `{"emails":[` + work + `]}`},
		{"remove of the last one unassigns", `{"emails":[` + home + `]}`, `[{"op":"remove","path":"emails[type eq \"home\"]"}]`, `{}`},
		{"remove by a filter that matches nothing", `{"emails":[` + home + `]}`, `[{"op":"remove","path":"emails[type eq \"work\"]"}]`, `{"emails":[` + home + `]}`},
		{"remove with a list removes those", `{"emails":[` + work + `,` + home + `]}`, `[{"op":"remove","path":"emails","value":[{"value":"a@x.test"}]}]`, `{"emails":[` + home + `]}`},
		{"remove with an empty list removes none", `{"emails":[` + home + `]}`, `[{"op":"remove","path":"emails","value":[]}]`, `{"emails":[` + home + `]}`},
		{"remove of the value leaves no husk", `{"phoneNumbers":[{"type":"mobile","value":"1"}]}`, `[{"op":"remove","path":"phoneNumbers[type eq \"mobile\"].value"}]`, `{}`},
		{"remove of a whole list", `{"emails":[` + work + `]}`, `[{"op":"remove","path":"emails"}]`, `{}`},
		{"remove of a sub-attribute", `{"name":{"givenName":"g"}}`, `[{"op":"remove","path":"name.givenName"}]`, `{}`},
		{"remove of an extension", `{"` + enterpriseURN + `":{"division":"d"}}`, `[{"op":"remove","path":"` + enterpriseURN + `"}]`, `{}`},
		{"remove of the last attribute of an extension", `{"` + enterpriseURN + `":{"division":"d"}}`, `[{"op":"remove","path":"` + enterpriseURN + `:division"}]`, `{}`},
		{"replace of a complex attribute keeps what is not named", `{"name":{"givenName":"g","familyName":"f"}}`, `[{"op":"replace","path":"name","value":{"givenName":"x"}}]`, `{"name":{"givenName":"x","familyName":"f"}}`},
		{"a path with the core URN", `{}`, `[{"op":"add","path":"urn:ietf:params:scim:schemas:core:2.0:User:name.familyName","value":"F"}]`, `{"name":{"familyName":"F"}}`},
		{"a sub-attribute of manager", `{}`, `[{"op":"add","path":"` + enterpriseURN + `:manager.value","value":"u2"}]`, `{"` + enterpriseURN + `":{"manager":{"value":"u2"}}}`},
		{"an extension as a whole", `{}`, `[{"op":"add","path":"` + enterpriseURN + `","value":{"` + enterpriseURN + `:division":"d","costCenter":"c"}}]`, `{"` + enterpriseURN + `":{"division":"d","costCenter":"c"}}`},
		{"address without value", `{}`, `[{"op":"Add","path":"addresses[type eq \"work\"].country","value":"FR"},{"op":"Add","path":"addresses[type eq \"work\"].locality","value":"Paris"}]`, `{"addresses":[{"type":"work","country":"FR","locality":"Paris"}]}`},
		{"operations in order", `{"title":"a"}`, `[{"op":"remove","path":"title"},{"op":"add","path":"title","value":"b"},{"op":"replace","path":"title","value":"c"}]`, `{"title":"c"}`},
		{"an element by null", `{"emails":[` + work + `,` + home + `]}`, `[{"op":"replace","path":"emails[type eq \"home\"]","value":null}]`, `{"emails":[` + work + `]}`},
		{"an element by a list of one", `{"emails":[` + home + `]}`, `[{"op":"add","path":"emails[type eq \"home\"]","value":[{"display":"H"}]}]`, `{"emails":[{"value":"b@x.test","type":"home","display":"H"}]}`},
		{"a manager by an empty list", `{"` + enterpriseURN + `":{"manager":{"value":"u2"}}}`, `[{"op":"replace","path":"manager","value":[]}]`, `{}`},
		{"certificates are compared exactly", `{"x509Certificates":[{"value":"AAAA"}]}`, `[{"op":"add","path":"x509Certificates","value":[{"value":"aaaa"}]}]`, `{"x509Certificates":[{"value":"AAAA"},{"value":"aaaa"}]}`},
		{"addresses alike in everything are one", `{"addresses":[{"type":"work","country":"FR"}]}`, `[{"op":"add","path":"addresses","value":[{"country":"FR","type":"work"}]}]`, `{"addresses":[{"type":"work","country":"FR"}]}`},
		{"password is passed over", `{}`, `[{"op":"replace","path":"password","value":"secret"}]`, `{}`},
		{"a list without filter and one element", `{"emails":[` + home + `]}`, `[{"op":"replace","path":"emails.value","value":"n@x.test"}]`, `{"emails":[{"value":"n@x.test","type":"home"}]}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			ops, err := userOps(t, c.operations)
			if err != nil {
				t.Fatal(err)
			}
			wantLibraryAccepts(t, http.MethodPatch, "/Users/u1", must(libraryUserPatch(ops)))
			got, err := applyUserPatch(object(t, c.before), ops, patchOptions{createsMissing: true})
			if err != nil {
				t.Fatal(err)
			}
			if want := object(t, c.after); !reflect.DeepEqual(got, want) {
				t.Errorf("got\n%v, want\n%v", got, want)
			}
		})
	}
}

func object(t *testing.T, text string) map[string]any {
	t.Helper()
	out, err := readJSON(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestApplyUserPatchIsAllOrNothing(t *testing.T) {
	t.Parallel()
	before := object(t, `{"title":"a","emails":[{"value":"a","type":"work"},{"value":"b","type":"work"}]}`)
	for operations, want := range map[string][2]string{
		`[{"op":"replace","path":"title","value":"b"},{"op":"replace","path":"emails[type eq \"home\"].value","value":"c"}]`:     {typeNoTarget, "emails"},
		`[{"op":"replace","path":"title","value":"b"},{"op":"replace","path":"emails[type eq \"home\"]","value":{"value":"c"}}]`: {typeNoTarget, "emails"},
		`[{"op":"remove","path":"title"},{"op":"replace","path":"emails.value","value":"c"}]`:                                    {typeInvalidPath, "say which"},
		`[{"op":"remove","path":"title"},{"op":"replace","path":"emails[type eq \"work\"].primary","value":true}]`:               {typeInvalidValue, "primary"},
	} {
		ops, err := userOps(t, operations)
		if err != nil {
			t.Fatal(err)
		}
		kept := clone(before)
		_, err = applyUserPatch(before, ops, patchOptions{})
		wantError(t, err, want[0], want[1])
		if !reflect.DeepEqual(kept, clone(before)) {
			t.Errorf("%s changed the current attributes", operations)
		}
	}
}

func TestApplyUserPatchCreatesOnlyWhatAFilterDescribes(t *testing.T) {
	t.Parallel()
	for _, filter := range []string{`value co \"a\"`, `not (type eq \"a\")`, `type eq \"a\" or type eq \"b\"`, `type eq \"a\" and type eq \"b\"`, `type pr`} {
		ops, err := userOps(t, `[{"op":"add","path":"emails[`+filter+`].display","value":"d"}]`)
		if err != nil {
			t.Fatal(err)
		}
		_, err = applyUserPatch(nil, ops, patchOptions{createsMissing: true})
		wantError(t, err, typeNoTarget, "emails")
	}
}

func TestAListStaysBounded(t *testing.T) {
	t.Parallel()
	list := make([]any, maxElements)
	for i := range list {
		list[i] = map[string]any{"value": strconv.Itoa(i), "type": "other"}
	}
	for _, operations := range []string{
		`[{"op":"add","path":"emails","value":{"value":"new"}}]`,
		`[{"op":"add","path":"emails[type eq \"work\"].value","value":"new"}]`,
	} {
		ops, err := userOps(t, operations)
		if err != nil {
			t.Fatal(err)
		}
		_, err = applyUserPatch(map[string]any{"emails": list}, ops, patchOptions{createsMissing: true})
		wantError(t, err, typeInvalidValue, "more than 200")
	}
}

func TestElementFilter(t *testing.T) {
	t.Parallel()
	element := map[string]any{"value": "Ada@x.test", "type": "work", "primary": true}
	for filter, want := range map[string]bool{
		`value eq "ada@X.test"`: true, `value eq "a"`: false, `value ne "a"`: true, `value ne "ADA@x.test"`: false,
		`value co "@X"`: true, `value sw "ada"`: true, `value ew ".TEST"`: true, `value gt "aaa"`: true,
		`value ge "ada@x.test"`: true, `value lt "b"`: true, `value le "a"`: false, `value pr`: true,
		`display pr`: false, `display eq null`: true, `display ne null`: false, `display ne "x"`: true, `display eq "x"`: false,
		`primary eq true`: true, `primary ne "True"`: false, `primary eq false`: false, `primary pr`: true,
		`type eq "home" or primary eq true`: true, `type eq "work" and not (display pr)`: true,
	} {
		p, _, err := userType.parsePath("emails[" + filter + "]")
		if err != nil {
			t.Errorf("%s: %v", filter, err)
		} else if got := p.match.matches(element); got != want {
			t.Errorf("%s: %t", filter, got)
		}
	}
	for _, filter := range []string{`emails[type eq "a"]`, `colour pr or type pr`, `type pr and colour pr`, `not (colour pr)`} {
		_, _, err := userType.parsePath("emails[" + filter + "]")
		wantError(t, err, typeInvalidFilter, "value filter")
	}
}

func TestFromDomain(t *testing.T) {
	t.Parallel()
	taken := &provisioning.Error{Kind: provisioning.ErrConflict, Code: "user_name_taken", Detail: "The name is taken."}
	own := badRequest(typeNoTarget, "x")
	for _, c := range []struct {
		err    error
		status int
		typ    string
		detail string
	}{
		{provisioning.ErrNotFound, 404, "", "no such"},
		{taken, 409, typeUniqueness, "The name is taken."},
		{&provisioning.TakenError{Key: provisioning.KeyUserName}, 409, typeUniqueness, "already in use"},
		{provisioning.ErrInvalid, 400, typeInvalidValue, "not valid"},
		{provisioning.ErrForbidden, 403, "", "may not"},
		{provisioning.ErrUnauthenticated, 401, "", "token"},
		{provisioning.ErrUnavailable, 503, "", "later"},
		{own, 400, typeNoTarget, "x"},
		{os.ErrClosed, 500, "", "Quote the request id"},
	} {
		got := FromDomain(c.err)
		if got.Status != c.status || got.Type != c.typ || !strings.Contains(got.Detail, c.detail) {
			t.Errorf("%v: got %v", c.err, got)
		}
		if c.status == 500 && strings.Contains(got.Detail, c.err.Error()) {
			t.Errorf("an internal error keeps its text: %s", got.Detail)
		}
	}
	if FromDomain(nil) != nil {
		t.Error("no error becomes one")
	}
}

// FuzzPath: no path panics, and what is understood names an attribute that is
// found again by the name it prints.
func FuzzPath(f *testing.F) {
	for _, seed := range []string{"userName", `emails[type eq "work"].value`, enterpriseURN + ":manager.value", "urn:", "a[", "members", ".", "id"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		for _, rt := range []*resourceType{userType, groupType} {
			p, kind, err := rt.parsePath(in)
			if err != nil || kind == targetIgnored {
				continue
			}
			again := rt.lookUp(p.String())
			if again.kind != targetKnown || again.attr != p.attr || again.sub != p.sub || again.schema != p.schema {
				t.Errorf("%q prints as %q, which means another place", in, p)
			}
		}
	})
}

// FuzzUserPatch: no operations panic, on an empty user or on one with much to
// hit, and the result of what is accepted can be stored and patched again.
func FuzzUserPatch(f *testing.F) {
	raw, err := os.ReadFile("testdata/clients.json")
	if err != nil {
		f.Fatal(err)
	}
	var bodies []clientBody
	if err := json.Unmarshal(raw, &bodies); err != nil {
		f.Fatal(err)
	}
	for _, c := range bodies {
		f.Add([]byte(c.Body))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		body, err := readJSON(bytes.NewReader(in))
		if err != nil {
			return
		}
		if attributes, _, err := resourceBody(userType, body); err == nil {
			wantKept(t, attributes)
		}
		ops, _, err := userPatch(body, "u1")
		if err != nil {
			return
		}
		for _, c := range bodies {
			if next, err := applyUserPatch(c.After, ops, patchOptions{createsMissing: true}); err == nil {
				wantKept(t, next)
			}
		}
	})
}

// wantKept checks that attributes become the same again after they were stored.
func wantKept(t *testing.T, attributes map[string]any) {
	t.Helper()
	w, err := recordFrom(attributes)
	if err != nil {
		return
	}
	stored := attributesFrom(w)
	again, err := recordFrom(stored)
	if err != nil || !reflect.DeepEqual(w, again) {
		t.Errorf("stored %v, then %v (%v)", w, again, err)
	}
}
