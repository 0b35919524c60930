package provisioning_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"drawbridge/provisioning"
)

// tampered is a store whose sealed entries somebody with the database changed.
type tampered struct {
	provisioning.Store
	with func([]provisioning.AuditEntry) []provisioning.AuditEntry
	head func(*provisioning.AuditHead)
}

func (s tampered) View(ctx context.Context, fn func(*provisioning.Tx) error) error {
	return s.Store.View(ctx, func(tx *provisioning.Tx) error {
		tx.Audit = tamperedAudit{tx.Audit, s}
		return fn(tx)
	})
}

type tamperedAudit struct {
	provisioning.Audit
	s tampered
}

func (a tamperedAudit) Sealed(ctx context.Context, ws provisioning.WorkspaceID, after int64, limit int) ([]provisioning.AuditEntry, error) {
	all, err := a.Audit.Sealed(ctx, ws, after, limit)
	if a.s.with != nil {
		all = a.s.with(all)
	}
	return all, err
}

func (a tamperedAudit) Head(ctx context.Context, ws provisioning.WorkspaceID) (provisioning.AuditHead, error) {
	head, err := a.Audit.Head(ctx, ws)
	if a.s.head != nil {
		a.s.head(&head)
	}
	return head, err
}

// sealed is a world with a chain of some entries, words among them.
func sealed(t *testing.T, w *world) provisioning.AuditReport {
	t.Helper()
	w.push("00u1", "ada@acme.example")
	must(w.SealAudit(t.Context(), w.ws))(t)
	r := must(w.VerifyAudit(t.Context(), w.ws))(t)
	if r.Fault != "" || r.FaultAt != 0 || r.Entries < 5 || r.Unsealed != 0 {
		t.Fatalf("audit: %+v", r)
	}
	return r
}

func TestAudit_WhatWasChangedIsFound_AndWhere(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		sealed(t, w)
		type entries = []provisioning.AuditEntry
		for name, c := range map[string]struct {
			with func(entries) entries
			at   int64
			why  string
		}{
			"an action":    {func(all entries) entries { all[2].Action = "user.remove"; return all }, 3, "entry was changed"},
			"an actor":     {func(all entries) entries { all[2].Actor.ID = "somebody"; return all }, 3, "entry was changed"},
			"a target":     {func(all entries) entries { all[2].Target = "somebody"; return all }, 3, "entry was changed"},
			"a result":     {func(all entries) entries { all[2].Result = "refused"; return all }, 3, "entry was changed"},
			"a time":       {func(all entries) entries { all[2].At = all[2].At.AddDate(0, 0, 1); return all }, 3, "entry was changed"},
			"a detail":     {func(all entries) entries { all[2].Details = map[string]string{"x": "y"}; return all }, 3, "entry was changed"},
			"the words":    {func(all entries) entries { all[0].Words = map[string]string{"name": "Evil"}; return all }, 1, "words were changed"},
			"a missing":    {func(all entries) entries { return append(all[:2:2], all[3:]...) }, 3, "entry is missing"},
			"the first":    {func(all entries) entries { return all[1:] }, 1, "entry is missing"},
			"the order":    {func(all entries) entries { all[2], all[3] = all[3], all[2]; return all }, 3, "entry is missing"},
			"a commitment": {func(all entries) entries { all[0].Commitment[0] ^= 1; return all }, 1, "entry was changed"},
		} {
			r := must(serviceOn(t, tampered{Store: w.store, with: c.with}).VerifyAudit(t.Context(), w.ws))(t)
			if r.FaultAt != c.at || r.Fault != fmt.Sprintf("entry %d: %s", c.at, c.why) {
				t.Errorf("%s: %+v, want a fault at %d: %s", name, r, c.at, c.why)
			}
		}
	})
}

func TestAudit_ATailThatWasCutOffIsFound(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		n := sealed(t, w).Entries
		cut := func(all []provisioning.AuditEntry) []provisioning.AuditEntry {
			return slices.DeleteFunc(all, func(e provisioning.AuditEntry) bool { return e.Sequence == n })
		}
		r := must(serviceOn(t, tampered{Store: w.store, with: cut}).VerifyAudit(t.Context(), w.ws))(t)
		if r.FaultAt != n {
			t.Errorf("a cut tail: %+v, want a fault at %d", r, n)
		}
		head := func(h *provisioning.AuditHead) { h.Hash = append([]byte{h.Hash[0] ^ 1}, h.Hash[1:]...) }
		r = must(serviceOn(t, tampered{Store: w.store, head: head}).VerifyAudit(t.Context(), w.ws))(t)
		if r.FaultAt != n {
			t.Errorf("another head: %+v, want a fault at %d", r, n)
		}
	})
}

