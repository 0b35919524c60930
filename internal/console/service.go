package console

import (
	"context"

	"drawbridge/provisioning"
)

// Service is what the face asks of the domain.
type Service interface {
	Sessions
	Access
	Doors
	Proofs
	Parents
	Links
	Invitations
	Resets
	Addresses
	Setups
	Myself
	Passwords
	Factors
	Passkeys
}

// Sessions tells who is there.
type Sessions interface {
	// Authenticate returns whose session a cookie's text is, or an error of kind ErrUnauthenticated.
	Authenticate(ctx context.Context, cookie string) (provisioning.Viewer, error)
	// SignOut ends the viewer's session, in every process, and with it the parent sign-in from which it was entered.
	SignOut(ctx context.Context, v provisioning.Viewer) error
}

// Access tells what somebody holds.
type Access interface {
	// Overview returns the roles that the viewer holds. Nothing held is no error.
	Overview(ctx context.Context, v provisioning.Viewer) (provisioning.Overview, error)
	// ExplainAccess returns every reason of the user, of the whole workspace if c is "".
	ExplainAccess(ctx context.Context, ws provisioning.WorkspaceID, u provisioning.UserID, c provisioning.CommunityID) ([]provisioning.Explanation, error)
}

// Doors tells where a stranger may come in.
type Doors interface {
	// ConnectionsFor returns the enabled connections of every workspace that verified the address's domain. What is
	// no address is ErrInvalid.
	ConnectionsFor(ctx context.Context, email string) ([]provisioning.Connection, error)
	Workspace(ctx context.Context, id provisioning.WorkspaceID) (provisioning.Workspace, error)
	Communities(ctx context.Context, ws provisioning.WorkspaceID) ([]provisioning.Community, error)
	Roles(ctx context.Context, ws provisioning.WorkspaceID) ([]provisioning.Role, error)
}

// Proofs checks what a person knows and has. Each proof gives the parent sign-in a new secret.
type Proofs interface {
	SignInWithPassword(ctx context.Context, email, password string, b provisioning.Browser) (provisioning.Parent, error)
	// BeginPasskey begins a ceremony: of the account of b.Parent, or of anybody's passkey where there is none.
	BeginPasskey(ctx context.Context, b provisioning.Browser) (challenge provisioning.ChallengeID, options []byte, err error)
	SignInWithPasskey(ctx context.Context, challenge provisioning.ChallengeID, response []byte, b provisioning.Browser) (provisioning.Parent, error)
	ProveCode(ctx context.Context, code string, b provisioning.Browser) (provisioning.Parent, error)
	ProvePasskey(ctx context.Context, challenge provisioning.ChallengeID, response []byte, b provisioning.Browser) (provisioning.Parent, error)
	ProvePassword(ctx context.Context, password string, b provisioning.Browser) (provisioning.Parent, error)
}

// Parents leads from a parent sign-in into workspaces.
type Parents interface {
	// ParentOf returns the parent sign-in of a cookie's text, or an error of kind ErrUnauthenticated.
	ParentOf(ctx context.Context, cookie string) (provisioning.Parent, error)
	// Doors lists the workspaces of the account of b.Parent, by name.
	Doors(ctx context.Context, b provisioning.Browser) ([]provisioning.Door, error)
	// Enter makes a session. ErrProve says what is missing, a [*provisioning.Refusal] why it is not let in.
	Enter(ctx context.Context, ws provisioning.WorkspaceID, b provisioning.Browser) (provisioning.SignedIn, error)
	// SignOutParent ends b.Parent, and all that was entered from it. None is no error.
	SignOutParent(ctx context.Context, b provisioning.Browser) error
}

// Links takes the text of a link out of the browser's history.
type Links interface {
	// ExchangeLink returns the ticket that stands for a link, or ErrGone with the code link_dead, link_used,
	// link_cancelled or link_expired. It uses nothing up.
	ExchangeLink(ctx context.Context, text string) (ticket string, err error)
}

