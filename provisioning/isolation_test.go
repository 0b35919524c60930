package provisioning_test

import (
	"context"
	"errors"
	"testing"

	"drawbridge/provisioning"
)

// tenant is a world with one of everything whose id could be used elsewhere.
type tenant struct {
	*world
	admin      provisioning.Actor
	user       provisioning.UserID
	group      provisioning.GroupID
	mapping    provisioning.MappingID
	tokenID    provisioning.TokenID
	custom     provisioning.RoleID
	session    provisioning.SignedIn
	invitation provisioning.Invitation
	link       string
	state      string // of a sign-in on its way
}

const theBrowser = "secret of one browser"

func furnish(t *testing.T, w *world) *tenant {
	t.Helper()
	f := &tenant{world: w}
	f.admin = provisioning.Actor{Kind: provisioning.ActorUser, ID: string(w.boss()), Workspace: w.ws}
	f.user = w.push("00u1", "one@shared.example").ID
	f.session = must(w.signIn("00u1", "one@shared.example"))(t)
	f.group = w.pushGroup("Analysts", f.user).ID
	f.mapping = w.mapGroup(f.group, w.paris, w.analyst).ID
	f.custom = w.customRole("Reader", provisioning.MembersRead)
	f.tokenID = must(w.Tokens(t.Context(), w.ws, w.okta.Directory.ID))(t)[0].ID
	f.invitation, f.link = w.invite("two@shared.example", w.paris, w.guest)
	_, state, err := w.BeginSignIn(t.Context(), provisioning.SignInRequest{Connection: w.conn, BrowserSecret: theBrowser})
	if err != nil {
		t.Fatal(err)
	}
	f.state = state
	return f
}

