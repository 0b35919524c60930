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
	Workspaces      Workspaces
	Communities     Communities
	Roles           Roles
	Domains         Domains
	Connections     Connections
	Directories     Directories
	Tokens          DirectoryTokens
	Users           Users
	Blocks          Blocks
	Records         Records
	Identities      Identities
	Subjects        Subjects
	Tombstones      Tombstones
	Invitations     Invitations
	Groups          Groups
	Members         Members
	Mappings        Mappings
	Grants          Grants
	Access          Access
	Sessions        Sessions
	SignIns         SignIns
	Events          Events
	Audit           Audit
	DataKeys        DataKeys
	Jobs            Jobs
	Accounts        Accounts
	Factors         Factors
	Passkeys        PasskeyStore
	Parents         ParentSignIns
	AccountSessions SessionsOfAccounts
	Links           Links
	Challenges      Challenges
	Deliveries      Deliveries
	Inactivity      Inactivity
	TimeOfContext   func() time.Time
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
	// Update replaces name and MultiTenant. ErrNotFound if there is no such
	// workspace.
	Update(ctx context.Context, w Workspace) error
	// Delete removes the workspace with everything in it, unproved accounts whose
	// home it is included, and returns the ids of the sessions and tokens that
	// were still good. Accounts that other workspaces may know stay. It waits for
	// who is about to write into the workspace; who comes later finds nothing.
	// ErrNotFound.
	Delete(ctx context.Context, id WorkspaceID) ([]string, error)
	// Lock makes other transactions that lock the workspace wait for this one's
	// end. ErrNotFound if there is no such workspace.
	Lock(ctx context.Context, id WorkspaceID) error
}

// Communities stores communities.
type Communities interface {
	// Create adds c. KeySlug is taken if the slug is.
	Create(ctx context.Context, c Community) error
	// List returns those of the workspace that are not deleted, the root first,
	// then by id.
	List(ctx context.Context, ws WorkspaceID) ([]Community, error)
	// Lock makes other transactions that lock the community, or put a reason into
	// it (a grant, a mapping, a default, a role of an invitation), wait for this
	// one's end. ErrNotFound if there is none that is not deleted.
	Lock(ctx context.Context, ws WorkspaceID, id CommunityID) error
	// Hold is for who puts a reason into the communities: until the transaction
	// ends, others may hold them too, and nobody locks or deletes them. ErrNotFound
	// if one of them is not there or deleted. One statement for all.
	Hold(ctx context.Context, ws WorkspaceID, ids []CommunityID) error
	// Update replaces name and description. ErrNotFound.
	Update(ctx context.Context, c Community) error
	// Uses counts what stands in the community.
	Uses(ctx context.Context, ws WorkspaceID, id CommunityID) (Uses, error)
	// Delete marks the community, frees its slug, and deletes its grants,
	// mappings, set-aside marks, defaults and roles of invitations; it returns, in
	// order, the users with a membership in it that has not ended (the caller
	// resolves them). ErrNotFound if there is none that is not deleted.
	Delete(ctx context.Context, ws WorkspaceID, id CommunityID, at time.Time) ([]UserID, error)
}

// Uses counts what would go with a community, or keeps a role from going.
type Uses struct {
	Users       int // with a membership that has not ended
	Grants      int // held ones too
	Mappings    int
	Connections int // whose default it is
	Invitations int // neither accepted, cancelled nor expired
}

// Any reports whether there is any use.
func (u Uses) Any() bool { return u != Uses{} }

