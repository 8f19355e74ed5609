package sim

import (
	"time"

	"github.com/shoal-p2p/shoal/core/node"
	"github.com/shoal-p2p/shoal/core/wire"
)

// Link is a peer's access to the network; nothing is lost. Connections share the
// uplink as transports of their own do (uplink.go); what comes in enters in the
// order in which it came.
type Link struct {
	Up, Down int64 // bytes per second; 0 means without limit
	// Window is how many bytes of one connection may have left and not been
	// acknowledged, as of an association of SCTP: over a long way it carries that
	// much each round-trip. 0 means without limit.
	Window int64
}

// drainEvery is after how many bytes an end tells its node again that they have
// left: a block. Less than that makes no difference to who fills a buffer.
const drainEvery = 16 << 10

// takes is how long a link of this rate is busy with n bytes.
func takes(n int, rate int64) time.Duration {
	if rate <= 0 {
		return 0
	}
	return time.Duration(int64(n) * int64(time.Second) / rate)
}

// send sends a message. Small ones of one turn to one peer leave together.
func (p *Peer) send(e *end, m wire.Message) {
	if !e.open || e.closed {
		return
	}
	if m, ok := m.(wire.Piece); ok {
		p.flush()
		p.world.transmit(e, p.encode(m))
		return
	}
	if len(e.pending) == 0 {
		p.unsent = append(p.unsent, e)
	}
	e.pending = wire.Append(e.pending, m)
}

// encode returns the encoding of a block: the one that all share, where its
// bytes are those of the content.
func (p *Peer) encode(m wire.Piece) []byte {
	for _, h := range p.holds {
		if image := h.content.imageOf(m); image != nil {
			return image
		}
	}
	return wire.Append(make([]byte, 0, wire.Size(m)), m)
}

// flush sends what has come together.
func (p *Peer) flush() {
	for _, e := range p.unsent {
		data := e.pending
		e.pending = nil
		if !e.closed {
			p.world.transmit(e, data)
		}
	}
	clear(p.unsent)
	p.unsent = p.unsent[:0]
}

// transmit puts bytes on the uplink, once the connection's window has room.
func (w *World) transmit(e *end, data []byte) {
	e.sent += int64(len(data))
	if window := e.peer.cfg.Window; window > 0 && (len(e.held) > 0 || e.underWay >= window) {
		e.held = append(e.held, data)
		return
	}
	w.release(e, data)
}

func (w *World) release(e *end, data []byte) {
	e.underWay += int64(len(data))
	if e.peer.cfg.Up <= 0 {
		w.depart(e, data)
		return
	}
	e.peer.uplink.add(e, data)
	w.nextUp(e.peer)
}

// nextUp begins to send what is next, if the uplink is idle.
func (w *World) nextUp(p *Peer) {
	if e, data := p.uplink.next(); e != nil {
		w.queue.push(w.elapsed+takes(len(data), p.cfg.Up), happening{kind: leaves, end: e, data: data})
	}
}

// left: a message has left the uplink.
func (w *World) left(e *end, data []byte) {
	e.peer.uplink.busy = false
	if !e.closed {
		w.depart(e, data)
	}
	w.nextUp(e.peer)
}

// depart sends a message on its way.
func (w *World) depart(e *end, data []byte) {
	n := int64(len(data))
	if e.peer.cfg.Window > 0 {
		w.after(2*e.latency, func() { w.acknowledged(e, n) })
	}
	e.departed += n
	e.peer.Sent += n
	w.queue.push(w.elapsed+e.latency, happening{kind: arrives, end: e.other, data: data})
	if e.departed-e.announced >= drainEvery || len(e.out) == 0 && e.departed > e.announced {
		e.announced = e.departed
		w.queue.push(w.elapsed, happening{kind: drains, end: e, total: e.departed})
	}
}

// acknowledged makes room in a connection's window.
func (w *World) acknowledged(e *end, n int64) {
	e.underWay -= n
	for len(e.held) > 0 && e.underWay < e.peer.cfg.Window && !e.closed {
		data := e.held[0]
		e.held = e.held[1:]
		w.release(e, data)
	}
}

// swallow makes the node of an enemy believe that bytes were sent.
func (w *World) swallow(e *end, n int) {
	e.sent += int64(n)
	e.departed += int64(n)
	e.announced = e.departed
	w.queue.push(w.elapsed, happening{kind: drains, end: e, total: e.departed})
}

func (e *end) drained(total int64) {
	if !e.closed {
		e.peer.handle(node.Drained{Conn: e.handle, Total: total})
	}
}

// arrived puts bytes on the downlink.
func (w *World) arrived(e *end, data []byte) {
	p := e.peer
	if p.cfg.Down <= 0 {
		w.deliver(e, data)
		return
	}
	p.downFree = max(p.downFree, w.elapsed) + takes(len(data), p.cfg.Down)
	w.queue.push(p.downFree, happening{kind: delivers, end: e, data: data})
}

func (w *World) deliver(e *end, data []byte) {
	if e.closed {
		return
	}
	p := e.peer
	p.Received += int64(len(data))
	w.note(p.index, noteReceived, int64(len(data)))
	if data = p.hear(e, data); len(data) > 0 {
		p.handle(node.Received{Conn: e.handle, Data: data})
	}
}
