package chromium

import (
	"context"

	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
)

// Authenticator is what keeps the passkeys of the person in front of a page: built into the device, and sure of whom
// it has before it. It says yes to whatever it is asked.
type Authenticator struct {
	page *Page
	id   webauthn.AuthenticatorID
}

// Authenticator gives the page a device with no passkey yet. Pages need a public URL with a host name for it, such as
// http://localhost:8080: a network address cannot own a passkey.
func (p *Page) Authenticator() *Authenticator {
	p.t.Helper()
	a := &Authenticator{page: p}
	p.do("adding an authenticator", func(ctx context.Context) error {
		if err := call(ctx, webauthn.Enable, webauthn.EnableParams{}); err != nil {
			return err
		}
		made, err := chromedp.Call(ctx, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{
			Options: &webauthn.VirtualAuthenticatorOptions{
				Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
				HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
			},
		})
		a.id = made.AuthenticatorID
		return err
	})
	return a
}

// Passkeys is how many passkeys the device has.
func (a *Authenticator) Passkeys() int {
	a.page.t.Helper()
	return len(a.passkeys())
}

func (a *Authenticator) passkeys() (found []*webauthn.Credential) {
	a.page.t.Helper()
	a.page.do("counting passkeys", func(ctx context.Context) error {
		answer, err := chromedp.Call(ctx, webauthn.GetCredentials, webauthn.GetCredentialsParams{AuthenticatorID: a.id})
		found = answer.Credentials
		return err
	})
	return found
}

// CarryTo copies the passkeys to another device, as a synchronised keychain does.
func (a *Authenticator) CarryTo(other *Authenticator) {
	a.page.t.Helper()
	for _, known := range a.passkeys() {
		other.page.do("copying a passkey", func(ctx context.Context) error {
			return chromedp.Do(ctx, chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
				return t.Call(ctx, webauthn.CommandAddCredential, addCredential{other.id, passkey{
					known.CredentialID, known.IsResidentCredential, known.RpID, known.PrivateKey, known.UserHandle, known.SignCount,
				}}, nil)
			}))
		})
	}
}

// addCredential is webauthn.AddCredentialParams without what only some authenticators take, even if it is false.
type addCredential struct {
	Authenticator webauthn.AuthenticatorID `json:"authenticatorId"`
	Credential    passkey                  `json:"credential"`
}

type passkey struct {
	CredentialID         []byte  `json:"credentialId"`
	IsResidentCredential bool    `json:"isResidentCredential"`
	RpID                 string  `json:"rpId"`
	PrivateKey           []byte  `json:"privateKey"`
	UserHandle           []byte  `json:"userHandle"`
	SignCount            float64 `json:"signCount"`
}

// Doubt makes the device unsure whether it has the right person before it, as after a wrong fingerprint.
func (a *Authenticator) Doubt() {
	a.page.t.Helper()
	a.page.do("failing to verify the person", func(ctx context.Context) error {
		return call(ctx, webauthn.SetUserVerified, webauthn.SetUserVerifiedParams{AuthenticatorID: a.id, IsUserVerified: false})
	})
}
