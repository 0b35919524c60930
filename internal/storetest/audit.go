package storetest

import (
	"context"
	"fmt"

	"drawbridge/provisioning"
)

var eventSentences = []sentence{
	{"Append adds events; List returns those of the workspace, oldest first", eventList},
	{"List returns events after the given one, at most limit", eventPages},
}

func (w *world) appendEvents(events ...provisioning.Event) {
	w.t.Helper()
	w.do(func(ctx context.Context, tx *provisioning.Tx) error { return tx.Events.Append(ctx, events) })
}

func (w *world) listEvents(after provisioning.EventID, limit int) []provisioning.Event {
	w.t.Helper()
	return read(w, func(ctx context.Context, tx *provisioning.Tx) ([]provisioning.Event, error) {
		return tx.Events.List(ctx, w.workspace.ID, after, limit)
	})
}

func eventList(w *world) {
	other := w.another()
	one, two := w.draftEvent("one"), w.draftEvent("two")
	two.Warning, two.Data = false, nil
	other.appendEvents(other.draftEvent("elsewhere"))
	w.appendEvents(two, one)
	w.appendEvents()
	equal(w.t, "events", w.listEvents("", 9), []provisioning.Event{one, two})
}

func eventPages(w *world) {
	var all []provisioning.Event
	for i := range 5 {
		all = append(all, w.draftEvent(fmt.Sprint(i)))
	}
	w.appendEvents(all...)
	equal(w.t, "first", w.listEvents("", 2), all[:2])
	equal(w.t, "second", w.listEvents(all[1].ID, 2), all[2:4])
	equal(w.t, "last", w.listEvents(all[3].ID, 2), all[4:])
}

var auditSentences = []sentence{
	{"Append adds entries, unsealed, with their words", auditAppend},
	{"Unsealed returns entries without a sequence, by id, at most limit; CountUnsealed says how many wait", auditUnsealed},
	{"Unsealed returns committed entries", auditUncommitted},
	{"Head: sequence 0 before the first seal", auditFirstHead},
	{"Seal stores sequence and hash of the entries, and the new head", auditSeal},
	{"an entry of a lower id that comes late is sealed after the others", auditLate},
	{"Sealed returns entries by sequence, after the given one, at most limit", auditSealed},
	{"LockHead returns the end of the chain", auditLockHead},
}

func (w *world) unsealed(limit int) []provisioning.AuditEntry {
	w.t.Helper()
	return read(w, func(ctx context.Context, tx *provisioning.Tx) ([]provisioning.AuditEntry, error) {
		return tx.Audit.Unsealed(ctx, w.workspace.ID, limit)
	})
}

func (w *world) sealed(after int64, limit int) []provisioning.AuditEntry {
	w.t.Helper()
	return read(w, func(ctx context.Context, tx *provisioning.Tx) ([]provisioning.AuditEntry, error) {
		return tx.Audit.Sealed(ctx, w.workspace.ID, after, limit)
	})
}

func (w *world) waiting() int {
	w.t.Helper()
	return read(w, func(ctx context.Context, tx *provisioning.Tx) (int, error) {
		return tx.Audit.CountUnsealed(ctx, w.workspace.ID)
	})
}

func (w *world) head() provisioning.AuditHead {
	w.t.Helper()
	return read(w, func(ctx context.Context, tx *provisioning.Tx) (provisioning.AuditHead, error) {
		return tx.Audit.Head(ctx, w.workspace.ID)
	})
}

// sealOnce chains at most limit entries as a sealer does. It reports whether
// it held the head. The hash is that of the chain's test, a running number.
func (w *world) sealOnce(limit int) (bool, error) {
	var held bool
	err := w.try(func(ctx context.Context, tx *provisioning.Tx) error {
		head, ok, err := tx.Audit.LockHead(ctx, w.workspace.ID)
		held = ok
		if err != nil || !ok {
			return err
		}
		entries, err := tx.Audit.Unsealed(ctx, w.workspace.ID, limit)
		if err != nil || len(entries) == 0 {
			return err
		}
		for i := range entries {
			head.Sequence++
			head.Hash = []byte(fmt.Sprint("hash ", head.Sequence))
			entries[i].Sequence, entries[i].Hash = head.Sequence, head.Hash
		}
		head.Workspace = w.workspace.ID
		return tx.Audit.Seal(ctx, entries, head)
	})
	return held, err
}

func (w *world) seal(limit int) {
	w.t.Helper()
	held, err := w.sealOnce(limit)
	wantOK(w.t, err)
	equal(w.t, "head was held", held, true)
}

// chained is the entry as sealOnce stores it.
func chained(e provisioning.AuditEntry, sequence int64) provisioning.AuditEntry {
	e.Sequence, e.Hash = sequence, []byte(fmt.Sprint("hash ", sequence))
	return e
}

