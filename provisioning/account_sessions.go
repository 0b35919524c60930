package provisioning

import (
	"cmp"
	"context"
	"errors"
	"slices"
)

// SessionInfo is one line in a list of sessions.
type SessionInfo struct {
	Session    Session
	Workspace  Workspace
	Connection string       // name of the connection; "" for a password or passkey
	Method     SignInMethod // of a session that was entered from a parent
	Current    bool
}

// MySessions lists the viewer's sessions in the workspace and, for who came in by
// an account, those of the account in every other one, newest first. Whom a code
// of an administrator let in sees those of that administrator's workspace.
func (s *Service) MySessions(ctx context.Context, v Viewer) (all []SessionInfo, err error) {
	err = s.store.View(ctx, func(tx *Tx) error {
		sessions, err := mySessions(ctx, tx, v)
		if err != nil {
			return err
		}
		all, err = describeSessions(ctx, tx, sessions)
		return err
	})
	for i := range all {
		all[i].Current = all[i].Session.ID == v.Session.ID
	}
	return all, err
}

// mySessions returns the sessions of the viewer that have not ended.
func mySessions(ctx context.Context, tx *Tx, v Viewer) ([]Session, error) {
	all, err := tx.Sessions.OfUser(ctx, v.Workspace.ID, v.User.ID)
	if err != nil {
		return nil, err
	}
	account, err := accountSpokenFor(ctx, tx, v)
	if err != nil || account == "" {
		return all, err
	}
	entered, err := tx.AccountSessions.OfAccount(ctx, account)
	for _, s := range entered {
		if s.Workspace != v.Workspace.ID {
			all = append(all, s)
		}
	}
	return all, err
}

// accountSpokenFor returns the account for which the viewer speaks everywhere; ""
// for who came in through a connection, and for whom a code of the workspace's
// administrator let in: both have a say in this workspace alone.
func accountSpokenFor(ctx context.Context, tx *Tx, v Viewer) (AccountID, error) {
	if v.Session.Parent == "" {
		return "", nil
	}
	p, _, err := tx.Parents.Find(ctx, v.Session.Parent)
	if errors.Is(err, ErrNotFound) || err == nil && p.Only != "" {
		return "", nil
	}
	return p.Account, err
}

func (s *Service) accountSpokenFor(ctx context.Context, v Viewer) (account AccountID, err error) {
	err = s.store.View(ctx, func(tx *Tx) error {
		account, err = accountSpokenFor(ctx, tx, v)
		return err
	})
	return account, err
}

// describeSessions gives sessions that are still good their words.
func describeSessions(ctx context.Context, tx *Tx, sessions []Session) ([]SessionInfo, error) {
	workspaces := make(map[WorkspaceID]Workspace)
	connections := make(map[ConnectionID]string)
	var all []SessionInfo
	for _, s := range sessions {
		ws, known := workspaces[s.Workspace]
		if !known {
			var err error
			if ws, err = tx.Workspaces.Get(ctx, s.Workspace); err != nil {
				return nil, err
			}
			workspaces[s.Workspace] = ws
			if err := nameConnections(ctx, tx, s.Workspace, connections); err != nil {
				return nil, err
			}
		}
		if !tx.Now().Before(s.ExpiresAt) || !tx.Now().Before(s.idlesAt(ws)) {
			continue
		}
		all = append(all, SessionInfo{Session: s, Workspace: ws, Connection: connections[s.Connection], Method: s.ParentMethod})
	}
	slices.SortFunc(all, func(a, b SessionInfo) int {
		return cmp.Or(b.Session.CreatedAt.Compare(a.Session.CreatedAt), cmp.Compare(b.Session.ID, a.Session.ID))
	})
	return all, nil
}

func nameConnections(ctx context.Context, tx *Tx, ws WorkspaceID, into map[ConnectionID]string) error {
	all, err := tx.Connections.List(ctx, ws)
	for _, c := range all {
		into[c.ID] = c.Name
	}
	return err
}

