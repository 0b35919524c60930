package provisioning

import "time"

// Workspace is an organisation's tenant. Nothing crosses from one to another.
type Workspace struct {
	ID          WorkspaceID
	Slug        string // unique in the installation, never changes
	Name        string
	MultiTenant bool // whether it may have communities below its root
	Root        CommunityID
	Settings    Settings
	// Keys of this workspace alone, sealed: one hashes tombstones and is never
	// rotated, one chains the audit entries.
	TombstoneKey []byte
	AuditKey     []byte
	CreatedAt    time.Time
}

// Community is a place in a workspace in which people hold roles. The root
// stands for the whole workspace.
type Community struct {
	Workspace   WorkspaceID
	ID          CommunityID
	Slug        string // unique in the workspace; the root's is the workspace's
	Name        string
	Description string
	Root        bool
	CreatedAt   time.Time
	DeletedAt   time.Time // kept for the history of memberships
}

// Role is a named set of permissions: built-in, the same in every workspace,
// or made by administrators.
type Role struct {
	Workspace   WorkspaceID
	ID          RoleID
	Slug        string // unique in the workspace
	Name        string
	Description string
	Builtin     bool
	Permissions []Permission // sorted
	CreatedAt   time.Time
	DeletedAt   time.Time // kept for the history of memberships
}

// Domain is an e-mail domain claimed for a workspace. It counts once verified.
type Domain struct {
	Workspace  WorkspaceID
	Name       string // folded
	Token      string // what the DNS TXT record has to carry
	VerifiedAt time.Time
	VerifiedBy string // "operator"
	CreatedAt  time.Time
}

// Verified reports whether the workspace may rely on the domain.
func (d Domain) Verified() bool { return !d.VerifiedAt.IsZero() }

// Connection is an OIDC provider of a workspace.
type Connection struct {
	Workspace          WorkspaceID
	ID                 ConnectionID
	Name               string // unique in the workspace, whatever the case
	Issuer             string // byte for byte what discovery says
	ClientID           string
	ClientSecret       []byte // sealed
	AutoCreate         bool
	DefaultRole        RoleID // "" while none is chosen
	DefaultCommunities []CommunityID
	DisabledAt         time.Time
	CreatedAt          time.Time
}

// Enabled reports whether people may sign in through the connection.
func (c Connection) Enabled() bool { return c.DisabledAt.IsZero() }

// Directory is a SCIM client of a workspace.
type Directory struct {
	Workspace  WorkspaceID
	ID         DirectoryID
	Name       string // unique in the workspace, whatever the case
	Preset     string // the client it was set up for; see Presets
	Switches   map[string]bool
	Connection ConnectionID // the connection it is paired with, or ""
	DeletedAt  time.Time
	CreatedAt  time.Time
}

// DirectoryToken is a bearer token of a directory. The secret itself is shown
// once and never stored.
type DirectoryToken struct {
	Workspace  WorkspaceID
	Directory  DirectoryID
	ID         TokenID
	Name       string
	SecretHash []byte // SHA-256
	LastFour   string
	CreatedAt  time.Time
	ExpiresAt  time.Time
	RevokedAt  time.Time
	LastUsedAt time.Time
}
