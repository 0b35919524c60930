package apptest_test

import (
	"testing"
	"time"

	"drawbridge/internal/apptest"
	"drawbridge/provisioning"
)

// TestInactivityRuleRunsOnceHoweverManyReplicas: whoever serves runs it, and one
// block comes of it.
func TestInactivityRuleRunsOnceHoweverManyReplicas(t *testing.T) {
	apptest.OnBoth(t, func(t *testing.T, e apptest.Engine) {
		i := newInstallation(t, e)
		var link string
		i.withSite(t, func(s *site) { link = s.invitationLink(s.invite(t, "ada@acme.example").Link) })
		first := i.serve(t)
		ada := apptest.NewBrowser(t)
		wantPage(t, accept(ada, ada.Open(link), "Ada Lovelace"), 200, "Ada Lovelace")
		first.stop()

		var user provisioning.UserID
		i.withSite(t, func(s *site) { user = s.asleep(t, "ada@acme.example") })
		replicas := []*process{i.serve(t)}
		if i.settings["redis_url"] != "" { // the embedded way has one
			replicas = append(replicas, i.elsewhere(t).serve(t), i.elsewhere(t).serve(t))
		}
		i.withSite(t, func(s *site) { s.wantBlockedOnce(t, user) })
		for _, p := range replicas {
			p.stop()
		}
	})
}

// elsewhere is another address of the installation.
func (i installation) elsewhere(t testing.TB) installation {
	t.Helper()
	return newInstallation(t, apptest.Engine{
		Database: func(testing.TB) string { return i.settings["database_url"] },
		Redis:    func(testing.TB) string { return i.settings["redis_url"] },
	})
}

// asleep turns the rule on, and makes it a hundred days since the person was here.
func (s *site) asleep(t testing.TB, email string) provisioning.UserID {
	t.Helper()
	if err := s.Service.SetSetting(t.Context(), operator, s.ws.ID, provisioning.SettingInactivity, "90d"); err != nil {
		t.Fatal(err)
	}
	user, err := s.Service.FindUser(t.Context(), s.ws.ID, email)
	if err != nil {
		t.Fatal(err)
	}
	err = s.Store.Update(t.Context(), func(tx *provisioning.Tx) error {
		return tx.Users.Touch(t.Context(), s.ws.ID, user.ID, tx.Now().Add(-100*24*time.Hour))
	})
	if err != nil {
		t.Fatal(err)
	}
	return user.ID
}

// wantBlockedOnce waits for the block, and checks that one event tells of it.
func (s *site) wantBlockedOnce(t *testing.T, user provisioning.UserID) {
	t.Helper()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	deadline := time.After(patience)
	for {
		u, err := s.Service.FindUser(t.Context(), s.ws.ID, string(user))
		if err != nil {
			t.Fatal(err)
		}
		if u.Blocked(provisioning.BlockInactivity) {
			break
		}
		select {
		case <-again.C:
		case <-deadline:
			t.Fatal("nobody blocked who was not here for a hundred days")
		}
	}
	blocked := 0
	err := s.Store.View(t.Context(), func(tx *provisioning.Tx) error {
		events, err := tx.Events.List(t.Context(), s.ws.ID, "", 1000)
		for _, e := range events {
			if e.Type == provisioning.EventUserBlocked && e.Subject == string(user) {
				blocked++
			}
		}
		return err
	})
	if err != nil || blocked != 1 {
		t.Errorf("%d events tell of the block, %v", blocked, err)
	}
}
