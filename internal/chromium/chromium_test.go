package chromium

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

func TestMain(m *testing.M) {
	code := m.Run()
	Stop()
	os.Exit(code)
}

// site serves small pages, and remembers what was sent to it.
type site struct {
	URL  string
	sent chan url.Values
}

// document is a page without a fault.
const document = `<!doctype html><html lang="en"><head><title>A page</title><meta name="viewport" content="width=device-width">
<link rel="icon" href="data:,">
<style>:focus-visible { outline: 2px solid }</style></head><body><main><h1>A page</h1>%s</main></body></html>`

// serve serves a page for each path, with their content security policy, "" for none.
func serve(t *testing.T, policy string, pages map[string]string) *site {
	t.Helper()
	s := &site{sent: make(chan url.Values, 10)}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, ok := pages[r.URL.Path]
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if policy != "" {
			w.Header().Set("Content-Security-Policy", policy)
		}
		if err := r.ParseForm(); err == nil && r.Method == http.MethodPost {
			s.sent <- r.PostForm
		}
		if !ok {
			w.WriteHeader(http.StatusGone)
		}
		fmt.Fprintf(w, document, body)
	}))
	t.Cleanup(server.Close)
	s.URL = strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
	return s
}

const form = `<form method="post" action="/done">
<label for="email">E-mail address</label> <input id="email" name="email" type="email" value="old@acme.example">
<label for="password">Password</label> <input id="password" name="password" type="password">
<label><input type="checkbox" name="stay" value="yes"> Stay</label>
<button>Sign in</button> <button name="other" value="1">Sign in otherwise</button></form>`

func TestBrowserSendsWhatAPersonWrites(t *testing.T) {
	t.Parallel()
	s := serve(t, "default-src 'none'; form-action 'self'; style-src 'unsafe-inline'; img-src data:", map[string]string{"/": form, "/done": "Thanks <a href='/'>Once more</a>"})
	p := New(t)
	p.Visit(s.URL + "/")
	p.Fill("E-mail address", "ada@acme.example")
	p.Fill("Password", "correct horse ☃")
	p.Choose("Stay")
	p.Choose("Stay")
	p.Press("Sign in")
	p.WantPage("/done", 200, "Thanks")
	if got := (<-s.sent).Encode(); got != "email=ada%40acme.example&password=correct+horse+%E2%98%83&stay=yes" {
		t.Errorf("sent: %s", got)
	}
	p.Press("Once")
	p.WantPath("/")
	p.Fill("E-mail address", "")
	if got := p.Value("E-mail address"); got != "" {
		t.Errorf("the emptied field has %q", got)
	}
	p.Back()
	p.WantText("Thanks")
}

func TestBrowserGoesByTheKeyboardAlone_AndWithoutScript(t *testing.T) {
	t.Parallel()
	s := serve(t, "", map[string]string{"/": form + "<script>document.title = 'scripted'; document.body.innerHTML = 'gone'</script>", "/done": "Thanks"})
	p := New(t).WithoutScript()
	p.Visit(s.URL + "/")
	p.TabTo("Password")
	p.Type("Se¢ret 1")
	p.TabTo("Stay")
	p.Space()
	p.TabTo("Sign in")
	p.WantFocus("Sign in")
	p.Enter()
	p.WantPage("/done", 200, "Thanks")
	if got := <-s.sent; got.Get("password") != "Se¢ret 1" || got.Get("stay") != "yes" {
		t.Errorf("sent: %v", got)
	}
}

func TestBrowserKeepsTabsTogetherAndPeopleApart(t *testing.T) {
	t.Parallel()
	s := serve(t, "", map[string]string{"/": "", "/set": "<script>document.cookie = 'who=ada'</script>"})
	p := New(t)
	p.Visit(s.URL + "/set")
	tab, other := p.Tab(), New(t)
	tab.Visit(s.URL + "/")
	other.Visit(s.URL + "/")
	if tab.Cookie("who") != "ada" || other.Cookie("who") != "" {
		t.Errorf("the tab has %q, somebody else has %q", tab.Cookie("who"), other.Cookie("who"))
	}
}

func TestBrowserReportsWhatTheConsoleComplainsAbout(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ policy, body, want string }{
		"nothing":           {body: "<script>console.log('fine'); console.warn('fine')</script>"},
		"a console error":   {body: "<script>console.error('broken', {a: 1})</script>", want: "console complains: broken"},
		"an exception":      {body: "<script>throw new Error('thrown')</script>", want: "exception complains: Error: thrown"},
		"a broken promise":  {body: "<script>Promise.reject(new Error('left'))</script>", want: "exception complains: Error: left"},
		"a missing image":   {body: "<img alt='' src='/none.png'>", want: "410"},
		"an inline script":  {policy: "script-src 'self'", body: "<script>alert(1)</script>", want: "security complains"},
		"an inline style":   {policy: "style-src 'self'", body: "<p style='color:red'>red</p>", want: "security complains"},
		"a form elsewhere":  {policy: "form-action 'none'", body: form, want: "security complains"},
		"another host":      {body: "<img alt='' src='http://drawbridge.example/x.png'>", want: "ERR_NAME_NOT_RESOLVED"},
		"an allowed fault":  {body: "<script>console.error('expected fault')</script>"},
		"a missing page":    {body: ""},
		"an image of a 404": {body: "<iframe title='x' src='/none'></iframe>"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := serve(t, test.policy, map[string]string{"/": test.body, "/done": ""})
			p := New(t)
			p.Allow("expected fault")
			p.Visit(s.URL + "/")
			switch name {
			case "a form elsewhere":
				p.Touch("Sign in otherwise")
			case "a missing page":
				p.Visit(s.URL + "/none")
			}
			wantFault(t, p, test.want)
		})
	}
}

