package provisioning

import (
	"context"
	"time"
)

// Store keeps everything. Its comments are its specification: the contract
// suite in internal/storetest has a test for each sentence, parallel writers
// included, and every implementation passes it.
//
// An error of a Store is a [*TakenError], of kind [ErrNotFound] or
// [ErrUnavailable] (the database cannot be reached), the context's error, or
// internal.
type Store interface {
	// View runs fn with read access at read committed. Single statements run
	// bare, without BEGIN; two reads of one fn may see different states.
	View(ctx context.Context, fn func(*Tx) error) error
	// Update runs fn in one transaction: all of it happens when fn returns nil
	// and the commit succeeds, none of it otherwise. fn may run more than once
	// (deadlock, serialisation failure) and so touches nothing but its Tx. An
	// error of fn is returned as it is. Writers of the same rows wait for one
	// another where a Lock method or a unique key says so, nowhere else.
	Update(ctx context.Context, fn func(*Tx) error) error
	// Close waits for what runs and releases the database. Closing twice is fine.
	Close() error
}

// Tx is one transaction (or, in a View, one read access) as a set of small
// interfaces, one a noun. Every method that takes a workspace sees and touches
// rows of that workspace only: an id of another one is not found.
//
// Methods that take a set of ids cost one statement whatever its size.
type Tx struct {
	Workspaces    Workspaces
	Communities   Communities
	Roles         Roles
	Domains       Domains
	Connections   Connections
	Directories   Directories
	Tokens        DirectoryTokens
	Users         Users
	Blocks        Blocks
	Records       Records
	Identities    Identities
	Subjects      Subjects
	Tombstones    Tombstones
	Invitations   Invitations
	Groups        Groups
	Members       Members
	Mappings      Mappings
	Grants        Grants
	Access        Access
	Sessions      Sessions
	SignIns       SignIns
	Events        Events
	Audit         Audit
	DataKeys      DataKeys
	Jobs          Jobs
	TimeOfContext func() time.Time
}

// Now is the time of the transaction: the same for every row it writes, read
// from the database's clock with BEGIN on PostgreSQL and from the process
// elsewhere, in microseconds UTC. In a View it is asked once, when first needed.
func (tx *Tx) Now() time.Time { return tx.TimeOfContext() }

// Workspaces stores workspaces.
type Workspaces interface {
	// Create adds w. KeySlug is taken if the slug is.
	Create(ctx context.Context, w Workspace) error
	// Get returns the workspace or ErrNotFound.
	Get(ctx context.Context, id WorkspaceID) (Workspace, error)
	// List returns all, by id.
	List(ctx context.Context) ([]Workspace, error)
	// SetSettings replaces the settings. ErrNotFound if there is no such workspace.
	SetSettings(ctx context.Context, id WorkspaceID, s Settings) error
	// Lock makes other transactions that lock the workspace wait for this one's
	// end. ErrNotFound if there is no such workspace.
	Lock(ctx context.Context, id WorkspaceID) error
}

// Communities stores communities.
type Communities interface {
	// Create adds c. KeySlug is taken if the slug is.
	Create(ctx context.Context, c Community) error
	// List returns those of the workspace, the root first, then by id.
	List(ctx context.Context, ws WorkspaceID) ([]Community, error)
}

// Roles stores roles, the built-in ones as rows too.
type Roles interface {
	// Create adds the roles. KeySlug is taken if a slug is.
	Create(ctx context.Context, roles ...Role) error
	// List returns those of the workspace, built-in first, then by id.
	List(ctx context.Context, ws WorkspaceID) ([]Role, error)
}

// Domains stores e-mail domains.
type Domains interface {
	// Put adds d or replaces what stands under its name in the workspace.
	Put(ctx context.Context, d Domain) error
	// List returns those of the workspace by name.
	List(ctx context.Context, ws WorkspaceID) ([]Domain, error)
	// Delete removes the domain or returns ErrNotFound.
	Delete(ctx context.Context, ws WorkspaceID, name string) error
	// Verified reports whether name is a verified domain of the workspace.
	Verified(ctx context.Context, ws WorkspaceID, name string) (bool, error)
	// Connections returns the enabled connections, by id, of all workspaces in
	// which name is verified.
	Connections(ctx context.Context, name string) ([]Connection, error)
}

