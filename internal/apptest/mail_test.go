package apptest_test

import (
	"log/slog"
	"testing"
	"time"

	"drawbridge/internal/app"
	"drawbridge/internal/apptest"
	"drawbridge/internal/testenv"
	"drawbridge/provisioning"
)

// soon is how quickly a mail goes out that nobody had to look for: workers look by
// themselves every 30 seconds.
const soon = 15 * time.Second

// TestMailGoesOutAtOnce: whatever process writes it, one that serves is woken; and
// of two that are, one sends it.
func TestMailGoesOutAtOnce(t *testing.T) {
	apptest.OnBoth(t, func(t *testing.T, e apptest.Engine) {
		server := testenv.NewSMTP(t, testenv.SMTPOptions{User: "bridge", Password: "a-password"})
		o := apptest.Options{Database: e.Database(t), Redis: e.Redis(t), Mail: server}
		s := newSite(t, apptest.Start(t, o), "acme")
		others := map[string]*provisioning.Service{"grace@partner.example": s.Service, "alan@partner.example": s.Service}
		if o.Redis != "" { // one process is all that the embedded way has
			others["grace@partner.example"] = apptest.Start(t, o).Service
			others["alan@partner.example"] = command(t, s).Service
		}
		others["ada@partner.example"] = s.Service
		for email, service := range others {
			begin := time.Now()
			result, err := service.Invite(t.Context(), operator, s.ws.ID, s.asRole(t, provisioning.RoleGuest), email)
			if err != nil || result.Outcome != provisioning.InviteAdded {
				t.Fatalf("inviting %s: %+v, %v", email, result, err)
			}
			server.AwaitTo(t, email, 1)
			if took := time.Since(begin); took > soon {
				t.Errorf("the mail to %s went out after %v", email, took)
			}
		}
		if n := len(server.Mails()); n != len(others) {
			t.Errorf("%d mails went out, want %d", n, len(others))
		}
	})
}

// command is a process that serves nobody, on the database of the site.
func command(t *testing.T, s *site) *app.Core {
	t.Helper()
	core, err := app.Open(t.Context(), s.Config, slog.New(slog.DiscardHandler), app.MigrateEmpty)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { core.Close() })
	return core
}
