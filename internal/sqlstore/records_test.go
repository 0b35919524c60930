package sqlstore

import (
	"testing"

	"drawbridge/provisioning"
)

// A lost key must not break the transaction: the Service looks for the winner
// in it.
func TestRecords_Create_SaysWhichKeyWasLostAndLeavesTheTransactionUsable(t *testing.T) {
	withFixture(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		ids := f.addUsers(t, 2)
		f.update(t, func(tx *provisioning.Tx) error {
			if err := tx.Records.Create(ctx, aRecord(ids[0])); err != nil {
				return err
			}
			if err := tx.Records.Create(ctx, aRecord(ids[0])); !provisioning.Taken(err, provisioning.KeyRecord) {
				t.Errorf("a second record: %v, want KeyRecord", err)
			}
			same := aRecord(ids[1])
			same.ExternalID = aRecord(ids[0]).ExternalID
			if err := tx.Records.Create(ctx, same); !provisioning.Taken(err, provisioning.KeyExternalID) {
				t.Errorf("the same externalId: %v, want KeyExternalID", err)
			}
			return tx.Records.Create(ctx, aRecord(ids[1]))
		})
		f.view(t, func(tx *provisioning.Tx) error {
			owner, err := tx.Records.ByExternalID(ctx, wsID, dirID, aRecord(ids[1]).ExternalID)
			if owner != ids[1] {
				t.Errorf("the externalId is of %q, want %q", owner, ids[1])
			}
			return err
		})
	})
}

func TestSubjects_Claim_ReturnsWhoseTheSubjectIs(t *testing.T) {
	withFixture(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		ids := f.addUsers(t, 2)
		for _, claimant := range []provisioning.UserID{ids[0], ids[1], ids[0]} {
			f.update(t, func(tx *provisioning.Tx) error {
				owner, err := tx.Subjects.Claim(ctx, wsID, oktaID, "00u1", claimant)
				if owner != ids[0] {
					t.Errorf("%s claims: it is of %q, want %q", claimant, owner, ids[0])
				}
				return err
			})
		}
		f.update(t, func(tx *provisioning.Tx) error { return tx.Subjects.ReleaseAll(ctx, wsID, ids[0]) })
		f.update(t, func(tx *provisioning.Tx) error {
			owner, err := tx.Subjects.Claim(ctx, wsID, oktaID, "00u1", ids[1])
			if owner != ids[1] {
				t.Errorf("after the release it is of %q, want %q", owner, ids[1])
			}
			return err
		})
	})
}
