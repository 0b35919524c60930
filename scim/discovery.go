package scim

import (
	"maps"
	"net/http"
	"slices"

	"github.com/elimity-com/scim/schema"
)

const (
	configURN       = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"
	resourceTypeURN = "urn:ietf:params:scim:schemas:core:2.0:ResourceType"
)

// discovery are the documents of RFC 7644 §4, made once.
type discovery struct {
	config        map[string]any
	resourceTypes map[string]map[string]any // by id
	schemas       map[string]map[string]any // by URN
}

func newDiscovery(base string) discovery {
	d := discovery{
		config: map[string]any{
			"schemas":        []string{configURN},
			"patch":          map[string]any{"supported": true},
			"bulk":           map[string]any{"supported": false, "maxOperations": 0, "maxPayloadSize": 0},
			"filter":         map[string]any{"supported": true, "maxResults": maxCount},
			"changePassword": map[string]any{"supported": false},
			"sort":           map[string]any{"supported": false},
			"etag":           map[string]any{"supported": false},
			"authenticationSchemes": []any{map[string]any{
				"type": "oauthbearertoken", "name": "Bearer token",
				"description": "The token of a directory, behind the word Bearer in the header Authorization.",
				"specUri":     "https://www.rfc-editor.org/rfc/rfc6750", "primary": true,
			}},
			"meta": about("ServiceProviderConfig", base+"/ServiceProviderConfig"),
		},
		resourceTypes: map[string]map[string]any{},
		schemas:       map[string]map[string]any{},
	}
	d.addType(base, "User", "/Users", "A person of the workspace, as the directory sees them.", userURN, enterpriseURN)
	d.addType(base, "Group", "/Groups", "A group of the directory.", groupURN)
	for _, s := range []schema.Schema{userSchema(), enterpriseSchema(), groupSchema()} {
		document := s.ToMap()
		document["meta"] = about("Schema", base+"/Schemas/"+s.ID)
		d.schemas[s.ID] = document
	}
	return d
}

// about is the meta of a document that has no dates.
func about(resourceType, location string) map[string]any {
	return map[string]any{"resourceType": resourceType, "location": location}
}

func (d discovery) addType(base, name, endpoint, description, urn string, extensions ...string) {
	optional := make([]any, 0, len(extensions))
	for _, e := range extensions {
		optional = append(optional, map[string]any{"schema": e, "required": false})
	}
	d.resourceTypes[name] = map[string]any{
		"schemas": []string{resourceTypeURN}, "id": name, "name": name, "endpoint": endpoint,
		"description": description, "schema": urn, "schemaExtensions": optional,
		"meta": about("ResourceType", base+"/ResourceTypes/"+name),
	}
}

func (d discovery) register(t *routes) {
	t.add("ServiceProviderConfig", nil, get(func(*call) (answer, error) {
		return answer{status: http.StatusOK, body: d.config}, nil
	}))
	for path, documents := range map[string]map[string]map[string]any{"ResourceTypes": d.resourceTypes, "Schemas": d.schemas} {
		t.add(path, nil, get(func(*call) (answer, error) { return listAnswer(all(documents), len(documents), 1), nil }))
		t.add(path+"/{name}", nil, get(func(c *call) (answer, error) {
			if document, ok := documents[c.id]; ok {
				return answer{status: http.StatusOK, body: document}, nil
			}
			return answer{}, notFound("")
		}))
	}
}

// get makes the methods of a document. Documents cannot be filtered (RFC 7644
// §4); whoever tries must not take the whole for the part.
func get(act action) map[string]action {
	return map[string]action{http.MethodGet: func(c *call) (answer, error) {
		if _, given, _ := c.parameters.one("filter"); given {
			return answer{}, &Error{Status: http.StatusForbidden, Detail: "This address cannot be filtered."}
		}
		c.done("found")
		return act(c)
	}}
}

// all lists documents by id.
func all(documents map[string]map[string]any) []any {
	out := make([]any, 0, len(documents))
	for _, id := range slices.Sorted(maps.Keys(documents)) {
		out = append(out, documents[id])
	}
	return out
}
