package sqlstore

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"drawbridge/provisioning"
)

func TestTranslate(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		err  error
		kind error // nil for internal
	}{
		{"another key", &pgconn.PgError{Code: "23505", ConstraintName: "users_pkey"}, provisioning.ErrConflict},
		{"foreign key", &pgconn.PgError{Code: "23503"}, provisioning.ErrNotFound},
		{"standby", &pgconn.PgError{Code: "25006"}, provisioning.ErrUnavailable},
		{"shutdown", &pgconn.PgError{Code: "57P01"}, provisioning.ErrUnavailable},
		{"too many connections", &pgconn.PgError{Code: "53300"}, provisioning.ErrUnavailable},
		{"connection failure", &pgconn.PgError{Code: "08006"}, provisioning.ErrUnavailable},
		{"wrong SQL", &pgconn.PgError{Code: "42601"}, nil},
		{"a code that is none", &pgconn.PgError{Code: "4"}, nil},
		{"network", &net.OpError{Op: "dial", Err: errors.New("refused")}, provisioning.ErrUnavailable},
		{"end of stream", io.ErrUnexpectedEOF, provisioning.ErrUnavailable},
		{"anything", errors.New("anything"), nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := translate(t.Context(), test.err)
			for _, kind := range []error{provisioning.ErrConflict, provisioning.ErrNotFound, provisioning.ErrUnavailable} {
				if errors.Is(got, kind) != errors.Is(test.kind, kind) {
					t.Errorf("got %v: of kind %v is %v", got, kind, errors.Is(got, kind))
				}
			}
			if !errors.Is(got, test.err) {
				t.Errorf("%v has lost its cause", got)
			}
		})
	}
}

func TestTranslate_TheContextSpeaksFirst(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got := translate(ctx, io.EOF); !errors.Is(got, context.Canceled) || errors.Is(got, io.EOF) {
		t.Errorf("got %v", got)
	}
	if got := translate(ctx, nil); got != nil {
		t.Errorf("no error became %v", got)
	}
}

func TestTranslate_NamesTheKeyThatPostgreSQLNames(t *testing.T) {
	t.Parallel()
	err := translate(t.Context(), &pgconn.PgError{Code: "23505", ConstraintName: "users_user_name"})
	if !provisioning.Taken(err, provisioning.KeyUserName) {
		t.Errorf("got %v", err)
	}
}

func TestTaken_NamesTheKey(t *testing.T) {
	t.Parallel()
	conflict := &failure{kind: provisioning.ErrConflict, err: errors.New("unique")}
	known := &provisioning.TakenError{Key: provisioning.KeySlug}
	other := errors.New("other")
	if !provisioning.Taken(taken(conflict, provisioning.KeyName), provisioning.KeyName) {
		t.Error("a conflict without a name got none")
	}
	if got := taken(known, provisioning.KeyName); !provisioning.Taken(got, provisioning.KeySlug) {
		t.Errorf("a named key became %v", got)
	}
	if got := taken(other, provisioning.KeyName); !errors.Is(got, other) || taken(nil, provisioning.KeyName) != nil {
		t.Errorf("what is no conflict became %v", got)
	}
}

func TestErrorsOfBothEnginesAreOfTheContract(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		w := created(t, s, "acme")
		ctx := t.Context()
		at := w.CreatedAt
		name := func(id, name string) provisioning.Directory {
			return provisioning.Directory{Workspace: w.ID, ID: provisioning.DirectoryID(id), Name: name, CreatedAt: at}
		}
		mustUpdate(t, s, func(tx *provisioning.Tx) error {
			return errors.Join(tx.Directories.Create(ctx, name("one", "Okta")), tx.Directories.Create(ctx, name("two", "Entra")))
		})
		for _, test := range []struct {
			name string
			try  func(tx *provisioning.Tx) error
			want func(error) bool
		}{
			{"an INSERT that loses a key", func(tx *provisioning.Tx) error {
				return tx.Directories.Create(ctx, name("three", "OKTA"))
			}, func(err error) bool { return provisioning.Taken(err, provisioning.KeyName) }},
			{"an UPDATE that loses a key", func(tx *provisioning.Tx) error {
				return tx.Directories.Update(ctx, name("two", "okta"))
			}, func(err error) bool { return provisioning.Taken(err, provisioning.KeyName) }},
			{"a primary key", func(tx *provisioning.Tx) error {
				return tx.Directories.Create(ctx, name("one", "Ping"))
			}, func(err error) bool { return errors.Is(err, provisioning.ErrConflict) }},
			{"a foreign key", func(tx *provisioning.Tx) error {
				d := name("four", "Ping")
				d.Connection = "nobody"
				return tx.Directories.Create(ctx, d)
			}, func(err error) bool { return errors.Is(err, provisioning.ErrNotFound) }},
		} {
			if err := s.Update(ctx, test.try); !test.want(err) {
				t.Errorf("%s: %v", test.name, err)
			}
		}
	})
}

func TestUpdate_RollsBackAPanic(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		w := aWorkspace("acme")
		func() {
			defer func() {
				if recover() == nil {
					t.Error("the panic was swallowed")
				}
			}()
			_ = s.Update(t.Context(), func(tx *provisioning.Tx) error {
				if err := tx.Workspaces.Create(t.Context(), w); err != nil {
					t.Error(err)
				}
				panic("in the middle")
			})
		}()
		mustUpdate(t, s, func(tx *provisioning.Tx) error {
			if _, err := tx.Workspaces.Get(t.Context(), w.ID); !errors.Is(err, provisioning.ErrNotFound) {
				t.Errorf("the workspace of the panic: %v", err)
			}
			return nil
		})
	})
}

// An error that fn passed over has broken PostgreSQL's transaction: then
// nothing was committed, and Update says so.
func TestUpdate_TellsThatNothingWasCommitted(t *testing.T) {
	t.Parallel()
	s := mustOpen(t, Options{URL: freshURL(t, "postgres"), Migrate: MigrateEmpty})
	w := created(t, s, "acme")
	err := s.Update(t.Context(), func(tx *provisioning.Tx) error {
		d := provisioning.Directory{Workspace: w.ID, ID: "one", Connection: "nobody", CreatedAt: w.CreatedAt}
		_ = tx.Directories.Create(t.Context(), d)
		return nil
	})
	if !errors.Is(err, errAborted) {
		t.Errorf("got %v", err)
	}
}

// The server ends our connection in the middle of a transaction: the Store
// says that the database is unavailable, and works again at once.
func TestUpdate_SurvivesALostConnection(t *testing.T) {
	t.Parallel()
	s := mustOpen(t, Options{URL: freshURL(t, "postgres"), Migrate: MigrateEmpty})
	w := created(t, s, "acme")
	err := s.Update(t.Context(), func(tx *provisioning.Tx) error {
		db := tx.Workspaces.(workspaces).db
		if _, err := db.exec(t.Context(), "select pg_terminate_backend(pg_backend_pid())"); err == nil {
			t.Error("the connection was not ended")
		}
		return tx.Workspaces.Lock(t.Context(), w.ID)
	})
	if !errors.Is(err, provisioning.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
	mustUpdate(t, s, func(tx *provisioning.Tx) error { return tx.Workspaces.Lock(t.Context(), w.ID) })
}
