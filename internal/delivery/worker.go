package delivery

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"sync"
	"time"

	"drawbridge/internal/mail"
	"drawbridge/provisioning"
)

// How the worker works. A lease outlives what one mail may take, so that nobody
// else takes up a mail that is still being sent; and what is being sent when the
// process stops is given some time to end, since to break off behind the text
// makes a second copy likely.
const (
	atOnce      = 4
	lookEvery   = 30 * time.Second
	lease       = 5 * time.Minute
	sendLimit   = 4 * time.Minute
	farewell    = 15 * time.Second
	maxAttempts = 12
	firstWait   = time.Minute
	longestWait = 6 * time.Hour
	// lastChance is how long before its link ends a mail is tried once more. With
	// less left nobody could use it.
	lastChance = 2 * time.Minute
	// settleEvery and settleLimit: a database that is away for a moment must not
	// turn a mail that was sent into one that is sent twice.
	settleEvery = time.Second
	settleLimit = 30 * time.Second
)

// Outbox is what the worker needs of the Service.
type Outbox interface {
	// ClaimMails gives mails to send, for the length of the lease.
	ClaimMails(ctx context.Context, lease time.Duration, limit int) ([]provisioning.Claimed, error)
	// SettleMail stores what became of one, and reports whether it was still ours.
	SettleMail(ctx context.Context, c provisioning.Claimed, o provisioning.MailOutcome) (bool, error)
}

// Sender sends one message; its error is a [*mail.Error].
type Sender interface {
	Send(ctx context.Context, m mail.Message) error
}

// Options are what [NewWorker] needs.
type Options struct {
	Outbox Outbox
	Sender Sender
	Public *url.URL // base of the links, and by its host of the Message-IDs
	Log    *slog.Logger
}

// Worker sends what stands in the outbox. Any number of them may work on one
// database.
type Worker struct {
	outbox  Outbox
	sender  Sender
	letters *Letters
	log     *slog.Logger
	wake    chan struct{}
}

// NewWorker returns a worker that does nothing before Run.
func NewWorker(o Options) (*Worker, error) {
	letters, err := NewLetters(o.Public)
	if err != nil {
		return nil, err
	}
	return &Worker{outbox: o.Outbox, sender: o.Sender, letters: letters, log: o.Log, wake: make(chan struct{}, 1)}, nil
}

// Wake makes the worker look at once. It never blocks.
func (w *Worker) Wake() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// Run sends mails, four at once, until ctx ends. It looks for more as long as it
// finds some, when it is woken, and every 30 seconds. It returns when what was
// being sent has ended: at most 15 seconds after ctx, and the time to settle it.
func (w *Worker) Run(ctx context.Context) {
	sending, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(farewell, cancel) })
	defer stop()
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	var working sync.WaitGroup
	defer working.Wait()
	free := make(chan struct{}, atOnce)
	for range atOnce {
		free <- struct{}{}
	}
	for ctx.Err() == nil {
		slots := take(ctx, free)
		mails := w.claim(ctx, slots)
		for _, c := range mails {
			working.Go(func() {
				w.deliver(sending, c)
				free <- struct{}{}
			})
		}
		for range slots - len(mails) {
			free <- struct{}{}
		}
		if len(mails) > 0 {
			continue
		}
		select {
		case <-ctx.Done():
		case <-w.wake:
		case <-look.C:
		}
	}
}

// take waits until something is free, and takes all that is.
func take(ctx context.Context, free <-chan struct{}) (n int) {
	select {
	case <-free:
		n++
	case <-ctx.Done():
		return 0
	}
	for {
		select {
		case <-free:
			n++
		default:
			return n
		}
	}
}

func (w *Worker) claim(ctx context.Context, n int) []provisioning.Claimed {
	if n == 0 {
		return nil
	}
	mails, err := w.outbox.ClaimMails(ctx, lease, n)
	if err != nil && ctx.Err() == nil {
		w.log.ErrorContext(ctx, "the outbox cannot be read; it is tried again", "error", err)
	}
	return mails
}

func (w *Worker) deliver(ctx context.Context, c provisioning.Claimed) {
	bounded, cancel := context.WithTimeout(ctx, sendLimit)
	defer cancel()
	outcome := w.send(bounded, c)
	w.settle(context.WithoutCancel(ctx), c, outcome)
}

// send sends the mail, once.
func (w *Worker) send(ctx context.Context, c provisioning.Claimed) provisioning.MailOutcome {
	d := c.Delivery
	left := time.Until(d.ExpiresAt)
	if left <= 0 {
		return provisioning.MailOutcome{Error: "Its link ended before it could be sent.", Retry: longestWait} // it expires before
	}
	message, err := w.letters.Message(c)
	if err != nil {
		w.log.ErrorContext(ctx, "a mail cannot be written", "delivery_id", d.ID, "kind", d.Kind, "error", err)
		return provisioning.MailOutcome{GivenUp: true, Error: "This mail cannot be written by this version."}
	}
	if err = w.sender.Send(ctx, message); err == nil {
		w.log.InfoContext(ctx, "a mail was sent", "delivery_id", d.ID, "kind", d.Kind, "workspace_id", d.Workspace, "attempt", d.Attempts)
		return provisioning.MailOutcome{Sent: true}
	}
	w.log.WarnContext(ctx, "a mail was not sent", "delivery_id", d.ID, "kind", d.Kind, "workspace_id", d.Workspace, "attempt", d.Attempts, "error", err)
	return outcomeOf(err, d.Attempts, left)
}

// outcomeOf decides what comes after the attempt-th one failed, with so much time
// left. What may have arrived is tried again, too: a mail that comes twice is
// better than one that does not come.
func outcomeOf(err error, attempt int, left time.Duration) provisioning.MailOutcome {
	o := provisioning.MailOutcome{Error: err.Error()}
	var failed *mail.Error
	if errors.As(err, &failed) && failed.Outcome == mail.Refused || attempt >= maxAttempts || left < lastChance {
		o.GivenUp = true
		return o
	}
	o.Retry = min(backoff(attempt), left-lastChance/2)
	return o
}

// backoff is how long to wait after the attempt-th one: a minute, two, four and so
// on up to six hours, a quarter more or less so that mails that failed together do
// not come again together.
func backoff(attempt int) time.Duration {
	wait := longestWait
	if doublings := max(0, attempt-1); doublings < 10 {
		wait = min(wait, firstWait<<doublings)
	}
	return min(longestWait, wait*3/4+rand.N(wait/2)) //nolint:gosec // nobody gains by guessing it
}

// settle stores the outcome, if need be for a while.
func (w *Worker) settle(ctx context.Context, c provisioning.Claimed, o provisioning.MailOutcome) {
	ctx, cancel := context.WithTimeout(ctx, settleLimit)
	defer cancel()
	for {
		ours, err := w.outbox.SettleMail(ctx, c, o)
		if err == nil {
			if !ours {
				w.log.InfoContext(ctx, "a mail was no longer this worker's", "delivery_id", c.Delivery.ID, "sent", o.Sent)
			}
			return
		}
		select {
		case <-time.After(settleEvery):
		case <-ctx.Done():
			w.log.ErrorContext(ctx, "what became of a mail could not be stored, so it is sent again", "delivery_id", c.Delivery.ID, "sent", o.Sent, "error", err)
			return
		}
	}
}
