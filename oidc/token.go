package oidc

import (
	"cmp"
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	gooidc "github.com/coreos/go-oidc/v3/oidc"

	"drawbridge/provisioning"
)

const (
	maxToken       = 64 << 10         // bytes of an ID token
	clockTolerance = 60 * time.Second // by which two clocks may differ
	// maxBackdated is how long before the sign-in began a token may claim to
	// have been issued: some providers write a few minutes off on purpose.
	maxBackdated = 10 * time.Minute
	maxSubject   = 255 // OpenID Connect Core 1.0 section 2
)

// expected is what an ID token has to agree with.
type expected struct {
	issuer      string
	clientID    string
	nonce       string
	accessToken string
	begunAt     time.Time // when the sign-in began
	afresh      bool      // the provider was told to ask for the credentials again
}

// tokenFault says what is wrong with an ID token.
type tokenFault struct {
	check string        // a fixed word: the check that failed
	ahead time.Duration // for check "clock": by how much the provider's clock is ahead; negative when behind
	cause error
}

func (f *tokenFault) Error() string {
	if f.cause != nil {
		return fmt.Sprintf("ID token refused by check %s: %v", f.check, f.cause)
	}
	return "ID token refused by check " + f.check
}

// Unwrap gives the cause.
func (f *tokenFault) Unwrap() error { return f.cause }

// remembering is a key set that knows afterwards what became of a token: of its
// errors go-oidc keeps the text alone.
type remembering struct {
	keys    gooidc.KeySet
	payload []byte // signed by the provider
	err     error
}

// VerifySignature implements gooidc.KeySet.
func (r *remembering) VerifySignature(ctx context.Context, token string) ([]byte, error) {
	r.payload, r.err = r.keys.VerifySignature(ctx, token)
	return r.payload, r.err
}

// fault names the check that a token failed in go-oidc.
func (r *remembering) fault(x expected, err error) error {
	var claims claimSet
	switch {
	case errors.Is(r.err, errNoKeys), errors.Is(r.err, context.Canceled):
		return r.err
	case errors.Is(r.err, errSignature):
		return &tokenFault{check: "signature", cause: err}
	case r.payload == nil, json.Unmarshal(r.payload, &claims) != nil:
		return &tokenFault{check: "format", cause: err}
	}
	return &tokenFault{check: cmp.Or(claims.checkParties(x), "types"), cause: err}
}

// verifyIDToken checks an ID token (OpenID Connect Core 1.0 section 3.1.3.7)
// and returns its claims. The error is a [*tokenFault], or errNoKeys or that of
// ctx where the keys could not be had.
func verifyIDToken(ctx context.Context, d document, keys gooidc.KeySet, raw string, x expected) (claimSet, error) {
	if raw == "" || len(raw) > maxToken {
		return nil, &tokenFault{check: "size"}
	}
	remembered := &remembering{keys: keys}
	verifier := gooidc.NewVerifier(x.issuer, remembered, &gooidc.Config{
		ClientID: x.clientID, SupportedSigningAlgs: d.algorithms(),
		SkipExpiryCheck: true, // checkTimes has the tolerance that the library lacks
	})
	token, err := verifier.Verify(ctx, raw)
	if err != nil {
		return nil, remembered.fault(x, err)
	}
	var claims claimSet
	if err := token.Claims(&claims); err != nil {
		return nil, &tokenFault{check: "format", cause: err}
	}
	if token.AccessTokenHash != "" && token.VerifyAccessToken(x.accessToken) != nil {
		return nil, &tokenFault{check: "at_hash"}
	}
	return claims, claims.check(x, time.Now())
}

// check is all that go-oidc leaves to its caller.
func (c claimSet) check(x expected, now time.Time) error {
	if check := c.checkParties(x); check != "" {
		return &tokenFault{check: check}
	}
	if err := c.checkTimes(x, now); err != nil {
		return err
	}
	if check := c.checkSession(x, now); check != "" {
		return &tokenFault{check: check}
	}
	return nil
}

// checkParties compares by whom, about whom and for whom the token is. A logout
// token passes for an ID token everywhere but here: it has events and may have
// no nonce (OpenID Connect Back-Channel Logout 1.0 section 2.4).
func (c claimSet) checkParties(x expected) (failed string) {
	nonce := c.text("nonce")
	switch {
	case c.text("iss") != x.issuer:
		return "iss"
	case !c.onlyAudience(x.clientID):
		return "aud"
	case c.has("azp") && c.text("azp") != x.clientID:
		return "azp"
	case c.has("events"):
		return "events"
	case nonce == "" || subtle.ConstantTimeCompare([]byte(nonce), []byte(x.nonce)) != 1:
		return "nonce"
	case !validSubject(c.text("sub")):
		return "sub"
	}
	return ""
}

// validSubject: at most 255 characters of ASCII, and none that cannot be seen.
func validSubject(sub string) bool {
	if sub == "" || len(sub) > maxSubject {
		return false
	}
	for i := range len(sub) {
		if sub[i] < ' ' || sub[i] > '~' {
			return false
		}
	}
	return true
}

// checkTimes compares iat, exp and nbf with our clock. The nonce has shown that
// the token was made after the sign-in began, so one that seems older, or over
// already, was made by a clock that is behind.
func (c claimSet) checkTimes(x expected, now time.Time) error {
	issued, ok := c.time("iat")
	if !ok {
		return &tokenFault{check: "iat"}
	}
	expires, ok := c.time("exp")
	if !ok {
		return &tokenFault{check: "exp"}
	}
	from, ok := c.time("nbf")
	if c.has("nbf") && !ok {
		return &tokenFault{check: "nbf"}
	}
	ahead := max(issued.Sub(now), from.Sub(now))
	switch {
	case ahead > clockTolerance:
		return &tokenFault{check: "clock", ahead: ahead}
	case now.Sub(expires) > clockTolerance:
		return &tokenFault{check: "clock", ahead: -max(now.Sub(issued), now.Sub(expires))}
	case x.begunAt.Sub(issued) > maxBackdated:
		return &tokenFault{check: "clock", ahead: issued.Sub(now)}
	}
	return nil
}

// checkSession compares what the token says of the session at the provider. A
// provider that was told to ask for the credentials again and says that it did
// not is not believed.
func (c claimSet) checkSession(x expected, now time.Time) (failed string) {
	authenticated, ok := c.time("auth_time")
	if c.has("auth_time") && !ok || authenticated.Sub(now) > clockTolerance {
		return "auth_time"
	}
	if x.afresh && ok && x.begunAt.Sub(authenticated) > clockTolerance {
		return "not_afresh"
	}
	ends, ok := c.time("session_expiry")
	switch {
	case c.has("session_expiry") && !ok:
		return "session_expiry"
	case ok && !ends.After(now):
		return "session_over"
	}
	return ""
}

// person is what the Service learns: who it is by the ID token, and words from
// there or, where it has none, from userinfo.
func (c claimSet) person(userInfo claimSet) provisioning.Claims {
	word := func(name string, limit int) string {
		if text := c.word(name, limit); text != "" {
			return text
		}
		return userInfo.word(name, limit)
	}
	ends, _ := c.time("session_expiry")
	return provisioning.Claims{
		Issuer: c.text("iss"), Subject: c.text("sub"),
		Email: word("email", maxEmail), PreferredUserName: word("preferred_username", maxEmail),
		Name: word("name", maxWord), GivenName: word("given_name", maxWord), FamilyName: word("family_name", maxWord),
		Locale: word("locale", maxLocale), SessionExpiry: ends,
	}
}
