package scim_test

import (
	"encoding/json"
	"net/http"
	"os"
	"reflect"
	"strings"
	"testing"
)

// vector is a request that a real client is known to send.
type vector struct {
	Client, Name, Method, Path string
	Body                       json.RawMessage
	Status                     int
}

// scene is what stands before a vector is sent.
type scene struct {
	*directory
	user, user2, group string
}

// start is what a vector finds beside two users and a group without members.
var start = map[string]func(*testing.T, *scene){
	"create again": func(t *testing.T, s *scene) { s.newUser(t, "test.user@okta.local") },
	"PUT with echoed read-only attributes": func(t *testing.T, s *scene) {
		s.setMembers(t, s.user)
	},
	"remove+add members":               func(t *testing.T, s *scene) { s.setMembers(t, s.user) },
	"remove a non-member":              func(t *testing.T, s *scene) { s.setMembers(t, s.user2) },
	"rename path-less with id":         func(t *testing.T, s *scene) { s.setMembers(t, s.user, s.user2) },
	"push now, empty group":            func(t *testing.T, s *scene) { s.setMembers(t, s.user, s.user2) },
	"path-less members replace":        func(t *testing.T, s *scene) { s.setMembers(t, s.user, s.user2) },
	"remove one member by value array": func(t *testing.T, s *scene) { s.setMembers(t, s.user, s.user2) },
	"reactivate PATCH":                 func(t *testing.T, s *scene) { s.deactivate(t) },
	"manager removed by empty string":  func(t *testing.T, s *scene) { s.setManager(t) },
	"group lookup":                     func(t *testing.T, s *scene) { s.newGroup(t, "displayName", s.user) },
	"create group":                     func(t *testing.T, s *scene) { s.delete(t) },
	"add and remove in one request":    func(t *testing.T, s *scene) { s.setMembers(t, s.user2) },
	"group PUT without id":             func(t *testing.T, s *scene) { s.setMembers(t, s.user, s.user2) },
}

func (s *scene) setMembers(t *testing.T, ids ...string) {
	s.do(t, "PUT", "/Groups/"+s.group, groupJSON("Test SCIMv2", ids...)).want(t, 200, "")
}

func (s *scene) deactivate(t *testing.T) {
	s.do(t, "PATCH", "/Users/"+s.user, patchJSON(`[{"op":"replace","value":{"active":false}}]`)).want(t, 200, "")
}

func (s *scene) setManager(t *testing.T) {
	s.do(t, "PATCH", "/Users/"+s.user, patchJSON(`[{"op":"add","path":"`+enterpriseURN+`:manager","value":"`+s.user2+`"}]`)).want(t, 200, "")
}

func (s *scene) delete(t *testing.T) { s.do(t, "DELETE", "/Groups/"+s.group, "").want(t, 204, "") }

