package provisioning_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"drawbridge/provisioning"
)

func (w *world) role(id provisioning.RoleID) provisioning.Role {
	w.t.Helper()
	return must(w.FindRole(w.t.Context(), w.ws, string(id)))(w.t)
}

func (w *world) updateRole(a provisioning.Actor, id provisioning.RoleID, n provisioning.RoleChange) error {
	_, err := w.UpdateRole(w.t.Context(), a, w.ws, id, n)
	return err
}

func permissions(ps ...provisioning.Permission) *[]provisioning.Permission { return &ps }

func TestRole_AChangeReachesWhoHasIt_AndTheSlugStays(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		hunter := w.hire("hunter", w.paris, provisioning.MembersRead)
		id := must(w.FindRole(t.Context(), w.ws, "role-of-hunter"))(t).ID
		changed := must(w.UpdateRole(t.Context(), w.operator, w.ws, id, provisioning.RoleChange{
			Name: ptr("Tracker"), Description: ptr("Follows what hides."), Permissions: permissions(provisioning.RolesRead, provisioning.CommunitiesRead, provisioning.RolesRead),
		}))(t)
		stored := w.role(id)
		if fmt.Sprint(changed) != fmt.Sprint(stored) || stored.Name != "Tracker" || stored.Slug != "role-of-hunter" || fmt.Sprint(stored.Permissions) != "[communities.read roles.read]" {
			t.Errorf("answered %+v, stored %+v", changed, stored)
		}
		_, err := w.CommunityUses(t.Context(), hunter, w.ws, w.paris)
		isKind(t, err, provisioning.ErrForbidden, "not_permitted") // members.read went

		before := stateOf(w) + logOf(w)
		works(t, w.updateRole(w.operator, id, provisioning.RoleChange{Name: ptr("Tracker")}))
		same(t, "by the same name again", stateOf(w)+logOf(w), before)
	})
}

func TestRule4_NobodyEditsIntoARoleWhatTheyDoNotHoldInTheRoot(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		id := w.customRole("Hunter", provisioning.MembersRead, provisioning.AuditRead)
		editor := w.hire("editor", w.root, provisioning.RolesEdit, provisioning.RolesRead, provisioning.MembersRead)
		local := w.hire("local", w.paris, provisioning.RolesEdit, provisioning.MembersEdit)
		before := stateOf(w)
		for name, err := range map[string]error{
			"a permission that the editor lacks": w.updateRole(editor, id, provisioning.RoleChange{Permissions: permissions(provisioning.MembersRead, provisioning.MembersEdit), Confirmed: true}),
			"one held in a community alone":      w.updateRole(local, id, provisioning.RoleChange{Permissions: permissions(provisioning.MembersEdit), Confirmed: true}),
			"a workspace's, by its holder there": w.updateRole(local, id, provisioning.RoleChange{Name: ptr("Mine")}),
			"deletion without roles.edit":        w.DeleteRole(t.Context(), w.hire("reader", w.root, provisioning.RolesRead), w.ws, id),
		} {
			if !errors.Is(err, provisioning.ErrForbidden) {
				t.Errorf("%s: %v, want forbidden", name, err)
			}
		}
		if after := w.role(id); fmt.Sprint(after.Permissions) != "[audit.read members.read]" || !strings.Contains(before, `"Name":"Hunter"`) || after.Name != "Hunter" {
			t.Errorf("the role is %+v", after)
		}
		// What the role has already may stay, whoever edits it, and anything may go.
		works(t,
			w.updateRole(editor, id, provisioning.RoleChange{Permissions: permissions(provisioning.AuditRead, provisioning.RolesRead)}),
			w.updateRole(editor, id, provisioning.RoleChange{Permissions: permissions(provisioning.RolesRead)}))
	})
}

func TestRule4_AnEditThatGivesAnAdministrativePermissionNeedsConfirmation(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		id := w.customRole("Hunter", provisioning.MembersRead)
		more := permissions(provisioning.MembersRead, provisioning.MembersInvite)
		isKind(t, w.updateRole(w.operator, id, provisioning.RoleChange{Permissions: more}), provisioning.ErrConfirm, "confirm_administrative")
		works(t, w.updateRole(w.operator, id, provisioning.RoleChange{Permissions: more, Confirmed: true}))
		// It is given already: a new name gives nothing.
		works(t, w.updateRole(w.operator, id, provisioning.RoleChange{Name: ptr("Inviter")}))
	})
}

