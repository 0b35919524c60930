package provisioning

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// accountWork is one transaction about an account: the account, locked, its
// users in every workspace, and what the workspaces' events and audit logs say
// of it.
//
// Locks come in this order: users, then their account, then parent sign-ins and
// sessions.
type accountWork struct {
	*Tx
	s       *Service
	browser Browser
	account Account
	users   []User

	events  []Event
	entries []AuditEntry
	revoked []string
	posted  bool
}

// changeAccount runs fn in one transaction with the account locked. fn may run
// more than once.
func (s *Service) changeAccount(ctx context.Context, id AccountID, b Browser, fn func(context.Context, *accountWork) error) error {
	return s.changeAddress(ctx, id, nil, b, fn)
}

// changeAddress is changeAccount for what also changes users: those of all
// accounts of the addresses are locked first.
func (s *Service) changeAddress(ctx context.Context, id AccountID, emails []string, b Browser, fn func(context.Context, *accountWork) error) error {
	for run := 1; ; run++ {
		var w *accountWork
		err := s.store.Update(ctx, func(tx *Tx) error {
			w = &accountWork{Tx: tx, s: s, browser: b}
			if err := lockUsersAt(ctx, tx, emails); err != nil {
				return err
			}
			return w.run(ctx, id, fn)
		})
		switch {
		case err == nil:
			w.committed()
			return nil
		case errors.Is(err, errAgain) && run < maxRuns:
		case errors.Is(err, errAgain):
			return fmt.Errorf("%w: after %d runs", err, run)
		default:
			return err
		}
	}
}

func lockUsersAt(ctx context.Context, tx *Tx, emails []string) error {
	var accounts []Account
	for _, email := range emails {
		found, err := tx.Accounts.ByEmail(ctx, Fold(email))
		if err != nil {
			return err
		}
		accounts = append(accounts, found...)
	}
	return lockUsersOf(ctx, tx, accounts)
}

func (w *accountWork) run(ctx context.Context, id AccountID, fn func(context.Context, *accountWork) error) (err error) {
	if w.account, err = w.Accounts.Lock(ctx, id); err != nil {
		return orNotFound(err, "account")
	}
	if w.users, err = w.Accounts.Users(ctx, id); err != nil {
		return err
	}
	if err := fn(ctx, w); err != nil {
		return err
	}
	if len(w.events) > 0 {
		if err := w.Events.Append(ctx, w.events); err != nil {
			return err
		}
	}
	if len(w.entries) > 0 {
		return w.Audit.Append(ctx, w.entries)
	}
	return nil
}

func (w *accountWork) committed() {
	w.s.verdicts.forget(w.revoked)
	if w.s.notifier == nil {
		return
	}
	if len(w.revoked) > 0 {
		w.s.notifier.Revoked(w.revoked)
	}
	woken := make(map[WorkspaceID]bool)
	for _, e := range w.entries {
		if !woken[e.Workspace] {
			woken[e.Workspace] = true
			w.s.notifier.Wake(e.Workspace)
		}
	}
	if w.posted {
		w.s.notifier.Posted()
	}
}

// record adds an entry to the audit log of every workspace in which the account
// has a user. The details are of the account: nothing in them tells one
// workspace of another.
func (w *accountWork) record(action string, details map[string]string) {
	for _, u := range w.users {
		actor := w.browser.actor(Actor{Kind: ActorUser, ID: string(u.ID), Workspace: u.Workspace})
		n := note{action: action, kind: "user", target: string(u.ID), details: details}
		w.entries = append(w.entries, w.s.entry(actor, u.Workspace, n, "done", w.Tx))
	}
}

// emit adds an event to the user's workspace.
func (w *accountWork) emit(t EventType, u User, data map[string]string) {
	w.events = append(w.events, Event{
		Workspace: u.Workspace, ID: EventID(w.s.ids.New()), Type: t, Subject: string(u.ID), Data: data, CreatedAt: w.Now(),
	})
}

