package provisioning

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// reasonsOf draws what some users of one workspace were given: few ids, so
// that everything meets everything.
type drawn struct {
	grants   []Grant
	members  []Member
	mappings []Mapping
	setAside []SetAside
}

var sources = []Source{SourceInvitation, SourceFirstSignIn, SourceAdministrator, SourceDirectory, SourceSafeguard}

func id(t *rapid.T, kind string, n int) string {
	return fmt.Sprintf("%s%d", kind, rapid.IntRange(1, n).Draw(t, kind))
}

func drawState(t *rapid.T) drawn {
	var d drawn
	for i := range rapid.IntRange(0, 6).Draw(t, "grants") {
		d.grants = append(d.grants, Grant{
			ID: GrantID(fmt.Sprint("grant", i)), User: UserID(id(t, "user", 3)), Community: CommunityID(id(t, "community", 3)),
			Role: RoleID(id(t, "role", 3)), Source: rapid.SampledFrom(sources).Draw(t, "source"), Held: rapid.Bool().Draw(t, "held"),
		})
	}
	for range rapid.IntRange(0, 6).Draw(t, "members") {
		d.members = append(d.members, Member{Group: GroupID(id(t, "group", 3)), User: UserID(id(t, "user", 3))})
	}
	for i := range rapid.IntRange(0, 5).Draw(t, "mappings") {
		d.mappings = append(d.mappings, drawMapping(t, i))
	}
	for range rapid.IntRange(0, 3).Draw(t, "marks") {
		d.setAside = append(d.setAside, SetAside{UserID(id(t, "user", 3)), CommunityID(id(t, "community", 3))})
	}
	return d
}

func drawMapping(t *rapid.T, i int) Mapping {
	return Mapping{
		ID: MappingID(fmt.Sprint("mapping", i)), Group: GroupID(id(t, "group", 3)), Community: CommunityID(id(t, "community", 3)),
		Role: RoleID(id(t, "role", 3)), Held: rapid.Bool().Draw(t, "held"),
	}
}

func (d drawn) resolve() []Reason { return Resolve(d.grants, d.members, d.mappings, d.setAside) }

// remember does to the marks what the Service does after resolving.
func (d *drawn) remember(reasons []Reason) {
	d.setAside = append(d.setAside, marks(reasons)...)
}

func TestRule1_TheOrderOfReasonsDoesNotMatter(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := drawState(t)
		shuffled := drawn{
			rapid.Permutation(d.grants).Draw(t, "g"), rapid.Permutation(d.members).Draw(t, "m"),
			rapid.Permutation(d.mappings).Draw(t, "x"), rapid.Permutation(d.setAside).Draw(t, "s"),
		}
		if a, b := d.resolve(), shuffled.resolve(); !slices.Equal(a, b) {
			t.Fatalf("resolved %v, in another order %v", a, b)
		}
	})
}

func TestRule1_ResolvingTwiceChangesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := drawState(t)
		first := d.resolve()
		d.remember(first)
		stored := rows(first)
		start, end := difference(stored, d.resolve())
		if len(start)+len(end) != 0 {
			t.Fatalf("resolving again starts %v and ends %v", start, end)
		}
	})
}

func TestRule1_TheDifferenceAppliedToTheOldProjectionGivesTheNew(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		old, next := drawState(t).resolve(), drawState(t).resolve()
		stored := rows(old)
		start, end := difference(stored, next)
		applied := slices.Clone(start)
		for _, m := range stored {
			if !slices.ContainsFunc(end, func(e Membership) bool { return e.ID == m.ID }) {
				applied = append(applied, m.Reason)
			}
		}
		slices.SortFunc(applied, compareReasons)
		if !slices.Equal(applied, next) {
			t.Fatalf("applied %v, want %v", applied, next)
		}
	})
}

// Adding a mapping takes away no role but a default, and the default is gone
// whichever of the two came first.
func TestRule5_AMappingSetsAsideTheDefaultAloneInWhicheverOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := drawState(t)
		before := d.resolve()
		d.remember(before)
		d.mappings = append(d.mappings, drawMapping(t, 99))
		after := d.resolve()
		for _, r := range before {
			if !slices.Contains(after, r) && r.Source != SourceFirstSignIn {
				t.Fatalf("a mapping took %v", r)
			}
		}
		for _, r := range after {
			mapped := slices.ContainsFunc(after, func(o Reason) bool {
				return o.Source == SourceMapping && o.User == r.User && o.Community == r.Community
			})
			if r.Source == SourceFirstSignIn && mapped {
				t.Fatalf("the default %v stands beside a mapping", r)
			}
		}
	})
}

func TestRule5_TheMarkOutlivesTheMapping(t *testing.T) {
	t.Parallel()
	d := drawn{
		grants:   []Grant{{ID: "g", User: "u", Community: "c", Role: "guest", Source: SourceFirstSignIn}},
		members:  []Member{{Group: "x", User: "u"}},
		mappings: []Mapping{{ID: "m", Group: "x", Community: "c", Role: "analyst"}},
	}
	d.remember(d.resolve())
	d.mappings = nil
	if got := d.resolve(); len(got) != 0 {
		t.Errorf("after the mapping went the default came back: %v", got)
	}
}

func TestRule16_WhatIsHeldGivesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := drawState(t)
		for i := range d.grants {
			d.grants[i].Held = true
		}
		for i := range d.mappings {
			d.mappings[i].Held = true
		}
		if got := d.resolve(); len(got) != 0 {
			t.Fatalf("held reasons gave %v", got)
		}
	})
}

// The input is of one workspace. Reasons of users, groups and communities that
// are not in it change nothing for those that are.
func TestRule1_NothingOutsideTheInputHasAnyEffect(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d, foreign := drawState(t), drawState(t)
		want := d.resolve()
		for _, g := range foreign.grants {
			g.User, g.ID = "other-"+g.User, "other-"+g.ID
			d.grants = append(d.grants, g)
		}
		for _, m := range foreign.mappings {
			m.Group, m.ID = "other-"+m.Group, "other-"+m.ID
			d.mappings = append(d.mappings, m)
		}
		for _, m := range foreign.members {
			d.members = append(d.members, Member{Group: "other-" + m.Group, User: "other-" + m.User})
		}
		got := slices.DeleteFunc(d.resolve(), func(r Reason) bool { return len(r.User) > 5 && r.User[:6] == "other-" })
		if !slices.Equal(got, want) {
			t.Fatalf("resolved %v, beside others %v", want, got)
		}
	})
}

func rows(reasons []Reason) []Membership {
	all := make([]Membership, len(reasons))
	for i, r := range reasons {
		all[i] = Membership{ID: MembershipID(fmt.Sprint("row", i)), Reason: r}
	}
	return all
}
