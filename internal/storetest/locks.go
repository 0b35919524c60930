package storetest

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"drawbridge/provisioning"
)

// writers says of each Store whether it lets two write at once. It is found out
// once: an engine with a single writer makes everybody wait meanwhile.
var writers sync.Map

func (w *world) concurrentWriters() bool {
	w.t.Helper()
	both, _ := writers.LoadOrStore(w.store, sync.OnceValue(w.probeWriters))
	return both.(func() bool)()
}

// probeWriters finds out whether a second Update starts while one is open. An
// engine with a single writer keeps it waiting.
func (w *world) probeWriters() bool {
	w.t.Helper()
	inside, done := make(chan struct{}), make(chan struct{})
	ctx, cancel := context.WithCancel(w.t.Context())
	var started, entered sync.Once
	var both bool
	w.do(func(context.Context, *provisioning.Tx) error {
		started.Do(func() {
			go func() {
				defer close(done)
				_ = w.store.Update(ctx, func(*provisioning.Tx) error {
					entered.Do(func() { close(inside) })
					return errRollback
				})
			}()
		})
		select {
		case <-inside:
			both = true
		case <-time.After(time.Second):
		}
		return nil
	})
	cancel()
	<-done
	return both
}

var lockSentences = []sentence{
	{"Workspaces.Lock makes others that lock the workspace wait", lockWorkspace},
	{"Directories.Lock waits for those who hold the directory, and they wait for it", lockDirectory},
	{"Directories.Hold: others may hold it too", holdDirectoryTogether},
	{"Users.Lock takes the locks in the order of the ids", lockUsersInOrder},
	{"transactions that lock users in opposite order both finish: fn runs again", lockDeadlock},
	{"a lock keeps nobody from writing what refers to the locked row", lockReferences},
	{"a lock of one row keeps nobody from another", lockOthers},
	{"readers wait for no lock", lockReaders},
}

func lockWorkspace(w *world) {
	const name = "counter"
	errs := parallel(20, func(int) error {
		return w.try(func(ctx context.Context, tx *provisioning.Tx) error {
			if err := tx.Workspaces.Lock(ctx, w.workspace.ID); err != nil {
				return err
			}
			got, err := tx.Workspaces.Get(ctx, w.workspace.ID)
			if err != nil {
				return err
			}
			n, _ := strconv.Atoi(got.Settings[name])
			return tx.Workspaces.SetSettings(ctx, w.workspace.ID, provisioning.Settings{name: strconv.Itoa(n + 1)})
		})
	})
	wantOK(w.t, errors.Join(errs...))
	got, err := w.getWorkspace(w.workspace.ID)
	wantOK(w.t, err)
	equal(w.t, "counter", got.Settings[name], "20")
}

// lockDirectory has writers give users records of a directory that somebody
// ends meanwhile: no record is left to it.
func lockDirectory(w *world) {
	us := w.users(21)
	errs := parallel(len(us), func(i int) error {
		return w.try(func(ctx context.Context, tx *provisioning.Tx) error {
			if i == len(us)/2 {
				return w.endDirectory(ctx, tx)
			}
			d, err := tx.Directories.Hold(ctx, w.directory.ID)
			if err != nil || !d.DeletedAt.IsZero() {
				return err
			}
			return tx.Records.Create(ctx, w.draftRecord(us[i], ids.New()))
		})
	})
	wantOK(w.t, errors.Join(errs...))
	left := read(w, func(ctx context.Context, tx *provisioning.Tx) ([]provisioning.UserID, error) {
		return tx.Records.OfDirectory(ctx, w.workspace.ID, w.directory.ID, "", 100)
	})
	equal(w.t, "records left", len(left), 0)
}

func (w *world) endDirectory(ctx context.Context, tx *provisioning.Tx) error {
	d, err := tx.Directories.Lock(ctx, w.directory.ID)
	if err != nil {
		return err
	}
	users, err := tx.Records.OfDirectory(ctx, w.workspace.ID, d.ID, "", 100)
	if err != nil {
		return err
	}
	for _, u := range users {
		if err := tx.Records.Delete(ctx, w.workspace.ID, u); err != nil {
			return err
		}
	}
	d.DeletedAt = tx.Now()
	return tx.Directories.Update(ctx, d)
}

func holdDirectoryTogether(w *world) {
	hold := func(ctx context.Context, tx *provisioning.Tx) error {
		d, err := tx.Directories.Hold(ctx, w.directory.ID)
		equal(w.t, "directory", d, w.directory)
		return err
	}
	w.hold(hold, func() { w.do(hold) })
}

