package delivery

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"drawbridge/internal/mail"
	"drawbridge/provisioning"
)

// shelf is an outbox in memory.
type shelf struct {
	mu       sync.Mutex
	waiting  []provisioning.Claimed
	asked    int
	claimErr error
	failing  int // settlements that fail before one works
	outcomes map[provisioning.DeliveryID]provisioning.MailOutcome
}

func (s *shelf) ClaimMails(_ context.Context, lease time.Duration, limit int) ([]provisioning.Claimed, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	if s.claimErr != nil || lease <= sendLimit || limit < 1 || limit > atOnce {
		return nil, errors.Join(s.claimErr, fmt.Errorf("a lease of %v for %d", lease, limit))
	}
	n := min(limit, len(s.waiting))
	mails := slices.Clone(s.waiting[:n])
	s.waiting = s.waiting[n:]
	for i := range mails {
		mails[i].Delivery.Attempts++
	}
	return mails, nil
}

func (s *shelf) SettleMail(ctx context.Context, c provisioning.Claimed, o provisioning.MailOutcome) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return false, err
	}
	if s.failing > 0 {
		s.failing--
		return false, errors.New("the database is away")
	}
	s.outcomes[c.Delivery.ID] = o
	return true, nil
}

func (s *shelf) post(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for range n {
		id := provisioning.DeliveryID(fmt.Sprint("dlv", len(s.waiting)+len(s.outcomes), "-", n))
		s.waiting = append(s.waiting, provisioning.Claimed{Delivery: provisioning.Delivery{
			ID: id, Kind: provisioning.MailPassword, To: "ada@acme.example", CreatedAt: time.Now(), ExpiresAt: time.Now().Add(24 * time.Hour),
		}})
	}
}

func (s *shelf) settled() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.outcomes)
}

// sendFunc is a mail server.
type sendFunc func(ctx context.Context, m mail.Message) error

func (f sendFunc) Send(ctx context.Context, m mail.Message) error { return f(ctx, m) }

func newShelf() *shelf {
	return &shelf{outcomes: map[provisioning.DeliveryID]provisioning.MailOutcome{}}
}

// running starts a worker; stop ends it and waits.
func running(t *testing.T, s *shelf, send sendFunc) (w *Worker, stop func()) {
	t.Helper()
	w, err := NewWorker(Options{Outbox: s, Sender: send, Public: &url.URL{Scheme: "https", Host: "bridge.acme.example:8443"}, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); w.Run(ctx) }()
	return w, func() { cancel(); <-done }
}

func TestWorkerLooksWhenWokenAndEvery30Seconds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShelf()
		s.post(10)
		w, stop := running(t, s, func(context.Context, mail.Message) error { return nil })
		defer stop()
		synctest.Wait()
		if s.settled() != 10 {
			t.Errorf("of what waited at the start %d of 10 went out", s.settled())
		}
		s.post(3)
		w.Wake()
		w.Wake()
		synctest.Wait()
		if s.settled() != 13 {
			t.Errorf("after a wake %d of 13 went out", s.settled())
		}
		s.post(1)
		<-time.After(lookEvery + time.Second)
		synctest.Wait()
		if s.settled() != 14 {
			t.Error("what nobody told of never went out")
		}
		for id, o := range s.outcomes {
			if !o.Sent || o.Error != "" || o.GivenUp || o.Retry != 0 {
				t.Errorf("%s is settled as %+v", id, o)
			}
		}
	})
}

// TestSlowMailHoldsNobodyUp: four go at once, and what hangs takes one place.
func TestSlowMailHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShelf()
		s.post(40)
		var mu sync.Mutex
		now, most, first := 0, 0, true
		release := make(chan struct{})
		count := func(n int) (hang bool) {
			mu.Lock()
			defer mu.Unlock()
			now += n
			most = max(most, now)
			hang, first = first, false
			return hang
		}
		_, stop := running(t, s, func(context.Context, mail.Message) error {
			if count(1) {
				<-release
			}
			<-time.After(time.Millisecond)
			count(-1)
			return nil
		})
		<-time.After(time.Second)
		synctest.Wait()
		if s.settled() != 39 || most != atOnce {
			t.Errorf("beside one that hangs %d of 39 went out, %d at once", s.settled(), most)
		}
		close(release)
		synctest.Wait()
		stop()
		if s.settled() != 40 {
			t.Errorf("%d of 40 went out", s.settled())
		}
	})
}

