package console

import (
	"errors"
	"net/http"
	"net/url"

	"drawbridge/internal/web"
	"drawbridge/provisioning"
)

// signedInNow keeps a new parent sign-in and leads on.
func (h *Handler) signedInNow(w http.ResponseWriter, r *http.Request, p provisioning.Parent, returnTo string) error {
	web.EventOf(r.Context()).Outcome = "parent_signed_in"
	if err := h.begin(w, r, p); err != nil {
		return err
	}
	return h.toProof(w, h.onward(h.visitAfter(w, r, p), returnTo), "/login", returnTo)
}

// visitAfter is the visit of a browser that has a new secret but did not send it yet.
func (h *Handler) visitAfter(w http.ResponseWriter, r *http.Request, p provisioning.Parent) visit {
	b := h.browserOf(r)
	if p.Secret != "" {
		b.Parent = p.Secret
	}
	return visit{w: w, r: r, parent: p, browser: b}
}

// onward leads whoever proved something to what comes next: the second factor, the place that asked for the proof, or a
// workspace. Who has just one is let in at once.
func (h *Handler) onward(v visit, returnTo string) error {
	switch {
	case v.parent.FactorNeeded:
		return web.SeeOther(v.w, h.withReturn("/login/factor", returnTo))
	case h.provesForProvider(returnTo):
		return web.SeeOther(v.w, h.withReturn("/login/proved", returnTo))
	case returnTo == h.pages.Path("/invitation"):
		return web.SeeOther(v.w, returnTo)
	}
	held, err := h.holdsSession(v)
	if err != nil {
		return err
	}
	if held {
		return web.SeeOther(v.w, returnTo)
	}
	doors, err := h.service.Doors(v.r.Context(), v.browser)
	if err != nil {
		return err
	}
	if len(doors) == 1 && doors[0].Refusal == "" {
		return h.enter(v, doors[0].Workspace.ID, returnTo)
	}
	return web.SeeOther(v.w, h.withReturn("/workspaces", returnTo))
}

// holdsSession reports whether the browser came with a good session of the same sign-in.
func (h *Handler) holdsSession(v visit) (bool, error) {
	viewer, err := h.viewer(v.r)
	if errors.Is(err, provisioning.ErrUnauthenticated) {
		return false, nil
	}
	return err == nil && viewer.Session.Parent == v.parent.SignIn.ID, err
}

// enter makes a session of a workspace. What that workspace asks for first leads to where it is done; what it refuses
// stands on the page with the workspaces.
func (h *Handler) enter(v visit, ws provisioning.WorkspaceID, returnTo string) error {
	in, err := h.service.Enter(v.r.Context(), ws, v.browser)
	switch {
	case errors.Is(err, provisioning.ErrRefused):
		web.EventOf(v.r.Context()).Outcome = "not_entered"
		return web.SeeOther(v.w, h.withReturn("/workspaces", returnTo))
	case provisioning.Code(err) == "second_factor_setup":
		query := h.carry(returnTo)
		query.Set("workspace", string(ws))
		return web.SeeOther(v.w, h.withQuery("/account/factor", query))
	case err != nil:
		return err
	}
	e := web.EventOf(v.r.Context())
	e.WorkspaceID, e.UserID, e.Outcome = string(ws), string(in.User.ID), "signed_in"
	h.keepSession(v.w, in)
	return web.SeeOther(v.w, returnTo)
}

// showProved lets who proved their account go on to the provider. It is a page of its own, and a link: a form that is
// answered by a redirect could not lead to every provider.
func (h *Handler) showProved(v visit) error {
	returnTo := h.returnTo(v.r)
	if v.parent.FactorNeeded {
		return web.SeeOther(v.w, h.withReturn("/login/factor", returnTo))
	}
	if !h.provesForProvider(returnTo) {
		return web.SeeOther(v.w, h.withReturn("/workspaces", returnTo))
	}
	return h.pages.Render(v.w, v.r, http.StatusOK, "message", web.Message{
		Title: h.t("proved.title"), Text: []string{h.t("proved.text", v.parent.Account.Email)},
		Href: returnTo, Label: h.t("proved.go_on"),
	})
}

// next is what a set-up on the way into a workspace leads back to.
type next struct {
	workspace provisioning.WorkspaceID // "" where nobody is on the way
	returnTo  string
}

func (h *Handler) nextOf(r *http.Request) next {
	return next{provisioning.WorkspaceID(r.Form.Get("workspace")), h.returnTo(r)}
}

func (h *Handler) carryNext(n next) url.Values {
	query := h.carry(n.returnTo)
	if n.workspace != "" {
		query.Set("workspace", string(n.workspace))
	}
	return query
}
