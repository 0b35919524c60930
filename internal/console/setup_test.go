package console_test

import (
	"net/http"
	"net/url"
	"slices"
	"testing"
)

func firstStart() url.Values {
	return url.Values{"workspace": {"Acme"}, "communities": {"many"}, "name": {"Ada Lovelace"}, "email": {"ada@acme.example"}, "new_password": {goodPassword}}
}

func TestSetupAsksForTheFirstWorkspace(t *testing.T) {
	t.Parallel()
	s := newSite(t, "https://bridge.example")
	w := s.get("/setup?token=dblnk_good")
	wantRedirect(t, w, "/setup")
	doc := wantPage(t, s.get("/setup", setCookie(w, "__Host-drawbridge_setup")), http.StatusOK)
	wantText(t, one(t, doc, "main"), "Set up Drawbridge", "One for everybody", "Several", "This cannot be taken back.")
	var checked []string
	for _, input := range all(doc, "input") {
		if attr(input, "type") == "radio" && slices.ContainsFunc(input.Attr, isChecked) {
			checked = append(checked, attr(input, "value"))
		}
	}
	if !slices.Equal(checked, []string{"one"}) {
		t.Errorf("chosen beforehand: %q", checked)
	}
}

func TestSetupMakesTheWorkspaceAndSignsIn(t *testing.T) {
	t.Parallel()
	s := newSite(t, "https://bridge.example")
	w := s.post("/setup", firstStart(), cookie("setup", goodTicket))
	wantRedirect(t, w, "/")
	if !slices.Equal(s.fake.calls, []string{`set up "Acme", many: true, "Ada Lovelace", ada@acme.example, passkey: false`, "enter ws-acme"}) {
		t.Errorf("did %q", s.fake.calls)
	}
	if setCookie(w, "__Host-drawbridge_session") == nil || setCookie(w, "__Host-drawbridge_setup").MaxAge >= 0 {
		t.Error("nobody is signed in, or the ticket stays")
	}
}

func TestSetupWithAPasskey(t *testing.T) {
	t.Parallel()
	s := newSite(t, "https://bridge.example")
	form := firstStart()
	form.Del("new_password")
	wantJSON(t, s.post("/setup/options", form, cookie("setup", goodTicket)), http.StatusOK, `{"challenge":"ch-1","options":{"publicKey":{"challenge":"AAAA"}}}`)
	form.Set("challenge", "ch-1")
	form.Set("response", goodResponse)
	wantRedirect(t, s.post("/setup", form, cookie("setup", goodTicket)), "/")
	if s.fake.calls[0] != `set up "Acme", many: true, "Ada Lovelace", ada@acme.example, passkey: true` {
		t.Errorf("did %q", s.fake.calls)
	}
	// No passkey is made for a form that is not complete.
	form.Del("name")
	wantJSON(t, s.post("/setup/options", form, cookie("setup", goodTicket)), http.StatusUnprocessableEntity, `{"problem":"Write your name, in at most 100 characters."}`)
	wantJSON(t, s.post("/setup/options", form), http.StatusGone, `{"problem":"This page was opened without the link that the server printed, or more than an hour after it."}`)
}

func TestSetupSaysEverythingThatIsToCorrectAtOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t, "https://bridge.example")
	doc := wantPage(t, s.post("/setup", url.Values{"communities": {"many"}}, cookie("setup", goodTicket)), http.StatusUnprocessableEntity)
	wantProblem(t, doc, "workspace", "Write the name of the workspace")
	wantText(t, one(t, doc, "main"), "There are 4 problems", "Write your name", "Write the whole address", "Type a password.")
	for _, input := range all(doc, "input") {
		if attr(input, "value") == "many" && !slices.ContainsFunc(input.Attr, isChecked) {
			t.Error("what was chosen is forgotten")
		}
	}
	tests := map[string]struct{ fails error }{
		"password_common": {invalid("password_common", "Many people use this password.")},
		"email":           {invalid("email", "This is no e-mail address.")},
	}
	for code, test := range tests {
		s.fake.setupFails = test.fails
		doc := wantPage(t, s.post("/setup", firstStart(), cookie("setup", goodTicket)), http.StatusUnprocessableEntity)
		wantProblem(t, doc, map[string]string{"password_common": "new_password", "email": "email"}[code], "his")
		if typed, _ := field(doc, "workspace"); typed != "Acme" {
			t.Errorf("the name became %q", typed)
		}
	}
	s.fake.setupFails = gone("ceremony_dead")
	wantText(t, one(t, wantPage(t, s.post("/setup", firstStart(), cookie("setup", goodTicket)), http.StatusUnprocessableEntity), "main"), "This link is dead.")
	s.fake.setupFails = gone("link_used") // of two at once one gets it
	wantPage(t, s.post("/setup", firstStart(), cookie("setup", goodTicket)), http.StatusGone)
	s.fake.setupFails = errBroken
	wantPage(t, s.post("/setup", firstStart(), cookie("setup", goodTicket)), http.StatusInternalServerError)
}
