package app

import (
	"context"
	"strings"

	"drawbridge/provisioning"
)

// Topics between replicas.
const (
	topicRevoked = "revoked"
	topicAudit   = "audit"
)

// maxPayload bounds one message of revoked ids, in ids.
const maxPayload = 500

// bus is what the notifier needs of package ephemeral.
type bus interface {
	Publish(ctx context.Context, topic, payload string)
	Subscribe(topic string, fn func(payload string)) (cancel func())
}

// notifier is the Service's [provisioning.Notifier] on the bus.
type notifier struct{ bus bus }

// Revoked implements provisioning.Notifier.
func (n *notifier) Revoked(ids []string) {
	for len(ids) > 0 {
		part := ids[:min(len(ids), maxPayload)]
		n.bus.Publish(context.Background(), topicRevoked, strings.Join(part, " "))
		ids = ids[len(part):]
	}
}

// Wake implements provisioning.Notifier.
func (n *notifier) Wake(ws provisioning.WorkspaceID) {
	n.bus.Publish(context.Background(), topicAudit, string(ws))
}

// listen makes a serving process hear what others revoked and wrote.
func (n *notifier) listen(s *provisioning.Service, wake func(job string)) (cancel func()) {
	revoked := n.bus.Subscribe(topicRevoked, func(payload string) { s.ForgetVerdicts(strings.Fields(payload)) })
	audit := n.bus.Subscribe(topicAudit, func(string) { wake(jobSeal) })
	return func() { revoked(); audit() }
}
