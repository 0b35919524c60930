package oktasim

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const actionLimit = 90 * time.Second // an act goes on when its browser leaves, but not for ever

func (o *Organisation) routeAdmin(mux *http.ServeMux) {
	mux.HandleFunc("GET /admin", o.peoplePage)
	mux.HandleFunc("GET /admin/people/{id}", o.personPage)
	mux.HandleFunc("GET /admin/groups", o.groupsPage)
	mux.HandleFunc("GET /admin/groups/{id}", o.groupPage)
	mux.HandleFunc("GET /admin/exchanges", o.exchangesPage)

	mux.HandleFunc("POST /admin/test", o.act("The application answers and accepts the token.", func(ctx context.Context, _ *http.Request) error {
		return o.TestConnection(ctx)
	}))
	mux.HandleFunc("POST /admin/push", o.act("Everybody who is assigned and every group is pushed.", func(ctx context.Context, _ *http.Request) error {
		return o.PushAll(ctx)
	}))
	mux.HandleFunc("POST /admin/people/{id}", o.act("The profile is saved and, for somebody pushed, sent.", o.saveProfile))
	for verb, a := range map[string]struct {
		done string
		run  func(context.Context, string) error
	}{
		"assign":     {"Assigned and pushed to the application.", o.Assign},
		"unassign":   {"Unassigned. The application was told to deactivate the person.", o.Unassign},
		"deactivate": {"Deactivated, and the application was told if it knows the person.", o.Deactivate},
		"reactivate": {"Active again. Push the person's groups again, as a real Okta needs it.", o.Reactivate},
	} {
		mux.HandleFunc("POST /admin/people/{id}/"+verb, o.act(a.done, byID(a.run)))
	}
	for verb, a := range map[string]struct {
		done string
		run  func(context.Context, string) error
	}{
		"push":     {"The group is linked and pushed.", o.PushGroup},
		"push-now": {"The whole membership is pushed again.", o.PushNow},
		"unlink":   {"Unlinked. The application keeps the group.", func(ctx context.Context, id string) error { return o.UnlinkGroup(ctx, id, false) }},
		"delete":   {"Unlinked, and the application was told to delete the group.", func(ctx context.Context, id string) error { return o.UnlinkGroup(ctx, id, true) }},
	} {
		mux.HandleFunc("POST /admin/groups/{id}/"+verb, o.act(a.done, byID(a.run)))
	}
	mux.HandleFunc("POST /admin/groups/{id}/rename", o.act("Renamed; a linked group's name is sent.", o.saveGroupName))
	mux.HandleFunc("POST /admin/groups/{id}/members", o.act("Members saved; a linked group's changes are sent.", o.saveMembers))
}

func byID(run func(context.Context, string) error) func(context.Context, *http.Request) error {
	return func(ctx context.Context, r *http.Request) error { return run(ctx, r.PathValue("id")) }
}

// act runs what a form asks for and redirects to the page that the form names, with a notice of the result.
func (o *Organisation) act(done string, run func(context.Context, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), actionLimit)
		defer cancel()
		n := notice{Text: done}
		if err := run(ctx, r); err != nil {
			n = notice{Failed: true, Text: failureText(err)}
		}
		back := r.PostForm.Get("back")
		if back != "/admin" && !strings.HasPrefix(back, "/admin/") {
			back = "/admin"
		}
		seeOther(w, r, back+"?notice="+url.QueryEscape(o.notices.pin(n)))
	}
}

func failureText(err error) string {
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return "Given up after 90 seconds. The exchanges show how far it came."
	case errors.Is(err, ErrUnknown):
		return "There is no such person or group any more."
	default:
		return err.Error()
	}
}

func (o *Organisation) saveProfile(ctx context.Context, r *http.Request) error {
	p, ok := o.Person(r.PathValue("id"))
	if !ok {
		return ErrUnknown
	}
	field := func(name string) string { return strings.TrimSpace(r.PostForm.Get(name)) }
	p.FirstName, p.LastName, p.Login = field("first_name"), field("last_name"), field("login")
	p.Title, p.Department = field("title"), field("department")
	if p.FirstName == "" || p.LastName == "" || !strings.Contains(p.Login, "@") {
		return errors.New("first name, last name and an e-mail address as login are needed")
	}
	return o.UpdatePerson(ctx, p)
}

func (o *Organisation) saveGroupName(ctx context.Context, r *http.Request) error {
	name := strings.TrimSpace(r.PostForm.Get("name"))
	if name == "" {
		return errors.New("a group needs a name")
	}
	return o.RenameGroup(ctx, r.PathValue("id"), name)
}

// saveMembers reads joiners and leavers, never the whole membership: the page may not show everybody.
func (o *Organisation) saveMembers(ctx context.Context, r *http.Request) error {
	g, ok := o.Group(r.PathValue("id"))
	if !ok {
		return ErrUnknown
	}
	members := append(without(g.Members, r.PostForm["leave"]), r.PostForm["join"]...)
	return o.SetMembers(ctx, g.ID, without(members, nil))
}

// personRow is a person with what the application knows of them.
type personRow struct {
	Person
	RemoteID string
	State    string // in the application, in words
	Good     bool
}

