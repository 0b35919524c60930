package provisioning

import (
	"context"
	"slices"
)

// administratorsNow returns who is administrator and, where the workspace
// requires SSO for its domains, may come in by that rule (rules 9 and 18).
func (w *work) administratorsNow(ctx context.Context) (map[UserID]bool, error) {
	all, err := w.Users.Administrators(ctx, w.ws, w.anchors.root, w.anchors.admin)
	if err != nil || len(all) == 0 {
		return all, err
	}
	ws, err := w.Workspaces.Get(ctx, w.ws)
	if err != nil || !ws.Settings.On(SettingRequireSSO) {
		return all, err
	}
	sso, err := w.ssoDoors(ctx)
	if err != nil {
		return nil, err
	}
	for id := range all {
		u, err := w.Users.Get(ctx, w.ws, id)
		if err != nil {
			return nil, err
		}
		enters, err := w.passwordEnters(ctx, ws, u)
		if err == nil && !enters {
			enters, err = sso.admit(ctx, w.Tx, u)
		}
		if err != nil {
			return nil, err
		}
		if !enters {
			delete(all, id)
		}
	}
	return all, nil
}

// passwordEnters reports whether the user has an account that the workspace takes
// although it requires SSO.
func (w *work) passwordEnters(ctx context.Context, ws Workspace, u User) (bool, error) {
	if u.Account == "" || u.BreakGlass {
		return u.Account != "", nil
	}
	required, err := ssoRequired(ctx, w.Tx, ws, u)
	return !required, err
}

// ssoDoors is what leads into a workspace by SSO.
type ssoDoors struct {
	enabled map[ConnectionID]bool
	paired  map[DirectoryID]bool // with an enabled connection
}

func (w *work) ssoDoors(ctx context.Context) (ssoDoors, error) {
	d := ssoDoors{make(map[ConnectionID]bool), make(map[DirectoryID]bool)}
	connections, err := w.Connections.List(ctx, w.ws)
	if err != nil {
		return d, err
	}
	for _, c := range connections {
		d.enabled[c.ID] = c.Enabled()
	}
	directories, err := w.Directories.List(ctx, w.ws)
	for _, directory := range directories {
		d.paired[directory.ID] = d.enabled[directory.Connection]
	}
	return d, err
}

// admit reports whether the user can come through one of the doors.
func (d ssoDoors) admit(ctx context.Context, tx *Tx, u User) (bool, error) {
	if r := u.Record; r != nil && r.Active && r.ExternalID != "" && d.paired[r.Directory] {
		return true, nil
	}
	identities, err := tx.Identities.OfUser(ctx, u.Workspace, u.ID)
	return slices.ContainsFunc(identities, func(i Identity) bool { return i.RetiredAt.IsZero() && d.enabled[i.Connection] }), err
}
