package provisioning_test

import (
	"strings"
	"testing"

	"drawbridge/provisioning"
)

// another adds a connection of another provider to the workspace.
func (w *world) another(name string) provisioning.Connection {
	w.t.Helper()
	return must(w.CreateConnection(w.t.Context(), w.operator, w.ws, provisioning.ConnectionWrite{
		Name: &name, Issuer: ptr("https://" + name + ".example"), ClientID: ptr("client"), ClientSecret: ptr("secret"),
		AutoCreate: ptr(true), DefaultRole: &w.guest, DefaultCommunities: []provisioning.CommunityID{w.lyon},
	}))(w.t)
}

// through goes through a connection with whatever its provider claims.
func (w *world) through(c provisioning.Connection, claims provisioning.Claims) (provisioning.SignedIn, error) {
	claims.Issuer = c.Issuer
	return w.SignIn(w.t.Context(), c, provisioning.PendingSignIn{}, claims, provisioning.Browser{UserAgent: "test browser"})
}

// pushedTo is a record of another directory.
func (w *world) pushedTo(d provisioning.Directory, externalID, userName string) provisioning.DirectoryUser {
	w.t.Helper()
	a := provisioning.DirectoryAccess{Actor: provisioning.Actor{Kind: provisioning.ActorDirectory, Workspace: w.ws, Directory: d.ID}, Directory: d}
	return must(w.CreateDirectoryUser(w.t.Context(), a, person(externalID, userName)))(w.t)
}

func (w *world) automatic(on bool) {
	w.t.Helper()
	w.conn = must(w.UpdateConnection(w.t.Context(), w.operator, w.ws, w.conn.ID, provisioning.ConnectionWrite{AutoCreate: &on, Confirmed: true}))(w.t)
}

// unchangedBy asserts that something leaves everything as it was.
func (w *world) unchangedBy(when string, do func()) {
	w.t.Helper()
	before := stateOf(w)
	do()
	if after := stateOf(w); after != before {
		w.t.Fatalf("%s something changed:\n%s\nwas\n%s", when, after, before)
	}
}

// identitiesOf are the identities of a user, the retired ones too.
func (w *world) identitiesOf(u provisioning.UserID) (all []provisioning.Identity) {
	w.t.Helper()
	err := w.store.View(w.t.Context(), func(tx *provisioning.Tx) (err error) {
		all, err = tx.Identities.OfUser(w.t.Context(), w.ws, u)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return all
}

func TestRule13_TheIdentityIsTheFirstRung_WhateverTheTokenSaysBeside(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.fresh("00u1")
		w.push("00u2", "bob@acme.example")
		for _, email := range []string{"", "ada@elsewhere.example", "bob@acme.example"} {
			if in := must(w.signIn("00u1", email))(t); in.User.ID != ada || in.Created {
				t.Errorf("with the e-mail %q: user %s (created %v), want %s", email, in.User.ID, in.Created, ada)
			}
		}
	})
}

func TestRule13_ARetiredIdentityIsRefused_AndNoLaterRungIsTried(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.push("00u1", "ada@acme.example").ID
		w.push("", "bob@acme.example")
		must(w.signIn("00u1", "ada@acme.example"))(t)
		w.put(ada, person("00u2", "ada@acme.example"))
		w.unchangedBy("by a retired identity", func() {
			for _, email := range []string{"ada@acme.example", "bob@acme.example", "new@acme.example"} {
				_, err := w.signIn("00u1", email)
				refusedFor(t, err, provisioning.RefusedRetired)
			}
		})
	})
}

func TestRule13_TheRecordOfThePairedDirectoryIsTheSecondRung(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.push("00u1", "ada@elsewhere.example").ID
		w.push("00u2", "bob@acme.example")
		in := must(w.signIn("00u1", "bob@acme.example"))(t)
		if in.User.ID != ada || in.Created {
			t.Fatalf("user %s, want %s: the record comes before the e-mail", in.User.ID, ada)
		}
		if all := w.identitiesOf(ada); len(all) != 1 || all[0].Subject != "00u1" || all[0].Issuer != issuer || all[0].Connection != w.conn.ID {
			t.Errorf("pinned %+v", all)
		}
	})
}

func TestRule13_TheRecordOfADirectoryThatIsNotPairedIsNoRung(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		entra := must(w.CreateDirectory(t.Context(), w.operator, w.ws, provisioning.NewDirectory{Name: "Entra"}))(t)
		bob := w.pushedTo(entra, "00u7", "bob@acme.example").ID
		in := must(w.signIn("00u7", "someone@acme.example"))(t)
		if in.User.ID == bob || !in.Created {
			t.Errorf("user %s (created %v): an unpaired externalId says nothing of a subject", in.User.ID, in.Created)
		}
	})
}

