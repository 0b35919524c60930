package provisioning

import (
	"context"
	"time"
)

// Sealer keeps what must be read again (client secrets, keys of a workspace)
// unreadable at rest. What was sealed for one row opens for that row alone.
type Sealer interface {
	Seal(workspace, row string, plain []byte) ([]byte, error)
	Open(workspace, row string, sealed []byte) ([]byte, error)
}

// Hasher makes secrets for bearers and checks them. Only hashes are stored.
type Hasher interface {
	// NewSecret returns 256 random bits as text.
	NewSecret() string
	// Hash returns the SHA-256 of a secret.
	Hash(secret string) []byte
	// Equal compares the hash of a secret with a stored one in constant time. A
	// nil hash equals nothing, in the same time.
	Equal(hash []byte, secret string) bool
}

// IssuerChecker looks an OIDC issuer up before anything is stored.
type IssuerChecker interface {
	// CheckIssuer reads the issuer's discovery document and returns the issuer as
	// that document writes it. Errors are of kind ErrInvalid (no provider there,
	// another issuer, an address that may not be asked) or ErrUnavailable, with
	// a Detail that says what to do.
	CheckIssuer(ctx context.Context, issuer string) (string, error)
}

// Notifier tells other processes, best effort, what they should not trust or
// leave waiting any longer. Nothing depends on its arrival.
type Notifier interface {
	// Revoked names sessions and tokens that ended.
	Revoked(ids []string)
	// Wake says that audit entries wait to be sealed in the workspace.
	Wake(ws WorkspaceID)
	// Posted says that mails wait to be delivered.
	Posted()
}

// Passwords hashes passwords slowly and with much memory, a few at once: who
// comes while too many wait gets an error of kind [ErrTooMany] at once.
type Passwords interface {
	// Hash returns the hash as text with its parameters. Its salt is that of
	// beside if that is a hash, else a new one: accounts of one address share a
	// salt, so that one computation checks a password against all of them.
	Hash(ctx context.Context, password, beside string) (string, error)
	// Match returns the index of the first hash that the password fits, or -1.
	// It computes at least once, also for no hash at all, and once for all
	// hashes that share salt and parameters.
	Match(ctx context.Context, password string, hashes []string) (int, error)
	// Common reports whether the password, whatever its case, is one of those
	// that everybody tries first.
	Common(password string) bool
}

// OneTimeCodes makes and checks the codes of authenticators (RFC 6238: SHA-1, 6
// digits, 30 seconds).
type OneTimeCodes interface {
	// NewSecret returns 160 random bits in base 32 without padding.
	NewSecret() string
	// URL returns the otpauth:// address that authenticators read as a QR code.
	URL(secret, account, issuer string) string
	// Step returns the time step, one before to one after now, whose code this
	// is; false if it is none. It compares in constant time.
	Step(secret, code string, now time.Time) (int64, bool)
}

// Passkeys runs WebAuthn ceremonies for the public URL's host. What it keeps of
// a credential, and of a ceremony on its way, is opaque. Options are JSON for
// navigator.credentials (PublicKeyCredential.parse…OptionsFromJSON), responses
// what PublicKeyCredential.toJSON gives. An answer that proves nothing is an
// error.
type Passkeys interface {
	// Available reports whether browsers take passkeys from this host: a name,
	// not a network address.
	Available() bool
	// BeginRegistration asks for a new credential of the account that is
	// discoverable, with user verification, and none of the known ones.
	BeginRegistration(account, name string, known [][]byte) (options, state []byte, err error)
	// FinishRegistration returns the credential and its id.
	FinishRegistration(state, response []byte) (id string, credential []byte, err error)
	// BeginAssertion asks for one of the known credentials or, if there is none,
	// for any discoverable one, with user verification.
	BeginAssertion(known [][]byte) (options, state []byte, err error)
	// CredentialID returns which credential a response is of, before anything is
	// proved.
	CredentialID(response []byte) (string, error)
	// FinishAssertion checks the response against the account's credential and
	// returns it as it then stands (its counter). A counter that went back, a
	// missing user verification, another origin: an error.
	FinishAssertion(state, response, credential []byte, account string) ([]byte, error)
}

// Attempts counts failures in windows of time, shared by all replicas where they
// share Redis. What cannot be counted counts in this process.
type Attempts interface {
	// Locked returns how long the key is still locked; 0 if it is not.
	Locked(ctx context.Context, key string) time.Duration
	// Fail counts a failure and returns true, unless the key is locked: then it
	// returns false and counts nothing. The limit-th one within the window locks
	// the key for the given time, and begins counting anew. Of many at once no
	// more than limit get true: who must not guess in parallel counts first, and
	// clears once it was no failure.
	Fail(ctx context.Context, key string, limit int, window, lock time.Duration) bool
	// Clear forgets the failures of the key, and its lock.
	Clear(ctx context.Context, key string)
}
