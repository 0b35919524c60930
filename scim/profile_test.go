package scim

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"drawbridge/provisioning"
)

func ptr[T any](v T) *T { return &v }

func TestCreateWrite(t *testing.T) {
	t.Parallel()
	attributes := object(t, `{"userName":"ada@acme.test","externalId":"00u1","active":false,"displayName":"Ada","locale":"fr-FR","title":"Countess",
		"name":{"givenName":"Ada","familyName":"Byron","middleName":"K"},
		"emails":[{"value":"ada@acme.test","type":"work","display":"A","primary":true},{"type":"home"}],
		"`+enterpriseURN+`":{"department":"Sales"}}`)
	kept := clone(attributes)
	got, err := createWrite(attributes)
	want := provisioning.RecordWrite{
		ExternalID: ptr("00u1"), Active: ptr(false),
		Profile: provisioning.Profile{
			UserName: "ada@acme.test", DisplayName: "Ada", GivenName: "Ada", FamilyName: "Byron",
			FormattedName: "Ada Byron", Locale: "fr-FR",
			Emails: []provisioning.Email{{Value: "ada@acme.test", Type: "work", Display: "A", Primary: true}},
			Attributes: map[string]any{
				"title": "Countess", "name": map[string]any{"middleName": "K"},
				enterpriseURN: map[string]any{"department": "Sales"},
			},
		},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v (%v), want %+v", got, err, want)
	}
	if !reflect.DeepEqual(kept, clone(attributes)) {
		t.Error("the attributes were changed in place")
	}
}

func TestCreateWriteRefusals(t *testing.T) {
	t.Parallel()
	long := func(n int) string { return strings.Repeat("x", n) }
	for in, detail := range map[string]string{
		`{}`:                               "userName is required",
		`{"userName":"   "}`:               "userName is required",
		`{"userName":"` + long(321) + `"}`: "userName is longer than 320",
		`{"userName":"a","locale":"` + long(65) + `"}`:               "locale",
		`{"userName":"a","name":{"givenName":"` + long(1025) + `"}}`: "name.givenName",
		`{"userName":"a","emails":[{"value":"` + long(321) + `"}]}`:  "e-mail",
		`{"userName":"a","nickName":"` + long(70_000) + `"}`:         "65536 bytes together",
	} {
		_, err := createWrite(object(t, in))
		wantError(t, err, typeInvalidValue, detail)
	}
}

func current() provisioning.RecordWrite {
	return provisioning.RecordWrite{
		ExternalID: ptr("00u1"), Active: ptr(true),
		Profile: provisioning.Profile{
			UserName: "ada@acme.test", GivenName: "Ada", FamilyName: "Byron", FormattedName: "Ada Byron",
			Attributes: map[string]any{"title": "Countess"},
		},
	}
}

func TestFormattedName(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, in, want string }{
		{"Okta echoes the old one with new parts", `{"givenName":"Ada","familyName":"King","formatted":"Ada Byron"}`, "Ada King"},
		{"the client changes it", `{"givenName":"Ada","familyName":"King","formatted":"Lady Lovelace"}`, "Lady Lovelace"},
		{"the client changes it alone", `{"givenName":"Ada","familyName":"Byron","formatted":"Lady Lovelace"}`, "Lady Lovelace"},
		{"left out", `{"givenName":"Ada","familyName":"King"}`, "Ada King"},
		{"nothing changes", `{"givenName":"Ada","familyName":"Byron","formatted":"Ada Byron"}`, "Ada Byron"},
		{"no parts", `{}`, ""},
	} {
		got, err := replaceWrite(current(), map[string]any{"userName": "a", "name": object(t, c.in)})
		if err != nil || got.Profile.FormattedName != c.want {
			t.Errorf("%s: %q (%v), want %q", c.name, got.Profile.FormattedName, err, c.want)
		}
	}
}

