package app

import (
	"net/url"
	"testing"
)

func TestNameInFrontOfAMailServer(t *testing.T) {
	t.Parallel()
	for public, want := range map[string]string{
		"https://bridge.acme.example/access": "bridge.acme.example", "http://localhost:8080": "localhost",
		"http://127.0.0.1:8080": "[127.0.0.1]", "https://[2001:db8::1]:8443": "[IPv6:2001:db8::1]",
	} {
		u, err := url.Parse(public)
		if err != nil {
			t.Fatal(err)
		}
		if got := helloName(u); got != want {
			t.Errorf("of %s: %s, want %s", public, got, want)
		}
	}
}
