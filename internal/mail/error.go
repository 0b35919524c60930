package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/textproto"
	"regexp"
	"strings"
	"syscall"
	"unicode"
)

// Outcome is what became of a message that was not taken for sure.
type Outcome int

// Outcomes. Of [Unknown] the server has the whole text and did not say that it
// took it: another attempt may make a second copy, with the same Message-ID.
const (
	Delayed Outcome = iota // not taken now; another attempt makes sense
	Refused                // not taken, and will not be
	Unknown
)

// Error is why a message was not taken, or may not have been.
type Error struct {
	Outcome Outcome
	// Detail is one or two sentences for an administrator. It has no password, and
	// no address but the recipient's.
	Detail string
	Err    error // for the log
}

func (e *Error) Error() string { return e.Detail }

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// LogValue has no address at all.
func (e *Error) LogValue() slog.Value {
	return slog.StringValue(somebody.ReplaceAllString(e.Detail, anAddress))
}

// stage is how far a conversation came.
type stage int

const (
	connecting stage = iota
	greeting
	securing
	authenticating
	naming
	addressing
	writing
	awaiting
)

// refusals says in words what a server refuses at each stage.
var refusals = map[stage]string{
	connecting:     "There is no connection to the mail server %s",
	greeting:       "The mail server %s refuses to talk to this machine",
	securing:       "The connection to the mail server %s cannot be encrypted",
	authenticating: "The mail server %s does not take the user and password of DRAWBRIDGE_SMTP_URL",
	naming:         "The mail server %s does not take the sender of DRAWBRIDGE_MAIL_FROM",
	addressing:     "The mail server %s does not take this recipient",
	writing:        "The mail server %s does not take this mail",
	awaiting:       "The mail server %s does not take this mail",
}

// fault makes an error at a stage known.
func (c *conversation) fault(at stage, err error) *Error {
	var reply *textproto.Error
	switch {
	case errors.As(err, &reply):
		return &Error{Outcome: outcomeOf(at, reply.Code), Detail: fmt.Sprintf(refusals[at]+": %d %s", c.s.host, reply.Code, c.quote(reply.Msg)), Err: err}
	case at == awaiting:
		return &Error{Outcome: Unknown, Detail: fmt.Sprintf("The mail server %s has the mail and did not say whether it takes it: %s.", c.s.host, c.reason(err)), Err: err}
	case at == connecting || at == securing || at == authenticating:
		return &Error{Detail: fmt.Sprintf(refusals[at]+": %s.", c.s.host, c.reason(err)), Err: err}
	}
	return &Error{Detail: fmt.Sprintf("The conversation with the mail server %s broke off: %s.", c.s.host, c.reason(err)), Err: err}
}

// outcomeOf judges a reply. What is refused before a recipient was named is a
// matter of configuration, which somebody puts right. So is 530, which asks for a
// password, wherever it comes; and 552 for a recipient is a full mailbox or one
// recipient too many (RFC 5321 section 4.5.3.1.10).
func outcomeOf(at stage, code int) Outcome {
	switch {
	case code < 500, at < addressing, code == 530, at == addressing && code == 552:
		return Delayed
	}
	return Refused
}

// reason says why there was no reply.
func (c *conversation) reason(err error) string {
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var network net.Error
	var unknown *net.DNSError
	switch {
	case c.ctx.Err() != nil && !errors.Is(c.ctx.Err(), context.DeadlineExceeded):
		return "this process is stopping"
	case errors.Is(err, errNoTLS), errors.Is(err, errNoAuth):
		return err.Error()
	case errors.As(err, &certificate):
		return "its certificate is not trusted (" + clean(certificate.Err.Error()) + ")"
	case errors.As(err, &record):
		return "it does not speak TLS on this port: smtp:// is for STARTTLS, smtps:// for TLS from the start"
	case errors.As(err, &unknown) && unknown.IsNotFound:
		return "its name is not known"
	case c.ctx.Err() != nil, errors.As(err, &network) && network.Timeout():
		return "it took too long"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nothing listens there"
	}
	return "the connection broke"
}

// maxQuote bounds what is told of a server's reply, in bytes.
const maxQuote = 200

// anAddress stands for what somebody matches.
const anAddress = "(an address)"

var somebody = regexp.MustCompile(`[^\s<>()\[\]:;,"']+@[^\s<>()\[\]:;,"']+`)

// quote makes a server's words fit to be shown, without addresses of others.
func (c *conversation) quote(reply string) string {
	return clean(somebody.ReplaceAllStringFunc(cut(reply, 4*maxQuote), func(found string) string {
		if c.to != "" && strings.EqualFold(strings.TrimRight(found, "."), c.to) {
			return found
		}
		return anAddress
	}))
}

// clean makes one line of printable text.
func clean(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
	return cut(strings.Join(strings.Fields(text), " "), maxQuote)
}

// cut takes the first bytes, as whole characters.
func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}
