package provisioning

import (
	"crypto/rand"
	"encoding/binary"
	"sync"
	"time"
)

// Identifiers are opaque: 26 characters of Crockford's base 32 in lower case,
// sortable by creation, unique by construction in the whole installation and
// never used again. They contain neither `_` nor, whatever the case, `bulkId`
// (RFC 7643 §3.1 keeps that word for bulk requests): the alphabet has no u.
type (
	WorkspaceID  string
	CommunityID  string
	RoleID       string
	UserID       string
	AccountID    string
	IdentityID   string
	ConnectionID string
	DirectoryID  string
	TokenID      string
	GroupID      string
	MappingID    string
	GrantID      string
	MembershipID string
	InvitationID string
	SessionID    string
	SignInID     string
	EventID      string
	EntryID      string
	ParentID     string
	LinkID       string
	ChallengeID  string
	DeliveryID   string
)

// IDs makes identifiers.
type IDs interface {
	// New returns an identifier that sorts after those this process made before.
	New() string
}

const idAlphabet = "0123456789abcdefghjkmnpqrstvwxyz"

// RandomIDs makes identifiers of a 48-bit millisecond and 80 random bits.
// Within one process they are strictly increasing. The zero value is ready.
type RandomIDs struct {
	mu   sync.Mutex
	last [16]byte
}

// New implements [IDs].
func (g *RandomIDs) New() string {
	var id [16]byte
	if _, err := rand.Read(id[6:]); err != nil {
		panic("provisioning: no randomness: " + err.Error())
	}
	var ms [8]byte
	binary.BigEndian.PutUint64(ms[:], uint64(time.Now().UnixMilli()))
	copy(id[:6], ms[2:])

	g.mu.Lock()
	defer g.mu.Unlock()
	if string(id[:]) <= string(g.last[:]) {
		id = g.last
		increment(&id)
	}
	g.last = id
	return encodeID(id)
}

func increment(id *[16]byte) {
	for i := len(id) - 1; i >= 0; i-- {
		id[i]++
		if id[i] != 0 {
			return
		}
	}
}

// encodeID writes 128 bits as 26 characters, the two highest bits padded with
// zeros, so that text order is numeric order.
func encodeID(id [16]byte) string {
	var out [26]byte
	hi := binary.BigEndian.Uint64(id[:8])
	lo := binary.BigEndian.Uint64(id[8:])
	for i := len(out) - 1; i >= 0; i-- {
		out[i] = idAlphabet[lo&31]
		lo = lo>>5 | hi<<59
		hi >>= 5
	}
	return string(out[:])
}

// ValidID reports whether s has the form of an identifier. Faces ask before
// they look anything up by a stranger's text.
func ValidID(s string) bool {
	if len(s) != 26 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		digit := c >= '0' && c <= '9'
		letter := c >= 'a' && c <= 'z' && c != 'i' && c != 'l' && c != 'o' && c != 'u'
		if !digit && !letter {
			return false
		}
	}
	return true
}
