// Package provisioning is the domain of Drawbridge: workspaces and their
// communities, the users who hold roles in them, and everything that gives,
// takes or explains a role.
//
// Three faces speak to it and never to one another: SCIM, sign-in and the
// pages and commands of administrators. A face parses, authenticates and
// limits, then calls one method of [Service]. The Service holds every rule,
// runs one transaction of the [Store] and writes, in that transaction, what
// changed, why, and what is to be told outside. The Store holds no rule.
//
//	face ──► Service ──► Store ──► events, told later
//
// Why somebody has a role is answered by reasons: grants, and memberships in
// directory groups that are mapped. [Resolve] adds reasons up to memberships
// and is the only code that does. The stored memberships are its projection,
// brought up to date inside the transaction that changed a reason; the
// difference that this makes is the list of membership events.
//
// The package imports the standard library only. What it needs from outside
// (storage, sealing, tokens, the look at an issuer) it declares as small
// ports that other packages implement.
package provisioning
