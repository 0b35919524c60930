package apptest_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"

	"drawbridge/internal/apptest"
	"drawbridge/internal/chromium"
)

// startEmpty is a bridge on which nothing was set up, and the link for that.
func startEmpty(t testing.TB, e apptest.Engine) (b *apptest.Bridge, link string) {
	t.Helper()
	b = options{Localhost: true}.start(t, e)
	text, _, err := b.Service.SetupLink(t.Context(), operator)
	if err != nil {
		t.Fatal(err)
	}
	return b, b.URL + "/setup?token=" + url.QueryEscape(text)
}

func TestBrowserSetsUpTheFirstWorkspaceWithAPassword(t *testing.T) {
	apptest.OnBoth(t, func(t *testing.T, e apptest.Engine) {
		b, link := startEmpty(t, e)
		p := chromium.New(t)
		p.Visit(link)
		p.WantPage("/setup", 200, "Set up Drawbridge")
		p.WantFocus("Name of the workspace")
		p.Look("setup")
		p.Press("Create the workspace")
		p.WantPage("/setup", 422, "There are 4 problems")
		p.WantFocus("Name of the workspace")
		p.Look("setup-wrong")
		p.Fill("Name of the workspace", "Acme")
		p.Choose("Several")
		p.Fill("Your name", "Ada Lovelace")
		p.Fill("Your e-mail address", "ada@acme.example")
		p.Fill("New password", goodPassword)
		p.Press("Create the workspace")
		p.WantPage("/", 200, "Ada Lovelace", "Admin", "in every community of Acme")
		p.Visit(link)
		p.WantPage("/setup", 410)
		p.Look("setup-used")
		if ws, err := b.Service.FindWorkspace(t.Context(), "acme"); err != nil || !ws.MultiTenant {
			t.Errorf("the workspace is %+v, %v", ws, err)
		}
	})
}

func TestBrowserSetsUpTheFirstWorkspaceWithAPasskey(t *testing.T) {
	t.Parallel()
	b, link := startEmpty(t, embedded())
	p := chromium.New(t)
	p.Authenticator()
	p.Visit(link)
	p.Fill("Name of the workspace", "Acme")
	p.Fill("Your name", "Ada Lovelace")
	p.Fill("Your e-mail address", "ada@acme.example")
	p.Press("Create it with a passkey")
	p.WantPage("/", 200, "Ada Lovelace", "Admin")
	p.Press("Sign out")
	p.Visit(b.URL + "/login")
	p.Press("Use a passkey")
	p.WantPage("/", 200, "Ada Lovelace", "Admin")
}

// The first start as the operator sees it: the server prints a link, once, and where nothing is left to set up none.
func TestBrowserFollowsTheLinkThatServePrints(t *testing.T) {
	t.Parallel()
	i := newInstallation(t, embedded())
	i.url = strings.Replace(i.url, "127.0.0.1", "localhost", 1)
	i.settings["public_url"] = i.url
	server := i.serve(t)
	link := regexp.MustCompile(regexp.QuoteMeta(i.url+"/setup?token=") + `\S+`).FindString(server.said.String())
	if link == "" {
		t.Fatalf("the server prints no link: %s", server.said)
	}
	p := chromium.New(t)
	p.Visit(link)
	p.Fill("Name of the workspace", "Acme")
	p.Fill("Your name", "Ada Lovelace")
	p.Fill("Your e-mail address", "ada@acme.example")
	p.Fill("New password", goodPassword)
	p.Press("Create the workspace")
	p.WantPage("/", 200, "Ada Lovelace", "Admin")
	server.stop()

	if again := i.serve(t); strings.Contains(again.said.String(), "/setup") {
		t.Errorf("the server prints a link once more: %s", again.said)
	}
	p.Reload()
	p.WantPage("/", 200, "Ada Lovelace")
}
