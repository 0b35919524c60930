package web

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"time"
)

// RequestEvent is what one request turned out to be. Handlers fill it while they work; it becomes the one log line of
// the request. It holds ids and fixed words only: no name, no address, no secret, no query. It belongs to the
// goroutine of the request.
type RequestEvent struct {
	WorkspaceID string
	DirectoryID string
	TokenID     string
	UserID      string
	ResourceID  string
	Route       string // the pattern that matched, set by the mux; a raw mount may set its own
	Outcome     string // a fixed snake_case word, such as "cross_site"
	Err         error  // what went wrong inside; only for faults of ours, never shown outside
	Quiet       bool   // logged at debug level: probes and static files

	stack []byte // of a panic
}

type eventKey struct{}

// EventOf is the event of the request to which ctx belongs. Outside of one it is an event that nobody reads.
func EventOf(ctx context.Context) *RequestEvent {
	if e, ok := ctx.Value(eventKey{}).(*RequestEvent); ok {
		return e
	}
	return &RequestEvent{}
}

// Fail notes how the request failed: the outcome's word and, for a fault of ours, the error behind it.
func (e *RequestEvent) Fail(outcome string, err error) {
	e.Outcome, e.Err = outcome, err
}

// LogRequests opens a RequestEvent and writes one line when the request is over, at error level from status 500 on.
func LogRequests(log *slog.Logger) Middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			start, e, rec := time.Now(), &RequestEvent{}, &recorder{ResponseWriter: w}
			ctx := context.WithValue(r.Context(), eventKey{}, e)
			defer func() {
				log.LogAttrs(ctx, e.level(rec.status), "request", e.attrs(r, rec, time.Since(start))...)
			}()
			next.ServeHTTP(rec, r.WithContext(ctx))
		})
	}
}

func (e *RequestEvent) level(status int) slog.Level {
	switch {
	case status >= http.StatusInternalServerError && status != http.StatusNotImplemented:
		return slog.LevelError
	case e.Quiet:
		return slog.LevelDebug
	default:
		return slog.LevelInfo
	}
}

func (e *RequestEvent) attrs(r *http.Request, rec *recorder, took time.Duration) []slog.Attr {
	attrs := []slog.Attr{
		slog.String("request_id", RequestIDOf(r.Context())),
		slog.String("method", knownMethod(r.Method)),
		slog.String("route", e.Route),
		slog.Int("status", rec.answered()),
		slog.Int64("bytes", rec.bytes),
		slog.Float64("duration_ms", float64(took.Microseconds())/1000),
	}
	for _, f := range [...]struct{ key, value string }{
		{"workspace_id", e.WorkspaceID},
		{"directory_id", e.DirectoryID},
		{"token_id", e.TokenID},
		{"user_id", e.UserID},
		{"resource_id", e.ResourceID},
		{"outcome", e.Outcome},
		{"stack", string(e.stack)},
	} {
		if f.value != "" {
			attrs = append(attrs, slog.String(f.key, f.value))
		}
	}
	if e.Err != nil {
		attrs = append(attrs, slog.String("error", e.Err.Error()))
	}
	return attrs
}

var methods = []string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut,
	http.MethodPatch, http.MethodDelete, http.MethodOptions,
}

// knownMethod keeps a stranger from writing words of his own into the log: a method may be any token.
func knownMethod(method string) string {
	if slices.Contains(methods, method) {
		return method
	}
	return "other"
}
