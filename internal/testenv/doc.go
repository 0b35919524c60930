// Package testenv gives the tests of the other packages real things to run against: a fresh PostgreSQL
// database, a Redis, a certified OpenID provider, a mail server, a browser, a free port.
//
// The servers are started by scripts/with-services.sh, which `make test` calls and which tells the tests where
// they are by environment variables. A test that needs a server and finds no variable fails and says so; it is
// skipped only where that script announced that the server could not be had on this machine, and never with
// CI=true.
//
// Every helper stops or drops what it made when its test ends.
package testenv
