package web_test

import (
	"net/url"
	"strings"
	"testing"

	"drawbridge/internal/web"
)

func TestSafeReturn(t *testing.T) {
	t.Parallel()
	tests := []struct{ public, target, want string }{
		{"https://bridge.example", "/console/acme/users?q=a%2Fb&x=1", "/console/acme/users?q=a%2Fb&x=1"},
		{"https://bridge.example", "/", "/"},
		{"https://bridge.example", "/a/", "/a/"},
		{"https://bridge.example", "/a#part", "/a"},
		{"https://bridge.example", "https://bridge.example/a?b=c", "/a?b=c"},
		{"https://bridge.example", "HTTPS://BRIDGE.example:443/a", "/a"},
		{"https://bridge.example/bridge", "/bridge/login", "/bridge/login"},
		{"https://bridge.example/bridge", "/app", "/app"},
		{"http://127.0.0.1:8080", "http://127.0.0.1:8080/a", "/a"},
		{"https://bridge.example/bridge", "https://evil.example/", "/bridge"},
	}
	for _, tt := range tests {
		if got := web.SafeReturn(tt.target, mustURL(t, tt.public)); got != tt.want {
			t.Errorf("%q at %s: %q, want %q", tt.target, tt.public, got, tt.want)
		}
	}
}

var hostileTargets = []string{
	"", "a", "?a", "#a", "//evil.example", "///evil.example", "/\\evil.example", "\\/evil.example", "\\\\evil.example",
	"/\t/evil.example", "/\n/evil.example", "\t//evil.example", " //evil.example", "/ /evil", "/\x00", "/\x7f", "/é",
	"https:evil.example", "https:/evil.example", "https:///evil.example", "https://evil.example/", "http://bridge.example/",
	"https://bridge.example:8443/", "https://bridge.example@evil.example/", "https://user@bridge.example/a",
	"https://bridge.example.evil.example/", "https://bridge.example", "javascript:alert(1)", "data:text/html,x",
	"/%2f/evil.example", "/%2F%2Fevil.example", "/%5cevil.example", "/%252f%252fevil.example", "/%09/evil.example",
	"/..//evil.example", "/a/..//evil.example", "/.//evil.example", "/%2e%2e//evil.example", "/a//b", "/a/../b", "/%zz",
	"//bridge.example/a", "/" + strings.Repeat("a", 2048),
}

func TestSafeReturnRefuses(t *testing.T) {
	t.Parallel()
	for _, target := range hostileTargets {
		if got := web.SafeReturn(target, mustURL(t, "https://bridge.example")); got != "/" {
			t.Errorf("%q: %q", target, got)
		}
	}
}

func FuzzSafeReturn(f *testing.F) {
	for _, seed := range append(hostileTargets, "/console?x=//y", "https://bridge.example/a?b#c") {
		f.Add(seed)
	}
	public, err := url.Parse("https://bridge.example/bridge")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, target string) {
		got := web.SafeReturn(target, public)
		u, err := public.Parse(got)
		if err != nil || u.Scheme != "https" || u.Host != "bridge.example" || u.User != nil {
			t.Errorf("%q: %q leaves the origin for net/url: %v", target, got, u)
		}
		if leavesOriginInBrowsers(got) {
			t.Errorf("%q: %q leaves the origin for browsers", target, got)
		}
		if plain, err := url.PathUnescape(got); err != nil && !strings.Contains(got, "?") || leavesOriginInBrowsers(strings.SplitN(plain, "?", 2)[0]) && !strings.Contains(got, "?") {
			t.Errorf("%q: %q leaves the origin when decoded", target, got)
		}
		if again := web.SafeReturn(got, public); again != got {
			t.Errorf("%q: %q becomes %q", target, got, again)
		}
	})
}

// leavesOriginInBrowsers reads a reference as the URL Standard does for an https base: spaces around it and tabs and
// line ends in it are dropped, a backslash is a slash, two slashes begin a host, and so does a scheme.
func leavesOriginInBrowsers(ref string) bool {
	ref = strings.TrimFunc(ref, func(r rune) bool { return r <= ' ' })
	ref = strings.NewReplacer("\t", "", "\n", "", "\r", "", `\`, "/").Replace(ref)
	return !strings.HasPrefix(ref, "/") || strings.HasPrefix(ref, "//")
}
