package console_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"drawbridge/provisioning"
)

func TestHomeTellsWhoAndWhy(t *testing.T) {
	t.Parallel()
	s := newSite(t, "https://bridge.example")
	doc := wantPage(t, s.get("/", session()), http.StatusOK)
	main := one(t, doc, "main")
	wantText(t, one(t, main, "h1"), "Ada Lovelace")
	wantText(t, main, "ada@acme.example", "Your 3 communities")
	wantText(t, one(t, doc, "header"), "Signed in as Ada Lovelace", "Sign out")
	tables := all(main, "table")
	if len(tables) != 2 {
		t.Fatalf("%d tables, want what is held and what is not in effect", len(tables))
	}
	const because = " ← because of "
	held := []string{
		"Acme and so in every community of Acme|Guest|Invitation accepted 40 minutes ago",
		"SOC Lyon|Guest|First sign-in through Okta, 1 day ago",
		"SOC Paris|Analyst|Mapping of group “Analysts”, took effect on 3 May 2025" + because + "group pushed by directory Okta",
		"SOC Paris|Analyst|Given by an administrator just now, outside of your directory",
		"SOC Paris|Admin|Safeguard made 3 hours ago, so that Acme keeps an administrator",
	}
	idle := []string{
		"Acme and so in every community of Acme|Admin Held|Given by an administrator 2 days ago It counts once an administrator releases it.",
		"SOC Lyon|Admin Not in effect|Mapping of group “Night shift”" + because + "group pushed by directory Okta The group was deleted, so its mapping gives nothing.",
		"SOC Paris|Guest Set aside|First sign-in through Okta, 1 day ago Groups decide what you hold in SOC Paris, so the default role does not count there.",
	}
	for i, lines := range [][]string{held, idle} {
		var want []string
		for _, line := range lines {
			want = append(want, squeeze(line))
		}
		var got []string
		for _, row := range all(one(t, tables[i], "tbody"), "tr") {
			got = append(got, squeeze(strings.Join(append(texts(all(row, "th")), texts(all(row, "td"))...), "|")))
		}
		if !slices.Equal(got, want) {
			t.Errorf("table %d:\n got %q\nwant %q", i, got, want)
		}
	}
}

// squeeze leaves out the blanks, which stand between elements or do not.
func squeeze(s string) string { return strings.ReplaceAll(s, " ", "") }

