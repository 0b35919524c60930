package scim_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// wantUnchanged checks that a bad request left no trace.
func (d *directory) wantUnchanged(t *testing.T, bad func()) {
	t.Helper()
	state := func() string {
		return d.do(t, "GET", "/Users", "").Body.String() + d.do(t, "GET", "/Groups", "").Body.String()
	}
	before := state()
	bad()
	if got := state(); got != before {
		t.Errorf("the state was\n%s\nand is\n%s", before, got)
	}
}

// target is a place for bad input: a user who is in a group.
type target struct {
	*directory
	user, group string
}

func newTarget(t *testing.T) target {
	t.Helper()
	d := newDirectory(t)
	user := d.newUser(t, "ada@acme.example")
	return target{d, user, d.newGroup(t, "SOC", user)}
}

const megabyte = 1 << 20

func TestAMegabyteOfBrackets(t *testing.T) {
	t.Parallel()
	d := newTarget(t)
	brackets := strings.Repeat("(", megabyte)
	squares := strings.Repeat("[", megabyte)
	requests := map[string]struct{ method, target, body, scimType string }{
		"filter":          {"GET", "/Users?filter=" + url.QueryEscape(brackets+"userName pr"), "", "invalidFilter"},
		"group filter":    {"GET", "/Groups?filter=" + url.QueryEscape(squares), "", "invalidFilter"},
		"path of a user":  {"PATCH", "/Users/" + d.user, patchJSON(`[{"op":"add","path":"emails[` + brackets + `","value":"x"}]`), "invalidPath"},
		"path of a group": {"PATCH", "/Groups/" + d.group, patchJSON(`[{"op":"remove","path":"members[` + brackets + `"}]`), "invalidPath"},
		"key of a value":  {"PATCH", "/Users/" + d.user, patchJSON(`[{"op":"add","value":{"emails[` + brackets + `":"x","active":"maybe"}}]`), "invalidValue"},
		"body":            {"POST", "/Users", squares, "invalidSyntax"},
		"value":           {"POST", "/Users", `{"userName":"x@acme.example","name":` + squares, "invalidSyntax"},
		"objects":         {"PUT", "/Users/" + d.user, strings.Repeat(`{"a":`, megabyte/5), "invalidSyntax"},
		"members":         {"PUT", "/Groups/" + d.group, `{"displayName":"x","members":` + squares, "invalidSyntax"},
		"operations":      {"PATCH", "/Groups/" + d.group, `{"Operations":` + squares, "invalidSyntax"},
		"closed":          {"POST", "/Groups", `{"displayName":"x","members":` + squares + strings.Repeat("]", megabyte) + `}`, "invalidSyntax"},
	}
	for name, r := range requests {
		t.Run(name, func(t *testing.T) {
			d.wantUnchanged(t, func() { d.do(t, r.method, r.target, r.body).want(t, 400, r.scimType) })
		})
	}
}

func TestAnAddressOfAMegabyte(t *testing.T) {
	t.Parallel()
	d := newDirectory(t)
	for _, path := range []string{strings.Repeat("/", megabyte), "/Users/" + strings.Repeat("a", megabyte), "/Users" + strings.Repeat("/a", megabyte/2)} {
		d.do(t, "GET", path, "").want(t, 404, "")
	}
}

func TestABodyOf50MB(t *testing.T) {
	t.Parallel()
	d := newTarget(t)
	requests := []struct{ method, target, head, unit, tail string }{
		{"POST", "/Users", `{"userName":"x@acme.example","title":"`, "x", `"}`},
		{"PUT", "/Users/" + d.user, `{"userName":"x@acme.example"}`, " ", ``},
		{"PATCH", "/Users/" + d.user, `{"Operations":[{"op":"add","path":"title","value":"`, "x", `"}]}`},
		{"POST", "/Groups", `{"displayName":"x","members":[`, `{"value":"` + d.user + `"},`, `{"value":"` + d.user + `"}]}`},
		{"PATCH", "/Groups/" + d.group, `{"Operations":[{"op":"remove","path":"members","value":[`, `{"value":"` + d.user + `"},`, `{"value":"x"}]}]}`},
	}
	for _, announced := range []bool{true, false} {
		for i, test := range requests {
			if !announced && i != 1 && i != 3 {
				continue // read as these two are, up to the limit
			}
			d.wantUnchanged(t, func() {
				r := httptest.NewRequest(test.method, "/app/scim/v2"+test.target, stream(test.head, test.unit, test.tail, 50*megabyte))
				r.Header.Set("Authorization", "Bearer "+d.token)
				if announced {
					r.ContentLength = 50 * megabyte
				}
				a := d.send(t, r).want(t, 413, "")
				if detail, _ := a.JSON["detail"].(string); !strings.Contains(detail, map[bool]string{true: "32 MB", false: "2 MB"}[strings.HasPrefix(test.target, "/Groups")]) {
					t.Errorf("detail %q", detail)
				}
			})
		}
	}
}