// Connections stores OIDC providers with their default communities.
type Connections interface {
	// Create adds c. KeyName is taken if another of the workspace has its name.
	Create(ctx context.Context, c Connection) error
	// Find returns the connection by its id alone, or ErrNotFound.
	Find(ctx context.Context, id ConnectionID) (Connection, error)
	// List returns those of the workspace by id.
	List(ctx context.Context, ws WorkspaceID) ([]Connection, error)
	// Update replaces everything but id, workspace and creation. ErrNotFound;
	// KeyName.
	Update(ctx context.Context, c Connection) error
}

// Directories stores SCIM clients.
type Directories interface {
	// Create adds d. KeyName is taken if another live one of the workspace has
	// its name.
	Create(ctx context.Context, d Directory) error
	// Find returns the directory by its id alone, or ErrNotFound. A deleted one
	// is found, with its DeletedAt.
	Find(ctx context.Context, id DirectoryID) (Directory, error)
	// Hold is Find for a directory that writes: until the transaction ends, others
	// may hold it too, and nobody locks it.
	Hold(ctx context.Context, id DirectoryID) (Directory, error)
	// Lock is Find for whoever changes or ends the directory: it waits for those
	// who hold it, and they wait for it.
	Lock(ctx context.Context, id DirectoryID) (Directory, error)
	// List returns those of the workspace that are not deleted, by id.
	List(ctx context.Context, ws WorkspaceID) ([]Directory, error)
	// Update replaces everything but id, workspace and creation. ErrNotFound;
	// KeyName.
	Update(ctx context.Context, d Directory) error
	// Paired returns the directories, not deleted, that are paired with the
	// connection, by id.
	Paired(ctx context.Context, ws WorkspaceID, c ConnectionID) ([]Directory, error)
}

// DirectoryTokens stores bearer tokens.
type DirectoryTokens interface {
	// Create adds t.
	Create(ctx context.Context, t DirectoryToken) error
	// Find returns the token by its id alone together with its directory, in one
	// statement, or ErrNotFound.
	Find(ctx context.Context, id TokenID) (DirectoryToken, Directory, error)
	// List returns those of the directory by id, the ended ones too.
	List(ctx context.Context, ws WorkspaceID, d DirectoryID) ([]DirectoryToken, error)
	// Revoke ends the tokens among ids (all of the directory if ids is nil) that
	// are not revoked yet and returns their ids.
	Revoke(ctx context.Context, ws WorkspaceID, d DirectoryID, ids []TokenID, at time.Time) ([]TokenID, error)
	// Touch notes a use.
	Touch(ctx context.Context, ws WorkspaceID, id TokenID, at time.Time) error
}

// UserQuery selects users of a workspace.
type UserQuery struct {
	Key    string // folded userName or e-mail, whole; "" for any
	After  UserID // only ids above it
	Limit  int    // at most; 0 means 100
	Origin Origin // "" for any
}

// Users stores people.
type Users interface {
	// Create adds u without its blocks and record. KeyUserName is taken if a
	// user of the workspace that is not removed has that userName: at once, or
	// after waiting for the transaction that is about to take it.
	Create(ctx context.Context, u User) error
	// Get returns the user with blocks and record in one round trip, a removed
	// one too, or ErrNotFound.
	Get(ctx context.Context, ws WorkspaceID, id UserID) (User, error)
	// Update replaces the row (not blocks and record). ErrNotFound; KeyUserName.
	Update(ctx context.Context, u User) error
	// Lock makes other transactions that lock one of the users wait. It takes
	// the locks in the order of the ids, in one statement; unknown ids are
	// passed over.
	Lock(ctx context.Context, ws WorkspaceID, ids []UserID) error
	// List returns users that are not removed, with blocks and record, by id.
	List(ctx context.Context, ws WorkspaceID, q UserQuery) ([]User, error)
	// Administrators returns the users without a block who hold the role in the
	// community and have a working way in: an account with a credential, an
	// identity that is not retired of an enabled connection, or an active record
	// with an externalId of a directory paired with an enabled connection. The
	// second value says of each whether every such membership is a safeguard.
	Administrators(ctx context.Context, ws WorkspaceID, root CommunityID, admin RoleID) (map[UserID]bool, error)
	// Touch notes activity.
	Touch(ctx context.Context, ws WorkspaceID, id UserID, at time.Time) error
}

