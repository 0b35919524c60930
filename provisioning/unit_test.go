package provisioning

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestRandomIDs_SortByCreation_AndNeverLookReserved(t *testing.T) {
	t.Parallel()
	var g RandomIDs
	form := regexp.MustCompile(`^[0-9a-hjkmnp-tv-z]{26}$`)
	last := ""
	for range 5000 {
		id := g.New()
		if id <= last {
			t.Fatalf("%q after %q", id, last)
		}
		if !form.MatchString(id) || !ValidID(id) || strings.Contains(strings.ToLower(id), "bulkid") {
			t.Fatalf("%q has not the form of an id", id)
		}
		last = id
	}
}

func TestValidID_RefusesEverythingElse(t *testing.T) {
	t.Parallel()
	good := new(RandomIDs).New()
	for _, bad := range []string{"", good[1:], good + "0", strings.ToUpper(good[:25]) + "Z", good[:25] + "_", good[:25] + "u", good[:25] + "\x00", "../" + good[3:]} {
		if ValidID(bad) {
			t.Errorf("%q passes as an id", bad)
		}
	}
}

func TestFold_MakesCaseNoDifference(t *testing.T) {
	t.Parallel()
	for _, same := range [][]string{
		{"Ada@Acme.Example", "ADA@ACME.EXAMPLE"}, {"Kelvin", "\u212Aelvin"}, {"ÅSA", "åsa", "\u212Bsa"}, {"ΣΑΣ", "σας", "σασ"}, {"ſ", "S", "s"},
	} {
		for _, s := range same {
			if Fold(s) != Fold(same[0]) {
				t.Errorf("Fold(%q) = %q, Fold(%q) = %q", s, Fold(s), same[0], Fold(same[0]))
			}
			if Fold(Fold(s)) != Fold(s) {
				t.Errorf("Fold is not idempotent on %q", s)
			}
		}
	}
	if Fold("é") == Fold("e") {
		t.Error("folding drops accents")
	}
}

func TestChooseSlug(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		given, name string
		taken       []string
		want        string
	}{
		{"", "SOC Paris", nil, "soc-paris"},
		{"", "SOC Paris", []string{"soc-paris"}, "soc-paris-2"},
		{"", "SOC Paris", []string{"soc-paris", "soc-paris-2"}, "soc-paris-3"},
		{"", "  Équipe   d'été!  ", nil, "equipe-d-ete"},
		{"", "Straße Łódź", nil, "strasse-lodz"},
		{"", "東京", nil, "community"},
		{"", "東京", []string{"community"}, "community-2"},
		{"", strings.Repeat("x", 80), []string{strings.Repeat("x", 63)}, strings.Repeat("x", 61) + "-2"},
		{"mine", "SOC Paris", nil, "mine"},
	} {
		got, err := chooseSlug(c.given, c.name, "community", c.taken)
		if err != nil || got != c.want {
			t.Errorf("chooseSlug(%q, %q) = %q, %v; want %q", c.given, c.name, got, err, c.want)
		}
	}
	for _, bad := range []string{"SOC", "a--b", "-a", "a-", "a_b", strings.Repeat("x", 64)} {
		if _, err := chooseSlug(bad, "x", "community", nil); !errors.Is(err, ErrInvalid) {
			t.Errorf("slug %q: %v, want ErrInvalid", bad, err)
		}
	}
}

func TestBuiltinRoles_EachContainsTheOneBefore(t *testing.T) {
	t.Parallel()
	roles := BuiltinRoles()
	if len(roles) != 3 || roles[0].Slug != "guest" || roles[1].Slug != "analyst" || roles[2].Slug != "admin" {
		t.Fatalf("built-in roles: %v", roles)
	}
	for i := range roles[1:] {
		for _, p := range roles[i].Permissions {
			if !slices.Contains(roles[i+1].Permissions, p) {
				t.Errorf("%s has %s, %s has not", roles[i].Name, p, roles[i+1].Name)
			}
		}
	}
	if len(roles[2].Permissions) != len(Permissions()) {
		t.Errorf("Admin has %d of %d permissions", len(roles[2].Permissions), len(Permissions()))
	}
	if anyAdministrative(roles[1].Permissions) || !anyAdministrative(roles[2].Permissions) {
		t.Error("administrative is what Admin has and Analyst has not")
	}
}