// EndMySession ends one of MySessions, or returns ErrNotFound. One that was
// entered in another browser takes that browser's parent sign-in along, so that
// nobody gets back in there without proving who they are; for who speaks for this
// workspace alone, only if it leads nowhere else.
func (s *Service) EndMySession(ctx context.Context, v Viewer, id SessionID) error {
	if id == v.Session.ID {
		return s.SignOut(ctx, v)
	}
	found, err := s.findMySession(ctx, v, id)
	if err != nil {
		return err
	}
	account, err := s.accountSpokenFor(ctx, v)
	if err != nil {
		return err
	}
	if account == "" {
		return s.endHere(ctx, v, []Session{found})
	}
	if account, err = s.accountOfParent(ctx, found.Parent); err != nil {
		return err
	}
	if account != "" && found.Parent != v.Session.Parent {
		return s.endParentSignIn(ctx, account, found.Parent, actionEndSession, v.Browser)
	}
	actor := v.Actor()
	actor.ID, actor.Workspace = string(found.User), found.Workspace
	return s.change(ctx, actor, found.Workspace, changeOptions{}, func(ctx context.Context, w *work) error {
		return w.endSession(ctx, found, actionEndSession)
	})
}

func (s *Service) findMySession(ctx context.Context, v Viewer, id SessionID) (Session, error) {
	all, err := s.findMySessions(ctx, v)
	if err != nil {
		return Session{}, err
	}
	i := slices.IndexFunc(all, func(s Session) bool { return s.ID == id })
	if i < 0 {
		return Session{}, notFound("session")
	}
	return all[i], nil
}

func (s *Service) findMySessions(ctx context.Context, v Viewer) (all []Session, err error) {
	err = s.store.View(ctx, func(tx *Tx) error {
		all, err = mySessions(ctx, tx, v)
		return err
	})
	return all, err
}

// endHere ends sessions of the viewer in the workspace, for who came in through a
// connection.
func (s *Service) endHere(ctx context.Context, v Viewer, sessions []Session) error {
	return s.change(ctx, v.Actor(), v.Workspace.ID, changeOptions{}, func(ctx context.Context, w *work) error {
		u, err := w.lockedUser(ctx, v.User.ID)
		if err != nil {
			return err
		}
		return w.endSessionsOf(ctx, u, sessions)
	})
}

// EndMyOtherSessions ends all of MySessions but the viewer's, and parent sign-ins
// in other browsers. It returns how many sessions ended.
func (s *Service) EndMyOtherSessions(ctx context.Context, v Viewer) (int, error) {
	account, err := s.accountSpokenFor(ctx, v)
	if err != nil {
		return 0, err
	}
	current := func(s Session) bool { return s.ID == v.Session.ID }
	if account == "" {
		all, err := s.findMySessions(ctx, v)
		if err != nil {
			return 0, err
		}
		all = slices.DeleteFunc(all, current)
		return len(all), s.endHere(ctx, v, all)
	}
	var ended int
	err = s.changeAccount(ctx, account, v.Browser, func(ctx context.Context, w *accountWork) error {
		all, err := mySessions(ctx, w.Tx, v)
		if err != nil {
			return err
		}
		if _, err := w.Parents.EndOfAccount(ctx, account, v.Session.Parent, w.Now()); err != nil {
			return err
		}
		ended, err = w.endEach(ctx, slices.DeleteFunc(all, current))
		return err
	})
	return ended, err
}

// accountOfParent returns whose the parent sign-in is, "" if there is none.
func (s *Service) accountOfParent(ctx context.Context, id ParentID) (account AccountID, err error) {
	if id == "" {
		return "", nil
	}
	err = s.store.View(ctx, func(tx *Tx) error {
		p, _, err := tx.Parents.Find(ctx, id)
		account = p.Account
		return err
	})
	if errors.Is(err, ErrNotFound) {
		return "", nil
	}
	return account, err
}

// UserSessions lists a user's sessions in the workspace, newest first, to an
// actor who holds members.read in the root.
func (s *Service) UserSessions(ctx context.Context, a Actor, ws WorkspaceID, u UserID) (all []SessionInfo, err error) {
	err = s.look(ctx, a, ws, MembersRead, "", func(ctx context.Context, w *work) error {
		if _, err := w.Users.Get(ctx, ws, u); err != nil {
			return orNotFound(err, "user")
		}
		sessions, err := w.Sessions.OfUser(ctx, ws, u)
		if err != nil {
			return err
		}
		all, err = describeSessions(ctx, w.Tx, sessions)
		return err
	})
	return all, err
}