// Blocks stores why users may not act.
type Blocks interface {
	// Put adds the block unless one of that source stands; it reports whether
	// it added.
	Put(ctx context.Context, b Block) (bool, error)
	// Lift removes the block of that source and reports whether one stood.
	Lift(ctx context.Context, ws WorkspaceID, u UserID, source BlockSource) (bool, error)
}

// RecordQuery selects what a directory sees of the users of its workspace.
type RecordQuery struct {
	Directory  DirectoryID
	Connection ConnectionID // of the pairing; "" for none
	Filter     Filter
	// Adoptable also shows users without a record, not removed, that the
	// directory may adopt (rule 15): with an identity, not retired, of
	// Connection and no other live identity of it; or without any identity,
	// with a userName or e-mail in a verified domain. Never one whose open
	// invitation forbids it.
	Adoptable bool
	Offset    int
	Limit     int // 0 returns only the total
}

// Records stores directory records and the e-mail index beside them. A user
// without a record has, for filters, id, userName, e-mail, active and the times
// of the user row, and no other attribute.
type Records interface {
	// Create adds r and sets the user's Directory. KeyExternalID is taken if
	// another record of the directory has that externalId; KeyRecord if the user
	// has a record.
	Create(ctx context.Context, r DirectoryRecord) error
	// Update replaces what the record says. ErrNotFound; KeyExternalID.
	Update(ctx context.Context, r DirectoryRecord) error
	// Delete removes the record of the user, if any.
	Delete(ctx context.Context, ws WorkspaceID, u UserID) error
	// ByExternalID returns the user whose record of the directory has that
	// externalId, byte for byte, or ErrNotFound.
	ByExternalID(ctx context.Context, ws WorkspaceID, d DirectoryID, externalID string) (UserID, error)
	// List returns, ordered by user id, the users (with record and groups, without
	// blocks) that match, and how many match in all. One round trip. An attribute or
	// comparison that users do not have is an error of kind ErrInvalid.
	List(ctx context.Context, ws WorkspaceID, q RecordQuery) ([]DirectoryUser, int, error)
	// OfDirectory returns the ids of users with a record of the directory, in
	// order, after the given one, at most limit.
	OfDirectory(ctx context.Context, ws WorkspaceID, d DirectoryID, after UserID, limit int) ([]UserID, error)
}

// Identities stores what SSO recognises people by.
type Identities interface {
	// Create pins. KeyIdentity is taken if the (connection, issuer, subject)
	// stands already, retired or not, or if the user has another live identity
	// of that connection.
	Create(ctx context.Context, i Identity) error
	// Find returns the identity or ErrNotFound.
	Find(ctx context.Context, ws WorkspaceID, c ConnectionID, issuer, subject string) (Identity, error)
	// OfUser returns those of the user by id, the retired ones too.
	OfUser(ctx context.Context, ws WorkspaceID, u UserID) ([]Identity, error)
	// Retire marks the live identities of the user.
	Retire(ctx context.Context, ws WorkspaceID, u UserID, at time.Time) error
	// Restore takes the mark from a retired identity. KeyIdentity is taken if the
	// user has a live one of that connection.
	Restore(ctx context.Context, ws WorkspaceID, id IdentityID) error
	// DeleteOfUser removes all of the user.
	DeleteOfUser(ctx context.Context, ws WorkspaceID, u UserID) error
	// Touch notes a sign-in.
	Touch(ctx context.Context, ws WorkspaceID, id IdentityID, at time.Time) error
}

