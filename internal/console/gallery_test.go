package console_test

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"drawbridge/internal/console"
	"drawbridge/internal/web"
	"drawbridge/provisioning"
)

// gallery is every page of the face in each of its states, as a browser gets it.
func gallery(t *testing.T) map[string]*httptest.ResponseRecorder {
	t.Helper()
	pages := map[string]*httptest.ResponseRecorder{}
	show := func(name string, change func(*fakeService), ask func(*site) *httptest.ResponseRecorder) {
		s := newSite(t, "https://bridge.example")
		if change != nil {
			change(s.fake)
		}
		pages[name] = ask(s)
	}
	get := func(target string, cookies ...*http.Cookie) func(*site) *httptest.ResponseRecorder {
		return func(s *site) *httptest.ResponseRecorder { return s.get(target, cookies...) }
	}
	login := func(email string) func(*site) *httptest.ResponseRecorder {
		return func(s *site) *httptest.ResponseRecorder { return s.post("/login", url.Values{"email": {email}}) }
	}
	show("login", nil, get("/login"))
	show("login-half", nil, login("ada"))
	show("login-nothing", nil, login("ada@nobody.example"))
	show("login-choice", nil, login("ada@two.example"))
	show("login-already", nil, get("/login", session()))
	show("logout", nil, get("/logout", session()))
	show("signed-out", nil, get("/logout"))
	show("home", nil, get("/", session()))
	show("home-one", func(f *fakeService) { f.reasons = f.reasons[4:5] }, get("/", session()))
	show("home-many", func(f *fakeService) { f.reasons = slices.Repeat(f.reasons, 20) }, get("/?page=2", session()))
	show("home-long", longNames, get("/", session()))
	show("home-nothing", func(f *fakeService) { f.reasons = nil }, get("/", session()))
	show("invitation", nil, get("/invitation", invitationCookie(goodToken)))
	show("invitation-no-way", func(f *fakeService) { f.invited.Connections = nil }, get("/invitation", invitationCookie(goodToken)))
	show("invitation-dead", nil, get("/invitation?token=x"))
	show("invitation-closed", nil, get("/invitation"))
	return pages
}

func longNames(f *fakeService) {
	f.viewer.User.DisplayName = "Ottilie Wilhelmine Donaudampfschifffahrtselektrizitätenhauptbetriebswerk"
	f.viewer.User.Email = strings.Repeat("o", 60) + "@subsidiary.of.a.large.company.example"
	for i := range f.reasons {
		f.reasons[i].Community.Name += " " + strings.Repeat("Donaudampfschifffahrt", 3)
		f.reasons[i].Role = provisioning.Role{Name: "Incident_responder_with_escalation_rights"}
	}
}

func eachPage(t *testing.T, look func(t *testing.T, name string, answer *httptest.ResponseRecorder, doc *html.Node)) {
	t.Helper()
	pages := gallery(t)
	for _, name := range slices.Sorted(maps.Keys(pages)) {
		t.Run(name, func(t *testing.T) {
			doc, err := html.Parse(strings.NewReader(pages[name].Body.String()))
			if err != nil {
				t.Fatal(err)
			}
			look(t, name, pages[name], doc)
		})
	}
}

// TestGallery writes the pages to DRAWBRIDGE_PAGES_OUT, where it is set, so that they can be looked at.
func TestGallery(t *testing.T) {
	t.Parallel()
	out := os.Getenv("DRAWBRIDGE_PAGES_OUT")
	if out == "" {
		out = t.TempDir()
	}
	hashed := regexp.MustCompile(`/static/[0-9a-f]+\.(css|svg)`)
	files := map[string]string{"css": "drawbridge.css", "svg": "mark.svg"}
	if err := os.CopyFS(filepath.Join(out, "static"), os.DirFS("../web/static")); err != nil && !os.IsExist(err) {
		t.Fatal(err)
	}
	eachPage(t, func(t *testing.T, name string, answer *httptest.ResponseRecorder, _ *html.Node) {
		t.Helper()
		page := hashed.ReplaceAllStringFunc(answer.Body.String(), func(ref string) string {
			return "static/" + files[ref[len(ref)-3:]]
		})
		if err := os.WriteFile(filepath.Join(out, name+".html"), []byte(page), 0o600); err != nil {
			t.Fatal(err)
		}
	})
}

