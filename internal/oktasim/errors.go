package oktasim

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// Kinds of errors; compare with errors.Is.
var (
	// ErrNotConnected says that the organisation has no SCIM address yet.
	ErrNotConnected = errors.New("provisioning is not configured: no SCIM address was given")
	// ErrUnknown says that the organisation has no person or group of that id.
	ErrUnknown = errors.New("not in this organisation")
	// ErrNotProvisioned says that the application was never told of the person.
	ErrNotProvisioned = errors.New("never pushed to the application: assign first")
	// ErrLinkedGroupMissing says that the application answers 404 for a group that Okta remembers. Okta goes on only after
	// the group was unlinked and pushed again.
	ErrLinkedGroupMissing = errors.New("linked group is missing: unlink it and push it again")
	// ErrNotLinked says that the group was not pushed, or was unlinked.
	ErrNotLinked = errors.New("the group is not linked: push it first")
	// ErrEmptyUser is Okta's reaction to a create that is answered without a usable user.
	ErrEmptyUser = errors.New("create new user returned empty user")
)

// StatusError is an answer of the application that Okta counts as a failure.
type StatusError struct {
	Method   string
	Target   string // path and query below the SCIM address
	Status   int
	SCIMType string // `scimType` of a SCIM error, RFC 7644 section 3.12
	Detail   string // `detail` of a SCIM error, or what Okta says of a body that is none
}

// Error reads as the task does that an Okta administrator sees.
func (e *StatusError) Error() string {
	text := fmt.Sprintf("%s %s: %d %s", e.Method, e.Target, e.Status, http.StatusText(e.Status))
	if e.Detail != "" {
		text += ". Errors reported by remote server: " + e.Detail
	}
	return text
}

func newStatusError(a answer) *StatusError {
	scimType, detail := a.complaint()
	return &StatusError{Method: a.method, Target: a.target, Status: a.status, SCIMType: scimType, Detail: detail}
}

// statusOf is the status of a refused request, 0 if err is something else.
func statusOf(err error) int {
	var refused *StatusError
	if errors.As(err, &refused) {
		return refused.Status
	}
	return 0
}

// complaint reads a SCIM error. Like Okta, it says so when the body is no JSON, a proxy's page for example.
func (a answer) complaint() (scimType, detail string) {
	if a.status < 400 || len(a.body) == 0 {
		return "", ""
	}
	var body struct {
		Detail   string `json:"detail"`
		SCIMType string `json:"scimType"`
	}
	if err := json.Unmarshal(a.body, &body); err != nil {
		return "", "Invalid JSON: " + excerpt(a.body)
	}
	return body.SCIMType, body.Detail
}

// excerpt is the beginning of a strange body, fit for one line.
func excerpt(body []byte) string {
	const limit = 120
	text := strings.Join(strings.Fields(strings.ToValidUTF8(string(body[:min(len(body), 4*limit)]), "?")), " ")
	if runes := []rune(text); len(runes) > limit {
		return string(runes[:limit]) + "…"
	}
	return text
}
