package provisioning_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"drawbridge/provisioning"
)

// The rule is about the whole installation, so each test has one of its own.

func days(n int) time.Duration { return time.Duration(n) * 24 * time.Hour }

// onClock is the world when the clock shows the given time.
func (w *world) onClock(t time.Time) *world { return w.later(time.Until(t)) }

// sweep runs the inactivity rule.
func (w *world) sweep() {
	w.t.Helper()
	works(w.t, w.BlockInactive(w.t.Context()))
}

// asleep asserts whether the user has an inactivity block.
func (w *world) asleep(u provisioning.UserID, want bool) {
	w.t.Helper()
	if got := w.user(u).Blocked(provisioning.BlockInactivity); got != want {
		w.t.Fatalf("inactivity block of %s: %v, want %v", u, got, want)
	}
}

// keyholder is somebody with an account of their own and a role.
func (w *world) keyholder(email string, in provisioning.RoleIn) provisioning.UserID {
	w.t.Helper()
	ctx, ids := w.t.Context(), &provisioning.RandomIDs{}
	u := provisioning.User{
		Workspace: w.ws, ID: provisioning.UserID(ids.New()), UserName: email, Email: email,
		Origin: provisioning.OriginInvitation, Account: provisioning.AccountID(ids.New()), Version: 1,
	}
	works(w.t, w.store.Update(ctx, func(tx *provisioning.Tx) error {
		u.CreatedAt, u.UpdatedAt, u.LastSeenAt = tx.Now(), tx.Now(), tx.Now()
		a := provisioning.Account{ID: u.Account, Email: email, Home: w.ws, PasswordHash: "hash", CreatedAt: tx.Now(), PasswordSetAt: tx.Now()}
		if err := tx.Accounts.Create(ctx, a); err != nil {
			return err
		}
		return tx.Users.Create(ctx, u)
	}))
	w.grant(u.ID, in.Community, in.Role)
	return u.ID
}

func TestInactivity_IsOffByDefault(t *testing.T) {
	alone(t, func(t *testing.T, w *world) {
		w.boss()
		ada := w.push("00u1", "ada@acme.example").ID
		w.later(days(1000)).sweep()
		w.asleep(ada, false)
	})
}

func TestInactivity_WhoNeitherSignsInNorIsActiveForThatLongIsBlocked_AtOnce(t *testing.T) {
	alone(t, func(t *testing.T, w *world) {
		w.set("inactivity", "30d")
		never, seen := w.push("00u1", "ada@acme.example").ID, w.push("00u2", "bob@acme.example").ID
		early := w.later(days(20))
		in := must(early.signIn("00u2", "bob@acme.example"))(t)
		w.boss()
		must(early.signIn("00uboss", w.invited.Invitation.Email))(t)

		w.later(days(29)).sweep()
		w.asleep(never, false)
		w.later(days(31)).sweep()
		w.asleep(never, true)
		w.asleep(seen, false)
		early.alive(in.Secret)

		n := len(w.events())
		last := w.later(days(51))
		last.sweep()
		w.asleep(seen, true)
		early.with(func(*provisioning.Ports) {}).dead(in.Secret) // to a process that remembers nothing
		if blocked := w.since(n, provisioning.EventUserBlocked); len(blocked) != 1 || blocked[0].Data["source"] != "inactivity" {
			t.Errorf("events %+v", blocked)
		}
		_, err := last.signIn("00u2", "bob@acme.example")
		refusedFor(t, err, provisioning.RefusedBlocked)

		before := stateOf(w)
		last.sweep()
		same(t, "by a second run", stateOf(w), before)
	})
}

func TestInactivity_LiftingOneBlockNeverLiftsAnother(t *testing.T) {
	alone(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		w.boss()
		must(w.later(days(39)).signIn("00uboss", w.invited.Invitation.Email))(t)
		w.set("inactivity", "30d")
		ada := w.push("00u1", "ada@acme.example").ID
		works(t, w.SuspendUser(ctx, w.operator, w.ws, ada))
		late := w.later(days(40))
		late.sweep()
		late.setActive(ada, false)
		late.setActive(ada, true) // the directory's word lifts the directory's block alone
		blocked := func(want ...provisioning.BlockSource) {
			t.Helper()
			var sources []provisioning.BlockSource
			for _, b := range w.user(ada).Blocks {
				sources = append(sources, b.Source)
			}
			if slices.Sort(sources); !slices.Equal(sources, want) {
				t.Fatalf("blocks %v, want %v", sources, want)
			}
		}
		blocked(provisioning.BlockAdministrator, provisioning.BlockInactivity)
		works(t, late.ReactivateUser(ctx, w.operator, w.ws, ada))
		blocked(provisioning.BlockInactivity)
		works(t, late.ReactivateUser(ctx, w.operator, w.ws, ada))
		blocked()
		before := stateOf(w) + logOf(w)
		works(t, late.ReactivateUser(ctx, w.operator, w.ws, ada))
		same(t, "by reactivating who is active", stateOf(w)+logOf(w), before)
	})
}

