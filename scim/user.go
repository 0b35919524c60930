package scim

import (
	"net/http"

	"drawbridge/provisioning"
)

func (h *Handler) listUsers(c *call) (answer, error) {
	q, err := c.parameters.list(ParseUserFilter)
	if err != nil {
		return answer{}, err
	}
	found, total, err := h.service.FindDirectoryUsers(c.Context(), c.access, q.filter, q.start-1, q.count)
	if err != nil {
		return answer{}, err
	}
	resources := make([]any, len(found))
	for i, u := range found {
		resources[i] = c.view.of(userResource(u, h.base))
	}
	c.done("listed")
	return listAnswer(resources, total, q.start), nil
}

func (h *Handler) getUser(c *call) (answer, error) {
	u, err := h.service.GetDirectoryUser(c.Context(), c.access, c.id)
	if err != nil {
		return answer{}, err
	}
	c.done("found")
	return c.ok(userResource(u, h.base)), nil
}

// readUser reads the body of a POST or PUT and shows it to the library.
func (h *Handler) readUser(c *call, path string) (attributes map[string]any, dropped []string, err error) {
	body, err := readJSON(c.Body)
	if err != nil {
		return nil, nil, bodyError(err)
	}
	if attributes, dropped, err = resourceBody(userType, body); err != nil {
		return nil, nil, err
	}
	rendered, err := libraryResource(userType, attributes)
	if err != nil {
		return nil, nil, err
	}
	return attributes, dropped, h.library.check(c.Context(), c.Method, path, rendered)
}

func (h *Handler) createUser(c *call) (answer, error) {
	attributes, dropped, err := h.readUser(c, "/Users")
	if err != nil {
		return answer{}, err
	}
	w, err := createWrite(attributes)
	if err != nil {
		return answer{}, err
	}
	u, err := h.service.CreateDirectoryUser(c.Context(), c.access, w)
	if err != nil {
		return answer{}, err
	}
	h.dropped(c, string(u.ID), dropped)
	c.done("created")
	return c.created(userResource(u, h.base)), nil
}

func (h *Handler) replaceUser(c *call) (answer, error) {
	attributes, dropped, err := h.readUser(c, "/Users/"+c.id)
	if err != nil {
		return answer{}, err
	}
	return h.changeUser(c, "replaced", dropped, func(current provisioning.RecordWrite) (provisioning.RecordWrite, error) {
		return replaceWrite(current, attributes)
	})
}

func (h *Handler) patchUser(c *call) (answer, error) {
	body, err := readJSON(c.Body)
	if err != nil {
		return answer{}, bodyError(err)
	}
	ops, dropped, err := userPatch(body, c.id)
	if err != nil {
		return answer{}, err
	}
	rendered, err := libraryUserPatch(ops)
	if err != nil {
		return answer{}, err
	}
	if err := h.library.check(c.Context(), http.MethodPatch, "/Users/"+c.id, rendered); err != nil {
		return answer{}, err
	}
	opts := patchOptions{createsMissing: c.access.Directory.Switch(provisioning.SwitchPatchCreatesMissing)}
	return h.changeUser(c, "patched", dropped, func(current provisioning.RecordWrite) (provisioning.RecordWrite, error) {
		return patchWrite(current, ops, opts)
	})
}

func (h *Handler) changeUser(c *call, outcome string, dropped []string, change func(provisioning.RecordWrite) (provisioning.RecordWrite, error)) (answer, error) {
	u, err := h.service.ChangeDirectoryUser(c.Context(), c.access, c.id, change)
	if err != nil {
		return answer{}, err
	}
	h.dropped(c, c.id, dropped)
	c.done(outcome)
	return c.ok(userResource(u, h.base)), nil
}

func (h *Handler) deleteUser(c *call) (answer, error) {
	if err := h.service.DeleteDirectoryUser(c.Context(), c.access, c.id); err != nil {
		return answer{}, err
	}
	c.done("deleted")
	return answer{status: http.StatusNoContent}, nil
}
