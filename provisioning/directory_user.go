package provisioning

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"unicode"
)

// FindDirectoryUsers returns the users that the directory sees, by id, and how
// many there are. With a filter it also sees whom it may adopt (rule 15). limit
// 0 asks for the number alone.
func (s *Service) FindDirectoryUsers(ctx context.Context, a DirectoryAccess, f Filter, offset, limit int) (found []DirectoryUser, total int, err error) {
	q := RecordQuery{
		Directory: a.Directory.ID, Connection: a.Directory.Connection,
		Filter: f, Adoptable: f != nil, Offset: offset, Limit: limit,
	}
	err = s.store.View(ctx, func(tx *Tx) error {
		found, total, err = tx.Records.List(ctx, a.Directory.Workspace, q)
		return err
	})
	return found, total, err
}

func withGroups(ctx context.Context, tx *Tx, ws WorkspaceID, users []User) ([]DirectoryUser, error) {
	if len(users) == 0 {
		return nil, nil
	}
	ids := make([]UserID, len(users))
	for i, u := range users {
		ids[i] = u.ID
	}
	members, err := tx.Members.GroupsOf(ctx, ws, ids)
	if err != nil {
		return nil, err
	}
	groups := make(map[UserID][]GroupRef)
	for _, m := range members {
		groups[m.User] = append(groups[m.User], GroupRef{m.Group, m.Display})
	}
	found := make([]DirectoryUser, len(users))
	for i, u := range users {
		found[i] = DirectoryUser{User: u, Groups: groups[u.ID]}
	}
	return found, nil
}

// GetDirectoryUser returns one user that the directory sees: its own, or one
// that it may adopt. ErrNotFound.
func (s *Service) GetDirectoryUser(ctx context.Context, a DirectoryAccess, id string) (DirectoryUser, error) {
	if !ValidID(id) {
		return DirectoryUser{}, notFound("user")
	}
	byID := Comparison{Attribute: AttrID, Operator: Equal, Value: Value{Text: &id}}
	found, _, err := s.FindDirectoryUsers(ctx, a, byID, 0, 1)
	if err != nil {
		return DirectoryUser{}, err
	}
	if len(found) == 0 {
		return DirectoryUser{}, notFound("user")
	}
	return found[0], nil
}

// CreateDirectoryUser is a directory's POST about a user. It creates, adopts
// (rule 15) or revives (rule 16); the id says whom. What may not be adopted,
// and a userName or externalId that another has, is ErrConflict with a Detail
// that says what to do.
func (s *Service) CreateDirectoryUser(ctx context.Context, a DirectoryAccess, n RecordWrite) (u DirectoryUser, err error) {
	if err := checkRecord(n); err != nil {
		return u, err
	}
	o := changeOptions{action: "directory.user_create", onLoss: lossWarned}
	err = s.directoryChange(ctx, a, o, func(ctx context.Context, w *work, d Directory) error {
		u, err = w.createDirectoryUser(ctx, d, n)
		return err
	})
	return u, err
}

func (w *work) createDirectoryUser(ctx context.Context, d Directory, n RecordWrite) (DirectoryUser, error) {
	known, err := w.findByExternalID(ctx, d, textOf(n.ExternalID))
	if err != nil {
		return DirectoryUser{}, err
	}
	if known != "" {
		return w.revive(ctx, d, known, n)
	}
	candidate, err := w.adoptionCandidate(ctx, d, n)
	if err != nil {
		return DirectoryUser{}, err
	}
	if candidate != "" {
		return w.adopt(ctx, d, candidate, n)
	}
	if err := w.notRetired(ctx, d, textOf(n.ExternalID)); err != nil {
		return DirectoryUser{}, err
	}
	u := User{
		Workspace: w.ws, ID: UserID(w.s.ids.New()), Origin: OriginDirectory, Directory: d.ID,
		Version: 1, CreatedAt: w.Now(), UpdatedAt: w.Now(),
	}
	describe(&u, n.Profile)
	if err := w.Users.Create(ctx, u); err != nil {
		if Taken(err, KeyUserName) {
			return DirectoryUser{}, errAgain
		}
		return DirectoryUser{}, err
	}
	w.userCreated(u)
	as, err := w.recordedAs(ctx, d, textOf(n.ExternalID), n.Profile)
	if err != nil {
		return DirectoryUser{}, err
	}
	if err := w.liftTombstones(ctx, as); err != nil {
		return DirectoryUser{}, err
	}
	return w.giveRecord(ctx, d, u, n)
}

