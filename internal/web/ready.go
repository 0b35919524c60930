package web

import (
	"cmp"
	"net/http"
	"strings"
)

// Refusal is a page that says no: what happened, whom to ask, what to quote, and a way back.
type Refusal struct {
	Page
	Title     string
	What      string // one sentence: what happened
	Whom      string // one sentence: whom to ask, or what to do
	Contact   string // e-mail address of the workspace's contact, or ""
	Reference string // short code to quote; "" for the request's own
	BackHref  string // "" for the start page
	BackLabel string
}

// Message is a page that tells one thing. Its single link may be left out.
type Message struct {
	Page
	Title string
	Text  []string // paragraphs
	Href  string
	Label string
}

// Choice is a page with several ways on, each a link or, with fields, a form.
type Choice struct {
	Page
	Title string
	Text  string
	Items []ChoiceItem
}

// ChoiceItem is one way on. With Post it is a form that posts Fields to Href, else a link.
type ChoiceItem struct {
	Label  string
	Detail string // a second, quieter line, or ""
	Href   string
	Post   bool
	Fields []HiddenField
}

// HiddenField is a form field that the browser sends back as it was.
type HiddenField struct{ Name, Value string }

// Confirm is the page that asks before something is done. It is what a dialog shows, for browsers without script.
type Confirm struct {
	Page
	Title      string
	Text       string
	Effects    []string // what goes with it and whom it locks out
	Action     string   // where the form posts to
	Fields     []HiddenField
	Verb       string // the button: a verb with its object
	Danger     bool   // what is done takes something away
	CancelHref string
}

// Field is one field of a form, as the partial "field" draws it.
type Field struct {
	Name, Label, Help string
	Type              string // of the input: "text", "email", "password" (which gets a button that shows it), …
	Value             string // what was typed, kept through every error
	Problem           string // what to correct, in a sentence; "" where nothing is
	Autocomplete      string
	InputMode         string // which keys a phone offers: "numeric", …; "" goes by the type
	MinLength         int    // of a new password: while it is typed, script tells in words how it stands; 0 for none
	ReadOnly          bool
	Focus             bool // the cursor starts here: the first field with a problem
}

// ID is the field's element id.
func (f Field) ID() string { return "f-" + f.Name }

// Refuse answers with a refusal, filling in the reference and the way back where they are missing.
func (p *Pages) Refuse(w http.ResponseWriter, r *http.Request, status int, page Refusal) error {
	page.Reference = cmp.Or(page.Reference, ReferenceOf(r.Context()))
	if page.BackHref == "" {
		page.BackHref, page.BackLabel = p.Path("/"), p.catalogue.T("home")
	}
	return p.Render(w, r, status, "refusal", page)
}

// Answer is the [Answer] of the people's face: a page for each kind of error, and the spare page if even that fails.
func (p *Pages) Answer(w http.ResponseWriter, r *http.Request, err error) {
	status, _ := note(r, err)
	if fault := p.Refuse(w, r, status, p.refusalFor(status, err)); fault != nil {
		EventOf(r.Context()).Fail("page_failed", fault)
		p.answerSpare(w, r)
	}
}

func (p *Pages) refusalFor(status int, err error) Refusal {
	if page, ok := pageOf(err); ok {
		return page
	}
	t := p.catalogue.T
	switch status {
	case http.StatusNotFound:
		return Refusal{Title: t("error.404.title"), What: t("error.404.what"), Whom: t("error.administrator")}
	case http.StatusMethodNotAllowed:
		return Refusal{Title: t("error.405.title"), What: t("error.405.what"), Whom: t("error.administrator")}
	case http.StatusForbidden:
		return Refusal{Title: t("error.403.title"), What: t("error.403.what"), Whom: t("error.403.whom")}
	case http.StatusRequestEntityTooLarge:
		return Refusal{Title: t("error.413.title"), What: t("error.413.what"), Whom: t("error.413.whom")}
	default:
		return p.faultPage()
	}
}

func (p *Pages) faultPage() Refusal {
	t := p.catalogue.T
	return Refusal{Title: t("error.500.title"), What: t("error.500.what"), Whom: t("error.500.whom")}
}

// spareReference stands in the spare page where the reference goes.
const spareReference = "REFERENCE-HERE"

func (p *Pages) renderSpare() (string, error) {
	page := p.faultPage()
	page.Reference, page.BackHref, page.BackLabel = spareReference, p.Path("/"), p.catalogue.T("home")
	body, err := p.execute("refusal", view{Data: page})
	return string(body), err
}

// answerSpare cannot fail: the page was rendered when the program started, and a reference needs no escaping.
func (p *Pages) answerSpare(w http.ResponseWriter, r *http.Request) {
	policy, _ := pagePolicy(Page{})
	body := strings.ReplaceAll(p.spare, spareReference, ReferenceOf(r.Context()))
	writePage(w, http.StatusInternalServerError, policy, []byte(body))
}
