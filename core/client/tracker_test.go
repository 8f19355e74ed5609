package client_test

import (
	"math/rand/v2"
	"sync"
	"time"

	"github.com/shoal-p2p/shoal/core/client"
	"github.com/shoal-p2p/shoal/core/tracker"
)

// memoryTracker is the registry behind sockets in memory.
type memoryTracker struct {
	mu       sync.Mutex
	registry *tracker.Registry
	sockets  map[tracker.Client]*memorySocket
	opened   tracker.Client
}

type memorySocket struct {
	tracker *memoryTracker
	client  tracker.Client
	events  client.SocketEvents
	closed  sync.Once
}

func newMemoryTracker() *memoryTracker {
	return &memoryTracker{
		registry: tracker.NewRegistry(tracker.RegistryConfig{}, rand.New(rand.NewPCG(1, 1))),
		sockets:  make(map[tracker.Client]*memorySocket),
	}
}

func (m *memoryTracker) Open(_ string, events client.SocketEvents) client.Socket {
	m.mu.Lock()
	m.opened++
	s := &memorySocket{tracker: m, client: m.opened, events: events}
	m.sockets[s.client] = s
	m.mu.Unlock()
	m.handle(tracker.Joined{Client: s.client})
	events.Opened()
	return s
}

func (s *memorySocket) Send(data []byte) {
	s.tracker.handle(tracker.Said{Client: s.client, Data: append([]byte(nil), data...)})
}

func (s *memorySocket) Close() {
	s.closed.Do(func() {
		s.tracker.handle(tracker.Left{Client: s.client})
		s.events.Closed(nil)
	})
}

func (m *memoryTracker) handle(ev tracker.RegistryEvent) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.registry.Handle(time.Now(), ev)
	for e, ok := m.registry.Poll(); ok; e, ok = m.registry.Poll() {
		if reply, ok := e.(tracker.Reply); ok {
			m.sockets[reply.Client].events.Message(reply.Data)
		}
	}
}
