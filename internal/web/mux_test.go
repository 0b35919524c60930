package web_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"drawbridge/internal/web"
)

// echoPath answers with what a raw mount sees.
func echoPath(w http.ResponseWriter, r *http.Request) {
	_, _ = io.WriteString(w, r.Method+" "+r.URL.EscapedPath())
}

func routedSite(t *testing.T, public string) *site {
	t.Helper()
	s := newSite(t, public)
	people := s.mux.People()
	people.Get("/{$}", ok("home"))
	people.Get("/login", ok("form"))
	people.Unsafe(http.MethodPost, "/login", ok("posted"))
	people.Get("/console/{rest...}", func(w http.ResponseWriter, r *http.Request) error {
		return ok("console:"+r.PathValue("rest"))(w, r)
	})
	people.MachinePost("/sso/{connection}/revoke", "authenticates by a signed token", ok("revoked"))
	s.mux.Face(web.Face{Prefix: "/auth/", Answer: web.AnswerJSON}).Get("/auth/verify", ok("verified"))
	s.mux.Mount(web.Face{Prefix: "/scim/", Answer: web.AnswerJSON}, http.HandlerFunc(echoPath))
	return s
}

func TestMuxLeads(t *testing.T) {
	t.Parallel()
	tests := []struct {
		method, target string
		status         int
		body           string // prefix of the body, "" for any
	}{
		{"GET", "/", 200, "home"},
		{"GET", "/login", 200, "form"},
		{"HEAD", "/login", 200, ""},
		{"POST", "/login", 200, "posted"},
		{"GET", "/console", 200, "console:"},
		{"GET", "/console/acme/users", 200, "console:acme/users"},
		{"GET", "/login/", 404, ""},
		{"GET", "//login", 404, ""},
		{"GET", "/x/../login", 404, ""},
		{"GET", "/./login", 404, ""},
		{"GET", "//", 404, ""},
		{"GET", "/nothing", 404, "<!doctype html>"},
		{"PUT", "/login", 405, "<!doctype html>"},
		{"OPTIONS", "/login", 204, ""},
		{"OPTIONS", "/nothing", 404, ""},
		{"GET", "/auth/verify", 200, "verified"},
		{"GET", "/auth/nothing", 404, `{"error":"no_route"`},
		{"GET", "/auth", 404, `{"error":"no_route"`},
		{"POST", "/auth/verify", 405, `{"error":"method_not_allowed"`},
		{"GET", "/authentic", 404, "<!doctype html>"},
	}
	s := routedSite(t, "https://bridge.example")
	for _, tt := range tests {
		w := s.do(httptest.NewRequest(tt.method, tt.target, nil))
		if w.Code != tt.status || !strings.HasPrefix(strings.TrimSpace(w.Body.String()), tt.body) {
			t.Errorf("%s %s: %d %.40q, want %d %q", tt.method, tt.target, w.Code, w.Body, tt.status, tt.body)
		}
	}
}

func TestMuxSaysWhatIsAllowed(t *testing.T) {
	t.Parallel()
	s := routedSite(t, "https://bridge.example")
	for _, method := range []string{http.MethodOptions, http.MethodDelete} {
		w := s.do(httptest.NewRequest(method, "/login", nil))
		if got := w.Header().Get("Allow"); got != "GET, HEAD, POST, OPTIONS" {
			t.Errorf("%s: Allow %q", method, got)
		}
	}
}

func TestMuxMountSeesPathsAsSent(t *testing.T) {
	t.Parallel()
	for _, public := range []string{"https://bridge.example", "https://bridge.example/bridge"} {
		s := routedSite(t, public)
		for _, path := range []string{
			"/scim", "/scim/", "/scim/v2/Users", "/scim/v2//Users", "/scim/v2/../v2/Users", "/scim/v2/Users/a%2Fb",
			"/scim/v2/./Users/", "//scim/v2/Users", "/console/../scim/v2", "/scim//",
		} {
			for _, method := range []string{"GET", "POST", "PATCH", "OPTIONS", "BREW"} {
				w := s.do(httptest.NewRequest(method, "https://bridge.example"+path, nil))
				if w.Code != http.StatusOK || w.Body.String() != method+" "+path {
					t.Errorf("%s %s: %d %q", method, path, w.Code, w.Body)
				}
			}
		}
	}
}

