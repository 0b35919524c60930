package passkey

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
)

// maxResponse bounds what a browser sends, in bytes.
const maxResponse = 64 << 10

// patience is how long a browser waits for its user.
const patience = 5 * time.Minute

// What may be wrong beside what the library finds.
var (
	ErrHost     = errors.New("passkey: browsers take passkeys from a host name only, and the public URL has an address")
	ErrResponse = errors.New("passkey: not an answer of a browser")
	ErrCounter  = errors.New("passkey: the signature counter went back: the passkey may have been copied")
	ErrForeign  = errors.New("passkey: the answer is of another credential than was asked for")
)

// Passkeys fits the port of the same name in package provisioning.
type Passkeys struct {
	relying *webauthn.WebAuthn // nil where browsers take none
}

// New returns ceremonies for the host and origin of the public URL.
func New(public *url.URL) (*Passkeys, error) {
	if _, err := netip.ParseAddr(public.Hostname()); err == nil {
		return &Passkeys{}, nil
	}
	timeout := webauthn.TimeoutConfig{Timeout: patience}
	relying, err := webauthn.New(&webauthn.Config{
		RPID: public.Hostname(), RPDisplayName: "Drawbridge", RPOrigins: []string{public.Scheme + "://" + public.Host},
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			RequireResidentKey: protocol.ResidentKeyRequired(), ResidentKey: protocol.ResidentKeyRequirementRequired,
			UserVerification: protocol.VerificationRequired,
		},
		Timeouts: webauthn.TimeoutsConfig{Login: timeout, Registration: timeout},
		// Nothing here reads them, and some password managers send them unasked.
		ExtensionsUnsolicitedOutputPolicy: protocol.UnsolicitedOutputPolicyIgnore,
	})
	if err != nil {
		return nil, fmt.Errorf("passkeys for %s: %w", public.Hostname(), err)
	}
	return &Passkeys{relying: relying}, nil
}

// Available reports whether browsers take passkeys from this host: a name, not a
// network address.
func (p *Passkeys) Available() bool { return p.relying != nil }

// BeginRegistration asks for a new credential of the account, none of the known
// ones.
func (p *Passkeys) BeginRegistration(account, name string, known [][]byte) (options, state []byte, err error) {
	if p.relying == nil {
		return nil, nil, ErrHost
	}
	descriptors, err := describe(known)
	if err != nil {
		return nil, nil, err
	}
	creation, session, err := p.relying.BeginRegistration(owner{id: account, name: name}, webauthn.WithExclusions(descriptors),
		webauthn.WithCredentialParameters(webauthn.CredentialParametersRecommendedL3()))
	if err != nil {
		return nil, nil, err
	}
	return encode(creation.Response, session)
}