func TestWhatWasSentIsSettledThoughTheDatabaseIsAwayForAMoment(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShelf()
		s.post(1)
		s.failing = 10
		sent := 0
		_, stop := running(t, s, func(context.Context, mail.Message) error { sent++; return nil })
		<-time.After(settleLimit)
		synctest.Wait()
		stop()
		if s.settled() != 1 || sent != 1 {
			t.Errorf("%d mails settled, %d sent", s.settled(), sent)
		}
	})
}

func TestOutboxThatCannotBeReadIsTriedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShelf()
		s.post(2)
		s.claimErr = errors.New("the database is away")
		_, stop := running(t, s, func(context.Context, mail.Message) error { return nil })
		defer stop()
		<-time.After(10 * lookEvery)
		s.mu.Lock()
		if s.asked > 12 {
			t.Errorf("it was asked %d times in five minutes", s.asked)
		}
		s.claimErr = nil
		s.mu.Unlock()
		<-time.After(lookEvery)
		synctest.Wait()
		if s.settled() != 2 {
			t.Errorf("%d of 2 went out", s.settled())
		}
	})
}

// TestStopLetsWhatIsBeingSentEnd, for a while: to break off behind the text makes a
// second copy likely.
func TestStopLetsWhatIsBeingSentEnd(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		takes time.Duration
		sent  bool
	}{"soon": {farewell - time.Second, true}, "never": {time.Hour, false}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newShelf()
				s.post(6)
				sending := make(chan struct{}, 10)
				_, stop := running(t, s, func(ctx context.Context, _ mail.Message) error {
					sending <- struct{}{}
					select {
					case <-time.After(test.takes):
						return nil
					case <-ctx.Done():
						return &mail.Error{Outcome: mail.Unknown, Detail: "The connection broke.", Err: ctx.Err()}
					}
				})
				<-sending
				begin := time.Now()
				stop()
				if took := time.Since(begin); took > farewell+time.Second {
					t.Errorf("stopping took %v", took)
				}
				if s.settled() != atOnce || len(s.waiting) != 2 {
					t.Errorf("%d settled and %d wait, of which none was begun", s.settled(), len(s.waiting))
				}
				for _, o := range s.outcomes {
					if o.Sent != test.sent || o.GivenUp {
						t.Errorf("settled as %+v", o)
					}
				}
			})
		})
	}
}

func TestSendLimitIsWithinTheLease(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShelf()
		s.post(1)
		_, stop := running(t, s, func(ctx context.Context, _ mail.Message) error {
			<-ctx.Done()
			return &mail.Error{Detail: "It took too long.", Err: ctx.Err()}
		})
		<-time.After(lease - settleLimit)
		synctest.Wait()
		if s.settled() != 1 {
			t.Error("a mail is still being sent when its lease ends")
		}
		stop()
	})
}

func TestWhatIsPastItsEndIsNotSent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShelf()
		s.post(1)
		<-time.After(24 * time.Hour)
		_, stop := running(t, s, func(context.Context, mail.Message) error {
			t.Error("a link that has ended was sent")
			return nil
		})
		synctest.Wait()
		stop()
		for _, o := range s.outcomes {
			if o.Sent || o.GivenUp || o.Retry < time.Hour {
				t.Errorf("settled as %+v", o)
			}
		}
	})
}

func TestKindWithoutWordsIsGivenUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShelf()
		s.post(1)
		s.waiting[0].Delivery.Kind = "unheard"
		_, stop := running(t, s, func(context.Context, mail.Message) error { return nil })
		synctest.Wait()
		stop()
		for _, o := range s.outcomes {
			if !o.GivenUp || o.Sent || o.Error == "" {
				t.Errorf("settled as %+v", o)
			}
		}
	})
}

