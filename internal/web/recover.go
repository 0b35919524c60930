package web

import (
	"fmt"
	"net/http"
	"runtime/debug"
)

// Recover turns a panic into an answer of the face that it happened in. Value and stack go into the request's log
// line, once. An answer that has begun is cut off, so that nobody takes half of it for the whole.
func Recover(answer Answer) Middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer func() {
				if value := recover(); value != nil {
					afterPanic(w, r, value, answer)
				}
			}()
			next.ServeHTTP(w, r)
		})
	}
}

func afterPanic(w http.ResponseWriter, r *http.Request, value any, answer Answer) {
	if value == http.ErrAbortHandler { //nolint:errorlint // net/http compares it the same way
		panic(value)
	}
	err := fmt.Errorf("%w: %v", ErrPanic, value)
	e := EventOf(r.Context())
	e.stack = debug.Stack()
	if started(w) {
		e.Fail("panic", err)
		panic(http.ErrAbortHandler)
	}
	answer(w, r, err)
	e.Fail("panic", err)
}
