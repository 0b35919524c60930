package provisioning_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"drawbridge/provisioning"
)

// breakGlass names the owner, who becomes administrator, as one who may come in
// by password whatever the workspace requires.
func (w *world) breakGlass(o owner) {
	w.t.Helper()
	w.grant(o.user, w.root, w.admin)
	works(w.t, w.SetBreakGlass(w.t.Context(), w.operator, w.ws, o.user, true))
}

// requireSSO needs an administrator who may come in then.
func (w *world) requireSSO() owner {
	w.t.Helper()
	boss := w.owner("boss")
	w.breakGlass(boss)
	w.set(provisioning.SettingRequireSSO, "on")
	return boss
}

func TestEnter_MakesASessionOfTheWorkspace(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.owner("ada")
		b := w.browserOf(ada)
		in := must(b.enter(w.ws))(t)
		p := must(b.ParentOf(t.Context(), b.Parent))(t)
		if in.User.ID != ada.user || in.Session.Workspace != w.ws || in.Session.Parent != p.SignIn.ID || in.Session.Connection != "" || in.Created {
			t.Errorf("in as %+v", in)
		}
		if in.Session.Address != "192.0.2.1" || in.Session.UserAgent != "test browser" {
			t.Errorf("from %q with %q", in.Session.Address, in.Session.UserAgent)
		}
		v := b.viewer()
		if v.User.ID != ada.user || !v.Actor().ProvedAt.Equal(p.SignIn.ProvedAt) {
			t.Errorf("viewer %+v", v)
		}
		if u := w.user(ada.user); u.LastSeenAt.IsZero() {
			t.Error("the user was not seen")
		}
		entries := w.entries("sign_in")
		if len(entries) != 1 || entries[0].Details["method"] != "password" || entries[0].Details["session"] != string(in.Session.ID) || entries[0].Actor.ID != string(ada.user) {
			t.Errorf("entries %+v", entries)
		}
		if len(w.since(0, "session.started")) != 1 {
			t.Error("no event")
		}
	})
}

func TestRule18_AnEnteredSessionLivesNoLongerThanTheWorkspaceSays_NorThanItsParent(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		b := w.browserOf(w.owner("ada"))
		w.set(provisioning.SettingSSOSessionMax, "15m")
		if in := must(b.enter(w.ws))(t); w.lifetime(in).Round(time.Hour) != provisioning.ParentLifetime {
			t.Errorf("lives %v", w.lifetime(in))
		}
		w.set(provisioning.SettingSessionMax, "2h")
		if in := must(b.enter(w.ws))(t); w.lifetime(in) != 2*time.Hour {
			t.Errorf("lives %v, want 2 h", w.lifetime(in))
		}
		late := b.later(provisioning.ParentLifetime - time.Hour)
		if in := must(late.enter(w.ws))(t); w.lifetime(in).Round(time.Minute) != time.Hour {
			t.Errorf("lives %v, want the hour that its parent has left", w.lifetime(in))
		}
	})
}

func TestEnter_AWorkspaceThatTheAccountDoesNotLeadToIsNotFound_ExistingOrNot(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		b := w.browserOf(w.owner("ada"))
		other := w.tenant("Globex")
		_, want := b.enter(newID[provisioning.WorkspaceID]())
		isKind(t, want, provisioning.ErrNotFound, "not_found")
		_, err := b.enter(other.ws)
		sameError(t, err, want)
		_, err = b.enter("no id\x00")
		sameError(t, err, want)
		b.Parent = ""
		_, err = b.enter(other.ws)
		isKind(t, err, provisioning.ErrUnauthenticated, "sign_in")
	})
}

func TestRule19_AnAccountWithAnUnprovedAddressLeadsToItsHomeAlone(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		other := w.tenant("Globex")
		ada := w.owner("ada", func(a *provisioning.Account) { a.EmailProved, a.Home = false, w.ws })
		other.guestOf(ada)
		b := w.browserOf(ada)
		must(b.enter(w.ws))(t)
		_, err := b.enter(other.ws)
		isKind(t, err, provisioning.ErrNotFound, "not_found")
		if doors := must(b.Doors(t.Context(), b.Browser))(t); len(doors) != 1 || doors[0].Workspace.ID != w.ws {
			t.Errorf("doors %+v", doors)
		}
	})
}

