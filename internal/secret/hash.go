package secret

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
)

// Hasher makes and compares secrets. Its zero value is ready to use and fits the
// port of the same name in package provisioning.
type Hasher struct{}

// NewSecret returns 256 random bits as base64url without padding (RFC 4648 section
// 5): 43 characters.
func (Hasher) NewSecret() string {
	var raw [32]byte
	rand.Read(raw[:])
	return base64.RawURLEncoding.EncodeToString(raw[:])
}

// Hash returns the SHA-256 of a secret, 32 bytes: the only form of it that is
// stored. A slow password hash would add nothing, since the secret is 256 random
// bits and cannot be guessed.
func (Hasher) Hash(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}

// Equal reports whether stored is the Hash of secret. Where no row was found, pass
// nil: the answer is false and takes as long as a comparison that fails, so that
// nobody learns from the clock which ids exist.
func (h Hasher) Equal(stored []byte, secret string) bool {
	var want [sha256.Size]byte
	copy(want[:], stored)
	same := subtle.ConstantTimeCompare(h.Hash(secret), want[:]) == 1
	return same && len(stored) == len(want)
}
