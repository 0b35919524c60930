package secret

import (
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

func TestNewSecretFitsAToken(t *testing.T) {
	t.Parallel()
	if s := (Hasher{}).NewSecret(); !validSecret(s) || s == (Hasher{}).NewSecret() {
		t.Errorf("got %q", s)
	}
}

func TestHMACTellsPartsApart(t *testing.T) {
	t.Parallel()
	key := []byte("key")
	lists := [][][]byte{
		{},
		{{}},
		{{}, {}},
		{[]byte("ab"), []byte("c")},
		{[]byte("a"), []byte("bc")},
		{[]byte("abc")},
		{[]byte("abc"), {}},
		{{}, []byte("abc")},
		{encode([]byte("a"), []byte("bc"))},
	}
	seen := map[[32]byte]int{}
	for i, parts := range lists {
		sum := Hasher{}.HMAC(key, parts...)
		if j, ok := seen[sum]; ok {
			t.Errorf("lists %d and %d have the same hash", i, j)
		}
		seen[sum] = i
		if again := (Hasher{}).HMAC(key, parts...); again != sum {
			t.Errorf("list %d hashes differently the second time", i)
		}
	}
	if (Hasher{}).HMAC([]byte("other")) == (Hasher{}).HMAC(key) {
		t.Error("the key does not matter")
	}
}
