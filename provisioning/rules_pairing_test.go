package provisioning_test

import (
	"testing"

	"drawbridge/provisioning"
)

// unpaired makes a workspace of its own without directory and connection.
func (w *world) unpaired() *world {
	w.t.Helper()
	ctx := w.t.Context()
	other := &world{Service: w.Service, t: w.t, store: w.store, url: w.url, operator: w.operator}
	other.invited = must(w.CreateWorkspace(ctx, w.operator, provisioning.NewWorkspace{Name: "Bare", AdminEmail: "boss@bare.example"}))(w.t)
	other.ws, other.root = other.invited.Workspace.ID, other.invited.Root.ID
	other.guest = must(w.FindRole(ctx, other.ws, "guest"))(w.t).ID
	must(w.AddDomain(ctx, w.operator, other.ws, "bare.example", true))(w.t)
	return other
}

func (w *world) addDirectory(name string, pair provisioning.ConnectionID) provisioning.Directory {
	w.t.Helper()
	return must(w.CreateDirectory(w.t.Context(), w.operator, w.ws, provisioning.NewDirectory{Name: name, Connection: pair}))(w.t)
}

func (w *world) addConnection(name string) provisioning.Connection {
	w.t.Helper()
	return must(w.CreateConnection(w.t.Context(), w.operator, w.ws, provisioning.ConnectionWrite{
		Name: &name, Issuer: ptr("https://" + name + ".example"), ClientID: ptr("client"), ClientSecret: ptr("secret"),
		AutoCreate: ptr(true), DefaultRole: &w.guest, DefaultCommunities: []provisioning.CommunityID{w.root}, Confirmed: true,
	}))(w.t)
}

func (w *world) pairedWith(d provisioning.Directory) provisioning.ConnectionID {
	w.t.Helper()
	return must(w.FindDirectory(w.t.Context(), w.ws, string(d.ID)))(w.t).Connection
}

// as speaks for a directory.
func (w *world) as(d provisioning.Directory) provisioning.DirectoryAccess {
	w.t.Helper()
	now := must(w.FindDirectory(w.t.Context(), w.ws, string(d.ID)))(w.t)
	return provisioning.DirectoryAccess{
		Actor: provisioning.Actor{Kind: provisioning.ActorDirectory, Workspace: w.ws, Directory: d.ID}, Directory: now,
	}
}

func TestRule15_TheOnlyDirectoryAndConnectionArePaired_InEitherOrder(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		if w.okta.Directory.Connection != w.conn.ID {
			t.Errorf("directory first: paired with %q", w.okta.Directory.Connection)
		}
		other := w.unpaired()
		c := other.addConnection("one")
		if d := other.addDirectory("First", ""); d.Connection != c.ID || other.pairedWith(d) != c.ID {
			t.Errorf("connection first: paired with %q", d.Connection)
		}
	})
}

func TestRule15_OfSeveralNoneIsPaired_AndWhatIsPairedStaysSo(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		second := w.addDirectory("Second", "")
		w.another("two")
		if got := w.pairedWith(second); got != "" {
			t.Errorf("the second directory is paired with %q", got)
		}
		if got := w.pairedWith(w.okta.Directory); got != w.conn.ID {
			t.Errorf("the first directory is paired with %q now", got)
		}
		other := w.unpaired()
		a, b := other.addDirectory("A", ""), other.addDirectory("B", "")
		other.addConnection("one")
		if other.pairedWith(a) != "" || other.pairedWith(b) != "" {
			t.Error("with two directories one was paired")
		}
	})
}

func TestRule15_ADirectoryThatFollowsADeletedOneIsPaired(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		if err := w.DeleteDirectory(t.Context(), w.operator, w.ws, w.okta.Directory.ID); err != nil {
			t.Fatal(err)
		}
		if d := w.addDirectory("Okta", ""); d.Connection != w.conn.ID {
			t.Errorf("paired with %q", d.Connection)
		}
	})
}

func TestRule15_PairingLaterJoinsNobodyTwice(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		two := w.another("two")
		second := w.addDirectory("Second", "")
		bob := w.pushedTo(second, "00u2", "bob@acme.example").ID
		ada := w.pushedTo(second, "00u1", "ada@elsewhere.example").ID
		signed := must(w.through(two, provisioning.Claims{Subject: "00u1", Email: "someone@acme.example"}))(t)
		if signed.User.ID == ada {
			t.Fatal("an unpaired externalId was a rung")
		}
		w.unchangedBy("by a pairing that would join two users", func() {
			_, err := w.UpdateDirectory(t.Context(), w.operator, w.ws, second.ID, provisioning.DirectoryWrite{Connection: &two.ID})
			isKind(t, err, provisioning.ErrConflict, "pairing_joins_users")
		})
		if err := w.DeleteDirectoryUser(t.Context(), w.as(second), string(ada)); err != nil {
			t.Fatal(err)
		}
		must(w.UpdateDirectory(t.Context(), w.operator, w.ws, second.ID, provisioning.DirectoryWrite{Connection: &two.ID}))(t)
		if got := w.pairedWith(second); got != two.ID {
			t.Fatalf("paired with %q", got)
		}
		if in := must(w.through(two, provisioning.Claims{Subject: "00u2"}))(t); in.User.ID != bob {
			t.Errorf("after pairing 00u2 is %s, want %s", in.User.ID, bob)
		}
	})
}

