package oktasim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// resource is a SCIM resource as it came, so that a PUT can give back what the application's GET said.
type resource = map[string]any

// listAnswer is a ListResponse (RFC 7644 section 3.4.2). Its numbers must be JSON numbers: Okta's import ends without an
// error and without people when they are strings.
type listAnswer struct {
	TotalResults int        `json:"totalResults"`
	StartIndex   int        `json:"startIndex"`
	ItemsPerPage int        `json:"itemsPerPage"`
	Resources    []resource `json:"Resources"`
}

func decodeList(body []byte) (listAnswer, error) {
	var list listAnswer
	if err := decode(body, &list); err != nil {
		return listAnswer{}, fmt.Errorf("the answer is no list of SCIM resources: %w", err)
	}
	return list, nil
}

func decodeResource(body []byte) (resource, error) {
	var r resource
	if err := decode(body, &r); err != nil {
		return nil, fmt.Errorf("the answer is no SCIM resource: %w", err)
	}
	if r == nil {
		return nil, errors.New("the answer is no SCIM resource: null")
	}
	return r, nil
}

// decode keeps numbers as they were written, for they are sent back.
func decode(body []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	return d.Decode(into)
}

// newUser is the body of a create. The password is Okta's random placeholder, and `groups` is always there and empty.
func newUser(p Person, password string) resource {
	r := resource{"schemas": []any{userSchema}, "groups": []any{}, "password": password, "active": true}
	applyProfile(r, p)
	return r
}

// mergeProfile lays the mapped attributes over what the application's GET returned; everything else goes back unchanged,
// read-only attributes included.
func mergeProfile(stored resource, p Person) resource {
	r := maps.Clone(stored)
	applyProfile(r, p)
	return r
}

func applyProfile(r resource, p Person) {
	r["userName"] = p.Login
	r["externalId"] = p.ID
	r["displayName"] = p.Name()
	r["locale"] = "en-US"
	r["name"] = withNames(r["name"], p)
	r["emails"] = withPrimaryEmail(r["emails"], p.Login)
	setOrClear(r, "title", p.Title)
	applyDepartment(r, p.Department)
}

func withNames(old any, p Person) resource {
	name := resource{}
	if m, ok := old.(resource); ok {
		name = maps.Clone(m)
	}
	name["givenName"], name["familyName"] = p.FirstName, p.LastName
	return name
}

// withPrimaryEmail changes the value of the primary element, as Okta's mapping emails.^[primary==true].value does.
func withPrimaryEmail(old any, address string) []any {
	list, _ := old.([]any)
	list = slices.Clone(list)
	for i, e := range list {
		if m, ok := e.(resource); ok && m["primary"] == true {
			m = maps.Clone(m)
			m["value"] = address
			list[i] = m
			return list
		}
	}
	return append(list, resource{"primary": true, "value": address, "type": "work"})
}

// setOrClear leaves an empty attribute out, unless the application has a value: then Okta clears it by an empty string.
func setOrClear(r resource, key, value string) {
	if _, there := r[key]; there || value != "" {
		r[key] = value
	}
}

// applyDepartment writes the enterprise extension, whose URN appears only when there is something to say.
func applyDepartment(r resource, department string) {
	old, _ := r[companySchema].(resource)
	company := resource{}
	maps.Copy(company, old)
	setOrClear(company, "department", department)
	if len(company) == 0 {
		return
	}
	r[companySchema] = company
	schemas, _ := r["schemas"].([]any)
	if !slices.Contains(schemas, any(companySchema)) {
		r["schemas"] = append(slices.Clone(schemas), companySchema)
	}
}

func patch(operations ...resource) resource {
	return resource{"schemas": []string{patchSchema}, "Operations": operations}
}

// setActive is the whole of a catalogue application's deactivation and reactivation: no path.
func setActive(active bool) resource {
	return patch(resource{"op": "replace", "value": resource{"active": active}})
}

// rename carries the id in its value; Okta sends it with every membership update as well.
func rename(id, name string) resource {
	return patch(resource{"op": "replace", "value": resource{"id": id, "displayName": name}})
}

func replaceMembers(members []member) resource {
	return patch(resource{"op": "replace", "path": "members", "value": members})
}

// member is an element of a group's members as Okta writes it: no type, no $ref.
type member struct {
	Value   string `json:"value"`
	Display string `json:"display"`
}

// membershipPatch removes by one operation per leaver and adds all joiners in one.
func membershipPatch(add, remove []member) resource {
	var operations []resource
	for _, m := range remove {
		operations = append(operations, resource{"op": "remove", "path": "members[value eq " + quoted(m.Value) + "]"})
	}
	if len(add) > 0 {
		operations = append(operations, resource{"op": "add", "path": "members", "value": add})
	}
	return patch(operations...)
}

func groupBody(name string, members []member) resource {
	return resource{"schemas": []string{groupSchema}, "displayName": name, "members": members}
}
