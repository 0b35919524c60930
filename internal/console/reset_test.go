package console_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"drawbridge/provisioning"
)

// The answer is the same for who has an account and for who has none, to the byte.
func TestResetTellsNobodyWhoExists(t *testing.T) {
	t.Parallel()
	s := newSite(t, "https://bridge.example")
	var answers []*httptest.ResponseRecorder
	for _, email := range []string{"ada@acme.example", "nobody@acme.example"} {
		w := s.post("/reset", url.Values{"email": {email}})
		wantRedirect(t, w, "/reset/sent")
		answers = append(answers, w)
	}
	for name := range answers[0].Header() {
		if name != "X-Request-Id" && answers[0].Header().Get(name) != answers[1].Header().Get(name) {
			t.Errorf("the answers differ in %s", name)
		}
	}
	wantText(t, one(t, wantPage(t, s.get("/reset/sent"), http.StatusOK), "main"), "Look at your mail", "less than five minutes ago")
	if strings.Contains(s.log.String(), "acme.example") {
		t.Error("the log tells who asked")
	}
}

func TestResetSaysWhatToCorrect(t *testing.T) {
	t.Parallel()
	s := newSite(t, "https://bridge.example")
	for typed, kept := range map[string]string{"ada": "ada", "": "", "a\x00@acme.example": ""} {
		doc := wantPage(t, s.post("/reset", url.Values{"email": {typed}}), http.StatusUnprocessableEntity)
		wantProblem(t, doc, "email", "Write the whole address")
		if got, _ := field(doc, "email"); got != kept {
			t.Errorf("%q became %q", typed, got)
		}
	}
	often := locked()
	often.Code = "too_often"
	s.fake.resetFails = often
	w := s.post("/reset", url.Values{"email": {"ada@acme.example"}})
	wantText(t, one(t, wantPage(t, w, http.StatusTooManyRequests), "main"), "Look for those that came")
	s.fake.resetFails = errBroken
	wantPage(t, s.post("/reset", url.Values{"email": {"ada@acme.example"}}), http.StatusInternalServerError)
}

func TestResetWhereNoMailGoesOut(t *testing.T) {
	t.Parallel()
	s := newSiteWithout(t, without{mail: true}, "https://bridge.example")
	wantText(t, one(t, wantPage(t, s.get("/reset"), http.StatusOK), "main"), "No mail goes out from here", "whoever runs the server can make you a link")
	s.fake.resetFails = conflict("no_mail", "No mail.")
	wantText(t, one(t, wantPage(t, s.post("/reset", url.Values{"email": {"a@b.example"}}), http.StatusOK), "main"), "No mail goes out from here")
}

func TestResetLinkMovesIntoACookie(t *testing.T) {
	t.Parallel()
	s := newSite(t, "https://bridge.example")
	for range 3 { // mail scanners open links too
		w := s.get("/reset?token=dblnk_good")
		wantRedirect(t, w, "/reset/password")
		if c := setCookie(w, "__Host-drawbridge_reset"); c == nil || c.Value != goodTicket || c.MaxAge != 3600 || !c.HttpOnly {
			t.Errorf("cookie %v", c)
		}
	}
	doc := wantPage(t, s.get("/reset/password", cookie("reset", goodTicket)), http.StatusOK)
	if email, _ := field(doc, "email"); email != ada.Email {
		t.Errorf("the password managers are told %q", email)
	}
	if len(s.fake.calls) > 0 {
		t.Errorf("looking did %q", s.fake.calls)
	}
}

func TestResetSetsThePassword(t *testing.T) {
	t.Parallel()
	s := newSite(t, "https://bridge.example")
	w := s.post("/reset/password", url.Values{"new_password": {goodPassword}}, cookie("reset", goodTicket))
	wantRedirect(t, w, "/login/password?email=ada%40acme.example&done=reset")
	if c := setCookie(w, "__Host-drawbridge_reset"); c == nil || c.MaxAge >= 0 {
		t.Error("the ticket stays")
	}
	if setCookie(w, "__Host-drawbridge_account") != nil || !slices.Equal(s.fake.calls, []string{"reset done"}) {
		t.Error("the link signs in by itself")
	}
	wantText(t, one(t, wantPage(t, s.get("/login/password?email=ada%40acme.example&done=reset"), http.StatusOK), "main"), "The password is set. Sign in with it.")
}

