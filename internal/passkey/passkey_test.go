package passkey

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"
)

const (
	origin  = "https://bridge.acme.example:8443"
	account = "acc_ada"
)

func newPasskeys(t *testing.T, public string) *Passkeys {
	t.Helper()
	u, err := url.Parse(public)
	if err != nil {
		t.Fatal(err)
	}
	p, err := New(u)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// registered gives a device whose credential is the account's.
func registered(t *testing.T, p *Passkeys) (*device, []byte) {
	t.Helper()
	d := newDevice(t)
	options, state, err := p.BeginRegistration(account, "ada@acme.example", nil)
	if err != nil {
		t.Fatal(err)
	}
	id, credential, err := p.FinishRegistration(state, d.create(options))
	if err != nil {
		t.Fatal(err)
	}
	if id != encoded(d.id) {
		t.Errorf("the credential's id is %s", id)
	}
	return d, credential
}

func begin(t *testing.T, p *Passkeys, known ...[]byte) (options, state []byte) {
	t.Helper()
	options, state, err := p.BeginAssertion(known)
	if err != nil {
		t.Fatal(err)
	}
	return options, state
}

func TestSignInWithAnyPasskey(t *testing.T) {
	t.Parallel()
	p := newPasskeys(t, origin+"/path")
	d, credential := registered(t, p)
	for d.counter = 1; d.counter < 4; d.counter++ {
		options, state := begin(t, p)
		response := d.get(options)
		if id, err := p.CredentialID(response); err != nil || id != encoded(d.id) {
			t.Fatalf("the response is of %s, %v", id, err)
		}
		proved, err := p.FinishAssertion(state, response, credential, account)
		if err != nil {
			t.Fatal(err)
		}
		credential = proved
	}
}

func TestSecondFactorTakesOneOfTheKnown(t *testing.T) {
	t.Parallel()
	p := newPasskeys(t, origin)
	one, first := registered(t, p)
	two, second := registered(t, p)
	options, state := begin(t, p, first, second)
	for _, d := range []*device{one, two} {
		credential := map[*device][]byte{one: first, two: second}[d]
		d.handle = nil // an authenticator need not tell it where it was asked for one credential
		if _, err := p.FinishAssertion(state, d.get(options), credential, account); err != nil {
			t.Error(err)
		}
	}
	stranger, third := registered(t, p)
	if _, err := p.FinishAssertion(state, stranger.get(options), third, account); !errors.Is(err, ErrForeign) {
		t.Errorf("another credential of the account than was asked for: %v", err)
	}
}

// TestPasskeysWithoutCounter: those that are kept in sync between devices always
// say 0.
func TestPasskeysWithoutCounter(t *testing.T) {
	t.Parallel()
	p := newPasskeys(t, origin)
	d, credential := registered(t, p)
	for range 2 {
		options, state := begin(t, p)
		if _, err := p.FinishAssertion(state, d.get(options), credential, account); err != nil {
			t.Fatal(err)
		}
	}
}

func TestHostileAssertionsProveNothing(t *testing.T) {
	t.Parallel()
	p := newPasskeys(t, origin)
	tests := map[string]func(*device){
		"another origin":               func(d *device) { d.origin = "https://bridge.acme.example.evil.example" },
		"the origin on another port":   func(d *device) { d.origin = "https://bridge.acme.example" },
		"the origin without TLS":       func(d *device) { d.origin = "http://bridge.acme.example:8443" },
		"a frame in another site":      func(d *device) { d.crossOrigin = true },
		"another challenge":            func(d *device) { d.challenge = encoded([]byte("0123456789abcdef0123456789abcdef")) },
		"no challenge":                 func(d *device) { d.challenge = "=" },
		"another relying party":        func(d *device) { d.rpID = "evil.example" },
		"the parent domain's":          func(d *device) { d.rpID = "acme.example" },
		"the answer to a registration": func(d *device) { d.kind = "webauthn.create" },
		"no user verification":         func(d *device) { d.flags = userPresent },
		"no user at all":               func(d *device) { d.flags = userVerified },
		"another user handle":          func(d *device) { d.handle = []byte("acc_eve") },
		"no user handle":               func(d *device) { d.handle = nil },
		"the counter back":             func(d *device) { d.counter = 4 },
		"the counter still":            func(d *device) { d.counter = 5 },
		"another key":                  func(d *device) { d.key = newDevice(d.t).key },
		"another credential":           func(d *device) { d.id = []byte("another") },
	}
	for name, lie := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, credential := registered(t, p)
			d.counter = 5
			options, state := begin(t, p)
			credential, err := p.FinishAssertion(state, d.get(options), credential, account)
			if err != nil {
				t.Fatalf("the truth is refused: %v", err)
			}
			d.counter = 6
			lie(d)
			options, state = begin(t, p)
			if proved, err := p.FinishAssertion(state, d.get(options), credential, account); err == nil {
				t.Errorf("it proves %s", proved)
			}
		})
	}
}

