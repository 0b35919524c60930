// Command drawbridge runs the bridge and is how the person at the server works
// with it. Each command is a thin shell: it reads flags, asks the Service, and
// prints what came back, as aligned text or, with --json, as one JSON value.
//
// All commands take their settings alike, from flags, the environment and a
// YAML file. They exit with 0 on success, 1 on failure and 2 on wrong usage, and
// say on standard error, in one line, what to do.
package main
