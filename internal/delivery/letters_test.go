package delivery_test

import (
	"flag"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"drawbridge/internal/delivery"
	"drawbridge/provisioning"
)

var update = flag.Bool("update", false, "write the golden files anew")

var written = time.Date(2026, 5, 6, 14, 5, 0, 0, time.UTC)

// samples is one mail of every kind, and those that read differently.
func samples() map[string]provisioning.Claimed {
	const token = "dbinv_01hyyyyyyyyyyyyyyyyyyyyyyy.c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA"
	ada := "Ada Lovelace <ada@acme.example>"
	paris := provisioning.Place{Community: "SOC Paris", Roles: []string{"Analyst"}}
	lyon := provisioning.Place{Community: "SOC Lyon", Roles: []string{"Night watch", "Responder", "Reader"}}
	invitation := provisioning.Mail{
		Inviter: ada, Workspace: "Acme", Places: []provisioning.Place{paris, lyon},
		LinkPath: "/invitation", LinkToken: token, EndsAt: written.Add(24 * time.Hour),
	}
	one, operator := invitation, invitation
	one.Places, operator.Inviter = []provisioning.Place{paris}, ""
	link := func(path string) provisioning.Mail {
		return provisioning.Mail{LinkPath: path, LinkToken: token, EndsAt: written.Add(24 * time.Hour)}
	}
	emailOld := link("/email")
	emailOld.Person = "ada@new.example"
	mails := map[string]provisioning.Mail{
		"invitation": one, "invitation-two": invitation, "invitation-operator": operator,
		"access":    {Inviter: ada, Workspace: "Acme", Places: []provisioning.Place{paris, lyon, paris}, LinkPath: "/login"},
		"ask_again": {Person: "grace@acme.example", Workspace: "Acme"},
		"reset":     link("/reset"), "email_old": emailOld, "email_new": link("/email"),
		"email_changed": {Person: "ada@new.example"}, "password": {},
		"factor_added": {Person: "Ada’s phone"}, "factor_removed": {Person: "authenticator app"},
		"factor_reset": {Inviter: ada, Workspace: "Acme"}, "factor_reset-operator": {}, "test": {},
	}
	all := make(map[string]provisioning.Claimed, len(mails))
	for name, mail := range mails {
		kind, _, _ := strings.Cut(name, "-")
		all[name] = claimed(provisioning.MailKind(kind), mail)
	}
	return all
}

func claimed(kind provisioning.MailKind, mail provisioning.Mail) provisioning.Claimed {
	return provisioning.Claimed{
		Delivery: provisioning.Delivery{ID: "01hzzzzzzzzzzzzzzzzzzzzzzz", Kind: kind, To: "grace@acme.example", CreatedAt: written},
		Mail:     mail,
	}
}

func newLetters(t *testing.T, public string) *delivery.Letters {
	t.Helper()
	base, err := url.Parse(public)
	if err != nil {
		t.Fatal(err)
	}
	letters, err := delivery.NewLetters(base)
	if err != nil {
		t.Fatal(err)
	}
	return letters
}

func write(t *testing.T, c provisioning.Claimed) delivery.Letter {
	t.Helper()
	letter, err := newLetters(t, "https://bridge.acme.example/access").Write(c)
	if err != nil {
		t.Fatal(err)
	}
	return letter
}

func TestLetters(t *testing.T) {
	t.Parallel()
	for name, c := range samples() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			letter := write(t, c)
			golden(t, name+".txt", "Subject: "+letter.Subject+"\n\n"+letter.Text)
			golden(t, name+".html", letter.HTML)
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s is no longer what is written (-update writes it anew):\n%s", name, got)
	}
}

// TestEveryKindOfMailHasWords walks the kinds that the domain sends.
func TestEveryKindOfMailHasWords(t *testing.T) {
	t.Parallel()
	for _, kind := range provisioning.MailKinds() {
		letter := write(t, claimed(kind, provisioning.Mail{Inviter: "Ada", Workspace: "Acme", Person: "Grace", LinkPath: "/x"}))
		for _, part := range []string{letter.Subject, letter.Text, letter.HTML} {
			if part == "" || strings.ContainsAny(part, "\x00\r") || strings.Contains(letter.Subject+letter.Text, "{") {
				t.Errorf("%s reads %q", kind, part)
			}
		}
		for _, avoided := range []string{"please", "successfully", "oops", "invalid", "'"} {
			if strings.Contains(strings.ToLower(letter.Subject+letter.Text), avoided) {
				t.Errorf("%s says %q", kind, avoided)
			}
		}
	}
	if _, err := newLetters(t, "https://bridge.example").Write(claimed("unheard", provisioning.Mail{})); err == nil {
		t.Error("a kind without words is written")
	}
}

func TestBothFormsOfALetterSayTheSame(t *testing.T) {
	t.Parallel()
	c := samples()["invitation-two"]
	letter := write(t, c)
	link := "https://bridge.acme.example/access/invitation?token=" + url.QueryEscape(c.Mail.LinkToken)
	for _, part := range []string{
		"Ada Lovelace", "Acme", "Analyst in SOC Paris", "Night watch, Responder and Reader in SOC Lyon",
		"7 May 2026 14:05 UTC (24 hours)", link, "leave the link alone",
	} {
		if !strings.Contains(strings.Join(strings.Fields(letter.Text), " "), part) {
			t.Errorf("the text lacks %q", part)
		}
		if !strings.Contains(letter.HTML, part) {
			t.Errorf("the page lacks %q", part)
		}
	}
	if strings.Count(letter.Text, "\n"+link+"\n") != 1 {
		t.Error("the link has no line of its own in the text")
	}
	for _, tracker := range []string{"<img", "url(", "@import", "<script", "src="} {
		if strings.Contains(letter.HTML, tracker) {
			t.Errorf("the page fetches something: %s", tracker)
		}
	}
}

// TestNamesCannotSteerALetter sends what somebody may have chosen as a name.
func TestNamesCannotSteerALetter(t *testing.T) {
	t.Parallel()
	hostile := "<b>Ada</b>\r\nBcc: all@acme.example\u202e{ends}" + strings.Repeat("A", 1<<20)
	c := claimed(provisioning.MailInvitation, provisioning.Mail{
		Inviter: hostile, Workspace: hostile, LinkPath: "/invitation", LinkToken: "\"><script>",
		Places: []provisioning.Place{{Community: hostile, Roles: []string{hostile}}}, EndsAt: written.Add(time.Hour),
	})
	letter := write(t, c)
	if strings.ContainsAny(letter.Subject, "\r\n\u202e") || len([]rune(letter.Subject)) > 300 {
		t.Errorf("subject %.400q", letter.Subject)
	}
	if strings.Contains(letter.HTML, "<b>") || strings.Contains(letter.HTML, "<script>") || len(letter.HTML) > 16<<10 {
		t.Errorf("%d bytes of page: %.600s", len(letter.HTML), letter.HTML)
	}
	if strings.Contains(letter.Text, "\nBcc:") || len(letter.Text) > 8<<10 {
		t.Errorf("%d bytes of text: %.600s", len(letter.Text), letter.Text)
	}
}
