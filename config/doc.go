// Package config is the settings of Drawbridge: what they are called, where they
// come from and what makes them valid.
//
// A setting has one name in three spellings: DRAWBRIDGE_PUBLIC_URL in the
// environment, --public-url on the command line, public_url in the YAML file. The
// command line wins over the environment, the environment over the file, the file
// over the default; an empty value counts as none. A secret may instead stand in a
// file of its own, named by the same name with _FILE behind it. A name that does
// not exist is an error, because a mistyped setting that is silently ignored is
// worse than a program that does not start.
//
// Load reads all sources and reports every fault at once, one a line, each naming
// the setting and what to do. A Config prints without its secrets.
package config
