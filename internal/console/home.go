package console

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"drawbridge/internal/web"
	"drawbridge/provisioning"
)

// reasonsPerPage keeps the page light for somebody who is everywhere.
const reasonsPerPage = 50

// homePage tells a person what they hold and why.
type homePage struct {
	web.Page
	Name        string
	Email       string
	Communities int      // in which some role is held
	Held        []reason // those that give a role
	Idle        []reason // those that give none now
	First, Last int      // of the reasons on this page, counted from 1
	Total       int
	NewerHref   string // the pages before and after; "" where there is none
	OlderHref   string
}

// home shows who is signed in and what they hold. Somebody without any membership is told whom to ask (rule 6).
func (h *Handler) home(w http.ResponseWriter, r *http.Request, v provisioning.Viewer) error {
	all, err := h.service.ExplainAccess(r.Context(), v.Workspace.ID, v.User.ID, "")
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(all, provisioning.Explanation.Counts) {
		return h.noMembership(v, len(all) > 0)
	}
	return h.pages.Render(w, r, http.StatusOK, "home", h.homeOf(v, all, r.URL.Query().Get("page")))
}

func (h *Handler) homeOf(v provisioning.Viewer, all []provisioning.Explanation, asked string) homePage {
	slices.SortStableFunc(all, func(a, b provisioning.Explanation) int { return rank(a) - rank(b) })
	page := homePage{
		Page: h.framed(v),
		Name: nameOf(v.User), Email: v.User.Email, Communities: communitiesIn(all), Total: len(all),
	}
	number := pageNumber(asked, len(all))
	start := (number - 1) * reasonsPerPage
	end := min(start+reasonsPerPage, len(all))
	page.First, page.Last = start+1, end
	for _, e := range all[start:end] {
		if line := h.reason(v.Workspace, e); e.Counts() {
			page.Held = append(page.Held, line)
		} else {
			page.Idle = append(page.Idle, line)
		}
	}
	if number > 1 {
		page.NewerHref = h.homePath(number - 1)
	}
	if end < len(all) {
		page.OlderHref = h.homePath(number + 1)
	}
	return page
}

// rank puts what counts before what does not.
func rank(e provisioning.Explanation) int {
	if e.Counts() {
		return 0
	}
	return 1
}

func communitiesIn(all []provisioning.Explanation) int {
	held := make(map[provisioning.CommunityID]bool)
	for _, e := range all {
		if e.Counts() {
			held[e.Community.ID] = true
		}
	}
	return len(held)
}

// pageNumber reads ?page=, and takes the nearest page there is for any other.
func pageNumber(asked string, total int) int {
	number, err := strconv.Atoi(asked)
	if err != nil {
		return 1
	}
	last := (total + reasonsPerPage - 1) / reasonsPerPage
	return max(1, min(number, last))
}

func (h *Handler) homePath(number int) string {
	return h.pages.Path("/") + "?page=" + strconv.Itoa(number)
}

// noMembership refuses somebody who holds nothing. waiting says that there are reasons, none of which counts now.
func (h *Handler) noMembership(v provisioning.Viewer, waiting bool) error {
	what := "no_membership.what"
	if waiting {
		what = "no_membership.waiting"
	}
	page := web.Refusal{
		Page:     web.Page{Workspace: v.Workspace.Name},
		Title:    h.t("no_membership.title", v.Workspace.Name),
		What:     h.t(what, nameOf(v.User), v.Workspace.Name),
		BackHref: h.pages.Path("/logout"), BackLabel: h.t("sign_out"),
	}
	page.Whom, page.Contact = h.whomToAsk(v.Workspace)
	return &web.RefusalError{Status: http.StatusForbidden, Outcome: "no_membership", Page: page}
}

// whomToAsk is the workspace's contact: an address to write to, or words such as a room or a number.
func (h *Handler) whomToAsk(ws provisioning.Workspace) (sentence, address string) {
	contact := ws.Settings.Get(provisioning.SettingContact)
	switch {
	case contact == "":
		return h.t("whom.administrator", ws.Name), ""
	case strings.Contains(contact, "@") && !strings.ContainsAny(contact, " ,;"):
		return h.t("whom.address", ws.Name), contact
	default:
		return h.t("whom.words", ws.Name, contact), ""
	}
}
