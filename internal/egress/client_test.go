package egress

import (
	"compress/gzip"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// lenient returns a client that may reach the tests' own servers.
func lenient(o Options) *http.Client {
	o.AllowPrivate = true
	return New(o)
}

func serve(t *testing.T, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server
}

// fetch gets a URL whole and returns the first error on the way.
func fetch(t *testing.T, client *http.Client, address string) (string, error) {
	t.Helper()
	t.Cleanup(client.CloseIdleConnections)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	return string(body), err
}

func TestPrivateAddressIsRefusedAlsoAfterDNS(t *testing.T) {
	t.Parallel()
	hit := func(http.ResponseWriter, *http.Request) { t.Error("the server was reached") }
	server := httptest.NewTLSServer(http.HandlerFunc(hit))
	t.Cleanup(server.Close)
	port := server.URL[strings.LastIndex(server.URL, ":")+1:]
	for _, host := range []string{"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]"} {
		if _, err := fetch(t, New(Options{}), "https://"+host+":"+port); !errors.Is(err, ErrPrivateAddress) {
			t.Errorf("%s: %v, want ErrPrivateAddress", host, err)
		}
	}
}

func TestPrivateAddressMayBeAllowed(t *testing.T) {
	t.Parallel()
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello") })
	if body, err := fetch(t, lenient(Options{}), server.URL); err != nil || body != "hello" {
		t.Errorf("got %q, %v", body, err)
	}
}

func TestHTTPSReachesATrustedServer(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello") }))
	t.Cleanup(server.Close)
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	if body, err := fetch(t, lenient(Options{RootCAs: roots}), server.URL); err != nil || body != "hello" {
		t.Errorf("trusted: got %q, %v", body, err)
	}
	if _, err := fetch(t, lenient(Options{RootCAs: x509.NewCertPool()}), server.URL); err == nil {
		t.Error("a server that nobody vouches for was believed")
	}
}

func TestPlainHTTPIsRefused(t *testing.T) {
	t.Parallel()
	server := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("the server was reached") })
	for _, address := range []string{server.URL, "http://idp.example", "ftp://idp.example", "file:///etc/passwd"} {
		if _, err := fetch(t, New(Options{}), address); !errors.Is(err, ErrPlainHTTP) {
			t.Errorf("%s: %v, want ErrPlainHTTP", address, err)
		}
	}
}

func TestProxyOfTheEnvironmentIsNotUsed(t *testing.T) {
	proxy := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("the proxy was asked") })
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"} {
		t.Setenv(name, proxy.URL)
	}
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "direct") })
	if body, err := fetch(t, lenient(Options{}), server.URL); err != nil || body != "direct" {
		t.Errorf("got %q, %v", body, err)
	}
	if way := New(Options{}).Transport.(*transport).secure.(*http.Transport); way.Proxy != nil {
		t.Error("https would ask a proxy")
	}
}

func TestRedirects(t *testing.T) {
	t.Parallel()
	other := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("the other host was reached") })
	mux := http.NewServeMux()
	mux.HandleFunc("/end", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "end") })
	mux.Handle("/1", http.RedirectHandler("/end", http.StatusFound))
	mux.Handle("/2", http.RedirectHandler("/1", http.StatusTemporaryRedirect))
	mux.Handle("/3", http.RedirectHandler("/2", http.StatusSeeOther))
	mux.Handle("/4", http.RedirectHandler("/3", http.StatusFound))
	mux.Handle("/loop", http.RedirectHandler("/loop", http.StatusFound))
	mux.Handle("/away", http.RedirectHandler(other.URL, http.StatusFound))
	mux.Handle("/scheme", http.RedirectHandler("file:///etc/passwd", http.StatusFound))
	server := serve(t, mux.ServeHTTP)

	for _, path := range []string{"/1", "/2", "/3"} {
		if body, err := fetch(t, lenient(Options{}), server.URL+path); err != nil || body != "end" {
			t.Errorf("%s: got %q, %v", path, body, err)
		}
	}
	for _, path := range []string{"/4", "/loop", "/away", "/scheme"} {
		if _, err := fetch(t, lenient(Options{}), server.URL+path); !errors.Is(err, ErrRedirect) {
			t.Errorf("%s: %v, want ErrRedirect", path, err)
		}
	}
}

