package provisioning

import (
	"context"
	"errors"
	"time"
)

// sessionTouchInterval is how exactly the last activity of a session is known.
const sessionTouchInterval = time.Minute

// Bounds of what is kept of where a browser calls from and what it calls itself.
const (
	maxUserAgent = 256
	maxAddress   = 64
)

// EventSessionEnded says that one session ended, by its owner or an administrator.
const EventSessionEnded EventType = "session.ended"

// What the audit log calls the end of a session.
const (
	actionSignOut    = "sign_out"
	actionEndSession = "session.end"
)

// startSession makes a session of the connection's workspace, and no other
// (rule 18).
func (w *work) startSession(ctx context.Context, u User, i Identity, limit time.Time, secretHash []byte, b Browser) (Session, error) {
	ws, err := w.Workspaces.Get(ctx, w.ws)
	if err != nil {
		return Session{}, err
	}
	expires := w.Now().Add(min(ws.Settings.Duration(SettingSSOSessionMax), ws.Settings.Duration(SettingSessionMax)))
	if !limit.IsZero() && limit.Before(expires) {
		expires = limit
	}
	s := Session{User: u.ID, SecretHash: secretHash, Connection: i.Connection, Identity: i.ID, ExpiresAt: expires}
	err = w.beginSession(ctx, &s, b, map[string]string{"connection": string(i.Connection)})
	return s, err
}

// beginSession stores a new session of the workspace and says how it came about.
func (w *work) beginSession(ctx context.Context, s *Session, b Browser, how map[string]string) error {
	s.Workspace, s.ID = w.ws, SessionID(w.s.ids.New())
	s.CreatedAt, s.LastSeenAt = w.Now(), w.Now()
	s.UserAgent, s.Address = cutText(b.UserAgent, maxUserAgent), cutText(b.Address, maxAddress)
	how["session"] = string(s.ID)
	w.actor = b.actor(Actor{Kind: ActorUser, ID: string(s.User), Workspace: w.ws})
	w.record(note{action: "sign_in", kind: "user", target: string(s.User), details: how})
	w.emit("session.started", string(s.User), map[string]string{"session": string(s.ID)})
	if err := w.Users.Touch(ctx, w.ws, s.User, w.Now()); err != nil {
		return err
	}
	return w.Sessions.Create(ctx, *s)
}

// endSession ends a session of the workspace, if it has not ended. The audit log
// has it under the action, unless that is "".
func (w *work) endSession(ctx context.Context, s Session, action string) error {
	ended, err := w.Sessions.End(ctx, w.ws, s.ID, w.Now())
	if err != nil || !ended {
		return err
	}
	w.revoked = append(w.revoked, string(s.ID))
	if action != "" {
		w.record(note{action: action, kind: "user", target: string(s.User), details: map[string]string{"session": string(s.ID)}})
	}
	w.emit(EventSessionEnded, string(s.User), map[string]string{"session": string(s.ID)})
	return nil
}

// cutText keeps the first bytes of what a stranger sent, as valid text.
func cutText(s string, limit int) string {
	out := make([]rune, 0, min(len(s), limit))
	size := 0
	for _, r := range s {
		if r < ' ' || r == 0x7f || r == '\uFFFD' {
			r = ' '
		}
		if size += len(string(r)); size > limit {
			break
		}
		out = append(out, r)
	}
	return string(out)
}

// Viewer is somebody with a good session.
type Viewer struct {
	Session   Session
	User      User // without record
	Workspace Workspace
	Browser   Browser // filled in by the face that acts for the viewer
}

// Actor is the viewer as the one who acts. Entering a workspace proves nothing:
// what counts is when the parent sign-in was proved.
func (v Viewer) Actor() Actor {
	proved := v.Session.CreatedAt
	if v.Session.Parent != "" {
		proved = v.Session.ParentProvedAt
	}
	return v.Browser.actor(Actor{Kind: ActorUser, ID: string(v.User.ID), Workspace: v.Workspace.ID, ProvedAt: proved})
}

// goodSession is the verdict that is remembered of a session.
type goodSession struct {
	viewer    Viewer
	expiresAt time.Time // in the process's clock: absolute and idle limit, whichever is first
}

