package mail

import (
	"bytes"
	"errors"
	netmail "net/mail"
	"regexp"
	"strings"
	"time"
	"unicode"

	gomail "github.com/wneessen/go-mail"
)

// Message is a mail to one recipient, as text and, beside it, as HTML.
type Message struct {
	// ID is the Message-ID without its angle brackets. The same message has the
	// same one at every attempt.
	ID      string
	To      string // an address without a name
	Subject string
	Text    string
	HTML    string
	Date    time.Time
}

// What a message is refused for.
var (
	errID = errors.New("its Message-ID is none")
	errTo = errors.New("its recipient is not an address")
)

var messageID = regexp.MustCompile(`^[A-Za-z0-9._-]{1,128}@[A-Za-z0-9.:\[\]_-]{1,255}$`)

// maxSubject bounds the subject, in characters.
const maxSubject = 250

// compose writes the message as it goes over the wire.
func (m Message) compose(from netmail.Address) ([]byte, error) {
	if !messageID.MatchString(m.ID) {
		return nil, errID
	}
	to, err := netmail.ParseAddress(m.To)
	if err != nil || to.Name != "" || to.Address != m.To {
		return nil, errTo
	}
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	msg.FromMailAddress(&from)
	msg.ToMailAddress(to)
	msg.SetMessageIDWithValue(m.ID)
	msg.SetDateWithValue(m.Date)
	msg.Subject(oneLine(m.Subject))
	// Nobody wants the answers of machines (RFC 3834; the second is Exchange's).
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetGenHeader("X-Auto-Response-Suppress", "All")
	msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	if m.HTML != "" {
		msg.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	}
	var out bytes.Buffer
	_, err = msg.WriteTo(&out)
	return out.Bytes(), err
}

// oneLine keeps a subject from becoming more headers.
func oneLine(text string) string {
	runes := []rune(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "")))
	return string(runes[:min(len(runes), maxSubject)])
}
