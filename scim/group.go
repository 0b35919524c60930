package scim

import (
	"net/http"

	"drawbridge/provisioning"
)

// maxAnsweredMembers bounds the members in the answer to a POST or PUT of a
// group: the client has just sent them.
const maxAnsweredMembers = 1000

func (h *Handler) listGroups(c *call) (answer, error) {
	q, err := c.parameters.list(ParseGroupFilter)
	if err != nil {
		return answer{}, err
	}
	found, total, err := h.service.FindDirectoryGroups(c.Context(), c.access, q.filter, q.start-1, q.count, c.view.wants("members"))
	if err != nil {
		return answer{}, err
	}
	resources := make([]any, len(found))
	for i, g := range found {
		resources[i] = c.view.of(groupResource(g, h.base))
	}
	c.done("listed")
	return listAnswer(resources, total, q.start), nil
}

func (h *Handler) getGroup(c *call) (answer, error) {
	g, err := h.service.GetDirectoryGroup(c.Context(), c.access, c.id, c.view.wants("members"))
	if err != nil {
		return answer{}, err
	}
	c.done("found")
	return c.ok(groupResource(g, h.base)), nil
}

// readGroup reads the body of a POST or PUT and shows it, without the members,
// to the library.
func (h *Handler) readGroup(c *call, path string) (w provisioning.GroupWrite, dropped []string, err error) {
	g, err := readGroup(c.Body)
	if err != nil {
		return w, nil, bodyError(err)
	}
	rendered, err := libraryResource(groupType, g.Attributes)
	if err != nil {
		return w, nil, err
	}
	if err := h.library.check(c.Context(), c.Method, path, rendered); err != nil {
		return w, nil, err
	}
	w, err = g.write()
	return w, g.Dropped, err
}

func (h *Handler) createGroup(c *call) (answer, error) {
	w, dropped, err := h.readGroup(c, "/Groups")
	if err != nil {
		return answer{}, err
	}
	g, err := h.service.CreateDirectoryGroup(c.Context(), c.access, w)
	if err != nil {
		return answer{}, err
	}
	if len(g.Members) > maxAnsweredMembers && !c.view.asks("members") {
		g.Members = nil
	}
	h.dropped(c, string(g.ID), dropped)
	c.done("created")
	return c.created(groupResource(g, h.base)), nil
}

func (h *Handler) replaceGroup(c *call) (answer, error) {
	w, dropped, err := h.readGroup(c, "/Groups/"+c.id)
	if err != nil {
		return answer{}, err
	}
	few := w.Members != nil && len(w.Members) <= maxAnsweredMembers
	withMembers := c.view.asks("members") || few && c.view.wants("members")
	g, err := h.service.ReplaceDirectoryGroup(c.Context(), c.access, c.id, w, withMembers)
	if err != nil {
		return answer{}, err
	}
	h.dropped(c, c.id, dropped)
	c.done("replaced")
	return c.ok(groupResource(g, h.base)), nil
}

// patchGroup answers without members unless they are asked for: adding one to
// a group of 100,000 must not read 100,000 (rule 22).
func (h *Handler) patchGroup(c *call) (answer, error) {
	p, err := readGroupPatch(c.Body, c.id)
	if err != nil {
		return answer{}, bodyError(err)
	}
	rendered, err := libraryGroupPatch(p.Change)
	if err != nil {
		return answer{}, err
	}
	if err := h.library.check(c.Context(), http.MethodPatch, "/Groups/"+c.id, rendered); err != nil {
		return answer{}, err
	}
	g, err := h.service.ChangeDirectoryGroup(c.Context(), c.access, c.id, p.Change, c.view.asks("members"))
	if err != nil {
		return answer{}, err
	}
	h.dropped(c, c.id, p.Dropped)
	c.done("patched")
	// Who names attributes must get them (RFC 7644 §3.5.2), whatever the switch says.
	if !c.access.Directory.Switch(provisioning.SwitchGroupPatchBody) && !c.view.narrows() {
		return answer{status: http.StatusNoContent}, nil
	}
	return c.ok(groupResource(g, h.base)), nil
}

func (h *Handler) deleteGroup(c *call) (answer, error) {
	if err := h.service.DeleteDirectoryGroup(c.Context(), c.access, c.id); err != nil {
		return answer{}, err
	}
	c.done("deleted")
	return answer{status: http.StatusNoContent}, nil
}