// TestRule7_AbsentActiveIsUnchanged: nil tells the Service to leave it.
func TestRule7_AbsentActiveIsUnchanged(t *testing.T) {
	t.Parallel()
	got, err := replaceWrite(current(), map[string]any{"userName": "a"})
	if err != nil || got.Active != nil || got.ExternalID != nil || got.Profile.Attributes != nil {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestPatchWrite(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, operations string
		change           func(*provisioning.RecordWrite)
	}{
		{"nothing", `[{"op":"replace","value":{"title":"Countess","name":{"givenName":"Ada"}}}]`, func(*provisioning.RecordWrite) {}},
		{"active", `[{"op":"replace","value":{"active":"False"}}]`, func(w *provisioning.RecordWrite) { w.Active = ptr(false) }},
		{"active removed is unchanged", `[{"op":"remove","path":"active"}]`, func(w *provisioning.RecordWrite) { w.Active = nil }},
		{"externalId cleared", `[{"op":"remove","path":"externalId"}]`, func(w *provisioning.RecordWrite) { w.ExternalID = ptr("") }},
		{"the formatted name follows", `[{"op":"replace","path":"name.familyName","value":"King"}]`, func(w *provisioning.RecordWrite) {
			w.Profile.FamilyName, w.Profile.FormattedName = "King", "Ada King"
		}},
		{"last attribute removed", `[{"op":"remove","path":"title"}]`, func(w *provisioning.RecordWrite) { w.Profile.Attributes = nil }},
	} {
		ops, err := userOps(t, c.operations)
		if err != nil {
			t.Fatal(err)
		}
		want := current()
		c.change(&want)
		got, err := patchWrite(current(), ops, patchOptions{})
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v (%v), want %+v", c.name, got, err, want)
		}
	}
}

func TestUserResource(t *testing.T) {
	t.Parallel()
	created := time.Date(2026, 1, 2, 3, 4, 5, 600, time.FixedZone("", 3600))
	u := provisioning.DirectoryUser{
		User: provisioning.User{
			ID: "us1", UserName: "ada@acme.test", Email: "ada@acme.test", GivenName: "Ada", CreatedAt: created, UpdatedAt: created,
			Record: &provisioning.DirectoryRecord{
				ExternalID: "00u1", Active: true, UpdatedAt: created.Add(time.Hour),
				Profile: provisioning.Profile{
					UserName: "ada@acme.test", Emails: []provisioning.Email{{Value: "ada@acme.test"}},
					Attributes: map[string]any{enterpriseURN: map[string]any{"department": "Sales"}},
				},
			},
		},
		Groups: []provisioning.GroupRef{{ID: "gr1", DisplayName: "SOC"}},
	}
	const base = "https://bridge.test/scim/v2"
	wantJSON(t, userResource(u, base), `{"schemas":["`+userURN+`","`+enterpriseURN+`"],"id":"us1","externalId":"00u1","userName":"ada@acme.test","active":true,
		"emails":[{"value":"ada@acme.test"}],"`+enterpriseURN+`":{"department":"Sales"},
		"groups":[{"value":"gr1","display":"SOC","type":"direct","$ref":"`+base+`/Groups/gr1"}],
		"meta":{"resourceType":"User","location":"`+base+`/Users/us1","created":"2026-01-02T02:04:05.0000006Z","lastModified":"2026-01-02T03:04:05.0000006Z"}}`)
	userResource(u, base)[enterpriseURN].(map[string]any)["department"] = "changed"
	if u.Record.Profile.Attributes[enterpriseURN].(map[string]any)["department"] != "Sales" {
		t.Error("an answer shares its maps with the record")
	}
	u.Record, u.Groups = nil, nil
	wantJSON(t, userResource(u, base), `{"schemas":["`+userURN+`"],"id":"us1","userName":"ada@acme.test","name":{"givenName":"Ada"},"active":true,
		"emails":[{"value":"ada@acme.test","type":"work","primary":true}],
		"meta":{"resourceType":"User","location":"`+base+`/Users/us1","created":"2026-01-02T02:04:05.0000006Z","lastModified":"2026-01-02T02:04:05.0000006Z"}}`)
}

func TestGroupResource(t *testing.T) {
	t.Parallel()
	const base = "https://bridge.test/scim/v2"
	g := provisioning.DirectoryGroup{Group: provisioning.Group{ID: "gr1", DisplayName: "SOC"}}
	head := `{"schemas":["` + groupURN + `"],"id":"gr1","displayName":"SOC",
		"meta":{"resourceType":"Group","location":"` + base + `/Groups/gr1","created":"0001-01-01T00:00:00Z","lastModified":"0001-01-01T00:00:00Z"}`
	wantJSON(t, groupResource(g, base), head+`}`)
	g.ExternalID, g.Members = "x", []provisioning.Member{{User: "us1", Display: "Ada"}, {User: "us2"}}
	wantJSON(t, groupResource(g, base), head+`,"externalId":"x","members":[
		{"value":"us1","display":"Ada","type":"User","$ref":"`+base+`/Users/us1"},{"value":"us2","type":"User","$ref":"`+base+`/Users/us2"}]}`)
}

func wantJSON(t *testing.T, got any, want string) {
	t.Helper()
	encoded := must(json.Marshal(got))
	var a, b any
	if err := json.Unmarshal(encoded, &a); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(want), &b); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(a, b) {
		t.Errorf("got\n%s, want\n%s", encoded, want)
	}
}
