// Package secret makes, compares and seals what must not be read by others.
//
// It holds three things. A Hasher makes the secrets of 256 bits that browsers and
// SCIM clients carry, and compares them with the SHA-256 that is stored of them.
// Passwords hashes what people chose themselves, slowly, and knows what everybody
// chooses.
// A Keyring seals what must be read again, such as a client secret, with
// AES-256-GCM under data keys; the data keys stand in the database, wrapped by
// the key that the operator configured, so that a copy of the database alone
// opens nothing.
//
// The package keeps no state outside its values, reads no files and writes no
// logs.
package secret