func TestHomeTellsEveryOrigin(t *testing.T) {
	t.Parallel()
	tests := map[string]provisioning.Explanation{
		"First sign-in just now":                                       {Source: provisioning.SourceFirstSignIn},
		"First sign-in through Okta, just now":                         {Source: provisioning.SourceFirstSignIn, Connection: &okta},
		"Invitation accepted just now":                                 {Source: provisioning.SourceInvitation},
		"Invitation accepted just now, outside of your directory":      {Source: provisioning.SourceInvitation, Outside: true},
		"Given by an administrator just now":                           {Source: provisioning.SourceAdministrator},
		"Given by a directory just now":                                {Source: provisioning.SourceDirectory},
		"Mapping of group “Analysts”, took effect just now":            {Source: provisioning.SourceMapping, Group: &provisioning.Group{DisplayName: "Analysts"}},
		"Safeguard made just now, so that Acme keeps an administrator": {Source: provisioning.SourceSafeguard},
	}
	for want, e := range tests {
		s := newSite(t, "https://bridge.example")
		e.Community, e.Role, e.GivenAt, e.Since = paris, guest, now, now
		s.fake.reasons = []provisioning.Explanation{e}
		if got := text(all(wantPage(t, s.get("/", session()), http.StatusOK), "td")[1]); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestHomeTimesAreExactBehindTheRelativeOnes(t *testing.T) {
	t.Parallel()
	s := newSite(t, "https://bridge.example")
	for _, n := range all(wantPage(t, s.get("/", session()), http.StatusOK), "time") {
		if text(n) != "1 day ago" {
			continue
		}
		if attr(n, "datetime") != "2026-05-05T14:05:00Z" || attr(n, "title") != "5 May 2026, 14:05 UTC" || attr(n, "tabindex") != "0" {
			t.Errorf("%v", n.Attr)
		}
		return
	}
	t.Error("no time of 1 day ago")
}

func TestHomeTellsTimesByTheirDistance(t *testing.T) {
	t.Parallel()
	const minute, hour, day = time.Minute, time.Hour, 24 * time.Hour
	tests := []struct {
		ago  time.Duration
		want string
	}{
		{0, "just now"},
		{minute - 1, "just now"},
		{minute, "1 minute ago"},
		{hour - 1, "59 minutes ago"},
		{hour, "1 hour ago"},
		{day - 1, "23 hours ago"},
		{day, "1 day ago"},
		{30*day - 1, "29 days ago"},
		{30 * day, "on 6 April 2026"},
		{-1, "in less than a minute"},
		{-2 * minute, "in 2 minutes"},
		{-hour, "in 1 hour"},
		{-3 * day, "in 3 days"},
		{-31 * day, "on 6 June 2026"},
	}
	s := newSite(t, "https://bridge.example")
	for _, test := range tests {
		at := now.Add(-test.ago).In(time.FixedZone("", 7200))
		s.fake.reasons = []provisioning.Explanation{{Community: paris, Role: guest, Source: provisioning.SourceDirectory, GivenAt: at, Since: at}}
		if got := text(one(t, wantPage(t, s.get("/", session()), http.StatusOK), "time")); got != test.want {
			t.Errorf("%v ago is %q, want %q", test.ago, got, test.want)
		}
	}
}

// Rule 2: a role held in the root holds in every community; where there is but one, nothing has to be said.
func TestRule2_HomeSaysWhereARootRoleHolds(t *testing.T) {
	t.Parallel()
	for _, multi := range []bool{true, false} {
		s := newSite(t, "https://bridge.example")
		s.fake.viewer.Workspace.MultiTenant = multi
		s.fake.reasons = s.fake.reasons[:1]
		doc := wantPage(t, s.get("/", session()), http.StatusOK)
		if said := strings.Contains(text(doc), "every community of Acme"); said != multi {
			t.Errorf("multi-tenant %v: said %v", multi, said)
		}
		wantText(t, doc, "Your community")
	}
}

// Rule 6: a user with no membership at all is told whom to ask, with 403.
func TestRule6_HomeWithoutMembership(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		contact string
		reasons []provisioning.Explanation
		want    []string
		mail    string
	}{
		"nothing":          {"", nil, []string{"You are signed in as Ada Lovelace, but nobody has given you a role in Acme.", "Ask an administrator of Acme for access."}, ""},
		"an address":       {"help@acme.example", nil, []string{"Ask the contact of Acme for access."}, "mailto:help@acme.example"},
		"words":            {"IT desk, room 4 (it@acme.example)", nil, []string{"Ask for access: IT desk, room 4 (it@acme.example)."}, ""},
		"held, not counts": {"", adasReasons()[1:2], []string{"none of them is in effect until an administrator acts"}, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, "https://bridge.example")
			s.fake.reasons = test.reasons
			s.fake.viewer.Workspace.Settings = provisioning.Settings{provisioning.SettingContact: test.contact}
			doc := wantPage(t, s.get("/", session()), http.StatusForbidden)
			main := one(t, doc, "main")
			wantText(t, main, append(test.want, "You have no access to Acme yet", "Reference")...)
			if links(main)["Sign out"] != "/logout" {
				t.Error("no way out")
			}
			if got := links(main)[test.contact]; test.mail != "" && got != test.mail {
				t.Errorf("mail goes to %q", got)
			}
			if !strings.Contains(s.log.String(), `"outcome":"no_membership"`) {
				t.Errorf("logged %s", s.log.String())
			}
		})
	}
}

