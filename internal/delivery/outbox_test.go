package delivery_test

import (
	"context"
	"fmt"
	"log/slog"
	netmail "net/mail"
	"slices"
	"sync"
	"testing"
	"time"

	"drawbridge/config"
	"drawbridge/internal/app"
	"drawbridge/internal/apptest"
	"drawbridge/internal/delivery"
	"drawbridge/internal/mail"
	"drawbridge/internal/testenv"
	"drawbridge/provisioning"
)

var operator = provisioning.Operator()

// office is a workspace that invites people by mail.
type office struct {
	t      *testing.T
	config config.Config
	server *testenv.SMTP
	core   *app.Core
	ws     provisioning.WorkspaceID
	guest  provisioning.InviteRequest

	mu      sync.Mutex
	workers []*delivery.Worker
}

// onBoth runs a test on both engines, each beside a mail server that wants TLS and
// a password.
func onBoth(t *testing.T, test func(*testing.T, *office)) {
	t.Helper()
	apptest.OnBoth(t, func(t *testing.T, e apptest.Engine) { test(t, newOffice(t, e)) })
}

func newOffice(t *testing.T, e apptest.Engine) *office {
	t.Helper()
	server := testenv.NewSMTP(t, testenv.SMTPOptions{Security: testenv.ImplicitTLS, User: "bridge", Password: "s3cret"})
	c, err := config.Load(config.Sources{Flags: map[string]string{
		"public_url": "https://bridge.acme.example", "data_dir": t.TempDir(), "database_url": e.Database(t), "redis_url": e.Redis(t),
		"secret_key": apptest.SecretKey, "smtp_url": server.URL(), "mail_from": "Acme <access@acme.example>",
	}})
	if err != nil {
		t.Fatal(err)
	}
	o := &office{t: t, config: c, server: server}
	o.core = o.process(app.MigrateUp)
	o.found()
	return o
}

// process is another one on the same database.
func (o *office) process(mode app.MigrateMode) *app.Core {
	o.t.Helper()
	core, err := app.Open(o.t.Context(), o.config, slog.New(slog.DiscardHandler), mode)
	if err != nil {
		o.t.Fatal(err)
	}
	o.t.Cleanup(func() { core.Close() })
	return core
}

// found makes the workspace, whose administrator's link is told instead of mailed.
func (o *office) found() {
	o.t.Helper()
	ctx := o.t.Context()
	made, err := o.core.Service.CreateWorkspace(ctx, operator, provisioning.NewWorkspace{Name: "Acme", AdminEmail: "owner@acme.example"})
	if err != nil {
		o.t.Fatal(err)
	}
	role, err := o.core.Service.FindRole(ctx, made.Workspace.ID, provisioning.RoleGuest)
	if err != nil {
		o.t.Fatal(err)
	}
	o.ws = made.Workspace.ID
	o.guest = provisioning.InviteRequest{Roles: []provisioning.RoleIn{{Community: made.Root.ID, Role: role.ID}}}
}

func (o *office) invite(email string) provisioning.InviteResult {
	o.t.Helper()
	result, err := o.core.Service.Invite(o.t.Context(), operator, o.ws, o.guest, email)
	if err != nil || result.Outcome != provisioning.InviteAdded || result.Link != "" {
		o.t.Fatalf("inviting %s: %+v, %v", email, result, err)
	}
	o.wake()
	return result
}

// wake tells every worker that there are mails, as the bus does.
func (o *office) wake() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, w := range o.workers {
		w.Wake()
	}
}

// work runs a worker of a process until the test ends.
func (o *office) work(outbox delivery.Outbox) {
	o.t.Helper()
	sender, err := mail.New(mail.Options{URL: o.server.URL(), From: netmail.Address{Address: "access@acme.example"}, Hello: "bridge.acme.example", TLS: o.server.TLS()})
	if err != nil {
		o.t.Fatal(err)
	}
	w, err := delivery.NewWorker(delivery.Options{Outbox: outbox, Sender: sender, Public: o.config.PublicURL, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		o.t.Fatal(err)
	}
	o.mu.Lock()
	o.workers = append(o.workers, w)
	o.mu.Unlock()
	ctx, cancel := context.WithCancel(context.WithoutCancel(o.t.Context()))
	var running sync.WaitGroup
	running.Go(func() { w.Run(ctx) })
	o.t.Cleanup(func() { cancel(); running.Wait() })
}

// impatient is an outbox in which nothing waits for another attempt.
type impatient struct {
	*provisioning.Service
	office *office
}

// SettleMail implements delivery.Outbox.
func (i impatient) SettleMail(ctx context.Context, c provisioning.Claimed, m provisioning.MailOutcome) (bool, error) {
	m.Retry = 0
	ours, err := i.Service.SettleMail(ctx, c, m)
	i.office.wake()
	return ours, err
}

// stand waits until as many mails stand so, and returns those.
func (o *office) stand(state provisioning.DeliveryState, n int) []provisioning.Posted {
	o.t.Helper()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	deadline := time.After(90 * time.Second)
	for {
		found, err := o.core.Service.Mails(o.t.Context(), operator, o.ws, provisioning.DeliveryQuery{State: state})
		if err != nil {
			o.t.Fatal(err)
		}
		if len(found) == n {
			return found
		}
		select {
		case <-again.C:
		case <-deadline:
			o.t.Fatalf("%d mails are %s, want %d: %+v", len(found), state, n, found)
		}
	}
}

// TestSeveralProcessesSendEachMailOnce: eight workers on one database, each a
// process of its own.
func TestSeveralProcessesSendEachMailOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, o *office) {
		const mails, early = 60, 30
		for i := range early {
			o.invite(fmt.Sprintf("person%d@acme.example", i))
		}
		for range 8 {
			o.work(o.process(app.MigrateEmpty).Service)
		}
		for i := early; i < mails; i++ {
			o.invite(fmt.Sprintf("person%d@acme.example", i))
		}
		o.stand(provisioning.DeliverySent, mails)
		got := map[string]int{}
		for _, m := range o.server.Mails() {
			got[m.To]++
			if !m.Secure || m.From != "access@acme.example" {
				t.Errorf("a mail came from %s, over TLS: %v", m.From, m.Secure)
			}
		}
		for to, n := range got {
			if n != 1 {
				t.Errorf("%s got %d mails", to, n)
			}
		}
		if len(got) != mails {
			t.Errorf("%d of %d got a mail", len(got), mails)
		}
	})
}

