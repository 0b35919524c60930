package apptest_test

import (
	"net/http"
	"strings"
	"testing"

	"drawbridge/internal/apptest"
	"drawbridge/provisioning"
)

// neighbours are two workspaces on one bridge, both connected with one Okta.
type neighbours struct {
	a, b         *site
	okta         okta
	atA, atB     provisioning.Connection
	scimA, scimB scimClient
}

func startNeighbours(t *testing.T, e apptest.Engine) neighbours {
	t.Helper()
	n := neighbours{a: startSite(t, e)}
	n.b = newSite(t, n.a.Bridge, "beta")
	n.okta = startOkta(t, nil, "ada@acme.example", "bob@beta.example", "owner@acme.example")
	n.atA, n.atB = n.a.connect(t, n.okta.Issuer(), true), n.b.connect(t, n.okta.Issuer(), true)
	n.okta.redirectTo(t, n.a.callbackURL(n.atA), n.b.callbackURL(n.atB))
	_, n.scimA = n.a.directory(t, "okta-catalog")
	_, n.scimB = n.b.directory(t, "okta-catalog")
	return n
}

func TestNothingCrossesFromOneWorkspaceIntoAnother(t *testing.T) {
	apptest.OnBoth(t, func(t *testing.T, e apptest.Engine) {
		n := startNeighbours(t, e)
		for _, part := range []struct {
			name string
			test func(*testing.T, neighbours)
		}{
			{"rule 18: a session reaches its own workspace", sessionStaysHome},
			{"rule 13: an identity of one is nobody in the other", identityStaysHome},
			{"a token sees no ids of the other", tokenStaysHome},
			{"a group takes no members of the other", membersStayHome},
			{"an answer to one connection is none to another", answerStaysHome},
			{"an invitation of one is refused at the other", invitationStaysHome},
		} {
			t.Run(part.name, func(t *testing.T) { part.test(t, n) })
		}
		wantSound(t, n.a)
		wantSound(t, n.b)
	})
}

func sessionStaysHome(t *testing.T, n neighbours) {
	b := apptest.NewBrowser(t)
	home := n.okta.signIn(t, b, n.a.startURL(n.atA), "ada@acme.example")
	wantPage(t, home, http.StatusOK, "Your access")
	if strings.Contains(home.Text, "beta") {
		t.Errorf("the page names the other workspace: %s", home.Text)
	}
	verdict := b.Open(n.a.URL + "/auth/verify?workspace=beta")
	if verdict.Header.Get("X-Auth-Workspace") != "acme" || verdict.Header.Get("X-Auth-Communities") != "acme=guest" {
		t.Errorf("/auth/verify: %v", verdict.Header)
	}
	value := b.Cookie(n.a.URL, "drawbridge_session")
	id, secret, _ := strings.Cut(value, ".")
	other := apptest.NewBrowser(t)
	n.okta.signIn(t, other, n.b.startURL(n.atB), "bob@beta.example")
	otherID, otherSecret, _ := strings.Cut(other.Cookie(n.a.URL, "drawbridge_session"), ".")
	for name, forged := range map[string]string{
		"the id of one with the secret of the other": id + "." + otherSecret,
		"and the other way round":                    otherID + "." + secret,
		"an id alone":                                id,
		"a secret alone":                             "." + secret,
		"something long":                             strings.Repeat("x", 3000),
		"a token of a directory":                     n.scimB.token,
	} {
		if code := verify(t, n.a.URL, &http.Cookie{Name: "drawbridge_session", Value: forged}); code != http.StatusUnauthorized {
			t.Errorf("%s: /auth/verify answers %d", name, code)
		}
	}
	if code := verify(t, n.a.URL, &http.Cookie{Name: "drawbridge_session", Value: value}); code != http.StatusOK {
		t.Errorf("the session itself answers %d afterwards", code)
	}
}

