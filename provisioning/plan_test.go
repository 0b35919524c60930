package provisioning_test

import (
	"slices"
	"testing"

	"drawbridge/provisioning"
)

// planned are four people and a group of three of them: ada holds the default
// in Lyon, bob holds Analyst there by hand, carol nothing, dan is in no group.
type planned struct {
	ada, bob, carol, dan provisioning.UserID
	group                provisioning.DirectoryGroup
	write                provisioning.MappingWrite
}

func newPlanned(t *testing.T, w *world) planned {
	t.Helper()
	p := planned{
		ada: w.push("00u1", "ada@acme.example").ID, bob: w.push("00u2", "bob@acme.example").ID,
		carol: w.push("00u3", "carol@acme.example").ID, dan: w.push("00u4", "dan@acme.example").ID,
	}
	must(w.signIn("00u1", "ada@acme.example"))(t)
	w.grant(p.bob, w.lyon, w.analyst)
	p.group = w.pushGroup("Analysts", p.ada, p.bob, p.carol)
	p.write = provisioning.MappingWrite{Group: p.group.ID, Community: w.lyon, Role: w.analyst}
	return p
}

func who(lines []provisioning.PlanLine) (users []provisioning.UserID) {
	for _, l := range lines {
		users = append(users, l.User)
	}
	slices.Sort(users)
	return users
}

func TestPlan_SaysWhoGainsLosesAndStays_AndChangesNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		p := newPlanned(t, w)
		before, log := stateOf(w), logOf(w)
		plan := must(w.PlanMapping(t.Context(), w.operator, w.ws, p.write))(t)
		same(t, "after a plan", stateOf(w), before)
		same(t, "after a plan", logOf(w), log)

		if got, want := who(plan.Gain), []provisioning.UserID{p.ada, p.carol}; !slices.Equal(got, want) {
			t.Errorf("gain %v, want %v", got, want)
		}
		if got, want := who(plan.Lose), []provisioning.UserID{p.ada}; !slices.Equal(got, want) || plan.Lose[0].Reason.Role != w.guest {
			t.Errorf("lose %+v, want ada's default", plan.Lose)
		}
		if plan.Stay != 1 {
			t.Errorf("%d stay, want bob", plan.Stay)
		}
		first := plan.Gain[0]
		if first.Name != "Given 00u1 Family" || first.Email != "ada@acme.example" || first.Reason.Community != w.lyon || first.Reason.Role != w.analyst || first.Reason.Source != provisioning.SourceMapping {
			t.Errorf("line %+v", first)
		}
	})
}

func TestPlan_ToTheRoleThatOneHasAlreadyNobodyGainsOrLoses(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.push("00u1", "ada@acme.example").ID
		must(w.signIn("00u1", "ada@acme.example"))(t) // Guest in Lyon, by default
		g := w.pushGroup("Guests", ada)
		plan := must(w.PlanMapping(t.Context(), w.operator, w.ws, provisioning.MappingWrite{Group: g.ID, Community: w.lyon, Role: w.guest}))(t)
		if len(plan.Gain)+len(plan.Lose) != 0 || plan.Stay != 1 {
			t.Errorf("plan %+v, want one who stays", plan)
		}
	})
}

func TestPlan_IsWhatHappensWhenItIsApplied(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		p := newPlanned(t, w)
		plan := must(w.PlanMapping(t.Context(), w.operator, w.ws, p.write))(t)
		again := must(w.PlanMapping(t.Context(), w.operator, w.ws, p.write))(t)
		if plan.Fingerprint == "" || again.Fingerprint != plan.Fingerprint {
			t.Errorf("two plans of one world: %q and %q", plan.Fingerprint, again.Fingerprint)
		}
		p.write.Fingerprint = plan.Fingerprint
		must(w.CreateMapping(t.Context(), w.operator, w.ws, p.write))(t)
		w.holds(p.ada, "analyst in soc-lyon")
		w.holds(p.bob, "analyst in soc-lyon")
		w.holds(p.carol, "analyst in soc-lyon")
		w.holds(p.dan)
	})
}

func TestPlan_OfAWorldThatHasMovedOnIsRefused(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		p := newPlanned(t, w)
		plan := must(w.PlanMapping(t.Context(), w.operator, w.ws, p.write))(t)
		other := p.write
		other.Community, other.Fingerprint = w.paris, plan.Fingerprint
		_, err := w.CreateMapping(t.Context(), w.operator, w.ws, other)
		isKind(t, err, provisioning.ErrStale, "stale_plan")

		w.setMembers(p.group, p.ada, p.bob, p.dan)
		before, log := stateOf(w), logOf(w)
		p.write.Fingerprint = plan.Fingerprint
		_, err = w.CreateMapping(t.Context(), w.operator, w.ws, p.write)
		isKind(t, err, provisioning.ErrStale, "stale_plan")
		same(t, "after a stale plan", stateOf(w), before)
		same(t, "after a stale plan", logOf(w), log)
		// What a member holds is part of the world too.
		w.setMembers(p.group, p.ada, p.bob, p.carol)
		if err := w.RevokeRole(t.Context(), w.operator, w.ws, p.ada, provisioning.RoleIn{Community: w.lyon, Role: w.guest}); err != nil {
			t.Fatal(err)
		}
		_, err = w.CreateMapping(t.Context(), w.operator, w.ws, p.write)
		isKind(t, err, provisioning.ErrStale, "stale_plan")
	})
}

func TestPlan_IsRefusedAsTheChangeWouldBe_ButNeedsNoConfirmation(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		p := newPlanned(t, w)
		reader := w.hire("kim", w.root, provisioning.DirectoryEdit)
		log := logOf(w)
		_, err := w.PlanMapping(ctx, reader, w.ws, p.write)
		isKind(t, err, provisioning.ErrForbidden, "not_permitted")
		same(t, "after a refused plan", logOf(w), log) // only asked, nothing tried
		far := p.write
		far.Community, far.Role = w.root, w.admin
		if plan := must(w.PlanMapping(ctx, w.operator, w.ws, far))(t); len(plan.Gain) != 3 {
			t.Errorf("plan %+v, want three who gain", plan)
		}
		must(w.CreateMapping(ctx, w.operator, w.ws, p.write))(t)
		_, err = w.PlanMapping(ctx, w.operator, w.ws, p.write)
		isKind(t, err, provisioning.ErrConflict, "mapping_exists")
	})
}