func TestServerThatIsDownGetsTheMailLater(t *testing.T) {
	onBoth(t, func(t *testing.T, o *office) {
		o.server.Stop()
		o.invite("ada@acme.example")
		o.work(impatient{o.core.Service, o})
		for {
			if m := o.stand(provisioning.DeliveryWaiting, 1)[0]; m.Attempts > 1 {
				if m.Error == "" || m.SettledAt.After(m.CreatedAt) {
					t.Errorf("after %d attempts it stands as %+v", m.Attempts, m)
				}
				break
			}
		}
		o.server.Start(t)
		opened := o.server.AwaitTo(t, "ada@acme.example", 1)[0].Open(t)
		if links := opened.Links(); len(links) == 0 || opened.Subject != "You are invited to Acme" {
			t.Errorf("it reads %q, with the links %q", opened.Subject, links)
		}
		if m := o.stand(provisioning.DeliverySent, 1)[0]; m.Error != "" || m.Attempts < 2 {
			t.Errorf("it stands as %+v", m)
		}
	})
}

func TestRefusedRecipientHoldsNobodyUpAndCanBeSentAgain(t *testing.T) {
	onBoth(t, func(t *testing.T, o *office) {
		o.server.OnRecipient(func(to string) error {
			if to == "eve@acme.example" {
				return testenv.Reply(550, "No such user")
			}
			return nil
		})
		for _, email := range []string{"eve@acme.example", "ada@acme.example", "grace@acme.example"} {
			o.invite(email)
		}
		o.work(o.core.Service)
		o.stand(provisioning.DeliverySent, 2)
		dead := o.stand(provisioning.DeliveryDead, 1)[0]
		if dead.To != "eve@acme.example" || dead.Attempts != 1 || dead.Error != "The mail server 127.0.0.1 does not take this recipient: 550 5.0.0 No such user" {
			t.Errorf("it stands as %+v", dead)
		}
		if n := len(o.server.To("eve@acme.example")); n != 0 {
			t.Errorf("%d mails were taken", n)
		}
		o.server.OnRecipient(nil)
		if err := o.core.Service.RetryMail(t.Context(), operator, o.ws, dead.ID); err != nil {
			t.Fatal(err)
		}
		o.wake()
		o.server.AwaitTo(t, "eve@acme.example", 1)
		o.stand(provisioning.DeliverySent, 3)
	})
}

func TestTemporaryFailureIsTriedAgain(t *testing.T) {
	onBoth(t, func(t *testing.T, o *office) {
		var mu sync.Mutex
		refusals := 3
		o.server.OnText(func(testenv.Received) error {
			mu.Lock()
			defer mu.Unlock()
			if refusals--; refusals >= 0 {
				return testenv.Reply(451, "Come again")
			}
			return nil
		})
		o.invite("ada@acme.example")
		o.work(impatient{o.core.Service, o})
		if m := o.stand(provisioning.DeliverySent, 1)[0]; m.Attempts != 4 {
			t.Errorf("it took %d attempts", m.Attempts)
		}
		if n := len(o.server.Mails()); n != 1 {
			t.Errorf("%d mails were taken", n)
		}
	})
}

func TestAttemptsHaveAnEnd(t *testing.T) {
	onBoth(t, func(t *testing.T, o *office) {
		o.server.OnText(func(testenv.Received) error { return testenv.Reply(451, "Come again") })
		o.invite("ada@acme.example")
		o.work(impatient{o.core.Service, o})
		if m := o.stand(provisioning.DeliveryDead, 1)[0]; m.Attempts != 12 || m.Error == "" {
			t.Errorf("it was given up as %+v", m)
		}
	})
}

