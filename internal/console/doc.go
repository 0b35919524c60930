// Package console is the face that people see: signing in and out, what they hold and why, an invitation, and the
// answer by which a reverse proxy learns who is in front of it.
//
// A person begins at /login with an e-mail address. Its domain leads to a connection, and from there the sign-in face
// takes over; whether somebody of that address exists is never said. Back on / they see their roles, each with the
// chain of reasons from which it comes, read from the right: a first sign-in, an invitation, a group that a directory
// pushed. Whoever holds nothing at all is told whom to ask (design rule 6). /invitation shows what a link leads to and
// uses nothing up: only the sign-in that follows does.
//
// /auth/verify speaks to programs: who the session's user is and what they hold, in headers, or 401 or 403 in plain
// text. It never redirects.
//
// The package holds no rule. It asks a [Service] who is there and what they hold, chooses the words, and every word
// comes from [Texts].
package console
