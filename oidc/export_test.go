package oidc

import (
	"context"
	"encoding/json"

	gooidc "github.com/coreos/go-oidc/v3/oidc"

	"drawbridge/provisioning"
)

// Keys is the key set that sign-ins with an issuer are verified by.
func (p *Providers) Keys(ctx context.Context, issuer string) (gooidc.KeySet, error) {
	_, keys, err := p.find(ctx, issuer)
	if err != nil {
		return nil, err
	}
	return keys, nil
}

// Authorization is the endpoint to which sign-ins with an issuer go.
func (p *Providers) Authorization(ctx context.Context, issuer string) (string, error) {
	d, _, err := p.find(ctx, issuer)
	return d.Authorization, err
}

// ParseAnswer is the callback's parser: code, state, iss, error.
func ParseAnswer(query string) (fields [4]string, ok bool) {
	a, ok := parseAnswer(query)
	return [4]string{a.code, a.state, a.issuer, a.err}, ok
}

// PersonOf maps the claims of an ID token and of userinfo.
func PersonOf(token, userInfo []byte) (provisioning.Claims, error) {
	var id, info claimSet
	if err := json.Unmarshal(token, &id); err != nil {
		return provisioning.Claims{}, err
	}
	_ = json.Unmarshal(userInfo, &info) // what cannot be read has no claims
	return id.person(info), nil
}
