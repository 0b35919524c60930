package egress

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// Kinds of refusal. IsTimeout tells the remaining one.
var (
	// ErrPrivateAddress: the host is, or resolves to, an address that is not public.
	ErrPrivateAddress = errors.New("the address is not public")
	// ErrPlainHTTP: the URL is not https and its host is not a private one that was allowed.
	ErrPlainHTTP = errors.New("the address must be https")
	// ErrRedirect: the answer leads to another host, another scheme, or on and on.
	ErrRedirect = errors.New("redirect refused")
	// ErrTooLarge: the body of the answer is longer than allowed.
	ErrTooLarge = errors.New("the answer is too large")
)

const (
	defaultTimeout   = 10 * time.Second
	defaultMaxBody   = 1 << 20
	defaultUserAgent = "Drawbridge"

	stepTimeout    = 5 * time.Second // for connecting, and again for the TLS handshake
	maxHeaderBytes = 64 << 10
	maxRedirects   = 3
)

// Options are the limits of a client. The zero value is the strict one.
type Options struct {
	// AllowPrivate lets loopback and private addresses be reached, and those by
	// plain http too. Link-local addresses, where clouds keep their credentials,
	// multicast and unspecified ones stay refused.
	AllowPrivate bool
	// Timeout bounds a whole exchange, redirects and body included; 10 s if zero.
	Timeout time.Duration
	// MaxBody is the longest body in bytes, after decompression; 1 MiB if zero.
	MaxBody int64
	// UserAgent is sent with requests that name none; "Drawbridge" if empty.
	UserAgent string
	// RootCAs are the authorities to trust; those of the system if nil.
	RootCAs *x509.CertPool
}

// New returns a client that keeps the promises of this package. It may be used
// from several goroutines and for any number of hosts.
func New(o Options) *http.Client {
	o.Timeout = cmp.Or(o.Timeout, defaultTimeout)
	o.MaxBody = cmp.Or(o.MaxBody, defaultMaxBody)
	o.UserAgent = cmp.Or(o.UserAgent, defaultUserAgent)
	return &http.Client{
		Timeout:       o.Timeout,
		CheckRedirect: checkRedirect,
		Transport: &transport{
			options: o,
			secure:  newTransport(o, newGuard(o.AllowPrivate)),
			plain:   newTransport(o, guardPrivateOnly),
		},
	}
}

// IsTimeout reports whether a request, or the reading of its body, failed because
// time ran out.
func IsTimeout(err error) bool {
	var timeout net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout()
}

// transport chooses the guard by the scheme and puts a limit on every body.
type transport struct {
	options       Options
	secure, plain http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	way, err := t.way(r)
	if err != nil {
		closeBody(r)
		return nil, err
	}
	if r.Header.Get("User-Agent") == "" {
		r = r.Clone(r.Context())
		r.Header.Set("User-Agent", t.options.UserAgent)
	}
	answer, err := way.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	return limit(answer, t.options.MaxBody)
}

func (t *transport) way(r *http.Request) (http.RoundTripper, error) {
	switch {
	case r.URL.Scheme == "https":
		return t.secure, nil
	case r.URL.Scheme == "http" && t.options.AllowPrivate:
		return t.plain, nil
	}
	return nil, fmt.Errorf("%s://%s: %w", r.URL.Scheme, r.URL.Host, ErrPlainHTTP)
}

// CloseIdleConnections lets http.Client.CloseIdleConnections reach through.
func (t *transport) CloseIdleConnections() {
	for _, way := range []http.RoundTripper{t.secure, t.plain} {
		if closer, ok := way.(interface{ CloseIdleConnections() }); ok {
			closer.CloseIdleConnections()
		}
	}
}

func newTransport(o Options, check control) *http.Transport {
	dialer := net.Dialer{Timeout: min(stepTimeout, o.Timeout), Control: check}
	return &http.Transport{
		Proxy:                  nil, // a proxy would dial for us, unchecked
		DialContext:            dialer.DialContext,
		TLSClientConfig:        &tls.Config{RootCAs: o.RootCAs, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    min(stepTimeout, o.Timeout),
		ResponseHeaderTimeout:  o.Timeout,
		MaxResponseHeaderBytes: maxHeaderBytes,
		IdleConnTimeout:        time.Minute,
		MaxIdleConnsPerHost:    4,
		MaxIdleConns:           64,
		ForceAttemptHTTP2:      true,
	}
}

// checkRedirect compares with the first request, so that no chain of small steps
// leads away from it.
func checkRedirect(next *http.Request, via []*http.Request) error {
	first := via[0].URL
	switch {
	case len(via) > maxRedirects:
		return fmt.Errorf("%w: more than %d in a row", ErrRedirect, maxRedirects)
	case next.URL.Scheme != first.Scheme || next.URL.Host != first.Host:
		return fmt.Errorf("%w: from %s://%s to %s://%s",
			ErrRedirect, first.Scheme, first.Host, next.URL.Scheme, next.URL.Host)
	}
	return nil
}

func closeBody(r *http.Request) {
	if r.Body != nil {
		r.Body.Close()
	}
}
