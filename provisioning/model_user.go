package provisioning

import (
	"slices"
	"time"
)

// User is a person in one workspace, with what stands beside the row: blocks
// and the directory record, both read together with it.
type User struct {
	Workspace   WorkspaceID
	ID          UserID
	UserName    string // unique among the users of the workspace, whatever the case
	Email       string
	DisplayName string
	GivenName   string
	FamilyName  string
	Locale      string
	Origin      Origin
	Directory   DirectoryID // the directory that has, or last had, a record of the user
	Account     AccountID   // "" for users born by sign-in or directory
	Version     int64       // grows with every change of the user or the record
	CreatedAt   time.Time
	UpdatedAt   time.Time
	RemovedAt   time.Time
	LastSeenAt  time.Time

	Blocks []Block
	Record *DirectoryRecord
}

// Origin says which door a user came in by.
type Origin string

// Origins.
const (
	OriginDirectory  Origin = "directory"
	OriginSignIn     Origin = "sign-in"
	OriginInvitation Origin = "invitation"
)

// MayAct reports whether nothing stands in the user's way.
func (u User) MayAct() bool { return u.RemovedAt.IsZero() && len(u.Blocks) == 0 }

// Blocked reports whether the user has a block of that source.
func (u User) Blocked(source BlockSource) bool {
	return slices.ContainsFunc(u.Blocks, func(b Block) bool { return b.Source == source })
}

// Status is the user's state in one word.
func (u User) Status() string {
	switch {
	case !u.RemovedAt.IsZero():
		return "removed"
	case u.Blocked(BlockAdministrator):
		return "suspended"
	case u.Blocked(BlockDirectory):
		return "deactivated"
	case len(u.Blocks) > 0:
		return string(u.Blocks[0].Source)
	}
	return "active"
}

// BlockSource says who put a block. Lifting one never lifts another.
type BlockSource string

// Sources of blocks.
const (
	BlockDirectory     BlockSource = "directory"
	BlockAdministrator BlockSource = "administrator"
	BlockInactivity    BlockSource = "inactivity"
	BlockSignal        BlockSource = "signal"
)

// Block is one reason why a user may not act.
type Block struct {
	Workspace WorkspaceID
	User      UserID
	Source    BlockSource
	CreatedAt time.Time
}

// DirectoryRecord is what one directory says of a user.
type DirectoryRecord struct {
	Workspace  WorkspaceID
	User       UserID
	Directory  DirectoryID
	ExternalID string // unique in the directory; "" for none
	Active     bool
	InactiveAt time.Time // since when Active is false
	Profile    Profile
	CreatedAt  time.Time
	UpdatedAt  time.Time
}

// Profile is the person as the directory describes them. Rules look at the
// typed fields; everything else that was pushed stands in Attributes.
type Profile struct {
	UserName      string
	DisplayName   string
	GivenName     string
	FamilyName    string
	FormattedName string
	Locale        string
	Emails        []Email
	// Attributes holds the other attributes by their SCIM names, extensions
	// under their URN. Values are what encoding/json decodes, numbers as
	// json.Number. Never password, id, meta, groups, externalId or active.
	Attributes map[string]any
}

// PrimaryEmail returns the address marked primary, else the first, else "".
func (p Profile) PrimaryEmail() string {
	for _, e := range p.Emails {
		if e.Primary {
			return e.Value
		}
	}
	if len(p.Emails) > 0 {
		return p.Emails[0].Value
	}
	return ""
}

// Email is one address of a profile.
type Email struct {
	Value   string `json:"value"`
	Type    string `json:"type,omitempty"`
	Display string `json:"display,omitempty"`
	Primary bool   `json:"primary,omitempty"`
}

// Identity is (connection, issuer, subject) pinned to exactly one user: the
// only key by which SSO recognises a person. A retired one is refused.
type Identity struct {
	Workspace   WorkspaceID
	ID          IdentityID
	User        UserID
	Connection  ConnectionID
	Issuer      string
	Subject     string
	CreatedAt   time.Time
	LastLoginAt time.Time
	RetiredAt   time.Time
}

// Tombstone is the keyed hash of something by which a removed user was known
// (rule 10). Sign-in never creates who is in it.
type Tombstone struct {
	Workspace WorkspaceID
	Hash      []byte
	User      UserID // whom it was of
	CreatedAt time.Time
}

// Invitation is an e-mailed, single-use link that gives roles when accepted.
type Invitation struct {
	Workspace   WorkspaceID
	ID          InvitationID
	User        UserID // the user who is invited; their row exists from the start
	Email       string
	SecretHash  []byte
	Administers bool // some role of it gives an administrative permission
	Adoptable   bool // whether a directory may adopt the user meanwhile (rule 9)
	Roles       []RoleIn
	CreatedAt   time.Time
	ExpiresAt   time.Time
	AcceptedAt  time.Time
	CancelledAt time.Time
}

// Open reports whether the invitation can still be accepted at now.
func (i Invitation) Open(now time.Time) bool {
	return i.AcceptedAt.IsZero() && i.CancelledAt.IsZero() && now.Before(i.ExpiresAt)
}

// RoleIn is a role in a community.
type RoleIn struct {
	Community CommunityID
	Role      RoleID
}
