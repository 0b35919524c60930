package app

import (
	"context"

	"drawbridge/config"
	"drawbridge/internal/sqlstore"
	"drawbridge/migrations"
)

// MigrateMode says what [Open] does about the schema.
type MigrateMode = sqlstore.MigrateMode

// Commands bring an empty database up to date and refuse an older schema;
// `serve` and `migrate up` bring any up to date.
const (
	MigrateEmpty = sqlstore.MigrateEmpty
	MigrateUp    = sqlstore.MigrateUp
)

// SchemaStatus is the version of a schema, and of the one that this binary has.
type SchemaStatus = migrations.Status

// Schema looks at the schema of the configured database and leaves it as it is,
// whatever its version.
func Schema(ctx context.Context, c config.Config) (status SchemaStatus, err error) {
	if err := makeDataDir(c); err != nil {
		return status, err
	}
	store, err := sqlstore.Open(ctx, sqlstore.Options{URL: databaseURL(c), Migrate: sqlstore.MigrateNever})
	if err != nil {
		return status, err
	}
	defer func() {
		if closing := store.Close(); err == nil {
			err = closing
		}
	}()
	return store.Schema(ctx)
}
