// Package delivery takes mails out of the outbox and sends them.
//
// letters.go, plain.go and texts.go write what a mail says; worker.go claims,
// sends and settles.
package delivery