func TestCheckEmail(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"ada@acme.example", "a.b+c@sub.acme.example", "ädä@bücher.example"} {
		if err := checkEmail(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range []string{"", "ada", "ada@", "@acme.example", "ada@localhost", "a b@acme.example", "a@b@acme.example", "a\x00@acme.example", "Ada <a@acme.example>", "a@-acme.example", strings.Repeat("a", 260) + "@acme.example"} {
		if err := checkEmail(bad); !errors.Is(err, ErrInvalid) {
			t.Errorf("%q: %v, want ErrInvalid", bad, err)
		}
	}
}

func TestSettings_RangesAndDefaults(t *testing.T) {
	t.Parallel()
	var s Settings
	if s.Get(SettingSSOSessionMax) != "12h" || s.Duration(SettingSessionIdle) != 30*day {
		t.Errorf("defaults: %q, %v", s.Get(SettingSSOSessionMax), s.Duration(SettingSessionIdle))
	}
	next, err := s.with(SettingSessionIdle, "45m")
	if err != nil || next.Get(SettingSessionIdle) != "45m" || s.Get(SettingSessionIdle) != "30d" {
		t.Errorf("with: %v, %v (the old value must stay)", next, err)
	}
	for name, bad := range map[string]string{SettingSessionIdle: "14m", SettingSessionMax: "31d", "nonsense": "1h", SettingInvitationLifetime: "soon"} {
		if _, err := s.with(name, bad); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s=%s: %v, want ErrInvalid", name, bad, err)
		}
	}
}

func TestNetChange_OrderDecides(t *testing.T) {
	t.Parallel()
	net := netChange([]MemberChange{
		{AddMembers, []string{"a", "b"}}, {RemoveMembers, []string{"a", "c"}}, {AddMembers, []string{"c"}},
	})
	if net.whole || !net.in["b"] || !net.in["c"] || net.in["a"] || !net.out["a"] || net.out["c"] {
		t.Errorf("net = %+v", net)
	}
	net = netChange([]MemberChange{
		{AddMembers, []string{"a"}}, {ReplaceMembers, []string{"x", "y"}}, {RemoveMembers, []string{"y"}}, {AddMembers, []string{"z"}},
	})
	if !net.whole || net.in["a"] || !net.in["x"] || net.in["y"] || !net.in["z"] {
		t.Errorf("net after replace = %+v", net)
	}
}

func TestKnownAs_KindsOfThingsDoNotMix(t *testing.T) {
	t.Parallel()
	key := []byte("key")
	a := knownAs{userName: "00u1"}.hashes(key)
	b := knownAs{directory: "d", externalID: "00u1"}.hashes(key)
	c := knownAs{email: "ADA@acme.example"}.hashes(key)
	d := knownAs{userName: "ada@acme.example"}.hashes(key)
	if slices.Equal(a[0], b[0]) {
		t.Error("a userName matches an externalId")
	}
	if !slices.Equal(c[0], d[0]) {
		t.Error("a userName does not match the same e-mail in another case")
	}
	if slices.Equal(d[0], knownAs{userName: "ada@acme.example"}.hashes([]byte("other"))[0]) {
		t.Error("the key has no effect")
	}
}

func TestVerdicts_AreAsOldAsTheirQuestion_AndNoneOutlivesARevocation(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		v := newVerdicts()
		_, _, slow := v.get("slow")
		time.Sleep(VerdictLifetime - time.Millisecond) // the database takes its time
		v.put("slow", "good", slow)
		if _, ok, _ := v.get("slow"); !ok {
			t.Error("a verdict is forgotten within its lifetime")
		}
		time.Sleep(2 * time.Millisecond)
		if _, ok, _ := v.get("slow"); ok {
			t.Error("a verdict counts from its answer, not from its question")
		}
		_, _, before := v.get("revoked")
		v.forget([]string{"revoked"})
		v.put("revoked", "good", before)
		if _, ok, _ := v.get("revoked"); ok {
			t.Error("a verdict that was read before the revocation is stored after it")
		}
	})
}