func TestCounterThatWentBackHasItsOwnError(t *testing.T) {
	t.Parallel()
	p := newPasskeys(t, origin)
	d, credential := registered(t, p)
	for _, test := range []struct {
		counter uint32
		want    error
	}{{7, nil}, {7, ErrCounter}, {3, ErrCounter}, {0, ErrCounter}, {8, nil}} {
		d.counter = test.counter
		options, state := begin(t, p)
		proved, err := p.FinishAssertion(state, d.get(options), credential, account)
		if !errors.Is(err, test.want) {
			t.Errorf("counter %d: %v", test.counter, err)
		}
		if err == nil {
			credential = proved
		}
	}
}

func TestHostileRegistrationsMakeNothing(t *testing.T) {
	t.Parallel()
	p := newPasskeys(t, origin)
	tests := map[string]func(*device){
		"another origin":             func(d *device) { d.origin = "https://evil.example" },
		"a frame in another site":    func(d *device) { d.crossOrigin = true },
		"another challenge":          func(d *device) { d.challenge = encoded([]byte("0123456789abcdef0123456789abcdef")) },
		"another relying party":      func(d *device) { d.rpID = "evil.example" },
		"the answer to an assertion": func(d *device) { d.kind = "webauthn.get" },
		"no user verification":       func(d *device) { d.flags = userPresent },
		"no user at all":             func(d *device) { d.flags = userVerified },
		"a long id":                  func(d *device) { d.id = make([]byte, 1024) },
	}
	for name, lie := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDevice(t)
			lie(d)
			options, state, err := p.BeginRegistration(account, "ada@acme.example", nil)
			if err != nil {
				t.Fatal(err)
			}
			if id, _, err := p.FinishRegistration(state, d.create(options)); err == nil {
				t.Errorf("it makes %s", id)
			}
		})
	}
}

func TestOptionsAskForWhatAPasskeyIs(t *testing.T) {
	t.Parallel()
	p := newPasskeys(t, origin)
	d, credential := registered(t, p)
	options, _, err := p.BeginRegistration(account, "ada@acme.example", [][]byte{credential})
	if err != nil {
		t.Fatal(err)
	}
	type descriptor struct{ ID, Type string }
	var creation struct {
		RP                     struct{ ID, Name string }
		User                   struct{ ID, Name, DisplayName string }
		Challenge, Attestation string
		PubKeyCredParams       []struct{ Alg int }
		ExcludeCredentials     []descriptor
		AuthenticatorSelection struct {
			ResidentKey, UserVerification string
			RequireResidentKey            bool
		}
	}
	decode(t, options, &creation)
	if creation.RP.ID != "bridge.acme.example" || creation.RP.Name != "Drawbridge" || creation.Attestation != "none" ||
		creation.User.Name != "ada@acme.example" || creation.User.ID != encoded([]byte(account)) {
		t.Errorf("registration asks for %s", options)
	}
	if s := creation.AuthenticatorSelection; s.ResidentKey != "required" || !s.RequireResidentKey || s.UserVerification != "required" {
		t.Errorf("registration asks for %s", options)
	}
	known := []descriptor{{encoded(d.id), "public-key"}}
	if !slices.Equal(creation.ExcludeCredentials, known) || len(creation.PubKeyCredParams) != 3 {
		t.Errorf("registration asks for %s", options)
	}

	type request struct {
		RPID, Challenge, UserVerification string
		AllowCredentials                  []descriptor
	}
	var anyOne, second request
	options, _ = begin(t, p)
	decode(t, options, &anyOne)
	options, _ = begin(t, p, credential)
	decode(t, options, &second)
	if anyOne.AllowCredentials != nil || !slices.Equal(second.AllowCredentials, known) {
		t.Errorf("sign-in asks for %v, a second factor for %v", anyOne.AllowCredentials, second.AllowCredentials)
	}
	for _, r := range []request{anyOne, second} {
		raw, err := base64.RawURLEncoding.DecodeString(r.Challenge)
		if err != nil || len(raw) < 32 || r.RPID != "bridge.acme.example" || r.UserVerification != "required" {
			t.Errorf("an assertion asks for %+v", r)
		}
	}
	if anyOne.Challenge == second.Challenge {
		t.Error("two ceremonies have the same challenge")
	}
}

