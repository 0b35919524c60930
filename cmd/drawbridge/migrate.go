package main

import (
	"context"
	"fmt"

	"drawbridge/internal/app"
)

type migrateCommand struct {
	Up     migrateUp     `cmd:"" help:"Apply what is pending."`
	Status migrateStatus `cmd:"" help:"Say which version the schema has and how many migrations are pending."`
}

type schemaView struct {
	Version int64 `json:"version"`
	Pending int   `json:"pending"`
}

type migrateUp struct{}

func (migrateUp) Run(ctx context.Context, sh *shell) error {
	return sh.withCoreAt(ctx, app.MigrateUp, func(core *app.Core) error {
		status, err := core.Store.Schema(ctx)
		if err != nil {
			return err
		}
		return sh.showSchema(status)
	})
}

type migrateStatus struct{}

// Run opens the database alone: a Core would need the tables that may be missing.
func (migrateStatus) Run(ctx context.Context, sh *shell) error {
	c, err := sh.load()
	if err != nil {
		return err
	}
	status, err := app.Schema(ctx, c)
	if err != nil {
		return err
	}
	return sh.showSchema(status)
}

func (sh *shell) showSchema(status app.SchemaStatus) error {
	text := fmt.Sprintf("schema version %d, up to date\n", status.Current)
	switch {
	case status.Current > status.Latest:
		text = fmt.Sprintf("schema version %d; this program knows no later one than %d: run a newer Drawbridge\n", status.Current, status.Latest)
	case status.Pending > 0:
		text = fmt.Sprintf("schema version %d, %d pending: run `drawbridge migrate up`\n", status.Current, status.Pending)
	}
	return sh.show(schemaView{status.Current, status.Pending}, text)
}
