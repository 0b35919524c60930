// Package oidc is the sign-in face: it sends people to their organisation's
// OpenID provider, checks what comes back, and asks the Service who that is.
//
// [Providers] knows the providers. It keeps, by issuer and for nobody in
// particular, the discovery document and the signing keys of each, fetches
// them again when they are old or a key is missing, never more often than a
// cool-down allows, and goes on with the last good ones while a provider is
// down. It is also how the Service looks an issuer up before it stores one.
//
// [Handler] answers /sso/{connection}, its callback and /sso/switch. A sign-in
// is the code flow with PKCE, state and nonce. Its state is a row of the
// Service, bound to one browser and used once; nonce and PKCE verifier are
// derived from that browser's secret and the row's id, so no database holds
// them. The ID token is verified by go-oidc and then once more for all that
// go-oidc leaves to its caller. Every refusal is a page that says what happened
// and whom to ask, with a reference and a way back, and tells no stranger
// whether anybody exists.
package oidc