func TestResetRefusesAWeakPassword(t *testing.T) {
	t.Parallel()
	s := newSite(t, "https://bridge.example")
	doc := wantPage(t, s.post("/reset/password", url.Values{"new_password": {"short"}}, cookie("reset", goodTicket)), http.StatusUnprocessableEntity)
	wantProblem(t, doc, "new_password", "at least 12 characters")
}

func TestDeadLinks(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		target string
		cookie *http.Cookie
		says   []string
	}{
		"reset, used":            {"/reset?token=dblnk_used", nil, []string{"The link was used already", "ask for a new link"}},
		"reset, expired":         {"/reset?token=dblnk_expired", nil, []string{"The link has expired."}},
		"reset, unknown":         {"/reset?token=x", nil, []string{"The link leads nowhere"}},
		"reset, without":         {"/reset/password", nil, []string{"without the link that we mailed"}},
		"reset, used meanwhile":  {"/reset/password", cookie("reset", "dbtic_old"), []string{"The link was used already"}},
		"e-mail, expired":        {"/email?token=dblnk_expired", nil, []string{"The link has expired, and nothing changed."}},
		"e-mail, without":        {"/email", nil, []string{"without the link that we mailed"}},
		"e-mail, used meanwhile": {"/email", cookie("email", "dbtic_old"), []string{"The link was used already"}},
		"set-up, unknown":        {"/setup?token=x", nil, []string{"drawbridge setup link"}},
		"set-up, without":        {"/setup", nil, []string{"without the link that the server printed", "drawbridge setup link"}},
		"set-up, done meanwhile": {"/setup", cookie("setup", "dbtic_old"), []string{"This installation is set up already."}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, "https://bridge.example")
			r := s.request(http.MethodGet, test.target, nil)
			if test.cookie != nil {
				r.AddCookie(test.cookie)
			}
			w := s.do(r)
			if len(w.Result().Cookies()) > 0 {
				t.Errorf("sets %v", w.Result().Cookies())
			}
			wantText(t, one(t, wantPage(t, w, http.StatusGone), "main"), append(test.says, "Reference")...)
		})
	}
}

func TestNothingIsDoneWithoutALink(t *testing.T) {
	t.Parallel()
	s := newSite(t, "https://bridge.example")
	for _, page := range []string{"/invitation", "/invitation/signed-in", "/invitation/ask", "/reset/password", "/email", "/setup"} {
		wantPage(t, s.post(page, url.Values{"new_password": {goodPassword}}), http.StatusGone)
	}
	if len(s.fake.calls) > 0 {
		t.Errorf("did %q", s.fake.calls)
	}
}

func TestEmailChangeAsksBothAddresses(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change provisioning.EmailChange
		says   []string
		after  string
	}{
		"the new one first": {
			provisioning.EmailChange{Old: ada.Email, New: "ada@new.example", Purpose: provisioning.LinkEmailNew},
			[]string{"ada@new.example is to take the place of ada@acme.example.", "The other address has to agree too"},
			"/email/agreed",
		},
		"the old one second": {
			provisioning.EmailChange{Old: ada.Email, New: "ada@new.example", Purpose: provisioning.LinkEmailOld, OtherHas: true},
			[]string{"Agree if it was you.", "from then on you sign in with ada@new.example"},
			"/email/changed",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, "https://bridge.example")
			s.fake.emailChange = test.change
			wantRedirect(t, s.get("/email?token=dblnk_good"), "/email")
			doc := wantPage(t, s.get("/email", cookie("email", goodTicket)), http.StatusOK)
			wantText(t, one(t, doc, "main"), test.says...)
			if len(s.fake.calls) > 0 {
				t.Error("looking agrees")
			}
			w := s.post("/email", nil, cookie("email", goodTicket))
			wantRedirect(t, w, test.after)
			if c := setCookie(w, "__Host-drawbridge_email"); c == nil || c.MaxAge >= 0 {
				t.Error("the ticket stays")
			}
			wantPage(t, s.get(test.after), http.StatusOK)
		})
	}
}

func TestEmailThatIsTakenMeanwhile(t *testing.T) {
	t.Parallel()
	s := newSite(t, "https://bridge.example")
	s.fake.changeFails = conflict("email_taken", "Another has it.")
	wantText(t, one(t, wantPage(t, s.post("/email", nil, cookie("email", goodTicket)), http.StatusConflict), "main"), "Somebody signs in with this address by now.")
}
