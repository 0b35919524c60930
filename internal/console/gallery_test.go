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
	show("login-choice", nil, login("ada@two.example"))
	show("login-already", nil, get("/login", session()))
	show("logout", nil, get("/logout", session()))
	show("signed-out", nil, get("/logout"))
	show("home", nil, get("/", session()))
	show("home-one", func(f *fakeService) { f.reasons = f.reasons[4:5] }, get("/", session()))
	show("home-many", func(f *fakeService) { f.reasons = slices.Repeat(f.reasons, 20) }, get("/?page=2", session()))
	show("home-long", longNames, get("/", session()))
	show("home-nothing", func(f *fakeService) { f.reasons = nil }, get("/", session()))
	showSignIn(show, get)
	showLinks(show, get)
	showAccount(show, get)
	return pages
}

type (
	asking  = func(*site) *httptest.ResponseRecorder
	showing = func(name string, change func(*fakeService), ask asking)
	getting = func(target string, cookies ...*http.Cookie) asking
)

func posting(target string, form url.Values, cookies ...*http.Cookie) asking {
	return func(s *site) *httptest.ResponseRecorder { return s.post(target, form, cookies...) }
}

// everyFactor gives the person all second factors that there are.
func everyFactor(f *fakeService) {
	f.factors = provisioning.FactorState{TOTP: true, Passkeys: []provisioning.Passkey{laptop, {ID: "cred-2", Name: "Security key in the safe", CreatedAt: now}}, RecoveryCodes: 7}
}

func showSignIn(show showing, get getting) {
	half := func(f *fakeService) { everyFactor(f); f.needsFactor = true }
	blocked := globex
	blocked.Settings = provisioning.Settings{"contact": "it-help@globex.example"}
	many := func(f *fakeService) {
		f.doors = []provisioning.Door{{Workspace: acme, User: ada}, {Workspace: provisioning.Workspace{ID: "ws-3", Name: "Initech"}, FactorSetup: true}, {Workspace: blocked, Refusal: provisioning.RefusedBlocked}}
	}
	show("password", nil, get("/login/password?email=ada@acme.example"))
	show("password-empty", nil, get("/login/password"))
	show("password-proof", nil, get("/login/password?email=ada@acme.example&return_to=/sso/cn-okta"))
	show("password-after-reset", nil, get("/login/password?email=ada@acme.example&done=reset"))
	show("password-wrong", nil, posting("/login/password", credentials("ada@acme.example", "x")))
	show("password-two-problems", nil, posting("/login/password", credentials("", "")))
	show("password-locked", func(f *fakeService) { f.tooMany = locked() }, posting("/login/password", credentials("ada@acme.example", "x")))
	show("passkey-wrong", nil, posting("/login/passkey", nil))
	show("proved", nil, get("/login/proved?return_to=/sso/cn-okta", parent()))
	show("factor", half, get("/login/factor", parent()))
	show("factor-wrong", half, posting("/login/factor", url.Values{"code": {"1"}}, parent()))
	show("factor-recovery", half, get("/login/factor?with=recovery", parent()))
	show("workspaces", many, get("/workspaces", parent(), session()))
	show("workspaces-sso", func(f *fakeService) { f.doors[0].Refusal = provisioning.RefusedSSORequired }, get("/workspaces", parent()))
	show("workspaces-none", func(f *fakeService) { f.doors = nil }, get("/workspaces", parent()))
	show("logout-on-the-way", nil, get("/logout", parent()))
	show("logout-everywhere", func(f *fakeService) { f.viewer.Session.Parent = "pa-1" }, get("/logout", session(), parent()))
}

func showLinks(show showing, get getting) {
	open := invitationCookie(goodTicket)
	show("invitation", nil, get("/invitation", open))
	show("invitation-account", func(f *fakeService) { f.invited.HasAccount = true }, get("/invitation", open))
	show("invitation-bare", func(f *fakeService) { f.invited.Connections, f.invited.Inviter = nil, "" }, get("/invitation", open))
	show("invitation-wrong", nil, posting("/invitation", url.Values{"name": {"Grace Hopper"}, "new_password": {"x"}}, open))
	show("invitation-own", func(f *fakeService) { f.invited.Invitation.Email = ada.Email }, get("/invitation", open, parent()))
	show("invitation-other", nil, get("/invitation", open, parent()))
	show("invitation-dead", nil, get("/invitation?token=x"))
	show("invitation-used", nil, get("/invitation?token=dbinv_used"))
	show("invitation-expired", nil, get("/invitation", invitationCookie("dbinv_expired")))
	show("invitation-closed", nil, get("/invitation"))
	show("invitation-asked", nil, get("/invitation/asked"))
	show("reset", nil, get("/reset"))
	show("reset-wrong", nil, posting("/reset", url.Values{"email": {"ada"}}))
	show("reset-sent", nil, get("/reset/sent"))
	show("reset-no-mail", func(f *fakeService) { f.resetFails = conflict("no_mail", "") }, posting("/reset", url.Values{"email": {"a@b.example"}}))
	show("reset-new", nil, get("/reset/password", cookie("reset", goodTicket)))
	show("reset-weak", nil, posting("/reset/password", url.Values{"new_password": {"x"}}, cookie("reset", goodTicket)))
	show("reset-dead", nil, get("/reset?token=dblnk_used"))
	show("email", nil, get("/email", cookie("email", goodTicket)))
	show("email-agreed", nil, get("/email/agreed"))
	show("email-changed", nil, get("/email/changed"))
	show("setup", nil, get("/setup", cookie("setup", goodTicket)))
	show("setup-wrong", nil, posting("/setup", url.Values{"communities": {"many"}, "name": {"Ada"}}, cookie("setup", goodTicket)))
	show("setup-closed", nil, get("/setup"))
}

