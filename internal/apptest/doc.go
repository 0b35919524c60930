// Package apptest starts a whole bridge in the test's process, on an engine of
// the test's choice, and beside it, if wanted, a simulated Okta organisation
// and browsers: what end-to-end tests are written with.
package apptest
