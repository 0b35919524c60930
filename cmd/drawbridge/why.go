package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"drawbridge/internal/app"
	"drawbridge/provisioning"
)

type userWhy struct {
	oneUser
	Community string `help:"Only roles that hold in this community, and what is missing for others: its id, slug or name."`
}

// whyView is a person's access with its reasons.
type whyView struct {
	User    provisioning.UserID `json:"user"`
	Status  string              `json:"status"`
	Blocks  []blockView         `json:"blocks"`
	Roles   []whyRole           `json:"roles"`
	Missing []missingView       `json:"missing"`
}

type blockView struct {
	Source provisioning.BlockSource `json:"source"`
	At     time.Time                `json:"at"`
}

// whyRole is one reason for one role in one community.
type whyRole struct {
	Community string              `json:"community"`
	Role      string              `json:"role"`
	Counts    bool                `json:"counts"`
	Source    provisioning.Source `json:"source"`
	Since     time.Time           `json:"since,omitzero"`
	Note      string              `json:"note,omitempty"`
	Chain     []whyLink           `json:"chain"`
}

// whyLink is one step on the way back from a role to its origin.
type whyLink struct {
	Kind string    `json:"kind"`
	ID   string    `json:"id"`
	Name string    `json:"name"`
	At   time.Time `json:"at,omitzero"`
}

// missingView is a group in which the person would get a role.
type missingView struct {
	Community string               `json:"community"`
	Role      string               `json:"role"`
	Group     string               `json:"group"`
	GroupID   provisioning.GroupID `json:"group_id"`
	Directory string               `json:"directory"`
}

func (c userWhy) Run(ctx context.Context, sh *shell) error {
	return c.with(ctx, sh, func(core *app.Core, u provisioning.User) error {
		var in provisioning.Community
		if c.Community != "" {
			var err error
			if in, err = core.Service.FindCommunity(ctx, u.Workspace, c.Community); err != nil {
				return err
			}
		}
		reasons, err := core.Service.ExplainAccess(ctx, u.Workspace, u.ID, in.ID)
		if err != nil {
			return err
		}
		var missing []provisioning.Missing
		if in.ID != "" {
			if missing, err = core.Service.MissingAccess(ctx, u.Workspace, u.ID, in.ID); err != nil {
				return err
			}
		}
		return sh.show(viewWhy(u, in, reasons, missing), whyText(u, in, reasons, missing))
	})
}

func viewWhy(u provisioning.User, in provisioning.Community, reasons []provisioning.Explanation, missing []provisioning.Missing) whyView {
	return whyView{
		User: u.ID, Status: u.Status(time.Now()),
		Blocks: collect(u.Blocks, func(b provisioning.Block) blockView { return blockView{b.Source, stamp(b.CreatedAt)} }),
		Roles: collect(reasons, func(e provisioning.Explanation) whyRole {
			return whyRole{e.Community.Slug, e.Role.Slug, e.Counts(), e.Source, stamp(e.Since), note(e), chain(e)}
		}),
		Missing: collect(missing, func(m provisioning.Missing) missingView {
			return missingView{in.Slug, m.Role.Slug, m.Group.DisplayName, m.Group.ID, directoryName(m.Directory)}
		}),
	}
}

// chain is the way from the reason back to where it came from.
func chain(e provisioning.Explanation) []whyLink {
	if e.Source != provisioning.SourceMapping {
		links := []whyLink{{Kind: string(e.Source), At: stamp(e.GivenAt)}}
		if e.Connection != nil {
			links = append(links, whyLink{Kind: "connection", ID: string(e.Connection.ID), Name: e.Connection.Name})
		}
		return links
	}
	links := []whyLink{{Kind: "mapping", ID: string(e.Mapping), At: stamp(e.GivenAt)}}
	if e.Group != nil {
		links = append(links, whyLink{Kind: "group", ID: string(e.Group.ID), Name: e.Group.DisplayName, At: stamp(e.Group.CreatedAt)})
	}
	if e.Directory != nil {
		links = append(links, whyLink{Kind: "directory", ID: string(e.Directory.ID), Name: e.Directory.Name})
	}
	return links
}

// note says what is remarkable of a reason, above all why it gives nothing.
func note(e provisioning.Explanation) string {
	switch {
	case e.Held:
		return "held: gives nothing until it is released"
	case e.SetAside:
		return "set aside: a mapping gives, or gave, a role in this community"
	case !e.Counts():
		return "gives nothing"
	case e.Outside:
		return "given outside the directory"
	}
	return ""
}

// whyText puts first what stands in the way: no role helps a person who may not
// act.
func whyText(u provisioning.User, in provisioning.Community, reasons []provisioning.Explanation, missing []provisioning.Missing) string {
	lines := []string{fmt.Sprintf("%s (%s) is %s", u.Name(), u.Email, u.Status(time.Now()))}
	for _, b := range u.Blocks {
		lines = append(lines, fmt.Sprintf("  blocked by %s since %s: no role counts meanwhile", b.Source, when(b.CreatedAt)))
	}
	if len(reasons) == 0 {
		lines = append(lines, "No role was given.")
	}
	for _, e := range reasons {
		lines = append(lines, reasonText(e))
	}
	for _, m := range missing {
		lines = append(lines, fmt.Sprintf("%s in %s is missing ← not a member of group “%s”%s", m.Role.Name, in.Name, m.Group.DisplayName, pushedBy(m.Directory)))
	}
	if in.ID != "" && len(missing) == 0 {
		lines = append(lines, "No further mapping leads into "+in.Name+".")
	}
	return strings.Join(collect(lines, printable), "\n") + "\n"
}

func reasonText(e provisioning.Explanation) string {
	text := fmt.Sprintf("%s in %s ← ", e.Role.Name, e.Community.Name)
	switch e.Source {
	case provisioning.SourceMapping:
		text += fmt.Sprintf("mapping %s, made %s", e.Mapping, when(e.GivenAt))
		if e.Group != nil {
			text += fmt.Sprintf(" ← group “%s”%s", e.Group.DisplayName, pushedBy(e.Directory))
		}
		if e.Counts() {
			text += " ← member since " + when(e.Since)
		}
	case provisioning.SourceFirstSignIn:
		text += "default role at the first sign-in " + when(e.GivenAt)
		if e.Connection != nil {
			text += " ← connection " + e.Connection.Name
		}
	case provisioning.SourceInvitation:
		text += "invitation, accepted " + when(e.GivenAt)
	case provisioning.SourceAdministrator:
		text += "given by an administrator " + when(e.GivenAt)
	case provisioning.SourceSafeguard:
		text += "safeguard, kept " + when(e.GivenAt) + " because the last administrator would have been lost"
	case provisioning.SourceDirectory:
		text += "given by the directory " + when(e.GivenAt)
	}
	if n := note(e); n != "" {
		text += " (" + n + ")"
	}
	return text
}

func pushedBy(d *provisioning.Directory) string {
	if d == nil {
		return ""
	}
	return " pushed by " + d.Name
}

func directoryName(d *provisioning.Directory) string {
	if d == nil {
		return ""
	}
	return d.Name
}
