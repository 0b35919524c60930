package mail

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"strings"
	"testing"
	"time"

	"drawbridge/internal/testenv"
)

var sender = netmail.Address{Name: "Acme access", Address: "access@acme.example"}

// aMessage is to Ada.
func aMessage() Message {
	return Message{
		ID: "dlv_1@bridge.acme.example", To: "ada@acme.example", Subject: "Eve Example invites you to SOC Paris",
		Text: "Come in.\n", HTML: "<p>Come in.</p>", Date: time.Date(2026, 5, 3, 10, 0, 0, 0, time.UTC),
	}
}

// to returns a Sender for a server that is treated as if it were on another host.
func to(t *testing.T, server *testenv.SMTP) *Sender {
	t.Helper()
	s := sendTo(t, server.URL(), server.TLS())
	s.loopback = false
	return s
}

func sendTo(t *testing.T, url string, config *tls.Config) *Sender {
	t.Helper()
	s, err := New(Options{URL: url, From: sender, Hello: "bridge.acme.example", TLS: config})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// wantError checks what became of a message, and what an administrator reads.
func wantError(t *testing.T, err error, outcome Outcome, part string) {
	t.Helper()
	var failed *Error
	switch {
	case !errors.As(err, &failed):
		t.Fatalf("got %v", err)
	case failed.Outcome != outcome || !strings.Contains(failed.Detail, part):
		t.Errorf("outcome %d: %q; want %d with %q", failed.Outcome, failed.Detail, outcome, part)
	case strings.Contains(failed.Detail, "hunter2") || strings.ContainsAny(failed.Detail, "\r\n"):
		t.Errorf("an administrator reads %q", failed.Detail)
	}
}

func TestSend(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]testenv.SMTPOptions{
		"STARTTLS":           {},
		"STARTTLS with AUTH": {User: "bridge", Password: "hunter2"},
		"TLS with AUTH":      {Security: testenv.ImplicitTLS, User: "bridge", Password: "hunter2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := testenv.NewSMTP(t, o)
			s := to(t, server)
			if err := s.Check(t.Context()); err != nil {
				t.Fatal(err)
			}
			if n := len(server.Mails()); n != 0 {
				t.Errorf("a check sent %d mails", n)
			}
			if err := s.Send(t.Context(), aMessage()); err != nil {
				t.Fatal(err)
			}
			mail := server.Await(t, 1)[0]
			if !mail.Secure || mail.From != sender.Address || mail.To != "ada@acme.example" {
				t.Errorf("it came from %s to %s, over TLS: %v", mail.From, mail.To, mail.Secure)
			}
			wantMail(t, mail)
		})
	}
}

func wantMail(t *testing.T, mail testenv.Received) {
	t.Helper()
	opened := mail.Open(t)
	if opened.Subject != aMessage().Subject || opened.Text != "Come in.\n" || opened.HTML != "<p>Come in.</p>" {
		t.Errorf("it says %q: %q, %q", opened.Subject, opened.Text, opened.HTML)
	}
	want := map[string]string{
		"From": `"Acme access" <access@acme.example>`, "To": "<ada@acme.example>", "Message-Id": "<dlv_1@bridge.acme.example>",
		"Date": "Sun, 03 May 2026 10:00:00 +0000", "Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All", "Mime-Version": "1.0",
	}
	for name, text := range want {
		if got := opened.Header.Get(name); got != text {
			t.Errorf("%s is %q", name, got)
		}
	}
	for name := range opened.Header {
		if _, known := want[name]; !known && name != "Subject" && name != "Content-Type" {
			t.Errorf("there is a header %s: %q", name, opened.Header.Get(name))
		}
	}
}

func TestLoopbackNeedsNoTLSAndNoCertificate(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]testenv.SMTPOptions{
		"plain":                                 {Security: testenv.Plaintext},
		"plain with AUTH":                       {Security: testenv.Plaintext, User: "bridge", Password: "hunter2"},
		"a certificate that nobody vouches for": {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := testenv.NewSMTP(t, o)
			if err := sendTo(t, server.URL(), nil).Send(t.Context(), aMessage()); err != nil {
				t.Fatal(err)
			}
			if mail := server.Await(t, 1)[0]; mail.Secure != (o.Security == testenv.StartTLS) {
				t.Errorf("over TLS: %v", mail.Secure)
			}
		})
	}
}