func TestRule14_AnInvitationWhoseRoleBecameAdministrativeGoesThroughItsLinkAlone(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		id := w.customRole("Hunter", provisioning.MembersRead)
		i, link := w.invite("zoe@acme.example", w.paris, id)
		works(t, w.updateRole(w.operator, id, provisioning.RoleChange{Permissions: permissions(provisioning.MembersInvite), Confirmed: true}))
		_, err := w.signIn("00u1", "zoe@acme.example")
		refusedFor(t, err, provisioning.RefusedInvitationLink)
		w.holds(i.User)
		w.accept(link, "00u1", "zoe@acme.example")
		w.holds(i.User, "hunter in soc-paris")
	})
}

func TestRole_TheBuiltInOnesCannotBeChangedOrDeleted(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		before := stateOf(w)
		for _, id := range []provisioning.RoleID{w.guest, w.analyst, w.admin} {
			isKind(t, w.updateRole(w.operator, id, provisioning.RoleChange{Name: ptr("Mine")}), provisioning.ErrConflict, "builtin_role")
			isKind(t, w.DeleteRole(t.Context(), w.operator, w.ws, id), provisioning.ErrConflict, "builtin_role")
		}
		same(t, "by the refusals", stateOf(w), before)
	})
}

func TestRole_AnEditIsCheckedAsACreation(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		id := w.customRole("Hunter", provisioning.MembersRead)
		for code, n := range map[string]provisioning.RoleChange{
			"name":        {Name: ptr(" ")},
			"description": {Description: ptr("short")},
			"too_long":    {Description: ptr(strings.Repeat("long", 1<<18))},
			"permissions": {Permissions: permissions()},
			"not_utf8":    {Name: ptr("\xff")},
		} {
			isKind(t, w.updateRole(w.operator, id, n), provisioning.ErrInvalid, code)
		}
		isKind(t, w.updateRole(w.operator, id, provisioning.RoleChange{Permissions: permissions("warp")}), provisioning.ErrInvalid, "permissions")
	})
}

func TestRule12_ARoleInUseIsRefused_WithWhatUsesIt(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		id := w.customRole("Hunter", provisioning.MembersRead)
		ada := w.push("00u1", "ada@acme.example").ID
		g := w.pushGroup("Hunters")
		in := provisioning.RoleIn{Community: w.paris, Role: id}
		free := func() {
			must(w.UpdateConnection(ctx, w.operator, w.ws, w.conn.ID, provisioning.ConnectionWrite{DefaultRole: &w.guest}))(t)
		}
		var mapping provisioning.Mapping
		var invited provisioning.Invitation
		for _, use := range []struct {
			words      string
			begin, end func()
		}{
			{"1 member, 1 grant", func() { w.grant(ada, w.paris, id) }, func() { works(t, w.RevokeRole(ctx, w.operator, w.ws, ada, in)) }},
			{"1 mapping", func() { mapping = w.mapGroup(g.ID, w.paris, id) }, func() { works(t, w.DeleteMapping(ctx, w.operator, w.ws, mapping.ID)) }},
			{"1 connection's default", func() { w.setDefault(id, w.paris) }, free},
			{"1 open invitation", func() { invited, _ = w.invite("zoe@acme.example", w.paris, id) }, func() { works(t, w.RemoveUser(ctx, w.operator, w.ws, invited.User)) }},
		} {
			use.begin()
			err := w.DeleteRole(ctx, w.operator, w.ws, id)
			isKind(t, err, provisioning.ErrConflict, "role_in_use")
			if detail := provisioning.Detail(err); !strings.Contains(detail, "Hunter is in use: "+use.words+".") {
				t.Errorf("%s: %s", use.words, detail)
			}
			if uses := must(w.RoleUses(ctx, w.operator, w.ws, id))(t); uses.String() != use.words {
				t.Errorf("uses %q, want %q", uses, use.words)
			}
			use.end()
		}
		if uses := must(w.RoleUses(ctx, w.operator, w.ws, id))(t); uses.Any() || uses.String() != "nothing" {
			t.Errorf("after all ended: %q", uses)
		}
		works(t, w.DeleteRole(ctx, w.operator, w.ws, id))
		isKind(t, w.DeleteRole(ctx, w.operator, w.ws, id), provisioning.ErrNotFound, "not_found")
		_, err := w.FindRole(ctx, w.ws, "hunter")
		isKind(t, err, provisioning.ErrNotFound, "not_found")
		if again := w.role(w.customRole("Hunter", provisioning.RolesRead)); again.Slug != "hunter" || again.ID == id {
			t.Errorf("the slug is not free again: %+v", again)
		}
	})
}

