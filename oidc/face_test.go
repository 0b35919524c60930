package oidc_test

import (
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"drawbridge/internal/web"
	"drawbridge/oidc"
	"drawbridge/provisioning"
)

func TestSignIn(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.browser()
	to := b.leave(t, "/sso/cn-okta?return_to=/b/app%3Fx%3D1&login_hint=ada%40acme.example&iss="+url.QueryEscape(issuer))
	query := to.Query()
	if query.Get("login_hint") != "ada@acme.example" || query.Has("prompt") {
		t.Errorf("the provider is told %v", query)
	}
	if got, want := query.Get("redirect_uri"), public+"/sso/cn-okta/callback"; got != want {
		t.Errorf("redirect URI %s, want %s", got, want)
	}
	expiry := time.Now().Add(30 * time.Minute).Truncate(time.Second)
	w := b.returning(t, to, func(c map[string]any) { c["session_expiry"] = expiry.Unix() })
	if got := wentTo(t, w).String(); got != "/b/app?x=1" {
		t.Errorf("the browser goes on to %s", got)
	}
	if b.cookies["__Host-"+web.SessionCookie] == "" || !slices.Equal(s.service.live(), []string{"u-ada"}) {
		t.Errorf("cookies %v, sessions of %v", b.cookies, s.service.live())
	}
	want := provisioning.Claims{
		Issuer: issuer, Subject: "00uada", Email: "ada@acme.example", PreferredUserName: "ada@acme.example",
		Name: "Ada Lovelace", GivenName: "Ada", FamilyName: "Lovelace", Locale: "en", SessionExpiry: expiry.UTC(),
	}
	if got := s.service.asked(); len(got) != 1 || got[0] != want {
		t.Errorf("the Service was told %+v, want %+v", got, want)
	}
}

func TestInitiateLogin(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		form   url.Values
		status int
		why    string
	}{
		"as Okta does":     {url.Values{"iss": {issuer}, "target_link_uri": {public + "/app"}}, http.StatusSeeOther, "to_provider"},
		"without iss":      {url.Values{}, http.StatusSeeOther, "to_provider"},
		"another provider": {url.Values{"iss": {"https://evil.example"}}, http.StatusBadRequest, "other_issuer"},
		"with a slash":     {url.Values{"iss": {issuer + "/"}}, http.StatusBadRequest, "other_issuer"},
		"iss twice":        {url.Values{"iss": {issuer, issuer}}, http.StatusBadRequest, "broken"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, method := range []string{http.MethodGet, http.MethodPost} {
				s := newSite(t)
				var w *httptest.ResponseRecorder
				if method == http.MethodGet {
					w = s.browser().get("/sso/cn-okta?" + tc.form.Encode())
				} else {
					w = s.browser().post("/sso/cn-okta", tc.form, "https://acme.okta.example")
				}
				if tc.status != http.StatusSeeOther {
					s.wantPage(t, w, tc.status, tc.why)
				} else if got := s.outcome(t); w.Code != tc.status || got != tc.why {
					t.Errorf("%s: status %d, outcome %q, want %d, %q", method, w.Code, got, tc.status, tc.why)
				}
			}
		})
	}
}

func TestTheTargetNeverLeavesOurOrigin(t *testing.T) {
	t.Parallel()
	for target, want := range map[string]string{
		public + "/app":               "/b/app",
		"/b/app":                      "/b/app",
		"https://evil.example/":       "/b",
		"//evil.example/b":            "/b",
		"https:evil.example":          "/b",
		"javascript:alert(1)":         "/b",
		"/b/sso/cn-okta":              "/b/",
		"/b/sso/cn-okta?return_to=/b": "/b/",
	} {
		t.Run(target, func(t *testing.T) {
			t.Parallel()
			for _, parameter := range []string{"target_link_uri", "return_to"} {
				s := newSite(t)
				b := s.browser()
				w := b.returning(t, b.leave(t, "/sso/cn-okta?"+url.Values{parameter: {target}}.Encode()), nil)
				if got := wentTo(t, w).String(); got != want {
					t.Errorf("%s: went to %s, want %s", parameter, got, want)
				}
			}
		})
	}
}

func TestHintsAreBounded(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, hint := range []string{strings.Repeat("a", 255), "ada\r\n@acme.example"} {
		if to := s.browser().leave(t, "/sso/cn-okta?"+url.Values{"login_hint": {hint}}.Encode()); to.Query().Has("login_hint") {
			t.Errorf("the hint %q was passed on", hint)
		}
	}
}

