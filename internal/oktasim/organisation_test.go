package oktasim

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
)

func TestSampleOrganisation(t *testing.T) {
	t.Parallel()
	s := SampleOrganisation("acme.example", 25, 4, 3)
	if again := SampleOrganisation("acme.example", 25, 4, 3); !reflect.DeepEqual(s, again) {
		t.Error("two calls differ")
	}
	assigned := 0
	for i, p := range s.People {
		if p.Assigned {
			assigned++
		}
		if p.Assigned != (i < 25) || p.Status != Active {
			t.Errorf("person %d: %+v", i, p)
		}
	}
	if len(s.People) != 28 || assigned != 25 {
		t.Errorf("%d people, %d assigned", len(s.People), assigned)
	}
	var names []string
	for _, g := range s.Groups {
		names = append(names, g.Name)
		if len(g.Members) < 5 || len(g.Members) > 10 || len(g.ID) != 20 {
			t.Errorf("group %s: id %s, %d members", g.Name, g.ID, len(g.Members))
		}
		if len(without(g.Members, nil)) != len(g.Members) {
			t.Errorf("group %s has a member twice", g.Name)
		}
	}
	if !slices.Equal(names, []string{"Analysts", "Paris", "Lyon", "Administrators"}) {
		t.Errorf("groups %v", names)
	}
}

func TestSamplePeopleAreDistinct(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, p := range SampleOrganisation("acme.example", 2000, 1, 0).People {
		for _, key := range []string{p.ID, p.Login} {
			if seen[key] {
				t.Fatalf("%s stands twice", key)
			}
			seen[key] = true
		}
		if strings.ToLower(p.Login) != p.Login || !isPlain(p.Login) || len(p.ID) != 20 {
			t.Fatalf("login %q, id %q", p.Login, p.ID)
		}
	}
}

func isPlain(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > 126 || r < 33 })
}

// connected is an organisation whose application is the fake.
func connected(t *testing.T, app App) (*visitor, *fakeApp) {
	t.Helper()
	f := newFakeApp(t, app)
	v := newVisitor(t, func(cfg *Config) { cfg.App = app })
	mustDo(t, v.org.Connect(Connection{SCIMURL: f.url(), SCIMToken: fakeToken}))
	return v, f
}

func TestPushAll(t *testing.T) {
	t.Parallel()
	for _, app := range []App{Wizard, Catalog} {
		t.Run(string(app), func(t *testing.T) {
			t.Parallel()
			v, f := connected(t, app)
			for range 2 { // the second run links and changes nothing
				mustDo(t, v.org.PushAll(t.Context()))
				if len(f.users) != 25 || len(f.groups) != 4 {
					t.Fatalf("%d users, %d groups", len(f.users), len(f.groups))
				}
				for i, g := range v.org.Groups() {
					if got := len(memberIDs(f.groups[i])); got != len(g.Members) {
						t.Errorf("%s: %d members, want %d", g.Name, got, len(g.Members))
					}
				}
			}
			if n := len(v.org.Exchanges()); n == 0 || n > loggedExchanges {
				t.Errorf("%d exchanges logged", n)
			}
		})
	}
}

func TestImportFindsWhatWasPushed(t *testing.T) {
	t.Parallel()
	v, _ := connected(t, Wizard)
	mustDo(t, v.org.PushAll(t.Context()))
	gone := v.org.People()[0]
	mustDo(t, v.org.Deactivate(t.Context(), gone.ID))
	users, err := v.org.ImportUsers(t.Context())
	mustDo(t, err)
	groups, err := v.org.ImportGroups(t.Context())
	mustDo(t, err)
	if len(users) != 24 || len(groups) != 4 {
		t.Errorf("%d users, %d groups", len(users), len(groups))
	}
	for _, u := range users {
		if p, ok := v.org.Person(u.ExternalID); !ok || p.Login != u.UserName || p.ID == gone.ID {
			t.Errorf("user %+v", u)
		}
	}
}

func TestPushAllGoesOnAfterAFailure(t *testing.T) {
	t.Parallel()
	v, f := connected(t, Wizard)
	f.users = []map[string]any{{"id": "1", "userName": v.org.People()[0].Login}, {"id": "2", "userName": v.org.People()[0].Login}}
	err := v.org.PushAll(t.Context())
	if err == nil || !strings.Contains(err.Error(), v.org.People()[0].ID) {
		t.Errorf("error %v", err)
	}
	if len(f.users) != 26 || len(f.groups) != 4 {
		t.Errorf("%d users, %d groups: the others must be pushed", len(f.users), len(f.groups))
	}
}

func TestLifeOfAPerson(t *testing.T) {
	t.Parallel()
	v, f := connected(t, Catalog)
	ctx, org := t.Context(), v.org
	p := org.People()[27]
	mustDo(t, org.Assign(ctx, p.ID))
	p.LastName, p.Assigned, p.Status = "Changed", false, Deprovisioned
	mustDo(t, org.UpdatePerson(ctx, p))
	stored, _ := org.Person(p.ID)
	if !stored.Assigned || stored.Status != Active || f.users[0]["displayName"] != p.Name() {
		t.Errorf("stored %+v; application %v", stored, f.users[0]["displayName"])
	}
	for i, act := range []struct {
		run  func() error
		want bool
	}{
		{func() error { return org.Unassign(ctx, p.ID) }, false},
		{func() error { return org.Assign(ctx, p.ID) }, true},
		{func() error { return org.Deactivate(ctx, p.ID) }, false},
		{func() error { return org.Reactivate(ctx, p.ID) }, true},
	} {
		mustDo(t, act.run())
		if f.users[0]["active"] != act.want {
			t.Errorf("act %d: active %v", i, f.users[0]["active"])
		}
	}
	if len(f.users) != 1 {
		t.Errorf("%d users", len(f.users))
	}
}

