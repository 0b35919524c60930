package secret

import (
	"bytes"
	"testing"
)

func TestEncodeTellsPartsApart(t *testing.T) {
	t.Parallel()
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
