package provisioning_test

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"drawbridge/provisioning"
)

func (w *world) community(id provisioning.CommunityID) (c provisioning.Community, found bool) {
	w.t.Helper()
	all := must(w.Communities(w.t.Context(), w.ws))(w.t)
	i := slices.IndexFunc(all, func(c provisioning.Community) bool { return c.ID == id })
	if i < 0 {
		return c, false
	}
	return all[i], true
}

func (w *world) deleteCommunity(id provisioning.CommunityID) error {
	return w.DeleteCommunity(w.t.Context(), w.operator, w.ws, id)
}

func TestCommunity_AChangeKeepsTheSlug_AndWhatIsNotNamed(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		editor := w.hire("editor", w.paris, provisioning.CommunitiesEdit)
		update := func(c provisioning.CommunityID, n provisioning.CommunityChange) error {
			_, err := w.UpdateCommunity(t.Context(), editor, w.ws, c, n)
			return err
		}
		works(t, update(w.paris, provisioning.CommunityChange{Name: ptr("SOC Île-de-France")}))
		works(t, update(w.paris, provisioning.CommunityChange{Description: ptr("Nights, too")}))
		c, _ := w.community(w.paris)
		if c.Name != "SOC Île-de-France" || c.Description != "Nights, too" || c.Slug != "soc-paris" {
			t.Errorf("the community is %+v", c)
		}
		isKind(t, update(w.lyon, provisioning.CommunityChange{Name: ptr("Mine")}), provisioning.ErrForbidden, "not_permitted")
		isKind(t, update(w.root, provisioning.CommunityChange{Name: ptr("Mine")}), provisioning.ErrForbidden, "not_permitted")
		isKind(t, update(w.paris, provisioning.CommunityChange{Name: ptr("")}), provisioning.ErrInvalid, "name")
		isKind(t, update(w.paris, provisioning.CommunityChange{Name: ptr(strings.Repeat("n", 1<<20))}), provisioning.ErrInvalid, "name")
		before := stateOf(w) + logOf(w)
		works(t, update(w.paris, provisioning.CommunityChange{Description: ptr("Nights, too")}))
		same(t, "by the same again", stateOf(w)+logOf(w), before)
	})
}

func TestCommunity_TheRootAndTheWorkspaceHaveOneName(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		must(w.UpdateCommunity(ctx, w.operator, w.ws, w.root, provisioning.CommunityChange{Name: ptr("Acme Group")}))(t)
		if ws := must(w.Workspace(ctx, w.ws))(t); ws.Name != "Acme Group" {
			t.Errorf("the workspace is called %q", ws.Name)
		}
		must(w.UpdateWorkspace(ctx, w.operator, w.ws, "Acme Holding", true))(t)
		if c, _ := w.community(w.root); c.Name != "Acme Holding" {
			t.Errorf("the root is called %q", c.Name)
		}
	})
}

// busy is a community with everything that can stand in it.
type busy struct {
	ada, bob, zoe provisioning.UserID // by hand, by mapping, invited
	link          string
	mapping       provisioning.Mapping
	group         provisioning.DirectoryGroup
}

func (w *world) fillCommunity(c provisioning.CommunityID) (b busy) {
	w.t.Helper()
	b.ada, b.bob = w.push("00u1", "ada@acme.example").ID, w.push("00u2", "bob@acme.example").ID
	b.group = w.pushGroup("Analysts", b.bob)
	b.mapping = w.mapGroup(b.group.ID, c, w.analyst)
	w.grant(b.ada, c, w.guest)
	w.grant(b.ada, w.lyon, w.guest)
	var i provisioning.Invitation
	i, b.link = w.invite("zoe@acme.example", c, w.guest)
	b.zoe = i.User
	return b
}

func TestRule12_DeletingACommunitySaysFirstWhatGoesWithIt(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w.fillCommunity(w.paris)
		w.setDefault(w.guest, w.paris, w.lyon)
		uses := must(w.CommunityUses(t.Context(), w.operator, w.ws, w.paris))(t)
		want := provisioning.Uses{Users: 2, Grants: 1, Mappings: 1, Connections: 1, Invitations: 1}
		if uses != want || uses.String() != "2 members, 1 grant, 1 mapping, 1 connection's default, 1 open invitation" {
			t.Errorf("uses %+v: %s", uses, uses)
		}
		_, err := w.CommunityUses(t.Context(), w.hire("stranger", w.lyon, provisioning.MembersRead), w.ws, w.paris)
		isKind(t, err, provisioning.ErrForbidden, "not_permitted")
		_, err = w.CommunityUses(t.Context(), w.operator, w.ws, fillSecond(w).paris)
		isKind(t, err, provisioning.ErrNotFound, "not_found")
	})
}

