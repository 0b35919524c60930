package oktasim

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// press posts a form of the pages and returns the page that it leads to.
func (v *visitor) press(path string, form url.Values) string {
	v.t.Helper()
	if form == nil {
		form = url.Values{}
	}
	if !form.Has("back") {
		form.Set("back", "/admin")
	}
	res := v.post(path, form, fromOrigin(v.base))
	if res.status != http.StatusSeeOther {
		v.t.Fatalf("POST %s: %d\n%s", path, res.status, res.body)
	}
	return v.get(res.location(v.t).String()).body
}

func TestPagesInEveryState(t *testing.T) {
	t.Parallel()
	v, f := connected(t, Wizard)
	p, g := v.org.People()[0], v.org.Groups()[0]
	visit := func() {
		for _, path := range []string{"/", "/login", "/admin", "/admin?q=zzz", "/admin/people/" + p.ID, "/admin/groups", "/admin/groups/" + g.ID, "/admin/exchanges"} {
			checkPage(t, path, v.get(path))
		}
	}
	visit()
	mustDo(t, v.org.PushAll(t.Context()))
	mustDo(t, v.org.Deactivate(t.Context(), p.ID))
	f.intercept = refusing(1, "0")
	mustDo(t, v.org.TestConnection(t.Context()))
	visit()
	if page := v.get("/admin/exchanges").body; !strings.Contains(page, "POST /Users") || !strings.Contains(page, "429 Too Many Requests") || strings.Contains(page, fakeToken) {
		t.Error("the log lacks a request or a failure, or shows the token")
	}
	for _, path := range []string{"/admin/people/nobody", "/admin/groups/none"} {
		if res := v.get(path); res.status != 404 {
			t.Errorf("%s: %d", path, res.status)
		}
	}
}

var inline = regexp.MustCompile(`(?i)<style|\sstyle=|<script>|\son[a-z]+=`)

// checkPage holds for every page: policy, landmarks, captions, and nothing inline.
func checkPage(t *testing.T, path string, res reply) {
	t.Helper()
	if res.status != 200 || !strings.HasPrefix(res.header.Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("%s: %d, policy %q", path, res.status, res.header.Get("Content-Security-Policy"))
	}
	if inline.MatchString(res.body) {
		t.Errorf("%s: inline script or style: %s", path, inline.FindString(res.body))
	}
	for _, part := range []string{`<html lang="en">`, `class="skip" href="#content"`, `<main id="content"`, "<h1>", "</html>"} {
		if !strings.Contains(res.body, part) {
			t.Errorf("%s lacks %s", path, part)
		}
	}
	if strings.Count(res.body, "<table>") != strings.Count(res.body, "<caption>") || strings.Contains(res.body, "<th>") {
		t.Errorf("%s: a table without caption, or a header without scope", path)
	}
	if len(res.body) > 150_000 {
		t.Errorf("%s weighs %d bytes", path, len(res.body))
	}
}

func TestActionsOfThePages(t *testing.T) {
	t.Parallel()
	v, f := connected(t, Catalog)
	p, g := v.org.People()[0], v.org.Groups()[0]
	person, group := "/admin/people/"+p.ID, "/admin/groups/"+g.ID
	for _, act := range []struct {
		path string
		form url.Values
		want string // in the page that follows
	}{
		{"/admin/test", nil, "The application answers"},
		{"/admin/push", nil, "Everybody who is assigned"},
		{person, url.Values{"back": {person}, "first_name": {"Ada"}, "last_name": {"King"}, "login": {p.Login}, "title": {""}, "department": {"R&D"}}, "Ada King"},
		{person, url.Values{"back": {person}, "first_name": {""}, "last_name": {"King"}, "login": {p.Login}}, "Failed."},
		{person + "/unassign", nil, "Unassigned"},
		{person + "/assign", nil, "Assigned and pushed"},
		{person + "/deactivate", nil, "Deactivated, and"},
		{person + "/reactivate", nil, "Active again"},
		{group + "/push-now", nil, "pushed again"},
		{group + "/members", url.Values{"back": {group}, "leave": {g.Members[1]}, "join": {v.org.People()[1].ID}}, "Members saved"},
		{group + "/rename", url.Values{"back": {group}, "name": {"Renamed <b>"}}, "Renamed &lt;b&gt;"},
		{group + "/unlink", nil, "keeps the group"},
		{group + "/push", nil, "linked and pushed"},
		{group + "/delete", nil, "delete the group"},
		{group + "/push-now", nil, "not linked"},
		{"/admin/people/nobody/assign", nil, "no such person"},
	} {
		if page := v.press(act.path, act.form); !strings.Contains(page, act.want) {
			t.Errorf("POST %s: the page lacks %q", act.path, act.want)
		}
	}
	if f.users[0]["displayName"] != "Ada King" || f.users[0]["active"] != true || len(f.groups) != 3 {
		t.Errorf("application: %v, %d groups", f.users[0], len(f.groups))
	}
}

