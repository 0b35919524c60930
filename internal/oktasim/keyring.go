package oktasim

import (
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"sync"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// keyring holds the key that signs and the one before it.
type keyring struct {
	mu       sync.RWMutex
	current  jose.JSONWebKey
	previous []jose.JSONWebKey // at most one
}

func newKeyring() (*keyring, error) {
	key, err := newSigningKey()
	return &keyring{current: key}, err
}

func newSigningKey() (jose.JSONWebKey, error) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return jose.JSONWebKey{}, fmt.Errorf("making a signing key: %w", err)
	}
	return jose.JSONWebKey{Key: private, KeyID: rand.Text(), Algorithm: string(jose.RS256), Use: "sig"}, nil
}

func (k *keyring) rotate() error {
	key, err := newSigningKey()
	if err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.current, k.previous = key, []jose.JSONWebKey{k.current}
	return nil
}

// published is the key set of RFC 7517, public halves alone.
func (k *keyring) published() jose.JSONWebKeySet {
	k.mu.RLock()
	defer k.mu.RUnlock()
	set := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{k.current.Public()}}
	for _, old := range k.previous {
		set.Keys = append(set.Keys, old.Public())
	}
	return set
}

// sign writes a JWT whose header is Okta's: kid and alg, no typ.
func (k *keyring) sign(claims map[string]any) (string, error) {
	k.mu.RLock()
	key := k.current
	k.mu.RUnlock()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: key}, nil)
	if err != nil {
		return "", err
	}
	return jwt.Signed(signer).Claims(claims).Serialize()
}

// verify returns the claims of a token that this organisation signed; its expiry is the caller's business.
func (k *keyring) verify(token string) (map[string]any, error) {
	parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		return nil, err
	}
	claims := map[string]any{}
	return claims, parsed.Claims(k.published(), &claims)
}
