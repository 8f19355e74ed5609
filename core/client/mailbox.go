package client

import "sync"

// mailbox is how other goroutines reach the one that owns the node. Posting
// never blocks. It has no bound of its own: a swarm bounds what a peer may
// have on its way to us, and links count what waits here (maxUnread).
type mailbox struct {
	wake chan struct{} // holds a token while there may be mail

	mu    sync.Mutex
	queue []func()
	spare []func() // the drained slice, to be filled again
}

func newMailbox() *mailbox {
	return &mailbox{wake: make(chan struct{}, 1)}
}

// post queues a call for the owner's goroutine.
func (m *mailbox) post(call func()) {
	m.mu.Lock()
	m.queue = append(m.queue, call)
	m.mu.Unlock()
	select {
	case m.wake <- struct{}{}:
	default: // the owner knows already
	}
}

// drain makes the calls that were queued when it began, as long as more says
// so; it reports whether there may be others. What is left keeps its place.
func (m *mailbox) drain(more func() bool) bool {
	m.mu.Lock()
	calls := m.queue
	m.queue, m.spare = m.spare[:0], nil
	m.mu.Unlock()
	for i, call := range calls {
		if i > 0 && !more() {
			m.mu.Lock()
			m.queue = append(calls[i:len(calls):len(calls)], m.queue...)
			m.mu.Unlock()
			return true
		}
		calls[i] = nil
		call()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.spare = calls[:0]
	return len(m.queue) > 0
}

func (m *mailbox) empty() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.queue) == 0
}