// Switching: each workspace by its own rules, nothing typed again.
func TestRule18_APersonInTwoWorkspacesEntersBoth_AndSwitchesWithoutTypingAgain(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		other := w.tenant("Globex")
		ada := w.owner("ada")
		there := other.guestOf(ada)
		b := w.browserOf(ada)
		doors := must(b.Doors(t.Context(), b.Browser))(t)
		if len(doors) != 2 || doors[0].User.ID != ada.user || doors[1].User.ID != there || doors[0].Refusal != "" || doors[0].FactorSetup {
			t.Fatalf("doors %+v", doors)
		}
		secret := b.Parent
		must(b.enter(w.ws))(t)
		first := b.session
		if in := must(b.enter(other.ws))(t); in.User.ID != there {
			t.Errorf("in as %s, want %s", in.User.ID, there)
		}
		second := b.session
		w.alive(first)
		w.alive(second)
		if v := must(w.Authenticate(t.Context(), first))(t); v.Workspace.ID != w.ws {
			t.Error("the first session reaches another workspace")
		}
		must(b.enter(w.ws))(t)
		w.dead(first)
		w.alive(second)
		w.alive(b.session)
		if b.Parent != secret {
			t.Error("switching changed the secret")
		}
	})
}

func TestRule18_EnteringTwiceEndsThatBrowsersEarlierSession_AndNoOther(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.owner("ada")
		phone, laptop := w.inside(ada), w.inside(ada)
		before := laptop.session
		must(laptop.enter(w.ws))(t)
		w.dead(before)
		w.alive(laptop.session)
		w.alive(phone.session)
	})
}

func TestRule18_TheShortestIdleLimitOfTheWorkspacesEnteredBindsThemAll(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		strict := w.tenant("Globex")
		ada := w.owner("ada")
		strict.guestOf(ada)
		strict.set(provisioning.SettingSessionIdle, "15m")
		w.set(provisioning.SettingSessionIdle, "2h")
		b := w.inside(ada)
		lax := b.session
		hour := b.later(time.Hour)
		hour.alive(lax)
		must(hour.enter(strict.ws))(t)
		hour.later(14 * time.Minute).alive(lax)
		hour.later(14 * time.Minute).alive(hour.session)
		late := hour.later(30 * time.Minute)
		late.dead(lax)
		late.dead(hour.session)
		_, err := late.ParentOf(t.Context(), b.Parent)
		isKind(t, err, provisioning.ErrUnauthenticated, "sign_in")
	})
}

func TestRule18_ActivityInOneWorkspaceKeepsTheParent(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w.set(provisioning.SettingSessionIdle, "30m")
		b := w.inside(w.owner("ada"))
		for i := range 4 {
			b.later(time.Duration(i) * 20 * time.Minute).alive(b.session)
		}
		must(b.later(80*time.Minute).ParentOf(t.Context(), b.Parent))(t)
		_, err := b.later(91*time.Minute).ParentOf(t.Context(), b.Parent)
		isKind(t, err, provisioning.ErrUnauthenticated, "sign_in")
	})
}

func TestRule18_AWorkspaceThatRequiresASecondFactorHasItSetUpAtTheFirstSignIn(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		other := w.tenant("Globex")
		ada := w.owner("ada")
		other.guestOf(ada)
		w.set(provisioning.SettingSecondFactor, "on")
		b := w.browserOf(ada)
		_, err := b.enter(w.ws)
		isKind(t, err, provisioning.ErrProve, "second_factor_setup")
		must(b.enter(other.ws))(t)
		doors := must(b.Doors(t.Context(), b.Browser))(t)
		if !doors[0].FactorSetup || doors[1].FactorSetup {
			t.Errorf("doors %+v", doors)
		}
		b.authenticator()
		must(b.enter(w.ws))(t)
		must(w.signIn("00u1", "sso@acme.example"))(t) // never after SSO
	})
}

