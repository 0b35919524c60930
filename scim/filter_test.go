package scim

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"drawbridge/provisioning"
)

func text(a provisioning.Attribute, op provisioning.Comparator, v string) provisioning.Filter {
	return provisioning.Comparison{Attribute: a, Operator: op, Value: provisioning.Value{Text: &v}}
}

func boolean(a provisioning.Attribute, op provisioning.Comparator, v bool) provisioning.Filter {
	return provisioning.Comparison{Attribute: a, Operator: op, Value: provisioning.Value{Bool: &v}}
}

func plain(a provisioning.Attribute, op provisioning.Comparator) provisioning.Filter {
	return provisioning.Comparison{Attribute: a, Operator: op}
}

func TestParseUserFilter(t *testing.T) {
	t.Parallel()
	ann := text(provisioning.AttrUserName, provisioning.Equal, "ann")
	bob := text(provisioning.AttrUserName, provisioning.Equal, "bob")
	eve := text(provisioning.AttrUserName, provisioning.Equal, "eve")
	work := text(provisioning.AttrEmailType, provisioning.Equal, "work")
	at := text(provisioning.AttrEmailValue, provisioning.Contains, "@x")
	instant := time.Date(2026, 1, 31, 9, 30, 0, 0, time.UTC)
	for in, want := range map[string]provisioning.Filter{
		`userName eq "ann"`:   ann,
		` USERNAME Eq "ann" `: ann,
		`urn:ietf:params:scim:schemas:core:2.0:User:userName eq "ann"`:   ann,
		`URN:IETF:params:scim:schemas:core:2.0:user:username eq "ann"`:   ann,
		`userName eq "ann" or userName eq "bob" and userName eq "eve"`:   provisioning.Or{Left: ann, Right: provisioning.And{Left: bob, Right: eve}},
		`(userName eq "ann" or userName eq "bob") AND userName eq "eve"`: provisioning.And{Left: provisioning.Or{Left: ann, Right: bob}, Right: eve},
		`userName eq "ann" or userName eq "bob" or userName eq "eve"`:    provisioning.Or{Left: provisioning.Or{Left: ann, Right: bob}, Right: eve},
		`not (userName eq "ann") and userName eq "bob"`:                  provisioning.And{Left: provisioning.Not{Inner: ann}, Right: bob},
		`emails[type eq "work" and value co "@x"]`:                       provisioning.EmailMatch{Inner: provisioning.And{Left: work, Right: at}},
		`emails[type eq "work"].value co "@x"`:                           provisioning.EmailMatch{Inner: provisioning.And{Left: work, Right: at}},
		`emails.type eq "work" and emails.value co "@x"`:                 provisioning.And{Left: work, Right: at},
		`emails co "@x"`:                              at,
		`emails.primary eq True`:                      boolean(provisioning.AttrEmailPrimary, provisioning.Equal, true),
		`active eq false`:                             boolean(provisioning.AttrActive, provisioning.Equal, false),
		`active ne "True"`:                            boolean(provisioning.AttrActive, provisioning.NotEqual, true),
		`externalId pr`:                               plain(provisioning.AttrExternalID, provisioning.Present),
		`displayName eq null`:                         plain(provisioning.AttrDisplayName, provisioning.Equal),
		`displayName ne NULL`:                         plain(provisioning.AttrDisplayName, provisioning.NotEqual),
		`name.givenName sw "A"`:                       text(provisioning.AttrGivenName, provisioning.StartsWith, "A"),
		`name.familyName ew "z"`:                      text(provisioning.AttrFamilyName, provisioning.EndsWith, "z"),
		`name.formatted gt "m"`:                       text(provisioning.AttrFormattedName, provisioning.Greater, "m"),
		`id le "u1"`:                                  text(provisioning.AttrID, provisioning.LessEqual, "u1"),
		`userName eq "A \"q\" \\ \u00e9\ud83d\ude00"`: text(provisioning.AttrUserName, provisioning.Equal, "A \"q\" \\ é😀"),
		`meta.created ge "2026-01-31T09:30:00Z"`:      provisioning.Comparison{Attribute: provisioning.AttrCreated, Operator: provisioning.GreaterEqual, Value: provisioning.Value{Instant: &instant}},
		`meta.resourceType eq "User"`:                 always(),
		`meta.resourceType ne "User"`:                 never(),
		`meta.resourceType eq "Group"`:                never(),
		`meta.resourceType pr`:                        always(),
	} {
		got, err := ParseUserFilter(in)
		if err != nil {
			t.Errorf("%s: %v", in, err)
		} else if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %s, want %s", in, printFilter(got), printFilter(want))
		}
	}
}

