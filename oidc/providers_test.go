package oidc_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coreos/go-oidc/v3/oidc/oidctest"
	"github.com/go-jose/go-jose/v4"

	"drawbridge/oidc"
)

const (
	discoveryPath = "/.well-known/openid-configuration"
	keysPath      = "/keys"
)

// cache is Providers on one provider, in a bubble whose time the test moves.
type cache struct {
	*oidc.Providers
	op *provider
}

func newCache() cache {
	op := newProvider()
	return cache{oidc.NewProviders(op.client(), quiet), op}
}

// verify checks a token that the key signed under the id.
func (c cache) verify(t *testing.T, id string, key any) error {
	t.Helper()
	keys, err := c.Keys(t.Context(), issuer)
	if err != nil {
		return err
	}
	_, err = keys.VerifySignature(t.Context(), oidctest.SignIDToken(key, id, "RS256", `{}`))
	return err
}

func (c cache) wantFetches(t *testing.T, path string, want int) {
	t.Helper()
	if got := c.op.count(path); got != want {
		t.Errorf("%s was fetched %d times, want %d", path, got, want)
	}
}

// inBubble runs a test in virtual time. The keys are made outside, in real time.
func inBubble(t *testing.T, test func(t *testing.T)) {
	t.Parallel()
	firstKey()
	secondKey()
	synctest.Test(t, test)
}

func TestDiscoveryIsReadOnceAnHour(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCache()
		for range 3 {
			if _, err := c.Authorization(t.Context(), issuer); err != nil {
				t.Fatal(err)
			}
		}
		c.wantFetches(t, discoveryPath, 1)
		c.op.change(func() { c.op.discovery["authorization_endpoint"] = issuer + "/new" })
		time.Sleep(time.Hour)
		if got, err := c.Authorization(t.Context(), issuer); err != nil || got != issuer+"/new" {
			t.Errorf("got %s, %v", got, err)
		}
		c.wantFetches(t, discoveryPath, 2)
	})
}

func TestTheLastGoodDiscoveryStays(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCache()
		if _, err := c.Authorization(t.Context(), issuer); err != nil {
			t.Fatal(err)
		}
		c.op.change(func() { c.op.discovery["issuer"] = "https://evil.example" })
		time.Sleep(2 * time.Hour)
		for range 5 {
			if _, err := c.Authorization(t.Context(), issuer); err != nil {
				t.Error(err)
			}
		}
		c.wantFetches(t, discoveryPath, 2)
		time.Sleep(30 * time.Second)
		_, _ = c.Authorization(t.Context(), issuer)
		c.wantFetches(t, discoveryPath, 3)
	})
}

func TestAProviderThatWasDownIsTriedAgain(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCache()
		c.op.change(func() { c.op.status[discoveryPath] = http.StatusBadGateway })
		for range 10 {
			if _, err := c.Authorization(t.Context(), issuer); err == nil {
				t.Error("a document out of nothing")
			}
		}
		c.wantFetches(t, discoveryPath, 1)
		c.op.change(func() { clear(c.op.status) })
		time.Sleep(5 * time.Second)
		if _, err := c.Authorization(t.Context(), issuer); err != nil {
			t.Error(err)
		}
	})
}

func TestDiscoveryOfAnotherIssuerIsNotUsed(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCache()
		for _, asked := range []string{issuer + "/", strings.ToUpper(issuer), "https://evil.example"} {
			if _, err := c.Authorization(t.Context(), asked); err == nil {
				t.Errorf("%s was served by the document of %s", asked, issuer)
			}
		}
	})
}

func TestKeyRotation(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCache()
		if err := c.verify(t, "k1", firstKey()); err != nil {
			t.Fatal(err)
		}
		c.op.change(func() { c.op.keys = append(c.op.keys, publicKey("k2", secondKey().Public())) })
		if err := c.verify(t, "k2", secondKey()); err == nil {
			t.Error("the keys were fetched again within the cool-down")
		}
		time.Sleep(30 * time.Second)
		if err := c.verify(t, "k2", secondKey()); err != nil {
			t.Errorf("a new key: %v", err)
		}
		c.wantFetches(t, keysPath, 2)
		if err := c.verify(t, "k1", firstKey()); err != nil {
			t.Errorf("the old key beside the new one: %v", err)
		}
	})
}

func TestAWithdrawnKeyEnds(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCache()
		if err := c.verify(t, "k1", firstKey()); err != nil {
			t.Fatal(err)
		}
		c.op.change(func() { c.op.keys = []jose.JSONWebKey{publicKey("k2", secondKey().Public())} })
		time.Sleep(time.Hour)
		if err := c.verify(t, "k1", firstKey()); err == nil {
			t.Error("a key that the provider withdrew an hour ago is still good")
		}
		if err := c.verify(t, "k2", secondKey()); err != nil {
			t.Error(err)
		}
	})
}

