package sqlstore

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"drawbridge/provisioning"
)

// aTeam is a group of the directory.
func aTeam(id provisioning.GroupID) provisioning.Group {
	return provisioning.Group{
		Workspace: wsID, ID: id, Directory: dirID, DisplayName: "Team " + string(id), Version: 1, CreatedAt: noon, UpdatedAt: noon,
	}
}

// Rule 22: what a set costs is one statement, however large it is.
func TestRule22_SetsCostOneStatement(t *testing.T) {
	const many = 10_000
	withFixture(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		ids := f.addUsers(t, many)
		f.update(t, func(tx *provisioning.Tx) error { return tx.Groups.Create(ctx, aTeam("team")) })
		grants, memberships, marks := reasonsOf(ids)
		grantIDs := make([]provisioning.GrantID, many)
		membershipIDs := make([]provisioning.MembershipID, many)
		for i := range ids {
			grantIDs[i], membershipIDs[i] = grants[i].ID, memberships[i].ID
		}
		members := func(got []provisioning.UserID, err error) (int, error) { return len(got), err }
		steps := []struct {
			name string
			want int
			do   func(tx *provisioning.Tx) (int, error)
		}{
			{"Lock", 0, func(tx *provisioning.Tx) (int, error) { return 0, tx.Users.Lock(ctx, wsID, ids) }},
			{"Add", many, func(tx *provisioning.Tx) (int, error) { return members(tx.Members.Add(ctx, wsID, "team", ids, noon)) }},
			{"Add again", 0, func(tx *provisioning.Tx) (int, error) { return members(tx.Members.Add(ctx, wsID, "team", ids, noon)) }},
			{"Known", many, func(tx *provisioning.Tx) (int, error) {
				current, former, err := tx.Members.Known(ctx, wsID, dirID, ids)
				return many - len(current) - len(former), err
			}},
			{"Of", many, func(tx *provisioning.Tx) (int, error) {
				got, err := tx.Members.Of(ctx, wsID, []provisioning.GroupID{"team"})
				return len(got), err
			}},
			{"Grants.Add", many, func(tx *provisioning.Tx) (int, error) {
				got, err := tx.Grants.Add(ctx, grants)
				return len(got), err
			}},
			{"Hold", 0, func(tx *provisioning.Tx) (int, error) { return 0, tx.Grants.Hold(ctx, wsID, grantIDs, "why") }},
			{"Start", 0, func(tx *provisioning.Tx) (int, error) { return 0, tx.Access.Start(ctx, memberships) }},
			{"SetAside", 0, func(tx *provisioning.Tx) (int, error) { return 0, tx.Access.SetAside(ctx, wsID, marks, noon) }},
			{"State", 4 * many, func(tx *provisioning.Tx) (int, error) {
				s, err := tx.Access.State(ctx, wsID, ids)
				return len(s.Grants) + len(s.Members) + len(s.SetAside) + len(s.Current), err
			}},
			{"End", 0, func(tx *provisioning.Tx) (int, error) { return 0, tx.Access.End(ctx, wsID, membershipIDs, noon) }},
			{"Grants.Delete", 0, func(tx *provisioning.Tx) (int, error) { return 0, tx.Grants.Delete(ctx, wsID, grantIDs) }},
			{"Remove", many / 2, func(tx *provisioning.Tx) (int, error) {
				return members(tx.Members.Remove(ctx, wsID, "team", ids[many/2:]))
			}},
			{"Keep", many/2 - 1, func(tx *provisioning.Tx) (int, error) { return members(tx.Members.Keep(ctx, wsID, "team", ids[:1])) }},
			{"State after", 1 + many, func(tx *provisioning.Tx) (int, error) {
				s, err := tx.Access.State(ctx, wsID, ids)
				return len(s.Grants) + len(s.Members) + len(s.SetAside) + len(s.Current), err
			}},
		}
		for _, step := range steps {
			f.update(t, func(tx *provisioning.Tx) error {
				before, start := f.store.Statements(), time.Now()
				got, err := step.do(tx)
				if n := f.store.Statements() - before; n != 1 || got != step.want {
					t.Errorf("%s: %d rows in %d round trips, want %d in 1", step.name, got, n, step.want)
				}
				t.Logf("%s: %d rows took %s", step.name, got, time.Since(start).Round(time.Millisecond))
				return err
			})
		}
	})
}

func reasonsOf(ids []provisioning.UserID) (grants []provisioning.Grant, memberships []provisioning.Membership, marks []provisioning.SetAside) {
	for i, id := range ids {
		g := provisioning.Grant{
			Workspace: wsID, ID: provisioning.GrantID(fmt.Sprintf("g%06d", i)), User: id, Community: parisID, Role: guestID,
			Source: provisioning.SourceAdministrator, CreatedAt: noon,
		}
		grants = append(grants, g)
		memberships = append(memberships, provisioning.Membership{
			Workspace: wsID, ID: provisioning.MembershipID(fmt.Sprintf("m%06d", i)), StartedAt: noon,
			Reason: provisioning.Reason{User: id, Community: parisID, Role: guestID, Source: g.Source, SourceID: string(g.ID)},
		})
		marks = append(marks, provisioning.SetAside{User: id, Community: parisID})
	}
	return grants, memberships, marks
}

func TestGrants_Add_OfThoseThatRepeatOneAnotherStoresTheFirst(t *testing.T) {
	withFixture(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		user := f.addUsers(t, 1)[0]
		var repeats []provisioning.Grant
		for i := range 12 { // more than ten: "10" sorts before "2" as text
			repeats = append(repeats, provisioning.Grant{
				Workspace: wsID, ID: provisioning.GrantID(fmt.Sprintf("g%02d", 99-i)), User: user, Community: parisID, Role: guestID,
				Source: provisioning.SourceDirectory, SourceID: "dir", Held: true, HeldReason: "because", CreatedAt: noon,
			})
		}
		other := repeats[0]
		other.ID, other.Community = "other", rootID
		repeats = append(repeats, other)
		var stored []provisioning.Grant
		f.update(t, func(tx *provisioning.Tx) (err error) {
			stored, err = tx.Grants.Add(ctx, repeats)
			return err
		})
		want := []provisioning.Grant{repeats[0], other}
		if !slices.Equal(stored, want) {
			t.Errorf("stored %+v, want %+v", stored, want)
		}
		f.view(t, func(tx *provisioning.Tx) error {
			got, err := tx.Grants.OfUser(ctx, wsID, user)
			if !slices.Equal(got, want) {
				t.Errorf("got %+v, want %+v", got, want)
			}
			return err
		})
	})
}
