package provisioning

import (
	"context"
	"errors"
	"strings"
	"unicode"
)

// Acceptance is what the form of an invitation says.
type Acceptance struct {
	Name     string // display name; "" keeps what there is
	Password string
}

// AcceptInvitation accepts by setting a password: the account is made (or, at a
// mailed link to an address whose account was unproved, set up anew), the user
// points to it, the roles are granted, and the parent sign-in that comes of it
// may enter the workspace; one that the browser had before ends. Of two at once
// one gets it. It takes a ticket, or a link's text. Errors: ErrGone as
// [Service.ExchangeLink], ErrInvalid (password, name), ErrRefused (blocked),
// ErrTooMany (too many hash at once), ErrConflict: holds_more where a link was
// shown, and the user holds more than whoever saw it; account_exists where the
// user has an account, or a proved account of the address exists and the link
// was mailed: it must be signed in to instead, see [Service.AcceptSignedIn].
func (s *Service) AcceptInvitation(ctx context.Context, ticket string, n Acceptance, b Browser) (Parent, error) {
	i, err := s.invitationToAccept(ctx, ticket)
	if err != nil {
		return Parent{}, err
	}
	n.Name = strings.TrimSpace(n.Name)
	if err := checkPersonName(n.Name); err != nil {
		return Parent{}, err
	}
	hash, err := s.hashForInvitation(ctx, i, n.Password)
	if err != nil {
		return Parent{}, err
	}
	var p Parent
	err = s.acceptLinked(ctx, i, ticket, b, func(ctx context.Context, l *linked) error {
		p, err = l.byPassword(ctx, n.Name, hash)
		return err
	})
	if err != nil {
		return Parent{}, err
	}
	return p, nil
}

// AcceptSignedIn accepts by the account that is signed in with b.Parent, if it
// is the user's, or the proved account of the invited address: else ErrConflict
// other_account.
func (s *Service) AcceptSignedIn(ctx context.Context, ticket string, b Browser) error {
	i, err := s.invitationToAccept(ctx, ticket)
	if err != nil {
		return err
	}
	return s.acceptLinked(ctx, i, ticket, b, func(ctx context.Context, l *linked) error { return l.bySignIn(ctx) })
}

// invitationToAccept reads the invitation, whatever may become of it until it is
// locked.
func (s *Service) invitationToAccept(ctx context.Context, text string) (i Invitation, err error) {
	err = s.store.View(ctx, func(tx *Tx) error {
		if i, err = s.linkedInvitation(ctx, tx, text); err != nil {
			return err
		}
		return i.usable(tx.Now())
	})
	return i, err
}

// checkPersonName accepts what a person may call themselves.
func checkPersonName(name string) error {
	if err := checkText("name", name, maxShownName); err != nil {
		return err
	}
	if strings.ContainsFunc(name, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) }) {
		return invalid("name", "There is a character in the name that cannot be shown. Type the name again.")
	}
	return nil
}

// hashForInvitation checks the password by the rules of the workspace, and of
// those that an account which is set up anew leads to, and hashes it.
func (s *Service) hashForInvitation(ctx context.Context, i Invitation, password string) (string, error) {
	rule := PasswordRule{}
	err := s.store.View(ctx, func(tx *Tx) error {
		known, err := tx.Accounts.ByEmail(ctx, Fold(i.Email))
		if err != nil {
			return err
		}
		workspaces := []WorkspaceID{i.Workspace}
		for _, a := range known {
			if !a.EmailProved && !i.Shown {
				workspaces = append(workspaces, a.Home)
			}
		}
		rule, err = passwordRule(ctx, tx, "", workspaces...)
		return err
	})
	if err != nil {
		return "", err
	}
	if err := s.checkPassword(password, i.Email, rule); err != nil {
		return "", err
	}
	hash, err := s.hashPassword(ctx, i.Email, password)
	if errors.Is(err, ErrTooMany) {
		return "", errBusy(err)
	}
	return hash, err
}

// linked is one run of an acceptance by a link.
type linked struct {
	*work
	browser    Browser
	invitation Invitation
	user       User
}

// acceptLinked runs an acceptance with the user locked.
func (s *Service) acceptLinked(ctx context.Context, i Invitation, text string, b Browser, accept func(context.Context, *linked) error) error {
	actor := b.actor(Actor{Kind: ActorUser, ID: string(i.User), Workspace: i.Workspace})
	o := changeOptions{action: "invitation.accept", target: string(i.User)}
	err := s.change(ctx, actor, i.Workspace, o, func(ctx context.Context, w *work) error {
		l := linked{work: w, browser: b}
		if err := l.open(ctx, i, text); err != nil {
			return err
		}
		return accept(ctx, &l)
	})
	return s.describeRefusal(ctx, i.Workspace, b, err)
}

// open holds what the invitation gives, locks the user, and asks again whether
// the invitation can be accepted: whoever cancels, resends, blocks or accepts
// has the same lock.
func (l *linked) open(ctx context.Context, i Invitation, text string) (err error) {
	if _, err := l.holdStanding(ctx, i.Roles); err != nil {
		return err
	}
	l.user, err = l.lockedUser(ctx, i.User)
	left := errors.Is(err, ErrNotFound)
	if err != nil && !left {
		return err
	}
	if l.invitation, err = l.s.linkedInvitation(ctx, l.Tx, text); err != nil {
		return err
	}
	if err := l.invitation.usable(l.Now()); err != nil {
		return err
	}
	switch {
	case left:
		return errDeadLink()
	case !l.user.MayAct():
		return refuse(RefusedBlocked, l.user.ID)
	}
	return nil
}

