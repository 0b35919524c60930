package storetest

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"

	"drawbridge/provisioning"
)

// parallel runs fn n times at once, all let go together, and returns their
// errors once all are done.
func parallel(n int, fn func(i int) error) []error {
	var ready, done sync.WaitGroup
	start, errs := make(chan struct{}), make([]error, n)
	ready.Add(n)
	for i := range n {
		done.Go(func() {
			ready.Done()
			<-start
			errs[i] = fn(i)
		})
	}
	ready.Wait()
	close(start)
	done.Wait()
	return errs
}

// oneWins fails unless exactly one of the errors is nil and every other one
// says that the key was taken.
func oneWins(w *world, errs []error, key provisioning.UniqueKey) {
	w.t.Helper()
	winners := 0
	for _, err := range errs {
		if err == nil {
			winners++
			continue
		}
		wantTaken(w.t, err, key)
	}
	equal(w.t, "winners", winners, 1)
}

var parallelSentences = []sentence{
	{"creates of one userName: exactly one wins", parallelUserName},
	{"a create of a userName that is about to be taken waits for the outcome", parallelUserNameWaits},
	{"adders of different members to one group: all are there, the version counts them", parallelAdders},
	{"add and remove of one member: what they report adds up", parallelAddRemove},
	{"read-modify-writes of a locked user: none is lost", parallelCounter},
	{"Subjects.Claim at once gives one owner to all", parallelClaim},
	{"Subjects.Claim waits for the transaction that is about to claim", parallelClaimWaits},
	{"Identities.Create of one subject at once: one wins", parallelIdentity},
	{"Identities.Create for one user at once: one wins", parallelIdentityOfUser},
	{"Records.Create of one externalId at once: one wins", parallelExternalID},
	{"Groups.Create of one name at once: one wins", parallelGroupName},
	{"Invitations.Accept at once: one does", parallelAccept},
	{"SignIns.Take at once: one gets it", parallelTake},
	{"Jobs.Lease at once: one does", parallelLease},
	{"Grants.Add of the same at once: stored once", parallelGrants},
}

func parallelUserName(w *world) {
	oneWins(w, parallel(8, func(i int) error {
		name := "Ana"
		if i%2 == 1 {
			name = "aNA"
		}
		return w.createUser(w.draftUser(name))
	}), provisioning.KeyUserName)
	equal(w.t, "users", len(w.listUsers(provisioning.UserQuery{Key: "ana"})), 1)
}

// beside runs first in an Update, and second in another that is let go before
// the first ends: where two writers can be at work at once the first goes on
// only when the second is inside.
func beside(w *world, first, second step, end error) (firstErr, secondErr error) {
	w.t.Helper()
	both := w.concurrentWriters()
	inside, result := make(chan struct{}), make(chan error, 1)
	var entered, started sync.Once
	firstErr = w.try(func(ctx context.Context, tx *provisioning.Tx) error {
		if err := first(ctx, tx); err != nil {
			return err
		}
		started.Do(func() {
			go func() {
				result <- w.try(func(ctx context.Context, tx *provisioning.Tx) error {
					entered.Do(func() { close(inside) })
					return second(ctx, tx)
				})
			}()
		})
		if both {
			<-inside
		}
		return end
	})
	return firstErr, <-result
}

func parallelUserNameWaits(w *world) {
	create := func(name string) step {
		u := w.draftUser(name)
		return func(ctx context.Context, tx *provisioning.Tx) error { return tx.Users.Create(ctx, u) }
	}
	first, second := beside(w, create("kept"), create("KEPT"), nil)
	wantOK(w.t, first)
	wantTaken(w.t, second, provisioning.KeyUserName)
	first, second = beside(w, create("given up"), create("GIVEN UP"), errRollback)
	equal(w.t, "first", first, errRollback)
	wantOK(w.t, second)
}

// bump adds to a group that the transaction has locked.
func bump(ctx context.Context, tx *provisioning.Tx, g provisioning.Group) error {
	g.Version++
	return tx.Groups.Update(ctx, g)
}

func parallelAdders(w *world) {
	g := w.group("g")
	us := userIDs(w.users(10)...)
	errs := parallel(len(us), func(i int) error {
		return w.try(func(ctx context.Context, tx *provisioning.Tx) error {
			locked, err := tx.Groups.Lock(ctx, w.workspace.ID, g.ID)
			if err != nil {
				return err
			}
			added, err := tx.Members.Add(ctx, w.workspace.ID, g.ID, us[i:i+1], at(1))
			if err != nil || len(added) != 1 {
				return errors.Join(err, fmt.Errorf("added %v", added))
			}
			return bump(ctx, tx, locked)
		})
	})
	for _, err := range errs {
		wantOK(w.t, err)
	}
	equal(w.t, "members", w.membersOf(g, "", 99), us)
	got, err := w.getGroup(g.ID)
	wantOK(w.t, err)
	equal(w.t, "version", got.Version, g.Version+10)
}

func parallelAddRemove(w *world) {
	g := w.group("g")
	one := userIDs(w.user("ana"))
	var balance atomic.Int64
	errs := parallel(8, func(i int) error {
		for range 5 {
			var change int64
			err := w.try(func(ctx context.Context, tx *provisioning.Tx) error {
				if i%2 == 0 {
					added, err := tx.Members.Add(ctx, w.workspace.ID, g.ID, one, at(1))
					change = int64(len(added))
					return err
				}
				removed, err := tx.Members.Remove(ctx, w.workspace.ID, g.ID, one)
				change = -int64(len(removed))
				return err
			})
			if err != nil {
				return err
			}
			balance.Add(change)
		}
		return nil
	})
	wantOK(w.t, errors.Join(errs...))
	equal(w.t, "members", int64(len(w.membersOf(g, "", 9))), balance.Load())
}

