package storetest

import (
	"time"

	"drawbridge/provisioning"
)

const day = 24 * time.Hour

func compareTo(a provisioning.Attribute, op provisioning.Comparator, v provisioning.Value) provisioning.Filter {
	return provisioning.Comparison{Attribute: a, Operator: op, Value: v}
}

func text(a provisioning.Attribute, op provisioning.Comparator, v string) provisioning.Filter {
	return compareTo(a, op, provisioning.Value{Text: &v})
}

func flag(a provisioning.Attribute, op provisioning.Comparator, v bool) provisioning.Filter {
	return compareTo(a, op, provisioning.Value{Bool: &v})
}

func instant(a provisioning.Attribute, op provisioning.Comparator, v time.Time) provisioning.Filter {
	return compareTo(a, op, provisioning.Value{Instant: &v})
}

func null(a provisioning.Attribute, op provisioning.Comparator) provisioning.Filter {
	return compareTo(a, op, provisioning.Value{})
}

func present(a provisioning.Attribute) provisioning.Filter { return null(a, provisioning.Present) }

func not(f provisioning.Filter) provisioning.Filter { return provisioning.Not{Inner: f} }

func and(l, r provisioning.Filter) provisioning.Filter { return provisioning.And{Left: l, Right: r} }

func or(l, r provisioning.Filter) provisioning.Filter { return provisioning.Or{Left: l, Right: r} }

func oneEmail(f provisioning.Filter) provisioning.Filter { return provisioning.EmailMatch{Inner: f} }

func emailIs(address string) provisioning.Filter {
	return text(provisioning.AttrEmailValue, provisioning.Equal, address)
}

// expectation is a filter and the people, by userName, whom it finds.
type expectation struct {
	filter provisioning.Filter
	want   []string
}

// expect checks filters against the directory's users, who are named in the
// order of their ids.
func (w *world) expect(people []provisioning.User, cases []expectation) {
	w.t.Helper()
	names := make(map[provisioning.UserID]string, len(people))
	for _, u := range people {
		names[u.ID] = u.UserName
	}
	for _, c := range cases {
		got := pluck(w.find(c.filter), func(id provisioning.UserID) string { return names[id] })
		equal(w.t, show(c.filter), got, c.want)
	}
}

var filterSentences = []sentence{
	{"text that ignores case: every comparator", filterFoldedText},
	{"text that is exact: every comparator", filterExactText},
	{"every text attribute of users", filterAttributes},
	{"folding and order of non-ASCII text are Fold's and by bytes", filterUnicode},
	{"wildcards of SQL are plain characters", filterWildcards},
	{"booleans", filterBooleans},
	{"instants", filterInstants},
	{"absent values: pr, null, ne and not", filterAbsent},
	{"and, or, not nest", filterLogic},
	{"An attribute or comparison that users do not have is an error of kind ErrInvalid", filterInvalid},
}

// people pushes three users whose externalIds tell case apart.
func (w *world) people() []provisioning.User {
	w.t.Helper()
	push := func(name, externalID string) provisioning.User {
		u := w.user(name)
		w.record(u, externalID)
		return u
	}
	return []provisioning.User{push("Anna", "Ax"), push("bOB", "aX"), push("carl", "b")}
}

func filterFoldedText(w *world) {
	of := func(op provisioning.Comparator, v string) provisioning.Filter {
		return text(provisioning.AttrUserName, op, v)
	}
	w.expect(w.people(), []expectation{
		{of(provisioning.Equal, "ANNA"), []string{"Anna"}},
		{of(provisioning.Equal, "ann"), nil},
		{of(provisioning.NotEqual, "aNNA"), []string{"bOB", "carl"}},
		{of(provisioning.Contains, "O"), []string{"bOB"}},
		{of(provisioning.Contains, "a"), []string{"Anna", "carl"}},
		{of(provisioning.StartsWith, "B"), []string{"bOB"}},
		{of(provisioning.StartsWith, "o"), nil},
		{of(provisioning.EndsWith, "L"), []string{"carl"}},
		{of(provisioning.EndsWith, "car"), nil},
		{present(provisioning.AttrUserName), []string{"Anna", "bOB", "carl"}},
		{of(provisioning.Greater, "BOB"), []string{"carl"}},
		{of(provisioning.GreaterEqual, "BOB"), []string{"bOB", "carl"}},
		{of(provisioning.Less, "BOB"), []string{"Anna"}},
		{of(provisioning.LessEqual, "BOB"), []string{"Anna", "bOB"}},
	})
}

