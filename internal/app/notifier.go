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
	topicMail    = "mail"
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

// Posted implements provisioning.Notifier.
func (n *notifier) Posted() { n.bus.Publish(context.Background(), topicMail, "") }

// listen makes a serving process hear what others revoked, wrote and posted.
func (n *notifier) listen(s *provisioning.Service, wake func(job string), posted func()) (cancel func()) {
	revoked := n.bus.Subscribe(topicRevoked, func(payload string) { s.ForgetVerdicts(strings.Fields(payload)) })
	audit := n.bus.Subscribe(topicAudit, func(string) { wake(jobSeal) })
	mail := n.bus.Subscribe(topicMail, func(string) { posted() })
	return func() { revoked(); audit(); mail() }
}