// Subjects is where the two doors meet: sign-in and the paired directory both
// claim (connection, subject) for the user that they make or pin.
type Subjects interface {
	// Claim notes that the subject is the user's unless it is somebody's, and
	// returns whose it is: at once, or after waiting for the transaction that is
	// about to claim it.
	Claim(ctx context.Context, ws WorkspaceID, c ConnectionID, subject string, u UserID) (UserID, error)
	// Of returns whose the subject is, or ErrNotFound.
	Of(ctx context.Context, ws WorkspaceID, c ConnectionID, subject string) (UserID, error)
	// Release frees the subjects of the user in the connection, but for keep.
	Release(ctx context.Context, ws WorkspaceID, c ConnectionID, u UserID, keep string) error
	// ReleaseAll frees all subjects of the user.
	ReleaseAll(ctx context.Context, ws WorkspaceID, u UserID) error
	// ClaimRecorded claims, for every user with a record of the directory, the
	// subject that the record's externalId names, and returns the user and the
	// owner of one that is somebody else's, or "" twice.
	ClaimRecorded(ctx context.Context, ws WorkspaceID, c ConnectionID, d DirectoryID) (user, owner UserID, err error)
	// ReleaseRecorded frees the subjects of users with a record of the directory,
	// but for those of identities of the connection that are not retired.
	ReleaseRecorded(ctx context.Context, ws WorkspaceID, c ConnectionID, d DirectoryID) error
}

// Tombstones stores hashes of what removed users were known by.
type Tombstones interface {
	// Put adds the tombstones; one that stands already stays.
	Put(ctx context.Context, ts []Tombstone) error
	// Any reports whether one of the hashes stands.
	Any(ctx context.Context, ws WorkspaceID, hashes [][]byte) (bool, error)
	// Lift removes those of the hashes that stand.
	Lift(ctx context.Context, ws WorkspaceID, hashes [][]byte) error
}

// Invitations stores invitations with their roles.
type Invitations interface {
	// Create adds i.
	Create(ctx context.Context, i Invitation) error
	// Find returns the invitation by its id alone, or ErrNotFound.
	Find(ctx context.Context, id InvitationID) (Invitation, error)
	// OfUser returns those of the user, newest first.
	OfUser(ctx context.Context, ws WorkspaceID, u UserID) ([]Invitation, error)
	// Accept marks the invitation if it was neither accepted nor cancelled, and
	// reports whether it did. Of two at once one does.
	Accept(ctx context.Context, ws WorkspaceID, id InvitationID, at time.Time) (bool, error)
	// CancelOfUser cancels those of the user that are neither accepted nor
	// cancelled and returns their ids.
	CancelOfUser(ctx context.Context, ws WorkspaceID, u UserID, at time.Time) ([]InvitationID, error)
}

// GroupQuery selects groups of one directory, or of all of the workspace.
type GroupQuery struct {
	Directory DirectoryID // "" for all of the workspace
	Filter    Filter
	Offset    int
	Limit     int // 0 returns only the total
}

// Groups stores SCIM groups.
type Groups interface {
	// Create adds g. KeyGroupName is taken if another group of the directory
	// that is not deleted has that name.
	Create(ctx context.Context, g Group) error
	// Get returns the group, a deleted one too, or ErrNotFound.
	Get(ctx context.Context, ws WorkspaceID, id GroupID) (Group, error)
	// Update replaces name, externalId, version and times. ErrNotFound; KeyGroupName.
	Update(ctx context.Context, g Group) error
	// Lock makes other transactions that lock the group wait, and returns it as
	// it then stands. ErrNotFound.
	Lock(ctx context.Context, ws WorkspaceID, id GroupID) (Group, error)
	// List returns, ordered by id, the groups that match and are not deleted,
	// and how many match in all, in one round trip.
	List(ctx context.Context, ws WorkspaceID, q GroupQuery) ([]Group, int, error)
}