// after checks what the vectors say in words.
var after = map[string]func(*testing.T, *scene, *response){
	"connection test": func(t *testing.T, _ *scene, a *response) {
		wantValue(t, a, 2.0, "totalResults")
		wantValue(t, a, 2.0, "itemsPerPage")
	},
	"lookup before create": wantNone,
	"test connection":      wantNone,
	"create": func(t *testing.T, _ *scene, a *response) {
		wantValue(t, a, a.Header().Get("Location"), "meta", "location")
		wantValue(t, a, base+"/Users/"+a.id(t), "meta", "location")
		wantValue(t, a, true, "active")
	},
	"PUT with echoed read-only attributes": func(t *testing.T, s *scene, a *response) {
		wantValue(t, a, base+"/Users/"+s.user, "meta", "location")
		wantValue(t, a, "jane@test.com", "userName")
		if created := a.at("meta", "created"); created == "2018-02-13T15:05:24.000-08:00" {
			t.Error("created is the client's")
		}
		wantMembers(t, s, s.user)
	},
	"deactivate PUT": func(t *testing.T, s *scene, a *response) {
		wantValue(t, a, false, "active")
		found := s.do(t, "GET", `/Users?filter=userName%20eq%20%22o%40x.test%22`, "").want(t, 200, "")
		wantValue(t, found, 1.0, "totalResults")
		wantValue(t, s.do(t, "GET", "/Users", ""), 2.0, "totalResults")
	},
	"deactivate PATCH": func(t *testing.T, _ *scene, a *response) { wantValue(t, a, false, "active") },
	"reactivate PATCH": func(t *testing.T, _ *scene, a *response) { wantValue(t, a, true, "active") },
	"password sync PATCH": func(t *testing.T, s *scene, a *response) {
		if strings.Contains(a.Body.String()+s.log.String(), "S3cret-xyz") {
			t.Error("the password is in the answer or in the log")
		}
	},
	"group PUT full membership": func(t *testing.T, s *scene, a *response) {
		wantIDs(t, memberIDs(a), s.user, s.user2)
	},
	"group PUT without id":      func(t *testing.T, s *scene, a *response) { wantIDs(t, memberIDs(a), s.user) },
	"rename path-less with id":  func(t *testing.T, s *scene, _ *response) { wantMembers(t, s, s.user, s.user2) },
	"remove+add members":        func(t *testing.T, s *scene, _ *response) { wantMembers(t, s, s.user2) },
	"remove a non-member":       func(t *testing.T, s *scene, _ *response) { wantMembers(t, s, s.user2) },
	"push now":                  func(t *testing.T, s *scene, _ *response) { wantMembers(t, s, s.user, s.user2) },
	"push now, empty group":     func(t *testing.T, s *scene, _ *response) { wantMembers(t, s) },
	"path-less members replace": func(t *testing.T, s *scene, _ *response) { wantMembers(t, s, s.user) },
	"delete group": func(t *testing.T, s *scene, _ *response) {
		s.do(t, "GET", "/Groups/"+s.group, "").want(t, 404, "")
	},
	"create with null attributes and misspelt URN": func(t *testing.T, _ *scene, a *response) {
		wantValue(t, a, "jyoung", "externalId")
		wantValue(t, a, nil, "addresses")
	},
	"disable with string": func(t *testing.T, _ *scene, a *response) { wantValue(t, a, false, "active") },
	"replace several by path": func(t *testing.T, _ *scene, a *response) {
		wantValue(t, a, "Pvlo", "displayName")
		wantValue(t, a, "Gtfd", "name", "givenName")
		wantValue(t, a, "Eqpj", "externalId")
		wantValue(t, a, "Eqpj", enterpriseURN, "employeeNumber")
		wantValue(t, a, []any{userURN, enterpriseURN}, "schemas")
		wantValue(t, a, []any{map[string]any{"value": "a@test.microsoft.com", "type": "work", "primary": true}}, "emails")
	},
	"path-less with dotted and URN keys": func(t *testing.T, _ *scene, a *response) {
		wantValue(t, a, "Bjfe", "displayName")
		wantValue(t, a, "Kkom", "name", "givenName")
		wantValue(t, a, "Unua", "name", "familyName")
		wantValue(t, a, "Aklq", enterpriseURN, "employeeNumber")
	},
	"add on a missing multi-valued element": func(t *testing.T, _ *scene, a *response) {
		wantValue(t, a, []any{map[string]any{"type": "mobile", "value": "+1 555 0100", "primary": true}}, "phoneNumbers")
	},
	"manager as array":       func(t *testing.T, s *scene, a *response) { wantValue(t, a, s.user2, enterpriseURN, "manager", "value") },
	"manager as bare string": func(t *testing.T, s *scene, a *response) { wantValue(t, a, s.user2, enterpriseURN, "manager", "value") },
	"manager removed by empty string": func(t *testing.T, _ *scene, a *response) {
		wantValue(t, a, nil, enterpriseURN)
		wantValue(t, a, []any{userURN}, "schemas")
	},
	"create group with foreign schema URI": func(t *testing.T, _ *scene, a *response) {
		wantValue(t, a, "8aa1a0c0-c4c3-4bc0-b4a5-2ef676900159", "externalId")
	},
	"group lookup": func(t *testing.T, _ *scene, a *response) {
		wantValue(t, a, 1.0, "totalResults")
		if strings.Contains(a.Body.String(), `"members"`) {
			t.Errorf("members in %s", a.Body)
		}
	},
	"add members":                      func(t *testing.T, s *scene, _ *response) { wantMembers(t, s, s.user, s.user2) },
	"remove one member by value array": func(t *testing.T, s *scene, _ *response) { wantMembers(t, s, s.user2) },
	"add and remove in one request":    func(t *testing.T, s *scene, _ *response) { wantMembers(t, s, s.user2) },
	"PUT with null emails":             func(t *testing.T, _ *scene, a *response) { wantValue(t, a, nil, "emails") },
	"string boolean and null id": func(t *testing.T, _ *scene, a *response) {
		wantValue(t, a, true, "active")
		wantValue(t, a, []any{map[string]any{"value": "one@login.test", "type": "work"}}, "emails")
	},
}

