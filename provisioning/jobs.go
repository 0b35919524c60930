package provisioning

import (
	"context"
	"time"
)

// LeaseJob gives a periodic job to the holder for a while, unless another
// replica has it, and reports whether it did.
func (s *Service) LeaseJob(ctx context.Context, job, holder string, lease time.Duration) (ours bool, err error) {
	err = s.store.Update(ctx, func(tx *Tx) error {
		ours, err = tx.Jobs.Lease(ctx, job, holder, tx.Now(), tx.Now().Add(lease))
		return err
	})
	return ours, err
}
