package provisioning

import "time"

// Delivery is one mail in the outbox, written in the transaction that made it
// true. What it says is sealed, and erased once it was sent, given up, dropped
// or expired: links stand in it.
type Delivery struct {
	ID        DeliveryID
	Workspace WorkspaceID // "" where the mail is about an account as a whole
	Subject   string      // id of the invitation or link that it carries: dropped together with it
	Kind      MailKind
	To        string
	Sealed    []byte // a [Mail] as JSON; nil once erased
	State     DeliveryState
	Attempts  int
	Error     string // of the last attempt, in words fit for an administrator; "" for none
	NextAt    time.Time
	Leased    time.Time // until when a worker has it
	CreatedAt time.Time
	ExpiresAt time.Time // when its link ends: it is not sent later than that
	SettledAt time.Time // when it was sent, given up, dropped or expired
}

// DeliveryState is where a delivery stands.
type DeliveryState string

// States.
const (
	DeliveryWaiting DeliveryState = "waiting"
	DeliverySent    DeliveryState = "sent"
	DeliveryDead    DeliveryState = "dead"    // given up after the last attempt, or refused for good
	DeliveryDropped DeliveryState = "dropped" // its link was cancelled or replaced before it went out
	DeliveryExpired DeliveryState = "expired" // its link ended before it went out
)

// MailKind chooses the words of a mail.
type MailKind string

// Kinds of mail. Beside each stand the fields of [Mail] that it has.
const (
	MailInvitation    MailKind = "invitation"     // Inviter, Workspace, Places, Link, EndsAt
	MailAccess        MailKind = "access"         // Inviter, Workspace, Places, LinkPath (/login or a connection's): access at once
	MailAskAgain      MailKind = "ask_again"      // to the inviter: Person (an address), Workspace
	MailReset         MailKind = "reset"          // Link, EndsAt
	MailEmailOld      MailKind = "email_old"      // Person (the new address), Link, EndsAt
	MailEmailNew      MailKind = "email_new"      // Link, EndsAt
	MailEmailChanged  MailKind = "email_changed"  // to the address until now: Person (the new address)
	MailPassword      MailKind = "password"       // the password was changed or reset
	MailFactorAdded   MailKind = "factor_added"   // Person: what was added, such as the passkey's name
	MailFactorRemoved MailKind = "factor_removed" // Person: what was removed
	MailFactorReset   MailKind = "factor_reset"   // Inviter: the administrator; Workspace
	MailTest          MailKind = "test"           // of `doctor`
)

// MailKinds lists every kind.
func MailKinds() []MailKind {
	return []MailKind{
		MailInvitation, MailAccess, MailAskAgain, MailReset, MailEmailOld, MailEmailNew, MailEmailChanged,
		MailPassword, MailFactorAdded, MailFactorRemoved, MailFactorReset, MailTest,
	}
}

// Mail is what a mail says.
type Mail struct {
	Inviter   string // name, then address, of who acts; "" for the operator
	Workspace string // name
	Person    string
	Places    []Place
	LinkPath  string // path of the page on our origin, such as /invitation
	LinkToken string // its token; "" for a mail without a link
	EndsAt    time.Time
}

// Place is a role in a community, by their names.
type Place struct {
	Community string
	Roles     []string
}
