// Package authenticator makes and checks the codes of authenticator applications
// (RFC 6238: SHA-1, 6 digits, 30 seconds), and draws the QR code from which such
// an application reads its secret.
package authenticator