func filterExactText(w *world) {
	of := func(op provisioning.Comparator, v string) provisioning.Filter {
		return text(provisioning.AttrExternalID, op, v)
	}
	people := w.people()
	w.expect(people, []expectation{
		{of(provisioning.Equal, "aX"), []string{"bOB"}},
		{of(provisioning.Equal, "ax"), nil},
		{of(provisioning.NotEqual, "aX"), []string{"Anna", "carl"}},
		{of(provisioning.Contains, "x"), []string{"Anna"}},
		{of(provisioning.StartsWith, "a"), []string{"bOB"}},
		{of(provisioning.EndsWith, "X"), []string{"bOB"}},
		{present(provisioning.AttrExternalID), []string{"Anna", "bOB", "carl"}},
		{of(provisioning.Greater, "aX"), []string{"carl"}},
		{of(provisioning.GreaterEqual, "aX"), []string{"bOB", "carl"}},
		{of(provisioning.Less, "aX"), []string{"Anna"}},
		{of(provisioning.LessEqual, "aX"), []string{"Anna", "bOB"}},
		{text(provisioning.AttrID, provisioning.Equal, string(people[1].ID)), []string{"bOB"}},
		{text(provisioning.AttrID, provisioning.NotEqual, string(people[1].ID)), []string{"Anna", "carl"}},
		{text(provisioning.AttrID, provisioning.Greater, string(people[1].ID)), []string{"carl"}},
	})
}

func filterAttributes(w *world) {
	u := w.user("row", func(u *provisioning.User) { u.DisplayName, u.GivenName, u.FamilyName = "row", "row", "row" })
	w.record(u, "row", func(r *provisioning.DirectoryRecord) {
		r.Profile = provisioning.Profile{
			UserName: "Record1", DisplayName: "Record2", GivenName: "Record3", FamilyName: "Record4", FormattedName: "Record5",
		}
	})
	for attribute, value := range map[provisioning.Attribute]string{
		provisioning.AttrUserName: "RECORD1", provisioning.AttrDisplayName: "RECORD2", provisioning.AttrGivenName: "RECORD3",
		provisioning.AttrFamilyName: "RECORD4", provisioning.AttrFormattedName: "RECORD5",
	} {
		equal(w.t, show(attribute), w.find(text(attribute, provisioning.Equal, value)), []provisioning.UserID{u.ID})
		equal(w.t, show(attribute), w.find(text(attribute, provisioning.Equal, "row")), nil)
	}
}

func filterUnicode(w *world) {
	people := []provisioning.User{w.pushed("Élodie"), w.pushed("zed"), w.pushed("\u212aelvin"), w.pushed("Straße")}
	of := func(op provisioning.Comparator, v string) provisioning.Filter {
		return text(provisioning.AttrUserName, op, v)
	}
	w.expect(people, []expectation{
		{of(provisioning.Equal, "éLODIE"), []string{"Élodie"}},
		{of(provisioning.Equal, "Elodie"), nil},
		{of(provisioning.StartsWith, "É"), []string{"Élodie"}},
		{of(provisioning.Contains, "LODIE"), []string{"Élodie"}},
		{of(provisioning.Equal, "kelvin"), []string{"\u212aelvin"}},
		{of(provisioning.Equal, "strasse"), nil},
		{of(provisioning.EndsWith, "aßE"), []string{"Straße"}},
		{of(provisioning.Greater, "zzz"), []string{"Élodie"}},
		{of(provisioning.Less, "l"), []string{"\u212aelvin"}},
		{of(provisioning.GreaterEqual, "É"), []string{"Élodie"}},
	})
}

func filterWildcards(w *world) {
	people := []provisioning.User{
		w.pushed(`a%b`), w.pushed(`a_b`), w.pushed(`a\b`), w.pushed(`a*b`), w.pushed(`a?b`), w.pushed(`a[b`), w.pushed(`a'b`), w.pushed("axb"),
	}
	for _, u := range people {
		middle := u.UserName[1:2]
		for _, f := range []provisioning.Filter{
			text(provisioning.AttrUserName, provisioning.Equal, u.UserName),
			text(provisioning.AttrUserName, provisioning.Contains, middle),
			text(provisioning.AttrUserName, provisioning.StartsWith, "A"+middle),
			text(provisioning.AttrUserName, provisioning.EndsWith, middle+"B"),
			text(provisioning.AttrExternalID, provisioning.Contains, middle+"b"),
		} {
			equal(w.t, show(f), w.find(f), []provisioning.UserID{u.ID})
		}
	}
}

func filterBooleans(w *world) {
	on := w.pushed("on")
	off := w.pushed("off", func(r *provisioning.DirectoryRecord) { r.Active, r.InactiveAt = false, at(1) })
	w.expect([]provisioning.User{on, off}, []expectation{
		{flag(provisioning.AttrActive, provisioning.Equal, true), []string{"on"}},
		{flag(provisioning.AttrActive, provisioning.Equal, false), []string{"off"}},
		{flag(provisioning.AttrActive, provisioning.NotEqual, true), []string{"off"}},
		{present(provisioning.AttrActive), []string{"on", "off"}},
		{not(flag(provisioning.AttrActive, provisioning.Equal, true)), []string{"off"}},
	})
}

