package mail

import (
	"bytes"
	netmail "net/mail"
	"strings"
	"testing"

	"drawbridge/internal/testenv"
)

// TestHeaderInjection: nothing that somebody typed makes a header or a recipient.
func TestHeaderInjection(t *testing.T) {
	t.Parallel()
	const attack = "x\r\nBcc: eve@evil.example\r\n\r\nanother text"
	m := aMessage()
	m.Subject = attack
	raw, err := m.compose(netmail.Address{Name: attack, Address: "access@acme.example"})
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := netmail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	if parsed.Header.Get("Bcc") != "" || parsed.Header.Get("Message-ID") != "<"+m.ID+">" || parsed.Header.Get("To") != "<ada@acme.example>" {
		t.Errorf("the headers are %v", parsed.Header)
	}
	if got := (testenv.Received{Raw: raw}).Open(t); strings.ContainsAny(got.Subject, "\r\n") || got.Text != m.Text {
		t.Errorf("subject %q, text %q", got.Subject, got.Text)
	}
	for _, to := range []string{
		"", "ada", "ada@acme.example, eve@evil.example", "Ada <ada@acme.example>", "ada@acme.example>\r\nRCPT TO:<eve@evil.example",
		"ada@acme.example\r\nBcc: eve@evil.example", "<ada@acme.example>", "ada@acme.example> SIZE=1", `"a b"@acme.example`, strings.Repeat("a", 1<<20),
	} {
		m := aMessage()
		m.To = to
		if _, err := m.compose(sender); err == nil {
			t.Errorf("a mail to %.40q is written", to)
		}
	}
	for _, id := range []string{"", "no host", "a@b>\r\nBcc: eve@evil.example", "a@b@c", "<a@b>", strings.Repeat("a", 200) + "@b"} {
		m := aMessage()
		m.ID = id
		if _, err := m.compose(sender); err == nil {
			t.Errorf("a mail with the id %.40q is written", id)
		}
	}
}

func TestTextsArriveAsTheyAre(t *testing.T) {
	t.Parallel()
	server := testenv.NewSMTP(t, testenv.SMTPOptions{})
	m := aMessage()
	m.Subject = "Zoë lädt Sie ein: 東京 " + strings.Repeat("é", 100)
	m.Text = ".\n..\nFrom here\n" + strings.Repeat("long ", 500) + "\nhttps://bridge.acme.example/invitation?token=dbinv_a.b=&x=1\nZoë\n"
	m.HTML = "<p>=3D &lt;" + strings.Repeat("é", 2000) + "</p>\n."
	if err := to(t, server).Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	mail := server.Await(t, 1)[0]
	if got := mail.Open(t); got.Subject != m.Subject || got.Text != m.Text || got.HTML != m.HTML {
		t.Errorf("subject %q\ntext %.200q\nHTML %.200q", got.Subject, got.Text, got.HTML)
	}
	for line := range bytes.Lines(mail.Raw) {
		if len(line) > 1000 || bytes.ContainsFunc(line, func(r rune) bool { return r > '~' }) {
			t.Errorf("a line goes over the wire as %.80q…", line)
		}
	}
}

// TestTheSameMessageIsTheSame: a copy that a second attempt makes is recognised by
// its Message-ID, and is written as the first was but for the boundary.
func TestTheSameMessageIsTheSame(t *testing.T) {
	t.Parallel()
	var copies [2]testenv.Opened
	for i := range copies {
		raw, err := aMessage().compose(sender)
		if err != nil {
			t.Fatal(err)
		}
		copies[i] = testenv.Received{Raw: raw}.Open(t)
		copies[i].Header["Content-Type"] = nil
	}
	for name, values := range copies[0].Header {
		if again := copies[1].Header[name]; strings.Join(again, "\n") != strings.Join(values, "\n") {
			t.Errorf("%s is %q, then %q", name, values, again)
		}
	}
}