func showAccount(show showing, get getting) {
	both := []*http.Cookie{session(), parent()}
	own := func(change func(*fakeService)) func(*fakeService) {
		return func(f *fakeService) {
			f.viewer.Session.Parent = f.signIn.ID
			if change != nil {
				change(f)
			}
		}
	}
	bornElsewhere := func(f *fakeService) { f.mayRename = false; f.sessions = f.sessions[1:2]; f.sessions[0].Current = true }
	show("account", own(everyFactor), get("/account?done=password", both...))
	show("account-plain", own(nil), get("/account", both...))
	show("account-none", bornElsewhere, get("/account", session()))
	show("account-long", own(longNames), get("/account", both...))
	show("account-name", own(nil), get("/account/name", both...))
	show("account-email", own(nil), get("/account/email", both...))
	show("account-password", own(nil), get("/account/password", both...))
	show("account-password-wrong", own(nil), posting("/account/password", url.Values{"password": {"x"}}, both...))
	show("account-refused", own(func(f *fakeService) {
		f.changeFails = conflict("factor_required", "Acme requires a second factor. Set up another one before you remove this one.")
	}), posting("/account/authenticator/remove", nil, both...))
	show("confirm", own(everyFactor), get("/account/confirm", both...))
	show("confirm-provider", func(f *fakeService) { f.viewer.Session.Connection = okta.ID }, get("/account/confirm", session()))
	show("factor-set-up", nil, get("/account/factor?workspace=ws-acme", parent()))
	show("authenticator", own(nil), get("/account/authenticator", both...))
	show("authenticator-wrong", own(nil), posting("/account/authenticator", url.Values{"code": {"1"}, "ticket": {goodTicket}, "secret": {"JBSWY3DPEHPK3PXP"}, "url": {totpURL}}, both...))
	show("authenticator-remove", own(everyFactor), get("/account/authenticator/remove", both...))
	show("codes", own(nil), posting("/account/recovery-codes", nil, both...))
	show("codes-new", own(everyFactor), get("/account/recovery-codes", both...))
	show("passkey-add", own(nil), get("/account/passkeys", both...))
	show("passkey-rename", own(everyFactor), get("/account/passkeys/cred-1/rename", both...))
	show("passkey-remove", own(everyFactor), get("/account/passkeys/cred-1/remove", both...))
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
	hashed := regexp.MustCompile(`/static/[0-9a-f]+\.(css|svg|js)`)
	files := map[string]string{"css": "drawbridge.css", "svg": "mark.svg", ".js": "drawbridge.js"}
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
		case "style":
			t.Error("<style>")
		case "script":
			if !strings.HasPrefix(attr(n, "src"), "/static/") || n.FirstChild != nil {
				t.Errorf("a script that is no file of ours: %v", n.Attr)
			}
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
			text = strings.ReplaceAll(text, "My account", "") // the one place where a person's credentials are called so
			for _, avoided := range []string{"successfully", "please", "oops", "invalid", "tenant", "account", "'"} {
				if strings.Contains(strings.ToLower(text), avoided) {
					t.Errorf("%s says %q", key, avoided)
				}
			}
		}
	}
}

// TestTextsAreUsed wants each text of the catalogue in a page or in the code, and each key that is used in the catalogue.
func TestTextsAreUsed(t *testing.T) {
	t.Parallel()
	all := console.Texts()
	var sources strings.Builder
	for _, pattern := range []string{"*.go", "templates/*.html"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if strings.HasPrefix(file, "texts") || strings.HasSuffix(file, "_test.go") {
				continue
			}
			body, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			sources.Write(body)
		}
	}
	// Keys that are put together: the unit of a length of time, what was done, what is wrong with a link.
	joined := regexp.MustCompile(`^(when\.(in|ago)_|account\.done\.|(invitation|reset|email|setup)\.(link_|closed|set_up|refused))`)
	for key := range all {
		if !joined.MatchString(key) && !strings.Contains(sources.String(), `"`+key+`"`) {
			t.Errorf("nothing uses the text %q", key)
		}
	}
	frame, err := web.NewCatalogue(all)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`\bh\.(?:t|say|sayAt)\("([a-z0-9_.]+)"[,)]`).FindAllStringSubmatch(sources.String(), -1) {
		if !frame.Has(m[1]) {
			t.Errorf("there is no text %q", m[1])
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
	o := console.Options{Service: newFake(), Pages: pages, Public: public, QR: drawing, Now: nil, FormTargets: []string{"http://127.0.0.1:1/x"}}
	if _, err := console.New(o); err == nil {
		t.Error("made without a clock")
	}
}
