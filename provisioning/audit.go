package provisioning

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"maps"
	"slices"
	"strconv"
)

// Limits of one step of sealing and of verifying: small enough that nobody
// waits long for the one writer of an embedded database.
const (
	sealBatch   = 200
	verifyBatch = 500
)

// wordFrom is the word under which an entry says where its actor acted from.
const wordFrom = "from"

func (s *Service) entry(a Actor, ws WorkspaceID, n note, result string, tx *Tx) AuditEntry {
	if a.From != "" {
		n.words = maps.Clone(n.words)
		if n.words == nil {
			n.words = make(map[string]string, 1)
		}
		n.words[wordFrom] = a.From
	}
	e := AuditEntry{
		Workspace: ws, ID: EntryID(s.ids.New()), At: tx.Now(), Actor: a,
		Action: n.action, TargetKind: n.kind, Target: n.target, Result: result,
		Details: n.details, Words: n.words,
	}
	if len(n.words) > 0 {
		e.Salt = make([]byte, 16)
		if _, err := rand.Read(e.Salt); err != nil {
			panic("provisioning: no randomness: " + err.Error())
		}
		e.Commitment = commitment(e.Salt, n.words)
	}
	return e
}

// commitment binds the chain to words without holding them: once salt and
// words are erased, nobody can guess them from it.
func commitment(salt []byte, words map[string]string) []byte {
	h := hmac.New(sha256.New, salt)
	writeMap(h, words)
	return h.Sum(nil)
}

// chainHash is the link from one entry to the one before it.
func chainHash(key, previous []byte, e AuditEntry) []byte {
	h := hmac.New(sha256.New, key)
	writeBytes(h, previous)
	for _, s := range []string{
		strconv.FormatInt(e.Sequence, 10), string(e.Workspace), string(e.ID),
		strconv.FormatInt(e.At.UnixMicro(), 10), string(e.Actor.Kind), e.Actor.ID,
		string(e.Actor.Directory), e.Actor.RequestID, e.Action, e.TargetKind, e.Target, e.Result,
	} {
		writeBytes(h, []byte(s))
	}
	writeMap(h, e.Details)
	writeBytes(h, e.Commitment)
	return h.Sum(nil)
}

// writeBytes writes a length before the bytes, so that no two lists of fields
// have the same encoding.
func writeBytes(h hash.Hash, b []byte) {
	var n [8]byte
	binary.BigEndian.PutUint64(n[:], uint64(len(b)))
	h.Write(n[:])
	h.Write(b)
}

func writeMap(h hash.Hash, m map[string]string) {
	writeBytes(h, []byte(strconv.Itoa(len(m))))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		writeBytes(h, []byte(k))
		writeBytes(h, []byte(m[k]))
	}
}

// SealAudit chains what waits in the workspace, in steps, and returns how many
// entries it sealed. If another sealer is at work it leaves the rest to it.
func (s *Service) SealAudit(ctx context.Context, ws WorkspaceID) (int, error) {
	total := 0
	for {
		n, err := s.sealStep(ctx, ws)
		total += n
		if err != nil || n < sealBatch {
			return total, err
		}
	}
}

func (s *Service) sealStep(ctx context.Context, ws WorkspaceID) (sealed int, err error) {
	key, err := s.auditKey(ctx, ws)
	if err != nil {
		return 0, err
	}
	err = s.store.Update(ctx, func(tx *Tx) error {
		sealed = 0
		head, ours, err := tx.Audit.LockHead(ctx, ws)
		if err != nil || !ours {
			return err
		}
		entries, err := tx.Audit.Unsealed(ctx, ws, sealBatch)
		if err != nil || len(entries) == 0 {
			return err
		}
		for i := range entries {
			entries[i].Sequence = head.Sequence + 1
			entries[i].Hash = chainHash(key, head.Hash, entries[i])
			head = AuditHead{ws, entries[i].Sequence, entries[i].Hash}
		}
		sealed = len(entries)
		return tx.Audit.Seal(ctx, entries, head)
	})
	return sealed, err
}

func (s *Service) auditKey(ctx context.Context, ws WorkspaceID) (key []byte, err error) {
	err = s.store.View(ctx, func(tx *Tx) error {
		w, err := tx.Workspaces.Get(ctx, ws)
		if err != nil {
			return err
		}
		key, err = s.sealer.Open(string(ws), "workspace/audit-key", w.AuditKey)
		return err
	})
	return key, err
}

// AuditReport is the result of verifying a chain.
type AuditReport struct {
	Workspace WorkspaceID
	Entries   int64 // sealed and looked at
	Unsealed  int   // waiting: no fault
	Fault     string
	FaultAt   int64 // sequence of the first fault, 0 for none
}

// VerifyAudit walks the chain of the workspace and reports the first fault.
func (s *Service) VerifyAudit(ctx context.Context, ws WorkspaceID) (AuditReport, error) {
	r := AuditReport{Workspace: ws}
	key, err := s.auditKey(ctx, ws)
	if err != nil {
		return r, err
	}
	err = s.store.View(ctx, func(tx *Tx) error {
		head, err := tx.Audit.Head(ctx, ws)
		if err != nil {
			return err
		}
		if err := verifyChain(ctx, tx, key, head, &r); err != nil {
			return err
		}
		r.Unsealed, err = tx.Audit.CountUnsealed(ctx, ws)
		return err
	})
	return r, err
}

var errChainBroken = errors.New("chain broken")

func verifyChain(ctx context.Context, tx *Tx, key []byte, head AuditHead, r *AuditReport) error {
	var previous []byte
	for r.Entries < head.Sequence {
		entries, err := tx.Audit.Sealed(ctx, r.Workspace, r.Entries, verifyBatch)
		if err != nil {
			return err
		}
		if len(entries) == 0 {
			r.fault(r.Entries+1, "entry is missing")
			return nil
		}
		for _, e := range entries {
			if e.Sequence > head.Sequence {
				break
			}
			if err := r.check(key, previous, e); err != nil {
				return nil //nolint:nilerr // the fault stands in the report
			}
			previous = e.Hash
			r.Entries++
		}
	}
	if r.Entries == head.Sequence && !hmac.Equal(previous, head.Hash) {
		r.fault(head.Sequence, "the head names another hash")
	}
	return nil
}

func (r *AuditReport) check(key, previous []byte, e AuditEntry) error {
	switch {
	case e.Sequence != r.Entries+1:
		r.fault(r.Entries+1, "entry is missing")
	case !hmac.Equal(chainHash(key, previous, e), e.Hash):
		r.fault(e.Sequence, "entry was changed")
	case len(e.Words) > 0 && !hmac.Equal(commitment(e.Salt, e.Words), e.Commitment):
		r.fault(e.Sequence, "words were changed")
	default:
		return nil
	}
	return errChainBroken
}

func (r *AuditReport) fault(at int64, what string) {
	r.FaultAt, r.Fault = at, fmt.Sprintf("entry %d: %s", at, what)
}