// EndUserSession ends one session of a user or, for id "", all of them, and
// returns how many. The actor needs members.edit. A parent sign-in from which
// nothing else was entered ends too; one that leads to other workspaces goes on
// there, and may enter this one again.
func (s *Service) EndUserSession(ctx context.Context, a Actor, ws WorkspaceID, u UserID, id SessionID) (ended int, err error) {
	err = s.userChange(ctx, a, ws, u, actionEndSession, MembersEdit, func(ctx context.Context, w *work, u User) error {
		all, err := w.Sessions.OfUser(ctx, ws, u.ID)
		if err != nil {
			return err
		}
		if id != "" {
			all = slices.DeleteFunc(all, func(s Session) bool { return s.ID != id })
			if len(all) == 0 {
				return notFound("session")
			}
		}
		ended = len(all)
		return w.endSessionsOf(ctx, u, all)
	})
	return ended, err
}

// endSessionsOf ends sessions of a locked user, and the parent sign-ins that
// lead nowhere else.
func (w *work) endSessionsOf(ctx context.Context, u User, sessions []Session) error {
	parents, err := w.parentsOnlyOf(ctx, u, sessions)
	if err != nil {
		return err
	}
	for _, p := range parents {
		if _, err := w.Parents.End(ctx, p, w.Now()); err != nil {
			return err
		}
	}
	for _, s := range sessions {
		if err := w.endSession(ctx, s, actionEndSession); err != nil {
			return err
		}
	}
	return nil
}

// parentsOnlyOf returns the parents of the sessions from which no other workspace
// was entered.
func (w *work) parentsOnlyOf(ctx context.Context, u User, sessions []Session) ([]ParentID, error) {
	if u.Account == "" {
		return nil, nil
	}
	entered, err := w.AccountSessions.OfAccount(ctx, u.Account)
	var parents []ParentID
	for _, s := range sessions {
		elsewhere := func(o Session) bool { return o.Parent == s.Parent && o.Workspace != w.ws }
		if s.Parent != "" && !slices.ContainsFunc(entered, elsewhere) {
			parents = append(parents, s.Parent)
		}
	}
	return parents, err
}

// SignOutParent ends the parent sign-in b.Parent and all that was entered from
// it, for who has no session yet. One that is no good is nothing to end.
func (s *Service) SignOutParent(ctx context.Context, b Browser) error {
	p, err := s.ParentOf(ctx, b.Parent)
	if errors.Is(err, ErrUnauthenticated) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.endParentSignIn(ctx, p.Account.ID, p.SignIn.ID, actionSignOut, b)
}

// endParentSignIn ends a parent sign-in and all that was entered from it.
func (s *Service) endParentSignIn(ctx context.Context, account AccountID, id ParentID, action string, b Browser) error {
	err := s.changeAccount(ctx, account, b, func(ctx context.Context, w *accountWork) error {
		return w.endParent(ctx, account, id, action)
	})
	if errors.Is(err, ErrNotFound) { // absorbed meanwhile, and its sign-ins ended with it
		return nil
	}
	return err
}

// endParent ends a parent sign-in of an account and what was entered from it. The
// workspaces hear of it under the action.
func (w *accountWork) endParent(ctx context.Context, account AccountID, id ParentID, action string) error {
	entered, err := w.AccountSessions.OfAccount(ctx, account)
	if err != nil {
		return err
	}
	if _, err := w.Parents.End(ctx, id, w.Now()); err != nil {
		return err
	}
	ended, err := w.AccountSessions.EndOfParents(ctx, []ParentID{id}, w.Now())
	for _, id := range ended {
		w.revoked = append(w.revoked, string(id))
	}
	for _, s := range entered {
		if slices.Contains(ended, s.ID) {
			w.tellEnded(s, action)
		}
	}
	return err
}

// endEach ends sessions, of whichever workspaces, and says how many it ended.
func (w *accountWork) endEach(ctx context.Context, sessions []Session) (int, error) {
	count := 0
	for _, s := range sessions {
		ended, err := w.Sessions.End(ctx, s.Workspace, s.ID, w.Now())
		if err != nil {
			return count, err
		}
		if ended {
			count++
			w.revoked = append(w.revoked, string(s.ID))
			w.tellEnded(s, actionEndSession)
		}
	}
	return count, nil
}

// tellEnded writes the end of a session where it was.
func (w *accountWork) tellEnded(s Session, action string) {
	u := User{Workspace: s.Workspace, ID: s.User}
	details := map[string]string{"session": string(s.ID)}
	actor := w.browser.actor(Actor{Kind: ActorUser, ID: string(u.ID), Workspace: u.Workspace})
	n := note{action: action, kind: "user", target: string(u.ID), details: details}
	w.entries = append(w.entries, w.s.entry(actor, u.Workspace, n, "done", w.Tx))
	w.emit(EventSessionEnded, u, details)
}
