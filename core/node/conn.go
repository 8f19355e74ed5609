package node

import (
	"slices"
	"time"

	"github.com/shoal-p2p/shoal/core/signaling"
	"github.com/shoal-p2p/shoal/core/swarm"
	"github.com/shoal-p2p/shoal/core/tracker"
)

// batchTime is how long offers wait for each other: less than the ten seconds
// after which the announcer goes on without any, since one may hang.
const batchTime = 8 * time.Second

// batch collects the offers of one announce, or of two that overlap.
type batch struct {
	route   signaling.Route
	after   Conn // its connections have higher handles
	end     time.Time
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
	b := n.batch(route)
	if b == nil {
		b = &batch{route: route, after: n.last, end: now.Add(batchTime)}
		n.batches = append(n.batches, b)
	}
	b.waiting += count
	for range count {
		n.signaling.Handle(now, signaling.MakeOffer{Route: route})
	}
}

func (n *Node) batch(route signaling.Route) *batch {
	if i := slices.IndexFunc(n.batches, func(b *batch) bool { return b.route == route }); i >= 0 {
		return n.batches[i]
	}
	return nil
}

// offerMade takes one offer of a batch; the last one sends them all.
func (n *Node) offerMade(now time.Time, e signaling.SendOffer) {
	b := n.batch(e.Route)
	if b == nil || e.Conn <= b.after {
		n.close(e.Conn, "its offer came too late")
		return
	}
	if e.Err == nil {
		b.offers = append(b.offers, tracker.Offer{ID: e.OfferID, SDP: e.SDP})
	}
	if b.waiting--; b.waiting > 0 {
		return
	}
	n.sendBatch(now, b)
}

func (n *Node) sendBatch(now time.Time, b *batch) {
	n.batches = slices.DeleteFunc(n.batches, func(o *batch) bool { return o == b })
	n.announcer.Handle(now, tracker.OffersMade{
		InfoHash: b.route.InfoHash,
		Tracker:  b.route.Relay,
		Offers:   b.offers,
	})
}

// begin counts a connection against the budget.
func (n *Node) begin(handle Conn, route signaling.Route) {
	n.last = handle
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