// Authenticate returns whose session a cookie's text is, or
// ErrUnauthenticated: unknown, ended, expired, idle for too long, or of a user
// who may not act. A good verdict is reused for [VerdictLifetime].
func (s *Service) Authenticate(ctx context.Context, cookie string) (Viewer, error) {
	id, secret, ok := splitBearer(cookie, "")
	if !ok {
		return Viewer{}, errNoSession()
	}
	known, fresh, question := s.verdicts.get(id)
	if !fresh {
		found, err := s.findSession(ctx, SessionID(id))
		if errors.Is(err, ErrNotFound) || errors.Is(err, ErrUnauthenticated) {
			s.hasher.Equal(nil, secret)
			return Viewer{}, errNoSession()
		}
		if err != nil {
			return Viewer{}, err
		}
		known = found
	}
	good, ok := known.(goodSession)
	if !ok || !s.hasher.Equal(good.viewer.Session.SecretHash, secret) || !time.Now().Before(good.expiresAt) {
		return Viewer{}, errNoSession()
	}
	if !fresh {
		s.verdicts.put(id, good, question)
	}
	return good.viewer, nil
}

func (s *Service) findSession(ctx context.Context, id SessionID) (found goodSession, err error) {
	touch := false
	err = s.store.View(ctx, func(tx *Tx) error {
		session, user, err := tx.Sessions.Find(ctx, id)
		if err != nil {
			return err
		}
		if !session.EndedAt.IsZero() || !user.MayAct() {
			return errNoSession()
		}
		ws, err := tx.Workspaces.Get(ctx, session.Workspace)
		if err != nil {
			return err
		}
		now := tx.Now()
		left := min(session.ExpiresAt.Sub(now), session.idlesAt(ws).Sub(now))
		if left <= 0 {
			return errNoSession()
		}
		found = goodSession{Viewer{Session: session, User: user, Workspace: ws}, time.Now().Add(left)}
		touch = now.Sub(session.LastSeenAt) >= sessionTouchInterval
		return nil
	})
	if err != nil || !touch {
		return found, err
	}
	return found, s.touchSession(ctx, found.viewer)
}

// idlesAt is when the session ends unless there is activity: the shortest limit
// among the workspaces that were entered from one parent binds all its sessions.
func (s Session) idlesAt(ws Workspace) time.Time {
	idle := ws.Settings.Duration(SettingSessionIdle)
	if s.ParentIdle > 0 {
		idle = min(idle, s.ParentIdle)
	}
	return s.LastSeenAt.Add(idle)
}

func (s *Service) touchSession(ctx context.Context, v Viewer) error {
	return s.store.Update(ctx, func(tx *Tx) error {
		if err := tx.Users.Touch(ctx, v.Workspace.ID, v.User.ID, tx.Now()); err != nil {
			return err
		}
		if v.Session.Parent != "" {
			if err := tx.AccountSessions.TouchParent(ctx, v.Session.Parent, tx.Now()); err != nil {
				return err
			}
		}
		return tx.Sessions.Touch(ctx, v.Workspace.ID, v.Session.ID, tx.Now())
	})
}

func errNoSession() error {
	return fail(ErrUnauthenticated, "session", "There is no session, or it has ended. Sign in again.")
}

// SignOut ends the viewer's session, everywhere. One that was entered from a
// parent sign-in takes the parent and all that was entered from it along, in
// every workspace: nobody gets back in without proving who they are.
func (s *Service) SignOut(ctx context.Context, v Viewer) error {
	account, err := s.accountOfParent(ctx, v.Session.Parent)
	if err != nil {
		return err
	}
	if account != "" {
		return s.endParentSignIn(ctx, account, v.Session.Parent, actionSignOut, v.Browser)
	}
	o := changeOptions{action: actionSignOut, target: string(v.User.ID)}
	return s.change(ctx, v.Actor(), v.Workspace.ID, o, func(ctx context.Context, w *work) error {
		return w.endSession(ctx, v.Session, actionSignOut)
	})
}

// PurgeExpired deletes what nobody can use any more: sign-ins and ceremonies that
// expired; sessions, parent sign-ins and links that ended more than 30 days ago.
func (s *Service) PurgeExpired(ctx context.Context) error {
	return s.store.Update(ctx, func(tx *Tx) error {
		monthAgo := tx.Now().Add(-30 * day)
		for _, of := range []struct {
			purge  func(context.Context, time.Time) (int64, error)
			before time.Time
		}{
			{tx.SignIns.Purge, tx.Now()},
			{tx.Challenges.Purge, tx.Now()},
			{tx.Sessions.Purge, monthAgo},
			{tx.Parents.Purge, monthAgo}, // behind the sessions that name them
			{tx.Links.Purge, monthAgo},
		} {
			if _, err := of.purge(ctx, of.before); err != nil {
				return err
			}
		}
		return nil
	})
}
