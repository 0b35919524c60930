package oidc

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"drawbridge/internal/egress"
	"drawbridge/provisioning"
)

// What can be wrong with a provider, beside what package egress refuses.
var (
	errNotJSON     = errors.New("the discovery document is not JSON")
	errEndpoints   = errors.New("the discovery document lacks usable endpoints")
	errAlgorithms  = errors.New("the provider signs by no accepted algorithm")
	errNoCode      = errors.New("the provider has no code flow")
	errClientAuth  = errors.New("the provider takes no client secret")
	errOtherIssuer = errors.New("the discovery document is of another issuer")
)

// statusError is an answer with a status that was not asked for.
type statusError int

func (s statusError) Error() string {
	return fmt.Sprintf("the provider answered with status %d", int(s))
}

// down reports whether err says that the provider cannot be used for now,
// rather than that it is the wrong one.
func down(err error) bool {
	var status statusError
	if errors.As(err, &status) {
		return status >= http.StatusInternalServerError || status == http.StatusTooManyRequests
	}
	for _, wrong := range []error{
		egress.ErrPrivateAddress, egress.ErrPlainHTTP, egress.ErrRedirect, egress.ErrTooLarge,
		errNotJSON, errEndpoints, errAlgorithms, errNoCode, errClientAuth, errOtherIssuer,
	} {
		if errors.Is(err, wrong) {
			return false
		}
	}
	return true
}

// CheckIssuer implements [provisioning.IssuerChecker]. It asks the provider
// each time, and lets the slash at the end of an issuer be or not be: what it
// returns is what the document says, and all later comparisons are exact.
func (p *Providers) CheckIssuer(ctx context.Context, issuer string) (string, error) {
	d, err := fetchDocument(ctx, p.client, issuer, func(found string) bool {
		return strings.TrimSuffix(found, "/") == strings.TrimSuffix(issuer, "/")
	})
	if err != nil {
		return "", issuerFault(issuer, d, err)
	}
	return d.Issuer, nil
}

// issuerFault says to an administrator what is wrong with an issuer and what to
// do about it.
func issuerFault(issuer string, d document, err error) error {
	kind := provisioning.ErrInvalid
	if down(err) {
		kind = provisioning.ErrUnavailable
	}
	code, detail := "issuer_unreachable", fmt.Sprintf("%s cannot be reached. Check the spelling of the issuer, and that this server may connect to it.", issuer)
	for _, known := range issuerFaults {
		if known.is(err) {
			code, detail = known.code, fmt.Sprintf(known.text, issuer)
			break
		}
	}
	if errors.Is(err, errOtherIssuer) {
		detail = fmt.Sprintf("The discovery document at %s is of the issuer %.200q. If that is your provider, give that as the issuer.", discoveryURL(issuer), d.Issuer)
	}
	return &provisioning.Error{Kind: kind, Code: code, Detail: detail, Err: err}
}

// issuerFaults holds the words for each fault; %s is the issuer.
var issuerFaults = []struct {
	is   func(error) bool
	code string
	text string
}{
	{of(egress.ErrPrivateAddress), "issuer_private", "%s is at a private address, which this installation does not contact. Use the provider's public address, or have the operator set DRAWBRIDGE_ALLOW_PRIVATE_ISSUERS=true."},
	{of(egress.ErrPlainHTTP), "issuer_plain_http", "%s is not https. Write the issuer with https://."},
	{of(egress.ErrRedirect), "issuer_redirect", "%s answers with a redirect to another address. Write the issuer as the provider itself names it, without any redirect."},
	{of(egress.ErrTooLarge), "issuer_too_large", "%s answers with far more than a discovery document. Check that this is the address of an OpenID provider."},
	{of(errNotJSON), "issuer_not_json", "%s answers with something other than a discovery document. Check that this is the address of an OpenID provider."},
	{of(errOtherIssuer), "issuer_other", "%s names itself otherwise."},
	{of(errEndpoints), "issuer_endpoints", "The discovery document of %s lacks a usable authorization, token or key endpoint. Ask the provider's administrator to complete it."},
	{of(errAlgorithms), "issuer_algorithms", "%s signs its tokens by none of RS256, PS256, ES256 and their kin. Choose one of them at the provider."},
	{of(errNoCode), "issuer_no_code", "%s offers no authorization code flow (response type code). Enable it at the provider."},
	{of(errClientAuth), "issuer_client_auth", "%s takes a client secret neither by client_secret_basic nor by client_secret_post. Enable one of them at the provider."},
	{egress.IsTimeout, "issuer_slow", "%s did not answer within ten seconds. Try again; if it stays like this, check the way from this server to the provider."},
	{isUntrusted, "issuer_certificate", "The certificate of %s is not trusted by this server. Check the address, or add the certificate's authority to the server."},
	{isStatus, "issuer_no_discovery", "There is no discovery document below %s. Check the issuer; for Okta it is https:// and your Okta domain, such as https://acme.okta.com."},
}

func of(kind error) func(error) bool {
	return func(err error) bool { return errors.Is(err, kind) }
}

func isUntrusted(err error) bool {
	var untrusted *tls.CertificateVerificationError
	return errors.As(err, &untrusted)
}

func isStatus(err error) bool {
	var status statusError
	return errors.As(err, &status) && !down(err)
}
