package console_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"drawbridge/provisioning"
)

func TestVerifySaysWhoAndWhat(t *testing.T) {
	t.Parallel()
	s := newSite(t, "https://bridge.example")
	w := s.get("/auth/verify", session())
	if w.Code != http.StatusOK || w.Body.String() != "ok\n" {
		t.Fatalf("status %d, %q", w.Code, w.Body)
	}
	for name, want := range map[string]string{
		"X-Auth-User": "u-ada", "X-Auth-Email": "ada@acme.example", "X-Auth-Workspace": "acme", "X-Auth-Session": "s-1",
		"X-Auth-Communities": "acme=guest,soc-lyon=guest,soc-paris=analyst+guest", "X-Auth-Communities-Truncated": "",
		"Cache-Control": "no-store", "Content-Type": "text/plain; charset=utf-8", "Location": "",
	} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	for name, values := range w.Header() {
		if strings.Contains(strings.Join(values, " "), "secret") {
			t.Errorf("%s carries the session's secret", name)
		}
	}
	if s.log.Len() > 0 {
		t.Errorf("a line for every request of the application: %s", s.log.String())
	}
}

// Rule 6: 401 without a session, 403 without any membership, never an empty 200 and never a redirect.
func TestRule6_VerifyRefuses(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change  func(*fakeService)
		cookies []*http.Cookie
		status  int
		outcome string
	}{
		"no cookie":       {nil, nil, http.StatusUnauthorized, "no_session"},
		"a dead session":  {func(f *fakeService) { f.signedOut = true }, []*http.Cookie{session()}, http.StatusUnauthorized, "no_session"},
		"a planted one":   {nil, []*http.Cookie{session(), {Name: "__Host-drawbridge_session", Value: "x.y"}}, http.StatusUnauthorized, "no_session"},
		"without prefix":  {nil, []*http.Cookie{{Name: "drawbridge_session", Value: goodCookie}}, http.StatusUnauthorized, "no_session"},
		"no membership":   {func(f *fakeService) { f.overview.Communities = nil }, []*http.Cookie{session()}, http.StatusForbidden, "no_membership"},
		"the database":    {func(f *fakeService) { f.broken = errBroken }, []*http.Cookie{session()}, http.StatusInternalServerError, "fault"},
		"not to be asked": {func(f *fakeService) { f.broken = provisioning.ErrUnavailable }, []*http.Cookie{session()}, http.StatusServiceUnavailable, "unavailable"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, "https://bridge.example")
			if test.change != nil {
				test.change(s.fake)
			}
			w := s.get("/auth/verify", test.cookies...)
			if w.Code != test.status || w.Header().Get("Content-Type") != "text/plain; charset=utf-8" || w.Header().Get("Cache-Control") != "no-store" {
				t.Errorf("status %d, %v", w.Code, w.Header())
			}
			for header := range w.Header() {
				if strings.HasPrefix(header, "X-Auth-") {
					t.Errorf("a refusal carries %s", header)
				}
			}
			if strings.Contains(w.Body.String(), errBroken.Error()) || !strings.Contains(s.log.String(), `"outcome":"`+test.outcome+`"`) {
				t.Errorf("answered %q, logged %s", w.Body, s.log.String())
			}
		})
	}
}

func TestVerifyAnswersOtherMethodsAndPathsInText(t *testing.T) {
	t.Parallel()
	s := newSite(t, "https://bridge.example")
	for target, want := range map[string]int{"/auth/verify": http.StatusMethodNotAllowed, "/auth/verify/more": http.StatusNotFound} {
		w := s.post(target, nil, session())
		if w.Code != want || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/plain") {
			t.Errorf("%s: status %d, %v", target, w.Code, w.Header())
		}
	}
}

// A proxy may announce the application's body without sending it.
func TestVerifyTakesNoOffenceAtABody(t *testing.T) {
	t.Parallel()
	s := newSite(t, "https://bridge.example")
	r := s.request(http.MethodGet, "/auth/verify", nil, session())
	r.ContentLength = 50 << 20
	if w := s.do(r); w.Code != http.StatusOK {
		t.Errorf("status %d", w.Code)
	}
}

