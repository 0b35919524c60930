package web

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"net/http"
	"strings"
)

// HeaderRequestID carries the request id on every answer.
const HeaderRequestID = "X-Request-Id"

type requestIDKey struct{}

// legible is Crockford's alphabet: no letter that is mistaken for a digit when it is read out on the telephone.
var legible = base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)

// RequestID names each request with a new id of the form XXXX-XXXX-XXXX-XXXX (80 random bits), in its context and in
// X-Request-Id of the answer. An id sent from outside is ignored: it could forge what the log says.
func RequestID(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := newRequestID()
		w.Header().Set(HeaderRequestID, id)
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), requestIDKey{}, id)))
	})
}

func newRequestID() string {
	raw := make([]byte, 10)
	_, _ = rand.Read(raw) // never fails since Go 1.24
	s := legible.EncodeToString(raw)
	return strings.Join([]string{s[0:4], s[4:8], s[8:12], s[12:16]}, "-")
}

// RequestIDOf is the id of the request to which ctx belongs, or "" outside of one.
func RequestIDOf(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

// ReferenceOf is the short code (XXXX-XXXX) that a person can quote. It is the beginning of the request id, so that
// searching the log for it finds the line.
func ReferenceOf(ctx context.Context) string {
	id := RequestIDOf(ctx)
	return id[:min(len(id), 9)]
}
