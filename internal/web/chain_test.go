package web_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"regexp"
	"strings"
	"testing"

	"drawbridge/internal/web"
)

func TestChainRunsInOrder(t *testing.T) {
	t.Parallel()
	var order []string
	step := func(name string) web.Middleware {
		return func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				order = append(order, name)
				next.ServeHTTP(w, r)
			})
		}
	}
	h := web.Chain(http.NotFoundHandler(), step("first"), step("second"))
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	if strings.Join(order, " ") != "first second" {
		t.Errorf("order %v", order)
	}
}

func TestRequestIDIsOurs(t *testing.T) {
	t.Parallel()
	s := newSite(t, "https://bridge.example")
	var inside, reference string
	s.mux.People().Get("/x", func(w http.ResponseWriter, r *http.Request) error {
		inside, reference = web.RequestIDOf(r.Context()), web.ReferenceOf(r.Context())
		return ok("")(w, r)
	})
	r := httptest.NewRequest("GET", "/x", nil)
	r.Header.Set("X-Request-Id", "forged")
	id := s.do(r).Header().Get("X-Request-Id")
	if !regexp.MustCompile(`^([0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}$`).MatchString(id) || id != inside {
		t.Errorf("answered %q, inside %q", id, inside)
	}
	if reference != id[:9] || s.lastLine(t)["request_id"] != id {
		t.Errorf("reference %q of %q, logged %v", reference, id, s.lastLine(t)["request_id"])
	}
	if again := s.get("/x").Header().Get("X-Request-Id"); again == id {
		t.Error("two requests have one id")
	}
	if web.RequestIDOf(context.Background()) != "" || web.ReferenceOf(context.Background()) != "" {
		t.Error("an id outside of a request")
	}
}

func TestRequestLine(t *testing.T) {
	t.Parallel()
	s := newSite(t, "https://bridge.example")
	s.mux.People().Get("/console/{workspace}/users", func(w http.ResponseWriter, r *http.Request) error {
		e := web.EventOf(r.Context())
		e.WorkspaceID, e.DirectoryID, e.TokenID, e.UserID, e.ResourceID = "w1", "d1", "t1", "u1", "r1"
		e.Outcome = "listed"
		w.WriteHeader(http.StatusAccepted)
		_, err := io.WriteString(w, "12345")
		return err
	})
	r := httptest.NewRequest("GET", "/console/acme/users?email=ada@acme.example", nil)
	r.RemoteAddr = "192.0.2.77:1234"
	r.Header.Set("Authorization", "Bearer hunter2")
	r.Header.Set("Cookie", "drawbridge_session=hunter2")
	s.do(r)
	line := s.lastLine(t)
	for key, want := range map[string]any{
		"level": "INFO", "msg": "request", "method": "GET", "route": "/console/{workspace}/users", "status": 202.0, "bytes": 5.0,
		"workspace_id": "w1", "directory_id": "d1", "token_id": "t1", "user_id": "u1", "resource_id": "r1", "outcome": "listed",
	} {
		if line[key] != want {
			t.Errorf("%s: %v, want %v", key, line[key], want)
		}
	}
	if took, isNumber := line["duration_ms"].(float64); !isNumber || took < 0 {
		t.Errorf("duration_ms %v", line["duration_ms"])
	}
	for _, secret := range []string{"acme", "192.0.2.77", "hunter2", "?"} {
		if strings.Contains(s.log.String(), secret) {
			t.Errorf("the log says %q: %s", secret, s.log)
		}
	}
}

func TestRule25_StrangersWriteNothingIntoTheLog(t *testing.T) {
	t.Parallel()
	s := newSite(t, "https://bridge.example")
	r := httptest.NewRequest("ADA-LOVELACE", "/ada.lovelace?q=ada", nil)
	r.Header.Set("User-Agent", "ada")
	s.do(r)
	line := s.lastLine(t)
	if line["method"] != "other" || line["route"] != "" || strings.Contains(strings.ToLower(s.log.String()), "ada") {
		t.Errorf("logged %s", s.log)
	}
}

func TestEventOutsideOfARequest(t *testing.T) {
	t.Parallel()
	web.EventOf(context.Background()).Fail("x", nil) // must not panic
}