// recordedAs is what a record makes a person known by: itself, the names, and
// the subject by which the paired connection will know them. A SCIM create
// lifts just those tombstones that the removal of the record left.
func (w *work) recordedAs(ctx context.Context, d Directory, externalID string, p Profile) (knownAs, error) {
	k := knownAs{directory: d.ID, externalID: externalID, userName: p.UserName, email: p.PrimaryEmail()}
	if d.Connection == "" || externalID == "" {
		return k, nil
	}
	c, err := w.Connections.Find(ctx, d.Connection)
	k.issuer, k.subject = c.Issuer, externalID
	return k, err
}

func (w *work) findByExternalID(ctx context.Context, d Directory, externalID string) (UserID, error) {
	if externalID == "" {
		return "", nil
	}
	u, err := w.Records.ByExternalID(ctx, w.ws, d.ID, externalID)
	if errors.Is(err, ErrNotFound) {
		return "", nil
	}
	return u, err
}

// revive is a POST with the externalId of a user that the directory has: an
// inactive one is revived under the same id (rule 16).
func (w *work) revive(ctx context.Context, d Directory, id UserID, n RecordWrite) (DirectoryUser, error) {
	u, err := w.lockedRecorded(ctx, id)
	if err != nil {
		return DirectoryUser{}, err
	}
	if u.Record == nil || u.Record.Directory != d.ID || u.Record.ExternalID != textOf(n.ExternalID) {
		return DirectoryUser{}, errAgain
	}
	if u.Record.Active {
		return DirectoryUser{}, conflict("external_id_taken", "The directory has an active user with this externalId: %s. Update that one.", u.ID)
	}
	if n.Active == nil {
		active := true
		n.Active = &active
	}
	return w.changeRecord(ctx, d, u, n)
}

// giveRecord makes the directory the owner of the user's record.
func (w *work) giveRecord(ctx context.Context, d Directory, u User, n RecordWrite) (DirectoryUser, error) {
	r := DirectoryRecord{
		Workspace: w.ws, User: u.ID, Directory: d.ID, ExternalID: textOf(n.ExternalID),
		Active: n.Active == nil || *n.Active, Profile: n.Profile, CreatedAt: w.Now(), UpdatedAt: w.Now(),
	}
	if !r.Active {
		r.InactiveAt = w.Now()
	}
	if err := w.Records.Create(ctx, r); err != nil {
		if Taken(err, KeyExternalID) || Taken(err, KeyRecord) {
			return DirectoryUser{}, errAgain
		}
		return DirectoryUser{}, err
	}
	if err := w.claimSubject(ctx, d, u.ID, r.ExternalID); err != nil {
		return DirectoryUser{}, err
	}
	u.Directory, u.Record = d.ID, &r
	// A directory that was deleted may have left its block: it is this one's now.
	put := w.unblock
	if !r.Active {
		put = w.block
	}
	if err := put(ctx, u, BlockDirectory); err != nil {
		return DirectoryUser{}, err
	}
	return w.asDirectoryUser(ctx, u)
}

// claimSubject meets the other door: whoever signs in with this subject is
// this user from now on.
func (w *work) claimSubject(ctx context.Context, d Directory, u UserID, externalID string) error {
	if d.Connection == "" || externalID == "" {
		return nil
	}
	owner, err := w.Subjects.Claim(ctx, w.ws, d.Connection, externalID, u)
	if err == nil && owner != u {
		return errAgain
	}
	return err
}

func (w *work) asDirectoryUser(ctx context.Context, u User) (DirectoryUser, error) {
	found, err := withGroups(ctx, w.Tx, w.ws, []User{u})
	if err != nil {
		return DirectoryUser{}, err
	}
	return found[0], nil
}

// ChangeDirectoryUser is a directory's PUT or PATCH by id. change gets the
// present state, whole, and returns the next; it is pure and may run more than
// once. About a user without a record it adopts, or is ErrConflict.
func (s *Service) ChangeDirectoryUser(ctx context.Context, a DirectoryAccess, id string, change func(RecordWrite) (RecordWrite, error)) (u DirectoryUser, err error) {
	if !ValidID(id) {
		return u, notFound("user")
	}
	o := changeOptions{action: "directory.user_change", target: id, onLoss: lossWarned}
	err = s.directoryChange(ctx, a, o, func(ctx context.Context, w *work, d Directory) error {
		u, err = w.changeDirectoryUser(ctx, d, UserID(id), change)
		return err
	})
	return u, err
}