func TestRule18_APasskeySignInIsBothFactors(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w.set(provisioning.SettingSecondFactor, "on")
		key := w.browserOf(w.owner("ada")).newPasskey()
		b := w.browser("192.0.2.9")
		works(t, b.passkey(key))
		must(b.enter(w.ws))(t)
	})
}

func TestRule18_RequiredSSOBindsItsDomainsAlone(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada, guest := w.owner("ada"), w.owner("guest")
		w.update(func(ctx context.Context, tx *provisioning.Tx) error {
			u, err := tx.Users.Get(ctx, w.ws, guest.user)
			if err != nil {
				return err
			}
			u.Email = "guest@partner.example"
			return tx.Users.Update(ctx, u)
		})
		inside := w.inside(ada)
		w.requireSSO()
		b := w.browserOf(ada)
		_, err := b.enter(w.ws)
		refusedFor(t, err, provisioning.RefusedSSORequired)
		if doors := must(b.Doors(t.Context(), b.Browser))(t); doors[0].Refusal != provisioning.RefusedSSORequired {
			t.Errorf("doors %+v", doors)
		}
		refused := w.entries("sign_in")
		if last := refused[len(refused)-1]; last.Result != "refused" || last.Target != string(ada.user) || last.Details["reason"] != "sso_required" {
			t.Errorf("entry %+v", last)
		}
		must(w.browserOf(guest).enter(w.ws))(t)
		w.alive(inside.session) // what stands goes on until its own end
	})
}

func TestRule18_SSOIsNotRequiredWhereThereIsNoConnectionToComeThrough(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.owner("ada")
		other := w.tenant("Globex")
		works(t, errOf(other.AddDomain(t.Context(), w.operator, other.ws, "acme.example", true)))
		w.requireSSO()
		works(t, errOf(w.DisableConnection(t.Context(), w.operator, w.ws, w.conn.ID)))
		must(w.browserOf(ada).enter(w.ws))(t) // the other tenant's is none
	})
}

func TestRule18_ABreakGlassAdministratorEntersWithAWarning(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		boss := w.requireSSO()
		if w.warned(provisioning.EventBreakGlassUsed) {
			t.Fatal("a warning before anybody came")
		}
		b := w.browserOf(boss)
		must(b.enter(w.ws))(t)
		must(b.enter(w.ws))(t)
		if events := w.since(0, provisioning.EventBreakGlassUsed); len(events) != 2 || !events[0].Warning || events[0].Subject != string(boss.user) {
			t.Errorf("events %+v, want a warning for each use", events)
		}
	})
}

func TestRule18_WhoIsAdministratorNoLongerBreaksNoGlass(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w.requireSSO()
		former := w.owner("former")
		w.breakGlass(former)
		w.grant(former.user, w.paris, w.admin) // of a community alone
		w.grant(former.user, w.lyon, w.guest)
		works(t, w.RevokeRole(t.Context(), w.operator, w.ws, former.user, provisioning.RoleIn{Community: w.root, Role: w.admin}))
		_, err := w.browserOf(former).enter(w.ws)
		refusedFor(t, err, provisioning.RefusedSSORequired)
	})
}

func TestRule8_WhoHasABlockEntersNothing_AndGoesOnElsewhere(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		other := w.tenant("Globex")
		ada := w.owner("ada")
		other.guestOf(ada)
		b := w.inside(ada)
		here := b.session
		must(b.enter(other.ws))(t)
		there := b.session
		works(t, w.SuspendUser(t.Context(), w.operator, w.ws, ada.user))
		w.dead(here)
		w.alive(there)
		_, err := b.enter(w.ws)
		refusedFor(t, err, provisioning.RefusedBlocked)
		doors := must(b.Doors(t.Context(), b.Browser))(t)
		if doors[0].Refusal != provisioning.RefusedBlocked || doors[1].Refusal != "" {
			t.Errorf("doors %+v", doors)
		}
		must(b.enter(other.ws))(t)
		works(t, w.RemoveUser(t.Context(), w.operator, w.ws, ada.user))
		_, err = b.enter(w.ws)
		isKind(t, err, provisioning.ErrNotFound, "not_found")
		w.alive(b.session)
	})
}

