package scim_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"drawbridge/internal/ephemeral"
	"drawbridge/internal/secret"
	"drawbridge/internal/sqlstore"
	"drawbridge/internal/web"
	"drawbridge/provisioning"
	"drawbridge/scim"
)

// base is the URL that the face is reached at, behind a proxy's path.
const base = "https://bridge.example/app/scim/v2"

// site is the face on the real Service and a real database, behind the frame,
// with a spy between face and Service.
type site struct {
	service *provisioning.Service
	spy     *spy
	handler http.Handler
	log     *logBook
}

// siteOptions are what tests vary.
type siteOptions struct {
	rate    int
	maxBody int64
}

func newSite(t testing.TB, o siteOptions) *site {
	t.Helper()
	s := &site{log: &logBook{}}
	log := slog.New(slog.NewJSONHandler(s.log, nil))
	s.service = newService(t, log)
	s.spy = &spy{Service: s.service}
	counters, err := ephemeral.Open(t.Context(), "", log)
	check(t, err)
	public, err := url.Parse("https://bridge.example/app")
	check(t, err)
	face, err := scim.New(scim.Options{
		Service: s.spy, Limiter: counters, Rate: o.rate, PublicURL: public, Log: log, MaxBody: o.maxBody,
	})
	check(t, err)
	mux, err := web.NewMux(public, web.AnswerJSON)
	check(t, err)
	mux.Mount(web.Face{Prefix: scim.Prefix, Answer: scim.Answer}, face)
	s.handler = web.Frame{Log: log, Public: public}.Wrap(mux)
	return s
}