// TestAFloodOfBadTokensAsksTheProviderSeldom: neither unknown key ids nor wrong
// signatures decide how often the provider is asked.
func TestAFloodOfBadTokensAsksTheProviderSeldom(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCache()
		for range 60 { // two minutes, a token every two seconds, and each time three of them
			for i, id := range []string{"k1", "k9", fmt.Sprint("k", time.Now().UnixNano())} {
				if err := c.verify(t, id, secondKey()); err == nil {
					t.Fatalf("token %d verified", i)
				}
			}
			time.Sleep(2 * time.Second)
		}
		if got := c.op.count(keysPath); got > 5 {
			t.Errorf("the keys were fetched %d times in two minutes", got)
		}
		if err := c.verify(t, "k1", firstKey()); err != nil {
			t.Errorf("a sound token after the flood: %v", err)
		}
	})
}

func TestAnAbsentKeyIsNotLookedForAtOnce(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCache()
		_ = c.verify(t, "k1", firstKey())
		time.Sleep(30 * time.Second)
		_ = c.verify(t, "k9", secondKey())
		c.wantFetches(t, keysPath, 2)
		time.Sleep(time.Minute)
		_ = c.verify(t, "k9", secondKey())
		c.wantFetches(t, keysPath, 2)
		time.Sleep(time.Minute)
		_ = c.verify(t, "k9", secondKey())
		c.wantFetches(t, keysPath, 3)
	})
}

func TestKeysServeForADayWhileTheProviderIsDown(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCache()
		if err := c.verify(t, "k1", firstKey()); err != nil {
			t.Fatal(err)
		}
		c.op.change(func() { c.op.status[keysPath] = http.StatusBadGateway })
		time.Sleep(23 * time.Hour)
		if err := c.verify(t, "k1", firstKey()); err != nil {
			t.Errorf("after 23 hours: %v", err)
		}
		time.Sleep(time.Hour)
		if err := c.verify(t, "k1", firstKey()); err == nil {
			t.Error("a key that nobody has seen for 24 hours is still good")
		}
	})
}

func TestConcurrentMissesAreMerged(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCache()
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				if err := c.verify(t, "k1", firstKey()); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		c.wantFetches(t, discoveryPath, 1)
		c.wantFetches(t, keysPath, 1)
	})
}

func TestWhoeverGoesAwayLeavesTheFetchToTheOthers(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCache()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := c.Authorization(ctx, issuer); err != nil && ctx.Err() == nil {
			t.Error(err)
		}
		synctest.Wait()
		if _, err := c.Authorization(t.Context(), issuer); err != nil {
			t.Error(err)
		}
		c.wantFetches(t, discoveryPath, 1)
	})
}

func TestUnusableKeysAreLeftOut(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		encryption := publicKey("k2", secondKey().Public())
		encryption.Use = "enc"
		tests := map[string][]jose.JSONWebKey{
			"a shared secret":          {{KeyID: "k2", Key: []byte("0123456789abcdef0123456789abcdef")}},
			"for encryption":           {encryption},
			"of another algorithm":     {{KeyID: "k2", Key: secondKey().Public(), Algorithm: "PS256"}},
			"none":                     {},
			"more than anybody needs":  nil,
			"a private key in the set": {{KeyID: "k2", Key: secondKey()}},
		}
		for name, keys := range tests {
			c := newCache()
			c.op.change(func() { c.op.keys = keys })
			if keys == nil {
				for range 100 {
					c.op.keys = append(c.op.keys, publicKey("other", firstKey().Public()))
				}
				c.op.keys = append(c.op.keys, publicKey("k2", secondKey().Public()))
			}
			if err := c.verify(t, "k2", secondKey()); err == nil {
				t.Errorf("%s verified a token", name)
			}
		}
	})
}

func TestAHugeKeySetIsRefused(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCache()
		c.op.change(func() {
			huge := publicKey(strings.Repeat("k", 600<<10), firstKey().Public())
			c.op.keys = append(c.op.keys, huge)
		})
		if err := c.verify(t, "k1", firstKey()); err == nil {
			t.Error("a key set of more than half a megabyte was read")
		}
	})
}

func TestManyIssuersDoNotGrowForEver(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCache()
		if _, err := c.Authorization(t.Context(), issuer); err != nil {
			t.Fatal(err)
		}
		for i := range 1024 {
			time.Sleep(time.Millisecond)
			_, _ = c.Authorization(t.Context(), fmt.Sprintf("https://p%d.example", i))
		}
		_, _ = c.Authorization(t.Context(), issuer)
		// Every other issuer reads the one document there is, once; the first is read again because it was dropped.
		c.wantFetches(t, discoveryPath, 1026)
	})
}