// invitedTo stores an open invitation of a user who has an account.
func (w *world) invitedTo(u provisioning.UserID, email string, in provisioning.RoleIn, administers bool) provisioning.InvitationID {
	w.t.Helper()
	i := provisioning.Invitation{
		Workspace: w.ws, ID: newID[provisioning.InvitationID](), User: u, Email: email, SecretHash: []byte("hash"),
		Roles: []provisioning.RoleIn{in}, Administers: administers,
	}
	w.update(func(ctx context.Context, tx *provisioning.Tx) error {
		i.CreatedAt, i.ExpiresAt = tx.Now(), tx.Now().Add(time.Hour)
		return tx.Invitations.Create(ctx, i)
	})
	return i.ID
}

func TestEnter_AcceptsWhatIsOpenToTheAddressThatTheAccountProved(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.owner("ada")
		w.invitedTo(ada.user, ada.Email, provisioning.RoleIn{Community: w.paris, Role: w.guest}, false)
		w.invitedTo(ada.user, ada.Email, provisioning.RoleIn{Community: w.root, Role: w.admin}, true)
		w.invitedTo(ada.user, "another."+ada.Email, provisioning.RoleIn{Community: w.lyon, Role: w.analyst}, false)
		must(w.browserOf(ada).enter(w.ws))(t)
		w.holds(ada.user, "admin in acme", "guest in soc-paris")
		if n := len(w.since(0, "invitation.accepted")); n != 2 {
			t.Errorf("%d accepted, want 2", n)
		}
		shown := w.owner("shown", func(a *provisioning.Account) { a.EmailProved, a.Home = false, w.ws })
		w.invitedTo(shown.user, shown.Email, provisioning.RoleIn{Community: w.paris, Role: w.guest}, false)
		must(w.browserOf(shown).enter(w.ws))(t)
		w.holds(shown.user)
		w.nothingDiffers()
	})
}

func TestParallel_EnteringBesideABlock_NoSessionSurvivesIt(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.owner("ada")
		second := w.besides()
		for range 10 {
			b := w.browserOf(ada)
			errs := together(
				func() error { _, err := b.enter(w.ws); return err },
				func() error { return second.SuspendUser(t.Context(), w.operator, w.ws, ada.user) },
			)
			works(t, errs[1])
			if errs[0] != nil {
				refusedFor(t, errs[0], provisioning.RefusedBlocked)
			}
			if left := w.liveSessions(ada.user); len(left) != 0 {
				t.Fatalf("%d sessions of somebody who is suspended", len(left))
			}
			works(t, w.ReactivateUser(t.Context(), w.operator, w.ws, ada.user))
		}
	})
}

func TestParallel_EnteringBesideASignOut_NoSessionOutlivesItsParent(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		other := w.tenant("Globex")
		ada := w.owner("ada")
		other.guestOf(ada)
		second := w.besides()
		for range 10 {
			b := w.inside(ada)
			leaving := b.viewer()
			errs := together(
				func() error { _, err := b.enter(other.ws); return err },
				func() error { return second.SignOut(t.Context(), leaving) },
			)
			works(t, errs[1])
			if errs[0] != nil && !errors.Is(errs[0], provisioning.ErrUnauthenticated) {
				t.Fatal(errs[0])
			}
			_, err := second.ParentOf(t.Context(), b.Parent)
			isKind(t, err, provisioning.ErrUnauthenticated, "sign_in")
			if left := other.sessionsOf(ada); len(left) != 0 {
				t.Fatalf("%d sessions outlived their parent", len(left))
			}
		}
	})
}