func TestResourceTypeIsSettledWhileParsing(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]bool{
		`co "se"`: true, `sw "Us"`: true, `ew "er"`: true, `co "x"`: false, `gt "T"`: true, `ge "User"`: true, `lt "User"`: false, `le "User"`: true,
	} {
		got, err := ParseUserFilter("meta.resourceType " + in)
		if err != nil || reflect.DeepEqual(got, always()) != want {
			t.Errorf("%s: %s, %v", in, printFilter(got), err)
		}
	}
}

func TestParseUserFilterKeepsTheInstantOfAnyZone(t *testing.T) {
	t.Parallel()
	got, err := ParseUserFilter(`meta.lastModified lt "2018-02-13T15:05:24.000-08:00"`)
	if err != nil {
		t.Fatal(err)
	}
	want := time.Date(2018, 2, 13, 23, 5, 24, 0, time.UTC)
	if c := got.(provisioning.Comparison); !c.Value.Instant.Equal(want) {
		t.Errorf("instant %v, want %v", c.Value.Instant, want)
	}
}

func TestParseGroupFilter(t *testing.T) {
	t.Parallel()
	member := text(provisioning.AttrMemberID, provisioning.Equal, "u1")
	for in, want := range map[string]provisioning.Filter{
		`displayName eq "SOC"`:                                  text(provisioning.AttrDisplayName, provisioning.Equal, "SOC"),
		`externalId eq "x"`:                                     text(provisioning.AttrExternalID, provisioning.Equal, "x"),
		`members.value eq "u1"`:                                 member,
		`members eq "u1"`:                                       member,
		`members[value eq "u1"]`:                                member,
		`members[VALUE eq "u1"]`:                                member,
		`meta.resourceType eq "User"`:                           never(),
		`urn:ietf:params:scim:schemas:core:2.0:Group:id eq "g"`: text(provisioning.AttrID, provisioning.Equal, "g"),
	} {
		got, err := ParseGroupFilter(in)
		if err != nil {
			t.Errorf("%s: %v", in, err)
		} else if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %s, want %s", in, printFilter(got), printFilter(want))
		}
	}
}

// wantError checks the status and scimType of an answer, and that its detail
// contains a text.
func wantError(t *testing.T, err error, scimType, detail string) {
	t.Helper()
	var got *Error
	if !errors.As(err, &got) {
		t.Errorf("got error %v, want %s", err, scimType)
		return
	}
	if got.Status != 400 || got.Type != scimType || !strings.Contains(got.Detail, detail) {
		t.Errorf("got %v, want 400 %s with %q", got, scimType, detail)
	}
}

