package provisioning

import (
	"context"
	"errors"
	"strings"
)

// Myself is what a person sees of themselves.
type Myself struct {
	Viewer  Viewer
	Account *Account // nil for who has none
	Factors FactorState
	// MayRename says that no directory owns the name.
	MayRename bool
	Fresh     bool // a sensitive act needs no new proof now
}

// Myself returns the account, if the viewer has one and came in by it.
func (s *Service) Myself(ctx context.Context, v Viewer) (m Myself, err error) {
	err = s.store.View(ctx, func(tx *Tx) error {
		u, err := tx.Users.Get(ctx, v.Workspace.ID, v.User.ID)
		if err != nil {
			return orNotFound(err, "user")
		}
		m = Myself{Viewer: v, MayRename: u.Record == nil}
		m.Viewer.User = u
		m.Fresh = tx.Now().Sub(v.Actor().ProvedAt) <= FreshSignIn
		return m.readAccount(ctx, tx)
	})
	return m, err
}

func (m *Myself) readAccount(ctx context.Context, tx *Tx) error {
	if m.Viewer.Session.Parent == "" {
		return nil
	}
	_, a, err := tx.Parents.Find(ctx, m.Viewer.Session.Parent)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	m.Account = &a
	m.Factors, err = factorsOf(ctx, tx, a)
	return err
}

// Rename sets the viewer's display name in the workspace, where no directory owns
// it (ErrConflict managed_by_directory).
func (s *Service) Rename(ctx context.Context, v Viewer, name string) error {
	name = strings.TrimSpace(name)
	if name == "" {
		return invalid("name", "Write the name that others see.")
	}
	if err := checkPersonName(name); err != nil {
		return err
	}
	o := changeOptions{action: "user.rename", target: string(v.User.ID)}
	return s.change(ctx, v.Actor(), v.Workspace.ID, o, func(ctx context.Context, w *work) error {
		u, err := w.lockedUser(ctx, v.User.ID)
		if err != nil || u.DisplayName == name {
			return err
		}
		if u.Record != nil {
			return conflict("managed_by_directory", "A directory keeps this name. Change it where the directory takes it from.")
		}
		u.DisplayName, u.UpdatedAt = name, w.Now()
		u.Version++
		w.record(note{action: "user.change", kind: "user", target: string(u.ID), words: map[string]string{"name": name}})
		w.emit(EventUserChanged, string(u.ID), nil)
		return w.Users.Update(ctx, u)
	})
}
