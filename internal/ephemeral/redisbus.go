package ephemeral

import (
	"context"
	"crypto/rand"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/redis/go-redis/v9"
)

const busPrefix = "drawbridge:bus:"

// redisBus delivers within the process at once and to the others through Redis. One
// goroutine sends and one receives, so that no publisher waits for the network.
type redisBus struct {
	*localBus
	client redis.UniversalClient
	outage *outage
	origin string // marks our own messages, which come back to us

	outgoing chan message
	full     atomic.Bool
	stop     chan struct{}
	stopOnce sync.Once
	workers  sync.WaitGroup
}

type message struct{ topic, payload string }

func newRedisBus(client redis.UniversalClient, trouble *outage, log *slog.Logger) *redisBus {
	b := &redisBus{
		localBus: newLocalBus(log),
		client:   client,
		outage:   trouble,
		origin:   rand.Text(),
		outgoing: make(chan message, queueLength),
		stop:     make(chan struct{}),
	}
	b.workers.Go(b.send)
	b.workers.Go(b.receive)
	return b
}

// Publish implements Bus.
func (b *redisBus) Publish(ctx context.Context, topic, payload string) {
	b.localBus.Publish(ctx, topic, payload)
	select {
	case b.outgoing <- message{topic, payload}:
	default:
		if !b.full.Swap(true) {
			b.log.WarnContext(ctx, "messages to other processes are dropped: redis is too slow")
		}
	}
}

func (b *redisBus) close() {
	b.stopOnce.Do(func() { close(b.stop) })
	b.workers.Wait()
	b.localBus.close()
}

func (b *redisBus) send() {
	for {
		select {
		case m := <-b.outgoing:
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			b.sendOne(ctx, m)
			cancel()
		case <-b.stop:
			b.flush()
			return
		}
	}
}

// flush sends what is left, because a command that revokes something ends at once
// afterwards.
func (b *redisBus) flush() {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for ctx.Err() == nil {
		select {
		case m := <-b.outgoing:
			b.sendOne(ctx, m)
		default:
			return
		}
	}
}

func (b *redisBus) sendOne(ctx context.Context, m message) {
	if len(b.outgoing) == 0 {
		b.full.Store(false)
	}
	if !b.outage.try() {
		return
	}
	if err := b.client.Publish(ctx, busPrefix+m.topic, b.origin+m.payload).Err(); err != nil {
		b.outage.failed(ctx, err)
		return
	}
	b.outage.worked(ctx)
}

// receive listens to every topic over one connection, which the library makes
// again, as often as it takes, when it breaks.
func (b *redisBus) receive() {
	ctx := context.Background()
	listener := b.client.PSubscribe(ctx, busPrefix+"*")
	defer listener.Close()
	incoming := listener.Channel(redis.WithChannelSize(queueLength))
	for {
		select {
		case <-b.stop:
			return
		case m, open := <-incoming:
			if !open {
				return
			}
			b.accept(ctx, m)
		}
	}
}

func (b *redisBus) accept(ctx context.Context, m *redis.Message) {
	topic, known := strings.CutPrefix(m.Channel, busPrefix)
	if !known || len(m.Payload) < len(b.origin) {
		return
	}
	if origin := m.Payload[:len(b.origin)]; origin != b.origin {
		b.localBus.Publish(ctx, topic, m.Payload[len(origin):])
	}
}
