package oktasim

import (
	"bytes"
	"crypto/rand"
	"embed"
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"sync"
)

//go:embed templates/*.html
var templateFiles embed.FS

//go:embed static/sim.css static/sim.js
var staticFS embed.FS

const shownPeople = 100 // rows of a list of people; searching finds the others

// page is what the layout needs; Body belongs to the page's own template.
type page struct {
	Title   string
	Lead    string
	Section string // entry of the navigation that is current
	Narrow  bool   // a card for one thing to do
	Notice  *notice
	Body    any
}

var pages = parsePages("login", "refusal", "dashboard", "people", "person", "groups", "group", "exchanges")

func parsePages(names ...string) map[string]*template.Template {
	parsed := map[string]*template.Template{}
	for _, name := range names {
		parsed[name] = template.Must(template.ParseFS(templateFiles, "templates/layout.html", "templates/"+name+".html"))
	}
	return parsed
}

// show renders into memory first, so that a fault never leaves half a page. formTargets are origins beside our own to which
// a form of the page may lead in the end.
func (o *Organisation) show(w http.ResponseWriter, status int, name string, p page, formTargets ...string) {
	var out bytes.Buffer
	if err := pages[name].ExecuteTemplate(&out, "layout", p); err != nil {
		http.Error(w, "the page could not be shown", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; base-uri 'none'; "+
		"frame-ancestors 'none'; form-action "+strings.Join(append([]string{"'self'"}, formTargets...), " "))
	w.WriteHeader(status)
	_, _ = out.WriteTo(w) // a browser that went away cannot be told
}

func (o *Organisation) refuse(w http.ResponseWriter, status int, e oauthError) {
	o.show(w, status, "refusal", page{Title: "Sign-in refused", Lead: e.description, Narrow: true, Body: e.code})
}

func staticFiles() http.Handler {
	files := http.FileServerFS(staticFS)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-cache")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		files.ServeHTTP(w, r)
	})
}

// loginBody is the list of people on the login page.
type loginBody struct {
	Request string     // the authorization request to go on with, as a query; empty: the dashboard
	Keep    url.Values // the same for the search form
	Action  string
	Search  string
	Found   foundPeople
}

// foundPeople is a list that may be longer than what is shown.
type foundPeople struct {
	Shown []Person
	Total int
}

// More says how many are not shown.
func (f foundPeople) More() int { return f.Total - len(f.Shown) }

func (o *Organisation) findPeople(search string) foundPeople {
	var f foundPeople
	needle := strings.ToLower(strings.TrimSpace(search))
	for _, p := range o.People() {
		if !strings.Contains(strings.ToLower(p.Name()+" "+p.Login), needle) {
			continue
		}
		f.Total++
		if len(f.Shown) < shownPeople {
			f.Shown = append(f.Shown, p)
		}
	}
	return f
}

// loginPage lists people, those who fit login_hint first of all and alone until the search is emptied.
func (o *Organisation) loginPage(w http.ResponseWriter, _ *http.Request, a authorization, params url.Values) {
	search := a.loginHint
	if params.Has("q") {
		search = params.Get("q")
	}
	params = cloneWithout(params, "q")
	body := loginBody{
		Request: params.Encode(), Keep: params, Action: "/oauth2/v1/authorize", Search: search, Found: o.findPeople(search),
	}
	target := ""
	if u, err := url.Parse(a.redirectURI); err == nil {
		target = u.Scheme + "://" + u.Host
	}
	o.show(w, http.StatusOK, "login", page{Title: "Sign in", Lead: "Choose who you are. A simulated organisation asks for no password.", Narrow: true, Body: body}, target)
}

func (o *Organisation) dashboardLogin(w http.ResponseWriter, r *http.Request) {
	search := r.Form.Get("q")
	body := loginBody{Action: "/login", Search: search, Found: o.findPeople(search)}
	o.show(w, http.StatusOK, "login", page{Title: "Sign in to your dashboard", Lead: "Choose who you are. A simulated organisation asks for no password.", Narrow: true, Body: body})
}

func cloneWithout(values url.Values, key string) url.Values {
	out := url.Values{}
	for k, v := range values {
		if k != key {
			out[k] = v
		}
	}
	return out
}

// dashboardBody is a person's start page with the application's tile.
type dashboardBody struct {
	Person *Person // nil: nobody is signed in
	Launch string
}

func (o *Organisation) dashboardPage(w http.ResponseWriter, r *http.Request) {
	var body dashboardBody
	login := ""
	if b, ok := o.currentBrowser(r); ok {
		if p, known := o.Person(b.personID); known {
			body.Person, login = &p, p.Login
		}
	}
	body.Launch = o.LaunchURL(login)
	o.show(w, http.StatusOK, "dashboard", page{
		Title: "My applications", Lead: "The dashboard that people of the simulated organisation see.", Section: "dashboard", Body: body,
	})
}

// notice tells what an action did.
type notice struct {
	Failed bool
	Text   string
}

// noticeBoard carries notices over the redirect that follows a form. The last few stay readable, so that a reload shows
// them again.
type noticeBoard struct {
	mu    sync.Mutex
	byID  map[string]notice
	order []string
}

func newNoticeBoard() *noticeBoard { return &noticeBoard{byID: map[string]notice{}} }

func (b *noticeBoard) pin(n notice) (id string) {
	const kept = 50
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.order) == kept {
		delete(b.byID, b.order[0])
		b.order = b.order[1:]
	}
	id = rand.Text()
	b.byID[id] = n
	b.order = append(b.order, id)
	return id
}

func (b *noticeBoard) read(id string) *notice {
	b.mu.Lock()
	defer b.mu.Unlock()
	if n, ok := b.byID[id]; ok {
		return &n
	}
	return nil
}
