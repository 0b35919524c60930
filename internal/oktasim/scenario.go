package oktasim

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Verdict is what a scenario thinks of a step.
type Verdict string

// The two verdicts.
const (
	Passed Verdict = "passed"
	Failed Verdict = "failed"
)

// Step is one judged step of a scenario.
type Step struct {
	Name    string  `json:"name"`
	Request string  `json:"request"` // the request that decided, or the last one
	Status  int     `json:"status"`  // of its answer; 0: none came
	Verdict Verdict `json:"verdict"`
	Detail  string  `json:"detail"` // what was found; of a failure also what was expected
}

// ScenarioConfig says what a scenario drives.
type ScenarioConfig struct {
	SCIMURL string
	Token   string
	App     App // empty: Wizard
	Users   int // created by the run, at least 2; 0: 5
	Groups  int // at least 1; 0: 2

	ChunkSize  int                                        // see ClientConfig
	HTTPClient *http.Client                               // see ClientConfig
	Wait       func(context.Context, time.Duration) error // see ClientConfig
	// Report is told of each step when it is judged; nil: nobody.
	Report func(Step)
}

// Run drives a SCIM endpoint step by step as Okta does and judges every answer by what Okta, or RFC 7644, needs. Names are
// new in every run, so it can run twice on one server; what it made is deactivated or deleted at the end, as far as Okta
// can. Failed steps are verdicts, not errors: an error means that the run could not start or was interrupted. When the
// connection test fails, nothing else is tried.
func Run(ctx context.Context, cfg ScenarioConfig) ([]Step, error) {
	s, err := newScenario(cfg)
	if err != nil {
		return nil, err
	}
	if !s.step(ctx, "test the connection", s.client.TestConnection) {
		return s.steps, ctx.Err()
	}
	for _, part := range []func(context.Context){s.judgeUsers, s.judgeGroups, s.judgeProtocol, s.cleanUp} {
		part(ctx)
	}
	if err := ctx.Err(); err != nil {
		return s.steps, fmt.Errorf("the run was interrupted: %w", err)
	}
	return s.steps, nil
}

// FailedSteps counts the steps with the verdict failed.
func FailedSteps(steps []Step) int {
	n := 0
	for _, s := range steps {
		if s.Verdict == Failed {
			n++
		}
	}
	return n
}

// scenario is a run under way.
type scenario struct {
	cfg    ScenarioConfig
	client *Client
	people []Person
	groups []Group
	steps  []Step
	note   string // detail of the current step if it passes

	mu     sync.Mutex
	last   Exchange
	leaked string // the first request that was answered with a password
}

func newScenario(cfg ScenarioConfig) (*scenario, error) {
	cfg.App = cmp.Or(cfg.App, Wizard)
	cfg.Users, cfg.Groups = cmp.Or(cfg.Users, 5), cmp.Or(cfg.Groups, 2)
	if cfg.Users < 2 || cfg.Groups < 1 {
		return nil, errors.New("a scenario needs at least 2 users and 1 group")
	}
	s := &scenario{cfg: cfg}
	var err error
	s.client, err = NewClient(ClientConfig{
		SCIMURL: cfg.SCIMURL, Token: cfg.Token, App: cfg.App, ChunkSize: cfg.ChunkSize,
		HTTPClient: cfg.HTTPClient, Wait: cfg.Wait, Observe: s.observe,
	})
	if err != nil {
		return nil, err
	}
	s.invent(strings.ToLower(rand.Text()[:8]))
	return s, nil
}

// invent makes people and groups whose logins and names no other run has.
func (s *scenario) invent(run string) {
	sample := SampleOrganisation(run+".simulated.example", s.cfg.Users, s.cfg.Groups, 0)
	s.people, s.groups = sample.People, sample.Groups
	for i := range s.groups {
		s.groups[i].Name += " " + run
	}
	s.groups[0].Members = nil
	for _, p := range s.people {
		join(&s.groups[0], p.ID)
	}
}

func (s *scenario) observe(e Exchange) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = e
	if s.leaked == "" && containsKey(e.answer, "password") {
		s.leaked = e.RequestLine()
	}
}

// lastAnswer is the exchange that was observed last.
func (s *scenario) lastAnswer() Exchange {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last
}

// step runs one check and judges it: an error is a failure and says what was expected. After an interruption nothing is
// tried or reported any more.
func (s *scenario) step(ctx context.Context, name string, check func(context.Context) error) bool {
	if ctx.Err() != nil {
		return false
	}
	s.note = ""
	err := check(ctx)
	if ctx.Err() != nil {
		return false
	}
	last := s.lastAnswer()
	step := Step{Name: name, Request: last.RequestLine(), Status: last.Status, Verdict: Passed, Detail: s.note}
	if err != nil {
		step.Verdict, step.Detail = Failed, err.Error()
	}
	s.steps = append(s.steps, step)
	if s.cfg.Report != nil {
		s.cfg.Report(step)
	}
	return err == nil
}

// found notes what a passed step saw.
func (s *scenario) found(format string, args ...any) { s.note = fmt.Sprintf(format, args...) }

// expect is a failure in the words in which all of them are told.
func expect(want, got string) error { return fmt.Errorf("expected %s; got %s", want, got) }

// storedUser reads a person's user from the application.
func (s *scenario) storedUser(ctx context.Context, p Person) (resource, error) {
	id, _, ok := s.client.UserID(p.ID)
	if !ok {
		return nil, errors.New("not tried: the user was not created")
	}
	return s.client.storedUser(ctx, id)
}

func (s *scenario) cleanUp(ctx context.Context) {
	s.step(ctx, fmt.Sprintf("clean up: delete %s, deactivate %s", countOf(len(s.groups), "group"), countOf(len(s.people), "user")), func(ctx context.Context) error {
		var failures []error
		for _, g := range s.groups {
			if err := s.client.UnlinkGroup(ctx, g.ID, true); err != nil && !errors.Is(err, ErrNotLinked) {
				failures = append(failures, err)
			}
		}
		for _, p := range s.people {
			if err := s.client.DeactivateUser(ctx, p.ID); err != nil && !errors.Is(err, ErrNotProvisioned) {
				failures = append(failures, err)
			}
		}
		return errors.Join(failures...)
	})
}