func TestRule13_AnAddressOfAVerifiedDomainIsTheThirdRung(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		n := person("", "ada.login@acme.example")
		n.Profile.Emails[0].Value = "Ada@Acme.example"
		ada := must(w.CreateDirectoryUser(t.Context(), w.okta, n))(t).ID
		bob := w.push("", "bob@acme.example").ID
		if in := must(w.signIn("00u1", "ADA@acme.EXAMPLE"))(t); in.User.ID != ada {
			t.Errorf("by e-mail: user %s, want %s", in.User.ID, ada)
		}
		if in := must(w.signIn("00u2", "Bob@acme.example"))(t); in.User.ID != bob {
			t.Errorf("by userName: user %s, want %s", in.User.ID, bob)
		}
	})
}

// email_verified is not even looked at: what counts is that the domain is
// verified for this workspace.
func TestRule13_AnAddressOfAnotherDomainFindsNobody(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w.push("", "zoe@elsewhere.example")
		must(w.AddDomain(t.Context(), w.operator, w.ws, "claimed.example", false))(t)
		w.push("", "zoe@claimed.example")
		w.unchangedBy("by an address of a domain that is not verified", func() {
			for _, email := range []string{"zoe@elsewhere.example", "zoe@claimed.example", "zoe@sub.acme.example", "zoe@acme.example@elsewhere.example"} {
				_, err := w.signIn("00u1", email)
				refusedFor(t, err, provisioning.RefusedDomain)
			}
		})
	})
}

func TestRule13_TheFirstRungThatFindsAUserDecides_ABlockedOneIsRefused(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada, eve := w.push("00u1", "ada@acme.example").ID, w.push("", "eve@acme.example").ID
		w.push("", "bob@acme.example")
		w.setActive(ada, false)
		if err := w.SuspendUser(t.Context(), w.operator, w.ws, eve); err != nil {
			t.Fatal(err)
		}
		w.unchangedBy("by somebody with a block", func() {
			for _, email := range []string{"bob@acme.example", "new@acme.example"} {
				_, err := w.signIn("00u1", email)
				refusedFor(t, err, provisioning.RefusedBlocked)
			}
			// Who proved no more than an address does not learn who is blocked.
			_, err := w.signIn("00u3", "eve@acme.example")
			refusedFor(t, err, provisioning.RefusedBlockedAddress)
		})
	})
}

func TestRule13_WhoIsPinnedToAnotherSubjectIsRefused(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w.push("00u1", "ada@acme.example") // known by another subject, not yet pinned
		bob := w.push("", "bob@acme.example").ID
		must(w.signIn("00u2", "bob@acme.example"))(t)
		w.unchangedBy("by a second subject", func() {
			for _, email := range []string{"ada@acme.example", "bob@acme.example"} {
				_, err := w.signIn("00u9", email)
				refusedFor(t, err, provisioning.RefusedOtherSubject)
			}
		})
		// The directory cannot name him by another subject, so the second rung
		// never leads to him.
		err := w.setExternalID(bob, "00u3")
		isKind(t, err, provisioning.ErrConflict, "external_id_taken")
	})
}

func TestRule13_TwoCandidatesAreRefused(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w.push("", "ada@acme.example")
		n := person("", "other.login@acme.example")
		n.Profile.Emails[0].Value = "ada@acme.example"
		must(w.CreateDirectoryUser(t.Context(), w.okta, n))(t)
		w.unchangedBy("by two candidates", func() {
			_, err := w.signIn("00u1", "ada@acme.example")
			refusedFor(t, err, provisioning.RefusedAmbiguous)
		})
	})
}

func TestRule13_AUserNameThatSomebodyElseHasIsASecondCandidate(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w.push("00u5", "bob@acme.example")
		w.unchangedBy("by a userName of another", func() {
			_, err := w.through(w.conn, provisioning.Claims{Subject: "00u1", Email: "ada@acme.example", PreferredUserName: "bob@acme.example"})
			refusedFor(t, err, provisioning.RefusedAmbiguous)
		})
	})
}

