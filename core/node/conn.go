package node

import (
	"time"

	"github.com/shoal-p2p/shoal/core/exchange"
	"github.com/shoal-p2p/shoal/core/id"
	"github.com/shoal-p2p/shoal/core/signaling"
	"github.com/shoal-p2p/shoal/core/swarm"
)

// conn is a live connection: from Offer or Accept until Closed.
type conn struct {
	torrent *torrent // nil once the torrent is removed
	relay   string   // how it was met, as in signaling.Route
	link    swarm.Link
	ready   bool  // the swarm knows it
	closing bool  // Close was emitted
	evicted bool  // so that another finds room
	met     bool  // Met was emitted
	speaks  bool  // exchange knows it
	peer    id.ID // valid once met
}

// begin counts a connection against the budget. Lanes give way to it.
func (n *Node) begin(now time.Time, handle Conn, route signaling.Route) {
	n.last = handle
	t := n.torrents[route.InfoHash]
	n.conns[handle] = &conn{torrent: t, relay: route.Relay}
	if t != nil {
		t.conns++
	}
	n.yieldLanes(now)
}

// usable returns a connection that its swarm knows and that is not closing.
func (n *Node) usable(handle Conn) *conn {
	c := n.conns[handle]
	if c == nil || c.torrent == nil || !c.ready || c.closing {
		return nil
	}
	return c
}

// close asks for the end of a connection, once.
func (n *Node) close(handle Conn, reason string) {
	if c := n.conns[handle]; c != nil && !c.closing {
		c.closing = true
		n.emit(Close{handle, reason})
	}
}

// closed gives a connection's place in the budget back.
func (n *Node) closed(now time.Time, handle Conn) {
	c := n.conns[handle]
	if c == nil {
		return
	}
	delete(n.conns, handle)
	if c.evicted {
		n.evicting--
	}
	n.signaling.Handle(now, signaling.Closed{Conn: handle})
	if c.speaks {
		n.exchange.Handle(now, exchange.Left{Conn: exchange.Conn(handle)})
	}
	t := c.torrent
	if t == nil {
		return
	}
	t.conns--
	if c.met {
		t.peers--
		n.emit(Left{t.infoHash, c.peer})
	}
	if c.ready {
		n.tell(now, t, swarm.Disconnected{Peer: swarm.Peer(handle)})
	}
	n.report(now, t)
}