// tries are all the writes of workspace a in which ids of workspace b are named.
func tries(ctx context.Context, a, b *tenant) map[string]func() error {
	keep := func(r provisioning.RecordWrite) (provisioning.RecordWrite, error) { return r, nil }
	op, ws := a.operator, a.ws
	guestThere, guestHere := provisioning.RoleIn{Community: b.paris, Role: a.guest}, provisioning.RoleIn{Community: a.paris, Role: b.guest}
	good := provisioning.RoleIn{Community: a.paris, Role: a.guest}
	return map[string]func() error{
		"grant to their user":      func() error { return a.GrantRole(ctx, op, ws, b.user, good) },
		"grant in their community": func() error { return a.GrantRole(ctx, op, ws, a.user, guestThere) },
		"grant of their role":      func() error { return a.GrantRole(ctx, op, ws, a.user, guestHere) },
		"grant of their custom role": func() error {
			return a.GrantRole(ctx, op, ws, a.user, provisioning.RoleIn{Community: a.paris, Role: b.custom})
		},
		"revoke from their user": func() error { return a.RevokeRole(ctx, op, ws, b.user, good) },
		"suspend their user":     func() error { return a.SuspendUser(ctx, op, ws, b.user) },
		"reactivate their user":  func() error { return a.ReactivateUser(ctx, op, ws, b.user) },
		"remove their user":      func() error { return a.RemoveUser(ctx, op, ws, b.user) },
		"release their user":     func() error { return second(a.ReleaseUser(ctx, op, ws, b.user)) },
		"invite to their community": func() error {
			_, _, err := a.InviteAdministrator(ctx, op, ws, "x@shared.example", guestThere)
			return err
		},
		"invite with their role": func() error {
			_, _, err := a.InviteAdministrator(ctx, op, ws, "x@shared.example", guestHere)
			return err
		},
		"map their group": func() error {
			return second(a.CreateMapping(ctx, op, ws, provisioning.MappingWrite{Group: b.group, Community: a.paris, Role: a.guest}))
		},
		"map to their community": func() error {
			return second(a.CreateMapping(ctx, op, ws, provisioning.MappingWrite{Group: a.group, Community: b.paris, Role: a.guest}))
		},
		"map to their role": func() error {
			return second(a.CreateMapping(ctx, op, ws, provisioning.MappingWrite{Group: a.group, Community: a.paris, Role: b.guest}))
		},
		"plan for their group": func() error {
			return second(a.PlanMapping(ctx, op, ws, provisioning.MappingWrite{Group: b.group, Community: a.paris, Role: a.guest}))
		},
		"delete their mapping": func() error { return a.DeleteMapping(ctx, op, ws, b.mapping) },
		"update their connection": func() error {
			return second(a.UpdateConnection(ctx, op, ws, b.conn.ID, provisioning.ConnectionWrite{Name: ptr("Mine")}))
		},
		"disable their connection": func() error { return second(a.DisableConnection(ctx, op, ws, b.conn.ID)) },
		"enable their connection":  func() error { return second(a.EnableConnection(ctx, op, ws, b.conn.ID)) },
		"default of their role": func() error {
			return second(a.UpdateConnection(ctx, op, ws, a.conn.ID, provisioning.ConnectionWrite{DefaultRole: &b.guest}))
		},
		"default in their community": func() error {
			return second(a.UpdateConnection(ctx, op, ws, a.conn.ID, provisioning.ConnectionWrite{DefaultCommunities: []provisioning.CommunityID{b.paris}}))
		},
		"update their directory": func() error {
			return second(a.UpdateDirectory(ctx, op, ws, b.okta.Directory.ID, provisioning.DirectoryWrite{Name: ptr("Mine")}))
		},
		"pair with their connection": func() error {
			return second(a.UpdateDirectory(ctx, op, ws, a.okta.Directory.ID, provisioning.DirectoryWrite{Connection: &b.conn.ID}))
		},
		"create paired with theirs": func() error {
			return second(a.CreateDirectory(ctx, op, ws, provisioning.NewDirectory{Name: "New", Connection: b.conn.ID}))
		},
		"delete their directory": func() error { return a.DeleteDirectory(ctx, op, ws, b.okta.Directory.ID) },
		"token of their directory": func() error {
			_, _, err := a.CreateToken(ctx, op, ws, b.okta.Directory.ID, "mine", provisioning.DefaultTokenLifetime)
			return err
		},
		"revoke their token":     func() error { return a.RevokeToken(ctx, a.admin, b.tokenID) },
		"release their domain":   func() error { return a.ReleaseDomain(ctx, op, ws, "globex.example") },
		"set in their workspace": func() error { return a.SetSetting(ctx, a.admin, b.ws, provisioning.SettingContact, "me") },
		"act in their workspace": func() error { return a.SuspendUser(ctx, a.admin, b.ws, b.user) },
		"grant in their workspace": func() error {
			return a.GrantRole(ctx, a.admin, b.ws, b.user, provisioning.RoleIn{Community: b.paris, Role: b.guest})
		},
		"create in their workspace": func() error {
			return second(a.CreateCommunity(ctx, a.admin, b.ws, provisioning.NewCommunity{Name: "Mine"}))
		},
		"push about their user": func() error { return second(a.ChangeDirectoryUser(ctx, a.okta, string(b.user), keep)) },
		"get their user":        func() error { return second(a.GetDirectoryUser(ctx, a.okta, string(b.user))) },
		"delete their user":     func() error { return a.DeleteDirectoryUser(ctx, a.okta, string(b.user)) },
		"get their group":       func() error { return second(a.GetDirectoryGroup(ctx, a.okta, string(b.group), true)) },
		"change their group": func() error {
			return second(a.ChangeDirectoryGroup(ctx, a.okta, string(b.group), provisioning.GroupChange{DisplayName: ptr("Mine")}, true))
		},
		"replace their group": func() error {
			return second(a.ReplaceDirectoryGroup(ctx, a.okta, string(b.group), provisioning.GroupWrite{DisplayName: "Mine"}, true))
		},
		"delete their group":              func() error { return a.DeleteDirectoryGroup(ctx, a.okta, string(b.group)) },
		"explain their user":              func() error { return second(a.ExplainAccess(ctx, ws, b.user, "")) },
		"find their user":                 func() error { return second(a.FindUser(ctx, ws, string(b.user))) },
		"find their community":            func() error { return second(a.FindCommunity(ctx, ws, string(b.paris))) },
		"find their role":                 func() error { return second(a.FindRole(ctx, ws, string(b.custom))) },
		"find their connection":           func() error { return second(a.FindConnection(ctx, ws, string(b.conn.ID))) },
		"find their directory":            func() error { return second(a.FindDirectory(ctx, ws, string(b.okta.Directory.ID))) },
		"find their group":                func() error { return second(a.FindGroup(ctx, ws, "", string(b.group))) },
		"find a group of their directory": func() error { return second(a.FindGroup(ctx, ws, b.okta.Directory.ID, "Analysts")) },
	}
}