// Roles stores roles, the built-in ones as rows too.
type Roles interface {
	// Create adds the roles. KeySlug is taken if a slug is.
	Create(ctx context.Context, roles ...Role) error
	// List returns those of the workspace that are not deleted, built-in first,
	// then by id.
	List(ctx context.Context, ws WorkspaceID) ([]Role, error)
	// Lock is Communities.Lock for a role: a grant, a mapping, a default or an
	// invitation that names it waits. ErrNotFound if there is none that is not
	// deleted.
	Lock(ctx context.Context, ws WorkspaceID, id RoleID) error
	// Hold is Communities.Hold for roles, for who gives them, maps to them, makes
	// one the default or invites with them.
	Hold(ctx context.Context, ws WorkspaceID, ids []RoleID) error
	// Update replaces name, description and permissions. ErrNotFound.
	Update(ctx context.Context, r Role) error
	// Uses counts what uses the role.
	Uses(ctx context.Context, ws WorkspaceID, id RoleID) (Uses, error)
	// Delete marks the role, frees its slug, and takes it from invitations that
	// were accepted, cancelled or have expired. ErrNotFound if there is none that
	// is not deleted.
	Delete(ctx context.Context, ws WorkspaceID, id RoleID, at time.Time) error
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
	// Create adds u without its blocks, record and InvitedUntil. KeyUserName is taken if a
	// user of the workspace that is not removed has that userName: at once, or
	// after waiting for the transaction that is about to take it.
	Create(ctx context.Context, u User) error
	// Get returns the user with blocks, record and InvitedUntil in one round trip,
	// a removed one too, or ErrNotFound.
	Get(ctx context.Context, ws WorkspaceID, id UserID) (User, error)
	// Update replaces the row (not blocks and record). ErrNotFound; KeyUserName.
	Update(ctx context.Context, u User) error
	// Lock makes other transactions that lock one of the users wait. It takes
	// the locks in the order of the ids, in one statement; unknown ids are
	// passed over.
	Lock(ctx context.Context, ws WorkspaceID, ids []UserID) error
	// List returns users that are not removed, with blocks, record and
	// InvitedUntil, by id.
	List(ctx context.Context, ws WorkspaceID, q UserQuery) ([]User, error)
	// Administrators returns the users without a block who hold the role in the
	// community and have a working way in: an account with a password or a
	// passkey, an identity that is not retired of an enabled connection, or an active record
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

// InvitationQuery selects invitations of a workspace, newest first.
type InvitationQuery struct {
	Pending bool         // only those that were neither accepted nor cancelled, expired ones too
	Before  InvitationID // only ids below it; "" for all
	Limit   int          // at most; 0 means 100
}

// Invitations stores invitations with their roles.
type Invitations interface {
	// Create adds i.
	Create(ctx context.Context, i Invitation) error
	// Find returns the invitation by its id alone, or ErrNotFound.
	Find(ctx context.Context, id InvitationID) (Invitation, error)
	// OfUser returns those of the user, newest first.
	OfUser(ctx context.Context, ws WorkspaceID, u UserID) ([]Invitation, error)
	// List returns those that the query selects, by id, newest first.
	List(ctx context.Context, ws WorkspaceID, q InvitationQuery) ([]Invitation, error)
	// Update replaces secret, Shown, InvitedBy, ExpiresAt and CancelledAt of an
	// invitation that was neither accepted nor cancelled; else ErrNotFound.
	Update(ctx context.Context, i Invitation) error
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
	// record and InvitedUntil), in one round trip, or ErrNotFound.
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

// Accounts stores people's own credentials. They belong to no workspace.
type Accounts interface {
	// Create adds a. KeyAccount is taken if it is proved and a proved account has
	// the address, or unproved and another of its home has it: at once, or after
	// waiting for the transaction that is about to take it.
	Create(ctx context.Context, a Account) error
	// Get returns the account or ErrNotFound.
	Get(ctx context.Context, id AccountID) (Account, error)
	// Lock is Get for who changes the account: others that lock it wait.
	Lock(ctx context.Context, id AccountID) (Account, error)
	// ByEmail returns the accounts of the folded address, the proved one first,
	// then by id.
	ByEmail(ctx context.Context, key string) ([]Account, error)
	// Update replaces everything but id, TOTPStep and creation. ErrNotFound;
	// KeyAccount.
	Update(ctx context.Context, a Account) error
	// Users returns the users, not removed, of every workspace that point to the
	// account, with their blocks, by workspace.
	Users(ctx context.Context, id AccountID) ([]User, error)
	// Absorb makes the users of the other accounts the account's and deletes the
	// others with their passkeys, recovery codes, links and challenges. Their
	// parent sign-ins, which the caller has ended, become the account's.
	Absorb(ctx context.Context, id AccountID, others []AccountID) error
}

// Factors stores what stands beside an authenticator.
type Factors interface {
	// UseStep notes that the code of a time step was used, unless that step or a
	// later one was used before, and reports whether it did. Of two at once one
	// does.
	UseStep(ctx context.Context, a AccountID, step int64) (bool, error)
	// SetRecoveryCodes replaces the recovery codes; nil removes them.
	SetRecoveryCodes(ctx context.Context, a AccountID, hashes [][]byte) error
	// UseRecoveryCode uses the code up, and reports whether it was there, unused.
	// Of two at once one gets true.
	UseRecoveryCode(ctx context.Context, a AccountID, hash []byte, at time.Time) (bool, error)
	// RecoveryCodes says how many are unused.
	RecoveryCodes(ctx context.Context, a AccountID) (int, error)
}

// PasskeyStore stores passkeys.
type PasskeyStore interface {
	// Create adds p. KeyPasskey is taken if its id is somebody's.
	Create(ctx context.Context, p Passkey) error
	// Find returns the passkey by its id alone or ErrNotFound.
	Find(ctx context.Context, id string) (Passkey, error)
	// OfAccount returns those of the account by creation.
	OfAccount(ctx context.Context, a AccountID) ([]Passkey, error)
	// Update replaces name, credential and last use. ErrNotFound.
	Update(ctx context.Context, p Passkey) error
	// Delete removes the passkey of the account or returns ErrNotFound.
	Delete(ctx context.Context, a AccountID, id string) error
}

// ParentSignIns stores password and passkey sign-ins.
type ParentSignIns interface {
	// Create adds p.
	Create(ctx context.Context, p ParentSignIn) error
	// Find returns the parent sign-in by its id alone together with its account,
	// in one round trip, or ErrNotFound.
	Find(ctx context.Context, id ParentID) (ParentSignIn, Account, error)
	// Update replaces secret, Only, FactorAt, ProvedAt, Idle, LastSeenAt and
	// ExpiresAt of one that has not ended; else ErrNotFound.
	Update(ctx context.Context, p ParentSignIn) error
	// End ends it if it has not ended, and reports whether it did.
	End(ctx context.Context, id ParentID, at time.Time) (bool, error)
	// EndOfAccount ends those of the account that have not ended, but for keep,
	// and returns their ids.
	EndOfAccount(ctx context.Context, a AccountID, keep ParentID, at time.Time) ([]ParentID, error)
	// Purge deletes those that ended or expired before the given time and of
	// which no session is left.
	Purge(ctx context.Context, before time.Time) (int64, error)
}

// SessionsOfAccounts is what crosses workspaces, for the owner of an account
// alone.
type SessionsOfAccounts interface {
	// OfAccount returns the sessions, not ended, that were entered from parents of
	// the account, in every workspace, newest first.
	OfAccount(ctx context.Context, a AccountID) ([]Session, error)
	// EndOfParents ends the sessions entered from the parents that have not ended
	// and returns their ids.
	EndOfParents(ctx context.Context, ids []ParentID, at time.Time) ([]SessionID, error)
	// EndOfAccount ends the sessions that have not ended of every user that points
	// to the account, those that came through a connection too, but for those
	// entered from the parent keep, and returns their ids.
	EndOfAccount(ctx context.Context, a AccountID, keep ParentID, at time.Time) ([]SessionID, error)
	// TouchParent notes activity; it never turns it back.
	TouchParent(ctx context.Context, id ParentID, at time.Time) error
}

// Links stores single-use links about accounts.
type Links interface {
	// Create adds l.
	Create(ctx context.Context, l Link) error
	// Find returns the link by its id alone or ErrNotFound.
	Find(ctx context.Context, id LinkID) (Link, error)
	// Use marks the link if it was not used, and reports whether it did. Of two at
	// once one does.
	Use(ctx context.Context, id LinkID, at time.Time) (bool, error)
	// OfAccount returns those of the account with the purpose, newest first, the
	// used and expired ones too, at most ten.
	OfAccount(ctx context.Context, a AccountID, p LinkPurpose) ([]Link, error)
	// Cancel marks those of the account (for "", those without an account) with
	// one of the purposes that were not used, and returns their ids.
	Cancel(ctx context.Context, a AccountID, purposes []LinkPurpose, at time.Time) ([]LinkID, error)
	// Purge deletes those that were used or expired before the given time.
	Purge(ctx context.Context, before time.Time) (int64, error)
}

// Challenges stores WebAuthn ceremonies on their way.
type Challenges interface {
	// Create adds c.
	Create(ctx context.Context, c Challenge) error
	// Take removes and returns the challenge, or ErrNotFound. Of two at once one
	// gets it.
	Take(ctx context.Context, id ChallengeID) (Challenge, error)
	// Purge deletes those that expired before the given time.
	Purge(ctx context.Context, before time.Time) (int64, error)
}

// DeliveryQuery selects deliveries, newest first.
type DeliveryQuery struct {
	State  DeliveryState // "" for any
	Before DeliveryID    // only ids below it; "" for all
	Limit  int           // at most; 0 means 100
}

// Deliveries stores the outbox of mails.
type Deliveries interface {
	// Add puts deliveries into the outbox.
	Add(ctx context.Context, ds []Delivery) error
	// Claim leases up to limit waiting deliveries whose time has come, and that
	// nobody has, until the given time, the longest due first, counts an attempt for
	// each, and returns them. No two claims that overlap get the same one.
	Claim(ctx context.Context, now, until time.Time, limit int) ([]Delivery, error)
	// Settle replaces State, Error, NextAt, SettledAt and Sealed of a delivery and
	// ends its lease, if the lease is still the one that d has; it reports whether
	// it did.
	Settle(ctx context.Context, d Delivery) (bool, error)
	// Drop settles the waiting and dead deliveries of the subjects as dropped and
	// erases what they say.
	Drop(ctx context.Context, subjects []string, at time.Time) error
	// List returns the deliveries of the workspace (of "", those of accounts) that
	// the query selects, by id, newest first.
	List(ctx context.Context, ws WorkspaceID, q DeliveryQuery) ([]Delivery, error)
	// Retry makes a dead delivery, not yet expired, wait again with no attempts,
	// and reports whether it did.
	Retry(ctx context.Context, ws WorkspaceID, id DeliveryID, at time.Time) (bool, error)
	// Expire settles waiting and dead deliveries whose ExpiresAt has come as
	// expired and erases what they say, and deletes those settled before the
	// given time. It leaves leased ones alone.
	Expire(ctx context.Context, now, before time.Time) error
}

// InactivityQuery selects users whom the inactivity rule blocks.
type InactivityQuery struct {
	Workspace  WorkspaceID
	SeenBefore time.Time // neither seen nor created since
	Today      time.Time // start of the day in the workspace: reactivated since, they have until its end
	After      UserID
	Limit      int
}

// Inactivity finds who stays away.
type Inactivity interface {
	// Due returns the ids, in order, of users that are not removed, not break-glass
	// and have no inactivity block, who were last seen, or if never seen created,
	// before SeenBefore and not reactivated since Today.
	Due(ctx context.Context, q InactivityQuery) ([]UserID, error)
}
