// Package console is the face that people see: signing in and out, what they hold and why, an invitation, and the
// answer by which a reverse proxy learns who is in front of it.
//
// A person begins at /login with an e-mail address. Its domain leads to a connection, and from there the sign-in face
// takes over, or to /login/password; whether somebody of that address exists is never said. A password or a passkey
// makes a parent sign-in, in a cookie of its own, which asks for the second factor at /login/factor where there is one
// and enters workspaces from /workspaces, each by its own rules (rule 18). Back on / people see their roles, each with
// the chain of reasons from which it comes, read from the right: a first sign-in, an invitation, a group that a
// directory pushed. Whoever holds nothing at all is told whom to ask (rule 6). /account is where they see and change
// how they sign in; what is sensitive leads through /account/confirm first.
//
// Links that were mailed or shown lead to /invitation, /reset, /email and /setup. Each is exchanged for a ticket in a
// cookie, and the browser goes on to an address without it. Opening a link uses nothing up: only the form that follows
// does.
//
// Every act is a form first and works without script. Script adds passkeys, showing what is typed, and copying.
//
// /auth/verify speaks to programs: who the session's user is and what they hold, in headers, or 401 or 403 in plain
// text. It never redirects.
//
// The package holds no rule. It asks a [Service] who is there and what they hold, chooses the words, and every word
// comes from [Texts].
package console