func TestHomeOfSomebodyWhoIsEverywhere(t *testing.T) {
	t.Parallel()
	s := newSite(t, "https://bridge.example")
	s.fake.reasons = s.fake.reasons[1:2] // one that is held comes last
	for i := range 120 {
		place := provisioning.Community{ID: provisioning.CommunityID(fmt.Sprint("c", i)), Name: fmt.Sprintf("Community %d %s", i, strings.Repeat("&", 200))}
		s.fake.reasons = append(s.fake.reasons, provisioning.Explanation{
			Community: place, Role: guest, Source: provisioning.SourceMapping, Since: now,
			Group: &provisioning.Group{DisplayName: strings.Repeat("g", 255)}, Directory: &provisioning.Directory{Name: strings.Repeat("d", 255)},
		})
	}
	tests := map[string]struct {
		rows         int
		says         string
		newer, older string
	}{
		"":                             {50, "1 to 50 of 121 reasons", "", "/?page=2"},
		"?page=2":                      {50, "51 to 100 of 121 reasons", "/?page=1", "/?page=3"},
		"?page=3":                      {21, "101 to 121 of 121 reasons", "/?page=2", ""},
		"?page=99999999999":            {21, "101 to 121 of 121 reasons", "/?page=2", ""},
		"?page=-7":                     {50, "1 to 50 of 121 reasons", "", "/?page=2"},
		"?page=9999999999999999999999": {50, "1 to 50 of 121 reasons", "", "/?page=2"},
		"?page=%00":                    {50, "1 to 50 of 121 reasons", "", "/?page=2"},
	}
	for query, test := range tests {
		doc := wantPage(t, s.get("/"+query, session()), http.StatusOK)
		rows := 0
		for _, body := range all(doc, "tbody") {
			rows += len(all(body, "tr"))
		}
		nav := one(t, one(t, doc, "main"), "nav")
		wantText(t, one(t, doc, "main"), test.says, "Your 120 communities")
		found := links(nav)
		if rows != test.rows || found["Previous page"] != test.newer || found["Next page"] != test.older {
			t.Errorf("%s: %d rows, %v", query, rows, found)
		}
	}
}

func TestHomeEscapesNames(t *testing.T) {
	t.Parallel()
	s := newSite(t, "https://bridge.example")
	const name = `<script>alert("1")</script>{1}`
	s.fake.viewer.User.DisplayName = name
	s.fake.reasons = s.fake.reasons[4:5]
	s.fake.reasons[0].Group.DisplayName = name
	doc := wantPage(t, s.get("/", session()), http.StatusOK)
	if len(all(doc, "script")) > 0 {
		t.Error("a name became markup")
	}
	wantText(t, one(t, doc, "h1"), name)
	wantText(t, one(t, doc, "table"), "group “"+name+"”")
}

func TestHomeNamesPeopleAsWellAsItCan(t *testing.T) {
	t.Parallel()
	tests := []struct {
		user provisioning.User
		want string
	}{
		{provisioning.User{ID: ada.ID, DisplayName: "Ada", GivenName: "A", UserName: "u"}, "Ada"},
		{provisioning.User{ID: ada.ID, GivenName: "Ada", FamilyName: "King", UserName: "u"}, "Ada King"},
		{provisioning.User{ID: ada.ID, FamilyName: "King", UserName: "u"}, "King"},
		{provisioning.User{ID: ada.ID, UserName: "ada"}, "ada"},
	}
	for _, test := range tests {
		s := newSite(t, "https://bridge.example")
		s.fake.viewer.User = test.user
		if got := text(one(t, wantPage(t, s.get("/", session()), http.StatusOK), "h1")); got != test.want {
			t.Errorf("called %q, want %q", got, test.want)
		}
	}
}

func TestStrangersAreSentToLogin(t *testing.T) {
	t.Parallel()
	stale := &http.Cookie{Name: "__Host-drawbridge_session", Value: "01hzzzzzzzzzzzzzzzzzzzzzzz.other"}
	for _, target := range []string{"/", "/console", "/console/", "/console/acme", "/console/acme/users?x=1", "/console/no/such/thing"} {
		s := newSite(t, "https://bridge.example")
		wantRedirect(t, s.get(target), "/login")
		wantRedirect(t, s.get(target, stale), "/login")
		wantRedirect(t, s.get(target, session(), session()), "/login") // one of the two was planted
	}
	wantRedirect(t, newSite(t, "https://bridge.example/b").get("/b/console/x"), "/b/login")
}

func TestConsoleIsNotAnnounced(t *testing.T) {
	t.Parallel()
	s := newSite(t, "https://bridge.example")
	wantRedirect(t, s.get("/console", session()), "/")
	wantRedirect(t, s.get("/console/acme/users", session()), "/")
	if strings.Contains(s.get("/", session()).Body.String(), "/console") {
		t.Error("the home page links to a console that is not there")
	}
}

func TestFaultsAreNotStrangers(t *testing.T) {
	t.Parallel()
	for _, target := range []string{"/", "/console/x", "/login", "/logout"} {
		s := newSite(t, "https://bridge.example")
		s.fake.broken = errBroken
		doc := wantPage(t, s.get(target, session()), http.StatusInternalServerError)
		if strings.Contains(text(doc), errBroken.Error()) || !strings.Contains(s.log.String(), errBroken.Error()) {
			t.Errorf("%s: the fault belongs into the log and not onto the page", target)
		}
	}
}
