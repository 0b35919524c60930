package console_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"drawbridge/provisioning"
)

func invited(t *testing.T) *site {
	t.Helper()
	return newSite(t, "https://bridge.example")
}

func TestInvitationMovesItsTokenIntoACookie(t *testing.T) {
	t.Parallel()
	s := newSite(t, "https://bridge.example/b")
	w := s.get("/b/invitation?token=" + goodToken)
	wantRedirect(t, w, "/b/invitation")
	c := setCookie(w, "__Host-drawbridge_invitation")
	if c == nil || c.Value != goodTicket || c.MaxAge != 3600 || !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteLaxMode {
		t.Fatalf("cookie %v", c)
	}
	if got := w.Header().Get("Referrer-Policy"); got != "no-referrer" {
		t.Errorf("referrer policy %q", got)
	}
	if strings.Contains(s.log.String(), "secret") {
		t.Error("the token stands in the log")
	}
	doc := wantPage(t, s.get("/b/invitation", c), http.StatusOK)
	main := one(t, doc, "main")
	wantText(t, main, "You are invited to Acme", "Ada Lovelace <ada@acme.example> invites you.", "This invitation is for grace@acme.example.", "The link ends in 23 hours.")
	if got := texts(all(all(main, "ul")[0], "li")); !slices.Equal(got, []string{"Analyst in SOC Paris", "Guest in every community of Acme"}) {
		t.Errorf("gives %q", got)
	}
	for words, want := range map[string]string{
		"Continue with Okta":     "/b/sso/cn-okta?login_hint=grace%40acme.example&with=invitation",
		"Continue with Entra ID": "/b/sso/cn-entra?login_hint=grace%40acme.example&with=invitation",
		"Use a password that you haveIf you were invited with this address before": "/b/login/password?email=grace%40acme.example&return_to=%2Fb%2Finvitation",
	} {
		if got := links(main)[words]; got != want {
			t.Errorf("%s leads to %q", words, got)
		}
	}
}

// Opening uses nothing up, however often.
func TestInvitationCanBeOpenedAgain(t *testing.T) {
	t.Parallel()
	s := invited(t)
	for range 3 {
		wantRedirect(t, s.get("/invitation?token="+goodToken), "/invitation")
		wantPage(t, s.get("/invitation", invitationCookie(goodTicket)), http.StatusOK)
	}
	if len(s.fake.calls) > 0 {
		t.Errorf("looking did %q", s.fake.calls)
	}
}

func TestInvitationOfASingleTenantWorkspace(t *testing.T) {
	t.Parallel()
	s := invited(t)
	s.fake.invited.Workspace.MultiTenant = false
	doc := wantPage(t, s.get("/invitation", invitationCookie(goodTicket)), http.StatusOK)
	wantText(t, one(t, doc, "main"), "Guest in Acme")
}

func TestInvitationOfTheOperatorToAWorkspaceWithoutConnections(t *testing.T) {
	t.Parallel()
	s := invited(t)
	s.fake.invited.Connections, s.fake.invited.Inviter, s.fake.invited.Invitation.Roles = nil, "", nil
	main := one(t, wantPage(t, s.get("/invitation", invitationCookie(goodTicket)), http.StatusOK), "main")
	if said := text(main); strings.Contains(said, "What it gives you") || strings.Contains(said, "invites you") {
		t.Errorf("words over nothing: %s", said)
	}
	if !slices.Contains(texts(all(main, "button")), "Accept the invitation") {
		t.Error("there is no way to accept")
	}
}

func TestInvitationAcceptedWithAPassword(t *testing.T) {
	t.Parallel()
	s := invited(t)
	doc := wantPage(t, s.get("/invitation", invitationCookie(goodTicket)), http.StatusOK)
	want := map[string]string{"email": "username", "name": "name", "new_password": "new-password"}
	for _, input := range all(one(t, doc, "form"), "input") {
		if attr(input, "autocomplete") != want[attr(input, "name")] {
			t.Errorf("field %v", input.Attr)
		}
		if attr(input, "name") == "new_password" && attr(input, "minlength") != "12" {
			t.Error("the form does not say how long a password has to be")
		}
	}
	form := url.Values{"name": {" Grace Hopper "}, "new_password": {goodPassword}}
	w := s.post("/invitation", form, invitationCookie(goodTicket))
	wantRedirect(t, w, "/")
	if !slices.Equal(s.fake.calls, []string{`accept as "Grace Hopper"`, "enter ws-acme"}) {
		t.Errorf("did %q", s.fake.calls)
	}
	if setCookie(w, "__Host-drawbridge_session") == nil || setCookie(w, "__Host-drawbridge_account") == nil {
		t.Error("nobody is signed in")
	}
	if c := setCookie(w, "__Host-drawbridge_invitation"); c == nil || c.MaxAge >= 0 {
		t.Error("the ticket stays")
	}
	if strings.Contains(s.log.String(), "Grace") || strings.Contains(s.log.String(), goodPassword) {
		t.Error("the log tells")
	}
}

