package sim

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/shoal-p2p/shoal/core/id"
	"github.com/shoal-p2p/shoal/core/node"
)

// handshake is how many one-way trips a WebRTC connection takes after the
// answer has been applied: ICE checks, DTLS, SCTP and the channel's own.
const handshake = 8

var (
	errDescription = errors.New("sim: no such description")
	errDown        = errors.New("sim: the tracker is down")
)

// end is one side of a connection.
type end struct {
	peer    *Peer
	handle  node.Conn
	other   *end
	latency time.Duration
	open    bool
	closed  bool
	sent    int64
	arrives time.Time // of the last message: a channel keeps its order
}

func (p *Peer) newEnd(handle node.Conn) *end {
	e := &end{peer: p, handle: handle}
	p.conns[handle] = e
	return e
}

// ends lists the peer's connections, the oldest first.
func (p *Peer) ends() []*end {
	var all []*end
	for _, e := range p.conns { // order-free: sorted below
		all = append(all, e)
	}
	slices.SortFunc(all, func(a, b *end) int { return int(a.handle) - int(b.handle) })
	return all
}

// torrents lists what the peer has, in a fixed order.
func (p *Peer) torrents() []id.ID {
	var all []id.ID
	for infoHash := range p.stores { // order-free: sorted below
		all = append(all, infoHash)
	}
	slices.SortFunc(all, id.ID.Compare)
	return all
}

// describe names one end of a connection, as a description does.
func describe(kind byte, p *Peer, handle node.Conn) string {
	return fmt.Sprintf("%c %d %d", kind, p.index, handle)
}

// described finds the end that a description names.
func (w *World) described(kind byte, sdp string) *end {
	var k byte
	var index int
	var handle node.Conn
	if n, _ := fmt.Sscanf(sdp, "%c %d %d", &k, &index, &handle); n != 3 || k != kind || index >= len(w.peers) {
		return nil
	}
	return w.peers[index].conns[handle]
}

func (w *World) accept(p *Peer, handle node.Conn, offer string) {
	e := p.newEnd(handle)
	other := w.described('o', offer)
	if other == nil || other.other != nil {
		p.later(w.cfg.Gather, node.Described{Conn: handle, Err: errDescription})
		return
	}
	e.latency = w.between(w.cfg.LatencyMin, w.cfg.LatencyMax)
	p.later(w.cfg.Gather, node.Described{Conn: handle, SDP: describe('a', p, handle)})
}

func (w *World) apply(p *Peer, handle node.Conn, answer string) {
	e, other := p.conns[handle], w.described('a', answer)
	if e == nil || other == nil || other.other != nil || e.other != nil {
		return // an answer to nothing: the connection times out
	}
	e.other, other.other, e.latency = other, e, other.latency
	w.after(handshake*e.latency, func() {
		for _, side := range []*end{other, e} {
			if !e.closed && !other.closed {
				side.open = true
				side.peer.later(side.latency, node.Opened{Conn: side.handle})
			}
		}
	})
}

// send puts bytes on the uplink, behind those that wait there.
func (w *World) send(e *end, data []byte) {
	if !e.open || e.closed {
		return
	}
	p, n := e.peer, int64(len(data))
	if p.upFree.Before(w.now) {
		p.upFree = w.now
	}
	if p.cfg.Uplink > 0 {
		p.upFree = p.upFree.Add(time.Duration(n * int64(time.Second) / p.cfg.Uplink))
	}
	e.sent += n
	p.Sent += n
	total, left := e.sent, p.upFree
	w.at(left, func() { p.handle(node.Drained{Conn: e.handle, Total: total}) })
	other := e.other
	if at := left.Add(e.latency); at.After(e.arrives) {
		e.arrives = at
	}
	w.at(e.arrives, func() {
		if !other.closed {
			w.note(other.peer.index, "received", n)
			other.peer.handle(node.Received{Conn: other.handle, Data: data})
		}
	})
}

// hangUp closes both ends; the other side notices after the latency, and
// after noticed on top.
func (w *World) hangUp(e *end, noticed time.Duration) {
	w.closeEnd(e, 0)
	if e.other != nil {
		w.closeEnd(e.other, e.latency+noticed)
	}
}

func (w *World) closeEnd(e *end, wait time.Duration) {
	w.after(wait, func() {
		if e.closed {
			return
		}
		e.closed = true
		delete(e.peer.conns, e.handle)
		e.peer.handle(node.Closed{Conn: e.handle})
	})
}