// FinishRegistration returns the credential, and its id in base64url without
// padding.
func (p *Passkeys) FinishRegistration(state, response []byte) (id string, credential []byte, err error) {
	session, err := p.open(state, response)
	if err != nil {
		return "", nil, err
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(response)
	if err != nil {
		return "", nil, err
	}
	made, err := p.relying.CreateCredential(owner{id: string(session.UserID)}, session, parsed)
	if err != nil {
		return "", nil, err
	}
	// What the authenticator says of its maker is not asked for, nor kept.
	made.Attestation = webauthn.CredentialAttestation{}
	credential, err = json.Marshal(made)
	return base64.RawURLEncoding.EncodeToString(made.ID), credential, err
}

// BeginAssertion asks for one of the known credentials or, if there is none, for
// any discoverable one.
func (p *Passkeys) BeginAssertion(known [][]byte) (options, state []byte, err error) {
	if p.relying == nil {
		return nil, nil, ErrHost
	}
	descriptors, err := describe(known)
	if err != nil {
		return nil, nil, err
	}
	assertion, session, err := p.relying.BeginDiscoverableLogin(webauthn.WithAllowedCredentials(descriptors))
	if err != nil {
		return nil, nil, err
	}
	return encode(assertion.Response, session)
}

// CredentialID returns which credential a response is of, in base64url without
// padding. It proves nothing.
func (p *Passkeys) CredentialID(response []byte) (string, error) {
	var r struct {
		ID string `json:"id"`
	}
	if len(response) > maxResponse || json.Unmarshal(response, &r) != nil {
		return "", ErrResponse
	}
	// Line breaks pass the decoder. One credential must have one spelling.
	raw, err := base64.RawURLEncoding.DecodeString(r.ID)
	if err != nil || len(raw) == 0 || base64.RawURLEncoding.EncodeToString(raw) != r.ID {
		return "", ErrResponse
	}
	return r.ID, nil
}

// FinishAssertion checks the response against the account's credential and
// returns it as it then stands.
func (p *Passkeys) FinishAssertion(state, response, credential []byte, account string) ([]byte, error) {
	session, err := p.open(state, response)
	if err != nil {
		return nil, err
	}
	var known webauthn.Credential
	if err := json.Unmarshal(credential, &known); err != nil {
		return nil, fmt.Errorf("passkey: reading a stored credential: %w", err)
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(response)
	if err != nil {
		return nil, err
	}
	proved, err := p.check(session, parsed, owner{id: account, credentials: []webauthn.Credential{known}})
	switch {
	case err != nil:
		return nil, err
	case proved.Authenticator.CloneWarning:
		return nil, ErrCounter
	}
	return json.Marshal(proved)
}

// check tells the two ways of asking apart: where any discoverable credential was
// asked for, the answer must name its user; where known ones were, it may.
func (p *Passkeys) check(session webauthn.SessionData, parsed *protocol.ParsedCredentialAssertionData, o owner) (*webauthn.Credential, error) {
	if len(session.AllowedCredentialIDs) == 0 {
		return p.relying.ValidateDiscoverableLogin(func([]byte, []byte) (webauthn.User, error) { return o, nil }, session, parsed)
	}
	asked := slices.ContainsFunc(session.AllowedCredentialIDs, func(id []byte) bool { return string(id) == string(parsed.RawID) })
	if !asked {
		return nil, ErrForeign
	}
	// The owner is given with the one credential that answered.
	session.AllowedCredentialIDs, session.UserID = [][]byte{parsed.RawID}, o.WebAuthnID()
	return p.relying.ValidateLogin(o, session, parsed)
}

// open reads the state of a ceremony once its answer is of a bearable size.
func (p *Passkeys) open(state, response []byte) (session webauthn.SessionData, err error) {
	if p.relying == nil {
		return session, ErrHost
	}
	if len(response) > maxResponse {
		return session, ErrResponse
	}
	if err := json.Unmarshal(state, &session); err != nil {
		return session, fmt.Errorf("passkey: reading the state of a ceremony: %w", err)
	}
	return session, nil
}

func encode(options any, session *webauthn.SessionData) (encoded, state []byte, err error) {
	encoded, err = json.Marshal(options)
	if err != nil {
		return nil, nil, err
	}
	state, err = json.Marshal(session)
	return encoded, state, err
}

// describe names stored credentials to a browser.
func describe(stored [][]byte) ([]protocol.CredentialDescriptor, error) {
	descriptors := make([]protocol.CredentialDescriptor, len(stored))
	for i, text := range stored {
		var c webauthn.Credential
		if err := json.Unmarshal(text, &c); err != nil {
			return nil, fmt.Errorf("passkey: reading a stored credential: %w", err)
		}
		descriptors[i] = c.Descriptor()
	}
	return descriptors, nil
}

// owner is the account as the library asks for it.
type owner struct {
	id, name    string
	credentials []webauthn.Credential
}

// WebAuthnID implements webauthn.User: the user handle.
func (o owner) WebAuthnID() []byte { return []byte(o.id) }

// WebAuthnName implements webauthn.User.
func (o owner) WebAuthnName() string { return o.name }

// WebAuthnDisplayName implements webauthn.User.
func (o owner) WebAuthnDisplayName() string { return o.name }

// WebAuthnCredentials implements webauthn.User.
func (o owner) WebAuthnCredentials() []webauthn.Credential { return o.credentials }