func TestUnknownAndClosedConnections(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.wantPage(t, s.browser().get("/sso/cn-none"), http.StatusNotFound, "no_route")
	s.wantPage(t, s.browser().get("/sso/cn-none/callback?code=c&state=s"), http.StatusBadRequest, "broken")
	s.wantPage(t, s.browser().get("/sso/cn-closed"), http.StatusForbidden, "refused_connection_disabled")
	s.wantPage(t, s.browser().get("/sso/cn-broken"), http.StatusInternalServerError, "fault")
	if w := s.browser().do(httptest.NewRequest(http.MethodHead, public+"/sso/cn-okta/callback?code=c&state=s", nil)); w.Code != http.StatusMethodNotAllowed {
		t.Errorf("HEAD of a callback: status %d", w.Code)
	}
}

func TestStateIsOfThisBrowserAndUsedOnce(t *testing.T) {
	t.Parallel()
	tests := map[string]func(t *testing.T, s *site, b *browser, code, state string) *httptest.ResponseRecorder{
		"replayed": func(t *testing.T, _ *site, b *browser, code, state string) *httptest.ResponseRecorder {
			wentTo(t, b.get(callback("cn-okta", code, state)))
			return b.get(callback("cn-okta", code, state))
		},
		"forged": func(_ *testing.T, _ *site, b *browser, code, _ string) *httptest.ResponseRecorder {
			return b.get(callback("cn-okta", code, "si-9.state"))
		},
		"from another browser": func(t *testing.T, s *site, _ *browser, code, state string) *httptest.ResponseRecorder {
			other := s.browser()
			other.leave(t, "/sso/cn-okta")
			return other.get(callback("cn-okta", code, state))
		},
		"from a browser without cookies": func(_ *testing.T, s *site, _ *browser, code, state string) *httptest.ResponseRecorder {
			return s.browser().get(callback("cn-okta", code, state))
		},
		"for another connection": func(_ *testing.T, _ *site, b *browser, code, state string) *httptest.ResponseRecorder {
			return b.get(callback("cn-other", code, state))
		},
		"planted cookie": func(_ *testing.T, s *site, b *browser, code, state string) *httptest.ResponseRecorder {
			b.cookies["__Host-"+web.SignInCookie] = "short"
			return b.get(callback("cn-okta", code, state))
		},
		"connection moved meanwhile": func(_ *testing.T, s *site, b *browser, code, state string) *httptest.ResponseRecorder {
			moved := s.service.connections["cn-okta"]
			moved.Issuer = "https://elsewhere.example"
			s.service.connections["cn-okta"] = moved
			return b.get(callback("cn-okta", code, state))
		},
	}
	for name, come := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			b := s.browser()
			code, state := s.op.authorize(t, b.leave(t, "/sso/cn-okta"), func(query url.Values) string { return sign(claimsFor(query)) })
			s.wantPage(t, come(t, s, b, code, state), http.StatusBadRequest, "dead")
		})
	}
}

func callback(connection, code, state string) string {
	return "/sso/" + connection + "/callback?" + url.Values{"code": {code}, "state": {state}}.Encode()
}

func TestFiveTabs(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.browser()
	var tabs []*url.URL
	for range provisioning.MaxPendingSignIns {
		tabs = append(tabs, b.leave(t, "/sso/cn-okta"))
	}
	for i, to := range slices.Backward(tabs) {
		if w := b.returning(t, to, nil); w.Code != http.StatusSeeOther {
			t.Errorf("tab %d: status %d, outcome %q", i, w.Code, s.outcome(t))
		}
	}
	if live := s.service.live(); len(live) != 1 {
		t.Errorf("one person in one browser has %d sessions", len(live))
	}
}

func TestAnswersOfTheProvider(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		answer  url.Values // beside the state
		promise bool       // discovery promises iss
		status  int
		why     string
	}{
		"denied":                   {url.Values{"error": {"access_denied"}, "error_description": {"private words"}}, false, http.StatusForbidden, "denied"},
		"another error":            {url.Values{"error": {"server_error"}}, false, http.StatusBadRequest, "provider_error"},
		"iss of another provider":  {url.Values{"code": {"c"}, "iss": {"https://evil.example"}}, false, http.StatusBadRequest, "foreign"},
		"iss promised and missing": {url.Values{"code": {"c"}}, true, http.StatusBadRequest, "foreign"},
		"error with another iss":   {url.Values{"error": {"access_denied"}, "iss": {"https://evil.example"}}, false, http.StatusBadRequest, "foreign"},
		"neither code nor error":   {url.Values{}, false, http.StatusBadRequest, "broken"},
		"two codes":                {url.Values{"code": {"c", "d"}}, false, http.StatusBadRequest, "broken"},
		"an unknown code":          {url.Values{"code": {"c"}}, false, http.StatusBadRequest, "code_refused"},
		"endless":                  {url.Values{"code": {strings.Repeat("c", 16<<10)}}, false, http.StatusBadRequest, "broken"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			s.op.change(func() { s.op.discovery["authorization_response_iss_parameter_supported"] = tc.promise })
			b := s.browser()
			state := b.leave(t, "/sso/cn-okta").Query().Get("state")
			w := b.get("/sso/cn-okta/callback?state=" + state + "&" + tc.answer.Encode())
			s.wantPage(t, w, tc.status, tc.why)
		})
	}
}

