package provisioning_test

import (
	"testing"
	"time"

	"drawbridge/provisioning"
)

func (w *world) glass(u provisioning.UserID, on bool) error {
	return w.SetBreakGlass(w.t.Context(), w.operator, w.ws, u, on)
}

func (w *world) ssoAlone(value string) error {
	return w.SetSetting(w.t.Context(), w.operator, w.ws, provisioning.SettingRequireSSO, value)
}

func TestRequireSSO_CannotBeTurnedOnWhereNoAdministratorCouldComeIn(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		keys := w.keyholder("keys@acme.example", w.adminIn()) // a password, and a verified domain
		before := stateOf(w)
		lastLeft(t, w.ssoAlone("on"))
		same(t, "by the refusal", stateOf(w), before)

		works(t, w.glass(keys, true), w.ssoAlone("on"))
		lastLeft(t, w.glass(keys, false))
		works(t, w.ssoAlone("off"), w.glass(keys, false))
		lastLeft(t, w.ssoAlone("on"))
	})
}

func TestRequireSSO_IsForTheVerifiedDomainsAlone(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w.keyholder("keys@elsewhere.example", w.adminIn())
		works(t, w.ssoAlone("on"))
		add := func() error {
			_, err := w.AddDomain(t.Context(), w.operator, w.ws, "elsewhere.example", true)
			return err
		}
		lastLeft(t, add()) // it would keep the only administrator out
		w.boss()           // who comes in through the connection
		works(t, add())
		works(t, w.ReleaseDomain(t.Context(), w.operator, w.ws, "elsewhere.example"))
	})
}

func TestRequireSSO_WhoComesThroughAConnectionIsAWayIn_WhileItIsEnabled(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		boss := w.boss()
		works(t, w.ssoAlone("on"))
		_, err := w.DisableConnection(ctx, w.operator, w.ws, w.conn.ID)
		lastLeft(t, err)
		w.keyholder("keys@acme.example", w.adminIn())
		lastLeft(t, w.SuspendUser(ctx, w.operator, w.ws, boss))
		lastLeft(t, w.RevokeRole(ctx, w.operator, w.ws, boss, w.adminIn()))
	})
}

// Where there is nothing to come through, SSO is required of nobody: with the last
// connection the passwords count again, and with the first one they end.
func TestRequireSSO_CountsOnceThereIsAConnection(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		keys := w.keyholder("keys@acme.example", w.adminIn())
		must(w.DisableConnection(ctx, w.operator, w.ws, w.conn.ID))(t)
		works(t, w.ssoAlone("on"))
		enable := func() error { _, err := w.EnableConnection(ctx, w.operator, w.ws, w.conn.ID); return err }
		create := func() error {
			_, err := w.CreateConnection(ctx, w.operator, w.ws, provisioning.ConnectionWrite{
				Name: ptr("Entra"), Issuer: ptr("https://entra.example"), ClientID: ptr("client"), ClientSecret: ptr("secret"),
			})
			return err
		}
		lastLeft(t, enable())
		lastLeft(t, create())
		works(t, w.glass(keys, true), enable(), create())
	})
}

func TestRequireSSO_ARecordOfAPairedDirectoryIsAWayIn(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.push("00u1", "ada@acme.example").ID
		w.grant(ada, w.root, w.admin)
		works(t, w.ssoAlone("on"))
		w.setActive(ada, false) // a directory's word bites all the same
		if !w.warned(provisioning.EventAdministratorLost) {
			t.Error("no warning says that nobody is left")
		}
	})
}

func TestRequireSSO_AWorkspaceThatHasNobodyLeftIsNotHeldBack(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.push("00u1", "ada@acme.example").ID
		w.grant(ada, w.root, w.admin)
		w.keyholder("keys@acme.example", w.adminIn())
		works(t, w.ssoAlone("on"))
		w.setActive(ada, false)
		second := w.push("00u2", "second@acme.example").ID
		w.grant(second, w.root, w.guest)
		w.grant(second, w.root, w.admin)
		works(t, w.SuspendUser(t.Context(), w.operator, w.ws, ada))
		lastLeft(t, w.SuspendUser(t.Context(), w.operator, w.ws, second))
	})
}

