package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"
)

const checkTimeout = 2 * time.Second

// Check is one thing that readiness looks at.
type Check struct {
	Name    string // snake_case, shown to whoever asks
	Decides bool   // a fault makes the process not ready; otherwise it is only reported
	Probe   func(context.Context) error
}

// Healthz answers 200 as long as the process answers at all.
func Healthz(w http.ResponseWriter, r *http.Request) error {
	EventOf(r.Context()).Quiet = true
	WriteJSON(w, http.StatusOK, map[string]string{"status": "ok"})
	return nil
}

type readiness struct {
	Status string            `json:"status"`
	Checks map[string]string `json:"checks"`
}

// Readyz answers 200 when every deciding check passes within 2 s, else 503. The body names the checks as "ok" or
// "fault"; why stands in the log alone.
func Readyz(checks ...Check) Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		e, status := EventOf(r.Context()), http.StatusOK
		e.Quiet = true
		answer := readiness{Status: "ready", Checks: map[string]string{}}
		for i, err := range runChecks(r.Context(), checks) {
			answer.Checks[checks[i].Name] = "ok"
			if err == nil {
				continue
			}
			answer.Checks[checks[i].Name] = "fault"
			e.Fail("check_failed", errors.Join(e.Err, fmt.Errorf("%s: %w", checks[i].Name, err)))
			e.Quiet = false
			if checks[i].Decides {
				answer.Status, status = "not ready", http.StatusServiceUnavailable
			}
		}
		WriteJSON(w, status, answer)
		return nil
	}
}

func runChecks(ctx context.Context, checks []Check) []error {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	faults := make([]error, len(checks))
	var all sync.WaitGroup
	for i, c := range checks {
		all.Go(func() { faults[i] = c.Probe(ctx) })
	}
	all.Wait()
	return faults
}
