// Package chromium drives a real browser in tests: what a person does, in the words that the person sees.
//
// [New] opens a page as somebody who has never been anywhere; the methods of [Page] fill fields by their label and
// press buttons and links by their name, both as a screen reader would read them, so that a page which cannot be read
// aloud cannot be tested either. Whatever waits, waits for a condition and ends the test when it does not come true.
// [Page.Look] looks at a page in each width and colour scheme, with axe-core. When its test ends, a page fails it with
// everything that its console complained about, breaches of the content security policy included.
//
// One Chromium serves a test binary. The first page starts it, with a profile of its own; the binary's TestMain ends
// with [Stop]. It reaches loopback and nothing else.
package chromium
