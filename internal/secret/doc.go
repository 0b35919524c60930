// Package secret makes, compares and seals what must not be read by others.
//
// It holds three things. A Token is what a browser or a SCIM client carries: a
// public id that finds a row, and a secret of 256 bits of which only the SHA-256
// is stored. A Keyring seals what must be read again, such as a client secret,
// with AES-256-GCM under data keys; the data keys stand in the database, wrapped
// by the key that the operator configured, so that a copy of the database alone
// opens nothing. A Hasher makes secrets, compares them with what is stored, and
// computes the keyed hashes of tombstones and of the audit chain.
//
// The package keeps no state outside its values, reads no files and writes no
// logs. Values that carry a secret print without it.
package secret
