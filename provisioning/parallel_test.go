package provisioning_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"drawbridge/provisioning"
)

// together runs the functions at once, all let go by one barrier, and returns
// their errors in the same order.
func together(fns ...func() error) []error {
	var ready, done sync.WaitGroup
	start, errs := make(chan struct{}), make([]error, len(fns))
	ready.Add(len(fns))
	for i, fn := range fns {
		done.Go(func() {
			ready.Done()
			<-start
			errs[i] = fn()
		})
	}
	ready.Wait()
	close(start)
	done.Wait()
	return errs
}

// works fails unless all errors are nil.
func works(t testing.TB, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// besides is the world as a second process sees it.
func (w *world) besides() *world {
	second := *w
	second.Service, second.store = newService(w.t, w.url)
	return &second
}

// member adds somebody to a group, or takes them out.
func (w *world) member(g provisioning.GroupID, kind provisioning.MemberChangeKind, u provisioning.UserID) error {
	_, err := w.ChangeDirectoryGroup(w.t.Context(), w.okta, string(g), provisioning.GroupChange{
		Members: []provisioning.MemberChange{{Kind: kind, IDs: []string{string(u)}}},
	}, false)
	return err
}

func (w *world) group(g provisioning.GroupID) provisioning.DirectoryGroup {
	w.t.Helper()
	return must(w.GetDirectoryGroup(w.t.Context(), w.okta, string(g), true))(w.t)
}

func (w *world) inGroup(g provisioning.GroupID, u provisioning.UserID) bool {
	w.t.Helper()
	return slices.ContainsFunc(w.group(g).Members, func(m provisioning.Member) bool { return m.User == u })
}

// memberships are rows of the projection that stand, of a removed user too.
func (w *world) memberships(u provisioning.UserID) (all []provisioning.Membership) {
	w.t.Helper()
	works(w.t, w.store.View(w.t.Context(), func(tx *provisioning.Tx) (err error) {
		all, err = tx.Access.OfUser(w.t.Context(), w.ws, u)
		return err
	}))
	return all
}

func (w *world) liveSessions(u provisioning.UserID) (all []provisioning.Session) {
	w.t.Helper()
	works(w.t, w.store.View(w.t.Context(), func(tx *provisioning.Tx) (err error) {
		all, err = tx.Sessions.OfUser(w.t.Context(), w.ws, u)
		return err
	}))
	return all
}

func TestParallel_TwoFirstLoginsOfOnePerson_OneUserAndBothAreIn(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		both := []*world{w, w.besides()}
		for round := range 10 {
			subject := "00u" + strconv.Itoa(round)
			var in [2]provisioning.SignedIn
			login := func(i int) func() error {
				return func() (err error) { in[i], err = both[i].signIn(subject, subject+"@acme.example"); return err }
			}
			works(t, together(login(0), login(1))...)
			if in[0].User.ID != in[1].User.ID || in[0].Created == in[1].Created {
				t.Fatalf("users %s (created %v) and %s (created %v)", in[0].User.ID, in[0].Created, in[1].User.ID, in[1].Created)
			}
			w.alive(in[0].Secret)
			w.alive(in[1].Secret)
			w.holds(in[0].User.ID, "guest in soc-lyon")
		}
		w.nothingDiffers()
	})
}

func TestParallel_ALoginsCreationBesideAScimCreateOfThePerson_OneUser(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		second := w.besides()
		for round := range 15 {
			subject := "00u" + strconv.Itoa(round)
			var in provisioning.SignedIn
			var pushed provisioning.DirectoryUser
			works(t, together(func() (err error) {
				in, err = w.signIn(subject, subject+"@acme.example")
				return err
			}, func() (err error) {
				pushed, err = second.CreateDirectoryUser(t.Context(), w.okta, person(subject, subject+"@acme.example"))
				return err
			})...)
			if in.User.ID != pushed.ID {
				t.Fatalf("signed in as %s, pushed %s", in.User.ID, pushed.ID)
			}
			if u := w.user(pushed.ID); u.Record == nil || len(w.identitiesOf(u.ID)) != 1 {
				t.Fatalf("user %+v", u)
			}
			w.alive(in.Secret)
		}
		w.nothingDiffers()
	})
}

