package provisioning_test

import (
	"testing"

	"drawbridge/provisioning"
)

// lastLeft asserts that a change was refused for the last administrator's sake.
func lastLeft(t *testing.T, err error) {
	t.Helper()
	isKind(t, err, provisioning.ErrConflict, "last_administrator")
	if provisioning.Detail(err) == "" {
		t.Error("the refusal does not say what to do")
	}
}

func (w *world) adminIn() provisioning.RoleIn {
	return provisioning.RoleIn{Community: w.root, Role: w.admin}
}

func TestRule9_WhatWouldTakeTheLastAdministratorIsRefusedByHand(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		boss := w.boss()
		for name, try := range map[string]func() error{
			"the role taken": func() error { return w.RevokeRole(ctx, w.operator, w.ws, boss, w.adminIn()) },
			"the role replaced": func() error {
				return w.GrantRole(ctx, w.operator, w.ws, boss, provisioning.RoleIn{Community: w.root, Role: w.analyst})
			},
			"suspension":              func() error { return w.SuspendUser(ctx, w.operator, w.ws, boss) },
			"removal":                 func() error { return w.RemoveUser(ctx, w.operator, w.ws, boss) },
			"the connection disabled": func() error { _, err := w.DisableConnection(ctx, w.operator, w.ws, w.conn.ID); return err },
		} {
			before, events := stateOf(w), len(w.events())
			err := try()
			t.Run(name, func(t *testing.T) { lastLeft(t, err) })
			same(t, name, stateOf(w), before)
			if len(w.events()) != events {
				t.Errorf("%s: a refusal left events", name)
			}
			all := entries(w)
			if last := all[len(all)-1]; last.Result != "refused" || last.Details["code"] != "last_administrator" {
				t.Errorf("%s: last entry %+v, want the refusal", name, last)
			}
		}
	})
}

func TestRule9_TheLastAdministratorsMappingCannotBeDeletedByHand_NorTheirDirectory(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		ada := w.push("00u1", "ada@acme.example").ID // the record of a paired directory is a way in
		m := w.mapGroup(w.pushGroup("Admins", ada).ID, w.root, w.admin)
		before := stateOf(w)
		lastLeft(t, w.DeleteMapping(ctx, w.operator, w.ws, m.ID))
		lastLeft(t, w.DeleteDirectory(ctx, w.operator, w.ws, w.okta.Directory.ID))
		same(t, "after the refusals", stateOf(w), before)
		w.boss()
		if err := w.DeleteMapping(ctx, w.operator, w.ws, m.ID); err != nil {
			t.Errorf("with another administrator: %v", err)
		}
	})
}

func TestRule9_AWorkspaceThatHasNoneYetIsNotHeldBack(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		invited := w.invited.Invitation.User
		w.grant(invited, w.root, w.admin) // but has no way in: an open invitation is none
		for name, err := range map[string]error{
			"suspend":    w.SuspendUser(ctx, w.operator, w.ws, invited),
			"reactivate": w.ReactivateUser(ctx, w.operator, w.ws, invited),
			"revoke":     w.RevokeRole(ctx, w.operator, w.ws, invited, w.adminIn()),
			"remove":     w.RemoveUser(ctx, w.operator, w.ws, invited),
		} {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		must(w.DisableConnection(ctx, w.operator, w.ws, w.conn.ID))(t)
	})
}

func TestRule9_OnlyWhoCanSignInCountsAsAnother(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		boss := w.boss()
		_, link := w.invite("waiting@acme.example", w.root, w.admin)
		waiting := must(w.FindUser(ctx, w.ws, "waiting@acme.example"))(t).ID
		w.grant(waiting, w.root, w.admin)
		suspended := w.push("00u1", "suspended@acme.example").ID
		w.grant(suspended, w.root, w.admin)
		if err := w.SuspendUser(ctx, w.operator, w.ws, suspended); err != nil {
			t.Fatal(err)
		}
		elsewhere := w.push("00u2", "elsewhere@acme.example").ID
		w.grant(elsewhere, w.paris, w.admin) // Admin of one community
		lastLeft(t, w.SuspendUser(ctx, w.operator, w.ws, boss))
		w.accept(link, "00u3", "waiting@acme.example")
		if err := w.SuspendUser(ctx, w.operator, w.ws, boss); err != nil {
			t.Errorf("with another who can sign in: %v", err)
		}
		lastLeft(t, w.SuspendUser(ctx, w.operator, w.ws, waiting))
	})
}