func TestRule15_APostAdoptsBySubjectOfThePairedConnection(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.fresh("00u1")
		w.grant(ada, w.paris, w.analyst)
		got := w.push("00u1", "countess@elsewhere.example")
		if got.ID != ada || got.Record == nil || got.Record.ExternalID != "00u1" || got.UserName != "countess@elsewhere.example" {
			t.Fatalf("adopted %+v, want user %s", got.User, ada)
		}
		w.holds(ada, "analyst in soc-paris", "guest in soc-lyon")
		if in := must(w.signIn("00u1", "x@acme.example"))(t); in.User.ID != ada || in.User.Email != "countess@elsewhere.example" {
			t.Errorf("after adoption the directory owns the record; signed in as %+v", in.User)
		}
	})
}

func TestRule15_APostAdoptsByAnAddressOfAVerifiedDomain_WhoHasNoIdentity(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		for name, n := range map[string]provisioning.RecordWrite{
			"by userName": person("00u1", "ADA@acme.example"),
			"by e-mail": {ExternalID: ptr("00u2"), Profile: provisioning.Profile{
				UserName: "bob.login", Emails: []provisioning.Email{{Value: "Bob@acme.example", Primary: true}},
			}},
		} {
			i, _ := w.invite(map[string]string{"by userName": "ada@acme.example", "by e-mail": "bob@acme.example"}[name], w.paris, w.guest)
			w.expire(i)
			if got := must(w.CreateDirectoryUser(t.Context(), w.okta, n))(t); got.ID != i.User {
				t.Errorf("%s: user %s, want %s", name, got.ID, i.User)
			}
		}
	})
}

func TestRule15_WhatMayNotBeAdoptedIsAConflictThatSaysWhatToDo(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.fresh("00u1") // signs in here already, by another subject than is pushed
		w.push("00u5", "taken@acme.example")
		zoe, link := w.invite("zoe@elsewhere.example", w.paris, w.guest)
		w.accept(link, "00u7", "zoe@elsewhere.example")
		bare, _ := w.invite("bare@elsewhere.example", w.paris, w.guest) // of a domain that is not verified
		w.expire(bare)
		w.unchangedBy("by what may not be adopted", func() {
			for _, c := range []struct {
				externalID, userName, code string
			}{
				{"00u9", "00u1@acme.example", "not_adoptable"},
				{"00u9", "zoe@elsewhere.example", "not_adoptable"},
				{"00u9", "bare@elsewhere.example", "not_adoptable"},
				{"00u9", "taken@acme.example", "user_name_taken"},
				{"00u5", "new@acme.example", "external_id_taken"},
				{"00u1", "taken@acme.example", "user_name_taken"},
			} {
				_, err := w.CreateDirectoryUser(t.Context(), w.okta, person(c.externalID, c.userName))
				isKind(t, err, provisioning.ErrConflict, c.code)
				if provisioning.Detail(err) == "" {
					t.Errorf("%s as %s: no detail", c.externalID, c.userName)
				}
			}
		})
		if w.user(ada).Record != nil || w.user(zoe.User).Record != nil {
			t.Error("somebody was adopted")
		}
	})
}

func TestRule15_TwoWhoAreNamedAlikeAreNotAdopted(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		for _, email := range []string{"ada@acme.example", "ada.king@acme.example"} {
			i, _ := w.invite(email, w.paris, w.guest)
			w.expire(i)
		}
		n := person("00u1", "ada@acme.example")
		n.Profile.Emails[0].Value = "ada.king@acme.example"
		w.unchangedBy("by two candidates", func() {
			_, err := w.CreateDirectoryUser(t.Context(), w.okta, n)
			isKind(t, err, provisioning.ErrConflict, "not_adoptable")
		})
	})
}

func TestRule15_ADirectoryFindsGetsAndPutsWhomItMayAdopt_WithoutAPost(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.fresh("00u1")
		found, total, err := w.FindDirectoryUsers(t.Context(), w.okta, provisioning.Comparison{
			Attribute: provisioning.AttrUserName, Operator: provisioning.Equal, Value: provisioning.Value{Text: ptr("00U1@acme.example")},
		}, 0, 10)
		if err != nil || total != 1 || found[0].ID != ada || found[0].Record != nil {
			t.Fatalf("found %+v, %d, %v", found, total, err)
		}
		if _, total, err := w.FindDirectoryUsers(t.Context(), w.okta, nil, 0, 10); err != nil || total != 0 {
			t.Errorf("a list without a filter shows %d, %v: those are not the directory's yet", total, err)
		}
		if got := must(w.GetDirectoryUser(t.Context(), w.okta, string(ada)))(t); got.ID != ada || !got.Active() {
			t.Errorf("got %+v", got)
		}
		got := w.put(ada, person("00u1", "ada@acme.example"))
		if got.ID != ada || got.Record == nil || w.user(ada).UserName != "ada@acme.example" {
			t.Errorf("adopted %+v", got)
		}
		if _, total, _ := w.FindDirectoryUsers(t.Context(), w.okta, nil, 0, 10); total != 1 {
			t.Errorf("after adoption the directory lists %d", total)
		}
	})
}

