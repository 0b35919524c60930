package secret

import (
	"encoding/base64"
	"encoding/hex"
	"testing"
)

func TestEqual(t *testing.T) {
	t.Parallel()
	hash := Hasher{}.Hash("secret")
	tests := map[string]struct {
		stored []byte
		secret string
		want   bool
	}{
		"the same":       {hash, "secret", true},
		"another secret": {hash, "Secret", false},
		"nothing found":  {nil, "secret", false},
		"cut short":      {hash[:31], "secret", false},
		"too long":       {append(hash[:32:32], 0), "secret", false},
		"zeros":          {make([]byte, 32), "secret", false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := (Hasher{}).Equal(test.stored, test.secret); got != test.want {
				t.Errorf("Equal = %v, want %v", got, test.want)
			}
		})
	}
}

func TestHashIsSHA256(t *testing.T) {
	t.Parallel()
	const want = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" // FIPS 180-2, B.1
	if got := hex.EncodeToString(Hasher{}.Hash("abc")); got != want {
		t.Errorf("Hash(abc) = %s", got)
	}
}

func TestNewSecretIs256BitsThatNeverRepeat(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 1000 {
		secret := Hasher{}.NewSecret()
		raw, err := base64.RawURLEncoding.Strict().DecodeString(secret)
		if err != nil || len(secret) != 43 || len(raw) != 32 {
			t.Fatalf("%q: %v", secret, err)
		}
		if seen[secret] {
			t.Fatal("a secret came twice")
		}
		seen[secret] = true
	}
}