// wantFault waits for a fault with these words, and takes it away; "" for none at all.
func wantFault(t *testing.T, p *Page, words string) {
	t.Helper()
	var faults string
	err := p.try(func(ctx context.Context) error {
		return until(ctx, func(ctx context.Context) (string, error) {
			_, err := chromedp.Run(ctx, chromedp.Evaluate[int]("1")) // events come before the answer
			faults += strings.Join(p.observer.take(), "\n")
			if !strings.Contains(faults, words) {
				return "there is no such fault", err
			}
			return "", err
		})
	})
	if err != nil || words == "" && faults != "" {
		t.Errorf("faults: %q, want %q: %v", faults, words, err)
	}
}

func TestBrowserFindsWhatIsHardToUse(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ body, rule string }{
		"nothing":           {form, ""},
		"a field unlabeled": {"<input name='x'>", "label"},
		"an unnamed image":  {"<img src='data:,'>", "image-alt"},
		"faint letters":     {"<p style='color:#999;background:#fff'>faint</p>", "color-contrast"},
		"tiny targets":      {"<a href='/1' style='display:inline-block;width:9px;height:9px'>1</a> <a href='/2' style='display:inline-block;width:9px;height:9px'>2</a>", "target-size"},
		"outside of main":   {"</main><p>lost</p><main>", "region"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := serve(t, "default-src 'none'; style-src 'unsafe-inline'; img-src data:", map[string]string{"/": test.body})
			p := New(t)
			p.Visit(s.URL + "/")
			var rules []string
			for _, v := range p.violations() {
				if v.Help == "" || len(v.Targets) == 0 {
					t.Errorf("%+v says too little", v)
				}
				rules = append(rules, v.Rule)
			}
			if got := strings.Join(rules, " "); !strings.Contains(got, test.rule) || test.rule == "" && got != "" {
				t.Errorf("axe finds %q, want %q", got, test.rule)
			}
		})
	}
}

func TestBrowserFindsWhatScrollsSideways(t *testing.T) {
	t.Parallel()
	s := serve(t, "", map[string]string{
		"/":     "<p>A line that breaks where it has to, however many words there are in it and however long they are.</p>",
		"/wide": "<p style='width:400px'>wide</p>",
		"/own":  "<div style='overflow-x:auto' tabindex='0'><p style='width:900px'>wide, and scrolls by itself</p></div>",
	})
	p := New(t)
	for path, want := range map[string]bool{"/": false, "/wide": true, "/own": false} {
		p.Visit(s.URL + path)
		p.view(narrow[0])
		if got := p.tooWide(); (len(got) > 0) != want {
			t.Errorf("%s: %q", path, got)
		}
	}
}

func TestBrowserTakesPicturesInEachView(t *testing.T) {
	t.Parallel()
	s := serve(t, "", map[string]string{"/": "<style>body{background:light-dark(#fff,#000);color-scheme:light dark;margin:0;height:2000px}</style>"})
	p := New(t)
	p.Visit(s.URL + "/")
	for _, v := range views {
		p.view(v)
		background := evaluate[string](p, "getComputedStyle(document.body).backgroundColor + ' ' + innerWidth")
		want := fmt.Sprintf("rgb(255, 255, 255) %d", v.width)
		if v.scheme == "dark" {
			want = fmt.Sprintf("rgb(0, 0, 0) %d", v.width)
		}
		if background != want {
			t.Errorf("%s: %s, want %s", v.name, background, want)
		}
		if picture := p.picture(); !strings.HasPrefix(string(picture), "\x89PNG") {
			t.Errorf("%s: %d bytes that are no picture", v.name, len(picture))
		}
	}
}

func TestBrowserHasPasskeys(t *testing.T) {
	t.Parallel()
	s := serve(t, "", map[string]string{"/": `<button type="button">Make</button><p id="said">nothing</p><script>
document.querySelector('button').onclick = async () => {
	try {
		await navigator.credentials.create({publicKey: {
			rp: {name: 'A page'}, user: {id: new Uint8Array(8), name: 'ada', displayName: 'Ada'}, challenge: new Uint8Array(16),
			pubKeyCredParams: [{type: 'public-key', alg: -7}],
			authenticatorSelection: {residentKey: 'required', userVerification: 'required'},
		}})
		said.textContent = 'made'
	} catch (e) { said.textContent = e.name }
}</script>`})
	p := New(t)
	device := p.Authenticator()
	p.Visit(s.URL + "/")
	p.Touch("Make")
	p.WantText("made")
	if got := device.Passkeys(); got != 1 {
		t.Errorf("the device has %d passkeys", got)
	}
	other := New(t).Authenticator()
	device.CarryTo(other)
	if got := other.Passkeys(); got != 1 {
		t.Errorf("the other device has %d passkeys", got)
	}
	device.Doubt()
	p.Touch("Make")
	p.WantText("NotAllowedError")
}

func TestPickKnowsWhatIsMeant(t *testing.T) {
	t.Parallel()
	all := []element{{1, "button", "Sign in"}, {2, "link", "Sign in otherwise"}, {3, "button", "End"}, {4, "button", "End"}}
	tests := map[string]struct {
		id      int
		problem string
	}{
		"Sign in":   {id: 1},
		"Sign in o": {id: 2},
		"Sign":      {problem: "any of these may be meant"},
		"End":       {problem: "any of these may be meant"},
		"in":        {problem: "there are"},
	}
	for name, test := range tests {
		found, problem := pick(all, name)
		if int(found.id) != test.id || !strings.HasPrefix(problem, test.problem) || (problem == "") != (test.problem == "") {
			t.Errorf("%q: %v, %q", name, found, problem)
		}
	}
}