func TestParallel_TenChangesAddDifferentMembersToOneGroup_AllAreThere(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		second, g := w.besides(), w.pushGroup("Analysts")
		w.mapGroup(g.ID, w.paris, w.analyst)
		var fns []func() error
		var users []provisioning.UserID
		for i := range 10 {
			u := w.push("00u"+strconv.Itoa(i), fmt.Sprintf("u%d@acme.example", i)).ID
			users = append(users, u)
			by := []*world{w, second}[i%2]
			fns = append(fns, func() error { return by.member(g.ID, provisioning.AddMembers, u) })
		}
		works(t, together(fns...)...)
		got := w.group(g.ID)
		if len(got.Members) != 10 || got.Version != g.Version+10 {
			t.Errorf("%d members, version %d (was %d)", len(got.Members), got.Version, g.Version)
		}
		for _, u := range users {
			w.holds(u, "analyst in soc-paris")
		}
		w.nothingDiffers()
	})
}

func TestParallel_AddAndRemoveOfOneMember_TheRoleFollowsWhoeverWasLast(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		second, g := w.besides(), w.pushGroup("Analysts")
		w.mapGroup(g.ID, w.paris, w.analyst)
		u := w.push("00u1", "ada@acme.example").ID
		for range 15 {
			works(t, together(
				func() error { return w.member(g.ID, provisioning.AddMembers, u) },
				func() error { return second.member(g.ID, provisioning.RemoveMembers, u) },
			)...)
			if in := w.inGroup(g.ID, u); in != (len(w.roles(u)) == 1) {
				t.Fatalf("in the group: %v, roles %v", in, w.roles(u))
			}
		}
		w.nothingDiffers()
	})
}

// A user in two groups that change at once: neither change may overlook the other.
func TestParallel_ChangesOfTwoGroupsThatShareAMember_AddUp(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		second := w.besides()
		one, two := w.pushGroup("One"), w.pushGroup("Two")
		w.mapGroup(one.ID, w.paris, w.analyst)
		w.mapGroup(two.ID, w.lyon, w.admin)
		for i := range 10 {
			u := w.push("00u"+strconv.Itoa(i), fmt.Sprintf("u%d@acme.example", i)).ID
			works(t, together(
				func() error { return w.member(one.ID, provisioning.AddMembers, u) },
				func() error { return second.member(two.ID, provisioning.AddMembers, u) },
			)...)
			w.holds(u, "analyst in soc-paris", "admin in soc-lyon")
		}
		w.nothingDiffers()
	})
}

func TestParallel_ADeactivationBesideASignIn_NoSessionSurvives(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		second := w.besides()
		for round := range 50 {
			subject := "00u" + strconv.Itoa(round)
			u := w.push(subject, subject+"@acme.example").ID
			if round%2 == 0 { // recognised by the identity, every other time by the record
				must(w.signIn(subject, ""))(t)
			}
			var in provisioning.SignedIn
			errs := together(func() (err error) {
				in, err = w.signIn(subject, "")
				return err
			}, func() error {
				_, err := second.ChangeDirectoryUser(t.Context(), w.okta, string(u), func(n provisioning.RecordWrite) (provisioning.RecordWrite, error) {
					n.Active = ptr(false)
					return n, nil
				})
				return err
			})
			if errs[0] != nil {
				refusedFor(t, errs[0], provisioning.RefusedBlocked)
			} else {
				w.dead(in.Secret)
			}
			works(t, errs[1])
			if live := w.liveSessions(u); len(live) != 0 {
				t.Fatalf("round %d: sessions survive: %+v", round, live)
			}
		}
		w.nothingDiffers()
	})
}

