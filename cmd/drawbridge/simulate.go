package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"drawbridge/internal/oktasim"
)

type simulateCommand struct {
	Okta simulateOkta `cmd:"" help:"Create, change and deactivate people and groups as Okta does, and judge each answer. Prints a verdict for each step."`
}

type simulateOkta struct {
	SCIMURL       string `name:"scim-url" required:"" placeholder:"URL" help:"Base URL of the SCIM server."`
	SCIMToken     string `name:"scim-token" required:"" xor:"token" placeholder:"TOKEN" help:"Bearer token."`
	SCIMTokenFile string `name:"scim-token-file" required:"" xor:"token" type:"existingfile" placeholder:"FILE" help:"File that holds the bearer token."`
	Users         int    `default:"5" help:"How many people to create, at least 2."`
	Groups        int    `default:"2" help:"How many groups to create, at least 1."`
	App           string `default:"wizard" enum:"wizard,catalog" help:"Kind of Okta application: wizard or catalog."`
}

// Validate is asked by the parser.
func (c simulateOkta) Validate() error {
	if c.Users < 2 || c.Groups < 1 {
		return usage("--users must be at least 2 and --groups at least 1")
	}
	return nil
}

func (c simulateOkta) Run(ctx context.Context, sh *shell) error {
	token := c.SCIMToken
	if c.SCIMTokenFile != "" {
		var err error
		if token, err = readSecret(c.SCIMTokenFile); err != nil {
			return err
		}
	}
	scenario := oktasim.ScenarioConfig{SCIMURL: c.SCIMURL, Token: token, App: oktasim.App(c.App), Users: c.Users, Groups: c.Groups}
	if !sh.json {
		scenario.Report = func(s oktasim.Step) { _, _ = io.WriteString(sh.out, stepLine(s)) }
	}
	steps, err := oktasim.Run(ctx, scenario)
	if err != nil {
		return err
	}
	if sh.json {
		if err := sh.printJSON(collect(steps, func(s oktasim.Step) oktasim.Step { return s })); err != nil {
			return err
		}
	}
	if failed := oktasim.FailedSteps(steps); failed > 0 {
		return fmt.Errorf("%d of %d steps failed: what each expected stands beside it", failed, len(steps))
	}
	return nil
}

func stepLine(s oktasim.Step) string {
	line := fmt.Sprintf("%-6s  %s (%s → %d)", s.Verdict, s.Name, s.Request, s.Status)
	if s.Detail != "" {
		line += ": " + strings.ReplaceAll(s.Detail, "\n", "; ")
	}
	return printable(line) + "\n"
}
