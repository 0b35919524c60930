package provisioning

// RecordWrite is what a directory says of a user in one write.
type RecordWrite struct {
	// ExternalID nil leaves it as it is, "" clears it.
	ExternalID *string
	// Active nil leaves it as it is; for a new record it means true (rule 7).
	Active  *bool
	Profile Profile
}

// DirectoryUser is a user as a directory sees them.
type DirectoryUser struct {
	User
	Groups []GroupRef // groups of the directory, by id
}

// Active is the `active` that the directory is told: its own word, not whether
// an administrator suspended the user.
func (u DirectoryUser) Active() bool {
	if u.Record != nil {
		return u.Record.Active
	}
	return !u.Blocked(BlockDirectory)
}

// Profile is what the directory is shown: what it pushed, or, of a user that
// it may adopt, what the workspace knows.
func (u DirectoryUser) Profile() Profile {
	if u.Record != nil {
		return u.Record.Profile
	}
	p := Profile{
		UserName: u.UserName, DisplayName: u.DisplayName, Locale: u.Locale,
		GivenName: u.GivenName, FamilyName: u.FamilyName,
	}
	if u.Email != "" {
		p.Emails = []Email{{Value: u.Email, Type: "work", Primary: true}}
	}
	return p
}

// GroupRef names a group.
type GroupRef struct {
	ID          GroupID
	DisplayName string
}

// GroupWrite is a whole group as a directory pushes it.
type GroupWrite struct {
	DisplayName string
	ExternalID  *string  // nil leaves it as it is, "" clears it
	Members     []string // ids as sent; nil on a replace leaves them as they are
}

// GroupChange is a partial change of a group, in order.
type GroupChange struct {
	DisplayName *string
	ExternalID  *string
	Members     []MemberChange
}

// MemberChange is one step of a change of members. IDs are as sent.
type MemberChange struct {
	Kind MemberChangeKind
	IDs  []string
}

// MemberChangeKind is what a [MemberChange] does.
type MemberChangeKind string

// Kinds of member changes. Removing somebody who is no member, and adding
// somebody who is one, changes nothing and is no error.
const (
	AddMembers     MemberChangeKind = "add"
	RemoveMembers  MemberChangeKind = "remove"
	ReplaceMembers MemberChangeKind = "replace" // with no ids: empties the group
)

// DirectoryGroup is a group as its directory sees it.
type DirectoryGroup struct {
	Group
	Members []Member // nil when they were not asked for
}
