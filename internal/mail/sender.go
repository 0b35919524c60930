package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/wneessen/go-mail/smtp"
)

// How long each part of a conversation may take. RFC 5321 section 4.5.3.2 is more
// patient; who waits here holds a worker.
const (
	dialPatience    = 30 * time.Second
	commandPatience = time.Minute
	verdictPatience = 3 * time.Minute
)

// Options say where mails go and from whom.
type Options struct {
	// URL is smtp://, which is STARTTLS, or smtps://, which is TLS from the start,
	// with user and password or without. Only to a loopback host STARTTLS may be
	// missing.
	URL string
	// From is the sender of every mail.
	From netmail.Address
	// Hello is the name that this side gives itself.
	Hello string
	// TLS has other roots than the system's; nil for those.
	TLS *tls.Config
}

// Sender sends mails. It is safe for concurrent use; each message has a
// connection of its own.
type Sender struct {
	from           netmail.Address
	hello          string
	host, address  string // name in certificates; where to connect
	user, password string
	implicit       bool // TLS from the start
	loopback       bool // nobody stands between
	tls            *tls.Config
	patience       patience
}

// patience is how long the parts of a conversation may take.
type patience struct{ dial, command, verdict time.Duration }

// New returns a Sender. Nothing is connected yet.
func New(o Options) (*Sender, error) {
	u, err := url.Parse(o.URL)
	if err != nil || u.Hostname() == "" || u.Scheme != "smtp" && u.Scheme != "smtps" {
		return nil, errors.New("mail: the URL of the mail server is not smtp://HOST or smtps://HOST") // without the text, which may have a password
	}
	s := &Sender{
		from: o.From, hello: o.Hello, host: u.Hostname(), user: u.User.Username(), implicit: u.Scheme == "smtps",
		loopback: isLoopback(u.Hostname()), tls: &tls.Config{MinVersion: tls.VersionTLS12},
		patience: patience{dialPatience, commandPatience, verdictPatience},
	}
	s.password, _ = u.User.Password()
	if o.TLS != nil {
		s.tls = o.TLS.Clone()
	}
	s.tls.ServerName = s.host
	port := u.Port()
	if port == "" {
		port = map[bool]string{true: "465", false: "587"}[s.implicit]
	}
	s.address = net.JoinHostPort(s.host, port)
	return s, nil
}

func isLoopback(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.IsLoopback()
	}
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// Check connects, secures the connection and authenticates, and sends nothing.
// Its error is an [*Error].
func (s *Sender) Check(ctx context.Context) error {
	c, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer c.close()
	c.quit()
	return nil
}

// Send sends the message. Its error is an [*Error], which says whether the message
// may have arrived all the same.
func (s *Sender) Send(ctx context.Context, m Message) error {
	text, err := m.compose(s.from)
	if err != nil {
		return &Error{Outcome: Refused, Detail: "This mail cannot be written: " + err.Error() + ".", Err: err}
	}
	c, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer c.close()
	if err := c.transfer(s.from.Address, m.To, text); err != nil {
		return err
	}
	c.quit()
	return nil
}

// conversation is one connection to the server. Closing the connection below it is
// the only way to interrupt the library.
type conversation struct {
	s      *Sender
	ctx    context.Context
	conn   net.Conn
	client *smtp.Client
	stop   func() bool
	to     string // whose address may stand in what is told of it
}

