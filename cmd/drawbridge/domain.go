package main

import (
	"context"
	"fmt"

	"drawbridge/internal/app"
	"drawbridge/provisioning"
)

type domainCommand struct {
	Add     domainAdd     `cmd:"" help:"Claim an e-mail domain for a workspace, or vouch for one that it claimed."`
	List    domainList    `cmd:"" help:"List the domains of a workspace."`
	Release domainRelease `cmd:"" help:"Give a domain up."`
}

type domainView struct {
	Domain    string `json:"domain"`
	Status    string `json:"status"`
	TXTRecord string `json:"txt_record"`
}

func viewDomain(d provisioning.Domain) domainView {
	status := "unverified"
	if d.Verified() {
		status = "verified"
	}
	return domainView{d.Name, status, d.Token}
}

type domainAdd struct {
	inWorkspace
	Domain   string `required:"" help:"E-mail domain, such as acme.example."`
	Verified bool   `help:"Vouch for it: the domain is the customer's. Nothing relies on a domain that nobody vouched for."`
}

func (c domainAdd) Run(ctx context.Context, sh *shell) error {
	return sh.withWorkspace(ctx, c.Workspace, func(core *app.Core, w provisioning.Workspace) error {
		d, err := core.Service.AddDomain(ctx, operator, w.ID, c.Domain, c.Verified)
		if err != nil {
			return err
		}
		v := viewDomain(d)
		return sh.show(v, facts("domain", v.Domain, "status", v.Status))
	})
}

type domainList struct{ inWorkspace }

func (c domainList) Run(ctx context.Context, sh *shell) error {
	return sh.withWorkspace(ctx, c.Workspace, func(core *app.Core, w provisioning.Workspace) error {
		all, err := core.Service.Domains(ctx, w.ID)
		if err != nil {
			return err
		}
		views := collect(all, viewDomain)
		return sh.show(views, table([]string{"DOMAIN", "STATUS"},
			collect(views, func(v domainView) []string { return []string{v.Domain, v.Status} })))
	})
}

type domainRelease struct {
	inWorkspace
	destructive
	Domain string `required:"" help:"E-mail domain to give up."`
}

func (c domainRelease) Run(ctx context.Context, sh *shell) error {
	if err := sh.consent(c.Yes, fmt.Sprintf("Once %s is released, nobody is found or created by its addresses.", c.Domain)); err != nil {
		return err
	}
	return sh.withWorkspace(ctx, c.Workspace, func(core *app.Core, w provisioning.Workspace) error {
		if err := core.Service.ReleaseDomain(ctx, operator, w.ID, c.Domain); err != nil {
			return err
		}
		view := struct {
			Domain string `json:"domain"`
			Status string `json:"status"`
		}{c.Domain, "released"}
		return sh.show(view, fmt.Sprintf("domain %s released\n", printable(c.Domain)))
	})
}
