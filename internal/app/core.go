package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"time"

	"drawbridge/config"
	"drawbridge/internal/authenticator"
	"drawbridge/internal/egress"
	"drawbridge/internal/ephemeral"
	"drawbridge/internal/mail"
	"drawbridge/internal/passkey"
	"drawbridge/internal/secret"
	"drawbridge/internal/sqlstore"
	"drawbridge/oidc"
	"drawbridge/provisioning"
)

// Core is the Service on its database, with what it asks of the outside.
type Core struct {
	Config    config.Config
	Service   *provisioning.Service
	Store     *sqlstore.Store
	Ephemeral *ephemeral.Ephemeral

	log       *slog.Logger
	http      *http.Client
	providers *oidc.Providers
	notifier  *notifier
	passkeys  *passkey.Passkeys
	mailer    *mail.Sender // nil where no mail goes out
}

// Open opens the database and what stands on it. mode says what to do about
// the schema. The caller closes the Core.
func Open(ctx context.Context, c config.Config, log *slog.Logger, mode MigrateMode) (core *Core, err error) {
	core = &Core{log: log}
	defer func() {
		if err != nil {
			err = errors.Join(err, core.Close())
		}
	}()
	if err := makeDataDir(c); err != nil {
		return core, err
	}
	if core.Store, err = sqlstore.Open(ctx, sqlstore.Options{URL: databaseURL(c), Migrate: mode}); err != nil {
		return core, err
	}
	if err := sealedBefore(ctx, core.Store, c); err != nil {
		return core, err
	}
	if core.Config, err = config.EnsureSecretKey(c); err != nil {
		return core, err
	}
	keyring, err := openKeyring(ctx, core.Store, core.Config)
	if err != nil {
		return core, err
	}
	if core.Ephemeral, err = ephemeral.Open(ctx, c.RedisURL, log); err != nil {
		return core, err
	}
	core.http = egress.New(egress.Options{AllowPrivate: c.AllowPrivateIssuers, UserAgent: "Drawbridge"})
	core.providers = oidc.NewProviders(core.http, log)
	core.notifier = &notifier{bus: core.Ephemeral}
	if core.passkeys, err = passkey.New(c.PublicURL); err != nil {
		return core, err
	}
	if core.mailer, err = newMailer(c, nil); err != nil {
		return core, err
	}
	core.Service = provisioning.NewService(provisioning.Ports{
		Store: core.Store, Sealer: keyring, Hasher: secret.Hasher{}, IDs: &provisioning.RandomIDs{},
		Issuers: core.providers, Notifier: core.notifier, Log: log,
		Passwords: secret.NewPasswords(secret.PasswordOptions{Busy: provisioning.ErrTooMany}),
		Codes:     authenticator.Codes{}, Passkeys: core.passkeys, Attempts: core.Ephemeral, MailOut: c.MailOut(),
	})
	return core, nil
}

func makeDataDir(c config.Config) error {
	if c.Engine() != config.SQLite {
		return nil
	}
	if err := os.MkdirAll(c.DataDir, 0o700); err != nil {
		return fmt.Errorf("the data directory cannot be made: %w", err)
	}
	return nil
}

func databaseURL(c config.Config) string {
	if c.DatabaseURL != "" {
		return c.DatabaseURL
	}
	return "sqlite:" + c.SQLitePath()
}

// Close releases everything. Closing twice is fine.
func (c *Core) Close() error {
	var errs []error
	if c.Ephemeral != nil {
		errs = append(errs, c.Ephemeral.Close())
		c.Ephemeral = nil
	}
	if c.Store != nil {
		errs = append(errs, c.Store.Close())
		c.Store = nil
	}
	return errors.Join(errs...)
}

// sealedBefore keeps a new key from being made beside a database that another
// one sealed: the next backup would overwrite the good one.
func sealedBefore(ctx context.Context, store provisioning.Store, c config.Config) error {
	missing := config.SecretKeyMissing(c)
	if missing == "" {
		return nil
	}
	keys, err := readDataKeys(ctx, store)
	if err == nil && len(keys) > 0 {
		return fmt.Errorf("%s is missing, and the database was sealed with it: restore it from a backup", missing)
	}
	return err
}

// openKeyring reads the data keys, makes the first one if there is none, and
// wraps anew what the previous key wrapped. A wrong key fails here, at start.
func openKeyring(ctx context.Context, store provisioning.Store, c config.Config) (*secret.Keyring, error) {
	keys, err := readDataKeys(ctx, store)
	if err == nil && len(keys) == 0 {
		if err = createDataKey(ctx, store, c.SecretKey); err == nil || errors.Is(err, provisioning.ErrConflict) {
			keys, err = readDataKeys(ctx, store)
		}
	}
	if err != nil {
		return nil, err
	}
	ring, err := secret.NewKeyring(c.SecretKey, c.SecretKeyPrevious, keys)
	if errors.Is(err, secret.ErrWrongKey) {
		return nil, errors.New("the secret key is not the one that this database was sealed with: restore secret.key in the data directory, or set DRAWBRIDGE_SECRET_KEY, to that one, and while rotating it DRAWBRIDGE_SECRET_KEY_PREVIOUS to the old one")
	}
	if err != nil {
		return nil, err
	}
	return ring, rewrap(ctx, store, ring)
}

func readDataKeys(ctx context.Context, store provisioning.Store) (keys []secret.WrappedKey, err error) {
	err = store.View(ctx, func(tx *provisioning.Tx) error {
		stored, err := tx.DataKeys.List(ctx)
		for _, k := range stored {
			keys = append(keys, secret.WrappedKey(k))
		}
		return err
	})
	return keys, err
}

func createDataKey(ctx context.Context, store provisioning.Store, current []byte) error {
	key, err := secret.GenerateDataKey(current, time.Now().UTC())
	if err != nil {
		return err
	}
	return store.Update(ctx, func(tx *provisioning.Tx) error {
		return tx.DataKeys.Create(ctx, provisioning.DataKey(key), 0)
	})
}

func rewrap(ctx context.Context, store provisioning.Store, ring *secret.Keyring) error {
	if len(ring.NeedsRewrap()) == 0 {
		return nil
	}
	return store.Update(ctx, func(tx *provisioning.Tx) error {
		for _, k := range ring.Rewrap() {
			if err := tx.DataKeys.Rewrap(ctx, k.ID, k.Wrapped); err != nil {
				return err
			}
		}
		return nil
	})
}