func TestPromisedIssIsAccepted(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.op.change(func() { s.op.discovery["authorization_response_iss_parameter_supported"] = true })
	b := s.browser()
	code, state := s.op.authorize(t, b.leave(t, "/sso/cn-okta"), func(query url.Values) string { return sign(claimsFor(query)) })
	wentTo(t, b.get(callback("cn-okta", code, state)+"&session_state=x&iss="+url.QueryEscape(issuer)))
}

func TestProviderUnreachable(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.op.change(func() { s.op.status["/.well-known/openid-configuration"] = http.StatusBadGateway })
	w := s.browser().get("/sso/cn-okta")
	s.wantPage(t, w, http.StatusBadGateway, "provider_unreachable")
	if !strings.Contains(w.Body.String(), "acme.okta.example cannot be reached") {
		t.Errorf("the page does not name the party: %s", words(w))
	}
}

func TestEveryRefusalHasAPage(t *testing.T) {
	t.Parallel()
	want := map[provisioning.RefusalReason]int{
		provisioning.RefusedUnknown: 403, provisioning.RefusedDomain: 403, provisioning.RefusedNoEmail: 403, provisioning.RefusedBlocked: 403, provisioning.RefusedBlockedAddress: 403,
		provisioning.RefusedRetired: 403, provisioning.RefusedOtherSubject: 403, provisioning.RefusedAmbiguous: 403, provisioning.RefusedRemoved: 403,
		provisioning.RefusedSSORequired: 403, provisioning.RefusedAdministrator: 403, provisioning.RefusedAccountProof: 403, provisioning.RefusedInvitationLink: 403,
		provisioning.RefusedOtherAddress: 403, provisioning.RefusedInvitationDead: 410, provisioning.RefusedConnectionClosed: 403,
	}
	for reason, status := range want {
		t.Run(string(reason), func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			s.service.refuse = &provisioning.Refusal{Reason: reason, Workspace: acme, User: "u-1"}
			w := s.browser().signIn(t, "00uada")
			s.wantPage(t, w, status, "refused_"+string(reason))
			if !strings.Contains(w.Body.String(), "mailto:it-help@acme.example") {
				t.Error("the page does not say whom to ask")
			}
			if !strings.Contains(s.log.String(), `"user_id":"u-1"`) || !strings.Contains(s.log.String(), `"workspace_id":"ws-acme"`) {
				t.Error("the log does not say whom it would have been")
			}
		})
	}
}

// TestRule13_NoPageTellsWhoExists: whoever is nobody here, was removed, or
// would be somebody pinned otherwise sees the same page.
func TestRule13_NoPageTellsWhoExists(t *testing.T) {
	t.Parallel()
	groups := [][]provisioning.RefusalReason{
		{provisioning.RefusedUnknown, provisioning.RefusedRemoved, provisioning.RefusedRetired, provisioning.RefusedOtherSubject, provisioning.RefusedAmbiguous},
		{provisioning.RefusedAdministrator, provisioning.RefusedInvitationLink},
	}
	for _, group := range groups {
		var first string
		for _, reason := range group {
			s := newSite(t)
			s.service.refuse = &provisioning.Refusal{Reason: reason}
			page, _, _ := strings.Cut(words(s.browser().signIn(t, "00uada")), "<dl") // before the reference
			if first == "" {
				first = page
			}
			if page != first {
				t.Errorf("%s has a page of its own:\n%s\n%s", reason, page, first)
			}
		}
	}
}

