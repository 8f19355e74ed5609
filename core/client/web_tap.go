package client

import (
	"context"
	"sync"
)

// tap lets as many bytes of a stream through as its swarm has allowed. That is
// how a swarm slows down a server which is read without end: what is not read
// fills the connection, and the server waits. A nil tap is always open.
type tap struct {
	mu      sync.Mutex
	allowed int64         // bytes
	opened  chan struct{} // holds a token while there may be more of them
}

func newTap() *tap { return &tap{opened: make(chan struct{}, 1)} }

// open allows so many bytes more.
func (t *tap) open(bytes int64) {
	if t == nil {
		return
	}
	t.mu.Lock()
	t.allowed += bytes
	t.mu.Unlock()
	select {
	case t.opened <- struct{}{}:
	default:
	}
}

// pass counts bytes that went through.
func (t *tap) pass(bytes int64) {
	if t == nil {
		return
	}
	t.mu.Lock()
	t.allowed -= bytes
	t.mu.Unlock()
}

// shut reports whether nothing is allowed.
func (t *tap) shut() bool { return t != nil && t.room() == 0 }

func (t *tap) room() int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.allowed
}

// wait returns how many bytes are allowed, most at most, when there are any or
// the context has ended.
func (t *tap) wait(ctx context.Context, most int64) int64 {
	if t == nil {
		return most
	}
	for {
		if room := t.room(); room > 0 {
			return min(room, most)
		}
		select {
		case <-t.opened:
		case <-ctx.Done():
			return 0
		}
	}
}