func filterInstants(w *world) {
	var people []provisioning.User
	for i, name := range []string{"first", "second", "third"} {
		u := w.user(name, func(u *provisioning.User) { u.CreatedAt, u.UpdatedAt = at(i), at(10+i) })
		w.record(u, name)
		people = append(people, u)
	}
	w.expect(people, []expectation{
		{instant(provisioning.AttrCreated, provisioning.Equal, at(1)), []string{"second"}},
		{instant(provisioning.AttrCreated, provisioning.NotEqual, at(1)), []string{"first", "third"}},
		{instant(provisioning.AttrCreated, provisioning.Greater, at(1)), []string{"third"}},
		{instant(provisioning.AttrCreated, provisioning.GreaterEqual, at(1)), []string{"second", "third"}},
		{instant(provisioning.AttrCreated, provisioning.Less, at(1)), []string{"first"}},
		{instant(provisioning.AttrCreated, provisioning.LessEqual, at(1)), []string{"first", "second"}},
		{instant(provisioning.AttrLastModified, provisioning.Greater, at(10).Add(time.Microsecond)), []string{"second", "third"}},
		{instant(provisioning.AttrLastModified, provisioning.Equal, at(11).In(time.FixedZone("", 7200))), []string{"second"}},
		{present(provisioning.AttrLastModified), []string{"first", "second", "third"}},
	})
}

func filterAbsent(w *world) {
	with := w.user("with")
	w.record(with, "x")
	without := w.user("without")
	w.record(without, "", func(r *provisioning.DirectoryRecord) { r.Profile = provisioning.Profile{UserName: "without"} })
	people := []provisioning.User{with, without}
	for _, a := range []provisioning.Attribute{
		provisioning.AttrExternalID, provisioning.AttrDisplayName, provisioning.AttrGivenName, provisioning.AttrFamilyName,
		provisioning.AttrFormattedName, provisioning.AttrEmailValue, provisioning.AttrEmailType,
	} {
		w.expect(people, []expectation{
			{present(a), []string{"with"}},
			{not(present(a)), []string{"without"}},
			{null(a, provisioning.Equal), []string{"without"}},
			{not(null(a, provisioning.Equal)), []string{"with"}},
			{text(a, provisioning.NotEqual, "no such value"), []string{"with", "without"}},
			{not(text(a, provisioning.Equal, "no such value")), []string{"with", "without"}},
			{not(text(a, provisioning.Contains, "no such value")), []string{"with", "without"}},
			{not(text(a, provisioning.NotEqual, "no such value")), nil},
			{not(text(a, provisioning.Greater, "\uffff")), []string{"with", "without"}},
		})
	}
}

func filterLogic(w *world) {
	name := func(v string) provisioning.Filter { return text(provisioning.AttrUserName, provisioning.Equal, v) }
	w.expect(w.people(), []expectation{
		{and(name("anna"), name("bob")), nil},
		{or(name("anna"), name("bob")), []string{"Anna", "bOB"}},
		{not(or(name("anna"), name("bob"))), []string{"carl"}},
		{and(or(name("anna"), name("bob")), not(name("anna"))), []string{"bOB"}},
		{or(name("anna"), and(name("bob"), name("carl"))), []string{"Anna"}},
		{and(or(name("anna"), name("bob")), name("carl")), nil},
		{not(not(name("carl"))), []string{"carl"}},
	})
}

func filterInvalid(w *world) {
	w.pushed("ana")
	wrong := []provisioning.Filter{
		text(provisioning.AttrMemberID, provisioning.Equal, "x"),
		present(provisioning.AttrMemberID),
		text("nickName", provisioning.Equal, "x"),
		text("", provisioning.Equal, "x"),
		text("user_name = '' or true --", provisioning.Equal, "x"),
		text(provisioning.AttrUserName, "re", "x"),
		flag(provisioning.AttrUserName, provisioning.Equal, true),
		text(provisioning.AttrActive, provisioning.Equal, "true"),
		flag(provisioning.AttrActive, provisioning.Greater, true),
		flag(provisioning.AttrActive, provisioning.Contains, true),
		text(provisioning.AttrCreated, provisioning.Equal, "2026"),
		instant(provisioning.AttrCreated, provisioning.Contains, at(0)),
		instant(provisioning.AttrUserName, provisioning.Equal, at(0)),
		flag(provisioning.AttrEmailPrimary, provisioning.Less, true),
		oneEmail(text(provisioning.AttrUserName, provisioning.Equal, "x")),
	}
	fine := text(provisioning.AttrUserName, provisioning.Equal, "ana")
	for _, f := range wrong {
		for _, whole := range []provisioning.Filter{f, not(f), and(fine, f), or(fine, f)} {
			if err := w.findError(whole); err == nil {
				w.t.Fatalf("%s: no error", show(whole))
			} else {
				wantKind(w.t, err, provisioning.ErrInvalid)
			}
		}
	}
}