func TestParallel_EnteringOneWorkspaceTwiceAtOnce_OneSessionIsLeft(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.owner("ada")
		second := w.besides()
		for range 5 {
			b := w.browserOf(ada)
			twin := *b
			twin.world = second
			works(t, together(
				func() error { _, err := b.enter(w.ws); return err },
				func() error { _, err := twin.enter(w.ws); return err },
			)...)
			p := must(b.ParentOf(t.Context(), b.Parent))(t)
			left := slices.DeleteFunc(w.liveSessions(ada.user), func(s provisioning.Session) bool { return s.Parent != p.SignIn.ID })
			if len(left) != 1 {
				t.Fatalf("%d sessions of one parent, want 1", len(left))
			}
		}
	})
}

// The secret of a proof is never undone by somebody who enters meanwhile.
func TestParallel_EnteringBesideAProof_TheNewSecretStays(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.owner("ada")
		second := w.besides()
		for range 10 {
			b := w.browserOf(ada)
			twin, old := *b, b.Parent
			errs := together(
				func() error { return b.keep(second.ProvePassword(t.Context(), ada.password, b.Browser)) },
				func() error { _, err := twin.enter(w.ws); return err },
			)
			works(t, errs[0])
			if errs[1] != nil && !errors.Is(errs[1], provisioning.ErrUnauthenticated) {
				t.Fatal(errs[1])
			}
			must(w.ParentOf(t.Context(), b.Parent))(t)
			_, err := w.ParentOf(t.Context(), old)
			isKind(t, err, provisioning.ErrUnauthenticated, "sign_in")
		}
	})
}

// pausedParents lets something begin just before the parent is written.
type pausedParents struct {
	provisioning.ParentSignIns
	once  *sync.Once
	pause func()
}

func (p pausedParents) Update(ctx context.Context, v provisioning.ParentSignIn) error {
	p.once.Do(p.pause)
	return p.ParentSignIns.Update(ctx, v)
}

// Two writers can only be inside at once on PostgreSQL.
func TestParallel_AProofWhileSomebodyEntersWaitsForIt_AndItsSecretStays(t *testing.T) {
	t.Parallel()
	w := newWorld(t, migrated.Postgres(t))
	ada := w.owner("ada")
	b, second := w.browserOf(ada), w.besides()
	proved := make(chan error, 1)
	proof := func() {
		go func() { proved <- b.keep(second.ProvePassword(t.Context(), ada.password, b.Browser)) }()
		select { // with the account locked, it cannot be done yet
		case err := <-proved:
			proved <- err
		case <-time.After(300 * time.Millisecond):
		}
	}
	once := new(sync.Once)
	entering := w.with(func(p *provisioning.Ports) {
		p.Store = hooked{p.Store, func(tx *provisioning.Tx) { tx.Parents = pausedParents{tx.Parents, once, proof} }}
	})
	must(entering.Enter(t.Context(), w.ws, b.Browser))(t)
	works(t, <-proved)
	must(w.ParentOf(t.Context(), b.Parent))(t)
}

func TestParallel_SignInsOfOnePersonInTwoProcesses_BothAreIn(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.owner("ada")
		both := []*browser{w.browser("192.0.2.1"), w.besides().browser("192.0.2.2")}
		for range 5 {
			come := func(b *browser) func() error {
				return func() error {
					if err := b.password(ada.Email, ada.password); err != nil {
						return err
					}
					_, err := b.enter(w.ws)
					return err
				}
			}
			works(t, together(come(both[0]), come(both[1]))...)
			w.alive(both[0].session)
			w.alive(both[1].session)
		}
	})
}

// sessionsOf are the live sessions of an owner in this workspace.
func (w *world) sessionsOf(o owner) (all []provisioning.Session) {
	w.t.Helper()
	works(w.t, w.store.View(w.t.Context(), func(tx *provisioning.Tx) error {
		entered, err := tx.AccountSessions.OfAccount(w.t.Context(), o.ID)
		for _, s := range entered {
			if s.Workspace == w.ws {
				all = append(all, s)
			}
		}
		return err
	}))
	return all
}

func errOf[T any](_ T, err error) error { return err }