// The only redirects are those of handlers: of any path, whatever slashes and dots are in it.
func FuzzMuxNeverRedirects(f *testing.F) {
	for _, seed := range []string{"/scim//v2", "//scim", "/console", "/console/", "/a/../b", "/login/.", "/%2e%2e/login", "/bridge", "/bridge//", "//evil.example/.."} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, target string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		u, err := r.URL.Parse(target)
		if err != nil {
			return
		}
		r.URL = u
		if w := routedSite(t, "https://bridge.example/bridge").do(r); w.Code >= 300 && w.Code < 400 {
			t.Errorf("%q: %d to %q", target, w.Code, w.Header().Get("Location"))
		}
	})
}

func TestMuxStripsThePublicPath(t *testing.T) {
	t.Parallel()
	s := routedSite(t, "https://bridge.example/bridge/")
	for target, want := range map[string]string{
		"/bridge":               "home",
		"/bridge/":              "home",
		"/bridge/login":         "form",
		"/bridge/console/a%2Fb": "console:a/b",
		"/login":                "form", // a proxy that strips the path itself
	} {
		if w := s.get(target); w.Body.String() != want {
			t.Errorf("%s: %d %.40q, want %q", target, w.Code, w.Body, want)
		}
	}
	for _, target := range []string{"/bridges/login", "/bridgelogin", "/bridge/bridge/login"} {
		if w := s.get(target); w.Code != http.StatusNotFound {
			t.Errorf("%s: status %d", target, w.Code)
		}
	}
}

func TestRule26_UnsafeMethodsRefuseOtherSites(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, path    string
		header, value string
		status        int
	}{
		{"same origin", "/login", "Sec-Fetch-Site", "same-origin", 200},
		{"typed by the person", "/login", "Sec-Fetch-Site", "none", 200},
		{"no browser", "/login", "", "", 200},
		{"cross site", "/login", "Sec-Fetch-Site", "cross-site", 403},
		{"sibling host", "/login", "Sec-Fetch-Site", "same-site", 403},
		{"old browser, our origin", "/login", "Origin", "https://bridge.example", 200},
		{"old browser, other origin", "/login", "Origin", "https://evil.example", 403},
		{"old browser, opaque origin", "/login", "Origin", "null", 403},
		{"machine from anywhere", "/sso/c1/revoke", "Origin", "https://idp.example", 200},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := routedSite(t, "https://bridge.example")
			r := httptest.NewRequest(http.MethodPost, "http://inner.example"+tt.path, nil)
			if tt.header != "" {
				r.Header.Set(tt.header, tt.value)
			}
			w := s.do(r)
			if w.Code != tt.status {
				t.Fatalf("status %d, want %d", w.Code, tt.status)
			}
			if tt.status == http.StatusForbidden && text(one(t, parseHTML(t, w.Body.String()), "h1")) != "This came from another site" {
				t.Error("the page does not say why")
			}
		})
	}
}

func TestRule26_RoutesNameTheirExceptions(t *testing.T) {
	t.Parallel()
	want := []web.Route{
		{Method: "GET", Pattern: "/{$}"},
		{Method: "GET", Pattern: "/login"},
		{Method: "POST", Pattern: "/login"},
		{Method: "GET", Pattern: "/console/{rest...}"},
		{Method: "POST", Pattern: "/sso/{connection}/revoke", Reason: "authenticates by a signed token"},
		{Method: "GET", Pattern: "/auth/verify"},
		{Pattern: "/scim/", Reason: "a raw mount checks its own credentials"},
	}
	if got := routedSite(t, "https://bridge.example").mux.Routes(); !slices.Equal(got, want) {
		t.Errorf("routes %v", got)
	}
}

