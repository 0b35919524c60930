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
	// ReactivatedAt is when an administrator last lifted a block: the inactivity
	// rule leaves the user alone until the end of that day.
	ReactivatedAt time.Time
	// BreakGlass lets the user sign in with a password although the workspace
	// requires SSO for its domains (rule 18).
	BreakGlass bool

	Blocks []Block
	Record *DirectoryRecord
	// InvitedUntil is when the latest invitation that was neither accepted nor
	// cancelled ends, or ended; zero if there is none.
	InvitedUntil time.Time
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

// Status is the user's state at now, in one word or two.
func (u User) Status(now time.Time) string {
	switch {
	case !u.RemovedAt.IsZero():
		return "removed"
	case u.Blocked(BlockAdministrator):
		return "suspended"
	case u.Blocked(BlockDirectory):
		return "deactivated"
	case u.Blocked(BlockInactivity):
		return "inactive"
	case len(u.Blocks) > 0:
		return string(u.Blocks[0].Source)
	case !u.awaited():
		return "active"
	case now.Before(u.InvitedUntil):
		return "invited"
	}
	return "invitation expired"
}

// awaited reports whether all that there is of the user is an invitation.
func (u User) awaited() bool {
	return !u.InvitedUntil.IsZero() && u.Account == "" && u.Record == nil && u.LastSeenAt.IsZero()
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
	// Shown is whether the link was shown to who made the invitation instead of
	// mailed: an account made by it has an unproved address (rule 19).
	Shown       bool
	InvitedBy   UserID // "" for the operator
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
