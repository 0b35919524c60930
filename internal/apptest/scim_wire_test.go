package apptest_test

import (
	"context"
	"regexp"
	"testing"
	"time"

	"drawbridge/internal/apptest"
	"drawbridge/internal/oktasim"
)

// presetOf is the preset for each kind of Okta application.
var presetOf = map[oktasim.App]string{oktasim.Wizard: "okta", oktasim.Catalog: "okta-catalog"}

func TestEverythingThatOktaDoesPasses(t *testing.T) {
	apptest.OnBoth(t, func(t *testing.T, e apptest.Engine) {
		s := startSite(t, e)
		for kind, preset := range presetOf {
			_, c := s.directory(t, preset)
			steps, err := oktasim.Run(t.Context(), oktasim.ScenarioConfig{SCIMURL: c.base, Token: c.token, App: kind, Users: 10, Groups: 3})
			if err != nil {
				t.Fatal(err)
			}
			for _, step := range steps {
				if step.Verdict != oktasim.Passed {
					t.Errorf("%s: %s (%s answers %d): %s", kind, step.Name, step.Request, step.Status, step.Detail)
				}
			}
			if len(steps) < 10 {
				t.Errorf("%s: only %d steps", kind, len(steps))
			}
		}
		wantSound(t, s)
	})
}

// wantSound checks what must hold whatever happened: resolving again changes
// nothing, and the audit chain is whole.
func wantSound(t testing.TB, s *site) {
	t.Helper()
	resolve, err := s.Service.CheckResolve(t.Context(), s.ws.ID)
	if err != nil || resolve.Different != 0 {
		t.Errorf("resolving everything again: %+v, %v", resolve, err)
	}
	if _, err := s.Service.SealAudit(t.Context(), s.ws.ID); err != nil {
		t.Error(err)
	}
	audit, err := s.Service.VerifyAudit(t.Context(), s.ws.ID)
	if err != nil || audit.Fault != "" {
		t.Errorf("the audit chain: %+v, %v", audit, err)
	}
}

func TestTooManyRequestsAnswerWholeSeconds_AndOktaBacksOff(t *testing.T) {
	apptest.OnBoth(t, func(t *testing.T, e apptest.Engine) {
		s := newSite(t, options{SCIMRate: 2}.start(t, e), "acme")
		_, c := s.directory(t, "okta-catalog")
		limited := untilLimited(t, c)
		limited.wantError(t, 429, "")
		if got := limited.header.Get("Retry-After"); !regexp.MustCompile(`^[1-9][0-9]?$`).MatchString(got) {
			t.Errorf("Retry-After: %q", got)
		}

		var waits []time.Duration
		client, err := oktasim.NewClient(oktasim.ClientConfig{
			SCIMURL: c.base, Token: c.token, App: oktasim.Catalog,
			Wait: func(ctx context.Context, d time.Duration) error {
				waits = append(waits, d)
				return wait(ctx, d)
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		for range 5 {
			if err := client.TestConnection(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if len(waits) == 0 {
			t.Error("Okta was never told to wait")
		}
		for _, d := range waits {
			if d < time.Second || d > 5*time.Second {
				t.Errorf("Okta waited %v", d)
			}
		}
	})
}

// untilLimited asks more often than two times a second until it is refused.
func untilLimited(t testing.TB, c scimClient) scimAnswer {
	t.Helper()
	for range 100 {
		if a := c.do(t, "GET", "/ServiceProviderConfig", ""); a.status != 200 {
			return a
		}
	}
	t.Fatal("a hundred requests passed")
	return scimAnswer{}
}

// wait does what a client does whom the server told to wait.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