func TestPagesAreSound(t *testing.T) {
	t.Parallel()
	eachPage(t, func(t *testing.T, _ string, answer *httptest.ResponseRecorder, doc *html.Node) {
		t.Helper()
		if answer.Body.Len() > 150<<10 {
			t.Errorf("weighs %d bytes", answer.Body.Len())
		}
		if strings.Contains(answer.Body.String(), "ZgotmplZ") {
			t.Error("an unsafe value reached a template")
		}
		one(t, one(t, doc, "main"), "h1")
		checkHeadings(t, doc)
		checkElements(t, doc)
	})
}

func checkHeadings(t *testing.T, doc *html.Node) {
	t.Helper()
	level := 0
	for _, n := range all(doc, "*") {
		if len(n.Data) != 2 || n.Data[0] != 'h' || n.Data[1] < '1' || n.Data[1] > '6' {
			continue
		}
		next := int(n.Data[1] - '0')
		if next > level+1 || text(n) == "" {
			t.Errorf("<%s> %q follows a heading of level %d", n.Data, text(n), level)
		}
		level = next
	}
}

// checkElements wants nothing inline, words on every control, a label for every field, and ids only once.
func checkElements(t *testing.T, doc *html.Node) {
	t.Helper()
	ids, labelled := map[string]int{}, map[string]bool{}
	for _, n := range all(doc, "label") {
		labelled[attr(n, "for")] = true
	}
	for _, n := range all(doc, "*") {
		if id := attr(n, "id"); id != "" {
			ids[id]++
		}
		switch n.Data {
		case "script", "style":
			t.Errorf("<%s>", n.Data)
		case "a", "button":
			if text(n) == "" {
				t.Errorf("<%s> has no words", n.Data)
			}
		case "input":
			if attr(n, "type") != "hidden" && !labelled[attr(n, "id")] {
				t.Errorf("field %q has no label", attr(n, "name"))
			}
		case "th":
			if attr(n, "scope") == "" {
				t.Errorf("header %q has no scope", text(n))
			}
		}
		for _, a := range n.Attr {
			if a.Key == "style" || strings.HasPrefix(a.Key, "on") {
				t.Errorf("<%s %s>", n.Data, a.Key)
			}
		}
	}
	for id, times := range ids {
		if times > 1 {
			t.Errorf("id %q %d times", id, times)
		}
	}
}

// TestTextsKeepTheHouseWords looks for the words that no message uses.
func TestTextsKeepTheHouseWords(t *testing.T) {
	t.Parallel()
	for key, words := range console.Texts() {
		for _, text := range []string{words.One, words.Other} {
			for _, avoided := range []string{"successfully", "please", "oops", "invalid", "tenant", "account", "'"} {
				if strings.Contains(strings.ToLower(text), avoided) {
					t.Errorf("%s says %q", key, avoided)
				}
			}
		}
	}
}

func TestNewWantsEverything(t *testing.T) {
	t.Parallel()
	if _, err := console.New(console.Options{}); err == nil {
		t.Error("made without anything")
	}
	catalogue, err := web.NewCatalogue(console.Texts())
	if err != nil {
		t.Fatal(err)
	}
	public := mustURL(t, "https://bridge.example")
	pages, err := web.NewPages(public, catalogue, console.FS())
	if err != nil {
		t.Fatal(err)
	}
	o := console.Options{Service: newFake(), Pages: pages, Public: public, Now: nil, FormTargets: []string{"http://127.0.0.1:1/x"}}
	if _, err := console.New(o); err == nil {
		t.Error("made without a clock")
	}
}
