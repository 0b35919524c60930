package provisioning

import (
	"cmp"
	"slices"
)

// Resolve adds the reasons of users up to what they hold (rule 1). It is pure,
// the order of its input does not matter, and blocks are no input: they stop a
// user from acting and end no membership.
//
//   - A grant counts unless it is held.
//   - A mapping that is not held counts for every member of its group.
//   - A default role, the grant of a first sign-in, counts nothing in a
//     community where a mapping gives that user a role now, or did once (rule 5).
//
// The result is sorted and has each reason once.
func Resolve(grants []Grant, members []Member, mappings []Mapping, setAside []SetAside) []Reason {
	reasons := mapped(members, mappings)
	aside := make(map[SetAside]bool, len(setAside)+len(reasons))
	for _, mark := range setAside {
		aside[mark] = true
	}
	for _, r := range reasons {
		aside[SetAside{r.User, r.Community}] = true
	}
	for _, g := range grants {
		if g.Held || g.Source == SourceFirstSignIn && aside[SetAside{g.User, g.Community}] {
			continue
		}
		reasons = append(reasons, Reason{g.User, g.Community, g.Role, g.Source, string(g.ID)})
	}
	slices.SortFunc(reasons, compareReasons)
	return slices.Compact(reasons)
}

func mapped(members []Member, mappings []Mapping) []Reason {
	byGroup := make(map[GroupID][]Mapping, len(mappings))
	for _, m := range mappings {
		if !m.Held {
			byGroup[m.Group] = append(byGroup[m.Group], m)
		}
	}
	var reasons []Reason
	for _, member := range members {
		for _, m := range byGroup[member.Group] {
			reasons = append(reasons, Reason{member.User, m.Community, m.Role, SourceMapping, string(m.ID)})
		}
	}
	return reasons
}

func compareReasons(a, b Reason) int {
	return cmp.Or(
		cmp.Compare(a.User, b.User),
		cmp.Compare(a.Community, b.Community),
		cmp.Compare(a.Role, b.Role),
		cmp.Compare(a.Source, b.Source),
		cmp.Compare(a.SourceID, b.SourceID),
	)
}

// marks returns where a mapping gives a role: each is set aside from now on,
// whatever becomes of the mapping.
func marks(reasons []Reason) []SetAside {
	var found []SetAside
	seen := make(map[SetAside]bool)
	for _, r := range reasons {
		mark := SetAside{r.User, r.Community}
		if r.Source == SourceMapping && !seen[mark] {
			seen[mark] = true
			found = append(found, mark)
		}
	}
	return found
}

// difference compares the stored memberships with what was resolved. Applying
// it to the stored ones gives the resolved ones.
func difference(current []Membership, resolved []Reason) (start []Reason, end []Membership) {
	want := make(map[Reason]bool, len(resolved))
	for _, r := range resolved {
		want[r] = true
	}
	for _, m := range current {
		if !want[m.Reason] {
			end = append(end, m)
			continue
		}
		delete(want, m.Reason)
	}
	for _, r := range resolved {
		if want[r] {
			start = append(start, r)
		}
	}
	return start, end
}