func TestMuxPanicsOnRoutesThatCannotWork(t *testing.T) {
	t.Parallel()
	none := ok("")
	tests := map[string]func(*web.Mux){
		"GET as unsafe":        func(m *web.Mux) { m.People().Unsafe("GET", "/x", none) },
		"machine, no reason":   func(m *web.Mux) { m.People().MachinePost("/x", "", none) },
		"open subtree":         func(m *web.Mux) { m.People().Get("/x/", none) },
		"outside of its face":  func(m *web.Mux) { m.Face(web.Face{Prefix: "/a/", Answer: web.AnswerJSON}).Get("/b", none) },
		"face without slashes": func(m *web.Mux) { m.Face(web.Face{Prefix: "/a", Answer: web.AnswerJSON}) },
		"face without answer":  func(m *web.Mux) { m.Face(web.Face{Prefix: "/a/"}) },
		"two faces":            func(m *web.Mux) { m.Face(web.Face{Prefix: "/", Answer: web.AnswerJSON}) },
		"twice":                func(m *web.Mux) { m.People().Get("/x", none); m.People().Get("/x", none) },
	}
	for name, register := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			register(newSite(t, "https://bridge.example").mux)
		})
	}
}

func TestNewMuxRefusesAPublicURLWithoutOrigin(t *testing.T) {
	t.Parallel()
	if _, err := web.NewMux(mustURL(t, "bridge.example"), web.AnswerJSON); err == nil {
		t.Error("no error")
	}
}

func TestBodyLimit(t *testing.T) {
	t.Parallel()
	s := newSite(t, "https://bridge.example")
	read := func(w http.ResponseWriter, r *http.Request) error {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return err
		}
		return ok(string(body))(w, r)
	}
	s.mux.People().Unsafe(http.MethodPost, "/form", read)
	s.mux.Face(web.Face{Prefix: "/api/", Answer: web.AnswerJSON, MaxBody: 4}).Unsafe(http.MethodPost, "/api/x", read)
	tests := []struct {
		path, body string
		chunked    bool
		status     int
	}{
		{"/form", strings.Repeat("x", web.DefaultMaxBody), false, 200},
		{"/form", strings.Repeat("x", web.DefaultMaxBody+1), false, 413},
		{"/form", strings.Repeat("x", web.DefaultMaxBody+1), true, 413},
		{"/api/x", "1234", true, 200},
		{"/api/x", "12345", true, 413},
	}
	for _, tt := range tests {
		r := httptest.NewRequest(http.MethodPost, tt.path, strings.NewReader(tt.body))
		if tt.chunked {
			r.ContentLength = -1
		}
		if w := s.do(r); w.Code != tt.status {
			t.Errorf("%s with %d bytes: status %d, want %d", tt.path, len(tt.body), w.Code, tt.status)
		}
	}
}

func TestSeeOther(t *testing.T) {
	t.Parallel()
	s := newSite(t, "https://bridge.example")
	s.mux.People().Unsafe(http.MethodPost, "/x", func(w http.ResponseWriter, _ *http.Request) error {
		return web.SeeOther(w, "/after?x=1")
	})
	w := s.do(httptest.NewRequest(http.MethodPost, "/x", nil))
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/after?x=1" || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("status %d, headers %v", w.Code, w.Header())
	}
}

func TestHalfAnAnswerIsCutOff(t *testing.T) {
	t.Parallel()
	s := newSite(t, "https://bridge.example")
	s.mux.People().Get("/error", func(w http.ResponseWriter, _ *http.Request) error {
		_, _ = io.WriteString(w, "half")
		return errors.New("row 7 is gone")
	})
	s.mux.People().Get("/panic", func(w http.ResponseWriter, _ *http.Request) error {
		_, _ = io.WriteString(w, "half")
		panic("row 7 is gone")
	})
	for path, outcome := range map[string]string{"/error": "cut_off", "/panic": "panic"} {
		func() {
			defer func() {
				if recover() != http.ErrAbortHandler { //nolint:errorlint // the value itself is what net/http looks for
					t.Errorf("%s: the connection is not aborted", path)
				}
			}()
			s.get(path)
		}()
		line := s.lastLine(t)
		if text, _ := line["error"].(string); line["outcome"] != outcome || !strings.Contains(text, "row 7") {
			t.Errorf("%s: logged %v", path, line)
		}
	}
}