func wantNone(t *testing.T, _ *scene, a *response) {
	wantValue(t, a, 0.0, "totalResults")
	wantValue(t, a, []any{}, "Resources")
}

func wantValue(t testing.TB, a *response, want any, place ...string) {
	t.Helper()
	if got := a.at(place...); !reflect.DeepEqual(got, want) {
		t.Errorf("%s is %v, want %v", strings.Join(place, "."), got, want)
	}
}

func wantMembers(t *testing.T, s *scene, want ...string) {
	t.Helper()
	wantIDs(t, s.members(t, s.group), want...)
}

// wantIDs compares sets of ids; ids of one process sort as they were made.
func wantIDs(t testing.TB, got []string, want ...string) {
	t.Helper()
	if want == nil {
		want = []string{}
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("members %q, want %q", got, want)
	}
}

func TestRule21_RequestsOfRealClients(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("testdata/idp-payloads.json")
	check(t, err)
	var file struct{ Vectors []vector }
	check(t, json.Unmarshal(raw, &file))
	s := newSite(t, siteOptions{})
	if len(file.Vectors) < 30 {
		t.Fatalf("only %d vectors", len(file.Vectors))
	}
	t.Run("all", func(t *testing.T) {
		for _, v := range file.Vectors {
			t.Run(v.Client+" "+v.Name, func(t *testing.T) {
				t.Parallel()
				v.run(t, s)
			})
		}
	})
}

func (v vector) run(t *testing.T, s *site) {
	preset := "okta"
	if v.Client == "entra" {
		preset = "entra"
	}
	here := &scene{directory: s.newDirectory(t, preset)}
	here.user, here.user2 = here.newUser(t, "a@b.test"), here.newUser(t, "c@d.test")
	here.group = here.newGroup(t, "Test SCIMv2")
	if prepare := start[v.Name]; prepare != nil {
		prepare(t, here)
	}
	fill := strings.NewReplacer("{{userId}}", here.user, "{{userId2}}", here.user2,
		"{{userIdWithoutMobile}}", here.user, "{{groupId}}", here.group)
	body := ""
	if string(v.Body) != "null" {
		body = fill.Replace(string(v.Body))
	}
	r := here.request(v.Method, fill.Replace(v.Path), body)
	if v.Client == "google" {
		r.Header.Set("Content-Type", "application/json")
	}
	scimType := ""
	if v.Status == http.StatusConflict {
		scimType = "uniqueness"
	}
	a := here.send(t, r).want(t, v.Status, scimType)
	if judge := after[v.Name]; judge != nil {
		judge(t, here, a)
	}
}
