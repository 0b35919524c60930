package scim

import (
	"errors"
	"fmt"
	"net/http"

	"drawbridge/provisioning"
)

// Error is an answer of RFC 7644 §3.12. Detail is one or two sentences that an
// Okta administrator reads in their console; it never carries a secret.
type Error struct {
	Status int    // HTTP status
	Type   string // scimType, or "" where the RFC has none
	Detail string
}

func (e *Error) Error() string {
	return fmt.Sprintf("%d %s: %s", e.Status, e.Type, e.Detail)
}

// The scimTypes of RFC 7644 §3.12 that this face answers.
const (
	typeInvalidFilter = "invalidFilter"
	typeInvalidPath   = "invalidPath"
	typeInvalidSyntax = "invalidSyntax"
	typeInvalidValue  = "invalidValue"
	typeMutability    = "mutability"
	typeNoTarget      = "noTarget"
	typeUniqueness    = "uniqueness"
)

func badRequest(scimType, format string, args ...any) *Error {
	return &Error{Status: http.StatusBadRequest, Type: scimType, Detail: fmt.Sprintf(format, args...)}
}

// domainErrors maps the kinds of the domain to answers. Their Detail stands in
// where the error brings no text of its own.
var domainErrors = []struct {
	kind   error
	answer Error
}{
	{provisioning.ErrUnauthenticated, Error{http.StatusUnauthorized, "", "The token is not valid. Paste a current token of this directory into the provisioning settings."}},
	{provisioning.ErrForbidden, Error{http.StatusForbidden, "", "The directory may not do this."}},
	{provisioning.ErrNotFound, Error{http.StatusNotFound, "", "There is no such resource."}},
	{provisioning.ErrConflict, Error{http.StatusConflict, typeUniqueness, "The value is already in use."}},
	{provisioning.ErrInvalid, Error{http.StatusBadRequest, typeInvalidValue, "A value is not valid."}},
	{provisioning.ErrUnavailable, Error{http.StatusServiceUnavailable, "", "The service is not available at the moment. Try again later."}},
}

// FromDomain maps an error to the answer that its caller may read (rule 24).
// An [*Error] passes unchanged; an error of no known kind loses its text. A
// nil error gives nil.
func FromDomain(err error) *Error {
	if err == nil {
		return nil
	}
	var own *Error
	if errors.As(err, &own) {
		return own
	}
	for _, known := range domainErrors {
		if errors.Is(err, known.kind) {
			answer := known.answer
			if detail := provisioning.Detail(err); detail != "" {
				answer.Detail = detail
			}
			return &answer
		}
	}
	return &Error{
		Status: http.StatusInternalServerError,
		Detail: "Internal error. Quote the request id of this answer to the administrators of the service.",
	}
}

// excerpt quotes a stranger's text for a message, shortened.
func excerpt(s string) string {
	const longest = 60
	runes := 0
	for i := range s {
		if runes == longest {
			return fmt.Sprintf("%q", s[:i]+"…")
		}
		runes++
	}
	return fmt.Sprintf("%q", s)
}