func parallelCounter(w *world) {
	u := w.user("ana")
	errs := parallel(10, func(int) error {
		for range 10 {
			err := w.try(func(ctx context.Context, tx *provisioning.Tx) error {
				if err := tx.Users.Lock(ctx, w.workspace.ID, userIDs(u)); err != nil {
					return err
				}
				got, err := tx.Users.Get(ctx, w.workspace.ID, u.ID)
				if err != nil {
					return err
				}
				got.Version++
				return tx.Users.Update(ctx, got)
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	wantOK(w.t, errors.Join(errs...))
	equal(w.t, "version", w.mustGetUser(u.ID).Version, u.Version+100)
}

func parallelClaim(w *world) {
	us := w.users(10)
	owners := make([]provisioning.UserID, len(us))
	errs := parallel(len(us), func(i int) error {
		return w.try(func(ctx context.Context, tx *provisioning.Tx) (err error) {
			owners[i], err = tx.Subjects.Claim(ctx, w.workspace.ID, w.connection.ID, "00u1", us[i].ID)
			return err
		})
	})
	wantOK(w.t, errors.Join(errs...))
	owner, err := w.subjectOf(w.connection, "00u1")
	wantOK(w.t, err)
	for _, got := range owners {
		equal(w.t, "owner", got, owner)
	}
}

func parallelClaimWaits(w *world) {
	ana, bob := w.user("ana"), w.user("bob")
	var owner provisioning.UserID
	claim := func(subject string, u provisioning.User) step {
		return func(ctx context.Context, tx *provisioning.Tx) error {
			got, err := tx.Subjects.Claim(ctx, w.workspace.ID, w.connection.ID, subject, u.ID)
			if u.ID == bob.ID {
				owner = got
			}
			return err
		}
	}
	first, second := beside(w, claim("kept", ana), claim("kept", bob), nil)
	wantOK(w.t, errors.Join(first, second))
	equal(w.t, "owner when the first commits", owner, ana.ID)
	first, second = beside(w, claim("given up", ana), claim("given up", bob), errRollback)
	equal(w.t, "first", first, errRollback)
	wantOK(w.t, second)
	equal(w.t, "owner when the first rolls back", owner, bob.ID)
}

func parallelIdentity(w *world) {
	us := w.users(6)
	oneWins(w, parallel(len(us), func(i int) error {
		return w.createIdentity(w.draftIdentity(us[i], "00u1"))
	}), provisioning.KeyIdentity)
}

func parallelIdentityOfUser(w *world) {
	u := w.user("ana")
	oneWins(w, parallel(6, func(i int) error {
		return w.createIdentity(w.draftIdentity(u, strconv.Itoa(i)))
	}), provisioning.KeyIdentity)
	equal(w.t, "identities", len(w.identitiesOf(u)), 1)
}

func parallelExternalID(w *world) {
	us := w.users(6)
	oneWins(w, parallel(len(us), func(i int) error {
		return w.createRecord(w.draftRecord(us[i], "00u1"))
	}), provisioning.KeyExternalID)
}

func parallelGroupName(w *world) {
	oneWins(w, parallel(6, func(int) error { return w.createGroup(w.draftGroup("Analysts")) }), provisioning.KeyGroupName)
}

// oneTrue runs fn ten times at once and fails unless exactly one says true.
func oneTrue(w *world, fn func(i int, ctx context.Context, tx *provisioning.Tx) (bool, error)) {
	w.t.Helper()
	yes := make([]bool, 10)
	errs := parallel(len(yes), func(i int) error {
		return w.try(func(ctx context.Context, tx *provisioning.Tx) (err error) {
			yes[i], err = fn(i, ctx, tx)
			return err
		})
	})
	wantOK(w.t, errors.Join(errs...))
	count := 0
	for _, y := range yes {
		if y {
			count++
		}
	}
	equal(w.t, "number that did", count, 1)
}

func parallelAccept(w *world) {
	i := w.invitation(w.user("ana"))
	oneTrue(w, func(_ int, ctx context.Context, tx *provisioning.Tx) (bool, error) {
		return tx.Invitations.Accept(ctx, w.workspace.ID, i.ID, at(1))
	})
}

func parallelTake(w *world) {
	s := w.signIn(ids.New(), 5)
	oneTrue(w, func(_ int, ctx context.Context, tx *provisioning.Tx) (bool, error) {
		_, err := tx.SignIns.Take(ctx, s.ID)
		if errors.Is(err, provisioning.ErrNotFound) {
			return false, nil
		}
		return err == nil, err
	})
}

func parallelLease(w *world) {
	job := ids.New()
	for round := range 2 { // the first lease, and the one after it ran out
		oneTrue(w, func(i int, ctx context.Context, tx *provisioning.Tx) (bool, error) {
			return tx.Jobs.Lease(ctx, job, fmt.Sprint(round, "-", i), at(round*100), at(round*100+10))
		})
	}
}

func parallelGrants(w *world) {
	u := w.user("ana")
	oneTrue(w, func(_ int, ctx context.Context, tx *provisioning.Tx) (bool, error) {
		stored, err := tx.Grants.Add(ctx, []provisioning.Grant{w.draftGrant(u, w.paris, w.guest)})
		return len(stored) == 1, err
	})
	equal(w.t, "grants", len(w.grantsOf(u)), 1)
}
