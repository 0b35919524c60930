package provisioning

import (
	"context"
	"slices"
	"time"
)

// FactorCodeLifetime is how long an administrator's code is good.
const FactorCodeLifetime = 24 * time.Hour

// EventFactorsReset says that an administrator gave a code that stands for a
// user's second factor.
const EventFactorsReset EventType = "user.factors_reset"

// ResetFactors gives a code that stands once for the second factor of the user's
// account, for this workspace alone: what it lets in may enter no other one. The
// actor needs members.edit in the root, a fresh sign-in, and no less than the
// user holds (rule 4), and is somebody else. The account's owner is told by mail;
// earlier codes of this workspace die. If this is the account's only workspace, or
// the actor is the operator, using the code also removes the authenticator, the
// passkeys and the recovery codes, so that new ones are set up. Neither answer
// says which. ErrConflict no_account.
func (s *Service) ResetFactors(ctx context.Context, a Actor, ws WorkspaceID, u UserID) (code string, expires time.Time, err error) {
	o := changeOptions{action: "user.reset_factors", target: string(u)}
	err = s.change(ctx, a, ws, o, func(ctx context.Context, w *work) error {
		if err := w.mayResetFactors(ctx, u); err != nil {
			return err
		}
		account, err := w.lockedAccount(ctx, u)
		if err != nil {
			return err
		}
		if err := w.requireNoLess(ctx, u); err != nil {
			return err
		}
		code = typable()
		link, err := w.replaceFactorCode(ctx, account.ID, code)
		if err != nil {
			return err
		}
		expires = link.ExpiresAt
		w.record(note{action: "user.reset_factors", kind: "user", target: string(u), details: map[string]string{"link": string(link.ID)}})
		w.emit(EventFactorsReset, string(u), nil)
		return w.tellOfFactorCode(ctx, account)
	})
	return code, expires, err
}

// mayResetFactors asks what needs no look at the user. Nobody makes a second
// factor of nothing for themselves.
func (w *work) mayResetFactors(ctx context.Context, u UserID) error {
	if err := w.require(ctx, MembersEdit, w.anchors.root); err != nil {
		return err
	}
	if w.actor.Kind == ActorUser && w.actor.ID == string(u) {
		return conflict("own_factors", "Your own second factors are changed in your account. If you lost them, ask another administrator for a code.")
	}
	return w.requireFresh()
}

// requireNoLess refuses an actor who holds less than the user, somewhere.
func (w *work) requireNoLess(ctx context.Context, u UserID) error {
	memberships, err := w.Access.OfUser(ctx, w.ws, u)
	if err != nil {
		return err
	}
	roles, err := rolesByID(ctx, w.Tx, w.ws)
	if err != nil {
		return err
	}
	for _, m := range memberships {
		if err := w.requireRole(ctx, roles[m.Role], m.Community); err != nil {
			return err
		}
	}
	return nil
}

// replaceFactorCode stores the code in place of earlier ones of the same giver.
// Codes of other workspaces are not this one's business.
func (w *work) replaceFactorCode(ctx context.Context, a AccountID, code string) (Link, error) {
	l := Link{
		ID: LinkID(w.s.ids.New()), Purpose: LinkFactor, Account: a, Workspace: w.ws, Shown: true,
		SecretHash: w.s.hasher.Hash(normalCode(code)), CreatedAt: w.Now(), ExpiresAt: w.Now().Add(FactorCodeLifetime),
	}
	if w.actor.Kind == ActorOperator {
		l.Workspace = ""
	}
	earlier, err := w.Links.OfAccount(ctx, a, LinkFactor)
	if err != nil {
		return Link{}, err
	}
	for _, e := range earlier {
		if e.Workspace != l.Workspace || !e.Open(w.Now()) {
			continue
		}
		if _, err := w.Links.Use(ctx, e.ID, w.Now()); err != nil {
			return Link{}, err
		}
	}
	return l, w.Links.Create(ctx, l)
}

func (w *work) tellOfFactorCode(ctx context.Context, a Account) error {
	if !a.EmailProved {
		return nil
	}
	ws, err := w.Workspaces.Get(ctx, w.ws)
	if err != nil {
		return err
	}
	by, err := w.actorName(ctx)
	if err != nil {
		return err
	}
	return w.post(ctx, letter{kind: MailFactorReset, to: a.Email, mail: Mail{Inviter: by, Workspace: ws.Name}})
}

// actorName is who acts, for people to read; "" for the operator.
func (w *work) actorName(ctx context.Context) (string, error) {
	if w.actor.Kind != ActorUser {
		return "", nil
	}
	u, err := w.Users.Get(ctx, w.ws, UserID(w.actor.ID))
	if err != nil {
		return "", err
	}
	return nameAndAddress(ctx, w.Tx, u)
}

// useFactorCode uses up the administrator's code that this is, if it is one, and
// returns its link: its workspace is the only one that may be entered by it.
// Where the account leads nowhere else, or the operator gave the code, the old
// factors go, and a is what is left. The account is locked; code is normal (see
// normalCode).
func (s *Service) useFactorCode(ctx context.Context, tx *Tx, a *Account, code string) (Link, bool, error) {
	links, err := tx.Links.OfAccount(ctx, a.ID, LinkFactor)
	if err != nil {
		return Link{}, false, err
	}
	found := -1
	for i, l := range links {
		if s.hasher.Equal(l.SecretHash, code) && l.Open(tx.Now()) {
			found = i
		}
	}
	if found < 0 {
		return Link{}, false, nil
	}
	link := links[found]
	ours, err := tx.Links.Use(ctx, link.ID, tx.Now())
	if err != nil || !ours {
		return Link{}, false, err
	}
	return link, true, s.factorsGo(ctx, tx, a, link)
}

// factorsGo removes the factors of an account for which a code was used, unless
// another workspace relies on them. Passkeys stay where they are the only
// credential.
func (s *Service) factorsGo(ctx context.Context, tx *Tx, a *Account, l Link) error {
	users, err := tx.Accounts.Users(ctx, a.ID)
	if err != nil {
		return err
	}
	elsewhere := func(u User) bool { return u.Workspace != l.Workspace }
	if l.Workspace != "" && slices.ContainsFunc(users, elsewhere) || !a.HasPassword() {
		return nil
	}
	if err := removeFactors(ctx, tx, a); err != nil {
		return err
	}
	return tx.Accounts.Update(ctx, *a)
}
