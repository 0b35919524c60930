package main

import (
	"net/http"
	"strings"
	"syscall"
	"testing"

	"drawbridge/internal/app"
	"drawbridge/internal/testenv"
	"drawbridge/provisioning"
)

func TestMailByCommandsOnSQLite(t *testing.T) {
	t.Parallel()
	testMail(t)
}

func TestMailByCommandsOnPostgreSQL(t *testing.T) {
	t.Parallel()
	testMail(t, "DRAWBRIDGE_DATABASE_URL="+testenv.Postgres(t), "DRAWBRIDGE_SECRET_KEY="+otherKey)
}

// testMail invites while no server runs: the mail waits, and goes out once one
// does. No command shows the link, nor says whether the person was known.
func testMail(t *testing.T, env ...string) {
	server := testenv.NewSMTP(t, testenv.SMTPOptions{Security: testenv.Plaintext})
	listen, url := onFreePort(t)
	i := newInstallation(t, append(env, listen, "DRAWBRIDGE_SMTP_URL="+server.URL(), "DRAWBRIDGE_MAIL_FROM=bridge@acme.example")...)
	i.ok("workspace", "create", "--name", "Acme", "--admin-email", "owner@acme.example")
	var invited []invitedView
	i.json(&invited, "invitation", "create", "--workspace", "acme", "--to", "acme=guest", "--email", "ada@partner.example")
	if len(invited) != 1 || invited[0].Result != provisioning.InviteAdded || invited[0].URL != "" {
		t.Errorf("invitation create answers %+v", invited)
	}
	if out := i.ok("invitation", "create", "--workspace", "acme", "--to", "acme=guest", "--email", "bob@partner.example"); strings.Contains(out, "token") {
		t.Errorf("invitation create prints %q", out)
	}
	var waiting, sent []mailView
	i.json(&waiting, "mail", "list", "--workspace", "acme", "--status", "waiting")
	if len(waiting) != 2 || waiting[1].To != "ada@partner.example" || waiting[1].Kind != provisioning.MailInvitation {
		t.Fatalf("mail list answers %+v", waiting)
	}
	i.fails(exitFailure, "cannot be sent again", "mail", "retry", string(waiting[0].ID))

	running := i.serve()
	text := server.AwaitTo(t, "ada@partner.example", 1)[0].Open(t).Text
	_, token, found := strings.Cut(text, url+"/invitation?token=")
	if !found {
		t.Fatalf("the mail says %q", text)
	}
	if status := statusOf(t, url+"/invitation?token="+strings.Fields(token)[0]); status != http.StatusOK {
		t.Errorf("the link answers %d", status)
	}
	server.AwaitTo(t, "bob@partner.example", 1)
	running.stop(syscall.SIGTERM)
	if i.json(&sent, "mail", "list", "--status", "sent"); len(sent) != 2 || sent[0].SettledAt.IsZero() {
		t.Errorf("mail list answers %+v", sent)
	}

	var resent invitationView
	var all []invitationView
	i.json(&all, "invitation", "list", "--workspace", "acme")
	i.json(&resent, "invitation", "resend", string(all[0].ID))
	if resent.Email != "bob@partner.example" || resent.URL != "" {
		t.Errorf("invitation resend answers %+v", resent)
	}
}

func TestDoctorSendsATestMail(t *testing.T) {
	t.Parallel()
	smtp := func(findings []app.Finding) (last app.Finding) {
		for _, f := range findings {
			if f.Check == "smtp" {
				last = f
			}
		}
		return last
	}
	server := testenv.NewSMTP(t, testenv.SMTPOptions{Security: testenv.Plaintext})
	i := newInstallation(t)
	var findings []app.Finding
	sending := i.with("DRAWBRIDGE_SMTP_URL="+server.URL(), "DRAWBRIDGE_MAIL_FROM=bridge@acme.example")
	sending.json(&findings, "doctor", "--mail-to", "ada@partner.example")
	if found := smtp(findings); found.Status != app.StatusOK || !strings.Contains(found.Detail, "ada@partner.example") {
		t.Errorf("doctor finds %+v", found)
	}
	server.AwaitTo(t, "ada@partner.example", 1)

	if r := i.run("doctor", "--mail-to", "ada@partner.example"); r.code != exitFailure || !strings.Contains(r.out, "No mail goes out") {
		t.Errorf("without a mail server: %+v", r)
	}
	server.Stop()
	if r := sending.run("doctor", "--mail-to", "ada@partner.example"); r.code != exitFailure || !strings.Contains(r.out, "No test mail was sent") {
		t.Errorf("with a mail server that is down: %+v", r)
	}
}
