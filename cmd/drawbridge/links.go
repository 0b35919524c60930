package main

import (
	"net/url"
	"time"

	"drawbridge/provisioning"
)

// scimURL is what an administrator enters at the identity provider.
func scimURL(public *url.URL) string { return public.JoinPath("scim", "v2").String() }

// loginURL starts a sign-in through the connection. It is its Initiate login URI,
// too.
func loginURL(public *url.URL, c provisioning.ConnectionID) string {
	return public.JoinPath("sso", string(c)).String()
}

func redirectURL(public *url.URL, c provisioning.ConnectionID) string {
	return public.JoinPath("sso", string(c), "callback").String()
}

// linkURL is a page with the secret text that opens it once.
func linkURL(public *url.URL, page, secret string) string {
	link := public.JoinPath(page)
	link.RawQuery = url.Values{"token": {secret}}.Encode()
	return link.String()
}

func invitationURL(public *url.URL, secret string) string {
	return linkURL(public, "invitation", secret)
}

// shownLink is a link that is shown once.
type shownLink struct {
	URL       string    `json:"url"`
	ExpiresAt time.Time `json:"expires_at"`
}

func invitationLink(public *url.URL, i provisioning.Invitation, secret string) shownLink {
	return shownLink{invitationURL(public, secret), stamp(i.ExpiresAt)}
}
