package oidc

import (
	"errors"
	"net/http"
	"net/url"

	"drawbridge/internal/web"
	"drawbridge/provisioning"
)

const (
	maxCallback = 16 << 10 // bytes of query
	maxIssuer   = 2048
	maxError    = 128
)

// answer is what the provider sends the browser back with (RFC 6749 section
// 4.1.2, RFC 9207).
type answer struct {
	code, state, issuer string
	err                 string // OAuth error code; "" for a success
}

// parseAnswer reads the query of a callback. What lacks a state, or a code
// where there is no error, or says anything twice, is no answer.
func parseAnswer(query string) (a answer, ok bool) {
	if len(query) > maxCallback {
		return a, false
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return a, false
	}
	for name, to := range map[string]*string{"code": &a.code, "state": &a.state, "iss": &a.issuer, "error": &a.err} {
		if *to, err = single(values, name); err != nil {
			return answer{}, false
		}
	}
	if a.state == "" || a.code == "" && a.err == "" || len(a.issuer) > maxIssuer || len(a.err) > maxError {
		return answer{}, false
	}
	return a, true
}

// callback finishes a sign-in.
func (h *Handler) callback(w http.ResponseWriter, r *http.Request) error {
	if r.Method == http.MethodHead {
		return web.ErrMethod // looking must not use a sign-in up
	}
	v, err := h.visit(w, r)
	if errors.Is(err, provisioning.ErrNotFound) {
		return (&visit{h: h, w: w, r: r}).refuse(pageBroken)
	}
	if err != nil {
		return err
	}
	a, ok := parseAnswer(r.URL.RawQuery)
	if !ok {
		return v.refuse(pageBroken)
	}
	p, in, err := v.finish(a)
	if err != nil {
		return v.refuse(err)
	}
	return v.land(p, in)
}

// finish takes the sign-in of an answer and finds out who it is.
func (v *visit) finish(a answer) (p provisioning.PendingSignIn, in provisioning.SignedIn, err error) {
	secret := v.h.browserSecret(v.r)
	if p, err = v.h.service.TakeSignIn(v.r.Context(), a.state, secret, v.connection.ID); err != nil {
		if errors.Is(err, provisioning.ErrGone) {
			err = pageDead
		}
		return p, in, err
	}
	if p.Issuer != v.connection.Issuer {
		return p, in, pageDead // the connection moved to another provider meanwhile
	}
	d, keys, err := v.provider()
	if err != nil {
		return p, in, err
	}
	if err := checkAnswer(a, d); err != nil {
		return p, in, err
	}
	claims, err := v.redeem(a.code, secret, p, d, keys)
	if err != nil {
		return p, in, err
	}
	v.pending, v.email = p, claims.Email
	in, err = v.h.service.SignIn(v.r.Context(), v.connection, p, claims, v.h.browserOf(v.r))
	return p, in, err
}

// checkAnswer compares who answers, then what. An `iss` is demanded of who
// promised it (RFC 9207 section 2.4).
func checkAnswer(a answer, d document) error {
	switch {
	case a.issuer != "" && a.issuer != d.Issuer, a.issuer == "" && d.IssPromised:
		return pageForeign
	case a.err == "access_denied":
		return pageDenied
	case a.err != "":
		return pageProviderError
	}
	return nil
}

// redeem exchanges the code and verifies what comes of it.
func (v *visit) redeem(code, secret string, p provisioning.PendingSignIn, d document, keys *keySet) (provisioning.Claims, error) {
	ctx := v.r.Context()
	got, err := v.h.exchange(ctx, v.connection, d, code, derive(secret, purposeVerifier, p.ID))
	if err != nil {
		return provisioning.Claims{}, err
	}
	claims, err := verifyIDToken(ctx, d, keys, got.id, expected{
		issuer: v.connection.Issuer, clientID: v.connection.ClientID, nonce: derive(secret, purposeNonce, p.ID),
		accessToken: got.access, begunAt: p.CreatedAt, afresh: v.afresh(),
	})
	if err != nil {
		return provisioning.Claims{}, err
	}
	person := claims.person(nil)
	if person.Email != "" {
		return person, nil
	}
	info, err := v.h.userInfo(ctx, d, got.access, person.Subject)
	return claims.person(info), err
}