func TestInvitationSaysWhatToCorrect(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		fails error
		field string
		says  string
	}{
		"a short password": {nil, "new_password", "at least 12 characters"},
		"a bad name":       {invalid("name", "The name of a person has at most 100 characters."), "name", "at most 100 characters"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := invited(t)
			s.fake.acceptFails = test.fails
			doc := wantPage(t, s.post("/invitation", url.Values{"name": {"Grace"}, "new_password": {"short"}}, invitationCookie(goodTicket)), http.StatusUnprocessableEntity)
			wantProblem(t, doc, test.field, test.says)
			if typed, _ := field(doc, "name"); typed != "Grace" {
				t.Errorf("the name became %q", typed)
			}
			if typed, _ := field(doc, "new_password"); typed != "" {
				t.Error("the page holds a password")
			}
		})
	}
}

// What somebody may type must not turn the page into a fault of ours.
func TestInvitationWithAMegabyteOfName(t *testing.T) {
	t.Parallel()
	s := invited(t)
	s.fake.acceptFails = invalid("name", "The name is too long.")
	wantPage(t, s.post("/invitation", url.Values{"name": {strings.Repeat("<", 60_000)}}, invitationCookie(goodTicket)), http.StatusRequestEntityTooLarge)
	wantPage(t, s.post("/invitation", url.Values{"name": {strings.Repeat("a\xff", 10_000)}}, invitationCookie(goodTicket)), http.StatusUnprocessableEntity)
	wantPage(t, s.post("/invitation", url.Values{"name": {strings.Repeat("\"", 20_000)}}, invitationCookie(goodTicket)), http.StatusUnprocessableEntity)
}

func TestInvitationThatCannotBeAccepted(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		fails  error
		status int
		says   string
	}{
		"it would give more than the inviter holds": {conflict("holds_more", "You hold more than whoever invited you."), http.StatusConflict, "You hold more than whoever invited you."},
		"used meanwhile":      {gone("link_used"), http.StatusGone, "The invitation was accepted already."},
		"cancelled meanwhile": {gone("link_cancelled"), http.StatusGone, "The invitation was cancelled."},
		"the person is shut":  {&provisioning.Refusal{Reason: provisioning.RefusedBlocked}, http.StatusForbidden, "Your access to Acme is stopped, so the invitation waits."},
		"too many at once":    {locked(), http.StatusTooManyRequests, "Too many attempts"},
		"a fault":             {errBroken, http.StatusInternalServerError, "Something went wrong"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := invited(t)
			s.fake.acceptFails = test.fails
			w := s.post("/invitation", url.Values{"name": {"Grace"}, "new_password": {goodPassword}}, invitationCookie(goodTicket))
			if setCookie(w, "__Host-drawbridge_session") != nil {
				t.Error("somebody is signed in")
			}
			wantText(t, one(t, wantPage(t, w, test.status), "main"), test.says)
		})
	}
}

// Who has an account signs in to it, and nobody sets another password.
func TestInvitationOfWhoHasAnAccount(t *testing.T) {
	t.Parallel()
	s := invited(t)
	s.fake.invited.HasAccount = true
	main := one(t, wantPage(t, s.get("/invitation", invitationCookie(goodTicket)), http.StatusOK), "main")
	if len(all(main, "form")) > 0 {
		t.Error("asks for a new password")
	}
	if texts(all(main, "a"))[0] != "Use a password that you haveIf you were invited with this address before" {
		t.Error("the account is not the first way")
	}
	s = invited(t)
	s.fake.acceptFails = conflict("account_exists", "There is one.")
	wantRedirect(t, s.post("/invitation", url.Values{"new_password": {goodPassword}}, invitationCookie(goodTicket)), "/invitation")
}

