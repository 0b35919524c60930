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

// invitationView is the link of an invitation. It is shown once.
type invitationView struct {
	URL       string    `json:"url"`
	ExpiresAt time.Time `json:"expires_at"`
}

func viewInvitation(public *url.URL, i provisioning.Invitation, secret string) invitationView {
	link := public.JoinPath("invitation")
	link.RawQuery = url.Values{"token": {secret}}.Encode()
	return invitationView{link.String(), stamp(i.ExpiresAt)}
}
