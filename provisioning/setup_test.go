package provisioning_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"drawbridge/provisioning"
)

// onEmpty runs a test on an installation in which nobody has done anything yet.
func onEmpty(t *testing.T, test func(*testing.T, *world)) {
	t.Helper()
	t.Parallel()
	for name, url := range map[string]func(testing.TB) string{
		"sqlite":   func(t testing.TB) string { return "sqlite:" + filepath.Join(t.TempDir(), "test.db") },
		"postgres": migrated.Postgres,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := &world{t: t, url: url(t), operator: provisioning.Operator(), fakes: newFakes()}
			w.store = openStore(t, w.url)
			w.ports = portsOf(t, w.store, w.fakes)
			w.Service = provisioning.NewService(w.ports)
			test(t, w)
		})
	}
}

// setupTicket makes a set-up link and opens it.
func (w *world) setupTicket() string {
	w.t.Helper()
	text, _, err := w.SetupLink(w.t.Context(), w.operator)
	works(w.t, err)
	return w.ticket(text)
}

func firstStart() provisioning.FirstStart {
	return provisioning.FirstStart{Workspace: "Acme", MultiTenant: true, Name: "Ada Lovelace", Email: "ada@acme.example", Password: aPassword}
}

func (w *world) starts(ticket string, f provisioning.FirstStart) (provisioning.Parent, provisioning.Workspace, error) {
	return w.CompleteSetup(w.t.Context(), ticket, f, provisioning.Browser{Address: "192.0.2.7", UserAgent: "test browser"})
}

func TestSetup_TheFirstAdministratorGetsAWorkspaceAndIsIn(t *testing.T) {
	onEmpty(t, func(t *testing.T, w *world) {
		if !must(w.NeedsSetup(t.Context()))(t) {
			t.Fatal("an empty installation needs no set-up")
		}
		text, expires, err := w.SetupLink(t.Context(), w.operator)
		works(t, err)
		if left := expires.Sub(w.now()); left < 23*time.Hour || left > 24*time.Hour {
			t.Errorf("good for %s", left)
		}
		ticket := w.ticket(text)
		works(t, w.OpenSetup(t.Context(), ticket))
		p, ws, err := w.starts(ticket, firstStart())
		works(t, err)
		if ws.Name != "Acme" || ws.Slug != "acme" || !ws.MultiTenant {
			t.Errorf("workspace %+v", ws)
		}
		if p.FactorNeeded || p.SignIn.Method != provisioning.MethodLink || p.Account.EmailProved || p.Account.Home != ws.ID {
			t.Errorf("parent sign-in %+v of %+v", p.SignIn, p.Account)
		}
		in := must(w.Enter(t.Context(), ws.ID, provisioning.Browser{Parent: p.Secret}))(t)
		if in.User.DisplayName != "Ada Lovelace" || in.User.Email != "ada@acme.example" || in.User.Account != p.Account.ID {
			t.Errorf("user %+v", in.User)
		}
		w.ws = ws.ID
		// They do what only an administrator may, and nobody takes their role.
		v := must(w.Authenticate(t.Context(), in.Secret))(t)
		must(w.CreateCommunity(t.Context(), v.Actor(), ws.ID, provisioning.NewCommunity{Name: "SOC Paris"}))(t)
		isKind(t, w.SuspendUser(t.Context(), w.operator, ws.ID, in.User.ID), provisioning.ErrConflict, "last_administrator")
		must(w.SignInWithPassword(t.Context(), "ada@acme.example", aPassword, provisioning.Browser{}))(t)
		if must(w.NeedsSetup(t.Context()))(t) {
			t.Error("it needs to be set up still")
		}
		w.nothingDiffers()
		if w.recorded("workspace.create") != 1 || w.recorded("user.create") != 1 || w.recorded("user.grant") != 1 {
			t.Error("the audit log does not say how it began")
		}
		if r := must(w.VerifyAudit(t.Context(), ws.ID))(t); r.Fault != "" {
			t.Errorf("audit: %+v", r)
		}
	})
}

