package secret

import (
	"bytes"
	"testing"
)

func TestEncodeTellsPartsApart(t *testing.T) {
	t.Parallel()
	lists := [][]string{
		{},
		{""},
		{"", ""},
		{"ab", "c"},
		{"a", "bc"},
		{"abc"},
		{"abc", ""},
		{"", "abc"},
		{string(encode("a", "bc"))},
	}
	seen := map[string]int{}
	for i, parts := range lists {
		encoded := encode(parts...)
		if j, ok := seen[string(encoded)]; ok {
			t.Errorf("lists %d and %d have the same encoding", i, j)
		}
		seen[string(encoded)] = i
		if again := encode(parts...); !bytes.Equal(again, encoded) {
			t.Errorf("list %d is encoded differently the second time", i)
		}
	}
}
