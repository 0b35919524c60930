// Package app puts the parts together, and is the only place that does: a
// [Core] is the Service on its database, which is all that commands need; an
// [App] is a Core with the faces in front of it, which serves.
package app