// endSessions ends every parent sign-in and every session of the account's users,
// but for the parent keep and what was entered from it.
func (w *accountWork) endSessions(ctx context.Context, keep ParentID) error {
	if _, err := w.Parents.EndOfAccount(ctx, w.account.ID, keep, w.Now()); err != nil {
		return err
	}
	owners := make(map[SessionID]User)
	for _, u := range w.users {
		sessions, err := w.Sessions.OfUser(ctx, u.Workspace, u.ID)
		if err != nil {
			return err
		}
		for _, session := range sessions {
			owners[session.ID] = u
		}
	}
	ended, err := w.AccountSessions.EndOfAccount(ctx, w.account.ID, keep, w.Now())
	for _, id := range ended {
		w.revoked = append(w.revoked, string(id))
		if u, known := owners[id]; known {
			w.emit("session.ended", u, map[string]string{"session": string(id)})
		}
	}
	return err
}

// post puts letters about the account into the outbox, and wakes the worker
// after the commit.
func (w *accountWork) post(ctx context.Context, letters ...letter) error {
	w.posted = w.posted || len(letters) > 0
	return w.s.post(ctx, w.Tx, letters...)
}

// tell mails the account's owner what happened to the account, if the address is
// proved and mail goes out.
func (w *accountWork) tell(ctx context.Context, kind MailKind, m Mail) error {
	if !w.account.EmailProved {
		return nil
	}
	return w.post(ctx, letter{kind: kind, to: w.account.Email, mail: m})
}

// changeOwn is changeAccount for the account of b.Parent, by its owner: see
// [Service.ownerIn].
func (s *Service) changeOwn(ctx context.Context, b Browser, fn func(context.Context, *accountWork, *Parent) error) error {
	p, err := s.owner(ctx, b)
	if err != nil {
		return err
	}
	return s.changeAccount(ctx, p.Account.ID, b, func(ctx context.Context, w *accountWork) error {
		p, err := s.ownerIn(ctx, w.Tx, b)
		if err != nil {
			return err
		}
		return fn(ctx, w, &p)
	})
}

func (s *Service) owner(ctx context.Context, b Browser) (p Parent, err error) {
	err = s.store.View(ctx, func(tx *Tx) error {
		p, err = s.ownerIn(ctx, tx, b)
		return err
	})
	return p, err
}

// ownerIn is freshIn for who changes how the account is signed in to.
func (s *Service) ownerIn(ctx context.Context, tx *Tx, b Browser) (Parent, error) {
	p, err := s.freshIn(ctx, tx, b)
	if err != nil {
		return Parent{}, err
	}
	return p, p.requireOwnFactor()
}

// requireOwnFactor refuses whom an administrator's code let in: an
// administrator of one workspace has no say in what opens the others.
func (p Parent) requireOwnFactor() error {
	if p.SignIn.Only != "" && p.Factors.Any() {
		return fail(ErrProve, "second_factor", "A code of an administrator lets you in, and changes nothing of your account. Prove your own second factor first.")
	}
	return nil
}

// workspacesOf returns the workspaces in which the account has a user, and
// those besides.
func workspacesOf(ctx context.Context, tx *Tx, a AccountID, also ...WorkspaceID) ([]Workspace, error) {
	var ids []WorkspaceID
	if a != "" {
		users, err := tx.Accounts.Users(ctx, a)
		if err != nil {
			return nil, err
		}
		for _, u := range users {
			ids = append(ids, u.Workspace)
		}
	}
	ids = slices.DeleteFunc(append(ids, also...), func(id WorkspaceID) bool { return id == "" })
	slices.Sort(ids)
	var all []Workspace
	for _, id := range slices.Compact(ids) {
		ws, err := tx.Workspaces.Get(ctx, id)
		if err != nil {
			return nil, orNotFound(err, "workspace")
		}
		all = append(all, ws)
	}
	return all, nil
}
