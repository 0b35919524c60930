package provisioning

import (
	"context"
	"errors"
	"time"
)

// EventInactivityKept says that the inactivity rule passed the last
// administrator over.
const EventInactivityKept EventType = "user.inactivity_kept"

// EventBreakGlass says that a user was named as break-glass administrator, or is
// one no longer.
const EventBreakGlass EventType = "user.break_glass"

// inactivityPage is how many users are looked for at a time.
const inactivityPage = 500

// SetBreakGlass says whether a user may sign in with a password although the
// workspace requires SSO. Only who is administrator and has an account can be
// named. The actor needs security.edit and a fresh sign-in.
func (s *Service) SetBreakGlass(ctx context.Context, a Actor, ws WorkspaceID, u UserID, on bool) error {
	return s.userChange(ctx, a, ws, u, "user.break_glass", SecurityEdit, func(ctx context.Context, w *work, u User) error {
		if err := w.requireFresh(); err != nil || u.BreakGlass == on {
			return err
		}
		if err := w.mayBreakGlass(ctx, u, on); err != nil {
			return err
		}
		if err := w.touchAdministrators(ctx, u.ID); err != nil {
			return err
		}
		u.BreakGlass, u.UpdatedAt = on, w.Now()
		u.Version++
		w.record(note{action: "user.break_glass", kind: "user", target: string(u.ID), details: map[string]string{"on": yesNo(on)}})
		w.emit(EventBreakGlass, string(u.ID), map[string]string{"on": yesNo(on)})
		return w.Users.Update(ctx, u)
	})
}

func (w *work) mayBreakGlass(ctx context.Context, u User, on bool) error {
	if !on {
		return nil
	}
	if u.Account == "" {
		return conflict("no_account", "Break-glass administrators come in with a password or passkey, and this user has neither. Let them set one by an invitation first.")
	}
	all, err := w.Users.Administrators(ctx, w.ws, w.anchors.root, w.anchors.admin)
	if _, is := all[u.ID]; err == nil && !is {
		return conflict("no_administrator", "Only an administrator of the whole workspace can be named. Give this user the Admin role in the whole workspace first.")
	}
	return err
}

// BlockInactive puts inactivity blocks in every workspace whose setting asks for
// it: on who neither signed in nor was active for that long, and on who was
// reactivated and did not come in by the end of that day in the workspace's time
// zone. The last administrator and break-glass users are passed over, the former
// with a warning event once a day; who was invited and never had a way in is no
// account that lies idle. It may be cut off and run again.
func (s *Service) BlockInactive(ctx context.Context) error {
	all, err := s.Workspaces(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, ws := range all {
		if ws.Settings.Inactivity() > 0 {
			errs = append(errs, s.blockInactiveIn(ctx, ws))
		}
	}
	return errors.Join(errs...)
}

func (s *Service) blockInactiveIn(ctx context.Context, ws Workspace) error {
	after := UserID("")
	for {
		var due []UserID
		err := s.store.View(ctx, func(tx *Tx) (err error) {
			due, err = tx.Inactivity.Due(ctx, idleIn(ws, tx.Now(), after))
			return err
		})
		if err != nil || len(due) == 0 {
			return err
		}
		for _, id := range due {
			if err := s.blockIdle(ctx, ws.ID, id); err != nil {
				return err
			}
		}
		after = due[len(due)-1]
	}
}

// idleIn selects whom the rule blocks at now.
func idleIn(ws Workspace, now time.Time, after UserID) InactivityQuery {
	return InactivityQuery{
		Workspace: ws.ID, SeenBefore: now.Add(-ws.Settings.Inactivity()),
		Today: startOfDay(now, ws.Settings.TimeZone()), After: after, Limit: inactivityPage,
	}
}

// due is [Inactivity].Due for a user who is locked: they may have come in since
// they were found.
func (q InactivityQuery) due(u User) bool {
	seen := u.LastSeenAt
	if seen.IsZero() {
		seen = u.CreatedAt
	}
	return u.RemovedAt.IsZero() && !u.BreakGlass && !u.Blocked(BlockInactivity) &&
		seen.Before(q.SeenBefore) && u.ReactivatedAt.Before(q.Today)
}

// blockIdle blocks one user, in a change of its own.
func (s *Service) blockIdle(ctx context.Context, ws WorkspaceID, id UserID) error {
	var until time.Time
	err := s.change(ctx, Actor{Kind: ActorSystem}, ws, changeOptions{}, func(ctx context.Context, w *work) error {
		found, err := w.Workspaces.Get(ctx, ws)
		if err != nil || found.Settings.Inactivity() == 0 {
			return err
		}
		until = endOfDay(w.Now(), found.Settings.TimeZone())
		u, err := w.lockedUser(ctx, id)
		if err != nil {
			return err
		}
		if has, err := hasWayIn(ctx, w.Tx, u); err != nil || !has || !idleIn(found, w.Now(), "").due(u) {
			return err
		}
		return w.block(ctx, u, BlockInactivity)
	})
	switch {
	case Code(err) == codeLastAdministrator:
		return s.keepIdle(ctx, ws, id, until)
	case errors.Is(err, ErrNotFound):
		return nil // removed since
	}
	return err
}

// keepIdle warns that the last administrator stays away and is kept. A lease that
// lasts until the day ends, and that nobody can renew, makes it once a day over
// all replicas and restarts.
func (s *Service) keepIdle(ctx context.Context, ws WorkspaceID, id UserID, until time.Time) error {
	return s.store.Update(ctx, func(tx *Tx) error {
		told := string(EventInactivityKept) + " " + string(id)
		first, err := tx.Jobs.Lease(ctx, told, s.ids.New(), tx.Now(), until)
		if err != nil || !first {
			return err
		}
		return tx.Events.Append(ctx, []Event{{
			Workspace: ws, ID: EventID(s.ids.New()), Type: EventInactivityKept, Warning: true, Subject: string(id), CreatedAt: tx.Now(),
		}})
	})
}

// startOfDay returns the first instant of the day that t falls on in the zone.
// Where clocks are put forward at midnight the day begins later, and where they
// are put back over it, earlier than the midnight that [time.Date] may find.
func startOfDay(t time.Time, zone *time.Location) time.Time {
	year, month, date := t.In(zone).Date()
	start := time.Date(year, month, date, 0, 0, 0, 0, zone)
	if start.Day() != date {
		_, start = start.ZoneBounds()
		return start
	}
	before := start.Add(-1)
	if before.Day() == date {
		_, was := before.Zone()
		_, is := start.Zone()
		return start.Add(time.Duration(is-was) * time.Second)
	}
	return start
}

// endOfDay returns the first instant of the day after the one that t falls on.
func endOfDay(t time.Time, zone *time.Location) time.Time {
	year, month, date := t.In(zone).Date()
	return startOfDay(time.Date(year, month, date+1, 12, 0, 0, 0, zone), zone)
}
