package web

import (
	"context"
	"net/http"
	"net/netip"
	"strings"
)

// Client is the far end of a request as far as it can be known.
type Client struct {
	Addr  netip.Addr // zero when the transport has none
	HTTPS bool       // whether the client's own connection was https
}

type clientKey struct{}

// ClientOf is the client of the request to which ctx belongs; the zero Client outside of one. An address is for rate
// windows and the audit trail, never for the log.
func ClientOf(ctx context.Context) Client {
	c, _ := ctx.Value(clientKey{}).(Client)
	return c
}

// ClientAddress finds the client behind trusted proxies. X-Forwarded-For is walked from the right for as long as the
// hop that vouches for the next one is trusted; what stands further left is anybody's invention. From an untrusted
// peer both headers are ignored.
func ClientAddress(trusted []netip.Prefix) Middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			c := Client{Addr: parseHop(r.RemoteAddr), HTTPS: r.TLS != nil}
			if contains(trusted, c.Addr) {
				c.HTTPS = c.HTTPS || lastItem(r.Header.Values("X-Forwarded-Proto")) == "https"
				c.Addr = walkForwarded(c.Addr, r.Header.Values("X-Forwarded-For"), trusted)
			}
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), clientKey{}, c)))
		})
	}
}

// walkForwarded returns the first hop from the right that is not trusted, or the furthest one that can be read.
func walkForwarded(hop netip.Addr, headers []string, trusted []netip.Prefix) netip.Addr {
	rest := strings.Join(headers, ",")
	for rest != "" && contains(trusted, hop) {
		var item string
		rest, item = cutLast(rest)
		next := parseHop(item)
		if !next.IsValid() {
			break
		}
		hop = next
	}
	return hop
}

func cutLast(list string) (rest, item string) {
	if i := strings.LastIndexByte(list, ','); i >= 0 {
		return list[:i], strings.TrimSpace(list[i+1:])
	}
	return "", strings.TrimSpace(list)
}

func lastItem(headers []string) string {
	_, item := cutLast(strings.Join(headers, ","))
	return strings.ToLower(item)
}

// parseHop reads "192.0.2.1", "192.0.2.1:443", "2001:db8::1", "[2001:db8::1]" and "[2001:db8::1]:443". IPv4 in IPv6
// becomes IPv4, so that one prefix covers both spellings.
func parseHop(s string) netip.Addr {
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return ap.Addr().Unmap().WithZone("")
	}
	s = strings.TrimSuffix(strings.TrimPrefix(s, "["), "]")
	a, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Addr{}
	}
	return a.Unmap().WithZone("")
}

func contains(prefixes []netip.Prefix, a netip.Addr) bool {
	for _, p := range prefixes {
		if p.Contains(a) {
			return true
		}
	}
	return false
}
