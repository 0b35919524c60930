package provisioning

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
)

// knownAs is everything by which a person was, or is about to be, known.
type knownAs struct {
	issuer, subject string
	directory       DirectoryID
	externalID      string
	userName, email string
}

// hashes returns the keyed hashes of what is set (rule 10). The kinds of
// things do not mix: a userName never matches an externalId. userName and
// e-mail are one kind, since either may have become the other.
func (k knownAs) hashes(key []byte) [][]byte {
	var all [][]byte
	add := func(parts ...string) {
		h := hmac.New(sha256.New, key)
		for _, p := range parts {
			writeBytes(h, []byte(p))
		}
		all = append(all, h.Sum(nil))
	}
	if k.subject != "" {
		add("identity", k.issuer, k.subject)
	}
	if k.externalID != "" {
		add("record", string(k.directory), k.externalID)
	}
	if k.userName != "" {
		add("name", Fold(k.userName))
	}
	if k.email != "" && Fold(k.email) != Fold(k.userName) {
		add("name", Fold(k.email))
	}
	return all
}

func (w *work) tombstoneKey(ctx context.Context) ([]byte, error) {
	ws, err := w.Workspaces.Get(ctx, w.ws)
	if err != nil {
		return nil, err
	}
	return w.s.sealer.Open(string(w.ws), "workspace/tombstone-key", ws.TombstoneKey)
}

// bury leaves tombstones of a removed user.
func (w *work) bury(ctx context.Context, u User, identities []Identity) error {
	key, err := w.tombstoneKey(ctx)
	if err != nil {
		return err
	}
	known := knownAs{userName: u.UserName, email: u.Email}
	if u.Record != nil {
		d, err := w.Directories.Find(ctx, u.Record.Directory)
		if err != nil {
			return err
		}
		if known, err = w.recordedAs(ctx, d, u.Record.ExternalID, u.Record.Profile); err != nil {
			return err
		}
	}
	hashes := known.hashes(key)
	for _, i := range identities {
		hashes = append(hashes, knownAs{issuer: i.Issuer, subject: i.Subject}.hashes(key)...)
	}
	stones := make([]Tombstone, len(hashes))
	for i, h := range hashes {
		stones[i] = Tombstone{Workspace: w.ws, Hash: h, User: u.ID, CreatedAt: w.Now()}
	}
	return w.Tombstones.Put(ctx, stones)
}

// buried reports whether a removed user was known by any of it.
func (w *work) buried(ctx context.Context, k knownAs) (bool, error) {
	key, err := w.tombstoneKey(ctx)
	if err != nil {
		return false, err
	}
	return w.Tombstones.Any(ctx, w.ws, k.hashes(key))
}

// liftTombstones is what an invitation or a SCIM create does for whom it names.
func (w *work) liftTombstones(ctx context.Context, k knownAs) error {
	key, err := w.tombstoneKey(ctx)
	if err != nil {
		return err
	}
	return w.Tombstones.Lift(ctx, w.ws, k.hashes(key))
}