// Members stores who is in which group.
type Members interface {
	// Add puts the users into the group and returns those that were not in it.
	Add(ctx context.Context, ws WorkspaceID, g GroupID, users []UserID, at time.Time) ([]UserID, error)
	// Remove takes the users out and returns those that were in it.
	Remove(ctx context.Context, ws WorkspaceID, g GroupID, users []UserID) ([]UserID, error)
	// Keep takes out everybody but the given users and returns whom it took out.
	Keep(ctx context.Context, ws WorkspaceID, g GroupID, users []UserID) ([]UserID, error)
	// Known tells apart the ids of users with a record of the directory (current)
	// and of users who once had one (former); others are in neither.
	Known(ctx context.Context, ws WorkspaceID, d DirectoryID, ids []UserID) (current, former []UserID, err error)
	// Of returns the members of the groups, by group and user.
	Of(ctx context.Context, ws WorkspaceID, groups []GroupID) ([]Member, error)
	// Users returns ids of members in order, after the given one, at most limit.
	Users(ctx context.Context, ws WorkspaceID, g GroupID, after UserID, limit int) ([]UserID, error)
	// GroupsOf returns the groups, not deleted, that the users are in, by user
	// and group, each with its name as Display.
	GroupsOf(ctx context.Context, ws WorkspaceID, users []UserID) ([]Member, error)
}

// Mappings stores group → community + role.
type Mappings interface {
	// Create adds m. KeyMapping is taken if the same stands already.
	Create(ctx context.Context, m Mapping) error
	// Get returns the mapping or ErrNotFound.
	Get(ctx context.Context, ws WorkspaceID, id MappingID) (Mapping, error)
	// List returns those of the workspace by id; of one group if g is not "".
	List(ctx context.Context, ws WorkspaceID, g GroupID) ([]Mapping, error)
	// Release lets a held mapping count.
	Release(ctx context.Context, ws WorkspaceID, id MappingID) error
	// Delete removes the mapping or returns ErrNotFound.
	Delete(ctx context.Context, ws WorkspaceID, id MappingID) error
}

// Grants stores what users were given.
type Grants interface {
	// Add stores the grants but for those that repeat (user, community, role,
	// source), and returns what it stored.
	Add(ctx context.Context, grants []Grant) ([]Grant, error)
	// OfUser returns those of the user by id.
	OfUser(ctx context.Context, ws WorkspaceID, u UserID) ([]Grant, error)
	// Delete removes the grants among ids.
	Delete(ctx context.Context, ws WorkspaceID, ids []GrantID) error
	// Hold sets or clears the held mark with its reason ("" clears).
	Hold(ctx context.Context, ws WorkspaceID, ids []GrantID, reason string) error
	// Safeguards returns the safeguard grants of the workspace, by id.
	Safeguards(ctx context.Context, ws WorkspaceID) ([]Grant, error)
}

// AccessState is what the resolver needs to know of some users, and what it
// said of them last.
type AccessState struct {
	Grants   []Grant
	Members  []Member  // memberships in groups that are not deleted
	Mappings []Mapping // of those groups
	SetAside []SetAside
	Current  []Membership // not ended
}

// Access stores the projection and the marks beside it.
type Access interface {
	// State returns the state of the users, in one round trip.
	State(ctx context.Context, ws WorkspaceID, users []UserID) (AccessState, error)
	// Start adds memberships.
	Start(ctx context.Context, ms []Membership) error
	// End ends memberships; ended ones stay as they are.
	End(ctx context.Context, ws WorkspaceID, ids []MembershipID, at time.Time) error
	// SetAside adds marks; those that stand stay.
	SetAside(ctx context.Context, ws WorkspaceID, marks []SetAside, at time.Time) error
	// OfUser returns the memberships of the user that have not ended, by id.
	OfUser(ctx context.Context, ws WorkspaceID, u UserID) ([]Membership, error)
	// OfCommunity returns the memberships in the community that have not ended,
	// by user and id, of users after the given one, at most limit.
	OfCommunity(ctx context.Context, ws WorkspaceID, c CommunityID, after UserID, limit int) ([]Membership, error)
	// Holders returns users who have a reason or a membership, or both, in order,
	// after the given one, at most limit: whoever a full check has to look at.
	Holders(ctx context.Context, ws WorkspaceID, after UserID, limit int) ([]UserID, error)
}