func TestEveryAttemptIsTheSameMessage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShelf()
		s.post(1)
		again := s.waiting[0]
		var sent []mail.Message
		w, stop := running(t, s, func(_ context.Context, m mail.Message) error {
			sent = append(sent, m)
			return &mail.Error{Outcome: mail.Unknown, Detail: "The connection broke."}
		})
		synctest.Wait()
		<-time.After(time.Hour)
		s.mu.Lock()
		s.waiting = append(s.waiting, again)
		s.mu.Unlock()
		w.Wake()
		synctest.Wait()
		stop()
		if len(sent) != 2 || sent[0] != sent[1] || sent[0].ID != string(again.Delivery.ID)+"@bridge.acme.example" {
			t.Errorf("sent %+v", sent)
		}
	})
}

func TestOutcomes(t *testing.T) {
	t.Parallel()
	fails := func(o mail.Outcome) error { return &mail.Error{Outcome: o, Detail: "Why."} }
	tests := map[string]struct {
		err     error
		attempt int
		left    time.Duration
		givenUp bool
	}{
		"refused":                {fails(mail.Refused), 1, time.Hour, true},
		"delayed":                {fails(mail.Delayed), 1, time.Hour, false},
		"unknown":                {fails(mail.Unknown), 1, time.Hour, false},
		"another error":          {errors.New("Why."), 1, time.Hour, false},
		"the attempt before":     {fails(mail.Delayed), maxAttempts - 1, 24 * time.Hour, false},
		"the last attempt":       {fails(mail.Delayed), maxAttempts, 24 * time.Hour, true},
		"no time for another":    {fails(mail.Unknown), 3, lastChance - time.Second, true},
		"time for just another":  {fails(mail.Delayed), 9, lastChance, false},
		"less than the next gap": {fails(mail.Delayed), 11, time.Hour, false},
	}
	for name, test := range tests {
		o := outcomeOf(test.err, test.attempt, test.left)
		if o.GivenUp != test.givenUp || o.Sent || o.Error != "Why." {
			t.Errorf("%s: %+v", name, o)
		}
		if !o.GivenUp && (o.Retry < 30*time.Second || o.Retry >= test.left) {
			t.Errorf("%s: again after %v, with %v left", name, o.Retry, test.left)
		}
	}
}

func TestBackoffDoublesUpToSixHours(t *testing.T) {
	t.Parallel()
	for attempt, want := range map[int]time.Duration{
		0: time.Minute, 1: time.Minute, 2: 2 * time.Minute, 5: 16 * time.Minute, 9: 256 * time.Minute, 10: 6 * time.Hour, 12: 6 * time.Hour, 1000: 6 * time.Hour,
	} {
		seen := map[time.Duration]bool{}
		for range 200 {
			got := backoff(attempt)
			if got < want*3/4 || got > min(longestWait, want*5/4) {
				t.Fatalf("after attempt %d it waits %v", attempt, got)
			}
			seen[got] = true
		}
		if len(seen) < 20 {
			t.Errorf("after attempt %d it waits one of %d times", attempt, len(seen))
		}
	}
}

// TestRule25_TheLogNamesNobody: what an administrator reads of a mail has its
// recipient; the log has ids.
func TestRule25_TheLogNamesNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShelf()
		s.post(1)
		var log bytes.Buffer
		w, err := NewWorker(Options{
			Outbox: s, Public: &url.URL{Scheme: "https", Host: "bridge.example"}, Log: slog.New(slog.NewTextHandler(&log, nil)),
			Sender: sendFunc(func(context.Context, mail.Message) error {
				return &mail.Error{Outcome: mail.Refused, Detail: "The mail server m does not take this recipient: 550 <ada@acme.example>: unknown"}
			}),
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); w.Run(ctx) }()
		synctest.Wait()
		cancel()
		<-done
		if strings.Contains(log.String(), "ada@") || !strings.Contains(log.String(), "550 <(an address)>: unknown") {
			t.Errorf("the log says %s", log.String())
		}
		for _, o := range s.outcomes {
			if !strings.Contains(o.Error, "ada@acme.example") {
				t.Errorf("an administrator reads %q", o.Error)
			}
		}
	})
}
