package overlay

import (
	"encoding/binary"
	"math"
	"slices"
	"time"

	"github.com/shoal-p2p/shoal/core/dht"
	"github.com/shoal-p2p/shoal/core/id"
)

const (
	// handshake is how many one-way trips a connection takes after the agreement:
	// offer and answer by two hops each, then ICE, DTLS and SCTP, six there and back.
	handshake = 4 + 12
	// iceTimeout is after what time a connection is given up whose other side died.
	iceTimeout = 8 * time.Second
	// minLoss and maxLoss are after what time the end of a node that says nothing
	// is noticed by its connections.
	minLoss, maxLoss = 5 * time.Second, 30 * time.Second
)

// end is one side of a connection.
type end struct {
	node   *node
	handle dht.Link
	other  *end
	closed bool
}

// latency is the time from one node to another: the larger part by where they
// are. The median over a square is half its side.
func (w *World) latency(a, b *node) time.Duration {
	far := math.Hypot(a.x-b.x, a.y-b.y) / 0.512
	one := float64(w.cfg.RTT) / 2
	return time.Duration(one * (0.1 + 0.9*far))
}

// send carries a message, or loses it.
func (w *World) send(n *node, e dht.Send) {
	from := n.ends[e.Link]
	if from == nil || from.closed {
		return
	}
	n.sent += int64(len(e.Frame))
	w.watch.sent(w, n, e.Frame)
	if w.rng.Float64() < w.cfg.Loss {
		return
	}
	jitter := 1 + 0.1*w.rng.Float64()
	delay := time.Duration(float64(w.latency(n, from.other.node)) * jitter)
	w.after(delay, func() {
		to := from.other
		if to.closed || to.node.dead {
			return
		}
		w.note(to.node, e.Frame)
		w.handle(to.node, dht.Received{Link: to.handle, Frame: e.Frame})
	})
}

// note puts an arrival into the trace.
func (w *World) note(n *node, b []byte) {
	var what [16]byte
	binary.BigEndian.PutUint64(what[:], uint64(w.now.Sub(epoch)))
	binary.BigEndian.PutUint64(what[8:], uint64(n.index))
	w.trace.Write(what[:])
	w.trace.Write(b)
}

// connect makes the connection on which two nodes have agreed.
func (w *World) connect(n *node, peer id.ID) {
	other := w.byID[peer]
	if other == nil {
		n.constructed++
		w.after(iceTimeout, func() { w.handle(n, dht.Failed{Peer: peer}) })
		return
	}
	w.build(n, other, handshake)
}

// build makes a connection in so many one-way trips.
func (w *World) build(a, b *node, trips int) {
	a.constructed++
	b.constructed++
	w.after(time.Duration(trips)*w.latency(a, b), func() {
		switch {
		case a.dead && b.dead:
		case a.dead:
			w.after(iceTimeout, func() { w.handle(b, dht.Failed{Peer: a.dht.ID()}) })
		case b.dead:
			w.after(iceTimeout, func() { w.handle(a, dht.Failed{Peer: b.dht.ID()}) })
		default:
			w.open(a, b)
		}
	})
}

func (w *World) open(a, b *node) {
	w.handles += 2
	x, y := &end{node: a, handle: w.handles}, &end{node: b, handle: w.handles + 1}
	x.other, y.other = y, x
	a.ends[x.handle], b.ends[y.handle] = x, y
	rtt := 2 * w.latency(a, b)
	w.handle(a, dht.Linked{Link: x.handle, Peer: b.key.Identity(), RTT: rtt})
	w.handle(b, dht.Linked{Link: y.handle, Peer: a.key.Identity(), RTT: rtt})
}

// close ends a connection; the other side hears of it.
func (w *World) close(n *node, handle dht.Link) {
	e := n.ends[handle]
	if e == nil || e.closed {
		return
	}
	e.closed = true
	delete(n.ends, handle)
	w.after(w.latency(n, e.other.node), func() { w.lost(e.other) })
}

// lost tells a side that its connection is gone.
func (w *World) lost(e *end) {
	if e.closed {
		return
	}
	e.closed = true
	delete(e.node.ends, e.handle)
	w.handle(e.node, dht.Unlinked{Link: e.handle})
}

// abandon is the end of all connections of a node that has gone.
func (w *World) abandon(n *node, graceful bool) {
	handles := make([]dht.Link, 0, len(n.ends))
	for handle := range n.ends { // order-free: sorted below
		handles = append(handles, handle)
	}
	slices.Sort(handles)
	for _, handle := range handles {
		e := n.ends[handle]
		e.closed = true
		wait := minLoss + time.Duration(w.rng.Int64N(int64(maxLoss-minLoss)))
		if graceful {
			wait = w.latency(n, e.other.node)
		}
		w.after(wait, func() { w.lost(e.other) })
	}
}
