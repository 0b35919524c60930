package testenv

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// mailPatience bounds the wait for a mail.
const mailPatience = 30 * time.Second

// Security says how a mail server takes TLS.
type Security int

// Kinds of security.
const (
	StartTLS Security = iota
	ImplicitTLS
	Plaintext
)

// SMTPOptions say what a mail server is like.
type SMTPOptions struct {
	Security Security
	// User and Password are asked for; with "" nobody has to authenticate.
	User, Password string
	// UTF8 lets addresses have letters outside ASCII (RFC 6531).
	UTF8 bool
}

// SMTP is a mail server on a loopback port that keeps what it is sent.
type SMTP struct {
	address string
	options SMTPOptions
	ca      authority
	down    func()

	mu          sync.Mutex
	arrived     chan struct{} // closed, and made anew, with each mail
	mails       []Received
	onRecipient func(to string) error
	onText      func(Received) error
}

// NewSMTP starts a mail server, and stops it when the test ends.
func NewSMTP(t testing.TB, o SMTPOptions) *SMTP {
	t.Helper()
	s := &SMTP{address: "127.0.0.1:0", options: o, ca: newAuthority(t), arrived: make(chan struct{})}
	s.Start(t)
	t.Cleanup(s.Stop)
	return s
}

// Start starts a stopped server again, at its address.
func (s *SMTP) Start(t testing.TB) {
	t.Helper()
	listener := must(net.Listen("tcp", s.address))(t)
	s.address = listener.Addr().String()
	server := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) { return &session{server: s, conn: c}, nil }))
	server.Domain, server.MaxMessageBytes, server.EnableSMTPUTF8 = "mail.test", 1<<20, s.options.UTF8
	server.AllowInsecureAuth = s.options.Security == Plaintext
	server.ErrorLog = log.New(io.Discard, "", 0)
	config := &tls.Config{Certificates: []tls.Certificate{s.ca.certificate}, MinVersion: tls.VersionTLS12}
	switch s.options.Security {
	case StartTLS:
		server.TLSConfig = config
	case ImplicitTLS:
		listener = tls.NewListener(listener, config)
	case Plaintext:
	}
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(listener) })
	s.down = sync.OnceFunc(func() {
		_ = server.Close()
		_ = listener.Close()
		serving.Wait()
	})
}

// Stop breaks all connections and listens no more.
func (s *SMTP) Stop() { s.down() }

// URL is the server's address as DRAWBRIDGE_SMTP_URL has it.
func (s *SMTP) URL() string {
	scheme, login := "smtp://", ""
	if s.options.Security == ImplicitTLS {
		scheme = "smtps://"
	}
	if s.options.User != "" {
		login = s.options.User + ":" + s.options.Password + "@"
	}
	return scheme + login + s.address
}

// TLS trusts the server's certificate, and nothing else.
func (s *SMTP) TLS() *tls.Config {
	roots := x509.NewCertPool()
	roots.AddCert(s.ca.root)
	return &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
}

// OnRecipient has fn asked about each recipient; nil takes all.
func (s *SMTP) OnRecipient(fn func(to string) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onRecipient = fn
}

// OnText has fn asked about each whole mail before the server answers for it; it
// may wait. Nil takes all. What fn returns an error for is kept nowhere, but for
// [ErrDrop].
func (s *SMTP) OnText(fn func(Received) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onText = fn
}

// Reply is an error by which a hook refuses, such as 550 or 451.
func Reply(code int, text string) error {
	return &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{code / 100, 0, 0}, Message: text}
}

// ErrDrop takes the mail and breaks the connection before the client is told so.
var ErrDrop = errors.New("the connection is dropped")

// Mails returns what was taken so far.
func (s *SMTP) Mails() []Received {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.mails)
}

// To returns what was taken for a recipient.
func (s *SMTP) To(address string) []Received {
	return slices.DeleteFunc(s.Mails(), func(r Received) bool { return !strings.EqualFold(r.To, address) })
}