func TestRule9_WhatADirectoryEndsBitesAllTheSame_WithAWarning(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*testing.T, *world, provisioning.UserID){
		"deactivation": func(_ *testing.T, w *world, u provisioning.UserID) { w.setActive(u, false) },
		"DELETE": func(t *testing.T, w *world, u provisioning.UserID) {
			if err := w.DeleteDirectoryUser(t.Context(), w.okta, string(u)); err != nil {
				t.Fatal(err)
			}
		},
		"changed externalId": func(_ *testing.T, w *world, u provisioning.UserID) { w.put(u, person("00u2", "ada@acme.example")) },
	} {
		t.Run(name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, w *world) {
				ada := w.push("00u1", "ada@acme.example").ID
				w.grant(ada, w.root, w.admin)
				in := must(w.signIn("00u1", "ada@acme.example"))(t)
				end(t, w, ada)
				w.dead(in.Secret)
				if !w.warned(provisioning.EventAdministratorLost) {
					t.Error("no warning says that the workspace has no administrator")
				}
				if w.warned(provisioning.EventAdministratorSafeguarded) {
					t.Error("ended access was safeguarded")
				}
			})
		})
	}
}

func TestRule9_WithAnotherAdministratorADirectoryEndsAccessWithoutAWarning(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w.boss()
		ada := w.push("00u1", "ada@acme.example").ID
		w.grant(ada, w.root, w.admin)
		w.setActive(ada, false)
		if w.warned(provisioning.EventAdministratorLost) {
			t.Error("a warning although an administrator is left")
		}
	})
}

// administratorsByGroup are two who are administrators by a mapping alone.
func administratorsByGroup(w *world) (provisioning.DirectoryGroup, []provisioning.UserID) {
	w.t.Helper()
	both := []provisioning.UserID{w.push("00u1", "ada@acme.example").ID, w.push("00u2", "bob@acme.example").ID}
	g := w.pushGroup("Admins", both...)
	w.mapGroup(g.ID, w.root, w.admin)
	return g, both
}

func TestRule9_WhoLosesTheRoleByGroupPushOrDeleteGetsASafeguard_EachOfThem(t *testing.T) {
	t.Parallel()
	for name, take := range map[string]func(*testing.T, *world, provisioning.DirectoryGroup){
		"group push": func(_ *testing.T, w *world, g provisioning.DirectoryGroup) { w.setMembers(g) },
		"group delete": func(t *testing.T, w *world, g provisioning.DirectoryGroup) {
			if err := w.DeleteDirectoryGroup(t.Context(), w.okta, string(g.ID)); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, w *world) {
				g, both := administratorsByGroup(w)
				n := len(w.events())
				take(t, w, g)
				for _, u := range both {
					w.holds(u, "admin in acme")
					reasons := must(w.ExplainAccess(t.Context(), w.ws, u, ""))(t)
					if len(reasons) != 1 || reasons[0].Source != provisioning.SourceSafeguard {
						t.Errorf("explained as %+v, want a safeguard", reasons)
					}
				}
				given := w.since(n, provisioning.EventAdministratorSafeguarded)
				if len(given) != 2 || !given[0].Warning || !given[1].Warning {
					t.Errorf("safeguard events %v, want two warnings", given)
				}
				w.nothingDiffers()
			})
		})
	}
}

func TestRule9_WhileAnotherAdministratorIsLeftNobodyIsSafeguarded(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		g, both := administratorsByGroup(w)
		w.setMembers(g, both[1])
		w.holds(both[0])
		if w.warned(provisioning.EventAdministratorSafeguarded) {
			t.Error("a safeguard although an administrator is left")
		}
		w.setMembers(g)
		w.holds(both[1], "admin in acme")
		w.holds(both[0])
	})
}

func TestRule9_SafeguardsEndWhenSomebodyIsAdministratorWithoutOne(t *testing.T) {
	t.Parallel()
	for name, come := range map[string]func(*testing.T, *world, provisioning.DirectoryGroup, provisioning.UserID){
		"by a grant": func(_ *testing.T, w *world, _ provisioning.DirectoryGroup, carol provisioning.UserID) {
			w.grant(carol, w.root, w.admin)
		},
		"by the group": func(_ *testing.T, w *world, g provisioning.DirectoryGroup, carol provisioning.UserID) {
			w.setMembers(g, carol)
		},
		"by a lifted block": func(t *testing.T, w *world, _ provisioning.DirectoryGroup, carol provisioning.UserID) {
			if err := w.SuspendUser(t.Context(), w.operator, w.ws, carol); err != nil {
				t.Fatal(err)
			}
			w.grant(carol, w.root, w.admin)
			if len(w.since(0, provisioning.EventSafeguardEnded)) != 0 {
				t.Error("safeguards ended for somebody who may not act")
			}
			if err := w.ReactivateUser(t.Context(), w.operator, w.ws, carol); err != nil {
				t.Fatal(err)
			}
		},
		"by a sign-in": func(_ *testing.T, w *world, _ provisioning.DirectoryGroup, _ provisioning.UserID) { w.boss() },
	} {
		t.Run(name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, w *world) {
				g, both := administratorsByGroup(w)
				carol := w.push("00u3", "carol@acme.example").ID
				w.setMembers(g)
				w.grant(both[0], w.paris, w.guest) // changes no administrator: they stay
				w.holds(both[0], "admin in acme", "guest in soc-paris")
				come(t, w, g, carol)
				w.holds(both[0], "guest in soc-paris")
				w.holds(both[1])
				if n := len(w.since(0, provisioning.EventSafeguardEnded)); n != 2 {
					t.Errorf("%d events say that a safeguard ended, want 2", n)
				}
				w.nothingDiffers()
			})
		})
	}
}