func TestSetup_WithAPasskeyAlone(t *testing.T) {
	onEmpty(t, func(t *testing.T, w *world) {
		ticket := w.setupTicket()
		f, key := firstStart(), new(fakeKey)
		challenge, options, err := w.BeginSetupPasskey(t.Context(), ticket, f.Email)
		works(t, err)
		f.Password, f.Challenge, f.Response = "", challenge, key.register(options)
		p, ws, err := w.starts(ticket, f)
		works(t, err)
		if p.FactorNeeded || p.Account.HasPassword() || len(p.Factors.Passkeys) != 1 {
			t.Errorf("parent sign-in %+v of %+v", p.SignIn, p.Account)
		}
		must(w.Enter(t.Context(), ws.ID, provisioning.Browser{Parent: p.Secret}))(t)
		b := w.browser("192.0.2.8")
		works(t, b.passkey(key))
		if again := must(w.ParentOf(t.Context(), b.Parent))(t); again.Account.ID != p.Account.ID {
			t.Errorf("the passkey signs in to %s", again.Account.ID)
		}
		if _, err := w.SignInWithPassword(t.Context(), f.Email, "", provisioning.Browser{}); !errors.Is(err, provisioning.ErrUnauthenticated) {
			t.Errorf("without a password: %v", err)
		}
	})
}

func TestSetup_ALinkIsUsedOnce_AndNoneIsMadeAfterwards(t *testing.T) {
	onEmpty(t, func(t *testing.T, w *world) {
		text, _, err := w.SetupLink(t.Context(), w.operator)
		works(t, err)
		ticket := w.ticket(text)
		_, _, err = w.starts(ticket, firstStart())
		works(t, err)
		_, _, err = w.starts(ticket, firstStart())
		isKind(t, err, provisioning.ErrGone, "link_used")
		isKind(t, w.OpenSetup(t.Context(), ticket), provisioning.ErrGone, "link_used")
		_, err = w.ExchangeLink(t.Context(), text)
		isKind(t, err, provisioning.ErrGone, "link_used")
		_, _, err = w.SetupLink(t.Context(), w.operator)
		isKind(t, err, provisioning.ErrConflict, "set_up")
	})
}

func TestSetup_ANewLinkKillsTheOneBefore_AndADayKillsIt(t *testing.T) {
	onEmpty(t, func(t *testing.T, w *world) {
		first, second := w.setupTicket(), w.setupTicket()
		_, _, err := w.starts(first, firstStart())
		isKind(t, err, provisioning.ErrGone, "link_used")
		works(t, w.OpenSetup(t.Context(), second))
		text, _, err := w.SetupLink(t.Context(), w.operator)
		works(t, err)
		almost := w.later(24*time.Hour - time.Minute)
		ticket := almost.ticket(text)
		works(t, almost.OpenSetup(t.Context(), ticket))
		late := w.later(24*time.Hour + time.Second)
		_, _, err = late.starts(ticket, firstStart())
		isKind(t, err, provisioning.ErrGone, "link_expired")
		_, err = late.ExchangeLink(t.Context(), text)
		isKind(t, err, provisioning.ErrGone, "link_expired")
	})
}

func TestSetup_AWorkspaceMadeMeanwhileKillsTheLink(t *testing.T) {
	onEmpty(t, func(t *testing.T, w *world) {
		ticket := w.setupTicket()
		must(w.CreateWorkspace(t.Context(), w.operator, provisioning.NewWorkspace{Name: "Acme", AdminEmail: "boss@acme.example"}))(t)
		isKind(t, w.OpenSetup(t.Context(), ticket), provisioning.ErrGone, "set_up")
		_, _, err := w.starts(ticket, firstStart())
		isKind(t, err, provisioning.ErrGone, "set_up")
	})
}

func TestSetup_OfTwoAtOnceOneGetsIt(t *testing.T) {
	onEmpty(t, func(t *testing.T, w *world) {
		second, ticket := w.besides(), w.setupTicket()
		w.oneStarts(
			func() error { _, _, err := w.starts(ticket, firstStart()); return err },
			func() error { _, _, err := second.starts(ticket, firstStart()); return err },
		)
	})
}

