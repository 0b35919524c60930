package provisioning

import "time"

// Group is a SCIM Group of a directory. A deleted one keeps its row.
type Group struct {
	Workspace   WorkspaceID
	ID          GroupID
	Directory   DirectoryID
	DisplayName string // unique among the groups of the directory, whatever the case
	ExternalID  string
	Version     int64 // grows with every change that the directory pushes, of members too
	CreatedAt   time.Time
	UpdatedAt   time.Time
	DeletedAt   time.Time
}

// Member is a user in a group.
type Member struct {
	Group   GroupID
	User    UserID
	Display string // the user's display name, else userName
}

// Mapping turns membership in a group into a role in a community. It names the
// group by id: renaming changes nothing.
type Mapping struct {
	Workspace WorkspaceID
	ID        MappingID
	Group     GroupID
	Community CommunityID
	Role      RoleID
	Held      bool // stored, giving nothing until released
	CreatedAt time.Time
}

// Grant is a stored reason for which one user has one role in one community.
type Grant struct {
	Workspace  WorkspaceID
	ID         GrantID
	User       UserID
	Community  CommunityID
	Role       RoleID
	Source     Source
	SourceID   string // the invitation, connection or directory it came of, or ""
	Held       bool   // stored, giving nothing until released
	HeldReason string
	CreatedAt  time.Time
}

// Source says what a reason comes from.
type Source string

// Sources of grants, and the one source that is no grant: a mapping.
const (
	SourceInvitation    Source = "invitation"
	SourceFirstSignIn   Source = "first sign-in"
	SourceAdministrator Source = "administrator"
	SourceDirectory     Source = "directory"
	SourceSafeguard     Source = "safeguard"
	SourceMapping       Source = "mapping"
)

// ByHand reports whether a person gave it: those grants replace one another
// (rule 3) and no directory changes them (rule 7).
func (s Source) ByHand() bool { return s == SourceInvitation || s == SourceAdministrator }

// SetAside marks a community in which a mapping gives, or once gave, a user a
// role: the default role counts nothing there, for good (rule 5).
type SetAside struct {
	User      UserID
	Community CommunityID
}

// Reason is one cause of one membership: a grant, or a mapping of a group that
// the user is a member of.
type Reason struct {
	User      UserID
	Community CommunityID
	Role      RoleID
	Source    Source
	SourceID  string // grant id; mapping id when Source is SourceMapping
}

// Membership is one row of the projection: a reason, and since when it stands.
// Rows end, they are not deleted.
type Membership struct {
	Workspace WorkspaceID
	ID        MembershipID
	Reason
	StartedAt time.Time
	EndedAt   time.Time
}