// TestDroppedBehindTheText: nobody can know whether the server took it, so it is
// sent again, and the copy says that it is one.
func TestDroppedBehindTheText(t *testing.T) {
	onBoth(t, func(t *testing.T, o *office) {
		first := make(chan struct{}, 1)
		first <- struct{}{}
		o.server.OnText(func(testenv.Received) error {
			select {
			case <-first:
				return testenv.ErrDrop
			default:
				return nil
			}
		})
		o.invite("ada@acme.example")
		o.work(impatient{o.core.Service, o})
		sent := o.stand(provisioning.DeliverySent, 1)[0]
		wantCopies(t, o.server.Mails(), sent.ID)
	})
}

// wantCopies checks that both are the same mail.
func wantCopies(t *testing.T, copies []testenv.Received, id provisioning.DeliveryID) {
	t.Helper()
	if len(copies) != 2 {
		t.Fatalf("%d copies came", len(copies))
	}
	one, two := copies[0].Open(t), copies[1].Open(t)
	if one.Text != two.Text || one.HTML != two.HTML || one.Subject != two.Subject || one.Header.Get("Date") != two.Header.Get("Date") {
		t.Errorf("the copies differ:\n%s\n%s", one.Text, two.Text)
	}
	want := string(id) + "@bridge.acme.example"
	if got := []string{copies[0].MessageID(t), copies[1].MessageID(t)}; !slices.Equal(got, []string{want, want}) {
		t.Errorf("the copies are %q, want twice %s", got, want)
	}
}

// mortal is the outbox of a process that dies between the server's word and the
// commit: it claims once, and stores nothing. Its lease is short, so that the test
// need not wait long for its end.
type mortal struct {
	*provisioning.Service
	once *sync.Once
	died chan struct{}
}

// ClaimMails implements delivery.Outbox.
func (m mortal) ClaimMails(ctx context.Context, _ time.Duration, limit int) (mails []provisioning.Claimed, err error) {
	m.once.Do(func() { mails, err = m.Service.ClaimMails(ctx, 500*time.Millisecond, limit) })
	return mails, err
}

// SettleMail implements delivery.Outbox.
func (m mortal) SettleMail(context.Context, provisioning.Claimed, provisioning.MailOutcome) (bool, error) {
	close(m.died)
	return false, nil
}

// keepLooking spares the test the 30 seconds after which workers look again.
func (o *office) keepLooking() {
	again := time.NewTicker(100 * time.Millisecond)
	stop := make(chan struct{})
	o.t.Cleanup(func() { again.Stop(); close(stop) })
	go func() {
		for {
			select {
			case <-again.C:
				o.wake()
			case <-stop:
				return
			}
		}
	}()
}

// TestCrashBetweenTheServersWordAndTheCommit: the mail goes out a second time, once
// the lease is over, with the same Message-ID; and not a third time.
func TestCrashBetweenTheServersWordAndTheCommit(t *testing.T) {
	onBoth(t, func(t *testing.T, o *office) {
		o.invite("ada@acme.example")
		dying := mortal{o.core.Service, new(sync.Once), make(chan struct{})}
		o.work(dying)
		<-dying.died
		o.work(o.process(app.MigrateEmpty).Service)
		o.keepLooking()
		sent := o.stand(provisioning.DeliverySent, 1)[0]
		wantCopies(t, o.server.Mails(), sent.ID)
		if sent.Attempts != 2 {
			t.Errorf("it stands as %+v", sent)
		}
	})
}

// TestCancelledInvitationIsNotMailed, nor is the old link of one that was sent
// again.
func TestCancelledInvitationIsNotMailed(t *testing.T) {
	onBoth(t, func(t *testing.T, o *office) {
		ada, grace := o.invite("ada@acme.example"), o.invite("grace@acme.example")
		if err := o.core.Service.CancelInvitation(t.Context(), operator, o.ws, ada.Invitation.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := o.core.Service.ResendInvitation(t.Context(), operator, o.ws, grace.Invitation.ID); err != nil {
			t.Fatal(err)
		}
		o.work(o.core.Service)
		o.stand(provisioning.DeliverySent, 1)
		o.stand(provisioning.DeliveryDropped, 2)
		if mails := o.server.Mails(); len(mails) != 1 || mails[0].To != "grace@acme.example" {
			t.Errorf("%d mails went out", len(mails))
		}
	})
}

// TestLinkOfAMailOpensItsInvitation reads what went out as its reader does.
func TestLinkOfAMailOpensItsInvitation(t *testing.T) {
	onBoth(t, func(t *testing.T, o *office) {
		o.invite("ada@acme.example")
		o.work(o.core.Service)
		opened := o.server.AwaitTo(t, "ada@acme.example", 1)[0].Open(t)
		const page = "https://bridge.acme.example/invitation?token="
		links := opened.Links()
		if len(links) != 1 || len(links[0]) <= len(page) || links[0][:len(page)] != page {
			t.Fatalf("the links are %q", links)
		}
		invited, err := o.core.Service.OpenInvitation(t.Context(), links[0][len(page):])
		if err != nil || invited.Invitation.Email != "ada@acme.example" {
			t.Errorf("the link opens %+v, %v", invited, err)
		}
	})
}