func TestRule12_AnInvitationThatExpiredKeepsNoRole(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		id := w.customRole("Hunter", provisioning.MembersRead)
		i, _ := w.invite("zoe@acme.example", w.paris, id)
		w.expire(i)
		works(t, w.DeleteRole(t.Context(), w.operator, w.ws, id))
	})
}

func TestRole_OneOfAnotherWorkspaceIsNotFound(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		other := fillSecond(w)
		id := other.customRole("Hunter", provisioning.MembersRead)
		isKind(t, w.updateRole(w.operator, id, provisioning.RoleChange{Name: ptr("Mine")}), provisioning.ErrNotFound, "not_found")
		isKind(t, w.DeleteRole(t.Context(), w.operator, w.ws, id), provisioning.ErrNotFound, "not_found")
		_, err := w.RoleUses(t.Context(), w.operator, w.ws, id)
		isKind(t, err, provisioning.ErrNotFound, "not_found")
		if other.role(id).Name != "Hunter" {
			t.Error("it was reached all the same")
		}
	})
}

// A role that is being given waits for its deletion, or the deletion for it:
// nobody ends up with a role that is gone.
func TestParallel_ARoleIsGivenBesideItsDeletion_NobodyHoldsADeletedRole(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		second, ctx := w.besides(), t.Context()
		ada, g := w.push("00u1", "ada@acme.example").ID, w.pushGroup("Hunters")
		for i := range 20 {
			id := w.customRole(fmt.Sprintf("Hunter %d", i), provisioning.MembersRead)
			gives := []func() error{
				func() error {
					return w.GrantRole(ctx, w.operator, w.ws, ada, provisioning.RoleIn{Community: w.paris, Role: id})
				},
				func() error {
					_, err := w.CreateMapping(ctx, w.operator, w.ws, provisioning.MappingWrite{Group: g.ID, Community: w.paris, Role: id})
					return err
				},
				func() error {
					_, err := w.UpdateConnection(ctx, w.operator, w.ws, w.conn.ID, provisioning.ConnectionWrite{DefaultRole: &id})
					return err
				},
			}
			errs := together(gives[i%len(gives)], func() error { return second.DeleteRole(ctx, w.operator, w.ws, id) })
			given, deleted := errs[0] == nil, errs[1] == nil
			if given == deleted {
				t.Fatalf("round %d: given %v, deleted %v", i, errs[0], errs[1])
			}
			if deleted {
				isKind(t, errs[0], provisioning.ErrNotFound, "not_found")
				continue
			}
			isKind(t, errs[1], provisioning.ErrConflict, "role_in_use")
		}
	})
}

// What a role gives is decided when it is given: an edit at the same time is
// either seen, and refused, or comes after.
func TestParallel_ARoleIsGivenBesideAnEditThatMakesItAdministrative(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		second, ctx := w.besides(), t.Context()
		giver := w.hire("giver", w.root, provisioning.RolesAssign, provisioning.MembersRead)
		for i := range 15 {
			id := w.customRole(fmt.Sprintf("Hunter %d", i), provisioning.MembersRead)
			ada := w.push(fmt.Sprintf("00u%d", i), fmt.Sprintf("u%d@acme.example", i)).ID
			errs := together(
				func() error {
					return w.GrantRole(ctx, giver, w.ws, ada, provisioning.RoleIn{Community: w.paris, Role: id})
				},
				func() error {
					return second.updateRole(w.operator, id, provisioning.RoleChange{Permissions: permissions(provisioning.AuditRead), Confirmed: true})
				})
			works(t, errs[1])
			if errs[0] != nil {
				isKind(t, errs[0], provisioning.ErrForbidden, "not_permitted")
			}
		}
	})
}
