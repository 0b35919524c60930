package console

import (
	"errors"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"drawbridge/internal/web"
	"drawbridge/provisioning"
)

// formPage is a card with one form, and what may be done instead.
type formPage struct {
	web.Page
	Title    string
	Text     []string
	Notice   string      // good news, above the form
	Fault    string      // what is wrong with the whole, not with one field
	Problems []web.Field // those of Fields that have to be corrected
	Action   string
	Hidden   []web.HiddenField
	Fields   []web.Field
	Verb     string
	Also     *verb  // a second button of the same form
	Cancel   string // where to go without sending the form; "" for nowhere
	Side     []link // below the form
	Passkey  *passkeyForm
	// Unscripted is said to who has no script, where nothing can be done without.
	Unscripted string
}

// verb is a button whose name and value go with its form.
type verb struct{ Name, Value, Label string }

// link is words that lead somewhere.
type link struct{ Label, Href string }

// wrong marks a field, and has the cursor start there if it is the first one.
func (p *formPage) wrong(name, problem string) {
	for i := range p.Fields {
		p.Fields[i].Focus = p.Fields[i].Focus && len(p.Problems) > 0
		if p.Fields[i].Name == name {
			p.Fields[i].Problem, p.Fields[i].Focus = problem, len(p.Problems) == 0
			p.Problems = append(p.Problems, p.Fields[i])
		}
	}
	p.Problem = true
}

// keep puts what was typed back into its field.
func (p *formPage) keep(name, typed string) {
	for i := range p.Fields {
		if p.Fields[i].Name == name {
			p.Fields[i].Value = echo(typed)
		}
	}
}

// maxEcho is how much of what a stranger typed is shown again, in bytes: more than any field takes.
const maxEcho = 1024

// echo is what was typed as it stands in its field again.
func echo(typed string) string { return strings.ToValidUTF8(typed[:min(len(typed), maxEcho)], "") }

func (p *formPage) has(name string) bool {
	return slices.ContainsFunc(p.Fields, func(f web.Field) bool { return f.Name == name })
}

// fault says what is wrong with the whole.
func (p *formPage) fault(sentence string) { p.Problem, p.Fault = true, sentence }

// again shows the form once more: 422.
func (h *Handler) again(w http.ResponseWriter, r *http.Request, page formPage) error {
	return h.pages.Render(w, r, http.StatusUnprocessableEntity, "form", page)
}

// show shows a form for the first time.
func (h *Handler) show(w http.ResponseWriter, r *http.Request, page formPage) error {
	return h.pages.Render(w, r, http.StatusOK, "form", page)
}

// emailField asks for an address by which somebody signs in.
func (h *Handler) emailField(value string) web.Field {
	return web.Field{
		Name: "email", Label: h.t("email"), Type: "email", InputMode: "email", Autocomplete: "username", Value: value,
	}
}

// passwordField asks for a password that there is.
func (h *Handler) passwordField() web.Field {
	return web.Field{Name: "password", Label: h.t("password"), Type: "password", Autocomplete: "current-password"}
}

// newPasswordField asks for a password that is to be.
func (h *Handler) newPasswordField(rule provisioning.PasswordRule) web.Field {
	return web.Field{
		Name: "new_password", Label: h.t("password.new"), Help: h.t("password.new.help", rule.Min), Type: "password",
		Autocomplete: "new-password", MinLength: rule.Min,
	}
}

// detail is what an error of the domain says of itself, in a sentence for whoever caused it.
func (h *Handler) detail(err error) string {
	if said := provisioning.Detail(err); said != "" {
		return said
	}
	return h.t("form.wrong")
}

// blame puts an error at the field that it is about, else over the form.
func (h *Handler) blame(page *formPage, err error) {
	name := provisioning.Code(err)
	if strings.HasPrefix(name, "password_") {
		name = "new_password"
	}
	if page.has(name) {
		page.wrong(name, h.detail(err))
		return
	}
	page.fault(h.detail(err))
}

// tooMany turns an error of kind ErrTooMany into a page that says how long to wait, 429. Others stay as they are.
func (h *Handler) tooMany(w http.ResponseWriter, err error) error {
	var told *provisioning.Error
	if !errors.Is(err, provisioning.ErrTooMany) || !errors.As(err, &told) {
		return err
	}
	retryAfter(w, told.RetryAfter)
	what := h.t("too_many.locked", minutesOf(told.RetryAfter))
	switch told.Code {
	case "busy":
		what = h.t("too_many.busy")
	case "too_often":
		what = h.t("too_many.mail", minutesOf(told.RetryAfter))
	}
	return &web.RefusalError{Status: http.StatusTooManyRequests, Outcome: "too_many_" + told.Code, Page: web.Refusal{
		Title: h.t("too_many"), What: what, Whom: h.t("too_many.whom"), BackHref: h.pages.Path("/login"), BackLabel: h.t("login.back"),
	}}
}

// retryAfter tells programs how long to wait, in whole seconds (RFC 9110 section 10.2.3).
func retryAfter(w http.ResponseWriter, wait time.Duration) {
	w.Header().Set("Retry-After", strconv.Itoa(max(1, int(math.Ceil(wait.Seconds())))))
}

func minutesOf(wait time.Duration) int { return max(1, int(math.Ceil(wait.Minutes()))) }