func (s *Sender) connect(ctx context.Context) (*conversation, error) {
	c := &conversation{s: s, ctx: ctx}
	if err := c.dial(); err != nil {
		return nil, c.fault(connecting, err)
	}
	c.stop = context.AfterFunc(ctx, func() { _ = c.conn.Close() })
	err := c.greet()
	if err == nil {
		err = c.secure()
	}
	if err == nil {
		err = c.authenticate()
	}
	if err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

func (c *conversation) dial() (err error) {
	dialer := &net.Dialer{Timeout: c.s.patience.dial}
	if !c.s.implicit {
		c.conn, err = dialer.DialContext(c.ctx, "tcp", c.s.address)
		return err
	}
	bounded, cancel := context.WithTimeout(c.ctx, c.s.patience.dial)
	defer cancel()
	c.conn, err = (&tls.Dialer{NetDialer: dialer, Config: c.s.tls}).DialContext(bounded, "tcp", c.s.address)
	return err
}

func (c *conversation) greet() (err error) {
	c.within(c.s.patience.command)
	if c.client, err = smtp.NewClient(c.conn, c.s.host); err != nil {
		return c.fault(greeting, err)
	}
	if err := c.client.Hello(c.s.hello); err != nil {
		return c.fault(greeting, err)
	}
	return nil
}

var errNoTLS = errors.New("STARTTLS is not offered")

// secure turns TLS on. On loopback there is nobody to hide from, and the
// certificate that a mail server made for itself is as good as none.
func (c *conversation) secure() error {
	offered, _ := c.client.Extension("STARTTLS")
	switch {
	case c.s.implicit, c.s.loopback && !offered:
		return nil
	case !offered:
		return c.fault(securing, errNoTLS)
	}
	config := c.s.tls.Clone()
	config.InsecureSkipVerify = c.s.loopback
	c.within(c.s.patience.command)
	if err := c.client.StartTLS(config); err != nil {
		return c.fault(securing, err)
	}
	return nil
}

var errNoAuth = errors.New("no way to authenticate is offered that is known here")

func (c *conversation) authenticate() error {
	if c.s.user == "" {
		return nil
	}
	_, offered := c.client.Extension("AUTH")
	how := c.s.mechanism(strings.Fields(strings.ToUpper(offered)))
	if how == nil {
		return c.fault(authenticating, errNoAuth)
	}
	c.within(c.s.patience.command)
	if err := c.client.Auth(how); err != nil {
		return c.fault(authenticating, err)
	}
	return nil
}

// mechanism chooses among what the server offers.
func (s *Sender) mechanism(offered []string) smtp.Auth {
	for _, name := range offered {
		switch name {
		case "PLAIN":
			return smtp.PlainAuth("", s.user, s.password, s.host, s.loopback)
		case "LOGIN":
			return smtp.LoginAuth(s.user, s.password, s.host, s.loopback)
		case "SCRAM-SHA-256":
			return smtp.ScramSHA256Auth(s.user, s.password)
		}
	}
	return nil
}

// transfer sends the message. From the end of the text until the server's word
// nobody can know whether it took it.
func (c *conversation) transfer(from, to string, text []byte) error {
	c.to = to
	c.client.SkipSMTPUTF8(isASCII(to))
	if offered, _ := c.client.Extension("SMTPUTF8"); !offered && !isASCII(to) {
		return &Error{Outcome: Refused, Detail: fmt.Sprintf("The mail server %s cannot send to an address with letters outside ASCII.", c.s.host)}
	}
	c.within(c.s.patience.command)
	if err := c.client.Mail("<" + from + ">"); err != nil {
		return c.fault(naming, err)
	}
	c.within(c.s.patience.command)
	if err := c.client.Rcpt("<" + to + ">"); err != nil {
		return c.fault(addressing, err)
	}
	c.within(c.s.patience.command)
	body, err := c.client.Data()
	if err != nil {
		return c.fault(writing, err)
	}
	if _, err := body.Write(text); err != nil {
		return c.fault(writing, err)
	}
	c.within(c.s.patience.verdict)
	if err := body.Close(); err != nil {
		return c.fault(awaiting, err)
	}
	return nil
}

// within bounds what comes next.
func (c *conversation) within(d time.Duration) { _ = c.conn.SetDeadline(time.Now().Add(d)) }

// quitPatience is short: the message is on its way, and a server that is slow to
// say goodbye changes nothing.
const quitPatience = 2 * time.Second

func (c *conversation) quit() {
	c.within(quitPatience)
	_ = c.client.Quit()
}

func (c *conversation) close() {
	c.stop()
	_ = c.conn.Close()
}

func isASCII(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r > '~' })
}
