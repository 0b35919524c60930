package provisioning

import (
	"context"
	"errors"
	"time"
)

// sessionTouchInterval is how exactly the last activity of a session is known.
const sessionTouchInterval = time.Minute

// maxUserAgent bounds what is kept of a browser's name.
const maxUserAgent = 256

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
	s := Session{
		Workspace: w.ws, ID: SessionID(w.s.ids.New()), User: u.ID, SecretHash: secretHash,
		Connection: i.Connection, Identity: i.ID, UserAgent: cutText(b.UserAgent, maxUserAgent),
		CreatedAt: w.Now(), LastSeenAt: w.Now(), ExpiresAt: expires,
	}
	w.actor = b.actor(Actor{Kind: ActorUser, ID: string(u.ID), Workspace: w.ws})
	w.record(note{action: "sign_in", kind: "user", target: string(u.ID), details: map[string]string{"session": string(s.ID), "connection": string(i.Connection)}})
	w.emit("session.started", string(u.ID), map[string]string{"session": string(s.ID)})
	if err := w.Users.Touch(ctx, w.ws, u.ID, w.Now()); err != nil {
		return Session{}, err
	}
	return s, w.Sessions.Create(ctx, s)
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

// Actor is the viewer as the one who acts.
func (v Viewer) Actor() Actor {
	return v.Browser.actor(Actor{Kind: ActorUser, ID: string(v.User.ID), Workspace: v.Workspace.ID})
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
		left := min(session.ExpiresAt.Sub(now), session.LastSeenAt.Add(ws.Settings.Duration(SettingSessionIdle)).Sub(now))
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

func (s *Service) touchSession(ctx context.Context, v Viewer) error {
	return s.store.Update(ctx, func(tx *Tx) error {
		if err := tx.Users.Touch(ctx, v.Workspace.ID, v.User.ID, tx.Now()); err != nil {
			return err
		}
		return tx.Sessions.Touch(ctx, v.Workspace.ID, v.Session.ID, tx.Now())
	})
}

func errNoSession() error {
	return fail(ErrUnauthenticated, "session", "There is no session, or it has ended. Sign in again.")
}

// SignOut ends the viewer's session, everywhere.
func (s *Service) SignOut(ctx context.Context, v Viewer) error {
	o := changeOptions{action: "sign_out", target: string(v.User.ID)}
	return s.change(ctx, v.Actor(), v.Workspace.ID, o, func(ctx context.Context, w *work) error {
		ended, err := w.Sessions.End(ctx, w.ws, v.Session.ID, w.Now())
		if err != nil || !ended {
			return err
		}
		w.revoked = append(w.revoked, string(v.Session.ID))
		w.record(note{action: "sign_out", kind: "user", target: string(v.User.ID), details: map[string]string{"session": string(v.Session.ID)}})
		w.emit("session.ended", string(v.User.ID), map[string]string{"session": string(v.Session.ID)})
		return nil
	})
}

// PurgeExpired deletes what nobody can use any more: sign-ins that expired,
// and sessions that ended or expired more than 30 days ago.
func (s *Service) PurgeExpired(ctx context.Context) error {
	return s.store.Update(ctx, func(tx *Tx) error {
		if _, err := tx.SignIns.Purge(ctx, tx.Now()); err != nil {
			return err
		}
		_, err := tx.Sessions.Purge(ctx, tx.Now().Add(-30*day))
		return err
	})
}
