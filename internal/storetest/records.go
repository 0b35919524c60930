package storetest

import (
	"context"
	"encoding/json"

	"drawbridge/provisioning"
)

var recordSentences = []sentence{
	{"Create adds the record and sets the user's Directory", recordCreate},
	{"Create keeps attributes as they were pushed", recordAttributes},
	{"Create: KeyExternalID is taken if another record of the directory has that externalId", recordExternalID},
	{"an externalId is unique byte for byte, in its directory, and may be absent", recordExternalIDFree},
	{"Create: KeyRecord is taken if the user has a record", recordTaken},
	{"Update replaces what the record says", recordUpdate},
	{"Update: ErrNotFound; KeyExternalID", recordUpdateErrors},
	{"Delete removes the record of the user, if any", recordDelete},
	{"ByExternalID returns the user whose record has that externalId, byte for byte", recordByExternalID},
	{"OfDirectory returns the ids of users with a record of the directory, in order, after the given one, at most limit", recordOfDirectory},
}

func (w *world) createRecord(r provisioning.DirectoryRecord) error {
	return w.try(func(ctx context.Context, tx *provisioning.Tx) error { return tx.Records.Create(ctx, r) })
}

func (w *world) updateRecord(r provisioning.DirectoryRecord) error {
	return w.try(func(ctx context.Context, tx *provisioning.Tx) error { return tx.Records.Update(ctx, r) })
}

func (w *world) deleteRecord(u provisioning.User) {
	w.t.Helper()
	w.do(func(ctx context.Context, tx *provisioning.Tx) error {
		return tx.Records.Delete(ctx, w.workspace.ID, u.ID)
	})
}

func recordCreate(w *world) {
	u := w.user("ana")
	r := w.draftRecord(u, "00u1")
	r.CreatedAt, r.UpdatedAt = at(60), at(61)
	wantOK(w.t, w.createRecord(r))
	got := w.mustGetUser(u.ID)
	equal(w.t, "record", got.Record, &r)
	equal(w.t, "directory", got.Directory, w.directory.ID)
}

func recordAttributes(w *world) {
	u := w.pushed("ana", func(r *provisioning.DirectoryRecord) {
		r.Profile.Emails = []provisioning.Email{
			{Value: "Ana@Acme.example", Type: "Work", Display: "Ana's", Primary: true}, {Value: "b@acme.example"},
		}
		r.Profile.Attributes = map[string]any{
			"title": "Agent “007”", "big": json.Number("12345678901234567890.10"), "flag": true, "none": nil,
			"phoneNumbers": []any{map[string]any{"value": "+33", "type": "mobile"}},
			"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": map[string]any{"department": "R&D"},
		}
	})
	equal(w.t, "record", w.mustGetUser(u.ID).Record, u.Record)
}

func recordExternalID(w *world) {
	w.record(w.user("ana"), "00u1")
	wantTaken(w.t, w.createRecord(w.draftRecord(w.user("bob"), "00u1")), provisioning.KeyExternalID)
}

func recordExternalIDFree(w *world) {
	w.record(w.user("ana"), "00u1")
	w.record(w.user("bob"), "00U1")
	w.record(w.user("none"), "")
	w.record(w.user("none too"), "")
	second := w.secondDirectory("Second")
	w.record(w.user("eve"), "00u1", func(r *provisioning.DirectoryRecord) { r.Directory = second.ID })
}

func recordTaken(w *world) {
	u := w.pushed("ana")
	wantTaken(w.t, w.createRecord(w.draftRecord(u, "another")), provisioning.KeyRecord)
}

func recordUpdate(w *world) {
	u := w.pushed("ana")
	want := provisioning.DirectoryRecord{
		Workspace: u.Workspace, User: u.ID, Directory: w.directory.ID, ExternalID: "00u2", InactiveAt: at(50),
		Profile: provisioning.Profile{
			UserName: "Anna", DisplayName: "A", GivenName: "B", FamilyName: "C", FormattedName: "D", Locale: "en",
			Emails:     []provisioning.Email{{Value: "x@acme.example", Type: "home"}},
			Attributes: map[string]any{"title": "Chief"},
		},
		CreatedAt: u.Record.CreatedAt, UpdatedAt: at(51),
	}
	wantOK(w.t, w.updateRecord(want))
	equal(w.t, "record", w.mustGetUser(u.ID).Record, &want)
	equal(w.t, "found by the old address", w.find(emailIs("ana")), nil)
	equal(w.t, "found by the new address", w.find(emailIs("X@ACME.example")), []provisioning.UserID{u.ID})

	want.ExternalID, want.Profile = "", provisioning.Profile{UserName: "Anna"}
	wantOK(w.t, w.updateRecord(want))
	equal(w.t, "record", w.mustGetUser(u.ID).Record, &want)
	equal(w.t, "found by the gone address", w.find(emailIs("x@acme.example")), nil)
}

func recordUpdateErrors(w *world) {
	wantKind(w.t, w.updateRecord(w.draftRecord(w.user("nobody"), "00u0")), provisioning.ErrNotFound)
	w.record(w.user("ana"), "00u1")
	bob := w.record(w.user("bob"), "00u2")
	bob.ExternalID = "00u1"
	wantTaken(w.t, w.updateRecord(bob), provisioning.KeyExternalID)
}

func recordDelete(w *world) {
	u, kept := w.pushed("ana"), w.pushed("bob")
	w.deleteRecord(u)
	w.deleteRecord(u)
	got := w.mustGetUser(u.ID)
	equal(w.t, "record", got.Record, nil)
	equal(w.t, "directory that last had a record", got.Directory, w.directory.ID)
	equal(w.t, "found", w.find(nil), []provisioning.UserID{kept.ID})
	w.record(u, "ext-ana")
}

func recordByExternalID(w *world) {
	u := w.user("ana")
	w.record(u, "00u1")
	w.record(w.user("none"), "")
	second := w.secondDirectory("Second")
	find := func(d provisioning.Directory, externalID string) (got provisioning.UserID, err error) {
		err = w.look(func(ctx context.Context, tx *provisioning.Tx) (err error) {
			got, err = tx.Records.ByExternalID(ctx, w.workspace.ID, d.ID, externalID)
			return err
		})
		return got, err
	}
	got, err := find(w.directory, "00u1")
	wantOK(w.t, err)
	equal(w.t, "user", got, u.ID)
	for _, externalID := range []string{"00U1", "00u", "00u1 ", ""} {
		_, err = find(w.directory, externalID)
		wantKind(w.t, err, provisioning.ErrNotFound)
	}
	_, err = find(second, "00u1")
	wantKind(w.t, err, provisioning.ErrNotFound)
}

func recordOfDirectory(w *world) {
	second := w.secondDirectory("Second")
	var want []provisioning.UserID
	for _, name := range []string{"a", "b", "c"} {
		want = append(want, w.pushed(name).ID)
		w.user("bare " + name)
		w.record(w.user("second "+name), name, func(r *provisioning.DirectoryRecord) { r.Directory = second.ID })
	}
	of := func(after provisioning.UserID, limit int) []provisioning.UserID {
		return read(w, func(ctx context.Context, tx *provisioning.Tx) ([]provisioning.UserID, error) {
			return tx.Records.OfDirectory(ctx, w.workspace.ID, w.directory.ID, after, limit)
		})
	}
	equal(w.t, "all", of("", 10), want)
	equal(w.t, "first", of("", 2), want[:2])
	equal(w.t, "rest", of(want[1], 2), want[2:])
}
