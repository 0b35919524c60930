package web_test

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"drawbridge/internal/web"
)

// specimen is one page in one state.
type specimen struct {
	page string
	data any
}

var acme = web.Page{Workspace: "Acme"}

// gallery is every ready page, both layouts and the partials, each in the states that it has.
func gallery() map[string]specimen {
	items := []web.ChoiceItem{
		{Label: "Continue as Ada Lovelace", Detail: "ada@acme.example", Href: "/go", Post: true, Fields: []web.HiddenField{{Name: "state", Value: "s1"}}},
		{Label: "Sign in as somebody else", Href: "/login"},
		{Label: "An organisation with an extraordinarily long name that does not fit on one line", Detail: "somebody.with.a.long.address@subsidiary.of.a.large.company.example", Href: "/x"},
	}
	email := web.Field{Name: "email", Label: "E-mail address", Help: "The address that your organisation gave you.", Type: "email", Autocomplete: "username", Focus: true}
	wrong := email
	wrong.Value, wrong.Problem = "ada@", "Write the whole address, like ada@acme.example."
	secret := web.Field{
		Name: "new_password", Label: "New password", Help: "At least 12 characters.", Type: "password", Autocomplete: "new-password", MinLength: 12,
	}
	weak := secret
	weak.Problem, weak.Focus = "The password needs at least 12 characters.", true
	signedIn := web.Page{Workspace: "Acme", Person: "Ada Lovelace", Switch: true}
	return map[string]specimen{
		"refusal": {"refusal", web.Refusal{
			Page: acme, Title: "You have no access to Acme yet", What: "Your organisation knows you, but nobody has given you a role in Acme.",
			Whom: "Ask the administrators of Acme for access.", Contact: "it-help@acme.example", Reference: "7K3M-9QXZ", BackHref: "/login", BackLabel: "Sign in as somebody else",
		}},
		"refusal-bare": {"refusal", web.Refusal{
			Title: "This page does not exist", What: "The address may be mistyped, or what stood here has been removed.",
			Whom: "If you expected a page here, ask an administrator of your workspace.", Reference: "7K3M-9QXZ", BackHref: "/", BackLabel: "Go to the start page",
		}},
		"message": {"message", web.Message{Page: acme, Title: "You are signed out", Text: []string{"Your session on this browser has ended.", "You may still be signed in at your organisation's provider."}, Href: "/login", Label: "Sign in again"}},
		"choice":  {"choice", web.Choice{Page: acme, Title: "Who is signing in?", Text: "This browser has a session of another person. Going on ends it.", Items: items}},
		"confirm": {"confirm", web.Confirm{
			Page: acme, Title: "Remove Ada Lovelace?", Text: "She loses access to Acme at once.", Effects: []string{"2 sessions end", "Her roles in SOC Paris and SOC Lyon end"},
			Action: "/remove", Fields: []web.HiddenField{{Name: "user", Value: "u1"}}, Verb: "Remove Ada Lovelace", Danger: true, CancelHref: "/users",
		}},
		"confirm-calm":   {"confirm", web.Confirm{Title: "Sign out of Acme?", Action: "/logout", Verb: "Sign out", CancelHref: "/"}},
		"email":          {"email", emailPage{Email: email}},
		"email-wrong":    {"email", emailPage{Page: web.Page{Problem: true}, Email: wrong, Problems: []web.Field{wrong}}},
		"password":       {"email", emailPage{Page: web.Page{Scripted: true}, Email: secret}},
		"password-wrong": {"email", emailPage{Page: web.Page{Scripted: true, Problem: true}, Email: weak, Problems: []web.Field{weak}}},
		"home": {"home", homePage{Page: signedIn, Title: "Ada Lovelace", Communities: []community{
			{"SOC Paris", "soc-paris", "Analyst", "Through the group Analysts, which Okta pushed on 3 May"},
			{"SOC Lyon", "soc-lyon", "Guest", "The default role of your first sign-in on 3 May"},
		}}},
		"home-empty": {"home", homePage{Page: signedIn, Title: "Ada Lovelace"}},
	}
}

// renderGallery renders every specimen and hands it to look.
func renderGallery(t *testing.T, look func(t *testing.T, name string, answer *httptest.ResponseRecorder, doc *html.Node)) {
	pages := newPages(t, "https://bridge.example")
	specimens := gallery()
	for _, name := range slices.Sorted(maps.Keys(specimens)) {
		t.Run(name, func(t *testing.T) {
			w := httptest.NewRecorder()
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			if err := pages.Render(w, r, http.StatusOK, specimens[name].page, specimens[name].data); err != nil {
				t.Fatal(err)
			}
			look(t, name, w, parseHTML(t, w.Body.String()))
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
	if err := os.CopyFS(filepath.Join(out, "static"), os.DirFS("static")); err != nil && !os.IsExist(err) {
		t.Fatal(err)
	}
	renderGallery(t, func(t *testing.T, name string, answer *httptest.ResponseRecorder, doc *html.Node) {
		t.Helper()
		page := answer.Body.String()
		for _, n := range slices.Concat(all(doc, "link"), all(doc, "img"), all(doc, "script")) {
			page = strings.ReplaceAll(page, attr(n, "href")+attr(n, "src"), "static/"+plainName(attr(n, "href")+attr(n, "src")))
		}
		if err := os.WriteFile(filepath.Join(out, name+".html"), []byte(page), 0o600); err != nil {
			t.Fatal(err)
		}
	})
}

func plainName(hashed string) string {
	switch filepath.Ext(hashed) {
	case ".css":
		return "drawbridge.css"
	case ".js":
		return "drawbridge.js"
	default:
		return "mark.svg"
	}
}
