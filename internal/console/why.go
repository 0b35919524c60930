package console

import (
	"drawbridge/provisioning"
)

// reason is one line of what a person holds, or would hold: where, which role, and the chain of what it comes from.
type reason struct {
	Community  string
	Everywhere string // of a role in the root of a multi-tenant workspace: where it holds too (rule 2); else ""
	Role       string
	Chain      []phrase // read from the right: the first link gave the role, the last is where it began
	State      string   // of a reason that gives nothing now: a word
	Meaning    string   // and what that means
}

func (h *Handler) reason(ws provisioning.Workspace, e provisioning.Explanation) reason {
	line := reason{Community: e.Community.Name, Role: e.Role.Name, Chain: h.chain(ws, e)}
	if e.Community.Root && ws.MultiTenant {
		line.Everywhere = h.t("why.everywhere", ws.Name)
	}
	if !e.Counts() {
		line.State, line.Meaning = h.idle(e)
	}
	return line
}

// idle says why a reason gives nothing, and what that means for the person.
func (h *Handler) idle(e provisioning.Explanation) (state, meaning string) {
	switch {
	case e.Held:
		return h.t("why.held"), h.t("why.held.meaning")
	case e.SetAside:
		return h.t("why.aside"), h.t("why.aside.meaning", e.Community.Name)
	case e.Group != nil && !e.Group.DeletedAt.IsZero():
		return h.t("why.idle"), h.t("why.deleted.meaning")
	default:
		return h.t("why.idle"), h.t("why.idle.meaning")
	}
}

func (h *Handler) chain(ws provisioning.Workspace, e provisioning.Explanation) []phrase {
	if e.Group == nil {
		return []phrase{h.origin(ws, e)}
	}
	chain := []phrase{h.mapping(e)}
	if e.Directory != nil {
		chain = append(chain, h.say("why.pushed", e.Directory.Name))
	}
	return chain
}

func (h *Handler) mapping(e provisioning.Explanation) phrase {
	if !e.Counts() {
		return h.say("why.mapping_idle", e.Group.DisplayName)
	}
	return h.sayAt("why.mapping", e.Since, e.Group.DisplayName)
}

// origin says how a grant came about. One given by hand to somebody whom a directory manages is marked so (rule 7).
func (h *Handler) origin(ws provisioning.Workspace, e provisioning.Explanation) phrase {
	switch {
	case e.Source == provisioning.SourceFirstSignIn && e.Connection != nil:
		return h.sayAt("why.first_sign_in_through", e.GivenAt, e.Connection.Name)
	case e.Source == provisioning.SourceFirstSignIn:
		return h.sayAt("why.first_sign_in", e.GivenAt)
	case e.Source == provisioning.SourceInvitation && e.Outside:
		return h.sayAt("why.invitation_outside", e.GivenAt)
	case e.Source == provisioning.SourceInvitation:
		return h.sayAt("why.invitation", e.GivenAt)
	case e.Source == provisioning.SourceAdministrator && e.Outside:
		return h.sayAt("why.administrator_outside", e.GivenAt)
	case e.Source == provisioning.SourceAdministrator:
		return h.sayAt("why.administrator", e.GivenAt)
	case e.Source == provisioning.SourceSafeguard:
		return h.sayAt("why.safeguard", e.GivenAt, ws.Name)
	default:
		return h.sayAt("why.directory", e.GivenAt)
	}
}
