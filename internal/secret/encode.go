package secret

import "encoding/binary"

// encode writes the parts one after the other, each behind its length as eight
// bytes, big endian. Two different lists of parts never give the same bytes:
// ("ab", "c") and ("a", "bc") differ.
func encode(parts ...string) []byte {
	size := 0
	for _, part := range parts {
		size += 8 + len(part)
	}
	out := make([]byte, 0, size)
	for _, part := range parts {
		out = binary.BigEndian.AppendUint64(out, uint64(len(part)))
		out = append(out, part...)
	}
	return out
}
