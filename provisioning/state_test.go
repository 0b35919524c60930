package provisioning_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"drawbridge/provisioning"
)

// stateOf shows everything of a workspace but its events and audit log.
func stateOf(w *world) string {
	w.t.Helper()
	return shown(w, func(ctx context.Context, tx *provisioning.Tx, show func(any, error)) {
		show(tx.Workspaces.Get(ctx, w.ws))
		show(tx.Communities.List(ctx, w.ws))
		show(tx.Roles.List(ctx, w.ws))
		show(tx.Domains.List(ctx, w.ws))
		show(tx.Connections.List(ctx, w.ws))
		show(tx.Mappings.List(ctx, w.ws, ""))
		directories, err := tx.Directories.List(ctx, w.ws)
		show(directories, err)
		for _, d := range directories {
			show(tx.Tokens.List(ctx, w.ws, d.ID))
		}
		groups, _, err := tx.Groups.List(ctx, w.ws, provisioning.GroupQuery{Limit: 1000})
		show(groups, err)
		for _, g := range groups {
			show(tx.Members.Of(ctx, w.ws, []provisioning.GroupID{g.ID}))
		}
		users, err := tx.Users.List(ctx, w.ws, provisioning.UserQuery{Limit: 1000})
		show(users, err)
		for _, u := range users {
			show(tx.Access.State(ctx, w.ws, []provisioning.UserID{u.ID}))
			show(tx.Identities.OfUser(ctx, w.ws, u.ID))
			show(tx.Invitations.OfUser(ctx, w.ws, u.ID))
			show(tx.Sessions.OfUser(ctx, w.ws, u.ID))
		}
	})
}

// logOf shows the events and the audit log of a workspace.
func logOf(w *world) string {
	w.t.Helper()
	return shown(w, func(ctx context.Context, tx *provisioning.Tx, show func(any, error)) {
		show(tx.Events.List(ctx, w.ws, "", 10_000))
		show(tx.Audit.Unsealed(ctx, w.ws, 10_000))
		show(tx.Audit.Head(ctx, w.ws))
	})
}

func shown(w *world, read func(context.Context, *provisioning.Tx, func(any, error))) string {
	w.t.Helper()
	var b strings.Builder
	err := w.store.View(w.t.Context(), func(tx *provisioning.Tx) error {
		read(w.t.Context(), tx, func(v any, err error) {
			if err != nil {
				w.t.Fatal(err)
			}
			text, err := json.Marshal(v)
			if err != nil {
				w.t.Fatal(err)
			}
			b.Write(text)
			b.WriteByte('\n')
		})
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return b.String()
}

// same asserts that two shown states are one, and names the first line that is not.
func same(t *testing.T, when, got, want string) {
	t.Helper()
	if got == want {
		return
	}
	before := strings.Split(want, "\n")
	for i, line := range strings.Split(got, "\n") {
		if i >= len(before) || line != before[i] {
			t.Fatalf("%s something changed:\n%s\nwas\n%s", when, line, before[min(i, len(before)-1)])
		}
	}
	t.Fatalf("%s something went", when)
}

// entries returns the audit entries that wait to be sealed, oldest first.
func entries(w *world) (all []provisioning.AuditEntry) {
	w.t.Helper()
	err := w.store.View(w.t.Context(), func(tx *provisioning.Tx) (err error) {
		all, err = tx.Audit.Unsealed(w.t.Context(), w.ws, 10_000)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return all
}

// fillSecond makes another tenant on the same database and Service.
func fillSecond(w *world) *world {
	w.t.Helper()
	other := &world{Service: w.Service, t: w.t, store: w.store, operator: w.operator}
	other.fill("Globex", "globex.example")
	return other
}