func newService(t testing.TB, log *slog.Logger) *provisioning.Service {
	t.Helper()
	store, err := sqlstore.Open(t.Context(), sqlstore.Options{
		URL: "sqlite:" + filepath.Join(t.TempDir(), "bridge.db"), Migrate: sqlstore.MigrateUp,
	})
	check(t, err)
	t.Cleanup(func() { check(t, store.Close()) })
	configured := bytes.Repeat([]byte{7}, 32)
	key, err := secret.GenerateDataKey(configured, time.Now())
	check(t, err)
	ring, err := secret.NewKeyring(configured, nil, []secret.WrappedKey{key})
	check(t, err)
	return provisioning.NewService(provisioning.Ports{
		Store: store, Sealer: ring, Hasher: secret.Hasher{}, IDs: &provisioning.RandomIDs{}, Log: log,
	})
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// directory is a SCIM client of a workspace of its own.
type directory struct {
	*site
	workspace provisioning.WorkspaceID
	id        provisioning.DirectoryID
	token     string
	tokenID   provisioning.TokenID
}

// newDirectory makes a workspace with one directory and a token.
func (s *site) newDirectory(t testing.TB, preset string) *directory {
	t.Helper()
	made, err := s.service.CreateWorkspace(t.Context(), provisioning.Operator(),
		provisioning.NewWorkspace{Name: "Acme", AdminEmail: "admin@acme.example"})
	check(t, err)
	return s.addDirectory(t, made.Workspace.ID, "first", preset)
}

func (s *site) addDirectory(t testing.TB, ws provisioning.WorkspaceID, name, preset string) *directory {
	t.Helper()
	d, err := s.service.CreateDirectory(t.Context(), provisioning.Operator(), ws, provisioning.NewDirectory{Name: name, Preset: preset})
	check(t, err)
	token, text := s.newToken(t, ws, d.ID, time.Hour)
	return &directory{site: s, workspace: ws, id: d.ID, token: text, tokenID: token}
}

func (s *site) newToken(t testing.TB, ws provisioning.WorkspaceID, d provisioning.DirectoryID, lifetime time.Duration) (provisioning.TokenID, string) {
	t.Helper()
	token, text, err := s.service.CreateToken(t.Context(), provisioning.Operator(), ws, d, "test", lifetime)
	check(t, err)
	return token.ID, text
}

func newDirectory(t testing.TB) *directory {
	t.Helper()
	return newSite(t, siteOptions{}).newDirectory(t, "okta")
}

// request makes a request below the root of the face, as Okta sends it.
func (d *directory) request(method, target, body string) *http.Request {
	r := httptest.NewRequest(method, "/app/scim/v2"+target, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+d.token)
	r.Header.Set("Accept", "application/scim+json")
	if body != "" {
		r.Header.Set("Content-Type", "application/scim+json; charset=utf-8")
	}
	return r
}

// do sends a request and checks what holds of every answer.
func (d *directory) do(t testing.TB, method, target, body string) *response {
	t.Helper()
	return d.send(t, d.request(method, target, body))
}

func (s *site) send(t testing.TB, r *http.Request) *response {
	t.Helper()
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	a := &response{ResponseRecorder: w}
	a.checkShape(t, r)
	return a
}

// response is an answer and its body.
type response struct {
	*httptest.ResponseRecorder
	JSON map[string]any
}

// checkShape checks what RFC 7644 and the design ask of every answer.
func (a *response) checkShape(t testing.TB, r *http.Request) {
	t.Helper()
	if a.Code >= 300 && a.Code < 400 {
		t.Errorf("%s %s is redirected", r.Method, r.URL)
	}
	if a.Body.Len() == 0 {
		return
	}
	if got := a.Header().Get("Content-Type"); got != "application/scim+json" {
		t.Errorf("Content-Type %q", got)
	}
	if err := json.Unmarshal(a.Body.Bytes(), &a.JSON); err != nil {
		t.Fatalf("%s %s: no JSON: %s", r.Method, r.URL, a.Body)
	}
	if strings.Contains(strings.ToLower(a.Body.String()), `"password"`) {
		t.Errorf("password in %s", a.Body)
	}
	if a.Code >= 400 {
		a.checkError(t)
	}
}

func (a *response) checkError(t testing.TB) {
	t.Helper()
	if a.JSON["status"] != strconv.Itoa(a.Code) {
		t.Errorf("status %v in the answer %d", a.JSON["status"], a.Code)
	}
	if !reflect.DeepEqual(a.JSON["schemas"], []any{"urn:ietf:params:scim:api:messages:2.0:Error"}) {
		t.Errorf("schemas %v", a.JSON["schemas"])
	}
	if detail, _ := a.JSON["detail"].(string); detail == "" {
		t.Errorf("no detail: %s", a.Body)
	}
	if _, typed := a.JSON["scimType"]; typed && a.Code != 400 && a.Code != 409 {
		t.Errorf("scimType with status %d", a.Code)
	}
}

// want checks status and scimType ("" for none).
func (a *response) want(t testing.TB, status int, scimType string) *response {
	t.Helper()
	got, _ := a.JSON["scimType"].(string)
	if a.Code != status || got != scimType {
		t.Fatalf("answer %d %s, want %d %q", a.Code, a.Body, status, scimType)
	}
	return a
}

// at walks into the body: at("name", "givenName").
func (a *response) at(names ...string) any {
	var v any = a.JSON
	for _, name := range names {
		object, _ := v.(map[string]any)
		v = object[name]
	}
	return v
}

func (a *response) id(t testing.TB) string {
	t.Helper()
	id, _ := a.JSON["id"].(string)
	if id == "" {
		t.Fatalf("no id in %d %s", a.Code, a.Body)
	}
	return id
}

// newUser provisions a user of that name, and returns the id.
func (d *directory) newUser(t testing.TB, userName string) string {
	t.Helper()
	return d.do(t, "POST", "/Users", asJSON(map[string]any{
		"schemas": []string{userURN}, "userName": userName, "externalId": "00u-" + userName,
		"name":   map[string]any{"givenName": "Ada", "familyName": "King"},
		"emails": []any{map[string]any{"value": userName, "type": "work", "primary": true}},
	})).want(t, 201, "").id(t)
}

// newGroup pushes a group of that name, and returns the id.
func (d *directory) newGroup(t testing.TB, name string, members ...string) string {
	t.Helper()
	return d.do(t, "POST", "/Groups", groupJSON(name, members...)).want(t, 201, "").id(t)
}

func groupJSON(name string, members ...string) string {
	list := []any{}
	for _, id := range members {
		list = append(list, map[string]any{"value": id})
	}
	return asJSON(map[string]any{"schemas": []string{groupURN}, "displayName": name, "members": list})
}

// members reads who is in a group, in the order of the answer.
func (d *directory) members(t testing.TB, group string) []string {
	t.Helper()
	return memberIDs(d.do(t, "GET", "/Groups/"+group, "").want(t, 200, ""))
}

func memberIDs(a *response) []string {
	ids := []string{}
	list, _ := a.JSON["members"].([]any)
	for _, m := range list {
		id, _ := m.(map[string]any)["value"].(string)
		ids = append(ids, id)
	}
	return ids
}

const (
	userURN       = "urn:ietf:params:scim:schemas:core:2.0:User"
	groupURN      = "urn:ietf:params:scim:schemas:core:2.0:Group"
	enterpriseURN = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	patchURN      = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
)

func patchJSON(operations string) string {
	return `{"schemas":["` + patchURN + `"],"Operations":` + operations + `}`
}

func asJSON(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// spy notes what the face asks of the Service, and can answer in its place.
type spy struct {
	scim.Service

	mu          sync.Mutex
	calls       []string
	withMembers []bool
	dropped     []string
	fail        error // answer of everything but authentication
}

func (s *spy) note(call string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, call)
	return s.fail
}

// taken returns the calls since it was last asked.
func (s *spy) taken() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	calls := s.calls
	s.calls = nil
	return calls
}

