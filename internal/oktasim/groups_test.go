package oktasim

import (
	"errors"
	"fmt"
	"testing"
)

const groupLookup = "GET /Groups?filter=displayName%20eq%20%22Test%20SCIMv2%22&startIndex=1&count=100"

var (
	bob  = Person{ID: "00u00000000000000bob", Login: "bob@acme.example", FirstName: "Bob", LastName: "Moreau", Status: Active, Assigned: true}
	eve  = Person{ID: "00u00000000000000eve", Login: "eve@acme.example", FirstName: "Eve", LastName: "Petit", Status: Active}
	team = Group{ID: "00g0000000000000team", Name: "Test SCIMv2", Members: []string{ada.ID, bob.ID, eve.ID}}
)

const (
	adaMember = `{"value":"u-1","display":"ada@acme.example"}`
	bobMember = `{"value":"u-2","display":"bob@acme.example"}`
	patchHead = `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":`
	sameName  = patchHead + `[{"op":"replace","value":{"id":"g-3","displayName":"Test SCIMv2"}}]}`
)

// pushedTeam is an application that knows ada, bob and the team, but not eve.
func pushedTeam(t *testing.T, app App, edit ...func(*ClientConfig)) (*fakeApp, *Client) {
	t.Helper()
	f := newFakeApp(t, app)
	c := f.client(t, edit...)
	assign(t, f, c, ada, bob)
	mustDo(t, c.PushGroup(t.Context(), team))
	return f, c
}

func TestWizardPushesGroupsWhole(t *testing.T) {
	t.Parallel()
	f, c := pushedTeam(t, Wizard)
	log := f.take()
	wantLines(t, log, groupLookup, "POST /Groups", "GET /Groups/g-3", "PUT /Groups/g-3")
	wantJSON(t, log[3].body, `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"id":"g-3","displayName":"Test SCIMv2","members":[`+adaMember+`,`+bobMember+`]}`)

	changed := team
	changed.Members = []string{bob.ID}
	mustDo(t, c.PushMembershipChange(t.Context(), changed, nil, []string{ada.ID}))
	log = f.take()
	wantLines(t, log, "GET /Groups/g-3", "PUT /Groups/g-3")
	wantJSON(t, log[1].body["members"], `[`+bobMember+`]`)

	changed.Name, changed.Members = "Other", nil
	mustDo(t, c.RenameGroup(t.Context(), changed))
	log = f.take()
	wantLines(t, log, "GET /Groups/g-3", "PUT /Groups/g-3")
	wantJSON(t, log[1].body, `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"id":"g-3","displayName":"Other","members":[]}`)
}

func TestCatalogPatchesGroups(t *testing.T) {
	t.Parallel()
	f, c := pushedTeam(t, Catalog)
	log := f.take()
	wantLines(t, log, groupLookup, "POST /Groups", "PATCH /Groups/g-3", "PATCH /Groups/g-3")
	wantJSON(t, log[2].body, sameName)
	wantJSON(t, log[3].body, patchHead+`[{"op":"add","path":"members","value":[`+adaMember+`,`+bobMember+`]}]}`)

	changed := team
	changed.Members = []string{bob.ID}
	mustDo(t, c.PushMembershipChange(t.Context(), changed, []string{bob.ID, eve.ID}, []string{ada.ID}))
	log = f.take()
	wantLines(t, log, "PATCH /Groups/g-3", "PATCH /Groups/g-3")
	wantJSON(t, log[0].body, sameName)
	wantJSON(t, log[1].body, patchHead+`[{"op":"remove","path":"members[value eq \"u-1\"]"},{"op":"add","path":"members","value":[`+bobMember+`]}]}`)

	mustDo(t, c.PushNow(t.Context(), team))
	log = f.take()
	wantLines(t, log, "GET /Groups/g-3", "PATCH /Groups/g-3", "PATCH /Groups/g-3")
	wantJSON(t, log[2].body, patchHead+`[{"op":"replace","path":"members","value":[`+adaMember+`,`+bobMember+`]}]}`)

	changed.Members = nil
	mustDo(t, c.PushNow(t.Context(), changed))
	wantJSON(t, f.take()[2].body, patchHead+`[{"op":"replace","path":"members","value":[]}]}`)

	mustDo(t, c.RenameGroup(t.Context(), team))
	log = f.take()
	wantLines(t, log, "PATCH /Groups/g-3")
	wantJSON(t, log[0].body, sameName)
}