func TestABodyOfTooManyValues(t *testing.T) {
	t.Parallel()
	d := newTarget(t)
	bomb := "[" + strings.Repeat("{},", 200_000) + "{}]"
	for target, body := range map[string]string{
		"POST /Users":              `{"userName":"x@acme.example","emails":` + bomb + `}`,
		"PATCH /Users/" + d.user:   `{"Operations":` + bomb + `}`,
		"POST /Groups":             `{"displayName":"x","junk":` + bomb + `}`,
		"PATCH /Groups/" + d.group: `{"Operations":[{"op":"add","value":{"junk":` + bomb + `}}]}`,
	} {
		method, path, _ := strings.Cut(target, " ")
		d.wantUnchanged(t, func() { d.do(t, method, path, body).want(t, 400, "invalidSyntax") })
	}
	// Members and steps on them are not held.
	leavers := strings.Repeat(`{"op":"remove","path":"members[value eq \"x\"]"},`, 60_000)
	d.do(t, "PATCH", "/Groups/"+d.group, patchJSON(`[`+leavers+`{"op":"add","value":{}}]`)).want(t, 200, "")
	joiners := strings.Repeat(`{"value":"`+d.user+`","display":"Ada"},`, 60_000)
	d.do(t, "PUT", "/Groups/"+d.group, `{"displayName":"SOC","members":[`+joiners+`null]}`).want(t, 400, "invalidValue")
	d.do(t, "PUT", "/Groups/"+d.group, `{"displayName":"SOC","members":[`+strings.TrimSuffix(joiners, ",")+`]}`).want(t, 200, "")
}

func TestTruncatedBodies(t *testing.T) {
	t.Parallel()
	d := newTarget(t)
	bodies := map[string][2]string{
		"POST /Users":              {"POST", `{"userName":"x@acme.example","name":{"givenName":"X"}}`},
		"PUT /Users/" + d.user:     {"PUT", `{"userName":"x@acme.example","active":false}`},
		"PATCH /Users/" + d.user:   {"PATCH", patchJSON(`[{"op":"replace","value":{"active":false}}]`)},
		"POST /Groups":             {"POST", groupJSON("x", d.user)},
		"PUT /Groups/" + d.group:   {"PUT", groupJSON("x")},
		"PATCH /Groups/" + d.group: {"PATCH", patchJSON(`[{"op":"replace","path":"members","value":[]}]`)},
	}
	for name, b := range bodies {
		t.Run(name, func(t *testing.T) {
			_, path, _ := strings.Cut(name, " ")
			d.wantUnchanged(t, func() {
				for end := range b[1] {
					d.do(t, b[0], path, b[1][:end]).want(t, 400, "invalidSyntax")
				}
				d.do(t, b[0], path, b[1]+"x").want(t, 400, "invalidSyntax")
				d.sendBroken(t, b[0], path, b[1][:len(b[1])/2]).want(t, 400, "invalidSyntax")
			})
		})
	}
}

