package config

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func embedded(dir string) Config {
	c := Default()
	c.DataDir = dir
	return c
}

func ensure(t *testing.T, c Config) []byte {
	t.Helper()
	got, err := EnsureSecretKey(c)
	if err != nil || len(got.SecretKey) != 32 || c.SecretKey != nil {
		t.Fatalf("EnsureSecretKey: key of %d bytes, %v", len(got.SecretKey), err)
	}
	return got.SecretKey
}

func TestSecretKeyIsMadeOnceAndKept(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "a", "data")
	first := ensure(t, embedded(dir))
	if second := ensure(t, embedded(dir)); !bytes.Equal(first, second) {
		t.Error("the second start has another key")
	}
	if other := ensure(t, embedded(t.TempDir())); bytes.Equal(first, other) {
		t.Error("another directory has the same key")
	}
	for path, want := range map[string]os.FileMode{dir: 0o700, filepath.Join(dir, keyFile): 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: mode %v, %v", path, info.Mode(), err)
		}
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 1 {
		t.Errorf("left behind: %v, %v", files, err)
	}
}

func TestSecretKeyOfManyStartsIsOne(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	keys := make([][]byte, 16)
	var starts sync.WaitGroup
	for i := range keys {
		starts.Go(func() {
			c, err := EnsureSecretKey(embedded(dir))
			if err != nil {
				t.Error(err)
			}
			keys[i] = c.SecretKey
		})
	}
	starts.Wait()
	for i, key := range keys {
		if len(key) != 32 || !bytes.Equal(key, keys[0]) {
			t.Errorf("start %d has another key", i)
		}
	}
}

func TestConfiguredSecretKeyMakesNoFile(t *testing.T) {
	t.Parallel()
	c := embedded(filepath.Join(t.TempDir(), "data"))
	c.SecretKey = rawKey
	got, err := EnsureSecretKey(c)
	if err != nil || !bytes.Equal(got.SecretKey, rawKey) {
		t.Errorf("got %v, %v", got, err)
	}
	if _, err := os.Stat(c.DataDir); !os.IsNotExist(err) {
		t.Errorf("the data directory was made: %v", err)
	}
}

func TestSecretKeyFaults(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, keyFile), []byte("damaged\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := EnsureSecretKey(embedded(dir)); err == nil || !strings.Contains(err.Error(), "is damaged") {
		t.Errorf("damaged: %v", err)
	}
	if data, _ := os.ReadFile(filepath.Join(dir, keyFile)); string(data) != "damaged\n" {
		t.Error("the damaged key was written over")
	}
	if _, err := EnsureSecretKey(embedded(write(t, "a file"))); err == nil {
		t.Error("a file as data directory is accepted")
	}
	c := embedded(t.TempDir())
	c.DatabaseURL = "postgres://db/bridge"
	if _, err := EnsureSecretKey(c); err == nil || !strings.Contains(err.Error(), "is required with PostgreSQL") {
		t.Errorf("PostgreSQL: %v", err)
	}
}