func TestRule12_ACommunityGoesWhole(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		b := w.fillCommunity(w.paris)
		w.setDefault(w.guest, w.paris, w.lyon)
		n := len(w.events())
		works(t, w.deleteCommunity(w.paris))

		w.holds(b.ada, "guest in soc-lyon")
		w.holds(b.bob)
		w.deadLink(b.link)
		_, err := w.FindUser(t.Context(), w.ws, string(b.zoe)) // who had nothing but the invitation
		isKind(t, err, provisioning.ErrNotFound, "not_found")
		if _, found := w.community(w.paris); found {
			t.Error("the community is still there")
		}
		if left := must(w.Mappings(t.Context(), w.ws))(t); len(left) != 0 {
			t.Errorf("mappings %+v", left)
		}
		ended := w.since(n, provisioning.EventMembershipChanged)
		if len(ended) != 2 || ended[0].Data["change"] != "ended" || ended[0].Data["community"] != string(w.paris) {
			t.Errorf("membership events %+v", ended)
		}
		for kind, want := range map[provisioning.EventType]int{"community.deleted": 1, "connection.changed": 1, "invitation.cancelled": 1} {
			if got := len(w.since(n, kind)); got != want {
				t.Errorf("%d events %s, want %d", got, kind, want)
			}
		}
		if c := must(w.FindConnection(t.Context(), w.ws, "Okta"))(t); !c.AutoCreate || !slices.Equal(c.DefaultCommunities, []provisioning.CommunityID{w.lyon}) {
			t.Errorf("the connection is %+v", c)
		}
		w.nothingDiffers()
		// The group may be mapped elsewhere, and the name is free.
		w.mapGroup(b.group.ID, w.lyon, w.analyst)
		w.holds(b.bob, "analyst in soc-lyon")
		again := must(w.CreateCommunity(t.Context(), w.operator, w.ws, provisioning.NewCommunity{Name: "SOC Paris"}))(t)
		if again.Slug != "soc-paris" || again.ID == w.paris {
			t.Errorf("the slug is not free: %+v", again)
		}
		if uses := must(w.CommunityUses(t.Context(), w.operator, w.ws, again.ID))(t); uses.Any() {
			t.Errorf("the new one starts with %s", uses)
		}
		isKind(t, w.deleteCommunity(w.paris), provisioning.ErrNotFound, "not_found")
	})
}

func TestRule5_WhenTheLastDefaultCommunityGoesAutomaticCreationSwitchesOff_WithAWarning(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w.setDefault(w.guest, w.paris, w.lyon)
		works(t, w.deleteCommunity(w.paris))
		if w.warned(provisioning.EventAutoCreateOff) {
			t.Error("warned although a default community is left")
		}
		works(t, w.deleteCommunity(w.lyon))
		c := must(w.FindConnection(t.Context(), w.ws, "Okta"))(t)
		if c.AutoCreate || len(c.DefaultCommunities) != 0 || c.DefaultRole != w.guest || !w.warned(provisioning.EventAutoCreateOff) {
			t.Errorf("warned %v, the connection is %+v", w.warned(provisioning.EventAutoCreateOff), c)
		}
		_, err := w.signIn("00u9", "new@acme.example")
		refusedFor(t, err, provisioning.RefusedUnknown)
	})
}

func TestRule12_AnInvitationThatGivesMoreStaysForTheRest(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		request := provisioning.InviteRequest{Roles: []provisioning.RoleIn{{Community: w.paris, Role: w.guest}, {Community: w.lyon, Role: w.analyst}}}
		result := must(w.Invite(t.Context(), w.operator, w.ws, request, "zoe@elsewhere.example"))(t)
		works(t, w.deleteCommunity(w.paris))
		in := w.accept(result.Link, "00u1", "zoe@elsewhere.example")
		w.holds(in.User.ID, "analyst in soc-lyon")
	})
}

func TestRule12_TheRootCommunityCannotBeDeleted_NorOneByWhoMayNot(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w.boss()
		before := stateOf(w)
		isKind(t, w.deleteCommunity(w.root), provisioning.ErrConflict, "root_community")
		other := fillSecond(w)
		isKind(t, w.deleteCommunity(other.paris), provisioning.ErrNotFound, "not_found")
		same(t, "by the refusals", stateOf(w), before)
		local := w.hire("local", w.paris, provisioning.CommunitiesEdit, provisioning.MembersRemove)
		isKind(t, w.DeleteCommunity(t.Context(), local, w.ws, w.paris), provisioning.ErrForbidden, "not_permitted")
		works(t, w.DeleteCommunity(t.Context(), w.hire("builder", w.root, provisioning.CommunitiesCreate), w.ws, w.paris))
		if _, found := other.community(other.paris); !found {
			t.Error("it was reached all the same")
		}
	})
}

