package console

import (
	"errors"
	"net/http"
	"time"

	"drawbridge/internal/web"
	"drawbridge/provisioning"
)

// expiredLifetime is how long a browser keeps the text of an expired link, from which a new one can be asked for.
const expiredLifetime = 10 * time.Minute

// linkKind is what a kind of link is called in the catalogue, where its ticket is kept, and where it leads.
type linkKind struct {
	name   string // texts NAME.refused, NAME.CODE and NAME.CODE.whom
	cookie string
	page   string
}

var (
	invitationLink = linkKind{"invitation", web.InvitationCookie, "/invitation"}
	resetLink      = linkKind{"reset", web.ResetCookie, "/reset/password"}
	emailLink      = linkKind{"email", web.EmailCookie, "/email"}
	setupLink      = linkKind{"setup", web.SetupCookie, "/setup"}
)

// exchange answers a link: a ticket takes its place, in a cookie, and the browser goes on to an address without it, so
// that the link stands in no history and leaks by no referrer. It uses nothing up: mail scanners open links too.
func (h *Handler) exchange(w http.ResponseWriter, r *http.Request, kind linkKind) error {
	text := r.URL.Query().Get("token")
	ticket, err := h.service.ExchangeLink(r.Context(), text)
	switch {
	case provisioning.Code(err) == "link_expired" && kind == invitationLink:
		h.cookies.Set(w, kind.cookie, text, expiredLifetime)
	case err != nil:
		return h.deadLink(kind, err)
	default:
		h.cookies.Set(w, kind.cookie, ticket, provisioning.TicketLifetime)
	}
	return web.SeeOther(w, h.pages.Path(kind.page))
}

// ticket returns what the browser has of a link, or the page that says that it has none.
func (h *Handler) ticket(r *http.Request, kind linkKind) (string, error) {
	ticket, ok := h.cookies.Read(r, kind.cookie)
	if !ok {
		return "", h.refuseLink(kind, "closed")
	}
	return ticket, nil
}

// deadLink turns an error of kind ErrGone into the page of its link, 410. Others stay as they are.
func (h *Handler) deadLink(kind linkKind, err error) error {
	if !errors.Is(err, provisioning.ErrGone) {
		return err
	}
	switch code := provisioning.Code(err); code {
	case "link_used", "link_expired":
		return h.refuseLink(kind, code)
	case "link_cancelled":
		if kind == invitationLink {
			return h.refuseLink(kind, code)
		}
	case "set_up":
		if kind == setupLink {
			return h.refuseLink(kind, code)
		}
	}
	return h.refuseLink(kind, "link_dead")
}

// refuseLink is the page for a link that leads nowhere, 410.
func (h *Handler) refuseLink(kind linkKind, why string) error {
	page := web.Refusal{
		Title: h.t(kind.name + ".refused"), What: h.t(kind.name + "." + why), Whom: h.t(kind.name + "." + why + ".whom"),
		BackHref: h.pages.Path("/login"), BackLabel: h.t("login.back"),
	}
	if kind == resetLink {
		page.BackHref, page.BackLabel = h.pages.Path("/reset"), h.t("reset.again")
	}
	return &web.RefusalError{Status: http.StatusGone, Outcome: kind.name + "_" + why, Page: page}
}