// Two links may be open at once where two were made at the same moment.
func TestSetup_OfTwoLinksAtOnceOneGetsIt(t *testing.T) {
	onEmpty(t, func(t *testing.T, w *world) {
		second, first := w.besides(), w.setupTicket()
		var other string
		w.update(func(ctx context.Context, tx *provisioning.Tx) error {
			l := provisioning.Link{
				ID: newID[provisioning.LinkID](), Purpose: provisioning.LinkSetup, SecretHash: w.ports.Hasher.Hash("secret"),
				CreatedAt: tx.Now(), ExpiresAt: tx.Now().Add(time.Hour),
			}
			other = provisioning.LinkPrefix + string(l.ID) + ".secret"
			return tx.Links.Create(ctx, l)
		})
		ticket := w.ticket(other)
		w.oneStarts(
			func() error { _, _, err := w.starts(first, firstStart()); return err },
			func() error { _, _, err := second.starts(ticket, firstStart()); return err },
		)
	})
}

func (w *world) oneStarts(fns ...func() error) {
	w.t.Helper()
	errs := together(fns...)
	lost := errs[0]
	if lost == nil {
		lost = errs[1]
	}
	if !errors.Is(lost, provisioning.ErrGone) || (errs[0] == nil) == (errs[1] == nil) {
		w.t.Fatalf("set-ups: %v", errs)
	}
	if all := must(w.Workspaces(w.t.Context()))(w.t); len(all) != 1 {
		w.t.Errorf("%d workspaces", len(all))
	}
}

func TestSetup_WhatIsRefusedUsesNothingUp(t *testing.T) {
	onEmpty(t, func(t *testing.T, w *world) {
		_, _, err := w.SetupLink(t.Context(), provisioning.Actor{Kind: provisioning.ActorUser})
		isKind(t, err, provisioning.ErrForbidden, "not_permitted")
		ticket := w.setupTicket()
		for name, spoil := range map[string]func(*provisioning.FirstStart){
			"no workspace":      func(f *provisioning.FirstStart) { f.Workspace = " " },
			"a long workspace":  func(f *provisioning.FirstStart) { f.Workspace = strings.Repeat("x", 1<<20) },
			"no name":           func(f *provisioning.FirstStart) { f.Name = "" },
			"a name that turns": func(f *provisioning.FirstStart) { f.Name = "Ada\u202e" },
			"no e-mail":         func(f *provisioning.FirstStart) { f.Email = "ada" },
			"no password":       func(f *provisioning.FirstStart) { f.Password = "" },
			"a common password": func(f *provisioning.FirstStart) { f.Password = "password1234" },
		} {
			f := firstStart()
			spoil(&f)
			if _, _, err := w.starts(ticket, f); !errors.Is(err, provisioning.ErrInvalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
		f := firstStart()
		f.Challenge, f.Response = newID[provisioning.ChallengeID](), []byte("{}")
		_, _, err = w.starts(ticket, f)
		isKind(t, err, provisioning.ErrGone, "ceremony_dead")
		// A ceremony of a sign-in makes no passkey.
		b := w.browser("192.0.2.8")
		challenge, options, err := b.BeginPasskey(t.Context(), b.Browser)
		works(t, err)
		f.Challenge, f.Response = challenge, new(fakeKey).register(options)
		_, _, err = w.starts(ticket, f)
		isKind(t, err, provisioning.ErrGone, "ceremony_dead")
		for _, forged := range []string{"", "dbtic_AAAA", ticket[:len(ticket)-1]} {
			_, _, err = w.starts(forged, firstStart())
			isKind(t, err, provisioning.ErrGone, "link_dead")
			_, _, err = w.BeginSetupPasskey(t.Context(), forged, "ada@acme.example")
			isKind(t, err, provisioning.ErrGone, "link_dead")
		}
		_, _, err = w.starts(ticket, firstStart())
		works(t, err)
	})
}
