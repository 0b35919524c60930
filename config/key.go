package config

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// keyFile is where the embedded set-up keeps its secret key, within DataDir.
const keyFile = "secret.key"

// EnsureSecretKey returns c with a secret key: the configured one, else the one in
// the data directory, which is made if there is none. The directory gets mode 0700
// and the file 0600, where they are new. Of several processes that start at once
// all get the same key. With PostgreSQL it makes none and fails, because replicas
// must share theirs.
func EnsureSecretKey(c Config) (Config, error) {
	if len(c.SecretKey) > 0 {
		return c, nil
	}
	if c.Engine() == PostgreSQL {
		return c, c.Validate()
	}
	if err := os.MkdirAll(c.DataDir, 0o700); err != nil {
		return c, fmt.Errorf("data directory: %w", err)
	}
	path := SecretKeyFile(c)
	key, err := readKey(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err = makeKey(path); err == nil {
			key, err = readKey(path)
		}
	}
	if err != nil {
		return c, fmt.Errorf("secret key: %w", err)
	}
	c.SecretKey = key
	return c, nil
}

// SecretKeyFile is where the key of an embedded database stands unless it is
// configured.
func SecretKeyFile(c Config) string { return filepath.Join(c.DataDir, keyFile) }

// SecretKeyMissing returns where EnsureSecretKey would make a new key, and "" if
// there is one already or none is made. A database that was sealed before needs
// its old one.
func SecretKeyMissing(c Config) string {
	if len(c.SecretKey) > 0 || c.Engine() != SQLite {
		return ""
	}
	path := SecretKeyFile(c)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return path
	}
	return ""
}

func readKey(path string) ([]byte, error) {
	text, err := readLimited(path)
	if err != nil {
		return nil, err
	}
	key, err := decodeKey(strings.TrimSpace(text))
	if err != nil {
		return nil, fmt.Errorf("%s is damaged: restore it from a backup; without it stored secrets cannot be read", path)
	}
	return key, nil
}

// makeKey writes a key beside its place and links it there. A link fails if
// another process was first, and is never seen half written, which creating the
// file in its place and then writing to it would allow.
func makeKey(path string) (err error) {
	var key [keyBytes]byte
	rand.Read(key[:])
	draft, err := os.CreateTemp(filepath.Dir(path), keyFile+".*") // O_EXCL, mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(draft.Name())
	_, err = draft.WriteString(base64.StdEncoding.EncodeToString(key[:]) + "\n")
	if err = errors.Join(err, draft.Sync(), draft.Close()); err != nil {
		return err
	}
	if err = os.Link(draft.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// syncDir makes the new name survive a power cut: the database may be written
// under this key a moment later.
func syncDir(path string) error {
	dir, err := os.Open(path) //nolint:gosec // the operator names the directory
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