func TestRule13_AutomaticCreationIsWhatRemains(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		in := must(w.signIn("00u1", "ada@acme.example"))(t)
		if !in.Created || in.User.Origin != provisioning.OriginSignIn || in.User.Account != "" {
			t.Errorf("created %v: %+v", in.Created, in.User)
		}
		_, err := w.signIn("00u2", "")
		refusedFor(t, err, provisioning.RefusedNoEmail)
		_, err = w.signIn("00u2", "bob@elsewhere.example")
		refusedFor(t, err, provisioning.RefusedDomain)
		w.automatic(false)
		w.unchangedBy("without automatic creation", func() {
			_, err = w.signIn("00u2", "bob@acme.example")
			refusedFor(t, err, provisioning.RefusedUnknown)
		})
		if again := must(w.signIn("00u1", "ada@acme.example"))(t); again.Created || again.User.ID != in.User.ID {
			t.Errorf("who exists still signs in; got %s (created %v)", again.User.ID, again.Created)
		}
	})
}

func TestRule13_ATombstoneOfSubjectUserNameOrEmailCreatesNobody(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		removed(t, w)
		w.unchangedBy("by a removed person", func() {
			for _, c := range []provisioning.Claims{
				{Subject: "00u1", Email: "new@acme.example", PreferredUserName: "new@acme.example"},
				{Subject: "00u9", Email: "ADA@acme.example", PreferredUserName: "new@acme.example"},
				{Subject: "00u9", Email: "new@acme.example", PreferredUserName: "Ada.Login@acme.example"},
				{Subject: "00u9", Email: "ada.login@acme.example"},
			} {
				_, err := w.through(w.conn, c)
				refusedFor(t, err, provisioning.RefusedRemoved)
			}
		})
		if in := must(w.signIn("00u9", "new@acme.example"))(t); !in.Created {
			t.Error("a stranger to the tombstones was not created")
		}
	})
}

func TestRule13_ItLooksInThatWorkspaceAlone(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		other := fillSecond(w)
		must(other.AddDomain(t.Context(), w.operator, other.ws, "acme.example", true))(t)
		ada := w.push("00u1", "ada@acme.example").ID
		must(w.signIn("00u1", "ada@acme.example"))(t)
		w.unchangedBy("by a sign-in elsewhere", func() {
			in := must(other.signIn("00u1", "ada@acme.example"))(t)
			if !in.Created || in.User.ID == ada || in.User.Workspace != other.ws {
				t.Errorf("signed in as %+v", in.User)
			}
		})
		if _, err := other.FindUser(t.Context(), other.ws, string(ada)); err == nil {
			t.Error("an id of another workspace is found")
		}
	})
}

func TestRule13_AnotherIssuerOrADisabledConnectionRecognisesNobody(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w.fresh("00u1")
		c := w.conn
		c.Issuer = "https://other.okta.example"
		_, err := w.through(c, provisioning.Claims{Subject: "00u1", Email: "00u1@acme.example"})
		refusedFor(t, err, provisioning.RefusedConnectionClosed)
		must(w.DisableConnection(t.Context(), w.operator, w.ws, w.conn.ID))(t)
		_, err = w.signIn("00u1", "00u1@acme.example") // began before it was disabled
		refusedFor(t, err, provisioning.RefusedConnectionClosed)
		closed := must(w.FindConnection(t.Context(), w.ws, "Okta"))(t)
		_, _, err = w.BeginSignIn(t.Context(), provisioning.SignInRequest{Connection: closed, BrowserSecret: "b"})
		refusedFor(t, err, provisioning.RefusedConnectionClosed)
	})
}

func TestRule13_ASubjectThatIsNoneIsNotValid(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		for subject, code := range map[string]string{"": "subject", "00u\x001": "nul_character", "00u\xff": "not_utf8", strings.Repeat("0", 256): "too_long"} {
			_, err := w.signIn(subject, "ada@acme.example")
			isKind(t, err, provisioning.ErrInvalid, code)
		}
	})
}

func TestDesign_AUserMadeBySignInIsCalledByPreferredUserNameOfAVerifiedDomain_ElseByEmail(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		for subject, names := range map[string][2]string{
			"00u1": {"ada.login@acme.example", "ada.login@acme.example"},
			"00u2": {"ada.login@elsewhere.example", "00u2@acme.example"},
			"00u3": {"ada", "00u3@acme.example"},
			"00u4": {"", "00u4@acme.example"},
			"00u5": {"a\x00b@acme.example", "00u5@acme.example"},
		} {
			in := must(w.through(w.conn, provisioning.Claims{Subject: subject, Email: subject + "@acme.example", PreferredUserName: names[0]}))(t)
			if in.User.UserName != names[1] || in.User.Email != subject+"@acme.example" {
				t.Errorf("preferred_username %q: userName %q, e-mail %q", names[0], in.User.UserName, in.User.Email)
			}
		}
	})
}