func TestWhatIsNotEncryptedIsNotSent(t *testing.T) {
	t.Parallel()
	strangers := &tls.Config{RootCAs: x509.NewCertPool()}
	t.Run("STARTTLS is not offered", func(t *testing.T) {
		t.Parallel()
		server := testenv.NewSMTP(t, testenv.SMTPOptions{Security: testenv.Plaintext, User: "bridge", Password: "hunter2"})
		wantError(t, to(t, server).Send(t.Context(), aMessage()), Delayed, "cannot be encrypted: STARTTLS is not offered.")
	})
	t.Run("STARTTLS with an unknown certificate", func(t *testing.T) {
		t.Parallel()
		server := testenv.NewSMTP(t, testenv.SMTPOptions{})
		s := sendTo(t, server.URL(), strangers)
		s.loopback = false
		wantError(t, s.Send(t.Context(), aMessage()), Delayed, "its certificate is not trusted")
		wantNothing(t, server)
	})
	t.Run("TLS with an unknown certificate, on loopback too", func(t *testing.T) {
		t.Parallel()
		server := testenv.NewSMTP(t, testenv.SMTPOptions{Security: testenv.ImplicitTLS})
		wantError(t, sendTo(t, server.URL(), strangers).Send(t.Context(), aMessage()), Delayed, "its certificate is not trusted")
		wantNothing(t, server)
	})
	t.Run("a certificate of another host", func(t *testing.T) {
		t.Parallel()
		server := testenv.NewSMTP(t, testenv.SMTPOptions{})
		s := to(t, server)
		s.tls.ServerName = "mail.acme.example"
		wantError(t, s.Send(t.Context(), aMessage()), Delayed, "its certificate is not trusted")
		wantNothing(t, server)
	})
	t.Run("a port without TLS", func(t *testing.T) {
		t.Parallel()
		server := testenv.NewSMTP(t, testenv.SMTPOptions{Security: testenv.Plaintext})
		url := strings.Replace(server.URL(), "smtp://", "smtps://", 1)
		wantError(t, sendTo(t, url, server.TLS()).Send(t.Context(), aMessage()), Delayed, "smtps:// for TLS from the start")
		wantNothing(t, server)
	})
}

func wantNothing(t *testing.T, server *testenv.SMTP) {
	t.Helper()
	if n := len(server.Mails()); n != 0 {
		t.Errorf("%d mails were sent", n)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	recipient := func(code int, text string) func(*testenv.SMTP) {
		return func(s *testenv.SMTP) { s.OnRecipient(func(string) error { return testenv.Reply(code, text) }) }
	}
	text := func(code int, text string) func(*testenv.SMTP) {
		return func(s *testenv.SMTP) { s.OnText(func(testenv.Received) error { return testenv.Reply(code, text) }) }
	}
	tests := map[string]struct {
		arrange func(*testenv.SMTP)
		outcome Outcome
		detail  string
	}{
		"no such recipient":                     {recipient(550, "No such user"), Refused, "does not take this recipient: 550 "},
		"greylisted":                            {recipient(451, "Come again"), Delayed, "does not take this recipient: 451 "},
		"mailbox full":                          {recipient(552, "Mailbox full"), Delayed, "does not take this recipient: 552 "},
		"a password is asked for":               {recipient(530, "Authenticate first"), Delayed, "530 "},
		"spam":                                  {text(554, "Looks like spam"), Refused, "does not take this mail: 554 "},
		"out of space":                          {text(452, "No space"), Delayed, "does not take this mail: 452 "},
		"the recipient's name is told":          {recipient(550, "<Ada@acme.example>: unknown"), Refused, "<Ada@acme.example>: unknown"},
		"addresses of others are not":           {recipient(550, "ask postmaster@mail.test about ada@acme.example."), Refused, "ask (an address) about ada@acme.example."},
		"long, of many lines, with other signs": {recipient(550, "a\u202e\x1b[31m"+strings.Repeat("x", 5000)), Refused, "a[31mxxx"},
		"dropped behind the text":               {func(s *testenv.SMTP) { s.OnText(func(testenv.Received) error { return testenv.ErrDrop }) }, Unknown, "has the mail and did not say"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := testenv.NewSMTP(t, testenv.SMTPOptions{})
			test.arrange(server)
			err := to(t, server).Send(t.Context(), aMessage())
			wantError(t, err, test.outcome, test.detail)
			if len(err.Error()) > 400 {
				t.Errorf("an administrator reads %d bytes", len(err.Error()))
			}
		})
	}
}

func TestWrongPassword(t *testing.T) {
	t.Parallel()
	server := testenv.NewSMTP(t, testenv.SMTPOptions{User: "bridge", Password: "s3cret"})
	s := to(t, server)
	s.password = "hunter2"
	wantError(t, s.Send(t.Context(), aMessage()), Delayed, "does not take the user and password of DRAWBRIDGE_SMTP_URL: 535 ")
	wantError(t, s.Check(t.Context()), Delayed, "535 ")
	s.user = ""
	wantError(t, s.Send(t.Context(), aMessage()), Delayed, "530 ")
	open := to(t, testenv.NewSMTP(t, testenv.SMTPOptions{}))
	open.user, open.password = "bridge", "hunter2"
	wantError(t, open.Send(t.Context(), aMessage()), Delayed, "no way to authenticate is offered")
}