func TestParallel_ASuccessionBesideThePredecessorsSignIn_NoSessionSurvives(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		second := w.besides()
		for round := range 20 {
			subject := "00u" + strconv.Itoa(round)
			u := w.push(subject, subject+"@acme.example").ID
			if round%2 == 0 {
				must(w.signIn(subject, ""))(t)
			}
			var in provisioning.SignedIn
			errs := together(func() (err error) {
				in, err = w.signIn(subject, subject+"@acme.example")
				return err
			}, func() error { return second.setExternalID(u, "next-"+subject) })
			works(t, errs[1])
			if errs[0] == nil {
				w.dead(in.Secret)
			} else if !errors.Is(errs[0], provisioning.ErrRefused) {
				t.Fatal(errs[0])
			}
			for _, i := range w.identitiesOf(u) {
				if i.RetiredAt.IsZero() {
					t.Fatalf("round %d: the predecessor's identity lives: %+v", round, i)
				}
			}
			if live := w.liveSessions(u); len(live) != 0 {
				t.Fatalf("round %d: sessions survive: %+v", round, live)
			}
		}
		w.nothingDiffers()
	})
}

func TestParallel_TheLastTwoAdministratorsEndAtOnce_OneStays(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		second, ctx := w.besides(), t.Context()
		suspend := func(w *world, u provisioning.UserID) error { return w.SuspendUser(ctx, w.operator, w.ws, u) }
		remove := func(w *world, u provisioning.UserID) error { return w.RemoveUser(ctx, w.operator, w.ws, u) }
		revoke := func(w *world, u provisioning.UserID) error {
			return w.RevokeRole(ctx, w.operator, w.ws, u, w.adminIn())
		}
		left := w.boss()
		for round, how := range [][2]func(*world, provisioning.UserID) error{
			{suspend, suspend}, {remove, remove}, {revoke, revoke}, {suspend, remove}, {revoke, suspend}, {remove, revoke},
		} {
			subject := "00u" + strconv.Itoa(round)
			_, link := w.invite(subject+"@acme.example", w.root, w.admin)
			other := w.accept(link, subject, subject+"@acme.example").User.ID
			errs := together(func() error { return how[0](w, left) }, func() error { return how[1](second, other) })
			switch {
			case errs[0] == nil:
				isKind(t, errs[1], provisioning.ErrConflict, "last_administrator")
				left = other
			case errs[1] == nil:
				isKind(t, errs[0], provisioning.ErrConflict, "last_administrator")
			default:
				t.Fatalf("round %d: %v and %v", round, errs[0], errs[1])
			}
			if u := w.user(left); !u.MayAct() || !slices.Contains(w.roles(left), "admin in acme") {
				t.Fatalf("round %d: who is left is %s with %v", round, u.Status(time.Now()), w.roles(left))
			}
		}
		w.nothingDiffers()
	})
}

func TestParallel_AMappingMadeBesideAChangeOfItsGroup_ReachesWhoCame(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		second := w.besides()
		u := w.push("00u1", "ada@acme.example").ID
		for round := range 12 {
			g := w.pushGroup("Group " + strconv.Itoa(round))
			var m provisioning.Mapping
			works(t, together(func() (err error) {
				m, err = w.CreateMapping(t.Context(), w.operator, w.ws, provisioning.MappingWrite{Group: g.ID, Community: w.paris, Role: w.analyst})
				return err
			}, func() error { return second.member(g.ID, provisioning.AddMembers, u) })...)
			w.holds(u, "analyst in soc-paris")
			works(t, together(
				func() error { return w.DeleteMapping(t.Context(), w.operator, w.ws, m.ID) },
				func() error { return second.member(g.ID, provisioning.RemoveMembers, u) },
			)...)
			w.holds(u)
		}
		w.nothingDiffers()
	})
}

