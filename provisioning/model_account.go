package provisioning

import "time"

// Account is a person's own credentials, for all workspaces in which a user
// points to it. It exists only once its owner accepted an invitation, or set the
// installation up, and set a credential.
//
// An account whose address nobody proved, because its link was shown to somebody
// instead of mailed, exists for one workspace alone (rule 19): there may be one
// such account an address and workspace, beside at most one proved account an
// address. When the address is proved later, by a mailed link, the unproved ones
// are absorbed: see [Accounts].
type Account struct {
	ID            AccountID
	Email         string
	EmailProved   bool
	Home          WorkspaceID // of an unproved account: the one workspace that it exists for; "" once proved
	PasswordHash  string      // "" for none: passkeys alone
	TOTPSecret    []byte      // sealed; nil while no authenticator is set up
	TOTPStep      int64       // the last time step whose code was used
	CreatedAt     time.Time
	PasswordSetAt time.Time
}

// HasPassword reports whether the account can sign in with a password.
func (a Account) HasPassword() bool { return a.PasswordHash != "" }

// Passkey is a WebAuthn credential of an account.
type Passkey struct {
	ID         string // the credential id, base64url without padding; unique in the installation
	Account    AccountID
	Name       string
	Credential []byte // as package passkey keeps it: public key, counter, flags
	CreatedAt  time.Time
	LastUsedAt time.Time
}

// ParentSignIn is a sign-in with an account's own credentials. From it one
// session per workspace is entered (rule 18).
type ParentSignIn struct {
	ID         ParentID
	Account    AccountID
	SecretHash []byte
	Method     SignInMethod
	// Only is the one workspace that may be entered, where an administrator's
	// code stood for the second factor; "" for all of the account's.
	Only       WorkspaceID
	FactorAt   time.Time     // when a second factor was proved; zero while none was
	ProvedAt   time.Time     // when a credential was last proved: see [FreshSignIn]
	Idle       time.Duration // the shortest idle limit among the workspaces entered; 0 before the first
	UserAgent  string
	CreatedAt  time.Time
	LastSeenAt time.Time
	ExpiresAt  time.Time
	EndedAt    time.Time
}

// SignInMethod says by which credential a parent sign-in began.
type SignInMethod string

// Methods. A passkey that verified its user counts as both factors.
const (
	MethodPassword SignInMethod = "password"
	MethodPasskey  SignInMethod = "passkey"
	MethodLink     SignInMethod = "link" // an invitation or the set-up link, by which the credential was set
)

// Link is a mailed or shown single-use link (or, for [LinkFactor], code) about
// an account. The installation's set-up link has no account.
type Link struct {
	ID         LinkID
	Purpose    LinkPurpose
	Account    AccountID
	Workspace  WorkspaceID // of LinkFactor: whose administrator gave the code
	Email      string      // of the e-mail links: the address that the account shall have
	Shown      bool        // shown to somebody instead of mailed: it proves no address
	SecretHash []byte
	CreatedAt  time.Time
	ExpiresAt  time.Time
	UsedAt     time.Time // also when it was cancelled
}

// Open reports whether the link can still be used at now.
func (l Link) Open(now time.Time) bool { return l.UsedAt.IsZero() && now.Before(l.ExpiresAt) }

// LinkPurpose says what a [Link] does.
type LinkPurpose string

// Purposes.
const (
	LinkSetup    LinkPurpose = "setup"     // the first start
	LinkReset    LinkPurpose = "reset"     // a new password
	LinkEmailOld LinkPurpose = "email_old" // the present address agrees to the change
	LinkEmailNew LinkPurpose = "email_new" // the new address agrees to the change
	LinkFactor   LinkPurpose = "factor"    // stands for the second factor once
)

// Challenge is a WebAuthn ceremony on its way, used once.
type Challenge struct {
	ID        ChallengeID
	Account   AccountID // "" for a sign-in that names nobody yet
	State     []byte    // as package passkey keeps it
	CreatedAt time.Time
	ExpiresAt time.Time
}
