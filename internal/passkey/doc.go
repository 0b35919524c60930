// Package passkey runs WebAuthn ceremonies (W3C Web Authentication, level 3) for
// the host of the public URL. A passkey is discoverable and verifies its user, so
// that it is a whole sign-in by itself; which maker the authenticator has is
// neither asked nor kept.
package passkey
