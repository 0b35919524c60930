package provisioning_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"drawbridge/provisioning"
)

// sso is a browser in which somebody of the workspace came through the provider.
func (w *world) sso(subject string) *browser {
	w.t.Helper()
	b := w.browser("192.0.2.3")
	b.session = must(w.signIn(subject, subject+"@acme.example"))(w.t).Secret
	return b
}

func TestSessions_WhoCameInByAnAccountSeesThoseOfEveryWorkspace_AndEverybodyElseTheirOwn(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		other := w.tenant("Globex")
		ada := w.owner("ada")
		other.guestOf(ada)
		phone, laptop := w.inside(ada), w.inside(ada)
		must(phone.enter(other.ws))(t)
		expired := w.inside(ada)
		w.update(func(ctx context.Context, tx *provisioning.Tx) error {
			_, err := tx.Sessions.End(ctx, w.ws, expired.viewer().Session.ID, tx.Now())
			return err
		})
		w.inside(w.owner("bob"))

		mine := must(w.MySessions(t.Context(), laptop.viewer()))(t)
		if len(mine) != 3 {
			t.Fatalf("%d sessions, want three: %+v", len(mine), mine)
		}
		if mine[0].Workspace.ID != other.ws || mine[0].Current || mine[0].Method != provisioning.MethodPassword || mine[0].Connection != "" {
			t.Errorf("newest %+v", mine[0])
		}
		if !mine[1].Current || mine[2].Current || mine[1].Session.Address == "" || mine[1].Workspace.Name != "Acme" {
			t.Errorf("sessions %+v", mine)
		}
		sso := w.sso("00u1")
		w.sso("00u1")
		mine = must(w.MySessions(t.Context(), sso.viewer()))(t)
		if len(mine) != 2 || mine[0].Connection != "Okta" || mine[0].Method != "" || !mine[1].Current {
			t.Errorf("sessions %+v", mine)
		}
	})
}

func TestSessions_WhatIdledOrExpiredIsNotShown(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w.set(provisioning.SettingSessionIdle, "30m")
		ada := w.fresh("00u1")
		w.storedSession(ada, func(s *provisioning.Session) { s.LastSeenAt = s.LastSeenAt.Add(-time.Hour) })
		w.storedSession(ada, func(s *provisioning.Session) { s.ExpiresAt = s.CreatedAt.Add(-time.Second) })
		if all := must(w.UserSessions(t.Context(), w.operator, w.ws, ada))(t); len(all) != 1 { // of the sign-in that made the user
			t.Errorf("sessions %+v", all)
		}
	})
}

func TestSignOut_EndsTheParentAndAllThatWasEnteredFromIt_InEveryWorkspace(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		other := w.tenant("Globex")
		ada := w.owner("ada")
		other.guestOf(ada)
		phone, laptop := w.inside(ada), w.inside(ada)
		here := phone.session
		must(phone.enter(other.ws))(t)
		there := phone.session
		w.alive(here) // a verdict that must be forgotten
		for range 2 {
			works(t, w.SignOut(t.Context(), phone.viewerOf(here)))
		}
		w.dead(here)
		w.dead(there)
		w.alive(laptop.session)
		_, err := w.ParentOf(t.Context(), phone.Parent)
		isKind(t, err, provisioning.ErrUnauthenticated, "sign_in")
		_, err = phone.enter(w.ws)
		isKind(t, err, provisioning.ErrUnauthenticated, "sign_in")
		for _, ws := range []*world{w, other} {
			if len(ws.since(0, "session.ended")) != 1 || len(ws.entries("sign_out")) != 1 {
				t.Errorf("%s heard of %d ends", ws.ws, len(ws.since(0, "session.ended")))
			}
		}
	})
}

// viewerOf is whoever the bridge once took the cookie to be of: a page that was
// opened before the session ended.
func (b *browser) viewerOf(cookie string) (v provisioning.Viewer) {
	b.t.Helper()
	id, _, _ := strings.Cut(cookie, ".")
	works(b.t, b.store.View(b.t.Context(), func(tx *provisioning.Tx) (err error) {
		if v.Session, v.User, err = tx.Sessions.Find(b.t.Context(), provisioning.SessionID(id)); err != nil {
			return err
		}
		v.Workspace, err = tx.Workspaces.Get(b.t.Context(), v.Session.Workspace)
		return err
	}))
	v.Browser = b.Browser
	return v
}