func decode(t *testing.T, text []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatal(err)
	}
}

func TestTheMakerOfAnAuthenticatorIsNotKept(t *testing.T) {
	t.Parallel()
	_, credential := registered(t, newPasskeys(t, origin))
	for _, word := range []string{"bridge.acme.example", "webauthn.create", "clientDataJSON\":\"ey"} {
		if strings.Contains(string(credential), word) {
			t.Errorf("%q is kept: %s", word, credential)
		}
	}
	if len(credential) > 2048 {
		t.Errorf("a credential takes %d bytes", len(credential))
	}
}

func TestWhereBrowsersTakeNone(t *testing.T) {
	t.Parallel()
	for public, want := range map[string]bool{
		"https://bridge.acme.example": true, "http://localhost:8080": true, "http://bridge.localhost": true,
		"http://127.0.0.1:8080": false, "https://[2001:db8::1]": false, "https://10.0.0.1/x": false,
	} {
		p := newPasskeys(t, public)
		if p.Available() != want {
			t.Errorf("%s: available is %v", public, !want)
		}
		_, _, err := p.BeginAssertion(nil)
		_, _, again := p.BeginRegistration(account, "ada", nil)
		if errors.Is(err, ErrHost) == want || errors.Is(again, ErrHost) == want {
			t.Errorf("%s: %v, %v", public, err, again)
		}
		if _, err := p.FinishAssertion(nil, nil, nil, account); err == nil {
			t.Errorf("%s: nothing proves something", public)
		}
		if _, _, err := p.FinishRegistration(nil, nil); err == nil {
			t.Errorf("%s: nothing makes a passkey", public)
		}
	}
}

func TestAnswersThatAreNone(t *testing.T) {
	t.Parallel()
	p := newPasskeys(t, origin)
	d, credential := registered(t, p)
	options, state := begin(t, p)
	good := d.get(options)
	for name, response := range map[string][]byte{
		"nothing": nil, "null": []byte("null"), "a list": []byte("[]"), "a word": []byte(`"x"`), "no id": []byte(`{"type":"public-key"}`),
		"a megabyte": append(slices.Clone(good[:len(good)-1]), []byte(`,"x":"`+strings.Repeat("x", 1<<20)+`"}`)...),
		"deep":       []byte(strings.Repeat(`{"response":`, 20_000)),
		"padded":     []byte(strings.Replace(string(good), `"id":"`+encoded(d.id), `"id":"`+encoded(d.id)+"==", 1)),
	} {
		if _, err := p.FinishAssertion(state, response, credential, account); err == nil {
			t.Errorf("%s proves something", name)
		}
		if _, _, err := p.FinishRegistration(state, response); err == nil {
			t.Errorf("%s makes a passkey", name)
		}
		if id, err := p.CredentialID(response); err == nil {
			t.Errorf("%s is of %s", name, id)
		}
	}
	if id, err := p.CredentialID([]byte(strings.Replace(string(good), `"id":"`, `"id":"\r\n`, 1))); err == nil {
		t.Errorf("a second spelling of an id is read as %q", id)
	}
	if _, err := p.FinishAssertion(state, good, credential, account); err != nil {
		t.Errorf("the good answer: %v", err)
	}
	if _, err := p.FinishAssertion([]byte("{}"), good, credential, account); err == nil {
		t.Error("an answer without a ceremony proves something")
	}
	if _, err := p.FinishAssertion(state, good, []byte("no credential"), account); err == nil {
		t.Error("an answer without a credential proves something")
	}
}