func TestRule14_TheThirdRungNeverReachesAnAdministrativePermission(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		granted := w.push("", "granted@acme.example").ID
		w.grant(granted, w.paris, w.customRole("Editor", provisioning.CommunitiesRead, provisioning.MembersEdit))
		mapped := w.push("", "mapped@acme.example").ID
		w.mapGroup(w.pushGroup("Admins", mapped).ID, w.lyon, w.admin)
		held := w.push("00u3", "held@acme.example").ID
		w.grant(held, w.root, w.admin)
		w.put(held, person("00u4", "held@acme.example"))
		if err := w.DeleteDirectory(t.Context(), w.operator, w.ws, w.okta.Directory.ID); err != nil {
			t.Fatal(err)
		}
		for _, email := range []string{"granted@acme.example", "held@acme.example"} {
			_, err := w.signIn("00u9", email)
			refusedFor(t, err, provisioning.RefusedAdministrator)
		}
		// The mapping went with the directory: nothing administrative is left.
		if in := must(w.signIn("00u8", "mapped@acme.example"))(t); in.User.ID != mapped {
			t.Errorf("user %s, want %s", in.User.ID, mapped)
		}
	})
}

func TestRule14_AMappedAdministratorIsReachedByRecordAndIdentityAlone(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada, bob := w.push("", "ada@acme.example").ID, w.push("00u2", "bob@acme.example").ID
		w.mapGroup(w.pushGroup("Admins", ada, bob).ID, w.root, w.admin)
		w.unchangedBy("by an administrator's address", func() {
			_, err := w.signIn("00u9", "ada@acme.example")
			refusedFor(t, err, provisioning.RefusedAdministrator)
		})
		if in := must(w.signIn("00u2", "bob@acme.example"))(t); in.User.ID != bob {
			t.Errorf("by the record: user %s, want %s", in.User.ID, bob)
		}
		must(w.signIn("00u2", "bob@acme.example"))(t)
		w.holds(bob, "admin in acme", "guest in soc-lyon")
	})
}

func TestRule14_AnAdministrativeInvitationIsAcceptedThroughItsLinkAlone(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		boss := w.invited.Invitation.User
		w.unchangedBy("by the invited administrator's address", func() {
			_, err := w.signIn("00uboss", "boss@acme.example")
			refusedFor(t, err, provisioning.RefusedInvitationLink)
		})
		// By the record, the person gets in, but not what the link gives.
		if adopted := w.push("00uboss", "boss@acme.example"); adopted.ID != boss {
			t.Fatalf("adopted %s, want %s", adopted.ID, boss)
		}
		if in := must(w.signIn("00uboss", "boss@acme.example"))(t); in.User.ID != boss {
			t.Fatalf("user %s, want %s", in.User.ID, boss)
		}
		w.holds(boss, "guest in soc-lyon")
		if in := w.accept(w.invited.Secret, "00uboss", "Boss@acme.example"); in.User.ID != boss {
			t.Errorf("user %s, want %s", in.User.ID, boss)
		}
		w.holds(boss, "admin in acme", "guest in soc-lyon")
	})
}

func TestRule14_SigningInAcceptsAnyOtherInvitation_AndThenTheDefaultIsNotGiven(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		i, link := w.invite("ada@acme.example", w.paris, w.analyst)
		in := must(w.signIn("00u1", "Ada@acme.example"))(t)
		if in.User.ID != i.User || in.Created {
			t.Fatalf("user %s (created %v), want %s", in.User.ID, in.Created, i.User)
		}
		w.holds(i.User, "analyst in soc-paris")
		_, err := w.OpenInvitation(t.Context(), link)
		isKind(t, err, provisioning.ErrGone, "link_used")
	})
}

func TestRule17_ATokenRefreshesWordsWhereNoDirectoryOwnsThem(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.fresh("00u1")
		before := w.user(ada)
		must(w.through(w.conn, provisioning.Claims{
			Subject: "00u1", Email: "countess@elsewhere.example", PreferredUserName: "countess@acme.example",
			Name: "Ada King", GivenName: "Ada", FamilyName: "King", Locale: "en-GB",
		}))(t)
		got := w.user(ada)
		if got.DisplayName != "Ada King" || got.GivenName != "Ada" || got.FamilyName != "King" || got.Locale != "en-GB" || got.Email != "countess@elsewhere.example" {
			t.Errorf("words %+v", got)
		}
		if got.UserName != before.UserName || got.Version != before.Version+1 {
			t.Errorf("userName %q, version %d; was %q, %d", got.UserName, got.Version, before.UserName, before.Version)
		}
	})
}