// sendBroken sends a body whose connection breaks.
func (d *directory) sendBroken(t *testing.T, method, path, head string) *response {
	t.Helper()
	r := d.request(method, path, "x")
	r.ContentLength = int64(len(head)) + 100
	r.Body = io.NopCloser(io.MultiReader(strings.NewReader(head), brokenReader{}))
	a := d.send(t, r)
	if line := d.log.lastLine(t); line["level"] != "INFO" {
		t.Errorf("logged as %v", line)
	}
	return a
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestBodiesThatAreRefused(t *testing.T) {
	t.Parallel()
	d := newTarget(t)
	stranger := d.newDirectory(t, "okta").newUser(t, "eve@evil.example")
	nobody := strings.Repeat("0", 26)
	user, group := "/Users/"+d.user, "/Groups/"+d.group
	add := func(id string) string {
		return patchJSON(`[{"op":"add","path":"members","value":[{"value":"` + id + `"}]}]`)
	}
	tests := map[string]struct{ method, target, body, scimType string }{
		"a name twice in two cases":            {"POST", "/Users", `{"userName":"a@acme.example","USERNAME":"b@acme.example"}`, "invalidSyntax"},
		"active twice in two cases":            {"PUT", user, `{"userName":"a@acme.example","active":true,"Active":false}`, "invalidSyntax"},
		"twice in a part":                      {"PUT", user, `{"userName":"a@acme.example","name":{"givenName":"a","givenname":"b"}}`, "invalidSyntax"},
		"twice in a PATCH":                     {"PATCH", user, patchJSON(`[{"op":"replace","value":{"active":true,"ACTIVE":false}}]`), "invalidSyntax"},
		"members twice in two cases":           {"PUT", group, `{"displayName":"x","members":[],"Members":[]}`, "invalidSyntax"},
		"operations twice":                     {"PATCH", group, `{"Operations":[{"op":"remove","path":"members"}],"operations":[]}`, "invalidSyntax"},
		"a member of another workspace":        {"POST", "/Groups", groupJSON("x", d.user, stranger), "invalidValue"},
		"a member of another workspace by PUT": {"PUT", group, groupJSON("x", stranger), "invalidValue"},
		"a member of another workspace, PATCH": {"PATCH", group, add(stranger), "invalidValue"},
		"a member that is nobody":              {"PATCH", group, add(nobody), "invalidValue"},
		"a member whose id is none":            {"PATCH", group, add("you"), "invalidValue"},
		"a member that is a group":             {"PATCH", group, add(d.group), "invalidValue"},
		"a member without value":               {"PATCH", group, patchJSON(`[{"op":"add","path":"members","value":[{"display":"x"}]}]`), "invalidValue"},
		"one good step and one bad":            {"PATCH", group, patchJSON(`[{"op":"remove","path":"members"},{"op":"add","path":"members","value":[{"value":"` + nobody + `"}]}]`), "invalidValue"},
		"a user without userName":              {"POST", "/Users", `{"active":true}`, "invalidValue"},
		"a user with an empty userName":        {"POST", "/Users", `{"userName":""}`, "invalidValue"},
		"a group without displayName":          {"POST", "/Groups", `{"members":[]}`, "invalidValue"},
		"a group with an empty displayName":    {"PUT", group, `{"displayName":"","members":[]}`, "invalidValue"},
		"a group sent to users":                {"POST", "/Users", `{"schemas":["` + groupURN + `"],"userName":"x","displayName":"x"}`, "invalidValue"},
		"active as a number":                   {"PATCH", user, patchJSON(`[{"op":"replace","path":"active","value":0}]`), "invalidValue"},
		"PATCH of the id":                      {"PATCH", user, patchJSON(`[{"op":"replace","path":"id","value":"x"}]`), "mutability"},
		"PATCH with another id":                {"PATCH", group, patchJSON(`[{"op":"replace","value":{"id":"` + nobody + `","displayName":"x"}}]`), "mutability"},
		"PATCH of meta":                        {"PATCH", user, patchJSON(`[{"op":"replace","path":"meta.created","value":"2020-01-01T00:00:00Z"}]`), "mutability"},
		"PATCH of a user's groups":             {"PATCH", user, patchJSON(`[{"op":"add","path":"groups","value":[{"value":"` + d.group + `"}]}]`), "mutability"},
		"PATCH of a member in place":           {"PATCH", group, patchJSON(`[{"op":"replace","path":"members[value eq \"` + d.user + `\"].value","value":"` + stranger + `"}]`), "mutability"},
		"removal of userName":                  {"PATCH", user, patchJSON(`[{"op":"remove","path":"userName"}]`), "mutability"},
		"removal of displayName":               {"PATCH", group, patchJSON(`[{"op":"remove","path":"displayName"}]`), "mutability"},
		"removal without path":                 {"PATCH", group, patchJSON(`[{"op":"remove"}]`), "noTarget"},
		"an unknown path of a user":            {"PATCH", user, patchJSON(`[{"op":"add","path":"shoeSize","value":"42"}]`), "invalidPath"},
		"an unknown part of a path":            {"PATCH", user, patchJSON(`[{"op":"add","path":"name.shoe","value":"42"}]`), "invalidPath"},
		"an unknown path of a group":           {"PATCH", group, patchJSON(`[{"op":"add","path":"owner","value":"42"}]`), "invalidPath"},
		"an unknown extension":                 {"PATCH", user, patchJSON(`[{"op":"add","path":"urn:x:y:User:z","value":"42"}]`), "invalidPath"},
		"an unknown operation":                 {"PATCH", user, patchJSON(`[{"op":"move","path":"title","value":"x"}]`), "invalidSyntax"},
		"no operations":                        {"PATCH", group, patchJSON(`[]`), "invalidSyntax"},
		"no body":                              {"POST", "/Users", "", "invalidSyntax"},
		"null":                                 {"POST", "/Groups", "null", "invalidSyntax"},
		"NUL":                                  {"POST", "/Users", `{"userName":"a\u0000b"}`, "invalidSyntax"},
		"no UTF-8":                             {"POST", "/Users", "{\"userName\":\"a\xff\"}", "invalidSyntax"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			d.wantUnchanged(t, func() { d.do(t, test.method, test.target, test.body).want(t, 400, test.scimType) })
		})
	}
}