func TestFailuresAreToldAsNotices(t *testing.T) {
	t.Parallel()
	v, _ := connected(t, Wizard)
	mustDo(t, v.org.Connect(Connection{SCIMURL: v.base + "/nowhere", SCIMToken: "x"}))
	if page := v.press("/admin/test", nil); !strings.Contains(page, `role="alert"`) || !strings.Contains(page, "404 Not Found") {
		t.Error("a failure must stand in the page")
	}
}

func TestNoticesSurviveAReloadButNotForEver(t *testing.T) {
	t.Parallel()
	b := newNoticeBoard()
	first := b.pin(notice{Text: "first"})
	if n := b.read(first); n == nil || b.read(first).Text != "first" {
		t.Fatal("a notice must be readable twice")
	}
	for i := range 50 {
		b.pin(notice{Text: fmt.Sprint(i)})
	}
	if b.read(first) != nil || len(b.byID) != 50 {
		t.Errorf("%d notices kept", len(b.byID))
	}
}

func TestCrossSitePostsAreRefused(t *testing.T) {
	t.Parallel()
	v := newVisitor(t)
	p := v.org.People()[0]
	for _, path := range []string{"/admin/people/" + p.ID + "/deactivate", "/login", "/signout"} {
		if res := v.post(path, url.Values{"person": {p.ID}}, fromOrigin("https://evil.example")); res.status != 403 {
			t.Errorf("%s: %d", path, res.status)
		}
	}
	if got, _ := v.org.Person(p.ID); got.Status != Active {
		t.Error("a cross-site post deactivated somebody")
	}
}

func TestPagesAnswerTheirOwnHostAlone(t *testing.T) {
	t.Parallel()
	v := newVisitor(t)
	p := v.org.People()[0]
	foreign := func(r *http.Request) { r.Host = "rebound.example" }
	if res := v.post("/admin/people/"+p.ID+"/deactivate", nil, foreign); res.status != http.StatusMisdirectedRequest {
		t.Errorf("POST: %d", res.status)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, v.base+"/admin?q=a", nil)
	mustDo(t, err)
	foreign(req)
	if to := v.do(req).location(t).String(); to != v.base+"/admin?q=a" {
		t.Errorf("GET: sent to %s", to)
	}
}

func TestRedirectAfterAnActStaysHere(t *testing.T) {
	t.Parallel()
	v := newVisitor(t)
	for _, back := range []string{"", "https://evil.example", "//evil.example", "/adminevil.example", "/oauth2/v1/logout"} {
		res := v.post("/admin/test", url.Values{"back": {back}})
		if to := res.location(t); to.Host != "" || to.Path != "/admin" {
			t.Errorf("back %q leads to %s", back, to)
		}
	}
}

func TestOversizedForm(t *testing.T) {
	t.Parallel()
	v := newVisitor(t)
	if res := v.post("/login", url.Values{"person": {strings.Repeat("x", formLimit)}}); res.status != 400 {
		t.Errorf("%d", res.status)
	}
}

func TestStaticFiles(t *testing.T) {
	t.Parallel()
	v := newVisitor(t)
	for path, kind := range map[string]string{"/static/sim.css": "text/css", "/static/sim.js": "text/javascript"} {
		res := v.get(path)
		if res.status != 200 || !strings.HasPrefix(res.header.Get("Content-Type"), kind) {
			t.Errorf("%s: %d %s", path, res.status, res.header.Get("Content-Type"))
		}
	}
}