func TestInvitationAcceptedBySomebodySignedIn(t *testing.T) {
	t.Parallel()
	s := invited(t)
	s.fake.invited.Invitation.Email = "ADA@acme.example"
	doc := wantPage(t, s.get("/invitation", invitationCookie(goodTicket), parent()), http.StatusOK)
	form := all(doc, "form")[0]
	if attr(form, "action") != "/invitation/signed-in" || text(one(t, form, "button")) != "Accept as ada@acme.example" {
		t.Errorf("the form leads to %s", attr(form, "action"))
	}
	if _, asks := field(doc, "new_password"); asks {
		t.Error("a password is asked of who is signed in")
	}
	s.fake.invited.Invitation.Email = ada.Email
	w := s.post("/invitation/signed-in", nil, invitationCookie(goodTicket), parent())
	wantRedirect(t, w, "/")
	if !slices.Equal(s.fake.calls, []string{"accept signed in", "enter ws-acme"}) {
		t.Errorf("did %q", s.fake.calls)
	}
}

// Rule 19: an account whose address nobody proved is known to one workspace alone.
func TestRule19_InvitationOfWhoHasAnUnprovedAccount(t *testing.T) {
	t.Parallel()
	s := invited(t)
	s.fake.invited.Invitation.Email, s.fake.account.EmailProved, s.fake.account.Home = ada.Email, false, globex.ID
	main := one(t, wantPage(t, s.get("/invitation", invitationCookie(goodTicket), parent()), http.StatusOK), "main")
	wantText(t, main, "by a password that counts in another workspace alone")
	if len(all(main, "form")) != 1 {
		t.Error("offers to accept by it")
	}
	s.fake.account.Home = acme.ID
	wantText(t, one(t, wantPage(t, s.get("/invitation", invitationCookie(goodTicket), parent()), http.StatusOK), "main"), "Accept as ada@acme.example")
	s.fake.acceptFails = conflict("other_account", "Another account leads to this user already.")
	main = one(t, wantPage(t, s.post("/invitation/signed-in", nil, invitationCookie(goodTicket), parent()), http.StatusConflict), "main")
	wantText(t, main, "Another account leads to this user already.")
}

// A link that another person opens, who is signed in: nothing is accepted as them, and nobody is switched unasked.
func TestInvitationIsNeverAcceptedAsAnotherPerson(t *testing.T) {
	t.Parallel()
	for name, cookies := range map[string][]*http.Cookie{
		"by an account":        {invitationCookie(goodTicket), parent()},
		"through a connection": {invitationCookie(goodTicket), session()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := invited(t)
			doc := wantPage(t, s.get("/invitation", cookies...), http.StatusOK)
			wantText(t, one(t, doc, "main"), "You are signed in as", "and the invitation is for grace@acme.example. Sign out first")
			form := one(t, doc, "form")
			if to, _ := field(form, "return_to"); attr(form, "action") != "/logout" || to != "/invitation" {
				t.Errorf("the form leads to %s and back to %q", attr(form, "action"), to)
			}
			w := s.post("/invitation", url.Values{"name": {"Grace"}, "new_password": {goodPassword}}, cookies...)
			wantRedirect(t, w, "/invitation")
			if tried := s.post("/invitation/signed-in", nil, cookies...); setCookie(tried, "__Host-drawbridge_session") != nil || tried.Code == http.StatusOK {
				t.Errorf("accepted: status %d", tried.Code)
			}
			if len(s.fake.calls) > 0 || len(w.Result().Cookies()) > 0 {
				t.Errorf("did %q, cookies %v", s.fake.calls, w.Result().Cookies())
			}
			w = s.post("/logout", url.Values{"return_to": {"/invitation"}}, cookies...)
			wantRedirect(t, w, "/invitation")
			if setCookie(w, "__Host-drawbridge_invitation") != nil {
				t.Error("signing out for the invitation lost it")
			}
		})
	}
}

// The invited person themselves, signed in through a connection, sees the ways to accept.
func TestInvitationOfWhoIsSignedInThroughAConnection(t *testing.T) {
	t.Parallel()
	s := invited(t)
	s.fake.invited.Invitation.User = ada.ID
	main := one(t, wantPage(t, s.get("/invitation", invitationCookie(goodTicket), session()), http.StatusOK), "main")
	if links(main)["Continue with Okta"] == "" {
		t.Error("there is no way on")
	}
}

