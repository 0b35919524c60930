// Package oktasim is an Okta-shaped organisation that runs in one process: people and groups in memory, an OpenID Connect
// provider that signs them in, a SCIM client that pushes them, and a page on which its administrator assigns, edits and
// deactivates them. The demonstration, the command `simulate okta` and the end-to-end tests use it instead of a real Okta.
//
// It behaves as Okta is documented and recorded to behave, not as the specifications would allow: the provider has the
// shape of an org authorization server (issuer without a path, `sub` of the form 00u…, no `iss` in the callback, no
// back-channel logout), and the [Client] sends the headers, bodies and order of requests of both kinds of Okta application,
// [Wizard] and [Catalog].
//
// The package is deliberately written without any code of the bridge: were a sentence of a specification read wrongly once
// and used on both sides, every test would pass and no real Okta would get in.
//
// Three doors lead in. [New] makes an [Organisation], whose [Organisation.Handler] serves the provider and the pages.
// [NewClient] makes the SCIM client alone. [Run] drives any SCIM endpoint through a scenario and judges each step.
package oktasim
