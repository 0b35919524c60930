package jobs

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// Leases hands a job to one holder at a time.
type Leases interface {
	// LeaseJob reports whether the holder has the job for the given time.
	LeaseJob(ctx context.Context, job, holder string, lease time.Duration) (bool, error)
}

// Job is periodic work. Run bears being cut off at any point and being run
// again: its next run finishes what is left.
type Job struct {
	Name  string
	Every time.Duration
	Run   func(ctx context.Context) error
}

// Scheduler runs jobs until it is stopped.
type Scheduler struct {
	leases Leases
	holder string
	log    *slog.Logger
	jobs   []Job
	wake   map[string]chan struct{}
}

// NewScheduler returns a scheduler for one replica, whose name is holder.
func NewScheduler(leases Leases, holder string, log *slog.Logger, jobs ...Job) *Scheduler {
	s := &Scheduler{leases: leases, holder: holder, log: log, jobs: jobs, wake: make(map[string]chan struct{})}
	for _, j := range jobs {
		s.wake[j.Name] = make(chan struct{}, 1)
	}
	return s
}

// Wake runs a job soon instead of at its next time. It never blocks; a job
// that nobody knows is passed over.
func (s *Scheduler) Wake(job string) {
	select {
	case s.wake[job] <- struct{}{}:
	default:
	}
}

// Run runs the jobs until ctx is done, and returns when the last has stopped.
func (s *Scheduler) Run(ctx context.Context) {
	var running sync.WaitGroup
	for _, j := range s.jobs {
		running.Go(func() { s.repeat(ctx, j) })
	}
	running.Wait()
}

func (s *Scheduler) repeat(ctx context.Context, j Job) {
	defer s.release(ctx, j)
	ticker := time.NewTicker(j.Every)
	defer ticker.Stop()
	for {
		s.once(ctx, j)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		case <-s.wake[j.Name]:
		}
	}
}

// once runs the job if this replica has it. The lease outlives one period, so
// that the replica that has a job keeps it.
func (s *Scheduler) once(ctx context.Context, j Job) {
	ours, err := s.leases.LeaseJob(ctx, j.Name, s.holder, 3*j.Every)
	if err == nil && ours {
		err = j.Run(ctx)
	}
	if err != nil && ctx.Err() == nil {
		s.log.ErrorContext(ctx, "a job failed and is tried again", "job", j.Name, "error", err)
	}
}

// releaseLimit bounds what a stop waits for a database that is away.
const releaseLimit = 2 * time.Second

// release lets another replica, or the next start of this one, go on at once
// instead of when the lease runs out.
func (s *Scheduler) release(ctx context.Context, j Job) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseLimit)
	defer cancel()
	if _, err := s.leases.LeaseJob(ctx, j.Name, s.holder, 0); err != nil {
		s.log.WarnContext(ctx, "a job could not be handed over and waits for its lease to end", "job", j.Name, "error", err)
	}
}