func TestParallel_AFirstSignInBesideAPushIntoAMappedGroup_TheDefaultIsSetAside(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		second, g := w.besides(), w.pushGroup("Analysts")
		w.mapGroup(g.ID, w.lyon, w.analyst)
		for round := range 12 {
			subject := "00u" + strconv.Itoa(round)
			u := w.push(subject, subject+"@acme.example").ID
			works(t, together(
				func() error { _, err := w.signIn(subject, ""); return err },
				func() error { return second.member(g.ID, provisioning.AddMembers, u) },
			)...)
			w.holds(u, "analyst in soc-lyon")
			works(t, w.member(g.ID, provisioning.RemoveMembers, u))
			w.holds(u) // for good
		}
		w.nothingDiffers()
	})
}

func TestParallel_AMappingMadeBesideAFirstSignIn_TheDefaultIsSetAside(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		second := w.besides()
		for round := range 12 {
			subject := "00u" + strconv.Itoa(round)
			u := w.push(subject, subject+"@acme.example").ID
			g := w.pushGroup("Group "+strconv.Itoa(round), u)
			works(t, together(
				func() error { _, err := w.signIn(subject, ""); return err },
				func() error {
					_, err := second.CreateMapping(t.Context(), w.operator, w.ws, provisioning.MappingWrite{Group: g.ID, Community: w.lyon, Role: w.analyst})
					return err
				},
			)...)
			w.holds(u, "analyst in soc-lyon")
		}
		w.nothingDiffers()
	})
}

func TestParallel_ARemovalBesideAPushIntoAGroup_ARemovedUserIsInNone(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		second, g := w.besides(), w.pushGroup("Analysts")
		w.mapGroup(g.ID, w.paris, w.analyst)
		for round := range 15 {
			subject := "00u" + strconv.Itoa(round)
			u := w.push(subject, subject+"@acme.example").ID
			works(t, together(
				func() error { return w.DeleteDirectoryUser(t.Context(), w.okta, string(u)) },
				func() error { return second.member(g.ID, provisioning.AddMembers, u) },
			)...)
			if w.inGroup(g.ID, u) || len(w.memberships(u)) != 0 {
				t.Fatalf("round %d: in the group %v, memberships %v", round, w.inGroup(g.ID, u), w.memberships(u))
			}
		}
		w.nothingDiffers()
	})
}

func TestParallel_TwoPostsOfOneUserName_OneIsCreated(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		second := w.besides()
		for round := range 10 {
			name := fmt.Sprintf("u%d@acme.example", round)
			post := func(w *world, externalID string) func() error {
				return func() error {
					_, err := w.CreateDirectoryUser(t.Context(), w.okta, person(externalID, name))
					return err
				}
			}
			for _, externalID := range []string{"b" + name, "a" + name} { // by two externalIds, then by one
				errs := together(post(w, "a"+name), post(second, externalID))
				lost := errors.Join(errs...)
				if (errs[0] == nil) == (errs[1] == nil) {
					t.Fatalf("%v and %v", errs[0], errs[1])
				}
				if code := provisioning.Code(lost); code != "user_name_taken" && (code != "external_id_taken" || externalID[0] == 'b') {
					t.Fatalf("the loser: %v (code %q)", lost, code)
				}
				u := must(w.FindUser(t.Context(), w.ws, name))(t)
				works(t, w.DeleteDirectoryUser(t.Context(), w.okta, string(u.ID)))
			}
		}
	})
}

func TestParallel_AGroupCreatedTwice_OneIs(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		second := w.besides()
		for round := range 10 {
			post := func(w *world, name string) func() error {
				return func() error {
					_, err := w.CreateDirectoryGroup(t.Context(), w.okta, provisioning.GroupWrite{DisplayName: name + strconv.Itoa(round)})
					return err
				}
			}
			errs := together(post(w, "Analysts "), post(second, "ANALYSTS "))
			if (errs[0] == nil) == (errs[1] == nil) {
				t.Fatalf("%v and %v", errs[0], errs[1])
			}
			isKind(t, errors.Join(errs...), provisioning.ErrConflict, "group_name_taken")
		}
	})
}

