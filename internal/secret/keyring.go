package secret

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"time"
)

// Kinds of failure of a Keyring.
var (
	// ErrWrongKey: a stored data key was wrapped by neither the configured key
	// nor the previous one. The program must not start.
	ErrWrongKey = errors.New("the configured secret key does not open this database: " +
		"configure the key that it was made with, as the secret key or as the previous one")
	// ErrUnknownKey: the value was sealed under a data key that this keyring
	// does not have. Another process may have made one: read the keys again.
	ErrUnknownKey = errors.New("sealed under a data key that is not loaded")
	// ErrSealed: the bytes are no sealed value, were changed, or belong to
	// another workspace or row.
	ErrSealed = errors.New("sealed value cannot be opened")
	// ErrNoDataKey: the keyring has no data key to seal with.
	ErrNoDataKey = errors.New("no data key to seal with")
	// ErrKeyLength: a configured key does not have 32 bytes.
	ErrKeyLength = errors.New("a secret key has 32 bytes")
)

const (
	keyBytes      = 32
	formatVersion = 1
	maxKeyIDChars = 64
	gcmOverhead   = 12 + 16 // nonce and tag
)

// Contexts keep a wrapped key from being taken for a sealed value.
const (
	wrapContext = "drawbridge data key"
	sealContext = "drawbridge sealed value"
)

// WrappedKey is a data key as it stands in the database.
type WrappedKey struct {
	ID        string
	Wrapped   []byte // version, nonce, and the key under AES-256-GCM
	CreatedAt time.Time
	Retired   bool // opens what it sealed, seals nothing more
}

// GenerateDataKey makes a data key and wraps it under the configured key. It
// fails with ErrKeyLength.
func GenerateDataKey(current []byte, now time.Time) (WrappedKey, error) {
	wrapper, err := newAEAD(current)
	if err != nil {
		return WrappedKey{}, err
	}
	var id [16]byte
	var key [keyBytes]byte
	rand.Read(id[:])
	rand.Read(key[:])
	fresh := WrappedKey{ID: hex.EncodeToString(id[:]), CreatedAt: now}
	fresh.Wrapped = wrap(wrapper, fresh.ID, key[:])
	return fresh, nil
}

// Keyring seals and opens values. It never changes once made and may be used
// from several goroutines. A process that rotates keys makes a new one.
type Keyring struct {
	wrapper cipher.AEAD
	active  string
	keys    map[string]cipher.AEAD
	stale   []staleKey
}

// staleKey is a data key that still stands under the previous configured key.
type staleKey struct {
	row WrappedKey
	key []byte
}

// NewKeyring unwraps the stored data keys. previous may be nil; it is given while
// the configured key is being replaced. The youngest key that is not retired
// seals, all open. With no stored key the ring seals nothing until one is made
// by GenerateDataKey. It fails with ErrKeyLength, and with ErrWrongKey when any
// stored key opens under neither.
func NewKeyring(current, previous []byte, stored []WrappedKey) (*Keyring, error) {
	wrapper, err := newAEAD(current)
	if err != nil {
		return nil, err
	}
	var old cipher.AEAD
	if len(previous) > 0 {
		if old, err = newAEAD(previous); err != nil {
			return nil, fmt.Errorf("previous key: %w", err)
		}
	}
	ring := &Keyring{wrapper: wrapper, keys: make(map[string]cipher.AEAD, len(stored))}
	for _, row := range stored {
		if err := ring.add(row, old); err != nil {
			return nil, err
		}
	}
	ring.active = youngest(stored)
	return ring, nil
}

func (k *Keyring) add(row WrappedKey, old cipher.AEAD) error {
	key, ok := unwrap(k.wrapper, row)
	if !ok && old != nil {
		if key, ok = unwrap(old, row); ok {
			k.stale = append(k.stale, staleKey{row: row, key: key})
		}
	}
	if !ok {
		return fmt.Errorf("data key %s: %w", row.ID, ErrWrongKey)
	}
	aead, err := newAEAD(key)
	if err != nil {
		return fmt.Errorf("data key %s: %w", row.ID, err)
	}
	k.keys[row.ID] = aead
	return nil
}

