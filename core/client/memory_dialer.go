package client

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
)

var errDescription = errors.New("not a description of this dialer's")

// MemoryDialer is a Dialer whose connections end in the same process: an offer
// of it is answered through it. It is for programs and tests that have several
// clients; all of them are given the same one. What is sent crosses in order,
// whole, and as fast as the other end takes it.
type MemoryDialer struct {
	mu      sync.Mutex
	number  int
	conns   map[int]*memoryConn // those that are not over
	running sync.WaitGroup
}

// NewMemoryDialer makes one; Close ends its connections.
func NewMemoryDialer() *MemoryDialer {
	return &MemoryDialer{conns: map[int]*memoryConn{}}
}

// Offer begins a connection.
func (d *MemoryDialer) Offer(events ConnEvents) Conn {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := d.add(events)
	c.post(func() { events.Described(fmt.Sprintf("memory offer %d", c.number), nil) })
	return c
}

// Answer begins a connection from an offer of this dialer.
func (d *MemoryDialer) Answer(offer string, events ConnEvents) Conn {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := d.add(events)
	var number int
	if _, err := fmt.Sscanf(offer, "memory offer %d", &number); err != nil || number < 1 || number >= c.number {
		c.post(func() { events.Described("", errDescription) })
		c.end(errDescription)
		return c
	}
	c.offerer = number
	c.post(func() { events.Described(fmt.Sprintf("memory answer %d", c.number), nil) })
	return c
}

// Close ends every connection and returns when all have been told.
func (d *MemoryDialer) Close() {
	d.mu.Lock()
	for _, c := range d.conns {
		c.end(nil)
	}
	d.mu.Unlock()
	d.running.Wait()
}

func (d *MemoryDialer) add(events ConnEvents) *memoryConn {
	d.number++
	c := &memoryConn{dialer: d, number: d.number, events: events, wake: make(chan struct{}, 1)}
	d.conns[c.number] = c
	d.running.Add(1)
	go c.run()
	return c
}

// memoryConn is one end. One goroutine makes all calls of its events, in the
// order in which they were posted; the dialer's lock guards what follows wake.
type memoryConn struct {
	dialer *MemoryDialer
	number int
	events ConnEvents
	wake   chan struct{} // holds a token while there may be calls

	calls            []func()
	offerer          int         // the number of the end that we answered; 0 if we offered
	peer             *memoryConn // the other end, once open
	over             bool        // Closed is told, or the last call
	sent, left, told int64       // bytes: given to us, taken by the peer, told by Drained
}

// Apply opens the connection if the answer is one to our offer.
func (c *memoryConn) Apply(answer string) {
	c.dialer.mu.Lock()
	defer c.dialer.mu.Unlock()
	if c.over || c.peer != nil || c.offerer != 0 {
		return
	}
	var number int
	if _, err := fmt.Sscanf(answer, "memory answer %d", &number); err != nil {
		c.end(errDescription)
		return
	}
	// An end that is over does not open; its peer waits until it is closed, as
	// on a network.
	if peer := c.dialer.conns[number]; peer != nil && peer.offerer == c.number && peer.peer == nil && !peer.over {
		c.peer, peer.peer = peer, c
		link := Link{Binding: sha256.Sum256(fmt.Appendf(nil, "memory %d %d", c.number, peer.number))}
		c.post(func() { c.events.Opened(link) })
		peer.post(func() { peer.events.Opened(link) })
	}
}

// Send posts a copy to the other end.
func (c *memoryConn) Send(data []byte) {
	c.dialer.mu.Lock()
	defer c.dialer.mu.Unlock()
	if c.over || c.peer == nil || len(data) == 0 {
		return
	}
	peer, own := c.peer, append([]byte(nil), data...)
	c.sent += int64(len(own))
	peer.post(func() {
		c.taken(len(own))
		peer.events.Received(own)
	})
}

// Close ends both ends; the other first gets what was sent to it.
func (c *memoryConn) Close() {
	c.dialer.mu.Lock()
	defer c.dialer.mu.Unlock()
	if !c.over {
		c.calls = nil
		c.end(nil)
	}
}

// taken counts bytes that have left the send buffer, and tells of them as
// ConnEvents.Drained says.
func (c *memoryConn) taken(n int) {
	c.dialer.mu.Lock()
	defer c.dialer.mu.Unlock()
	was := c.sent - c.left
	c.left += int64(n)
	fellLow := was > DrainLow && c.sent-c.left <= DrainLow
	rest := c.left == c.sent && c.left-c.told > DrainLeast
	if total := c.left; !c.over && (fellLow || rest || total-c.told > 64<<10) {
		c.told = total
		c.post(func() { c.events.Drained(total) })
	}
}

// The rest is called with the dialer's lock held.

func (c *memoryConn) end(err error) {
	if c.over {
		return
	}
	c.post(func() { c.events.Closed(err) })
	c.over = true
	delete(c.dialer.conns, c.number)
	if c.peer != nil {
		c.peer.end(nil)
	}
}

func (c *memoryConn) post(call func()) {
	if c.over {
		return
	}
	c.calls = append(c.calls, call)
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

func (c *memoryConn) run() {
	defer c.dialer.running.Done()
	for range c.wake {
		if !c.callAll() {
			return
		}
	}
}

// callAll makes the calls that are waiting; it reports whether more may come.
func (c *memoryConn) callAll() (more bool) {
	for {
		c.dialer.mu.Lock()
		if len(c.calls) == 0 {
			defer c.dialer.mu.Unlock()
			return !c.over
		}
		call := c.calls[0]
		c.calls = c.calls[1:]
		c.dialer.mu.Unlock()
		call()
	}
}
