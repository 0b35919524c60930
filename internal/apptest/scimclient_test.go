package apptest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"drawbridge/internal/apptest"
)

func wantWords(t testing.TB, p apptest.Page, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(p.Text, w) {
			t.Errorf("%s does not say %q: %s", p.URL.Path, w, p.Text)
		}
	}
}

const (
	scimUser  = "urn:ietf:params:scim:schemas:core:2.0:User"
	scimGroup = "urn:ietf:params:scim:schemas:core:2.0:Group"
	scimPatch = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
	scimError = "urn:ietf:params:scim:api:messages:2.0:Error"
)

// scimClient speaks SCIM with one token and no manners of its own.
type scimClient struct{ base, token string }

// scimAnswer is what came back.
type scimAnswer struct {
	what   string // the request, shortened
	status int
	header http.Header
	body   []byte
}

// patience bounds every request of these tests.
const patience = time.Minute

// send sends a request; body may be nil. The error is that of the transport.
func (c scimClient) send(t testing.TB, method, path string, body io.Reader) (scimAnswer, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, c.base+path, body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/scim+json")
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	w, err := (&http.Client{Timeout: patience}).Do(r)
	if err != nil {
		return scimAnswer{}, err
	}
	defer func() { _ = w.Body.Close() }()
	text, err := io.ReadAll(w.Body)
	return scimAnswer{fmt.Sprintf("%s %.80s", method, path), w.StatusCode, w.Header, text}, err
}

func (c scimClient) do(t testing.TB, method, path, body string) scimAnswer {
	t.Helper()
	a, err := c.send(t, method, path, strings.NewReader(body))
	if err != nil {
		t.Fatalf("%s %.80s: %v", method, path, err)
	}
	return a
}

func (a scimAnswer) want(t testing.TB, status int) scimAnswer {
	t.Helper()
	if a.status != status {
		t.Errorf("%s answers %d, want %d: %.300s", a.what, a.status, status, a.body)
	}
	return a
}

// wantError checks status, media type and body of an error (RFC 7644 §3.12).
func (a scimAnswer) wantError(t testing.TB, status int, scimType string) {
	t.Helper()
	a.want(t, status)
	var e struct {
		Schemas                  []string
		Status, ScimType, Detail string
	}
	if err := json.Unmarshal(a.body, &e); err != nil {
		t.Errorf("%s: the body is no JSON: %.300s", a.what, a.body)
		return
	}
	if len(e.Schemas) != 1 || e.Schemas[0] != scimError || e.Status != fmt.Sprint(a.status) || e.Detail == "" {
		t.Errorf("%s: the body is no SCIM error: %.300s", a.what, a.body)
	}
	if e.ScimType != scimType {
		t.Errorf("%s: scimType %q, want %q", a.what, e.ScimType, scimType)
	}
	if got := a.header.Get("Content-Type"); got != "application/scim+json" {
		t.Errorf("%s: media type %q", a.what, got)
	}
	if len(e.Detail) > 1000 {
		t.Errorf("%s: the detail has %d bytes", a.what, len(e.Detail))
	}
}

// id is the id of the resource that came back.
func (a scimAnswer) id(t testing.TB) string {
	t.Helper()
	var r struct{ ID string }
	if err := json.Unmarshal(a.body, &r); err != nil || r.ID == "" {
		t.Fatalf("%s: no id in %.300s", a.what, a.body)
	}
	return r.ID
}

func userJSON(userName string) string {
	return encode(map[string]any{
		"schemas": []string{scimUser}, "userName": userName, "active": true, "externalId": "00u" + userName,
		"name":   map[string]string{"givenName": "Ada", "familyName": "Lovelace"},
		"emails": []map[string]any{{"value": userName, "type": "work", "primary": true}},
	})
}

func groupJSON(name string, members ...string) string {
	return encode(map[string]any{"schemas": []string{scimGroup}, "displayName": name, "members": memberValues(members)})
}

func memberValues(ids []string) []map[string]string {
	values := make([]map[string]string, len(ids))
	for i, id := range ids {
		values[i] = map[string]string{"value": id}
	}
	return values
}

// patchJSON is a PATCH of operations, each written as JSON.
func patchJSON(operations ...string) string {
	return `{"schemas":["` + scimPatch + `"],"Operations":[` + strings.Join(operations, ",") + `]}`
}

func addMembers(ids ...string) string {
	return `{"op":"add","path":"members","value":` + encode(memberValues(ids)) + `}`
}

func encode(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(text)
}

func (c scimClient) newUser(t testing.TB, userName string) string {
	t.Helper()
	return c.do(t, "POST", "/Users", userJSON(userName)).want(t, 201).id(t)
}

func (c scimClient) newGroup(t testing.TB, name string, members ...string) string {
	t.Helper()
	return c.do(t, "POST", "/Groups", groupJSON(name, members...)).want(t, 201).id(t)
}

// listing is everything that the directory shows, members included.
func (c scimClient) listing(t testing.TB) string {
	t.Helper()
	users := c.do(t, "GET", "/Users?count=1000", "").want(t, 200)
	groups := c.do(t, "GET", "/Groups?count=1000", "").want(t, 200)
	return string(bytes.Join([][]byte{users.body, groups.body}, []byte("\n")))
}

// wantUnchanged checks that a bad request left no trace.
func (c scimClient) wantUnchanged(t testing.TB, bad func()) {
	t.Helper()
	before := c.listing(t)
	bad()
	if after := c.listing(t); after != before {
		t.Errorf("the directory showed\n%s\nand shows\n%s", before, after)
	}
}

// membersOf are the ids of a group's members.
func (c scimClient) membersOf(t testing.TB, group string) map[string]bool {
	t.Helper()
	var g struct{ Members []struct{ Value string } }
	if err := json.Unmarshal(c.do(t, "GET", "/Groups/"+group, "").want(t, 200).body, &g); err != nil {
		t.Fatal(err)
	}
	members := make(map[string]bool, len(g.Members))
	for _, m := range g.Members {
		members[m.Value] = true
	}
	return members
}

func decode(t testing.TB, text []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatalf("%v: %.300s", err, text)
	}
}
