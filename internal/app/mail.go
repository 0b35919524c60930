package app

import (
	"context"
	"crypto/tls"
	"net"
	"net/url"
	"strings"
	"time"

	"drawbridge/config"
	"drawbridge/internal/delivery"
	"drawbridge/internal/mail"
	"drawbridge/provisioning"
)

// newMailer returns who sends mail; nil where none goes out. roots are other
// certificates than the system's, or nil.
func newMailer(c config.Config, roots *tls.Config) (*mail.Sender, error) {
	if !c.MailOut() {
		return nil, nil
	}
	return mail.New(mail.Options{URL: c.SMTPURL, From: c.MailFrom, Hello: helloName(c.PublicURL), TLS: roots})
}

// helloName is how this side names itself to a mail server: an address as a
// literal (RFC 5321 section 4.1.3).
func helloName(public *url.URL) string {
	host := public.Hostname()
	switch ip := net.ParseIP(host); {
	case ip == nil:
		return host
	case strings.Contains(host, ":"):
		return "[IPv6:" + host + "]"
	}
	return "[" + host + "]"
}

// newCourier returns what takes mails out of the outbox; nil where none go out.
func (c *Core) newCourier() (*delivery.Worker, error) {
	if c.mailer == nil {
		return nil, nil
	}
	return delivery.NewWorker(delivery.Options{Outbox: c.Service, Sender: c.mailer, Public: c.Config.PublicURL, Log: c.log})
}

const noMail = "No mail goes out: links are shown to whoever makes them. To send them, set DRAWBRIDGE_SMTP_URL and DRAWBRIDGE_MAIL_FROM."

// smtpLimit bounds a look at the mail server.
const smtpLimit = time.Minute

func (c *Core) examineMail(ctx context.Context) Finding {
	if c.mailer == nil {
		if c.Config.Engine() == config.PostgreSQL {
			return Finding{"smtp", StatusWarning, noMail}
		}
		return Finding{"smtp", StatusOK, noMail}
	}
	ctx, cancel := context.WithTimeout(ctx, smtpLimit)
	defer cancel()
	if err := c.mailer.Check(ctx); err != nil {
		return Finding{"smtp", StatusFault, err.Error()}
	}
	return Finding{"smtp", StatusOK, "The mail server takes the connection, and the user and password if there are any."}
}

// TestMail sends a mail to the address at once, past the outbox.
func (c *Core) TestMail(ctx context.Context, to string) Finding {
	if c.mailer == nil {
		return Finding{"smtp", StatusFault, noMail}
	}
	letters, err := delivery.NewLetters(c.Config.PublicURL)
	if err != nil {
		return Finding{"smtp", StatusFault, err.Error()}
	}
	d := provisioning.Delivery{ID: provisioning.DeliveryID(new(provisioning.RandomIDs).New()), Kind: provisioning.MailTest, To: to, CreatedAt: time.Now()}
	ctx, cancel := context.WithTimeout(ctx, smtpLimit)
	defer cancel()
	message, err := letters.Message(provisioning.Claimed{Delivery: d})
	if err == nil {
		err = c.mailer.Send(ctx, message)
	}
	if err != nil {
		return Finding{"smtp", StatusFault, "No test mail was sent to " + to + ". " + err.Error()}
	}
	return Finding{"smtp", StatusOK, "The mail server took a test mail to " + to + ". If it does not arrive, look into spam, and at SPF and DKIM of the sender's domain."}
}
