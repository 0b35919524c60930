package oktasim

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
)

// judgeGroups pushes all groups and takes the first, which has every person, through a whole life.
func (s *scenario) judgeGroups(ctx context.Context) {
	s.step(ctx, "push "+countOf(len(s.groups), "group"), s.pushGroups)
	s.step(ctx, "look up a pushed group", s.lookupGroup)
	s.step(ctx, "remove a member", s.removeMember)
	s.step(ctx, "remove the same member again", s.removeMemberAgain)
	s.step(ctx, "add the member", s.addMember)
	s.step(ctx, "rename the group", s.renameGroup)
	s.step(ctx, "rename the group to its own name", s.checkedPush(s.client.RenameGroup))
	s.step(ctx, "push now", s.checkedPush(s.client.PushNow))
	s.step(ctx, "push the group empty", s.pushEmpty)
	s.step(ctx, "push the members again", s.checkedPush(s.client.PushNow))
	s.step(ctx, "unlink, leave the group, push it again (link)", s.linkGroup)
	s.step(ctx, "unlink and delete the group", s.deleteGroup)
	s.step(ctx, "push the deleted group's name again", s.pushDeletedName)
}

func (s *scenario) pushGroups(ctx context.Context) error {
	for _, g := range s.groups {
		if err := s.client.PushGroup(ctx, g); err != nil {
			return err
		}
		if err := s.checkGroup(ctx, g); err != nil {
			return err
		}
	}
	return nil
}

// checkGroup compares the application's group with ours: its name and exactly its members.
func (s *scenario) checkGroup(ctx context.Context, g Group) error {
	id, linked := s.client.GroupID(g.ID)
	if !linked {
		return errors.New("not tried: the group was not pushed")
	}
	a, err := s.client.call(ctx, http.MethodGet, itemTarget("/Groups", id), nil)
	if err != nil {
		return err
	}
	r, err := decodeResource(a.body)
	if err != nil {
		return err
	}
	if r["displayName"] != g.Name {
		return expect("displayName "+g.Name, fmt.Sprint(r["displayName"]))
	}
	want := []string{}
	for _, m := range s.client.links.members(g.Members) {
		want = append(want, m.Value)
	}
	got := memberIDs(r)
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(want, got) {
		return expect(countOf(len(want), "member")+" as pushed", countOf(len(got), "member"))
	}
	s.found("%s", countOf(len(got), "member"))
	return nil
}

// checkedPush is a step that pushes the first group and compares.
func (s *scenario) checkedPush(push func(context.Context, Group) error) func(context.Context) error {
	return func(ctx context.Context) error {
		if err := push(ctx, s.groups[0]); err != nil {
			return err
		}
		return s.checkGroup(ctx, s.groups[0])
	}
}

func (s *scenario) lookupGroup(ctx context.Context) error {
	g := s.groups[0]
	known, _ := s.client.GroupID(g.ID)
	id, found, err := s.client.lookup(ctx, "/Groups", "displayName", g.Name)
	if err != nil {
		return err
	}
	if !found || id != known {
		return expect("the group "+known, fmt.Sprintf("%q", id))
	}
	return nil
}

func (s *scenario) removeMember(ctx context.Context) error {
	g := &s.groups[0]
	g.Members = without(g.Members, []string{s.people[1].ID})
	return s.pushChange(ctx, nil, []string{s.people[1].ID})
}

// removeMemberAgain repeats a removal, as a retry after a lost answer does: it must succeed.
func (s *scenario) removeMemberAgain(ctx context.Context) error {
	return s.pushChange(ctx, nil, []string{s.people[1].ID})
}

func (s *scenario) addMember(ctx context.Context) error {
	g := &s.groups[0]
	join(g, s.people[1].ID)
	return s.pushChange(ctx, []string{s.people[1].ID}, nil)
}

func (s *scenario) pushChange(ctx context.Context, add, remove []string) error {
	if err := s.client.PushMembershipChange(ctx, s.groups[0], add, remove); err != nil {
		return err
	}
	return s.checkGroup(ctx, s.groups[0])
}

func (s *scenario) renameGroup(ctx context.Context) error {
	s.groups[0].Name += " renamed"
	return s.checkedPush(s.client.RenameGroup)(ctx)
}

func (s *scenario) pushEmpty(ctx context.Context) error {
	empty := s.groups[0]
	empty.Members = nil
	if err := s.client.PushNow(ctx, empty); err != nil {
		return err
	}
	return s.checkGroup(ctx, empty)
}

// linkGroup must find the group that stayed: a second one of that name would orphan the first.
func (s *scenario) linkGroup(ctx context.Context) error {
	g := s.groups[0]
	before, _ := s.client.GroupID(g.ID)
	if err := s.client.UnlinkGroup(ctx, g.ID, false); err != nil {
		return err
	}
	if err := s.client.PushGroup(ctx, g); err != nil {
		return err
	}
	if after, _ := s.client.GroupID(g.ID); after != before {
		return expect("the group "+before, after)
	}
	return s.checkGroup(ctx, g)
}

func (s *scenario) deleteGroup(ctx context.Context) error {
	g := s.groups[0]
	id, _ := s.client.GroupID(g.ID)
	if err := s.client.UnlinkGroup(ctx, g.ID, true); err != nil {
		return err
	}
	a, err := s.client.call(ctx, http.MethodGet, itemTarget("/Groups", id), nil)
	if err == nil || a.status != http.StatusNotFound {
		return expect("404 for the deleted group", fmt.Sprint(a.status))
	}
	return checkErrorShape(a)
}

// pushDeletedName repairs as Okta administrators do, and must get a group that works.
func (s *scenario) pushDeletedName(ctx context.Context) error {
	return s.checkedPush(s.client.PushGroup)(ctx)
}
