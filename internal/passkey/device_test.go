package passkey

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"testing"
)

// Flags of authenticator data (WebAuthn section 6.1).
const (
	userPresent  = 0x01
	userVerified = 0x04
	attested     = 0x40
)

// device is an authenticator with one ES256 credential, together with the browser
// before it. What it is told to lie about it lies about, and signs.
type device struct {
	t      *testing.T
	key    *ecdsa.PrivateKey
	id     []byte
	handle []byte // user handle, learned at registration

	origin, rpID, challenge, kind string // "" for the truth
	crossOrigin                   bool
	flags                         byte
	counter                       uint32
}

func newDevice(t *testing.T) *device {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &device{t: t, key: key, id: []byte(rand.Text()), flags: userPresent | userVerified}
}

// asked is what both kinds of options have in common.
type asked struct {
	Challenge string `json:"challenge"`
	RPID      string `json:"rpId"`
	RP        struct {
		ID string `json:"id"`
	} `json:"rp"`
	User struct {
		ID string `json:"id"`
	} `json:"user"`
}

func (d *device) read(options []byte) (a asked) {
	d.t.Helper()
	if err := json.Unmarshal(options, &a); err != nil {
		d.t.Fatal(err)
	}
	return a
}

// create answers navigator.credentials.create.
func (d *device) create(options []byte) []byte {
	d.t.Helper()
	a := d.read(options)
	handle, err := base64.RawURLEncoding.DecodeString(a.User.ID)
	if err != nil {
		d.t.Fatal(err)
	}
	d.handle = handle
	credential := append(binary.BigEndian.AppendUint16(make([]byte, 16), uint16(len(d.id))), d.id...)
	data := append(d.authData(or(d.rpID, a.RP.ID), attested), append(credential, d.publicKey()...)...)
	return d.answer(map[string]any{
		"clientDataJSON":    d.clientData("webauthn.create", a),
		"attestationObject": encoded(cborMap(cborText("fmt"), cborText("none"), cborText("attStmt"), cborMap(), cborText("authData"), cborBytes(data))),
		"transports":        []string{"internal"},
	})
}

// get answers navigator.credentials.get.
func (d *device) get(options []byte) []byte {
	d.t.Helper()
	a := d.read(options)
	clientData, data := d.clientData("webauthn.get", a), d.authData(or(d.rpID, a.RPID), 0)
	raw, err := base64.RawURLEncoding.DecodeString(clientData)
	if err != nil {
		d.t.Fatal(err)
	}
	hash := sha256.Sum256(raw)
	digest := sha256.Sum256(append(data, hash[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, d.key, digest[:])
	if err != nil {
		d.t.Fatal(err)
	}
	response := map[string]any{"clientDataJSON": clientData, "authenticatorData": encoded(data), "signature": encoded(signature)}
	if d.handle != nil {
		response["userHandle"] = encoded(d.handle)
	}
	return d.answer(response)
}

func (d *device) clientData(kind string, a asked) string {
	d.t.Helper()
	text, err := json.Marshal(map[string]any{
		"type": or(d.kind, kind), "challenge": or(d.challenge, a.Challenge), "origin": or(d.origin, origin), "crossOrigin": d.crossOrigin,
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return encoded(text)
}

func (d *device) authData(rpID string, more byte) []byte {
	hash := sha256.Sum256([]byte(rpID))
	return binary.BigEndian.AppendUint32(append(hash[:], d.flags|more), d.counter)
}

func (d *device) answer(response map[string]any) []byte {
	d.t.Helper()
	text, err := json.Marshal(map[string]any{
		"id": encoded(d.id), "rawId": encoded(d.id), "type": "public-key", "response": response,
		"clientExtensionResults": map[string]any{"credProps": map[string]any{"rk": true}}, "authenticatorAttachment": "platform",
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return text
}

// publicKey is the COSE_Key of RFC 9053 section 7.1: EC2, ES256, P-256, x, y.
func (d *device) publicKey() []byte {
	d.t.Helper()
	point, err := d.key.PublicKey.Bytes()
	if err != nil {
		d.t.Fatal(err)
	}
	return cborMap([]byte{1}, []byte{2}, []byte{3}, []byte{0x26}, []byte{0x20}, []byte{1}, []byte{0x21}, cborBytes(point[1:33]), []byte{0x22}, cborBytes(point[33:]))
}

func encoded(raw []byte) string { return base64.RawURLEncoding.EncodeToString(raw) }

func or(text, otherwise string) string {
	if text != "" {
		return text
	}
	return otherwise
}

// The little of CBOR (RFC 8949) that an authenticator speaks here.

func cborMap(pairs ...[]byte) []byte {
	out := []byte{0xa0 | byte(len(pairs)/2)}
	for _, part := range pairs {
		out = append(out, part...)
	}
	return out
}

func cborText(s string) []byte { return append([]byte{0x60 | byte(len(s))}, s...) }

func cborBytes(b []byte) []byte {
	return append(binary.BigEndian.AppendUint16([]byte{0x59}, uint16(len(b))), b...)
}