func TestRule15_APatchByIDAdopts_AndByAnotherSubjectItIsAConflict(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada, bob := w.fresh("00u1"), w.fresh("00u2")
		w.unchangedBy("by a PUT that names another subject, or none", func() {
			for externalID, code := range map[string]string{"00u2": "external_id_taken", "00u9": "not_adoptable", "": "not_adoptable"} {
				_, err := w.ChangeDirectoryUser(t.Context(), w.okta, string(ada), func(n provisioning.RecordWrite) (provisioning.RecordWrite, error) {
					n.ExternalID = &externalID
					return n, nil
				})
				isKind(t, err, provisioning.ErrConflict, code)
			}
		})
		got := must(w.ChangeDirectoryUser(t.Context(), w.okta, string(bob), func(n provisioning.RecordWrite) (provisioning.RecordWrite, error) {
			if n.Profile.UserName != "00u2@acme.example" || *n.ExternalID != "" || !*n.Active {
				t.Errorf("present state %+v", n)
			}
			n.ExternalID, n.Active = ptr("00u2"), ptr(false)
			return n, nil
		}))(t)
		if got.ID != bob || got.Active() || !w.user(bob).Blocked(provisioning.BlockDirectory) {
			t.Errorf("adopted %+v", got)
		}
	})
}

// Without a pairing the externalId alone tells who is taken.
func TestRule15_AdoptingByIDWithAnExternalIDThatAnotherRecordHasIsAConflict(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		second := w.addDirectory("Second", "")
		w.pushedTo(second, "x1", "bob@acme.example")
		i, _ := w.invite("ada@acme.example", w.paris, w.guest)
		w.expire(i)
		w.unchangedBy("by a taken externalId", func() {
			_, err := w.ChangeDirectoryUser(t.Context(), w.as(second), string(i.User), func(n provisioning.RecordWrite) (provisioning.RecordWrite, error) {
				n.ExternalID = ptr("x1")
				return n, nil
			})
			isKind(t, err, provisioning.ErrConflict, "external_id_taken")
		})
	})
}

func TestRule15_WhomItMayNotAdoptADirectoryDoesNotSee(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		i, _ := w.invite("ada@acme.example", w.root, w.admin) // the way back in (rule 9)
		second := w.addDirectory("Second", "")
		bob := w.pushedTo(second, "x1", "bob@acme.example").ID
		other := fillSecond(w)
		eve := must(other.signIn("00u7", "eve@globex.example"))(t).User.ID
		for name, id := range map[string]provisioning.UserID{"the way back in": i.User, "another directory's": bob, "another workspace's": eve} {
			_, err := w.GetDirectoryUser(t.Context(), w.okta, string(id))
			isKind(t, err, provisioning.ErrNotFound, "not_found")
			_, err = w.ChangeDirectoryUser(t.Context(), w.okta, string(id), func(n provisioning.RecordWrite) (provisioning.RecordWrite, error) {
				t.Errorf("%s was shown", name)
				return n, nil
			})
			isKind(t, err, provisioning.ErrNotFound, "not_found")
			isKind(t, w.DeleteDirectoryUser(t.Context(), w.okta, string(id)), provisioning.ErrNotFound, "not_found")
		}
		_, err := w.CreateDirectoryUser(t.Context(), w.okta, person("00u1", "ada@acme.example"))
		isKind(t, err, provisioning.ErrConflict, "not_adoptable")
		w.expire(i)
		if got := w.push("00u1", "ada@acme.example"); got.ID != i.User {
			t.Errorf("after it expired: user %s, want %s", got.ID, i.User)
		}
	})
}

func TestRule15_PairingWithAnotherConnectionFreesTheSubjectsInTheFirst(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		second := w.addConnection("Second")
		signed, pushed := w.push("00u1", "ada@acme.example").ID, w.push("00u2", "bob@acme.example").ID
		must(w.signIn("00u1", "ada@acme.example"))(t)
		must(w.UpdateDirectory(t.Context(), w.operator, w.ws, w.okta.Directory.ID, provisioning.DirectoryWrite{Connection: &second.ID}))(t)
		if in := must(w.signIn("00u1", "ada@acme.example"))(t); in.User.ID != signed {
			t.Errorf("the identity of the first connection leads to %s, want %s", in.User.ID, signed)
		}
		if in := must(w.through(second, provisioning.Claims{Subject: "00u2", Email: "new@acme.example"}))(t); in.User.ID != pushed {
			t.Errorf("the second connection finds %s by the record, want %s", in.User.ID, pushed)
		}
		if in := must(w.signIn("00u2", "new@acme.example"))(t); in.User.ID == pushed {
			t.Error("the first connection still finds the record")
		}
	})
}
