package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"drawbridge/config"
	"drawbridge/internal/app"
	"drawbridge/internal/sqlstore"
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
	return sh.withCoreAt(ctx, sqlstore.MigrateUp, func(core *app.Core) error { return sh.showSchema(ctx, core.Store) })
}

type migrateStatus struct{}

// Run opens the database alone: a Core would need the tables that may be missing.
func (migrateStatus) Run(ctx context.Context, sh *shell) (err error) {
	c, err := sh.load()
	if err != nil {
		return err
	}
	url := c.DatabaseURL
	if c.Engine() == config.SQLite {
		url = "sqlite:" + c.SQLitePath()
		if err := os.MkdirAll(c.DataDir, 0o700); err != nil {
			return err
		}
	}
	store, err := sqlstore.Open(ctx, sqlstore.Options{URL: url, Migrate: sqlstore.MigrateNever})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	return sh.showSchema(ctx, store)
}

func (sh *shell) showSchema(ctx context.Context, store *sqlstore.Store) error {
	status, err := store.Schema(ctx)
	if err != nil {
		return err
	}
	text := fmt.Sprintf("schema version %d, up to date\n", status.Current)
	switch {
	case status.Current > status.Latest:
		text = fmt.Sprintf("schema version %d; this program knows no later one than %d: run a newer Drawbridge\n", status.Current, status.Latest)
	case status.Pending > 0:
		text = fmt.Sprintf("schema version %d, %d pending: run `drawbridge migrate up`\n", status.Current, status.Pending)
	}
	return sh.show(schemaView{status.Current, status.Pending}, text)
}
