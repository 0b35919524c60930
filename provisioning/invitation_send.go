package provisioning

import (
	"context"
	"errors"
	"strings"
)

// InviteRequest is what is given to everybody of a submission.
type InviteRequest struct {
	Roles []RoleIn // at least one; in a community one built-in role or several custom ones (rule 3)
	// PasswordLink asks for a link also where access comes at once.
	PasswordLink bool
}

// InviteOutcome is what became of one address.
type InviteOutcome string

// Outcomes.
const (
	InviteAdded   InviteOutcome = "added"
	InviteMember  InviteOutcome = "member"  // a user of the workspace already; Given says what was added
	InviteRefused InviteOutcome = "refused" // Reason says why
)

// InviteResult is the answer for one address.
type InviteResult struct {
	Email      string
	Outcome    InviteOutcome
	Code       string     // of a refusal
	Reason     string     // of a refusal, in a sentence
	Given      []RoleIn   // what a member has beside what they had
	Invitation Invitation // zero where there is none
	// Link is the secret text of the link, where no mail goes out, for the one who
	// asked; it is shown once.
	Link string
}

// Invite invites one address, in one transaction (rules 3, 4 and 19). What is
// wrong with the address or the person is a result, refused with a reason; what
// is wrong with the request (a community or role that does not exist, a
// permission that the actor lacks) is an error and nothing was changed.
func (s *Service) Invite(ctx context.Context, a Actor, ws WorkspaceID, r InviteRequest, email string) (result InviteResult, err error) {
	email = strings.TrimSpace(email)
	if err := checkAddress(email); err != nil {
		return refusedInvite(cutText(email, maxAddressShow), err), nil
	}
	o := changeOptions{action: "invitation.create"}
	err = s.change(ctx, a, ws, o, func(ctx context.Context, w *work) error {
		v := inviting{work: w, request: r, email: email}
		result, err = v.invite(ctx)
		return err
	})
	var about aboutPerson
	switch {
	case errors.As(err, &about):
		return refusedInvite(email, about.err), nil
	case Code(err) == codeLastAdministrator:
		return refusedInvite(email, err), nil
	case err != nil:
		return InviteResult{}, err
	}
	return result, nil
}

// InviteAll invites every address, each in a transaction of its own, and calls
// progress after each (it may be nil). An error, such as that the context is
// over or the database away, ends it; the results until then stand.
func (s *Service) InviteAll(ctx context.Context, a Actor, ws WorkspaceID, r InviteRequest, addresses []Address, progress func(done int, last InviteResult)) ([]InviteResult, error) {
	if len(addresses) > MaxAddresses {
		return nil, errTooManyAddresses(len(addresses))
	}
	results := make([]InviteResult, 0, len(addresses))
	for _, address := range addresses {
		last, err := s.inviteParsed(ctx, a, ws, r, address)
		if err != nil {
			return results, err
		}
		results = append(results, last)
		if progress != nil {
			progress(len(results), last)
		}
	}
	return results, nil
}

func (s *Service) inviteParsed(ctx context.Context, a Actor, ws WorkspaceID, r InviteRequest, address Address) (InviteResult, error) {
	if address.Err != nil {
		return refusedInvite(address.Text, address.Err), nil
	}
	return s.Invite(ctx, a, ws, r, address.Email)
}

func refusedInvite(email string, err error) InviteResult {
	return InviteResult{Email: email, Outcome: InviteRefused, Code: Code(err), Reason: Detail(err)}
}

// aboutPerson marks a refusal that concerns one person and not the request.
type aboutPerson struct{ err error }

func (e aboutPerson) Error() string { return e.err.Error() }
func (e aboutPerson) Unwrap() error { return e.err }

// inviting is one run of an invitation.
type inviting struct {
	*work
	request   InviteRequest
	email     string
	workspace Workspace
	names     placeNames
	rights    rights
}

func (v *inviting) invite(ctx context.Context) (InviteResult, error) {
	if err := v.checkRequest(ctx); err != nil {
		return InviteResult{}, err
	}
	result, err := v.invitePerson(ctx)
	refusal := Code(err) != "" && (errors.Is(err, ErrConflict) || errors.Is(err, ErrForbidden))
	if refusal {
		return InviteResult{}, aboutPerson{err}
	}
	return result, err
}

// maxInviteRoles bounds what one invitation gives.
const maxInviteRoles = 500

// checkRequest holds what is given and refuses a request that nobody could be
// invited by.
func (v *inviting) checkRequest(ctx context.Context) error {
	v.request.Roles = distinctRoles(v.request.Roles)
	switch n := len(v.request.Roles); {
	case n == 0:
		return invalid("roles", "Choose at least one community, and a role in it.")
	case n > maxInviteRoles:
		return invalid("roles", "One invitation gives at most %d roles. Split it.", maxInviteRoles)
	}
	if err := v.read(ctx); err != nil {
		return err
	}
	if err := v.holdPlaces(ctx, v.request.Roles); err != nil {
		return err
	}
	if err := checkKinds(v.request.Roles, v.names.roles); err != nil {
		return err
	}
	return v.mayGive(v.request.Roles)
}

// read reads what every invitation looks at.
func (v *inviting) read(ctx context.Context) (err error) {
	if v.rights, err = v.work.rights(ctx); err != nil {
		return err
	}
	if v.workspace, err = v.Workspaces.Get(ctx, v.ws); err != nil {
		return err
	}
	v.names, err = placeNamesOf(ctx, v.Tx, v.ws)
	return err
}

// mayGive is rule 4: who invites may do so in each community, and gives no
// permission there that they do not hold.
func (v *inviting) mayGive(in []RoleIn) error {
	for _, r := range in {
		needed := append([]Permission{MembersInvite}, v.anchors.counting(v.names.roles[r.Role].Permissions, r.Community)...)
		if err := v.rights.require(needed, r.Community); err != nil {
			return err
		}
	}
	return nil
}

// checkKinds is rule 3.
func checkKinds(in []RoleIn, roles map[RoleID]Role) error {
	count, builtin := make(map[CommunityID]int), make(map[CommunityID]bool)
	for _, r := range in {
		count[r.Community]++
		builtin[r.Community] = builtin[r.Community] || roles[r.Role].Builtin
		if count[r.Community] > 1 && builtin[r.Community] {
			return invalid("roles_mixed", "In one community a person gets either one built-in role or any number of custom ones. Choose again.")
		}
	}
	return nil
}

// distinctRoles drops what is repeated and keeps the order.
func distinctRoles(in []RoleIn) []RoleIn {
	seen := make(map[RoleIn]bool, len(in))
	var out []RoleIn
	for _, r := range in {
		if !seen[r] {
			seen[r] = true
			out = append(out, r)
		}
	}
	return out
}

// inviter is the actor in the words of a mail; "" for the operator.
func (v *inviting) inviter(ctx context.Context) (string, error) {
	if v.rights.all {
		return "", nil
	}
	return nameAndAddress(ctx, v.Tx, v.rights.user)
}

// invitedBy is the actor as an invitation keeps it.
func (v *inviting) invitedBy() UserID {
	if v.actor.Kind != ActorUser {
		return ""
	}
	return UserID(v.actor.ID)
}
