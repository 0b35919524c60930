package provisioning

import (
	"context"
	"errors"
	"fmt"
)

// work is one transaction of the Service: what it changes, what it tells, what
// it has to keep of rule 9, and what this process must forget after the commit.
type work struct {
	*Tx
	s       *Service
	actor   Actor
	ws      WorkspaceID
	anchors anchors

	events  []Event
	entries []AuditEntry
	revoked []string
	posted  bool

	administrators administratorsGuard
	groupsFirst    bool // a user is locked after the groups that the user is in
}

// Signals of a run of a transaction to the loop around it.
var (
	errDryRun        = errors.New("dry run: rolled back on purpose")
	errLockWorkspace = errors.New("administrators are touched: run again with the workspace locked")
	errGroupsFirst   = errors.New("a user leaves groups: run again with the groups locked before the user")
	errAgain         = errors.New("lost a race for a unique key: run again and find the winner")
)

// maxRuns bounds how often one change is tried again after it lost a race.
// Each loss means that somebody else's change was committed meanwhile.
const maxRuns = 8

type changeOptions struct {
	action  string // for the entry of a refusal
	target  string
	onLoss  lossPolicy // what happens when no administrator would be left
	dryRun  bool
	created bool // the workspace is made by this very change
}

// change runs fn in one transaction, keeps rule 9, and writes events and audit
// entries with it. fn may run more than once.
func (s *Service) change(ctx context.Context, a Actor, ws WorkspaceID, o changeOptions, fn func(context.Context, *work) error) error {
	var w *work
	locked, groupsFirst := false, false
	for run := 1; ; run++ {
		err := s.store.Update(ctx, func(tx *Tx) error {
			w = &work{Tx: tx, s: s, actor: a, ws: ws, groupsFirst: groupsFirst}
			return w.run(ctx, o, locked, fn)
		})
		switch {
		case err == nil:
			w.committed(o)
			return nil
		case errors.Is(err, errDryRun):
			return nil
		case errors.Is(err, errLockWorkspace) && !locked:
			locked = true
		case errors.Is(err, errGroupsFirst) && !groupsFirst:
			groupsFirst = true
		case errors.Is(err, errAgain) && run < maxRuns:
		case errors.Is(err, errAgain):
			return fmt.Errorf("%w: after %d runs", err, run)
		default:
			return s.refused(ctx, a, ws, o, err)
		}
	}
}

func (w *work) run(ctx context.Context, o changeOptions, locked bool, fn func(context.Context, *work) error) error {
	w.administrators = administratorsGuard{policy: o.onLoss, locked: locked || o.created}
	if !o.created {
		if err := w.begin(ctx, locked); err != nil {
			return err
		}
	}
	if err := fn(ctx, w); err != nil {
		return err
	}
	if !o.created {
		if err := w.settleAdministrators(ctx); err != nil {
			return err
		}
	}
	if err := w.flush(ctx); err != nil {
		return err
	}
	if o.dryRun {
		return errDryRun
	}
	return nil
}

func (w *work) begin(ctx context.Context, locked bool) error {
	if locked {
		if err := w.Workspaces.Lock(ctx, w.ws); err != nil {
			return err
		}
	}
	var err error
	if w.anchors, err = w.s.anchorsOf(ctx, w.Tx, w.ws); err != nil {
		return err
	}
	if !locked {
		return nil
	}
	w.administrators.before, err = w.administratorsNow(ctx)
	return err
}

func (w *work) flush(ctx context.Context) error {
	if err := w.flushEvents(ctx); err != nil {
		return err
	}
	if len(w.entries) > 0 {
		return w.Audit.Append(ctx, w.entries)
	}
	return nil
}

// flushEvents writes what was emitted until now: a change of very many users does
// so on its way.
func (w *work) flushEvents(ctx context.Context) error {
	if len(w.events) == 0 {
		return nil
	}
	err := w.Events.Append(ctx, w.events)
	w.events = nil
	return err
}

// committed makes this process refuse at once what the change ended, and tells
// the others.
func (w *work) committed(o changeOptions) {
	w.s.verdicts.forget(w.revoked)
	if !o.created {
		w.s.rememberAnchors(w.ws, w.anchors)
	}
	if w.s.notifier == nil {
		return
	}
	if len(w.revoked) > 0 {
		w.s.notifier.Revoked(w.revoked)
	}
	if len(w.entries) > 0 {
		w.s.notifier.Wake(w.ws)
	}
	if w.posted {
		w.s.notifier.Posted()
	}
}

// emit adds an event.
func (w *work) emit(t EventType, subject string, data map[string]string) {
	w.events = append(w.events, w.event(t, subject, data))
}

// warn adds an event that an administrator should look at.
func (w *work) warn(t EventType, subject string, data map[string]string) {
	e := w.event(t, subject, data)
	e.Warning = true
	w.events = append(w.events, e)
}

func (w *work) event(t EventType, subject string, data map[string]string) Event {
	return Event{
		Workspace: w.ws, ID: EventID(w.s.ids.New()), Type: t, Subject: subject,
		Data: data, CreatedAt: w.Now(),
	}
}

// note describes what is written into the audit log.
type note struct {
	action  string
	kind    string // of the target: user, group, mapping, …
	target  string
	details map[string]string // ids and words of the domain only
	words   map[string]string // personal data: erasable
}

// record adds an audit entry for something done.
func (w *work) record(n note) {
	w.entries = append(w.entries, w.s.entry(w.actor, w.ws, n, "done", w.Tx))
}

// revoke ends, for this process and after the commit, trust in the ids.
func revoke[ID ~string](w *work, ids []ID) {
	for _, id := range ids {
		w.revoked = append(w.revoked, string(id))
	}
}

// refused writes, in a transaction of its own, that an authenticated actor was
// refused; it returns the refusal. What was merely malformed leaves no entry.
func (s *Service) refused(ctx context.Context, a Actor, ws WorkspaceID, o changeOptions, refusal error) error {
	matters := errors.Is(refusal, ErrForbidden) || errors.Is(refusal, ErrConflict) || errors.Is(refusal, ErrConfirm)
	if !matters || o.action == "" || o.dryRun || o.created {
		return refusal
	}
	err := s.store.Update(ctx, func(tx *Tx) error {
		n := note{action: o.action, target: o.target, details: map[string]string{"code": codeOf(refusal)}}
		return tx.Audit.Append(ctx, []AuditEntry{s.entry(a, ws, n, "refused", tx)})
	})
	if err != nil {
		s.log.ErrorContext(ctx, "a refusal could not be recorded", "action", o.action, "workspace_id", ws, "error", err)
	}
	return refusal
}

func codeOf(err error) string {
	if c := Code(err); c != "" {
		return c
	}
	var taken *TakenError
	if errors.As(err, &taken) {
		return string(taken.Key) + "_taken"
	}
	return "refused"
}
