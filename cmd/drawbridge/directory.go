package main

import (
	"context"
	"fmt"
	"net/url"

	"drawbridge/internal/app"
	"drawbridge/provisioning"
)

type directoryCommand struct {
	Create directoryCreate `cmd:"" help:"Make a directory: a SCIM client of the workspace."`
	List   directoryList   `cmd:"" help:"List the directories of a workspace."`
	Update directoryUpdate `cmd:"" help:"Change a directory's name, switches or pairing."`
	Delete directoryDelete `cmd:"" help:"End a directory. Its users stay."`
	Token  tokenCommand    `cmd:"" help:"Bearer tokens of a directory."`
}

// switches are the ways in which SCIM clients differ, as people read them.
var switches = []string{provisioning.SwitchPatchCreatesMissing, provisioning.SwitchGroupPatchBody, provisioning.SwitchBareToken}

type directoryView struct {
	ID         provisioning.DirectoryID  `json:"id"`
	Name       string                    `json:"name"`
	Preset     string                    `json:"preset"`
	Connection provisioning.ConnectionID `json:"connection"`
	BaseURL    string                    `json:"base_url"`
	Switches   map[string]bool           `json:"switches"`
}

func viewDirectory(public *url.URL, d provisioning.Directory) directoryView {
	view := directoryView{d.ID, d.Name, d.Preset, d.Connection, scimURL(public), make(map[string]bool)}
	for _, name := range switches {
		view.Switches[name] = d.Switch(name)
	}
	return view
}

func (sh *shell) showDirectory(public *url.URL, d provisioning.Directory) error {
	view := viewDirectory(public, d)
	pairs := []string{"directory", d.Name, "id", string(d.ID), "preset", d.Preset, "paired with", string(d.Connection), "base URL", view.BaseURL}
	for _, name := range switches {
		pairs = append(pairs, name, onOff(d.Switch(name)))
	}
	return sh.show(view, facts(pairs...))
}

type directoryCreate struct {
	inWorkspace
	Name       string `required:"" help:"Name that people read, such as Okta."`
	Connection string `help:"Connection to pair it with: its id or name. If the workspace has just one connection and no other directory, the two are paired anyway."`
	Preset     string `default:"okta" help:"Client that it is set up for: okta, okta-catalog or entra."`
}

func (c directoryCreate) Run(ctx context.Context, sh *shell) error {
	return sh.withWorkspace(ctx, c.Workspace, func(core *app.Core, w provisioning.Workspace) error {
		n := provisioning.NewDirectory{Name: c.Name, Preset: c.Preset}
		if c.Connection != "" {
			paired, err := core.Service.FindConnection(ctx, w.ID, c.Connection)
			if err != nil {
				return err
			}
			n.Connection = paired.ID
		}
		made, err := core.Service.CreateDirectory(ctx, operator, w.ID, n)
		if err != nil {
			return err
		}
		return sh.showDirectory(core.Config.PublicURL, made)
	})
}

type directoryList struct{ inWorkspace }

func (c directoryList) Run(ctx context.Context, sh *shell) error {
	return sh.withWorkspace(ctx, c.Workspace, func(core *app.Core, w provisioning.Workspace) error {
		all, err := core.Service.Directories(ctx, w.ID)
		if err != nil {
			return err
		}
		views := collect(all, func(d provisioning.Directory) directoryView { return viewDirectory(core.Config.PublicURL, d) })
		return sh.show(views, table([]string{"NAME", "PRESET", "PAIRED WITH", "ID"},
			collect(all, func(d provisioning.Directory) []string {
				return []string{d.Name, d.Preset, string(d.Connection), string(d.ID)}
			})))
	})
}

// oneDirectory is the argument of commands about one directory.
type oneDirectory struct {
	maybeWorkspace
	Directory string `arg:"" help:"Directory: its id or name."`
}

func (c oneDirectory) find(ctx context.Context, s *provisioning.Service) (provisioning.Directory, error) {
	return findAnywhere(ctx, s, c.Workspace, "directory", c.Directory, s.FindDirectory)
}

type directoryUpdate struct {
	oneDirectory
	Name       *string           `help:"New name."`
	Connection string            `help:"Connection to pair it with: its id or name."`
	Set        map[string]string `mapsep:"none" placeholder:"SWITCH=on|off" help:"Switch to turn on or off: patch-creates-missing, group-patch-body or bare-token; may be repeated."`
}

// Validate is asked by the parser.
func (c directoryUpdate) Validate() error {
	_, err := c.switches()
	return err
}

func (c directoryUpdate) switches() (map[string]bool, error) {
	set := make(map[string]bool, len(c.Set))
	for name, state := range c.Set {
		if state != "on" && state != "off" {
			return nil, fmt.Errorf("--set %s=%s is neither on nor off", name, state)
		}
		set[name] = state == "on"
	}
	return set, nil
}

func (c directoryUpdate) Run(ctx context.Context, sh *shell) error {
	if c.Name == nil && c.Connection == "" && len(c.Set) == 0 {
		return usage("nothing to change: give --name, --connection or --set")
	}
	set, err := c.switches()
	if err != nil {
		return err
	}
	return sh.withCore(ctx, func(core *app.Core) error {
		d, err := c.find(ctx, core.Service)
		if err != nil {
			return err
		}
		n := provisioning.DirectoryWrite{Name: c.Name, Switches: set}
		if c.Connection != "" {
			paired, err := core.Service.FindConnection(ctx, d.Workspace, c.Connection)
			if err != nil {
				return err
			}
			n.Connection = &paired.ID
		}
		if d, err = core.Service.UpdateDirectory(ctx, operator, d.Workspace, d.ID, n); err != nil {
			return err
		}
		return sh.showDirectory(core.Config.PublicURL, d)
	})
}

type directoryDelete struct {
	oneDirectory
	destructive
}

func (c directoryDelete) Run(ctx context.Context, sh *shell) error {
	if err := sh.consent(c.Yes, fmt.Sprintf("Deleting directory %s ends its tokens, groups and mappings for good; its users stay and are managed by hand.", c.Directory)); err != nil {
		return err
	}
	return sh.withCore(ctx, func(core *app.Core) error {
		d, err := c.find(ctx, core.Service)
		if err != nil {
			return err
		}
		if err := core.Service.DeleteDirectory(ctx, operator, d.Workspace, d.ID); err != nil {
			return err
		}
		return sh.show(ended{string(d.ID), "deleted"}, fmt.Sprintf("directory %s deleted\n", printable(d.Name)))
	})
}

// ended is the answer of commands that end something.
type ended struct {
	ID     string `json:"id"`
	Result string `json:"result"`
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}