func TestDeletedLoginIsFreeForAnother(t *testing.T) {
	t.Parallel()
	v, f := connected(t, Wizard)
	org, p := v.org, v.org.People()[0]
	if err := org.DeletePerson(p.ID); err == nil {
		t.Error("an active person was deleted")
	}
	if _, err := org.AddPerson(Person{Login: strings.ToUpper(p.Login)}); err == nil {
		t.Error("a taken login was accepted")
	}
	mustDo(t, org.Deactivate(t.Context(), p.ID))
	f.take()
	mustDo(t, org.DeletePerson(p.ID))
	wantLines(t, f.take())
	heir, err := org.AddPerson(Person{Login: p.Login, FirstName: "New", LastName: "Hire"})
	mustDo(t, err)
	if heir.ID == p.ID || heir.Status != Active {
		t.Errorf("heir %+v", heir)
	}
	if g := org.Groups()[0]; slices.Contains(g.Members, p.ID) {
		t.Error("the deleted person is still a member")
	}
}

func TestGroupChanges(t *testing.T) {
	t.Parallel()
	v, f := connected(t, Catalog)
	ctx, org := t.Context(), v.org
	mustDo(t, org.PushAll(ctx))
	g := org.Groups()[1]
	outsider := org.People()[2].ID
	changed := append(slices.Clone(g.Members[1:]), outsider)
	f.take()
	mustDo(t, org.SetMembers(ctx, g.ID, changed))
	log := f.take()
	if len(log) != 2 || len(log[1].body["Operations"].([]any)) != 2 {
		t.Errorf("%v", lines(log))
	}
	mustDo(t, org.SetMembers(ctx, g.ID, changed))
	wantLines(t, f.take())
	if err := org.SetMembers(ctx, g.ID, []string{"00unobody"}); !errors.Is(err, ErrUnknown) {
		t.Errorf("unknown member: %v", err)
	}
	if err := org.RenameGroup(ctx, g.ID, "Analysts"); err == nil {
		t.Error("a taken name was accepted")
	}
	mustDo(t, org.RenameGroup(ctx, g.ID, "Paris 2"))
	if f.groups[1]["displayName"] != "Paris 2" {
		t.Errorf("name %v", f.groups[1]["displayName"])
	}
	mustDo(t, org.UnlinkGroup(ctx, g.ID, true))
	mustDo(t, org.RenameGroup(ctx, g.ID, "Paris 3")) // not linked: nothing to send
	if len(f.groups) != 3 {
		t.Errorf("%d groups", len(f.groups))
	}
	added, err := org.AddGroup(Group{Name: "Paris 2", Members: []string{outsider}})
	mustDo(t, err)
	mustDo(t, org.PushGroup(ctx, added.ID))
	if id, linked := org.GroupID(added.ID); !linked || id == "" {
		t.Error("the added group is not linked")
	}
}

func TestWithoutProvisioning(t *testing.T) {
	t.Parallel()
	v := newVisitor(t)
	org, p, g := v.org, v.org.People()[0], v.org.Groups()[0]
	for name, err := range map[string]error{
		"test": org.TestConnection(t.Context()), "assign": org.Assign(t.Context(), p.ID), "push": org.PushGroup(t.Context(), g.ID), "all": org.PushAll(t.Context()),
	} {
		if !errors.Is(err, ErrNotConnected) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, err := range map[string]error{
		"update": org.UpdatePerson(t.Context(), p), "unassign": org.Unassign(t.Context(), p.ID), "deactivate": org.Deactivate(t.Context(), p.ID),
		"reactivate": org.Reactivate(t.Context(), p.ID), "members": org.SetMembers(t.Context(), g.ID, nil), "rename": org.RenameGroup(t.Context(), g.ID, "X"),
	} {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestConnectKeepsLinksOfTheSameAddress(t *testing.T) {
	t.Parallel()
	v, f := connected(t, Wizard)
	p := v.org.People()[0]
	mustDo(t, v.org.Assign(t.Context(), p.ID))
	mustDo(t, v.org.Connect(Connection{SCIMURL: f.url() + "/", SCIMToken: "new"}))
	if _, _, ok := v.org.UserID(p.ID); !ok {
		t.Error("a new token must not forget the links")
	}
	mustDo(t, v.org.Connect(Connection{SCIMURL: f.url() + "/other", SCIMToken: "new"}))
	if _, _, ok := v.org.UserID(p.ID); ok {
		t.Error("another application has other ids")
	}
}

func TestOperationsMayRunAtOnce(t *testing.T) {
	t.Parallel()
	v, f := connected(t, Wizard)
	var all sync.WaitGroup
	for _, p := range v.org.People()[:8] {
		all.Go(func() {
			if err := errors.Join(v.org.Assign(t.Context(), p.ID), v.org.Deactivate(t.Context(), p.ID), v.org.Reactivate(t.Context(), p.ID)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if len(f.users) != 8 {
		t.Errorf("%d users", len(f.users))
	}
}

func TestExchangeLogIsBounded(t *testing.T) {
	t.Parallel()
	var l exchangeLog
	for i := range loggedExchanges + 5 {
		l.add(Exchange{Target: fmt.Sprint(i), answer: []byte("x")})
	}
	list := l.newestFirst()
	if len(list) != loggedExchanges || list[0].Target != "204" || list[0].answer != nil {
		t.Errorf("%d exchanges, newest %+v", len(list), list[0])
	}
}