func entryIDs(entries []provisioning.AuditEntry) []provisioning.EntryID {
	return pluck(entries, func(e provisioning.AuditEntry) provisioning.EntryID { return e.ID })
}

// withoutWords are the entries as a sealer sees them, who needs no words.
func withoutWords(entries ...provisioning.AuditEntry) []provisioning.AuditEntry {
	return pluck(entries, func(e provisioning.AuditEntry) provisioning.AuditEntry {
		e.Words, e.Salt = nil, nil
		return e
	})
}

func (w *world) drafts(actions ...string) []provisioning.AuditEntry {
	return pluck(actions, w.draftEntry)
}

func auditAppend(w *world) {
	full := w.draftEntry("user.create")
	bare := provisioning.AuditEntry{
		Workspace: w.workspace.ID, ID: newID[provisioning.EntryID](), At: at(1),
		Actor:  provisioning.Operator(),
		Action: "workspace.create", Result: "refused",
	}
	w.append(full, bare)
	w.append()
	equal(w.t, "unsealed", withoutWords(w.unsealed(9)...), withoutWords(full, bare))
	w.seal(9)
	equal(w.t, "sealed, with words", w.sealed(0, 9), []provisioning.AuditEntry{chained(full, 1), chained(bare, 2)})
}

func auditUnsealed(w *world) {
	other := w.another()
	other.append(other.draftEntry("elsewhere"))
	es := w.drafts("a", "b", "c")
	w.append(es[2], es[0], es[1])
	equal(w.t, "all", entryIDs(w.unsealed(9)), entryIDs(es))
	equal(w.t, "some", entryIDs(w.unsealed(2)), entryIDs(es[:2]))
	equal(w.t, "number", w.waiting(), 3)
	w.seal(2)
	equal(w.t, "rest", entryIDs(w.unsealed(9)), entryIDs(es[2:]))
	equal(w.t, "number", w.waiting(), 1)
	equal(w.t, "number elsewhere", other.waiting(), 1)
}

func auditUncommitted(w *world) {
	w.do(func(ctx context.Context, tx *provisioning.Tx) error {
		if err := tx.Audit.Append(ctx, w.drafts("a")); err != nil {
			return err
		}
		equal(w.t, "unsealed", len(w.unsealed(9)), 0)
		equal(w.t, "number", w.waiting(), 0)
		return nil
	})
	equal(w.t, "unsealed", len(w.unsealed(9)), 1)
}

func auditFirstHead(w *world) {
	equal(w.t, "head", w.head(), provisioning.AuditHead{Workspace: w.workspace.ID})
}

func auditSeal(w *world) {
	es := w.drafts("a", "b")
	w.append(es...)
	w.seal(9)
	equal(w.t, "head", w.head(), provisioning.AuditHead{Workspace: w.workspace.ID, Sequence: 2, Hash: []byte("hash 2")})
	equal(w.t, "entries", w.sealed(0, 9), []provisioning.AuditEntry{chained(es[0], 1), chained(es[1], 2)})
	equal(w.t, "number that waits", w.waiting(), 0)
}

func auditLate(w *world) {
	late, soon := w.draftEntry("late"), w.draftEntry("soon")
	w.append(soon)
	w.seal(9)
	w.append(late)
	equal(w.t, "unsealed", entryIDs(w.unsealed(9)), entryIDs([]provisioning.AuditEntry{late}))
	w.seal(9)
	equal(w.t, "entries", w.sealed(0, 9), []provisioning.AuditEntry{chained(soon, 1), chained(late, 2)})
}

func auditSealed(w *world) {
	es := w.drafts("a", "b", "c", "d", "e")
	w.append(es...)
	w.seal(9)
	w.append(w.draftEntry("waits"))
	equal(w.t, "first", entryIDs(w.sealed(0, 2)), entryIDs(es[:2]))
	equal(w.t, "second", entryIDs(w.sealed(2, 2)), entryIDs(es[2:4]))
	equal(w.t, "last", entryIDs(w.sealed(4, 2)), entryIDs(es[4:]))
	equal(w.t, "none", entryIDs(w.sealed(5, 2)), nil)
}

func auditLockHead(w *world) {
	lock := func() provisioning.AuditHead {
		return write(w, func(ctx context.Context, tx *provisioning.Tx) (provisioning.AuditHead, error) {
			head, held, err := tx.Audit.LockHead(ctx, w.workspace.ID)
			equal(w.t, "held", held, true)
			return head, err
		})
	}
	equal(w.t, "head", lock(), provisioning.AuditHead{Workspace: w.workspace.ID})
	w.append(w.draftEntry("a"))
	w.seal(9)
	equal(w.t, "head", lock(), provisioning.AuditHead{Workspace: w.workspace.ID, Sequence: 1, Hash: []byte("hash 1")})
}
