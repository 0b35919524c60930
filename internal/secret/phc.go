package secret

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"
)

const (
	saltBytes = 16
	hashBytes = 32
)

// What a stored hash may ask for. A database that somebody wrote into must not
// take the memory of the process.
const (
	maxPHC    = 512 // bytes of text
	maxMemory = 256 << 10
	maxPasses = 16
	maxLanes  = 8
	minBytes  = 8 // of salt (RFC 9106 section 3.1) and key
	maxBytes  = 64
)

// phc is a hash with its salt and cost. Its text is
//
//	$argon2id$v=19$m=47104,t=1,p=1$SALT$HASH
//
// as the PHC string format has it, in base64 without padding.
type phc struct {
	cost
	salt, key []byte
}

func (h phc) String() string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, h.memory, h.passes, h.lanes,
		base64.RawStdEncoding.EncodeToString(h.salt), base64.RawStdEncoding.EncodeToString(h.key))
}

// sameInput reports whether one password gives both the same key.
func (h phc) sameInput(other phc) bool {
	return h.cost == other.cost && bytes.Equal(h.salt, other.salt) && len(h.key) == len(other.key)
}

var errPHC = errors.New("not an Argon2id hash within bounds")

func parsePHC(text string) (h phc, err error) {
	if len(text) > maxPHC {
		return h, errPHC
	}
	parts := strings.Split(text, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != "v="+strconv.Itoa(argon2.Version) {
		return h, errPHC
	}
	if h.cost, err = parseCost(parts[3]); err != nil {
		return h, err
	}
	if h.salt, err = parseBytes(parts[4]); err != nil {
		return h, err
	}
	h.key, err = parseBytes(parts[5])
	return h, err
}

func parseCost(text string) (c cost, err error) {
	parts := strings.Split(text, ",")
	if len(parts) != 3 {
		return c, errPHC
	}
	memory, errMemory := parseNumber(parts[0], "m=", maxMemory)
	passes, errPasses := parseNumber(parts[1], "t=", maxPasses)
	lanes, errLanes := parseNumber(parts[2], "p=", maxLanes)
	return cost{passes: passes, memory: memory, lanes: uint8(lanes & math.MaxUint8)}, errors.Join(errMemory, errPasses, errLanes)
}

func parseNumber(text, prefix string, most uint64) (uint32, error) {
	digits, ok := strings.CutPrefix(text, prefix)
	n, err := strconv.ParseUint(digits, 10, 32)
	if !ok || err != nil || n < 1 || n > most {
		return 0, errPHC
	}
	return uint32(n), nil
}

func parseBytes(text string) ([]byte, error) {
	raw, err := base64.RawStdEncoding.Strict().DecodeString(text)
	if err != nil || len(raw) < minBytes || len(raw) > maxBytes {
		return nil, errPHC
	}
	return raw, nil
}
