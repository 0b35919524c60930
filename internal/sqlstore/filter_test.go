package sqlstore

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"drawbridge/provisioning"
)

func compare(a provisioning.Attribute, op provisioning.Comparator, v any) provisioning.Comparison {
	c := provisioning.Comparison{Attribute: a, Operator: op}
	switch v := v.(type) {
	case string:
		c.Value.Text = &v
	case bool:
		c.Value.Bool = &v
	case time.Time:
		c.Value.Instant = &v
	}
	return c
}

func TestFilter_CompilesToParameterisedSQL(t *testing.T) {
	t.Parallel()
	anyEmail := "r.user_id in (select e.user_id from record_emails e where e.workspace_id = $1 and "
	tests := []struct {
		name   string
		words  vocabulary
		filter provisioning.Filter
		sql    string
		args   []any
	}{
		{"no condition", recordVocabulary, nil, "true", nil},
		{
			"an indexed text is compared as it stands", recordVocabulary,
			compare(provisioning.AttrUserName, provisioning.Equal, "ANN' or true --"),
			"r.user_name_key = $2",
			[]any{"ann' or true --"},
		},
		{
			"exact text is not folded and may be absent", recordVocabulary,
			compare(provisioning.AttrExternalID, provisioning.Equal, "00uA"),
			"(r.external_id is not null and r.external_id = $2)",
			[]any{"00uA"},
		},
		{
			"ne holds of what is absent", recordVocabulary,
			compare(provisioning.AttrDisplayName, provisioning.NotEqual, "x"),
			"(not (r.display_key <> '') or r.display_key <> $2)",
			[]any{"x"},
		},
		{
			"booleans and instants", recordVocabulary,
			provisioning.And{
				Left:  compare(provisioning.AttrActive, provisioning.Equal, true),
				Right: compare(provisioning.AttrCreated, provisioning.GreaterEqual, time.UnixMicro(17)),
			},
			"(r.active = $2 and r.created_at >= $3)",
			[]any{true, int64(17)},
		},
		{
			"or, not, pr and null", recordVocabulary,
			provisioning.Or{
				Left:  provisioning.Not{Inner: compare(provisioning.AttrGivenName, provisioning.Present, nil)},
				Right: compare(provisioning.AttrExternalID, provisioning.Equal, nil),
			},
			"((not (r.given_key <> '')) or (not (r.external_id is not null)))", nil,
		},
		{
			"parts of text need no pattern", recordVocabulary,
			compare(provisioning.AttrID, provisioning.StartsWith, "a%_"),
			"substr(r.user_id, 1, length($2)) = $2",
			[]any{"a%_"},
		},
		{
			"every text that is there contains the empty one", recordVocabulary,
			compare(provisioning.AttrFamilyName, provisioning.Contains, ""),
			"(r.family_key <> '')", nil,
		},
		{
			"any e-mail", recordVocabulary,
			compare(provisioning.AttrEmailValue, provisioning.Equal, "A@x"),
			anyEmail + "(e.value_key <> '' and e.value_key = $2))",
			[]any{"a@x"},
		},
		{
			"ne on e-mails holds without any", recordVocabulary,
			compare(provisioning.AttrEmailPrimary, provisioning.NotEqual, true),
			"(" + anyEmail + "e.is_primary <> $2) or not " + anyEmail + "true))",
			[]any{true},
		},
		{
			"one e-mail fulfils it all", recordVocabulary,
			provisioning.EmailMatch{Inner: provisioning.And{
				Left:  compare(provisioning.AttrEmailType, provisioning.Equal, "work"),
				Right: compare(provisioning.AttrEmailPrimary, provisioning.Equal, true),
			}},
			anyEmail + "((e.type_key is not null and e.type_key = $2) and e.is_primary = $3))",
			[]any{"work", true},
		},
		{
			"a user without a record has no externalId", userVocabulary,
			provisioning.Or{
				Left:  compare(provisioning.AttrExternalID, provisioning.Equal, "x"),
				Right: compare(provisioning.AttrExternalID, provisioning.NotEqual, "x"),
			},
			"(false or true)", nil,
		},
		{
			"members of groups", groupVocabulary,
			compare(provisioning.AttrMemberID, provisioning.Equal, "U"),
			"g.id in (select m.group_id from group_members m where m.workspace_id = $1 and m.user_id = $2)",
			[]any{"U"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := parameters{values: []any{wsID}}
			sql, err := tt.words.compile(tt.filter, &p)
			if err != nil || sql != tt.sql {
				t.Errorf("got  %s, %v\nwant %s", sql, err, tt.sql)
			}
			if args := p.values[1:]; len(args) != len(tt.args) || len(args) > 0 && !reflect.DeepEqual(args, tt.args) {
				t.Errorf("got arguments %v, want %v", args, tt.args)
			}
		})
	}
}

func TestFilter_RefusesWhatItDoesNotUnderstand(t *testing.T) {
	t.Parallel()
	userName := func(op provisioning.Comparator, v any) provisioning.Filter {
		return compare(provisioning.AttrUserName, op, v)
	}
	tests := map[string]struct {
		words  vocabulary
		filter provisioning.Filter
	}{
		"an unknown attribute":          {recordVocabulary, compare("nickName", provisioning.Present, nil)},
		"an attribute of groups":        {recordVocabulary, compare(provisioning.AttrMemberID, provisioning.Present, nil)},
		"an attribute of users":         {groupVocabulary, compare(provisioning.AttrUserName, provisioning.Present, nil)},
		"an unknown comparator":         {recordVocabulary, userName("like", "x")},
		"an order of booleans":          {recordVocabulary, compare(provisioning.AttrActive, provisioning.Greater, true)},
		"a part of an instant":          {recordVocabulary, compare(provisioning.AttrCreated, provisioning.Contains, noon)},
		"a value of another type":       {recordVocabulary, userName(provisioning.NotEqual, true)},
		"a NUL character":               {recordVocabulary, userName(provisioning.Equal, "a\x00b")},
		"what is not UTF-8":             {recordVocabulary, userName(provisioning.Equal, "\xff")},
		"brackets after something else": {groupVocabulary, provisioning.EmailMatch{}},
		"brackets in brackets":          {recordVocabulary, provisioning.EmailMatch{Inner: provisioning.EmailMatch{}}},
		"userName in brackets":          {recordVocabulary, provisioning.EmailMatch{Inner: userName(provisioning.Equal, "x")}},
		"an unknown form":               {recordVocabulary, struct{ provisioning.Filter }{}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fine := compare(provisioning.AttrID, provisioning.Equal, "x")
			for _, f := range []provisioning.Filter{
				tt.filter,
				provisioning.Not{Inner: tt.filter},
				provisioning.And{Left: tt.filter, Right: fine},
				provisioning.Or{Left: fine, Right: tt.filter},
			} {
				if _, err := tt.words.compile(f, &parameters{}); !errors.Is(err, provisioning.ErrInvalid) || provisioning.Detail(err) == "" {
					t.Errorf("%+v: %v, want ErrInvalid with a detail", f, err)
				}
			}
		})
	}
}

func TestFilter_PutsNoTextOfStrangersIntoSQL(t *testing.T) {
	t.Parallel()
	const stranger = "stranger"
	for _, words := range []vocabulary{recordVocabulary, userVocabulary, groupVocabulary} {
		for attribute := range words.columns {
			for op := range operators {
				sql, err := words.compile(compare(attribute, op, stranger), &parameters{})
				if err == nil && strings.Contains(sql, stranger) {
					t.Errorf("%s %s: %s", attribute, op, sql)
				}
			}
		}
	}
}