func TestParallel_OneInvitationAcceptedTwice_LetsOneIn(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		second := w.besides()
		for round := range 10 {
			email := fmt.Sprintf("u%d@elsewhere.example", round)
			i, _ := w.invite(email, w.paris, w.analyst)
			carried := provisioning.PendingSignIn{Invitation: i.ID}
			accept := func(w *world, subject string) func() error {
				return func() error { _, err := w.signInWith(carried, subject+email, email); return err }
			}
			errs := together(accept(w, "a"), accept(second, "b"))
			if (errs[0] == nil) == (errs[1] == nil) {
				t.Fatalf("%v and %v", errs[0], errs[1])
			}
			if len(w.identitiesOf(i.User)) != 1 {
				t.Fatalf("identities %+v", w.identitiesOf(i.User))
			}
			w.holds(i.User, "analyst in soc-paris")
		}
		w.nothingDiffers()
	})
}

func TestParallel_AStateTakenTwice_IsTakenOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		second := w.besides()
		for range 10 {
			_, state := w.begin("mine")
			take := func(w *world) func() error {
				return func() error {
					_, err := w.TakeSignIn(t.Context(), state, "mine", w.conn.ID)
					return err
				}
			}
			errs := together(take(w), take(second))
			if (errs[0] == nil) == (errs[1] == nil) {
				t.Fatalf("%v and %v", errs[0], errs[1])
			}
			isKind(t, errors.Join(errs...), provisioning.ErrGone, "sign_in_dead")
		}
	})
}

// By name, a directory adopts who has no identity; by address, a sign-in pins
// who has no record that says otherwise. Of the two at once, with two subjects,
// one happens.
func TestParallel_AnAdoptionBesideASignInOfAnotherSubject_OneOfThemHappens(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		second := w.besides()
		for round := range 12 {
			email := fmt.Sprintf("u%d@acme.example", round)
			i, _ := w.invite(email, w.paris, w.guest)
			w.expire(i)
			errs := together(func() error {
				_, err := w.CreateDirectoryUser(t.Context(), w.okta, person("pushed"+email, email))
				return err
			}, func() error { _, err := second.signIn("signed"+email, email); return err })
			pinned, recorded := len(w.identitiesOf(i.User)) == 1, w.user(i.User).Record != nil
			if pinned == recorded || recorded != (errs[0] == nil) || pinned != (errs[1] == nil) {
				t.Fatalf("pinned %v, recorded %v: %v and %v", pinned, recorded, errs[1], errs[0])
			}
		}
		w.nothingDiffers()
	})
}

func TestParallel_TheOnlyDirectoryAndConnectionMadeAtOnce_ArePaired(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		other := w.unpaired()
		second := *other
		second.Service, second.store = newService(t, w.url)
		var d provisioning.Directory
		var c provisioning.Connection
		works(t, together(func() (err error) {
			d, err = other.CreateDirectory(t.Context(), w.operator, other.ws, provisioning.NewDirectory{Name: "Okta"})
			return err
		}, func() (err error) {
			c, err = second.CreateConnection(t.Context(), w.operator, other.ws, provisioning.ConnectionWrite{
				Name: ptr("Okta"), Issuer: ptr(issuer), ClientID: ptr("client"), ClientSecret: ptr("secret"),
			})
			return err
		})...)
		if got := other.pairedWith(d); got != c.ID {
			t.Errorf("paired with %q, want %s", got, c.ID)
		}
	})
}

