package signaling

import (
	"encoding/binary"
	"math/rand/v2"
	"time"

	"github.com/shoal-p2p/shoal/core/id"
)

func (s *Signaling) makeOffer(now time.Time, route Route) {
	if err := s.mayOffer(route); err != nil {
		s.last++
		s.emit(SendOffer{Conn: s.last, Route: route, Err: err})
		return
	}
	c := s.add(now, conn{route: route, ours: true, offerID: randomID(s.rng), peer: route.To})
	s.emit(Offer{Conn: c.handle, Route: route})
}

func (s *Signaling) mayOffer(route Route) error {
	switch {
	case route.To == s.cfg.PeerID || s.Knows(route.InfoHash, route.To):
		return ErrKnown
	case len(s.conns) >= s.cfg.MaxConns:
		return ErrFull
	}
	return nil
}

func (s *Signaling) described(now time.Time, ev Described) {
	c := s.find(ev.Conn)
	if c == nil || c.state != describing {
		return
	}
	err := ev.Err
	if err == nil && !fits(ev.SDP) {
		err = ErrTooLong
	}
	if err != nil {
		s.close(c, "it could not be described", err)
		return
	}
	if c.ours {
		s.move(c, offered, now.Add(s.cfg.OfferTimeout))
		s.emit(SendOffer{Conn: c.handle, Route: c.route, OfferID: c.offerID, SDP: ev.SDP})
		return
	}
	s.connect(now, c)
	s.emit(SendAnswer{Route: c.route, To: c.peer, OfferID: c.offerID, SDP: ev.SDP})
}

func (s *Signaling) offered(now time.Time, ev Offered) {
	if ev.From == s.cfg.PeerID || ev.From.IsZero() || !fits(ev.SDP) || s.prefers(now, ev) || !s.hasRoom(now, ev) {
		return
	}
	if ev.From.IsShoal() {
		s.replace(ev)
	}
	c := s.add(now, conn{route: ev.Route, peer: ev.From, identity: ev.Identity, offerID: ev.OfferID})
	s.emit(Accept{Conn: c.handle, Route: ev.Route, SDP: ev.SDP})
}

// prefers reports whether a connection to who offers is there or on its way
// that stays. One that may wait in vain for this same peer is neither, nor is
// our offer to it that yields to its own.
func (s *Signaling) prefers(now time.Time, ev Offered) bool {
	for _, c := range s.census.peers[meeting{ev.Route.InfoHash, ev.From}] {
		yields := s.stale(now, c) && c.offerID != ev.OfferID
		if c.unanswered() {
			yields = !ev.From.IsShoal() || !s.oursWins(ev.From)
		}
		if !yields {
			return true
		}
	}
	return false
}

// stale reports whether our answer to a peer's offer, to which c belongs, may
// have been lost on the way.
func (s *Signaling) stale(now time.Time, c *conn) bool {
	return !c.ours && c.state == connecting && c.deadline.Sub(now) < s.cfg.ConnectTimeout-staleAfter
}

// replace closes what a Shoal peer's offer takes the place of: our offer to it,
// and what belongs to its earlier offers, which it gives up too. A stock peer
// keeps the first that we answered, which may yet open.
func (s *Signaling) replace(ev Offered) {
	for _, c := range s.leading(ev.Route.InfoHash, ev.From) {
		if c.ours {
			s.close(c, "glare", ErrKnown)
			continue
		}
		s.close(c, "its peer offers anew", nil)
	}
}

// hasRoom reports whether there is room for one more offer by this route. Where
// all of the route's is taken, what may wait in vain gives way to it: so offers
// that lead nowhere keep others out for no longer than an answer may take.
func (s *Signaling) hasRoom(now time.Time, ev Offered) bool {
	bound := maxAccepting
	if !ev.Identity.IsZero() {
		bound = maxIntroduced
	}
	accepting := 0
	var oldest *conn // of those that may wait in vain
	for _, c := range s.conns {
		if c.route != ev.Route || c.ours || !c.pending() {
			continue
		}
		accepting++
		if oldest == nil && s.stale(now, c) {
			oldest = c
		}
	}
	switch {
	case len(s.conns) >= s.cfg.MaxConns, accepting >= bound && oldest == nil:
		return false
	case accepting >= bound:
		s.close(oldest, "others offer, and it may wait in vain", nil)
	}
	return true
}