func TestPanicIsAnsweredByItsFaceAndLoggedOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t, "https://bridge.example/bridge")
	boom := func(http.ResponseWriter, *http.Request) error { panic("boom 7") }
	s.mux.People().Get("/page", boom)
	s.mux.Face(web.Face{Prefix: "/auth/", Answer: web.AnswerJSON}).Get("/auth/x", boom)
	s.mux.Mount(web.Face{Prefix: "/scim/", Answer: web.AnswerJSON}, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("boom 7") }))
	for i, tt := range []struct{ path, contentType string }{
		{"/bridge/page", "text/html; charset=utf-8"},
		{"/bridge/auth/x", "application/json"},
		{"/bridge/scim/v2", "application/json"},
	} {
		w := s.get(tt.path)
		if w.Code != http.StatusInternalServerError || w.Header().Get("Content-Type") != tt.contentType {
			t.Errorf("%s: %d %v", tt.path, w.Code, w.Header())
		}
		if strings.Contains(w.Body.String(), "boom") || w.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: answered %v %s", tt.path, w.Header(), w.Body)
		}
		lines := s.lines(t)
		line := lines[len(lines)-1]
		stack, _ := line["stack"].(string)
		if len(lines) != i+1 || line["level"] != "ERROR" || line["outcome"] != "panic" || line["error"] != "panic: boom 7" || !strings.Contains(stack, "chain_test.go") {
			t.Errorf("%s: logged %v", tt.path, lines)
		}
	}
}

func TestAClientThatWentAwayIsNoFault(t *testing.T) {
	t.Parallel()
	s := newSite(t, "https://bridge.example")
	s.mux.People().Get("/x", func(_ http.ResponseWriter, r *http.Request) error { return r.Context().Err() })
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	s.do(httptest.NewRequestWithContext(ctx, "GET", "/x", nil))
	if line := s.lastLine(t); line["level"] != "INFO" || line["outcome"] != "client_gone" {
		t.Errorf("logged %v", line)
	}
	s.mux.People().Get("/y", func(http.ResponseWriter, *http.Request) error { return context.Canceled })
	if w := s.get("/y"); w.Code != http.StatusInternalServerError {
		t.Errorf("cancelled by ourselves: status %d", w.Code)
	}
}

func TestSecurityHeaders(t *testing.T) {
	t.Parallel()
	for public, hsts := range map[string]string{"https://bridge.example": "max-age=31536000", "http://127.0.0.1:8080": ""} {
		s := newSite(t, public)
		s.mux.Face(web.Face{Prefix: "/auth/", Answer: web.AnswerJSON}).Get("/auth/verify", ok("x"))
		for name, want := range map[string]string{
			"Content-Security-Policy":      "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
			"X-Content-Type-Options":       "nosniff",
			"Referrer-Policy":              "no-referrer",
			"Cross-Origin-Opener-Policy":   "same-origin",
			"Cross-Origin-Resource-Policy": "same-origin",
			"Permissions-Policy":           "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
			"Cache-Control":                "no-store",
			"Strict-Transport-Security":    hsts,
		} {
			if got := s.get("/auth/verify").Header().Get(name); got != want {
				t.Errorf("%s: %s %q, want %q", public, name, got, want)
			}
		}
	}
}