func TestRedirectFromHTTPSToHTTPIsRefused(t *testing.T) {
	t.Parallel()
	request := func(address string) *http.Request {
		target, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		return &http.Request{URL: target}
	}
	first := request("https://idp.example/a")
	for address, want := range map[string]error{
		"https://idp.example/b":          nil,
		"http://idp.example/b":           ErrRedirect,
		"https://idp.example:8443/b":     ErrRedirect,
		"https://idp.example.evil.com/b": ErrRedirect,
	} {
		if err := checkRedirect(request(address), []*http.Request{first}); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", address, err, want)
		}
	}
}

func TestBodyIsLimited(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	mux.HandleFunc("/announced/{n}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", r.PathValue("n"))
		io.Copy(w, strings.NewReader(strings.Repeat("x", length(r))))
	})
	mux.HandleFunc("/chunked/{n}", func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		io.Copy(w, strings.NewReader(strings.Repeat("x", length(r))))
	})
	mux.HandleFunc("/packed/{n}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		pack := gzip.NewWriter(w)
		io.Copy(pack, strings.NewReader(strings.Repeat("x", length(r))))
		pack.Close()
	})
	server := serve(t, mux.ServeHTTP)
	client := lenient(Options{MaxBody: 1000})
	for _, way := range []string{"/announced/", "/chunked/", "/packed/"} {
		for n, want := range map[string]error{"0": nil, "999": nil, "1000": nil, "1001": ErrTooLarge, "100000": ErrTooLarge} {
			body, err := fetch(t, client, server.URL+way+n)
			if !errors.Is(err, want) || err == nil && fmt.Sprint(len(body)) != n || len(body) > 1000 {
				t.Errorf("%s%s: %d bytes, %v, want %v", way, n, len(body), err, want)
			}
		}
	}
}

func length(r *http.Request) (n int) {
	fmt.Sscan(r.PathValue("n"), &n)
	return n
}

func TestEndlessBodyEnds(t *testing.T) {
	t.Parallel()
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 32<<10)); err != nil {
				return
			}
		}
	})
	body, err := fetch(t, lenient(Options{}), server.URL)
	if !errors.Is(err, ErrTooLarge) || len(body) != defaultMaxBody {
		t.Errorf("%d bytes, %v", len(body), err)
	}
}

func TestHugeHeaderIsRefused(t *testing.T) {
	t.Parallel()
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Large", strings.Repeat("x", 2*maxHeaderBytes))
	})
	if _, err := fetch(t, lenient(Options{}), server.URL); err == nil {
		t.Error("the header was read")
	}
}

func TestSlowServerTimesOut(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	mux.HandleFunc("/header", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	mux.HandleFunc("/body", func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "begin")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	server := serve(t, mux.ServeHTTP)
	for _, path := range []string{"/header", "/body"} {
		if _, err := fetch(t, lenient(Options{Timeout: 50 * time.Millisecond}), server.URL+path); !IsTimeout(err) {
			t.Errorf("%s: %v, want a timeout", path, err)
		}
	}
}

func TestSilentTLSServerTimesOut(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	client := lenient(Options{Timeout: 50 * time.Millisecond})
	if _, err := fetch(t, client, "https://"+listener.Addr().String()); !IsTimeout(err) {
		t.Errorf("%v, want a timeout", err)
	}
}

func TestIsTimeout(t *testing.T) {
	t.Parallel()
	for err, want := range map[error]bool{
		fmt.Errorf("read: %w", context.DeadlineExceeded): true,
		context.Canceled:  false,
		ErrPrivateAddress: false,
	} {
		if IsTimeout(err) != want {
			t.Errorf("IsTimeout(%v) = %v", err, !want)
		}
	}
	if IsTimeout(nil) {
		t.Error("IsTimeout(nil)")
	}
}

func TestUserAgent(t *testing.T) {
	t.Parallel()
	server := serve(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.UserAgent()) })
	for given, want := range map[string]string{"": "Drawbridge", "Drawbridge/1.2": "Drawbridge/1.2"} {
		if body, err := fetch(t, lenient(Options{UserAgent: given}), server.URL); err != nil || body != want {
			t.Errorf("sent %q, %v, want %q", body, err, want)
		}
	}
}
