package oidc

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"drawbridge/internal/egress"
)

const (
	fetchTimeout  = 10 * time.Second
	maxDocument   = 256 << 10 // bytes of a discovery document or of userinfo
	wellKnownPath = "/.well-known/openid-configuration"
)

// document is what a discovery document says (OpenID Connect Discovery 1.0
// section 3), as far as it matters here.
type document struct {
	Issuer        string   `json:"issuer"`
	Authorization string   `json:"authorization_endpoint"`
	Token         string   `json:"token_endpoint"`
	UserInfo      string   `json:"userinfo_endpoint"`
	Keys          string   `json:"jwks_uri"`
	Algorithms    []string `json:"id_token_signing_alg_values_supported"`
	ResponseTypes []string `json:"response_types_supported"`
	AuthMethods   []string `json:"token_endpoint_auth_methods_supported"`
	IssPromised   bool     `json:"authorization_response_iss_parameter_supported"` // RFC 9207 section 3
}

// discoveryURL is where an issuer's document stands. A slash at the end of the
// issuer does not count (OpenID Connect Discovery 1.0 section 4).
func discoveryURL(issuer string) string { return strings.TrimSuffix(issuer, "/") + wellKnownPath }

// fetchDocument reads the document of an issuer and checks that it is its own,
// which same decides, and of use. With errOtherIssuer it returns the document.
func fetchDocument(ctx context.Context, client *http.Client, issuer string, same func(found string) bool) (document, error) {
	body, err := fetch(ctx, client, discoveryURL(issuer), "", maxDocument)
	if err != nil {
		return document{}, err
	}
	var d document
	if err := json.Unmarshal(body, &d); err != nil {
		return document{}, fmt.Errorf("%w: %w", errNotJSON, err)
	}
	if !same(d.Issuer) {
		return d, errOtherIssuer
	}
	return d, d.check()
}

// check refuses a document by which nobody could sign in.
func (d document) check() error {
	for _, endpoint := range []string{d.Authorization, d.Token, d.Keys} {
		if !d.leads(endpoint) {
			return errEndpoints
		}
	}
	switch {
	case d.UserInfo != "" && !d.leads(d.UserInfo):
		return errEndpoints
	case len(d.algorithms()) == 0:
		return errAlgorithms
	case len(d.ResponseTypes) > 0 && !slices.Contains(d.ResponseTypes, "code"):
		return errNoCode
	case d.authStyle() == oauth2.AuthStyleAutoDetect:
		return errClientAuth
	}
	return nil
}

// leads accepts an absolute https URL, and a plain one where the issuer itself
// is plain. Our own client is stricter still; this is for the browser's sake.
func (d document) leads(endpoint string) bool {
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" || len(endpoint) > 2048 {
		return false
	}
	return u.Scheme == "https" || u.Scheme == "http" && strings.HasPrefix(d.Issuer, "http://")
}

// algorithms are those by which the provider signs and which we accept.
func (d document) algorithms() []string {
	if len(d.Algorithms) == 0 {
		return []string{"RS256"} // what every provider must support
	}
	var both []string
	for _, alg := range acceptedAlgorithms {
		if slices.Contains(d.Algorithms, string(alg)) {
			both = append(both, string(alg))
		}
	}
	return both
}

// authStyle is how the client secret is sent. AuthStyleAutoDetect means: not
// at all, the provider takes none.
func (d document) authStyle() oauth2.AuthStyle {
	switch {
	case len(d.AuthMethods) == 0, slices.Contains(d.AuthMethods, "client_secret_basic"):
		return oauth2.AuthStyleInHeader
	case slices.Contains(d.AuthMethods, "client_secret_post"):
		return oauth2.AuthStyleInParams
	default:
		return oauth2.AuthStyleAutoDetect
	}
}

// fetch reads a JSON resource of a provider, with a bearer token if one is
// given, and fails above limit bytes or with any status but 200.
func fetch(ctx context.Context, client *http.Client, address, bearer string, limit int64) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil) //nolint:gosec // an egress client reaches public addresses alone
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept", "application/json")
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	answer, err := client.Do(r) //nolint:gosec // as above
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, statusError(answer.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, limit+1))
	if err == nil && int64(len(body)) > limit {
		err = fmt.Errorf("%w: more than %d bytes", egress.ErrTooLarge, limit)
	}
	return body, err
}