func TestSignOut_OfAParentWithoutASession(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		b := w.browserOf(w.owner("ada"))
		for range 2 {
			works(t, w.SignOutParent(t.Context(), b.Browser))
		}
		_, err := w.ParentOf(t.Context(), b.Parent)
		isKind(t, err, provisioning.ErrUnauthenticated, "sign_in")
	})
}

func TestSessions_EndingOneOfAnotherBrowserEndsItsParent_AndOfThisBrowserTheSessionAlone(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		other := w.tenant("Globex")
		ada := w.owner("ada")
		other.guestOf(ada)
		phone, laptop := w.inside(ada), w.inside(ada)
		phoneHere := phone.session
		must(phone.enter(other.ws))(t)
		laptopHere, v := laptop.session, laptop.viewer()
		must(laptop.enter(other.ws))(t)
		works(t, w.EndMySession(t.Context(), v, phone.viewer().Session.ID))
		w.dead(phone.session)
		w.dead(phoneHere)
		_, err := phone.enter(w.ws)
		isKind(t, err, provisioning.ErrUnauthenticated, "sign_in")

		works(t, w.EndMySession(t.Context(), v, laptop.viewer().Session.ID))
		w.dead(laptop.session)
		w.alive(laptopHere)
		must(laptop.enter(other.ws))(t)

		bob := w.inside(w.owner("bob"))
		err = w.EndMySession(t.Context(), v, bob.viewer().Session.ID)
		isKind(t, err, provisioning.ErrNotFound, "not_found")
		sameError(t, w.EndMySession(t.Context(), v, "no id\x00"), err)
		w.alive(bob.session)

		works(t, w.EndMySession(t.Context(), v, v.Session.ID)) // one's own: signs out
		w.dead(laptopHere)
		w.dead(laptop.session)
	})
}

func TestSessions_EndingAllOthersLeavesTheViewersAlone(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		other := w.tenant("Globex")
		ada := w.owner("ada")
		other.guestOf(ada)
		phone, laptop, idle := w.inside(ada), w.inside(ada), w.browserOf(ada)
		must(phone.enter(other.ws))(t)
		here, v := laptop.session, laptop.viewer()
		must(laptop.enter(other.ws))(t)
		if n := must(w.EndMyOtherSessions(t.Context(), v))(t); n != 3 {
			t.Errorf("%d ended, want three", n)
		}
		w.alive(here)
		w.dead(phone.session)
		w.dead(laptop.session)
		must(w.ParentOf(t.Context(), laptop.Parent))(t)
		for _, b := range []*browser{phone, idle} {
			_, err := w.ParentOf(t.Context(), b.Parent)
			isKind(t, err, provisioning.ErrUnauthenticated, "sign_in")
		}
		if n := must(w.EndMyOtherSessions(t.Context(), v))(t); n != 0 {
			t.Errorf("%d ended the second time", n)
		}
		a, b := w.sso("00u1"), w.sso("00u1")
		if n := must(w.EndMyOtherSessions(t.Context(), a.viewer()))(t); n != 1 {
			t.Errorf("%d ended, want one", n)
		}
		w.alive(a.session)
		w.dead(b.session)
	})
}

func TestRule18_WhoCameThroughAConnectionEndsNothingInAnotherWorkspace(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		other := w.tenant("Globex")
		ada := w.owner("ada")
		other.guestOf(ada)
		b, here := w.inside(ada), w.inside(ada)
		first := b.session
		must(b.enter(other.ws))(t)
		sso := w.browser("192.0.2.3")
		sso.session = must(b.come(provisioning.PendingSignIn{}, "00uada", ada.Email))(t).Secret
		if all := must(w.MySessions(t.Context(), sso.viewer()))(t); len(all) != 3 {
			t.Errorf("%d sessions, want those of this workspace: %+v", len(all), all)
		}
		works(t, w.EndMySession(t.Context(), sso.viewer(), b.viewerOf(first).Session.ID))
		w.dead(first)
		w.alive(here.session)
		if n := must(w.EndMyOtherSessions(t.Context(), sso.viewer()))(t); n != 1 {
			t.Errorf("%d ended, want one", n)
		}
		w.dead(here.session)
		w.alive(b.session)
		w.alive(sso.session)
		must(w.ParentOf(t.Context(), b.Parent))(t)
		_, err := w.ParentOf(t.Context(), here.Parent)
		isKind(t, err, provisioning.ErrUnauthenticated, "sign_in")
	})
}

