package exchange

import (
	"slices"
	"time"

	"github.com/shoal-p2p/shoal/core/id"
)

const (
	// maxWaiting is how many offers one relay may have waiting for our answers.
	maxWaiting = 32
	// waitingFor is how long an answer can still travel.
	waitingFor = circuitFor
)

// waiting is a peer's offer that we may answer.
type waiting struct {
	from, offerID id.ID
	offered       digest
	until         time.Time
}

// offerToUs takes an offer to ourselves that a neighbour brought.
func (x *Exchange) offerToUs(now time.Time, n *neighbour, m message) {
	if m.from == n.peer || m.from == x.cfg.PeerID || m.from.IsZero() || x.taken.has(m.offerID) {
		return
	}
	n.waiting = slices.DeleteFunc(n.waiting, func(w waiting) bool { return due(now, w.until) })
	if !n.brought.Take(now) || len(n.waiting) >= maxWaiting {
		x.refuse(now, n, m, busy)
		return
	}
	if !signed(n.t.infoHash, m, digest{}) {
		x.fault(now, n, "brought an offer with a wrong signature")
		return
	}
	if x.contradicts(m.from, m.key) {
		return
	}
	x.taken.add(m.offerID)
	n.waiting = append(n.waiting, waiting{m.from, m.offerID, digestOf(m.sdp), now.Add(waitingFor)})
	x.yield(now, n.t, m.from)
	x.emit(Offered{InfoHash: n.t.infoHash, Relay: n.conn, From: m.from, Identity: m.key, OfferID: m.offerID, SDP: m.sdp})
}

// yield ends our own attempts at a peer that offers itself, where its offer will
// stay; if nothing comes of it, the peer is a candidate again later.
func (x *Exchange) yield(now time.Time, t *torrent, peer id.ID) {
	c := t.candidate(x.cfg.PeerID, peer)
	if c == nil {
		return
	}
	c.readyAt = now.Add(firstRest)
	a := t.attempt(func(a *attempt) bool { return a.c.peer == peer })
	if a != nil && peer.Compare(x.cfg.PeerID) < 0 {
		t.end(a)
		x.seek(now, t)
	}
}

// answer sends our answer to an offer, or says that there will be none.
func (x *Exchange) answer(now time.Time, ev Answer) {
	n := x.conns[ev.Relay]
	if n == nil || n.t.infoHash != ev.InfoHash {
		return
	}
	i := slices.IndexFunc(n.waiting, func(w waiting) bool { return w.from == ev.To && w.offerID == ev.OfferID })
	if i < 0 || due(now, n.waiting[i].until) {
		return
	}
	w := n.waiting[i]
	n.waiting = slices.Delete(n.waiting, i, i+1)
	if !fits(ev.SDP) {
		x.refuse(now, n, message{from: w.from, to: x.cfg.PeerID, offerID: w.offerID}, busy)
		return
	}
	m := message{kind: answer, from: x.cfg.PeerID, to: w.from, offerID: w.offerID, sdp: ev.SDP}
	x.say(n, x.sign(ev.InfoHash, m, w.offered))
}
