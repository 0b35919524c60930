package testenv

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"testing"
)

const callback = "http://127.0.0.1:1/sso/con/callback"

// endpoints is what a discovery document says of where to go.
type endpoints struct {
	Issuer        string `json:"issuer"`
	Authorization string `json:"authorization_endpoint"`
	Token         string `json:"token_endpoint"`
	EndSession    string `json:"end_session_endpoint"`
	IssPromised   bool   `json:"authorization_response_iss_parameter_supported"`
}

func TestOIDCProviderSignsInAndOut(t *testing.T) {
	t.Parallel()
	issuer := OIDCProvider(t, OIDCConfig{Accounts: []OIDCAccount{{ID: "00uada", Claims: map[string]any{
		"email": "ada@acme.example", "email_verified": true, "name": "Ada", "employee": "17", "groups": []string{"soc"},
	}}}})
	SetOIDCClients(t, issuer, OIDCClient{
		ID: "bridge", Secret: "s3cret", RedirectURIs: []string{callback}, PostLogoutRedirectURIs: []string{"http://127.0.0.1:1/"},
	})
	found := discover(t, issuer)
	if found.Issuer != issuer || !found.IssPromised {
		t.Fatalf("discovery says %+v", found)
	}

	browser := newBrowser(t)
	verifier := rand.Text() + rand.Text()
	page := get(t, browser, authorization(found, verifier))
	answer := postTo(t, browser, page.Request.URL, url.Values{"login": {"00uada"}})
	arrived := location(t, answer)
	if !strings.HasPrefix(arrived.String(), callback) {
		t.Fatalf("the sign-in ended at %s (%s)", arrived, answer.Status)
	}
	query := arrived.Query()
	if query.Get("iss") != issuer || query.Get("state") != "st4te" {
		t.Errorf("the callback carries %v", query)
	}

	idToken := redeem(t, found, query.Get("code"), verifier)
	claims := payload(t, idToken)
	for name, want := range map[string]any{
		"iss": issuer, "sub": "00uada", "aud": "bridge", "nonce": "n0nce", "email": "ada@acme.example", "name": "Ada", "employee": "17",
	} {
		if claims[name] != want {
			t.Errorf("claim %s is %v, want %v", name, claims[name], want)
		}
	}
	if groups, _ := claims["groups"].([]any); !slices.Equal(groups, []any{"soc"}) {
		t.Errorf("claim groups is %v", claims["groups"])
	}

	signOut(t, browser, found, idToken)
	if again := get(t, browser, authorization(found, verifier)); again.StatusCode != http.StatusOK {
		t.Errorf("after the sign-out the provider answers %s, not its sign-in page", again.Status)
	}
}

func TestOIDCProviderRefuses(t *testing.T) {
	t.Parallel()
	issuer := OIDCProvider(t, OIDCConfig{Clients: []OIDCClient{{ID: "bridge", Secret: "s3cret", RedirectURIs: []string{callback}}}})
	found := discover(t, issuer)
	browser := newBrowser(t)
	page := get(t, browser, authorization(found, "v"))

	if answer := postTo(t, browser, page.Request.URL, url.Values{"login": {"nobody"}}); answer.StatusCode != http.StatusBadRequest {
		t.Errorf("an unknown account: %s", answer.Status)
	}
	SetOIDCAccounts(t, issuer, OIDCAccount{ID: "nobody"})
	if arrived := location(t, postTo(t, browser, page.Request.URL, url.Values{"cancel": {"1"}})); arrived.Query().Get("error") != "access_denied" {
		t.Errorf("a cancelled sign-in arrives at %s", arrived)
	}
	without := strings.ReplaceAll(authorization(found, "v"), "code_challenge", "ignored")
	if arrived := location(t, get(t, browser, without)); arrived.Query().Get("error") != "invalid_request" {
		t.Errorf("a request without PKCE arrives at %s", arrived)
	}
}