// Sessions stores sessions.
type Sessions interface {
	// Create adds s.
	Create(ctx context.Context, s Session) error
	// Find returns the session by its id alone together with its user (without
	// record), in one round trip, or ErrNotFound.
	Find(ctx context.Context, id SessionID) (Session, User, error)
	// Touch notes activity.
	Touch(ctx context.Context, ws WorkspaceID, id SessionID, at time.Time) error
	// End ends the session if it has not ended, and reports whether it did.
	End(ctx context.Context, ws WorkspaceID, id SessionID, at time.Time) (bool, error)
	// EndOfUser ends those of the user that have not ended and returns their ids.
	EndOfUser(ctx context.Context, ws WorkspaceID, u UserID, at time.Time) ([]SessionID, error)
	// OfUser returns those of the user that have not ended, newest first.
	OfUser(ctx context.Context, ws WorkspaceID, u UserID) ([]Session, error)
	// Purge deletes sessions that ended or expired before the given time.
	Purge(ctx context.Context, before time.Time) (int64, error)
}

// SignIns stores sign-ins on their way.
type SignIns interface {
	// Create adds s and drops the oldest of that browser beyond keep.
	Create(ctx context.Context, s PendingSignIn, keep int) error
	// Take removes and returns the sign-in by its id alone, or ErrNotFound. Of
	// two at once one gets it.
	Take(ctx context.Context, id SignInID) (PendingSignIn, error)
	// Purge deletes those that expired before the given time.
	Purge(ctx context.Context, before time.Time) (int64, error)
}

// Events stores facts for the outside.
type Events interface {
	// Append adds events, any number in one statement.
	Append(ctx context.Context, events []Event) error
	// List returns events of the workspace after the given one, oldest first.
	List(ctx context.Context, ws WorkspaceID, after EventID, limit int) ([]Event, error)
}

// Audit stores the audit log and its chain.
type Audit interface {
	// Append adds entries, unsealed, with their words; it waits for no sealer.
	Append(ctx context.Context, entries []AuditEntry) error
	// LockHead returns the end of the chain and keeps other sealers out until
	// the transaction ends. If a sealer is at work, it returns false at once.
	LockHead(ctx context.Context, ws WorkspaceID) (AuditHead, bool, error)
	// Unsealed returns committed entries without a sequence, by id, at most limit.
	Unsealed(ctx context.Context, ws WorkspaceID, limit int) ([]AuditEntry, error)
	// Seal stores sequence and hash of the entries, and the new head.
	Seal(ctx context.Context, entries []AuditEntry, head AuditHead) error
	// Sealed returns entries by sequence, after the given one, at most limit,
	// with the words that have not been erased.
	Sealed(ctx context.Context, ws WorkspaceID, after int64, limit int) ([]AuditEntry, error)
	// Head returns the end of the chain; sequence 0 before the first seal.
	Head(ctx context.Context, ws WorkspaceID) (AuditHead, error)
	// CountUnsealed says how many entries wait.
	CountUnsealed(ctx context.Context, ws WorkspaceID) (int, error)
}

// DataKeys stores the wrapped keys under which secrets are sealed.
type DataKeys interface {
	// List returns all, oldest first.
	List(ctx context.Context) ([]DataKey, error)
	// Create adds the key behind the given number of others. Of two processes
	// that saw the same keys and make one at once, one is made: the other gets
	// ErrConflict.
	Create(ctx context.Context, k DataKey, after int) error
	// Rewrap replaces the wrapped form.
	Rewrap(ctx context.Context, id string, wrapped []byte) error
}

// Jobs leases periodic work to one replica at a time.
type Jobs interface {
	// Lease gives the job to holder until the given time if nobody else holds
	// it at now, and reports whether it did. A holder may renew.
	Lease(ctx context.Context, job, holder string, now, until time.Time) (bool, error)
}
