// Package scim is the SCIM 2.0 face: what Okta, Entra ID and their like speak
// to when they push users and groups (RFC 7643, RFC 7644).
//
// Around everything stands [Handler], the facade (rule 23): it proves the token,
// limits, routes, asks the Service and writes every answer. It lists, filters,
// projects and describes itself without the library. What changes a user or a
// group passes through four stages, each of which knows nothing of the next.
//
// It is guarded: [readJSON], [readGroup] and [readGroupPatch] read strangers'
// bytes with bounds on depth and in time linear in their length, and refuse
// names that differ in case alone. Members of groups are streamed out here, so
// that nothing behind ever holds a hundred thousand of them twice.
//
// It is normalised: clients write string booleans, nulls, lone objects for
// arrays, dotted keys, URNs in any case. A resource table, derived from the
// schemas that the library serves, turns every dialect into the same
// [operation] values: one attribute or sub-attribute each, canonical names and
// values. POST and PUT are taken as operations on an empty resource, so there
// is one way to read an attribute, not three.
//
// It is shown to the library, github.com/elimity-com/scim, which validates
// it and whose answer is captured. It refuses legal forms of PATCH (value filters of three terms, null,
// sub-attributes named $ref) and drops what it cannot hold, so what it sees is
// a rendering: the same operations with plain attribute paths, and without
// members. What we go on with are our own operations, never its copy.
//
// It is applied: [applyUserPatch] is RFC 7644 §3.5.2 as a pure function from
// one attribute map to the next; the Service runs it inside its transaction.
//
// Filters never reach the library: [ParseUserFilter] and [ParseGroupFilter]
// are a bounded parser of our own, into the tree that the Store compiles.
package scim
