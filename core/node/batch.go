package node

import (
	"slices"
	"time"

	"github.com/shoal-p2p/shoal/core/signaling"
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

// collect begins so many connections and sends their offers together.
func (n *Node) collect(now time.Time, route signaling.Route, count int) {
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

// collected takes one offer of a batch; the last one sends them all.
func (n *Node) collected(now time.Time, e signaling.SendOffer) {
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

func (n *Node) noOffers(now time.Time, route signaling.Route) {
	n.announcer.Handle(now, tracker.OffersMade{InfoHash: route.InfoHash, Tracker: route.Relay})
}