var emailFilterSentences = []sentence{
	{"emails: a comparison holds if any address matches", emailAny},
	{"emails: an EmailMatch holds when one single address fulfils it all", emailOne},
	{"emails: negation and absence", emailNegation},
}

// mailboxes pushes users with two addresses, one address, and none.
func (w *world) mailboxes() []provisioning.User {
	w.t.Helper()
	with := func(name string, emails ...provisioning.Email) provisioning.User {
		return w.pushed(name, func(r *provisioning.DirectoryRecord) { r.Profile.Emails = emails })
	}
	return []provisioning.User{
		with("two", provisioning.Email{Value: "A@acme.example", Type: "Work"}, provisioning.Email{Value: "b@home.example", Type: "home", Primary: true}),
		with("one", provisioning.Email{Value: "c@acme.example", Primary: true}),
		with("none"),
	}
}

func emailAny(w *world) {
	w.expect(w.mailboxes(), []expectation{
		{emailIs("a@ACME.example"), []string{"two"}},
		{text(provisioning.AttrEmailValue, provisioning.EndsWith, "@acme.example"), []string{"two", "one"}},
		{text(provisioning.AttrEmailValue, provisioning.Contains, "HOME"), []string{"two"}},
		{text(provisioning.AttrEmailType, provisioning.Equal, "work"), []string{"two"}},
		{flag(provisioning.AttrEmailPrimary, provisioning.Equal, true), []string{"two", "one"}},
		{flag(provisioning.AttrEmailPrimary, provisioning.Equal, false), []string{"two"}},
		{present(provisioning.AttrEmailValue), []string{"two", "one"}},
		{present(provisioning.AttrEmailType), []string{"two"}},
		{text(provisioning.AttrEmailValue, provisioning.Greater, "b@zzz"), []string{"one"}},
		{and(text(provisioning.AttrEmailType, provisioning.Equal, "work"), text(provisioning.AttrEmailValue, provisioning.Contains, "home")), []string{"two"}},
	})
}

func emailOne(w *world) {
	kind := func(v string) provisioning.Filter { return text(provisioning.AttrEmailType, provisioning.Equal, v) }
	holds := func(v string) provisioning.Filter {
		return text(provisioning.AttrEmailValue, provisioning.Contains, v)
	}
	primary := flag(provisioning.AttrEmailPrimary, provisioning.Equal, true)
	w.expect(w.mailboxes(), []expectation{
		{oneEmail(and(kind("work"), holds("ACME"))), []string{"two"}},
		{oneEmail(and(kind("work"), holds("home"))), nil},
		{oneEmail(and(kind("work"), primary)), nil},
		{oneEmail(and(kind("HOME"), primary)), []string{"two"}},
		{oneEmail(or(kind("work"), holds("c@"))), []string{"two", "one"}},
		{oneEmail(not(kind("work"))), []string{"two", "one"}},
		{oneEmail(and(holds("acme"), not(present(provisioning.AttrEmailType)))), []string{"one"}},
		{oneEmail(and(holds("acme"), text(provisioning.AttrEmailType, provisioning.NotEqual, "work"))), []string{"one"}},
		{oneEmail(and(holds("c@acme"), null(provisioning.AttrEmailType, provisioning.Equal))), []string{"one"}},
		{not(oneEmail(and(kind("work"), holds("acme")))), []string{"one", "none"}},
		{and(oneEmail(kind("work")), oneEmail(kind("home"))), []string{"two"}},
	})
}

func emailNegation(w *world) {
	w.expect(w.mailboxes(), []expectation{
		{not(emailIs("a@acme.example")), []string{"one", "none"}},
		{text(provisioning.AttrEmailValue, provisioning.NotEqual, "a@acme.example"), []string{"two", "one", "none"}},
		{text(provisioning.AttrEmailValue, provisioning.NotEqual, "c@acme.example"), []string{"two", "none"}},
		{not(present(provisioning.AttrEmailValue)), []string{"none"}},
		{not(text(provisioning.AttrEmailValue, provisioning.Contains, "acme")), []string{"none"}},
		{null(provisioning.AttrEmailValue, provisioning.Equal), []string{"none"}},
	})
}