func (s *spy) AttributesDropped(ctx context.Context, a provisioning.DirectoryAccess, resource string, names []string) {
	_ = s.note("AttributesDropped " + resource)
	s.dropped = names
	s.Service.AttributesDropped(ctx, a, resource, names)
}

func (s *spy) FindDirectoryUsers(ctx context.Context, a provisioning.DirectoryAccess, f provisioning.Filter, offset, limit int) ([]provisioning.DirectoryUser, int, error) {
	if err := s.note("FindDirectoryUsers"); err != nil {
		return nil, 0, err
	}
	return s.Service.FindDirectoryUsers(ctx, a, f, offset, limit)
}

func (s *spy) GetDirectoryUser(ctx context.Context, a provisioning.DirectoryAccess, id string) (provisioning.DirectoryUser, error) {
	if err := s.note("GetDirectoryUser"); err != nil {
		return provisioning.DirectoryUser{}, err
	}
	return s.Service.GetDirectoryUser(ctx, a, id)
}

func (s *spy) ChangeDirectoryUser(ctx context.Context, a provisioning.DirectoryAccess, id string, change func(provisioning.RecordWrite) (provisioning.RecordWrite, error)) (provisioning.DirectoryUser, error) {
	if err := s.note("ChangeDirectoryUser"); err != nil {
		return provisioning.DirectoryUser{}, err
	}
	return s.Service.ChangeDirectoryUser(ctx, a, id, change)
}

func (s *spy) GetDirectoryGroup(ctx context.Context, a provisioning.DirectoryAccess, id string, withMembers bool) (provisioning.DirectoryGroup, error) {
	s.noteMembers(withMembers)
	return s.Service.GetDirectoryGroup(ctx, a, id, withMembers)
}

func (s *spy) FindDirectoryGroups(ctx context.Context, a provisioning.DirectoryAccess, f provisioning.Filter, offset, limit int, withMembers bool) ([]provisioning.DirectoryGroup, int, error) {
	s.noteMembers(withMembers)
	return s.Service.FindDirectoryGroups(ctx, a, f, offset, limit, withMembers)
}

func (s *spy) ReplaceDirectoryGroup(ctx context.Context, a provisioning.DirectoryAccess, id string, w provisioning.GroupWrite, withMembers bool) (provisioning.DirectoryGroup, error) {
	s.noteMembers(withMembers)
	return s.Service.ReplaceDirectoryGroup(ctx, a, id, w, withMembers)
}

func (s *spy) ChangeDirectoryGroup(ctx context.Context, a provisioning.DirectoryAccess, id string, c provisioning.GroupChange, withMembers bool) (provisioning.DirectoryGroup, error) {
	s.noteMembers(withMembers)
	return s.Service.ChangeDirectoryGroup(ctx, a, id, c, withMembers)
}

func (s *spy) noteMembers(withMembers bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.withMembers = append(s.withMembers, withMembers)
}

// loadedMembers reports whether the last answer about groups loaded members.
func (s *spy) loadedMembers() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.withMembers) > 0 && s.withMembers[len(s.withMembers)-1]
}

// logBook is a log that may be read while it is written.
type logBook struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logBook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logBook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// lastLine is the last line of the log.
func (l *logBook) lastLine(t testing.TB) map[string]any {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(l.String()), "\n")
	var line map[string]any
	check(t, json.Unmarshal([]byte(lines[len(lines)-1]), &line))
	return line
}

// stream is a body of some n bytes, made while it is read.
func stream(head, unit, tail string, n int) io.Reader {
	unit = strings.Repeat(unit, 1+4096/len(unit))
	parts := []io.Reader{strings.NewReader(head)}
	for range 1 + n/len(unit) {
		parts = append(parts, strings.NewReader(unit))
	}
	return io.MultiReader(append(parts, strings.NewReader(tail))...)
}
