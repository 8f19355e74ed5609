package node

import (
	"time"

	"github.com/shoal-p2p/shoal/core/signaling"
	"github.com/shoal-p2p/shoal/core/swarm"
	"github.com/shoal-p2p/shoal/core/tracker"
)

// batch collects the offers of one announce, or of two that overlap.
type batch struct {
	waiting int
	offers  []tracker.Offer
}

// room is how many connections the budget still allows.
// Signaling counts those that it has only just begun, too.
func (n *Node) room() int { return max(0, n.cfg.MaxConnections-n.signaling.Len()) }

// makeOffers begins at most count connections for one announce. Unanswered
// offers may fill half of the budget, so that other peers' offers find room.
func (n *Node) makeOffers(now time.Time, route signaling.Route, count int) {
	unanswered := n.signaling.Unanswered()
	count = min(count, n.room(), max(1, n.cfg.MaxConnections/2)-unanswered)
	if n.torrents[route.InfoHash] == nil || count <= 0 {
		n.announcer.Handle(now, tracker.OffersMade{InfoHash: route.InfoHash, Tracker: route.Relay})
		return
	}
	b := n.batches[route]
	if b == nil {
		b = &batch{}
		n.batches[route] = b
	}
	b.waiting += count
	for range count {
		n.signaling.Handle(now, signaling.MakeOffer{Route: route})
	}
}

// offerMade takes one offer of a batch; the last one sends them all.
func (n *Node) offerMade(now time.Time, e signaling.SendOffer) {
	b := n.batches[e.Route]
	if b == nil {
		return // the torrent was removed
	}
	if e.Err == nil {
		b.offers = append(b.offers, tracker.Offer{ID: e.OfferID, SDP: e.SDP})
	}
	if b.waiting--; b.waiting > 0 {
		return
	}
	delete(n.batches, e.Route)
	n.announcer.Handle(now, tracker.OffersMade{
		InfoHash: e.Route.InfoHash,
		Tracker:  e.Route.Relay,
		Offers:   b.offers,
	})
}

// begin counts a connection against the budget.
func (n *Node) begin(handle Conn, route signaling.Route) {
	t := n.torrents[route.InfoHash]
	n.conns[handle] = &conn{torrent: t}
	if t != nil {
		t.conns++
	}
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
	n.signaling.Handle(now, signaling.Closed{Conn: handle})
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
