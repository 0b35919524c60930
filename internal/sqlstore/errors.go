package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"drawbridge/provisioning"
)

// uniqueKeys says which key of the domain an index of PostgreSQL keeps.
var uniqueKeys = map[string]provisioning.UniqueKey{
	"workspaces_slug":            provisioning.KeySlug,
	"communities_slug":           provisioning.KeySlug,
	"roles_slug":                 provisioning.KeySlug,
	"domains_pkey":               provisioning.KeyDomain,
	"connections_name":           provisioning.KeyName,
	"directories_name":           provisioning.KeyName,
	"accounts_email":             provisioning.KeyAccount,
	"accounts_home":              provisioning.KeyAccount,
	"passkeys_pkey":              provisioning.KeyPasskey,
	"users_user_name":            provisioning.KeyUserName,
	"directory_records_pkey":     provisioning.KeyRecord,
	"directory_records_external": provisioning.KeyExternalID,
	"identities_subject":         provisioning.KeyIdentity,
	"identities_user":            provisioning.KeyIdentity,
	"directory_groups_name":      provisioning.KeyGroupName,
	"mappings_target":            provisioning.KeyMapping,
}

// taken names the key that a statement can lose: SQLite tells that a unique
// key was violated and not which. On PostgreSQL the index has said it already.
// Other errors, and nil, pass as they are.
func taken(err error, key provisioning.UniqueKey) error {
	var known *provisioning.TakenError
	if err == nil || errors.As(err, &known) || !errors.Is(err, provisioning.ErrConflict) {
		return err
	}
	return &provisioning.TakenError{Key: key}
}

// failure is an error of the database: its kind, if it has one, for errors.Is,
// and the driver's error for the log and for [retryable].
type failure struct {
	kind error // nil for an internal error
	err  error
}

func (f *failure) Error() string { return "database: " + f.err.Error() }

// Unwrap gives the kind and the driver's error.
func (f *failure) Unwrap() []error {
	if f.kind == nil {
		return []error{f.err}
	}
	return []error{f.kind, f.err}
}

// translate turns a driver's error into one of the contract. Once the context
// has ended its error is the answer: drivers tell it in many ways.
func translate(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if ended := ctx.Err(); ended != nil {
		return ended
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return translatePostgres(pg, err)
	}
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		return &failure{kind: sqliteKind(lite.Code()), err: err}
	}
	if unreachable(err) {
		return &failure{kind: provisioning.ErrUnavailable, err: err}
	}
	return &failure{err: err}
}

func translatePostgres(pg *pgconn.PgError, err error) error {
	if key, ok := uniqueKeys[pg.ConstraintName]; ok && pg.Code == "23505" {
		return &provisioning.TakenError{Key: key}
	}
	return &failure{kind: postgresKind(pg.Code), err: err}
}

// postgresKind maps a code of PostgreSQL (appendix A of its manual).
func postgresKind(code string) error {
	switch code {
	case "23505": // unique_violation
		return provisioning.ErrConflict
	case "23503": // foreign_key_violation
		return provisioning.ErrNotFound
	case "25006", // read_only_sql_transaction: a standby
		"57P01", "57P02", "57P03": // the server stops, crashed, or starts
		return provisioning.ErrUnavailable
	}
	switch code[:min(2, len(code))] {
	case "08", "53", "58": // connection, resources, system errors
		return provisioning.ErrUnavailable
	}
	return nil
}

// sqliteKind maps an extended result code of SQLite, whose low byte is the
// primary one.
func sqliteKind(code int) error {
	switch code {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		return provisioning.ErrConflict
	case sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
		return provisioning.ErrNotFound
	}
	switch code & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL,
		sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_READONLY:
		return provisioning.ErrUnavailable
	}
	return nil
}

// unreachable reports whether err is of the connection, not of what was asked.
func unreachable(err error) bool {
	var network net.Error
	var connect *pgconn.ConnectError
	return errors.As(err, &network) || errors.As(err, &connect) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, net.ErrClosed) || pgconn.SafeToRetry(err)
}

// retryable reports whether the transaction lost against another one and may
// simply run again: serialization_failure or deadlock_detected.
func retryable(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "40001" || pg.Code == "40P01")
}

func unavailable(format string, args ...any) error {
	return &failure{kind: provisioning.ErrUnavailable, err: fmt.Errorf(format, args...)}
}
