package web

import (
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
)

// Middleware wraps a handler in a step that every request passes.
type Middleware func(http.Handler) http.Handler

// Chain wraps h so that the first middleware sees a request first.
func Chain(h http.Handler, steps ...Middleware) http.Handler {
	for _, step := range slices.Backward(steps) {
		h = step(h)
	}
	return h
}

// Frame is what the standard chain needs to know.
type Frame struct {
	Log     *slog.Logger
	Public  *url.URL       // base of every URL that the bridge gives out
	Proxies []netip.Prefix // whose X-Forwarded-For and X-Forwarded-Proto are believed
}

// Wrap puts the standard chain round a mux, in the one order in which it is right: the log line sees the status that
// Recover answers, and Recover's answer carries the security headers.
func (f Frame) Wrap(m *Mux) http.Handler {
	return Chain(m,
		RequestID,
		ClientAddress(f.Proxies),
		LogRequests(f.Log),
		SecurityHeaders(f.Public.Scheme == "https"),
		Recover(m.Answer),
	)
}