func TestRule9_ASafeguardCannotBeTakenByHandWhileItIsTheLast(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.push("00u1", "ada@acme.example").ID
		g := w.pushGroup("Admins", ada)
		w.mapGroup(g.ID, w.root, w.admin)
		w.setMembers(g)
		lastLeft(t, w.RevokeRole(t.Context(), w.operator, w.ws, ada, w.adminIn()))
		lastLeft(t, w.SuspendUser(t.Context(), w.operator, w.ws, ada))
		// But a directory's deactivation bites.
		w.setActive(ada, false)
		if !w.warned(provisioning.EventAdministratorLost) {
			t.Error("no warning")
		}
	})
}

func TestRule9_TheWayBackIn_IsAnInvitationThatNoDirectoryMayAdopt(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		ada := w.push("00u1", "ada@acme.example").ID
		w.grant(ada, w.root, w.admin)
		w.setActive(ada, false) // nobody is left
		i, link := w.invite("rescue@acme.example", w.root, w.admin)
		if i.Adoptable {
			t.Error("a directory may adopt it")
		}
		before := stateOf(w)
		_, err := w.CreateDirectoryUser(ctx, w.okta, person("00u9", "rescue@acme.example"))
		isKind(t, err, provisioning.ErrConflict, "not_adoptable")
		_, err = w.ChangeDirectoryUser(ctx, w.okta, string(i.User), func(r provisioning.RecordWrite) (provisioning.RecordWrite, error) { return r, nil })
		isKind(t, err, provisioning.ErrNotFound, "not_found")
		_, err = w.GetDirectoryUser(ctx, w.okta, string(i.User))
		isKind(t, err, provisioning.ErrNotFound, "not_found")
		same(t, "after the directory tried", stateOf(w), before)
		_, err = w.signIn("00u9", "rescue@acme.example")
		refusedFor(t, err, provisioning.RefusedInvitationLink)

		in := w.accept(link, "00u5", "rescue@acme.example")
		w.holds(in.User.ID, "admin in acme")
		lastLeft(t, w.SuspendUser(ctx, w.operator, w.ws, in.User.ID))
	})
}

func TestRule9_TheWayBackIn_IsTheOperatorsAndForAddressesThatNobodyHas(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		boss := provisioning.Actor{Kind: provisioning.ActorUser, ID: string(w.boss()), Workspace: w.ws}
		n := person("00u1", "ada@acme.example")
		n.Profile.Emails[0].Value = "mail@acme.example"
		must(w.CreateDirectoryUser(ctx, w.okta, n))(t)
		before := stateOf(w)
		_, _, err := w.InviteAdministrator(ctx, boss, w.ws, "rescue@acme.example", w.adminIn())
		isKind(t, err, provisioning.ErrForbidden, "not_permitted")
		for _, taken := range []string{"ADA@acme.example", "mail@acme.example"} {
			_, _, err = w.InviteAdministrator(ctx, w.operator, w.ws, taken, w.adminIn())
			isKind(t, err, provisioning.ErrConflict, "user_exists")
		}
		_, _, err = w.InviteAdministrator(ctx, w.operator, w.ws, "nonsense", w.adminIn())
		isKind(t, err, provisioning.ErrInvalid, "email")
		same(t, "after the refusals", stateOf(w), before)
	})
}

func TestRule9_AnEnabledConnectionIsAWayInAgain(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		invited := w.invited.Invitation.User
		w.grant(invited, w.root, w.admin)
		must(w.DisableConnection(ctx, w.operator, w.ws, w.conn.ID))(t)
		_, _, err := w.BeginSignIn(ctx, provisioning.SignInRequest{Connection: must(w.FindConnection(ctx, w.ws, string(w.conn.ID)))(t), BrowserSecret: "b"})
		refusedFor(t, err, provisioning.RefusedConnectionClosed)
		must(w.EnableConnection(ctx, w.operator, w.ws, w.conn.ID))(t)
		boss := w.boss()
		w.holds(boss, "admin in acme")
		_, err = w.DisableConnection(ctx, w.operator, w.ws, w.conn.ID)
		lastLeft(t, err)
	})
}