// lockUsersInOrder would see fn run again if the ids decided in which order
// they are locked.
func lockUsersInOrder(w *world) {
	us := userIDs(w.users(20)...)
	reversed := make([]provisioning.UserID, len(us))
	for i, id := range us {
		reversed[len(us)-1-i] = id
	}
	var runs atomic.Int64
	errs := parallel(8, func(i int) error {
		order := us
		if i%2 == 1 {
			order = reversed
		}
		for range 10 {
			err := w.try(func(ctx context.Context, tx *provisioning.Tx) error {
				runs.Add(1)
				return tx.Users.Lock(ctx, w.workspace.ID, order)
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	wantOK(w.t, errors.Join(errs...))
	equal(w.t, "runs", runs.Load(), 80)
}

// lockDeadlock has two transactions each lock one user and then the other's.
// Where both can be at work, one is chosen to lose and runs again.
func lockDeadlock(w *world) {
	both := w.concurrentWriters()
	us := w.users(2)
	var holding sync.WaitGroup
	holding.Add(2)
	var runs atomic.Int64
	errs := parallel(2, func(i int) error {
		var met sync.Once
		return w.try(func(ctx context.Context, tx *provisioning.Tx) error {
			runs.Add(1)
			if err := w.visit(ctx, tx, us[i]); err != nil {
				return err
			}
			met.Do(func() {
				holding.Done()
				if both {
					holding.Wait()
				}
			})
			return w.visit(ctx, tx, us[1-i])
		})
	})
	wantOK(w.t, errors.Join(errs...))
	for _, u := range us {
		equal(w.t, "version", w.mustGetUser(u.ID).Version, u.Version+2)
	}
	if both && runs.Load() < 3 {
		w.t.Fatalf("fn ran %d times; a deadlock makes one of the two run again", runs.Load())
	}
}

// visit locks the user and counts.
func (w *world) visit(ctx context.Context, tx *provisioning.Tx, u provisioning.User) error {
	if err := tx.Users.Lock(ctx, w.workspace.ID, userIDs(u)); err != nil {
		return err
	}
	got, err := tx.Users.Get(ctx, w.workspace.ID, u.ID)
	if err != nil {
		return err
	}
	got.Version++
	return tx.Users.Update(ctx, got)
}

// hold runs fn while another transaction holds what lock locks. With a single
// writer nobody else writes meanwhile, so that fn runs afterwards.
func (w *world) hold(lock step, fn func()) {
	w.t.Helper()
	both := w.concurrentWriters()
	w.do(func(ctx context.Context, tx *provisioning.Tx) error {
		if err := lock(ctx, tx); err != nil {
			return err
		}
		if both {
			fn()
		}
		return nil
	})
	if !both {
		fn()
	}
}

func (w *world) lockAll(g provisioning.Group, u provisioning.User) step {
	return func(ctx context.Context, tx *provisioning.Tx) error {
		if err := tx.Workspaces.Lock(ctx, w.workspace.ID); err != nil {
			return err
		}
		if _, err := tx.Groups.Lock(ctx, w.workspace.ID, g.ID); err != nil {
			return err
		}
		return tx.Users.Lock(ctx, w.workspace.ID, userIDs(u))
	}
}

func lockReferences(w *world) {
	g, u := w.group("g"), w.user("ana")
	w.hold(w.lockAll(g, u), func() {
		w.addMembers(g, u)
		w.mapping(g, w.paris, w.analyst)
		w.grant(u, w.paris, w.guest)
		w.membership(u, w.paris, w.guest)
		w.session(u)
		w.block(u, provisioning.BlockSignal)
		w.append(w.draftEntry("a"))
		w.appendEvents(w.draftEvent("a"))
		w.user("bob")
		w.group("h")
	})
}

func lockOthers(w *world) {
	g, h, u, v, other := w.group("g"), w.group("h"), w.user("ana"), w.user("bob"), w.another()
	w.hold(w.lockAll(g, u), func() {
		w.do(func(ctx context.Context, tx *provisioning.Tx) error {
			if err := tx.Users.Lock(ctx, w.workspace.ID, userIDs(v)); err != nil {
				return err
			}
			_, err := tx.Groups.Lock(ctx, w.workspace.ID, h.ID)
			return err
		})
		other.do(func(ctx context.Context, tx *provisioning.Tx) error {
			return tx.Workspaces.Lock(ctx, other.workspace.ID)
		})
	})
}

func lockReaders(w *world) {
	g, u := w.group("g"), w.user("ana")
	w.do(func(ctx context.Context, tx *provisioning.Tx) error {
		if err := w.lockAll(g, u)(ctx, tx); err != nil {
			return err
		}
		equal(w.t, "user", w.mustGetUser(u.ID), u)
		got, err := w.getGroup(g.ID)
		equal(w.t, "group", got, g)
		return err
	})
}
