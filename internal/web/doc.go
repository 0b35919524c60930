// Package web is the frame in which every face of Drawbridge stands: the server and its limits, the way a request
// comes in, the routes, the cookies, and the look of every page.
//
// A request passes, from the outside in: [RequestID] names it, [ClientAddress] finds who sent it behind trusted
// proxies, [LogRequests] opens a [RequestEvent] and writes one line when the answer is out, [Recover] turns a panic
// into an answer, [SecurityHeaders] sets what every answer carries. [Frame.Wrap] puts them in that order round a [Mux].
//
// The Mux knows faces. A [Face] is a part of the URL space that speaks one protocol and answers errors in one place;
// its handlers return errors and never write them. A face that must see its paths untouched, SCIM, is mounted raw.
// The Mux redirects nobody, and an unsafe method can be registered only behind the cross-site check or, by name and
// with a reason, as a machine's (design rule 26).
//
// [Pages] renders what people see: two layouts, one style sheet, one script for the pages that ask for it, four ready
// pages (refusal, message, choice, confirmation) and the partials from which other packages build theirs. Each string
// comes from one [Catalogue].
//
// The package knows nothing of users, workspaces or protocols.
package web
