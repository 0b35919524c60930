package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"drawbridge/internal/app"
)

type doctorCommand struct {
	MailTo string `placeholder:"ADDRESS" help:"Send a test mail to this address."`
}

func (c doctorCommand) Run(ctx context.Context, sh *shell) error {
	findings, err := sh.examine(ctx, c.MailTo)
	if err != nil {
		return err
	}
	text := table([]string{"STATUS", "CHECK", "DETAIL"}, collect(findings, func(f app.Finding) []string {
		return []string{f.Status, f.Check, f.Detail}
	}))
	if err := sh.show(findings, text); err != nil {
		return err
	}
	faults := 0
	for _, f := range findings {
		if f.Status == app.StatusFault {
			faults++
		}
	}
	if faults > 0 {
		return fmt.Errorf("%d of %d checks found a fault: each says what to do", faults, len(findings))
	}
	return nil
}

// examine turns what keeps every other command from running into findings.
func (sh *shell) examine(ctx context.Context, mailTo string) (findings []app.Finding, err error) {
	c, err := sh.load()
	if err != nil {
		for fault := range strings.Lines(err.Error()) {
			findings = append(findings, app.Finding{Check: "configuration", Status: app.StatusFault, Detail: strings.TrimSpace(fault)})
		}
		return findings, nil
	}
	core, err := app.Open(ctx, c, sh.logger(c, max(c.LogLevel, slog.LevelError)), app.MigrateEmpty)
	switch {
	case errors.Is(err, context.Canceled):
		return nil, err
	case err != nil:
		return []app.Finding{{Check: "database", Status: app.StatusFault, Detail: strings.ReplaceAll(explain(err), "\n", "; ")}}, nil
	}
	defer func() { err = errors.Join(err, core.Close()) }()
	findings = core.Doctor(ctx)
	if mailTo != "" {
		findings = append(findings, core.TestMail(ctx, mailTo))
	}
	return findings, nil
}