// Paris is on summer time from 30 March 2031 and off it from 26 October.
func TestInactivity_WhoIsReactivatedHasUntilTheEndOfThatDay_InTheWorkspacesZone(t *testing.T) {
	t.Parallel()
	paris := must(time.LoadLocation("Europe/Paris"))(t)
	for name, morning := range map[string]time.Time{
		"an ordinary day":            time.Date(2031, 3, 15, 0, 0, 0, 0, paris),
		"the day of 23 hours":        time.Date(2031, 3, 30, 0, 0, 0, 0, paris),
		"the day of 25 hours":        time.Date(2031, 10, 26, 0, 0, 0, 0, paris),
		"the day after the 25 hours": time.Date(2031, 10, 27, 0, 0, 0, 0, paris),
	} {
		t.Run(name, func(t *testing.T) {
			alone(t, func(t *testing.T, w *world) {
				w.set("inactivity", "90d")
				w.set("time-zone", "Europe/Paris")
				stays, comes := w.push("00u1", "ada@acme.example").ID, w.push("00u2", "bob@acme.example").ID
				w.onClock(morning).sweep()
				w.asleep(stays, true)
				first := w.onClock(morning.Add(10 * time.Minute))
				for _, u := range []provisioning.UserID{stays, comes} {
					works(t, first.ReactivateUser(t.Context(), w.operator, w.ws, u))
				}
				must(first.signIn("00u2", "bob@acme.example"))(t)
				midnight := morning.AddDate(0, 0, 1)
				w.onClock(midnight.Add(-10 * time.Minute)).sweep()
				w.asleep(stays, false)
				w.onClock(midnight.Add(10 * time.Minute)).sweep()
				w.asleep(stays, true)
				w.asleep(comes, false)
			})
		})
	}
}

func TestInactivity_TheDayIsThatOfTheZone_NotOfTheServer(t *testing.T) {
	alone(t, func(t *testing.T, w *world) {
		w.set("inactivity", "90d")
		w.set("time-zone", "Pacific/Auckland") // noon in UTC is midnight there in July
		ada := w.push("00u1", "ada@acme.example").ID
		noon := time.Date(2031, 7, 10, 12, 0, 0, 0, time.UTC)
		w.onClock(noon.Add(-2 * time.Hour)).sweep()
		works(t, w.onClock(noon.Add(-time.Hour)).ReactivateUser(t.Context(), w.operator, w.ws, ada))
		w.onClock(noon.Add(-time.Minute)).sweep()
		w.asleep(ada, false)
		w.onClock(noon.Add(time.Minute)).sweep()
		w.asleep(ada, true)
	})
}

func TestInactivity_TheLastAdministratorIsPassedOver_WithAWarningOnceADay(t *testing.T) {
	alone(t, func(t *testing.T, w *world) {
		boss := w.boss()
		w.set("inactivity", "90d")
		w.set("time-zone", "Europe/Paris")
		paris := must(time.LoadLocation("Europe/Paris"))(t)
		morning := time.Date(2031, 3, 15, 8, 0, 0, 0, paris)
		other := w.besides() // another replica, or this one after a restart
		other.ports.Store = other.store
		for _, run := range []struct {
			by   *world
			at   time.Time
			want int
		}{
			{w, morning, 1},
			{other, morning.Add(time.Hour), 1},
			{w, morning.Add(15 * time.Hour), 1},
			{other, morning.Add(16*time.Hour + time.Minute), 2}, // after midnight
			{w, morning.Add(24 * time.Hour), 2},
		} {
			log := len(entries(w))
			run.by.onClock(run.at).sweep()
			w.asleep(boss, false)
			if got := len(w.since(0, provisioning.EventInactivityKept)); got != run.want {
				t.Fatalf("at %s: %d warnings, want %d", run.at, got, run.want)
			}
			if len(entries(w)) != log {
				t.Error("what was not done left an audit entry")
			}
		}
		if !w.warned(provisioning.EventInactivityKept) {
			t.Error("it is no warning")
		}
		// With another administrator who comes in, the first is blocked.
		later := w.onClock(morning.Add(48 * time.Hour))
		second := w.push("00u5", "second@acme.example").ID
		w.grant(second, w.root, w.admin)
		must(later.signIn("00u5", "second@acme.example"))(t)
		later.sweep()
		w.asleep(boss, true)
	})
}