// TestRule14_WhoHasAnAccountProvesItOnce: the page leads to the password, from
// there back to the beginning of the same sign-in, and what was proved comes
// along.
func TestRule14_WhoHasAnAccountProvesItOnce(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ start, again string }{
		"bare":                   {"/sso/cn-okta", "/b/sso/cn-okta?login_hint=ada%40acme.example"},
		"with somewhere to go":   {"/sso/cn-okta?return_to=/b/app%3Fx%3D1", "/b/sso/cn-okta?login_hint=ada%40acme.example&return_to=%2Fb%2Fapp%3Fx%3D1"},
		"carrying an invitation": {"/sso/cn-okta?with=invitation", "/b/sso/cn-okta?login_hint=ada%40acme.example&with=invitation"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			s.service.refuse = &provisioning.Refusal{Reason: provisioning.RefusedAccountProof, Workspace: acme, User: "u-ada"}
			b := s.browser()
			b.cookies["__Host-"+web.InvitationCookie] = "dbinv_good"
			w := b.returning(t, b.leave(t, tc.start), nil)
			s.wantPage(t, w, http.StatusForbidden, "refused_account_proof")
			want := "/b/login/password?" + url.Values{"email": {"ada@acme.example"}, "return_to": {tc.again}}.Encode()
			if !strings.Contains(html.UnescapeString(w.Body.String()), `href="`+want+`">Prove that it is you`) {
				t.Errorf("the page does not lead to %s: %s", want, words(w))
			}
			if got := web.SafeReturn(tc.again, must(url.Parse(public))(t)); got != tc.again {
				t.Errorf("the password page would lead to %s, not to %s", got, tc.again)
			}
			s.service.refuse = nil
			b.cookies["__Host-"+web.AccountCookie] = "pa-1.secret"
			wentTo(t, b.returning(t, b.leave(t, strings.TrimPrefix(tc.again, "/b")), nil))
			if got := s.service.parents; !slices.Equal(got, []string{"", "pa-1.secret"}) {
				t.Errorf("the Service was told of the parent sign-ins %q", got)
			}
		})
	}
}

func TestInvitationIsCarried(t *testing.T) {
	t.Parallel()
	cookie := "__Host-" + web.InvitationCookie
	t.Run("good", func(t *testing.T) {
		t.Parallel()
		s := newSite(t)
		b := s.browser()
		b.cookies[cookie] = "dbinv_good"
		wentTo(t, b.returning(t, b.leave(t, "/sso/cn-okta?with=invitation"), nil))
		if got := s.service.invitations; !slices.Equal(got, []provisioning.InvitationID{"in-1"}) {
			t.Errorf("the sign-in carried %v", got)
		}
		if b.cookies[cookie] != "" {
			t.Error("the cookie of a used invitation stays")
		}
	})
	t.Run("not asked for", func(t *testing.T) {
		t.Parallel()
		s := newSite(t)
		b := s.browser()
		b.cookies[cookie] = "dbinv_good"
		wentTo(t, b.returning(t, b.leave(t, "/sso/cn-okta"), nil))
		if got := s.service.invitations; !slices.Equal(got, []provisioning.InvitationID{""}) {
			t.Errorf("the sign-in carried %v", got)
		}
	})
	for token, want := range map[string]struct {
		status int
		why    string
	}{
		"":                {http.StatusGone, "refused_invitation_dead"},
		"dbinv_dead":      {http.StatusGone, "refused_invitation_dead"},
		"dbinv_elsewhere": {http.StatusBadRequest, "invitation_elsewhere"},
	} {
		t.Run(token, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			b := s.browser()
			b.cookies[cookie] = token
			s.wantPage(t, b.get("/sso/cn-okta?with=invitation"), want.status, want.why)
		})
	}
}

func TestAnotherAddressMayTryAsSomebodyElse(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.service.refuse = &provisioning.Refusal{Reason: provisioning.RefusedOtherAddress}
	b := s.browser()
	s.wantPage(t, b.signIn(t, "00uada"), http.StatusForbidden, "refused_invitation_address")
	if to := b.leave(t, "/sso/cn-okta"); to.Query().Get("prompt") != "login" {
		t.Error("the provider would sign the same person in again")
	}
}

func TestNewNeedsAllItStandsOn(t *testing.T) {
	t.Parallel()
	if _, err := oidc.New(oidc.Options{}); err == nil {
		t.Error("a Handler out of nothing")
	}
}

func TestWhoBeginsTooManySignInsIsToldToWait(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.browser()
	for range 400 {
		w := b.get("/sso/cn-okta")
		if w.Code == http.StatusSeeOther {
			continue
		}
		s.wantPage(t, w, http.StatusTooManyRequests, "too_many")
		if wait, err := strconv.Atoi(w.Header().Get("Retry-After")); err != nil || wait < 1 {
			t.Errorf("Retry-After %q, want whole seconds", w.Header().Get("Retry-After"))
		}
		return
	}
	t.Error("400 sign-ins began at once")
}