func TestRule18_EndingAUsersSessionsNeverEndsAnotherWorkspaces(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		other := w.tenant("Globex")
		ada := w.owner("ada")
		other.guestOf(ada)
		b, here := w.inside(ada), w.inside(ada)
		first := b.session
		must(b.enter(other.ws))(t)
		if n := must(w.EndUserSession(t.Context(), w.operator, w.ws, ada.user, ""))(t); n != 2 {
			t.Errorf("%d ended, want two", n)
		}
		w.dead(first)
		w.dead(here.session)
		w.alive(b.session)
		must(w.ParentOf(t.Context(), b.Parent))(t) // leads elsewhere too
		_, err := w.ParentOf(t.Context(), here.Parent)
		isKind(t, err, provisioning.ErrUnauthenticated, "sign_in")
	})
}

func TestSessions_AnAdministratorSeesAndEndsThoseOfTheWorkspace_WithThePermission(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.owner("ada")
		phone, laptop := w.inside(ada), w.inside(ada)
		reader := w.hire("reader", w.root, provisioning.MembersRead)
		editor := w.hire("editor", w.root, provisioning.MembersRead, provisioning.MembersEdit)
		nobody := w.hire("nobody", w.paris, provisioning.MembersRead, provisioning.MembersEdit)
		_, err := w.UserSessions(t.Context(), nobody, w.ws, ada.user)
		isKind(t, err, provisioning.ErrForbidden, "not_permitted")
		if all := must(w.UserSessions(t.Context(), reader, w.ws, ada.user))(t); len(all) != 2 || all[0].Method != provisioning.MethodPassword {
			t.Errorf("sessions %+v", all)
		}
		_, err = w.UserSessions(t.Context(), reader, w.ws, newID[provisioning.UserID]())
		isKind(t, err, provisioning.ErrNotFound, "not_found")
		for _, a := range []provisioning.Actor{reader, nobody} {
			_, err = w.EndUserSession(t.Context(), a, w.ws, ada.user, "")
			isKind(t, err, provisioning.ErrForbidden, "not_permitted")
		}
		w.alive(phone.session)
		if n := must(w.EndUserSession(t.Context(), editor, w.ws, ada.user, phone.viewer().Session.ID))(t); n != 1 {
			t.Errorf("%d ended", n)
		}
		w.dead(phone.session)
		w.alive(laptop.session)
		_, err = w.EndUserSession(t.Context(), editor, w.ws, ada.user, phone.viewerOf(phone.session).Session.ID)
		isKind(t, err, provisioning.ErrNotFound, "not_found")
		bob := w.inside(w.owner("bob"))
		_, err = w.EndUserSession(t.Context(), editor, w.ws, ada.user, bob.viewer().Session.ID)
		isKind(t, err, provisioning.ErrNotFound, "not_found")
		w.alive(bob.session)
	})
}

func TestFreshness_IsOfTheParentsProof_AndEnteringIsNone(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.owner("ada")
		w.breakGlass(ada)
		bob := w.owner("bob")
		w.grant(bob.user, w.root, w.admin)
		name := func(b *browser) error {
			return b.SetBreakGlass(t.Context(), b.viewer().Actor(), w.ws, bob.user, true)
		}
		b := w.inside(ada)
		late := b.later(11 * time.Minute)
		must(late.enter(w.ws))(t)
		isKind(t, name(late), provisioning.ErrProve, "fresh_sign_in")
		works(t, late.keep(late.ProvePassword(t.Context(), ada.password, late.Browser)))
		works(t, name(late))
	})
}

func TestMyself_SaysWhatThereIs(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.owner("ada")
		b := w.inside(ada)
		_, recovery := b.authenticator()
		me := must(w.Myself(t.Context(), b.viewer()))(t)
		if me.Account == nil || me.Account.ID != ada.ID || !me.Factors.TOTP || me.Factors.RecoveryCodes != len(recovery) || !me.MayRename || !me.Fresh {
			t.Errorf("myself %+v", me)
		}
		w.push("00u1", "eve@acme.example")
		sso := w.browser("192.0.2.3")
		sso.session = must(w.signIn("00u1", "eve@acme.example"))(t).Secret
		me = must(w.Myself(t.Context(), sso.viewer()))(t)
		if me.Account != nil || me.Factors.Any() || me.MayRename || !me.Fresh || me.Viewer.User.Record == nil {
			t.Errorf("myself %+v", me)
		}
	})
}