// Await waits until n mails were taken and returns all.
func (s *SMTP) Await(t testing.TB, n int) []Received {
	t.Helper()
	return s.await(t, n, s.Mails)
}

// AwaitTo waits until n mails were taken for a recipient and returns those.
func (s *SMTP) AwaitTo(t testing.TB, address string, n int) []Received {
	t.Helper()
	return s.await(t, n, func() []Received { return s.To(address) })
}

func (s *SMTP) await(t testing.TB, n int, taken func() []Received) []Received {
	t.Helper()
	deadline := time.After(mailPatience)
	for {
		s.mu.Lock()
		arrived := s.arrived
		s.mu.Unlock()
		if found := taken(); len(found) >= n {
			return found
		}
		select {
		case <-arrived:
		case <-deadline:
			t.Fatalf("%d mails came, want %d", len(taken()), n)
		}
	}
}

func (s *SMTP) take(r Received) error {
	s.mu.Lock()
	hook := s.onText
	s.mu.Unlock()
	var err error
	if hook != nil {
		err = hook(r)
	}
	if err == nil || errors.Is(err, ErrDrop) {
		s.mu.Lock()
		s.mails = append(s.mails, r)
		close(s.arrived)
		s.arrived = make(chan struct{})
		s.mu.Unlock()
	}
	return err
}

// session is one connection.
type session struct {
	server   *SMTP
	conn     *smtp.Conn
	proved   bool
	from, to string
}

// AuthMechanisms implements smtp.AuthSession.
func (s *session) AuthMechanisms() []string {
	if s.server.options.User == "" {
		return nil
	}
	return []string{sasl.Login, sasl.Plain}
}

// Auth implements smtp.AuthSession.
func (s *session) Auth(mechanism string) (sasl.Server, error) {
	check := func(user, password string) error {
		if s.proved = user == s.server.options.User && password == s.server.options.Password; !s.proved {
			return smtp.ErrAuthFailed
		}
		return nil
	}
	switch mechanism {
	case sasl.Plain:
		return sasl.NewPlainServer(func(_, user, password string) error { return check(user, password) }), nil
	case sasl.Login:
		return newLoginServer(check), nil
	}
	return nil, smtp.ErrAuthUnknownMechanism
}

// Mail implements smtp.Session.
func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if s.server.options.User != "" && !s.proved {
		return Reply(530, "Authenticate first")
	}
	s.from = from
	return nil
}

// Rcpt implements smtp.Session.
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = to
	s.server.mu.Lock()
	hook := s.server.onRecipient
	s.server.mu.Unlock()
	if hook == nil {
		return nil
	}
	return hook(to)
}

// Data implements smtp.Session.
func (s *session) Data(text io.Reader) error {
	raw, err := io.ReadAll(text)
	if err != nil {
		return err
	}
	_, secure := s.conn.TLSConnectionState()
	err = s.server.take(Received{From: s.from, To: s.to, Secure: secure, Raw: raw})
	if errors.Is(err, ErrDrop) {
		_ = s.conn.Conn().Close()
	}
	return err
}

// Reset implements smtp.Session.
func (s *session) Reset() { s.from, s.to = "", "" }

// Logout implements smtp.Session.
func (s *session) Logout() error { return nil }

// loginServer speaks AUTH LOGIN, which the library does not for servers.
type loginServer struct {
	check func(user, password string) error
	user  *string
}

func newLoginServer(check func(user, password string) error) sasl.Server {
	return &loginServer{check: check}
}

// Next implements sasl.Server.
func (l *loginServer) Next(response []byte) (challenge []byte, done bool, err error) {
	switch {
	case response == nil:
		return []byte("Username:"), false, nil
	case l.user == nil:
		user := string(response)
		l.user = &user
		return []byte("Password:"), false, nil
	}
	return nil, true, l.check(*l.user, string(response))
}