// Invitations shows and accepts what a ticket stands for.
type Invitations interface {
	// OpenInvitation takes a ticket or a link's text. Errors are those of ExchangeLink.
	OpenInvitation(ctx context.Context, ticket string) (provisioning.Invited, error)
	AcceptInvitation(ctx context.Context, ticket string, n provisioning.Acceptance, b provisioning.Browser) (provisioning.Parent, error)
	AcceptSignedIn(ctx context.Context, ticket string, b provisioning.Browser) error
	AskForInvitation(ctx context.Context, text string) error
}

// Resets gives a new password to who reads mail at an address.
type Resets interface {
	RequestReset(ctx context.Context, email string, b provisioning.Browser) error
	OpenReset(ctx context.Context, ticket string) (email string, err error)
	ResetRule(ctx context.Context, ticket string) (provisioning.PasswordRule, error)
	CompleteReset(ctx context.Context, ticket, password string, b provisioning.Browser) error
}

// Addresses changes the address of an account, by the word of both.
type Addresses interface {
	RequestEmailChange(ctx context.Context, next string, b provisioning.Browser) error
	OpenEmailChange(ctx context.Context, ticket string) (provisioning.EmailChange, error)
	AgreeToEmailChange(ctx context.Context, ticket string, b provisioning.Browser) (changed bool, err error)
}

// Setups makes the first workspace and its administrator.
type Setups interface {
	OpenSetup(ctx context.Context, ticket string) error
	BeginSetupPasskey(ctx context.Context, ticket, email string) (challenge provisioning.ChallengeID, options []byte, err error)
	CompleteSetup(ctx context.Context, ticket string, f provisioning.FirstStart, b provisioning.Browser) (provisioning.Parent, provisioning.Workspace, error)
}

// Myself is what a person sees and changes of themselves.
type Myself interface {
	Myself(ctx context.Context, v provisioning.Viewer) (provisioning.Myself, error)
	Rename(ctx context.Context, v provisioning.Viewer, name string) error
	MySessions(ctx context.Context, v provisioning.Viewer) ([]provisioning.SessionInfo, error)
	EndMySession(ctx context.Context, v provisioning.Viewer, id provisioning.SessionID) error
	EndMyOtherSessions(ctx context.Context, v provisioning.Viewer) (int, error)
}

// Passwords changes the password of the account of b.Parent.
type Passwords interface {
	ChangePassword(ctx context.Context, present, next string, b provisioning.Browser) (provisioning.Parent, error)
	// PasswordRuleOf returns the strictest rule of the account's workspaces and of ws, where they are not "".
	PasswordRuleOf(ctx context.Context, a provisioning.AccountID, ws provisioning.WorkspaceID) (provisioning.PasswordRule, error)
}

// Factors changes what stands beside the password of the account of b.Parent. A sign-in that is too old, or lacks its
// second factor, is ErrProve.
type Factors interface {
	BeginTOTP(ctx context.Context, b provisioning.Browser) (provisioning.TOTPSetup, error)
	ConfirmTOTP(ctx context.Context, ticket, code string, b provisioning.Browser) (provisioning.Parent, []string, error)
	RemoveTOTP(ctx context.Context, b provisioning.Browser) error
	NewRecoveryCodes(ctx context.Context, b provisioning.Browser) ([]string, error)
}

// Passkeys changes the passkeys of the account of b.Parent, as [Factors] does.
type Passkeys interface {
	BeginPasskeyRegistration(ctx context.Context, b provisioning.Browser) (challenge provisioning.ChallengeID, options []byte, err error)
	AddPasskey(ctx context.Context, challenge provisioning.ChallengeID, response []byte, name string, b provisioning.Browser) (provisioning.Parent, []string, error)
	RenamePasskey(ctx context.Context, id, name string, b provisioning.Browser) error
	RemovePasskey(ctx context.Context, id string, b provisioning.Browser) error
}