func TestNobodyThere(t *testing.T) {
	t.Parallel()
	wantError(t, sendTo(t, fmt.Sprintf("smtp://127.0.0.1:%d", testenv.FreePort(t)), nil).Send(t.Context(), aMessage()), Delayed, "nothing listens there")
	wantError(t, sendTo(t, "smtp://mail.invalid", nil).Check(t.Context()), Delayed, "There is no connection to the mail server mail.invalid")
}

// silent accepts connections and says what it is told to, and no more.
func silent(t *testing.T, lines string) (url string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				fmt.Fprint(conn, lines)
				for in := bufio.NewScanner(conn); in.Scan(); {
					continue // and answer nothing
				}
			}()
		}
	}()
	return "smtp://" + listener.Addr().String()
}

func TestSlowServers(t *testing.T) {
	t.Parallel()
	short := patience{dial: 100 * time.Millisecond, command: 100 * time.Millisecond, verdict: 100 * time.Millisecond}
	for name, lines := range map[string]string{"no greeting": "", "no answer to EHLO": "220 mail.test\r\n"} {
		s := sendTo(t, silent(t, lines), nil)
		s.patience = short
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantError(t, s.Send(t.Context(), aMessage()), Delayed, "it took too long")
		})
	}
	t.Run("no TLS", func(t *testing.T) {
		t.Parallel()
		s := sendTo(t, strings.Replace(silent(t, ""), "smtp", "smtps", 1), nil)
		s.patience = short
		wantError(t, s.Send(t.Context(), aMessage()), Delayed, "it took too long")
	})
	t.Run("no verdict", func(t *testing.T) {
		t.Parallel()
		server := testenv.NewSMTP(t, testenv.SMTPOptions{})
		release := make(chan struct{})
		t.Cleanup(func() { close(release) })
		server.OnText(func(testenv.Received) error { <-release; return nil })
		s := to(t, server)
		s.patience.verdict = 100 * time.Millisecond
		wantError(t, s.Send(t.Context(), aMessage()), Unknown, "it took too long")
	})
}

// TestStopping: whoever stops waits for no server, however far the conversation is.
func TestStopping(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	wantError(t, sendTo(t, silent(t, ""), nil).Send(ctx, aMessage()), Delayed, "this process is stopping")

	server := testenv.NewSMTP(t, testenv.SMTPOptions{})
	ctx, cancel = context.WithCancel(t.Context())
	release := make(chan struct{})
	t.Cleanup(func() { close(release) })
	server.OnText(func(testenv.Received) error { cancel(); <-release; return nil })
	wantError(t, to(t, server).Send(ctx, aMessage()), Unknown, "this process is stopping")

	ctx, cancel = context.WithTimeout(t.Context(), 50*time.Millisecond)
	t.Cleanup(cancel)
	wantError(t, sendTo(t, silent(t, "220 mail.test\r\n"), nil).Send(ctx, aMessage()), Delayed, "it took too long")
}

func TestAddressesOutsideASCII(t *testing.T) {
	t.Parallel()
	m := aMessage()
	m.To = "zoë@bücher.example"
	wantError(t, to(t, testenv.NewSMTP(t, testenv.SMTPOptions{})).Send(t.Context(), m), Refused, "letters outside ASCII")
	server := testenv.NewSMTP(t, testenv.SMTPOptions{UTF8: true})
	if err := to(t, server).Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if got := server.Await(t, 1)[0].To; got != m.To {
		t.Errorf("it went to %q", got)
	}
}

func TestServersThatAreNone(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"", "mail:25", "http://mail", "smtp://", "smtp://user:hunter2@:x", "smtp://user:hunter2%zz@mail"} {
		if _, err := New(Options{URL: url}); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", url, err)
		}
	}
	for url, want := range map[string]string{
		"smtp://mail.acme.example": "mail.acme.example:587", "smtps://mail.acme.example": "mail.acme.example:465",
		"smtp://mail.acme.example:25": "mail.acme.example:25", "smtp://[::1]": "[::1]:587",
	} {
		if got := sendTo(t, url, nil).address; got != want {
			t.Errorf("%s leads to %s", url, got)
		}
	}
	for host, want := range map[string]bool{
		"localhost": true, "mail.localhost": true, "127.0.0.1": true, "127.1.2.3": true, "::1": true,
		"localhost.acme.example": false, "10.0.0.1": false, "mail": false,
	} {
		if isLoopback(host) != want {
			t.Errorf("%s is loopback: %v", host, !want)
		}
	}
}