func TestRule21_AFilterThatIsNotUnderstoodIsAnError(t *testing.T) {
	t.Parallel()
	for in, detail := range map[string]string{
		``:                                      "empty",
		`   `:                                   "empty",
		`userName`:                              "operator",
		`userName eq`:                           "a value is expected",
		`userName eq jyoung`:                    "at character 13: a value is expected here; text stands in double quotes",
		`userName eq "a" "b"`:                   "left over",
		`userName eq "a" xor userName eq "b"`:   "left over",
		`userName is "a"`:                       "operator",
		`userName eq "a`:                        "no closing double quote",
		`userName eq "\x"`:                      "no JSON string",
		`userName eq "\u0000"`:                  "NUL",
		`userName eq 5`:                         "text in double quotes",
		`userName eq true`:                      "text in double quotes",
		`userName gt null`:                      "text in double quotes",
		`active gt true`:                        "cannot be compared with gt",
		`active co "t"`:                         "cannot be compared with co",
		`active eq "yes"`:                       "true or false",
		`meta.created sw "2026"`:                "cannot be compared with sw",
		`meta.created eq "2026-01-31"`:          "a zone",
		`meta.created eq "2026-01-31T09:30:00"`: "a zone",
		`meta.resourceType eq 1`:                "double quotes",
		`nickName eq "a"`:                       "Users can be filtered by",
		`password eq "a"`:                       "cannot be used",
		`name eq "a"`:                           "cannot be used",
		`urn:okta:my_app:1.0:user:x eq "a"`:     "cannot be used",
		`(userName eq "a"`:                      "closing bracket )",
		`not userName eq "a"`:                   "after not",
		`not`:                                   "after not",
		`userName eq "a" and`:                   "name of an attribute",
		`emails[type eq "work"`:                 "closing bracket ]",
		`emails[display eq "x"]`:                "inside the square brackets",
		`emails[emails[type eq "a"]]`:           "square brackets",
		`emails[type eq "a"].display eq "b"`:    "inside the square brackets",
		`addresses[type eq "work"]`:             "square brackets",
		`userName eq -`:                         "no number",
		"userName eq 'a'":                       "not expected outside double quotes",
		"é eq \"a\"":                            "at character 1",
		"userName eq \"\xff\"":                  "UTF-8",
	} {
		_, err := ParseUserFilter(in)
		wantError(t, err, typeInvalidFilter, detail)
	}
	for in, detail := range map[string]string{
		`userName eq "a"`:                       "Groups can be filtered by",
		`members[display eq "a"]`:               "inside the square brackets",
		`members[value ne "a"]`:                 "only",
		`members[value eq "a" or value eq "b"]`: "only",
		`members[value eq "a"].value eq "b"`:    "only",
		`members[value eq "a"].type eq "Group"`: "only",
	} {
		_, err := ParseGroupFilter(in)
		wantError(t, err, typeInvalidFilter, detail)
	}
}

func TestFilterBounds(t *testing.T) {
	t.Parallel()
	term := `id pr`
	deep := func(n int) string { return strings.Repeat("(", n) + term + strings.Repeat(")", n) }
	many := func(n int) string { return strings.TrimSuffix(strings.Repeat(term+" or ", n), " or ") }
	for _, in := range []string{deep(16), many(64), `userName eq "` + strings.Repeat("a", 4000) + `"`} {
		if _, err := ParseUserFilter(in); err != nil {
			t.Errorf("%.20s… of %d bytes: %v", in, len(in), err)
		}
	}
	for in, detail := range map[string]string{
		deep(17): "more than 16 deep",
		many(65): "more than 64 comparisons",
		`userName eq "` + strings.Repeat("a", 5000) + `"`: "longer than 4096",
		strings.Repeat("(", 1<<20):                        "longer than 4096",
		strings.Repeat("not(", 20) + term:                 "more than 16 deep",
		strings.Repeat("emails[", 20):                     "more than 16 deep",
	} {
		_, err := ParseUserFilter(in)
		wantError(t, err, typeInvalidFilter, detail)
	}
}

// printFilter prints a tree as a filter, with no bracket that is not needed.
func printFilter(f provisioning.Filter) string { return printer{}.print(f) }

type printer struct{ inside bool }

func (p printer) print(f provisioning.Filter) string {
	switch f := f.(type) {
	case provisioning.And:
		return p.operand(f.Left, false, true) + " and " + p.operand(f.Right, true, true)
	case provisioning.Or:
		return p.operand(f.Left, false, false) + " or " + p.operand(f.Right, true, false)
	case provisioning.Not:
		return "not (" + p.print(f.Inner) + ")"
	case provisioning.EmailMatch:
		return "emails[" + printer{inside: true}.print(f.Inner) + "]"
	case provisioning.Comparison:
		return p.comparison(f)
	}
	return "?"
}

