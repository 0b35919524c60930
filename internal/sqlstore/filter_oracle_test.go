package sqlstore

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"drawbridge/provisioning"
)

// The oracle says in Go what filters mean, apart from the SQL.

// facts are the values of one resource, or of one of its e-mail addresses: a
// string, bool or time.Time; what has no value is not in it.
type facts map[provisioning.Attribute]any

// resource is what the oracle knows of a user or group.
type resource struct {
	id     string
	single facts
	many   []facts
}

var multiValued = []provisioning.Attribute{
	provisioning.AttrEmailValue, provisioning.AttrEmailType, provisioning.AttrEmailPrimary, provisioning.AttrMemberID,
}

func (r resource) fulfils(f provisioning.Filter) bool {
	switch f := f.(type) {
	case nil:
		return true
	case provisioning.And:
		return r.fulfils(f.Left) && r.fulfils(f.Right)
	case provisioning.Or:
		return r.fulfils(f.Left) || r.fulfils(f.Right)
	case provisioning.Not:
		return !r.fulfils(f.Inner)
	case provisioning.EmailMatch:
		return slices.ContainsFunc(r.many, func(one facts) bool { return resource{single: one}.fulfils(f.Inner) })
	case provisioning.Comparison:
		if r.many == nil || !slices.Contains(multiValued, f.Attribute) {
			return agrees(f, r.single[f.Attribute])
		}
		return slices.ContainsFunc(r.many, func(one facts) bool { return agrees(f, one[f.Attribute]) })
	}
	return false
}

func agrees(f provisioning.Comparison, have any) bool {
	isNull := f.Value == provisioning.Value{}
	switch {
	case f.Operator == provisioning.Present:
		return have != nil
	case isNull:
		return f.Operator == provisioning.Equal && have == nil || f.Operator == provisioning.NotEqual && have != nil
	case have == nil:
		return f.Operator == provisioning.NotEqual
	}
	switch have := have.(type) {
	case bool:
		return (have == *f.Value.Bool) == (f.Operator == provisioning.Equal)
	case time.Time:
		return inOrder(f.Operator, have.Compare(*f.Value.Instant))
	}
	return textAgrees(f, have.(string), *f.Value.Text)
}

func textAgrees(f provisioning.Comparison, have, want string) bool {
	exact := []provisioning.Attribute{provisioning.AttrID, provisioning.AttrExternalID, provisioning.AttrMemberID}
	if !slices.Contains(exact, f.Attribute) {
		have, want = provisioning.Fold(have), provisioning.Fold(want)
	}
	switch f.Operator {
	case provisioning.Contains:
		return strings.Contains(have, want)
	case provisioning.StartsWith:
		return strings.HasPrefix(have, want)
	case provisioning.EndsWith:
		return strings.HasSuffix(have, want)
	default:
		return inOrder(f.Operator, strings.Compare(have, want))
	}
}

func inOrder(op provisioning.Comparator, sign int) bool {
	switch op {
	case provisioning.Equal:
		return sign == 0
	case provisioning.NotEqual:
		return sign != 0
	case provisioning.Greater:
		return sign > 0
	case provisioning.GreaterEqual:
		return sign >= 0
	case provisioning.Less:
		return sign < 0
	default:
		return sign <= 0
	}
}

// source decides how a random filter grows.
type source func(n int) int

// bytesSource takes its decisions from the bytes, and 0 when they are used up.
func bytesSource(data []byte) source {
	return func(n int) int {
		if len(data) == 0 {
			return 0
		}
		b := data[0]
		data = data[1:]
		return int(b) % n
	}
}

// grow makes a filter that the vocabulary understands.
func grow(choose source, words vocabulary, depth int) provisioning.Filter {
	branch := 0
	if depth > 0 {
		branch = choose(7)
	}
	switch branch {
	case 1:
		return provisioning.And{Left: grow(choose, words, depth-1), Right: grow(choose, words, depth-1)}
	case 2:
		return provisioning.Or{Left: grow(choose, words, depth-1), Right: grow(choose, words, depth-1)}
	case 3:
		return provisioning.Not{Inner: grow(choose, words, depth-1)}
	case 4:
		if words.several.emails {
			return provisioning.EmailMatch{Inner: grow(choose, vocabulary{columns: words.several.columns}, depth-1)}
		}
	}
	return growComparison(choose, words)
}