// Rule 17: X-Auth-Email is given only for a proved address, and no header carries what could mean something else.
func TestRule17_VerifyGivesProvedAddressesOnly(t *testing.T) {
	t.Parallel()
	for _, email := range []string{"", "ada@acme.example\r\nX-Auth-User: u-root", "ada@münchen.example", "ada\x00@acme.example", "ada lovelace@acme.example", "ada\x7f@acme.example"} {
		s := newSite(t, "https://bridge.example")
		s.fake.overview.ProvedEmail = email
		w := s.get("/auth/verify", session())
		if got, ok := w.Header()["X-Auth-Email"]; ok || w.Code != http.StatusOK {
			t.Errorf("%q: status %d, header %q", email, w.Code, got)
		}
		if got := w.Header().Values("X-Auth-User"); len(got) != 1 || got[0] != "u-ada" {
			t.Errorf("%q: user %q", email, got)
		}
	}
}

func TestVerifyCutsCommunitiesAtAWholeEntry(t *testing.T) {
	t.Parallel()
	many := func(n, length int) (all []provisioning.CommunityRoles) {
		for i := range n {
			slug := fmt.Sprintf("c%04d-", i)
			slug += strings.Repeat("x", length-len(slug)-len("=guest"))
			all = append(all, provisioning.CommunityRoles{Community: provisioning.Community{Slug: slug}, Roles: []provisioning.Role{guest}})
		}
		return all
	}
	huge := provisioning.CommunityRoles{Community: provisioning.Community{Slug: "b"}}
	for i := range 500 {
		huge.Roles = append(huge.Roles, provisioning.Role{Slug: fmt.Sprintf("custom-%d", i)})
	}
	tests := map[string]struct {
		held    []provisioning.CommunityRoles
		entries int
		length  int
		cut     bool
	}{
		"just room":         {append(many(63, 63), many(1, 64)...), 64, 4096, false},
		"one byte too many": {append(many(63, 63), many(1, 65)...), 63, 63*64 - 1, true},
		"far too many":      {many(1000, 63), 64, 64*64 - 1, true},
		"the first alone":   {[]provisioning.CommunityRoles{huge, {Community: paris, Roles: []provisioning.Role{guest}}}, 0, 0, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, "https://bridge.example")
			for i := range test.held[:len(test.held)-1] { // the last one sorts last
				test.held[i].Community.Slug = "a" + test.held[i].Community.Slug[1:]
			}
			s.fake.overview.Communities = test.held
			w := s.get("/auth/verify", session())
			value := w.Header().Get("X-Auth-Communities")
			entries := 0
			for entry := range strings.SplitSeq(value, ",") {
				if strings.HasSuffix(entry, "=guest") {
					entries++
				}
			}
			if w.Code != http.StatusOK || len(value) != test.length || entries != test.entries {
				t.Errorf("status %d, %d bytes, %d whole entries", w.Code, len(value), entries)
			}
			if cut := w.Header().Get("X-Auth-Communities-Truncated") == "true"; cut != test.cut {
				t.Errorf("truncated: %v", cut)
			}
		})
	}
}

func TestVerifyNamesARoleOnceAndNothingOdd(t *testing.T) {
	t.Parallel()
	s := newSite(t, "https://bridge.example")
	odd := provisioning.Community{Slug: "x\r\nX-Auth-User: root"}
	s.fake.overview.Communities = []provisioning.CommunityRoles{
		{Community: paris, Roles: []provisioning.Role{guest, analyst, guest}}, {Community: odd, Roles: []provisioning.Role{admin}},
	}
	if got := s.get("/auth/verify", session()).Header().Get("X-Auth-Communities"); got != "soc-paris=analyst+guest" {
		t.Errorf("got %q", got)
	}
}