func TestRule17_NothingSaidOrNothingNewChangesNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.fresh("00u1")
		before, n := w.user(ada), len(w.events())
		must(w.signIn("00u1", "00U1@acme.example"))(t)
		must(w.through(w.conn, provisioning.Claims{Subject: "00u1"}))(t)
		must(w.through(w.conn, provisioning.Claims{Subject: "00u1", Email: "not an address", Name: "a\x00b"}))(t)
		got := w.user(ada)
		if got.Version != before.Version || got.Email != before.Email || got.DisplayName != before.DisplayName || !got.UpdatedAt.Equal(before.UpdatedAt) {
			t.Errorf("got %+v, was %+v", got, before)
		}
		if changed := w.since(n, provisioning.EventUserChanged); len(changed) != 0 {
			t.Errorf("events %+v", changed)
		}
	})
}

func TestRule17_ADirectorysWordsAreTheDirectorys(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.push("00u1", "ada@acme.example").ID
		before := w.user(ada)
		for range 2 {
			must(w.through(w.conn, provisioning.Claims{Subject: "00u1", Email: "new@acme.example", Name: "Somebody Else"}))(t)
		}
		if got := w.user(ada); got.Email != before.Email || got.DisplayName != before.DisplayName || got.Version != before.Version {
			t.Errorf("got %+v, was %+v", got, before)
		}
	})
}

func TestRule17_NeverToAnAddressThatAnotherUserHas(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.fresh("00u1")
		n := person("00u2", "bob.login@acme.example")
		n.Profile.Emails[0].Value = "bob@acme.example"
		must(w.CreateDirectoryUser(t.Context(), w.okta, n))(t)
		for _, taken := range []string{"bob@acme.example", "BOB.login@acme.example", "boss@acme.example"} {
			must(w.through(w.conn, provisioning.Claims{Subject: "00u1", Email: taken, Name: "Ada of " + taken}))(t)
			if got := w.user(ada); got.Email != "00u1@acme.example" || got.DisplayName != "Ada of "+taken {
				t.Errorf("claiming %s: e-mail %q, name %q", taken, got.Email, got.DisplayName)
			}
		}
	})
}

func TestRule17_OnlyAnAddressOfAVerifiedDomainOrProvedByAnInvitationIsGivenOut(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		proved := func(u provisioning.UserID) string {
			v := provisioning.Viewer{User: w.user(u), Workspace: w.invited.Workspace}
			return must(w.Overview(t.Context(), v))(t).ProvedEmail
		}
		ada := w.fresh("00u1")
		if got := proved(ada); got != "00u1@acme.example" {
			t.Errorf("of a verified domain: %q", got)
		}
		must(w.through(w.conn, provisioning.Claims{Subject: "00u1", Email: "ada@elsewhere.example"}))(t)
		if got := proved(ada); got != "" {
			t.Errorf("of another domain: %q", got)
		}
		i, link := w.invite("zoe@elsewhere.example", w.paris, w.guest)
		if got := proved(i.User); got != "" {
			t.Errorf("before the invitation is accepted: %q", got)
		}
		w.accept(link, "00u7", "Zoe@elsewhere.example")
		if got := proved(i.User); got != "zoe@elsewhere.example" {
			t.Errorf("after the invitation is accepted: %q", got)
		}
		must(w.through(w.conn, provisioning.Claims{Subject: "00u7", Email: "zoe@third.example"}))(t)
		if got := proved(i.User); got != "" {
			t.Errorf("after the address changed: %q", got)
		}
	})
}

func TestRule18_ASessionReachesTheConnectionsWorkspaceAndNoOther(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		other := fillSecond(w)
		here := must(w.signIn("00u1", "ada@acme.example"))(t)
		there := must(other.signIn("00u1", "ada@globex.example"))(t)
		for in, want := range map[string]provisioning.WorkspaceID{here.Secret: w.ws, there.Secret: other.ws} {
			v := must(w.Authenticate(t.Context(), in))(t)
			if v.Workspace.ID != want || v.User.Workspace != want || v.Session.Workspace != want {
				t.Errorf("the session reaches %s, want %s", v.Workspace.ID, want)
			}
		}
		// The id of one with the secret of the other is neither.
		id, _, _ := strings.Cut(here.Secret, ".")
		_, secret, _ := strings.Cut(there.Secret, ".")
		w.dead(id + "." + secret)
	})
}

func TestRule18_EndingOnesSessionsEndsNoneInAnotherWorkspace(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		other := fillSecond(w)
		here := must(w.signIn("00u1", "ada@acme.example"))(t)
		there := must(other.signIn("00u1", "ada@globex.example"))(t)
		if err := w.SuspendUser(t.Context(), w.operator, w.ws, here.User.ID); err != nil {
			t.Fatal(err)
		}
		w.dead(here.Secret)
		w.alive(there.Secret)
	})
}
