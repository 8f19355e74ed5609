package exchange

import (
	"slices"
	"time"

	"github.com/shoal-p2p/shoal/core/id"
)

const (
	// maxCircuits is how many offers of one neighbour are remembered.
	maxCircuits = 64
	// circuitFor is how long the way back stands: longer than offers are waited
	// for.
	circuitFor = 20 * time.Second
	// pairEvery is the least time between two offers from one peer to another.
	pairEvery = 10 * time.Second
)

// circuit is the way that a neighbour's offer went.
type circuit struct {
	to      *neighbour
	offerID id.ID
	offered digest
	begun   time.Time
	closed  bool // it was answered or refused
}

func (x *Exchange) offerCame(now time.Time, n *neighbour, m message) {
	if m.to == x.cfg.PeerID {
		x.offerToUs(now, n, m)
		return
	}
	x.carryOffer(now, n, m)
}

// carryOffer passes a neighbour's offer on to another.
func (x *Exchange) carryOffer(now time.Time, n *neighbour, m message) {
	if m.from != n.peer || m.key != n.identity || m.to == n.peer {
		x.fault(now, n, "offers in another's name")
		return
	}
	if !n.offers.Take(now) {
		x.refuse(now, n, m, busy)
		return
	}
	to := n.t.neighbour(m.to)
	if to == nil {
		x.refuse(now, n, m, gone)
		return
	}
	if !n.mayReach(now, to) || !to.carried.Take(now) {
		x.refuse(now, n, m, busy)
		return
	}
	if !signed(n.t.infoHash, m, digest{}) {
		x.fault(now, n, "offers with a wrong signature")
		return
	}
	n.circuits = append(n.circuits, circuit{to: to, offerID: m.offerID, offered: digestOf(m.sdp), begun: now})
	x.say(to, m)
}

// mayReach reports whether an offer of n may go to a neighbour now, and lets go
// of the ways that are too old.
func (n *neighbour) mayReach(now time.Time, to *neighbour) bool {
	n.circuits = slices.DeleteFunc(n.circuits, func(c circuit) bool { return now.Sub(c.begun) >= circuitFor })
	for _, c := range n.circuits {
		if c.to == to && now.Sub(c.begun) < pairEvery {
			return false
		}
	}
	return len(n.circuits) < maxCircuits
}

// circuit finds the way of an offer from peer "from" to neighbour n that is
// still open, and whose it is.
func (t *torrent) circuit(now time.Time, from id.ID, n *neighbour, offerID id.ID) (*neighbour, *circuit) {
	for _, offerer := range t.neighbours {
		if offerer.peer != from {
			continue
		}
		for i := range offerer.circuits {
			c := &offerer.circuits[i]
			if c.to == n && c.offerID == offerID && !c.closed && now.Sub(c.begun) < circuitFor {
				return offerer, c
			}
		}
	}
	return nil, nil
}

// answerCame takes an answer for us, or carries it back along the offer's way.
func (x *Exchange) answerCame(now time.Time, n *neighbour, m message) {
	if m.to == x.cfg.PeerID {
		x.answerToUs(now, n, m)
		return
	}
	if m.from != n.peer || m.key != n.identity {
		x.fault(now, n, "answers in another's name")
		return
	}
	offerer, c := n.t.circuit(now, m.to, n, m.offerID)
	if c == nil {
		return // it comes late
	}
	if !signed(n.t.infoHash, m, c.offered) {
		x.fault(now, n, "answers with a wrong signature")
		return
	}
	c.closed = true
	x.say(offerer, m)
}

// refusalCame takes a gone or busy for us, or carries it back.
func (x *Exchange) refusalCame(now time.Time, n *neighbour, m message) {
	if m.from == x.cfg.PeerID {
		x.refusalToUs(now, n, m)
		return
	}
	if offerer, c := n.t.circuit(now, m.from, n, m.offerID); c != nil {
		c.closed = true
		x.say(offerer, message{kind: busy, from: m.from, to: n.peer, offerID: m.offerID})
	}
}

// refuse says that an offer goes no further, but not to those who ask too often.
func (x *Exchange) refuse(now time.Time, n *neighbour, m message, why kind) {
	if n.excuses.Take(now) {
		x.say(n, message{kind: why, from: m.from, to: m.to, offerID: m.offerID})
	}
}

// cutCircuits tells those whose offers went to a neighbour that it is gone.
func (x *Exchange) cutCircuits(now time.Time, n *neighbour) {
	for _, offerer := range n.t.neighbours {
		for i := range offerer.circuits {
			c := &offerer.circuits[i]
			if c.to == n && !c.closed && now.Sub(c.begun) < circuitFor {
				c.closed = true
				x.refuse(now, offerer, message{from: offerer.peer, to: n.peer, offerID: c.offerID}, gone)
			}
		}
	}
}
