package provisioning

import (
	"errors"
	"fmt"
	"time"
)

// Kinds of error. Each face maps a kind to its protocol in one place; an error
// of none of these kinds is internal, loses its text on the way out and is
// logged once.
var (
	// ErrNotFound: nothing of that id, slug or name is in the workspace (or the
	// directory) that the caller may see.
	ErrNotFound = errors.New("not found")
	// ErrConflict: the state forbids it: a name is taken, a role is in use, the
	// last administrator would be lost.
	ErrConflict = errors.New("conflict")
	// ErrInvalid: the input can never be right.
	ErrInvalid = errors.New("not valid")
	// ErrForbidden: the actor lacks a permission.
	ErrForbidden = errors.New("forbidden")
	// ErrConfirm: the change gives an administrative permission or reaches a
	// whole multi-tenant workspace and needs its explicit confirmation (rule 4).
	ErrConfirm = errors.New("confirmation needed")
	// ErrUnauthenticated: the token, session or cookie proves nobody.
	ErrUnauthenticated = errors.New("not authenticated")
	// ErrGone: a single-use thing was used, expired or cancelled.
	ErrGone = errors.New("gone")
	// ErrStale: a plan was made for a world that has moved on.
	ErrStale = errors.New("stale")
	// ErrRefused: a sign-in was refused; the error is a [*Refusal].
	ErrRefused = errors.New("refused")
	// ErrTooMany: too many attempts, or too many at once. The [*Error] says after
	// how long it makes sense to come again.
	ErrTooMany = errors.New("too many")
	// ErrProve: the act needs a sign-in that is at most [FreshSignIn] old, or a
	// second factor first; the code says which: fresh_sign_in, second_factor,
	// second_factor_setup.
	ErrProve = errors.New("proof needed")
	// ErrUnavailable: a party outside (database, issuer) cannot be reached now.
	ErrUnavailable = errors.New("unavailable")
)

// Error is a refusal that its reader can act on. Detail is one or two
// sentences for an administrator: what happened, why, what to do next. It
// never carries a secret, nor facts of another workspace.
type Error struct {
	Kind   error  // one of the kinds above
	Code   string // stable word for programs, such as user_name_taken
	Detail string
	Err    error // cause, for the log only; may be nil
	// RetryAfter goes with ErrTooMany; 0 where it is not known.
	RetryAfter time.Duration
}

func (e *Error) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("%s: %s: %v", e.Code, e.Detail, e.Err)
	}
	return e.Code + ": " + e.Detail
}

// Unwrap makes errors.Is find the kind and the cause.
func (e *Error) Unwrap() []error {
	if e.Err != nil {
		return []error{e.Kind, e.Err}
	}
	return []error{e.Kind}
}

// Detail returns the text of the [*Error] in err that may be shown outside,
// and "" if there is none.
func Detail(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Detail
	}
	return ""
}

// Code returns the stable word of the [*Error] in err, and "" if there is none.
func Code(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

func fail(kind error, code, format string, args ...any) *Error {
	return &Error{Kind: kind, Code: code, Detail: fmt.Sprintf(format, args...)}
}

func notFound(what string) *Error {
	return fail(ErrNotFound, "not_found", "There is no such %s.", what)
}

// orNotFound gives what a Store did not find the words that its reader needs.
func orNotFound(err error, what string) error {
	if errors.Is(err, ErrNotFound) && Code(err) == "" {
		return notFound(what)
	}
	return err
}

func invalid(code, format string, args ...any) *Error {
	return fail(ErrInvalid, code, format, args...)
}

func conflict(code, format string, args ...any) *Error {
	return fail(ErrConflict, code, format, args...)
}

// UniqueKey names a key that the Store keeps unique.
type UniqueKey string

// The unique keys whose loser the Service must tell apart.
const (
	KeySlug       UniqueKey = "slug"        // workspace; community or role within the workspace
	KeyUserName   UniqueKey = "user_name"   // user that is not removed, within the workspace
	KeyExternalID UniqueKey = "external_id" // directory record, within the directory
	KeyGroupName  UniqueKey = "group_name"  // group that is not deleted, within the directory
	KeyIdentity   UniqueKey = "identity"    // (connection, issuer, subject), and one live identity a user and connection
	KeyMapping    UniqueKey = "mapping"     // (group, community, role)
	KeyDomain     UniqueKey = "domain"      // within the workspace
	KeyRecord     UniqueKey = "record"      // one directory record a user
	KeyName       UniqueKey = "name"        // connection or directory, within the workspace
	KeyAccount    UniqueKey = "account"     // e-mail of a proved account; e-mail and home of an unproved one
	KeyPasskey    UniqueKey = "passkey"     // credential id
)

// TakenError is what a Store returns when a write lost a unique key, at once
// or after it waited for the winner. It is of kind [ErrConflict].
type TakenError struct{ Key UniqueKey }

func (e *TakenError) Error() string { return "taken: " + string(e.Key) }

// Unwrap gives the kind.
func (e *TakenError) Unwrap() error { return ErrConflict }

// Taken reports whether err says that the given key was lost.
func Taken(err error, key UniqueKey) bool {
	var taken *TakenError
	return errors.As(err, &taken) && taken.Key == key
}