func (p printer) operand(f provisioning.Filter, right, inAnd bool) string {
	_, isOr := f.(provisioning.Or)
	_, isAnd := f.(provisioning.And)
	if isOr && (right || inAnd) || isAnd && right && inAnd {
		return "(" + p.print(f) + ")"
	}
	return p.print(f)
}

var printedNames = map[provisioning.Attribute]string{
	provisioning.AttrGivenName: "name.givenName", provisioning.AttrFamilyName: "name.familyName",
	provisioning.AttrFormattedName: "name.formatted", provisioning.AttrCreated: "meta.created",
	provisioning.AttrLastModified: "meta.lastModified",
}

func (p printer) comparison(c provisioning.Comparison) string {
	name := string(c.Attribute)
	if p.inside {
		name = strings.TrimPrefix(name, "emails.")
	}
	if printed, ok := printedNames[c.Attribute]; ok {
		name = printed
	}
	switch {
	case c.Operator == provisioning.Present:
		return name + " pr"
	case c.Value.Text != nil:
		quoted, _ := json.Marshal(*c.Value.Text)
		return fmt.Sprintf("%s %s %s", name, c.Operator, quoted)
	case c.Value.Bool != nil:
		return fmt.Sprintf("%s %s %t", name, c.Operator, *c.Value.Bool)
	case c.Value.Instant != nil:
		return fmt.Sprintf("%s %s %q", name, c.Operator, c.Value.Instant.Format(time.RFC3339Nano))
	}
	return fmt.Sprintf("%s %s null", name, c.Operator)
}

// FuzzFilter: nothing panics, and what is understood can be printed and read
// again with the same meaning.
func FuzzFilter(f *testing.F) {
	for _, seed := range []string{
		`userName eq "ann"`, `not (active eq true) or emails[type eq "work" and (value co "@x" or primary eq true)]`,
		`emails[type eq "work"].value eq "x"`, `meta.created gt "2026-01-31T09:30:00+02:00"`, `displayName ne null`,
		`((((`, `members[value eq "1"]`, `meta.resourceType eq "User"`, `userName eq "\ud83d\ude00"`, `emails[`,
	} {
		f.Add(seed)
	}
	loose := limits{length: 1 << 20, depth: 100, terms: 100}
	f.Fuzz(func(t *testing.T, in string) {
		for _, table := range []*filterTable{userFilters, groupFilters} {
			got, err := parseFilter(in, table, filterLimits)
			if err != nil {
				wantError(t, err, typeInvalidFilter, "")
				continue
			}
			printed := printFilter(got)
			again, err := parseFilter(printed, table, loose)
			if err != nil {
				t.Fatalf("%q printed as %q: %v", in, printed, err)
			}
			if printFilter(again) != printFilter(got) || !sameShape(got, again) {
				t.Fatalf("%q printed as %q, read as %q", in, printed, printFilter(again))
			}
		}
	})
}

// sameShape compares trees; instants by what they mean.
func sameShape(a, b provisioning.Filter) bool {
	x, ok := a.(provisioning.Comparison)
	if y, both := b.(provisioning.Comparison); ok && both && x.Value.Instant != nil && y.Value.Instant != nil {
		return x.Attribute == y.Attribute && x.Operator == y.Operator && x.Value.Instant.Equal(*y.Value.Instant)
	}
	switch x := a.(type) {
	case provisioning.And:
		y, ok := b.(provisioning.And)
		return ok && sameShape(x.Left, y.Left) && sameShape(x.Right, y.Right)
	case provisioning.Or:
		y, ok := b.(provisioning.Or)
		return ok && sameShape(x.Left, y.Left) && sameShape(x.Right, y.Right)
	case provisioning.Not:
		y, ok := b.(provisioning.Not)
		return ok && sameShape(x.Inner, y.Inner)
	}
	return reflect.DeepEqual(a, b)
}
