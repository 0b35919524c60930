package console

import (
	"cmp"
	"errors"
	"net/http"
	"slices"

	"drawbridge/internal/web"
	"drawbridge/provisioning"
)

// workspacesPage offers the workspaces that an account leads to.
type workspacesPage struct {
	web.Page
	Email  string
	Hidden []web.HiddenField
	Open   []doorway
	Shut   []doorway
}

// doorway is one workspace on that page.
type doorway struct {
	ID      provisioning.WorkspaceID
	Name    string
	Detail  string // what is to be known of it before going in, or why one cannot
	Contact string // address of whom to ask, or ""
	Ways    []link // other ways in
}

// showWorkspaces lets somebody choose. Where nothing can be entered the answer is 403.
func (h *Handler) showWorkspaces(v visit) error {
	if v.parent.FactorNeeded {
		return web.SeeOther(v.w, h.withReturn("/login/factor", h.returnTo(v.r)))
	}
	doors, err := h.service.Doors(v.r.Context(), v.browser)
	if err != nil {
		return err
	}
	page, err := h.workspacesOf(v, doors)
	if err != nil {
		return err
	}
	status := http.StatusOK
	if len(page.Open) == 0 {
		status = http.StatusForbidden
		web.EventOf(v.r.Context()).Outcome = "no_way_in"
	}
	return h.pages.Render(v.w, v.r, status, "workspaces", page)
}

func (h *Handler) workspacesOf(v visit, doors []provisioning.Door) (workspacesPage, error) {
	returnTo := h.returnTo(v.r)
	page := workspacesPage{Email: v.parent.Account.Email, Hidden: hidden(h.carry(returnTo))}
	present, err := h.viewer(v.r)
	if err != nil && !errors.Is(err, provisioning.ErrUnauthenticated) {
		return page, err
	}
	for _, d := range doors {
		if d.Refusal == "" {
			page.Open = append(page.Open, h.openDoor(d, present.Workspace.ID))
			continue
		}
		shut, err := h.shutDoor(v, d, returnTo)
		if err != nil {
			return page, err
		}
		page.Shut = append(page.Shut, shut)
	}
	return page, nil
}

func (h *Handler) openDoor(d provisioning.Door, present provisioning.WorkspaceID) doorway {
	open := doorway{ID: d.Workspace.ID, Name: d.Workspace.Name}
	switch {
	case d.Workspace.ID == present:
		open.Detail = h.t("workspaces.here")
	case d.FactorSetup:
		open.Detail = h.t("workspaces.factor")
	}
	return open
}

// shutDoor says why a workspace cannot be entered, and what leads in all the same.
func (h *Handler) shutDoor(v visit, d provisioning.Door, returnTo string) (doorway, error) {
	shut := doorway{ID: d.Workspace.ID, Name: d.Workspace.Name}
	if d.Refusal != provisioning.RefusedSSORequired {
		whom, contact := h.whomToAsk(d.Workspace)
		shut.Detail, shut.Contact = h.t("workspaces.stopped", whom), contact
		return shut, nil
	}
	shut.Detail = h.t("workspaces.sso")
	found, err := h.service.ConnectionsFor(v.r.Context(), cmp.Or(d.User.Email, v.parent.Account.Email))
	if errors.Is(err, provisioning.ErrInvalid) {
		return shut, nil
	}
	for _, c := range slices.DeleteFunc(found, func(c provisioning.Connection) bool { return c.Workspace != d.Workspace.ID }) {
		shut.Ways = append(shut.Ways, link{h.t("continue_with", c.Name), h.ssoPath(c.ID, h.hints(d.User.Email, returnTo))})
	}
	return shut, err
}

func (h *Handler) enterWorkspace(v visit) error {
	return h.enter(v, provisioning.WorkspaceID(v.r.PostForm.Get("workspace")), h.returnTo(v.r))
}
