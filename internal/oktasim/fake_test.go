package oktasim

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

const fakeToken = "right-token"

// seen is a request as the fake application received it.
type seen struct {
	method, target string
	body           map[string]any
}

func (s seen) line() string { return s.method + " " + s.target }

// fakeApp is a small SCIM server that insists on Okta's headers and forms. Faults spoil it in named ways.
type fakeApp struct {
	t      *testing.T
	app    App
	server *httptest.Server

	mu     sync.Mutex
	next   int
	users  []map[string]any
	groups []map[string]any
	log    []seen
	faults map[string]bool
	// intercept may answer a request before the fake does.
	intercept func(w http.ResponseWriter, r *http.Request) bool
}

func newFakeApp(t *testing.T, app App, faults ...string) *fakeApp {
	t.Helper()
	f := &fakeApp{t: t, app: app, faults: map[string]bool{}}
	for _, name := range faults {
		f.faults[name] = true
	}
	f.server = httptest.NewServer(f)
	t.Cleanup(f.server.Close)
	return f
}

func (f *fakeApp) url() string { return f.server.URL + "/scim/v2" }

func (f *fakeApp) client(t *testing.T, edit ...func(*ClientConfig)) *Client {
	t.Helper()
	cfg := ClientConfig{SCIMURL: f.url() + "/", Token: fakeToken, App: f.app}
	for _, e := range edit {
		e(&cfg)
	}
	c, err := NewClient(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// take returns the requests since the last call.
func (f *fakeApp) take() []seen {
	f.mu.Lock()
	defer f.mu.Unlock()
	log := f.log
	f.log = nil
	return log
}

func (f *fakeApp) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	target := strings.TrimPrefix(r.URL.RequestURI(), "/scim/v2")
	s := seen{method: r.Method, target: target}
	payload, err := io.ReadAll(r.Body)
	if err != nil {
		f.t.Errorf("%s: reading the body: %v", s.line(), err)
	}
	stored := s
	if len(payload) > 0 {
		s.body, stored.body = f.parse(payload), f.parse(payload) // what is logged must not change with what is stored
	}
	f.checkHeaders(s, r, len(payload) > 0)
	f.log = append(f.log, s)
	if f.intercept != nil && f.intercept(w, r) {
		return
	}
	if r.Header.Get("Authorization") != "Bearer "+fakeToken {
		fail(w, 401, "", "unknown token")
		return
	}
	f.route(w, r.URL, stored)
}

func (f *fakeApp) parse(payload []byte) map[string]any {
	var body map[string]any
	if err := json.Unmarshal(payload, &body); err != nil {
		f.t.Errorf("body: %v", err)
	}
	return body
}

func (f *fakeApp) checkHeaders(s seen, r *http.Request, hasBody bool) {
	contentType := ""
	if hasBody {
		contentType = "application/scim+json; charset=utf-8"
	}
	for name, want := range map[string]string{
		"User-Agent": "Okta SCIM Client 1.0.0", "Accept": "application/scim+json", "Accept-Charset": "utf-8", "Content-Type": contentType,
	} {
		if got := r.Header.Get(name); got != want {
			f.t.Errorf("%s: %s is %q, want %q", s.line(), name, got, want)
		}
	}
	if strings.Contains(r.URL.RawQuery, "+") {
		f.t.Errorf("%s: a space must be %%20", s.line())
	}
	patchesUser := s.method == "PATCH" && strings.HasPrefix(s.target, "/Users/")
	switch {
	case f.app == Wizard && s.method == "PATCH":
		f.t.Errorf("%s: a wizard application never sends PATCH", s.line())
	case f.app == Catalog && s.method == "PUT" && strings.HasPrefix(s.target, "/Groups"):
		f.t.Errorf("%s: a catalogue application never puts groups", s.line())
	case s.method == "DELETE" && strings.HasPrefix(s.target, "/Users"):
		f.t.Errorf("%s: Okta never deletes users", s.line())
	case patchesUser && len(s.body["Operations"].([]any)) != 1:
		f.t.Errorf("%s: one operation was expected", s.line())
	}
}

func (f *fakeApp) route(w http.ResponseWriter, u *url.URL, s seen) {
	collection, id, _ := strings.Cut(strings.TrimPrefix(u.Path, "/scim/v2/"), "/")
	list, unique := &f.users, "userName"
	if collection == "Groups" {
		list, unique = &f.groups, "displayName"
	}
	if id == "" {
		if s.method == "GET" {
			f.list(w, *list, unique, u.Query())
			return
		}
		f.create(w, list, collection, unique, s.body)
		return
	}
	i := slices.IndexFunc(*list, func(r map[string]any) bool { return r["id"] == id })
	if i < 0 {
		fail(w, 404, "", "no such resource")
		return
	}
	switch s.method {
	case "PUT":
		f.put(w, (*list)[i], s.body)
		return
	case "PATCH":
		f.patch(w, (*list)[i], s.body)
		return
	case "DELETE":
		*list = slices.Delete(*list, i, i+1)
		w.WriteHeader(204)
		return
	}
	f.answer(w, 200, (*list)[i])
}

func (f *fakeApp) list(w http.ResponseWriter, all []map[string]any, unique string, q url.Values) {
	var hits []map[string]any
	attribute, value, filtered := strings.Cut(q.Get("filter"), " eq ")
	for _, r := range all {
		hidden := filtered && f.faults["hides inactive"] && r["active"] == false
		matches := !filtered || strings.EqualFold(fmt.Sprintf("%q", r[unique]), value)
		if filtered && attribute != unique {
			matches = f.faults["ignores filters"]
		}
		if matches && !hidden {
			hits = append(hits, r)
		}
	}
	if filtered && attribute != unique && !f.faults["ignores filters"] {
		fail(w, 400, "invalidFilter", "unknown attribute")
		return
	}
	total := len(hits)
	start, _ := strconv.Atoi(q.Get("startIndex"))
	count, _ := strconv.Atoi(q.Get("count"))
	if f.faults["unstable order"] && count == 2 {
		slices.Reverse(hits)
	}
	hits = hits[min(start-1, len(hits)):]
	hits = append([]map[string]any{}, hits[:min(count, len(hits))]...)
	out := map[string]any{"totalResults": total, "startIndex": start, "itemsPerPage": len(hits), "Resources": hits}
	if f.faults["numbers as strings"] {
		out["itemsPerPage"] = strconv.Itoa(len(hits))
	}
	f.answer(w, 200, out)
}

func (f *fakeApp) create(w http.ResponseWriter, list *[]map[string]any, collection, unique string, body map[string]any) {
	for _, r := range *list {
		if !f.faults["no uniqueness"] && strings.EqualFold(r[unique].(string), body[unique].(string)) {
			fail(w, 409, "uniqueness", unique+" is taken")
			return
		}
	}
	f.next++
	id := fmt.Sprintf("%s-%d", strings.ToLower(collection[:1]), f.next)
	body["id"] = id
	body["meta"] = map[string]any{"resourceType": strings.TrimSuffix(collection, "s"), "location": f.url() + "/" + collection + "/" + id}
	if !f.faults["echoes passwords"] {
		delete(body, "password")
	}
	*list = append(*list, body)
	w.Header().Set("Location", f.url()+"/"+collection+"/"+id)
	f.answer(w, 201, body)
}

func (f *fakeApp) put(w http.ResponseWriter, stored, body map[string]any) {
	kept := stored["members"]
	for key := range stored {
		if key != "id" && key != "meta" {
			delete(stored, key)
		}
	}
	for key, value := range body {
		if key != "id" && key != "meta" && key != "groups" {
			stored[key] = value
		}
	}
	if kept != nil && f.faults["keeps removed members"] {
		stored["members"] = kept
	}
	if f.faults["ignores active"] && stored["active"] == false {
		stored["active"] = true
	}
	f.answer(w, 200, stored)
}

func (f *fakeApp) patch(w http.ResponseWriter, stored, body map[string]any) {
	for _, o := range body["Operations"].([]any) {
		f.apply(stored, o.(map[string]any))
	}
	f.answer(w, 200, stored)
}

// apply knows the forms that Okta sends and reports any other.
func (f *fakeApp) apply(stored, op map[string]any) {
	members, _ := stored["members"].([]any)
	path, _ := op["path"].(string)
	switch {
	case op["op"] == "replace" && path == "":
		value := op["value"].(map[string]any)
		if id, there := value["id"]; there && id != stored["id"] {
			f.t.Errorf("rename carries the id %v, want %v", id, stored["id"])
		}
		for key, v := range value {
			if key != "active" || !f.faults["ignores active"] {
				stored[key] = v
			}
		}
	case op["op"] == "add" && path == "members":
		stored["members"] = append(members, op["value"].([]any)...)
	case op["op"] == "replace" && path == "members":
		stored["members"] = op["value"].([]any)
	case op["op"] == "remove" && strings.HasPrefix(path, `members[value eq "`):
		if f.faults["keeps removed members"] {
			return
		}
		id := strings.TrimSuffix(strings.TrimPrefix(path, `members[value eq "`), `"]`)
		stored["members"] = slices.DeleteFunc(members, func(m any) bool { return m.(map[string]any)["value"] == id })
	default:
		f.t.Errorf("an operation that Okta does not send: %v", op)
	}
}

func (f *fakeApp) answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/scim+json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		f.t.Errorf("answer: %v", err)
	}
}

func fail(w http.ResponseWriter, status int, scimType, detail string) {
	w.Header().Set("Content-Type", "application/scim+json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"schemas":[%q],"status":"%d","scimType":%q,"detail":%q}`, errorSchema, status, scimType, detail)
}

// lines are the request lines of a log.
func lines(log []seen) []string {
	var out []string
	for _, s := range log {
		out = append(out, s.line())
	}
	return out
}

func wantLines(t *testing.T, log []seen, want ...string) {
	t.Helper()
	if got := lines(log); !slices.Equal(got, want) {
		t.Fatalf("requests\n %s\nwant\n %s", strings.Join(got, "\n "), strings.Join(want, "\n "))
	}
}

// wantJSON compares a body with a JSON text, whatever the order of keys.
func wantJSON(t *testing.T, got any, want string) {
	t.Helper()
	var decoded any
	if err := json.Unmarshal([]byte(want), &decoded); err != nil {
		t.Fatalf("%v in %s", err, want)
	}
	g, _ := json.Marshal(got)
	w, _ := json.Marshal(decoded)
	if string(g) != string(w) {
		t.Errorf("body\n %s\nwant\n %s", g, w)
	}
}