func TestBreakGlass_OnlyAnAdministratorWithAnAccountIsNamed(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		guest := w.keyholder("guest@acme.example", provisioning.RoleIn{Community: w.root, Role: w.guest})
		local := w.keyholder("local@acme.example", provisioning.RoleIn{Community: w.paris, Role: w.admin})
		isKind(t, w.glass(guest, true), provisioning.ErrConflict, "no_administrator")
		isKind(t, w.glass(local, true), provisioning.ErrConflict, "no_administrator")
		isKind(t, w.glass(w.boss(), true), provisioning.ErrConflict, "no_account")

		keys, n := w.keyholder("keys@acme.example", w.adminIn()), len(w.events())
		works(t, w.glass(keys, true))
		if got := w.since(n, provisioning.EventBreakGlass); !w.user(keys).BreakGlass || len(got) != 1 || got[0].Subject != string(keys) || got[0].Data["on"] != "yes" {
			t.Errorf("named %v, events %+v", w.user(keys).BreakGlass, got)
		}
		all := entries(w)
		if last := all[len(all)-1]; last.Action != "user.break_glass" || last.Target != string(keys) {
			t.Errorf("the last entry is %+v", last)
		}
		before := stateOf(w) + logOf(w)
		works(t, w.glass(keys, true))
		same(t, "by naming again", stateOf(w)+logOf(w), before)
		works(t, w.glass(keys, false))
		if w.user(keys).BreakGlass {
			t.Error("still named")
		}
	})
}

func TestBreakGlass_NeedsSecurityEditAndAFreshSignIn(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		keys := w.keyholder("keys@acme.example", w.adminIn())
		name := func(a provisioning.Actor, proved time.Time) error {
			a.ProvedAt = proved
			return w.SetBreakGlass(t.Context(), a, w.ws, keys, true)
		}
		editor := w.hire("editor", w.root, provisioning.SecurityEdit)
		isKind(t, name(w.hire("member", w.root, provisioning.MembersEdit), time.Now()), provisioning.ErrForbidden, "not_permitted")
		isKind(t, name(editor, time.Now().Add(-11*time.Minute)), provisioning.ErrProve, "fresh_sign_in")
		isKind(t, name(editor, time.Time{}), provisioning.ErrProve, "fresh_sign_in")
		works(t, name(editor, time.Now()))
	})
}

// Each of two changes alone leaves the other's administrator a way in.
func TestParallel_TwoChangesThatWouldTogetherKeepEverybodyOut_OneIsRefused(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		second := w.besides()
		named := w.keyholder("glass@acme.example", w.adminIn())
		boss := w.boss()
		works(t, w.glass(named, true), w.ssoAlone("on"))
		for i := range 10 {
			errs := together(
				func() error { return w.glass(named, false) },
				func() error { return second.SuspendUser(t.Context(), w.operator, w.ws, boss) },
			)
			if (errs[0] == nil) == (errs[1] == nil) {
				t.Fatalf("round %d: %v and %v", i, errs[0], errs[1])
			}
			works(t, w.ReactivateUser(t.Context(), w.operator, w.ws, boss), w.glass(named, true))
		}
	})
}

// The setting and the last way in go at once.
func TestParallel_RequireSSOBesideTheLossOfTheLastWayIn_OneIsRefused(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		second := w.besides()
		w.keyholder("keys@acme.example", w.adminIn())
		boss := w.boss()
		for i := range 10 {
			errs := together(
				func() error { return w.ssoAlone("on") },
				func() error { return second.SuspendUser(t.Context(), w.operator, w.ws, boss) },
			)
			if (errs[0] == nil) == (errs[1] == nil) {
				t.Fatalf("round %d: %v and %v", i, errs[0], errs[1])
			}
			works(t, w.ssoAlone("off"), w.ReactivateUser(t.Context(), w.operator, w.ws, boss))
		}
	})
}
