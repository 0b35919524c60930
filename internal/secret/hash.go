package secret

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
)

// Hasher makes secrets, and hashes with and without a key. Its zero value is ready
// to use and fits the port of the same name in package provisioning.
type Hasher struct{}

// NewSecret returns 256 random bits as base64url without padding (RFC 4648 section
// 5): 43 characters.
func (Hasher) NewSecret() string {
	var raw [secretBytes]byte
	rand.Read(raw[:])
	return secretEncoding.EncodeToString(raw[:])
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

// HMAC returns the HMAC-SHA-256 (RFC 2104) of the parts under key. Each part is
// preceded by its length, so that moving a byte from one part to the next changes
// the result.
func (Hasher) HMAC(key []byte, parts ...[]byte) [32]byte {
	mac := hmac.New(sha256.New, key)
	mac.Write(encode(parts...))
	return [32]byte(mac.Sum(nil))
}
