package oidc

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"

	"golang.org/x/oauth2"

	"drawbridge/provisioning"
)

var (
	errCodeRefused   = errors.New("the provider refused the code")
	errClientRefused = errors.New("the provider refused the client")
	errTokenEndpoint = errors.New("the token endpoint gave no tokens")
)

// client is a connection as x/oauth2 sees it.
func (h *Handler) client(c provisioning.Connection, d document) oauth2.Config {
	return oauth2.Config{
		ClientID: c.ClientID,
		Endpoint: oauth2.Endpoint{AuthURL: d.Authorization, TokenURL: d.Token, AuthStyle: d.authStyle()},
		Scopes:   []string{"openid", "profile", "email"},

		RedirectURL: h.public.JoinPath("sso", string(c.ID), "callback").String(),
	}
}

// tokens are what a code is exchanged for.
type tokens struct{ access, id string }

// exchange redeems a code. Errors of the provider are errCodeRefused,
// errClientRefused, errTokenEndpoint or that of the transport; their texts hold
// nothing that the provider wrote.
func (h *Handler) exchange(ctx context.Context, c provisioning.Connection, d document, code, verifier string) (tokens, error) {
	secret, err := h.service.ClientSecret(c)
	if err != nil {
		return tokens{}, err
	}
	client := h.client(c, d)
	client.ClientSecret = secret
	ctx, cancel := context.WithTimeout(context.WithValue(ctx, oauth2.HTTPClient, h.http), fetchTimeout)
	defer cancel()
	answer, err := client.Exchange(ctx, code, oauth2.VerifierOption(verifier))
	if err != nil {
		return tokens{}, exchangeFault(ctx, err)
	}
	id, _ := answer.Extra("id_token").(string)
	return tokens{access: answer.AccessToken, id: id}, nil
}

// exchangeFault tells apart what the token endpoint answered (RFC 6749 section
// 5.2). The library's error repeats the body, which may hold anything.
func exchangeFault(ctx context.Context, err error) error {
	var refused *oauth2.RetrieveError
	var transport *url.Error
	var status statusError
	switch {
	case errors.As(err, &refused):
	case errors.As(err, &transport), ctx.Err() != nil:
		return &unreachable{err}
	default:
		return errTokenEndpoint
	}
	if refused.Response != nil {
		status = statusError(refused.Response.StatusCode)
	}
	switch {
	case refused.ErrorCode == "invalid_grant":
		return errCodeRefused
	case slices.Contains([]string{"invalid_client", "unauthorized_client"}, refused.ErrorCode), status == http.StatusUnauthorized:
		return errClientRefused
	case down(status):
		return &unreachable{status}
	default:
		return errTokenEndpoint
	}
}

// unreachable is a provider that gives no answer, or none that counts.
type unreachable struct{ cause error }

func (u *unreachable) Error() string { return "the provider is not reachable: " + u.cause.Error() }

// Unwrap gives the cause.
func (u *unreachable) Unwrap() error { return u.cause }

// userInfo asks for the claims that the ID token lacks. It must be about the
// same person (OpenID Connect Core 1.0 section 5.3.2). A provider without
// userinfo, or one that refuses it, leaves them missing.
func (h *Handler) userInfo(ctx context.Context, d document, accessToken, subject string) (claimSet, error) {
	if d.UserInfo == "" {
		return nil, nil
	}
	body, err := fetch(ctx, h.http, d.UserInfo, accessToken, maxDocument)
	var status statusError
	if errors.As(err, &status) && !down(err) {
		return nil, nil
	}
	if err != nil {
		return nil, &unreachable{err}
	}
	var claims claimSet
	if json.Unmarshal(body, &claims) != nil {
		return nil, nil // signed, and so no JSON: we did not ask for that
	}
	if claims.text("sub") != subject {
		return nil, &tokenFault{check: "userinfo_sub"}
	}
	return claims, nil
}
