package delivery

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"drawbridge/internal/mail"
	"drawbridge/provisioning"
)

// maxWords bounds each name in a letter, in characters: what is longer is cut.
const maxWords = 120

// Letter is a mail as it goes out, to be sent as two alternatives of one message.
type Letter struct {
	Subject string
	Text    string
	HTML    string
}

// Letters writes mails.
type Letters struct {
	public *url.URL
	page   *template.Template
}

//go:embed templates/letter.html
var templates embed.FS

// NewLetters writes mails whose links lead to the public URL.
func NewLetters(public *url.URL) (*Letters, error) {
	page, err := template.ParseFS(templates, "templates/letter.html")
	if err != nil {
		return nil, err
	}
	return &Letters{public: public, page: page}, nil
}

// page is what both forms of a letter are made of.
type page struct {
	Subject string
	Lead    []string
	Above   string // what stands above Places
	Places  []string
	Button  string
	Link    string
	Bare    string // what stands above the bare link
	Ends    string
	Rest    []string
	Safety  string // what stands above Reset
	Reset   string
	Closing string
}

// Write returns the letter of a delivery. A kind that has no words is an error.
func (l *Letters) Write(c provisioning.Claimed) (Letter, error) {
	p, err := l.compose(c)
	if err != nil {
		return Letter{}, err
	}
	var body bytes.Buffer
	if err := l.page.Execute(&body, p); err != nil {
		return Letter{}, fmt.Errorf("letter %s: %w", c.Delivery.Kind, err)
	}
	return Letter{Subject: p.Subject, Text: p.text(), HTML: body.String()}, nil
}

// Message returns the mail of a delivery as it is sent. Its Message-ID is made of
// the delivery's id alone, so that every attempt has the same and a copy is known
// for what it is.
func (l *Letters) Message(c provisioning.Claimed) (mail.Message, error) {
	letter, err := l.Write(c)
	d := c.Delivery
	return mail.Message{
		ID: string(d.ID) + "@" + l.messageHost(), To: d.To, Subject: letter.Subject, Text: letter.Text, HTML: letter.HTML, Date: d.CreatedAt,
	}, err
}

// messageHost is what stands behind the @ of Message-IDs.
func (l *Letters) messageHost() string {
	if host := l.public.Hostname(); !strings.Contains(host, ":") {
		return host
	}
	return "[" + l.public.Hostname() + "]"
}

func (l *Letters) compose(c provisioning.Claimed) (page, error) {
	w, ok := english[c.Delivery.Kind]
	if !ok {
		return page{}, fmt.Errorf("no words for mails of kind %q", c.Delivery.Kind)
	}
	if c.Mail.Inviter == "" && w.anonymous.subject != "" {
		w.subject, w.lead = w.anonymous.subject, w.anonymous.lead
	}
	fill := l.placeholders(c)
	p := page{
		Subject: fill.Replace(w.subject), Lead: replaceAll(fill, w.lead), Rest: replaceAll(fill, w.rest),
		Places: placesOf(c.Mail), Safety: w.safety, Closing: fill.Replace(closing),
	}
	if w.safety != "" {
		p.Reset = l.public.JoinPath("reset").String()
	}
	if len(p.Places) > 0 {
		p.Above = w.places
	}
	if w.button != "" {
		p.Button, p.Bare, p.Link = w.button, bareLink, l.link(c.Mail)
		p.Ends = fill.Replace(w.ends)
	}
	return p, nil
}

// placeholders fills what stands in braces. Every word of a stranger goes through
// tidy.
func (l *Letters) placeholders(c provisioning.Claimed) *strings.Replacer {
	m := c.Mail
	name, _, _ := strings.Cut(m.Inviter, " <")
	return strings.NewReplacer(
		"{inviter}", tidy(name),
		"{inviter in full}", tidy(m.Inviter),
		"{workspace}", tidy(m.Workspace),
		"{where}", whereTo(m),
		"{person}", tidy(m.Person),
		"{address}", tidy(c.Delivery.To),
		"{ends}", until(m.EndsAt, c.Delivery.CreatedAt),
		"{host}", l.public.Host,
	)
}

func replaceAll(fill *strings.Replacer, texts []string) []string {
	out := make([]string, len(texts))
	for i, t := range texts {
		out[i] = fill.Replace(t)
	}
	return out
}

// link is the address that a letter leads to.
func (l *Letters) link(m provisioning.Mail) string {
	to := l.public.JoinPath(m.LinkPath)
	if m.LinkToken != "" {
		to.RawQuery = url.Values{"token": {m.LinkToken}}.Encode()
	}
	return to.String()
}

// whereTo names the communities in a subject: the first, and how many others.
func whereTo(m provisioning.Mail) string {
	if len(m.Places) == 0 {
		return tidy(m.Workspace)
	}
	first := tidy(m.Places[0].Community)
	fill := strings.NewReplacer("{first}", first, "{n}", strconv.Itoa(len(m.Places)-1))
	switch len(m.Places) {
	case 1:
		return first
	case 2:
		return fill.Replace(oneMore)
	default:
		return fill.Replace(more)
	}
}

func placesOf(m provisioning.Mail) []string {
	var all []string
	for _, p := range m.Places {
		roles := make([]string, len(p.Roles))
		for i, r := range p.Roles {
			roles[i] = tidy(r)
		}
		fill := strings.NewReplacer("{roles}", enumerate(roles), "{community}", tidy(p.Community))
		all = append(all, fill.Replace(roleInCommunity))
	}
	return all
}

// enumerate joins words as people do: a, b and c.
func enumerate(all []string) string {
	if len(all) < 2 {
		return strings.Join(all, "")
	}
	last := len(all) - 1
	return strings.Join(all[:last], ", ") + " " + and + " " + all[last]
}

// until is when a link ends: the time in UTC, and how long that is from when the
// letter was written.
func until(ends, written time.Time) string {
	if ends.IsZero() {
		return ""
	}
	words, n := inMinutes, ends.Sub(written).Round(time.Minute)/time.Minute
	switch {
	case n >= 72*60:
		words, n = inDays, n/(24*60)
	case n >= 120:
		words, n = inHours, n/60
	}
	at := ends.UTC().Format("2 January 2006 15:04 UTC")
	return strings.NewReplacer("{time}", at, "{n}", strconv.Itoa(int(n))).Replace(words)
}

// tidy makes what a stranger chose fit for a letter: one line, bounded, without
// characters that steer or turn round the text beside it.
func tidy(text string) string {
	if len(text) > maxWords*utf8.UTFMax {
		text = text[:maxWords*utf8.UTFMax]
	}
	kept := strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r), unicode.IsControl(r):
			return ' '
		case unicode.Is(unicode.Cf, r), r == utf8.RuneError:
			return -1
		}
		return r
	}, text)
	words := []rune(strings.Join(strings.Fields(kept), " "))
	if len(words) > maxWords {
		return string(words[:maxWords-1]) + "…"
	}
	return string(words)
}
