package sqlstore

import (
	"testing"

	"drawbridge/internal/storetest"
	"drawbridge/provisioning"
)

func TestStoreKeepsTheContract(t *testing.T) {
	t.Parallel()
	for _, engine := range engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			storetest.Run(t, func(t testing.TB) provisioning.Store { return freshStore(t, engine) })
		})
	}
}