func TestParallel_TheSealerBesideSixteenWriters_TheChainIsWhole(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		second := w.besides()
		writers := make(chan struct{})
		seal := func(w *world) func() error {
			return func() error {
				for {
					if _, err := w.SealAudit(t.Context(), w.ws); err != nil {
						return err
					}
					select {
					case <-writers:
						return nil
					default:
					}
				}
			}
		}
		fns := []func() error{seal(w), seal(second)}
		var left sync.WaitGroup
		left.Add(16)
		go func() { left.Wait(); close(writers) }()
		for i := range 16 {
			by := []*world{w, second}[i%2]
			fns = append(fns, func() error {
				defer left.Done()
				for n := range 6 {
					id := fmt.Sprintf("%d-%d", i, n)
					if _, err := by.CreateDirectoryUser(t.Context(), w.okta, person(id, id+"@acme.example")); err != nil {
						return err
					}
				}
				return nil
			})
		}
		works(t, together(fns...)...)
		must(w.SealAudit(t.Context(), w.ws))(t)
		r := must(second.VerifyAudit(t.Context(), w.ws))(t)
		if r.Fault != "" || r.Unsealed != 0 || r.Entries < 16*6 {
			t.Errorf("audit: %+v", r)
		}
		w.nothingDiffers()
	})
}

// hooked is a store whose transactions go through a hook, to stop the world
// where a race has to happen.
type hooked struct {
	provisioning.Store
	hook func(*provisioning.Tx)
}

func (h hooked) Update(ctx context.Context, fn func(*provisioning.Tx) error) error {
	return h.Store.Update(ctx, func(tx *provisioning.Tx) error {
		h.hook(tx)
		return fn(tx)
	})
}

// lateUsers lets somebody else be first just before the first lock.
type lateUsers struct {
	provisioning.Users
	once  *sync.Once
	first func()
}

func (u lateUsers) Lock(ctx context.Context, ws provisioning.WorkspaceID, ids []provisioning.UserID) error {
	u.once.Do(u.first)
	return u.Users.Lock(ctx, ws, ids)
}

// Two writers can only be inside at once on PostgreSQL.
func TestParallel_WhatChangesBetweenTheRungAndTheLockIsSeen(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		known  bool // by the identity
		record string
		change func(*world, provisioning.UserID) error
		want   provisioning.RefusalReason // "" for a user who is created
	}{
		"a succession, of somebody known by the identity": {true, "00u1", func(w *world, u provisioning.UserID) error { return w.setExternalID(u, "00u2") }, provisioning.RefusedRetired},
		"a succession, of somebody known by the record":   {false, "00u1", func(w *world, u provisioning.UserID) error { return w.setExternalID(u, "00u2") }, provisioning.RefusedOtherSubject},
		"a new address, of somebody known by the address": {false, "", func(w *world, u provisioning.UserID) error {
			_, err := w.ChangeDirectoryUser(w.t.Context(), w.okta, string(u), func(provisioning.RecordWrite) (provisioning.RecordWrite, error) {
				return person("", "renamed@acme.example"), nil
			})
			return err
		}, ""},
		"a removal, of somebody known by the identity": {true, "00u1", func(w *world, u provisioning.UserID) error {
			return w.DeleteDirectoryUser(w.t.Context(), w.okta, string(u))
		}, provisioning.RefusedRemoved},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, migrated.Postgres(t))
			u := w.push(c.record, "ada@acme.example").ID
			if c.known {
				must(w.signIn("00u1", "ada@acme.example"))(t)
			}
			once, second := new(sync.Once), w.besides()
			late := *w
			late.Service = serviceOn(t, hooked{w.store, func(tx *provisioning.Tx) {
				tx.Users = lateUsers{tx.Users, once, func() {
					if err := c.change(second, u); err != nil {
						t.Error(err)
					}
				}}
			}})
			in, err := late.signIn("00u1", "ada@acme.example")
			if c.want != "" {
				refusedFor(t, err, c.want)
			} else if err != nil || in.User.ID == u || !in.Created {
				t.Errorf("signed in as %s (created %v), %v: the address is not %s's any more", in.User.ID, in.Created, err, u)
			}
			if live := w.liveSessions(u); len(live) != 0 {
				t.Errorf("sessions %+v", live)
			}
			w.nothingDiffers()
		})
	}
}
