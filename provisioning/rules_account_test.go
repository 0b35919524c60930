package provisioning_test

import (
	"context"
	"testing"

	"drawbridge/provisioning"
)

// proving is a store in which one user has an account. Accounts are not made
// yet; what rules say of their owners holds from the start.
type proving struct {
	provisioning.Users
	owner provisioning.UserID
	kept  *provisioning.AccountID // after the last update of the owner
}

func (p proving) Get(ctx context.Context, ws provisioning.WorkspaceID, id provisioning.UserID) (provisioning.User, error) {
	u, err := p.Users.Get(ctx, ws, id)
	if err == nil && id == p.owner {
		u.Account = *p.kept
	}
	return u, err
}

func (p proving) Update(ctx context.Context, u provisioning.User) error {
	if u.ID == p.owner {
		*p.kept, u.Account = u.Account, ""
	}
	return p.Users.Update(ctx, u)
}

// withAccount is the world in which the user has an account, and what becomes
// of it.
func (w *world) withAccount(u provisioning.UserID) (*world, *provisioning.AccountID) {
	kept := ptr(provisioning.AccountID("account"))
	proved := *w
	proved.Service = serviceOn(w.t, hooked{w.store, func(tx *provisioning.Tx) { tx.Users = proving{tx.Users, u, kept} }})
	return &proved, kept
}

func TestRule14_EveryRungButTheFirstAsksAUserWithAnAccountToProveIt(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		known, recorded, named := w.fresh("00u1"), w.push("00u2", "bob@acme.example").ID, w.push("", "eve@acme.example").ID
		invited, link := w.invite("zoe@acme.example", w.paris, w.guest)
		withKnown, _ := w.withAccount(known)
		if in := must(withKnown.signIn("00u1", "00u1@acme.example"))(t); in.User.ID != known {
			t.Errorf("the first rung: %s, want %s", in.User.ID, known)
		}
		w.unchangedBy("without the proof", func() {
			for owner, try := range map[provisioning.UserID]func(*world) error{
				recorded: func(w *world) error { _, err := w.signIn("00u2", "bob@acme.example"); return err },
				named:    func(w *world) error { _, err := w.signIn("00u3", "eve@acme.example"); return err },
				invited.User: func(w *world) error {
					_, err := w.signInWith(provisioning.PendingSignIn{Invitation: invited.ID}, "00u4", "zoe@acme.example")
					return err
				},
			} {
				proved, _ := w.withAccount(owner)
				refusedFor(t, try(proved), provisioning.RefusedAccountProof)
			}
		})
		w.goodLink(link)
	})
}

func TestRule16_ASuccessorsAccountIsDetached(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.push("00u1", "ada@acme.example").ID
		proved, account := w.withAccount(ada)
		proved.put(ada, person("00u1", "ada.king@acme.example"))
		if *account == "" {
			t.Fatal("another change of the record detached the account")
		}
		proved.put(ada, person("00u2", "ada.king@acme.example"))
		if *account != "" {
			t.Error("the successor has the predecessor's account")
		}
	})
}

func TestRule17_ATokenChangesNoAccount(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.fresh("00u1")
		proved, account := w.withAccount(ada)
		must(proved.through(w.conn, provisioning.Claims{Subject: "00u1", Email: "new@acme.example"}))(t)
		if *account != "account" || w.user(ada).Email != "new@acme.example" {
			t.Errorf("account %q, e-mail %q", *account, w.user(ada).Email)
		}
	})
}