func TestClientAddress(t *testing.T) {
	t.Parallel()
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8::/32")}
	tests := []struct {
		name, peer string
		forwarded  []string
		proto      string
		want       string
		https      bool
	}{
		{"no proxy", "192.0.2.1:5000", nil, "", "192.0.2.1", false},
		{"headers of a stranger", "192.0.2.1:5000", []string{"198.51.100.1"}, "https", "192.0.2.1", false},
		{"one proxy", "10.0.0.1:5000", []string{"192.0.2.1"}, "https", "192.0.2.1", true},
		{"forged on the left", "10.0.0.1:5000", []string{"198.51.100.9, 192.0.2.1"}, "http", "192.0.2.1", false},
		{"two proxies", "10.0.0.1:5000", []string{"192.0.2.1, 10.0.0.2"}, "HTTPS", "192.0.2.1", true},
		{"several headers", "10.0.0.1:5000", []string{"198.51.100.9", "192.0.2.1", "10.0.0.2"}, "", "192.0.2.1", false},
		{"only proxies", "10.0.0.1:5000", []string{"10.0.0.3, 10.0.0.2"}, "", "10.0.0.3", false},
		{"rubbish", "10.0.0.1:5000", []string{"192.0.2.1, unknown, 10.0.0.2"}, "", "10.0.0.2", false},
		{"nothing", "10.0.0.1:5000", []string{""}, "", "10.0.0.1", false},
		{"with a port", "10.0.0.1:5000", []string{"192.0.2.1:443"}, "", "192.0.2.1", false},
		{"IPv6", "[2001:db8::1]:5000", []string{"[2001:4860::1]:443"}, "", "2001:4860::1", false},
		{"IPv6 in brackets", "[2001:db8::1]:5000", []string{"[2001:4860::1]"}, "", "2001:4860::1", false},
		{"IPv4 in IPv6", "[::ffff:10.0.0.1]:5000", []string{"192.0.2.1"}, "", "192.0.2.1", false},
		{"no transport address", "@", []string{"192.0.2.1"}, "https", "invalid IP", false},
		{"proto of the nearest proxy", "10.0.0.1:5000", nil, "https, http", "10.0.0.1", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got web.Client
			h := web.Chain(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = web.ClientOf(r.Context()) }), web.ClientAddress(trusted))
			r := httptest.NewRequest("GET", "/", nil)
			r.RemoteAddr = tt.peer
			r.Header["X-Forwarded-For"] = tt.forwarded
			r.Header.Set("X-Forwarded-Proto", tt.proto)
			h.ServeHTTP(httptest.NewRecorder(), r)
			if got.Addr.String() != tt.want || got.HTTPS != tt.https {
				t.Errorf("client %v, want %s %v", got, tt.want, tt.https)
			}
		})
	}
}

// Whatever is sent, an address that an untrusted hop claims is never believed.
func FuzzClientAddress(f *testing.F) {
	for _, seed := range []string{"", "10.0.0.2", "x,10.0.0.2", "192.0.2.9, 192.0.2.1", ",,,", "[::1", "fe80::1%eth0"} {
		f.Add(seed)
	}
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	f.Fuzz(func(t *testing.T, left string) {
		var got netip.Addr
		h := web.Chain(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = web.ClientOf(r.Context()).Addr }), web.ClientAddress(trusted))
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = "10.0.0.1:5000"
		r.Header["X-Forwarded-For"] = []string{left, "192.0.2.1, 10.0.0.2"}
		h.ServeHTTP(httptest.NewRecorder(), r)
		if got.String() != "192.0.2.1" {
			t.Errorf("believed %s", got)
		}
	})
}

func TestHealth(t *testing.T) {
	t.Parallel()
	fine := func(context.Context) error { return nil }
	broken := func(context.Context) error { return errors.New("dial 10.1.2.3: refused") }
	tests := []struct {
		name   string
		checks []web.Check
		status int
		body   string
		level  string
	}{
		{"all is well", []web.Check{{"database", true, fine}, {"redis", false, fine}}, 200, `{"status":"ready","checks":{"database":"ok","redis":"ok"}}`, "DEBUG"},
		{"redis is down", []web.Check{{"database", true, fine}, {"redis", false, broken}}, 200, `{"status":"ready","checks":{"database":"ok","redis":"fault"}}`, "INFO"},
		{"database is down", []web.Check{{"database", true, broken}, {"redis", false, fine}}, 503, `{"status":"not ready","checks":{"database":"fault","redis":"ok"}}`, "ERROR"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, "https://bridge.example")
			s.mux.People().Get("/healthz", web.Healthz)
			s.mux.People().Get("/readyz", web.Readyz(tt.checks...))
			w := s.get("/readyz")
			if w.Code != tt.status || strings.TrimSpace(w.Body.String()) != tt.body || !json.Valid(w.Body.Bytes()) {
				t.Errorf("%d %s", w.Code, w.Body)
			}
			line := s.lastLine(t)
			if why, _ := line["error"].(string); line["level"] != tt.level || strings.Contains(why, "refused") != (tt.level != "DEBUG") {
				t.Errorf("logged %v", line)
			}
			if w := s.get("/healthz"); w.Code != http.StatusOK || s.lastLine(t)["level"] != "DEBUG" {
				t.Errorf("healthz: %d, logged %v", w.Code, s.lastLine(t))
			}
		})
	}
}
