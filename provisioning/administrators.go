package provisioning

import (
	"context"
	"maps"
	"slices"
)

// Events of rule 9.
const (
	EventAdministratorSafeguarded EventType = "administrator.safeguarded"
	EventAdministratorLost        EventType = "administrator.lost"
	EventSafeguardEnded           EventType = "administrator.safeguard_ended"
)

const codeLastAdministrator = "last_administrator"

// lossPolicy says what happens when a change would take a workspace's last
// administrator (rule 9).
type lossPolicy int

const (
	lossRefused     lossPolicy = iota // by hand: refused with a sentence
	lossSafeguarded                   // a group push: who loses the role keeps it by a safeguard
	lossWarned                        // a directory ends access: it bites, with a warning
)

// administratorsGuard watches one change. Whatever may make or unmake an
// administrator sets touched; the change then runs with the workspace locked,
// so that two changes cannot each leave the other's administrator as the last.
type administratorsGuard struct {
	policy  lossPolicy
	locked  bool
	touched bool
	before  map[UserID]bool
	lost    []UserID // who lost the role, not merely the way in
}

// touchAdministrators sets the mark if the user holds Admin in the root: the
// change concerns blocks, identities or records of the user.
func (w *work) touchAdministrators(ctx context.Context, u UserID) error {
	held, err := w.Access.OfUser(ctx, w.ws, u)
	if err != nil {
		return err
	}
	for _, m := range held {
		if m.Community == w.anchors.root && m.Role == w.anchors.admin {
			w.administrators.touched = true
		}
	}
	return nil
}

// settleAdministrators keeps rule 9 at the end of a change. A workspace that
// has no administrator yet is not held back.
func (w *work) settleAdministrators(ctx context.Context) error {
	g := &w.administrators
	if !g.touched {
		return nil
	}
	if !g.locked {
		return errLockWorkspace
	}
	after, err := w.administratorsNow(ctx)
	if err != nil {
		return err
	}
	if len(after) == 0 && len(g.before) > 0 {
		return w.lastAdministratorLost(ctx)
	}
	return w.endSafeguards(ctx, after)
}

func (w *work) lastAdministratorLost(ctx context.Context) error {
	switch w.administrators.policy {
	case lossSafeguarded:
		if saved := w.safeguardable(); len(saved) > 0 {
			return w.safeguard(ctx, saved)
		}
	case lossWarned:
	default:
		return w.refuseLoss(ctx)
	}
	w.warn(EventAdministratorLost, string(w.ws), nil)
	return nil
}

func (w *work) refuseLoss(ctx context.Context) error {
	ws, err := w.Workspaces.Get(ctx, w.ws)
	switch {
	case err != nil:
		return err
	case ws.Settings.On(SettingRequireSSO):
		return conflict(codeLastAdministrator,
			"The workspace requires SSO, and this would leave no administrator who can sign in. Let an administrator sign in through a connection once, or name one as break-glass administrator, first.")
	}
	return conflict(codeLastAdministrator,
		"This would leave the workspace without an administrator who can sign in. Give somebody else the Admin role in the whole workspace first, and let them sign in once.")
}

// safeguardable returns who was administrator and lost the role in this change.
func (w *work) safeguardable() []UserID {
	var saved []UserID
	for _, u := range w.administrators.lost {
		if _, was := w.administrators.before[u]; was && !slices.Contains(saved, u) {
			saved = append(saved, u)
		}
	}
	return saved
}

func (w *work) safeguard(ctx context.Context, users []UserID) error {
	grants := make([]Grant, len(users))
	for i, u := range users {
		grants[i] = Grant{
			Workspace: w.ws, ID: GrantID(w.s.ids.New()), User: u, Community: w.anchors.root,
			Role: w.anchors.admin, Source: SourceSafeguard, CreatedAt: w.Now(),
		}
		w.warn(EventAdministratorSafeguarded, string(u), nil)
		w.record(note{action: "administrator.safeguard", kind: "user", target: string(u)})
	}
	if _, err := w.Grants.Add(ctx, grants); err != nil {
		return err
	}
	_, err := w.refresh(ctx, users)
	return err
}

// endSafeguards ends all safeguards once somebody is administrator without one.
func (w *work) endSafeguards(ctx context.Context, administrators map[UserID]bool) error {
	if !slices.Contains(slices.Collect(maps.Values(administrators)), false) {
		return nil
	}
	grants, err := w.Grants.Safeguards(ctx, w.ws)
	if err != nil || len(grants) == 0 {
		return err
	}
	ids := make([]GrantID, len(grants))
	users := make([]UserID, len(grants))
	for i, g := range grants {
		ids[i], users[i] = g.ID, g.User
		w.emit(EventSafeguardEnded, string(g.User), nil)
		w.record(note{action: "administrator.safeguard_end", kind: "user", target: string(g.User)})
	}
	if err := w.Grants.Delete(ctx, w.ws, ids); err != nil {
		return err
	}
	_, err = w.refresh(ctx, users)
	return err
}
