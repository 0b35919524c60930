// Package migrations holds the schema of the database as numbered steps, once
// for each engine, and applies them. Steps of one number do the same on both
// engines: a test compares tables, columns, nullability, keys and indexes.
//
// A step is one SQL file, NNNN_name.sql, in each of the two folders. Steps are
// never edited once released, and never undone: a mistake is repaired by the
// next step.
package migrations
