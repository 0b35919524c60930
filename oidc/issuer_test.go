package oidc_test

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"drawbridge/internal/egress"
	"drawbridge/oidc"
	"drawbridge/provisioning"
)

// quiet is a log that nobody reads.
var quiet = slog.New(slog.DiscardHandler)

// sound is a discovery document of an issuer, changed.
func sound(issuer string, change func(map[string]any)) map[string]any {
	d := map[string]any{
		"issuer": issuer, "authorization_endpoint": issuer + "/a", "token_endpoint": issuer + "/t", "jwks_uri": issuer + "/k",
		"response_types_supported": []string{"code"}, "id_token_signing_alg_values_supported": []string{"RS256"},
	}
	if change != nil {
		change(d)
	}
	return d
}

func TestCheckIssuer(t *testing.T) {
	t.Parallel()
	set := func(name string, value any) func(http.ResponseWriter, *http.Request, string) {
		return func(w http.ResponseWriter, _ *http.Request, issuer string) {
			_ = json.NewEncoder(w).Encode(sound(issuer, func(d map[string]any) { d[name] = value }))
		}
	}
	tests := map[string]struct {
		answer func(w http.ResponseWriter, r *http.Request, issuer string)
		kind   error // nil: good
		code   string
	}{
		"sound":         {set("extra", 1), nil, ""},
		"not found":     {func(w http.ResponseWriter, _ *http.Request, _ string) { w.WriteHeader(404) }, provisioning.ErrInvalid, "issuer_no_discovery"},
		"failing":       {func(w http.ResponseWriter, _ *http.Request, _ string) { w.WriteHeader(503) }, provisioning.ErrUnavailable, "issuer_unreachable"},
		"not JSON":      {func(w http.ResponseWriter, _ *http.Request, _ string) { _, _ = w.Write([]byte("<html>")) }, provisioning.ErrInvalid, "issuer_not_json"},
		"huge":          {func(w http.ResponseWriter, _ *http.Request, _ string) { _, _ = w.Write(make([]byte, 300<<10)) }, provisioning.ErrInvalid, "issuer_too_large"},
		"huge and said": {func(w http.ResponseWriter, _ *http.Request, _ string) { w.Header().Set("Content-Length", "9999999") }, provisioning.ErrInvalid, "issuer_too_large"},
		"redirect": {func(w http.ResponseWriter, r *http.Request, _ string) {
			http.Redirect(w, r, "https://evil.example/", http.StatusFound)
		}, provisioning.ErrInvalid, "issuer_redirect"},
		"endless": {func(w http.ResponseWriter, r *http.Request, _ string) {
			http.Redirect(w, r, r.URL.Path, http.StatusFound)
		}, provisioning.ErrInvalid, "issuer_redirect"},
		"slow":            {func(_ http.ResponseWriter, r *http.Request, _ string) { <-r.Context().Done() }, provisioning.ErrUnavailable, "issuer_slow"},
		"other issuer":    {set("issuer", "https://other.example"), provisioning.ErrInvalid, "issuer_other"},
		"no token":        {set("token_endpoint", ""), provisioning.ErrInvalid, "issuer_endpoints"},
		"no keys":         {set("jwks_uri", nil), provisioning.ErrInvalid, "issuer_endpoints"},
		"relative":        {set("authorization_endpoint", "/authorize"), provisioning.ErrInvalid, "issuer_endpoints"},
		"script":          {set("authorization_endpoint", "javascript:alert(1)"), provisioning.ErrInvalid, "issuer_endpoints"},
		"credentials":     {set("token_endpoint", "https://a:b@evil.example/"), provisioning.ErrInvalid, "issuer_endpoints"},
		"shared secrets":  {set("id_token_signing_alg_values_supported", []string{"HS256", "none"}), provisioning.ErrInvalid, "issuer_algorithms"},
		"no code flow":    {set("response_types_supported", []string{"id_token"}), provisioning.ErrInvalid, "issuer_no_code"},
		"no secret":       {set("token_endpoint_auth_methods_supported", []string{"private_key_jwt"}), provisioning.ErrInvalid, "issuer_client_auth"},
		"secret by post":  {set("token_endpoint_auth_methods_supported", []string{"client_secret_post"}), nil, ""},
		"types not lists": {set("response_types_supported", "code"), provisioning.ErrInvalid, "issuer_not_json"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var server *httptest.Server
			server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { tc.answer(w, r, server.URL) }))
			defer server.Close()
			client := egress.New(egress.Options{AllowPrivate: true, Timeout: 2 * time.Second})
			found, err := oidc.NewProviders(client, quiet).CheckIssuer(t.Context(), server.URL)
			if tc.kind == nil {
				if err != nil || found != server.URL {
					t.Errorf("got %q, %v", found, err)
				}
				return
			}
			if !errors.Is(err, tc.kind) || provisioning.Code(err) != tc.code {
				t.Errorf("got code %q, %v; want %q, %v", provisioning.Code(err), err, tc.code, tc.kind)
			}
			if detail := provisioning.Detail(err); !strings.Contains(detail, server.URL) || strings.Contains(detail, "%!") {
				t.Errorf("the detail is %q", detail)
			}
		})
	}
}

func TestCheckIssuerToleratesTheLastSlash(t *testing.T) {
	t.Parallel()
	for _, writes := range []string{"https://p.example", "https://p.example/", "https://p.example/oauth2/default", "https://p.example/t/"} {
		for _, typed := range []string{strings.TrimSuffix(writes, "/"), strings.TrimSuffix(writes, "/") + "/"} {
			op := inProcess{http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if want := strings.TrimSuffix(writes, "/") + "/.well-known/openid-configuration"; r.URL.String() != want {
					t.Errorf("asked %s, want %s", r.URL, want)
				}
				_ = json.NewEncoder(w).Encode(sound(writes, nil))
			})}
			found, err := oidc.NewProviders(&http.Client{Transport: op}, quiet).CheckIssuer(t.Context(), typed)
			if err != nil || found != writes {
				t.Errorf("typed %s: got %q, %v; want %s", typed, found, err, writes)
			}
		}
	}
}

func TestCheckIssuerRefusesWhatIsNotPublic(t *testing.T) {
	t.Parallel()
	reached := false
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	defer server.Close()
	providers := oidc.NewProviders(egress.New(egress.Options{}), quiet)
	for issuer, code := range map[string]string{
		server.URL: "issuer_private",
		strings.Replace(server.URL, "127.0.0.1", "localhost", 1): "issuer_private",
		strings.Replace(server.URL, "https:", "http:", 1):        "issuer_plain_http",
	} {
		if _, err := providers.CheckIssuer(t.Context(), issuer); !errors.Is(err, provisioning.ErrInvalid) || provisioning.Code(err) != code {
			t.Errorf("%s: got code %q, %v; want %q", issuer, provisioning.Code(err), err, code)
		}
	}
	if reached {
		t.Error("a private address was asked")
	}
}

func TestCheckIssuerSaysThatACertificateIsNotTrusted(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(http.NotFoundHandler())
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	defer server.Close()
	_, err := oidc.NewProviders(egress.New(egress.Options{AllowPrivate: true}), quiet).CheckIssuer(t.Context(), server.URL)
	if !errors.Is(err, provisioning.ErrUnavailable) || provisioning.Code(err) != "issuer_certificate" {
		t.Errorf("got %v", err)
	}
}