func (w *work) changeDirectoryUser(ctx context.Context, d Directory, id UserID, change func(RecordWrite) (RecordWrite, error)) (DirectoryUser, error) {
	u, err := w.lockedRecorded(ctx, id)
	if err != nil {
		return DirectoryUser{}, err
	}
	if u.Record != nil && u.Record.Directory != d.ID {
		return DirectoryUser{}, notFound("user")
	}
	if u.Record == nil {
		if err := w.sees(ctx, d, id); err != nil {
			return DirectoryUser{}, err
		}
	}
	next, err := change(presentState(u))
	if err != nil {
		return DirectoryUser{}, err
	}
	if err := checkRecord(next); err != nil {
		return DirectoryUser{}, err
	}
	if u.Record == nil {
		return w.adoptByID(ctx, d, u, next)
	}
	return w.changeRecord(ctx, d, u, next)
}

// sees refuses, as if there were none, a user that the directory may not adopt.
func (w *work) sees(ctx context.Context, d Directory, id UserID) error {
	text := string(id)
	_, total, err := w.Records.List(ctx, w.ws, RecordQuery{
		Directory: d.ID, Connection: d.Connection, Adoptable: true,
		Filter: Comparison{Attribute: AttrID, Operator: Equal, Value: Value{Text: &text}},
	})
	if err == nil && total == 0 {
		return notFound("user")
	}
	return err
}

func presentState(u User) RecordWrite {
	seen := DirectoryUser{User: u}
	active := seen.Active()
	external := ""
	if u.Record != nil {
		external = u.Record.ExternalID
	}
	return RecordWrite{ExternalID: &external, Active: &active, Profile: seen.Profile().clone()}
}

// clone keeps a change that works in place away from what was read.
func (p Profile) clone() Profile {
	var copied Profile
	text, err := json.Marshal(p)
	if err == nil {
		d := json.NewDecoder(bytes.NewReader(text))
		d.UseNumber()
		err = d.Decode(&copied)
	}
	if err != nil {
		panic("provisioning: a profile is not JSON: " + err.Error())
	}
	return copied
}

func (p Profile) equal(q Profile) bool {
	a, errA := json.Marshal(p)
	b, errB := json.Marshal(q)
	return errA == nil && errB == nil && bytes.Equal(a, b)
}

// changeRecord applies a whole new state to a record. What is the same leaves
// no trace.
func (w *work) changeRecord(ctx context.Context, d Directory, u User, n RecordWrite) (DirectoryUser, error) {
	r := *u.Record
	if n.Active != nil {
		r.Active = *n.Active
	}
	if n.ExternalID != nil {
		r.ExternalID = *n.ExternalID
	}
	r.Profile = n.Profile
	if err := w.changeExternalID(ctx, d, &u, r.ExternalID); err != nil {
		return DirectoryUser{}, err
	}
	same := r.Active == u.Record.Active && r.ExternalID == u.Record.ExternalID && r.Profile.equal(u.Record.Profile)
	if same {
		return w.asDirectoryUser(ctx, u)
	}
	deactivated, reactivated := !r.Active && u.Record.Active, r.Active && !u.Record.Active
	away := w.Now().Sub(u.Record.InactiveAt)
	if deactivated {
		r.InactiveAt = w.Now()
	} else if r.Active {
		r.InactiveAt = DirectoryRecord{}.InactiveAt
	}
	if err := w.storeRecord(ctx, &u, r); err != nil {
		return DirectoryUser{}, err
	}
	switch {
	case deactivated:
		if err := w.block(ctx, u, BlockDirectory); err != nil {
			return DirectoryUser{}, err
		}
	case reactivated:
		if err := w.returned(ctx, u, away); err != nil {
			return DirectoryUser{}, err
		}
	}
	return w.asDirectoryUser(ctx, u)
}

func (w *work) storeRecord(ctx context.Context, u *User, r DirectoryRecord) error {
	r.UpdatedAt = w.Now()
	if err := w.Records.Update(ctx, r); err != nil {
		if Taken(err, KeyExternalID) {
			return conflict("external_id_taken", "Another user of the directory has this externalId.")
		}
		return err
	}
	describe(u, r.Profile)
	u.Version++
	u.UpdatedAt = w.Now()
	u.Record = &r
	if err := w.Users.Update(ctx, *u); err != nil {
		return userNameTaken(err)
	}
	w.record(note{
		action: "user.change", kind: "user", target: string(u.ID),
		details: map[string]string{"active": yesNo(r.Active)}, words: map[string]string{"user_name": u.UserName, "email": u.Email},
	})
	w.emit(EventUserChanged, string(u.ID), nil)
	return nil
}