func (s *Signaling) answered(now time.Time, ev Answered) {
	c := s.unanswered(ev.Route, ev.OfferID)
	if c == nil || ev.From == s.cfg.PeerID || ev.From.IsZero() {
		return
	}
	switch to := c.route.To; {
	case to == ev.From && ev.SDP == "":
		s.close(c, "the offer was refused", nil)
		return
	case !to.IsZero() && to != ev.From, !fits(ev.SDP):
		return
	}
	s.name(c, ev.From)
	c.identity = ev.Identity
	if !s.prevails(now, c) {
		s.close(c, "another connection to this peer stays", nil)
		return
	}
	s.connect(now, c)
	s.emit(Apply{Conn: c.handle, SDP: ev.SDP})
}

// unanswered returns our connection whose offer travels by this route, or nil.
func (s *Signaling) unanswered(route Route, offerID id.ID) *conn {
	for _, c := range s.conns {
		if c.ours && c.state == offered && c.route == route && c.offerID == offerID {
			return c
		}
	}
	return nil
}

// prevails decides whether c, our offer that was answered just now, shall go on
// beside the other connections to its peer, and ends those that yield to it.
func (s *Signaling) prevails(now time.Time, c *conn) bool {
	rivals := s.rivals(c)
	for _, other := range rivals {
		if other.state == open {
			return false
		}
	}
	if !c.peer.IsShoal() {
		return true
	}
	for _, other := range rivals {
		if other.ours {
			// A Shoal peer answers a second offer only when the connection by the
			// first is dead on its side: both go on, the first to open stays.
			continue
		}
		// The peer has answered ours before it had our answer: by now that is lost.
		if !s.oursWins(c.peer) && !s.stale(now, other) {
			return false
		}
		s.close(other, "glare", nil)
	}
	return true
}

// oursWins reports whether a connection that we offered stays and one that the
// peer offered goes.
func (s *Signaling) oursWins(peer id.ID) bool { return s.cfg.PeerID.Compare(peer) < 0 }

// connect begins the wait for the channel.
func (s *Signaling) connect(now time.Time, c *conn) {
	s.move(c, connecting, now.Add(s.cfg.ConnectTimeout))
}

func (s *Signaling) opened(handle Conn) {
	c := s.find(handle)
	if c == nil || c.state != connecting {
		return
	}
	s.move(c, open, time.Time{})
	s.emit(Ready{Conn: c.handle, InfoHash: c.route.InfoHash, Claimed: c.peer})
	for _, other := range s.rivals(c) {
		if other.pending() {
			s.close(other, "another connection to this peer is open", nil)
		}
	}
}

func (s *Signaling) met(now time.Time, ev Met) {
	c := s.find(ev.Conn)
	if c == nil || c.state != open {
		return
	}
	c.asClaimed = c.peer == ev.Peer
	s.name(c, ev.Peer)
	c.metAt = now
	if ev.Peer == s.cfg.PeerID {
		s.close(c, "this is ourselves", nil)
		return
	}
	for _, other := range s.rivals(c) {
		if other.metAt.IsZero() {
			continue
		}
		if s.stays(now, other, c) {
			s.close(c, "met twice", nil)
			return
		}
		s.close(other, "met twice", nil)
	}
}

// stays decides between two open connections to the same peer: whether old,
// which was met before, stays and new goes.
func (s *Signaling) stays(now time.Time, old, new *conn) bool {
	if old.asClaimed != new.asClaimed {
		return old.asClaimed
	}
	if now.Sub(old.metAt) > s.cfg.ConnectTimeout {
		return true
	}
	if old.ours != new.ours {
		return old.ours == s.oursWins(new.peer)
	}
	return old.offerID.Compare(new.offerID) < 0
}

func fits(sdp string) bool { return sdp != "" && len(sdp) <= maxSDP }

func randomID(rng *rand.Rand) id.ID {
	var a id.ID
	for i := 0; i < id.Size; i += 4 {
		binary.BigEndian.PutUint32(a[i:], rng.Uint32())
	}
	return a
}
