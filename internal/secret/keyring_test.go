package secret

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"time"
)

var (
	firstKey  = bytes.Repeat([]byte{1}, 32)
	secondKey = bytes.Repeat([]byte{2}, 32)
	thirdKey  = bytes.Repeat([]byte{3}, 32)
	madeAt    = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
)

func dataKeyOf(t testing.TB, configured []byte, at time.Time) WrappedKey {
	t.Helper()
	key, err := GenerateDataKey(configured, at)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func ringOf(t testing.TB, current, previous []byte, stored ...WrappedKey) *Keyring {
	t.Helper()
	ring, err := NewKeyring(current, previous, stored)
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

func sealWith(t testing.TB, ring *Keyring) []byte {
	t.Helper()
	sealed, err := ring.Seal("w1", "connection/c1", []byte("client secret"))
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

func mustOpen(t testing.TB, ring *Keyring, sealed []byte) {
	t.Helper()
	plain, err := ring.Open("w1", "connection/c1", sealed)
	if err != nil || string(plain) != "client secret" {
		t.Fatalf("Open = %q, %v", plain, err)
	}
}

func TestSealedValueOpens(t *testing.T) {
	t.Parallel()
	ring := ringOf(t, firstKey, nil, dataKeyOf(t, firstKey, madeAt))
	one, two := sealWith(t, ring), sealWith(t, ring)
	if bytes.Equal(one, two) {
		t.Error("two seals of one value are the same: the nonce repeats")
	}
	if bytes.Contains(one, []byte("client secret")) {
		t.Error("the plain value is readable")
	}
	mustOpen(t, ring, one)
	mustOpen(t, ring, two)
	empty, err := ring.Seal("w1", "r", nil)
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := ring.Open("w1", "r", empty); err != nil || len(plain) != 0 {
		t.Errorf("Open of nothing = %q, %v", plain, err)
	}
}

func TestSealedValueIsBoundToItsPlace(t *testing.T) {
	t.Parallel()
	ring := ringOf(t, firstKey, nil, dataKeyOf(t, firstKey, madeAt))
	sealed := sealWith(t, ring)
	places := [][2]string{{"w2", "connection/c1"}, {"w1", "connection/c2"}, {"w1c", "onnection/c1"}, {"", "w1connection/c1"}}
	for _, place := range places {
		if _, err := ring.Open(place[0], place[1], sealed); !errors.Is(err, ErrSealed) {
			t.Errorf("opened at %q: %v", place, err)
		}
	}
}

func TestChangedSealedValueIsRefused(t *testing.T) {
	t.Parallel()
	ring := ringOf(t, firstKey, nil, dataKeyOf(t, firstKey, madeAt))
	sealed := sealWith(t, ring)
	for i := range sealed {
		changed := slices.Clone(sealed)
		changed[i] ^= 1
		if _, err := ring.Open("w1", "connection/c1", changed); err == nil {
			t.Errorf("byte %d may be changed", i)
		}
		if _, err := ring.Open("w1", "connection/c1", sealed[:i]); !errors.Is(err, ErrSealed) {
			t.Errorf("cut to %d bytes: %v", i, err)
		}
	}
}

func TestWrongConfiguredKey(t *testing.T) {
	t.Parallel()
	stored := []WrappedKey{dataKeyOf(t, firstKey, madeAt)}
	if _, err := NewKeyring(secondKey, nil, stored); !errors.Is(err, ErrWrongKey) {
		t.Errorf("another key: %v", err)
	}
	if _, err := NewKeyring(secondKey, thirdKey, stored); !errors.Is(err, ErrWrongKey) {
		t.Errorf("two other keys: %v", err)
	}
	mixed := append(stored, dataKeyOf(t, secondKey, madeAt))
	if _, err := NewKeyring(firstKey, nil, mixed); !errors.Is(err, ErrWrongKey) {
		t.Errorf("one of two keys: %v", err)
	}
}

func TestWrappedKeyIsBoundToItsID(t *testing.T) {
	t.Parallel()
	row := dataKeyOf(t, firstKey, madeAt)
	for _, id := range []string{"", "other", row.ID + "0"} {
		moved := row
		moved.ID = id
		if _, err := NewKeyring(firstKey, nil, []WrappedKey{moved}); !errors.Is(err, ErrWrongKey) {
			t.Errorf("id %q: %v", id, err)
		}
	}
	row.Wrapped = nil
	if _, err := NewKeyring(firstKey, nil, []WrappedKey{row}); !errors.Is(err, ErrWrongKey) {
		t.Errorf("nothing wrapped: %v", err)
	}
}

func TestKeyLength(t *testing.T) {
	t.Parallel()
	for _, key := range [][]byte{nil, make([]byte, 16), make([]byte, 31), make([]byte, 33)} {
		if _, err := NewKeyring(key, nil, nil); !errors.Is(err, ErrKeyLength) {
			t.Errorf("current of %d bytes: %v", len(key), err)
		}
		if _, err := GenerateDataKey(key, madeAt); !errors.Is(err, ErrKeyLength) {
			t.Errorf("data key under %d bytes: %v", len(key), err)
		}
	}
	if _, err := NewKeyring(firstKey, make([]byte, 31), nil); !errors.Is(err, ErrKeyLength) {
		t.Errorf("previous of 31 bytes: %v", err)
	}
}

func TestConfiguredKeyIsReplaced(t *testing.T) {
	t.Parallel()
	row := dataKeyOf(t, firstKey, madeAt)
	sealed := sealWith(t, ringOf(t, firstKey, nil, row))

	during := ringOf(t, secondKey, firstKey, row)
	mustOpen(t, during, sealed)
	if got := during.NeedsRewrap(); !slices.Equal(got, []string{row.ID}) {
		t.Fatalf("NeedsRewrap = %q", got)
	}
	rewrapped := during.Rewrap()
	if len(rewrapped) != 1 || rewrapped[0].ID != row.ID || !rewrapped[0].CreatedAt.Equal(madeAt) {
		t.Fatalf("Rewrap = %+v", rewrapped)
	}

	after := ringOf(t, secondKey, nil, rewrapped...)
	mustOpen(t, after, sealed)
	if got := after.NeedsRewrap(); len(got) != 0 {
		t.Errorf("after the rewrap NeedsRewrap = %q", got)
	}
}

func TestYoungestKeySealsAndAllOpen(t *testing.T) {
	t.Parallel()
	old, young := dataKeyOf(t, firstKey, madeAt), dataKeyOf(t, firstKey, madeAt.Add(time.Hour))
	sealedByOld := sealWith(t, ringOf(t, firstKey, nil, old))

	ring := ringOf(t, firstKey, nil, young, old)
	sealed := sealWith(t, ring)
	mustOpen(t, ring, sealedByOld)
	mustOpen(t, ring, sealed)
	if _, err := ringOf(t, firstKey, nil, old).Open("w1", "connection/c1", sealed); !errors.Is(err, ErrUnknownKey) {
		t.Errorf("a ring without the young key: %v", err)
	}

	young.Retired = true
	back := ringOf(t, firstKey, nil, young, old)
	mustOpen(t, back, sealed)
	mustOpen(t, ringOf(t, firstKey, nil, old), sealWith(t, back))
}

func TestKeyringWithoutKeySealsNothing(t *testing.T) {
	t.Parallel()
	retired := dataKeyOf(t, firstKey, madeAt)
	retired.Retired = true
	for _, ring := range []*Keyring{ringOf(t, firstKey, nil), ringOf(t, firstKey, nil, retired)} {
		if _, err := ring.Seal("w1", "r", []byte("x")); !errors.Is(err, ErrNoDataKey) {
			t.Errorf("Seal: %v", err)
		}
	}
}

func FuzzOpen(f *testing.F) {
	ring := ringOf(f, firstKey, nil, dataKeyOf(f, firstKey, madeAt))
	genuine := sealWith(f, ring)
	f.Add(genuine)
	f.Add(genuine[:len(genuine)-1])
	f.Add([]byte{1, 255})
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, sealed []byte) {
		plain, err := ring.Open("w1", "connection/c1", sealed)
		if err == nil && !bytes.Equal(sealed, genuine) {
			t.Fatalf("opened %x as %q", sealed, plain)
		}
		if err != nil && !errors.Is(err, ErrSealed) && !errors.Is(err, ErrUnknownKey) {
			t.Fatalf("error without a kind: %v", err)
		}
	})
}
