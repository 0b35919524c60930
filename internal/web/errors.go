package web

import (
	"errors"
	"net/http"
)

// Kinds of error that the frame itself meets. Each face answers them in its own protocol; [Status] is what they mean
// in HTTP.
var (
	ErrNoRoute   = errors.New("no such page")
	ErrMethod    = errors.New("method not allowed here")
	ErrCrossSite = errors.New("sent from another site")
	ErrTooLarge  = errors.New("request body too large")
	ErrPanic     = errors.New("panic")
)

// Handler answers a request or returns an error having written nothing, and its face answers that.
type Handler func(w http.ResponseWriter, r *http.Request) error

// Answer answers an error in the way of one face. It sets outcome and, for a fault of ours, error of the RequestEvent.
type Answer func(w http.ResponseWriter, r *http.Request, err error)

// RefusalError makes the people's face answer with the given page.
type RefusalError struct {
	Status  int    // HTTP status of the page
	Outcome string // a fixed snake_case word for the log
	Page    Refusal
	Cause   error // logged from status 500 on, never shown; may be nil
}

func (e *RefusalError) Error() string { return "refused: " + e.Outcome }

func (e *RefusalError) Unwrap() error { return e.Cause }

// Status is the HTTP status of an error of the frame, and 500 for every other one.
func Status(err error) int {
	status, _ := classify(err)
	return status
}

func classify(err error) (status int, outcome string) {
	var refused *RefusalError
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &refused):
		return refused.Status, refused.Outcome
	case errors.Is(err, ErrNoRoute):
		return http.StatusNotFound, "no_route"
	case errors.Is(err, ErrMethod):
		return http.StatusMethodNotAllowed, "method_not_allowed"
	case errors.Is(err, ErrCrossSite):
		return http.StatusForbidden, "cross_site"
	case errors.Is(err, ErrTooLarge), errors.As(err, &tooLarge):
		return http.StatusRequestEntityTooLarge, "too_large"
	default:
		return http.StatusInternalServerError, "fault"
	}
}

// note writes an error into the event of its request and returns its status. Only faults of ours keep their text.
func note(r *http.Request, err error) (status int, outcome string) {
	status, outcome = classify(err)
	EventOf(r.Context()).Fail(outcome, faultOf(status, err))
	return status, outcome
}

func faultOf(status int, err error) error {
	var refused *RefusalError
	switch {
	case status < http.StatusInternalServerError:
		return nil
	case errors.As(err, &refused) && refused.Cause != nil:
		return refused.Cause
	default:
		return err
	}
}

// AnswerJSON is the Answer of faces that programs read: {"error": "no_route", "request_id": "…"}.
func AnswerJSON(w http.ResponseWriter, r *http.Request, err error) {
	status, outcome := note(r, err)
	WriteJSON(w, status, map[string]string{"error": outcome, "request_id": RequestIDOf(r.Context())})
}

func pageOf(err error) (Refusal, bool) {
	var refused *RefusalError
	if errors.As(err, &refused) {
		return refused.Page, true
	}
	return Refusal{}, false
}