// newBrowser keeps cookies, and follows redirects as long as they stay at the provider.
func newBrowser(t *testing.T) *http.Client {
	t.Helper()
	jar := must(cookiejar.New(nil))(t)
	return &http.Client{Jar: jar, CheckRedirect: func(next *http.Request, via []*http.Request) error {
		if next.URL.Host != via[0].URL.Host || len(via) > 10 {
			return http.ErrUseLastResponse
		}
		return nil
	}}
}

func authorization(found endpoints, verifier string) string {
	challenge := sha256.Sum256([]byte(verifier))
	return found.Authorization + "?" + url.Values{
		"client_id": {"bridge"}, "redirect_uri": {callback}, "response_type": {"code"},
		"scope": {"openid email profile groups"}, "state": {"st4te"}, "nonce": {"n0nce"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])}, "code_challenge_method": {"S256"},
	}.Encode()
}

func discover(t *testing.T, issuer string) (found endpoints) {
	t.Helper()
	response := get(t, http.DefaultClient, issuer+"/.well-known/openid-configuration")
	if err := json.NewDecoder(response.Body).Decode(&found); err != nil {
		t.Fatal(err)
	}
	return found
}

func redeem(t *testing.T, found endpoints, code, verifier string) (idToken string) {
	t.Helper()
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}, "code_verifier": {verifier}}
	request := must(http.NewRequestWithContext(t.Context(), http.MethodPost, found.Token, strings.NewReader(form.Encode())))(t)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth("bridge", "s3cret")
	var tokens struct {
		IDToken string `json:"id_token"`
	}
	response := send(t, http.DefaultClient, request)
	if err := json.NewDecoder(response.Body).Decode(&tokens); err != nil || tokens.IDToken == "" {
		t.Fatalf("the token endpoint answers %s (%v)", response.Status, err)
	}
	return tokens.IDToken
}

// payload reads a token's claims. Checking signatures is what the users of this package test.
func payload(t *testing.T, idToken string) (claims map[string]any) {
	t.Helper()
	_, rest, _ := strings.Cut(idToken, ".")
	middle, _, _ := strings.Cut(rest, ".")
	if err := json.Unmarshal(must(base64.RawURLEncoding.DecodeString(middle))(t), &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}

func signOut(t *testing.T, browser *http.Client, found endpoints, idToken string) {
	t.Helper()
	query := url.Values{"id_token_hint": {idToken}, "post_logout_redirect_uri": {"http://127.0.0.1:1/"}, "state": {"bye"}}
	page := get(t, browser, found.EndSession+"?"+query.Encode())
	text := string(must(io.ReadAll(page.Body))(t))
	_, rest, _ := strings.Cut(text, `name="xsrf" value="`)
	secret, _, _ := strings.Cut(rest, `"`)
	confirm := must(url.Parse(found.EndSession + "/confirm"))(t)
	answer := postTo(t, browser, confirm, url.Values{"xsrf": {secret}, "logout": {"yes"}})
	if arrived := location(t, answer); arrived.String() != "http://127.0.0.1:1/?state=bye" {
		t.Errorf("the sign-out ended at %s (%s)", arrived, answer.Status)
	}
}

func get(t *testing.T, client *http.Client, address string) *http.Response {
	t.Helper()
	return send(t, client, must(http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil))(t))
}

func postTo(t *testing.T, client *http.Client, address *url.URL, form url.Values) *http.Response {
	t.Helper()
	request := must(http.NewRequestWithContext(t.Context(), http.MethodPost, address.String(), strings.NewReader(form.Encode())))(t)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return send(t, client, request)
}

func send(t *testing.T, client *http.Client, request *http.Request) *http.Response {
	t.Helper()
	response := must(client.Do(request))(t)
	t.Cleanup(func() { response.Body.Close() })
	return response
}

// location is where an answer sends the browser, which for an answer that sends it nowhere is nowhere.
func location(t *testing.T, response *http.Response) *url.URL {
	t.Helper()
	arrived, err := response.Location()
	if err != nil {
		return &url.URL{}
	}
	return arrived
}
