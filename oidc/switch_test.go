package oidc_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"drawbridge/internal/web"
)

const (
	sessionCookie = "__Host-" + web.SessionCookie
	switchCookie  = "__Host-drawbridge_switch"
	origin        = "https://bridge.example"
)

// forms are the hidden fields of each form on a page, in its order.
func forms(t *testing.T, page string) (all []url.Values) {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	for form := range doc.Descendants() {
		if form.Data != "form" {
			continue
		}
		fields := url.Values{}
		for n := range form.Descendants() {
			if n.Data == "input" {
				fields.Set(attr(n, "name"), attr(n, "value"))
			}
		}
		all = append(all, fields)
	}
	return all
}

func attr(n *html.Node, name string) string {
	i := slices.IndexFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
	if i < 0 {
		return ""
	}
	return n.Attr[i].Val
}

// asked is a browser in which Ada is signed in and Grace has just come back.
func askedToSwitch(t *testing.T) (s *site, b *browser, goOn, stay url.Values) {
	t.Helper()
	s = newSite(t)
	b = s.browser()
	wentTo(t, b.signIn(t, "00uada"))
	ada := b.cookies[sessionCookie]
	w := b.signIn(t, "00ugrace")
	if w.Code != http.StatusOK || b.cookies[sessionCookie] != ada || b.cookies[switchCookie] == "" {
		t.Fatalf("status %d, cookies %v", w.Code, b.cookies)
	}
	for _, name := range []string{"Ada Lovelace", "Grace Hopper"} {
		if !strings.Contains(w.Body.String(), name) {
			t.Errorf("the page does not name %s", name)
		}
	}
	if live := s.service.live(); !slices.Equal(live, []string{"u-ada", "u-grace"}) {
		t.Errorf("sessions of %v", live)
	}
	both := forms(t, w.Body.String())
	if len(both) != 2 {
		t.Fatalf("the page has %d forms", len(both))
	}
	return s, b, both[0], both[1]
}

func TestRule20_GoingOnEndsTheFirstSession(t *testing.T) {
	t.Parallel()
	s, b, goOn, _ := askedToSwitch(t)
	next := b.cookies[switchCookie]
	if got := wentTo(t, b.post("/sso/switch", goOn, origin)).String(); got != "/b/app" {
		t.Errorf("the browser goes on to %s", got)
	}
	if b.cookies[sessionCookie] != next || b.cookies[switchCookie] != "" || !slices.Equal(s.service.live(), []string{"u-grace"}) {
		t.Errorf("cookies %v, sessions of %v", b.cookies, s.service.live())
	}
	s.wantPage(t, b.post("/sso/switch", goOn, origin), http.StatusBadRequest, "switch_dead")
}

func TestRule20_StayingEndsTheNewSession(t *testing.T) {
	t.Parallel()
	s, b, _, stay := askedToSwitch(t)
	ada := b.cookies[sessionCookie]
	wentTo(t, b.post("/sso/switch", stay, origin))
	if b.cookies[sessionCookie] != ada || b.cookies[switchCookie] != "" || !slices.Equal(s.service.live(), []string{"u-ada"}) {
		t.Errorf("cookies %v, sessions of %v", b.cookies, s.service.live())
	}
}

func TestRule26_SwitchingIsProtectedAgainstOtherSites(t *testing.T) {
	t.Parallel()
	s, b, goOn, _ := askedToSwitch(t)
	s.wantPage(t, b.post("/sso/switch", goOn, "https://evil.example"), http.StatusForbidden, "cross_site")
	if live := s.service.live(); !slices.Equal(live, []string{"u-ada", "u-grace"}) {
		t.Errorf("sessions of %v", live)
	}
}

func TestSwitchFormOfAnEarlierQuestionDecidesNothing(t *testing.T) {
	t.Parallel()
	s, b, goOn, _ := askedToSwitch(t)
	w := b.signIn(t, "00ugrace") // in another tab
	s.wantPage(t, b.post("/sso/switch", goOn, origin), http.StatusBadRequest, "switch_dead")
	if live := s.service.live(); !slices.Equal(live, []string{"u-ada", "u-grace"}) {
		t.Errorf("the session of the earlier question goes on: %v", live)
	}
	wentTo(t, b.post("/sso/switch", forms(t, w.Body.String())[0], origin))
	if live := s.service.live(); !slices.Equal(live, []string{"u-grace"}) {
		t.Errorf("sessions of %v", live)
	}
}

func TestSwitchReturnsToOurOriginAlone(t *testing.T) {
	t.Parallel()
	_, b, goOn, _ := askedToSwitch(t)
	goOn.Set("return_to", "https://evil.example/")
	if got := wentTo(t, b.post("/sso/switch", goOn, origin)).String(); got != "/b" {
		t.Errorf("the browser goes on to %s", got)
	}
}

func TestSamePersonAgainHasOneSession(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.browser()
	wentTo(t, b.signIn(t, "00uada"))
	first := b.cookies[sessionCookie]
	wentTo(t, b.signIn(t, "00uada"))
	if b.cookies[sessionCookie] == first || len(s.service.live()) != 1 {
		t.Errorf("a new sign-in has to make a new session and end the old one: %v", s.service.live())
	}
}
