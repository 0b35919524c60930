package provisioning_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"drawbridge/provisioning"
)

func TestTokens_AtMostFiveLive(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		create := func(lifetime time.Duration) (provisioning.DirectoryToken, string, error) {
			return w.CreateToken(ctx, w.operator, w.ws, w.okta.Directory.ID, "", lifetime)
		}
		var last provisioning.DirectoryToken
		for range provisioning.MaxTokens - 1 {
			made, text, err := create(provisioning.DefaultTokenLifetime)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(text, "dbscim_"+string(made.ID)+".") || !strings.HasSuffix(text, made.LastFour) || made.Name != "token" {
				t.Errorf("token %+v", made)
			}
			must(w.AuthenticateDirectory(ctx, text))(t)
			last = made
		}
		_, _, err := create(time.Hour)
		isKind(t, err, provisioning.ErrConflict, "too_many_tokens")
		if err := w.RevokeToken(ctx, w.operator, last.ID); err != nil {
			t.Fatal(err)
		}
		if _, _, err := create(time.Hour); err != nil {
			t.Errorf("after one was revoked: %v", err)
		}
		for _, lifetime := range []time.Duration{0, -time.Hour, 3651 * 24 * time.Hour} {
			_, _, err := create(lifetime)
			isKind(t, err, provisioning.ErrInvalid, "lifetime")
		}
	})
}

func TestTokens_WhatProvesNobody(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		short, text, err := w.CreateToken(t.Context(), w.operator, w.ws, w.okta.Directory.ID, "short", time.Microsecond)
		if err != nil {
			t.Fatal(err)
		}
		for name, bad := range map[string]string{
			"empty":                "",
			"expired":              text,
			"cut":                  w.token[:len(w.token)-1],
			"another's secret":     provisioning.ScimTokenPrefix + string(short.ID) + w.token[strings.IndexByte(w.token, '.'):],
			"no prefix":            strings.TrimPrefix(w.token, provisioning.ScimTokenPrefix),
			"no secret":            w.token[:strings.IndexByte(w.token, '.')+1],
			"an unknown id":        provisioning.ScimTokenPrefix + strings.Repeat("0", 26) + ".x",
			"10 kB":                w.token + strings.Repeat("x", 10_000),
			"a NUL":                w.token + "\x00",
			"what SQL would match": provisioning.ScimTokenPrefix + "%' or '1'='1.x",
		} {
			_, err := w.AuthenticateDirectory(t.Context(), bad)
			t.Run(name, func(t *testing.T) { isKind(t, err, provisioning.ErrUnauthenticated, "token") })
		}
		must(w.AuthenticateDirectory(t.Context(), w.token))(t)
	})
}

// refusedWithin asks again and again until it is refused. Nobody who asks later
// than a second after the revocation may be let in, however slow the machine.
func refusedWithin(t *testing.T, revoked time.Time, ask func() error) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		asked := time.Since(revoked)
		err := ask()
		switch {
		case errors.Is(err, provisioning.ErrUnauthenticated):
			return
		case err != nil:
			t.Fatal(err)
		case asked > time.Second:
			t.Fatalf("still trusted %v after the revocation", asked)
		}
		<-tick.C
	}
}

func TestRevocation_AtOnceHere_AndWithinASecondInEveryOtherProcess(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]func(*testing.T) string{
		"sqlite":   func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "test.db") },
		"postgres": func(t *testing.T) string { return migrated.Postgres(t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, at := t.Context(), url(t)
			w := newWorld(t, at)
			elsewhere, _ := newService(t, at)
			session := must(w.signIn("00u1", "ada@acme.example"))(t)
			ask := map[string][2]func() error{
				"token": {
					func() error { return second(w.AuthenticateDirectory(ctx, w.token)) },
					func() error { return second(elsewhere.AuthenticateDirectory(ctx, w.token)) },
				},
				"session": {
					func() error { return second(w.Authenticate(ctx, session.Secret)) },
					func() error { return second(elsewhere.Authenticate(ctx, session.Secret)) },
				},
			}
			for what, in := range ask {
				for _, process := range in {
					if err := process(); err != nil {
						t.Fatalf("%s: %v", what, err)
					}
				}
			}
			if err := w.RevokeToken(ctx, w.operator, provisioning.TokenID(w.okta.Actor.ID)); err != nil {
				t.Fatal(err)
			}
			if err := w.SuspendUser(ctx, w.operator, w.ws, session.User.ID); err != nil {
				t.Fatal(err)
			}
			revoked := time.Now()
			for what, in := range ask {
				if err := in[0](); !errors.Is(err, provisioning.ErrUnauthenticated) {
					t.Errorf("%s in the process that revoked: %v, want refused at once", what, err)
				}
				refusedWithin(t, revoked, in[1])
			}
		})
	}
}

// A hint from the process that revoked only shortens the half second.
func TestRevocation_AHintMakesAProcessAskAgain(t *testing.T) {
	t.Parallel()
	at := migrated.Postgres(t)
	w := newWorld(t, at)
	elsewhere, _ := newService(t, at)
	must(elsewhere.AuthenticateDirectory(t.Context(), w.token))(t)
	if err := w.RevokeToken(t.Context(), w.operator, provisioning.TokenID(w.okta.Actor.ID)); err != nil {
		t.Fatal(err)
	}
	elsewhere.ForgetVerdicts([]string{w.okta.Actor.ID})
	_, err := elsewhere.AuthenticateDirectory(t.Context(), w.token)
	isKind(t, err, provisioning.ErrUnauthenticated, "token")
}

// The pairing and the switches of a directory are part of what is remembered.
func TestVerdicts_AChangedDirectoryIsLookedUpAgain(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		must(w.UpdateDirectory(ctx, w.operator, w.ws, w.okta.Directory.ID, provisioning.DirectoryWrite{
			Switches: map[string]bool{provisioning.SwitchBareToken: true},
		}))(t)
		if a := must(w.AuthenticateDirectory(ctx, w.token))(t); !a.Directory.Switch(provisioning.SwitchBareToken) {
			t.Error("an old verdict stands after a switch was set")
		}
		solo := must(w.CreateWorkspace(ctx, w.operator, provisioning.NewWorkspace{Name: "Solo", AdminEmail: "boss@solo.example"}))(t).Workspace.ID
		d := must(w.CreateDirectory(ctx, w.operator, solo, provisioning.NewDirectory{Name: "Okta"}))(t)
		_, token, err := w.CreateToken(ctx, w.operator, solo, d.ID, "", time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		must(w.AuthenticateDirectory(ctx, token))(t)
		c := must(w.CreateConnection(ctx, w.operator, solo, provisioning.ConnectionWrite{
			Name: ptr("Okta"), Issuer: ptr(issuer), ClientID: ptr("c"), ClientSecret: ptr("s"),
		}))(t)
		if a := must(w.AuthenticateDirectory(ctx, token))(t); a.Directory.Connection != c.ID {
			t.Error("an old verdict stands after the directory was paired")
		}
	})
}
