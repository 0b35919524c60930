package oidc_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"drawbridge/internal/ephemeral"
	"drawbridge/internal/web"
	"drawbridge/oidc"
)

const public = "https://bridge.example/b"

// site is the face on its frame, between a provider and a Service.
type site struct {
	op      *provider
	service *service
	handler http.Handler
	log     *bytes.Buffer
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{op: newProvider(), service: newService(), log: &bytes.Buffer{}}
	s.handler = newFace(t, public, s.service, s.op.client(), s.log)
	return s
}

// newFace is the face as the program wires it.
func newFace(t *testing.T, public string, service oidc.Service, client *http.Client, log *bytes.Buffer) http.Handler {
	t.Helper()
	logger := slog.New(slog.NewJSONHandler(log, nil))
	return faceWith(t, public, service, oidc.NewProviders(client, logger), client, logger)
}

func faceWith(t *testing.T, public string, service oidc.Service, providers *oidc.Providers, client *http.Client, logger *slog.Logger) http.Handler {
	t.Helper()
	base := must(url.Parse(public))(t)
	pages := must(web.NewPages(base, must(web.NewCatalogue(oidc.Texts()))(t)))(t)
	mux := must(web.NewMux(base, pages.Answer))(t)
	face := must(oidc.New(oidc.Options{
		Service: service, Providers: providers, Pages: pages, Cookies: web.NewCookies(base, ""), Public: base, HTTP: client,
		Limiter: must(ephemeral.Open(t.Context(), "", logger))(t), Log: logger,
	}))(t)
	face.Register(mux)
	return web.Frame{Log: logger, Public: base}.Wrap(mux)
}

// outcome is the outcome of the last request.
func (s *site) outcome(t *testing.T) string {
	t.Helper()
	var line map[string]any
	for _, text := range strings.Split(strings.TrimSpace(s.log.String()), "\n") {
		var next map[string]any
		if err := json.Unmarshal([]byte(text), &next); err != nil {
			t.Fatal(err)
		}
		if next["msg"] == "request" {
			line = next
		}
	}
	outcome, _ := line["outcome"].(string)
	return outcome
}

// browser is one browser at the site.
type browser struct {
	site    *site
	cookies map[string]string
}

func (s *site) browser() *browser { return &browser{site: s, cookies: map[string]string{}} }

func (b *browser) do(r *http.Request) *httptest.ResponseRecorder {
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	w := httptest.NewRecorder()
	b.site.handler.ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
			continue
		}
		b.cookies[c.Name] = c.Value
	}
	return w
}

func (b *browser) get(target string) *httptest.ResponseRecorder {
	return b.do(httptest.NewRequest(http.MethodGet, public+target, nil))
}

func (b *browser) post(target string, form url.Values, origin string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, public+target, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", origin)
	return b.do(r)
}

// leave begins a sign-in and returns where the browser is sent.
func (b *browser) leave(t *testing.T, target string) *url.URL {
	t.Helper()
	return wentTo(t, b.get(target))
}

// returning comes back from the provider with a token of these claims.
func (b *browser) returning(t *testing.T, to *url.URL, change func(map[string]any)) *httptest.ResponseRecorder {
	t.Helper()
	code, state := b.site.op.authorize(t, to, func(query url.Values) string {
		claims := claimsFor(query)
		if change != nil {
			change(claims)
		}
		return sign(claims)
	})
	return b.get("/sso/cn-okta/callback?" + url.Values{"code": {code}, "state": {state}}.Encode())
}

// signIn signs the person with a subject in and goes on to the target.
func (b *browser) signIn(t *testing.T, sub string) *httptest.ResponseRecorder {
	t.Helper()
	return b.returning(t, b.leave(t, "/sso/cn-okta?return_to=/b/app"), func(c map[string]any) { c["sub"] = sub })
}

func wentTo(t *testing.T, w *httptest.ResponseRecorder) *url.URL {
	t.Helper()
	if w.Code != http.StatusSeeOther {
		t.Fatalf("status %d, want 303: %s", w.Code, words(w))
	}
	return must(url.Parse(w.Header().Get("Location")))(t)
}

// wantPage checks a refusal: its status, what the log calls it, and that its
// page has a reference, a way back and nothing of the person in it.
func (s *site) wantPage(t *testing.T, w *httptest.ResponseRecorder, status int, outcome string) {
	t.Helper()
	if got := s.outcome(t); w.Code != status || got != outcome {
		t.Errorf("status %d, outcome %q, want %d, %q: %s", w.Code, got, status, outcome, words(w))
	}
	page := w.Body.String()
	for _, part := range []string{"<h1>", "Reference", `class="button"`} {
		if !strings.Contains(page, part) {
			t.Errorf("the page has no %s: %s", part, page)
		}
	}
	for _, private := range []string{"ada@acme", "00uada", "Ada Lovelace", "private words", "oidc.", "{1}", "{2}", "{3}", "{4}"} {
		if strings.Contains(page, private) {
			t.Errorf("the page says %q", private)
		}
	}
	for _, private := range []string{"ada@acme", "00uada", "Ada Lovelace", "private words", ".state", ".secret"} {
		if strings.Contains(s.log.String(), private) {
			t.Errorf("the log says %q", private)
		}
	}
}

func words(w *httptest.ResponseRecorder) string {
	_, main, _ := strings.Cut(w.Body.String(), "<main")
	return main
}

func must[T any](value T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}