func TestMembershipPatchesAreChunked(t *testing.T) {
	t.Parallel()
	f := newFakeApp(t, Catalog)
	c := f.client(t, func(cfg *ClientConfig) { cfg.ChunkSize = 4 })
	g := Group{ID: "00g1", Name: "Big"}
	for i := range 10 {
		p := Person{ID: fmt.Sprint("00u", i), Login: fmt.Sprintf("p%d@x.example", i), FirstName: "P", LastName: fmt.Sprint(i)}
		assign(t, f, c, p)
		g.Members = append(g.Members, p.ID)
	}
	mustDo(t, c.PushGroup(t.Context(), g))
	if log := f.take(); len(log) != 2+1+3 {
		t.Fatalf("10 joiners in chunks of 4: %v", lines(log))
	}
	leavers, joiners := g.Members[:5], g.Members[5:8]
	mustDo(t, c.PushMembershipChange(t.Context(), g, joiners, leavers))
	var sizes [][2]int // removals and additions of each PATCH
	for _, s := range f.take()[1:] {
		var size [2]int
		for _, o := range s.body["Operations"].([]any) {
			op := o.(map[string]any)
			if op["op"] == "remove" {
				size[0]++
				continue
			}
			size[1] += len(op["value"].([]any))
		}
		sizes = append(sizes, size)
	}
	if fmt.Sprint(sizes) != "[[4 0] [1 3]]" {
		t.Errorf("changes by PATCH: %v, want 4 removals, then 1 removal and 3 additions", sizes)
	}
}

func TestFoundGroupIsLinkedAndReplaced(t *testing.T) {
	t.Parallel()
	for app, want := range map[App][]string{
		Wizard:  {groupLookup, "GET /Groups/g-old", "PUT /Groups/g-old"},
		Catalog: {groupLookup, "GET /Groups/g-old", "PATCH /Groups/g-old", "PATCH /Groups/g-old"},
	} {
		f := newFakeApp(t, app)
		f.groups = []map[string]any{{"id": "g-old", "displayName": "test scimv2", "members": []any{map[string]any{"value": "stranger"}}}}
		c := f.client(t)
		assign(t, f, c, ada)
		mustDo(t, c.PushGroup(t.Context(), team))
		wantLines(t, f.take(), want...)
		wantJSON(t, f.groups[0]["members"], `[`+adaMember+`]`)
	}
}

func TestInactivePeopleAreNotPushedInGroups(t *testing.T) {
	t.Parallel()
	f, c := pushedTeam(t, Catalog)
	mustDo(t, c.DeactivateUser(t.Context(), ada.ID))
	f.take()
	mustDo(t, c.PushMembershipChange(t.Context(), team, nil, []string{ada.ID}))
	wantLines(t, f.take())
	mustDo(t, c.PushNow(t.Context(), team))
	wantJSON(t, f.groups[0]["members"], `[`+bobMember+`]`)
}

func TestLinkedGroupMissing(t *testing.T) {
	t.Parallel()
	for _, app := range []App{Wizard, Catalog} {
		f, c := pushedTeam(t, app)
		f.groups = nil
		for name, err := range map[string]error{
			"push":     c.PushGroup(t.Context(), team),
			"push now": c.PushNow(t.Context(), team),
			"rename":   c.RenameGroup(t.Context(), team),
			"change":   c.PushMembershipChange(t.Context(), team, []string{ada.ID}, nil),
		} {
			if !errors.Is(err, ErrLinkedGroupMissing) {
				t.Errorf("%s, %s: %v", app, name, err)
			}
		}
		mustDo(t, c.UnlinkGroup(t.Context(), team.ID, true))
		mustDo(t, c.PushGroup(t.Context(), team))
		if len(f.groups) != 1 {
			t.Errorf("%s: the group was not made again", app)
		}
	}
}

func TestUnlinkGroup(t *testing.T) {
	t.Parallel()
	f, c := pushedTeam(t, Wizard)
	f.take()
	mustDo(t, c.UnlinkGroup(t.Context(), team.ID, false))
	wantLines(t, f.take())
	if err := c.PushNow(t.Context(), team); !errors.Is(err, ErrNotLinked) {
		t.Errorf("push now after unlink: %v", err)
	}
	mustDo(t, c.PushGroup(t.Context(), team))
	f.take()
	mustDo(t, c.UnlinkGroup(t.Context(), team.ID, true))
	wantLines(t, f.take(), "DELETE /Groups/g-3")
	if err := c.UnlinkGroup(t.Context(), team.ID, true); !errors.Is(err, ErrNotLinked) {
		t.Errorf("unlink twice: %v", err)
	}
}