// NeedsRewrap returns the ids of the data keys that stand under the previous
// configured key. Until they are wrapped again, that key must not be thrown away.
func (k *Keyring) NeedsRewrap() []string {
	ids := make([]string, 0, len(k.stale))
	for _, stale := range k.stale {
		ids = append(ids, stale.row.ID)
	}
	return ids
}

// Rewrap returns the keys of NeedsRewrap wrapped under the configured key, for
// the caller to store in place of the old rows. The data keys themselves and
// what they sealed stay as they are.
func (k *Keyring) Rewrap() []WrappedKey {
	rows := make([]WrappedKey, 0, len(k.stale))
	for _, stale := range k.stale {
		row := stale.row
		row.Wrapped = wrap(k.wrapper, row.ID, stale.key)
		rows = append(rows, row)
	}
	return rows
}

// Seal encrypts plain so that it opens only for the same workspace and row. The
// result carries a version, the id of the data key and a random nonce. It fails
// with ErrNoDataKey.
func (k *Keyring) Seal(workspace, row string, plain []byte) ([]byte, error) {
	key, ok := k.keys[k.active]
	if !ok {
		return nil, ErrNoDataKey
	}
	out := make([]byte, 0, 2+len(k.active)+gcmOverhead+len(plain))
	out = append(out, formatVersion, byte(len(k.active))) //nolint:gosec // unwrap lets no longer id in than maxKeyIDChars
	out = append(out, k.active...)
	return key.Seal(out, nil, plain, encode(sealContext, k.active, workspace, row)), nil //nolint:gosec // newAEAD makes the nonce
}

// Open decrypts what Seal gave for the same workspace and row. It fails with
// ErrUnknownKey when the data key is not in this ring, and with ErrSealed for
// everything else.
func (k *Keyring) Open(workspace, row string, sealed []byte) ([]byte, error) {
	id, box, ok := splitSealed(sealed)
	if !ok {
		return nil, ErrSealed
	}
	key, ok := k.keys[id]
	if !ok {
		return nil, fmt.Errorf("data key %q: %w", id, ErrUnknownKey)
	}
	plain, err := key.Open(nil, nil, box, encode(sealContext, id, workspace, row))
	if err != nil {
		return nil, ErrSealed
	}
	return plain, nil
}

// splitSealed takes a sealed value apart: the id of its data key, and nonce with
// ciphertext.
func splitSealed(sealed []byte) (id string, box []byte, ok bool) {
	if len(sealed) < 2 || sealed[0] != formatVersion {
		return "", nil, false
	}
	size := int(sealed[1])
	rest := sealed[2:]
	if size == 0 || size > maxKeyIDChars || len(rest) < size+gcmOverhead {
		return "", nil, false
	}
	return string(rest[:size]), rest[size:], true
}

// youngest finds the key to seal with. Of two made at once the greater id wins,
// so that every process takes the same one.
func youngest(stored []WrappedKey) string {
	var best WrappedKey
	for _, row := range stored {
		later := row.CreatedAt.After(best.CreatedAt) ||
			row.CreatedAt.Equal(best.CreatedAt) && row.ID > best.ID
		if !row.Retired && (best.ID == "" || later) {
			best = row
		}
	}
	return best.ID
}

func wrap(wrapper cipher.AEAD, id string, key []byte) []byte {
	return wrapper.Seal([]byte{formatVersion}, nil, key, encode(wrapContext, id)) //nolint:gosec // newAEAD makes the nonce
}

func unwrap(wrapper cipher.AEAD, row WrappedKey) ([]byte, bool) {
	box, ok := bytes.CutPrefix(row.Wrapped, []byte{formatVersion})
	if !ok || row.ID == "" || len(row.ID) > maxKeyIDChars {
		return nil, false
	}
	key, err := wrapper.Open(nil, nil, box, encode(wrapContext, row.ID))
	return key, err == nil && len(key) == keyBytes
}

// newAEAD returns AES-256-GCM that puts a fresh random nonce before each
// ciphertext. NIST SP 800-38D allows 2^32 messages under one key so.
func newAEAD(key []byte) (cipher.AEAD, error) {
	if len(key) != keyBytes {
		return nil, ErrKeyLength
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}
