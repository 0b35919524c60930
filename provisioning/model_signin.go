package provisioning

import "time"

// Session is one browser, one user, one workspace.
type Session struct {
	Workspace  WorkspaceID
	ID         SessionID
	User       UserID
	SecretHash []byte
	Connection ConnectionID // "" for a session that a password sign-in entered
	Identity   IdentityID
	Parent     ParentID // the parent sign-in, or ""
	UserAgent  string   // at most 256 bytes, for the list of one's sessions
	Address    string   // network address at the sign-in, for the same list
	CreatedAt  time.Time
	LastSeenAt time.Time
	ExpiresAt  time.Time // absolute limit
	EndedAt    time.Time

	// Of the parent, read together with the session; zero without one.
	ParentIdle     time.Duration
	ParentProvedAt time.Time
	ParentMethod   SignInMethod
}

// PendingSignIn is a sign-in on its way through the provider, bound to one
// browser and used once.
type PendingSignIn struct {
	Workspace   WorkspaceID
	ID          SignInID
	Connection  ConnectionID
	Issuer      string
	StateHash   []byte
	BrowserHash []byte // of the secret in the browser's cookie
	ReturnTo    string // a path on our origin
	Invitation  InvitationID
	CreatedAt   time.Time
	ExpiresAt   time.Time
}

// Actor is who does something: a directory's token, a user, or the operator on
// the server. It stands in the audit entry of everything that it does.
type Actor struct {
	Kind      ActorKind
	ID        string // token or user id; "" for the operator and the system
	Workspace WorkspaceID
	Directory DirectoryID // of a token
	RequestID string
	From      string // network address of the client, "" for commands; erasable
	// ProvedAt is when the user last proved a credential or came through a
	// connection: see [FreshSignIn].
	ProvedAt time.Time
}

// ActorKind is the kind of an [Actor].
type ActorKind string

// Kinds of actors.
const (
	ActorOperator  ActorKind = "operator"
	ActorDirectory ActorKind = "directory"
	ActorUser      ActorKind = "user"
	ActorSystem    ActorKind = "system"
)

// Operator is the actor of the commands on the server: it holds all permissions.
func Operator() Actor { return Actor{Kind: ActorOperator} }

// Event is a fact for the outside, written in the transaction that made it
// true. Data holds ids and words of the domain, no personal data.
type Event struct {
	Workspace WorkspaceID
	ID        EventID
	Type      EventType
	Warning   bool // an administrator should look
	Subject   string
	Data      map[string]string
	CreatedAt time.Time
}

// EventType names what became true.
type EventType string

// AuditEntry says who did what to whom, with what result. Entries carry ids;
// Words stand beside them, can be erased, and are chained by a salted
// commitment only.
type AuditEntry struct {
	Workspace  WorkspaceID
	ID         EntryID
	At         time.Time
	Actor      Actor
	Action     string
	TargetKind string
	Target     string
	Result     string // "done" or "refused"
	Details    map[string]string
	Words      map[string]string
	Salt       []byte
	Commitment []byte // of Salt and Words; nil where there are no words
	Sequence   int64  // 0 while unsealed
	Hash       []byte
}

// AuditHead is the end of a workspace's chain.
type AuditHead struct {
	Workspace WorkspaceID
	Sequence  int64
	Hash      []byte
}

// DataKey is a key that seals what must be read again, itself wrapped by the
// configured key.
type DataKey struct {
	ID        string
	Wrapped   []byte
	CreatedAt time.Time
	Retired   bool
}
