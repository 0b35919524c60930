// Package mail sends one message at a time over SMTP (RFC 5321), under TLS, and
// says of each exactly what became of it: taken, refused for good, worth another
// attempt, or unknown because the connection ended after the text was sent.
package mail
