// Package egress is the one way out: the HTTP client for every address that a
// person outside the operator's control may have chosen, such as an issuer.
//
// Such an address is a request to the server's own network made by a stranger.
// So each resolved address is checked at the moment of dialling, after DNS, and
// anything that is not public is refused; a redirect stays on its host; the
// answer is limited in size and in time; and no proxy is taken from the
// environment. What went wrong is told apart by ErrPrivateAddress, ErrPlainHTTP,
// ErrRedirect, ErrTooLarge and IsTimeout, which all see through the wrapping of
// net/http.
package egress
