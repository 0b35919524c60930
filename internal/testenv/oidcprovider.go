package testenv

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"testing"
	"time"
)

// providerStart bounds the start of the OpenID provider, which takes about a second on an idle machine.
const providerStart = 30 * time.Second

// OIDCConfig says whom and what the OpenID provider knows.
type OIDCConfig struct {
	Clients  []OIDCClient  `json:"clients"`
	Accounts []OIDCAccount `json:"accounts"`
}

// OIDCClient is a client registered with the provider. It authenticates with client_secret_basic and must use
// PKCE with S256.
type OIDCClient struct {
	ID                     string   `json:"client_id"`
	Secret                 string   `json:"client_secret"`
	RedirectURIs           []string `json:"redirect_uris"`
	PostLogoutRedirectURIs []string `json:"post_logout_redirect_uris,omitempty"`
}

// OIDCAccount is a person who can sign in at the provider. ID is the `sub` of that person's tokens; Claims are the
// others, given in the ID token and by userinfo as far as the scopes asked for reach: `email`, `profile` (custom
// claims that OIDCProvider was started with, too) and `groups`.
type OIDCAccount struct {
	ID     string         `json:"id"`
	Claims map[string]any `json:"claims"`
}

// OIDCProvider starts the certified OpenID provider of tools/oidc-provider on a loopback port, stops it when the
// test ends, and returns its issuer.
//
// Somebody signs in at its page by posting the field `login` with an account's id to the page's own address; the
// field `cancel` instead answers access_denied. Consent is not asked for. The callback carries `iss`.
func OIDCProvider(t testing.TB, config OIDCConfig) (issuer string) {
	t.Helper()
	process := exec.Command("node", "server.mjs")
	process.Dir = required(t, "oidc-provider", oidcProviderVariable)
	process.Env = append(os.Environ(), "PORT=0")
	problems := &bytes.Buffer{}
	process.Stderr = problems
	input := must(process.StdinPipe())(t)
	output := must(process.StdoutPipe())(t)
	if err := process.Start(); err != nil {
		t.Fatalf("starting the OpenID provider: %v", err)
	}
	t.Cleanup(func() { stop(t, process, input) })

	if err := json.NewEncoder(input).Encode(config); err != nil {
		t.Fatalf("configuring the OpenID provider: %v", err)
	}
	started := make(chan string, 1)
	go func() { started <- readIssuer(output) }()
	select {
	case issuer = <-started:
	case <-time.After(providerStart):
	}
	if issuer == "" {
		stop(t, process, input)
		t.Fatalf("the OpenID provider did not start:\n%s", problems)
	}
	return issuer
}

// SetOIDCClients replaces the clients of a running provider. A redirect URI is often known only once the issuer
// has been discovered.
func SetOIDCClients(t testing.TB, issuer string, clients ...OIDCClient) {
	t.Helper()
	put(t, issuer+"/test/clients", clients)
}

// SetOIDCAccounts replaces the accounts of a running provider.
func SetOIDCAccounts(t testing.TB, issuer string, accounts ...OIDCAccount) {
	t.Helper()
	put(t, issuer+"/test/accounts", accounts)
}

// readIssuer reads the provider's one line. It is empty when the provider ended without having written it.
func readIssuer(output io.Reader) string {
	var line struct {
		Ready  bool   `json:"ready"`
		Issuer string `json:"issuer"`
	}
	if err := json.NewDecoder(bufio.NewReader(output)).Decode(&line); err != nil || !line.Ready {
		return ""
	}
	return line.Issuer
}

// stop closes the provider's standard input, on which it ends, and kills it if it does not. It may be called twice.
func stop(t testing.TB, process *exec.Cmd, input io.Closer) {
	t.Helper()
	if process.ProcessState != nil {
		return
	}
	_ = input.Close()
	killer := time.AfterFunc(10*time.Second, func() { _ = process.Process.Kill() })
	defer killer.Stop()
	if err := process.Wait(); err != nil {
		t.Logf("the OpenID provider ended with: %v", err)
	}
}

func put(t testing.TB, address string, value any) {
	t.Helper()
	body := must(json.Marshal(value))(t)
	request := must(http.NewRequestWithContext(t.Context(), http.MethodPut, address, bytes.NewReader(body)))(t)
	response := must(http.DefaultClient.Do(request))(t)
	defer response.Body.Close()
	if response.StatusCode != http.StatusNoContent {
		text, _ := io.ReadAll(response.Body)
		t.Fatalf("PUT %s: %s: %s", address, response.Status, text)
	}
}

// must returns the value of a call that a test cannot go on without.
func must[T any](value T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}