func TestAudit_ErasedWordsLeaveTheChainWhole(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		sealed(t, w)
		erased := func(all []provisioning.AuditEntry) []provisioning.AuditEntry {
			for i := range all {
				all[i].Words, all[i].Salt = nil, nil
			}
			return all
		}
		if r := must(serviceOn(t, tampered{Store: w.store, with: erased}).VerifyAudit(t.Context(), w.ws))(t); r.Fault != "" {
			t.Errorf("audit: %+v", r)
		}
	})
}

func TestAudit_AnUnsealedTailIsNoFault(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		n := sealed(t, w).Entries
		w.push("00u2", "bob@acme.example")
		r := must(w.VerifyAudit(t.Context(), w.ws))(t)
		if r.Fault != "" || r.Entries != n || r.Unsealed != len(entries(w)) || r.Unsealed == 0 {
			t.Errorf("audit: %+v", r)
		}
	})
}

func TestAudit_ManyEntriesAreSealedInSteps_AndASecondTimeNothingIs(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		works(t, w.store.Update(t.Context(), func(tx *provisioning.Tx) error {
			all := make([]provisioning.AuditEntry, 700)
			ids := new(provisioning.RandomIDs)
			for i := range all {
				all[i] = provisioning.AuditEntry{
					Workspace: w.ws, ID: provisioning.EntryID(ids.New()), At: tx.Now(), Actor: w.operator,
					Action: "test", TargetKind: "test", Target: fmt.Sprint(i), Result: "done",
				}
			}
			return tx.Audit.Append(t.Context(), all)
		}))
		waiting := len(entries(w))
		if n := must(w.SealAudit(t.Context(), w.ws))(t); n != waiting || n < 700 {
			t.Errorf("sealed %d of %d", n, waiting)
		}
		if n := must(w.SealAudit(t.Context(), w.ws))(t); n != 0 {
			t.Errorf("sealed %d again", n)
		}
		if r := must(w.VerifyAudit(t.Context(), w.ws))(t); r.Fault != "" || r.Entries != int64(waiting) {
			t.Errorf("audit: %+v", r)
		}
	})
}

func TestAudit_AChainIsOfOneWorkspace(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		other := fillSecond(w)
		sealed(t, w)
		r := must(other.VerifyAudit(t.Context(), other.ws))(t)
		if r.Fault != "" || r.Entries != 0 || r.Unsealed == 0 {
			t.Errorf("sealing one sealed the other: %+v", r)
		}
	})
}

func TestAudit_WhatARefusedPersonTriedIsRecorded_WhatAStrangerTriedIsNot(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.push("00u1", "ada@acme.example").ID
		w.setActive(ada, false)
		n := len(entries(w))
		_, err := w.signIn("00u9", "stranger@elsewhere.example")
		refusedFor(t, err, provisioning.RefusedDomain)
		if got := len(entries(w)); got != n {
			t.Errorf("a stranger left %d entries", got-n)
		}
		_, err = w.signIn("00u1", "ada@acme.example")
		refusedFor(t, err, provisioning.RefusedBlocked)
		all := entries(w)
		last := all[len(all)-1]
		if len(all) != n+1 || last.Action != "sign_in" || last.Result != "refused" || last.Target != string(ada) || last.Details["reason"] != "blocked" {
			t.Errorf("%d entries, the last %+v", len(all)-n, last)
		}
	})
}

func TestAudit_ASignInNamesThePersonAsActor(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		in := must(w.signIn("00u1", "ada@acme.example"))(t)
		for _, e := range entries(w) {
			if e.Action == "sign_in" {
				if e.Actor.Kind != provisioning.ActorUser || e.Actor.ID != string(in.User.ID) || e.Details["session"] != string(in.Session.ID) || e.Result != "done" {
					t.Errorf("entry %+v", e)
				}
				return
			}
		}
		t.Error("no entry")
	})
}