func TestRename_SetsTheNameInTheWorkspace_WhereNoDirectoryOwnsIt(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.owner("ada")
		v := w.inside(ada).viewer()
		works(t, w.Rename(t.Context(), v, "Ada Lovelace"))
		if u := w.user(ada.user); u.DisplayName != "Ada Lovelace" {
			t.Errorf("name %q", u.DisplayName)
		}
		events := len(w.events())
		works(t, w.Rename(t.Context(), v, "Ada Lovelace"))
		if len(w.events()) != events {
			t.Error("a name that changes nothing left an event")
		}
		for _, bad := range []string{"", "  ", "a\x00b", "a\r\nBcc: x@y.example", "\u202egnp.exe", strings.Repeat("a", 1<<20), "\xff"} {
			if err := w.Rename(t.Context(), v, bad); provisioning.Code(err) == "" || provisioning.Detail(err) == "" {
				t.Errorf("%.20q: %v", bad, err)
			}
		}
		w.push("00u1", "eve@acme.example")
		eve := w.browser("192.0.2.3")
		eve.session = must(w.signIn("00u1", "eve@acme.example"))(t).Secret
		isKind(t, w.Rename(t.Context(), eve.viewer(), "Somebody Else"), provisioning.ErrConflict, "managed_by_directory")
	})
}

func TestPurge_WhatNobodyCanUseAnyMoreGoes_AndParentsBehindTheirSessions(t *testing.T) {
	alone(t, func(t *testing.T, w *world) {
		ada := w.owner("ada")
		b := w.inside(ada)
		challenge, _, err := w.browser("192.0.2.3").BeginPasskey(t.Context(), provisioning.Browser{})
		works(t, err)
		found := func() (parent, session, ceremony bool) {
			id, _, _ := strings.Cut(b.Parent, ".")
			works(t, w.store.View(t.Context(), func(tx *provisioning.Tx) error {
				_, _, err := tx.Parents.Find(t.Context(), provisioning.ParentID(id))
				parent = err == nil
				return nil
			}))
			_ = w.store.Update(t.Context(), func(tx *provisioning.Tx) error {
				_, err := tx.Challenges.Take(t.Context(), challenge)
				ceremony = err == nil
				return errors.New("rolled back")
			})
			return parent, len(w.sessionsOf(ada)) > 0, ceremony
		}
		works(t, w.PurgeExpired(t.Context()))
		if p, s, c := found(); !p || !s || !c {
			t.Fatalf("parent %v, session %v, ceremony %v: gone too soon", p, s, c)
		}
		works(t, w.later(time.Hour).PurgeExpired(t.Context()))
		if p, s, c := found(); !p || !s || c {
			t.Errorf("parent %v, session %v, ceremony %v after an hour", p, s, c)
		}
		works(t, w.later(61*24*time.Hour).PurgeExpired(t.Context()))
		if p, s, _ := found(); p || s {
			t.Errorf("parent %v, session %v after two months", p, s)
		}
	})
}

// Whom an administrator's code let in learns nothing of other workspaces, and
// ends nothing there.
func TestMySessions_AnAdministratorsCodeReachesThatWorkspaceAlone(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		boss, ada := w.administrator("boss"), w.proved("ada").in()
		other := w.tenant("Globex")
		ada.joins(other)
		ada.withTOTP()
		session := ada.enters(other)
		limited := ada.without()
		works(t, limited.prove(ada.codeBy(boss.actor(), w, ada.user)))
		v := must(w.Authenticate(t.Context(), limited.enters(w)))(t)
		v.Browser = limited.browser
		for _, s := range must(w.MySessions(t.Context(), v))(t) {
			if s.Workspace.ID != w.ws {
				t.Errorf("lists a session of %s", s.Workspace.Name)
			}
		}
		elsewhere := must(w.Authenticate(t.Context(), session))(t)
		err := w.EndMySession(t.Context(), v, elsewhere.Session.ID)
		isKind(t, err, provisioning.ErrNotFound, "not_found")
		if n := must(w.EndMyOtherSessions(t.Context(), v))(t); n != 0 {
			t.Errorf("%d sessions ended", n)
		}
		w.alive(session)
		if !ada.signedIn() {
			t.Error("the owner was signed out")
		}
	})
}