func TestNothingCrossesFromOneWorkspaceIntoAnother(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		other := fillSecond(w)
		for _, world := range []*world{w, other} { // the same domain is verified in both
			must(w.AddDomain(t.Context(), w.operator, world.ws, "shared.example", true))(t)
		}
		a, b := furnish(t, w), furnish(t, other)
		own, theirs, log := stateOf(a.world), stateOf(b.world), logOf(b.world)
		for name, try := range tries(t.Context(), a, b) {
			if err := try(); !errors.Is(err, provisioning.ErrNotFound) || provisioning.Detail(err) == "" {
				t.Errorf("%s: %v, want ErrNotFound with a detail", name, err)
			}
			same(t, name, stateOf(a.world), own)
			same(t, name, stateOf(b.world), theirs)
			same(t, name, logOf(b.world), log)
		}
	})
}

func TestAMemberOfAnotherWorkspaceIsUnknown(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		other := fillSecond(w)
		theirs := other.push("00u1", "ada@globex.example").ID
		g := w.pushGroup("Analysts")
		before := stateOf(w)
		_, err := w.ReplaceDirectoryGroup(t.Context(), w.okta, string(g.ID), provisioning.GroupWrite{DisplayName: "Analysts", Members: []string{string(theirs)}}, true)
		isKind(t, err, provisioning.ErrInvalid, "unknown_member")
		same(t, "afterwards", stateOf(w), before)
	})
}

func TestWhatOneWorkspaceListsIsItsOwn(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		a, b := furnish(t, w), furnish(t, fillSecond(w))
		if all := must(a.Tokens(ctx, a.ws, b.okta.Directory.ID))(t); len(all) != 0 {
			t.Errorf("tokens of their directory: %v", all)
		}
		groups, total, err := a.Groups(ctx, a.ws, b.okta.Directory.ID, 0, 10)
		if err != nil || len(groups)+total != 0 {
			t.Errorf("groups of their directory: %v, %d, %v", groups, total, err)
		}
		users, total, err := a.FindDirectoryUsers(ctx, a.okta, nil, 0, 10)
		if err != nil || total != 1 || users[0].ID != a.user {
			t.Errorf("users %v, %d, %v; want one", users, total, err)
		}
		if all := must(a.MissingAccess(ctx, a.ws, a.user, b.paris))(t); len(all) != 0 {
			t.Errorf("mappings into their community: %v", all)
		}
	})
}

// Sessions, links and sign-ins are found by their id alone: each leads to its
// own workspace and to no other.
func TestASessionLinkOrSignInOfOneWorkspaceReachesNoOther(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		a, b := furnish(t, w), furnish(t, fillSecond(w))
		if v := must(a.Authenticate(ctx, b.session.Secret))(t); v.Workspace.ID != b.ws || v.User.ID != b.user {
			t.Errorf("their session is of %s in %s", v.User.ID, v.Workspace.ID)
		}
		v := must(a.Authenticate(ctx, b.session.Secret))(t)
		isKind(t, a.SuspendUser(ctx, v.Actor(), a.ws, a.user), provisioning.ErrNotFound, "not_found")

		before, theirs := stateOf(a.world), stateOf(b.world)
		_, err := a.signInWith(provisioning.PendingSignIn{Invitation: b.invitation.ID}, "00u9", b.invitation.Email)
		refusedFor(t, err, provisioning.RefusedInvitationDead)
		same(t, "after their invitation", stateOf(a.world), before)
		same(t, "after their invitation", stateOf(b.world), theirs)
		must(a.OpenInvitation(ctx, b.link))(t) // still good where it belongs

		_, err = a.TakeSignIn(ctx, b.state, theBrowser, a.conn.ID)
		isKind(t, err, provisioning.ErrGone, "sign_in_dead")
		_, err = a.TakeSignIn(ctx, b.state, theBrowser, b.conn.ID)
		isKind(t, err, provisioning.ErrGone, "sign_in_dead") // and is used up
		must(a.TakeSignIn(ctx, a.state, theBrowser, a.conn.ID))(t)

		_, err = a.Authenticate(ctx, a.token)
		isKind(t, err, provisioning.ErrUnauthenticated, "session")
		_, err = a.AuthenticateDirectory(ctx, provisioning.ScimTokenPrefix+a.session.Secret)
		isKind(t, err, provisioning.ErrUnauthenticated, "token")
	})
}
