// Package sqlstore keeps everything in SQL: it is [provisioning.Store] on
// PostgreSQL and on SQLite.
//
// One text of a statement serves both engines. Placeholders are $1, $2, …;
// what a statement made comes back through RETURNING; a lost unique key is
// seen by ON CONFLICT DO NOTHING and a count of rows; pages go by row values.
// Times are microseconds since 1970 and NULL for none. Sets travel as one
// parameter, a JSON object, which json_each turns into rows of key and value:
//
//	select u.id from users u where u.id in (select key from json_each($1))
//
// The few differences stand in one [dialect] value. Beneath the statements
// lies [conn], the little that they need of a database, native on pgxpool and
// on database/sql, so that one round trip stays one round trip.
//
// Isolation is READ COMMITTED with the locks that the contract names. SQLite
// has one writer at a time, of all processes together, and needs no row locks.
//
// Errors are told apart by the driver's codes, never by texts. A connection
// that fails is of kind [provisioning.ErrUnavailable], a row that refers to
// nothing of kind [provisioning.ErrNotFound], a lost unique key a
// [*provisioning.TakenError].
package sqlstore
