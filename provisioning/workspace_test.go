package provisioning_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"drawbridge/provisioning"
)

func TestWorkspace_BecomesMultiTenantForGood_AndEveryProcessKnowsAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		second := w.besides()
		single := must(w.CreateWorkspace(ctx, w.operator, provisioning.NewWorkspace{Name: "Solo", AdminEmail: "boss@solo.example"}))(t).Workspace
		create := func(name string) error {
			_, err := second.CreateCommunity(ctx, w.operator, single.ID, provisioning.NewCommunity{Name: name})
			return err
		}
		isKind(t, create("One"), provisioning.ErrConflict, "single_tenant")
		changed := must(w.UpdateWorkspace(ctx, w.operator, single.ID, "", true))(t)
		if !changed.MultiTenant || changed.Name != "Solo" {
			t.Errorf("the workspace is %+v", changed)
		}
		works(t, create("One"))
		_, err := w.UpdateWorkspace(ctx, w.operator, single.ID, "", false)
		isKind(t, err, provisioning.ErrConflict, "multi_tenant")

		before := stateOf(w) + logOf(w)
		must(w.UpdateWorkspace(ctx, w.operator, w.ws, "Acme", true))(t)
		same(t, "by the same again", stateOf(w)+logOf(w), before)
	})
}

func TestWorkspace_TheNameNeedsCommunitiesEditInTheRoot_TenancyCommunitiesCreate(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		editor := w.hire("editor", w.root, provisioning.CommunitiesEdit)
		local := w.hire("local", w.paris, provisioning.CommunitiesEdit)
		changed := must(w.UpdateWorkspace(ctx, editor, w.ws, "Acme Group", true))(t)
		if changed.Name != "Acme Group" || changed.Slug != w.invited.Workspace.Slug {
			t.Errorf("the workspace is %+v", changed)
		}
		_, err := w.UpdateWorkspace(ctx, local, w.ws, "Mine", true)
		isKind(t, err, provisioning.ErrForbidden, "not_permitted")
		_, err = w.UpdateWorkspace(ctx, editor, w.ws, "", false)
		isKind(t, err, provisioning.ErrForbidden, "not_permitted")
		_, err = w.UpdateWorkspace(ctx, editor, w.ws, strings.Repeat("n", 101), true)
		isKind(t, err, provisioning.ErrInvalid, "name")
		_, err = w.UpdateWorkspace(ctx, editor, fillSecond(w).ws, "Mine", true)
		isKind(t, err, provisioning.ErrNotFound, "not_found")
	})
}

func TestWorkspace_UsesSayWhatADeletionTakes(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w.push("00u1", "ada@acme.example")
		uses := must(w.WorkspaceUses(t.Context(), w.ws))(t)
		if want := (provisioning.WorkspaceUses{Users: 2, Communities: 3, Connections: 1, Directories: 1}); uses != want {
			t.Errorf("uses %+v, want %+v", uses, want)
		}
	})
}

// A workspace goes with everything in it: who is signed in there, or pushes
// there, is out at once, in this process and by name in the others.
func TestRule12_AWorkspaceGoesWhole_AndSessionsAndTokensEndAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		told := notices{revoked: make(chan []string, 1)}
		logged := &bytes.Buffer{}
		w = w.with(func(p *provisioning.Ports) { p.Notifier, p.Log = told, slog.New(slog.NewTextHandler(logged, nil)) })
		other := fillSecond(w)
		boss := w.boss()
		in := must(w.signIn("00uboss", w.invited.Invitation.Email))(t)
		w.fillCommunity(w.paris)
		stays := must(other.signIn("00u1", "new@globex.example"))(t)
		w.alive(in.Secret)
		must(w.AuthenticateDirectory(ctx, w.token))(t)

		works(t, w.DeleteWorkspace(ctx, w.operator, w.ws))
		w.dead(in.Secret)
		_, err := w.AuthenticateDirectory(ctx, w.token)
		isKind(t, err, provisioning.ErrUnauthenticated, "token")
		if revoked := <-told.revoked; !slices.Contains(revoked, string(in.Session.ID)) || slices.Contains(revoked, string(stays.Session.ID)) {
			t.Errorf("revoked %v, want %s among them", revoked, in.Session.ID)
		}
		_, err = w.Workspace(ctx, w.ws)
		isKind(t, err, provisioning.ErrNotFound, "not_found")
		isKind(t, w.DeleteWorkspace(ctx, w.operator, w.ws), provisioning.ErrNotFound, "not_found")
		isKind(t, w.SuspendUser(ctx, w.operator, w.ws, boss), provisioning.ErrNotFound, "not_found")
		other.alive(stays.Secret)
		other.nothingDiffers()
		if line := logged.String(); !strings.Contains(line, "workspace_id="+string(w.ws)) || strings.Contains(line, "Acme") {
			t.Errorf("logged %q", line)
		}
		again := must(w.CreateWorkspace(ctx, w.operator, provisioning.NewWorkspace{Name: w.invited.Workspace.Slug, AdminEmail: "boss@acme.example"}))(t)
		if again.Workspace.Slug != w.invited.Workspace.Slug {
			t.Errorf("the slug is not free: %s", again.Workspace.Slug)
		}
	})
}

func TestWorkspace_OnlyTheOperatorDeletesOne(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		boss := provisioning.Actor{Kind: provisioning.ActorUser, ID: string(w.boss()), Workspace: w.ws}
		isKind(t, w.DeleteWorkspace(ctx, boss, w.ws), provisioning.ErrForbidden, "not_permitted")
		all := entries(w)
		if last := all[len(all)-1]; last.Action != "workspace.delete" || last.Result != "refused" {
			t.Errorf("the last entry is %+v, want the refusal", last)
		}
		other := fillSecond(w)
		isKind(t, w.DeleteWorkspace(ctx, boss, other.ws), provisioning.ErrNotFound, "not_found")
		must(w.Workspace(ctx, other.ws))(t)
	})
}

func TestParallel_WritesBesideTheDeletionOfAWorkspace_FailAndLeaveNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		for i := range 8 {
			other := &world{Service: w.Service, t: t, store: w.store, operator: w.operator}
			other.fill(fmt.Sprintf("Doomed %d", i), fmt.Sprintf("doomed%d.example", i))
			second := w.besides()
			errs := together(
				func() error {
					_, err := second.CreateDirectoryUser(ctx, other.okta, person("00u1", "ada@doomed.example"))
					return err
				},
				func() error { _, err := other.signIn("00u2", fmt.Sprintf("new@doomed%d.example", i)); return err },
				func() error { return w.DeleteWorkspace(ctx, w.operator, other.ws) },
			)
			works(t, errs[2])
			_, err := w.Workspace(ctx, other.ws)
			isKind(t, err, provisioning.ErrNotFound, "not_found")
		}
	})
}
