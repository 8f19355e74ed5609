package sim

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/shoal-p2p/shoal/core/node"
	"github.com/shoal-p2p/shoal/core/swarm"
	"github.com/shoal-p2p/shoal/core/wire"
)

// handshake is how many one-way trips a WebRTC connection takes after the
// answer has been applied: ICE checks, DTLS, SCTP and the channel's own.
const handshake = 8

var errDescription = errors.New("sim: no such description")

// end is one side of a connection.
type end struct {
	peer      *Peer
	handle    node.Conn
	other     *end
	latency   time.Duration
	open      bool
	closed    bool
	sent      int64
	departed  int64    // of that, what has left the uplink
	announced int64    // of that, what Drained has said
	out       [][]byte // what waits for the uplink
	held      [][]byte // what waits for the window
	underWay  int64    // what is in the window
	due       int64    // see uplink
	pending   []byte   // small messages of this turn

	ear wire.Decoder // what an enemy hears; see behaviour.go
	odd oddity       // what an enemy keeps of this connection
}

func (p *Peer) newEnd(handle node.Conn) *end {
	e := &end{peer: p, handle: handle}
	p.conns[handle] = e
	p.ends = append(p.ends, e)
	return e
}

// live lists the peer's connections, the oldest first.
func (p *Peer) live() []*end {
	kept := p.ends[:0]
	for _, e := range p.ends {
		if !e.closed {
			kept = append(kept, e)
		}
	}
	clear(p.ends[len(kept):])
	p.ends = kept
	return append([]*end(nil), kept...)
}

// latencyTo is the way between two peers, the same whenever they meet.
func (w *World) latencyTo(a, b *Peer) time.Duration {
	spread := uint64(w.cfg.LatencyMax - w.cfg.LatencyMin)
	if spread == 0 {
		return w.cfg.LatencyMin
	}
	low, high := min(a.index, b.index), max(a.index, b.index)
	draw := mix(mix(mix(w.cfg.Seed, uint64(low)), uint64(high)), 1)
	return w.cfg.LatencyMin + time.Duration(draw%spread)
}

// describe names one end of a connection, as a description does.
func describe(kind byte, p *Peer, handle node.Conn) string {
	return fmt.Sprintf("%c %d %d %d", kind, p.index, p.life, handle)
}

// described finds the end that a description names.
func (w *World) described(kind byte, sdp string) *end {
	var k byte
	var index, life int
	var handle node.Conn
	n, _ := fmt.Sscanf(sdp, "%c %d %d %d", &k, &index, &life, &handle)
	if n != 4 || k != kind || index < 0 || index >= len(w.peers) || w.peers[index].life != life {
		return nil
	}
	return w.peers[index].conns[handle]
}

func (w *World) accept(p *Peer, handle node.Conn, offer string) {
	p.newEnd(handle)
	other := w.described('o', offer)
	if offer != falseOffer && (other == nil || other.other != nil) {
		p.later(w.cfg.Gather, node.Described{Conn: handle, Err: errDescription})
		return
	}
	p.later(w.cfg.Gather, node.Described{Conn: handle, SDP: describe('a', p, handle)})
}

func (w *World) apply(p *Peer, handle node.Conn, answer string) {
	e, other := p.conns[handle], w.described('a', answer)
	if e == nil || other == nil || other.other != nil || e.other != nil {
		return // an answer to nothing: the connection times out
	}
	e.other, other.other = other, e
	e.latency = w.latencyTo(p, other.peer)
	other.latency = e.latency
	w.after(handshake*e.latency, func() {
		if e.closed || other.closed {
			return
		}
		e.open, other.open = true, true
		binding := sha256.Sum256([]byte(describe('o', p, handle) + answer))
		for _, side := range []*end{other, e} {
			link := swarm.Link{Binding: binding, Addr: side.other.peer.addr}
			side.peer.later(side.latency, node.Opened{Conn: side.handle, Link: link})
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
		e.peer.uplink.forget(e)
		delete(e.peer.conns, e.handle)
		e.peer.handle(node.Closed{Conn: e.handle})
	})
}