func userNameTaken(err error) error {
	if Taken(err, KeyUserName) {
		return conflict("user_name_taken", "Another user of the workspace has this userName.")
	}
	return err
}

// describe copies what the workspace shows of a user out of a profile.
func describe(u *User, p Profile) {
	u.UserName, u.Email = p.UserName, p.PrimaryEmail()
	u.DisplayName, u.GivenName, u.FamilyName, u.Locale = p.DisplayName, p.GivenName, p.FamilyName, p.Locale
	if u.DisplayName == "" {
		u.DisplayName = strings.TrimSpace(p.GivenName + " " + p.FamilyName)
	}
}

// DeleteDirectoryUser is a directory's DELETE: the user is removed whole
// (rules 7 and 10).
func (s *Service) DeleteDirectoryUser(ctx context.Context, a DirectoryAccess, id string) error {
	if !ValidID(id) {
		return notFound("user")
	}
	o := changeOptions{action: "directory.user_delete", target: id, onLoss: lossWarned}
	return s.directoryChange(ctx, a, o, func(ctx context.Context, w *work, d Directory) error {
		u, err := w.lockedWithGroups(ctx, UserID(id))
		if err != nil {
			return err
		}
		if u.Record == nil || u.Record.Directory != d.ID {
			return notFound("user")
		}
		return w.remove(ctx, u)
	})
}

// AttributesDropped notes that a client sent attributes that the bridge does
// not know (rule 21): once a process for the same names, since a client sends
// them with every push. names are attribute names, never values.
func (s *Service) AttributesDropped(ctx context.Context, a DirectoryAccess, resource string, names []string) {
	if !s.told.first(string(a.Directory.ID) + " " + strings.Join(names, " ")) {
		return
	}
	err := s.store.Update(ctx, func(tx *Tx) error {
		return tx.Events.Append(ctx, []Event{{
			Workspace: a.Directory.Workspace, ID: EventID(s.ids.New()), Type: EventAttributesLost,
			Subject: resource, CreatedAt: tx.Now(),
			Data: map[string]string{"directory": string(a.Directory.ID), "attributes": strings.Join(names, " ")},
		}})
	})
	if err != nil {
		s.log.ErrorContext(ctx, "dropped attributes could not be noted", "directory_id", a.Directory.ID, "error", err)
	}
}

func textOf(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// Limits of what a directory may say of a user, in bytes.
const (
	maxUserName   = 320
	maxExternalID = 255
	maxName       = 1000
	maxEmails     = 50
	maxAttributes = 64 << 10
)

func checkRecord(n RecordWrite) error {
	p := n.Profile
	if strings.TrimSpace(p.UserName) == "" {
		return invalid("user_name", "A user needs a userName.")
	}
	for _, f := range []struct {
		name, value string
		limit       int
	}{
		{"userName", p.UserName, maxUserName},
		{"externalId", textOf(n.ExternalID), maxExternalID},
		{"displayName", p.DisplayName, maxName},
		{"name.givenName", p.GivenName, maxName},
		{"name.familyName", p.FamilyName, maxName},
		{"name.formatted", p.FormattedName, maxName},
		{"locale", p.Locale, maxName},
	} {
		if err := checkText(f.name, f.value, f.limit); err != nil {
			return err
		}
	}
	return checkRecordParts(p)
}

func checkRecordParts(p Profile) error {
	if len(p.Emails) > maxEmails {
		return invalid("emails", "A user has at most %d e-mail addresses.", maxEmails)
	}
	for _, e := range p.Emails {
		for _, text := range []string{e.Value, e.Type, e.Display} {
			if err := checkText("emails", text, maxUserName); err != nil {
				return err
			}
		}
		if strings.ContainsFunc(e.Value, unicode.IsControl) {
			return invalid("emails", "An e-mail address contains a control character.")
		}
	}
	text, err := json.Marshal(p.Attributes)
	if err != nil {
		return invalid("attributes", "The attributes are not JSON.")
	}
	if bytes.Contains(text, []byte(`\u0000`)) {
		return invalid("nul_character", "An attribute contains a NUL character.")
	}
	if len(text) > maxAttributes {
		return invalid("too_long", "The attributes of a user have at most %d bytes.", maxAttributes)
	}
	return nil
}