// byPassword accepts by an account that is made, or set up anew, with the hash of
// a password.
func (l *linked) byPassword(ctx context.Context, name, hash string) (Parent, error) {
	if l.user.Account != "" {
		return Parent{}, errAccountExists()
	}
	if err := l.fitsWhoSawIt(ctx); err != nil {
		return Parent{}, err
	}
	if err := l.unpinStrangers(ctx); err != nil {
		return Parent{}, err
	}
	a, ended, err := l.s.setUpAccount(ctx, l.Tx, accountSetup{
		email: l.invitation.Email, passwordHash: hash, proved: !l.invitation.Shown, home: l.ws,
	})
	if err != nil {
		return Parent{}, err
	}
	revoke(l.work, ended)
	if name != "" && l.user.Record == nil {
		l.user.DisplayName = name
	}
	if err := l.accept(ctx, a); err != nil {
		return Parent{}, err
	}
	if err := l.leaveBefore(ctx); err != nil {
		return Parent{}, err
	}
	return l.s.startParent(ctx, l.Tx, a, MethodLink, false, l.browser)
}

// fitsWhoSawIt refuses a shown link once the user holds more than whoever saw it,
// who may be the one who comes with it. The operator holds all.
func (l *linked) fitsWhoSawIt(ctx context.Context) error {
	by := l.invitation.InvitedBy
	if !l.invitation.Shown || by == "" {
		return nil
	}
	seer, err := holdingsOf(ctx, l.Tx, l.anchors, l.ws, by)
	if err != nil {
		return err
	}
	return l.holdsNoMore(ctx, l.user.ID, rights{holdings: seer})
}

// accept points the user to the account and gives what the invitation gives.
func (l *linked) accept(ctx context.Context, a Account) error {
	if err := l.onlyUserOf(ctx, a.ID, l.user.ID); err != nil {
		return err
	}
	if err := l.pointTo(ctx, &l.user, a.ID); err != nil {
		return err
	}
	if err := l.acceptInvitation(ctx, l.invitation); err != nil {
		return err
	}
	if _, err := l.refresh(ctx, []UserID{l.user.ID}); err != nil {
		return err
	}
	return l.touchAdministrators(ctx, l.user.ID)
}

// leaveBefore ends the parent sign-in that the browser had: its cookies are
// overwritten.
func (l *linked) leaveBefore(ctx context.Context) error {
	before, err := l.s.parentIn(ctx, l.Tx, l.browser.Parent)
	if errors.Is(err, ErrUnauthenticated) {
		return nil
	}
	if err != nil {
		return err
	}
	w := accountWork{Tx: l.Tx, s: l.s, browser: l.browser}
	err = w.endParent(ctx, before.Account.ID, before.SignIn.ID, actionSignOut)
	l.events, l.entries, l.revoked = append(l.events, w.events...), append(l.entries, w.entries...), append(l.revoked, w.revoked...)
	return err
}

// bySignIn accepts by the account that is signed in in the browser.
func (l *linked) bySignIn(ctx context.Context) error {
	p, err := l.s.provedIn(ctx, l.Tx, l.browser)
	if err != nil {
		return err
	}
	if p.SignIn.Only != "" && p.SignIn.Only != l.ws {
		return errOnlyThere()
	}
	if p.Account.ID == l.user.Account {
		return l.accept(ctx, p.Account)
	}
	if !p.Account.EmailProved || Fold(p.Account.Email) != Fold(l.invitation.Email) || l.user.Account != "" && l.invitation.Shown {
		return conflict("other_account", "You are signed in as %s; the invitation is for %s. Sign out, and sign in to that account.", p.Account.Email, l.invitation.Email)
	}
	a, err := l.lockedProof(ctx, p.Account.ID, l.invitation.Email)
	if err != nil {
		return err
	}
	if err := l.takeOver(ctx, a); err != nil {
		return err
	}
	return l.accept(ctx, a)
}

// takeOver lets the proved account, to which the link was mailed, take what a
// shown link once gave the same address here.
func (l *linked) takeOver(ctx context.Context, a Account) error {
	if l.user.Account == "" {
		return nil
	}
	before, err := l.Accounts.Lock(ctx, l.user.Account)
	if errors.Is(err, ErrNotFound) {
		return errAgain
	}
	if err != nil {
		return err
	}
	if before.EmailProved {
		return conflict("other_account", "Another account leads to this user already. Ask whoever invited you.")
	}
	ended, err := emptyAccount(ctx, l.Tx, &before)
	if err != nil {
		return err
	}
	revoke(l.work, ended)
	return l.Accounts.Absorb(ctx, a.ID, []AccountID{before.ID})
}

// unpinStrangers makes SSO prove the account, now that there is one, where an
// identity was pinned while the invitation to an administrative role was on its
// way: nobody has proved yet that both are one person (rule 14).
func (l *linked) unpinStrangers(ctx context.Context) error {
	administers, err := l.administersAny(ctx, l.invitation.Roles)
	if err != nil || !administers && !l.invitation.Administers {
		return err
	}
	all, err := l.Identities.OfUser(ctx, l.ws, l.user.ID)
	if err != nil {
		return err
	}
	var keep []Identity
	for _, i := range all {
		if !i.RetiredAt.IsZero() || i.CreatedAt.Before(l.invitation.CreatedAt) {
			keep = append(keep, i)
		}
	}
	if len(keep) == len(all) {
		return nil
	}
	if err := l.Identities.DeleteOfUser(ctx, l.ws, l.user.ID); err != nil {
		return err
	}
	for _, i := range keep {
		if err := l.Identities.Create(ctx, i); err != nil {
			return err
		}
	}
	l.record(note{action: "identity.unpin", kind: "user", target: string(l.user.ID), details: map[string]string{"invitation": string(l.invitation.ID)}})
	l.emit(EventIdentityRetired, string(l.user.ID), nil)
	return l.endSessions(ctx, l.user.ID)
}