func TestATakenNameIsAConflict(t *testing.T) {
	t.Parallel()
	d := newTarget(t)
	other := d.newUser(t, "bob@acme.example")
	d.newGroup(t, "NOC")
	for name, test := range map[string]struct{ method, target, body string }{
		"userName, POST":    {"POST", "/Users", `{"userName":"ADA@acme.example"}`},
		"userName, PUT":     {"PUT", "/Users/" + other, `{"userName":"Ada@acme.example"}`},
		"userName, PATCH":   {"PATCH", "/Users/" + other, patchJSON(`[{"op":"replace","path":"userName","value":"ada@acme.example"}]`)},
		"externalId, POST":  {"POST", "/Users", `{"userName":"x@acme.example","externalId":"00u-ada@acme.example"}`},
		"externalId, PATCH": {"PATCH", "/Users/" + other, patchJSON(`[{"op":"replace","path":"externalId","value":"00u-ada@acme.example"}]`)},
		"group, POST":       {"POST", "/Groups", groupJSON("soc")},
		"group, PUT":        {"PUT", "/Groups/" + d.group, groupJSON("noc")},
		"group, PATCH":      {"PATCH", "/Groups/" + d.group, patchJSON(`[{"op":"replace","path":"displayName","value":"NOC"}]`)},
	} {
		t.Run(name, func(t *testing.T) {
			d.wantUnchanged(t, func() { d.do(t, test.method, test.target, test.body).want(t, 409, "uniqueness") })
		})
	}
}

func TestTheSameMemberTwiceCountsOnce(t *testing.T) {
	t.Parallel()
	d := newTarget(t)
	group := d.newGroup(t, "NOC", d.user, d.user)
	wantIDs(t, d.members(t, group), d.user)
	twice := `[{"value":"` + d.user + `"},{"value":"` + d.user + `"}]`
	d.do(t, "PATCH", "/Groups/"+group, patchJSON(`[{"op":"add","path":"members","value":`+twice+`},{"op":"add","path":"members","value":`+twice+`}]`)).want(t, 200, "")
	wantIDs(t, d.members(t, group), d.user)
	d.do(t, "PUT", "/Groups/"+group, groupJSON("NOC", d.user, d.user)).want(t, 200, "")
	wantIDs(t, d.members(t, group), d.user)
}

func TestAMemberOfThePastIsSkipped(t *testing.T) {
	t.Parallel()
	d := newTarget(t)
	gone := d.newUser(t, "gone@acme.example")
	d.do(t, "DELETE", "/Users/"+gone, "").want(t, 204, "")
	d.do(t, "DELETE", "/Users/"+gone, "").want(t, 404, "")
	d.do(t, "GET", "/Users/"+gone, "").want(t, 404, "")
	d.do(t, "PUT", "/Groups/"+d.group, groupJSON("SOC", d.user, gone)).want(t, 200, "")
	wantIDs(t, d.members(t, d.group), d.user)
}

func TestWhatChangesNothingLeavesNoTrace(t *testing.T) {
	t.Parallel()
	d := newTarget(t)
	user := d.do(t, "GET", "/Users/"+d.user, "")
	d.do(t, "PUT", "/Users/"+d.user, user.Body.String()).want(t, 200, "")
	wantValue(t, d.do(t, "GET", "/Users/"+d.user, ""), user.at("meta", "lastModified"), "meta", "lastModified")
	group := d.do(t, "GET", "/Groups/"+d.group, "")
	d.do(t, "PUT", "/Groups/"+d.group, group.Body.String()).want(t, 200, "")
	wantValue(t, d.do(t, "GET", "/Groups/"+d.group, ""), group.at("meta", "lastModified"), "meta", "lastModified")
}

func TestOverARealConnection(t *testing.T) {
	t.Parallel()
	d := newTarget(t)
	server := httptest.NewServer(d.handler)
	t.Cleanup(server.Close)
	r, err := http.NewRequestWithContext(t.Context(), "HEAD", server.URL+"/app/scim/v2/Users/"+d.user, nil)
	check(t, err)
	r.Header.Set("Authorization", "Bearer "+d.token)
	a, err := server.Client().Do(r)
	check(t, err)
	check(t, a.Body.Close())
	if a.StatusCode != 200 || a.ContentLength < 100 {
		t.Errorf("HEAD is answered %d with length %d", a.StatusCode, a.ContentLength)
	}
}
