package oidc

import (
	"maps"

	"drawbridge/internal/web"
)

// Texts are the strings of this face's pages, in English.
func Texts() web.Texts { return maps.Clone(texts) }

// In refusals {1} is the workspace, {2} the provider's host, {3} whom to ask,
// {4} an amount of time.
var texts = web.Texts{
	"oidc.workspace":     {Other: "your workspace"},
	"oidc.provider":      {Other: "your provider"},
	"oidc.administrator": {Other: "an administrator of {1}"},
	"oidc.again":         {Other: "Start again"},
	"oidc.login":         {Other: "Sign in another way"},
	"oidc.prove":         {Other: "Prove that it is you"},
	"oidc.seconds":       {One: "{1} second", Other: "{1} seconds"},
	"oidc.minutes":       {One: "{1} minute", Other: "{1} minutes"},

	"oidc.broken.title": {Other: "This sign-in cannot be read"},
	"oidc.broken.what":  {Other: "The address that led here is incomplete or was changed on the way, so nobody was signed in."},
	"oidc.broken.whom":  {Other: "Start from the beginning; if it happens again, tell {3}."},

	"oidc.dead.title": {Other: "This sign-in is over"},
	"oidc.dead.what":  {Other: "It was used already, took longer than ten minutes, or began in another browser."},
	"oidc.dead.whom":  {Other: "Start again in this browser; if it happens again, tell {3}."},

	"oidc.foreign.title": {Other: "This answer came from somewhere else"},
	"oidc.foreign.what":  {Other: "The sign-in went to {2}, but the answer does not name {2} as its sender, so nobody was signed in."},
	"oidc.foreign.whom":  {Other: "Start again; if it happens again, tell {3}."},

	"oidc.other_issuer.title": {Other: "This link belongs to another provider"},
	"oidc.other_issuer.what":  {Other: "The provider that sent you here is not {2}, with which {1} is connected."},
	"oidc.other_issuer.whom":  {Other: "Tell {3}: the Initiate login address at the provider has to be the one of its own connection."},

	"oidc.proof.title": {Other: "Nobody was signed in"},
	"oidc.proof.what":  {Other: "What {2} sent does not prove who you are."},
	"oidc.proof.whom":  {Other: "Start again; if it happens again, tell {3}."},

	"oidc.session_over.title": {Other: "Your session at {2} has ended"},
	"oidc.session_over.what":  {Other: "{2} says that it lets nobody stay signed in by this session any more."},
	"oidc.session_over.whom":  {Other: "Sign in at {2} anew; if it happens again, tell {3}."},

	"oidc.clock_ahead.title": {Other: "Two clocks disagree"},
	"oidc.clock_ahead.what":  {Other: "The clock of {2} is {4} ahead of this server's, so its answer is not valid yet."},
	"oidc.clock_ahead.whom":  {Other: "Tell {3}: if {2} is a service on the internet, the clock of this server is slow and has to be set."},

	"oidc.clock_behind.title": {Other: "Two clocks disagree"},
	"oidc.clock_behind.what":  {Other: "The clock of {2} is {4} behind this server's, so its answer is not valid any more."},
	"oidc.clock_behind.whom":  {Other: "Tell {3}: if {2} is a service on the internet, the clock of this server is fast and has to be set."},

	"oidc.denied.title": {Other: "{2} did not let you in"},
	"oidc.denied.what":  {Other: "The sign-in was cancelled there, or this application is not assigned to you."},
	"oidc.denied.whom":  {Other: "If you did not cancel it, ask whoever manages {2} to assign you this application, or ask {3}."},

	"oidc.provider_error.title": {Other: "{2} could not finish the sign-in"},
	"oidc.provider_error.what":  {Other: "It answered with an error instead of telling who you are."},
	"oidc.provider_error.whom":  {Other: "Start again; if it happens again, tell {3}."},

	"oidc.too_many.title": {Other: "Too many sign-ins at once"},
	"oidc.too_many.what":  {Other: "Many sign-ins were begun from your network within a few seconds."},
	"oidc.too_many.whom":  {Other: "Wait a moment and start again; if it stays like this, tell {3}."},

	"oidc.unreachable.title": {Other: "{2} cannot be reached"},
	"oidc.unreachable.what":  {Other: "Your organisation's provider, {2}, gives this server no usable answer, so nobody can sign in through it now."},
	"oidc.unreachable.whom":  {Other: "Try again in a minute; if it stays like this, tell {3}."},

	"oidc.misconfigured.title": {Other: "{2} does not accept this connection"},
	"oidc.misconfigured.what":  {Other: "{2} refused the credentials with which {1} is registered there, or gave no token for them."},
	"oidc.misconfigured.whom":  {Other: "Tell {3}: the client id, the client secret or the application at {2} has changed."},

	"oidc.no_access.title": {Other: "You have no access to {1}"},
	"oidc.no_access.what":  {Other: "{2} knows you, but {1} could not match this sign-in to a person who has access."},
	"oidc.no_access.whom":  {Other: "Ask {3} for access."},

	"oidc.blocked.title": {Other: "Your access to {1} is stopped"},
	"oidc.blocked.what":  {Other: "It was deactivated by your organisation or suspended by an administrator."},
	"oidc.blocked.whom":  {Other: "If that is a mistake, ask {3}."},

	"oidc.domain.title": {Other: "You have no access to {1}"},
	"oidc.domain.what":  {Other: "{1} lets people in at their first sign-in only with an e-mail address of its own domains, and yours is of another one."},
	"oidc.domain.whom":  {Other: "Ask {3} for an invitation."},

	"oidc.no_email.title": {Other: "You have no access to {1}"},
	"oidc.no_email.what":  {Other: "{2} did not say what your e-mail address is, and without one {1} lets nobody in for the first time."},
	"oidc.no_email.whom":  {Other: "Ask whoever manages {2} to send the e-mail claim, or ask {3} for an invitation."},

	"oidc.link.title": {Other: "This first sign-in needs a link"},
	"oidc.link.what":  {Other: "An e-mail address alone is not enough for this first sign-in to {1}."},
	"oidc.link.whom":  {Other: "Open the invitation link that was sent to you and sign in from there, or ask {3} for one."},

	"oidc.account_proof.title": {Other: "One proof is missing"},
	"oidc.account_proof.what":  {Other: "{2} knows you, but there is a password for your address in {1} already, and only its owner may connect the two."},
	"oidc.account_proof.whom":  {Other: "Prove once that it is yours; after that {2} alone will do. If you never set a password, ask {3}."},

	"oidc.other_address.title": {Other: "The invitation is for another address"},
	"oidc.other_address.what":  {Other: "{2} signed you in with another e-mail address than the invited one, so the invitation was not used and stays good."},
	"oidc.other_address.whom":  {Other: "Open the link again and sign in at {2} with the invited address, or ask {3} for an invitation to this one."},

	"oidc.invitation_dead.title": {Other: "This invitation cannot be used"},
	"oidc.invitation_dead.what":  {Other: "It was used already, has expired or was cancelled, or its page stood open for too long."},
	"oidc.invitation_dead.whom":  {Other: "Open the link once more; if it does not work, ask {3} for a new one."},

	"oidc.invitation_elsewhere.title": {Other: "The invitation is not for {1}"},
	"oidc.invitation_elsewhere.what":  {Other: "This connection belongs to another workspace than the invitation, so the invitation was not used."},
	"oidc.invitation_elsewhere.whom":  {Other: "Open the invitation link again and choose a way to sign in there."},

	"oidc.closed.title": {Other: "This way in is closed"},
	"oidc.closed.what":  {Other: "An administrator has disabled the connection of {1} with {2}."},
	"oidc.closed.whom":  {Other: "Ask {3} how to sign in now."},

	"oidc.switch_dead.title": {Other: "This question is over"},
	"oidc.switch_dead.what":  {Other: "It was answered already, stood open for longer than ten minutes, or another sign-in came after it, so nothing was changed."},
	"oidc.switch_dead.whom":  {Other: "Sign in again if you want to change who is signed in."},

	"oidc.switch.title":       {Other: "Who is signing in?"},
	"oidc.switch.text":        {Other: "This browser is signed in as {1}, and {2} has just signed in."},
	"oidc.switch.go":          {Other: "Continue as {1}"},
	"oidc.switch.go.detail":   {Other: "The session of {1} ends."},
	"oidc.switch.stay":        {Other: "Stay signed in as {1}"},
	"oidc.switch.stay.detail": {Other: "{1} is not signed in."},
}
