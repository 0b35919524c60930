package testenv

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"regexp"
	"strings"
	"testing"
)

// Received is a mail as a server took it.
type Received struct {
	From, To string // of the envelope
	Secure   bool   // came over TLS
	Raw      []byte
}

// Opened is a mail as its reader sees it.
type Opened struct {
	Header  mail.Header
	Subject string
	Text    string
	HTML    string
}

// Open reads the mail as mail programs do. A mail that is not text beside HTML
// fails the test.
func (r Received) Open(t testing.TB) (o Opened) {
	t.Helper()
	message := must(mail.ReadMessage(bytes.NewReader(r.Raw)))(t)
	kind, parameters, err := mime.ParseMediaType(message.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("the mail is of type %q (%v), not text beside HTML", kind, err)
	}
	o.Header, o.Subject = message.Header, must(new(mime.WordDecoder).DecodeHeader(message.Header.Get("Subject")))(t)
	parts := multipart.NewReader(message.Body, parameters["boundary"])
	o.Text = partOf(t, parts, "text/plain")
	o.HTML = partOf(t, parts, "text/html")
	if part, err := parts.NextPart(); err != io.EOF {
		t.Fatalf("the mail has a third part: %v, %v", part.Header, err)
	}
	return o
}

func partOf(t testing.TB, parts *multipart.Reader, want string) string {
	t.Helper()
	part := must(parts.NextRawPart())(t)
	kind, parameters, err := mime.ParseMediaType(part.Header.Get("Content-Type"))
	if err != nil || kind != want || !strings.EqualFold(parameters["charset"], "utf-8") || part.Header.Get("Content-Transfer-Encoding") != "quoted-printable" {
		t.Fatalf("the part for %s has the header %v (%v)", want, part.Header, err)
	}
	text := must(io.ReadAll(quotedprintable.NewReader(part)))(t)
	return strings.ReplaceAll(string(text), "\r\n", "\n")
}

// MessageID returns the Message-ID without its brackets.
func (r Received) MessageID(t testing.TB) string {
	t.Helper()
	message := must(mail.ReadMessage(bytes.NewReader(r.Raw)))(t)
	return strings.Trim(message.Header.Get("Message-ID"), "<>")
}

var address = regexp.MustCompile(`https?://[^\s<>"]+`)

// Links returns the addresses in the text part, in order.
func (o Opened) Links() []string { return address.FindAllString(o.Text, -1) }