func TestInvitationDeadLinks(t *testing.T) {
	t.Parallel()
	const dead = "The link leads nowhere"
	tests := map[string]struct {
		target string
		cookie *http.Cookie
		says   []string
	}{
		"unknown":                  {"/invitation?token=dbinv_x.y", nil, []string{dead, "ask whoever invited you for a new one"}},
		"empty":                    {"/invitation?token=", nil, []string{dead}},
		"long":                     {"/invitation?token=" + strings.Repeat("x", 10_000), nil, []string{dead}},
		"dead beside a good one":   {"/invitation?token=dbinv_x.y", invitationCookie(goodTicket), []string{dead}},
		"died since it was opened": {"/invitation", invitationCookie("dbinv_x.y"), []string{dead}},
		"used":                     {"/invitation?token=dbinv_used", nil, []string{"The invitation was accepted already.", "Sign in."}},
		"cancelled":                {"/invitation?token=dbinv_cancelled", nil, []string{"The invitation was cancelled.", "ask whoever invited you"}},
		"without a link":           {"/invitation", nil, []string{"Open the link in your invitation again."}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := invited(t)
			r := s.request(http.MethodGet, test.target, nil)
			if test.cookie != nil {
				r.AddCookie(test.cookie)
			}
			w := s.do(r)
			if c := setCookie(w, "__Host-drawbridge_invitation"); c != nil {
				t.Errorf("keeps %v", c)
			}
			main := one(t, wantPage(t, w, http.StatusGone), "main")
			wantText(t, main, append(test.says, "This invitation cannot be opened", "Reference")...)
			if links(main)["Sign in"] != "/login" {
				t.Error("no way back")
			}
		})
	}
}

// An expired link says how to get a new one, and can ask the inviter for it.
func TestInvitationExpired(t *testing.T) {
	t.Parallel()
	s := invited(t)
	w := s.get("/invitation?token=dbinv_expired")
	wantRedirect(t, w, "/invitation")
	c := setCookie(w, "__Host-drawbridge_invitation")
	if c == nil || c.Value != "dbinv_expired" || c.MaxAge != 600 {
		t.Fatalf("cookie %v", c)
	}
	doc := wantPage(t, s.get("/invitation", c), http.StatusGone)
	wantText(t, one(t, doc, "main"), "The invitation has expired.", "Ask for a new invitation")
	if got := attr(one(t, doc, "form"), "action"); got != "/invitation/ask" {
		t.Errorf("the button leads to %s", got)
	}
	wantRedirect(t, s.post("/invitation/ask", nil, c), "/invitation/asked")
	if !slices.Equal(s.fake.calls, []string{"ask"}) {
		t.Errorf("did %q", s.fake.calls)
	}
	wantText(t, one(t, wantPage(t, s.get("/invitation/asked"), http.StatusOK), "main"), "A new invitation comes by mail")
	s.fake.acceptFails = conflict("no_mail", "No mail goes out from here.")
	wantPage(t, s.post("/invitation/ask", nil, c), http.StatusGone)
	s.fake.acceptFails = locked()
	wantPage(t, s.post("/invitation/ask", nil, c), http.StatusTooManyRequests)
	wantPage(t, s.post("/invitation/ask", nil, invitationCookie(goodTicket)), http.StatusGone)
	wantPage(t, s.post("/invitation/ask", nil), http.StatusGone)
}

func TestInvitationExpiredWhereNoMailGoesOut(t *testing.T) {
	t.Parallel()
	s := newSiteWithout(t, without{mail: true}, "https://bridge.example")
	doc := wantPage(t, s.get("/invitation", invitationCookie("dbinv_expired")), http.StatusGone)
	wantText(t, one(t, doc, "main"), "The invitation has expired.", "Ask whoever invited you for a new one.")
	if len(all(doc, "form")) > 0 {
		t.Error("a button that mails nothing")
	}
}

// The workspace asks for a second factor at the first sign-in, where there is none.
func TestInvitationIntoAWorkspaceThatRequiresASecondFactor(t *testing.T) {
	t.Parallel()
	s := invited(t)
	s.fake.enterFails = needs("second_factor_setup")
	wantRedirect(t, s.post("/invitation", url.Values{"name": {"Grace"}, "new_password": {goodPassword}}, invitationCookie(goodTicket)), "/account/factor?workspace=ws-acme")
}

func TestInvitationFaults(t *testing.T) {
	t.Parallel()
	s := invited(t)
	s.fake.broken = errBroken
	wantPage(t, s.get("/invitation?token="+goodToken), http.StatusInternalServerError)
	wantPage(t, s.get("/invitation", invitationCookie(goodTicket)), http.StatusInternalServerError)
}
