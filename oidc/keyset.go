package oidc

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"golang.org/x/sync/singleflight"
)

const (
	keysLifetime = time.Hour       // after which keys are fetched again, when they are used
	keysUnseen   = 24 * time.Hour  // after which keys that could not be fetched again are forgotten
	absentFor    = 2 * time.Minute // how long a key id that the provider did not have is not looked for
	maxAbsent    = 256
	maxKeySet    = 512 << 10 // bytes
	maxKeys      = 100
)

// acceptedAlgorithms are those by which an ID token may be signed: public-key
// signatures alone, never none and never one with a shared secret.
var acceptedAlgorithms = []jose.SignatureAlgorithm{
	jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512,
	jose.ES256, jose.ES384, jose.ES512, jose.EdDSA,
}

var (
	errSignature = errors.New("no key of the provider verifies the signature")
	errNoKeys    = errors.New("the keys of the provider could not be read")
)

// keySet is the keys of one provider, a gooidc.KeySet that does not let
// whoever sends bad tokens decide how often the provider is asked: an unknown
// key id, a signature that fails, and old age make it fetch, a cool-down holds
// all of them back, and a key id that was not found is not looked for again at
// once. A successful fetch replaces all keys, so that a withdrawn key ends;
// while fetches fail the last keys serve for 24 hours.
type keySet struct {
	client  *http.Client
	log     *slog.Logger
	address string
	flight  singleflight.Group

	mu      sync.Mutex
	keys    []jose.JSONWebKey
	seenAt  time.Time // when the provider last had keys
	triedAt time.Time
	err     error                // of the last attempt
	absent  map[string]time.Time // key ids that the provider did not have, and when
}

func newKeySet(client *http.Client, log *slog.Logger, address string) *keySet {
	return &keySet{client: client, log: log, address: address, absent: map[string]time.Time{}}
}

// VerifySignature implements gooidc.KeySet: it returns the payload of a compact
// JWS that a key of the provider signed.
func (k *keySet) VerifySignature(ctx context.Context, token string) ([]byte, error) {
	jws, err := jose.ParseSignedCompact(token, acceptedAlgorithms)
	if err != nil {
		return nil, err
	}
	header := jws.Signatures[0].Header
	keys, err := k.current(ctx, header.KeyID)
	if err != nil {
		return nil, err
	}
	if payload, ok := verify(jws, keys); ok {
		return payload, nil
	}
	if !k.refreshAllowed(header.KeyID, time.Now()) {
		return nil, errSignature
	}
	if err := k.refresh(ctx); err != nil {
		return nil, err
	}
	if payload, ok := verify(jws, k.having(header.KeyID)); ok {
		return payload, nil
	}
	k.noteAbsent(header.KeyID)
	return nil, errSignature
}

// current returns the keys that may have signed, fetched if they are old.
func (k *keySet) current(ctx context.Context, id string) ([]jose.JSONWebKey, error) {
	if k.due(time.Now()) {
		if err := k.refresh(ctx); err != nil {
			return nil, err
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.keys) > 0 && time.Since(k.seenAt) >= keysUnseen {
		k.keys = nil
	}
	if len(k.keys) == 0 {
		return nil, errors.Join(errNoKeys, k.err)
	}
	return matching(k.keys, id), nil
}

// due reports whether the keys are to be fetched for their age.
func (k *keySet) due(now time.Time) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.keys) == 0 {
		return now.Sub(k.triedAt) >= failureCoolDown
	}
	return now.Sub(k.seenAt) >= keysLifetime && now.Sub(k.triedAt) >= refreshCoolDown
}

// refreshAllowed reports whether a token that no key verified may make us ask
// the provider.
func (k *keySet) refreshAllowed(id string, now time.Time) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	missed, ok := k.absent[id]
	return now.Sub(k.triedAt) >= refreshCoolDown && (!ok || now.Sub(missed) >= absentFor)
}

func (k *keySet) noteAbsent(id string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(matching(k.keys, id)) > 0 {
		return // the key is there, the signature was wrong
	}
	if len(k.absent) >= maxAbsent {
		clear(k.absent)
	}
	k.absent[id] = time.Now()
}

func (k *keySet) having(id string) []jose.JSONWebKey {
	k.mu.Lock()
	defer k.mu.Unlock()
	return matching(k.keys, id)
}

// refresh fetches the keys, once for all who ask at the same time. That it
// fails is no error while there are keys to go on with.
func (k *keySet) refresh(ctx context.Context) error {
	return merged(ctx, &k.flight, "keys", func(ctx context.Context) {
		if k.justTried() {
			return
		}
		keys, err := fetchKeys(ctx, k.client, k.address)
		k.keep(ctx, keys, err)
	})
}

// justTried is for who found that a fetch is due just before another one ended.
func (k *keySet) justTried() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return time.Since(k.triedAt) < failureCoolDown
}

func (k *keySet) keep(ctx context.Context, keys []jose.JSONWebKey, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.triedAt, k.err = time.Now(), err
	if err == nil {
		k.keys, k.seenAt = keys, k.triedAt
		return
	}
	k.log.WarnContext(ctx, "the keys of a provider could not be read; the last good ones stay in use for a day", "jwks_uri", k.address, "error", err)
}

// verify tries the keys, of which there is one where key ids are used as meant.
func verify(jws *jose.JSONWebSignature, keys []jose.JSONWebKey) ([]byte, bool) {
	for _, key := range keys {
		if key.Algorithm != "" && key.Algorithm != jws.Signatures[0].Header.Algorithm {
			continue
		}
		if payload, err := jws.Verify(key.Key); err == nil {
			return payload, true
		}
	}
	return nil, false
}

// matching returns the keys with an id; all of them for a token that names none.
func matching(keys []jose.JSONWebKey, id string) []jose.JSONWebKey {
	if id == "" {
		return keys
	}
	var found []jose.JSONWebKey
	for _, key := range keys {
		if key.KeyID == id {
			found = append(found, key)
		}
	}
	return found
}

// fetchKeys reads a JWK set (RFC 7517 section 5). Keys that we cannot use are
// left out: a provider may have some for other purposes.
func fetchKeys(ctx context.Context, client *http.Client, address string) ([]jose.JSONWebKey, error) {
	body, err := fetch(ctx, client, address, "", maxKeySet)
	if err != nil {
		return nil, err
	}
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(body, &set); err != nil {
		return nil, fmt.Errorf("%w: %w", errNotJSON, err)
	}
	var keys []jose.JSONWebKey
	for _, raw := range set.Keys[:min(len(set.Keys), maxKeys)] {
		var key jose.JSONWebKey
		if json.Unmarshal(raw, &key) == nil && usable(key) {
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return nil, errors.New("the provider publishes no key that can be used")
	}
	return keys, nil
}

// usable accepts public signing keys of a sound size. Verifying with a huge RSA
// key would cost more than a stranger may cost us.
func usable(key jose.JSONWebKey) bool {
	if key.Use != "" && key.Use != "sig" {
		return false
	}
	switch public := key.Key.(type) {
	case *rsa.PublicKey:
		bits := public.N.BitLen()
		return bits >= 2048 && bits <= 8192
	case *ecdsa.PublicKey, ed25519.PublicKey:
		return true
	default:
		return false
	}
}