func TestInactivity_OfTwoAdministratorsWhoStayAwayOneIsKept(t *testing.T) {
	alone(t, func(t *testing.T, w *world) {
		boss := w.boss()
		second := w.push("00u5", "second@acme.example").ID
		w.grant(second, w.root, w.admin)
		w.set("inactivity", "90d")
		w.later(days(100)).sweep()
		one, two := w.user(boss), w.user(second)
		if one.MayAct() == two.MayAct() {
			t.Errorf("blocks %v and %v", one.Blocks, two.Blocks)
		}
	})
}

func TestInactivity_BreakGlassIsPassedOver_AndSoIsWhoNeverHadAWayIn(t *testing.T) {
	alone(t, func(t *testing.T, w *world) {
		glass := w.keyholder("glass@acme.example", w.adminIn())
		works(t, w.SetBreakGlass(t.Context(), w.operator, w.ws, glass, true))
		waiting := w.invited.Invitation.User
		holder := w.keyholder("holder@acme.example", provisioning.RoleIn{Community: w.paris, Role: w.guest})
		w.set("inactivity", "90d")
		w.later(days(100)).sweep()
		w.asleep(glass, false)
		w.asleep(waiting, false)
		w.asleep(holder, true)
		if w.warned(provisioning.EventInactivityKept) {
			t.Error("a warning about somebody whose purpose is to stay away")
		}
	})
}

func TestInactivity_OtherWorkspacesGoOnByTheirOwnSetting(t *testing.T) {
	alone(t, func(t *testing.T, w *world) {
		other := fillSecond(w)
		mine, theirs := w.push("00u1", "ada@acme.example").ID, other.push("00u1", "ada@globex.example").ID
		w.set("inactivity", "30d")
		other.set("inactivity", "60d")
		w.later(days(40)).sweep()
		w.asleep(mine, true)
		other.asleep(theirs, false)
		w.later(days(70)).sweep()
		other.asleep(theirs, true)
	})
}

// Two replicas, or a run that was cut off and one after it, block everybody once.
func TestInactivity_ManyAreBlockedOnce_HoweverManyRunAtOnce(t *testing.T) {
	alone(t, func(t *testing.T, w *world) {
		const people = 60
		for i := range people {
			w.push(fmt.Sprintf("00u%d", i), fmt.Sprintf("u%d@acme.example", i))
		}
		w.set("inactivity", "30d")
		cut, cancel := context.WithCancel(t.Context())
		cancel()
		if err := w.later(days(40)).BlockInactive(cut); err == nil {
			t.Error("a run without time did everything")
		}
		second := w.besides()
		second.ports.Store = second.store
		one, two := w.later(days(40)), second.later(days(40))
		works(t, together(func() error { return one.BlockInactive(t.Context()) }, func() error { return two.BlockInactive(t.Context()) })...)
		if blocked := w.since(0, provisioning.EventUserBlocked); len(blocked) != people {
			t.Errorf("%d events, want %d", len(blocked), people)
		}
	})
}

// Who comes in at the moment at which they would be blocked stays or is out, but
// there is no session of somebody with a block.
func TestParallel_ASignInBesideTheInactivityRule(t *testing.T) {
	alone(t, func(t *testing.T, w *world) {
		w.set("inactivity", "30d")
		second := w.besides()
		second.ports.Store = second.store
		one, two := w.later(days(40)), second.later(days(40))
		for i := range 15 {
			subject := fmt.Sprintf("00u%d", i)
			u := w.push(subject, subject+"@acme.example").ID
			errs := together(
				func() error { _, err := one.signIn(subject, subject+"@acme.example"); return err },
				func() error { return two.BlockInactive(t.Context()) },
			)
			works(t, errs[1])
			came, blocked, sessions := errs[0] == nil, !w.user(u).MayAct(), len(w.liveSessions(u))
			if came == blocked || came != (sessions == 1) {
				t.Fatalf("round %d: sign-in %v, blocks %v, %d sessions", i, errs[0], w.user(u).Blocks, sessions)
			}
		}
	})
}
