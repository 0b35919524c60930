package provisioning_test

import (
	"fmt"
	"testing"

	"drawbridge/provisioning"
)

// away is ada, who was in a mapped group and has been inactive since.
func (w *world) away() (ada provisioning.UserID, g provisioning.DirectoryGroup) {
	w.t.Helper()
	ada = w.push("00u1", "ada@acme.example").ID
	g = w.pushGroup("Analysts", ada)
	w.mapGroup(g.ID, w.paris, w.analyst)
	w.grant(ada, w.lyon, w.guest)
	w.setActive(ada, false)
	return ada, g
}

func TestRule7_WhoComesBackSoonHasTheMappedRoles(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada, g := w.away()
		w.later(days(6)).setActive(ada, true)
		if !w.inGroup(g.ID, ada) {
			t.Error("ada is out of the group")
		}
		w.holds(ada, "analyst in soc-paris", "guest in soc-lyon")
	})
}

// Okta does not push the removals of inactive people: what the group says of them
// is old.
func TestRule7_WhoWasInactiveForLongerGetsMappedRolesBackOnlyWhenTheGroupIsPushedWithThem(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada, g := w.away()
		bob := w.push("00u2", "bob@acme.example").ID
		works(t, w.member(g.ID, provisioning.AddMembers, bob))
		w.later(days(8)).setActive(ada, true)
		if w.inGroup(g.ID, ada) || !w.user(ada).MayAct() {
			t.Errorf("in the group: %v, blocks %v", w.inGroup(g.ID, ada), w.user(ada).Blocks)
		}
		w.holds(ada, "guest in soc-lyon") // what was given by hand stays
		if !w.warned(provisioning.EventGroupsLeft) {
			t.Error("nothing tells the administrator to push the groups")
		}
		w.setMembers(g, bob)
		w.holds(ada, "guest in soc-lyon")
		w.setMembers(g, ada, bob)
		w.holds(ada, "analyst in soc-paris", "guest in soc-lyon")
		w.nothingDiffers()
	})
}

func TestRule7_TheReactivationWindowIsASetting(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada, g := w.away()
		w.set("reactivation-window", "30d")
		w.later(days(20)).setActive(ada, true)
		if !w.inGroup(g.ID, ada) {
			t.Error("out of the group within the window")
		}
		w.set("reactivation-window", "0d")
		w.setActive(ada, false)
		w.setActive(ada, true)
		if w.inGroup(g.ID, ada) {
			t.Error("in the group although there is no window")
		}
	})
}

func TestRule16_ARevivedUserIsOutOfTheGroupsToo(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada, g := w.away()
		again := w.later(days(8)).push("00u1", "ada@acme.example")
		if again.ID != ada || w.inGroup(g.ID, ada) || len(again.Groups) != 0 {
			t.Errorf("revived as %s, in the group: %v, answered groups %v", again.ID, w.inGroup(g.ID, ada), again.Groups)
		}
	})
}

// The group is pushed while somebody comes back: the role follows the group.
func TestParallel_AReturnBesideAPushOfTheGroup(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		second, g := w.besides(), w.pushGroup("Analysts")
		w.mapGroup(g.ID, w.paris, w.analyst)
		w.set("reactivation-window", "0d")
		for i := range 15 {
			u := w.push(fmt.Sprintf("00u%d", i), fmt.Sprintf("u%d@acme.example", i)).ID
			works(t, w.member(g.ID, provisioning.AddMembers, u))
			w.setActive(u, false)
			works(t, together(
				func() error { return w.activate(u) },
				func() error { return second.member(g.ID, provisioning.AddMembers, u) },
			)...)
			if in := w.inGroup(g.ID, u); in != (len(w.roles(u)) == 1) {
				t.Fatalf("in the group: %v, roles %v", in, w.roles(u))
			}
		}
		w.nothingDiffers()
	})
}

func (w *world) activate(u provisioning.UserID) error {
	_, err := w.ChangeDirectoryUser(w.t.Context(), w.okta, string(u), func(r provisioning.RecordWrite) (provisioning.RecordWrite, error) {
		r.Active = ptr(true)
		return r, nil
	})
	return err
}