var strangeTexts = []string{
	"", "a", "ANN", "ann@acme.example", "@ACME.example", "work", "é", "É", "%", "_", "00uA", "00ua", "b", "zz", "ss", "c'", `\`, "\u212a", "c",
}

func growComparison(choose source, words vocabulary) provisioning.Filter {
	columns := map[provisioning.Attribute]column{}
	for _, some := range []map[provisioning.Attribute]column{words.columns, words.several.columns} {
		for a, c := range some {
			columns[a] = c
		}
	}
	names := make([]provisioning.Attribute, 0, len(columns))
	for a := range columns {
		names = append(names, a)
	}
	slices.Sort(names)
	attribute := names[choose(len(names))]
	kind := columns[attribute].kind
	var known []provisioning.Comparator
	for _, op := range []provisioning.Comparator{
		provisioning.Equal, provisioning.NotEqual, provisioning.Present, provisioning.Contains, provisioning.StartsWith,
		provisioning.EndsWith, provisioning.Greater, provisioning.GreaterEqual, provisioning.Less, provisioning.LessEqual,
	} {
		if kind.knows(op) {
			known = append(known, op)
		}
	}
	op := known[choose(len(known))]
	if choose(8) == 7 {
		return compare(attribute, op, nil)
	}
	switch kind {
	case boolean:
		return compare(attribute, op, choose(2) == 1)
	case moment:
		return compare(attribute, op, noon.Add(time.Duration(choose(4))*time.Minute))
	default:
		return compare(attribute, op, strangeTexts[choose(len(strangeTexts))])
	}
}

// crowd stores users and groups in which filters can go wrong, and returns
// what the oracle knows of them, in the order of their ids.
func (f *fixture) crowd(t testing.TB) (people, teams []resource) {
	t.Helper()
	ctx := t.Context()
	f.update(t, func(tx *provisioning.Tx) error {
		people = nil
		for i, r := range crowdRecords() {
			u := aUser(r.User)
			u.UserName, u.CreatedAt, u.UpdatedAt = r.Profile.UserName, noon.Add(-time.Hour), noon.Add(-time.Hour)
			r.CreatedAt, r.UpdatedAt = noon.Add(time.Duration(i%3)*time.Minute), noon.Add(time.Duration(i%2)*time.Minute)
			if err := firstError(tx.Users.Create(ctx, u), tx.Records.Create(ctx, r)); err != nil {
				return err
			}
			people = append(people, recordFacts(r))
		}
		for i, address := range []string{"Kim@acme.example", "c'\\%_@ACME.example", ""} {
			u := aUser(provisioning.UserID([]string{"x", "y", "z"}[i]))
			u.UserName, u.Email = string(u.ID)+"É@acme.example", address
			blocked := i == 1
			if err := tx.Users.Create(ctx, u); err != nil {
				return err
			}
			if blocked {
				if _, err := tx.Blocks.Put(ctx, provisioning.Block{Workspace: wsID, User: u.ID, Source: provisioning.BlockDirectory, CreatedAt: noon}); err != nil {
					return err
				}
			}
			people = append(people, userFacts(u, !blocked))
		}
		return nil
	})
	f.update(t, func(tx *provisioning.Tx) (err error) {
		teams, err = addTeams(t, tx)
		return err
	})
	return people, teams
}

func crowdRecords() []provisioning.DirectoryRecord {
	ann, bob, cy, elodie := aRecord("Ann"), aRecord("b"), aRecord("c"), aRecord("é")
	ann.ExternalID = "00uA"
	ann.Profile.Emails = append(ann.Profile.Emails, provisioning.Email{Value: "ann@home.example", Type: "Home"}, provisioning.Email{Value: "É@x"})
	bob.ExternalID, bob.Active, bob.InactiveAt = "00ua", false, noon
	bob.Profile = provisioning.Profile{UserName: "B", Emails: []provisioning.Email{{Type: "WORK"}}}
	cy.ExternalID, cy.Profile.Emails = "", nil
	cy.Profile.DisplayName, cy.Profile.GivenName, cy.Profile.FamilyName = "Straße %", "K\u212a", "c'\\"
	elodie.Profile.FormattedName = "_"
	return []provisioning.DirectoryRecord{ann, bob, cy, elodie}
}

func recordFacts(r provisioning.DirectoryRecord) resource {
	single := facts{
		provisioning.AttrActive: r.Active, provisioning.AttrCreated: r.CreatedAt, provisioning.AttrLastModified: r.UpdatedAt,
	}
	for a, text := range map[provisioning.Attribute]string{
		provisioning.AttrID: string(r.User), provisioning.AttrExternalID: r.ExternalID,
		provisioning.AttrUserName: r.Profile.UserName, provisioning.AttrDisplayName: r.Profile.DisplayName,
		provisioning.AttrGivenName: r.Profile.GivenName, provisioning.AttrFamilyName: r.Profile.FamilyName,
		provisioning.AttrFormattedName: r.Profile.FormattedName,
	} {
		if text != "" {
			single[a] = text
		}
	}
	var many []facts
	for _, e := range r.Profile.Emails {
		one := facts{provisioning.AttrEmailPrimary: e.Primary}
		if e.Value != "" {
			one[provisioning.AttrEmailValue] = e.Value
		}
		if e.Type != "" {
			one[provisioning.AttrEmailType] = e.Type
		}
		many = append(many, one)
	}
	return resource{id: string(r.User), single: single, many: many}
}

func userFacts(u provisioning.User, active bool) resource {
	r := resource{id: string(u.ID), single: facts{
		provisioning.AttrID: string(u.ID), provisioning.AttrUserName: u.UserName, provisioning.AttrActive: active,
		provisioning.AttrCreated: u.CreatedAt, provisioning.AttrLastModified: u.UpdatedAt,
	}}
	if u.Email != "" {
		r.many = []facts{{provisioning.AttrEmailValue: u.Email}}
	}
	return r
}

func addTeams(t testing.TB, tx *provisioning.Tx) ([]resource, error) {
	ctx := t.Context()
	var teams []resource
	for i, name := range []string{"Work", "É", "ss"} {
		g := provisioning.Group{
			Workspace: wsID, ID: provisioning.GroupID([]string{"a", "b", "c"}[i]), Directory: dirID, DisplayName: name, Version: 1,
			CreatedAt: noon.Add(time.Duration(i) * time.Minute), UpdatedAt: noon,
		}
		team := resource{id: string(g.ID), single: facts{
			provisioning.AttrID: string(g.ID), provisioning.AttrDisplayName: name,
			provisioning.AttrCreated: g.CreatedAt, provisioning.AttrLastModified: g.UpdatedAt,
		}}
		if i == 1 {
			g.ExternalID = "00uA"
			team.single[provisioning.AttrExternalID] = g.ExternalID
		}
		if err := tx.Groups.Create(ctx, g); err != nil {
			return nil, err
		}
		for _, u := range []provisioning.UserID{"b", "c", "é"}[:i] {
			team.many = append(team.many, facts{provisioning.AttrMemberID: string(u)})
			if _, err := tx.Members.Add(ctx, wsID, g.ID, []provisioning.UserID{u}, noon); err != nil {
				return nil, err
			}
		}
		teams = append(teams, team)
	}
	return teams, nil
}

// checkFilter asks the store and the oracle the same.
func (f *fixture) checkFilter(t testing.TB, filter provisioning.Filter, everybody []resource, ask func(*provisioning.Tx) ([]string, int, error)) {
	t.Helper()
	var want []string
	for _, r := range everybody {
		if r.fulfils(filter) {
			want = append(want, r.id)
		}
	}
	slices.Sort(want)
	f.view(t, func(tx *provisioning.Tx) error {
		got, total, err := ask(tx)
		if !slices.Equal(got, want) || total != len(want) {
			t.Errorf("%+v\n got %q, total %d\nwant %q", filter, got, total, want)
		}
		return err
	})
}

func (f *fixture) checkBoth(t testing.TB, choose source, people, teams []resource) {
	t.Helper()
	filter := grow(choose, recordVocabulary, 5)
	f.checkFilter(t, filter, people, func(tx *provisioning.Tx) (ids []string, total int, err error) {
		found, total, err := tx.Records.List(t.Context(), wsID, provisioning.RecordQuery{Directory: dirID, Adoptable: true, Filter: filter, Limit: 100})
		for _, u := range found {
			ids = append(ids, string(u.ID))
		}
		return ids, total, err
	})
	filter = grow(choose, groupVocabulary, 5)
	f.checkFilter(t, filter, teams, func(tx *provisioning.Tx) (ids []string, total int, err error) {
		found, total, err := tx.Groups.List(t.Context(), wsID, provisioning.GroupQuery{Directory: dirID, Filter: filter, Limit: 100})
		for _, g := range found {
			ids = append(ids, string(g.ID))
		}
		return ids, total, err
	})
}

func TestFilter_MeansTheSameOnEveryEngine(t *testing.T) {
	withFixture(t, func(t *testing.T, f *fixture) {
		people, teams := f.crowd(t)
		random := rand.New(rand.NewPCG(7, 7))
		for range 300 {
			f.checkBoth(t, random.IntN, people, teams)
		}
	})
}

func FuzzFilter(f *testing.F) {
	fixture := newFixture(f, freshStore(f, "sqlite"))
	people, teams := fixture.crowd(f)
	for _, seed := range []string{"", "\x01\x02\x03\x04\x05\x06\x07\x08", "\x03\x04\x00\x01\x02\x05", "\x02\x04\x03\x01\x06\x09\x0b"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		fixture.checkBoth(t, bytesSource(data), people, teams)
	})
}