// identityStaysHome: one person of one provider is nobody in a workspace whose
// domain is another, whatever they are elsewhere.
func identityStaysHome(t *testing.T, n neighbours) {
	b := apptest.NewBrowser(t)
	p := n.okta.signIn(t, b, n.b.startURL(n.atB), "ada@acme.example")
	wantPage(t, p, http.StatusForbidden, "You have no access to beta")
	n.b.wantNobody(t, b)
}

func tokenStaysHome(t *testing.T, n neighbours) {
	user := n.scimB.newUser(t, "grace@beta.example")
	group := n.scimB.newGroup(t, "SOC", user)
	rename := patchJSON(`{"op":"replace","path":"displayName","value":"Taken over"}`)
	n.scimB.wantUnchanged(t, func() {
		for _, r := range []struct{ method, path, body string }{
			{"GET", "/Users/" + user, ""},
			{"PUT", "/Users/" + user, userJSON("grace@beta.example")},
			{"PATCH", "/Users/" + user, rename},
			{"DELETE", "/Users/" + user, ""},
			{"GET", "/Groups/" + group, ""},
			{"PUT", "/Groups/" + group, groupJSON("SOC")},
			{"PATCH", "/Groups/" + group, rename},
			{"DELETE", "/Groups/" + group, ""},
		} {
			n.scimA.do(t, r.method, r.path, r.body).wantError(t, http.StatusNotFound, "")
		}
		for _, filter := range []string{"/Users?filter=id%20eq%20%22" + user + "%22", "/Users?filter=userName%20eq%20%22grace%40beta.example%22", "/Groups?filter=displayName%20eq%20%22SOC%22"} {
			if a := n.scimA.do(t, "GET", filter, "").want(t, 200); !strings.Contains(string(a.body), `"totalResults":0`) {
				t.Errorf("%s finds %s", filter, a.body)
			}
		}
	})
}

func membersStayHome(t *testing.T, n neighbours) {
	foreign := n.scimB.newUser(t, "hedy@beta.example")
	own := n.scimA.newUser(t, "hedy@acme.example")
	group := n.scimA.newGroup(t, "Hunters", own)
	n.scimA.wantUnchanged(t, func() {
		n.scimA.do(t, "POST", "/Groups", groupJSON("Others", own, foreign)).wantError(t, http.StatusBadRequest, "invalidValue")
		n.scimA.do(t, "PUT", "/Groups/"+group, groupJSON("Hunters", foreign)).wantError(t, http.StatusBadRequest, "invalidValue")
		n.scimA.do(t, "PATCH", "/Groups/"+group, patchJSON(addMembers(foreign))).wantError(t, http.StatusBadRequest, "invalidValue")
	})
}

func answerStaysHome(t *testing.T, n neighbours) {
	b := apptest.NewBrowser(t)
	p := n.okta.signIn(t, b.StopAt(n.a.callbackURL(n.atA)), n.a.startURL(n.atA), "ada@acme.example")
	stolen := strings.Replace(p.Location(), string(n.atA.ID), string(n.atB.ID), 1)
	wantPage(t, b.Open(stolen), http.StatusBadRequest, "This sign-in is over")
	n.a.wantNobody(t, b)
	wantPage(t, b.Open(p.Location()), http.StatusBadRequest)
	n.a.wantNobody(t, b)
}

func invitationStaysHome(t *testing.T, n neighbours) {
	b := apptest.NewBrowser(t)
	wantPage(t, b.Open(n.a.link), http.StatusOK, "You are invited to acme")
	p := b.Open(n.b.startURL(n.atB) + "?with=invitation")
	wantPage(t, p, http.StatusBadRequest, "The invitation is not for beta")
	n.b.wantNobody(t, b)
	p = b.Follow(b.Open(n.a.link), "Continue with Okta")
	wantPage(t, n.okta.choose(t, b, p, "owner@acme.example"), http.StatusOK, "Admin")
}