func (o *Organisation) row(p Person) personRow {
	id, active, pushed := o.UserID(p.ID)
	row := personRow{Person: p, RemoteID: id}
	switch {
	case pushed && active:
		row.State, row.Good = "Active", true
	case pushed:
		row.State = "Inactive"
	case p.Assigned:
		row.State = "Assigned, not pushed"
	default:
		row.State = "Not assigned"
	}
	return row
}

// IsActive says whether the person may sign in.
func (r personRow) IsActive() bool { return r.Status == Active }

type peopleBody struct {
	Search string
	Rows   []personRow
	Total  int
	More   int
	Online bool
}

func (o *Organisation) peoplePage(w http.ResponseWriter, r *http.Request) {
	search := r.Form.Get("q")
	found := o.findPeople(search)
	body := peopleBody{Search: search, Total: found.Total, More: found.More(), Online: o.connection().SCIMURL != ""}
	for _, p := range found.Shown {
		body.Rows = append(body.Rows, o.row(p))
	}
	o.showAdmin(w, r, "people", page{
		Title: "People", Section: "people", Body: body,
		Lead: "Who is in the organisation, and what the application was told of them. Every change is pushed at once.",
	})
}

func (o *Organisation) showAdmin(w http.ResponseWriter, r *http.Request, name string, p page) {
	p.Notice = o.notices.read(r.Form.Get("notice"))
	o.show(w, http.StatusOK, name, p)
}

func (o *Organisation) personPage(w http.ResponseWriter, r *http.Request) {
	p, ok := o.Person(r.PathValue("id"))
	if !ok {
		o.notFound(w)
		return
	}
	o.showAdmin(w, r, "person", page{
		Title: p.Name(), Section: "people", Body: o.row(p), Lead: "The profile that Okta pushes as a SCIM user.",
	})
}

func (o *Organisation) notFound(w http.ResponseWriter) {
	o.show(w, http.StatusNotFound, "refusal", page{
		Title: "Not found", Lead: "There is no such person or group in this organisation.", Narrow: true, Body: "not_found",
	})
}

type groupRow struct {
	Group
	RemoteID string
	Linked   bool
}

// Count is the number of members in Okta.
func (g groupRow) Count() int { return len(g.Members) }

func (o *Organisation) groupRow(g Group) groupRow {
	id, linked := o.GroupID(g.ID)
	return groupRow{Group: g, RemoteID: id, Linked: linked}
}

func (o *Organisation) groupsPage(w http.ResponseWriter, r *http.Request) {
	var rows []groupRow
	for _, g := range o.Groups() {
		rows = append(rows, o.groupRow(g))
	}
	o.showAdmin(w, r, "groups", page{
		Title: "Push groups", Section: "groups", Body: rows,
		Lead: "Which groups the application is told of. Only members who are assigned, pushed and active go with them.",
	})
}

type groupBodyView struct {
	groupRow
	Inside  []personRow
	Outside foundPeople
	Search  string
}

func (o *Organisation) groupPage(w http.ResponseWriter, r *http.Request) {
	g, ok := o.Group(r.PathValue("id"))
	if !ok {
		o.notFound(w)
		return
	}
	body := groupBodyView{groupRow: o.groupRow(g), Search: r.Form.Get("q")}
	member := map[string]bool{}
	for _, id := range g.Members {
		member[id] = true
		if p, known := o.Person(id); known && len(body.Inside) < shownPeople {
			body.Inside = append(body.Inside, o.row(p))
		}
	}
	found := o.findPeople(body.Search)
	body.Outside.Total = found.More()
	for _, p := range found.Shown {
		if !member[p.ID] {
			body.Outside.Shown = append(body.Outside.Shown, p)
			body.Outside.Total++
		}
	}
	o.showAdmin(w, r, "group", page{
		Title: g.Name, Section: "groups", Body: body,
		Lead: fmt.Sprintf("%s in Okta. A change of members or name is pushed at once while the group is linked.", countOf(len(g.Members), "member")),
	})
}

func countOf(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// exchangeRow is one line of the log.
type exchangeRow struct{ Exchange }

// Failed says that Okta counts the exchange as a failure.
func (e exchangeRow) Failed() bool { return e.Status < 200 || e.Status > 299 }

// Outcome is the status in digits and words.
func (e exchangeRow) Outcome() string {
	if e.Status == 0 {
		return "No answer"
	}
	return strings.TrimSpace(fmt.Sprintf("%d %s", e.Status, http.StatusText(e.Status)))
}

// Clock is the time of the request, in UTC.
func (e exchangeRow) Clock() string { return e.At.UTC().Format("15:04:05") }

// Milliseconds is how long the answer took.
func (e exchangeRow) Milliseconds() string {
	return fmt.Sprintf("%.1f ms", float64(e.Took)/float64(time.Millisecond))
}

func (o *Organisation) exchangesPage(w http.ResponseWriter, r *http.Request) {
	var rows []exchangeRow
	for _, e := range o.Exchanges() {
		rows = append(rows, exchangeRow{e})
	}
	o.showAdmin(w, r, "exchanges", page{
		Title: "Exchanges", Section: "exchanges", Body: rows,
		Lead: "What Okta asked of the application and what it answered: the last 200, newest first.",
	})
}
