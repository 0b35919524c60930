package scim

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"unicode"

	"drawbridge/internal/web"
	"drawbridge/provisioning"
)

const errorURN = "urn:ietf:params:scim:api:messages:2.0:Error"

// mediaType is that of every answer (RFC 7644 §3.1).
const mediaType = "application/scim+json"

// answer is what an action answers.
type answer struct {
	status int
	header http.Header
	body   any // nil: none
}

func header(name, value string) http.Header {
	h := http.Header{}
	h.Set(name, value)
	return h
}

// write fails only before anything was written.
func (a answer) write(w http.ResponseWriter, r *http.Request) error {
	var body bytes.Buffer
	if a.body != nil {
		encoder := json.NewEncoder(&body)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(a.body); err != nil {
			return err
		}
	}
	h := w.Header()
	for name, values := range a.header {
		h[name] = values
	}
	if a.body != nil {
		h.Set("Content-Type", mediaType)
		h.Set("Content-Length", strconv.Itoa(body.Len()))
	}
	w.WriteHeader(a.status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body.Bytes()) // a client that went away needs no answer
	}
	return nil
}

// refusal is an error whose answer carries headers.
type refusal struct {
	answer *Error
	header http.Header
	cause  error // never shown; may be nil
}

func (r *refusal) Error() string { return r.answer.Error() }

func (r *refusal) Unwrap() []error { return []error{r.answer, r.cause} }

// errorBody is the body of RFC 7644 §3.12.
type errorBody struct {
	Schemas  []string `json:"schemas"`
	Status   string   `json:"status"`
	ScimType string   `json:"scimType,omitempty"`
	Detail   string   `json:"detail"`
}

// Answer is the face's [web.Answer]: it answers every error as SCIM says, and
// notes in the request's event what went wrong. The text of an unknown error
// goes there and nowhere else.
func Answer(w http.ResponseWriter, r *http.Request, err error) {
	event := web.EventOf(r.Context())
	if errors.Is(err, context.Canceled) && r.Context().Err() != nil {
		event.Fail("client_gone", nil)
		return
	}
	e := asError(err)
	event.Fail(outcomeOf(e, err), faultOf(e, err))
	a := answer{status: e.Status, body: errorBody{
		Schemas: []string{errorURN}, Status: strconv.Itoa(e.Status), ScimType: e.Type, Detail: e.Detail,
	}}
	var refused *refusal
	if errors.As(err, &refused) {
		a.header = refused.header
	}
	_ = a.write(w, r) // an errorBody can be encoded
}

// bodyError tells a fault of the connection from one of ours: what reading a
// body fails with, if no answer of its own, is that it broke off.
func bodyError(err error) error {
	var own *Error
	var tooLarge *http.MaxBytesError
	if errors.As(err, &own) || errors.As(err, &tooLarge) {
		return err
	}
	return &refusal{answer: badRequest(typeInvalidSyntax, "The body broke off."), cause: err}
}

// asError is [FromDomain] for the errors of this face too.
func asError(err error) *Error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return &Error{
			Status: http.StatusRequestEntityTooLarge,
			Detail: "The body is longer than " + size(tooLarge.Limit) + ". The members of a large group can be sent in several requests.",
		}
	}
	return FromDomain(err)
}

func size(bytes int64) string {
	if bytes >= 1<<20 && bytes%(1<<20) == 0 {
		return strconv.FormatInt(bytes>>20, 10) + " MB"
	}
	return strconv.FormatInt(bytes, 10) + " bytes"
}

// outcomeOf is the word for the log: the domain's code, else the scimType or
// the status in snake case.
func outcomeOf(e *Error, err error) string {
	if code := provisioning.Code(err); code != "" {
		return code
	}
	if e.Type != "" {
		return snake(e.Type)
	}
	return strings.ReplaceAll(strings.ToLower(http.StatusText(e.Status)), " ", "_")
}

func snake(camel string) string {
	var b strings.Builder
	for _, r := range camel {
		if unicode.IsUpper(r) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// faultOf keeps only faults of ours. That something is not offered is none.
func faultOf(e *Error, err error) error {
	if e.Status >= http.StatusInternalServerError && e.Status != http.StatusNotImplemented {
		return err
	}
	return nil
}

// ok answers with a resource, or the part of it that was asked for.
func (c *call) ok(resource map[string]any) answer {
	return answer{status: http.StatusOK, body: c.view.of(resource)}
}

// created answers a POST (RFC 7644 §3.3): the location is the resource's own.
func (c *call) created(resource map[string]any) answer {
	location, _ := resource["meta"].(map[string]any)["location"].(string)
	web.EventOf(c.Context()).ResourceID, _ = resource["id"].(string)
	return answer{status: http.StatusCreated, header: header("Location", location), body: c.view.of(resource)}
}

// done notes in the request's event what was done.
func (c *call) done(outcome string) { web.EventOf(c.Context()).Outcome = outcome }