// What was deleted gives nothing, whoever gives something into it at that moment:
// by hand, by a mapping, by a group, as a default, at a first sign-in or by
// accepting an invitation.
func TestParallel_WhateverIsGivenBesideTheDeletionOfACommunity_NothingStandsInIt(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		second, ctx := w.besides(), t.Context()
		for i := range 24 {
			c := must(w.CreateCommunity(ctx, w.operator, w.ws, provisioning.NewCommunity{Name: "Doomed " + strconv.Itoa(i)}))(t).ID
			subject := fmt.Sprintf("00u%d", i)
			ada := w.push("hand-"+subject, fmt.Sprintf("u%d@acme.example", i)).ID
			g := w.pushGroup(fmt.Sprintf("Group %d", i), ada)
			give := []func() error{
				func() error {
					return w.GrantRole(ctx, w.operator, w.ws, ada, provisioning.RoleIn{Community: c, Role: w.guest})
				},
				func() error {
					_, err := w.CreateMapping(ctx, w.operator, w.ws, provisioning.MappingWrite{Group: g.ID, Community: c, Role: w.guest})
					return err
				},
				w.prepareMember(c, g, subject),
				func() error {
					_, err := w.UpdateConnection(ctx, w.operator, w.ws, w.conn.ID, provisioning.ConnectionWrite{DefaultCommunities: []provisioning.CommunityID{c, w.lyon}})
					return err
				},
				w.prepareDefault(c, subject),
				w.prepareAcceptance(c, subject),
			}[i%6]
			errs := together(give, func() error { return second.deleteCommunity(c) })
			works(t, errs[1])
			if err := errs[0]; err != nil && !errors.Is(err, provisioning.ErrNotFound) && !errors.Is(err, provisioning.ErrRefused) {
				t.Fatalf("round %d: %v", i, err)
			}
			w.nothingStandsIn(c)
		}
		w.nothingDiffers()
	})
}

// prepareMember: somebody comes into a mapped group.
func (w *world) prepareMember(c provisioning.CommunityID, g provisioning.DirectoryGroup, subject string) func() error {
	w.mapGroup(g.ID, c, w.analyst)
	late := w.push("late-"+subject, "late-"+subject+"@acme.example").ID
	return func() error { return w.member(g.ID, provisioning.AddMembers, late) }
}

// prepareDefault: somebody new signs in and gets the default role there.
func (w *world) prepareDefault(c provisioning.CommunityID, subject string) func() error {
	w.setDefault(w.guest, c, w.lyon)
	return func() error { _, err := w.signIn("new-"+subject, "new-"+subject+"@acme.example"); return err }
}

// prepareAcceptance: somebody accepts an invitation into the community.
func (w *world) prepareAcceptance(c provisioning.CommunityID, subject string) func() error {
	i, _ := w.invite("invited-"+subject+"@acme.example", c, w.guest)
	return func() error {
		_, err := w.signInWith(provisioning.PendingSignIn{Invitation: i.ID}, "invited-"+subject, i.Email)
		return err
	}
}

// nothingStandsIn looks below what the Service shows: a deleted community is no
// longer listed, but a grant that slipped in would still be resolved.
func (w *world) nothingStandsIn(c provisioning.CommunityID) {
	w.t.Helper()
	ctx := w.t.Context()
	works(w.t, w.store.View(ctx, func(tx *provisioning.Tx) error {
		uses, err := tx.Communities.Uses(ctx, w.ws, c)
		if err == nil && uses.Any() {
			w.t.Fatalf("in the deleted community stand %s", uses)
		}
		return err
	}))
}

func TestRule12_ADeletionCostsTheSameStatementsHoweverManyAreIn(t *testing.T) {
	t.Parallel()
	statements := func(members int) int64 {
		w := newWorld(t, "sqlite:"+t.TempDir()+"/test.db")
		users := make([]provisioning.UserID, members)
		for i := range users {
			users[i] = w.push("00u"+strconv.Itoa(i), fmt.Sprintf("u%d@acme.example", i)).ID
		}
		w.mapGroup(w.pushGroup("Analysts", users...).ID, w.paris, w.analyst)
		before := w.store.Statements()
		works(t, w.deleteCommunity(w.paris))
		return w.store.Statements() - before
	}
	if few, many := statements(2), statements(60); few != many {
		t.Errorf("2 members cost %d statements, 60 cost %d", few, many)
	}
}
