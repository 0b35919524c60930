package provisioning

// RefusalReason says why a sign-in was refused. Faces choose the words; none
// of them tells a stranger whether somebody exists.
type RefusalReason string

// Reasons, by the rule that refuses.
const (
	RefusedUnknown          RefusalReason = "unknown"             // 13: nobody here, and nobody is created
	RefusedDomain           RefusalReason = "domain_not_verified" // 13: creation needs a verified domain
	RefusedNoEmail          RefusalReason = "no_email"            // 13: the token has no e-mail to create by
	RefusedBlocked          RefusalReason = "blocked"             // 8, 13
	RefusedBlockedAddress   RefusalReason = "blocked_address"     // 13: blocked, and found by the address alone
	RefusedRetired          RefusalReason = "identity_retired"    // 13, 16
	RefusedOtherSubject     RefusalReason = "other_subject"       // 13: pinned to another subject of the connection
	RefusedAmbiguous        RefusalReason = "ambiguous"           // 13: two candidates
	RefusedRemoved          RefusalReason = "removed"             // 10: tombstone
	RefusedAdministrator    RefusalReason = "administrator"       // 14: not by e-mail alone
	RefusedAccountProof     RefusalReason = "account_proof"       // 14: has an account to prove first
	RefusedInvitationLink   RefusalReason = "invitation_link"     // 14: an administrative invitation goes by its link
	RefusedOtherAddress     RefusalReason = "invitation_address"  // the invitation is for another address
	RefusedInvitationDead   RefusalReason = "invitation_dead"
	RefusedConnectionClosed RefusalReason = "connection_disabled"
	RefusedSSORequired      RefusalReason = "sso_required" // 18: the workspace requires SSO for its domains
)

// Refusal is a refused sign-in, of kind [ErrRefused].
type Refusal struct {
	Reason    RefusalReason
	Workspace Workspace
	User      UserID // whom it would have been, for the log and the audit; "" if nobody
}

func (r *Refusal) Error() string { return "sign-in refused: " + string(r.Reason) }

// Unwrap gives the kind.
func (r *Refusal) Unwrap() error { return ErrRefused }

func refuse(reason RefusalReason, u UserID) error { return &Refusal{Reason: reason, User: u} }
