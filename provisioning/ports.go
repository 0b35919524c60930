package provisioning

import "context"

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
}
